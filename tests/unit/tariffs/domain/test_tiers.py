"""Steps of use, alone and with periods of use."""

from datetime import date
from fractions import Fraction
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cis.kernel.periods import Period
from tariffs.domain.batch import RatingBatch
from tariffs.domain.components.tiers import (
    Convention,
    Cycle,
    HouseholdAllowance,
    TierCycle,
    TieredEnergy,
    TieredTimeOfUse,
)
from tariffs.domain.lines import LedgerClass
from tests.unit.tariffs import oracle
from tests.unit.tariffs.cases import energy_wh, huge_wh, limits_wh, small_wh, usual_wh

HEAD = {"code": "energy", "label": "energy", "ledger": LedgerClass.ENERGY}
SHANGHAI = TieredEnergy(
    **HEAD,
    limits_wh=(3_120_000, 4_800_000),
    prices_e6=(61_700_000, 66_700_000, 91_700_000),
    allowances=(HouseholdAllowance(from_persons=5, grow_wh=(1_200_000, 1_200_000)),),
)


def batch(used_wh, before_wh=None, household=None):
    used = np.array(used_wh, dtype=np.int64)
    return RatingBatch.of(
        used_wh=used if used.ndim == 2 else used[:, None],
        before_wh=None if before_wh is None else np.array(before_wh, dtype=np.int64),
        household=None if household is None else np.array(household, dtype=np.int64),
    )


def charge(component, columns):
    return component.charge(columns, np.zeros(len(columns), dtype=np.int64))


