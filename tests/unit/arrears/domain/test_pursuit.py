"""The pursuit of an account: a hold of one bill takes that bill out, one of the account stops all demands."""

from datetime import UTC, date, datetime, timedelta

import pytest

from arrears.domain.cut_facts import Debt, Hold, HoldKind, moment
from arrears.domain.ladder import LadderStep, Next
from arrears.domain.pursuit import Made, Pursued, PursuitRule, judge
from cis.kernel.calendar import BusinessCalendar, local_clock

TEXT = LadderStep("text", 1, counts_working_days=False, channel="sms", proof="none")
LETTER = LadderStep("letter", 7, counts_working_days=False, channel="letter", proof="posted")
TODAY = date(2026, 6, 10)
NOW = moment(at=datetime(2026, 6, 10, 1, tzinfo=UTC), clock=local_clock("Asia/Shanghai"), calendar=BusinessCalendar([]))
DAY = timedelta(days=1)
OLD, NEW = Debt(1, TODAY - 40 * DAY, 10_000), Debt(2, TODAY - 10 * DAY, 2_500)


def rule(*account_kinds, least_minor=100):
    return PursuitRule(least_minor=least_minor, account_kinds=frozenset(account_kinds), ladder=(TEXT, LETTER))


def hold(kind=HoldKind.DISPUTE, *, bill=None, since=5, until=None, **values):
    ends = None if until is None else NOW.at + until * DAY
    return Hold(7, kind, NOW.at - since * DAY, ends, bill, **values)


def look(*holds, by=None, debts=(OLD, NEW), owed=12_500, made=()):
    known = Pursued(debts=debts, owed_minor=owed, holds=holds, made=made)
    return judge(pursued=known, rule=by or rule(), now=NOW)


def test_a_dispute_over_one_bill_leaves_the_rest_demanded():
    found = look(hold(bill=1))
    assert (found.is_pursued, found.overdue_minor, found.demanded_minor) == (True, 12_500, 2_500)
    assert (found.oldest_due, found.held_by, found.is_due(TODAY)) == (NEW.due_date, None, True)
    assert found.next == Next(TEXT, NEW.due_date + DAY)


def test_where_the_pack_says_that_a_dispute_holds_the_account_nothing_is_demanded():
    found = look(hold(bill=1), by=rule(HoldKind.DISPUTE))
    assert (found.is_pursued, found.held_by, found.is_due(TODAY)) == (True, HoldKind.DISPUTE, False)
    # Another kind over the same bill still takes out that bill alone.
    assert look(hold(HoldKind.HARDSHIP, bill=1), by=rule(HoldKind.DISPUTE)).is_due(TODAY)


@pytest.mark.parametrize("kind", HoldKind)
def test_a_hold_of_the_account_stops_all_demands_whatever_the_pack_says(kind):
    found = look(hold(kind))
    assert (found.held_by, found.is_due(TODAY)) == (kind, False)


@pytest.mark.parametrize(
    ("holds", "held_by"),
    [
        ((hold(bill=1), hold(HoldKind.PLAN, bill=2)), HoldKind.PLAN),
        ((hold(bill=1, until=-1),), None),  # it ended yesterday
        ((hold(bill=1, since=-1),), None),  # it begins tomorrow
        ((hold(until=-1),), None),
        ((hold(stops_demands=False),), None),  # it keeps from the cut alone
    ],
)
def test_bills_are_free_once_no_hold_stands_and_too_little_that_is_free_is_not_demanded(holds, held_by):
    found = look(*holds)
    assert found.demanded_minor == (0 if held_by else 12_500)
    assert found.held_by in {held_by, HoldKind.DISPUTE} if held_by else found.held_by is None
    assert found.is_due(TODAY) is (held_by is None)


def test_days_on_which_a_hold_stopped_all_demands_do_not_count_as_waiting():
    made = (Made("text", TODAY - 9 * DAY, is_done=True, is_proven=True),)
    assert look(made=made).next == Next(LETTER, TODAY - 2 * DAY)
    ended = hold(bill=1, since=6, until=-3)
    assert look(ended, made=made).next == Next(LETTER, TODAY - 2 * DAY)
    assert look(ended, made=made, by=rule(HoldKind.DISPUTE)).next == Next(LETTER, TODAY + DAY)


def test_credit_and_the_least_amount_end_a_pursuit():
    assert look(owed=2_000).demanded_minor == 2_000
    assert not look(owed=99).is_pursued
    found = look(hold(bill=1), by=rule(least_minor=2_501))
    assert (found.is_pursued, found.demanded_minor, found.held_by) == (True, 2_500, HoldKind.DISPUTE)
