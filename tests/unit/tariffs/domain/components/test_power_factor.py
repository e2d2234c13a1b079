"""The power factor, its schedules and what is paid by it: published rows, hand-computed bills, fractions."""

from decimal import Decimal
from fractions import Fraction
from math import isqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cis.kernel import fixed
from tariffs.domain.batch import RatingBatch
from tariffs.domain.components.basic import Energy
from tariffs.domain.components.power_factor import (
    PowerFactor,
    PowerFactorDemand,
    ReactiveDemand,
    ReactiveEnergy,
    Standard,
    Submeters,
    linear_schedule,
    power_factor,
    schedule_of_1983,
)
from tariffs.domain.components.spans import Proration
from tariffs.domain.inputs import Input
from tariffs.domain.lines import LedgerClass
from tariffs.domain.plan import compile_plan
from tariffs.domain.rating import rate
from tests.unit.tariffs import oracle_power as oracle

YUAN = 10**8
HEAD = {"label": "any", "ledger": LedgerClass.ENERGY}
# Percent for each 0.01 from 1.00 down, as a published table of the schedule lists it.
PUBLISHED = {
    "0.90": "-0.75 -0.75 -0.75 -0.75 -0.75 -0.75 -0.6 -0.45 -0.3 -0.15 0 0.5 1 1.5 2 2.5 3 3.5 4 4.5 5 5.5 6 6.5 7 7.5 8 "
    "8.5 9 9.5 10 11 12 13 14 15 17 19 21 23 25 27 29 31 33 35 37 39 41 43 45 47 49 51 53 55 57 59 61 63 65",
    "0.85": "-1.1 -1.1 -1.1 -1.1 -1.1 -1.1 -1.1 -0.95 -0.8 -0.65 -0.5 -0.4 -0.3 -0.2 -0.1 0 0.5 1 1.5 2 2.5 3 3.5 4 4.5 5 "
    "5.5 6 6.5 7 7.5 8 8.5 9 9.5 10 11 12 13 14 15 17 19 21 23 25 27 29 31 33 35 37 39 41 43 45 47 49 51 53 55",
    "0.80": "-1.3 -1.3 -1.3 -1.3 -1.3 -1.3 -1.3 -1.3 -1.3 -1.15 -1 -0.9 -0.8 -0.7 -0.6 -0.5 -0.4 -0.3 -0.2 -0.1 0 0.5 1 "
    "1.5 2 2.5 3 3.5 4 4.5 5 5.5 6 6.5 7 7.5 8 8.5 9 9.5 10 11 12 13 14 15 17 19 21 23 25 27 29 31 33 35 37 39 41 43 45",
}


@pytest.mark.parametrize("standard", Standard)
def test_the_schedule_of_1983_is_the_published_table_row_by_row(standard):
    schedule = schedule_of_1983(standard=standard)
    rows = PUBLISHED[standard].split()
    assert len(rows) == 61
    for down, percent in enumerate(rows):
        assert schedule[100 - down] == Decimal(percent) * 100, f"{100 - down}"
    assert schedule[0] == schedule[40] + 40 * 200


@pytest.mark.parametrize("standard", Standard)
def test_the_schedule_of_1983_is_what_its_steps_say(standard):
    walked = [oracle.schedule_1983(Fraction(str(standard)), Fraction(at, 100)) * 100 for at in range(101)]
    assert list(schedule_of_1983(standard=standard)) == walked


def factor_of(active_wh, reactive_varh):
    return int(power_factor(active_wh=np.array([active_wh]), reactive_varh=np.array([reactive_varh]))[0])


@pytest.mark.parametrize(
    ("active", "reactive", "hundredths"),
    [
        (100_000, 62_000, 85),
        (240_000, 100_000, 92),
        (40_000, 30_000, 80),
        (694_152, 256_728, 94),
        (0, 5, 0),
        (5, 0, 100),
        (0, 0, 100),
        (1, 200, 0),
        (1, 199, 1),
        (-40_000, 30_000, 80),
        (40_000, -30_000, 80),
        (10**15, 1, 100),
        (1, 10**15, 0),
    ],
)
def test_the_power_factor_is_rounded_to_two_decimals(active, reactive, hundredths):
    assert factor_of(active, reactive) == hundredths


