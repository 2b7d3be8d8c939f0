"""The only writers of model versions; each change of a state is a ModelEvent."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from inference import ModelError
from inference.runtime import check_serving
from inference.spec import active_name
from monitor.model_files import Package, package
from monitor.models import ModelEvent, ModelFile, ModelVersion
from monitor.services import serving

State = ModelVersion.State
ROLLBACK = "rollback"


class VersionChangeRefused(Exception):
    """This change of the models is not possible; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who changes something: a user, or words about the command line."""

    by: str
    actor: User | None = field(default=None)


def version_import(*, model: str, author: Author) -> tuple[ModelVersion, bool]:
    """Bring a folder or a shipped model in; False when it was in before.

    Raises ModelError when it could not serve, VersionChangeRefused when the same
    weights are in with another spec.
    """
    found = package(model)
    there = ModelVersion.objects.filter(version=found.version).first()
    if there is None:
        return _store(found, model, author), True
    if there.digest != found.digest:
        raise VersionChangeRefused(
            f"{found.version} is in already, with the same weights but another spec: "
            "export this model under another name"
        )
    return there, False


def version_named(name: str) -> ModelVersion:
    """The version, or the only one of that name; raises VersionChangeRefused."""
    rows = list(ModelVersion.objects.filter(Q(version=name) | Q(name=name)))
    if len(rows) == 1:
        return rows[0]
    if rows:
        names = ", ".join(row.version for row in rows)
        raise VersionChangeRefused(f"{name} is ambiguous; say which one: {names}")
    raise VersionChangeRefused(
        f"no version {name!r} is in; see `manage.py models list`, or bring it in with "
        "`manage.py models import`"
    )


def version_activate(
    *, version: ModelVersion, author: Author, reason: str = ""
) -> ModelVersion:
    """Let this version read every picture that is claimed from now on.

    Before the first activation the model in use so far is brought in, too, so that
    there is a way back. Raises VersionChangeRefused and ModelError.
    """
    _refuse_pin()
    serving.load(stored(version), check_serving)
    before = _by_file(author)
    with transaction.atomic():
        _lock()
        version.refresh_from_db()
        if version.state == State.ACTIVE:
            return version
        current = ModelVersion.objects.filter(state=State.ACTIVE).first()
        if current is None and before is not None and before.pk != version.pk:
            before.refresh_from_db()
            _change(before, State.ACTIVE, author, "in use before, by file")
            current = before
        if current is not None:
            _change(current, State.RETIRED, author, reason)
        _change(version, State.ACTIVE, author, reason)
    return version


def _by_file(author: Author) -> ModelVersion | None:
    """The model in use as long as none was ever activated, brought in."""
    if ModelVersion.objects.filter(state=State.ACTIVE).exists():
        return None
    try:
        return version_import(model=active_name(), author=author)[0]
    except ModelError:
        return None  # nothing to go back to; all the more reason to go on


def stored(version: ModelVersion) -> serving.Stored:
    return serving.Stored(version.pk, version.version, version.digest)


def version_rollback(*, author: Author) -> ModelVersion:
    """Activate the version that was active before the present one.

    A version that was left by a rollback is not gone back to. Raises
    VersionChangeRefused when there is none.
    """
    history: list[int] = []
    events = ModelEvent.objects.filter(new=State.ACTIVE).order_by("pk")
    for pk, reason in events.values_list("version_id", "reason"):
        if reason != ROLLBACK:
            history.append(pk)
        elif history:
            history.pop()
    if len(history) < 2:
        raise VersionChangeRefused("no model was active before this one")
    version = ModelVersion.objects.get(pk=history[-2])
    return version_activate(version=version, author=author, reason=ROLLBACK)


def shadow_start(*, version: ModelVersion, author: Author) -> ModelVersion:
    """Let this version read along; one that did so before stops."""
    serving.load(stored(version), check_serving)
    with transaction.atomic():
        _lock()
        version.refresh_from_db()
        if version.state == State.ACTIVE:
            raise VersionChangeRefused(f"{version} is the active model")
        if version.state == State.SHADOW:
            return version
        _shadow_off(author)
        ModelVersion.objects.filter(pk=version.pk).update(shadow_failures=0)
        _change(version, State.SHADOW, author, "")
    return version


@transaction.atomic
def shadow_stop(*, author: Author) -> ModelVersion:
    """Stop the shadow; what it read stays until it is pruned."""
    _lock()
    stopped = _shadow_off(author)
    if stopped is None:
        raise VersionChangeRefused("no shadow is running")
    return stopped


def _shadow_off(author: Author) -> ModelVersion | None:
    row = ModelVersion.objects.filter(state=State.SHADOW).first()
    if row is not None:
        _change(row, State.RETIRED, author, "switched off")
    return row


def _lock() -> None:
    """One change at a time: all versions, in one order (no-op on SQLite)."""
    rows: QuerySet[ModelVersion] = ModelVersion.objects.order_by("pk")
    list(rows.select_for_update().values_list("pk"))


def _change(version: ModelVersion, new: State, author: Author, reason: str) -> None:
    """One allowed step with its event; the caller holds the lock."""
    old = version.state
    if new not in ModelVersion.ALLOWED[old]:
        raise VersionChangeRefused(f"a version that is {old} cannot become {new}")
    now = timezone.now()
    values: dict[str, object] = {"state": new}
    if new == State.ACTIVE:
        values["activated_at"] = now
    if not ModelVersion.objects.filter(pk=version.pk, state=old).update(**values):
        raise VersionChangeRefused("somebody else changed the models just now")
    for name, value in values.items():
        setattr(version, name, value)
    _record(version, old, author, reason)


def _record(version: ModelVersion, old: str, author: Author, reason: str) -> None:
    ModelEvent.objects.create(
        version=version,
        old=old,
        new=version.state,
        at=timezone.now(),
        actor=author.actor,
        by=author.by,
        reason=reason,
    )


@transaction.atomic
def _store(found: Package, source: str, author: Author) -> ModelVersion:
    version = ModelVersion.objects.create(
        name=found.name,
        version=found.version,
        sha256=found.sha256,
        digest=found.digest,
        spec=found.spec,
        metrics=found.metrics,
        source=source[:400],
        imported_at=timezone.now(),
    )
    hashes = found.spec["sha256"]
    for name, content in found.files.items():
        ModelFile.objects.create(
            version=version, name=name, content=content, sha256=hashes[name]
        )
    _record(version, "", author, "")
    return version


def _refuse_pin() -> None:
    if settings.EMOTION_MODEL:
        raise VersionChangeRefused(
            f"MODEL={settings.EMOTION_MODEL} pins the model: take it out of the "
            "environment of every worker (and of this command) first"
        )
