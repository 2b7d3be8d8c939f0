"""Real processes, killed while they work: nothing is lost and nothing counted twice."""

from __future__ import annotations

from argparse import Namespace

import pytest
from django.conf import settings

from bench import chaos

PICTURES = 120


def problems(*, embedded: bool) -> list[str]:
    """What a run with two killed workers left wrong."""
    options = Namespace(pictures=PICTURES, clients=4, kills=2, embedded=embedded)
    found = chaos.run(options)
    assert len([fault for fault in found["faults"] if "killed" in fault]) == 2
    return chaos.problems(found, PICTURES)


@pytest.mark.slow
@pytest.mark.services
@pytest.mark.model
@pytest.mark.skipif(not settings.REDIS_URL, reason="no REDIS_URL: needs both servers")
def test_on_postgresql_and_redis_nothing_is_lost() -> None:
    assert problems(embedded=False) == []


@pytest.mark.slow
@pytest.mark.model
@pytest.mark.skipif(bool(settings.REDIS_URL), reason="runs with the embedded default")
def test_on_one_machine_nothing_is_lost() -> None:
    assert problems(embedded=True) == []
