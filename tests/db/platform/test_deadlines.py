"""A clock runs once for a thing, stands still, is met or dropped; the sweep tells of it once."""

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from cis.kernel.deadlines import DeadlineNear, DeadlinePassed
from cis.platform import deadlines, events
from cis.platform.db import NoTransaction
from cis.platform.models import Deadline

pytestmark = pytest.mark.django_db(transaction=True)
STANDARD = "connection_low"  # 6 working days, warned 1 before
DAY = timedelta(days=1)


def local(day, hour=10, month=3):
    return datetime(2026, month, day, hour, tzinfo=timezone.get_default_timezone())


def at(call, **given):
    with transaction.atomic():
        return call(subject="case", **{"subject_id": 7, **given})


@pytest.fixture
def told(monkeypatch):
    heard = []
    monkeypatch.setattr(events, "LISTENERS", {})
    events.listen(DeadlineNear, heard.append)
    events.listen(DeadlinePassed, heard.append)
    return heard


def only(**wanted):
    (card,) = deadlines.of_subject(subject="case", subject_ids=[wanted.pop("subject_id", 7)])
    return card


def test_a_deadline_keeps_the_length_of_its_standard():
    due_at = at(deadlines.start, standard=STANDARD, at=local(2))
    assert due_at == local(11, 0)  # Tuesday 3 to Tuesday 10
    card = only()
    assert (card.state, card.due_at, card.limit.amount, card.in_time) == ("running", due_at, 6, None)
    assert Deadline.objects.get().warn_at == local(10, 0)


def test_a_clock_of_a_standard_runs_once_and_again_when_it_has_ended():
    at(deadlines.start, standard=STANDARD, at=local(2))
    with pytest.raises(deadlines.ClockRuns):
        at(deadlines.start, standard=STANDARD, at=local(3))
    at(deadlines.start, standard=STANDARD, subject_id=8, at=local(3))
    at(deadlines.drop, at=local(3))
    at(deadlines.start, standard=STANDARD, at=local(4))
    assert [card.state for card in deadlines.of_subject(subject="case", subject_ids=[7])] == ["dropped", "running"]


def test_an_unknown_standard_is_refused_by_its_name():
    with pytest.raises(deadlines.UnknownStandard, match="connection_moon"):
        at(deadlines.start, standard="connection_moon", at=local(2))


def test_nothing_happens_outside_a_use_case():
    with pytest.raises(NoTransaction):
        deadlines.start(subject="case", subject_id=7, standard=STANDARD, at=local(2))


def test_time_of_the_customer_is_not_counted():
    at(deadlines.start, standard=STANDARD, at=local(2))
    assert at(deadlines.stop, at=local(4), reason="customer") == 1
    assert (only().state, only().due_at, only().reason) == ("stopped", None, "customer")
    assert at(deadlines.stop, at=local(5), reason="customer") == 0
    assert at(deadlines.go_on, at=local(6)) == 1
    assert at(deadlines.go_on, at=local(6)) == 0
    assert (only().state, only().due_at, only().reason) == ("running", local(13, 0), "")
    assert at(deadlines.meet, at=local(12, 23)) == 1
    # 8 working days less 2, of the last one 23 hours.
    assert (only().state, only().in_time, only().used_hundredths) == ("met", True, 596)
    assert at(deadlines.meet, at=local(13)) == 0


@pytest.mark.parametrize(("met_at", "in_time"), [(local(10, 23), True), (local(11, 0), False), (local(12), False)])
def test_a_deadline_is_met_in_time_until_its_last_day_is_over(met_at, in_time):
    at(deadlines.start, standard=STANDARD, at=local(2))
    at(deadlines.meet, at=met_at)
    assert only().in_time is in_time
    assert only().is_late(local(20)) is not in_time


def test_what_has_passed_stays_late_though_the_clock_stands_still():
    at(deadlines.start, standard=STANDARD, at=local(2))
    at(deadlines.stop, at=local(12), reason="customer")
    assert only().due_at == local(11, 0)
    assert [card.id for card in deadlines.overdue(at=local(12), subject="case")] == [only().id]
    at(deadlines.meet, at=local(13))
    assert only().in_time is False


def test_what_is_met_while_the_customer_works_is_in_time():
    at(deadlines.start, standard=STANDARD, at=local(2))
    at(deadlines.stop, at=local(4), reason="customer")
    at(deadlines.meet, at=local(30))
    assert (only().in_time, only().used_hundredths) == (True, 142)


def test_one_standard_of_several_is_met_alone():
    at(deadlines.start, standard=STANDARD, at=local(2))
    at(deadlines.start, standard="connection_survey_low", at=local(2))
    at(deadlines.meet, standard="connection_survey_low", at=local(3))
    states = {card.standard: card.state for card in deadlines.of_subject(subject="case", subject_ids=[7])}
    assert states == {STANDARD: "running", "connection_survey_low": "met"}
    at(deadlines.drop, standard="connection_survey_low", at=local(3))
    assert Deadline.objects.filter(state="running").count() == 1


def test_the_sweep_tells_once_that_it_comes_near_and_once_that_it_has_passed(told):
    with transaction.atomic():
        deadlines.start_many(subject="case", subject_ids=[7, 8, 9], standard=STANDARD, at=local(2))
    at(deadlines.stop, subject_id=9, at=local(3), reason="customer")
    deadlines.sweep(local(9, 23))
    assert told == []
    for hour in (0, 1):
        deadlines.sweep(local(10, hour))
    assert [type(one) for one in told] == [DeadlineNear]
    assert [one.subject_id for one in told[0].deadlines] == [7, 8]
    at(deadlines.meet, subject_id=8, at=local(10))
    for hour in (0, 1):
        deadlines.sweep(local(11, hour))
    assert [type(one) for one in told] == [DeadlineNear, DeadlinePassed]
    (passed,) = told[1].deadlines
    assert (passed.subject, passed.subject_id, passed.standard, passed.due_at) == ("case", 7, STANDARD, local(11, 0))


def test_after_a_standstill_nobody_is_warned_of_what_has_passed(told):
    at(deadlines.start, standard=STANDARD, at=local(2))
    deadlines.sweep(local(20))
    assert [type(one) for one in told] == [DeadlinePassed]


def test_the_sweep_takes_batches_and_few_statements(told, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(deadlines, "BATCH", 4)
    with transaction.atomic():
        deadlines.start_many(subject="case", subject_ids=range(10), standard=STANDARD, at=local(2))
    with django_assert_num_queries(3 * (3 + 1)):  # to begin, to tell, to commit: three batches, and none has passed
        deadlines.sweep(local(10))
    assert [len(one.deadlines) for one in told] == [4, 4, 2]


@pytest.mark.parametrize(("call", "most"), [("start", 1), ("stop", 1), ("go_on", 2), ("meet", 2), ("drop", 1)])
def test_each_verb_takes_few_statements_however_many_clocks(call, most, django_assert_num_queries):
    for key in (STANDARD, "connection_survey_low", "connection_home"):
        if call != "start":
            at(deadlines.start, standard=key, at=local(2))
    if call == "go_on":
        at(deadlines.stop, at=local(3), reason="customer")
    given = {"start": {"standard": STANDARD}, "stop": {"reason": "customer"}}.get(call, {})
    with transaction.atomic(), django_assert_num_queries(most):
        getattr(deadlines, call)(subject="case", subject_id=7, at=local(4), **given)


def test_the_database_knows_that_a_running_clock_has_an_end():
    at(deadlines.start, standard=STANDARD, at=local(2))
    with pytest.raises(IntegrityError):
        Deadline.objects.update(due_at=None)
