"""Logins, ends of pictures, packets and stillness, each on its own."""

from __future__ import annotations

import contextlib
import hashlib
import random
import time
from collections.abc import Iterator

import pytest

from capture import CaptureError, Limits
from capture.frozen import Stillness, fingerprint
from capture.login import Login
from capture.pictures import JpegEnd, size_of, verify
from capture.rtp import H264, H265, Packet
from capture.rtsp import Media, _first, describe
from tests.capture.cameras import huge_png, jpeg

CHALLENGE = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
    'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
CLIENT = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        (
            "SHA-256",
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
        ),
    ],
)
def test_the_example_of_rfc_7616(
    monkeypatch: pytest.MonkeyPatch, algorithm: str, response: str
) -> None:
    monkeypatch.setattr("capture.login.secrets.token_hex", lambda _count: CLIENT)
    login = Login("Mufasa", "Circle of Life")
    login.ask([CHALLENGE.format(algorithm)])
    sent = login.header("GET", "/dir/index.html")
    assert f'response="{response}"' in sent
    assert "Circle" not in sent + repr(login)


@pytest.mark.parametrize(
    ("challenges", "begins"),
    [
        (['Basic realm="a"'], "Basic "),
        (['Basic realm="a", Digest realm="b", nonce="c"'], "Digest "),
        (['Basic realm="a"', 'Digest realm="b", nonce="c"'], "Digest "),
        ([CHALLENGE.format("MD5"), CHALLENGE.format("SHA-256")], "Digest "),
    ],
)
def test_the_strongest_login_is_chosen(challenges: list[str], begins: str) -> None:
    login = Login("viewer", "secret")
    assert login.header("GET", "/") == ""
    login.ask(challenges)
    assert login.header("GET", "/").startswith(begins)
    assert ("SHA-256" in login.header("GET", "/")) == (len(challenges[-1]) > 90)


