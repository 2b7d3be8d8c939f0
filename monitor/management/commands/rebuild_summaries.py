"""Recompute day summaries, of people and of cameras, from readings."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from tqdm import tqdm

from monitor.management.interruption import interruptible
from monitor.models import Camera, Person
from monitor.services.camera_days import camera_days_rebuild
from monitor.services.room_days import rooms_rebuild
from monitor.services.summaries import person_rebuild

AGAIN = "what is done stays; the same command begins anew"
BAR: dict[str, Any] = {"unit": "person", "disable": None}


class Command(BaseCommand):
    help = (
        "Recompute all day summaries from the readings. Each person is done at once, "
        "so it may be stopped and run again at any time."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--person", help="only the person with this number")

    def handle(self, *args: Any, **options: Any) -> None:
        people = Person.objects.order_by("pk")
        if options["person"]:
            people = people.filter(number=options["person"])
        ids = list(people.values_list("pk", flat=True))
        progress = tqdm(interruptible(ids, AGAIN), total=len(ids), **BAR)
        days = sum(person_rebuild(person_id=pk) for pk in progress)
        self.stdout.write(f"{days} days of {len(ids)} people")
        cameras = Camera.objects.order_by("pk")
        if options["person"]:
            cameras = cameras.filter(person__number=options["person"])
        rebuilt = (camera_days_rebuild(camera=camera) for camera in cameras)
        days = sum(interruptible(rebuilt, AGAIN))
        self.stdout.write(f"{days} days of {len(cameras)} cameras")
        if not options["person"]:
            self.stdout.write(f"{rooms_rebuild()} days of rooms")
