"""Cameras whose people consent, not any more, or again."""

from __future__ import annotations

from monitor.models import Camera, Organisation
from monitor.services.consent import consent_give, consent_withdraw
from tests.factories import CameraFactory, PersonFactory, TeamFactory


def room_of(people: int, missing: int = 0) -> Camera:
    """A room in whose team so many of the people do not consent."""
    team = TeamFactory.create()
    PersonFactory.create_batch(people - missing, team=team)
    PersonFactory.create_batch(missing, team=team, consented=False)
    made: Camera = CameraFactory.create(person=None, team=team, kind="rtsp")
    return made


def test_desks_with_consent_and_rooms_with_everybodys_are_looked_at(
    organisation: Organisation,
) -> None:
    desk = CameraFactory.create(kind="rtsp")
    CameraFactory.create(kind="rtsp", person=PersonFactory.create(consented=False))
    left = CameraFactory.create(kind="rtsp")
    consent_withdraw(person=left.person)
    back = CameraFactory.create(kind="rtsp")
    consent_withdraw(person=back.person)
    consent_give(person=back.person)
    room, _, _, _ = room_of(8), room_of(7), room_of(9, missing=1), room_of(8, missing=8)
    for found in (Camera.objects.consented(), Camera.objects.fetched()):
        assert set(found) == {desk, back, room}
        assert found.filter(pk=room.pk).get() == room
        assert not found.filter(pk=left.pk).exists()


def test_one_camera_costs_no_look_at_all_consents() -> None:
    """PostgreSQL would collect them all for a subquery that names no camera."""
    sql = str(Camera.objects.fetched().filter(pk=1).query)
    assert "IN (SELECT" not in sql
