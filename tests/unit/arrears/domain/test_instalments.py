"""Parts of a plan: exact sums, nothing below the least, days in order; and how a plan stands by what was paid."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arrears.domain.instalments import (
    BadPlan,
    Covered,
    Fate,
    FirstPart,
    Got,
    Open,
    Part,
    Shape,
    fate,
    holds_until,
    is_slip_code,
    lay,
    most_parts,
    parts,
    slip_code,
    standing,
)
from arrears.domain.plan_limits import Asked, Excess, PlanLimit, exceeded
from cis.kernel.calendar import BusinessCalendar

DAY = timedelta(days=1)
START = date(2026, 3, 10)
HOLIDAYS = [date(2026, 5, 1) + n * DAY for n in range(5)]
CALENDAR = BusinessCalendar(HOLIDAYS)
SHAPE = Shape(
    least_minor=2_000, unit_minor=100, rest_first=True, days=(5, 15, 25), gap_days=5, first=FirstPart.MAY
)  # fmt: skip


def made(total, count, *, day=5, now=False, shape=SHAPE, start=START):
    return parts(total_minor=total, count=count, day=day, is_first_now=now, start=start, shape=shape, calendar=CALENDAR)


def test_an_amount_in_three_parts_the_first_at_once_the_others_on_working_days():
    found = made(10_050, 3, now=True)
    # 5 April 2026 is a Sunday, 5 May is a holiday.
    assert found == (
        Part(1, START, 3_450), Part(2, date(2026, 4, 6), 3_300), Part(3, date(2026, 5, 6), 3_300),
    )  # fmt: skip
    assert made(10_050, 2)[0] == Part(1, date(2026, 4, 6), 5_050)
    # The gap: the 15th is five days away and will do.
    assert made(10_050, 2, day=15)[0].due_date == date(2026, 3, 16)


@pytest.mark.parametrize(
    ("total", "count", "day", "now", "field"),
    [
        (10_000, 1, 5, False, "count"), (5_999, 3, 5, False, "count"), (10_000, 61, 5, False, "count"),
        (10_000, 3, 6, False, "day"),
    ],
)  # fmt: skip
def test_a_plan_that_cannot_be_says_which_wish_is_wrong(total, count, day, now, field):
    with pytest.raises(BadPlan) as refused:
        made(total, count, day=day, now=now)
    assert refused.value.detail["field"] == field


def test_the_pack_says_whether_a_part_is_paid_at_once():
    for first, now in ((FirstPart.MUST, False), (FirstPart.NEVER, True)):
        shape = Shape(least_minor=1, unit_minor=1, rest_first=True, days=(5,), gap_days=1, first=first)
        with pytest.raises(BadPlan):
            made(1_000, 2, now=now, shape=shape)
        assert made(1_000, 2, now=not now, shape=shape)


@given(
    total=st.integers(2, 10**9), count=st.integers(2, 60), least=st.integers(0, 10**6), unit=st.integers(1, 10_000),
    rest_first=st.booleans(), now=st.booleans(), day=st.sampled_from((1, 5, 28)),
    start=st.dates(date(2024, 1, 1), date(2030, 12, 31)),
)  # fmt: skip
def test_parts_add_up_none_is_below_the_least_and_their_days_are_in_order(
    total, count, least, unit, rest_first, now, day, start
):
    shape = Shape(
        least_minor=least, unit_minor=unit, rest_first=rest_first, days=(1, 5, 28), gap_days=3, first=FirstPart.MAY
    )
    try:
        found = made(total, count, day=day, now=now, shape=shape, start=start)
    except BadPlan:
        # Only because that many parts of whole units would be below the least.
        assert total // count // unit * unit < max(least, 1)
        return
    assert [part.seq for part in found] == list(range(1, count + 1))
    assert sum(part.amount_minor for part in found) == total
    assert min(part.amount_minor for part in found) >= max(least, 1)
    assert all(early.due_date < late.due_date for early, late in pairwise(found))
    assert all(CALENDAR.is_business_day(part.due_date) for part in found[1 if now else 0 :])
    assert (found[0].due_date == start) is now or found[0].due_date >= start + 3 * DAY
    # But for the one that takes the rest they are equal whole units.
    even = found[1:] if rest_first else found[:-1]
    assert {part.amount_minor % unit for part in even} == {0}
    assert most_parts(total_minor=total, shape=shape, most=60) >= count


def test_a_code_is_told_apart_from_a_slip_of_the_pen():
    code = slip_code(serial=123, seq=4)
    assert (len(code), is_slip_code(number=code)) == (14, True)
    wrong = [code[:n] + str((int(code[n]) + 1) % 10) + code[n + 1 :] for n in range(len(code))]
    assert not any(is_slip_code(number=one) for one in wrong)
    assert len({slip_code(serial=serial, seq=seq) for serial in range(1, 20) for seq in range(1, 20)}) == 361


PLAN = made(9_000, 3, now=True)


def stands(covered, got=()):
    return standing(parts=PLAN, covered=covered, got=got)


def test_what_is_paid_fills_the_parts_from_the_first():
    covered = [Covered(1, 5_000, is_owed=True), Covered(2, 4_000, is_owed=True)]
    found = stands(covered, [Got(1, START, 3_000, is_credit=False), Got(1, START + DAY, 1_000, is_credit=False)])
    assert [(one.paid_minor, one.paid_date) for one in found.parts] == [(3_000, START), (1_000, None), (0, None)]
    assert (found.open_minor, found.next.seq) == (5_000, 2)
    # More than is covered of a bill is not the plan's.
    over = stands(covered, [Got(1, START, 9_000, is_credit=False)])
    assert (over.paid_minor, over.open_minor) == (5_000, 4_000)


def test_what_is_owed_no_more_shortens_the_plan_from_its_end():
    covered = [Covered(1, 5_000, is_owed=True), Covered(2, 4_000, is_owed=False)]
    found = stands(covered, [Got(1, START, 500, is_credit=True)])
    assert [one.amount_minor for one in found.parts] == [3_000, 1_500, 0]
    assert (found.lowered_minor, found.open_minor) == (4_500, 4_500)
    assert stands([Covered(1, 5_000, is_owed=False), Covered(2, 4_000, is_owed=False)]).next is None


def test_a_plan_breaks_after_the_days_of_grace_and_its_hold_a_day_later():
    found = stands([Covered(1, 9_000, is_owed=True)])
    due = PLAN[0].due_date
    given = {"standing": found, "grace_days": 5, "new_due": None}
    assert fate(today=due + 5 * DAY, **given) is Fate.KEPT
    assert fate(today=due + 6 * DAY, **given) is Fate.LATE
    assert holds_until(standing=found, grace_days=5) == due + 7 * DAY
    assert fate(standing=found, grace_days=5, today=due, new_due=due - 6 * DAY) is Fate.NEW_BILL
    paid = stands([Covered(1, 9_000, is_owed=True)], [Got(1, due, 9_000, is_credit=False)])
    assert fate(standing=paid, grace_days=5, today=due + 90 * DAY, new_due=due) is Fate.COMPLETED


@st.composite
def plans(draw):
    amounts = draw(st.lists(st.integers(1_000, 50_000), min_size=1, max_size=5))
    total = sum(amounts)
    shape = Shape(least_minor=1, unit_minor=1, rest_first=True, days=(5,), gap_days=1, first=FirstPart.MAY)
    agreed = made(total, draw(st.integers(2, 6)), shape=shape)
    covered = [Covered(n, amount, is_owed=draw(st.booleans())) for n, amount in enumerate(amounts, start=1)]
    got = draw(
        st.lists(
            st.builds(
                Got, st.integers(1, len(amounts)), st.dates(START, START + 99 * DAY), st.integers(1, 60_000),
                st.booleans(),
            ),
            max_size=6,
        )
    )  # fmt: skip
    return agreed, covered, got


@given(plans())
def test_nothing_is_lost_between_debts_and_parts(case):
    agreed, covered, got = case
    now = standing(parts=agreed, covered=covered, got=got)
    assert now.paid_minor + now.lowered_minor + now.open_minor == sum(part.amount_minor for part in agreed)
    # Each later part is untouched while an earlier one is open.
    assert all(not late.paid_minor for early, late in pairwise(now.parts) if early.open_minor)
    open_of = {}
    for one in covered:
        paid = sum(money.amount_minor for money in got if money.bill_id == one.bill_id)
        open_of[one.bill_id] = max(one.amount_minor - paid, 0) if one.is_owed else 0
    assert now.open_minor == sum(open_of.values())
    debts = [
        Open(one.bill_id, START, one.amount_minor + 700, open_of[one.bill_id] + 700) for one in covered if one.is_owed
    ]
    laid = lay(parts=now.parts, debts=debts)
    for debt in debts:
        mine = [one for one in laid if one.bill_id == debt.bill_id]
        assert mine[0].low_minor == 0
        assert mine[-1].high_minor == debt.amount_minor
        assert all(early.high_minor == late.low_minor for early, late in pairwise(mine))
    for part in now.parts:
        assert sum(one.high_minor - one.low_minor for one in laid if one.seq == part.seq) == part.open_minor


ASKED = Asked(total_minor=1_000, count=3, in_year=0, was_broken=False, is_cut=False, protected_parts=0)
LIMIT = PlanLimit(1_000, 3, 1)


@pytest.mark.parametrize(
    ("change", "excess"),
    [
        ({}, ()), ({"total_minor": 1_001}, (Excess.AMOUNT,)), ({"count": 4}, (Excess.PARTS,)),
        ({"count": 4, "protected_parts": 24}, ()), ({"in_year": 1}, (Excess.OFTEN,)),
        ({"was_broken": True, "is_cut": True}, (Excess.BROKEN, Excess.CUT)),
    ],
)  # fmt: skip
def test_who_may_agree_alone(change, excess):
    asked = Asked(**{**{name: getattr(ASKED, name) for name in Asked.__dataclass_fields__}, **change})
    assert exceeded(limit=LIMIT, asked=asked, is_customer=True) == excess
    spared = {Excess.BROKEN, Excess.CUT}
    assert exceeded(limit=LIMIT, asked=asked, is_customer=False) == tuple(x for x in excess if x not in spared)
