"""How a device's messages are signed; used by the agent and by the server.

The form is written down, with an example, in docs/api.md.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

SCHEME = "HMAC-SHA256"
SECRET_BYTES = 32
PARAMETER = re.compile(r"\A(key|time|nonce|signature)=([A-Za-z0-9_-]{1,64})\Z")
NONCE = re.compile(r"\A[A-Za-z0-9_-]{16,64}\Z")
TIME = re.compile(r"\A[0-9]{1,11}\Z")
SIGNATURE = re.compile(r"\A[0-9a-f]{64}\Z")


@dataclass(frozen=True, slots=True)
class Message:
    """What is signed: `target` is the path with its query, as in the request line."""

    method: str
    target: str
    time: int
    nonce: str
    body: bytes

    def canonical(self) -> bytes:
        digest = hashlib.sha256(self.body).hexdigest()
        lines = (self.method, self.target, str(self.time), self.nonce, digest)
        return "\n".join(lines).encode()


@dataclass(frozen=True, slots=True)
class Credentials:
    """The four parameters of the header."""

    key: str
    time: int
    nonce: str
    signature: str


def new_nonce() -> str:
    return secrets.token_urlsafe(18)


def signature(secret: str, message: Message) -> str:
    """64 hexadecimal digits. secret: 64 such digits, the key of the HMAC as bytes."""
    key = bytes.fromhex(secret)
    return hmac.new(key, message.canonical(), hashlib.sha256).hexdigest()


def header(key: str, secret: str, message: Message) -> str:
    """The value of `Authorization`."""
    return (
        f"{SCHEME} key={key}, time={message.time}, nonce={message.nonce}, "
        f"signature={signature(secret, message)}"
    )


def parse(parameters: str) -> Credentials | None:
    """What follows the scheme; None where it is not of this form."""
    found: dict[str, str] = {}
    for part in parameters.split(","):
        match = PARAMETER.match(part.strip(" \t"))
        if match is None or match[1] in found:
            return None
        found[match[1]] = match[2]
    if (
        len(found) != 4
        or not NONCE.match(found["nonce"])
        or not TIME.match(found["time"])
        or not SIGNATURE.match(found["signature"])
    ):
        return None
    return Credentials(
        found["key"], int(found["time"]), found["nonce"], found["signature"]
    )
