"""Pictures of an HTTP camera, and a clear state for each that gives none."""

from __future__ import annotations

import hashlib
import socket
import ssl
import threading
import time
from ipaddress import ip_network
from pathlib import Path

import pytest

from capture import CaptureError, Code, Kind, Limits, Source
from capture.http import fetch
from capture.pool import Pool
from tests.capture.cameras import (
    PASSWORD,
    USER,
    HttpCamera,
    RawCamera,
    jpeg,
    running,
)
from tests.receivers import self_signed

pytestmark = pytest.mark.slow

STATES = [
    ("/none", Code.NOT_FOUND),
    ("/less-than-nothing", Code.NOT_A_PICTURE),
    ("/redirect", Code.REDIRECTED),
    ("/garbage", Code.NOT_A_PICTURE),
    ("/page", Code.NOT_A_PICTURE),
    ("/half", Code.NOT_A_PICTURE),
    ("/pixels", Code.TOO_LARGE),
    ("/bytes", Code.TOO_LARGE),
    ("/drip", Code.SLOW),
    ("/drip-head", Code.SLOW),
    ("/basic", Code.WRONG_PASSWORD),
    ("/md5", Code.WRONG_PASSWORD),
    ("/sha256", Code.WRONG_PASSWORD),
]


def code_of(pool: Pool, source: Source) -> Code:
    with pytest.raises(CaptureError) as caught:
        pool.fetch(source)
    assert "127.0.0.1" not in caught.value.message
    assert not source.password or source.password not in str(caught.value)
    return caught.value.code


@pytest.mark.parametrize("kind", [Kind.SNAPSHOT, Kind.MJPEG])
def test_a_picture_comes_as_the_camera_sent_it(
    camera: HttpCamera, pool: Pool, kind: Kind
) -> None:
    assert pool.fetch(Source(kind, camera.url("/snapshot"))).data == jpeg()
    assert camera.seen == [""]  # no login was sent to a camera that asks for none


def test_the_first_whole_picture_of_a_video(camera: HttpCamera, pool: Pool) -> None:
    shots = [
        pool.fetch(Source(kind, camera.url("/mjpeg")))
        for kind in (Kind.MJPEG, Kind.SNAPSHOT)
    ]
    assert [shot.data for shot in shots] == [jpeg(10)] * 2


@pytest.mark.parametrize("path", ["/basic", "/md5", "/sha256"])
def test_a_camera_with_a_login(camera: HttpCamera, pool: Pool, path: str) -> None:
    source = Source(Kind.SNAPSHOT, camera.url(path), USER, PASSWORD)
    assert pool.fetch(source).data == jpeg()
    first, second = camera.seen
    assert first == ""
    assert second.startswith("Basic " if path == "/basic" else "Digest ")
    assert PASSWORD not in second


@pytest.mark.parametrize(("path", "code"), STATES)
def test_each_trouble_has_its_state(
    camera: HttpCamera, pool: Pool, limits: Limits, path: str, code: Code
) -> None:
    source = Source(Kind.SNAPSHOT, camera.url(path), "viewer", "wrong")
    began = time.monotonic()
    assert code_of(pool, source) == code
    assert time.monotonic() - began < limits.seconds + 2


@pytest.mark.parametrize("path", ["/bytes", "/garbage", "/drip"])
def test_a_video_is_bounded_as_well(camera: HttpCamera, pool: Pool, path: str) -> None:
    code = code_of(pool, Source(Kind.MJPEG, camera.url(path)))
    assert code in {Code.TOO_LARGE, Code.NOT_A_PICTURE, Code.SLOW}


def test_the_password_is_asked_for(camera: HttpCamera, pool: Pool) -> None:
    assert code_of(pool, Source(Kind.SNAPSHOT, camera.url("/md5"))) == "wrong_password"
    assert camera.seen == [""]


def test_a_redirect_reaches_nobody(pool: Pool) -> None:
    with (
        running(RawCamera(lambda _handler: None)) as other,
        running(HttpCamera(f"http://127.0.0.1:{other.port}/")) as camera,
    ):
        source = Source(Kind.SNAPSHOT, camera.url("/redirect"))
        assert code_of(pool, source) == Code.REDIRECTED
        assert other.connections == 0


def test_an_unplugged_camera(pool: Pool) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
        assert code_of(pool, Source(Kind.SNAPSHOT, url)) == Code.UNREACHABLE


def test_a_camera_that_says_nothing(pool: Pool) -> None:
    with running(RawCamera(lambda _handler: time.sleep(60))) as camera:
        url = f"http://127.0.0.1:{camera.port}/"
        assert code_of(pool, Source(Kind.SNAPSHOT, url)) == Code.SLOW


def test_the_server_itself_is_refused_by_its_other_names(camera: HttpCamera) -> None:
    """As an address of its own network card would be, which is not loopback."""
    limits = Limits(networks=(ip_network("127.0.0.0/8"),))
    with pytest.raises(CaptureError) as caught:
        fetch(Source(Kind.SNAPSHOT, camera.url("/snapshot")), limits)
    assert caught.value.code == Code.ADDRESS_REFUSED


def test_bad_cameras_do_not_hold_up_good_ones(
    camera: HttpCamera, pool: Pool, limits: Limits
) -> None:
    bad = [Source(Kind.SNAPSHOT, camera.url("/drip"))] * 2
    threads = [threading.Thread(target=code_of, args=(pool, one)) for one in bad]
    for thread in threads:
        thread.start()
    good = Source(Kind.SNAPSHOT, camera.url("/snapshot"))
    took = [pool.fetch(good).milliseconds for _ in range(10)]
    assert any(thread.is_alive() for thread in threads)
    for thread in threads:
        thread.join()
    assert max(took) < limits.seconds * 500


@pytest.mark.parametrize(
    ("held", "fine"), [("", False), ("ab" * 32, False), ("its own", True)]
)
def test_a_certificate_that_the_camera_signed_itself(
    camera: HttpCamera, limits: Limits, tmp_path: Path, held: str, fine: bool
) -> None:
    both = self_signed("camera", tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(both)
    camera.socket = context.wrap_socket(camera.socket, server_side=True)
    text = both.read_text().partition("-----END PRIVATE KEY-----\n")[2]
    own = hashlib.sha256(ssl.PEM_cert_to_DER_cert(text)).hexdigest()
    url = camera.url("/snapshot").replace("http:", "https:")
    source = Source(Kind.SNAPSHOT, url, certificate=own if held == "its own" else held)
    if fine:
        assert fetch(source, limits).data == jpeg()
        return
    with pytest.raises(CaptureError) as caught:
        fetch(source, limits)
    assert (caught.value.code, camera.seen) == (Code.UNREACHABLE, [])
    assert "certificate" in caught.value.message
