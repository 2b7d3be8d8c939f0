"""Videos: taken in by parts, cut into pictures, and every picture through the one door.

A video is read in slices, so that no worker is busy with it for long, and a slice that
is interrupted is taken up at the picture where it stopped.
"""

from __future__ import annotations

import logging
import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import F, Sum
from django.utils import timezone

from capture import video as reader
from monitor import tasks, vault
from monitor.models import Organisation, Person, Snapshot, Video, VideoFrame, VideoPart
from monitor.querysets import MAX_ATTEMPTS, VideoQuerySet
from monitor.services.intake import CLOCK_TOLERANCE, Refused, Upload, snapshot_accept
from monitor.services.roles import service_account

log = logging.getLogger(__name__)

PART = 4 * 1024 * 1024
LONGEST = timedelta(hours=3)
FEWEST_SECONDS, MOST_SECONDS = 0.5, 300.0
SLICE = 100  # pictures
ABANDONED = timedelta(days=1)
WAIT_FOR_QUEUE = "queue_full"
LEFT_OUT = "paused"
Status = Video.Status
# Where bytes of MP4 and MOV, Matroska and WebM, AVI, MPEG, its streams, and Ogg lie.
SIGNATURES = (
    (4, b"ftyp"),
    (4, b"moov"),
    (4, b"mdat"),
    (0, b"\x1a\x45\xdf\xa3"),
    (8, b"AVI "),
    (0, b"\x00\x00\x01\xba"),
    (188, b"\x47"),
    (0, b"OggS"),
)


@dataclass(frozen=True, slots=True)
class Film:
    """What a sender says about a video. every: seconds between two pictures."""

    name: str
    size: int
    taken_at: datetime
    every: float = 2.0


def video_begin(*, person: Person, film: Film, by: User) -> Video:
    """Announce a video, whose parts follow; raises Refused.

    The same video again goes on with the upload that was begun.
    """
    allowed = Person.objects.may_receive_from(by).with_consent()
    found = allowed.filter(pk=person.pk).first()
    if found is None:
        raise Refused("unknown_person", "There is no such person.", status=404)
    if not found.has_consent:
        raise Refused(
            "no_consent",
            "This person has not consented to pictures; record the consent first.",
            status=403,
            field="person",
        )
    video = Video(
        person=found,
        submitted_by=by,
        name=film.name[:200],
        size=_checked_size(film.size),
        taken_at=_checked_time(film.taken_at),
        every=_checked_every(film.every),
        created_at=timezone.now(),
    )
    if first := _same(video):
        return first
    video.save(force_insert=True)
    return video


def _same(video: Video) -> Video | None:
    """The upload that this one goes on with; raises Refused when it was completed."""
    names = ("person", "name", "size", "taken_at")
    facts: dict[str, Any] = {name: getattr(video, name) for name in names}
    alike = Video.objects.filter(**facts).exclude(
        status__in=[Status.FAILED, Status.SKIPPED]
    )
    if alike.exclude(status=Status.UPLOADING).exists():
        raise Refused("already_there", "This video is in already.", status=409)
    begun: Video | None = alike.filter(submitted_by=video.submitted_by).first()
    return begun


def _checked_size(size: int) -> int:
    if size <= 0:
        raise Refused("empty_file", "The file is empty; choose a video.", field="size")
    if size > settings.VIDEO_LIMIT:
        limit = settings.VIDEO_LIMIT // 1024**2
        raise Refused(
            "too_large",
            f"The video has over {limit} MB; send a shorter or smaller one.",
            status=413,
            field="size",
        )
    return size


def _checked_time(taken: datetime) -> datetime:
    if timezone.is_naive(taken):
        taken = taken.replace(tzinfo=Organisation.current().tz)
    if taken > timezone.now() + CLOCK_TOLERANCE:
        raise Refused(
            "time_in_future",
            "The video begins in the future; check the time.",
            field="taken_at",
        )
    return taken


def _checked_every(every: float) -> float:
    if not FEWEST_SECONDS <= every <= MOST_SECONDS:
        raise Refused(
            "invalid",
            f"Between two pictures are {FEWEST_SECONDS:g} to {MOST_SECONDS:g} s.",
            field="every",
        )
    return every


def video_part_add(*, video: Video, number: int, data: bytes) -> None:
    """Store one part, numbered from 0; the same part again changes nothing."""
    if video.status != Status.UPLOADING:
        raise Refused("complete", "This video is complete already.", status=409)
    last = (video.size - 1) // PART
    expected = PART if number < last else video.size - last * PART
    if not 0 <= number <= last or len(data) != expected:
        raise Refused("invalid_part", f"Part {number} cannot have {len(data)} bytes.")
    if not number and not _looks_like_video(data):
        video.delete()
        raise Refused(
            "not_a_video",
            "The file is not a video, whatever its name says; send MP4, WebM or AVI.",
            status=415,
        )
    try:
        with transaction.atomic():
            VideoPart.objects.create(
                video=video, number=number, size=len(data), sealed=vault.seal(data)
            )
    except IntegrityError:
        log.info("part %s of video %s came twice", number, video.pk)


def _looks_like_video(data: bytes) -> bool:
    return any(data[at : at + len(mark)] == mark for at, mark in SIGNATURES)


def video_complete(*, video: Video) -> None:
    """Let the workers have it once all parts are there; saying so twice is no harm."""
    there = video.parts.aggregate(bytes=Sum("size"))["bytes"] or 0
    if video.status == Status.UPLOADING and there != video.size:
        raise Refused(
            "parts_missing",
            f"{there} of {video.size} bytes have arrived; send the other parts.",
            status=409,
        )
    with transaction.atomic():
        if Video.objects.filter(pk=video.pk, status=Status.UPLOADING).update(
            status=Status.PENDING
        ):
            transaction.on_commit(tasks.wake_video_reader)


