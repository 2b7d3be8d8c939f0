"""Recompute day summaries, of people and of cameras, from readings."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any, TypeVar

from django.core.management.base import BaseCommand, CommandParser
from tqdm import tqdm

from monitor.management.interruption import interruptible
from monitor.models import Camera, Person
from monitor.services.camera_days import camera_days_rebuild
from monitor.services.room_days import room_piece_rebuild, room_pieces
from monitor.services.summaries import person_rebuild

T = TypeVar("T")
AGAIN = "what is done stays; the same command begins anew"


class Command(BaseCommand):
    help = (
        "Recompute all day summaries from the readings. Each person is done at once, "
        "so it may be stopped and run again at any time."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--person", help="only the person with this number")

    def handle(self, *args: Any, **options: Any) -> None:
        for _ in interruptible(self._rebuild(options["person"]), AGAIN):
            pass

    def _rebuild(self, number: str | None) -> Iterator[None]:
        people = Person.objects.order_by("pk")
        cameras = Camera.objects.order_by("pk")
        if number:
            people = people.filter(number=number)
            cameras = cameras.filter(person__number=number)
        ids = list(people.values_list("pk", flat=True))
        days = yield from _each(ids, lambda pk: person_rebuild(person_id=pk), "person")
        self.stdout.write(f"{days} days of {len(ids)} people")
        rows = list(cameras)
        days = yield from _each(
            rows, lambda camera: camera_days_rebuild(camera=camera), "camera"
        )
        self.stdout.write(f"{days} days of {len(rows)} cameras")
        if not number:
            days = yield from _each(
                room_pieces(), lambda piece: room_piece_rebuild(piece=piece), "piece"
            )
            self.stdout.write(f"{days} days of rooms")


def _each(
    rows: Sequence[T], rebuild: Callable[[T], int], unit: str
) -> Generator[None, None, int]:
    """Days in all; stops before each row, because behind the last nothing is left."""
    days = 0
    for row in tqdm(rows, unit=unit, disable=None if rows else True):
        yield
        days += rebuild(row)
    return days
