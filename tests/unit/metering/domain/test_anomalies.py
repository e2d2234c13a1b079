"""Each kind of what is unusual in a load by hand, and beside it the innocent load that looks alike."""

import numpy as np
import pytest

from metering.domain.anomalies import AnomalyKind as Kind
from metering.domain.anomalies import ReasonCode
from metering.domain.anomaly_detectors import Known, look, settled
from metering.domain.anomaly_features import Loads, levels
from metering.domain.anomaly_groups import swaps, unbalanced
from metering.domain.balances import Loss

DAYS, DAY = 84, 50
SHAPE = np.array([3, 3, 3, 3, 3, 4, 6, 8, 7, 6, 6, 7, 8, 7, 6, 6, 7, 10, 14, 15, 13, 10, 6, 4]) * 50.0


def homes(*, count: int = 6, seed: int = 1) -> np.ndarray:
    """Loads of some homes, (n, 84, 24) [Wh]: one shape, own sizes, days and hours that differ by a tenth."""
    rng = np.random.default_rng(seed)
    sizes = rng.uniform(0.7, 1.5, (count, 1, 1))
    days, hours = rng.normal(1, 0.08, (count, DAYS, 1)), rng.normal(1, 0.1, (count, DAYS, 24))
    return np.rint(SHAPE * sizes * np.clip(days, 0.5, 2) * np.clip(hours, 0.5, 2))


def asked(energy_wh: np.ndarray, *, vacant_from: int = -1, may_feed_back: bool = False):
    """What is found of the first place, by kind."""
    n = len(energy_wh)
    known = Known(vacant_from=np.array([vacant_from] + [-1] * (n - 1)), may_feed_back=np.full(n, may_feed_back))
    found = look(loads=Loads(energy_wh=energy_wh, group=np.zeros(n, dtype=np.int64)), known=known)
    assert {one.row for one in found} <= {0}, "neighbours to whom nothing happened"
    return {one.kind: one for one in found}


def numbers(suspicion, code: ReasonCode) -> tuple[int, ...]:
    return next(one.numbers for one in suspicion.reasons if one.code is code)


def test_nothing_is_found_where_nothing_happened():
    assert asked(homes()) == {}


def test_half_of_every_hour_is_a_step():
    loads = homes()
    loads[0, DAY:] *= 0.5
    (found,) = asked(loads).values()
    assert (found.kind, abs(found.since_day - DAY) <= 1, found.score_e4 > 8_000) == (Kind.STEP_DOWN, True, True)
    assert abs(numbers(found, ReasonCode.LEVEL_FELL)[0] - 50) <= 3
    assert numbers(found, ReasonCode.STAYS) == (DAYS - found.since_day,)


@pytest.mark.parametrize("factor", [1 / 3, 2 / 3])
def test_a_third_or_two_of_every_hour_is_a_phase(factor):
    loads = homes()
    loads[0, DAY:] *= factor
    (found,) = asked(loads).values()
    assert found.kind is Kind.PHASE_LOSS
    assert abs(numbers(found, ReasonCode.LEVEL_FELL)[0] - 100 * factor) <= 4


def test_a_holiday_is_no_step():
    loads = homes()
    loads[0, DAY : DAY + 14] *= 0.2
    assert asked(loads) == {}
    loads[0, DAY : DAY + 14] = 7
    assert asked(loads) == {}, "nor a fault: so little may well repeat"


def test_a_new_generator_that_takes_from_the_middle_of_the_day_is_no_step():
    loads = homes()
    loads[0, DAY:, 9:16] = 0
    assert asked(loads, may_feed_back=True) == {}


def test_the_end_of_the_heating_season_is_no_step():
    """All homes fall, and it comes slowly."""
    loads = homes()
    loads *= np.linspace(1.6, 0.7, DAYS)[None, :, None]
    assert asked(loads) == {}


def test_another_tenant_who_takes_less_when_awake_is_no_step():
    loads = homes()
    loads[0, DAY:] = np.maximum(loads[0, DAY:] * 0.5, loads[0, :, :5].mean())
    assert asked(loads) == {}


