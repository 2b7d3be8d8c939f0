"""Chainable single-table reads; who may see whom is decided here, in one place."""

from __future__ import annotations

import uuid
from datetime import timedelta
from functools import lru_cache
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models, transaction
from django.db.models import Case, Count, Exists, F, Max, OuterRef, Q, When
from django.utils import timezone

from inference import EMOTIONS
from monitor.notification_rules import MAX_ATTEMPTS as MOST_TRIES
from monitor.scoring import DayTotals, View, Weights

if TYPE_CHECKING:
    from datetime import date, datetime

    from django.contrib.auth.models import AnonymousUser, User

    from monitor.periods import Period

MAX_ATTEMPTS = 3


class ConsentQuerySet(models.QuerySet[Any]):
    def current(self) -> Self:
        return self.filter(withdrawn_at__isnull=True)

    def held_at(self, moment: datetime) -> Self:
        """Those that were given by then and not withdrawn yet."""
        lasting = Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gt=moment)
        return self.filter(lasting, given_at__lte=moment)


class PersonQuerySet(models.QuerySet[Any]):
    def consented(self) -> Self:
        """People with a current consent."""
        return self.filter(_current_consent())

    def with_consent(self) -> Self:
        """Annotates `has_consent`."""
        return self.annotate(has_consent=_current_consent())

    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Whose data this user may see: own, or everybody's with the permission.

        Nobody without a current consent is ever in it.
        """
        if not user.is_active:
            return self.none()
        if user.has_perm("monitor.view_person"):
            return self.consented()
        return self.consented().filter(user_id=user.pk)

    def to_assess(self, *, on: date, before: datetime) -> Self:
        """Whose day `on` is not judged yet, or for whom a judged day has changed.

        Without those whom a scheduler took at `before` or later.
        """
        unjudged = Q(assessed_on__isnull=True) | Q(assessed_on__lt=on)
        free = Q(assessed_at__isnull=True) | Q(assessed_at__lt=before)
        return self.consented().filter(unjudged | Q(changed_at__isnull=False), free)

    def may_receive_from(self, user: User | AnonymousUser) -> Self:
        """For whom this user may send pictures; consent is checked by intake."""
        if not user.is_active:
            return self.none()
        if user.has_perm("monitor.add_snapshot"):
            return self.all()
        return self.filter(user_id=user.pk)

    def named(self, text: str) -> Self:
        """People whose personnel number or id is `text`."""
        named = Q(number=text)
        if text.isdecimal() and len(text) < 19:
            named |= Q(pk=int(text))
        return self.filter(named)


class TeamQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Teams whose figures this user may see: all with a permission, else none.

        Who may see each single person may see teams, too.
        """
        may = ("monitor.view_team", "monitor.view_person")
        if user.is_active and any(user.has_perm(name) for name in may):
            return self.all()
        return self.none()

    def with_open_rooms(self) -> Self:
        """Whose rooms may be looked at: enough people, each with a current consent.

        `monitor.rooms.Crew.problem` says the same of one team, in words.
        """
        from monitor.models import Person

        members = Person.objects.filter(team=OuterRef("pk"))
        size = Count("people")
        return self.alias(size=size).filter(
            ~Exists(members.exclude(_current_consent())), size__gte=settings.TEAM_SIZE
        )


def _current_consent() -> Exists:
    from monitor.models import Consent

    return Exists(Consent.objects.current().filter(person=OuterRef("pk")))


class CameraQuerySet(models.QuerySet[Any]):
    def named(self, text: str) -> Self:
        """The camera with this id, or else with this name."""
        if text.isdecimal() and len(text) < 19:
            return self.filter(pk=int(text))
        return self.filter(name=text)

    def may_receive_from(self, user: User | AnonymousUser) -> Self:
        """Whose pictures this user may send; those of rooms only for everybody."""
        from monitor.models import Person

        if user.is_active and user.has_perm("monitor.add_snapshot"):
            return self.all()
        people = Person.objects.may_receive_from(user)
        return self.filter(person__in=people.values("pk"))

    def manageable_by(self, user: User | AnonymousUser) -> Self:
        """Cameras that this user may set up: all with the permission, else none."""
        if user.is_active and user.has_perm("monitor.change_camera"):
            return self.all()
        return self.none()

    def fetched(self) -> Self:
        """Cameras that we may ask for a picture: switched on, with consent."""
        return self.consented().filter(kind__in=self.model.FETCHED, active=True)

    def consented(self) -> Self:
        """Of a person who consents, or of a room whose whole team does.

        Asked for each row, so that one camera costs no look at everybody's consent.
        """
        from monitor.models import Person, Team

        desk = Person.objects.consented().filter(pk=OuterRef("person_id"))
        room = Team.objects.with_open_rooms().filter(pk=OuterRef("team_id"))
        return self.filter(Exists(desk) | Exists(room))

    def due(self, now: datetime) -> Self:
        """Whose picture is due, or was when the process that took it on died."""
        return self.filter(
            Q(slot_at__isnull=True, next_at__lte=now)
            | Q(slot_at__isnull=False, lease_until__lte=now)
        )


