"""Each way of telling, against a server that runs on this machine."""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import json
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django.fixtures import Settings

from monitor import vault
from monitor.models import NotificationChannel
from monitor.notification_rules import Topic
from monitor.notifications import Line, Message, TransportError, http, transport_of
from monitor.notifications.webhook import new_key
from tests.receivers import Mailbox, Web, self_signed, serving

URL = "https://stress.example.org/flags/7/"
ONE = Message((Line(3, Topic.RAISED, URL),))
TWO = Message((Line(3, Topic.RAISED, URL), Line(4, Topic.ENDED, URL)))
KEY = new_key()
Make = Callable[[str, str], NotificationChannel]


@pytest.fixture
def channel() -> Make:
    def make(kind: str, address: str) -> NotificationChannel:
        sealed = {"sealed_address": address.encode(), "sealed_key": KEY.encode()}
        sealed = {name: vault.seal(value) for name, value in sealed.items()}
        return NotificationChannel(user=User(username="ada"), kind=kind, **sealed)

    return make


@pytest.fixture
def mailbox(settings: Settings) -> Iterator[Mailbox]:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.NOTIFY_BY_EMAIL = True
    settings.DEFAULT_FROM_EMAIL = "stress@example.org"
    with serving(Mailbox()) as box:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", box.port
        yield box


@pytest.fixture
def web(settings: Settings) -> Iterator[Web]:
    settings.NOTIFY_PRIVATE_ADDRESSES = True
    with serving(Web()) as server:
        yield server


def refused(channel: NotificationChannel, *, permanent: bool) -> str:
    with pytest.raises(TransportError) as caught:
        transport_of(channel).notify(ONE)
    assert caught.value.permanent is permanent
    return str(caught.value)


def test_a_mail_says_that_there_is_something_and_where(
    channel: Make, mailbox: Mailbox
) -> None:
    transport_of(channel("email", "nurse@example.org")).notify(ONE)
    mail: Any = mailbox.mails[0]
    assert (mail["To"], mail["From"]) == ("nurse@example.org", "stress@example.org")
    assert mail["Subject"] == "A flag was raised"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content().split("\r\n")[:2] == ["A flag was raised.", URL]


def test_a_digest_is_one_mail(channel: Make, mailbox: Mailbox) -> None:
    transport_of(channel("email", "nurse@example.org")).notify(TWO)
    mail: Any = mailbox.mails[0]
    assert (len(mailbox.mails), mail["Subject"]) == (1, "Flags have changed")
    assert "A flag was raised." in mail.get_content()
    assert "A flag has ended." in mail.get_content()


@pytest.mark.parametrize(
    ("answer", "permanent"), [("550 no such user", True), ("451 later", False)]
)
def test_a_refused_address_is_final_only_from_500_on(
    channel: Make, mailbox: Mailbox, answer: str, permanent: bool
) -> None:
    mailbox.answer = answer
    text = refused(channel("email", "nurse@example.org"), permanent=permanent)
    assert text == f"the mail server answers {answer[:3]}"


def test_a_mail_server_that_is_away_may_come_back(
    channel: Make, mailbox: Mailbox, settings: Settings
) -> None:
    settings.EMAIL_PORT = closed_port()
    text = refused(channel("email", "nurse@example.org"), permanent=False)
    assert "ConnectionRefusedError" in text


def test_without_a_mail_server_no_mail_is_tried(
    channel: Make, mailbox: Mailbox, settings: Settings
) -> None:
    settings.NOTIFY_BY_EMAIL = False
    text = refused(channel("email", "nurse@example.org"), permanent=True)
    assert text == "this site sends no e-mail"
    assert mailbox.mails == []


def test_a_webhook_is_signed_over_id_time_and_body(channel: Make, web: Web) -> None:
    transport_of(channel("webhook", web.url)).notify(ONE)
    headers, body = web.posts[0]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(KEY.removeprefix("whsec_"))
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()


def test_a_webhook_says_what_happened_and_where(channel: Make, web: Web) -> None:
    transport_of(channel("webhook", web.url)).notify(ONE)
    line = {"id": 3, "event": "raised", "text": "A flag was raised.", "url": URL}
    told = json.loads(web.posts[0][1])
    assert told == {"version": 1, "notifications": [line]}


def test_a_repeated_webhook_has_the_same_id(channel: Make, web: Web) -> None:
    for message in (ONE, ONE, TWO):
        transport_of(channel("webhook", web.url)).notify(message)
    first, again, other = (headers["webhook-id"] for headers, _ in web.posts)
    assert first == again != other


def test_slack_gets_a_text_with_links(channel: Make, web: Web) -> None:
    transport_of(channel("slack", web.url)).notify(TWO)
    text = f"A flag was raised. <{URL}|Open>\nA flag has ended. <{URL}|Open>"
    assert json.loads(web.posts[0][1]) == {"text": text}


