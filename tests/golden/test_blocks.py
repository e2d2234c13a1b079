"""Published cases of steps, volume prices, packages and fees, and of steps that fill in order of time."""

import csv
import gzip
import io
import json
from datetime import date
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from cis.kernel import fixed
from tariffs.domain.batch import RatingBatch
from tariffs.domain.components.basic import Fixed, Per
from tariffs.domain.components.blocks import FeeOf, PackageEnergy, StepFee, VolumeEnergy
from tariffs.domain.components.tiers import Convention, LimitsPer, TieredEnergy, TieredTimeOfUse
from tariffs.domain.lines import LedgerClass
from tariffs.domain.measuring import measure
from tariffs.domain.plan import compile_plan
from tariffs.domain.rating import rate
from tariffs.domain.runs import plain_run
from tariffs.domain.time_of_use import DAY_TYPES, Calendar

HERE = Path(__file__).parent / "tariffs"
SHARED = Path(__file__).parents[3] / "shared" / "data"
CONVENTIONS = SHARED / "bills" / "tier_tou_convention.json"
MONTHLY = {"limits_per": (LimitsPer.MONTH,)}
ONE_MONTH = np.array([10**9])


def rows_of(name):
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def head(code):
    return {"code": code, "label": code, "ledger": LedgerClass.ENERGY}


def prices(text, places=8):
    return tuple(fixed.parse(word, places=places) for word in text.split())


def total_of(components, used_wh, days=30):
    batch = RatingBatch.of(used_wh=np.array([[used_wh]]), month_share_e9=ONE_MONTH, days=np.array([days]))
    return Fraction(int(rate(plan=compile_plan(components=tuple(components)), batch=batch).total_minor[0]), 100)


def graduated(row):
    steps = {"limits_wh": prices(row["limits"], 3), **MONTHLY}
    fees = StepFee(**head("fee"), **steps, fees_e6=prices(row["fees"]), per=Per.MONTH, fee_of=FeeOf.ENTERED)
    return TieredEnergy(**head("energy"), **steps, prices_e6=prices(row["prices"])), fees


def volume(row):
    steps = {"limits_wh": prices(row["limits"], 3), **MONTHLY}
    fees = StepFee(**head("fee"), **steps, fees_e6=prices(row["fees"]), per=Per.MONTH, fee_of=FeeOf.REACHED)
    return VolumeEnergy(**head("energy"), **steps, prices_e6=prices(row["prices"])), fees


def package(row):
    (size,), (price,), (free,) = prices(row["limits"], 3), prices(row["prices"]), prices(row["fees"], 3)
    sold = PackageEnergy(**head("package"), package_wh=size, free_wh=free, counted_per=LimitsPer.MONTH, price_e6=price)
    return (sold,)


def prorated(row):
    """
    Seats for parts of a month: the full units choose the step, the part of the month is what is paid.

    Energy is never prorated; the case shows that steps dealt one event after another are those of the whole.
    """
    energy, fees = graduated(row)
    count, paid = 0, Fraction(0)
    for word in row["units"].split():
        units, _, part = word.partition(":")
        used_wh, share = fixed.parse(units, places=3), Fraction(part) / Fraction(units)
        batch = RatingBatch.of(used_wh=np.array([[used_wh]]), before_wh=np.array([count]), month_share_e9=ONE_MONTH)
        cyclic = TieredEnergy(**head("energy"), limits_wh=energy.limits_wh, prices_e6=energy.prices_e6)
        paid += share * Fraction(int(cyclic.charge(batch, batch.household).amounts_e9.sum()), 10**11)
        count = max(count + used_wh, 0)
    highest = max(np.cumsum([0, *(fixed.parse(word.partition(":")[0], places=3) for word in row["units"].split())]))
    return paid + total_of([fees], int(highest))


