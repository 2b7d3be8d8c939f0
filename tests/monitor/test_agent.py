"""The parts of the agent: settings, plan, spool, camera, and what answers mean."""

from __future__ import annotations

import stat
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from monitor.agent import camera as cameras
from monitor.agent.__main__ import UNUSABLE, main
from monitor.agent.camera import CameraProblem, camera_for
from monitor.agent.client import Answer, Verdict
from monitor.agent.schedule import Plan, next_capture, plan_for, still_due
from monitor.agent.settings import (
    CameraSettings,
    Hours,
    Limits,
    Settings,
    SettingsProblem,
    load,
)
from monitor.agent.spool import Spool
from tests import images

GOOD = """
server = "https://stress.example/"
key = "dev_1"
secret_file = "secret"
spool = "spool"
[camera]
kind = "command"
command = ["true"]
"""
NOW = datetime(2026, 3, 4, 12, tzinfo=UTC).timestamp()
PLAN = Plan(every=900, jitter=20, spans=((NOW, NOW + 3600), (NOW + 7200, NOW + 9000)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text("ab" * 32 + "\n")
    (tmp_path / "secret").chmod(0o600)
    (tmp_path / "agent.toml").write_text(GOOD)
    return tmp_path


def problem(folder: Path) -> str:
    with pytest.raises(SettingsProblem) as caught:
        load(folder / "agent.toml")
    return str(caught.value)


def test_settings_are_read(folder: Path) -> None:
    text = GOOD.replace("[camera]", "camera_id = 7\n[camera]") + (
        "[schedule]\nevery_minutes = 5\n"
        'hours = [{ days = ["Mon", "friday"], begins = "09:00", ends = "17:30" }]\n'
        "[limits]\npictures = 10\n"
    )
    (folder / "agent.toml").write_text(text)
    read = load(folder / "agent.toml")
    assert (read.server, read.camera_id) == ("https://stress.example", 7)
    assert (read.every_minutes, read.limits.pictures) == (5, 10)
    assert read.hours == (Hours(frozenset({0, 4}), time(9), time(17, 30)),)
    assert read.spool == folder / "spool"
    assert read.secret not in repr(read)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"https://stress.example/"', '"stress.example"', "http:// or https://"),
        ('key = "dev_1"', "", "key is missing"),
        ('kind = "command"', 'kind = "film"', "camera.kind must be one of"),
        ('["true"]', '"true"', "is a list"),
        ("[camera]", "speed = 3\n[camera]", "there is no setting speed"),
        ("[camera]", "[limits]\nbytes = 3\n[camera]", "bytes"),
        ("[camera]", "[camera", "is no TOML"),
        ('"secret"', '"nowhere"', "No such file"),
    ],
)
def test_other_settings_are_refused(
    folder: Path, old: str, new: str, said: str
) -> None:
    (folder / "agent.toml").write_text(GOOD.replace(old, new))
    assert said in problem(folder)


def test_a_secret_that_others_may_read_is_refused(folder: Path) -> None:
    (folder / "secret").chmod(0o640)
    assert "chmod 600" in problem(folder)


def test_a_secret_of_another_form_is_refused(folder: Path) -> None:
    (folder / "secret").write_text("password")
    said = problem(folder)
    assert "64 digits" in said
    assert "password" not in said


