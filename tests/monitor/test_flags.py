"""Every change of a flag is allowed, is one event, and is refused to the slower one."""

from __future__ import annotations

from datetime import date

import pytest
from django.contrib.auth.models import User

from monitor.models import Flag, FlagEvent, Person
from monitor.services import flags
from monitor.services.flags import ALLOWED, FlagChangeRefused, Rise
from monitor.services.roles import roles_ensure, service_account
from tests.factories import MODEL, UserFactory

FRIDAY = date(2026, 3, 20)
RISE = Rise(recent=0.5, baseline=0.2, z=4.0, model=MODEL, formula="1")
Status = Flag.Status


@pytest.fixture
def flag(person: Person) -> Flag:
    raised, _ = flags.flag_raise(person_id=person.pk, on=FRIDAY, rise=RISE)
    return raised


def history(flag: Flag) -> list[tuple[str, str]]:
    return list(flag.events.values_list("old", "new"))


def test_a_raised_flag_has_its_first_event(flag: Flag) -> None:
    assert (flag.status, flag.raised_on, flag.z) == (Status.RAISED, FRIDAY, 4.0)
    assert history(flag) == [("", "raised")]
    assert flag.events.get().actor is None


def test_a_second_raise_finds_the_first(flag: Flag) -> None:
    again, is_new = flags.flag_raise(person_id=flag.person_id, on=FRIDAY, rise=RISE)
    assert (again, is_new) == (flag, False)
    assert FlagEvent.objects.count() == 1


def test_a_closed_flag_makes_room_for_another(flag: Flag) -> None:
    flags.flag_close(flag=flag, reason="talked to", on=FRIDAY)
    _, is_new = flags.flag_raise(person_id=flag.person_id, on=FRIDAY, rise=RISE)
    assert is_new


def test_acknowledging_notes_who_and_why(flag: Flag) -> None:
    nurse = UserFactory.create(occupational_health=True)
    flags.flag_acknowledge(flag=flag, by=nurse, note="will call")
    event = flag.events.last()
    assert event is not None
    assert (event.new, event.actor, event.reason) == (
        "acknowledged",
        nurse,
        "will call",
    )
    flag.refresh_from_db()
    assert flag.status == Status.ACKNOWLEDGED


def test_closing_sets_its_day(flag: Flag) -> None:
    flags.flag_close(flag=flag, reason="back", on=FRIDAY)
    flag.refresh_from_db()
    assert (flag.status, flag.closed_on) == (Status.CLOSED, FRIDAY)


@pytest.mark.parametrize("before", [Status.RAISED, Status.ACKNOWLEDGED])
def test_a_stale_flag_becomes_what_it_was(flag: Flag, before: str, admin: User) -> None:
    if before == Status.ACKNOWLEDGED:
        flags.flag_acknowledge(flag=flag, by=admin, note="")
    flags.flag_mark_stale(flag=flag, reason="no data")
    flags.flag_resume(flag=flag)
    assert flag.status == before
    assert history(flag)[-2:] == [(before, "stale"), ("stale", before)]


@pytest.mark.parametrize(
    ("old", "new"),
    [(old, new) for old in ALLOWED for new in Status if new not in ALLOWED[old]],
)
def test_other_changes_are_refused(flag: Flag, old: str, new: Status) -> None:
    flag.status = old
    with pytest.raises(FlagChangeRefused, match=f"{old} cannot become {new}"):
        flags._change(flag, new, reason="")
    assert FlagEvent.objects.count() == 1


def test_the_slower_of_two_is_told(flag: Flag, admin: User) -> None:
    same = Flag.objects.get(pk=flag.pk)
    flags.flag_close(flag=flag, reason="back")
    with pytest.raises(FlagChangeRefused, match="somebody else"):
        flags.flag_acknowledge(flag=same, by=admin, note="")
    assert FlagEvent.objects.count() == 2


def test_a_note_that_does_not_fit_is_refused(flag: Flag, admin: User) -> None:
    with pytest.raises(FlagChangeRefused, match="400"):
        flags.flag_acknowledge(flag=flag, by=admin, note="x" * 401)


def test_occupational_health_may_review_but_not_delete(db: None) -> None:
    roles_ensure()
    nurse = UserFactory.create(occupational_health=True)
    assert nurse.has_perms(["monitor.view_person", "monitor.change_flag"])
    assert not nurse.has_perm("monitor.delete_person")


def test_a_service_account_sends_but_cannot_log_in(db: None) -> None:
    account = service_account("import")
    assert service_account("import") == account
    assert account.has_perm("monitor.add_snapshot")
    assert not account.has_perm("monitor.view_person")
    assert not account.has_usable_password()