def video_take_in(*, path: Path, person: Person, film: Film, by: User) -> Video:
    """Announce a file and hand in its parts; what was in already is passed over.

    One that is complete, but not read to its end, is gone on with.
    """
    taken_at = _checked_time(film.taken_at)
    alike = Video.objects.unfinished().filter(
        person=person, name=film.name[:200], size=film.size, taken_at=taken_at
    )
    complete: Video | None = alike.exclude(status=Status.UPLOADING).first()
    if complete:
        return complete
    video = video_begin(person=person, film=film, by=by)
    there = set(video.parts.values_list("number", flat=True))
    with path.open("rb") as file:
        for number in range(-(-film.size // PART)):
            data = file.read(PART)
            if number not in there:
                video_part_add(video=video, number=number, data=data)
    video_complete(video=video)
    return video


def videos_skip(*, person: Person) -> None:
    """End this person's videos on their way: the consent is gone."""
    videos = Video.objects.filter(person=person)
    VideoPart.objects.filter(video__in=videos).delete()
    videos.unfinished().update(
        status=Status.SKIPPED,
        reason="consent_withdrawn",
        claim=None,
        finished_at=timezone.now(),
    )


def videos_prune(*, now: datetime) -> int:
    """Delete what was never uploaded to the end; says how many."""
    old = Video.objects.filter(status=Status.UPLOADING, created_at__lt=now - ABANDONED)
    return old.delete()[1].get("monitor.Video", 0)


def videos_read() -> None:
    """Read one slice of the video that waits longest, and call for the next one."""
    if video_read(Video.objects.all()):
        tasks.wake_video_reader()


def video_read(videos: VideoQuerySet) -> bool:
    """Read one slice of one of these; False when none waits or the queue is full."""
    lease = timedelta(seconds=settings.LEASE_SECONDS)
    video = videos.claim(token=uuid.uuid4(), lease=lease)
    if video is None:
        return False
    if video.attempts > MAX_ATTEMPTS:
        _end(video, Status.FAILED, "gave_up")
        return True
    return _slice(video)


def _slice(video: Video) -> bool:
    try:
        whole = _read(video)
    except reader.VideoError as exc:
        if exc.code == "decoder_broke":  # perhaps the machine's fault: tried again
            _release(video)
        else:
            _end(video, Status.FAILED, exc.code)
    except Refused as exc:
        if exc.code == WAIT_FOR_QUEUE:
            _release(video, attempts=0)
            return False
        if exc.code == "no_consent":
            _end(video, Status.SKIPPED, "consent_withdrawn")
        else:
            _end(video, Status.FAILED, exc.code)
    except vault.PictureLocked:
        log.exception("video %s cannot be decrypted", video.pk)
        _end(video, Status.FAILED, "key_missing")
    else:
        _end(video, Status.DONE, video.reason) if whole else _release(video, attempts=0)
    return True


def _read(video: Video) -> bool:
    """Take in the pictures of one slice; says whether that was the last one."""
    given, every = 0, video.every

    def keep() -> None:
        Video.objects.held(video).update(claimed_at=timezone.now())

    with _opened(video) as file:
        start = video.position
        frames = reader.frames(file, every=every, start=start, most=SLICE, alive=keep)
        for frame in frames:
            if frame.seconds > LONGEST.total_seconds():
                raise Refused("too_long", "The video is longer than three hours.")
            if not _take(video, frame):
                return False  # another worker has it by now
            given += 1
    return given < SLICE


@transaction.atomic
def _take(video: Video, frame: reader.Frame) -> bool:
    """Take one picture in; with the place that it has, or not at all."""
    done = (frame.seconds // video.every + 1) * video.every
    mine = Video.objects.held(video)
    # Getting on is no failed attempt: only who is killed at one place again and again
    # is given up.
    if not mine.update(position=done, claimed_at=timezone.now(), attempts=0):
        return False
    upload = Upload(
        data=frame.data,
        person=video.person,
        taken_at=video.taken_at + timedelta(seconds=frame.seconds),
        source=Snapshot.Source.VIDEO,
    )
    by = video.submitted_by or service_account("video")
    try:
        snapshot = snapshot_accept(upload=upload, by=by).snapshot
    except Refused as exc:
        if exc.code != LEFT_OUT:
            raise
        # A pause within the film costs its own pictures alone.
        video.reason = exc.code
        mine.update(reason=exc.code)
        return True
    VideoFrame.objects.create(video=video, seconds=frame.seconds, snapshot=snapshot)
    return True


@contextmanager
def _opened(video: Video) -> Iterator[int]:
    """The file of a video, in memory where the system can do that."""
    if hasattr(os, "memfd_create"):
        file = os.memfd_create("video")
    else:
        with tempfile.TemporaryFile() as unnamed:
            file = os.dup(unnamed.fileno())
    try:
        parts = video.parts.order_by("number").values_list("sealed", flat=True)
        for sealed in parts.iterator(chunk_size=1):
            _write(file, vault.unseal(bytes(sealed)))
        yield file
    finally:
        os.close(file)


def _write(file: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


def _release(video: Video, *, attempts: int | None = None) -> None:
    kept = F("attempts") if attempts is None else attempts
    Video.objects.held(video).update(status=Status.PENDING, claim=None, attempts=kept)


@transaction.atomic
def _end(video: Video, status: str, reason: str = "") -> None:
    """The last state, unless somebody else has spoken; the video itself goes."""
    same = Video.objects.unfinished().filter(pk=video.pk, claim=video.claim)
    if same.update(
        status=status, reason=reason, claim=None, finished_at=timezone.now()
    ):
        VideoPart.objects.filter(video=video).delete()