def test_settings_that_are_wrong_end_the_program(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--config", str(folder / "nowhere.toml")]) == UNUSABLE
    assert "No such file" in capsys.readouterr().err


# The plan ---------------------------------------------------------------------


def due(plan: Plan | None, after: float, share: float = 0) -> float | None:
    return next_capture(plan, "dev_1", after=after, share=share)


def test_moments_lie_on_the_grid_of_the_device() -> None:
    first = due(PLAN, NOW)
    assert first is not None
    assert NOW < first <= NOW + 900
    assert due(PLAN, first) == first + 900
    assert due(PLAN, first + 2000) == first + 2700
    assert next_capture(PLAN, "dev_2", after=NOW, share=0) != first


def test_chance_never_takes_one_slot_twice() -> None:
    late = due(PLAN, NOW, share=0.2)
    assert late is not None
    assert due(PLAN, late, share=1) == late + 900 + 16


def test_between_stretches_it_waits_for_the_next() -> None:
    moment = due(PLAN, NOW + 3590)
    assert moment is not None
    assert NOW + 7200 <= moment <= NOW + 8100
    assert due(PLAN, NOW + 9000) is None


def test_without_a_plan_no_picture_is_taken() -> None:
    assert due(None, NOW) is None
    assert due(Plan(900, 0, PLAN.spans, active=False), NOW) is None


def settings(**own: Any) -> Settings:
    camera = CameraSettings("command")
    return Settings("http://a", "dev_1", "ab" * 32, Path(), camera, **own)


def test_the_file_restricts_and_never_extends_what_the_server_says() -> None:
    always = (Hours(frozenset(range(7)), time(0), time(0)),)
    plan = plan_for(PLAN, settings(every_minutes=1, hours=always), NOW)
    assert plan is not None
    assert (plan.every, plan.spans) == (900, PLAN.spans)
    slower = plan_for(PLAN, settings(every_minutes=60), NOW)
    assert slower is not None
    assert slower.every == 3600


def test_without_a_word_of_the_server_the_file_must_say_both() -> None:
    always = (Hours(frozenset(range(7)), time(0), time(0)),)
    assert plan_for(None, settings(every_minutes=1), NOW) is None
    assert plan_for(None, settings(hours=always), NOW) is None
    plan = plan_for(None, settings(every_minutes=1, hours=always), NOW)
    assert plan is not None
    assert any(begins <= NOW < ends for begins, ends in plan.spans)


def test_a_new_answer_leaves_a_moment_that_still_holds() -> None:
    moment = due(PLAN, NOW)
    later = Plan(900, 20, ((NOW + 1, NOW + 3600),))
    assert still_due(moment, later, PLAN)
    assert not still_due(moment, Plan(600, 20, PLAN.spans), PLAN)
    assert not still_due(moment, Plan(900, 20, ()), PLAN)
    assert not still_due(moment, Plan(900, 20, PLAN.spans, active=False), PLAN)
    assert not still_due(None, later, PLAN)


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b'{"stretches": [3]}'])
def test_other_answers_are_no_plan(text: bytes) -> None:
    with pytest.raises(ValueError, match="answer|JSON|Expecting"):
        Plan.told(text)


# The spool --------------------------------------------------------------------


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    made = Spool(tmp_path / "spool", Limits(pictures=3, megabytes=0.01, days=1))
    yield made
    made.close()


def taken(spool: Spool) -> list[float]:
    return [entry.taken_at - NOW for entry in spool.entries()]


def test_stored_pictures_are_private_and_in_order(spool: Spool) -> None:
    for second in (2, 1, 3.25):
        spool.add(b"picture", NOW + second, now=NOW)
    assert taken(spool) == [1, 2, 3.25]
    modes = [stat.S_IMODE(entry.path.stat().st_mode) for entry in spool.entries()]
    assert modes == [0o600] * 3
    assert stat.S_IMODE(spool.folder.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("sizes", "now", "left"),
    [
        ([1, 1, 1, 1, 1], NOW, [2, 3, 4]),
        ([6000, 3000, 2000], NOW, [1, 2]),
        ([1, 1, 1], NOW + 86_401, [1, 2]),
    ],
)
def test_the_oldest_are_dropped_and_counted(
    spool: Spool, sizes: list[int], now: float, left: list[float]
) -> None:
    for second, size in enumerate(sizes):
        spool.add(b"x" * size, NOW + second, now=now)
    assert taken(spool) == left
    assert spool.dropped == len(sizes) - len(left)


def test_a_spool_belongs_to_one_agent(spool: Spool) -> None:
    with pytest.raises(SettingsProblem, match="another agent"):
        Spool(spool.folder, spool.limits)


def test_the_keys_outlive_the_agent(spool: Spool) -> None:
    spool.add(b"picture", NOW, now=NOW)
    keys = [entry.key for entry in spool.entries()]
    spool.close()
    again = Spool(spool.folder, spool.limits)
    assert [entry.key for entry in again.entries()] == keys
    again.close()


