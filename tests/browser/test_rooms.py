"""A team's room in a browser: added, resting with its reason, on the team's card."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from monitor.models import Camera, Person, Team
from monitor.services.consent import consent_withdraw
from monitor.services.roles import it_role_ensure
from monitor.services.teams import team_figures_release
from tests.browser.conftest import Opener, lock
from tests.browser.test_pages import overflow
from tests.factories import PersonFactory, TeamFactory, UserFactory
from tests.monitor.test_room_figures import room_data
from tests.monitor.test_teams import FIRST, settled

pytestmark = pytest.mark.browser


@pytest.fixture
def team(health: User) -> Team:
    made: Team = TeamFactory.create(name="Packing")
    PersonFactory.create_batch(9, team=made)
    other = TeamFactory.create(name="Post")
    PersonFactory.create_batch(9, team=other)
    for each, days in ((made, 6), (other, 4)):
        Camera.objects.create(
            name=f"Room of {each}", team=each, kind="rtsp", address="rtsp://10.0.0.7/a"
        )
        room_data(each, 0.34, FIRST, days=days)
    team_figures_release(now=settled(FIRST))
    return made


def test_the_card_and_the_list_fit_on_a_telephone(
    page: Page, opened: Opener, team: Team
) -> None:
    page.goto("/")
    expect(page.get_by_text("6 of 10 working days (60%)")).to_be_visible()
    assert overflow(page) == 0
    with lock:
        consent_withdraw(person=Person.objects.filter(team=team)[0])
        user: User = UserFactory.create(username="it")
        user.groups.add(it_role_ensure())
    it_page = opened(user)
    it_page.goto("/cameras/")
    expect(it_page.get_by_text("everybody in its team consents")).to_be_visible()
    assert overflow(it_page) == 0
    it_page.goto("/cameras/add/")
    it_page.get_by_label("or the room of the team").select_option(label="Packing")
    it_page.get_by_label("Name", exact=True).fill("Hall")
    it_page.get_by_label("Kind").select_option("rtsp")
    it_page.get_by_label("Address").fill("rtsp://10.0.0.9/main")
    it_page.get_by_role("button", name="Try it").click()
    expect(it_page.locator(".field-error")).to_contain_text("while everybody in its")
    assert overflow(it_page) == 0
