"""What people may ask of a page, validated before anything is read."""

from __future__ import annotations

from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from django import forms

from monitor.models import Team
from monitor.periods import Period, local_day
from monitor.scoring import Verdict

LONGEST = timedelta(days=366)
# Ten working days, the window of the overview: both pages say the same.
DEFAULT_SPAN = "14"


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(attrs={"class": "form-control"}, format="%Y-%m-%d")


class PeriodForm(forms.Form):
    """A number of days up to today, or two days and all between them."""

    SPANS = (("14", "2 weeks"), ("30", "Month"), ("91", "Quarter"), ("", "From – to"))

    span = forms.ChoiceField(choices=SPANS, required=False)

    def __init__(self, data: Any, *, now: datetime, tz: tzinfo) -> None:
        super().__init__(data if {"span", "from", "to"} & set(data) else None)
        self.now, self.tz = now, tz
        messages = {"invalid": "Write the day as 2026-01-31."}
        for name, label in (("from", "From"), ("to", "To")):
            self.fields[name] = forms.DateField(
                label=label, required=False, widget=DayInput(), error_messages=messages
            )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        first, last = data.get("from"), data.get("to")
        if not (first or last) or self.errors:
            return data
        data["span"] = ""
        if not first or not last:
            raise forms.ValidationError("Choose both days of the period.")
        self._check(first, last)
        return data

    def _check(self, first: date, last: date) -> None:
        if first > last:
            raise forms.ValidationError("The period ends before it begins.")
        if last - first > LONGEST:
            raise forms.ValidationError("The period is longer than a year.")
        if first > local_day(self.now, self.tz):
            raise forms.ValidationError("The period begins in the future.")

    @property
    def span_chosen(self) -> str:
        if not self.is_bound:
            return DEFAULT_SPAN
        if not self.is_valid():
            return ""
        if self.cleaned_data.get("from"):
            return ""
        return str(self.cleaned_data["span"] or DEFAULT_SPAN)

    @property
    def problems(self) -> list[str]:
        """Every error as one sentence."""
        found = []
        for name, errors in self.errors.items():
            label = self.fields[name].label if name in self.fields else None
            found += [f"{label}: {error}" if label else str(error) for error in errors]
        return found

    def period(self) -> Period:
        """The period asked for; the default one when the question has errors."""
        if self.is_bound and self.is_valid() and self.cleaned_data.get("from"):
            return Period.days(
                self.cleaned_data["from"], self.cleaned_data["to"], self.tz
            )
        days = int(self.span_chosen or DEFAULT_SPAN)
        return Period.last_days(days, now=self.now, tz=self.tz)


class OverviewForm(forms.Form):
    """Search, filter and order of the people on the overview."""

    VERDICTS = (
        ("", "All verdicts"),
        ("flagged", "Open flag"),
        *((verdict.value, verdict.value.capitalize()) for verdict in Verdict),
        ("stale", "Stale"),
    )
    SORTS = (
        ("", "Needs attention first"),
        ("name", "Name"),
        ("stress", "Stress, highest first"),
        ("happiness", "Happiness, lowest first"),
        ("last", "Longest silent first"),
    )

    q = forms.CharField(required=False, max_length=100, strip=True)
    team = forms.ModelChoiceField(
        Team.objects.all(), required=False, empty_label="All teams"
    )
    verdict = forms.ChoiceField(choices=VERDICTS, required=False)
    sort = forms.ChoiceField(choices=SORTS, required=False)

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        for name, label in (
            ("q", "Search by name or number"),
            ("team", "Team"),
            ("verdict", "Verdict"),
            ("sort", "Order"),
        ):
            field = self.fields[name]
            field.label = label
            kind = "form-control" if name == "q" else "form-select"
            field.widget.attrs |= {"class": kind, "aria-label": label}
        self.fields["q"].widget.attrs |= {
            "type": "search",
            "placeholder": "Name or number",
            "autocomplete": "off",
        }
