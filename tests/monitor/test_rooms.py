"""Pictures of rooms: one door, nobody's readings, and everybody's consent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from monitor import vault
from monitor.models import (
    Camera,
    CameraDay,
    DailySummary,
    Formula,
    Organisation,
    Person,
    Reading,
    RoomDay,
    RoomReading,
    Snapshot,
    SnapshotImage,
    Team,
)
from monitor.rooms import crew_of
from monitor.services import analysis, capture
from monitor.services.camera_schedule import Time, camera_reschedule, pause_begin
from monitor.services.camera_watch import silent_cameras
from monitor.services.consent import consent_withdraw
from monitor.services.intake import Refused, Upload, snapshot_accept
from tests.factories import CameraFactory, PersonFactory, TeamFactory
from tests.fakes import HAPPY, SAD, FakeEngine, face, frame
from tests.images import jpeg
from tests.monitor.test_capture import FakeFetcher, due
from tests.monitor.test_room_days import rebuild

# A Wednesday, 12:00 in Berlin.
NOON = datetime(2026, 1, 14, 11, tzinfo=UTC)
FIVE = [face(HAPPY), face(), face(), face(reason="uncertain"), face(reason="blurred")]
Change = Callable[[Team], object]


@pytest.fixture
def clock(organisation: Organisation) -> Iterator[Any]:
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def team(clock: Any) -> Team:
    made: Team = TeamFactory.create(name="Post")
    PersonFactory.create_batch(8, team=made)
    return made


@pytest.fixture
def room(team: Team) -> Camera:
    made: Camera = CameraFactory.create(
        name="Hall",
        person=None,
        team=team,
        kind=Camera.Kind.SNAPSHOT,
        address="http://192.168.7.7/now.jpg",
        every_minutes=10,
        jitter_seconds=0,
        next_at=NOON,
    )
    return made


def taken(room: Camera, key: str = "camera:1:now", seed: int = 0) -> Snapshot:
    """A picture as the capture process hands it in."""
    upload = Upload(
        data=jpeg(seed), camera=str(room.pk), idempotency_key=key, source="camera"
    )
    account = capture.capture_account()
    return snapshot_accept(upload=upload, by=account).snapshot


def member(team: Team) -> Person:
    found = team.people.first()
    assert found
    return found


def withdraw(team: Team) -> None:
    consent_withdraw(person=member(team))


def newcomer(team: Team) -> None:
    PersonFactory.create(team=team, consented=False)


def leave(team: Team) -> None:
    Person.objects.filter(pk=member(team).pk).update(team=TeamFactory.create())


def rest(team: Team) -> None:
    pause_begin(time=Time(NOON), reason="person", by=None, person=member(team))


def switch_off(team: Team) -> None:
    Camera.objects.filter(team=team).update(active=False)


CLOSED: list[tuple[Change, str]] = [
    (withdraw, "room_no_consent"),
    (newcomer, "room_no_consent"),
    (leave, "room_team_too_small"),
    (rest, "camera_paused"),
    (switch_off, "camera_inactive"),
]


@pytest.mark.parametrize(("change", "code"), CLOSED)
def test_intake_refuses_and_names_nobody(
    room: Camera, team: Team, change: Change, code: str
) -> None:
    change(team)
    with pytest.raises(Refused) as refused:
        taken(room)
    assert (refused.value.code, refused.value.status) == (code, 403)
    assert not any(row.name in refused.value.message for row in Person.objects.all())
    assert not Snapshot.objects.exists()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "room_camera"),
        ({"source": "device"}, "room_camera"),
        ({"person": "F1"}, "camera_of_another_person"),
        ({"source": "camera", "data": b"<html>"}, "not_an_image"),
        ({"source": "camera", "taken_at": NOON + timedelta(hours=1)}, "time_in_future"),
    ],
)
def test_the_door_checks_pictures_of_rooms_as_all_others(
    room: Camera, admin: User, fields: dict[str, Any], code: str
) -> None:
    PersonFactory.create(number="F1")
    asked = {"data": jpeg(), "camera": "Hall"} | fields
    with pytest.raises(Refused) as refused:
        snapshot_accept(upload=Upload(**asked), by=admin)
    assert refused.value.code == code


def test_who_may_send_only_their_own_cannot_find_the_room(room: Camera) -> None:
    user = User.objects.create_user("ada")
    Person.objects.filter(pk=member(room.team).pk).update(user=user)  # type: ignore[arg-type]
    with pytest.raises(Refused) as refused:
        snapshot_accept(upload=Upload(data=jpeg(), camera="Hall"), by=user)
    assert refused.value.code == "unknown_camera"


def test_a_room_is_fetched_by_schedule_into_a_sealed_picture_of_nobody(
    room: Camera, team: Team
) -> None:
    (claim,) = due()
    fetcher = FakeFetcher()
    assert capture.camera_capture(claim=claim, fetcher=fetcher) == Camera.State.OK
    snapshot = Snapshot.objects.get()
    assert (snapshot.person, snapshot.team, snapshot.camera) == (None, team, room)
    assert snapshot.crew == crew_of(team.pk).mark
    sealed = bytes(SnapshotImage.objects.get().sealed)
    assert fetcher.data not in sealed
    assert vault.unseal(sealed)[:2] == b"\xff\xd8"


@pytest.mark.parametrize("change", [withdraw, newcomer, leave, rest, switch_off])
def test_a_closed_room_is_not_asked(room: Camera, team: Team, change: Change) -> None:
    (claim,) = due()
    change(team)
    fetcher = FakeFetcher()
    assert capture.camera_capture(claim=claim, fetcher=fetcher) is None
    Camera.objects.update(next_at=NOON, slot_at=None)
    assert due() == []
    assert fetcher.asked == []


@pytest.mark.parametrize("change", [withdraw, newcomer, leave, rest, switch_off])
def test_a_room_that_closes_while_it_is_asked_gives_nothing(
    room: Camera, team: Team, change: Change
) -> None:
    (claim,) = due()
    fetcher = FakeFetcher(meanwhile=lambda: change(team))
    assert capture.camera_capture(claim=claim, fetcher=fetcher) is None
    assert not Snapshot.objects.exists()
    assert not CameraDay.objects.exists()


def test_the_pause_of_a_member_ends_the_rest_of_the_room(
    room: Camera, team: Team
) -> None:
    pause = pause_begin(time=Time(NOON), reason="leave", by=None, person=member(team))
    room.refresh_from_db()
    assert room.next_at is None
    pause.delete()
    camera_reschedule(camera=room)
    room.refresh_from_db()
    assert room.next_at == NOON + timedelta(minutes=10)


def test_a_closed_room_is_not_silent(room: Camera, team: Team) -> None:
    long_ago = NOON - timedelta(days=1)
    Camera.objects.update(seen_at=long_ago, expected_from=long_ago)
    assert silent_cameras(now=NOON) == [room]
    withdraw(team)
    assert silent_cameras(now=NOON) == []


@pytest.mark.parametrize("change", [withdraw, newcomer, leave, rest, switch_off])
def test_sql_and_words_agree_on_who_is_looked_at(
    room: Camera, team: Team, change: Change
) -> None:
    change(team)
    is_open = crew_of(team.pk).problem is None
    assert Team.objects.with_open_rooms().contains(team) is is_open
    assert Camera.objects.consented().contains(room) is is_open


def test_faces_are_kept_as_nobodys_readings(room: Camera, engine: FakeEngine) -> None:
    engine.frames = [frame(*reversed(FIVE))]
    snapshot = taken(room)
    analysis.analyse_waiting()
    snapshot.refresh_from_db()
    assert (snapshot.status, snapshot.faces_found) == ("done", None)
    rows = list(RoomReading.objects.values_list("angry", "reason"))
    # In the order of what they show, not of their size or place.
    sad = [(SAD.angry, "uncertain"), (SAD.angry, ""), (SAD.angry, "")]
    assert rows == [(HAPPY.angry, ""), *sad]
    assert not SnapshotImage.objects.exists()
    assert not Reading.objects.exists()
    assert not DailySummary.objects.exists()


def test_nothing_that_is_stored_of_a_face_points_to_a_person_or_a_place() -> None:
    names = {field.name for field in RoomReading._meta.get_fields()}
    assert names == {
        *("id", "snapshot", "team", "taken_at", "number", "model", "usable", "reason"),
        *("angry", "happy", "neutral", "sad", "surprise"),
    }


@pytest.mark.parametrize("faces", [[], FIVE[:1], FIVE[:2], FIVE[1:]])
def test_fewer_than_three_usable_faces_leave_nothing_but_the_cameras_health(
    room: Camera, engine: FakeEngine, faces: list[Any]
) -> None:
    engine.frames = [frame(*faces)]
    snapshot = taken(room)
    analysis.analyse_waiting()
    snapshot.refresh_from_db()
    assert (snapshot.status, snapshot.reason) == ("done", "too_few_faces")
    assert snapshot.faces_found is None
    assert not RoomReading.objects.exists()
    assert not RoomDay.objects.exists()
    assert not SnapshotImage.objects.exists()
    day = CameraDay.objects.get()
    assert (day.faces, day.no_face) == (len(faces), int(not faces))


def test_the_day_is_summed_up_by_bins(
    room: Camera, engine: FakeEngine, clock: Any
) -> None:
    engine.frames = [frame(*FIVE), frame(face(), face(), face(), face(HAPPY))]
    taken(room, "1")
    clock.shift(timedelta(minutes=10))
    taken(room, "2", seed=1)
    analysis.analyse_waiting()
    day = RoomDay.objects.get()
    assert (day.bins, day.pictures, day.faces, day.unsure) == (2, 2, 7, 1)
    assert day.weight_sum == pytest.approx(1 / 3 + 1 / 4)
    assert day.sad_sum == pytest.approx((0.7 * 2 + 0.025) / 3 + (0.7 * 3 + 0.025) / 4)
    before = RoomDay.objects.values().get() | {"id": 0}
    assert rebuild() == 1
    assert RoomDay.objects.values().get() | {"id": 0} == before


def test_another_formula_counts_other_faces(room: Camera, engine: FakeEngine) -> None:
    engine.frames = [frame(*FIVE)]
    taken(room)
    analysis.analyse_waiting()
    bold = Formula.objects.create(name="bold", min_confidence=0.3, since=NOON.date())
    strict = Formula.objects.create(name="strict", min_confidence=0.75)
    strict.since = NOON.date()
    assert rebuild(formula=bold) == rebuild(formula=strict) == 1
    faces = dict(RoomDay.objects.values_list("formula", "faces"))
    # Under the strict one a single face would be left, which is none at all.
    assert faces == {Formula.BUILT_IN: 3, "bold": 4}


def test_a_picture_that_is_fetched_again_is_one(
    room: Camera, engine: FakeEngine
) -> None:
    engine.frames = [frame(*FIVE)]
    assert taken(room) == taken(room)
    analysis.analyse_waiting()
    assert Snapshot.objects.count() == 1
    assert RoomReading.objects.count() == 4


def test_results_of_a_lost_claim_are_dropped(room: Camera, engine: FakeEngine) -> None:
    engine.frames = [frame(*FIVE)]
    taken(room)
    lease = timedelta(seconds=60)
    slow, _ = Snapshot.objects.claim(limit=32, lease=lease)
    Snapshot.objects.update(claimed_at=NOON - timedelta(hours=1))
    analysis.analyse_waiting()
    analysis.batch_analyse(slow)
    assert RoomReading.objects.count() == 4
    assert RoomDay.objects.get().pictures == 1
    assert CameraDay.objects.get().faces == 5


def test_the_database_keeps_a_second_reading_out(
    room: Camera, engine: FakeEngine
) -> None:
    engine.frames = [frame(*FIVE)]
    taken(room)
    analysis.analyse_waiting()
    row = RoomReading.objects.all()[0]
    row.pk = None
    with transaction.atomic(), pytest.raises(IntegrityError):
        row.save(force_insert=True)


@pytest.mark.parametrize("who", [{}, {"person": True, "team": True}])
def test_a_snapshot_is_of_a_person_or_of_a_room(
    room: Camera, team: Team, who: dict[str, bool]
) -> None:
    whose = {"person": member(team), "team": team}
    with transaction.atomic(), pytest.raises(IntegrityError):
        Snapshot.objects.create(
            taken_at=NOON, received_at=NOON, **{name: whose[name] for name in who}
        )


@pytest.mark.parametrize("change", [withdraw, newcomer, leave])
@pytest.mark.parametrize("is_claimed", [True, False])
def test_a_change_on_the_way_leaves_nothing_behind(
    room: Camera, team: Team, engine: FakeEngine, change: Change, is_claimed: bool
) -> None:
    engine.frames = [frame(*FIVE)]
    PersonFactory.create(team=team)  # so that one who leaves closes nothing
    snapshot = taken(room)
    token = None
    if is_claimed:
        token, _ = Snapshot.objects.claim(limit=32, lease=timedelta(seconds=60))
    change(team)
    if token:
        analysis.batch_analyse(token)
    else:
        analysis.analyse_waiting()
    snapshot.refresh_from_db()
    assert (snapshot.status, snapshot.reason) == ("skipped", "consent_withdrawn")
    assert not RoomReading.objects.exists()
    assert not SnapshotImage.objects.exists()
