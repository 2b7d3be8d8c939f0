"""What each camera gave on each day, counted where it happens; rebuilt by a command."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date

from django.db import transaction
from django.db.models import Count, F, Q, Sum
from django.db.models.functions import TruncDate

from inference import FaceReading, FrameReading
from monitor.models import Camera, CameraDay, Organisation, Reading, Snapshot
from monitor.periods import local_day

CameraDate = tuple[int, date]
Sums = dict[CameraDate, dict[str, float]]
# Reasons of unsure faces that a camera's place, light or lens is to blame for.
REASONS = {
    "too_small": ("too_small",),
    "blurred": ("blurred", "noisy"),
    "too_dark": ("too_dark",),
    "too_bright": ("too_bright",),
    "turned": ("turned",),
}
COLUMN = {reason: name for name, reasons in REASONS.items() for reason in reasons}
FROM_READINGS = [
    field.name
    for field in CameraDay._meta.concrete_fields
    if field.name not in ("id", "camera", "day", "attempts", "successes")
]


def camera_days_add(
    *, snapshots: Iterable[Snapshot], frames: Mapping[int, FrameReading]
) -> None:
    """Count what was read; joins the transaction that stores the readings."""
    seen = [row for row in snapshots if row.camera_id and not frames[row.pk].error]
    if not seen:
        return
    tz = Organisation.current().tz
    sums: Sums = defaultdict(lambda: defaultdict(float))
    for row in seen:
        total = sums[row.camera_id or 0, local_day(row.taken_at, tz)]
        for name, n in _counts(row, frames[row.pk]).items():
            total[name] += n
    add(sums)


def add(sums: Mapping[CameraDate, Mapping[str, float]]) -> None:
    """In the order of keys, so that two batches cannot wait for each other."""
    rows = [CameraDay(camera_id=camera, day=day) for camera, day in sorted(sums)]
    CameraDay.objects.bulk_create(rows, ignore_conflicts=True)
    for camera, day in sorted(sums):
        more = {name: F(name) + n for name, n in sums[camera, day].items()}
        CameraDay.objects.filter(camera=camera, day=day).update(**more)


def _counts(snapshot: Snapshot, frame: FrameReading) -> dict[str, float]:
    """Of the largest face, as for readings; in a room of each."""
    if not frame.faces:
        return {"no_face": 1}
    total: dict[str, float] = defaultdict(float)
    for face in frame.faces if snapshot.is_room else frame.faces[:1]:
        for name, n in _face_counts(face).items():
            total[name] += n
    return total


def _face_counts(face: FaceReading) -> dict[str, float]:
    reason = COLUMN.get(face.reason)
    return {
        "faces": 1,
        "usable" if face.usable else "unsure": 1,
        "brightness_sum": face.quality.brightness,
        "sharpness_sum": face.quality.sharpness,
        "height_sum": face.box.height,
    } | ({reason: 1} if reason else {})


@transaction.atomic
def camera_days_rebuild(*, camera: Camera) -> int:
    """Make what comes from readings equal to them, for all days; says how many.

    Attempts are known here alone, so they stay; so are the counts of a room, of whose
    pictures with few faces nothing else is kept.
    """
    if camera.is_room:
        return 0
    # Whoever counts on at this moment waits.
    Camera.objects.select_for_update(no_key=True).get(pk=camera.pk)
    list(CameraDay.objects.select_for_update().filter(camera=camera))
    found = _from_readings(camera)
    fresh = {name: 0 for name in FROM_READINGS}
    CameraDay.objects.filter(camera=camera).update(**fresh)
    CameraDay.objects.bulk_create(
        (CameraDay(camera=camera, day=day, **sums) for day, sums in found.items()),
        update_conflicts=True,
        unique_fields=["camera", "day"],
        update_fields=FROM_READINGS,
    )
    return len(found)


def _from_readings(camera: Camera) -> dict[date, dict[str, float]]:
    day = TruncDate("taken_at", tzinfo=Organisation.current().tz)
    read = Reading.objects.filter(snapshot__camera=camera, face_index=0)
    read = read.filter(Q(counted=True) | Q(usable=False))
    sums = {
        "faces": Count("pk"),
        "usable": Count("pk", filter=Q(usable=True)),
        "unsure": Count("pk", filter=Q(usable=False)),
        "brightness_sum": Sum("brightness"),
        "sharpness_sum": Sum("sharpness"),
        "height_sum": Sum("box_height"),
    } | {
        name: Count("pk", filter=Q(reason__in=reasons))
        for name, reasons in REASONS.items()
    }
    found: dict[date, dict[str, float]] = defaultdict(dict)
    # Named apart from the columns that they are made from.
    named = {f"n_{name}": each for name, each in sums.items()}
    for row in read.annotate(on=day).order_by().values("on").annotate(**named):
        found[row["on"]] = {name: row[f"n_{name}"] for name in sums}
    empty = camera.snapshots.filter(status=Snapshot.Status.NO_FACE)
    days = empty.annotate(on=day).order_by().values("on").annotate(n=Count("pk"))
    for row in days:
        found[row["on"]]["no_face"] = row["n"]
    return dict(found)
