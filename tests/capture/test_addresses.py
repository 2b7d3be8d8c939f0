"""Where a camera may be."""

from __future__ import annotations

import socket
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from capture import CaptureError, Code, Kind, Limits, Source
from capture.addresses import check, judge, pin, split_login

LIMITS = Limits(refused=(ip_network("10.9.0.0/16"),))

ALLOWED = [
    "http://10.0.0.5/a.jpg",
    "http://172.16.0.1/",
    "http://172.31.255.254:8080/",
    "https://192.168.1.9/",
    "https://192.168.1.9:8443/a?b=c&d=e",
    "http://[fd12:3456::7]/",
    "http://192.168.1.9:81/",
]
REFUSED = [
    # schemes
    "ftp://10.0.0.5/",
    "file:///etc/passwd",
    "gopher://10.0.0.5/",
    "rtsp://10.0.0.5/",
    "//10.0.0.5/",
    "10.0.0.5",
    "",
    "javascript:alert(1)",
    # this machine
    "http://127.0.0.1/",
    "http://127.8.9.10/",
    "http://[::1]/",
    "http://0.0.0.0/",
    "http://0.1.2.3/",
    "http://[::]/",
    # link-local and the credentials of clouds
    "http://169.254.1.1/",
    "http://169.254.169.254/latest/meta-data",
    "http://100.100.100.200/",
    "http://168.63.129.16/",
    "http://[fd00:ec2::254]/",
    "http://[fd20:ce::254]/",
    "http://[fe80::1]/",
    "http://[fe80::1%25eth0]/",
    "http://[fe80::1%eth0]/",
    # many, all, none
    "http://224.0.0.1/",
    "http://239.255.255.250/",
    "http://255.255.255.255/",
    "http://240.0.0.1/",
    "http://[ff02::1]/",
    # the Internet, and the services of the product
    "http://8.8.8.8/",
    "http://100.64.0.1/",
    "http://172.32.0.1/",
    "http://[2606:4700::1111]/",
    "http://10.9.0.4/",
    # other ways to write an address
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.1/",
    "http://0177.0.0.1/",
    "http://010.0.0.5/",
    "http://10.0.5/",
    "http://10.5/",
    "http://10.0.0.5./",
    "http://%31%30.0.0.5/",
    "http://10.0.0.256/",
    "http://１０.0.0.5/",
    "http://kaméra/",
    "http://[::ffff:10.0.0.5]/",
    "http://[::ffff:7f00:1]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::a00:5]/",
    "http://[2002:a00:5::1]/",
    "http://[10.0.0.5]/",
    "http://[::1/",
    # tricks with logins and with characters
    "http://user:secret@10.0.0.5/",
    "http://10.0.0.5@8.8.8.8/",
    "http://8.8.8.8\\@10.0.0.5/",
    "http://10.0.0.5#@8.8.8.8/",
    "http://10.0.0.5/a b",
    "http://10.0.0.5/a\r\nHost: b",
    "http://10.0.0.5\t/",
    "http://10.0.0.5/\x00",
    "http://-a-/",
    "http://a..b/",
    f"http://10.0.0.5/{'a' * 600}",
    # ports
    "http://10.0.0.5:0/",
    "http://10.0.0.5:22/",
    "http://10.0.0.5:25/",
    "http://10.0.0.5:5432/",
    "http://10.0.0.5:6379/",
    "http://10.0.0.5:99999/",
    "http://10.0.0.5:-1/",
    "http://10.0.0.5:/",
    "http://10.0.0.5:8o/",
]


@pytest.mark.parametrize("url", ALLOWED)
def test_a_private_address_is_allowed(url: str) -> None:
    assert pin(Source(Kind.SNAPSHOT, url), LIMITS).url == url


@pytest.mark.parametrize("url", REFUSED)
def test_it_is_refused(url: str) -> None:
    with pytest.raises(CaptureError) as caught:
        check(Source(Kind.SNAPSHOT, url), LIMITS)
    assert caught.value.code == Code.ADDRESS_REFUSED
    assert "secret" not in caught.value.message


