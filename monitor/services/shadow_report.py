"""What would change if the shadow were activated, from the pictures both have read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.utils import timezone

from inference import EMOTIONS
from monitor.counting import is_counted
from monitor.models import (
    AccessEntry,
    Formula,
    ModelVersion,
    Organisation,
    Person,
    ShadowReading,
)
from monitor.scoring import Five
from monitor.services.access import access_record
from monitor.shadow_scoring import Look, Pair, PersonFigures, Tally, person_figures

SHOWN = 20


class NothingToCompare(Exception):
    """There are no pairs; the message says what to do."""


@dataclass(frozen=True, slots=True)
class ShadowReport:
    """Both models on the same faces; `people` by the size of their difference."""

    live: str
    shadow: str
    formula: str
    failures: int
    days: int
    figures: dict[str, Any]
    people: list[tuple[str, PersonFigures]]

    @property
    def changed(self) -> list[str]:
        return [number for number, row in self.people if row.flags_change]

    def as_dict(self) -> dict[str, Any]:
        people = [{"person": number, **row.as_dict()} for number, row in self.people]
        return {
            "live": self.live,
            "shadow": self.shadow,
            "formula": self.formula,
            "shadow_failures": self.failures,
            "days": self.days,
            **self.figures,
            "flags_live": sum(len(row.live_flags) for _, row in self.people),
            "flags_shadow": sum(len(row.shadow_flags) for _, row in self.people),
            "people_whose_flags_change": len(self.changed),
            "people": people,
        }


def shadow_report(
    *,
    version: ModelVersion | None,
    days: int,
    formula: Formula,
    progress: Callable[[Iterable[Any]], Iterable[Any]] = iter,
) -> ShadowReport:
    """Compare a version (the running shadow, else the last that ran) with the model
    whose readings its newest pairs belong to, over the last `days`, under a formula:
    its weights, and the largest probability that it asks of a face that counts.

    Only people with a current consent are in it; each of them gets an access entry.
    Raises NothingToCompare.
    """
    found = _rows(days)
    last = _newest(found.filter(version=version) if version else found, days)
    live = last.reading.model
    pairs = found.filter(version=last.version, reading__model=live)
    count = _Counting(
        formula, Organisation.current().tz, Tally(weights=formula.weights)
    )
    people = list(_people(pairs, count, progress))
    people.sort(key=lambda row: -abs(row[2].difference or 0.0))
    access_record(
        actor=AnonymousUser(),  # the command line
        people=[pk for pk, _, _ in people],
        action=AccessEntry.Action.REPORT,
    )
    return ShadowReport(
        live=live,
        shadow=last.version.version,
        formula=formula.name,
        failures=last.version.shadow_failures,
        days=days,
        figures=count.tally.figures(),
        people=[(number, row) for _, number, row in people],
    )


def _rows(days: int) -> QuerySet[ShadowReading]:
    since = timezone.now() - timedelta(days=days)
    consented = Person.objects.consented().order_by()
    return ShadowReading.objects.filter(
        at__gte=since, reading__person__in=consented.values("pk")
    )


def _newest(rows: QuerySet[ShadowReading], days: int) -> ShadowReading:
    last = rows.order_by("-pk").select_related("reading", "version").first()
    if last is None:
        raise NothingToCompare(
            f"no shadow has read anything in the last {days} days; start one with "
            "`manage.py models shadow VERSION` and let it run"
        )
    return last


@dataclass(frozen=True, slots=True)
class _Counting:
    """What is counted, and how."""

    formula: Formula
    tz: ZoneInfo
    tally: Tally

    def look(self, scores: Five, usable: bool, reason: str) -> Look:
        least = self.formula.min_confidence
        counts = is_counted(scores, counted=usable, reason=reason, least=least)
        return Look(scores, counts)


def _people(
    rows: QuerySet[ShadowReading],
    count: _Counting,
    progress: Callable[[Iterable[Any]], Iterable[Any]],
) -> Iterator[tuple[int, str, PersonFigures]]:
    """One person after the other, so that memory holds the pairs of one only."""
    live = [f"reading__{emotion}" for emotion in EMOTIONS]
    ordered = rows.order_by("reading__person_id", "reading__taken_at", "pk")
    values = ordered.values_list(
        "reading__person_id",
        "reading__person__number",
        "reading__taken_at",
        "reading__usable",
        "reading__reason",
        "usable",
        "reason",
        *live,
        *EMOTIONS,
    ).iterator(chunk_size=5000)
    for (pk, number), group in groupby(progress(values), key=lambda row: row[:2]):
        pairs = [_pair(row, count) for row in group]
        for pair in pairs:
            count.tally.add(pair)
        yield pk, number, person_figures(pairs, count.tz, count.formula.weights)


def _pair(row: Any, count: _Counting) -> Pair:
    _, _, taken_at, usable, reason, shadow_usable, shadow_reason, *scores = row
    angry, happy, neutral, sad, surprise = scores[:5]
    live = count.look((angry, happy, neutral, sad, surprise), usable, reason)
    angry, happy, neutral, sad, surprise = scores[5:]
    five = (angry, happy, neutral, sad, surprise)
    return Pair(taken_at, live, count.look(five, shadow_usable, shadow_reason))


def report_text(report: ShadowReport) -> Iterator[str]:
    """The report for people, line by line."""
    f = report.figures
    yield f"live    {report.live}"
    yield f"shadow  {report.shadow}, {report.failures} failed batches"
    yield f"formula {report.formula}"
    yield f"faces that both read in the last {report.days} days: {f['pairs']}"
    yield f"of these both are sure of: {f['both_usable']}"
    unsure = f"live {_share(f['live_unsure'])}, shadow {_share(f['shadow_unsure'])}"
    yield f"unsure: {unsure}"
    yield f"same label: {_share(f['agreement'])}"
    yield f"mean difference of a stress probability: {_figure(f['stress_difference'])}"
    yield f"stability index of the stress probability: {_figure(f['stress_psi'])}"
    yield ""
    yield "class       live  shadow  stability index"
    for name, row in f["classes"].items():
        means = f"{_figure(row['live_mean'])}   {_figure(row['shadow_mean'])}"
        yield f"{name:10} {means}   {_figure(row['psi'])}"
    yield ""
    yield from _people_text(report)


def _people_text(report: ShadowReport) -> Iterator[str]:
    first = [row for row in report.people if row[1].flags_change]
    rest = [row for row in report.people if not row[1].flags_change]
    yield f"flags that would change: {len(first)} of {len(report.people)} people"
    yield "person      days  stress live  shadow  flags live -> shadow"
    for number, row in [*first, *rest[: max(0, SHOWN - len(first))]]:
        flags = f"{_flags(row.live_flags)} -> {_flags(row.shadow_flags)}"
        ratios = f"{_figure(row.live):>11}  {_figure(row.shadow):>6}"
        yield f"{number:10} {row.days:5}  {ratios}  {flags}"
    if len(report.people) > SHOWN:
        yield f"{len(report.people)} people in all; --json has each of them"


def _flags(found: tuple[Any, ...]) -> str:
    days = (f"{row.raised}..{row.closed or ''}" for row in found)
    return ", ".join(days) or "none"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
