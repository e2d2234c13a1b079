"""Local days out of days on the metering clock."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cis.kernel.calendar import LocalClock
from metering.domain import intervals
from metering.domain.intervals import IntervalColumns, Window

DAY_US = 86_400_000_000
MARKET = timedelta(hours=10)
ZONES = ["Asia/Shanghai", "Australia/Sydney", "Australia/Adelaide", "Europe/London", "America/New_York"]


def _block(days, *, register=1, minutes=30, exponent=0, quality=None):
    """Days: {date: values}; on the NEM12 clock."""
    values = np.array(list(days.values()), dtype=np.int64)
    letters = np.full((len(days), 1), ord("A"), dtype=np.uint8) if quality is None else quality
    starts = [datetime(d.year, d.month, d.day, tzinfo=UTC) - MARKET for d in days]
    return IntervalColumns(
        interval_minutes=minutes,
        exponent=exponent,
        register_id=np.full(len(days), register),
        day=np.array([d.toordinal() for d in days]),
        start_us=np.array([_us(at) for at in starts]),
        values=values,
        quality=letters,
    )


def _us(at):
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _window(*spans, clock, register=1):
    return Window(
        register_id=np.full(len(spans), register),
        from_us=np.array([clock.day_start_us(start) for start, _ in spans]),
        until_us=np.array([clock.day_start_us(end) for _, end in spans]),
    )


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Asia/Shanghai", date(2026, 3, 29), 24),
        ("Australia/Sydney", date(2026, 10, 4), 23),
        ("Australia/Sydney", date(2026, 4, 5), 25),
        ("Europe/London", date(2026, 3, 29), 23),
        ("Europe/London", date(2026, 10, 25), 25),
    ],
)
def test_a_local_day_has_the_energy_of_its_own_hours(zone, day, hours):
    block = _block({day + timedelta(days=n): [1_000] * 48 for n in (-1, 0, 1)})
    found = intervals.sum_spans(blocks=[block], window=_window((day, day + timedelta(days=1)), clock=LocalClock(zone)))
    assert (found.energy_wh.tolist(), found.is_complete.tolist()) == ([hours * 2_000], [True])


@given(
    st.sampled_from(ZONES),
    st.dates(date(2025, 1, 5), date(2026, 12, 1)),
    st.integers(2, 12),
    st.lists(st.integers(1, 11), max_size=3),
    st.sampled_from([5, 15, 30, 60]),
    st.randoms(use_true_random=False),
)
def test_spans_that_follow_each_other_share_the_energy_without_loss(zone, start, length, cut_after, minutes, random):
    """The sum over spans equals the sum of every interval that starts inside the whole, counted one by one."""
    clock = LocalClock(zone)
    end = start + timedelta(days=length)
    rng = np.random.default_rng(random.randrange(2**32))
    days = {start + timedelta(days=n): rng.integers(0, 10_000, 1440 // minutes) for n in range(-2, length + 3)}
    block = _block(days, minutes=minutes)
    edges = sorted({start, end, *(start + timedelta(days=n) for n in cut_after if n < length)})
    spans = list(pairwise(edges))
    found = intervals.sum_spans(blocks=[block], window=_window(*spans, clock=clock))
    low, high = clock.day_start_us(start), clock.day_start_us(end)
    step = minutes * 60_000_000
    expected = sum(
        int(value)
        for row, first in zip(block.values, block.start_us.tolist(), strict=True)
        for slot, value in enumerate(row)
        if low <= first + slot * step < high
    )
    assert found.is_complete.all()
    assert int(found.energy_wh.sum()) == expected


def test_a_span_with_a_missing_day_or_a_value_without_data_is_not_complete():
    clock = LocalClock("Asia/Shanghai")
    day = date(2026, 3, 2)
    days = {day + timedelta(days=n): [1] * 48 for n in (-1, 0, 1, 3)}
    quality = np.full((4, 48), ord("A"), dtype=np.uint8)
    quality[0, 10], quality[2, 47] = ord("N"), ord("E")
    spans = [(day + timedelta(days=n), day + timedelta(days=n + 1)) for n in (-1, 0, 1, 2)]
    found = intervals.sum_spans(blocks=[_block(days, quality=quality)], window=_window(*spans, clock=clock))
    assert found.is_complete.tolist() == [False, True, False, False]
    assert found.is_estimated.tolist() == [True, False, True, False]


def test_intervals_of_other_registers_do_not_count_and_lengths_may_change_from_day_to_day():
    clock = LocalClock("Australia/Brisbane")  # UTC+10 all year, as the metering clock
    day = date(2026, 3, 2)
    blocks = [
        _block({day: [1] * 48}),
        _block({day + timedelta(days=1): [2] * 288}, minutes=5),
        _block({day: [1_000] * 48}, register=2),
    ]
    found = intervals.sum_spans(blocks=blocks, window=_window((day, day + timedelta(days=2)), clock=clock))
    assert (found.energy_wh.tolist(), found.is_complete.tolist()) == ([48 + 576], [True])


def test_only_the_energy_of_the_whole_span_is_rounded():
    clock = LocalClock("Australia/Brisbane")
    day = date(2026, 3, 2)
    block = _block({day: [1] * 48, day + timedelta(days=1): [2] * 47 + [3]}, exponent=-2)
    found = intervals.sum_spans(blocks=[block], window=_window((day, day + timedelta(days=2)), clock=clock))
    assert found.energy_wh.tolist() == [1]  # 1.45 Wh, where day by day 0.48 and 0.97 would give 0 + 1


@given(st.integers(-(10**12), 10**12), st.integers(-6, 3))
def test_rounding_to_watt_hours_is_half_away_from_zero(value, exponent):
    exact = Fraction(value) * Fraction(10) ** exponent
    expected = int(abs(exact) + Fraction(1, 2)) * (1 if exact >= 0 else -1)
    assert intervals.round_wh(values=np.array([value]), exponent=exponent).tolist() == [expected]


def test_values_are_brought_to_one_exponent_and_refused_where_they_do_not_fit():
    packed = np.array([[1, -2], [3, 4]], dtype="<i4")
    found = intervals.unpack(packed=packed, exponent=np.array([-3, 0]), to_exponent=-3)
    assert found.tolist() == [[1, -2], [3_000, 4_000]]
    large = np.array([[2**31 - 1]], dtype="<i4")
    with pytest.raises(intervals.ValuesTooLarge):
        intervals.unpack(packed=large, exponent=np.array([6]), to_exponent=-6)
