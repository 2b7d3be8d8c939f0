"""A flag from its rise to its end, as the two people it concerns walk through it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from monitor.models import Flag, NotificationAttempt, Person
from monitor.services.assessment import person_assess
from monitor.services.delivery import notifications_send
from tests.browser.conftest import Opener, lock
from tests.factories import UserFactory, reading_series
from tests.receivers import Mailbox, serving

pytestmark = pytest.mark.browser

CALM, RISEN = [0.15] * 60, [0.55] * 12
SEEN = "Seen, I will call on Monday."
PLAN = "A talk with Ada, then the shift plan."
WORDS = "Two colleagues are ill and I have done their work as well."
FOUND = "Three weeks of double shifts."
AGREED = "Two days off, no night shifts in April."
WHY = "The cause is known and dealt with."


@pytest.fixture
def mailbox(settings: Settings, server: LiveServer) -> Iterator[Mailbox]:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.NOTIFY_BY_EMAIL = True
    settings.SITE_URL = server.url
    with serving(Mailbox()) as box:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", box.port
        yield box


@pytest.fixture
def employee(ada: Person) -> User:
    ada.user = UserFactory.create(username="ada")
    ada.save(update_fields=["user"])
    return ada.user


@pytest.fixture
def reviewer_page(opened: Opener, health: User, mailbox: Mailbox) -> Page:
    page = opened(health)
    tell_by_mail(page, "health@example.org", "The person answered")
    return page


@pytest.fixture
def person_page(opened: Opener, employee: User, mailbox: Mailbox) -> Page:
    page = opened(employee)
    tell_by_mail(page, "ada@example.org", "A flag has ended")
    return page


def tell_by_mail(page: Page, address: str, when: str) -> None:
    page.goto("/notifications/")
    page.get_by_label("Kind").select_option("email")
    page.get_by_label("E-mail address").fill(address)
    page.get_by_label(when).check()
    page.get_by_label("Nothing from").fill("")
    page.get_by_label("until", exact=True).fill("")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_text("The channel is added.")).to_be_visible()


def raised(person: Person) -> Flag:
    """What the rule makes of the person's days, evening by evening."""
    yesterday = timezone.now().date() - timedelta(days=1)
    with lock:
        for day in reading_series(person, stress=CALM + RISEN, until=yesterday):
            person_assess(person_id=person.pk, on=day)
        return Flag.objects.get()


def mails(box: Mailbox) -> dict[str, str]:
    """The links of the mails that go out now, by the address they are sent to.

    No mail names the person or says any number.
    """
    box.mails.clear()
    with lock:
        notifications_send()
    links = {}
    for mail in box.mails:
        assert isinstance(mail, EmailMessage)
        text = f"{mail['Subject']}\n{mail.get_content()}"
        link, settings_link = re.findall(r"http://\S+", text)
        assert "/notifications/" in settings_link
        said = text.replace(link, "").replace(settings_link, "")
        assert not re.search(r"\d|%|Ada|Example|Post", said)
        links[mail["To"]] = link
    return links


def newest(flag: Flag, of: int) -> tuple[str, str, str]:
    """The last of exactly so many events: the new state, who, and why."""
    with lock:
        events = list(flag.events.select_related("actor"))
    assert len(events) == of
    assert timezone.now() - events[-1].at < timedelta(minutes=2)
    actor = events[-1].actor
    return events[-1].new, actor.username if actor else "", events[-1].reason


def expect_event(page: Page, *words: str) -> None:
    """The last entry under "What happened", which has its time."""
    entry = page.locator(".events li").last
    for text in words:
        expect(entry).to_contain_text(text)
    expect(entry.locator("time")).to_contain_text(str(timezone.now().year))


def acknowledge(page: Page) -> None:
    expect(page.get_by_role("heading", name="Sustained rise")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("Ada Example")
    page.get_by_label("What was seen or done").fill(SEEN)
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_text("The flag is acknowledged")).to_be_visible()
    expect_event(page, "Acknowledged", "by health", SEEN)


def review(page: Page) -> None:
    page.get_by_label("What will be looked at, and how").fill(PLAN)
    page.get_by_role("button", name="Start the review").click()
    expect(page.get_by_text("The review has begun")).to_be_visible()
    expect_event(page, "In review", "by health", PLAN)


def answer(page: Page) -> None:
    """The person finds the flag on the page that they come to, and all that is said."""
    page.goto("/")
    expect(page.get_by_label("Open flag")).to_contain_text("Flag in review")
    page.get_by_role("link", name="Read and answer").click()
    for text in (SEEN, PLAN, "by health"):
        expect(page.get_by_role("main")).to_contain_text(text)
    page.get_by_label("In your own words").fill(WORDS)
    page.get_by_role("button", name="Answer").click()
    expect(page.get_by_text("Your answer is kept")).to_be_visible()
    expect_event(page, "Answered", "by ada", WORDS)


def close(page: Page) -> None:
    expect_event(page, "Answered", "by ada", WORDS)
    page.get_by_label("Outcome").select_option("confirmed")
    page.get_by_label("What was found").fill(FOUND)
    page.get_by_label("What was agreed").fill(AGREED)
    page.get_by_label("Reason").fill(WHY)
    page.get_by_role("button", name="Close the flag").click()
    expect(page.get_by_text("The flag is closed")).to_be_visible()
    expect_event(page, "Closed", "by health", WHY)


def test_a_flag_is_raised_mailed_reviewed_answered_and_closed(
    reviewer_page: Page, person_page: Page, ada: Person, mailbox: Mailbox
) -> None:
    flag = raised(ada)
    why = "sustained rise above the person's own past"
    assert newest(flag, of=2) == ("raised", "", why)  # the first is its first sign
    links = mails(mailbox)
    assert set(links) == {"health@example.org", "ada@example.org"}
    reviewer_page.goto(links["health@example.org"])
    acknowledge(reviewer_page)
    assert newest(flag, of=3) == ("acknowledged", "health", SEEN)
    review(reviewer_page)
    assert newest(flag, of=4) == ("in_review", "health", PLAN)
    answer(person_page)
    assert newest(flag, of=5) == ("in_review", "ada", "the person answered")
    reviewer_page.goto(mails(mailbox)["health@example.org"])
    close(reviewer_page)
    assert newest(flag, of=6) == ("closed", "health", WHY)
    person_page.goto(mails(mailbox)["ada@example.org"])
    for text in (FOUND, AGREED, WHY, "Confirmed"):
        expect(person_page.get_by_role("main")).to_contain_text(text)
    reviewer_page.goto("/rule/")
    expect(reviewer_page.get_by_role("row", name="Confirmed 1 100%")).to_be_visible()
    assert NotificationAttempt.objects.filter(error="").count() == 4
