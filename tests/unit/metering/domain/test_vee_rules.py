"""Rules of validation that need no past, each by numbers made by hand."""

import numpy as np
import pytest

from metering.domain import vee_rules as rules
from metering.domain.vee_columns import Counted
from tests.unit.metering.domain.vee_samples import (
    FAILED,
    JAN,
    KWH,
    PASSED,
    UNKNOWN,
    extremes,
    interval_spans,
    one,
    spans,
    verdicts,
)


def _numbers(*values):
    return np.array(values, dtype=np.int64)


def test_a_value_that_was_typed_in_for_two_registers_is_a_duplicate():
    twice = spans({"register_id": 1}, {"register_id": 2}, {"register_id": 3, "energy_wh": 299 * KWH})
    said = rules.duplicate(spans=twice)
    assert (verdicts(said), said.measure.tolist()) == ([FAILED, FAILED, PASSED], [2, 2, 1])


def test_registers_that_stand_still_or_count_something_else_are_no_duplicates():
    still = {"energy_wh": 0, "end_reading_wh": 0}
    assert verdicts(rules.duplicate(spans=spans(still, {**still, "register_id": 2}))) == [PASSED] * 2
    total_and_peak = spans({}, {"register_id": 2, "is_total": False})
    assert verdicts(rules.duplicate(spans=total_and_peak)) == [PASSED] * 2
    reactive = spans({}, {"register_id": 2, "counted": int(Counted.REACTIVE)})
    assert verdicts(rules.duplicate(spans=reactive)) == [PASSED] * 2
    elsewhere = spans({}, {"register_id": 2, "service_point_id": 2})
    assert verdicts(rules.duplicate(spans=elsewhere)) == [PASSED] * 2


@pytest.mark.parametrize(
    ("energy", "least", "said"), [(-1, 0, FAILED), (0, 0, PASSED), (5, -2, FAILED), (5, 0, PASSED)]
)
def test_negative_energy_and_negative_intervals_are_found(energy, least, said):
    row = interval_spans({"energy_wh": energy})
    assert verdicts(rules.negative(spans=row, extremes=extremes({"least_wh": least}))) == [said]


def test_a_counter_that_ran_backward_is_negative_whatever_direction_it_counts():
    backward = spans({"energy_wh": -1}, {"energy_wh": -1, "is_export": True}, {"energy_wh": 1, "is_export": True})
    assert verdicts(rules.negative(spans=backward, extremes=extremes({}, {}, {}))) == [FAILED, FAILED, PASSED]


@pytest.mark.parametrize(("peak", "said"), [(3_000, PASSED), (3_001, FAILED)])
def test_a_spike_is_above_three_times_the_third_largest_of_its_day(peak, said):
    given = {"spans": interval_spans(), "extremes": extremes({"peak_wh": peak, "third_wh": 1_000})}
    assert one(rules.spike(**given, percent=300, least_wh=500)) == (said, peak, 3_000)


def test_a_kettle_in_an_empty_flat_is_no_spike_and_counters_have_none():
    kettle = extremes({"peak_wh": 500, "third_wh": 0})
    assert verdicts(rules.spike(spans=interval_spans(), extremes=kettle, percent=300, least_wh=500)) == [PASSED]
    assert verdicts(rules.spike(spans=interval_spans(), extremes=kettle, percent=300, least_wh=499)) == [FAILED]
    assert verdicts(rules.spike(spans=spans(), extremes=kettle, percent=300, least_wh=0)) == [PASSED]


@pytest.mark.parametrize(("run", "said"), [(8, PASSED), (9, FAILED)])
def test_a_long_run_of_values_that_were_not_measured_is_a_gap(run, said):
    assert one(rules.gap(spans=interval_spans(), extremes=extremes({"filled": run}), most=8)) == (said, run, 8)


@pytest.mark.parametrize(("kwh", "said"), [(5_760, PASSED), (5_761, FAILED)])
def test_more_than_the_supply_carries_all_day_is_found(kwh, said):
    """8 kW x 24 h x 30 days = 5,760 kWh."""
    found = rules.breaker(spans=spans({"energy_wh": kwh * KWH}), extremes=extremes({}), percent=100)
    assert one(found) == (said, kwh * KWH, 5_760 * KWH)


def test_one_interval_above_the_capacity_is_found_though_the_span_is_small():
    """8 kW carry 2 kWh in a quarter of an hour."""
    sticking = extremes({"most_wh": 2_001, "minutes": 15}, {"most_wh": 2_000, "minutes": 15})
    said = rules.breaker(spans=interval_spans({}, {"register_id": 2}), extremes=sticking, percent=100)
    assert (verdicts(said), said.measure[0], said.bound[0]) == ([FAILED, PASSED], 2_001, 2_000)


def test_demand_is_held_against_the_capacity_itself_and_reactive_energy_against_nothing():
    rows = spans(
        {"counted": int(Counted.DEMAND), "energy_wh": 8_001},
        {"counted": int(Counted.DEMAND), "energy_wh": 8_000},
        {"counted": int(Counted.REACTIVE), "energy_wh": 9_000 * KWH},
    )
    assert verdicts(rules.breaker(spans=rows, extremes=extremes({}, {}, {}), percent=100)) == [FAILED, PASSED, PASSED]