class SnapshotQuerySet(models.QuerySet[Any]):
    def unfinished(self) -> Self:
        S = self.model.Status
        return self.filter(status__in=[S.PENDING, S.PROCESSING])

    def visible_to(self, user: User | AnonymousUser) -> Self:
        from monitor.models import Person

        return self.filter(person__in=Person.objects.visible_to(user))

    def waiting(self, *, lease: timedelta) -> Self:
        """Rows that a worker may take now."""
        S = self.model.Status
        dead = timezone.now() - lease
        return self.filter(
            Q(status=S.PENDING) | Q(status=S.PROCESSING, claimed_at__lt=dead)
        )

    def claim(self, *, limit: int, lease: timedelta) -> tuple[uuid.UUID, list[int]]:
        """Take up to `limit` waiting rows for the caller alone, oldest first.

        A row that was tried before is taken by itself, those tried least first, so that
        one poisonous picture cannot use up the attempts of its neighbours.
        """
        token = uuid.uuid4()
        with transaction.atomic():
            free = self.waiting(lease=lease).filter(attempts__lt=MAX_ATTEMPTS)
            rows = list(
                free.order_by("pk")
                .select_for_update(skip_locked=True)
                .values_list("pk", "attempts")[:limit]
            )
            if not rows:
                return token, []
            if rows[0][1]:
                tried = [(attempts, pk) for pk, attempts in rows if attempts]
                taken = [min(tried)[1]]
            else:
                taken = [pk for pk, _ in takewhile(lambda row: not row[1], rows)]
            self.filter(pk__in=taken).update(
                status=self.model.Status.PROCESSING,
                claim=token,
                claimed_at=timezone.now(),
                attempts=F("attempts") + 1,
            )
        return token, taken

    def held(self, token: uuid.UUID) -> Self:
        """Rows that still belong to the claim."""
        return self.filter(claim=token, status=self.model.Status.PROCESSING)


class VideoQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        from monitor.models import Person

        return self.filter(person__in=Person.objects.visible_to(user))

    def unfinished(self) -> Self:
        return self.exclude(status__in=self.model.TERMINAL)

    def claim(self, *, token: uuid.UUID, lease: timedelta) -> Any:
        """The video that waits longest, for the caller alone; None when none does."""
        S = self.model.Status
        now = timezone.now()
        free = Q(status=S.PENDING) | Q(status=S.PROCESSING, claimed_at__lt=now - lease)
        with transaction.atomic():
            waiting = self.filter(free).order_by("claimed_at", "pk")
            video = waiting.select_for_update(skip_locked=True).first()
            if video is None:
                return None
            self.filter(pk=video.pk).update(
                status=S.PROCESSING,
                claim=token,
                claimed_at=now,
                attempts=F("attempts") + 1,
            )
            video.refresh_from_db()
        return video

    def held(self, video: Any) -> Self:
        """This video, as long as it belongs to the claim it was read with."""
        S = self.model.Status
        return self.filter(pk=video.pk, claim=video.claim, status=S.PROCESSING)


class ReadingQuerySet(models.QuerySet[Any]):
    def for_person(self, person: Any) -> Self:
        return self.filter(person=person)

    def for_period(self, period: Period) -> Self:
        return self.filter(taken_at__gte=period.start, taken_at__lt=period.end)

    def counted(self) -> Self:
        return self.filter(counted=True)


class FormulaQuerySet(models.QuerySet[Any]):
    def kept(self) -> Self:
        """Those that days are summed up under."""
        return self.filter(since__isnull=False)


