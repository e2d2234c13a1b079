"""Counter values that somebody types in."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metering.domain.vee import Code, Group
from metering.domain.vee_entry import Dial, Shown, Used, band, of_read

GROUP = Group(
    least_days=20, entry_days=7, least_kwh_per_day="1", high_percent=300, low_percent=25, capacity_percent=100
)
DIAL = Dial(digits=6, multiplier=1, capacity_w=8_000)
LAST = Shown(day=date(2026, 3, 1), reading_wh=1_200_000)
PAST = [Used(start_date=date(2025, m, 1), end_date=date(2025, m + 1, 1), energy_wh=310_000) for m in (8, 9, 10)]
"""930 kWh in 92 days: 101.086 kWh in ten."""


def _asked(kwh, *, days=10, group=GROUP, past=PAST, dial=DIAL, last=LAST):
    given = Shown(day=date.fromordinal(LAST.day.toordinal() + days), reading_wh=round(kwh * 1_000))
    doubt = of_read(group=group, dial=dial, last=last, given=given, past=past)
    return doubt and (doubt.code, doubt.energy_wh, doubt.usual_wh)


@pytest.mark.parametrize("kwh", [1_226, 1_300, 1_503])
def test_a_likely_value_is_not_asked_about(kwh):
    assert _asked(kwh) is None


def test_values_far_off_what_is_usual_are_asked_about():
    assert _asked(1_504) == (Code.HIGH, 304_000, 101_086)
    assert _asked(1_225) == (Code.LOW, 25_000, 101_086)
    assert _asked(1_200) == (Code.LOW, 0, 101_086)


def test_in_a_few_days_nothing_is_usual_and_without_three_months_neither():
    assert _asked(1_504, days=6) is None
    assert _asked(1_504, past=PAST[:2]) is None


def test_more_than_the_supply_carries_is_asked_about_even_without_a_past():
    """8 kW carry 1,920 kWh in ten days."""
    assert _asked(1_200 + 1_920, past=[]) is None
    assert _asked(1_200 + 1_921, past=[]) == (Code.BREAKER, 1_921_000, None)
    assert _asked(1_200 + 1_921, past=[], group=Group(capacity_percent=110)) is None


def test_a_dial_that_passed_its_end_is_asked_about():
    last = Shown(day=LAST.day, reading_wh=99_950_000)
    found = _asked(120, dial=Dial(digits=5, multiplier=1, capacity_w=8_000), last=last)
    assert found == (Code.ROLLOVER, 170_000, 101_086)


def test_a_value_that_fits_no_way_is_refused_elsewhere_and_an_earlier_one_is_not_compared():
    assert _asked(900) is None
    assert _asked(9_000, days=0) is None
    assert _asked(9_000, days=-5) is None


def _band(*, days=73, digits=5, multiplier=10, last_wh=1_000_000, past=PAST, group=GROUP, capacity_w=10**7):
    return band(
        group=group, dial=Dial(digits=digits, multiplier=multiplier, capacity_w=capacity_w),
        last=Shown(day=LAST.day, reading_wh=last_wh), on=LAST.day + timedelta(days=days), past=past,
    )  # fmt: skip


def test_a_counter_is_expected_between_a_quarter_and_three_times_what_is_usual():
    """930 kWh in 92 days are 737.934 kWh in 73: between 184.484 and 2,213.802, by ten on the dial."""
    found = _band()
    assert (found.low_wh, found.high_wh) == (1_000_000 + 18_449, 1_000_000 + 221_380)
    rolled = _band(last_wh=99_900_000)
    assert (rolled.low_wh, rolled.high_wh) == (99_918_449, 121_380)
    assert _band(past=PAST[:2]) is None
    assert _band(days=6) is None
    assert _band(group=Group()) is None
    assert _band(capacity_w=200).high_wh == 1_000_000 + 200 * 24 * 73 // 10


@settings(max_examples=60)
@given(st.integers(0, 5_000_000), st.integers(7, 200), st.integers(1, 40), st.integers(0, 1_000))
def test_what_is_inside_of_the_band_is_not_doubted_and_what_is_outside_is(month_wh, days, multiplier, share):
    past = [Used(start_date=one.start_date, end_date=one.end_date, energy_wh=month_wh) for one in PAST]
    found = _band(days=days, digits=9, multiplier=multiplier, last_wh=0, past=past, capacity_w=10**9)
    if found is None:
        return

    def doubt(reading_wh):
        return of_read(
            group=GROUP, dial=Dial(digits=9, multiplier=multiplier, capacity_w=10**9),
            last=Shown(day=LAST.day, reading_wh=0),
            given=Shown(day=LAST.day + timedelta(days=days), reading_wh=reading_wh), past=past,
        )  # fmt: skip

    assert doubt(found.low_wh + (found.high_wh - found.low_wh) * share // 1_000) is None
    assert doubt(found.high_wh + 1).code is Code.HIGH
    assert found.low_wh == 0 or doubt(found.low_wh - 1).code is Code.LOW
