"""Logins and keys in the addresses of cameras are sealed, and hidden in them.

And each login that is stored is bound to the place that it was written for.
"""

import logging
from typing import Any

from django.db import migrations

from capture.addresses import split_login
from capture.hidden import HIDDEN, hide
from monitor.camera_login import login_read, login_seal
from monitor.vault import PictureLocked

log = logging.getLogger(__name__)

CHUNK = 200
LONGEST = 500


def hide_secrets(apps: Any, schema_editor: Any) -> None:
    """Twice is as good as once: what is hidden holds nothing that could be hidden."""
    alias = schema_editor.connection.alias
    cameras = apps.get_model("monitor", "Camera").objects.using(alias)
    rows = cameras.filter(address__contains="://").order_by("pk")
    after = 0
    while chunk := list(rows.filter(pk__gt=after)[:CHUNK]):
        after = chunk[-1].pk
        cameras.bulk_update(
            [row for row in chunk if _sealed(row)], ["address", "sealed_login"]
        )
    # Test pictures live for minutes: these are asked for anew.
    apps.get_model("monitor", "CameraProbe").objects.using(alias).filter(
        address__contains="://"
    ).delete()


def _sealed(row: Any) -> bool:
    """Whether anything had to be changed."""
    address, user, password = split_login(row.address)
    address, found = hide(address)
    try:
        login = login_read(row.sealed_login, "")
    except PictureLocked:
        # Pages hide it, too. Sealing anew would lose what a key may open again.
        log.warning("camera %s: no key opens its login; enter its address anew", row.pk)
        return False
    if address == row.address and (login.place or not row.sealed_login):
        return False
    if len(address) > LONGEST:  # the stars are longer than what they hide
        log.warning("camera %s: its address has no room; enter it anew", row.pk)
        return False
    user, password = login.user or user, login.password or password
    sealed = iter(login.secrets)
    secrets = tuple(next(sealed, HIDDEN) if each == HIDDEN else each for each in found)
    row.sealed_login = login_seal(user, password, secrets, address=address)
    row.address = address
    return True


class Migration(migrations.Migration):

    dependencies = [
        ('monitor', '0025_flag_measure'),
    ]

    operations = [
        migrations.RunPython(hide_secrets, migrations.RunPython.noop),
    ]
