"""More often than before: the exact test against sums by hand, its rate of false alarms, and what is told of."""

import random
from datetime import date, timedelta
from fractions import Fraction
from math import comb, exp

import pytest

from complaints.domain.trends import TrendRules, by_day, found, tail

RULES = TrendRules(windows=(7, 28), baseline_weeks=26, alpha_ppm=1_000, least=5, again_days=14)
ONE_WINDOW = TrendRules(windows=(7,), baseline_weeks=26, alpha_ppm=20_000, least=2, again_days=0)
KEY = ("billing/amount/too_high", "浦东")


@pytest.mark.parametrize(("count", "before"), [(0, 0), (0, 9), (1, 0), (3, 2), (5, 60), (40, 3), (7, 7), (2, 190)])
@pytest.mark.parametrize(("window", "baseline"), [(7, 182), (28, 182), (1, 1)])
def test_the_tail_is_the_binomial_sum(count, before, window, baseline):
    total, share = count + before, Fraction(window, window + baseline)
    expected = sum(
        comb(total, one) * share**one * (1 - share) ** (total - one) for one in range(count, total + 1)
    )  # fmt: skip
    assert tail(count=count, before=before, window_days=window, baseline_days=baseline) == expected


def test_the_same_number_each_day_is_never_told_of():
    for each in (0, 1, 2, 3, 10, 40):
        assert found(counts={KEY: [each] * RULES.days}, rules=RULES) == ()


def test_a_rate_that_does_not_change_is_told_of_as_seldom_as_the_test_says():
    """In 4,000 weeks of a constant rate the alarms are those of the exact size of the test, and below its bound."""
    lots, rate, alpha = random.Random(20260302), 0.35, Fraction(ONE_WINDOW.alpha_ppm, 1_000_000)
    size = _exact_size(rate, alpha)
    assert 0 < size <= float(alpha)
    runs, alarms = 4_000, 0
    for _ in range(runs):
        week, before = _poisson(lots, 7 * rate), _poisson(lots, 26 * 7 * rate)
        days = [0] * ONE_WINDOW.days
        days[-1], days[0] = week, before
        alarms += len(found(counts={KEY: days}, rules=ONE_WINDOW))
    spread = (runs * size * (1 - size)) ** 0.5
    assert abs(alarms - runs * size) < 4 * spread


def test_what_doubles_for_four_weeks_is_told_of_and_what_falls_is_not():
    days = [1] * (RULES.days - 28) + [2] * 28
    [trend] = found(counts={KEY: days, ("a/b/c", ""): [2] * (RULES.days - 28) + [1] * 28}, rules=RULES)
    assert (trend.class_code, trend.area, trend.count, trend.window_days) == (*KEY, 56, 28)
    assert (trend.before, trend.baseline_days) == (182, 182)
    assert trend.expected_hundredths == 2_800
    assert 0 < trend.tail_ppm <= RULES.alpha_ppm


def test_a_sudden_week_is_told_of_by_the_window_that_shows_it_best_and_few_cases_are_no_trend():
    quiet = [0] * (RULES.days - 7)
    [trend] = found(counts={KEY: [*quiet, 1, 1, 1, 1, 1, 1, 1]}, rules=RULES)
    assert (trend.window_days, trend.count, trend.before, trend.tail_ppm) == (7, 7, 0, 1)
    assert found(counts={KEY: [*quiet, 1, 1, 0, 1, 0, 0, 1]}, rules=RULES) == ()


def test_days_are_placed_by_the_last_one_and_others_do_not_count():
    last = date(2026, 3, 31)
    cases = {
        (*KEY, last): 2, (*KEY, last - timedelta(days=9)): 3, (*KEY, last - timedelta(days=10)): 7,
        (*KEY, last + timedelta(days=1)): 9,
    }  # fmt: skip
    assert by_day(cases=cases, last=last, days=10) == {KEY: [3, 0, 0, 0, 0, 0, 0, 0, 0, 2]}


def _poisson(lots, mean):
    """Return a number drawn with a mean, by counting how many unit waits fit into it."""
    count, waited = 0, lots.expovariate(1)
    while waited < mean:
        count, waited = count + 1, waited + lots.expovariate(1)
    return count


def _exact_size(rate, alpha):
    """Return how likely the test alarms if nothing changed, summed over all that may come."""
    total_mean = 27 * 7 * rate
    size, weight = 0.0, exp(-total_mean)
    for total in range(int(total_mean * 2.2)):
        first = next(
            (
                count for count in range(ONE_WINDOW.least, total + 1)
                if tail(count=count, before=total - count, window_days=7, baseline_days=182) <= alpha
            ),
            None,
        )  # fmt: skip
        if first is not None:
            size += weight * float(tail(count=first, before=total - first, window_days=7, baseline_days=182))
        weight *= total_mean / (total + 1)
    return size
