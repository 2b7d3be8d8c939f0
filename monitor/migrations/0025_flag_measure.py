from typing import Any

from django.db import migrations, models
from django.db.models import Exists, OuterRef


def fill(apps: Any, schema_editor: Any) -> None:
    """A drop is about happiness, and so is the recovery of the day on which it ended.

    Where something about stress ended on that day, too, nobody can tell whose a
    recovery is; those stay as they are.
    """
    flags = apps.get_model("monitor", "Flag").objects
    flags.filter(kind="drop").update(measure="happiness")
    ended = flags.filter(person=OuterRef("person"), closed_on=OuterRef("raised_on"))
    flags.filter(
        Exists(ended.filter(kind="drop")),
        ~Exists(ended.filter(kind__in=("rise", "level"))),
        kind="recovered",
    ).update(measure="happiness")


class Migration(migrations.Migration):

    dependencies = [
        ('monitor', '0024_invitations_by_time'),
    ]

    operations = [
        migrations.AddField(
            model_name='flag',
            name='measure',
            field=models.CharField(choices=[('stress', 'Stress'), ('happiness', 'Happiness')], db_default='stress', default='stress', help_text='The ratio that it is about, also of a recovery.', max_length=9),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
