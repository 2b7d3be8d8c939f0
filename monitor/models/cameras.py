"""Cameras, and when they look."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from monitor.models.people import Person, Team
from monitor.querysets import CameraQuerySet


class Camera(models.Model):
    """A desk camera watches one person; a room camera a team, without identities.

    `address` never holds a user name or a password: those are sealed by `monitor.vault`
    and never shown again. The site's hours hold where a camera has none of its own.
    """

    class Kind(models.TextChoices):
        PUSH = "push", "sends its pictures itself"
        RTSP = "rtsp", "video stream (RTSP)"
        MJPEG = "mjpeg", "video over HTTP (MJPEG)"
        SNAPSHOT = "snapshot", "picture at a web address"
        USB = "usb", "USB camera of the server"
        FOLDER = "folder", "folder of pictures"

    FETCHED = frozenset({Kind.RTSP, Kind.MJPEG, Kind.SNAPSHOT, Kind.USB, Kind.FOLDER})

    class State(models.TextChoices):
        """How the last attempt ended; the others are the codes of `capture.Code`."""

        NEW = "new", "not asked yet"
        OK = "ok", "works"
        ADDRESS_REFUSED = "address_refused", "address not allowed"
        NAME_UNKNOWN = "name_unknown", "name not found"
        UNREACHABLE = "unreachable", "cannot be reached"
        WRONG_PASSWORD = "wrong_password", "refuses the password"  # noqa: S105
        NOT_FOUND = "not_found", "no picture at this address"
        REDIRECTED = "redirected", "points to another address"
        SLOW = "slow", "answers too slowly"
        FROZEN = "frozen", "picture stands still"
        NOT_A_PICTURE = "not_a_picture", "sends no picture"
        TOO_LARGE = "too_large", "picture too large"
        EMPTY = "empty", "no new picture"
        CRASHED = "crashed", "broke the reader"
        REFUSED = "refused", "picture not accepted"

    name = models.CharField(max_length=200, unique=True)
    person = models.ForeignKey(
        Person,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="cameras",
        help_text="Whom a desk camera watches.",
    )
    team = models.ForeignKey(
        Team,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="cameras",
        help_text="Whose room a room camera watches.",
    )
    active = models.BooleanField(
        default=True, help_text="Pictures of an inactive camera are refused."
    )

    kind = models.CharField(max_length=10, choices=Kind, default=Kind.PUSH)
    address = models.CharField(max_length=500, blank=True)
    sealed_login = models.BinaryField(default=b"", blank=True, editable=False)

    every_minutes = models.PositiveSmallIntegerField(
        default=15, validators=[MinValueValidator(1), MaxValueValidator(240)]
    )
    jitter_seconds = models.PositiveSmallIntegerField(
        default=20,
        validators=[MaxValueValidator(600)],
        help_text="A picture is taken up to this much later, not all at once.",
    )
    next_at = models.DateTimeField(null=True, editable=False)
    # The picture that a process is taking now; its claim ends with the lease.
    slot_at = models.DateTimeField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)

    state = models.CharField(
        max_length=20, choices=State, default=State.NEW, editable=False
    )
    state_since = models.DateTimeField(null=True, editable=False)
    tried_at = models.DateTimeField(null=True, editable=False)
    seen_at = models.DateTimeField(null=True, editable=False)
    # What its last picture was, to tell a new one: a hash that shows nothing of it, how
    # often it came again, and of a folder which file it was.
    fingerprint = models.CharField(max_length=16, blank=True, editable=False)
    repeats = models.PositiveSmallIntegerField(default=0, editable=False)
    mark = models.CharField(max_length=300, blank=True, editable=False)
    certificate = models.CharField(
        max_length=64,
        blank=True,
        help_text="SHA-256 of a certificate that the camera signed itself.",
    )
    renewed_on = models.DateField(
        null=True,
        blank=True,
        editable=False,
        help_text="The newest of its `renewals`, for a look that is quick.",
    )
    # Since when pictures are expected without a stop, and since when they fail to come.
    expected_from = models.DateTimeField(null=True, editable=False)
    silent_at = models.DateTimeField(null=True, editable=False)

    objects = CameraQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(person__isnull=False, team__isnull=True)
                | Q(person__isnull=True, team__isnull=False),
                name="camera_of_person_or_team",
            ),
            models.CheckConstraint(
                condition=Q(every_minutes__gte=1, every_minutes__lte=240),
                name="camera_interval",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["next_at"],
                condition=Q(next_at__isnull=False),
                name="camera_due",
            ),
            models.Index(
                fields=["lease_until"],
                condition=Q(slot_at__isnull=False),
                name="camera_held",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_room(self) -> bool:
        return self.team_id is not None


class CameraRenewal(models.Model):
    """From this day on another device, or another place, is behind a camera."""

    camera = models.ForeignKey(
        Camera, on_delete=models.CASCADE, related_name="renewals", db_index=False
    )
    on = models.DateField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering: ClassVar = ["on"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["camera", "on"], name="camera_renewal_once_a_day"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.camera} from {self.on}"


class CaptureHours(models.Model):
    """One stretch of a weekday in which pictures are taken; a break is a gap.

    Monday is 0. One that ends at or before its beginning goes on past midnight. Without
    a camera it holds for all cameras that have none of their own.
    """

    camera = models.ForeignKey(
        Camera, null=True, blank=True, on_delete=models.CASCADE, related_name="hours"
    )
    weekday = models.PositiveSmallIntegerField(validators=[MaxValueValidator(6)])
    begins = models.TimeField()
    ends = models.TimeField()

    class Meta:
        ordering: ClassVar = ["camera", "weekday", "begins"]
        verbose_name_plural = "capture hours"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(weekday__lte=6), name="capture_hours_weekday"
            ),
            models.UniqueConstraint(
                fields=["camera", "weekday", "begins"], name="capture_hours_once"
            ),
            models.UniqueConstraint(
                fields=["weekday", "begins"],
                condition=Q(camera__isnull=True),
                name="site_hours_once",
            ),
        ]

    def __str__(self) -> str:
        return f"day {self.weekday}, {self.begins:%H:%M} to {self.ends:%H:%M}"


class Pause(models.Model):
    """A time without pictures: of everybody, of one camera, or of one person."""

    class Reason(models.TextChoices):
        HOLIDAY = "holiday", "public holiday"
        LEAVE = "leave", "on leave"
        PERSON = "person", "paused by the person"
        MAINTENANCE = "maintenance", "maintenance"

    camera = models.ForeignKey(
        Camera, null=True, blank=True, on_delete=models.CASCADE, related_name="pauses"
    )
    person = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.CASCADE, related_name="pauses"
    )
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField(
        null=True, blank=True, help_text="Empty: until somebody ends it."
    )
    reason = models.CharField(max_length=12, choices=Reason)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL
    )

    class Meta:
        ordering: ClassVar = ["-begins_at"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(camera__isnull=True) | Q(person__isnull=True),
                name="pause_of_one",
            ),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("begins_at")),
                name="pause_ends_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        return f"pause from {self.begins_at:%Y-%m-%d %H:%M} ({self.reason})"
