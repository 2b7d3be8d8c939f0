"""Set-up of people, teams, cameras and consent; results are not shown here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from import_export.admin import ImportMixin
from import_export.formats import base_formats
from rest_framework.authtoken.admin import TokenAdmin

from monitor.admin_lists import MonthFilter, NewestPages
from monitor.camera_login import address_shown
from monitor.device_admin import DeviceAdmin
from monitor.models import (
    AccessEntry,
    Camera,
    Consent,
    ModelEvent,
    ModelVersion,
    Notification,
    NotificationAttempt,
    Organisation,
    Person,
    SiteCalibration,
    Snapshot,
    Team,
)
from monitor.models.people import HOURS
from monitor.people_import import PersonResource, SealedInPage
from monitor.services.camera_schedule import camera_reschedule, cameras_reschedule
from monitor.services.consent import consent_give, consent_withdraw
from monitor.station_admin import PersonPinAdmin

__all__ = ["DeviceAdmin", "PersonPinAdmin"]

# Tokens are made for accounts by search, not from a list of all of them.
TokenAdmin.autocomplete_fields = ("user",)


@admin.register(Organisation)
class OrganisationAdmin(admin.ModelAdmin[Organisation]):
    list_display = ("name", "time_zone", "demonstration")

    def save_model(
        self,
        request: HttpRequest,
        obj: Organisation,
        form: ModelForm[Organisation],
        change: bool,
    ) -> None:
        """The hours of all cameras are those of the site's time zone."""
        super().save_model(request, obj, form, change)
        cameras_reschedule()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return not Organisation.objects.exists()


@admin.register(Team)
class TeamAdmin(admin.ModelAdmin[Team]):
    search_fields = ("name",)


class ConsentInline(admin.TabularInline[Consent, Person]):
    """Shown, not edited: giving and withdrawing go through the actions."""

    model = Consent
    extra = 0
    fields = readonly_fields = ("given_at", "withdrawn_at", "recorded_by")
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Person)
class PersonAdmin(ImportMixin, admin.ModelAdmin[Person]):  # type: ignore[misc]
    """People one by one, or from a table with a preview."""

    resource_classes: ClassVar = [PersonResource]
    tmp_storage_class = SealedInPage
    list_display = ("number", "name", "team", "has_consent", "own_hours")
    list_filter = ("team",)
    search_fields = ("number", "name")
    autocomplete_fields = ("team", "user")
    fieldsets = (
        (None, {"fields": ("number", "name", "team", "user")}),
        (
            "Expected working hours",
            {
                "fields": HOURS,
                "description": "Leave a day empty where the organisation's hours "
                "hold; 0 is a day off. Coverage is counted against them, for days "
                "that are over, too.",
            },
        ),
    )
    inlines: ClassVar = [ConsentInline]
    actions = ("give_consent", "withdraw_consent")

    def has_import_permission(self, request: HttpRequest) -> bool:
        """A table makes people and teams, and changes people."""
        needed = ("add_person", "change_person", "add_team")
        return request.user.has_perms([f"monitor.{name}" for name in needed])

    def get_import_formats(self) -> list[Any]:
        return [base_formats.CSV, base_formats.TSV]

    @admin.display(boolean=True, description="consent")
    def has_consent(self, person: Person) -> bool:
        return any(row.withdrawn_at is None for row in person.consents.all())

    @admin.display(description="own hours, Mon to Sun")
    def own_hours(self, person: Person) -> str:
        hours = [getattr(person, name) for name in HOURS]
        if hours == [None] * len(hours):
            return "as usual"
        return " · ".join("usual" if each is None else f"{each:g}" for each in hours)

    def save_model(
        self, request: HttpRequest, obj: Person, form: ModelForm[Person], change: bool
    ) -> None:
        """Only what the form changed: the flag rule writes to this row, too."""
        obj.save(update_fields=form.changed_data if change else None)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Person]:
        rows: QuerySet[Person] = super().get_queryset(request)
        return rows.select_related("team").prefetch_related("consents")

    @admin.action(description="Record consent", permissions=["change"])
    def give_consent(self, request: HttpRequest, people: QuerySet[Person]) -> None:
        by = request.user if isinstance(request.user, User) else None
        for person in people:
            consent_give(person=person, by=by)

    @admin.action(description="Withdraw consent: stops at once", permissions=["change"])
    def withdraw_consent(self, request: HttpRequest, people: QuerySet[Person]) -> None:
        for person in people:
            consent_withdraw(person=person)


