"""A user's own notification channels."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from dashboard.channel_forms import ChannelForm, NewChannelForm, form_of
from dashboard.http import Asked, private
from monitor.models import NotificationChannel
from monitor.services import channels
from monitor.services.channels import ChannelRefused

SHOWN = 10


@require_http_methods(["GET", "HEAD", "POST"])
@private
def notifications(request: Asked) -> HttpResponse:
    form = NewChannelForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        asked = form.cleaned_data
        try:
            made = channels.channel_create(
                user=request.user,
                kind=asked["kind"],
                address=asked["address"],
                wishes=form.wishes(),
            )
        except ChannelRefused as exc:
            form.add_error(None, str(exc))
        else:
            messages.success(request, "The channel is added. Send a test through it.")
            return redirect("notification-channel", pk=made.pk)
    own = request.user.notification_channels.all()
    rows = [(each, channels.address_shown(each)) for each in own]
    return page(request, "notifications.html", form, {"channels": rows})


@require_http_methods(["GET", "HEAD", "POST"])
@private
def channel(request: Asked, pk: int) -> HttpResponse:
    found = own_channel(request, pk)
    form = form_of(found, request.POST if request.method == "POST" else None)
    if form.is_valid():
        address = form.cleaned_data["address"]
        try:
            channels.channel_change(
                channel=found, address=address, wishes=form.wishes()
            )
        except ChannelRefused as exc:
            form.add_error(None, str(exc))
        else:
            messages.success(request, "The channel is changed.")
            return redirect("notification-channel", pk=pk)
    context = {
        "channel": found,
        "address": channels.address_shown(found),
        "key": channels.key_shown(found),
        "sent": found.notifications.all()[:SHOWN],
    }
    return page(request, "notification_channel.html", form, context)


@require_POST
@private
def channel_test(request: Asked, pk: int) -> HttpResponse:
    try:
        channels.channel_test(channel=own_channel(request, pk))
    except ChannelRefused as exc:
        messages.error(request, str(exc))
    else:
        text = "A test goes out within a minute; this page then says how it went."
        messages.success(request, text)
    return redirect("notification-channel", pk=pk)


@require_POST
@private
def channel_delete(request: Asked, pk: int) -> HttpResponse:
    channels.channel_delete(channel=own_channel(request, pk))
    messages.success(request, "The channel is deleted.")
    return redirect("notifications")


def own_channel(request: Asked, pk: int) -> NotificationChannel:
    return get_object_or_404(request.user.notification_channels, pk=pk)


def page(
    request: Asked, template: str, form: ChannelForm, context: dict[str, Any]
) -> HttpResponse:
    status = 400 if form.errors else 200
    return render(request, template, context | {"form": form}, status=status)
