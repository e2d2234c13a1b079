"""Energy at the price of each hour: components, files of prices, and prices beside meter intervals."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cis.kernel.calendar import local_clock
from tariffs.domain.batch import RatingBatch
from tariffs.domain.components.dynamic import DynamicEnergy, NegativePrice, NegativePrices
from tariffs.domain.inputs import Input
from tariffs.domain.lines import LedgerClass, mean_price_e6
from tariffs.domain.measuring import measure
from tariffs.domain.plan import compile_plan
from tariffs.domain.price_series import (
    BadPriceFile,
    PriceDay,
    PricesMissing,
    PricesTooFine,
    UnknownPriceUnit,
    columns_of,
    pack,
    places_of_unit,
    prices_of_slots,
    read_csv,
    unpack,
)
from tariffs.domain.rating import rate
from tariffs.domain.runs import plain_run

SHANGHAI, BERLIN = local_clock("Asia/Shanghai"), local_clock("Europe/Berlin")
JUNE = date(2026, 6, 1)


def spot(code="spot", margin_e6=2_000_000, negative=NegativePrices.KEEP, **more):
    return DynamicEnergy(
        code=code, label=code, ledger=LedgerClass.ENERGY, series=code, margin_e6=margin_e6, negative=negative, **more
    )


def day(on=JUNE, prices_e6=(25_000_000,) * 24, minutes=60):
    start_at = SHANGHAI.day_start_utc(on)
    return PriceDay(day=on, start_at=start_at, interval_minutes=minutes, prices_e6=np.array(prices_e6))


def test_each_hour_has_its_price_and_all_of_them_the_margin():
    plan = compile_plan(components=(spot(),))
    prices_e6 = np.array([10_000_000] * 12 + [-4_000_000] * 12)
    run = plain_run(first_day=JUNE, days=1, interval_minutes=60)
    values = np.array([[1_000] * 12 + [3_000] * 12])
    (batch,) = measure(plan=plan, run=run, values_wh=values, series_e6=prices_e6[:, None])
    rated = rate(plan=plan, batch=batch)
    # 12 x 10 - 36 x 4 + 48 x 2 fen
    assert rated.total_minor.tolist() == [72]
    assert rated.quantity.tolist() == [[48_000]]
    assert plan.slots[0].is_mean_price
    assert mean_price_e6(amount_minor=rated.amount_minor[:, 0], energy_wh=rated.quantity[:, 0]).tolist() == [1_500_000]


def test_two_series_of_one_plan_have_a_column_each():
    plan = compile_plan(components=(spot("one", 0), spot("two", 0)))
    batch = RatingBatch.of(used_wh=np.array([[1_000]]), inputs={Input.SERIES_E9: np.array([[5 * 10**9, 7 * 10**9]])})
    assert rate(plan=plan, batch=batch).amount_minor.tolist() == [[5, 7]]


@pytest.mark.parametrize(
    ("more", "charged"),
    [
        ({}, [-30, 0, 50]),
        ({"floor_e6": -10}, [-10, 0, 50]),
        ({"cap_e6": 20}, [-30, 0, 20]),
        ({"negative": NegativePrices.ZERO}, [0, 0, 50]),
        ({"negative": NegativePrices.ZERO, "floor_e6": -5}, [0, 0, 50]),
        ({"negative": NegativePrices.ZERO, "floor_e6": 5, "cap_e6": 6}, [5, 5, 6]),
    ],
)
def test_each_price_is_kept_between_floor_and_cap(more, charged):
    assert spot(**more).bounded(prices_e6=np.array([-30, 0, 50])).tolist() == charged


def test_a_price_below_nothing_is_refused_where_the_tariff_says_so():
    refusing = spot(negative=NegativePrices.REFUSE)
    assert refusing.bounded(prices_e6=np.array([0, 5])).tolist() == [0, 5]
    with pytest.raises(NegativePrice):
        refusing.bounded(prices_e6=np.array([0, -1]))


def test_sums_too_large_for_64_bits_are_exact():
    batch = RatingBatch.of(used_wh=np.array([[10**12]]), inputs={Input.SERIES_E9: np.array([[4 * 10**18]])})
    charge = spot(margin_e6=4_000_000).charge(batch, np.zeros(1, dtype=np.int64))
    assert charge.amounts_e9.tolist() == [[8 * 10**18]]


@given(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9))
def test_the_mean_price_is_the_amount_by_the_energy(amount, energy):
    (found,) = mean_price_e6(amount_minor=np.array([amount]), energy_wh=np.array([energy])).tolist()
    exact = Fraction(amount * 10**9, energy) if energy else Fraction(0)
    assert abs(found - exact) <= Fraction(1, 2)


def file(on=JUNE, hours=24, offset="+08:00", price="0.25", minutes=60, first=0):
    start = datetime(on.year, on.month, on.day, tzinfo=UTC)
    lines = ["start_at,price"]
    for place in range(first, hours * 60 // minutes):
        at = start + timedelta(minutes=place * minutes)
        lines.append(f"{at:%Y-%m-%dT%H:%M}{offset},{price}")
    return "\n".join(lines)


def read(text, clock=SHANGHAI, places=8):
    return read_csv(text=text, places=places, clock=clock)


@pytest.mark.parametrize("minutes", [15, 30, 60])
def test_a_file_of_whole_days_is_read(minutes):
    days = read("\ufeff" + file(hours=48, minutes=minutes) + "\n\n")
    assert [one.day for one in days] == [JUNE, JUNE + timedelta(days=1)]
    assert days[0].interval_minutes == minutes
    assert days[0].prices_e6.tolist() == [25_000_000] * (24 * 60 // minutes)


@pytest.mark.parametrize(("on", "hours"), [(date(2025, 3, 30), 23), (date(2025, 10, 26), 25)])
def test_a_day_on_which_clocks_move_has_as_many_hours(on, hours):
    start = BERLIN.day_start_utc(on)
    lines = [f"{start + timedelta(hours=hour):%Y-%m-%dT%H:%MZ},1" for hour in range(hours)]
    (one,) = read("\n".join(["start_at,price", *lines]), BERLIN)
    assert len(one.prices_e6) == hours
    with pytest.raises(BadPriceFile, match="prices of 60"):
        read("\n".join(["start_at,price", *lines[:-1]]), BERLIN)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "bad_columns"),
        ("time,price\n", "bad_columns"),
        ("start_at,price\n", "no_prices"),
        (file(hours=1), "day_incomplete"),
        (file(hours=23), "day_incomplete"),
        (file(first=1), "day_incomplete"),
        (file(hours=25), "day_incomplete"),
        (file(minutes=20), "bad_interval"),
        (file(minutes=0x78), "bad_interval"),
        (file().replace("T05:00", "T05:30"), "gap"),
        (file().replace("T05:00", "T04:00"), "gap"),
        (file().replace("T05:00+08:00", "T05:00"), "bad_line"),
        (file().replace("T05:00", "T25:00"), "bad_line"),
        (file().replace("05:00+08:00,0.25", "05:00+08:00,0.25,1"), "bad_line"),
        (file().replace("05:00+08:00,0.25", "05:00+08:00,99999"), "bad_line"),
        (file().replace("05:00+08:00,0.25", "05:00+08:00,1e3"), "not_a_number"),
        (file().replace("05:00+08:00,0.25", "05:00+08:00,"), "not_a_number"),
    ],
)
def test_a_file_with_a_finding_is_refused(text, code):
    with pytest.raises(BadPriceFile) as refused:
        read(text)
    assert code in {finding.code for finding in refused.value.detail["findings"]}


def test_a_unit_is_per_kwh_or_mwh_of_the_currency():
    assert places_of_unit(unit="CNY/kWh", currency="CNY", decimals=2) == 8
    assert places_of_unit(unit="CNY/MWh", currency="CNY", decimals=2) == 5
    with pytest.raises(UnknownPriceUnit):
        places_of_unit(unit="EUR/kWh", currency="CNY", decimals=2)


def test_prices_are_laid_on_finer_meter_intervals_and_never_on_coarser_ones():
    half_hours = day(prices_e6=tuple(range(48)), minutes=30)
    assert prices_of_slots(days=[half_hours], interval_minutes=15)[:5].tolist() == [0, 0, 1, 1, 2]
    assert prices_of_slots(days=[half_hours], interval_minutes=30).tolist() == list(range(48))
    with pytest.raises(PricesTooFine):
        prices_of_slots(days=[half_hours], interval_minutes=60)
    with pytest.raises(PricesTooFine):
        prices_of_slots(days=[day()], interval_minutes=25)


def test_a_day_between_others_may_not_be_missing():
    with pytest.raises(PricesMissing, match="2026-06-02"):
        prices_of_slots(days=[day(), day(JUNE + timedelta(days=2))], interval_minutes=60)
    assert prices_of_slots(days=[], interval_minutes=60).tolist() == []


def test_each_component_of_a_plan_has_its_column_of_prices():
    plan = compile_plan(components=(spot("one", cap_e6=10_000_000), spot("two")))
    series = {"one": [day()], "two": [day(prices_e6=tuple(range(24)))]}
    found = columns_of(components=plan.priced_by_hour, series=series, interval_minutes=60)
    assert found[:3].tolist() == [[10_000_000, 0], [10_000_000, 1], [10_000_000, 2]]
    with pytest.raises(PricesMissing, match="two"):
        columns_of(components=plan.priced_by_hour, series={"one": [day()]}, interval_minutes=60)


def test_prices_are_packed_as_they_are():
    prices_e6 = np.array([0, -1, 10**12])
    assert unpack(packed=pack(prices_e6=prices_e6)).tolist() == prices_e6.tolist()
