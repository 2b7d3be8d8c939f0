"""Make, list, rotate and revoke devices that send pictures themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from monitor.models import Camera, Device
from monitor.services import devices
from monitor.services.devices import OVERLAP, DeviceChangeRefused, Secret


class Command(BaseCommand):
    help = "List, add, rotate and revoke devices that send pictures themselves."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("list", help="when each was seen, and what was refused")
        add = actions.add_parser("add", help="make one and show its secret, once")
        add.add_argument("name", help="such as the place it is in")
        add.add_argument("--camera", required=True, help="id or name of its camera")
        rotate = actions.add_parser("rotate", help="make a new secret")
        rotate.add_argument("device", help="name or key")
        rotate.add_argument(
            "--overlap-days",
            type=float,
            default=OVERLAP.days,
            help="how long the old secret counts on (default %(default)s)",
        )
        for action, text in (
            ("revoke", "refuse it from now on, for good"),
            ("token", "make a token, for a sender that cannot sign"),
        ):
            actions.add_parser(action, help=text).add_argument(
                "device", help="name or key"
            )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['action']}")(options)
        except DeviceChangeRefused as error:
            raise CommandError(str(error)) from error

    def _list(self, options: dict[str, Any]) -> None:
        rows = Device.objects.select_related("camera").prefetch_related("refusals")
        for row in rows:
            seen = f"{row.last_seen_at:%Y-%m-%d %H:%M}" if row.last_seen_at else "never"
            state = "revoked" if row.is_revoked else f"seen {seen}"
            line = f"{row.name:24} {row.key} {row.camera.name:20} {state}"
            if row.heartbeat_at:
                line += (
                    f", {row.queue_length} waiting, {row.dropped} dropped, clock"
                    f" {row.clock_offset:+.0f} s, agent {row.agent_version}"
                )
            self.stdout.write(line)
            for refusal in row.refusals.all():
                last = f"{refusal.last_at:%Y-%m-%d %H:%M}"
                self.stdout.write(f"    refused: {refusal}, last {last}")

    def _add(self, options: dict[str, Any]) -> None:
        camera: Camera | None = Camera.objects.named(options["camera"]).first()
        if camera is None:
            raise CommandError(f"there is no camera {options['camera']!r}")
        self._show(devices.device_create(camera=camera, name=options["name"]))

    def _rotate(self, options: dict[str, Any]) -> None:
        overlap = timedelta(days=options["overlap_days"])
        self._show(devices.device_rotate(device=_device(options), overlap=overlap))
        self.stdout.write(
            f"The old secret counts for {options['overlap_days']:g} more days."
        )

    def _revoke(self, options: dict[str, Any]) -> None:
        device = _device(options)
        devices.device_revoke(device=device)
        self.stdout.write(f"{device} is refused from now on.")

    def _token(self, options: dict[str, Any]) -> None:
        made = devices.device_token_create(device=_device(options))
        self.stdout.write("The token, shown this once, for the header:")
        self.stdout.write(f"Authorization: Device {made.value}")

    def _show(self, made: Secret) -> None:
        """What goes into the two files of the agent."""
        self.stdout.write("For agent.toml:")
        self.stdout.write(f'server = "{settings.SITE_URL}"')
        self.stdout.write(f'key = "{made.device.key}"')
        self.stdout.write(f"camera_id = {made.device.camera_id}")
        self.stdout.write("For the file of the secret, shown this once:")
        self.stdout.write(made.value)


def _device(options: dict[str, Any]) -> Device:
    name = options["device"]
    rows = Device.objects.filter(name=name) or Device.objects.filter(key=name)
    device = rows.first()
    if device is None:
        raise CommandError(f"there is no device {name!r}; see `devices list`")
    return device
