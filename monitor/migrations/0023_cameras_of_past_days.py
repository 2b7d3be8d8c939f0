from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from django.db import migrations, transaction
from django.db.models import Exists, OuterRef, Q
from tqdm import tqdm

from inference import EMOTIONS
from monitor.counting import is_counted
from monitor.hours import hours_of, hours_pack
from monitor.scoring import bins_of, five

BIN = 300


def complete(apps: Any, schema_editor: Any) -> None:
    """Without cameras every past day would look as if another one had seen it.

    Person by person, so that it can be interrupted. Every day has readings, so only
    those that were not looked at have no hours.
    """
    Organisation, Person, Summary = (
        apps.get_model('monitor', name)
        for name in ('Organisation', 'Person', 'DailySummary')
    )
    organisation = Organisation.objects.first()
    if organisation is None:
        return
    tz = ZoneInfo(organisation.time_zone)
    without = Summary.objects.filter(person=OuterRef('pk'), hours=b'')
    waiting = Person.objects.filter(Exists(without)).order_by('pk')
    people = list(waiting.values_list('pk', flat=True))
    for person in tqdm(people, unit='person', disable=None if people else True):
        with transaction.atomic():
            # As workers do: they wait for it with their hands empty.
            locked = Person.objects.filter(pk=person).select_for_update(no_key=True)
            list(locked.values_list('pk'))
            complete_person(apps, person, tz)


def complete_person(apps: Any, person: int, tz: ZoneInfo) -> None:
    Formula, Summary = (
        apps.get_model('monitor', name) for name in ('Formula', 'DailySummary')
    )
    least = dict(Formula.objects.values_list('pk', 'min_confidence'))
    rows = list(Summary.objects.filter(person=person, hours=b''))
    days = readings_of(apps, person, {row.day for row in rows}, tz)
    for row in rows:
        readings = days[row.day, row.model]
        row.camera_id = camera_of(readings)
        row.hours = hours_of_day(readings, least[row.formula_id])
    Summary.objects.bulk_update(rows, ['camera', 'hours'], batch_size=500)


def readings_of(apps: Any, person: int, days: set[Any], tz: ZoneInfo) -> Any:
    Reading = apps.get_model('monitor', 'Reading')
    readings = Reading.objects.filter(Q(counted=True) | Q(usable=False), face_index=0)
    columns = ('taken_at', 'model', 'snapshot__camera', 'counted', 'reason', *EMOTIONS)
    found = defaultdict(list)
    for taken_at, model, *rest in (
        readings.filter(person=person).order_by().values_list(*columns).iterator()
    ):
        local = taken_at.astimezone(tz)
        if local.date() in days:
            number = int(taken_at.timestamp()) // BIN
            found[local.date(), model].append((number, local.hour, *rest))
    return found


def camera_of(readings: Iterable[Any]) -> int | None:
    """The one that saw most bins; of equals, none."""
    bins = Counter(camera for _, camera in {(row[0], row[2]) for row in readings})
    return max(
        bins, key=lambda camera: (bins[camera], -(camera or 0)), default=None
    )


def hours_of_day(readings: Iterable[Any], least: float | None) -> bytes:
    counted, unsure, hour_of = [], [], {}
    for number, hour, _, counts, reason, *scores in readings:
        hour_of[number] = hour
        if is_counted(five(scores), counted=counts, reason=reason, least=least):
            counted.append((number, five(scores)))
        else:
            unsure.append(hour)
    bins = [(hour_of[row.number], row) for row in bins_of(counted)]
    return hours_pack(hours_of(bins, unsure))


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('monitor', '0022_camera_of_a_day'),
    ]

    operations = [
        migrations.RunPython(complete, migrations.RunPython.noop),
    ]
