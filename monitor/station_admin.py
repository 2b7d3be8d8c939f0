"""PINs in the admin: set for somebody, unlocked or deleted; never shown."""

from __future__ import annotations

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from monitor.models import Person, PersonPin
from monitor.services import pins


class PersonPinForm(forms.ModelForm[PersonPin]):
    """A new row for somebody who has one replaces it."""

    person = forms.ModelChoiceField(Person.objects.order_by("name", "number"))
    pin = forms.CharField(
        label="PIN",
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="Tell it to this person alone, who changes it on their own page.",
    )

    class Meta:
        model = PersonPin
        fields = ("person",)

    def clean(self) -> dict[str, object]:
        said = self.cleaned_data
        if "pin" in said and "person" in said:
            try:
                pins.pin_check(person=said["person"], pin=said["pin"])
            except pins.PinRefused as exc:
                self.add_error("pin", str(exc))
        return said

    def validate_unique(self) -> None:
        """Nobody has two; `pin_set` changes the one there is."""


@admin.register(PersonPin)
class PersonPinAdmin(admin.ModelAdmin[PersonPin]):
    form = PersonPinForm
    list_display = ("person", "tries", "changed_at")
    list_display_links = None
    list_select_related = ("person",)
    search_fields = ("person__name", "person__number")
    actions = ("unlock",)

    def get_fields(
        self, request: HttpRequest, obj: PersonPin | None = None
    ) -> tuple[str, ...]:
        return ("person", "changed_at") if obj else ("person", "pin")

    def get_readonly_fields(
        self, request: HttpRequest, obj: PersonPin | None = None
    ) -> tuple[str, ...]:
        return ("person", "changed_at") if obj else ()

    def has_change_permission(
        self, request: HttpRequest, obj: PersonPin | None = None
    ) -> bool:
        return obj is None and super().has_change_permission(request)

    def delete_model(self, request: HttpRequest, obj: PersonPin) -> None:
        pins.pin_remove(person=obj.person)

    def delete_queryset(
        self, request: HttpRequest, queryset: QuerySet[PersonPin]
    ) -> None:
        for row in queryset.select_related("person"):
            pins.pin_remove(person=row.person)

    def save_model(
        self,
        request: HttpRequest,
        obj: PersonPin,
        form: forms.ModelForm[PersonPin],
        change: bool,
    ) -> None:
        said = form.cleaned_data
        pins.pin_set(person=said["person"], pin=said["pin"])

    @admin.action(description="Unlock: forget wrong tries", permissions=["change"])
    def unlock(self, request: HttpRequest, rows: QuerySet[PersonPin]) -> None:
        pins.pins_unlock(rows=rows)
