"""When routes are walked, what their counters should show, and whose fault a missed read is."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cis.kernel.actors import Actor, ActorKind
from cis.kernel.calendar import BusinessCalendar
from cis.kernel.enums import Role
from cis.kernel.errors import Findings
from cis.kernel.periods import Period
from cis.kernel.workflow import IllegalMove, NotAllowed
from metering.domain.routes import (
    KEYS,
    WORKFLOW,
    MissReason,
    RoundAction,
    RoundState,
    Schedule,
    check_schedule,
    plan,
    window,
)

# The first week of October 2026 is a holiday, and Saturday the 10th is worked for it.
OCTOBER = BusinessCalendar([date(2026, 10, n) for n in range(1, 8)], [date(2026, 10, 10)])


def schedule(*days, every=1, first=date(2026, 1, 1), window_days=3):
    return Schedule(days=days, every_months=every, first_month=first, window_days=window_days)


def codes(given_schedule):
    findings = Findings()
    check_schedule(given_schedule, findings=findings)
    return [one.code for one in findings]


def test_a_reading_day_on_a_holiday_is_walked_on_the_next_business_day():
    found = plan(schedule=schedule(5), after=date(2026, 8, 31), count=4, calendar=OCTOBER)
    assert found == (date(2026, 9, 7), date(2026, 10, 8), date(2026, 11, 5), date(2026, 12, 7))


def test_a_saturday_that_is_worked_is_walked():
    assert plan(schedule=schedule(10), after=date(2026, 10, 1), count=1, calendar=OCTOBER) == (date(2026, 10, 10),)


def test_three_days_a_month_and_two_that_fall_on_one():
    found = plan(schedule=schedule(1, 6, 20), after=date(2026, 9, 30), count=3, calendar=OCTOBER)
    assert found == (date(2026, 10, 8), date(2026, 10, 20), date(2026, 11, 2))


def test_every_second_month_follows_from_its_first_one_before_and_after():
    found = plan(
        schedule=schedule(15, every=2, first=date(2026, 12, 1)), after=date(2026, 7, 1), count=3, calendar=OCTOBER
    )
    assert found == (date(2026, 8, 17), date(2026, 10, 15), date(2026, 12, 15))


def test_what_is_after_a_day_is_after_it_even_where_a_month_runs_over():
    # The 31st has no business day left where the 1st to 3rd are free: a day of a month may be walked in the next.
    calendar = BusinessCalendar([date(2026, 3, day) for day in (2, 3)])
    assert plan(schedule=schedule(28), after=date(2026, 3, 1), count=1, calendar=calendar) == (date(2026, 3, 4),)


@settings(max_examples=40)
@given(
    st.lists(st.integers(1, 28), min_size=1, max_size=3, unique=True).map(sorted), st.integers(1, 12),
    st.dates(date(2016, 1, 1), date(2028, 1, 1)),
)  # fmt: skip
def test_plans_ascend_and_asking_later_gives_the_same_days(days, every, after):
    made = schedule(*days, every=every)
    found = plan(schedule=made, after=after, count=5, calendar=OCTOBER)
    assert all(one > after and OCTOBER.is_business_day(one) for one in found)
    assert list(found) == sorted(set(found))
    assert plan(schedule=made, after=found[1], count=3, calendar=OCTOBER) == found[2:]


@pytest.mark.parametrize(
    ("made", "wrong"),
    [
        (schedule(5), []), (schedule(1, 11, 21), []), (schedule(), ["bad_reading_days"]),
        (schedule(29), ["bad_reading_days"]), (schedule(11, 1), ["bad_reading_days", "windows_meet"]),
        (schedule(1, 7), ["windows_meet"]), (schedule(3, 27), ["windows_meet"]), (schedule(5, every=0), ["bad_every_months"]),
        (schedule(5, window_days=8), ["bad_window"]),
    ],
)  # fmt: skip
def test_schedules_are_checked(made, wrong):
    assert codes(made) == wrong


def test_a_window_is_cut_by_the_rounds_beside_it():
    day = date(2026, 3, 10)
    assert window(planned=day, window_days=3) == Period(date(2026, 3, 7), date(2026, 3, 14))
    cut = window(planned=day, window_days=3, before=date(2026, 3, 9), next_start=date(2026, 3, 12))
    assert cut == Period(date(2026, 3, 9), date(2026, 3, 12))
    assert window(planned=day, window_days=3, before=day + timedelta(days=1)) is None
    assert window(planned=day, window_days=3, next_start=day) is None


def test_each_reason_has_a_letter_and_a_side():
    assert set(KEYS.values()) == set(MissReason)
    customers = {one for one in MissReason if one.is_customers}
    meters = {one for one in MissReason if one.is_of_the_meter}
    assert MissReason.DOG in customers
    assert MissReason.DISPLAY_DARK in meters
    assert not customers & meters
    assert not MissReason.NOT_VISITED.is_customers


def test_a_round_is_closed_and_opened_again_by_who_walks_it():
    crew = Actor(ActorKind.STAFF, 1, "Li", frozenset({Role.FIELD}))
    clerk = Actor(ActorKind.STAFF, 2, "Wu", frozenset({Role.CLERK}))
    assert WORKFLOW.step(RoundState.OPEN, RoundAction.CLOSE, crew).to is RoundState.CLOSED
    assert WORKFLOW.step(RoundState.CLOSED, RoundAction.REOPEN, crew).to is RoundState.OPEN
    with pytest.raises(IllegalMove):
        WORKFLOW.step(RoundState.CLOSED, RoundAction.CLOSE, crew)
    with pytest.raises(NotAllowed):
        WORKFLOW.step(RoundState.OPEN, RoundAction.CLOSE, clerk)
