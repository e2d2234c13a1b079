"""Rules of validation that hold a span against its past, each by numbers made by hand."""

import numpy as np
import pytest

from metering.domain import vee_history as history
from metering.domain.vee_columns import Counted, Past
from metering.domain.vee_history import NO_SERIES, Judged
from tests.unit.metering.domain.vee_samples import FAILED, JAN, KWH, PASSED, UNKNOWN, one, past, spans, verdicts

EVERY = Judged(least_days=20, least_wh_per_day=0)


def _span(kwh, **other):
    return spans({"energy_wh": round(kwh * KWH), **other})


def test_spans_follow_on_each_other_without_a_day_between():
    assert one(history.consecutive(spans=spans(), past=past(300))) == (PASSED, 0, 0)
    assert one(history.consecutive(spans=spans(), past=past(300, until=JAN - 3))) == (FAILED, 3, 0)
    assert verdicts(history.consecutive(spans=spans(), past=past())) == [UNKNOWN]
    assert verdicts(history.consecutive(spans=spans(), past=past(300, series=1))) == [UNKNOWN]


@pytest.mark.parametrize(("kwh", "said"), [(900, PASSED), (900.001, FAILED), (75, PASSED)])
def test_high_is_above_three_times_what_is_usual(kwh, said):
    found = history.high(spans=_span(kwh), past=past(200, 300, 400), percent=300, judged=EVERY)
    assert one(found) == (said, round(kwh * KWH), 900 * KWH)


@pytest.mark.parametrize(("kwh", "said"), [(75, PASSED), (74.999, FAILED), (0, PASSED)])
def test_low_is_below_a_quarter_of_what_is_usual_and_nothing_is_not_low_but_zero(kwh, said):
    found = history.low(spans=_span(kwh), past=past(200, 300, 400), percent=25, judged=EVERY)
    assert one(found) == (said, round(kwh * KWH), 75 * KWH)


def test_without_three_measured_cycles_of_a_year_nothing_is_usual():
    given = {"spans": _span(9_000), "percent": 300, "judged": EVERY}
    assert verdicts(history.high(**given, past=past(300, 300))) == [UNKNOWN]
    assert verdicts(history.high(**given, past=past(300, 300, 300, estimated=[1]))) == [UNKNOWN]
    assert verdicts(history.high(**given, past=past(300, 300, 300, until=JAN - 300))) == [UNKNOWN]
    assert verdicts(history.high(**given, past=past(300, 300, 300))) == [FAILED]


def test_the_mean_is_by_the_day_so_that_longer_spans_may_have_more():
    """90 days at 10 kWh are usual with months of 300 kWh."""
    long = spans({"start_day": JAN, "end_day": JAN + 90, "energy_wh": 900 * KWH})
    assert one(history.high(spans=long, past=past(300, 300, 300), percent=100, judged=EVERY)) == (
        PASSED,
        900_000,
        900_000,
    )


def test_short_spans_demand_and_small_differences_are_not_judged():
    short = spans({"end_day": JAN + 7, "energy_wh": 900 * KWH})
    assert verdicts(history.high(spans=short, past=past(300, 300, 300), percent=300, judged=EVERY)) == [PASSED]
    demand = _span(900, counted=int(Counted.DEMAND))
    assert verdicts(history.high(spans=demand, past=past(1, 1, 1), percent=300, judged=EVERY)) == [PASSED]
    careful = Judged(least_days=20, least_wh_per_day=1_000)
    low = {"past": past(1, 1, 1), "percent": 300}
    assert verdicts(history.high(spans=_span(30.9), **low, judged=careful)) == [PASSED]
    assert verdicts(history.high(spans=_span(31), **low, judged=careful)) == [FAILED]


@pytest.mark.parametrize(("kwh", "said"), [(200, PASSED), (200.001, FAILED), (20, PASSED), (19.999, FAILED)])
def test_the_last_three_cycles_give_the_mean_and_none_before_them(kwh, said):
    before = past(9_000, 9_000, 50, 100, 150)
    found = history.three_cycles(spans=_span(kwh), past=before, above=200, below=20, judged=EVERY)
    assert verdicts(found) == [said]


