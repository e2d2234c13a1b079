"""Baselines of demand response: by hand, against fractions, and of real homes."""

import csv
import gzip
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cis.kernel.calendar import BusinessCalendar
from contracts.domain import baselines
from contracts.domain.baselines import BaselineRule, TooFewDays

RULE = BaselineRule(
    similar_days=10, highest=5, back_days=60, before_hours=2, adjust_most_e6=200_000, wait_days=30
)  # fmt: skip
PLAIN = BaselineRule(similar_days=3, highest=2, back_days=30, before_hours=0, adjust_most_e6=0, wait_days=30)
LABOUR_DAY, MADE_UP = date(2026, 5, 1), date(2026, 5, 9)
CALENDAR = BusinessCalendar(holidays=[LABOUR_DAY], makeup_days=[MADE_UP])
LOADS = Path(__file__).resolve().parents[3] / "data" / "published" / "homes.csv.gz"


def table(*rows):
    return np.array(rows, dtype=np.int64)


def none(days=0):
    return np.zeros((days, 0), dtype=np.int64) if days else np.zeros(0, dtype=np.int64)


def test_the_mean_is_of_the_highest_days_hour_by_hour():
    found = baselines.baseline(
        event_wh=table([1000, 2000], [500, 500], [3000, 1001]), before_wh=none(3), today_wh=none(), rule=PLAIN
    )
    assert found.highest == (0, 2)
    assert found.hours_wh == (Fraction(2000), Fraction(3001, 2))
    assert found.energy_wh == 3501  # 3500.5, a half goes away from zero
    assert found.factor == 1


def test_of_equal_days_the_later_one_counts():
    found = baselines.baseline(event_wh=table([5], [7], [5]), before_wh=none(3), today_wh=none(), rule=PLAIN)
    assert found.highest == (0, 1)


@pytest.mark.parametrize(
    ("today", "asked", "factor"),
    [
        ([550, 550], Fraction(11, 10), Fraction(11, 10)),
        ([700, 700], Fraction(7, 5), Fraction(6, 5)),
        ([100, 100], Fraction(1, 5), Fraction(4, 5)),
        ([0, 0], Fraction(0), Fraction(4, 5)),
    ],
)
def test_the_hours_before_adjust_it_within_the_bound(today, asked, factor):
    rule = BaselineRule(
        similar_days=2, highest=1, back_days=9, before_hours=2, adjust_most_e6=200_000, wait_days=1
    )  # fmt: skip
    found = baselines.baseline(
        event_wh=table([1000], [900]), before_wh=table([500, 500], [9, 9]), today_wh=np.array(today), rule=rule
    )
    assert (found.asked, found.factor) == (asked, factor)
    assert found.hours_wh == (1000 * factor,)
    assert found.factor_e6 == int(factor * 10**6)


def test_where_nothing_ran_before_nothing_is_adjusted():
    found = baselines.baseline(
        event_wh=table([1000], [900]), before_wh=table([0, 0], [0, 0]), today_wh=np.array([800, 800]),
        rule=BaselineRule(
            similar_days=2, highest=1, back_days=9, before_hours=2, adjust_most_e6=200_000, wait_days=1
        ),
    )  # fmt: skip
    assert (found.asked, found.factor, found.energy_wh) == (1, 1, 1000)


def test_similar_days_of_a_business_day_are_business_days_without_holidays_and_events():
    event_day = date(2026, 5, 11)  # a Monday
    event_before = date(2026, 5, 7)
    found = baselines.similar_days(event_day=event_day, calendar=CALENDAR, excluded={event_before}, rule=RULE)
    assert len(found) == 10
    assert found[:4] == (MADE_UP, date(2026, 5, 8), date(2026, 5, 6), date(2026, 5, 5))
    assert LABOUR_DAY not in found
    assert event_before not in found
    assert list(found) == sorted(found, reverse=True)


def test_similar_days_of_a_weekend_are_weekends_and_holidays():
    found = baselines.similar_days(event_day=date(2026, 5, 10), calendar=CALENDAR, excluded=(), rule=PLAIN)
    assert found == (date(2026, 5, 3), date(2026, 5, 2), LABOUR_DAY)  # the Saturday before was worked


def test_too_few_days_are_told():
    rule = BaselineRule(similar_days=10, highest=5, back_days=7, before_hours=0, adjust_most_e6=0, wait_days=1)
    with pytest.raises(TooFewDays) as refusal:
        baselines.similar_days(event_day=date(2026, 5, 20), calendar=CALENDAR, excluded=(), rule=rule)
    assert refusal.value.detail["found"] == 5


