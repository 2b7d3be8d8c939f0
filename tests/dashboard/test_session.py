"""The page of a person's own session, and the network that it is given."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from dashboard.views import session
from inference.blazeface import SPARSE, weights_file
from inference.spec import SERVING_FILE, active_name, model_folder
from monitor.models import AccessEntry, Organisation, Person
from monitor.services.browser_models import browser_model, in_browser
from monitor.services.consent import consent_withdraw
from monitor.services.versions import version_activate, version_import
from tests.monitor.models_of import AUTHOR, twin

SCRIPTS = Path(__file__).parents[2] / "static" / "js" / "reading"


def network_url() -> str:
    return f"/session/network/{browser_model().sha256}.tflite"


def test_only_this_page_may_compile_webassembly(client_employee: Client) -> None:
    policy = client_employee.get("/session/")["Content-Security-Policy"]
    assert "script-src 'self' 'wasm-unsafe-eval' 'nonce-" in policy
    assert "'unsafe-eval'" not in policy
    assert "script-src 'self' 'unsafe-inline'" not in policy
    assert "wasm" not in client_employee.get("/upload/")["Content-Security-Policy"]


def test_looking_is_written_down(client_employee: Client, ada: Person) -> None:
    client_employee.get("/session/")
    assert AccessEntry.objects.get().person == ada


def test_who_is_not_watched_is_told_so(client_health: Client) -> None:
    page = client_health.get("/session/").content.decode()
    assert "No session for this account" in page
    assert "importmap" not in page


def test_without_consent_there_is_no_session(
    client_employee: Client, ada: Person
) -> None:
    consent_withdraw(person=ada)
    page = client_employee.get("/session/").content.decode()
    assert "No session for this account" in page


def test_a_site_may_refuse_readings_of_browsers(client_employee: Client) -> None:
    Organisation.objects.update(browser_readings=False)
    page = client_employee.get("/session/").content.decode()
    assert "Switched off for this site." in page
    assert network_url() not in page


@pytest.mark.parametrize("path", ["/session/", "/session/network/0.tflite"])
def test_it_sends_strangers_to_sign_in(client: Client, db: None, path: str) -> None:
    assert client.get(path).status_code == 302


def test_the_network_is_the_one_in_use_and_may_be_kept(client_employee: Client) -> None:
    answer = client_employee.get(network_url())
    expected = (model_folder(active_name()) / SERVING_FILE).read_bytes()
    assert answer.content == expected
    assert "immutable" in answer["Cache-Control"]
    assert "private" in answer["Cache-Control"]


def test_another_network_is_not_given(client_employee: Client) -> None:
    assert client_employee.get(f"/session/network/{'0' * 64}.tflite").status_code == 404


def test_an_activated_model_takes_its_place(
    client_employee: Client, tmp_path: Path
) -> None:
    before = network_url()
    version, _ = version_import(model=str(twin(tmp_path)), author=AUTHOR)
    version_activate(version=version, author=AUTHOR)
    assert client_employee.get(before).status_code == 404
    assert client_employee.get(network_url()).status_code == 200
    assert version.version in client_employee.get("/session/").content.decode()


def test_a_model_that_the_page_cannot_prepare_for_is_not_offered(
    client_employee: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.views.session.in_browser", lambda: None)
    page = client_employee.get("/session/").content.decode()
    assert "Not possible with the model in use." in page


def test_the_shipped_model_is_one_that_the_page_can_read_with(db: None) -> None:
    assert in_browser() is not None


def test_the_page_knows_every_module() -> None:
    assert set(session.MODULES) == {path.stem for path in SCRIPTS.glob("*.js")}


def test_the_detector_is_the_file_of_the_worker() -> None:
    assert finders.find(session.DETECTOR) == str(weights_file(SPARSE))
