"""When people are called back: only in our hours, over closing time and holidays; and who they show to be."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from cis.kernel.calendar import BusinessCalendar, local_clock
from complaints.domain import caller_checks
from complaints.domain.caller_checks import FileFacts, Question
from complaints.domain.calls import BadWindow, CallRules, Hours

RULES = CallRules(
    opens=time(8), closes=time(20), every_day=True, within_minutes=60, days_most=14, tries=3, retry_minutes=60,
    claim_minutes=20, asked=3, right=2, check_tries=3, check_minutes=20,
)  # fmt: skip


def hours(*, every_day=True, zone="Asia/Shanghai", holidays=()):
    return Hours(replace(RULES, every_day=every_day), local_clock(zone), BusinessCalendar(holidays))


def at(day, hour, minute=0, month=3):
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def test_a_call_is_due_within_the_hours_of_the_place():
    due = hours().due_at
    assert due(asked_at=at(2, 2), from_at=None, until_at=None) == at(2, 3)  # 10:00 in Shanghai
    assert due(asked_at=at(2, 11, 30), from_at=None, until_at=None) == at(3, 0, 30)  # 19:30: half an hour is left
    assert due(asked_at=at(2, 18), from_at=None, until_at=None) == at(3, 1)  # at two in the night
    assert due(asked_at=at(2, 2), from_at=at(3, 4), until_at=at(3, 6)) == at(3, 6)  # as they asked


def test_holidays_and_weekends_are_left_out_where_only_working_days_are_served():
    closed = hours(every_day=False, holidays=[date(2026, 3, 9)])
    friday_evening = at(6, 11, 30)
    assert closed.after(friday_evening, 60) == at(10, 0, 30)  # over the weekend and a Monday off
    assert closed.open_at(at(7, 3)) == at(10, 0)


def test_a_day_of_23_hours_opens_at_its_own_clock():
    berlin = hours(zone="Europe/Berlin")
    assert berlin.open_at(at(29, 1)) == at(29, 6)  # 8:00 summer time; the day before it was 7:00 UTC
    assert berlin.after(at(28, 18, 30), 60) == at(29, 6, 30)


@pytest.mark.parametrize(
    ("from_at", "until_at"),
    [
        (at(2, 4), None), (at(2, 1), at(2, 2, 10)), (at(2, 4), at(2, 4, 20)), (at(2, 11), at(2, 13)),
        (at(1, 4, month=4), at(1, 6, month=4)),
    ],
)  # fmt: skip
def test_nobody_is_called_in_a_time_that_is_none(from_at, until_at):
    with pytest.raises(BadWindow):
        hours().check(at=at(2, 2), from_at=from_at, until_at=until_at)


def test_times_to_choose_from_are_those_that_are_not_over():
    found = hours().windows(at(2, 3, 50), days=2, long=timedelta(hours=4))
    assert found[0] == (at(2, 4), at(2, 8))
    assert len(found) == 5
    for one in found:
        hours().check(at=at(2, 3, 50), from_at=one[0], until_at=one[1])


FACTS = FileFacts(
    id_number="31010119800101123X", meters=("SH-00420042", "A1"), last_bill_minor=12_345, last_payment_minor=None,
    emails=("Fang@example.com",),
)  # fmt: skip


def right(question, said):
    return caller_checks.count_right(facts=FACTS, asked=[question], answers={question.value: said})


@pytest.mark.parametrize(
    ("question", "good", "bad"),
    [
        (Question.ID_TAIL, "123x", "1230"), (Question.METER_TAIL, "００４２", "A1"),
        (Question.LAST_BILL, "123.45元", "123.4"), (Question.EMAIL, "fang@EXAMPLE.com", "fang@example"),
        (Question.LAST_BILL, "¥123.45", ""), (Question.ID_TAIL, "123X", "31010119800101123X"),
    ],
)  # fmt: skip
def test_answers_are_compared_as_people_say_them(question, good, bad):
    assert right(question, good) == 1
    assert right(question, bad) == 0


def test_other_questions_come_after_each_try_and_the_same_until_then():
    def draw(tried):
        return caller_checks.drawn(facts=FACTS, asked=2, right=2, account_id=7, on=date(2026, 3, 2), tried=tried)

    assert draw(0) == draw(0)
    assert len({draw(n) for n in range(6)}) > 1
    assert Question.LAST_PAYMENT not in {one for n in range(6) for one in draw(n)}
    with pytest.raises(caller_checks.CannotCheck):
        caller_checks.drawn(
            facts=FileFacts(meters=("1",)), asked=3, right=2, account_id=7, on=date(2026, 3, 2), tried=0
        )