def test_two_cycles_are_no_three():
    found = history.three_cycles(spans=_span(9_000), past=past(100, 100), above=200, below=20, judged=EVERY)
    assert verdicts(found) == [UNKNOWN]


@pytest.mark.parametrize(
    ("kwh", "said", "bound"),
    [(600, PASSED, 600), (600.001, FAILED, 600), (60, PASSED, 600), (59.999, FAILED, 60), (0, PASSED, 600)],
)
def test_the_same_days_of_last_year_are_dealt_by_days(kwh, said, bound):
    """30 days a year ago: 20 of a span of 400 kWh in 40 days, 10 of a span of 200 kWh in 20: 300 kWh."""
    start = JAN - 365
    before = Past(
        series=np.zeros(2, dtype=np.int64),
        start_day=np.array([start - 20, start + 20]),
        end_day=np.array([start + 20, start + 40]),
        energy_wh=np.array([400 * KWH, 200 * KWH]),
        is_estimated=np.zeros(2, dtype=np.bool_),
    )
    found = history.last_year(spans=_span(kwh), past=before, above=200, below=20, judged=EVERY)
    assert one(found) == (said, round(kwh * KWH), bound * KWH)


def test_a_year_ago_of_which_a_day_is_missing_is_unknown():
    start = JAN - 365
    nearly = past(300, days=29, until=start + 29)
    assert verdicts(history.last_year(spans=_span(9_000), past=nearly, above=200, below=20, judged=EVERY)) == [UNKNOWN]
    assert verdicts(history.last_year(spans=_span(9_000), past=past(), above=200, below=20, judged=EVERY)) == [UNKNOWN]


@pytest.mark.parametrize(("kwh", "said"), [(600, PASSED), (600.001, FAILED)])
def test_above_150_percent_of_the_highest_cycle_of_14_months(kwh, said):
    found = history.most_of_14_months(
        spans=_span(kwh), past=past(100, 400, 200, 300), percent=150, least=4, judged=EVERY
    )
    assert one(found) == (said, round(kwh * KWH), 600 * KWH)


def test_fewer_than_four_periods_say_nothing_and_older_ones_do_not_count():
    given = {"spans": _span(9_000), "percent": 150, "least": 4, "judged": EVERY}
    assert verdicts(history.most_of_14_months(**given, past=past(100, 400, 200))) == [UNKNOWN]
    assert verdicts(history.most_of_14_months(**given, past=past(1, 1, 1, 1, until=JAN - 330))) == [UNKNOWN]
    assert verdicts(history.most_of_14_months(**given, past=past(1, 1, 1, 1, until=JAN - 300))) == [FAILED]


@pytest.mark.parametrize(
    ("kwh", "said"),
    [(6_000, FAILED), (6_600, FAILED), (6_601, PASSED), (5_399, PASSED), (300, PASSED), (15, FAILED), (3_000, FAILED)],
)
def test_usage_that_is_off_by_a_ratio_of_transformers_is_found(kwh, said):
    found = history.multiplier(spans=_span(kwh), past=past(300, 300, 300), ratios=(10, 20), percent=10, judged=EVERY)
    assert verdicts(found) == [said]


def test_a_ratio_is_not_known_without_a_past():
    found = history.multiplier(spans=_span(6_000), past=past(), ratios=(20,), percent=10, judged=EVERY)
    assert verdicts(found) == [UNKNOWN]


@pytest.mark.parametrize(
    ("before", "said"), [((300, 0), FAILED), ((0, 300), PASSED), ((), UNKNOWN), ((0, 0, 0), FAILED)]
)
def test_nothing_for_two_cycles_in_a_row_is_found_on_an_active_place(before, said):
    assert verdicts(history.zero(spans=_span(0), past=past(*before), cycles=2, least_days=20)) == [said]


