"""How the invented pictures look, and whose camera stands too far away: pure.

* Each camera has a usual size of faces, light and sharpness of its own; light is best
  at noon. What a picture was refused for shows in these figures, beyond the limits of
  `inference.quality.Gate`.
* One person's camera was moved away four working days before the end: most of its
  faces are too small since then, and the others are small.
* One person's camera was exchanged five weeks before the end, which moves nothing here
  but begins their baseline anew.

Drawn apart from `monitor.demo_data`, so that people stay the same whatever is changed
here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from random import Random
from typing import NamedTuple

from monitor.demo_data import Picture, Plan, Role

FAR_DAYS = 4
FAR_SMALL = 0.7
EXCHANGED_DAYS = 25


class Sight(NamedTuple):
    """A face in a picture: its side in pixels, detail, and light of 0 to 255."""

    side: int
    sharpness: float
    brightness: float


class Changed(NamedTuple):
    """Whose camera was moved away, and whose was exchanged."""

    far: Plan | None
    exchanged: Plan | None


def changed(plans: Iterable[Plan]) -> Changed:
    """People without a part of their own, there to the end; None where they lack."""
    last = range(FAR_DAYS)
    usual = (
        plan
        for plan in plans
        if plan.role is Role.USUAL and all(map(plan.is_there, last))
    )
    return Changed(next(usual, None), next(usual, None))


def seen_from_afar(
    pictures: Iterable[Picture], *, since: date, seed: int
) -> Iterator[Picture]:
    """The same pictures, most of them refused from the day `since` on."""
    rng = Random(f"{seed}:far")  # noqa: S311
    for picture in pictures:
        is_far = picture.taken_at.date() >= since and picture.scores is not None
        if is_far and rng.random() < FAR_SMALL:
            yield picture._replace(reason="too_small")
        else:
            yield picture


def sights(
    pictures: Sequence[Picture], plan: Plan, *, seed: int, far_since: date | None
) -> list[Sight]:
    """How each of a person's pictures looks."""
    rng = Random(f"{seed}:{plan.index}:sights")  # noqa: S311
    side, light, detail = (
        rng.uniform(120, 220),
        rng.uniform(95, 145),
        rng.uniform(40, 110),
    )
    found = []
    for picture in pictures:
        at = picture.taken_at
        is_far = far_since is not None and at.date() >= far_since
        usual = Sight(
            side=round((34 if is_far else side) * rng.uniform(0.92, 1.08)),
            sharpness=round(detail * rng.uniform(0.75, 1.25), 1),
            brightness=round(light - 3 * abs(at.hour - 12) + rng.gauss(0, 6), 1),
        )
        found.append(_refused(usual, picture.reason, rng))
    return found


def _refused(usual: Sight, reason: str, rng: Random) -> Sight:
    if reason == "too_small":
        return usual._replace(side=rng.randrange(20, 28))
    if reason == "blurred":
        return usual._replace(sharpness=round(rng.uniform(0.5, 1.9), 1))
    if reason == "too_dark":
        return usual._replace(brightness=round(rng.uniform(3, 9.5), 1))
    return usual
