"""Logins and keys inside an address: taken out of it, and put back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture import CaptureError, Kind, Limits, Source
from capture.addresses import pin
from capture.hidden import fill, hidden_names, hide
from capture.pool import Pool
from tests.capture.cameras import HttpCamera

# As makers of cameras write them.
ADDRESSES = [
    ("http://c/snap.cgi?user=ad&pwd=s3", "http://c/snap.cgi?user=***&pwd=***"),
    ("http://c/v.cgi?loginuse=ad&loginpas=s3", "http://c/v.cgi?loginuse=***&loginpas=***"),
    ("http://c/a?USR=ad&PWD=a/b?c=d;e&x=1", "http://c/a?USR=***&PWD=***&x=1"),
    ("http://c/a?x=1;password=s3", "http://c/a?x=1;password=***"),
    ("http://c/a?p%77d=s3", "http://c/a?p%77d=***"),
    ("http://c/cgi?cmd=Snap&channel=0&token=s3", "http://c/cgi?cmd=Snap&channel=0&token=***"),
    ("http://c/a?api_key=s3&Access-Token=s3", "http://c/a?api_key=***&Access-Token=***"),
    ("https://c/auto.jpg?authbasic=YWRt==", "https://c/auto.jpg?authbasic=***"),
    ("https://c?auth=s3", "https://c?auth=***"),
    ("rtsp://c/user=ad&password=s3&channel=1", "rtsp://c/user=***&password=***&channel=1"),
    (
        "rtsp://c/user=ad_password=s_3_channel=1.sdp?real",
        "rtsp://c/user=***_password=***_channel=1.sdp?real",
    ),
]  # fmt: skip
PLAIN = [
    "rtsp://c/cam/realmonitor?channel=1&subtype=0&unicast=true",
    "http://c/video.cgi?resolution=640x480&fps=5",
    "http://c/a?user=&pwd=",
    "http://c/user/password.jpg",
    "/srv/user=a/pwd=b",
    "0",
]


@pytest.mark.parametrize(("url", "hidden"), ADDRESSES)
def test_what_lets_somebody_in_is_hidden(url: str, hidden: str) -> None:
    shown, secrets = hide(url)
    assert shown == hidden
    assert fill(shown, secrets) == url
    assert len(hidden_names(shown)) == len(secrets)


@pytest.mark.parametrize("url", PLAIN)
def test_the_rest_stays(url: str) -> None:
    assert hide(url) == (url, ())


urls = st.text("ab=&;/?#_*%@:." + "pwd", max_size=40).map(
    lambda text: f"http://c/{text}"
)


@given(urls)
def test_what_was_taken_out_fits_in_again(url: str) -> None:
    hidden, secrets = hide(url)
    assert fill(hidden, secrets) == url
    assert hide(hidden) == (hidden, ("***",) * len(secrets))


@pytest.mark.slow
def test_a_process_that_fetches_puts_it_back(camera: HttpCamera, pool: Pool) -> None:
    hidden, secrets = hide(camera.url("/query?user=viewer&pwd=correct%20horse"))
    source = Source(Kind.SNAPSHOT, hidden, secrets=secrets)
    assert pool.fetch(source).data
    assert "horse" not in repr(source)
    for lost in ((), ("viewer",), (*secrets, "more")):
        with pytest.raises(CaptureError, match="write it anew"):
            pool.fetch(replace(source, secrets=lost))


@pytest.mark.parametrize("value", ["a b", "a\r\nHost: b", "a\0", "ä", "a#b", "a@b"])
def test_what_is_put_back_is_checked_like_the_rest(value: str) -> None:
    source = Source(Kind.SNAPSHOT, "http://10.0.0.7/?pwd=***", secrets=(value,))
    if value == "a@b":
        assert "a@b" not in repr(pin(source, Limits()))
        return
    with pytest.raises(CaptureError) as caught:
        pin(source, Limits())
    assert value not in caught.value.message


def test_a_value_leads_to_no_other_place() -> None:
    source = Source(Kind.SNAPSHOT, "http://10.0.0.7/?pwd=***", secrets=("@8.8.8.8/",))
    assert pin(source, Limits()).address == "10.0.0.7"