def period(row):
    """A price of a quarter by the days of that quarter, as a price a day."""
    first, last, since, until = (date.fromisoformat(word) for word in row["units"].split())
    quarter, active = (last - first).days + 1, (until - since).days + 1
    daily = Fraction(row["prices"]) / quarter
    assert daily == 10
    charge = Fixed(**head("standing"), per=Per.DAY, price_e6=int(daily * 10**8))
    return total_of([charge], 0, days=active)


@pytest.mark.parametrize("row", rows_of("usage_models.csv"), ids=lambda row: row["id"])
def test_published_models_of_usage_billing(row):
    if row["model"] in {"prorated_graduated", "period"}:
        found = {"prorated_graduated": prorated, "period": period}[row["model"]](row)
    else:
        made = {"graduated": graduated, "volume": volume, "package": package}[row["model"]](row)
        found = total_of(made, fixed.parse(row["units"], places=3))
    cent = Fraction(1, 100)
    assert abs(found - Fraction(row["expected"])) < cent / 2


def calendar_of(hours_of_second, periods=("low", "high")):
    slots = np.zeros((1, len(DAY_TYPES), 48), dtype=np.int64)
    for hour in hours_of_second:
        slots[:, :, 2 * hour : 2 * hour + 2] = 1
    return Calendar(periods=periods, seasons=("year",), season_of_day=np.zeros(372, dtype=np.int64), slots=slots)


def in_order(limit_kwh, per, low, high, hours, *standing):
    energy = TieredTimeOfUse(
        **head("energy"),
        limits_wh=(limit_kwh * 1000,),
        limits_per=(per,),
        periods=("low", "high"),
        prices_e6=tuple(zip(prices(low), prices(high), strict=True)),
        convention=Convention.TIME_ORDER,
    )
    return compile_plan(components=(energy, *standing), periods=("low", "high"), calendar=calendar_of(hours))


def test_a_step_used_up_in_order_of_time_costs_what_eeco_says():
    """100 kW over 96 quarter hours; the first 100 kWh of the day are cheaper: 260."""
    plan = in_order(100, LimitsPer.DAY, "0.05 0.10", "0.10 0.15", range(16, 21))
    run = plain_run(first_day=date(2024, 7, 1), days=1, interval_minutes=15)
    (batch,) = measure(plan=plan, run=run, values_wh=np.full((1, 96), 25_000))
    assert int(rate(plan=plan, batch=batch).total_minor[0]) == 260_00


@pytest.mark.skipif(not CONVENTIONS.is_file(), reason="the collection of bills is not beside the project")
def test_homes_on_steps_in_order_of_time_cost_what_pysam_says():
    cases = json.loads(CONVENTIONS.read_text(encoding="utf-8"))["cases"]
    assert cases
    for case in cases:
        tariff = case["tariff"]
        hours = [hour for hour, period in enumerate(tariff["weekday_hours"]) if period]
        texts = [f"{one['tier1']} {one['tier2']}" for one in tariff["periods"]]
        fee = Fixed(**head("fee"), per=Per.MONTH, price_e6=int(tariff["fixed_per_month"] * 10**8))
        plan = in_order(tariff["monthly_tier_limit_kwh"], LimitsPer.MONTH, *texts, hours, fee)
        # The load is read as the hours of a year that starts on a Monday and is no leap year.
        run = plain_run(first_day=date(2018, 1, 1), days=365, interval_minutes=60)
        batches = measure(plan=plan, run=run, values_wh=load_of(case)[None, :])
        for month, (batch, wanted) in enumerate(zip(batches, case["expected_total"]["time_order"], strict=True), 1):
            found = int(rate(plan=plan, batch=batch).total_minor[0]) / 100
            assert abs(found - wanted) < 0.02, (case["id"], month)


def load_of(case):
    text = gzip.decompress((SHARED / case["load_file"]).read_bytes()).decode("utf-8")
    rows = csv.DictReader(io.StringIO(text))
    return np.array([round(float(row[case["load_column"]]) * 1000) for row in rows][:8760], dtype=np.int64)