def test_nights_that_become_empty_are_a_bypass():
    loads = homes()
    loads[0, DAY:, :6] *= 0.1
    loads[0, DAY:, 22:] *= 0.1
    (found,) = asked(loads).values()
    assert (found.kind, found.since_day) == (Kind.NIGHT_BYPASS, DAY)
    assert numbers(found, ReasonCode.NIGHTS_EMPTY) == (DAYS - DAY, DAYS - DAY)


def test_nights_without_cooling_are_no_bypass():
    """What was on beside what is always on is off at night."""
    loads = homes()
    loads[0, :DAY, :6] *= 3
    assert asked(loads) == {}


def test_the_end_of_cooling_by_day_and_by_night_is_no_bypass():
    """What was always on falls, so that nights take less than it did; days take more of other things."""
    loads = homes()
    loads[0, :DAY] = np.maximum(loads[0, :DAY], 450)
    loads[0, DAY:, :8] = 200
    loads[0, DAY:, 13] = 190
    assert Kind.NIGHT_BYPASS not in asked(loads)


def test_nothing_from_a_day_on():
    loads = homes()
    loads[0, DAY:] = 0
    (found,) = asked(loads).values()
    assert (found.kind, found.since_day) == (Kind.FLAT_ZERO, DAY)
    assert numbers(found, ReasonCode.NOTHING) == (DAYS - DAY,)


def test_an_empty_home_that_is_switched_off_is_right():
    loads = homes()
    loads[0, DAY:] = 0
    assert asked(loads, vacant_from=DAY) == {}


def test_a_week_without_anything_is_not_enough():
    loads = homes()
    loads[0, -7:] = 0
    assert asked(loads) == {}


def test_days_that_are_not_known_are_not_nothing():
    loads = homes()
    loads[0, DAY:] = np.nan
    assert asked(loads) == {}
    loads[:] = np.nan
    assert asked(loads) == {}


@pytest.mark.parametrize("shape", ["half of a day", "whole days"])
def test_an_outage_early_and_silence_at_the_end_stop_nobody(shape):
    loads = homes()
    if shape == "half of a day":
        loads[0, 9, 6:18] = 0
        loads[0, 10:17] = np.nan
    else:
        loads[0, 9:16] = 0
        loads[0, 16:26] = np.nan
    asked(loads)
    loads[0, 26:] = np.nan
    asked(loads)


def test_one_value_for_days_is_a_fault_of_the_meter():
    loads = homes()
    loads[0, DAY : DAY + 3] = 417
    (found,) = asked(loads).values()
    assert found.kind is Kind.METER_FAULT
    hours, value = numbers(found, ReasonCode.REPEATED)
    assert (72 <= hours <= 74, value) == (True, 417)


def test_lumps_between_zeros_are_a_fault_of_the_meter():
    loads = homes()
    lumps = loads[0, DAY:].reshape(-1, 4)
    sums = lumps.sum(axis=1)
    lumps[:], lumps[:, -1] = 0, sums
    loads[0, DAY:] = lumps.reshape(-1, 24)
    (found,) = asked(loads).values()
    assert (found.kind, found.since_day) == (Kind.METER_FAULT, DAY)
    assert numbers(found, ReasonCode.LUMPS) == (75, 0)


def test_a_shop_that_closes_at_night_has_no_faulty_meter():
    loads = homes()
    loads[0, :, :8] = 0
    loads[0, :, 20:] = 0
    assert asked(loads) == {}


def test_a_machine_that_always_takes_the_same_has_no_faulty_meter():
    loads = homes()
    loads[0] = 250
    loads[0, :, 12] = 300
    assert asked(loads) == {}


def test_use_where_nobody_has_an_agreement():
    loads = homes()
    (found,) = asked(loads, vacant_from=DAY).values()
    assert (found.kind, found.since_day) == (Kind.VACANT_USE, DAY)
    assert numbers(found, ReasonCode.NOBODY) == (DAYS - DAY,)


def test_what_is_always_on_in_an_empty_home_is_no_use():
    loads = homes()
    loads[0, DAY:] = 40
    loads[0, DAY:, ::2] = 42
    assert asked(loads, vacant_from=DAY) == {}


