"""The tasks are thin; what they add is when they try again."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.db import OperationalError
from kombu.exceptions import OperationalError as BrokerError

from config.celery import app
from monitor import tasks


def test_every_scheduled_task_exists_and_expires() -> None:
    app.loader.import_default_modules()
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        assert entry["task"] in app.tasks
        assert entry["options"]["expires"] <= entry["schedule"]


@pytest.mark.parametrize(
    ("task", "queue"),
    [("notifications_send", "notifications"), ("analyse_waiting", "celery")],
)
def test_slow_receivers_of_notifications_delay_no_picture(
    task: str, queue: str
) -> None:
    route = app.amqp.router.route({}, f"monitor.{task}")["queue"]
    assert (route.name, route.exchange.name, route.routing_key) == (queue,) * 3


def test_a_broker_that_is_away_loses_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away() -> None:
        raise BrokerError("connection refused")

    monkeypatch.setattr("monitor.tasks.analyse_waiting.delay", away)
    tasks.wake_worker()
    assert "found by the sweeper" in caplog.text


def test_only_errors_of_the_connection_are_tried_again() -> None:
    assert OperationalError in tasks.RETRY["autoretry_for"]
    assert Exception not in tasks.RETRY["autoretry_for"]
    for name in (
        "analyse_waiting",
        "sweep",
        "assess_due",
        "flags_expire",
        "validation_measure",
        "notifications_send",
        "shadow_prune",
    ):
        assert getattr(tasks, name).max_retries == 5


@pytest.mark.django_db
def test_the_tasks_call_the_services(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []
    for path in ("analysis.analyse_waiting", "analysis.sweep"):
        monkeypatch.setattr(
            f"monitor.services.{path}", lambda path=path: called.append(path)
        )
    monkeypatch.setattr(
        "monitor.services.assessment.people_assess_due",
        lambda now: called.append("assess"),
    )
    monkeypatch.setattr(
        "monitor.services.flags.flags_expire", lambda now: called.append("expire")
    )
    monkeypatch.setattr(
        "monitor.services.self_reports.validation_measure",
        lambda now: called.append("validate"),
    )
    monkeypatch.setattr(
        "monitor.services.delivery.notifications_send", lambda: called.append("tell")
    )
    monkeypatch.setattr(
        "monitor.services.shadow.shadow_prune", lambda: called.append("prune")
    )
    tasks.analyse_waiting()
    tasks.sweep()
    tasks.assess_due()
    tasks.flags_expire()
    tasks.validation_measure()
    tasks.notifications_send()
    tasks.shadow_prune()
    waited = ["analysis.analyse_waiting", "analysis.sweep"]
    assert called == [*waited, "assess", "expire", "validate", "tell", "prune"]
