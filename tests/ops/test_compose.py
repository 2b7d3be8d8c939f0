from __future__ import annotations

import importlib.resources
import json
import re
from typing import Any

import jsonschema
import pytest

from config import env
from tests.ops.compose import FILE, compose, ours, services

SCHEMA = "builtin_schemas/vendor/compose-spec.json"
OURS = ["migrate", "web", "worker", "notifier", "capture", "beat"]


def schema() -> Any:
    package = importlib.resources.files("check_jsonschema")
    return json.loads(package.joinpath(SCHEMA).read_text())


def test_it_follows_the_schema_of_compose() -> None:
    validator = jsonschema.validators.validator_for(schema())(schema())
    assert [error.message for error in validator.iter_errors(compose())] == []


def test_the_services_are_those_of_the_design() -> None:
    assert list(ours()) == OURS
    assert set(services()) == {"postgres", "redis", *OURS}


@pytest.mark.parametrize("name", OURS)
def test_one_image_serves_all(name: str) -> None:
    assert ours()[name]["image"] == ours()["web"]["image"]
    assert ours()[name]["build"] == "."


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_known(name: str) -> None:
    names = {key.removesuffix("_FILE") for key in ours()[name]["environment"]}
    assert names <= set(env.VARIABLES)


def test_interpolated_variables_are_known() -> None:
    named = re.findall(r"(?<!\$)\$\{?(\w+)", FILE.read_text())
    assert set(named) <= set(env.VARIABLES)


@pytest.mark.parametrize("name", ["web", "worker", "notifier", "capture", "beat"])
def test_nothing_starts_before_servers_and_migrations(name: str) -> None:
    assert ours()[name]["depends_on"] == {
        "postgres": {"condition": "service_healthy"},
        "redis": {"condition": "service_healthy"},
        "migrate": {"condition": "service_completed_successfully"},
    }


def test_migrations_wait_for_the_database_and_run_once() -> None:
    migrate = ours()["migrate"]
    assert migrate["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert migrate["restart"] == "no"


@pytest.mark.parametrize("name", ["postgres", "redis", "web", "worker", "capture"])
def test_what_others_wait_for_or_scale_tells_its_health(name: str) -> None:
    assert services()[name]["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", [*OURS, "postgres", "redis"])
def test_every_service_but_the_one_shot_comes_back(name: str) -> None:
    wanted = "no" if name == "migrate" else "unless-stopped"
    assert services()[name]["restart"] == wanted


def test_workers_can_be_scaled() -> None:
    """A fixed name or a published port allows one container only."""
    assert not {"container_name", "ports", "hostname"} & set(services()["worker"])
    assert not any("container_name" in service for service in services().values())


@pytest.mark.parametrize("name", OURS)
def test_our_containers_have_no_rights_they_do_not_need(name: str) -> None:
    service = ours()[name]
    assert service["user"].split(":")[0] not in {"", "0", "root"}
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service


def test_what_reads_pictures_has_no_way_out() -> None:
    assert compose()["networks"]["inside"]["internal"] is True
    outside = [n for n, each in services().items() if "outside" in each["networks"]]
    assert outside == ["web", "notifier"]
    published = {n: each["ports"] for n, each in services().items() if "ports" in each}
    assert published == {"web": ["127.0.0.1:8000:8000"]}


def test_capture_alone_reaches_cameras_and_no_camera_is_one_of_our_servers() -> None:
    near = [n for n, each in services().items() if "cameras" in each["networks"]]
    assert near == ["capture"]
    assert ours()["capture"]["networks"] == ["inside", "cameras"]
    subnets = compose()["networks"]["inside"]["ipam"]["config"]
    refused = ours()["capture"]["environment"]["CAMERA_NETWORKS_REFUSED"]
    assert [{"subnet": refused}] == subnets


def test_notifications_are_sent_where_there_is_a_way_out() -> None:
    queues = {
        name: [word for word in each["command"] if word.startswith("--queues")]
        for name, each in ours().items()
    }
    told = {name: found for name, found in queues.items() if found}
    assert told == {
        "worker": ["--queues=celery"],
        "notifier": ["--queues=notifications"],
    }


def test_secrets_are_files_that_git_does_not_hold() -> None:
    for name, source in compose()["secrets"].items():
        assert source == {"file": f"./var/secrets/{name}"}


@pytest.mark.parametrize("name", [*OURS, "postgres"])
def test_each_secret_that_is_read_is_handed_over(name: str) -> None:
    service = services()[name]
    read = {
        value.removeprefix("/run/secrets/")
        for value in service["environment"].values()
        if str(value).startswith("/run/secrets/")
    }
    assert read == set(service["secrets"])
    assert read <= set(compose()["secrets"])


def test_no_secret_is_written_down() -> None:
    for service in services().values():
        for name, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|KEY|DATABASE_URL", name):
                assert str(value).startswith("/run/secrets/")
