"""Devices in the admin: made, rotated and revoked; a secret is shown once."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.html import format_html

from monitor.models import Camera, Device, DeviceRefusal
from monitor.services import devices
from monitor.services.devices import DeviceChangeRefused, Secret


class DeviceForm(ModelForm[Device]):
    """Asked before saving what `device_create` would refuse."""

    class Meta:
        model = Device
        fields = ("name", "camera")

    def clean_camera(self) -> Camera:
        camera: Camera = self.cleaned_data["camera"]
        try:
            devices.device_check(camera=camera)
        except DeviceChangeRefused as exc:
            self.add_error("camera", str(exc))
        return camera


class DeviceRefusalInline(admin.TabularInline[DeviceRefusal, Device]):
    model = DeviceRefusal
    extra = 0
    fields = readonly_fields = ("reason", "count", "last_at")
    verbose_name_plural = "refused messages"
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Device)
class DeviceAdmin(admin.ModelAdmin[Device]):
    """A device never changes its camera: make a new one and revoke the old one."""

    form = DeviceForm
    list_display = (
        "name",
        "camera",
        "key",
        "last_seen_at",
        "queue_length",
        "dropped",
        "clock_offset",
        "agent_version",
        "refused",
        "revoked_at",
    )
    list_select_related = ("camera",)
    search_fields = ("name", "key", "camera__name")
    autocomplete_fields = ("camera",)
    readonly_fields = (
        "key",
        "created_at",
        "last_seen_at",
        "heartbeat_at",
        "agent_version",
        "queue_length",
        "dropped",
        "clock_offset",
        "previous_until",
        "revoked_at",
    )
    inlines: ClassVar = [DeviceRefusalInline]
    actions = ("rotate", "revoke", "make_token")

    @admin.display(description="refused messages")
    def refused(self, device: Device) -> int:
        return sum(row.count for row in device.refusals.all())

    def get_queryset(self, request: HttpRequest) -> QuerySet[Device]:
        rows: QuerySet[Device] = super().get_queryset(request)
        return rows.prefetch_related("refusals")

    def get_fields(
        self, request: HttpRequest, obj: Device | None = None
    ) -> tuple[str, ...]:
        return ("name", "camera", *(self.readonly_fields if obj else ()))

    def get_readonly_fields(
        self, request: HttpRequest, obj: Device | None = None
    ) -> tuple[str, ...]:
        return ("name", "camera", *self.readonly_fields) if obj else ()

    def has_delete_permission(
        self, request: HttpRequest, obj: Device | None = None
    ) -> bool:
        return False  # a revoked device stays, so that its refusals are seen

    def save_model(
        self,
        request: HttpRequest,
        obj: Device,
        form: ModelForm[Device],
        change: bool,
    ) -> None:
        if change:
            return  # nothing of it is changed here
        made = devices.device_create(camera=obj.camera, name=obj.name)
        obj.pk = made.device.pk
        _show(request, made, "secret")

    @admin.action(
        description="New secret; the old one counts for 7 more days",
        permissions=["change"],
    )
    def rotate(self, request: HttpRequest, rows: QuerySet[Device]) -> None:
        for device in rows:
            try:
                _show(request, devices.device_rotate(device=device), "secret")
            except DeviceChangeRefused as exc:
                messages.error(request, f"{device}: {exc}")

    @admin.action(
        description="Revoke: refused at once, for good", permissions=["change"]
    )
    def revoke(self, request: HttpRequest, rows: QuerySet[Device]) -> None:
        for device in rows:
            devices.device_revoke(device=device)
            messages.success(request, f"{device} is refused from now on.")

    @admin.action(
        description="New token, for senders that cannot sign", permissions=["change"]
    )
    def make_token(self, request: HttpRequest, rows: QuerySet[Device]) -> None:
        for device in rows:
            try:
                _show(request, devices.device_token_create(device=device), "token")
            except DeviceChangeRefused as exc:
                messages.error(request, f"{device}: {exc}")


def _show(request: HttpRequest, made: Secret, what: str) -> None:
    messages.warning(
        request,
        format_html(
            "{}: key <code>{}</code>, {} <code>{}</code>. It is shown this once; put it"
            " on the device now.",
            made.device,
            made.device.key,
            what,
            made.value,
        ),
    )