def test_energy_that_flows_back():
    loads = homes()
    loads[0, DAY:, 11:14] = -300
    (found,) = asked(loads).values()
    assert (found.kind, found.since_day) == (Kind.REVERSE_FLOW, DAY)
    assert numbers(found, ReasonCode.BACK) == (3 * (DAYS - DAY), 300 * 3 * (DAYS - DAY))
    assert asked(loads, may_feed_back=True) == {}


def pair_of(loads: np.ndarray):
    n = len(loads)
    given = Loads(energy_wh=loads, group=np.zeros(n, dtype=np.int64))
    return swaps(loads=given, seen=levels(loads=given), together=np.zeros(n, dtype=np.int64))


def unlike() -> np.ndarray:
    """Homes, of which one sleeps by day and one is small."""
    loads = homes()
    loads[1] = np.roll(loads[1], 9, axis=1)
    loads[2] *= 0.3
    return loads


def test_neighbours_that_were_swapped():
    loads = unlike()
    assert pair_of(loads) == ()
    mine = loads[1, DAY:].copy()
    loads[1, DAY:], loads[2, DAY:] = loads[2, DAY:].copy(), mine
    found = pair_of(loads)
    assert {(one.row, one.other_row) for one in found} == {(1, 2), (2, 1)}
    assert all(abs(one.since_day - DAY) <= 2 and one.kind is Kind.SWAPPED for one in found)


def test_a_home_that_becomes_like_its_neighbour_is_not_swapped():
    loads = unlike()
    loads[1, DAY:] = loads[2, DAY:] * 1.1
    assert pair_of(loads) == ()


def test_what_another_kind_explains_is_not_told():
    loads = unlike()
    mine = loads[0, DAY:].copy()
    loads[0, DAY:], loads[2, DAY:] = loads[2, DAY:].copy(), mine
    given = Loads(energy_wh=loads, group=np.zeros(len(loads), dtype=np.int64))
    alone = look(
        loads=given, known=Known(vacant_from=np.full(len(loads), -1), may_feed_back=np.zeros(len(loads), dtype=bool))
    )
    assert {(one.row, one.kind) for one in alone} & {(0, Kind.STEP_DOWN), (0, Kind.PHASE_LOSS)}
    assert {one.kind for one in settled((*alone, *pair_of(loads)))} == {Kind.SWAPPED}


def balance_of(given: np.ndarray, taken: np.ndarray, *, is_known: bool = True):
    return unbalanced(
        given_wh=np.rint(given)[None].astype(np.int64), taken_wh=np.rint(taken)[None].astype(np.int64),
        is_known=np.full((1, DAYS), is_known),
    )  # fmt: skip


def test_a_transformer_whose_losses_rise():
    rng = np.random.default_rng(3)
    members = homes(count=10).sum(axis=2)
    master = members.sum(axis=0) / 0.97 * rng.normal(1, 0.005, DAYS)
    quiet = balance_of(master, members.sum(axis=0))
    members[0, DAY:] *= 0.5
    (found,) = balance_of(master, members.sum(axis=0))
    assert (quiet, found.kind, abs(found.since_day - DAY) <= 3) == ((), Kind.BALANCE, True)
    before, after = numbers(found, ReasonCode.LOSS)
    assert abs(before - 300) < 50 < after - before


def test_a_transformer_that_gave_nothing_or_whose_days_are_not_known_loses_nothing():
    members = homes(count=3).sum(axis=2).sum(axis=0)
    assert balance_of(np.zeros_like(members), members) == ()
    rising = np.where(np.arange(DAYS) < DAY, members, 2 * members)
    assert balance_of(rising, members, is_known=False) == ()
    assert len(balance_of(rising, members)) == 1


def test_losses_are_whole_and_may_be_below_zero():
    assert (Loss(given_wh=3_000, taken_wh=2_900).lost_wh, Loss(given_wh=3_000, taken_wh=2_900).percent_e2) == (100, 333)
    assert Loss(given_wh=8, taken_wh=9).percent_e2 == -1_250
    assert Loss(given_wh=800, taken_wh=799).percent_e2 == 13, "12.5 of a hundredth is 13"
    assert Loss(given_wh=0, taken_wh=5).percent_e2 is None
