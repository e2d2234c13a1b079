"""Clocks of cases over holidays, make-up days, and the day on which clocks are turned; warned of and escalated once."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine

from cis.platform import deadlines, jobs
from cis.platform.models import AuditEvent, Deadline
from complaints.operations import cases
from tests.factories import accounts
from tests.factories import cases as made

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    accounts.supplier()


def due(at, **values):
    with time_machine.travel(at, tick=False):
        row = made.taken(at=at, **values)
    cards = deadlines.of_subject(subject="case", subject_ids=[row.id])
    return row, {one.standard: one.due_at for one in cards}


def test_holidays_do_not_count_and_make_up_days_do():
    """Friday the 13th before the spring festival of 2026: the 14th is worked, then the 24th to the 27th."""
    _row, clocks = due(datetime(2026, 2, 13, 2, tzinfo=UTC))
    assert clocks["case_complaint"] == datetime(2026, 2, 27, 16, tzinfo=UTC)
    assert clocks["case_contact"] == datetime(2026, 2, 14, 2, tzinfo=UTC)


def test_a_day_of_25_hours_is_one_day_and_24_hours_are_24_hours(settings):
    """Sydney turns its clocks back on Sunday the 5th of April 2026; the 6th is a holiday of the pack."""
    settings.TIME_ZONE = "Australia/Sydney"
    at = datetime(2026, 4, 4, 9, tzinfo=UTC)  # Saturday, 20:00 of summer time
    _row, clocks = due(at)
    assert clocks["case_contact"] == at + 24 * HOUR  # Sunday, 19:00 of winter time
    # Tuesday the 7th to Friday the 10th, and Monday the 13th, to its end by winter time.
    assert clocks["case_complaint"] == datetime(2026, 4, 13, 14, tzinfo=UTC)


def test_a_day_of_23_hours_is_one_day_and_24_hours_are_24_hours(settings):
    """Sydney turns its clocks forward on Sunday the 4th of October 2026."""
    settings.TIME_ZONE = "Australia/Sydney"
    at = datetime(2026, 10, 3, 9, tzinfo=UTC)  # Saturday, 19:00 of winter time
    _row, clocks = due(at)
    assert clocks["case_contact"] == at + 24 * HOUR  # Sunday, 20:00 of summer time
    zone = ZoneInfo("Australia/Sydney")
    end = clocks["case_complaint"].astimezone(zone)
    assert (end.hour, end.utcoffset()) == (0, 11 * HOUR), "the end of a day by summer time"


def test_what_stood_still_over_a_weekend_moves_the_end_by_no_working_day():
    person = made.person()
    at = datetime(2026, 3, 6, 2, tzinfo=UTC)  # Friday
    with time_machine.travel(at, tick=False):
        row = made.in_hand(person, team_id=made.team(person), at=at)
        before = Deadline.objects.get(subject_id=row.id, standard="case_complaint").due_at
        cases.wait(case_id=row.id, reason="photo", at=datetime(2026, 3, 6, 16, tzinfo=UTC), actor=person)
        cases.go_on(case_id=row.id, at=datetime(2026, 3, 8, 16, tzinfo=UTC), actor=person)
    after = {one.standard: one.due_at for one in deadlines.of_subject(subject="case", subject_ids=[row.id])}
    assert after["case_complaint"] == before  # Saturday and Sunday
    assert after["case_contact"] == at + 24 * HOUR + 48 * HOUR


def test_a_deadline_is_warned_of_and_passed_on_once():
    at = datetime(2026, 3, 2, 2, tzinfo=UTC)
    row, clocks = due(at)
    for moment in (at + HOUR, at + HOUR, at + 25 * HOUR, at + 25 * HOUR):
        deadlines.sweep(moment)
    told = AuditEvent.objects.filter(subject="case", subject_id=row.id, action__in=["warn", "escalate"])
    assert sorted(told.values_list("action", "detail__standard")) == [
        ("escalate", "case_accept"), ("escalate", "case_contact"), ("warn", "case_accept"),
    ]  # fmt: skip
    assert clocks["case_contact"] < at + 25 * HOUR
