"""Logins and keys in an address itself, as many cheap cameras want them.

    http://10.0.0.7/snap.cgi?user=admin&pwd=secret
    rtsp://10.0.0.7/user=admin_password=secret_channel=1_stream=0.sdp

Their values are taken out before an address is kept, and put back by the process that
fetches. Rather too much is taken for one than too little: what is hidden still works.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote

HIDDEN = "***"
# Of a name in small letters, without what parts its words.
TELLING = re.compile(
    r"user|usr|login|account|pass|pwd|pswd|secret|token|auth|cred|session|signature"
    r"|(?:key|pas)$|^(?:u|p|pw|psw|pin|uid|sid|sig|hash|code)$"
)
BEFORE_QUERY = re.compile(r"(?<=[/&;_#])([a-z][a-z_-]*)=", re.IGNORECASE)
IN_QUERY = re.compile(r"(?<=[?&;])([^?&;=]+)=")
# A password may hold anything else. In a path some cameras part by underscores.
ENDS_BEFORE_QUERY = re.compile(r"[/&;?#]|_[a-z-]+=|$", re.IGNORECASE)
ENDS_IN_QUERY = re.compile(r"&|$")


class _Value(NamedTuple):
    name: str
    start: int
    text: str


def hide(url: str) -> tuple[str, tuple[str, ...]]:
    """The address with `***` for each value that lets somebody in, and the values."""
    values = _values(url)
    secrets = tuple(value.text for value in values)
    return _put(url, values, (HIDDEN,) * len(values)), secrets


def hidden_names(url: str) -> list[str]:
    """What the hidden values of an address are called, in their order."""
    return [value.name for value in _hidden(url)]


def fill(url: str, secrets: tuple[str, ...]) -> str:
    """The address with these values in their places; ValueError if they do not fit."""
    return _put(url, _hidden(url), secrets)


def _put(url: str, values: list[_Value], texts: tuple[str, ...]) -> str:
    for value, text in reversed(list(zip(values, texts, strict=True))):
        url = url[: value.start] + text + url[value.start + len(value.text) :]
    return url


def _hidden(url: str) -> list[_Value]:
    return [value for value in _values(url) if value.text == HIDDEN]


def _values(url: str) -> list[_Value]:
    scheme = re.match(r"[a-z]+://[^/?#]*", url, re.IGNORECASE)
    if not scheme:
        return []
    query = url.find("?", scheme.end())
    query = len(url) if query < 0 else query
    path = _between(url[:query], scheme.end(), BEFORE_QUERY, ENDS_BEFORE_QUERY)
    return path + _between(url, query, IN_QUERY, ENDS_IN_QUERY)


def _between(
    url: str, at: int, names: re.Pattern[str], ends: re.Pattern[str]
) -> list[_Value]:
    found = []
    while name := names.search(url, at):
        at = name.end()
        if not TELLING.search(re.sub(r"[^a-z0-9]", "", unquote(name[1]).lower())):
            continue
        match = ends.search(url, at)
        end = match.start() if match else len(url)
        if end > at:
            found.append(_Value(name[1], at, url[at:end]))
        at = end
    return found
