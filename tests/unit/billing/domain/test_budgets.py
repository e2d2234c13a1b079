"""Level amounts, reviews, settlements: against exact fractions, over random months."""

from datetime import date, timedelta
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain import budget_terms, budgets
from billing.domain.budgets import BudgetRule, BudgetUnknown, NothingToLevel, SettlementKind
from cis.kernel.periods import Period, add_months, month_of

FIRST = date(2026, 1, 1)
RULE = BudgetRule(
    least_months=1,
    step_minor=1_000,
    review_months=(3, 6),
    change_percent=10,
    notice_days=15,
    spread_above_minor=20_000,
    spread_months=12,
    late_days=45,
    by_customer=True,
    source="test",
)
amounts = st.integers(-5_000, 50_000)


def half_away(value):
    whole = int(abs(value) + Fraction(1, 2))
    return whole if value >= 0 else -whole


@given(bills=st.lists(amounts, min_size=1, max_size=12), balance=st.integers(-90_000, 90_000), asked=st.integers(1, 12))
def test_the_level_amount_is_the_least_step_that_pays_what_is_expected(bills, balance, asked):
    billed = {add_months(FIRST, place - 12): amount for place, amount in enumerate(bills)}
    mean = half_away(Fraction(sum(bills), len(bills)))
    months = [add_months(FIRST, place) for place in range(asked)]
    want = balance + sum(billed.get(add_months(month, -12), mean) for month in months)
    given_ = {
        "billed": billed,
        "first": FIRST,
        "until": add_months(FIRST, asked),
        "rule": RULE,
        "balance_minor": balance,
    }
    if want <= 0:
        with pytest.raises(NothingToLevel):
            budgets.work_out(**given_)
        return
    found = budgets.work_out(**given_)
    assert found.level_minor == ceil(Fraction(want, asked * 1_000)) * 1_000
    assert found.level_minor * asked >= want > (found.level_minor - 1_000) * asked
    assert sum(one.like is None for one in found.expected) == sum(
        add_months(month, -12) not in billed for month in months
    )


@given(data=st.data(), days=st.lists(st.integers(1, 60), min_size=1, max_size=20))
def test_level_amounts_and_the_settlement_come_to_the_bills(data, days):
    """Bills of any length, amounts that change with months: nothing is lost, each day is asked for once."""
    levels = [(FIRST, data.draw(st.integers(1, 9)) * 1_000), (date(2026, 5, 1), data.draw(st.integers(1, 9)) * 1_000)]
    start, used, asked, exact = FIRST, 0, 0, Fraction(0)
    for length in days:
        covered = Period(start, start + timedelta(days=length))
        used += data.draw(amounts)
        asked += budgets.asked_minor(levels=levels, covered=covered, taken=[])
        for place in range(length):
            month = month_of(start + timedelta(days=place))
            exact += Fraction(levels[month.start >= levels[1][0]][1], month.days)
        start = covered.end
    months = len({month_of(FIRST + timedelta(days=place)) for place in range((start - FIRST).days)})
    assert abs(asked - exact) <= Fraction(1, 2) * (len(days) + months)
    parts = budgets.parts(balance_minor=used - asked, kind=SettlementKind.YEAR, due_date=start, rule=RULE)
    assert asked + sum(part.amount_minor for part in parts) == used
    assert len(parts) == (0 if used == asked else 12 if used - asked > 20_000 else 1)
    if len(parts) > 1:
        assert {part.amount_minor for part in parts} <= {(used - asked) // 12, (used - asked) // 12 + 1}
        assert [part.due_date for part in parts] == [add_months(start, place) for place in range(12)]


def test_whole_months_ask_for_the_amount_as_it_is_and_days_are_asked_for_once():
    levels = [(FIRST, 8_000), (date(2026, 3, 1), 9_000)]
    quarter = Period(FIRST, date(2026, 4, 1))
    assert budgets.asked_minor(levels=levels, covered=quarter, taken=[]) == 8_000 + 8_000 + 9_000
    assert budgets.asked_minor(levels=levels, covered=quarter, taken=[quarter]) == 0
    # 14 of 28 days of February, 31 of March.
    taken = [Period(FIRST, date(2026, 2, 15))]
    assert budgets.asked_minor(levels=levels, covered=quarter, taken=taken) == 4_000 + 9_000
    assert budgets.asked_minor(levels=levels, covered=None, taken=[]) == 0
    assert budgets.level_on(levels=levels, month=date(2025, 1, 1)) == 8_000


def test_a_debt_is_spread_at_the_end_of_a_year_only():
    given_ = {"balance_minor": 20_001, "due_date": FIRST}
    assert len(budgets.parts(**given_, kind=SettlementKind.END, rule=RULE)) == 1
    assert len(budgets.parts(**given_, kind=SettlementKind.YEAR, rule=None)) == 1
    assert len(budgets.parts(balance_minor=-99_999, due_date=FIRST, kind=SettlementKind.YEAR, rule=RULE)) == 1


def test_too_little_that_is_known_is_refused():
    with pytest.raises(BudgetUnknown):
        budgets.expected(billed={}, months=[FIRST], least_months=1)
    with pytest.raises(BudgetUnknown):
        budgets.expected(billed={FIRST: 1}, months=[FIRST], least_months=2)


def test_a_change_is_told_before_and_holds_for_months_that_are_not_billed():
    def since(today, billed_until):
        return budgets.holds_from(today=today, billed_until=billed_until, rule=RULE)

    assert since(date(2026, 4, 1), date(2026, 4, 1)) == date(2026, 5, 1)
    assert since(date(2026, 4, 16), date(2026, 4, 1)) == date(2026, 5, 1)
    assert since(date(2026, 4, 17), date(2026, 4, 1)) == date(2026, 6, 1)
    assert since(date(2026, 4, 1), date(2026, 7, 11)) == date(2026, 8, 1)
    assert not budgets.is_changed(before_minor=8_000, new_minor=8_800, rule=RULE)
    assert budgets.is_changed(before_minor=8_000, new_minor=7_000, rule=RULE)


@pytest.mark.parametrize(
    ("billed_until", "reviewed", "due"),
    [
        (date(2026, 3, 31), FIRST, None),
        (date(2026, 4, 1), FIRST, date(2026, 4, 1)),
        (date(2026, 5, 1), date(2026, 4, 1), None),
        (date(2026, 8, 1), FIRST, date(2026, 7, 1)),
    ],
)
def test_a_review_is_due_once_when_its_months_are_billed(billed_until, reviewed, due):
    found = budgets.review_due(year_date=FIRST, billed_until=billed_until, reviewed=reviewed, rule=RULE)
    assert found == due


def test_terms_name_the_amount_in_both_languages():
    working = budgets.work_out(billed={FIRST: 7_500}, first=FIRST, until=date(2027, 1, 1), rule=RULE)
    found = budget_terms.terms(working=working, first=FIRST, rule=RULE, currency="CNY", places=2)
    assert len(found["zh"]) == len(found["en"])
    assert all("80.00 CNY" in lines[0] for lines in found.values())
