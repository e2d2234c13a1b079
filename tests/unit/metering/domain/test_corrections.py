"""Factors, days and spreading of corrections, against school arithmetic."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from metering.domain import correction_factors as factors
from metering.domain import wiring
from metering.domain.correction_days import Instants, corrected, days_inside, like, profile_of
from metering.domain.correction_factors import BadCorrection, NoReactiveFactor, WithinLimit
from metering.domain.corrections import (
    Affected,
    Effect,
    Recorded,
    added,
    added_in_mix,
    affected,
    base_wh,
    capped,
    changes,
    normal,
    rounded,
)
from metering.domain.intervals import IntervalColumns

F = Fraction
DAY_US = 24 * 60 * 60_000_000
SHARES = st.fractions(min_value=F(-9, 10), max_value=5, max_denominator=10_000)


# factors


@given(energy=st.integers(1, 10**12), error=SHARES)
def test_true_energy_with_its_error_is_what_was_counted(energy, error):
    assume(error != 0)
    true = energy * factors.of_error(error=error, limit=F(0))
    assert true * (1 + error) == energy


def test_an_error_within_the_class_is_not_corrected_and_a_dead_meter_has_no_factor():
    with pytest.raises(WithinLimit):
        factors.of_error(error=F(-2, 100), limit=F(2, 100))
    assert factors.of_error(error=F(-21, 1000), limit=F(2, 100)) == F(1000, 979)
    with pytest.raises(BadCorrection):
        factors.of_error(error=F(-1), limit=F(2, 100))
    with pytest.raises(BadCorrection):
        factors.of_error(error=F(1), limit=F(-1))


@given(actual=st.fractions(0, F(9, 10), max_denominator=1000), allowed=st.fractions(0, F(9, 10), max_denominator=1000))
def test_only_the_loss_of_voltage_that_is_not_allowed_is_collected(actual, allowed):
    if actual <= allowed:
        with pytest.raises(WithinLimit):
            factors.of_drop(actual=actual, allowed=allowed)
        return
    true = 1 / (1 - actual)  # of one counted
    assert factors.of_drop(actual=actual, allowed=allowed) == true - true * allowed


@pytest.mark.parametrize(("actual", "allowed"), [(F(1), F(0)), (F(1, 2), F(-1, 10)), (F(1, 2), F(1))])
def test_a_loss_of_voltage_is_between_nothing_and_all(actual, allowed):
    with pytest.raises(BadCorrection):
        factors.of_drop(actual=actual, allowed=allowed)


def test_wrong_multipliers_ratios_elements_and_powers():
    assert factors.of_multiplier(right=F(40), wrong=F(30)) == F(4, 3)
    assert factors.of_ratios([(F(300, 5), F(200, 5)), (F(40), F(40)), (F(40), F(40))]) == F(9, 8)
    assert factors.of_transformer_errors([F(0), F(-4, 10), F(1, 10)]) == F(10, 9)
    assert factors.of_elements(working=2, elements=3) == F(3, 2)
    assert factors.of_powers(right_w=F(900), measured_w=F(300)) == 3


@given(
    watts=st.integers(1, 5_000), constant=st.integers(1, 20_000), blinks=st.integers(1, 1_000),
    seconds=st.integers(1, 10_000),
)  # fmt: skip
def test_a_lamp_and_a_dial_say_the_same_of_a_meter(watts, constant, blinks, seconds):
    """So many blinks are so much counted energy; the lamp drew its power for the time it took."""
    assume(F(blinks, constant) <= 10**6)
    counted_kwh, real_kwh = F(blinks, constant), F(watts * seconds, 3_600_000)
    by_lamp = factors.error_by_lamp(constant=F(constant), load_w=F(watts), turns=F(blinks), seconds=F(seconds))
    assert by_lamp == factors.error_by_dial(counted=counted_kwh, real=real_kwh) == (counted_kwh - real_kwh) / real_kwh


@given(
    energy=st.integers(1, 10**9), parts=st.lists(st.tuples(st.integers(5, 4000), st.integers(5, 4000)), min_size=3,
    max_size=3),
)  # fmt: skip
def test_ratios_and_errors_of_three_transformers_lead_back_to_the_energy(energy, parts):
    """Each element counts a third of the energy by the ratio used over the real one: that is its error too."""
    assume(any(real != used for real, used in parts))
    counted = sum((F(energy, 3) * used / real for real, used in parts), F(0))
    assume(counted != energy)
    by_ratio = factors.of_ratios([(F(real, 5), F(used, 5)) for real, used in parts])
    by_error = factors.of_transformer_errors([F(used, real) - 1 for real, used in parts])
    assert counted * by_ratio == counted * by_error == energy


def test_transformers_within_their_class_are_not_corrected():
    with pytest.raises(WithinLimit):
        factors.of_transformer_errors([F(5, 1000), F(-4, 1000), F(0)], limit=F(5, 1000))
    # One beyond it: the base is an error of zero for all of them.
    assert factors.of_transformer_errors([F(6, 1000), F(4, 1000), F(0)], limit=F(5, 1000)) == F(3000, 3010)
    with pytest.raises(BadCorrection):
        factors.of_transformer_errors([F(1), F(0), F(0)], limit=F(-1))
    with pytest.raises(BadCorrection):
        factors.of_transformer_errors([], limit=F(1, 100))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: factors.error_by_dial(counted=F(0), real=F(1)),
        lambda: factors.error_by_dial(counted=F(1), real=F(-1)),
        lambda: factors.of_multiplier(right=F(30), wrong=F(30)),
        lambda: factors.of_multiplier(right=F(30), wrong=F(0)),
        lambda: factors.of_ratios([]),
        lambda: factors.of_ratios([(F(40), F(40)), (F(30), F(30))]),
        lambda: factors.of_ratios([(F(-40), F(40))]),
        lambda: factors.of_transformer_errors([F(-1), F(-1), F(-1)]),
        lambda: factors.of_transformer_errors([F(-2), F(0), F(0)]),
        lambda: factors.of_elements(working=3, elements=3),
        lambda: factors.of_elements(working=0, elements=3),
        lambda: factors.of_powers(right_w=F(1), measured_w=F(-1)),
        lambda: factors.of_powers(right_w=F(7), measured_w=F(7)),
        lambda: factors.error_by_lamp(constant=F(0), load_w=F(60), turns=F(6), seconds=F(60)),
    ],
)
def test_facts_that_cannot_be_are_refused(wrong):
    with pytest.raises(BadCorrection):
        wrong()


def test_factors_are_told_as_fraction_and_decimals():
    assert factors.shown(F(9, 8)) == factors.Shown("9/8", "1.1250")
    assert factors.shown(F(2)) == factors.Shown("2", "2.0000")
    assert factors.shown(F(-1, 3), places=2) == factors.Shown("-1/3", "-0.33")
    assert factors.shown(F(1_234_567, 1_000_000)).fraction == ""
    assert factors.shown(F(-1, 1_000_000)).decimals == "0.0000"


# wiring


def _phasor_power(elements, phi):
    """Real power of a wiring by complex phasors, for 1 V and 1 A: an oracle in floating point."""
    turn = [complex(math.cos(a), math.sin(a)) for a in (0, -2 * math.pi / 3, 2 * math.pi / 3)]
    lag = complex(math.cos(phi), -math.sin(phi))
    power = 0.0
    for element in elements:
        voltage = sum(float(part) * turn[x] for x, part in enumerate(element.voltage))
        current = sum(float(part) * turn[x] * lag for x, part in enumerate(element.current))
        power += (voltage * current.conjugate()).real
    return power


@pytest.mark.parametrize("name", wiring.FAULTS)
@pytest.mark.parametrize(("cosine", "leading"), [(F(1), False), (F(9, 10), False), (F(6, 10), False), (F(8, 10), True)])
def test_each_fault_has_the_factor_that_phasors_give(name, cosine, leading):
    fault = wiring.FAULTS[name]
    phi = math.acos(float(cosine)) * (-1 if leading else 1)
    right = _phasor_power(wiring.RIGHT[fault.connection], phi)
    wrong = _phasor_power(fault.wiring, phi)
    if wrong < 1e-9 or abs(right / wrong - 1) < 1e-7:
        with pytest.raises(BadCorrection):
            wiring.factor(name=name, power_factor=cosine, is_leading=leading)
        return
    found = wiring.factor(name=name, power_factor=cosine, is_leading=leading)
    assert float(found) == pytest.approx(right / wrong, rel=1e-6)


def _phasor_reactive_power(elements, phi):
    """Reactive power of a wiring whose elements turn their voltage by 90 degrees, by complex phasors."""
    turn = [complex(math.cos(a), math.sin(a)) for a in (0, -2 * math.pi / 3, 2 * math.pi / 3)]
    lag = complex(math.cos(phi), -math.sin(phi))
    power = 0.0
    for element in elements:
        voltage = sum(float(part) * turn[x] for x, part in enumerate(element.voltage))
        current = sum(float(part) * turn[x] * lag for x, part in enumerate(element.current))
        power += (voltage * -1j * current.conjugate()).real  # the element as a meter of active energy, turned back
    return power


@pytest.mark.parametrize("name", wiring.FAULTS)
@pytest.mark.parametrize(
    ("cosine", "leading"), [(F(9, 10), False), (F(6, 10), False), (F(8, 10), True), (F(3, 10), True), (F(1), False)]
)
def test_each_fault_has_the_reactive_factor_that_phasors_give(name, cosine, leading):
    fault = wiring.FAULTS[name]
    phi = math.acos(float(cosine)) * (-1 if leading else 1)
    right = _phasor_reactive_power(wiring.RIGHT[fault.connection], phi)
    wrong = _phasor_reactive_power(fault.wiring, phi)
    assert right == pytest.approx(3 * math.sin(phi))
    is_known_without = wiring.measured(fault.wiring)[1] == 0
    counted = wrong / right if abs(right) > 1e-9 else float(wiring.measured(fault.wiring)[0]) * is_known_without / 3
    if counted < 1e-9:
        with pytest.raises(NoReactiveFactor):
            wiring.reactive_factor(name=name, power_factor=cosine, is_leading=leading)
        return
    found = wiring.reactive_factor(name=name, power_factor=cosine, is_leading=leading)
    assert float(found) == pytest.approx(1 / counted, rel=1e-6, abs=1e-6)


def test_reactive_factors_by_hand():
    # One of three currents reversed: 1 of 3 parts is left of either energy.
    assert wiring.reactive_factor(name="3p4w_one_current_reversed") == 3
    # Current a missing: U_cb I_c sin(phi - 30) of sqrt(3) U I sin phi, so 2 sqrt(3) / (sqrt(3) - 1 / tan phi).
    found = wiring.reactive_factor(name="3p3w_current_a_missing", power_factor=F(6, 10))
    assert found == F(round(2 * math.sqrt(3) / (math.sqrt(3) - 0.75) * 10**6), 10**6)
    with pytest.raises(NoReactiveFactor) as refused:
        wiring.reactive_factor(name="3p3w_current_a_missing", power_factor=F(9, 10))
    assert "other way" in refused.value.message
    with pytest.raises(NoReactiveFactor) as refused:
        wiring.reactive_factor(name="3p3w_current_a_missing", power_factor=F(1))
    assert "no reactive energy" in refused.value.message
    for wrong in (None, F(0), F(2)):
        with pytest.raises(BadCorrection):
            wiring.reactive_factor(name="3p3w_current_a_missing", power_factor=wrong)
    with pytest.raises(BadCorrection):
        wiring.reactive_factor(name="no such fault")


def test_textbook_factors_of_wiring():
    assert wiring.factor(name="3p4w_one_current_reversed") == 3
    assert wiring.factor(name="3p4w_one_voltage_missing") == F(3, 2)
    assert wiring.factor(name="3p4w_two_currents_missing") == 3
    assert wiring.factor(name="3p3w_voltage_b_missing") == 2
    # 2 sqrt(3) / (sqrt(3) + tan phi)
    found = wiring.factor(name="3p3w_current_a_missing", power_factor=F(8, 10))
    assert found == F(round(2 * math.sqrt(3) / (math.sqrt(3) + 0.75) * 10**6), 10**6)
    assert wiring.measured(wiring.RIGHT["3p3w"]) == wiring.measured(wiring.RIGHT["3p4w"]) == (3, 0)


def test_a_factor_that_depends_on_the_power_factor_asks_for_it():
    assert wiring.needs_power_factor("3p3w_current_a_missing")
    assert not wiring.needs_power_factor("3p4w_one_current_reversed")
    for power_factor in (None, F(0), F(11, 10)):
        with pytest.raises(BadCorrection):
            wiring.factor(name="3p3w_current_a_missing", power_factor=power_factor)
    with pytest.raises(BadCorrection):
        wiring.factor(name="no such fault")


# days


def test_half_the_time_is_the_last_half_to_the_half_day():
    half = affected(since_day=100, until_day=465, percent=50)
    assert (half.start_day, half.end_day, half.first_share, half.days) == (282, 465, F(1, 2), F(365, 2))
    assert half.of(start_day=0, end_day=283) == F(1, 2)
    assert half.of(start_day=282, end_day=284) == F(3, 2)
    assert half.of(start_day=283, end_day=1000) == 182
    assert half.of(start_day=0, end_day=282) == 0
    whole = affected(since_day=100, until_day=465, percent=100)
    assert (whole.start_day, whole.first_share) == (100, 1)


@given(since=st.integers(0, 1000), length=st.integers(1, 1000), percent=st.integers(1, 100))
def test_the_days_are_that_percentage_of_the_time(since, length, percent):
    days = affected(since_day=since, until_day=since + length, percent=percent)
    assert days.days == F(length * percent, 100)
    assert since <= days.start_day < days.end_day
    assert 0 < days.first_share <= 1
    assert days.of(start_day=0, end_day=10_000) == days.days


@pytest.mark.parametrize(
    ("since", "until", "percent"), [(5, 5, 50), (6, 5, 50), (0, 10**4, 50), (1, 5, 0), (1, 5, 101)]
)
def test_days_that_cannot_be_are_refused(since, until, percent):
    with pytest.raises(BadCorrection):
        affected(since_day=since, until_day=until, percent=percent)


def test_a_cap_leaves_the_days_since_it():
    days = affected(since_day=100, until_day=465, percent=50)
    assert capped(days=days, first_day=282) == days
    assert capped(days=days, first_day=300) == Affected(start_day=300, end_day=465)
    with pytest.raises(BadCorrection):
        capped(days=days, first_day=465)


# spreading


@given(exact=st.lists(st.fractions(min_value=-1000, max_value=1000, max_denominator=97), max_size=20))
def test_rounded_parts_sum_to_the_rounded_whole_and_none_is_off_by_one(exact):
    found = list(rounded(exact))
    whole = sum(exact, F(0))
    nearest = math.floor(abs(whole) + F(1, 2)) * (1 if whole >= 0 else -1)
    assert sum(found) == nearest
    assert all(abs(part - one) < 1 for part, one in zip(found, exact, strict=True))


def _months(*kwh):
    return [Recorded(start_day=30 * n, end_day=30 * n + 30, energy_wh=one * 1000) for n, one in enumerate(kwh)]


def test_a_fast_meter_over_half_the_time():
    """12,000 kWh in a year, 4 % fast: 230.77 kWh of the last half are paid back."""
    spans = _months(*[1000] * 12)
    days = affected(since_day=0, until_day=360, percent=50)
    effect = Effect(factor=factors.of_error(error=F(4, 100), limit=F(2, 100)))
    found = changes(spans=spans, effect=effect, days=days)
    assert found[:6] == [0] * 6
    assert sum(found) == -230_769
    assert base_wh(spans=spans, days=days) == 6_000_000


@given(
    energy=st.lists(st.integers(0, 10**10), min_size=1, max_size=14),
    factor=st.fractions(min_value=0, max_value=10, max_denominator=10_000),
    since=st.integers(0, 50),
    length=st.integers(1, 400),
    percent=st.integers(1, 100),
)
def test_changes_sum_to_the_exact_change_and_every_span_keeps_its_share(energy, factor, since, length, percent):
    spans = [Recorded(start_day=30 * n, end_day=30 * n + 30, energy_wh=one) for n, one in enumerate(energy)]
    days = affected(since_day=since, until_day=since + length, percent=percent)
    found = changes(spans=spans, effect=Effect(factor=factor), days=days)
    exact = [one.energy_wh * days.of(start_day=one.start_day, end_day=one.end_day) * (factor - 1) / 30 for one in spans]
    assert found == list(rounded(exact))


def test_a_normal_month_takes_the_place_of_what_was_recorded():
    reference = normal(spans=_months(300, 330), reference=Affected(start_day=0, end_day=60))
    dead = [Recorded(start_day=60, end_day=90, energy_wh=12_000), Recorded(start_day=90, end_day=120, energy_wh=0)]
    found = changes(spans=dead, effect=reference, days=Affected(start_day=75, end_day=120))
    assert sum(found) == 630_000 * 45 // 60 - 6_000
    assert found == [630_000 * 15 // 60 - 6_000, 315_000]


def test_energy_that_no_register_saw_is_spread_over_the_days_or_dealt_in_the_mix():
    days = Affected(start_day=15, end_day=45)
    assert changes(spans=_months(0, 0), effect=added(energy_wh=90_000, days=days), days=days) == [45_000, 45_000]
    peak, valley = added_in_mix(energy_wh=90_000, bases=[F(20), F(10)], days=days)
    assert peak.per_day_wh * 30 == 60_000
    assert valley.per_day_wh * 30 == 30_000
    for wrong in (lambda: added(energy_wh=0, days=days), lambda: added_in_mix(energy_wh=1, bases=[F(0)], days=days)):
        with pytest.raises(BadCorrection):
            wrong()


def test_less_than_nothing_is_refused():
    with pytest.raises(BadCorrection):
        changes(spans=_months(100), effect=Effect(per_day_wh=F(-4_000)), days=Affected(start_day=0, end_day=30))


# interval days


def _block(values, *, quality=b"A", exponent=0, start_day=10):
    table = np.array(values, dtype=np.int64)
    days = np.arange(start_day, start_day + len(table), dtype=np.int64)
    return IntervalColumns(
        interval_minutes=1440 // table.shape[1],
        exponent=exponent,
        register_id=np.full(len(table), 7, dtype=np.int64),
        day=days,
        start_us=days * DAY_US,
        values=table,
        quality=np.frombuffer(quality * len(table), dtype=np.uint8).reshape(len(table), -1),
    )


def _instants(start, end, share=None):
    share = share or F(1)
    return Instants(start_us=start * DAY_US, first_end_us=(start + 1) * DAY_US, end_us=end * DAY_US, first_share=share)


def _energy(block, days):
    return int(days.values.sum()) * F(10) ** days.exponent


def test_values_are_scaled_inside_the_days_and_stay_outside():
    block = _block([[100, 200, 300, 400]] * 4)
    days = corrected(
        block=block, instants=_instants(11, 13), factor=F(3, 2), added_wh=F(0), profile=np.ones(4, dtype=np.int64)
    )
    assert days.exponent == -3
    assert days.place.tolist() == [1, 2]
    assert days.values.tolist() == [[150_000, 300_000, 450_000, 600_000]] * 2
    kept = like(block=block, days=days)
    assert kept.day.tolist() == [11, 12]
    assert kept.quality.tolist() == [[ord("A")]] * 2


def test_half_a_first_day_is_half_corrected_and_blank_values_stay_blank():
    block = _block([[100, 100, 100, 100]] * 2, quality=b"AANA")
    days = corrected(
        block=block, instants=_instants(10, 12, F(1, 2)), factor=F(2), added_wh=F(0), profile=np.ones(4, dtype=np.int64)
    )
    assert days.values.tolist() == [[150_000, 150_000, 100_000, 150_000], [200_000, 200_000, 100_000, 200_000]]
    assert days_inside(block=block, instants=_instants(10, 12, F(1, 2))) == F(3, 4) * F(3, 2)


def test_added_energy_lies_as_a_normal_day():
    block = _block([[0, 0, 0, 0]] * 3)
    normal_days = (_block([[10, 20, 30, 40], [10, 20, 30, 40]]),)
    profile = profile_of(normal_days, slots=4)
    days = corrected(block=block, instants=_instants(10, 13), factor=F(0), added_wh=F(3000), profile=profile)
    assert days.values.tolist() == [[100_000, 200_000, 300_000, 400_000]] * 3
    assert profile_of((), slots=4).tolist() == [1, 1, 1, 1]
    assert profile_of((_block([[1, 2]]),), slots=4).tolist() == [1, 1, 1, 1]


def test_a_unit_is_coarser_where_values_are_large_and_refused_where_none_fits():
    block = _block([[2 * 10**9, 10**9]], exponent=-1)
    days = corrected(
        block=block, instants=_instants(10, 11), factor=F(3), added_wh=F(0), profile=np.ones(2, dtype=np.int64)
    )
    assert days.exponent == 0
    assert days.values.tolist() == [[6 * 10**8, 3 * 10**8]]
    with pytest.raises(BadCorrection):
        corrected(
            block=_block([[2 * 10**9]], exponent=6), instants=_instants(10, 11), factor=F(3), added_wh=F(0),
            profile=np.ones(1, dtype=np.int64),
        )  # fmt: skip
    with pytest.raises(BadCorrection):
        corrected(
            block=_block([[5, 5]]), instants=_instants(10, 11), factor=F(-1), added_wh=F(0),
            profile=np.ones(2, dtype=np.int64),
        )  # fmt: skip


@given(
    values=st.lists(st.lists(st.integers(0, 10**6), min_size=4, max_size=4), min_size=1, max_size=5),
    factor=st.fractions(min_value=0, max_value=4, max_denominator=1000),
    extra=st.fractions(min_value=0, max_value=10**6, max_denominator=1000),
    share=st.fractions(min_value=F(1, 100), max_value=1, max_denominator=100),
)
def test_interval_energy_is_the_exact_energy_rounded_once(values, factor, extra, share):
    block = _block(values)
    last = 10 + len(values)
    days = corrected(
        block=block, instants=_instants(10, last, share), factor=factor, added_wh=extra,
        profile=np.array([1, 2, 3, 4], dtype=np.int64),
    )  # fmt: skip
    exact = sum(values[0]) * (1 + (factor - 1) * share) + sum(map(sum, values[1:])) * factor + extra
    unit = F(10) ** days.exponent
    assert abs(_energy(block, days) - exact) <= unit / 2
    assert (days.values >= 0).all()
