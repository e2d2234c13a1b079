"""The made-up supplier: the same for the same seed, and what its meters say agrees with what its homes use."""

from datetime import date

import numpy as np
import pytest

from cis.demo import files, readings, world
from cis.kernel.periods import Period

MONTHS = tuple(Period(start=date(2026, month, 1), end=date(2026, month + 1, 1)) for month in (7, 8, 9, 10))


def _scale(accounts=120, seed=3):
    return world.Scale(accounts=accounts, months=MONTHS, seed=seed)


def test_the_same_seed_writes_the_same_bytes_and_another_does_not(tmp_path):
    def written(name, seed):
        files.write(tmp_path / name, _scale(accounts=30, seed=seed))
        return {path.name: path.read_bytes() for path in sorted((tmp_path / name).rglob("*.csv"))}

    assert written("a", 3) == written("b", 3) != written("c", 4)


def test_an_account_does_not_depend_on_how_many_there_are():
    few, many = list(world.households(_scale(accounts=10))), list(world.households(_scale(accounts=40)))[:10]
    for one, other in zip(few, many, strict=True):
        assert (one.person, one.address, one.tariff) == (other.person, other.address, other.tariff)
        assert np.array_equal(one.half_hours_wh, other.half_hours_wh)


def test_nem12_days_hold_the_local_days_whole():
    scale = _scale()
    home = next(h for h in world.households(scale) if h.metering == world.INTERVAL and h.start == scale.start)
    flat = np.concatenate([values for _, values in readings.metering_days(home, scale=scale)])
    shift = readings.CLOCK_SHIFT_SLOTS
    local = home.half_hours_wh[1:-1].reshape(-1)
    assert np.array_equal(flat[shift : shift + local.size], local)


def test_peak_and_valley_counters_turn_as_much_as_the_home_uses():
    scale = _scale()
    home = next(
        h for h in world.households(scale)
        if h.metering == world.SPLIT and h.exchange_date is None and h.start == scale.start and h.number % 181
    )  # fmt: skip
    turned = {}
    for value in readings.counter_values(home, scale=scale):
        turned.setdefault(value.register, []).append(value.reading_wh)
    total = sum(values[-1] - values[0] for values in turned.values())
    used = int(home.half_hours_wh[1:-1].sum())
    assert 0 <= used - total < 20 * 2 * 124  # counters drop what is below 10 Wh a day


@pytest.mark.parametrize(
    "feature", ["company", "moves in", "exchange", "rolls over", "skips", "large household", "works"]
)
def test_the_cases_of_real_life_are_there(feature):
    found = {
        "company": lambda h: h.is_company and h.multiplier > 1,
        "moves in": lambda h: h.start > MONTHS[0].start,
        "exchange": lambda h: h.exchange_date is not None and len(h.meter_serials) == 2,
        "rolls over": lambda h: h.first_reading_wh > world.FULL_TURN_WH - 1_000_000,
        "skips": lambda h: h.skips_last_read,
        "works": lambda h: h.metering == world.WORKS and h.tariff == world.TARIFF_WORKS,
        "large household": lambda h: h.persons >= 5,
    }[feature]
    assert any(found(home) for home in world.households(_scale(accounts=320)))


def test_the_meter_of_a_works_tells_periods_reactive_energy_and_demand():
    scale = _scale()
    works = next(h for h in world.households(scale) if h.metering == world.WORKS)
    values = {}
    for value in readings.counter_values(works, scale=scale):
        values.setdefault(value.register, []).append(value)
    assert {register: found[0].unit for register, found in values.items()} == {
        "peak": "kWh", "flat": "kWh", "valley": "kWh", "reactive": "kvarh", "demand": "kW",
    }  # fmt: skip
    turned = {register: found[-1].reading_wh - found[0].reading_wh for register, found in values.items()}
    used = int(works.half_hours_wh[1:-1].sum())
    assert 0 <= used - works.multiplier * (turned["peak"] + turned["flat"] + turned["valley"]) < 0.01 * used
    july = works.half_hours_wh[1:32]
    # A counter of demand begins anew with each month: what it shows at the end of July is the largest half hour of July.
    assert values["demand"][1].reading_wh == int(july.max()) * 2 // works.multiplier