def test_places_that_are_not_connected_and_energy_that_is_given_may_be_nothing():
    given = {"past": past(0, 0), "cycles": 2, "least_days": 20}
    assert verdicts(history.zero(spans=_span(0, is_connected=False), **given)) == [PASSED]
    assert verdicts(history.zero(spans=_span(0, is_export=True), **given)) == [PASSED]
    assert verdicts(history.zero(spans=_span(1), **given)) == [PASSED]


@pytest.mark.parametrize(
    ("before", "cycles", "said"),
    [((300,), 2, FAILED), ((299,), 2, PASSED), ((300,), 3, UNKNOWN), ((299, 300), 3, PASSED), ((300, 300), 3, FAILED)],
)
def test_the_same_value_cycle_after_cycle_is_found(before, cycles, said):
    assert verdicts(history.unchanged(spans=_span(300), past=past(*before), cycles=cycles, least_days=20)) == [said]


@pytest.mark.parametrize(("estimated", "said"), [([0, 1], FAILED), ([1], PASSED), ([0], PASSED), ([], PASSED)])
def test_more_than_two_estimates_in_a_row_are_found(estimated, said):
    row = _span(300, is_estimated=True)
    found = history.long_estimated(spans=row, past=past(300, 300, estimated=estimated), most=2, least_days=20)
    assert verdicts(found) == [said]
    measured = history.long_estimated(spans=spans(), past=past(300, 300, estimated=[0, 1]), most=2, least_days=20)
    assert verdicts(measured) == [PASSED]


def test_what_was_estimated_since_the_beginning_is_not_known_to_be_long_before_it_is():
    row = _span(300, is_estimated=True)
    found = history.long_estimated(spans=row, past=past(300, estimated=[0]), most=2, least_days=20)
    assert one(found) == (UNKNOWN, 2, 2)


def test_the_other_direction_was_used_before_where_it_had_energy():
    rows = spans({}, {"series": 1, "is_export": True})
    gave = past(5, series=1)
    mirror = np.array([1, 0], dtype=np.int64)
    assert history.used_before(spans=rows, past=gave, mirror=mirror).tolist() == [True, False]
    assert history.used_before(spans=rows, past=past(0, series=1), mirror=mirror).tolist() == [False, False]
    alone = np.full(2, NO_SERIES, dtype=np.int64)
    assert history.used_before(spans=rows, past=gave, mirror=alone).tolist() == [False, False]


def test_a_season_is_allowed_for():
    """A January that uses twice as much as other months is usual with 600 kWh after three cycles of 300."""
    cold = Judged(least_days=20, least_wh_per_day=0, season=(200, *[100] * 11))
    given = {"spans": _span(650), "past": past(300, 300, 300)}
    assert one(history.high(**given, percent=200, judged=EVERY)) == (FAILED, 650_000, 600_000)
    assert one(history.high(**given, percent=200, judged=cold)) == (PASSED, 650_000, 1_200_000)
    assert verdicts(history.three_cycles(**given, above=200, below=20, judged=EVERY)) == [FAILED]
    assert verdicts(history.three_cycles(**given, above=200, below=20, judged=cold)) == [PASSED]
    fourteen = {**given, "past": past(300, 300, 300, 300)}
    assert one(history.most_of_14_months(**fourteen, percent=150, least=4, judged=EVERY)) == (FAILED, 650_000, 450_000)
    assert one(history.most_of_14_months(**fourteen, percent=150, least=4, judged=cold)) == (PASSED, 650_000, 900_000)


def test_days_across_months_weigh_by_each():
    cold = Judged(least_days=1, least_wh_per_day=0, season=(200, *[100] * 11))
    start = np.array([JAN - 5, JAN, JAN + 30])
    assert cold.weights(start_day=start, end_day=start + 10).tolist() == [1_500, 2_000, 1_100]
    assert EVERY.weights(start_day=start, end_day=start + 10).tolist() == [10, 10, 10]
