"""Which usage makes up the energy of a piece, and what holds an account."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain import measured
from cis.kernel.periods import Period
from tests.unit.billing.domain import books, plans

JANUARY = Period(date(2025, 1, 1), date(2025, 2, 1))
FEBRUARY = Period(date(2025, 2, 1), date(2025, 3, 1))
MIDDLE = date(2025, 1, 15)
TERMS = books.agreements((1, 1, 1, 1, 1, books.YEAR, books.NEXT_YEAR))


def draft(plan, *rows, terms=TERMS, period=JANUARY, versions=None):
    made, obstacles = books.Book(versions or [books.version(plan)]).draft(period, terms, books.usage(*rows))
    return made, obstacles.of_account


def january(code, wh, register=1):
    return (1, register, code, JANUARY.start, JANUARY.end, wh)


def test_a_flat_tariff_takes_the_register_of_all_hours_and_not_its_parts_too():
    made, held = draft(plans.flat(), january("", 300_000), january("peak", 200_000, 2), january("valley", 100_000, 3))
    assert not held
    assert made.segments.used_wh.tolist() == [300_000]


def test_a_flat_tariff_sums_the_periods_where_there_is_no_register_of_all_hours():
    made, held = draft(plans.flat(), january("peak", 200_000, 2), january("valley", 100_000, 3))
    assert not held
    assert made.segments.used_wh.tolist() == [300_000]


def test_a_tariff_with_periods_takes_the_registers_of_its_periods():
    made, held = draft(plans.periods(), january("", 1, 1), january("peak", 200_000, 2), january("valley", 100_000, 3))
    assert not held
    assert made.lines.quantity.tolist() == [200_000, 100_000]
    assert made.bills.amount_minor.tolist() == [12_000 + 3_000]


def test_two_meters_at_one_service_point_are_summed():
    made, _ = draft(plans.flat(), january("", 300_000), january("", 50_000, 2))
    assert made.segments.used_wh.tolist() == [350_000]


def test_a_meter_exchange_in_the_month_is_summed():
    rows = [(1, 1, "", JANUARY.start, MIDDLE, 100_000), (1, 2, "", MIDDLE, JANUARY.end, 150_000)]
    made, held = draft(plans.flat(), *rows)
    assert not held
    assert made.segments.used_wh.tolist() == [250_000]


def test_an_exchange_from_a_meter_with_periods_to_one_of_all_hours_is_summed_for_a_flat_tariff():
    rows = [
        (1, 1, "peak", JANUARY.start, MIDDLE, 60_000),
        (1, 2, "valley", JANUARY.start, MIDDLE, 40_000),
        (1, 3, "", MIDDLE, JANUARY.end, 150_000),
    ]
    made, held = draft(plans.flat(), *rows)
    assert not held
    assert made.segments.used_wh.tolist() == [250_000]


@pytest.mark.parametrize(
    ("rows", "day"),
    [
        ([], "2025-01-01"),
        ([(1, 1, "", JANUARY.start, MIDDLE, 5)], "2025-01-15"),
        ([(1, 1, "", MIDDLE, JANUARY.end, 5)], "2025-01-01"),
        ([(1, 1, "", JANUARY.start, MIDDLE, 5), (1, 1, "", date(2025, 1, 20), JANUARY.end, 5)], "2025-01-15"),
    ],
)
def test_days_without_usage_hold_the_account_and_are_named(rows, day):
    _, held = draft(plans.flat(), *rows)
    assert held[1].code == "missing_read"
    assert day in held[1].message


def test_one_period_of_use_without_usage_holds_the_account():
    _, held = draft(plans.periods(), january("peak", 200_000, 2))
    assert held[1].code == "missing_read"


def test_a_tariff_with_periods_on_a_plain_register_holds_the_account():
    _, held = draft(plans.periods(), january("", 200_000))
    assert held[1].code == "missing_register"


def test_register_usage_across_a_change_of_price_asks_for_a_read_on_that_date():
    versions = [
        books.version(plans.flat(), end=MIDDLE),
        books.version(plans.flat(70_000_000), version_id=2, start=MIDDLE),
    ]
    _, held = draft(None, january("", 300_000), versions=versions)
    assert held[1].code == "missing_read"
    assert "2025-01-15" in held[1].advice
    rows = [(1, 1, "", JANUARY.start, MIDDLE, 100_000), (1, 1, "", MIDDLE, JANUARY.end, 200_000)]
    made, held = draft(None, *rows, versions=versions)
    assert not held
    assert made.segments.amount_minor.tolist() == [6_000, 14_000]


def test_usage_across_the_move_in_holds_the_new_account_alone():
    terms = books.agreements(
        (1, 1, 1, 1, 1, books.YEAR, MIDDLE),
        (2, 2, 1, 1, 1, MIDDLE, books.NEXT_YEAR),
        (3, 3, 3, 1, 1, books.YEAR, books.NEXT_YEAR),
    )
    made, held = draft(plans.flat(), january("", 300_000), (3, 3, "", JANUARY.start, JANUARY.end, 100_000), terms=terms)
    assert set(held) == {1, 2}
    assert 3 in made.bills.account_id


def test_a_missing_price_holds_the_account():
    versions = [books.version(plans.flat(), start=MIDDLE)]
    _, held = draft(None, january("", 300_000), versions=versions)
    assert held[1].code == "missing_price"
    assert "2025-01-01" in held[1].message


def test_months_before_the_first_bill_count_into_the_steps_but_are_not_billed():
    rows = [january("", 3_000_000), (1, 1, "", FEBRUARY.start, FEBRUARY.end, 400_000)]
    made, held = draft(plans.steps(), *rows, period=FEBRUARY)
    assert not held
    assert made.segments.before_wh.tolist() == [3_000_000]
    assert made.bills.amount_minor.tolist() == [26_080]


def test_a_tier_year_without_its_first_months_holds_the_account():
    _, held = draft(plans.steps(), (1, 1, "", FEBRUARY.start, FEBRUARY.end, 400_000), period=FEBRUARY)
    assert held[1].code == "missing_read"
    assert "tier year" in held[1].message


def test_a_flat_tariff_needs_no_usage_before_its_period():
    made, held = draft(plans.flat(), (1, 1, "", FEBRUARY.start, FEBRUARY.end, 400_000), period=FEBRUARY)
    assert not held
    assert made.segments.before_wh.tolist() == [0]


def test_the_tier_year_starts_anew_with_a_new_agreement():
    terms = books.agreements((1, 1, 1, 1, 1, books.YEAR, JANUARY.end), (2, 2, 1, 1, 1, JANUARY.end, books.NEXT_YEAR))
    rows = [january("", 3_000_000), (1, 1, "", FEBRUARY.start, FEBRUARY.end, 400_000)]
    made, held = draft(plans.steps(), *rows, terms=terms, period=FEBRUARY)
    assert not held
    assert made.segments.before_wh.tolist() == [0]


def test_a_period_over_the_turn_of_the_tier_year_is_cut_there():
    period = Period(date(2024, 12, 1), date(2025, 2, 1))
    terms = books.agreements((1, 1, 1, 1, 1, date(2024, 12, 1), books.NEXT_YEAR))
    rows = [(1, 1, "", period.start, books.YEAR, 3_200_000), january("", 100_000)]
    made, held = draft(plans.steps(), *rows, terms=terms, period=period)
    assert not held
    assert made.segments.before_wh.tolist() == [0, 0]
    _, held = draft(plans.steps(), (1, 1, "", period.start, period.end, 1), terms=terms, period=period)
    assert "2025-01-01" in held[1].advice


def test_terms_that_change_nothing_are_one_segment():
    terms = books.agreements((1, 1, 1, 1, 1, books.YEAR, MIDDLE), (1, 1, 1, 1, 1, MIDDLE, books.NEXT_YEAR))
    made, held = draft(plans.flat(), january("", 100_000), terms=terms)
    assert not held
    assert len(made.segments) == 1


def test_two_agreements_of_an_account_share_one_bill():
    terms = books.agreements((1, 1, 1, 1, 1, books.YEAR, books.NEXT_YEAR), (1, 2, 2, 1, 1, books.YEAR, books.NEXT_YEAR))
    made, _ = draft(plans.flat(), january("", 100_000), (2, 2, "", JANUARY.start, JANUARY.end, 50_000), terms=terms)
    assert made.bills.amount_minor.tolist() == [9_000]
    assert made.lines.seq.tolist() == [1, 2]


spans = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 40), st.integers(1, 15)).map(lambda t: (t[0], t[1], t[1] + t[2])),
    max_size=12,
)


@given(spans=spans)
def test_covered_days_are_counted_once(spans):
    columns = [np.array([s[k] for s in spans], dtype=np.int64) for k in range(3)]
    covered = measured.covered_days(group=columns[0], start=columns[1], end=columns[2], groups=4)
    naive = [len({day for g, low, high in spans if g == group for day in range(low, high)}) for group in range(4)]
    assert covered.tolist() == naive
