"""A recomputation that is killed again and again while pictures keep coming."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import zlib
from collections import Counter
from collections.abc import Iterator

import pytest

from bench.stack import Stack, query
from tests.ops.killed import Work, ask, installation
from tests.ops.processes import wait_until

pytestmark = pytest.mark.slow

PEOPLE, DAYS, KILLS = 240, 4, 3
SETUP = f"""
from django.utils import timezone
from monitor.models import Organisation
from tests.factories import PersonFactory, TeamFactory, reading_series
Organisation.objects.create(name="Works")
today = timezone.localdate()
for person in PersonFactory.create_batch({PEOPLE}, team=TeamFactory.create()):
    stress = [(person.pk * 7 + n) % 10 / 10 for n in range({DAYS})]
    reading_series(person, stress=stress, until=today, per_day=2)
result = None
"""
ADD = """
from monitor.scoring import Weights
from monitor.services.formulas import Numbers, formula_add
formula_add(name=%r, numbers=Numbers(Weights(sad=0.5), 0.6), by="me")
result = None
"""
# All that is there, and all that a recomputation from nothing makes of the readings.
RESULTS = """
from monitor.models import DailySummary, Formula, Person, Recomputation
from monitor.services.summaries import person_rebuild
from tests.ops.killed import plain
names = [f.attname for f in DailySummary._meta.concrete_fields]
names = [name for name in names if name not in ("id", "updated_at")]
two = ["1", %r]
def stored():
    rows = DailySummary.objects.filter(formula__in=two)
    rows = rows.order_by("formula", "person", "day", "model")
    return [[plain(value) for value in row] for row in rows.values_list(*names)]
found = stored()
DailySummary.objects.filter(formula__in=two).delete()
for formula in Formula.objects.filter(name__in=two):
    for pk in Person.objects.values_list("pk", flat=True):
        person_rebuild(person_id=pk, formula=formula)
result = {
    "found": found, "anew": stored(),
    "runs": list(Recomputation.objects.values_list("formula", "state")),
}
"""
# As if the two minutes of silence were over.
SILENT = "UPDATE monitor_recomputation SET alive_at = '2000-01-01 00:00:00'"
# The person that the newest run was at, and its days.
RUN = "SELECT last_person, days, alive_at FROM monitor_recomputation ORDER BY id DESC"


@pytest.fixture(scope="module")
def running() -> Iterator[Stack]:
    """People and readings under the first formula."""
    with installation() as running:
        query(running, SETUP)
        yield running


@pytest.fixture
def work(running: Stack, request: pytest.FixtureRequest) -> Work:
    """A recomputation under a formula that nothing is summed up under yet."""
    name = f"f{zlib.crc32(request.node.name.encode())}"
    query(running, ADD % name)
    runs = f"monitor_recomputation WHERE formula_id = '{name}'"
    at = f"SELECT max(last_person) FROM {runs}"
    words = ("recompute", "--formula", name)
    return Work(running, words, "monitor_person", f"id <= ({at})")


@contextlib.contextmanager
def incoming(running: Stack) -> Iterator[None]:
    """Pictures come and are read, until all is over."""
    end, before = running.folder / "end", running.count("monitor_reading")
    running.start("incoming", "tests.ops.incoming", str(end))
    try:
        assert wait_until(lambda: running.count("monitor_reading") > before + 5)
        yield
    finally:
        end.touch()
        code = running.processes.pop("incoming").wait(60)
        assert code == 0, (running.folder / "incoming.log").read_text()


def killed_often(work: Work) -> list[int]:
    """People done after each kill."""
    done = []
    for _ in range(KILLS):
        ended = work.end_halfway(signal.SIGKILL, (PEOPLE // 8, PEOPLE // 4))
        assert ended.returncode == -signal.SIGKILL, ended.stdout + ended.stderr
        done.append(work.done())
        if len(done) == 1:
            _, said = work.start().communicate(timeout=60)
            assert "one that died can be taken over after 120" in said
        ask(work.running, SILENT)
    return done


def check(work: Work) -> None:
    """Nothing twice, nothing lost, and what was there before is there still."""
    name = work.words[-1]
    found = query(work.running, RESULTS % name)
    keys = [tuple(row[:4]) for row in found["found"]]
    assert len(set(keys)) == len(keys)
    formulas = Counter(key[3] for key in keys)
    assert formulas["1"] == formulas[name] >= PEOPLE * DAYS
    assert found["found"] == found["anew"]
    assert found["runs"].count([name, "done"]) == 1


def test_killed_three_times_among_pictures_it_ends_as_if_never_stopped(
    work: Work,
) -> None:
    running = work.running
    before = running.count("monitor_reading")
    with incoming(running):
        done = killed_often(work)
    assert 0 < done[0] < done[1] < done[2] < PEOPLE
    assert running.count("monitor_reading") > before + 50
    _, noted, _ = ask(running, RUN)
    said = running.manage(*work.words)
    days, people = map(int, re.findall(r"(\d+) days of (\d+) people", said)[0])
    assert people == PEOPLE - done[-1]
    assert "after those of the run that was stopped" in said
    assert ask(running, RUN)[1] == noted + days
    check(work)
    words = ("--compare", "1", work.words[-1], "--json")
    compared = json.loads(running.manage("recompute", *words))
    assert compared["people"] == PEOPLE
    assert 0 < compared["days_changed"] < compared["days"]


def test_ctrl_c_ends_it_with_a_word_and_the_next_goes_on_at_once(work: Work) -> None:
    ended = work.end_halfway(signal.SIGINT, (PEOPLE // 8, PEOPLE // 2))
    assert ended.returncode == 130, ended.stderr
    said = "stopped; the same command goes on where it was"
    assert ended.stderr.splitlines()[-1].endswith(said)
    assert "Traceback" not in ended.stderr
    done = work.done()
    assert 0 < done < PEOPLE
    assert ask(work.running, RUN)[2] is None
    said = work.running.manage(*work.words)
    assert f"of {PEOPLE - done} people summed up" in said
    check(work)
