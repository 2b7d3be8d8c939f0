# factory_boy types its declarations only in part.
# mypy: allow-untyped-calls, allow-untyped-decorators
"""Rows for tests. Nothing in them is random: a test names what it depends on."""

from __future__ import annotations

from collections import abc
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.contrib.auth.models import User
from factory.declarations import SelfAttribute, Sequence, SubFactory, Trait
from factory.django import DjangoModelFactory
from factory.helpers import post_generation

from inference import EMOTIONS
from monitor.models import (
    Camera,
    Consent,
    DailySummary,
    Organisation,
    Person,
    Reading,
    Snapshot,
    Team,
)
from monitor.periods import last_working_days
from monitor.scoring import FORMULA
from monitor.services.roles import roles_ensure
from monitor.services.summaries import summaries_refresh

# A Friday, so that the days around it are easy to count.
FRIDAY = date(2026, 3, 20)
NOON = datetime(2026, 3, 20, 12, tzinfo=UTC)
MODEL = "test@00000001"


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User
        skip_postgeneration_save = True

    username = Sequence(lambda n: f"user{n}")

    @post_generation
    def occupational_health(self: Any, create: bool, wanted: Any, **_: Any) -> None:
        if wanted:
            self.groups.add(roles_ensure())


class TeamFactory(DjangoModelFactory[Team]):
    class Meta:
        model = Team

    name = Sequence(lambda n: f"Team {n}")


class PersonFactory(DjangoModelFactory[Person]):
    """Consented unless `consented=False`."""

    class Meta:
        model = Person
        skip_postgeneration_save = True

    number = Sequence(lambda n: f"F{n:04d}")
    name = Sequence(lambda n: f"Person {n:04d}")
    team = SubFactory(TeamFactory)

    @post_generation
    def consented(self: Any, create: bool, wanted: Any, **_: Any) -> None:
        if wanted is not False:
            Consent.objects.create(person=self, given_at=NOON - timedelta(days=365))


class CameraFactory(DjangoModelFactory[Camera]):
    class Meta:
        model = Camera

    name = Sequence(lambda n: f"Camera {n}")
    person = SubFactory(PersonFactory)


class SnapshotFactory(DjangoModelFactory[Snapshot]):
    class Meta:
        model = Snapshot

    class Params:
        analysed = Trait(
            status=Snapshot.Status.DONE,
            finished_at=SelfAttribute("received_at"),
            faces_found=1,
            attempts=1,
        )

    person = SubFactory(PersonFactory)
    source = Snapshot.Source.API
    taken_at = NOON
    received_at = SelfAttribute("taken_at")


class ReadingFactory(DjangoModelFactory[Reading]):
    """A counted reading; `unsure=True` for one that is not usable."""

    class Meta:
        model = Reading

    class Params:
        unsure = Trait(usable=False, counted=False, reason="blurred")

    snapshot = SubFactory(
        SnapshotFactory,
        analysed=True,
        person=SubFactory(PersonFactory),
        taken_at=NOON,
    )
    person = SelfAttribute("snapshot.person")
    taken_at = SelfAttribute("snapshot.taken_at")
    face_index = 0
    model = MODEL
    angry = 0.1
    happy = 0.1
    neutral = 0.6
    sad = 0.1
    surprise = 0.1
    usable = True
    counted = True
    box_x = 10
    box_y = 20
    box_width = 120
    box_height = 120
    sharpness = 200.0
    brightness = 120.0
    detector_score = 0.9


def reading(person: Person, taken_at: datetime = NOON, **fields: Any) -> Reading:
    """One reading of a person at a time."""
    return ReadingFactory.create(
        snapshot__person=person, snapshot__taken_at=taken_at, **fields
    )


def reading_series(
    person: Person,
    *,
    stress: abc.Sequence[float | None],
    until: date = FRIDAY,
    per_day: int = 12,
    model: str = MODEL,
) -> list[date]:
    """Working days up to `until` with these stress ratios, None for a day without data.

    Each day has `per_day` bins of one reading, from nine o'clock on; what is not
    stress is neutral. The summaries are made; says which days there are.
    """
    tz = Organisation.current().tz
    days = last_working_days(len(stress), until=until)
    rows = []
    for day, value in zip(days, stress, strict=True):
        start = datetime.combine(day, time(9), tz)
        for n in range(per_day if value is not None else 0):
            rows.append((start + timedelta(minutes=5 * n), value or 0.0))
    snapshots = Snapshot.objects.bulk_create(
        SnapshotFactory.build(person=person, taken_at=moment, analysed=True)
        for moment, _ in rows
    )
    Reading.objects.bulk_create(
        ReadingFactory.build(
            snapshot=snapshot,
            model=model,
            angry=0.0,
            happy=0.0,
            neutral=1 - value,
            sad=value,
            surprise=0.0,
        )
        for snapshot, (_, value) in zip(snapshots, rows, strict=True)
    )
    summaries_refresh(person_days=[(person.pk, day) for day in days])
    return days


def block_data(
    ratios: abc.Mapping[int, float], first: date, *, model: str = MODEL, bins: int = 12
) -> None:
    """Three days of `bins` bins from a day on, for people by id: enough for a figure.

    What is not stress is half happy, half neutral.
    """
    rest = {f"{name}_{kind}": 0.0 for name in EMOTIONS for kind in ("sum", "hard")}
    DailySummary.objects.bulk_create(
        DailySummary(
            person_id=pk,
            day=first + timedelta(days=n),
            model=model,
            formula_id=FORMULA,
            bins=bins,
            counted=bins,
            unsure=0,
            **rest
            | {
                "sad_sum": bins * stress,
                "happy_sum": bins * (1 - stress) / 2,
                "neutral_sum": bins * (1 - stress) / 2,
            },
        )
        for pk, stress in ratios.items()
        for n in range(3)
    )
