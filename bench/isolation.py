"""What somebody who knows who was in a team learns about one person from its figures.

    python -m bench.isolation [--teams N] [--json]

Invented teams over a year of fortnights. People have a level, Beta(2, 6), and move
around it by 0.05 (sd) from block to block; some are away, some leave for good and are
replaced. The attacker knows exactly who contributed to which figure, and that everybody
is drawn from that distribution. Their guess of a person's level is the best linear one,
fitted on the true levels of the very people it is tried on, which no real attacker has:

* without: from the mean of both figures;
* with: from their difference, times the number of people, as well.

`neighbours` are two figures in a row of groups that differ by one person alone;
`leaver` compares the means of all figures before and after somebody left for good. The
`gain` is the share of the error (root mean square) that the difference takes away, the
`width_gain` that which the difference of the widths of the intervals does; `chance` is
the gain that a random number in its place exceeds once in a hundred times. `off` is the
mean distance of what is shown from the mean of those who are there, `covered` how often
the interval holds 0.25, the mean of the distribution.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from statistics import fmean
from typing import NamedTuple

import numpy as np

from monitor.periods import BLOCK, FIRST_BLOCK
from monitor.team_scoring import Earlier, Member, team_figures

BLOCKS = 26
K = 8
SIZES = range(9, 21)
NOISE_SD = 0.05
AWAY = 0.1
LEAVES = 0.15 / BLOCKS
CHANCE = 6.7  # 99 % point of F with 1 and some hundred degrees of freedom

People = dict[int, float]  # ratio of each who has data


@dataclass(frozen=True)
class Team:
    """Levels of everybody who ever was in it, and who has data in each block."""

    levels: People
    blocks: list[People]
    last: dict[int, int]  # the last block of those who left


class Shown(NamedTuple):
    figure: float
    low: float
    high: float


Series = list[Shown | None]


def team_of(rng: Random) -> Team:
    size = rng.choice(SIZES)
    levels: People = {}
    last: dict[int, int] = {}
    now = list(range(size))
    blocks = []
    for block in range(BLOCKS):
        for place, person in enumerate(now):
            if block and rng.random() < LEAVES:
                last[person] = block - 1
                now[place] = size + len(last) - 1
        for person in now:
            levels.setdefault(person, rng.betavariate(2, 6))
        there = [person for person in now if rng.random() >= AWAY]
        blocks.append(
            {i: min(1.0, max(0.0, rng.gauss(levels[i], NOISE_SD))) for i in there}
        )
    return Team(levels, blocks, last)


def exact(team: Team) -> Series:
    """Unguarded: the mean of who is there."""
    means = [fmean(block.values()) if block else 0.0 for block in team.blocks]
    return [
        Shown(mean, mean, mean) if len(block) >= K else None
        for mean, block in zip(means, team.blocks, strict=True)
    ]


def rounded(team: Team) -> Series:
    """As before this rule: k people, five points."""
    return [row and Shown(*(round(20 * x) / 20 for x in row)) for row in exact(team)]


def one_step(team: Team) -> Series:
    """Rounded, and withheld where one person moves the rounded mean by two steps."""
    series = rounded(team)
    return [
        row if row and max(_moves(block, row.figure)) < 1.5 / 20 else None
        for block, row in zip(team.blocks, series, strict=True)
    ]


def linked(team: Team) -> Series:
    """What the product shows."""
    series: Series = []
    earlier: list[Earlier] = []
    based: set[int] = set()
    for n, block in enumerate(team.blocks):
        there = {i: Member(x, x, 60, ("",)) for i, x in block.items()}
        order = sorted(
            earlier, key=lambda old: (-len(old.members.keys() & there), old.day)
        )
        made = team_figures(there, earlier=order, based=based, k=K, seed=f"{n}")
        if made.level is None:
            series.append(None)
            continue
        if made.is_base:
            based |= there.keys()
        day = FIRST_BLOCK + n * BLOCK
        earlier.append(Earlier(day, made.level, there))
        figure, interval = made.level.stress.rounded()
        series.append(Shown(figure, *interval))
    return series


WAYS: dict[str, Callable[[Team], Series]] = {
    "exact": exact,
    "rounded": rounded,
    "one step": one_step,
    "linked": linked,
}

# Level of the person, mean of both figures, what the difference says of the person,
# difference of the widths of the intervals.
Row = tuple[float, float, float, float]


def neighbours(team: Team, series: Series) -> Iterator[Row]:
    for n, (a, b) in enumerate(zip(series, series[1:], strict=False)):
        one, two = team.blocks[n].keys(), team.blocks[n + 1].keys()
        odd = one ^ two
        if a and b and len(odd) == 1:
            (person,) = odd
            sign = 1 if person in one else -1
            count = max(len(one), len(two))
            wider = (a.high - a.low) - (b.high - b.low)
            said = sign * count * (a.figure - b.figure)
            middle = (a.figure + b.figure) / 2
            yield team.levels[person], middle, said, sign * wider


def leaver(team: Team, series: Series) -> Iterator[Row]:
    for person, last in team.last.items():
        rows = list(zip(team.blocks, series, strict=True))
        before = [row for block, row in rows[: last + 1] if row and person in block]
        after = [row for _, row in rows[last + 1 :] if row]
        if before and after:
            a = fmean(row.figure for row in before)
            b = fmean(row.figure for row in after)
            widths = [fmean(row.high - row.low for row in x) for x in (before, after)]
            said = len(team.blocks[last]) * (a - b)
            yield team.levels[person], (a + b) / 2, said, widths[0] - widths[1]


def gain(rows: list[Row], columns: list[int]) -> float:
    """Share of the error that these columns take away from the best linear guess."""
    table = np.array(rows)
    plain = [np.ones(len(rows)), table[:, 1]]
    more = [*plain, *(table[:, column] for column in columns)]
    return 1 - _error(table[:, 0], more) / _error(table[:, 0], plain)


def by_chance(n: int) -> float:
    return 1 - 1 / math.sqrt(1 + CHANCE / (n - 3))


def _error(target: np.ndarray, columns: list[np.ndarray]) -> float:
    x = np.column_stack(columns)
    fitted = x @ np.linalg.lstsq(x, target, rcond=None)[0]
    return float(np.sqrt(np.mean((target - fitted) ** 2)))


def _moves(block: People, figure: float) -> Iterator[float]:
    total, n = sum(block.values()), len(block)
    for value in block.values():
        without = round(20 * (total - value) / (n - 1)) / 20
        yield abs(without - figure)


def measure(teams: list[Team], way: str) -> dict[str, float]:
    """One line of the table: what is shown, how wrong it is, what it gives away."""
    made = [(team, WAYS[way](team)) for team in teams]
    shown = [
        (fmean(block.values()), row)
        for team, series in made
        for block, row in zip(team.blocks, series, strict=True)
        if row
    ]
    line = {
        "shown": len(shown) / (len(teams) * BLOCKS),
        "off": fmean(abs(row.figure - mean) for mean, row in shown),
        "covered": fmean(row.low <= 0.25 <= row.high for _, row in shown),
        "width": fmean(row.high - row.low for _, row in shown),
    }
    for name, attack in (("neighbours", neighbours), ("leaver", leaver)):
        rows = [found for team, series in made for found in attack(team, series)]
        line[f"{name}_n"] = len(rows)
        line[f"{name}_gain"] = gain(rows, [2])
        line[f"{name}_width_gain"] = gain(rows, [3])
        line[f"{name}_chance"] = by_chance(len(rows))
    return line


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--teams", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    options = parser.parse_args()
    rng = Random(options.seed)  # noqa: S311
    teams = [team_of(rng) for _ in range(options.teams)]
    lines = {way: measure(teams, way) for way in WAYS}
    if options.json:
        print(json.dumps(lines))
        return
    for way, line in lines.items():
        print(way, *(f"{name} {value:.3f}" for name, value in line.items()), sep="\n  ")


if __name__ == "__main__":
    main()
