"""Pictures of a real RTSP server: H.265, a login, and RTSPS with its certificate."""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from capture import CaptureError, Code, Kind, Limits, Source, rtsp
from capture.pool import Pool
from tests.capture.conftest import CERTIFIED, RtspServer

pytestmark = pytest.mark.slow
LOGIN = ("viewer", "correct horse")


@pytest.fixture(scope="module")
def patient(limits: Limits) -> Limits:
    """A real server takes its time for the first picture."""
    return replace(limits, open_seconds=10, read_seconds=15, seconds=30)


@pytest.fixture(scope="module")
def patient_pool(patient: Limits) -> Iterator[Pool]:
    with Pool(1, patient) as made:
        yield made


def assert_it_shows_the_ball(data: bytes) -> None:
    picture = Image.open(io.BytesIO(data)).convert("L")
    assert picture.size == (320, 240)
    assert picture.getpixel((0, 0)) < 40  # type: ignore[operator]
    assert max(picture.tobytes()) > 200  # a white ball on black


@pytest.mark.parametrize("port", ["open", "digest", "tls"])
@pytest.mark.parametrize("path", ["/h264", "/h265", "/jpeg"])
def test_each_coding_comes_on_each_way(
    rtsp_server: RtspServer, patient_pool: Pool, path: str, port: str
) -> None:
    login = LOGIN if port != "open" else ("", "")
    held = rtsp_server.fingerprint if port == "tls" else ""
    url = rtsp_server.url(path, port)
    shot = patient_pool.fetch(Source(Kind.RTSP, url, *login, certificate=held))
    assert_it_shows_the_ball(shot.data)


@pytest.mark.parametrize("password", ["wrong", ""])
def test_a_wrong_password_is_told_over_tls(
    rtsp_server: RtspServer, patient_pool: Pool, password: str
) -> None:
    held, url = rtsp_server.fingerprint, rtsp_server.url("/h265", "tls")
    with pytest.raises(CaptureError) as caught:
        patient_pool.fetch(Source(Kind.RTSP, url, "viewer", password, certificate=held))
    assert caught.value.code == Code.WRONG_PASSWORD


@pytest.mark.parametrize("held", ["", "ab" * 32])
def test_another_certificate_is_refused(
    rtsp_server: RtspServer, patient_pool: Pool, held: str
) -> None:
    url = rtsp_server.url("/h264", "tls")
    with pytest.raises(CaptureError, match="certificate") as caught:
        patient_pool.fetch(Source(Kind.RTSP, url, *LOGIN, certificate=held))
    assert caught.value.code == Code.UNREACHABLE
    assert LOGIN[1] not in caught.value.message


def test_without_tls_it_is_no_rtsps(
    rtsp_server: RtspServer, patient_pool: Pool
) -> None:
    url = rtsp_server.url("/h264").replace("rtsp:", "rtsps:")
    with pytest.raises(CaptureError) as caught:
        patient_pool.fetch(Source(Kind.RTSP, url, certificate="ab" * 32))
    assert caught.value.code == Code.UNREACHABLE


@pytest.mark.parametrize(("host", "fine"), [(CERTIFIED, True), ("other.test", False)])
def test_a_signed_certificate_counts_for_its_name_alone(
    rtsp_server: RtspServer,
    patient: Limits,
    monkeypatch: pytest.MonkeyPatch,
    host: str,
    fine: bool,
) -> None:
    """As one that somebody signed whom this machine trusts; both names lead to it."""
    monkeypatch.setenv("SSL_CERT_FILE", str(rtsp_server.certificate))
    ask = socket.getaddrinfo

    def known(name: str, *place: Any, **more: Any) -> Any:
        return ask("127.0.0.1" if name == host else name, *place, **more)

    monkeypatch.setattr(socket, "getaddrinfo", known)
    source = Source(Kind.RTSP, rtsp_server.url("/h264", "tls", host), *LOGIN)
    until = time.monotonic() + 20
    if fine:
        assert rtsp.fetch(source, patient, until).demuxer == "h264"
        return
    with pytest.raises(CaptureError, match="not valid for its name"):
        rtsp.fetch(source, patient, until)
