"""What a camera is shown to let us in: sealed like pictures, never shown again.

User name and password, and the values that `capture.hidden` took out of its address. It
is sealed with the place that it was written for, and opens for no other one, whoever
changes the address by whatever way.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from capture import CaptureError, Code, Kind, Source
from capture.addresses import place_of, split_login
from capture.hidden import hide
from monitor import vault
from monitor.models import Camera, CameraProbe


@dataclass(frozen=True, slots=True)
class Login:
    """secrets: in the order in which an address hides them; place: what it is for."""

    user: str = ""
    password: str = field(default="", repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    place: str = ""


def login_seal(
    user: str, password: str, secrets: tuple[str, ...] = (), *, address: str = ""
) -> bytes:
    """Empty when there is nothing to keep; without an address it is for any place."""
    if not user and not password and not secrets:
        return b""
    facts = [user, password, secrets, place_of(address)]
    return vault.seal(json.dumps(facts if address else facts[:2]).encode())


def login_open(sealed: bytes | memoryview) -> tuple[str, str]:
    """User name and password; raises vault.PictureLocked when no key opens them."""
    login = login_read(sealed, "")
    return login.user, login.password


def login_read(sealed: bytes | memoryview, address: str) -> Login:
    """All of it, for a camera that is there; an empty address asks for no place.

    Raises vault.PictureLocked, and CaptureError where it was written for another place.
    """
    if not sealed:
        return Login()
    user, password, *more = json.loads(vault.unseal(bytes(sealed)))
    secrets, place = more or ((), "")
    if address and place and place != place_of(address):
        text = "the login was written for another place; write it anew"
        raise CaptureError(Code.ADDRESS_REFUSED, text)
    return Login(user, password, tuple(secrets), place)


def address_shown(address: str) -> str:
    """Without user and password, and with `***` for each key in it."""
    return hide(split_login(address)[0])[0]


def source_with_login(row: Camera | CameraProbe, *, after: str = "") -> Source:
    """How the camera is asked; raises what `login_read` does."""
    login = login_read(row.sealed_login, row.address)
    return Source(
        Kind(row.kind),
        row.address,
        login.user,
        login.password,
        row.certificate,
        after=after,
        secrets=login.secrets,
    )
