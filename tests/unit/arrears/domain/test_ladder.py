"""The dunning ladder: what comes next, and when."""

from datetime import date, timedelta

import pytest

from arrears.domain.ladder import Done, LadderStep, Next, Pause, next_step
from cis.kernel.calendar import BusinessCalendar

TEXT = LadderStep("text", 1, counts_working_days=False, channel="sms", proof="delivered")
CALL = LadderStep("call", 7, counts_working_days=False, channel="call", proof="none")
VISIT = LadderStep("visit", 3, counts_working_days=True, channel="visit", proof="none")
LADDER = (TEXT, CALL, VISIT)
DUE = date(2026, 4, 1)
"""A Wednesday."""
CALENDAR = BusinessCalendar([date(2026, 4, 14)])


def ask(*done, pauses=(), due=DUE, ladder=LADDER):
    return next_step(ladder=ladder, done=done, due_date=due, pauses=pauses, calendar=CALENDAR)


def test_steps_follow_each_other_by_their_waits():
    assert ask() == Next(TEXT, date(2026, 4, 2))
    text = Done("text", date(2026, 4, 3), is_proven=True)
    assert ask(text) == Next(CALL, date(2026, 4, 10))
    call = Done("call", date(2026, 4, 10), is_proven=False)
    assert ask(text, call) == Next(VISIT, date(2026, 4, 16))  # Monday, Wednesday, Thursday: Tuesday is a holiday
    assert ask(text, call, Done("visit", date(2026, 4, 16), is_proven=False)) is None


def test_a_receipt_that_must_be_proven_stops_the_ladder_until_it_is():
    assert ask(Done("text", date(2026, 4, 3), is_proven=False)) == Next(CALL, None, "text")
    again = Done("text", date(2026, 4, 5), is_proven=True)
    assert ask(Done("text", date(2026, 4, 3), is_proven=False), again) == Next(CALL, date(2026, 4, 12))


def test_demands_for_an_older_debt_do_not_count():
    assert ask(Done("text", DUE, is_proven=True)) == Next(TEXT, date(2026, 4, 2))


def test_a_ladder_that_changes_under_a_case_neither_goes_back_nor_hurries():
    text = Done("text", date(2026, 4, 3), is_proven=True)
    call = Done("call", date(2026, 4, 10), is_proven=False)
    mail = LadderStep("mail", 2, counts_working_days=False, channel="email", proof="none")
    more = (mail, *LADDER)
    assert ask(ladder=more) == Next(mail, date(2026, 4, 3))
    assert ask(text, ladder=more) == Next(CALL, date(2026, 4, 10))
    assert ask(Done("text", date(2026, 4, 3), is_proven=False), ladder=more) == Next(CALL, None, "text")
    assert ask(text, ladder=(TEXT, mail, CALL, VISIT)) == Next(mail, date(2026, 4, 5))
    assert ask(text, call, ladder=(TEXT, mail, CALL, VISIT)) == ask(text, call)
    # One that was done for an older debt is done anew for this one.
    assert ask(Done("mail", DUE, is_proven=False), text, ladder=more) == Next(mail, date(2026, 4, 3))
    # After one that the ladder has no more the next one waits as after any other.
    assert ask(text, ladder=(mail, CALL)) == Next(mail, date(2026, 4, 5))
    assert ask(text, call, ladder=(TEXT, VISIT)) == ask(text, call)


@pytest.mark.parametrize("days", range(1, 15))
def test_days_of_a_pause_do_not_count_as_waiting(days):
    text = Done("text", date(2026, 4, 3), is_proven=True)
    pause = Pause(date(2026, 4, 5), date(2026, 4, 5) + timedelta(days=days))
    assert ask(text, pauses=[pause]) == Next(CALL, date(2026, 4, 10) + timedelta(days=days))


def test_a_pause_without_an_end_leaves_the_day_open():
    assert ask(pauses=[Pause(date(2026, 3, 1))]) == Next(TEXT, None)
    assert ask(pauses=[Pause(date(2026, 4, 2))]) == Next(TEXT, None)
