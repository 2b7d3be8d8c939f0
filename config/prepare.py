"""What bin/setup does once the libraries are there: keys, database, static files.

Each part looks first whether there is anything to do, so that a second run is quick.
"""

import base64
import hashlib
import os
import secrets
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from config import env


def make_keys(state: Path) -> list[str]:
    """Make the keys that neither the environment nor the state folder has."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    makers: dict[str, Callable[[], str]] = {
        "secret_key": lambda: secrets.token_urlsafe(64),
        "image_keys": lambda: base64.urlsafe_b64encode(os.urandom(32)).decode(),
    }
    missing = [
        name
        for name in makers
        if not env.is_set(name.upper()) and not (state / name).exists()
    ]
    for name in missing:
        write_private(state / name, makers[name]())
    return missing


def write_private(path: Path, text: str) -> None:
    """Write a file that appears whole or not at all, for its owner only."""
    descriptor, temporary = tempfile.mkstemp(prefix=path.name, dir=path.parent)
    with os.fdopen(descriptor, "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    Path(temporary).replace(path)


def migrate() -> str:
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor
    from django.db.utils import OperationalError

    try:
        executor = MigrationExecutor(connection)
    except OperationalError as exc:
        env.fail(f"the database does not answer ({str(exc).strip()}); see DATABASE_URL")
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if not plan:
        return "up to date"
    call_command("migrate", interactive=False, verbosity=1)
    return f"{len(plan)} migrations applied"


def static_sources() -> Iterator[str]:
    """A line for every file that collectstatic would look at."""
    from django.contrib.staticfiles.finders import get_finders

    for finder in get_finders():
        for name, storage in finder.list([]):
            stat = Path(storage.path(name)).stat()
            prefix = getattr(storage, "prefix", None)
            yield f"{prefix} {name} {stat.st_size} {stat.st_mtime_ns}\n"


def collect_static() -> str:
    from django.conf import settings
    from django.core.management import call_command

    root = Path(settings.STATIC_ROOT)
    stamp = root / ".stamp"
    lines = sorted(static_sources())
    wanted = hashlib.sha256("".join(lines).encode()).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return "up to date"
    stamp.unlink(missing_ok=True)
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    stamp.write_text(wanted)
    return f"{len(lines)} files collected"


def main() -> None:
    made = make_keys(env.folder("STATE_DIR", env.ROOT / "var"))
    sys.stdout.write(f"keys: {', '.join(made) + ' made' if made else 'present'}\n")
    env.select_settings()

    import django

    django.setup()
    sys.stdout.write(f"database: {migrate()}\n")
    sys.stdout.write(f"static files: {collect_static()}\n")


if __name__ == "__main__":
    main()
