"""How pages show the state of cameras."""

from __future__ import annotations

from django import template
from django.utils import timezone
from django.utils.safestring import SafeString

from dashboard import charts, words
from dashboard.templatetags.dashboard import badge
from monitor.camera_login import address_shown
from monitor.camera_selectors import CameraRow
from monitor.models import Camera, Pause

register = template.Library()


@register.simple_tag
def camera_badge(row: CameraRow) -> SafeString:
    """The most telling thing about a camera, in one word or two."""
    camera = row.camera
    if not camera.active:
        return badge("pause", "badge-thin", "Switched off")
    if row.rests:
        return badge("pause", "badge-stale", "Not looked at")
    if row.pause is not None:
        return badge("pause", "badge-open", "Paused")
    if row.is_silent:
        return badge("alert", "badge-stressed", f"Silent: {_state(camera)}")
    if camera.state == Camera.State.NEW and camera.seen_at is None:
        return badge("clock", "badge-open", "No picture yet")
    if camera.state in (Camera.State.OK, Camera.State.NEW):
        look = "badge-stale" if row.advice else "badge-calm"
        return badge("question" if row.advice else "check", look, "Works")
    return badge("alert", "badge-stressed", _state(camera).capitalize())


def _state(camera: Camera) -> str:
    return str(camera.get_state_display())


@register.simple_tag
def camera_trend(row: CameraRow, name: str) -> SafeString:
    """Brightness or sharpness of the faces by day."""
    values = [(point.day, getattr(point.counts, name)) for point in row.trend]
    return charts.value_spark(values, name=name)


@register.filter
def camera_advice(state: str) -> str:
    return words.camera_advice(state)


@register.filter
def shown(address: str) -> str:
    return address_shown(address)


@register.filter
def lasts(pause: Pause) -> bool:
    return pause.ends_at is None or pause.ends_at > timezone.now()