def test_a_login_of_any_letters_is_answered_byte_for_byte(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """User and password as UTF-8 (RFC 7616, 3.4), the realm as its camera sent it."""
    monkeypatch.setattr("capture.login.secrets.token_hex", lambda _count: CLIENT)
    login = Login("Jürgen", "Łódź")
    realm = "Büro".encode()  # read from the wire as http.client does:
    login.ask([f'Digest realm="{realm.decode("latin-1")}", nonce="n", qop="auth"'])
    sent = login.header("GET", "/").encode("latin-1")

    def h(data: bytes) -> bytes:
        return hashlib.md5(data, usedforsecurity=False).hexdigest().encode()

    secret = h("Jürgen:Büro:Łódź".encode())
    wanted = h(secret + f":n:00000001:{CLIENT}:auth:".encode() + h(b"GET:/"))
    assert b'response="' + wanted + b'"' in sent
    assert "Jürgen".encode() in sent
    assert realm in sent


def test_a_login_cannot_split_a_head() -> None:
    login = Login("a\r\nX-Forwarded-For: 10.0.0.1", "secret")
    login.ask(['Digest realm="b", nonce="c"'])
    with pytest.raises(CaptureError):
        login.header("GET", "/")


def test_a_challenge_without_end_takes_no_time() -> None:
    began = time.monotonic()
    with contextlib.suppress(CaptureError):
        Login("viewer", "secret").ask([f"Digest a=b, {'a' * 65_000}"])
    assert time.monotonic() - began < 1


def test_a_login_over_the_body_is_passed_over_for_another() -> None:
    login = Login("viewer", "secret")
    body = 'Digest realm="a", nonce="b", qop="auth-int", algorithm=SHA-256'
    login.ask([body, 'Digest realm="a", nonce="b", qop="auth"'])
    assert "SHA-256" not in login.header("GET", "/")
    with pytest.raises(CaptureError, match="unknown kind"):
        Login("viewer", "secret").ask([body])


@pytest.mark.parametrize("challenge", ["", "Negotiate", 'Digest algorithm="SHA-1"'])
def test_an_unknown_login_is_refused(challenge: str) -> None:
    with pytest.raises(CaptureError):
        Login("viewer", "secret").ask([challenge])


def test_a_picture_ends_where_it_ends() -> None:
    data, end = jpeg(), JpegEnd()
    found = [end.feed(bytes([byte])) for byte in data]
    assert found[-1] == data
    assert found[:-1] == [None] * (len(data) - 1)
    assert JpegEnd().feed(data + b"\r\n--next") == data
    assert size_of(data) == end.size == (64, 48)


def test_random_bytes_never_break_a_parser() -> None:
    rng = random.Random(7)
    for _ in range(300):
        data = bytearray(jpeg())
        for _ in range(20):
            data[rng.randrange(3, len(data))] = rng.randrange(256)
        assert len(fingerprint(bytes(data))) == 16
        with contextlib.suppress(CaptureError):
            verify(bytes(data), Limits())
        found = Packet.of(bytes(data[rng.randrange(600) :]))
        assert found is None or isinstance(found, Packet)


def test_pixels_are_counted_without_decoding() -> None:
    assert size_of(huge_png()) == (20_000, 20_000)


def packet(payload: bytes, *, last: bool = False, time: int = 0) -> Packet:
    return Packet(96, 0, last, payload, time)


def test_h265_in_fragments_and_in_one_packet() -> None:
    units = [bytes([kind << 1, 1]) + bytes(5) for kind in (32, 33, 34)]
    several = b"".join(len(unit).to_bytes(2) + unit for unit in units)
    stream = H265([])
    assert stream.add(packet(bytes([48 << 1, 1]) + several)) is None
    assert stream.add(packet(bytes([49 << 1, 1, 0x80 | 19]) + b"abc")) is None
    done = stream.add(packet(bytes([49 << 1, 1, 0x40 | 19]) + b"def", last=True))
    start = b"\0\0\0\1"
    assert done == start + start.join([*units, bytes([19 << 1, 1]) + b"abcdef"])


def test_a_lost_packet_costs_one_picture() -> None:
    stream = H264([b"\x67sps", b"\x68pps"])
    assert stream.add(packet(b"\x7c\x85abc")) is None
    stream.lost()
    assert stream.add(packet(b"\x7c\x45def", last=True)) is None
    assert stream.add(packet(b"\x41abc", last=True)) is None  # needs an earlier one
    assert stream.add(packet(b"\x65abc", last=True)) is not None


def test_several_parameter_sets_of_a_kind_are_kept() -> None:
    """One for each size that an encoder may send; a picture names the one it needs."""
    stream = H264([b"\x67sps", b"\x68one", b"\x68two"])
    for again in (b"\x68two", b"\x67sps", b"\x68one"):
        assert stream.add(packet(again)) is None
    done = stream.add(packet(b"\x65abc", last=True))
    start = b"\0\0\0\1"
    wanted = [b"", b"\x67sps", b"\x68two", b"\x68one", b"\x65abc"]
    assert done == start.join(wanted)


def test_parameter_sets_without_end_are_dropped() -> None:
    stream = H264([])
    for number in range(1000):
        stream.add(packet(b"\x67" + number.to_bytes(2)))
    done = stream.add(packet(b"\x68pps", time=1))
    done = stream.add(packet(b"\x65abc", last=True, time=1))
    assert done is not None
    assert len(done) < 64 * 8 + 8


def test_a_camera_that_marks_no_end_gives_pictures() -> None:
    stream = H264([b"\x67sps", b"\x68pps"])
    assert stream.add(packet(b"\x41old", time=1)) is None
    assert stream.add(packet(b"\x65abc", time=2)) is None
    done = stream.add(packet(b"\x41new", time=3))
    assert done is not None
    assert done.endswith(b"\x65abc")


def test_a_loss_between_two_pictures_costs_both() -> None:
    """Nobody knows which of them what is missing belonged to."""
    stream = H264([b"\x67sps", b"\x68pps"])
    assert stream.add(packet(b"\x65abc", time=1)) is None
    stream.lost()
    assert stream.add(packet(b"\x65def", time=2, last=True)) is None
    assert stream.add(packet(b"\x65ghi", time=3, last=True)) is not None


def numbered(*packets: tuple[int, int, bytes]) -> Iterator[Packet]:
    """Of kind, number and payload, each the last of its picture."""
    return (Packet(kind, n, True, payload, n) for kind, n, payload in packets)


def test_what_comes_between_the_video_is_passed_over() -> None:
    stream = H264([b"\x67sps", b"\x68pps"])
    other = numbered((97, 7, b"\x65text"), (97, 90, b"\x65more"), (96, 8, b"\x65abc"))
    assert _first(other, stream, "96").endswith(b"\x65abc")
    with pytest.raises(CaptureError):
        _first(numbered((97, 7, b"\x65text")), stream, "96")


@pytest.mark.parametrize("text", ["m=", "m=\nm=video", "m=video 0 RTP/AVP"])
def test_half_a_description_is_no_video(text: str) -> None:
    with pytest.raises(CaptureError):
        describe(text)


def test_parameters_that_are_none_are_left_out() -> None:
    media = Media("96", "H264", "sprop-parameter-sets=Ĳ,ü==")
    assert isinstance(media.depacketiser(), H264)


def test_the_first_video_of_a_description() -> None:
    text = "m=audio 0 X 0\na=control:a\nm=video 0 RTP/AVP 97\na=rtpmap:97 H265/90000\n"
    media = describe(text + "a=control:track2\nm=video 0 RTP/AVP 98\na=control:b\n")
    assert (media.payload, media.coding, media.control) == ("97", "H265", "track2")


def test_a_camera_stands_still_after_five_repeats() -> None:
    still, sights = Stillness(), []
    for shade in (10, 60, 120, 120, 120, 120, 120, 120, 180):
        still = still.then(fingerprint(jpeg(shade)))
        sights.append(still.is_frozen())
    assert sights == [False] * 7 + [True, False]
    assert not Stillness("", 9).then("").is_frozen()


def test_the_head_of_a_picture_does_not_count() -> None:
    data = jpeg()
    stamped = data[:2] + b"\xff\xfe\x00\x0612:3" + data[2:]
    assert fingerprint(stamped) == fingerprint(data) != fingerprint(jpeg(190))
