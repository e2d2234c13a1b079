"""What time, agreement and meters tell: month ends, minutes by the clock on the wall, meters that hang at once."""

from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest

from billing.domain import handing, told
from billing.domain.billing_months import month_number
from billing.domain.chained import rhythm
from billing.domain.covers import covers
from cis.kernel.calendar import local_clock
from cis.kernel.periods import Period


def days(*dates):
    return np.array([day.toordinal() for day in dates], dtype=np.int64)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (date(2025, 1, 1), date(2025, 2, 1), 1),
        (date(2025, 1, 1), date(2025, 1, 31), 0),
        (date(2025, 1, 31), date(2025, 2, 1), 1),
        (date(2025, 1, 15), date(2025, 2, 15), 1),
        (date(2024, 12, 1), date(2025, 1, 1), 12),
        (date(2024, 11, 20), date(2025, 2, 2), 1),
        (date(2024, 2, 1), date(2024, 2, 29), 0),
    ],
)
def test_the_month_whose_last_day_a_span_holds(start, end, expected):
    assert handing.month_end_of(start_day=days(start), end_day=days(end)).tolist() == [expected]


def test_months_are_counted_from_1970():
    numbers = month_number(days(date(1970, 1, 1), date(1969, 12, 31), date(2025, 3, 31)))
    assert numbers.tolist() == [0, -1, 55 * 12 + 2]
    assert handing.calendar_month(numbers).tolist() == [1, 12, 3]


def test_days_have_23_and_25_hours_where_clocks_change():
    clock = local_clock("Europe/Berlin")
    start = days(date(2025, 3, 30), date(2025, 10, 26), date(2025, 3, 1))
    end = days(date(2025, 3, 31), date(2025, 10, 27), date(2025, 4, 1))
    minutes = told.minutes_of(start_day=start, end_day=end, clock=clock)
    assert minutes.tolist() == [23 * 60, 25 * 60, 31 * 1440 - 60]


def test_the_first_agreement_of_an_account_pays_for_it():
    # Account 1: agreement 4 ends on day 40, 5 lives on; 3 pays nothing of the kind. Account 2 has one agreement.
    pieces = SimpleNamespace(
        account_id=np.array([1, 1, 1, 1, 1, 2]),
        agreement_id=np.array([5, 4, 4, 5, 3, 9]),
        start_day=np.array([30, 0, 30, 0, 0, 0]),
        end_day=np.array([60, 30, 40, 30, 60, 30]),
    )
    pays = np.array([True, True, True, True, False, True])
    assert told.account_days(pieces=pieces, pays=pays).tolist() == [20, 30, 10, 0, 0, 30]


def test_meters_are_counted_that_hang_at_once():
    pieces = told.Hung(
        service_point_id=np.array([1, 1, 2, 3]),
        start_day=np.array([0, 30, 0, 0]),
        end_day=np.array([30, 60, 30, 30]),
    )
    # At 1 one meter is exchanged for another on day 10 and a third comes on day 40; at 2 two hang from the start.
    hung = told.Hung(
        service_point_id=np.array([1, 1, 1, 2, 2]),
        start_day=np.array([-90, 10, 40, -5, 0]),
        end_day=np.array([10, 999, 999, 999, 29]),
    )
    assert told.meters_of(pieces=pieces, hung=hung).tolist() == [1, 2, 2, 0]


def test_days_of_two_periods_belong_to_the_first():
    row, first, last = covers(
        agreement_id=np.array([7, 7, 8, 7]),
        start_day=np.array([1, 1, 1, 20]),
        end_day=np.array([16, 32, 32, 40]),
    )
    assert list(zip(row.tolist(), first.tolist(), last.tolist(), strict=True)) == [
        (0, 1, 16), (1, 16, 20), (1, 20, 32), (3, 32, 40), (2, 1, 32),
    ]  # fmt: skip
    row, first, last = covers(agreement_id=np.array([7, 7]), start_day=np.array([9, 1]), end_day=np.array([12, 9]))
    assert (row.tolist(), first.tolist(), last.tolist()) == ([1, 0], [1, 9], [9, 12])


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        (Period(date(2025, 3, 1), date(2025, 4, 1)), [date(2025, month, 1) for month in range(1, 6)]),
        (Period(date(2025, 3, 1), date(2025, 5, 1)), [date(2025, 1, 1), date(2025, 3, 1), date(2025, 5, 1)]),
        (Period(date(2025, 3, 15), date(2025, 4, 15)), [date(2025, month, 15) for month in range(1, 6)]),
        (Period(date(2025, 3, 1), date(2025, 3, 10)), [date(2025, month, 1) for month in range(1, 6)]),
    ],
)
def test_days_that_wait_are_rated_in_the_rhythm_of_the_run(period, expected):
    low, high = date(2025, 1, 1).toordinal(), date(2025, 5, 20).toordinal()
    found = rhythm(period=period, low=low, high=high)
    assert found[0] <= low < high <= found[-1]
    assert found[(found >= low) & (found < high)].tolist() == days(*expected).tolist()
