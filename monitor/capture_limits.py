"""How far this site trusts cameras, from its settings."""

from __future__ import annotations

from django.conf import settings

from capture import Limits


def limits() -> Limits:
    """Without networks of its own, a site has its cameras in private ones."""
    plain = Limits()
    return Limits(
        networks=settings.CAMERA_NETWORKS or plain.networks,
        refused=settings.CAMERA_NETWORKS_REFUSED,
        loopback=settings.CAMERA_LOOPBACK,
    )
