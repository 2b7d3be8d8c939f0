"""What reviewers ask of the queue and write about a flag, and what people answer."""

from __future__ import annotations

from typing import Any

from django import forms

from dashboard.words import KIND_NAMES
from monitor.models import Flag, Team
from monitor.review_selectors import QueueFilter
from monitor.services.flags import REASON_LENGTH, TEXT_LENGTH, Conclusion

Status = Flag.Status


class QueueForm(forms.Form):
    """State, kind, team and age of the flags in the queue."""

    STATES = (
        ("", "All open"),
        (Status.RAISED, "Raised"),
        (Status.ACKNOWLEDGED, "Acknowledged"),
        (Status.IN_REVIEW, "In review"),
        (Status.STALE, "Stale"),
        (Status.CLOSED, "Closed"),
        (Status.EXPIRED, "Expired"),
        (Status.PENDING, "Pending, not raised yet"),
        ("all", "All that were raised"),
    )
    AGES = (
        ("", "Any age"),
        ("3", "3 days and older"),
        ("7", "7 days and older"),
        ("14", "14 days and older"),
        ("21", "21 days and older"),
    )

    state = forms.ChoiceField(choices=STATES, required=False, label="State")
    kind = forms.ChoiceField(
        choices=[("", "All kinds"), *KIND_NAMES.items()], required=False, label="Kind"
    )
    team = forms.ModelChoiceField(
        Team.objects.all(), required=False, empty_label="All teams", label="Team"
    )
    age = forms.ChoiceField(choices=AGES, required=False, label="Age")

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        for field in self.fields.values():
            looks = {"class": "form-select", "aria-label": str(field.label)}
            field.widget.attrs |= looks

    def is_plain(self) -> bool:
        """Whether all open flags are asked for."""
        return self.wanted() == QueueFilter()

    def wanted(self) -> QueueFilter:
        """What is valid of the question; errors filter nothing."""
        self.is_valid()
        asked = self.cleaned_data
        return QueueFilter(
            status=asked.get("state", ""),
            kind=asked.get("kind", ""),
            team=asked.get("team"),
            days_old=int(asked["age"]) if asked.get("age") else None,
        )


def text(label: str, longest: int, missing: str, rows: int = 2) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=longest,
        widget=forms.Textarea(attrs={"rows": rows, "class": "form-control"}),
        error_messages={
            "required": missing,
            "max_length": f"This is longer than {longest} characters.",
        },
    )


class FlagForm(forms.Form):
    """`seen` is the status that the reader of the page saw."""

    seen = forms.ChoiceField(
        choices=Status.choices, widget=forms.HiddenInput, required=False
    )

    def __init__(self, data: Any = None, *, name: str, flag: Flag) -> None:
        super().__init__(
            data, prefix=name, initial={"seen": flag.status}, auto_id="id_%s"
        )


class AcknowledgeForm(FlagForm):
    note = text(
        "What was seen or done",
        REASON_LENGTH,
        "Write a note before you acknowledge the flag.",
    )


class ReviewForm(FlagForm):
    note = text(
        "What will be looked at, and how",
        REASON_LENGTH,
        "Write a note before you start the review.",
    )


class ConcludeForm(FlagForm):
    outcome = forms.ChoiceField(
        choices=[("", "Choose one"), *Flag.Outcome.choices],
        label="Outcome",
        widget=forms.Select(attrs={"class": "form-select"}),
        error_messages={"required": "Choose what the review came to."},
    )
    found = text("What was found", TEXT_LENGTH, "Write what was found.", 3)
    agreed = text(
        "What was agreed", TEXT_LENGTH, "Write what was agreed, if only: nothing.", 3
    )
    reason = text("Reason", REASON_LENGTH, "Write why the flag is closed.")

    def conclusion(self) -> Conclusion:
        asked = self.cleaned_data
        return Conclusion(
            asked["outcome"], asked["found"], asked["agreed"], asked["reason"]
        )


class AnswerForm(FlagForm):
    text = text("In your own words", TEXT_LENGTH, "Write your answer first.", 4)
