"""Pictures that keep coming: `python -m tests.ops.incoming FILE`, until FILE is there.

They go through the one door and are read by a fake engine, beside whatever else works
on the database. Each is of another minute of the last week.
"""

from __future__ import annotations

import sys
import time
from datetime import timedelta
from pathlib import Path
from unittest import mock


def main(end: Path) -> None:
    from django.utils import timezone

    from monitor.models import Person
    from monitor.services import analysis
    from monitor.services.intake import Upload, snapshot_accept
    from monitor.services.roles import service_account
    from tests import images
    from tests.fakes import FakeEngine

    people, by = list(Person.objects.order_by("pk")), service_account("incoming")
    now, sent = timezone.now(), 0
    with mock.patch.object(analysis, "get_engine", lambda _: FakeEngine()):
        while not end.exists():
            person = people[sent * 37 % len(people)]
            taken = now - timedelta(minutes=sent * 11 % (7 * 24 * 60))
            upload = Upload(images.jpeg(sent % 9), person, taken_at=taken)
            snapshot_accept(upload=upload, by=by)
            analysis.analyse_waiting()
            sent += 1
            time.sleep(0.02)
    sys.stdout.write(f"{sent}\n")


if __name__ == "__main__":
    import django

    from config.env import select_settings

    select_settings()
    django.setup()
    main(Path(sys.argv[1]))