def test_each_step_prices_its_own_energy_only():
    got = charge(SHANGHAI, batch([400_000, 5_000_000], [3_000_000, 0]))
    assert got.quantities.tolist() == [[120_000, 280_000, 0], [3_120_000, 1_680_000, 200_000]]
    assert (got.amounts_e9 // 10**9).tolist() == [[7_404, 18_676, 0], [192_504, 112_056, 18_340]]


def test_a_limit_belongs_to_the_step_below_it():
    got = charge(SHANGHAI, batch([120_000, 120_001], [3_000_000, 3_000_000]))
    assert got.quantities.tolist() == [[120_000, 0, 0], [120_000, 1, 0]]


@pytest.mark.parametrize(
    ("persons", "expected"), [(4, [120_000, 280_000, 0]), (5, [400_000, 0, 0]), (9, [400_000, 0, 0])]
)
def test_limits_grow_for_a_large_household(persons, expected):
    assert charge(SHANGHAI, batch([400_000], [3_000_000], [persons])).quantities.tolist() == [expected]


def test_each_limit_grows_by_its_own_allowance():
    tiers = TieredEnergy(
        **HEAD,
        limits_wh=(100, 200),
        prices_e6=(1, 2, 3),
        allowances=(HouseholdAllowance(from_persons=2, grow_wh=(10, 50)),),
    )
    assert charge(tiers, batch([300, 300], household=[1, 2])).quantities.tolist() == [[100, 100, 100], [110, 140, 50]]


def test_a_true_up_goes_back_through_the_steps_and_below_the_start_of_the_year():
    got = charge(SHANGHAI, batch([-2_000_000, -500_000], [4_900_000, 200_000]))
    assert got.quantities.tolist() == [[-220_000, -1_680_000, -100_000], [-500_000, 0, 0]]


@given(limits_wh, energy_wh, st.lists(energy_wh, min_size=1, max_size=6), st.data())
def test_steps_do_not_care_where_a_period_is_cut(limits, before, pieces, data):
    """The pieces may go back and forth: their exact amounts sum to that of the whole."""
    steps = len(limits) + 1
    prices_e6 = data.draw(st.tuples(*[st.integers(-(10**9), 10**9)] * steps))
    tiers = TieredEnergy(**HEAD, limits_wh=tuple(limits), prices_e6=prices_e6)
    starts = [before, *accumulate(pieces, initial=before)][1:-1]
    cut = charge(tiers, batch(pieces, starts))
    whole = charge(tiers, batch([sum(pieces)], [before]))
    assert sum(map(int, cut.amounts_e9.ravel())) == sum(map(int, whole.amounts_e9.ravel()))
    assert cut.quantities.sum(axis=0).tolist() == whole.quantities[0].tolist()


@given(limits_wh, st.lists(st.tuples(energy_wh, energy_wh), min_size=1, max_size=6))
def test_the_energy_of_all_steps_sums_to_the_total(limits, rows):
    tiers = TieredEnergy(**HEAD, limits_wh=tuple(limits), prices_e6=(0,) * (len(limits) + 1))
    used, before = [row[0] for row in rows], [row[1] for row in rows]
    inside = charge(tiers, batch(used, before)).quantities
    assert inside.sum(axis=1).tolist() == used


def _with_periods(limits, periods):
    return TieredTimeOfUse(
        **HEAD,
        limits_wh=tuple(limits),
        periods=tuple("abcd"[:periods]),
        prices_e6=((0,) * periods,) * (len(limits) + 1),
        convention=Convention.PROPORTIONAL,
    )


def _cells(limits, used, before):
    periods = len(used[0])
    cells = charge(_with_periods(limits, periods), batch(used, before)).quantities
    return cells.reshape(len(used), len(limits) + 1, periods)


@given(limits_wh, st.integers(1, 4), st.data())
def test_cells_sum_to_their_step_and_to_their_period_whatever_the_signs(limits, periods, data):
    size = data.draw(st.sampled_from([small_wh, usual_wh, huge_wh]))
    rows = data.draw(st.lists(st.lists(size, min_size=periods, max_size=periods), min_size=1, max_size=5))
    before = data.draw(st.lists(size, min_size=len(rows), max_size=len(rows)))
    cells = _cells(limits, rows, before)
    tiers = TieredEnergy(**HEAD, limits_wh=tuple(limits), prices_e6=(0,) * (len(limits) + 1))
    steps = charge(tiers, batch([sum(row) for row in rows], before)).quantities
    assert cells.sum(axis=2).tolist() == steps.tolist()
    assert cells.sum(axis=1).tolist() == rows


@given(limits_wh, st.integers(1, 4), st.booleans(), st.data())
def test_cells_keep_the_sign_of_the_use_and_the_proportion_to_two_wh(limits, periods, given_back, data):
    size = data.draw(st.sampled_from([st.integers(0, 9), st.integers(0, 3_000), st.integers(0, 10**7)]))
    used = data.draw(st.lists(size, min_size=periods, max_size=periods))
    if given_back:
        used = [-wh for wh in used]
    before = data.draw(small_wh | usual_wh)
    (cells,) = _cells(limits, [used], [before])
    case = oracle.Case(used=[Fraction(wh) for wh in used], before=Fraction(before))
    inside = oracle.inside_steps(case, oracle.Part("tiered_energy", "e", limits=[Fraction(wh) for wh in limits]))
    for step, energy in enumerate(inside):
        for period, wh in enumerate(used):
            exact = energy * wh / sum(used) if sum(used) else 0
            assert abs(int(cells[step, period]) - exact) < 2
            assert int(cells[step, period]) * (-1 if given_back else 1) >= 0


@pytest.mark.parametrize("sign", [1, -1])
def test_a_terawatt_hour_is_dealt_as_exactly_as_a_kilowatt_hour(sign):
    cells = _cells([3_120_000, 4_800_000], [[sign * 6 * 10**11, sign * 4 * 10**11]], [0 if sign > 0 else 10**12])
    assert (sign * cells).tolist() == [
        [[1_872_000, 1_248_000], [1_008_000, 672_000], [599_997_120_000, 399_998_080_000]]
    ]


def test_a_large_true_up_of_mixed_signs_is_dealt_and_disturbs_no_neighbour():
    mixed, plain = [-379_625_063, 10_548, 29_566_005, 0], [1_000, 0, 1_000, 2_000]
    cells = _cells([1_000], [mixed, plain], [0, 0])
    assert cells.sum(axis=1).tolist() == [mixed, plain]
    assert cells.sum(axis=2).tolist() == [[-350_048_510, 0], [1_000, 3_000]]
    assert cells[1].tolist() == [[250, 0, 250, 500], [750, 0, 750, 1_500]]


def test_a_true_up_whose_periods_cancel_stands_in_the_step_of_the_next_kwh():
    cells = _cells([1_000, 2_000], [[50, -50], [50, -50], [50, -50]], [999, 1_000, 2_500])
    assert cells.tolist() == [
        [[50, -50], [0, 0], [0, 0]],
        [[0, 0], [50, -50], [0, 0]],
        [[0, 0], [0, 0], [50, -50]],
    ]


@given(st.lists(st.integers(1, 10**7), min_size=2, max_size=3, unique=True).map(sorted), st.data())
def test_where_step_differences_are_equal_the_mix_does_not_matter(limits, data):
    """Then TOU with steps costs what TOU costs plus what the steps add, to the Wh."""
    base = data.draw(st.tuples(*[st.integers(0, 10**8)] * 2))
    adders = [0, *data.draw(st.tuples(*[st.integers(0, 10**8)] * len(limits)))]
    table = tuple(tuple(price + adder for price in base) for adder in adders)
    both = TieredTimeOfUse(
        **HEAD, limits_wh=tuple(limits), periods=("a", "b"), prices_e6=table, convention=Convention.PROPORTIONAL
    )
    used = data.draw(st.lists(st.integers(0, 10**7), min_size=2, max_size=2))
    before = data.draw(st.integers(0, 10**7))
    tiers = TieredEnergy(**HEAD, limits_wh=tuple(limits), prices_e6=tuple(adders))
    steps = charge(tiers, batch([sum(used)], [before])).amounts_e9.sum()
    assert charge(both, batch([used], [before])).amounts_e9.sum() == used[0] * base[0] + used[1] * base[1] + steps


@pytest.mark.parametrize(
    ("cycle", "on", "start"),
    [
        (TierCycle(Cycle.NONE), date(2025, 3, 9), None),
        (TierCycle(Cycle.MONTH), date(2025, 3, 9), date(2025, 3, 1)),
        (TierCycle(Cycle.YEAR), date(2025, 1, 1), date(2025, 1, 1)),
        (TierCycle(Cycle.YEAR, 7), date(2025, 6, 30), date(2024, 7, 1)),
        (TierCycle(Cycle.YEAR, 7), date(2025, 7, 1), date(2025, 7, 1)),
    ],
)
def test_a_cycle_starts(cycle, on, start):
    assert cycle.start_of(on=on) == start


def test_only_a_tier_year_cuts_a_billing_period():
    period = Period(date(2024, 12, 15), date(2026, 1, 20))
    assert TierCycle(Cycle.YEAR).cuts(period=period) == (date(2025, 1, 1), date(2026, 1, 1))
    assert TierCycle(Cycle.YEAR, 12).cuts(period=Period(date(2024, 12, 1), date(2025, 12, 1))) == ()
    assert TierCycle(Cycle.MONTH).cuts(period=period) == ()
    assert TierCycle().cuts(period=period) == ()


@given(st.lists(st.integers(0, 10**6), min_size=3, max_size=3), st.integers(0, 3), st.integers(0, 2 * 10**6))
def test_a_period_without_use_leaves_the_cells_of_the_others_as_they_are(used, place, before):
    limits = (300_000, 900_000)

    def cells(periods):
        component = _with_periods(limits, len(periods))
        # A true-up beside it: the batch is not all of one sign.
        given_batch = batch([periods, [-1] * len(periods)], before_wh=[before, 0])
        found = component.charge(given_batch, np.zeros(2, dtype=np.int64)).quantities[0]
        return found.reshape(3, len(periods)).tolist()

    with_none = cells([*used[:place], 0, *used[place:]])
    assert [[*row[:place], *row[place + 1 :]] for row in with_none] == cells(used)
    assert [row[place] for row in with_none] == [0, 0, 0]
