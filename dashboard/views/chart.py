"""The numbers that Chart.js draws on a person's page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from chartjs.views.lines import BaseLineChartView
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.decorators import method_decorator

from dashboard.http import period_form, private
from dashboard.windows import windows
from monitor import selectors
from monitor.models import AccessEntry, Flag, Organisation, Person
from monitor.periods import Period
from monitor.services.access import access_record

# A short period is drawn with what was before it.
CONTEXT = timedelta(days=90)
# The page that asks for its chart was written down a moment ago.
SAME_LOOK = timedelta(minutes=1)
# Each day's value with its interval, and the ten working days up to each day.
ROLES = ("low", "high", "line", "window_low", "window_high", "window")
SERIES = [(series, role) for series in ("stress", "happiness") for role in ROLES]


@method_decorator(private, name="dispatch")
class PersonChart(BaseLineChartView):  # type: ignore[misc]
    """Days with stress, happiness and their intervals; null where nothing was seen."""

    http_method_names = ("get", "head", "options")
    page: selectors.PersonPage
    chosen: Period

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        person: Person = get_object_or_404(
            Person.objects.visible_to(request.user), pk=kwargs["pk"]
        )
        form = period_form(request)
        if form.problems:
            return JsonResponse({"error": {"message": form.problems[0]}}, status=400)
        self.record(person)
        self.chosen = form.period()
        first = min(self.chosen.first_day, self.chosen.last_day - CONTEXT)
        tz = Organisation.current().tz
        wide = Period.days(first, self.chosen.last_day, tz)
        self.page = selectors.person_page(person=person, period=wide)
        answer: HttpResponse = super().get(request, *args, **kwargs)
        return answer

    def record(self, person: Person) -> None:
        looks = person.access_entries.filter(
            actor=self.request.user,
            action__in=[AccessEntry.Action.PERSON, AccessEntry.Action.FLAG],
            at__gte=timezone.now() - SAME_LOOK,
        )
        if not looks.exists():
            access_record(
                actor=self.request.user,
                people=[person],
                action=AccessEntry.Action.PERSON,
            )

    def get_labels(self) -> list[str]:
        return [day.day.isoformat() for day in self.page.days]

    def get_providers(self) -> list[str]:
        return [f"{series} {role.replace('_', ' ')}" for series, role in SERIES]

    def get_data(self) -> list[list[float | None]]:
        return [values for name in ("stress", "happiness") for values in self.of(name)]

    def of(self, name: str) -> Iterator[list[float | None]]:
        """The values of one series in the order of ROLES."""
        for field in (f"{name}_low", f"{name}_high", name):
            yield [rounded(getattr(day, field)) for day in self.page.days]
        values = [getattr(point, name) for point in windows(self.page.days)]
        for field in ("low", "high", "share"):
            yield [rounded(getattr(value, field)) for value in values]

    def get_dataset_options(self, index: int, color: tuple[int, ...]) -> dict[str, Any]:
        """The page colours the series, for it knows whether it is light or dark."""
        series, role = SERIES[index]
        return {"series": series, "role": role}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        days = self.page.days
        raised = self.raised()
        context.pop("view", None)
        return context | {
            "baseline": self.page.baseline,
            "bins": [day.bins for day in days],
            "model_changes": [n for n, day in enumerate(days) if day.model_changed],
            "formula_changes": [n for n, day in enumerate(days) if day.formula_changed],
            "camera_changes": [n for n, day in enumerate(days) if day.camera_changed],
            "flags": [n for n, day in enumerate(days) if day.day in raised],
            "chosen": [
                n
                for n, day in enumerate(days)
                if self.chosen.first_day <= day.day <= self.chosen.last_day
            ],
        }

    def raised(self) -> set[date]:
        """Days on which a flag was raised; weekends have no place on the chart."""
        return {
            flag.raised_on for flag in self.page.flags if flag.kind not in Flag.POSITIVE
        }


def rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
