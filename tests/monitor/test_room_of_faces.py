"""A room of real faces, from the camera to the sums of the day."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.models import Camera, DailySummary, Reading, RoomDay, RoomReading, Snapshot
from monitor.services import analysis
from monitor.services.capture import camera_capture
from tests.inference.shared import shared_data
from tests.monitor.test_capture import FakeFetcher, due
from tests.monitor.test_rooms import clock, room, team

__all__ = ["clock", "room", "team"]

SIDE = 480


def room_picture(folder: Path, count: int) -> bytes:
    """A JPEG with so many happy people, three beside each other."""
    happy = sorted((folder / "happy").iterdir())
    # One of each: the first letters of a name are the person's.
    people = list({path.name[:2]: path for path in happy}.values())[:count]
    faces = [
        cv2.resize(np.asarray(cv2.imread(str(path))), (SIDE, SIDE)) for path in people
    ]
    blank = np.full_like(faces[0], 128)
    faces += [blank] * (-count % 3)
    rows = [np.hstack(faces[n : n + 3]) for n in range(0, len(faces), 3)]
    ok, data = cv2.imencode(".jpg", np.vstack(rows))
    assert ok
    return data.tobytes()


@pytest.mark.model
def test_a_room_of_faces_becomes_a_days_sums_and_nobodys_reading(room: Camera) -> None:
    picture = room_picture(shared_data("jaffe"), 6)
    (claim,) = due()
    assert camera_capture(claim=claim, fetcher=FakeFetcher(data=picture)) == "ok"
    analysis.analyse_waiting()
    snapshot = Snapshot.objects.get()
    assert (snapshot.status, snapshot.reason) == ("done", "")
    day = RoomDay.objects.get()
    assert 5 <= day.faces <= RoomReading.objects.count() <= 6
    assert day.happy_sum > 0.6
    assert not Reading.objects.exists()
    assert not DailySummary.objects.exists()


@pytest.mark.model
def test_two_people_in_a_room_leave_nothing(room: Camera) -> None:
    picture = room_picture(shared_data("jaffe"), 2)
    (claim,) = due()
    camera_capture(claim=claim, fetcher=FakeFetcher(data=picture))
    analysis.analyse_waiting()
    assert Snapshot.objects.get().reason == "too_few_faces"
    assert not RoomReading.objects.exists()