class CameraForm(ModelForm[Camera]):
    """Asked before saving what `camera_create` would refuse."""

    def clean_team(self) -> Team | None:
        team: Team | None = self.cleaned_data["team"]
        if team and self.instance.kind == Camera.Kind.PUSH:
            raise ValidationError(
                "This camera sends its pictures, and those of a room are only fetched:"
                " choose the person whose desk it watches."
            )
        return team


@admin.register(Camera)
class CameraAdmin(admin.ModelAdmin[Camera]):
    """Where a camera is, is tried before it is kept: on the page Cameras."""

    form = CameraForm
    list_display = ("name", "person", "team", "active")
    list_filter = ("active",)
    search_fields = ("name", "person__name", "person__number", "team__name")
    autocomplete_fields = ("person", "team")
    exclude = ("address",)
    readonly_fields = ("kind", "shown_address", "certificate")

    @admin.display(description="address")
    def shown_address(self, obj: Camera) -> str:
        return address_shown(obj.address)

    def get_deleted_objects(
        self, objs: Sequence[Camera] | QuerySet[Camera], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """None whose pictures are known: their days would no longer name it."""
        named = Snapshot.objects.filter(camera=OuterRef("pk"))
        asked = Camera.objects.filter(pk__in=[camera.pk for camera in objs])
        kept = [
            f"pictures of {camera}, which name it; switch it off instead"
            for camera in asked.filter(Exists(named))
        ]
        if kept:
            return [], {}, set(), kept
        return super().get_deleted_objects(objs, request)

    def save_model(
        self, request: HttpRequest, obj: Camera, form: ModelForm[Camera], change: bool
    ) -> None:
        super().save_model(request, obj, form, change)
        camera_reschedule(camera=obj)


class ReadOnly:
    """Rows that pages may show and nobody changes here."""

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(AccessEntry)
class AccessEntryAdmin(ReadOnly, admin.ModelAdmin[AccessEntry]):
    """Nothing here may read all entries: each look at anybody's data adds one."""

    list_display = ("at", "actor", "action", "person")
    list_filter = ("action", MonthFilter)
    list_select_related = ("actor", "person")
    paginator = NewestPages
    show_full_result_count = False


class ModelEventInline(ReadOnly, admin.TabularInline[ModelEvent, ModelVersion]):
    model = ModelEvent
    extra = 0
    fields = readonly_fields = ("at", "old", "new", "by", "reason")


@admin.register(ModelVersion)
class ModelVersionAdmin(ReadOnly, admin.ModelAdmin[ModelVersion]):
    """Shown, not changed: `manage.py models` checks what it brings in."""

    list_display = ("version", "state", "imported_at", "activated_at")
    list_filter = ("state",)
    inlines: ClassVar = [ModelEventInline]


@admin.register(SiteCalibration)
class SiteCalibrationAdmin(ReadOnly, admin.ModelAdmin[SiteCalibration]):
    """Deleting one is the way back: then the one before it counts again."""

    list_display = ("model", "pictures", "measured_at", "note")
    list_filter = ("model",)

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.has_perm("monitor.delete_sitecalibration")


class NotificationAttemptInline(
    ReadOnly, admin.TabularInline[NotificationAttempt, Notification]
):
    model = NotificationAttempt
    extra = 0
    fields = readonly_fields = ("at", "error")


@admin.register(Notification)
class NotificationAdmin(ReadOnly, admin.ModelAdmin[Notification]):
    """What was told and what failed; not of whom, nor to which address."""

    list_display = ("pk", "status", "kind", "user", "due_at", "attempts", "error")
    list_filter = ("status", "channel__kind")
    list_select_related = ("channel__user",)
    fields = ("status", "due_at", "sent_at", "attempts", "error")
    inlines: ClassVar = [NotificationAttemptInline]

    @admin.display(ordering="channel__kind")
    def kind(self, row: Notification) -> str:
        return row.channel.get_kind_display()

    @admin.display(ordering="channel__user")
    def user(self, row: Notification) -> str:
        return row.channel.user.get_username()
