"""What people type at a station, and what they and IT staff set up for it."""

from __future__ import annotations

from django import forms

from monitor.services.pins import LONGEST, SHORTEST
from monitor.services.stations import Shown

LARGE = {"class": "form-control form-control-lg", "autocomplete": "off"}
DIGITS = LARGE | {"inputmode": "numeric"}
NEW_PIN = {"class": "form-control", "inputmode": "numeric", "autocomplete": "off"}


class ShownForm(forms.Form):
    """Number and PIN, or the code of a QR code."""

    number = forms.CharField(
        label="Your number",
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs=LARGE | {"autofocus": True}),
    )
    pin = forms.CharField(
        label="Your PIN",
        max_length=LONGEST,
        required=False,
        widget=forms.PasswordInput(attrs=DIGITS),
    )
    code = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput())

    def shown(self) -> Shown:
        return Shown(**self.cleaned_data)


class PinForm(forms.Form):
    """The same PIN twice, because nobody sees what they type."""

    pin = forms.CharField(
        label=f"New PIN, {SHORTEST} to {LONGEST} digits",
        max_length=LONGEST,
        widget=forms.PasswordInput(attrs=NEW_PIN),
    )
    again = forms.CharField(
        label="The same PIN again",
        max_length=LONGEST,
        widget=forms.PasswordInput(attrs=NEW_PIN),
    )

    def clean_again(self) -> str:
        again: str = self.cleaned_data["again"]
        if again != self.cleaned_data.get("pin"):
            raise forms.ValidationError("The two differ; type the same PIN twice.")
        return again


class StationForm(forms.Form):
    name = forms.CharField(
        label="Name, such as the place it stands in",
        max_length=200,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )
