"""A minute of real faces: the timeline follows the expressions in their order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import cycle, islice
from pathlib import Path

import cv2
import numpy as np
import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from inference import EMOTIONS
from monitor.models import Person
from monitor.services import analysis, videos
from monitor.services.videos import Film
from monitor.video_selectors import Point, video_page
from tests.films import film
from tests.inference.shared import shared_data

# Angry is left out: on these studio pictures no model here tells it from neutral.
ORDER = ("neutral", "happy", "sad", "surprise", "happy", "neutral")
STRETCH, RATE, HELD = 10, 10, 2  # seconds, pictures a second, seconds of one face


def acted(folder: Path) -> Iterator[np.ndarray]:
    """Ten seconds of each expression, a new face every two."""
    faces = {name: cycle(sorted((folder / name).iterdir())) for name in set(ORDER)}
    for name in ORDER:
        for path in islice(faces[name], STRETCH // HELD):
            picture = cv2.imread(str(path))
            assert picture is not None
            yield from [cv2.resize(picture, (480, 480))] * (HELD * RATE)


def leading(points: list[Point]) -> str:
    """The emotion of the highest mean probability."""
    read = [point.probabilities for point in points if point.probabilities]
    return EMOTIONS[int(np.mean(read, axis=0).argmax())]


@pytest.mark.model
def test_a_minute_of_faces_reads_as_it_was_acted(
    tmp_path: Path, person: Person, admin: User
) -> None:
    path = film(tmp_path / "acted.avi", acted(shared_data("jaffe")), rate=RATE)
    begun = timezone.now().replace(minute=1, second=0) - timedelta(hours=2)
    what = Film("acted.avi", path.stat().st_size, begun, every=2)
    video = videos.video_take_in(path=path, person=person, film=what, by=admin)
    videos.videos_read()
    analysis.analyse_waiting()
    page = video_page(video=video)
    assert len(page.points) == len(ORDER) * STRETCH / 2
    stretches = [
        [p for p in page.points if n * STRETCH <= p.seconds < (n + 1) * STRETCH]
        for n in range(len(ORDER))
    ]
    assert tuple(leading(points) for points in stretches) == ORDER
    assert len(page.stretches) == 1