@pytest.mark.parametrize(
    ("kind", "address", "fine"),
    [
        (Kind.RTSP, "rtsp://10.0.0.5/live", True),
        (Kind.RTSP, "rtsps://10.0.0.5/live", True),
        (Kind.RTSP, "http://10.0.0.5/live", False),
        (Kind.MJPEG, "rtsp://10.0.0.5/live", False),
        (Kind.USB, "0", True),
        (Kind.USB, "64", False),
        (Kind.USB, "/dev/video0", False),
        (Kind.USB, "rtsp://10.0.0.5/", False),
        (Kind.FOLDER, "/srv/pictures", True),
        (Kind.FOLDER, "pictures", False),
        (Kind.FOLDER, "/srv/\x00", False),
    ],
)
def test_each_kind_has_its_own_addresses(kind: Kind, address: str, fine: bool) -> None:
    try:
        check(Source(kind, address), LIMITS)
    except CaptureError as exc:
        assert (exc.code, fine) == (Code.ADDRESS_REFUSED, False)
    else:
        assert fine


@pytest.mark.parametrize("network", ["0.0.0.0/0", "::/0"])
@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "::1", "169.254.169.254", "fd00:ec2::254", "224.0.0.1"),
        # Translated (RFC 7915), and ISATAP (RFC 5214): each is a way to 127.0.0.1.
        *("::ffff:0:127.0.0.1", "fd00::5efe:127.0.0.1", "fd00::200:5efe:7f00:1"),
    ],
)
def test_no_list_of_networks_allows_what_is_never_allowed(
    network: str, address: str
) -> None:
    with pytest.raises(CaptureError):
        judge(ip_address(address), Limits(networks=(ip_network(network),)))


def test_the_services_of_the_product_stay_refused_to_a_test() -> None:
    limits = Limits(loopback=True, refused=(ip_network("127.0.0.9/32"),))
    judge(ip_address("127.0.0.1"), limits)
    with pytest.raises(CaptureError):
        judge(ip_address("127.0.0.9"), limits)


def answer_with(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, **_more: Any) -> list[Any]:
        asked.append(host)
        if not addresses:
            raise socket.gaierror
        return [(0, 0, 0, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


def test_a_name_is_asked_once_and_pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answer_with(monkeypatch, "10.0.0.5", "10.0.0.6")
    target = pin(Source(Kind.RTSP, "rtsp://Camera.Example.org/live"), LIMITS)
    assert (target.host, target.address) == ("camera.example.org", "10.0.0.5")
    assert asked == ["camera.example.org"]


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("rtsp://10.0.0.5//h264Preview_01_main", "//h264Preview_01_main"),
        ("rtsp://10.0.0.5///a?b", "///a?b"),
        ("rtsp://10.0.0.5", "/"),
        ("rtsp://10.0.0.5?channel=1", "/?channel=1"),
        ("rtsp://10.0.0.5/a?", "/a"),
    ],
)
def test_a_path_is_asked_for_as_it_was_written(url: str, path: str) -> None:
    assert pin(Source(Kind.RTSP, url), LIMITS).path == path


def test_one_bad_address_of_a_name_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    answer_with(monkeypatch, "10.0.0.5", "127.0.0.1")
    with pytest.raises(CaptureError) as caught:
        pin(Source(Kind.RTSP, "rtsp://camera/live"), LIMITS)
    assert caught.value.code == Code.ADDRESS_REFUSED


def test_a_name_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    answer_with(monkeypatch)
    with pytest.raises(CaptureError) as caught:
        pin(Source(Kind.RTSP, "rtsp://camera/live"), LIMITS)
    assert caught.value.code == Code.NAME_UNKNOWN


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("rtsp://a:b@10.0.0.5/x", ("rtsp://10.0.0.5/x", "a", "b")),
        ("rtsp://a:p%40ss@h:554/x@y", ("rtsp://h:554/x@y", "a", "p@ss")),
        ("rtsp://a:p@ss@h/", ("rtsp://h/", "a", "p@ss")),
        ("http://a@h", ("http://h", "a", "")),
        ("rtsp://a:p/s?s#@h:554/x", ("rtsp://h:554/x", "a", "p/s?s#")),
        ("http://h:80/a@b", ("http://h:80/a@b", "", "")),
        ("http://[fd00::a]/a@b", ("http://[fd00::a]/a@b", "", "")),
        ("http://h/a@b", ("http://h/a@b", "", "")),
        ("3", ("3", "", "")),
    ],
)
def test_a_login_is_taken_out_of_an_address(
    url: str, parts: tuple[str, str, str]
) -> None:
    assert split_login(url) == parts