def test_teams_gets_an_adaptive_card(channel: Make, web: Web) -> None:
    transport_of(channel("teams", web.url)).notify(TWO)
    card = json.loads(web.posts[0][1])["attachments"][0]["content"]
    texts = [block["text"] for block in card["body"]]
    assert card["type"] == "AdaptiveCard"
    assert texts == [
        f"A flag was raised. [Open]({URL})",
        f"A flag has ended. [Open]({URL})",
    ]


@pytest.mark.parametrize(
    ("status", "permanent"),
    [(400, True), (404, True), (410, True), (408, False), (429, False), (503, False)],
)
def test_an_answer_says_whether_to_try_again(
    channel: Make, web: Web, status: int, permanent: bool
) -> None:
    web.status = status
    text = refused(channel("slack", web.url), permanent=permanent)
    assert text == f"the web server answers {status}"


def test_a_redirect_is_not_followed(channel: Make, web: Web) -> None:
    web.status, web.location = 307, web.url
    assert "redirects" in refused(channel("slack", web.url), permanent=True)
    assert len(web.posts) == 1


def test_a_web_server_that_is_away_may_come_back(
    channel: Make, settings: Settings
) -> None:
    settings.NOTIFY_PRIVATE_ADDRESSES = True
    url = f"http://127.0.0.1:{closed_port()}/"
    text = refused(channel("slack", url), permanent=False)
    assert text == "no answer: ConnectionRefusedError"


def test_a_web_server_that_never_ends_its_answer_is_cut_off(
    channel: Make, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.NOTIFY_PRIVATE_ADDRESSES = True
    monkeypatch.setattr(http, "TOTAL", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        text = refused(channel("slack", url), permanent=False)
    assert text == "no answer: RemoteDisconnected"  # not the time-out of one step


def over_tls(
    web: Web, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[str, Path]:
    """The web server as https://hook.test, and the certificate it shows."""
    pem = self_signed("hook.test", folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    web.socket = context.wrap_socket(web.socket, server_side=True)
    port = web.server_address[1]
    monkeypatch.setattr(http, "_checked_address", lambda _: ("127.0.0.1", port))
    return f"https://hook.test:{port}/", pem


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(
    channel: Make, web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, _ = over_tls(web, tmp_path, monkeypatch)
    assert "certificate" in refused(channel("slack", url), permanent=False)
    assert web.posts == []


def test_the_certificate_must_be_that_of_the_name(
    channel: Make, web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, pem = over_tls(web, tmp_path, monkeypatch)
    trusting = functools.partial(ssl.create_default_context, cafile=str(pem))
    monkeypatch.setattr(ssl, "create_default_context", trusting)
    transport_of(channel("slack", url)).notify(ONE)
    other = url.replace("hook.test", "other.test")
    assert "certificate" in refused(channel("slack", other), permanent=False)
    assert len(web.posts) == 1


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "fe80::1",
        "fd00::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::1",
        "2001:0:a00:1::1",
    ],
)
def test_an_address_of_the_own_network_is_not_public(address: str) -> None:
    assert not http.is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07::1"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert http.is_public(address)


def test_a_private_web_server_is_not_asked(
    channel: Make, web: Web, settings: Settings
) -> None:
    settings.NOTIFY_PRIVATE_ADDRESSES = False
    text = refused(channel("webhook", web.url), permanent=True)
    assert text == "the web server is in a private network"
    assert web.posts == []


def test_one_private_address_of_a_name_is_enough_to_refuse(
    channel: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [(0, 0, 0, "", (ip, 443)) for ip in ("93.184.215.14", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    text = refused(channel("webhook", "https://both.example.org/"), permanent=True)
    assert text == "the web server is in a private network"


def test_the_connection_goes_to_the_address_that_was_checked(
    channel: Make, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = web.server_address[1]
    answers = iter([[(0, 0, 0, "", ("127.0.0.1", port))]])
    real = socket.getaddrinfo

    def once(host: str, *args: Any, **more: Any) -> Any:
        return next(answers) if host == "hook.invalid" else real(host, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", once)
    transport_of(channel("slack", f"http://hook.invalid:{port}/")).notify(ONE)
    assert web.posts[0][0]["Host"] == f"hook.invalid:{port}"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("ftp://example.org/", "must begin with https:// or http://"),
        ("file:///etc/passwd", "must begin with https:// or http://"),
        ("https://", "not that of a web server"),
        ("https://user:word@example.org/", "must not hold a user name"),
        ("https://example.org:99999/", "Port out of range"),
        ("https://example.org:0/", "a port that does not exist"),
        ("https://example.org/a b", "a character that none may hold"),
        ("https://example.org/" + "x" * 1000, "not that of a web server"),
    ],
)
def test_an_address_of_no_use_is_refused(channel: Make, url: str, why: str) -> None:
    assert why in refused(channel("webhook", url), permanent=True)


def test_an_address_whose_key_is_gone_is_said(channel: Make) -> None:
    lost = channel("slack", "https://example.org/")
    lost.sealed_address = b"x" * 40
    assert "enter it again" in refused(lost, permanent=True)


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
