from collections import Counter, defaultdict
from typing import Any
from zoneinfo import ZoneInfo

from django.db import migrations, transaction
from django.db.models import Q
from tqdm import tqdm

BIN = 300


def name_cameras(apps: Any, schema_editor: Any) -> None:
    """Without them every past day would look as if another camera had seen it.

    Person by person, so that it can be interrupted; whoever is done is not begun again.
    """
    Organisation, Person, Summary = (
        apps.get_model('monitor', name)
        for name in ('Organisation', 'Person', 'DailySummary')
    )
    organisation = Organisation.objects.first()
    if organisation is None:
        return
    tz = ZoneInfo(organisation.time_zone)
    done = Summary.objects.exclude(camera=None).values('person')
    waiting = Person.objects.exclude(pk__in=done).order_by('pk')
    people = list(waiting.values_list('pk', flat=True))
    for person in tqdm(people, unit='person', disable=None if people else True):
        with transaction.atomic():
            name_cameras_of(apps, person, tz)


def name_cameras_of(apps: Any, person: int, tz: ZoneInfo) -> None:
    Reading, Summary = (
        apps.get_model('monitor', name) for name in ('Reading', 'DailySummary')
    )
    readings = Reading.objects.filter(Q(counted=True) | Q(usable=False), face_index=0)
    seen: dict[Any, set[Any]] = defaultdict(set)
    for taken_at, model, camera in (
        readings.filter(person=person)
        .order_by()
        .values_list('taken_at', 'model', 'snapshot__camera')
    ):
        day = taken_at.astimezone(tz).date()
        seen[day, model].add((int(taken_at.timestamp()) // BIN, camera))
    rows = []
    for row in Summary.objects.filter(person=person):
        bins = Counter(camera for _, camera in seen[row.day, row.model])
        row.camera_id = max(
            bins, key=lambda camera: (bins[camera], -(camera or 0)), default=None
        )
        rows += [row] if row.camera_id else []
    Summary.objects.bulk_update(rows, ['camera'], batch_size=500)


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('monitor', '0022_camera_of_a_day'),
    ]

    operations = [
        migrations.RunPython(name_cameras, migrations.RunPython.noop),
    ]