def test_a_dial_that_passed_its_end_is_shown():
    """A dial of five digits from 99,950 to 00,120 counted 170 kWh."""
    over = spans({"start_reading_wh": 99_950 * KWH, "end_reading_wh": 120 * KWH, "energy_wh": 170 * KWH}, {})
    said = rules.rollover(spans=over)
    assert (verdicts(said), said.measure[0]) == ([FAILED, PASSED], 120 * KWH)
    demand = spans({"start_reading_wh": 9_000, "end_reading_wh": 7_000, "counted": int(Counted.DEMAND)})
    assert verdicts(rules.rollover(spans=demand)) == [PASSED]


def test_energy_at_a_place_that_is_not_connected_is_found():
    rows = spans({"is_connected": False}, {"is_connected": False, "energy_wh": 0}, {})
    assert verdicts(rules.inactive(spans=rows)) == [FAILED, PASSED, PASSED]


@pytest.mark.parametrize(("end", "off", "said"), [(31, 0, PASSED), (34, 3, PASSED), (35, 4, FAILED), (27, 4, FAILED)])
def test_a_read_far_from_the_day_on_which_it_is_due_is_found(end, off, said):
    row = spans({"end_day": JAN + end, "is_due": False})
    found = rules.outside_window(spans=row, boundaries=_numbers(JAN, JAN + 31, JAN + 59), days=3, least_days=7)
    assert one(found) == (said, off, 3)


def test_reads_of_an_exchange_and_of_meters_that_are_read_daily_are_in_no_window():
    rows = spans({"end_day": JAN + 15}, {"start_day": JAN + 15, "end_day": JAN + 16, "is_due": False})
    assert verdicts(rules.outside_window(spans=rows, boundaries=_numbers(JAN), days=3, least_days=7)) == [PASSED] * 2
    late = spans({"is_due": False})
    assert verdicts(rules.outside_window(spans=late, boundaries=_numbers(), days=3, least_days=7)) == [UNKNOWN]


@pytest.mark.parametrize(("peak", "said"), [(199, PASSED), (201, PASSED), (198, FAILED), (202, FAILED)])
def test_the_registers_of_periods_add_up_to_the_total_within_a_unit(peak, said):
    rows = spans(
        {},
        {"register_id": 2, "is_total": False, "energy_wh": peak * KWH},
        {"register_id": 3, "is_total": False, "energy_wh": 100 * KWH},
    )
    found = rules.periods_against_total(spans=rows, slack_wh=1_000)
    assert verdicts(found) == [said, PASSED, PASSED]
    assert (found.measure[0], found.bound[0]) == ((peak + 100) * KWH, 300 * KWH)


def test_the_slack_of_a_unit_grows_with_the_multiplier():
    rows = spans({}, {"register_id": 2, "is_total": False, "energy_wh": 280 * KWH}, multiplier=20)
    assert verdicts(rules.periods_against_total(spans=rows, slack_wh=1_000)) == [PASSED, PASSED]


def test_where_a_period_is_not_read_its_sum_is_not_known_and_a_total_alone_has_none():
    other_days = {"register_id": 3, "is_total": False, "start_day": JAN + 30, "end_day": JAN + 60}
    rows = spans({}, {"register_id": 2, "is_total": False}, other_days)
    assert verdicts(rules.periods_against_total(spans=rows, slack_wh=0)) == [UNKNOWN, PASSED, PASSED]
    assert verdicts(rules.periods_against_total(spans=spans(), slack_wh=0)) == [PASSED]


def test_a_meter_that_was_read_in_one_direction_only_is_found_if_it_gave_energy_before():
    used, unused = np.array([True]), np.array([False])
    assert one(rules.sibling(spans=spans(), used_before=used)) == (FAILED, 0, 1)
    assert verdicts(rules.sibling(spans=spans(), used_before=unused)) == [PASSED]
    both = spans({}, {"register_id": 2, "is_export": True})
    assert verdicts(rules.sibling(spans=both, used_before=np.array([True, True]))) == [PASSED, PASSED]


@pytest.mark.parametrize(
    ("interval", "said"), [(300_150, PASSED), (301_000, PASSED), (301_001, FAILED), (298_999, FAILED)]
)
def test_interval_days_are_held_against_the_counter(interval, said):
    """The bills of loads/eemeter differ from their hours by at most 0.15 kWh; a counter is read to a whole kWh."""
    both = spans({}, {"register_id": 2, "is_interval": True, "energy_wh": interval})
    assert verdicts(rules.interval_against_register(spans=both, slack_wh=1_000)) == [PASSED, said]


def test_intervals_without_a_counter_beside_them_are_not_held_against_anything():
    alone = interval_spans({}, {"register_id": 2, "is_export": True})
    assert verdicts(rules.interval_against_register(spans=alone, slack_wh=0)) == [PASSED, PASSED]


def test_the_balance_of_a_feeder_allows_the_loss_that_is_usual_and_no_more():
    said = rules.feeder_balance(
        master_wh=_numbers(1_000_000, 1_000_000, 1_000_000, 0),
        members_wh=_numbers(950_000, 949_999, 1_050_001, 5),
        percent=5,
    )
    assert verdicts(said) == [PASSED, FAILED, FAILED, UNKNOWN]
    assert said.measure.tolist()[:3] == [50_000, 50_001, -50_001]