@pytest.mark.parametrize(
    ("baseline", "actual", "hours", "energy", "watts"),
    [(6000, 1000, 2, 5000, 2500), (1000, 6000, 2, 0, 0), (1001, 1000, 2, 1, 1), (1000, 1000, 3, 0, 0)],
)
def test_delivered_is_what_was_not_used(baseline, actual, hours, energy, watts):
    found = baselines.delivered(baseline_wh=baseline, actual_wh=actual, hours=hours)
    assert (found.energy_wh, found.mean_w) == (energy, watts)


def test_delivered_energy_is_worth_its_price():
    price_e6 = 300 * 10**6  # 3.00 yuan/kWh, in cents
    assert baselines.credit_minor(delivered_wh=[5000, 0, 1, 2], credit_e6=price_e6) == [1500, 0, 0, 1]


def test_a_half_goes_away_from_zero():
    values = [Fraction(1, 2), Fraction(-1, 2), Fraction(3, 2), Fraction(7, 3), Fraction(-7, 3)]
    assert [baselines.round_half_away(one) for one in values] == [1, -1, 2, 2, -2]


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_it_is_what_fractions_say(data):
    days, hours = data.draw(st.integers(1, 10)), data.draw(st.integers(1, 4))
    energy = st.integers(0, 10**6)
    row = st.lists(energy, min_size=hours + 2, max_size=hours + 2)
    rows = data.draw(st.lists(row, min_size=days, max_size=days))
    today = data.draw(st.lists(energy, min_size=2, max_size=2))
    rule = BaselineRule(
        similar_days=days, highest=data.draw(st.integers(1, days)), back_days=60, before_hours=2,
        adjust_most_e6=data.draw(st.integers(0, 10**6)), wait_days=1,
    )  # fmt: skip
    whole = table(*rows)
    found = baselines.baseline(event_wh=whole[:, 2:], before_wh=whole[:, :2], today_wh=np.array(today), rule=rule)
    assert found.hours_wh == _plain(rows, today, rule)
    assert abs(found.energy_wh - sum(found.hours_wh)) <= Fraction(1, 2)
    assert min(sum(one[2:]) for one in (rows[at] for at in found.highest)) >= max(
        (sum(rows[at][2:]) for at in range(days) if at not in found.highest), default=0
    )


def _plain(rows, today, rule):
    """The baseline by lists and fractions alone."""
    best = sorted(rows, key=lambda row: -sum(row[2:]))[: rule.highest]
    means = [Fraction(sum(column), len(best)) for column in zip(*best, strict=True)]
    usual, bound = sum(means[:2]), Fraction(rule.adjust_most_e6, 10**6)
    factor = Fraction(sum(today)) / usual if usual else Fraction(1)
    factor = max(1 - bound, min(1 + bound, factor))
    return tuple(one * factor for one in means[2:])


@pytest.mark.parametrize(
    ("changed", "expected_wh"),
    [
        ({}, 681_902),
        ({"before_hours": 0}, 728_338),
        ({"similar_days": 5, "highest": 4}, 592_043),
        ({"highest": 10}, 582_483),
    ],
)
def test_of_real_homes_that_save_nothing(changed, expected_wh):
    """
    Four homes in Fontana, three hours of 20 late-summer evenings: 509,781 Wh were used.

    The highest days lie above that, the fewer of them the more, and the hours before the event bring them nearer:
    decision 0091 tells what follows for the rule of a place.
    """
    rule = replace(RULE, **changed)
    calendar = BusinessCalendar(holidays=())
    days = [day for n in range(30) if calendar.is_business_day(day := date(2016, 8, 20) + timedelta(days=n))]
    used = expected = 0
    for home in _homes().values():
        for day in days:
            similar = baselines.similar_days(event_day=day, calendar=calendar, excluded=(), rule=rule)
            found = baselines.baseline(
                event_wh=table(*[_hours(home, one, 17, 20) for one in similar]),
                before_wh=table(*[_hours(home, one, 15, 17) for one in similar]),
                today_wh=np.array(_hours(home, day, 15, 17)), rule=rule,
            )  # fmt: skip
            used += sum(_hours(home, day, 17, 20))
            expected += found.energy_wh
    assert (used, expected) == (509_781, expected_wh)


def _homes():
    with gzip.open(LOADS, "rt") as lines:
        rows = list(csv.reader(lines))
    return {
        name: [round(float(row[at]) * 1000) for row in rows[1:]] for at, name in enumerate(rows[0]) if at
    }  # fmt: skip


def _hours(home, day, first, until):
    """The energy of hours of a day; a row of the file is the hour that ends at its time. [Wh]"""
    start = (day - date(2016, 8, 1)).days * 24 + 1
    return home[start + first : start + until]