def edges(active_wh, hundredths):
    """The reactive energies around which the rounded power factor changes."""
    odd = 2 * hundredths - 1
    edge = isqrt((40_000 - odd * odd) * active_wh**2 // (odd * odd))
    return st.integers(max(edge - 2, 0), edge + 2)


energy = st.integers(0, 10**6) | st.integers(0, 10**15) | st.integers(0, 2**61)


@given(st.data(), energy, st.integers(1, 100), st.sampled_from([1, -1]), st.sampled_from([1, -1]))
def test_any_power_factor_is_the_one_found_by_trying_all(data, active, hundredths, sign, other):
    reactive = data.draw(energy | edges(active, hundredths)) % 2**62
    expected = oracle.power_factor(active, reactive)
    assert Fraction(factor_of(sign * active, other * reactive), 100) == (1 if expected is None else expected)


@pytest.mark.parametrize("hundredths", [1, 2, 50, 85, 90, 99, 100])
def test_a_varh_more_at_the_edge_of_a_huge_customer_lowers_the_power_factor(hundredths):
    """Here Q / P differs from the edge by less than what 36 bits tell apart."""
    active, odd = 5 * 10**12, 2 * hundredths - 1
    edge = isqrt((40_000 - odd * odd) * active**2 // (odd * odd))
    assert (factor_of(active, edge), factor_of(active, edge + 1)) == (hundredths, hundredths - 1)


def test_a_huge_neighbour_leaves_those_without_energy_as_they_are():
    active, reactive = np.array([2**60, 0, 0]), np.array([1, 0, 5])
    assert power_factor(active_wh=active, reactive_varh=reactive).tolist() == [100, 100, 0]


def test_whatever_is_far_more_reactive_than_active_has_no_power_factor_left():
    reactive = 3 * 2 ** np.arange(7, 48)
    assert not power_factor(active_wh=np.ones_like(reactive), reactive_varh=reactive).any()


@given(st.lists(st.tuples(st.integers(0, 10**15), st.integers(0, 10**15)), max_size=20))
def test_a_power_factor_does_not_depend_on_its_neighbours(pairs):
    columns = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    together = power_factor(active_wh=columns[:, 0], reactive_varh=columns[:, 1]).tolist()
    assert together == [factor_of(*pair) for pair in pairs]


def adjustment(**changes):
    usual = {"schedule": schedule_of_1983(standard=Standard.P90), "on": ("energy",)}
    return PowerFactor(code="pf", **HEAD, **(usual | changes))


def batch(*, used_kwh, reactive_kvarh, submeter_kwh=0, peak_w=0):
    inputs = {
        Input.REACTIVE_VARH: [reactive_kvarh * 1000],
        Input.SUBMETER_WH: [[submeter_kwh * 1000]],
        Input.PEAK_W: [[peak_w]],
    }
    return RatingBatch.of(
        used_wh=np.array([[used_kwh * 1000]], dtype=np.int64),
        inputs={name: np.array(column, dtype=np.int64) for name, column in inputs.items()},
    )


def lines(components, given_batch):
    plan = compile_plan(components=components)
    rated = rate(plan=plan, batch=given_batch)
    columns = zip(rated.quantity[0].tolist(), rated.amount_minor[0].tolist(), strict=True)
    return dict(zip([slot.key for slot in plan.slots], columns, strict=True))


def test_the_adjustment_is_a_percentage_of_the_rounded_amounts_of_its_base():
    energy_lines = (Energy(code="energy", **HEAD, price_e6=88_000_000), Energy(code="fund", **HEAD, price_e6=10**6))
    found = lines((*energy_lines, adjustment()), batch(used_kwh=100_000, reactive_kvarh=62_000))
    assert found["pf"] == (85, 220_000)
    assert found["pf/percent"] == (250, 0)
    assert found["pf/base"] == (8_800_000, 0)


def test_a_half_of_the_adjustment_is_rounded_away_from_zero():
    flat = Energy(code="energy", **HEAD, price_e6=10_000_000)
    assert lines((flat, adjustment()), batch(used_kwh=100, reactive_kvarh=0))["pf"] == (100, -8)


def test_without_energy_there_is_no_power_factor_and_nothing_is_adjusted():
    fixed_base = Energy(code="energy", **HEAD, price_e6=YUAN)
    charge = adjustment().charge(batch(used_kwh=0, reactive_kvarh=0), np.array([100_000]))
    assert charge.amounts_e9.tolist() == [[0, 0, 0]]
    assert lines((fixed_base, adjustment()), batch(used_kwh=0, reactive_kvarh=7))["pf/percent"] == (15_700 - 1200, 0)


@pytest.mark.parametrize(("submeters", "factor"), [(Submeters.PARALLEL, 80), (Submeters.SERIES, 89)])
def test_a_sub_meter_in_series_joins_in_the_power_factor_and_one_beside_does_not(submeters, factor):
    flat = Energy(code="energy", **HEAD, price_e6=YUAN)
    given_batch = batch(used_kwh=40_000, reactive_kvarh=30_000, submeter_kwh=20_000)
    assert lines((flat, adjustment(submeters=submeters)), given_batch)["pf"][0] == factor


@pytest.mark.parametrize(("reactive_kvarh", "minor"), [(30_000, 40_000), (0, -40_000), (19_373, 0)])
def test_an_adjustment_by_points_charges_below_the_target_and_rewards_above(reactive_kvarh, minor):
    flat = Energy(code="energy", **HEAD, price_e6=10_000_000)
    by_points = adjustment(schedule=linear_schedule(target=90, below=100, above=100))
    assert lines((flat, by_points), batch(used_kwh=40_000, reactive_kvarh=reactive_kvarh))["pf"][1] == minor


def demand(*, price_e6=YUAN, target=90, grain_w=1):
    return PowerFactorDemand(
        code="kw",
        **HEAD,
        target=target,
        period="",
        place=0,
        price_e6=price_e6,
        grain_w=grain_w,
        proration=Proration.WHOLE,
    )


@pytest.mark.parametrize(
    ("reactive_kvarh", "added_w"),
    [(30_000, 62_500), (19_373, 0), (0, 0), (10**9, 500_000 * 89)],
)
def test_demand_is_added_in_the_ratio_of_target_and_power_factor(reactive_kvarh, added_w):
    found = lines((demand(),), batch(used_kwh=40_000, reactive_kvarh=reactive_kvarh, peak_w=500_000))
    assert found["kw"] == (added_w, added_w // 10)
    assert found["kw/measured"] == (500_000, 0)


def test_demand_is_not_rounded_where_the_target_is_just_kept():
    given_batch = batch(used_kwh=40_000, reactive_kvarh=19_373, peak_w=12_500)
    assert lines((demand(grain_w=1000),), given_batch)["kw"] == (0, 0)
    assert lines((demand(grain_w=1000, target=91),), given_batch)["kw"] == (500, 50)


def test_no_demand_is_added_without_energy():
    assert lines((demand(),), batch(used_kwh=0, reactive_kvarh=0, peak_w=1000))["kw"] == (0, 0)


@given(
    st.integers(0, 10**12),
    st.integers(0, 10**8),
    st.integers(0, 10**8),
    st.integers(1, 100),
    st.sampled_from([1, 10, 100, 1000]),
    st.integers(-YUAN, YUAN),
)
def test_any_added_demand_costs_what_fractions_say(peak_w, used_kwh, reactive_kvarh, target, grain_w, price_e6):
    component = demand(price_e6=price_e6, target=target, grain_w=grain_w)
    given_batch = batch(used_kwh=used_kwh, reactive_kvarh=reactive_kvarh, peak_w=peak_w)
    charge = component.charge(given_batch, np.zeros(1, dtype=np.int64))
    factor = oracle.power_factor(used_kwh, reactive_kvarh)
    added = Fraction(0)
    if factor is not None and factor < Fraction(target, 100):
        below = max(factor, Fraction(1, 100))
        billed = oracle.half_up(peak_w * Fraction(target, 100) / below, Fraction(grain_w))
        added = max(billed - peak_w, Fraction(0))
    assert charge.quantities[0, 0] == added
    assert fixed.to_minor(charge.amounts_e9)[0, 0] == oracle.cent(added * Fraction(price_e6, 10**9))


@given(st.integers(-(10**9), 10**15), st.integers(0, 10**15), st.integers(0, 10**7), st.integers(-YUAN, YUAN))
def test_any_reactive_energy_above_its_free_share_costs_what_fractions_say(used_wh, reactive, free_e6, price_e6):
    component = ReactiveEnergy(code="kvarh", **HEAD, price_e6=price_e6, free_e6=free_e6)
    inputs = {Input.REACTIVE_VARH: np.array([reactive])}
    charge = component.charge(RatingBatch.of(used_wh=np.array([[used_wh]]), inputs=inputs), np.zeros(1, dtype=np.int64))
    free = oracle.half_up(max(used_wh, 0) * Fraction(free_e6, 10**6))
    billed = max(reactive - free, 0)
    assert charge.quantities.tolist() == [[billed]]
    assert fixed.to_minor(charge.amounts_e9)[0, 0] == oracle.cent(billed * Fraction(price_e6, 10**9))


@given(
    st.integers(-(10**9), 10**12),
    st.integers(-YUAN, YUAN),
    st.sampled_from(Proration),
    st.integers(0, 62),
    st.sampled_from([0, 10**9, 2 * 10**9, 483_870_968]),
)
def test_any_reactive_demand_costs_what_fractions_say(largest_var, price_e6, proration, days, months_e9):
    component = ReactiveDemand(code="kvar", **HEAD, price_e6=price_e6, proration=proration)
    given_batch = RatingBatch.of(
        used_wh=np.array([[0]]),
        days=np.array([days]),
        month_share_e9=np.array([months_e9]),
        inputs={
            Input.REACTIVE_PEAK_VAR: np.array([largest_var]),
            **{Input(name): np.array([value]) for name, value in oracle.counts_of(days, months_e9).items()},
        },
    )
    charge = component.charge(given_batch, np.zeros(1, dtype=np.int64))
    paid = oracle.months_paid(proration.value, days, Fraction(months_e9, 10**9))
    billed = max(largest_var, 0)
    assert charge.quantities.tolist() == [[billed]]
    assert fixed.to_minor(charge.amounts_e9)[0, 0] == oracle.cent(billed * Fraction(price_e6, 10**9) * paid)


def test_the_free_share_of_a_huge_customer_is_exact_to_the_varh():
    component = ReactiveEnergy(**HEAD, code="kvarh", price_e6=1, free_e6=333_333)
    given = batch(used_kwh=999_999_999_999, reactive_kvarh=999_999_999_999)
    wh = 999_999_999_999_000
    billed = component.charge(given, np.zeros(1, dtype=np.int64)).quantities[0, 0]
    assert billed == wh - (wh * 333_333 + 500_000) // 10**6