class DailySummaryQuerySet(models.QuerySet[Any]):
    def for_days(self, first: date, last: date) -> Self:
        """Days from `first` to `last`, both included."""
        return self.filter(day__gte=first, day__lte=last)

    def shown(self) -> Self:
        """Of days that are kept under several formulas, those that pages read."""
        return self.filter(
            formula__shown_from__lte=F("day"), formula__shown_until__gt=F("day")
        )

    def by_person(self) -> dict[int, list[DayTotals]]:
        """The days of each person as plain values, in one query.

        In two where a camera was exchanged or moved.
        """
        sums = [f"{emotion}_sum" for emotion in EMOTIONS]
        hard = [f"{emotion}_hard" for emotion in EMOTIONS]
        weights = [f"formula__{emotion}" for emotion in EMOTIONS]
        rows = self.order_by("person_id", "day").values_list(
            *("person_id", *DayTotals._fields[:6], *sums, *hard, *weights),
            *("camera_id", "camera__renewed_on"),
        )
        cameras = {(row[22], row[23]) for row in rows}
        renewals = _renewals({pk for pk, renewed in cameras if renewed is not None})
        views = {pk: View(pk) for pk, _ in cameras}
        found: dict[int, list[DayTotals]] = {}
        for row in rows:
            own, view = _weights(row[17:22]), views[row[22]]
            if row[23] is not None:
                before = [on for on in renewals[row[22]] if on <= row[1]]
                view = View(row[22], max(before, default=None))
            day = DayTotals._make((*row[1:7], row[7:12], row[12:17], own, view))
            found.setdefault(row[0], []).append(day)
        return found


def _renewals(cameras: set[int]) -> dict[int, list[date]]:
    """When each was exchanged or moved; asks nothing where none was."""
    from monitor.models import CameraRenewal

    found: dict[int, list[date]] = {pk: [] for pk in cameras}
    if cameras:
        rows = CameraRenewal.objects.filter(camera__in=cameras)
        for camera, on in rows.values_list("camera_id", "on"):
            found[camera].append(on)
    return found


@lru_cache(maxsize=16)
def _weights(values: tuple[float, ...]) -> Weights:
    return Weights(*values)


class FlagQuerySet(models.QuerySet[Any]):
    def open(self) -> Self:
        """Flags that ask a human to look."""
        return self.filter(status__in=self.model.OPEN)

    def unfinished(self) -> Self:
        """Open ones and pending ones: at most one per person and kind."""
        return self.exclude(status__in=self.model.TERMINAL)

    def raised(self) -> Self:
        """All that anybody may know of: those that were never raised are left out."""
        S = self.model.Status
        return self.exclude(status__in=[S.PENDING, S.PASSED])

    def by_urgency(self) -> Self:
        """Unfinished ones first, of them those nobody has seen, the oldest first."""
        raised = Case(When(status=self.model.Status.RAISED, then=0), default=1)
        ended = F("closed_on").desc(nulls_first=True)
        return self.order_by(ended, raised, "raised_on", "pk")

    def silent_since(self, moment: datetime) -> Self:
        """Open flags that nobody acted on after `moment`; the rule is nobody."""
        acted = Q(events__actor__isnull=False) | Q(events__old__in=["", "pending"])
        last = Max("events__at", filter=acted)
        return self.open().annotate(acted_at=last).filter(acted_at__lt=moment)

    def visible_to(self, user: User | AnonymousUser) -> Self:
        from monitor.models import Person

        return self.filter(person__in=Person.objects.visible_to(user))


class InvitationQuerySet(models.QuerySet[Any]):
    def sent(self) -> Self:
        """Those that reached the person's mail server."""
        return self.filter(notification__status="sent")

    def waiting(self, *, now: datetime) -> Self:
        """Sent ones that can still be answered."""
        return self.sent().filter(answer=None, at__lte=now, expires_at__gt=now)


class NotificationQuerySet(models.QuerySet[Any]):
    def unfinished(self) -> Self:
        return self.exclude(status__in=self.model.TERMINAL)

    def held(self, token: uuid.UUID) -> Self:
        """Rows that still belong to the claim."""
        return self.filter(claim=token, status=self.model.Status.SENDING)

    def abandoned(self, *, now: datetime, lease: timedelta) -> Self:
        """Rows whose sender has not been heard of for longer than its lease."""
        S = self.model.Status
        return self.filter(status=S.SENDING, claimed_at__lt=now - lease)

    def claim(
        self, *, now: datetime, lease: timedelta, limit: int
    ) -> tuple[uuid.UUID, list[Any]]:
        """Take what is due of the channel that waited longest, for the caller alone.

        Who is slower than another sender finds the rows taken when it updates them.
        """
        S = self.model.Status
        due = self.filter(
            Q(status=S.WAITING, due_at__lte=now)
            | Q(status=S.SENDING, claimed_at__lt=now - lease),
            attempts__lt=MOST_TRIES,
        )
        token = uuid.uuid4()
        first = due.order_by("due_at", "pk").first()
        if first is None:
            return token, []
        rows = due.filter(channel=first.channel_id).order_by("due_at", "pk")
        due.filter(pk__in=list(rows.values_list("pk", flat=True)[:limit])).update(
            status=S.SENDING, claim=token, claimed_at=now, attempts=F("attempts") + 1
        )
        taken = self.held(token).select_related(
            "channel__user", "event__flag", "camera_event", "invitation__person"
        )
        return token, list(taken.order_by("due_at", "pk"))
