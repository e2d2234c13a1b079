"""What the network loses by nature, and what it is thought to carry: worked out again by hand."""

import tomllib
from pathlib import Path

import numpy as np
import pytest

from metering.domain import load_forecast
from metering.domain.balances import Loss
from metering.domain.technical_losses import LossRule, plate, technical_wh

RULE = LossRule(power_factor_percent=80, line_e4=400, rated_kva=(100, 200), iron_w=(200, 340), copper_w=(1500, 2600))


def _plate(**values):
    return plate(**{"capacity_va": 100_000, "iron_w": None, "copper_w": None, **values}, rule=RULE)


def _lost(load_wh, is_high_side=True):
    high = np.broadcast_to(np.array(is_high_side), load_wh.shape[:2])
    return technical_wh(load_wh=load_wh, plates=[_plate()], is_high_side=high, rule=RULE).tolist()


def test_a_transformer_loses_iron_always_and_copper_by_the_square_of_its_load():
    load = np.zeros((1, 2, 24), dtype=np.int64)
    load[0, 1] = 40_000  # 50 kVA at a power factor of 0.8: half of the rating
    assert _lost(load) == [[200 * 24, 200 * 24 + (1500 + 4000) * 24 // 4]]
    assert _lost(-load) == _lost(load)


def test_behind_a_master_meter_on_the_low_side_only_lines_lose():
    load = np.full((1, 2, 24), 80_000, dtype=np.int64)
    assert _lost(load, [[False, True]]) == [[4000 * 24, (4000 + 1500 + 200) * 24]], "as it was on each day"


@pytest.mark.parametrize(
    ("given", "iron", "copper"),
    [
        ({}, 200, 1500), ({"capacity_va": 100_001}, 340, 2600), ({"capacity_va": 400_000}, 680, 5200),
        ({"iron_w": 0, "copper_w": 9}, 0, 9), ({"iron_w": 150}, 150, 1500),
    ],
)  # fmt: skip
def test_a_name_plate_goes_before_what_is_typical(given, iron, copper):
    found = _plate(**given)
    assert (found.iron_w, found.copper_w) == (iron, copper)


def test_what_is_lost_beyond_nature_is_what_is_left():
    loss = Loss(given_wh=10_000, taken_wh=9_300, technical_wh=250)
    assert (loss.lost_wh, loss.commercial_wh, loss.percent_e2, loss.commercial_e2) == (700, 450, 700, 450)
    unknown = Loss(given_wh=10_000, taken_wh=9_300)
    assert (unknown.commercial_wh, unknown.commercial_e2) == (None, None)


def test_the_ratings_of_packs_are_ascending_and_lose_more_with_each():
    found = []
    for path in Path("cis/packs").glob("*/pack.toml"):
        value = tomllib.loads(path.read_text(encoding="utf-8")).get("rule", {}).get("grid_losses", {}).get("value")
        if value:
            found.append(path)
            for name in ("rated_kva", "iron_w", "copper_w"):
                assert len(value[name]) == len(value["rated_kva"])
                assert value[name] == sorted(set(value[name])), name
    assert found


def _history(level=1.0, days=44):
    """Days from a Monday on: worked days flat at 1,000, others at 400; the last week by a level."""
    worked = [n % 7 < 5 for n in range(days + 2)]
    load = np.array([[[1_000 if one else 400] * 24 for one in worked[:days]]], dtype=np.int64)
    load[:, -7:] = (load[:, -7:] * level).astype(np.int64)
    return load, worked


def _ahead(load, worked, days_ahead=2, known=None, **values):
    known = np.ones(load.shape[:2], dtype=bool) if known is None else known
    days = load.shape[1] + days_ahead
    return load_forecast.ahead(
        load_wh=load, is_known=known, is_worked=worked[:days], days_ahead=days_ahead, **values
    )  # fmt: skip


@pytest.mark.parametrize(("days_ahead", "kind"), [(1, 2), (2, 3)])
def test_a_day_goes_like_days_of_its_kind(days_ahead, kind):
    load, worked = _history()
    assert worked[44 + days_ahead - 1] is (kind < 5)
    found = _ahead(load, worked, days_ahead)
    assert found.load_wh[0].tolist() == [1_000] * 24
    assert (found.is_known.item(), found.error_e4.item()) == (True, 0)


def test_a_rest_day_goes_like_rest_days():
    load, worked = _history(days=47)
    assert not worked[48]
    assert _ahead(load, worked).load_wh[0].tolist() == [400] * 24


def test_the_level_of_the_last_week_counts_in_full():
    """Twenty worked days and eight others: the means hold a week at 1.4 and three at 1, and the level undoes that."""
    load, worked = _history(level=1.4)
    found = _ahead(load, worked)
    assert found.load_wh[0, 0] == pytest.approx(1_400, rel=0.01)
    assert found.error_e4.item() > 0, "the week that rose was not foreseen"


def test_growth_is_a_factor_on_top():
    load, worked = _history()
    assert _ahead(load, worked, growth_e4=11_000).load_wh[0].tolist() == [1_100] * 24


def test_what_is_not_known_is_left_out_and_too_little_gives_nothing():
    load, worked = _history()
    known = np.ones((1, 44), dtype=bool)
    known[0, 10:20] = False
    load[0, 10:20] = 10**9
    assert _ahead(load, worked, known=known).load_wh[0].tolist() == [1_000] * 24
    known[0, -5:] = False
    found = _ahead(load, worked, known=known)
    assert (found.is_known.item(), found.error_e4.item()) == (False, -1)


def test_the_error_is_that_of_the_same_method_on_days_that_it_had_not_seen():
    load, worked = _history()
    load[0, -1] *= 2
    last_two_weeks = load[0, -14:].sum()
    missed = load[0, -1].sum() // 2
    assert _ahead(load, worked).error_e4.item() == missed * 10_000 // last_two_weeks


def test_assets_do_not_know_of_each_other():
    load, worked = _history()
    both = np.concatenate((load, load * 3))
    found = _ahead(both, worked)
    assert found.load_wh[:, 0].tolist() == [1_000, 3_000]


def test_the_error_of_a_load_that_is_almost_nothing_stays_a_number_that_is_kept():
    load = np.full((1, 42, 24), 10**9, dtype=np.int64)
    load[0, -14:] = 0
    load[0, -14, 0] = 1
    known = np.ones((1, 42), dtype=bool)
    found = load_forecast.ahead(load_wh=load, is_known=known, is_worked=[True] * 43, days_ahead=1)
    assert 0 < found.error_e4.item() < 2**31
