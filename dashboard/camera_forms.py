"""What IT staff write about a camera: where it is, whom it watches, when it looks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

from monitor.camera_login import address_shown
from monitor.capture_schedule import Stretch
from monitor.models import Camera, Pause, Person, Team
from monitor.services.camera_schedule import Time
from monitor.services.cameras import Draft

if TYPE_CHECKING:
    from django.http import QueryDict

LONGEST_SHOWN = 600  # of an address that is sent back; longer ones are refused
WEEKDAYS = (
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
)
STRETCH = re.compile(r"(\d{1,2})[:.](\d\d)\s*(?:-|–|to)\s*(\d{1,2})[:.](\d\d)")
TEXT = {"class": "form-control", "autocomplete": "off"}
SELECT = {"class": "form-select"}
ADDRESS_HELP = (
    "rtsp://10.0.0.20/stream1 · http://10.0.0.20/snapshot.jpg · of a USB camera its"
    " number, such as 0 · of a folder its path. Passwords and keys in an address are"
    " stored encrypted and shown as ***."
)


class SourceForm(forms.Form):
    """Where the pictures come from."""

    kind = forms.ChoiceField(
        label="Kind", choices=Camera.Kind, widget=forms.Select(attrs=SELECT)
    )
    address = forms.CharField(
        label="Address",
        required=False,
        max_length=500,
        help_text=ADDRESS_HELP,
        widget=forms.TextInput(attrs=TEXT),
    )
    user = forms.CharField(
        label="User name of the camera",
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs=TEXT),
    )
    password = forms.CharField(
        label="Password of the camera",
        required=False,
        max_length=200,
        strip=False,
        help_text="Stored encrypted and never shown again.",
        widget=forms.PasswordInput(attrs={**TEXT, "autocomplete": "new-password"}),
    )

    certificate = forms.CharField(
        label="SHA-256 of its own certificate",
        required=False,
        max_length=100,
        help_text="Only for https and rtsps, where the camera signed it itself.",
        widget=forms.TextInput(attrs=TEXT),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if written := self.data.get(self.add_prefix("address")):
            # Sent back with an error, it shows no login and no key either; an @ that is
            # left may belong to a login that nobody can make out.
            shown = address_shown(written.strip()[:LONGEST_SHOWN])
            sent = cast("QueryDict", self.data).copy()
            sent[self.add_prefix("address")] = "" if "@" in shown else shown
            self.data = sent
        if data.get("kind") in Camera.FETCHED and not data.get("address"):
            self.add_error("address", "Write the address of the camera.")
        return data

    def draft_of(self, camera: Camera) -> Draft:
        """The camera as it is, with what was written here."""
        data = self.cleaned_data
        return Draft(
            camera.name,
            data["kind"],
            camera.person,
            camera.team,
            data["address"],
            data["user"],
            data["password"],
            camera.every_minutes,
            data["certificate"],
        )


class CameraForm(SourceForm):
    """A new camera, of one person's desk or of a team's room."""

    name = forms.CharField(
        label="Name", max_length=200, widget=forms.TextInput(attrs=TEXT)
    )
    person = forms.ModelChoiceField(
        Person.objects.consented().select_related("team"),
        label="Watches the desk of",
        required=False,
        empty_label="Choose a person, or a team below",
        help_text="Only people with a current consent.",
        widget=forms.Select(attrs=SELECT),
    )
    team = forms.ModelChoiceField(
        Team.objects.all(),
        label="or the room of the team",
        required=False,
        empty_label="Not a room",
        help_text="Nobody is told apart in a room; it feeds figures of the team alone."
        " It is looked at only while everybody in the team consents.",
        widget=forms.Select(attrs=SELECT),
    )
    every_minutes = forms.IntegerField(
        label="A picture every … minutes",
        min_value=1,
        max_value=240,
        initial=15,
        widget=forms.NumberInput(attrs=TEXT),
    )

    def draft(self) -> Draft:
        return Draft(**self.cleaned_data)


class RhythmForm(forms.Form):
    """How often, and how far apart from other cameras."""

    every_minutes = forms.IntegerField(
        label="A picture every … minutes",
        min_value=1,
        max_value=240,
        widget=forms.NumberInput(attrs=TEXT),
    )
    jitter_seconds = forms.IntegerField(
        label="up to … seconds later",
        min_value=0,
        max_value=600,
        help_text="So that not all cameras are asked at the same moment.",
        widget=forms.NumberInput(attrs=TEXT),
    )


class HoursForm(forms.Form):
    """Stretches of each weekday, such as 8:00-12:00, 13:00-17:00; a break is a gap."""

    def __init__(self, data: Any = None, *, hours: Iterable[Stretch] = ()) -> None:
        super().__init__(data)
        stretches = list(hours)
        for number, name in enumerate(WEEKDAYS):
            own = [each for each in stretches if each.weekday == number]
            self.fields[f"day_{number}"] = forms.CharField(
                label=name,
                required=False,
                max_length=200,
                initial=", ".join(stretch_text(each) for each in own),
                widget=forms.TextInput(attrs={**TEXT, "placeholder": "no pictures"}),
            )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        self.hours: list[Stretch] = []
        for number in range(len(WEEKDAYS)):
            name = f"day_{number}"
            try:
                self.hours += stretches_of(number, data.get(name, ""))
            except ValueError as exc:
                self.add_error(name, str(exc))
        if not self.hours and not self.errors:
            # Without any the usual ones would hold, which is not what was written.
            self.add_error(
                None,
                "Write the hours of one day at least. For no pictures at all switch"
                " cameras off, or note a pause.",
            )
        return data


def stretch_text(stretch: Stretch) -> str:
    return f"{stretch.begins:%H:%M}-{stretch.ends:%H:%M}"


def stretches_of(weekday: int, text: str) -> list[Stretch]:
    """Raises ValueError with what to write instead."""
    found = []
    for part in filter(None, (each.strip() for each in re.split(r"[,;]", text))):
        match = STRETCH.fullmatch(part)
        if match is None:
            raise ValueError(f"{part}: write 8:00-12:00, 13:00-17:00.")
        hours = [int(number) for number in match.groups()]
        found.append(Stretch(weekday, _time(*hours[:2]), _time(*hours[2:])))
    return found


def _time(hour: int, minute: int) -> time:
    if (hour, minute) == (24, 0):
        return time(0)
    try:
        return time(hour, minute)
    except ValueError:
        raise ValueError(f"{hour}:{minute:02} is no time of day.") from None


class DayField(forms.DateField):
    """A day of this age: mistyped years are told, and those past all calendars."""

    widget = forms.DateInput(attrs={"type": "date", **TEXT}, format="%Y-%m-%d")
    default_validators = [
        MinValueValidator(date(2000, 1, 1), "Check the year."),
        MaxValueValidator(date(2199, 12, 31), "Check the year."),
    ]


class PauseForm(forms.Form):
    """From one day to another, both included."""

    reason = forms.ChoiceField(
        label="Why",
        choices=[
            (reason.value, reason.label.capitalize())
            for reason in (Pause.Reason.MAINTENANCE, Pause.Reason.LEAVE)
        ],
        widget=forms.Select(attrs=SELECT),
    )
    first = DayField(label="From")
    last = DayField(label="to")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        first, last = data.get("first"), data.get("last")
        if first and last and last < first:
            self.add_error("last", "The pause ends before it begins.")
        return data

    def time(self, tz: tzinfo) -> Time:
        data = self.cleaned_data
        after = data["last"] + timedelta(days=1)
        return Time(
            datetime.combine(data["first"], time(0), tz),
            datetime.combine(after, time(0), tz),
        )


class RenewForm(forms.Form):
    """Since when another device, or another place, is behind a camera."""

    on = DayField(label="Since")

    def __init__(self, data: Any = None, *, today: date) -> None:
        super().__init__(data, initial={"on": today})
        self.today = today

    def clean_on(self) -> date:
        on: date = self.cleaned_data["on"]
        if on > self.today:
            raise forms.ValidationError("Note it on the day on which it happens.")
        return on


class HolidayForm(PauseForm):
    """Days without pictures of anybody."""

    reason = forms.ChoiceField(
        choices=[(Pause.Reason.HOLIDAY.value, "Public holiday")],
        initial=Pause.Reason.HOLIDAY.value,
        widget=forms.HiddenInput(),
    )