# What answers mean ------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "verdict"),
    [
        (202, "", Verdict.ACCEPTED),
        (403, "camera_paused", Verdict.REFUSED),
        (403, "no_consent", Verdict.REFUSED),
        (403, "room_camera", Verdict.REFUSED),
        (429, "too_soon", Verdict.REFUSED),
        (415, "not_an_image", Verdict.REFUSED),
        (413, "", Verdict.REFUSED),
        (403, "permission_denied", Verdict.LATER),
        (401, "authentication_failed", Verdict.LATER),
        (429, "throttled", Verdict.LATER),
        (429, "queue_full", Verdict.LATER),
        (503, "queue_full", Verdict.LATER),
        (400, "", Verdict.LATER),
        (404, "", Verdict.LATER),
        (302, "", Verdict.LATER),
        (500, "", Verdict.LATER),
        (500, "invalid", Verdict.LATER),
    ],
)
def test_only_a_refusal_of_the_product_deletes_a_picture(
    status: int, code: str, verdict: Verdict
) -> None:
    assert Answer(status, b"", code).verdict == verdict


# Cameras ----------------------------------------------------------------------


def state_of(**settings: Any) -> str:
    with pytest.raises(CameraProblem) as caught:
        camera_for(CameraSettings(**settings)).take()
    return caught.value.state


def test_a_folder_gives_its_newest_picture_once(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(images.jpeg())
    (tmp_path / "b.txt").write_text("no picture")
    camera = camera_for(CameraSettings("folder", path=str(tmp_path)))
    shot = camera.take()
    assert shot.data == images.jpeg()
    assert shot.taken_at == (tmp_path / "a.jpg").stat().st_mtime
    with pytest.raises(CameraProblem, match="nothing new"):
        camera.take()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "state"),
    [
        ("import sys; sys.exit('no camera')", "crashed"),
        ("print('hello')", "not_a_picture"),
        ("import time; time.sleep(60)", "slow"),
    ],
)
def test_a_command_that_gives_no_picture(script: str, state: str) -> None:
    command = (sys.executable, "-c", script)
    seconds = 1 if state == "slow" else 120
    assert state_of(kind="command", command=command, seconds=seconds) == state


@pytest.mark.slow
def test_a_command_that_is_not_there() -> None:
    assert state_of(kind="command", command=("no-such-program",)) == "crashed"


@pytest.mark.slow
def test_a_command_may_write_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(images.jpeg())
    command = ("cp", str(tmp_path / "a.jpg"), "{file}")
    camera = camera_for(CameraSettings("command", command=command))
    assert camera.take().data == images.jpeg()


class Webcam(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        good = self.headers.get("Authorization") == "Basic YTpi"
        status = {"/moved": 302, "/none": 404}.get(self.path, 200 if good else 401)
        self.send_response(status)
        self.end_headers()
        self.wfile.write(images.jpeg() if status == 200 else b"")

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def webcam() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Webcam)
    threading.Thread(target=server.serve_forever, args=(0.02,)).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_picture_over_http(webcam: str) -> None:
    found = CameraSettings("http", url=f"{webcam}/a", user="a", password="b")
    assert camera_for(found).take().data == images.jpeg()


@pytest.mark.parametrize(
    ("path", "state"),
    [("/a", "wrong_password"), ("/moved", "redirected"), ("/none", "not_found")],
)
def test_an_http_camera_that_gives_none(webcam: str, path: str, state: str) -> None:
    assert state_of(kind="http", url=webcam + path) == state


def test_an_http_camera_that_is_not_there() -> None:
    assert state_of(kind="http", url="http://127.0.0.1:9/") == "unreachable"


@pytest.mark.parametrize(
    "wrong",
    [
        CameraSettings("http", url="rtsp://camera/"),
        CameraSettings("folder", path="/no/such/folder"),
    ],
)
def test_cameras_that_cannot_be_are_said_at_once(wrong: CameraSettings) -> None:
    with pytest.raises(SettingsProblem):
        camera_for(wrong)


def test_a_usb_camera_without_opencv_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(SettingsProblem, match="python3-opencv"):
        camera_for(CameraSettings("usb"))


def test_what_is_too_large_is_not_stored() -> None:
    with pytest.raises(CameraProblem, match="10 MB"):
        cameras.checked(b"\xff\xd8\xff" + b"\0" * cameras.MOST_BYTES)
