"""Which billed periods of an agreement are parts of one month."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.billing_months import a_month_after, billing_months
from cis.kernel.periods import add_months

JUNE = date(2025, 6, 1)


def column(values):
    return np.array([one.toordinal() for one in values], dtype=np.int64)


def numbers(*periods, of=None):
    starts, ends = column(start for start, _ in periods), column(end for _, end in periods)
    owners = np.array(of or [0] * len(periods), dtype=np.int64)
    return billing_months(of=owners, start_day=starts, period_start_day=starts, period_end_day=ends).tolist()


def days(*dates):
    return [(date(2025, *first), date(2025, *last)) for first, last in dates]


@pytest.mark.parametrize(
    ("periods", "expected"),
    [
        (days(((6, 1), (7, 1)), ((7, 1), (8, 1))), [0, 1]),
        # The rest of a month of which a part is billed, and the month after it.
        (days(((6, 1), (6, 15)), ((6, 15), (7, 1)), ((7, 1), (8, 1))), [0, 0, 1]),
        # So it is with any day of reading: the rest of the month runs into the next calendar month.
        (days(((6, 15), (7, 1)), ((7, 1), (7, 15)), ((7, 15), (8, 15))), [0, 0, 1]),
        # A moved day of reading: the whole month after the part is a month of its own, not the rest of June.
        (days(((6, 1), (6, 15)), ((6, 15), (7, 15)), ((7, 15), (8, 15))), [0, 1, 2]),
        # Two months at a time.
        (days(((5, 1), (7, 1)), ((7, 1), (9, 1))), [0, 1]),
        # From the last day of a month.
        (days(((1, 31), (2, 10)), ((2, 10), (2, 28)), ((2, 28), (3, 31))), [0, 0, 1]),
    ],
)
def test_periods_that_end_within_a_month_of_its_first_day_share_it(periods, expected):
    assert numbers(*periods) == expected


def test_the_pieces_of_a_period_share_its_month_however_long_it_is():
    start, end = column([JUNE]), column([date(2025, 8, 1)])
    cut = column([JUNE, date(2025, 6, 20), date(2025, 7, 20)])
    found = billing_months(
        of=np.zeros(3, dtype=np.int64), start_day=cut, period_start_day=start.repeat(3), period_end_day=end.repeat(3)
    )
    assert found.tolist() == [0, 0, 0]


def test_each_agreement_has_its_own_months_in_any_order_of_rows():
    periods = days(((6, 15), (7, 1)), ((6, 1), (7, 1)), ((7, 1), (8, 1)), ((6, 1), (6, 15)))
    assert numbers(*periods, of=[1, 0, 0, 1]) == [0, 0, 1, 0]
    assert numbers() == []


@given(st.dates(min_value=date(1, 2, 1), max_value=date(9999, 10, 1)))
def test_a_month_after_a_day_is_what_the_kernel_says(day):
    assert a_month_after(column([day])).tolist() == [add_months(day, 1).toordinal()]


@given(st.dates(min_value=date(2000, 1, 1), max_value=date(2050, 1, 1)), st.lists(st.integers(1, 70), min_size=1))
def test_months_follow_each_other_and_none_is_longer_than_its_first_period_or_a_month(first, lengths):
    ends = [first + timedelta(days=sum(lengths[: n + 1])) for n in range(len(lengths))]
    periods = list(zip([first, *ends], ends, strict=False))
    found = numbers(*periods)
    assert found[0] == 0
    assert all(step in (0, 1) for step in np.diff(found))
    for month in set(found):
        mine = [period for period, number in zip(periods, found, strict=True) if number == month]
        begins = mine[0][0]
        assert mine[-1][1] <= max(mine[0][1], add_months(begins, 1))
        after = [period for period, number in zip(periods, found, strict=True) if number == month + 1]
        assert not after or after[0][1] > add_months(begins, 1)
