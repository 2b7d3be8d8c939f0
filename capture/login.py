"""Basic (RFC 7617) and Digest (RFC 7616) logins, for HTTP and for RTSP.

What a camera says and is told is text in Latin-1 here, so that each byte of its realm
goes into the answer and back to it unchanged; user and password are sent as UTF-8.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from capture.types import CaptureError, Code, Source

# No camera needs more; searching what never ends would keep a process busy.
LONGEST = 4096
# Strongest first; a camera that names none means MD5.
ALGORITHMS = {"SHA-256": hashlib.sha256, "MD5": hashlib.md5}
PARAMETER = re.compile(r'([a-z0-9-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))', re.I)
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
SCHEME = re.compile(r"(?:^|,)\s*(basic|digest)\s+(?=[a-z-]+\s*=)", re.IGNORECASE)


@dataclass
class Login:
    """Answers what a camera asks; nothing is sent to one that does not ask."""

    user: str
    password: str = field(repr=False)
    _digest: dict[str, str] = field(default_factory=dict, repr=False)
    _basic: bool = False
    _count: int = 0

    @classmethod
    def of(cls, source: Source) -> Login:
        return cls(source.user, source.password)

    def ask(self, challenges: Sequence[str]) -> None:
        """Take what came with a 401; raises where no answer would help."""
        if not self.user and not self.password:
            raise wrong_password("the camera asks for a user and a password")
        if self._basic or self._digest and not _stale(challenges):
            raise wrong_password("the camera refuses the user or the password")
        offers = [offer for text in challenges for offer in _offers(text)]
        digests = [parts for scheme, parts in offers if scheme == "digest"]
        for name in ALGORITHMS:
            for parts in digests:
                known = parts.get("algorithm", "MD5").upper().removesuffix("-SESS")
                # With auth-int alone the answer would hold a hash of the body.
                if known == name and (_has_auth(parts) or not parts.get("qop")):
                    self._digest, self._count = parts, 0
                    return
        # Readable on the way: only for a camera that knows nothing better.
        self._basic = any(scheme == "basic" for scheme, _ in offers)
        if not self._basic:
            raise wrong_password("the camera asks for a login of an unknown kind")

    def header(self, method: str, uri: str) -> str:
        """The value of Authorization for one request, empty where none was asked."""
        if self._basic:
            pair = f"{self.user}:{self.password}".encode()
            return f"Basic {base64.b64encode(pair).decode()}"
        return self._digest_header(method, uri) if self._digest else ""

    def _digest_header(self, method: str, uri: str) -> str:
        asked = self._digest
        algorithm = asked.get("algorithm", "MD5")
        digest = ALGORITHMS[algorithm.upper().removesuffix("-SESS")]

        def h(*parts: str) -> str:
            return digest(":".join(parts).encode("latin-1")).hexdigest()

        self._count += 1
        client, count = secrets.token_hex(8), f"{self._count:08x}"
        realm, nonce = asked.get("realm", ""), asked.get("nonce", "")
        user = _as_sent(self.user)
        secret = h(user, realm, _as_sent(self.password))
        if algorithm.upper().endswith("-SESS"):
            secret = h(secret, nonce, client)
        fields = {"username": user, "realm": realm, "nonce": nonce, "uri": uri}
        bare = {"algorithm": algorithm} if "algorithm" in asked else {}
        if _has_auth(asked):
            bare |= {"qop": "auth", "nc": count}
            fields["cnonce"] = client
            middle = [nonce, count, client, "auth"]
        else:
            middle = [nonce]  # RFC 2069, as RTSP cameras still have it
        fields["response"] = h(secret, *middle, h(method, uri))
        if "opaque" in asked:
            fields["opaque"] = asked["opaque"]
        quoted = [f'{name}="{_escaped(text)}"' for name, text in fields.items()]
        return "Digest " + ", ".join(
            quoted + [f"{name}={text}" for name, text in bare.items()]
        )


def wrong_password(message: str) -> CaptureError:
    return CaptureError(Code.WRONG_PASSWORD, message)


def _has_auth(parts: dict[str, str]) -> bool:
    return "auth" in re.split(r"[\s,]+", parts.get("qop", "").lower())


def _as_sent(text: str) -> str:
    return text.encode().decode("latin-1")


def _escaped(text: str) -> str:
    if CONTROL.search(text):
        raise wrong_password("the login holds a character that none may hold")
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _offers(text: str) -> list[tuple[str, dict[str, str]]]:
    """The challenges of one header, which may hold several."""
    text = text[:LONGEST]
    marks = list(SCHEME.finditer(text))
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    return [
        (mark.group(1).lower(), _parameters(text[mark.end() : end]))
        for mark, end in zip(marks, ends, strict=False)  # none has an end, too
    ]


def _parameters(text: str) -> dict[str, str]:
    return {
        name.lower(): re.sub(r"\\(.)", r"\1", quoted) or bare
        for name, quoted, bare in PARAMETER.findall(text)
    }


def _stale(challenges: Sequence[str]) -> bool:
    return any(
        parts.get("stale", "").lower() == "true"
        for text in challenges
        for _, parts in _offers(text)
    )
