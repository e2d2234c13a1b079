"""The tariffs and cases of eeco: energy, tiers used up in order of time, demand above what was billed before."""

import csv
import json
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tariffs.domain.components.basic import Energy, Fixed, Per
from tariffs.domain.components.demand import MeasuredDemand
from tariffs.domain.components.spans import Proration
from tariffs.domain.components.tiers import Convention, LimitsPer, TieredTimeOfUse
from tariffs.domain.inputs import Input
from tariffs.domain.lines import LedgerClass
from tariffs.domain.measuring import measure
from tariffs.domain.plan import DemandMetering, compile_plan
from tariffs.domain.rating import rate
from tariffs.domain.runs import plain_run
from tariffs.domain.time_of_use import DAY_TYPES, Calendar, DayType

CASES = Path(__file__).parents[1] / "data" / "published"
EXPECTED = {case["id"]: case["expected"] for case in json.loads((CASES / "eeco_cases.json").read_text("utf-8"))}
TARIFFS = ("billing_pge", "billing_demand_2", "billing_energy_3_charge_limit")
QUARTERS = 96
SLOTS = 48
WEEKDAYS = {DayType.WEEKDAY: 0, DayType.SATURDAY: 5, DayType.SUNDAY: 6, DayType.HOLIDAY: 0}
OTHER = "none"


def rows_of(name):
    """The rows of electricity; a price of 1 for export and the rows of gas are no part of our bill."""
    with (CASES / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = [{key: text.strip() for key, text in row.items()} for row in csv.DictReader(file)]
    return [row for row in rows if row["utility"] == "electric" and row["type"] != "export"]


def head(code):
    return {"code": code, "label": code, "ledger": LedgerClass.ENERGY}


def price_e6(row):
    return round(float(row["charge"]) * 10**8)


def holds(row, month, weekday, half_hour):
    """Whether a row holds in a half hour; months are counted from 1, and 0 to 12 are all."""
    first, last = int(row["month_start"]), int(row["month_end"])
    start, end = float(row["hour_start"]), float(row["hour_end"])
    return (
        first <= month <= last
        and int(row["weekday_start"]) <= weekday <= int(row["weekday_end"])
        and start <= half_hour / 2 < end
    )


def calendar_of(rows, name_of):
    """Periods by name: the hours in which the rows of a name hold; a last one where none does."""
    names = list(dict.fromkeys(name_of(row) for row in rows))
    slots = np.full((12, len(DAY_TYPES), SLOTS), len(names), dtype=np.int64)
    for month in range(1, 13):
        for place, day_type in enumerate(DAY_TYPES):
            for half_hour in range(SLOTS):
                found = {name_of(row) for row in rows if holds(row, month, WEEKDAYS[day_type], half_hour)}
                assert len(found) <= 1
                for one in found:
                    slots[month - 1, place, half_hour] = names.index(one)
    periods = (*names, OTHER)
    seasons = tuple(f"m{month}" for month in range(1, 13))
    return Calendar(periods=periods, seasons=seasons, season_of_day=np.repeat(np.arange(12), 31), slots=slots)


def is_whole(row):
    return (row["hour_start"], row["hour_end"], row["weekday_start"], row["weekday_end"]) == ("0", "24", "0", "6")


def plan_of(rows, *, per=LimitsPer.MONTH, incremental=False):
    """A tariff of eeco in our components: a price for each row of energy, name of demand, and customer charge."""
    energy = [row for row in rows if row["type"] == "energy"]
    demand = [row for row in rows if row["type"] == "demand"]
    apart = [row for row in demand if not is_whole(row)]
    hours, kw = (
        calendar_of([r for r in energy if r["basic_charge_limit"] == "0"], hours_of),
        calendar_of(apart, name_of),
    )
    limits = sorted({float(row["basic_charge_limit"]) for row in energy} - {0})
    prices = [
        {hours_of(row): price_e6(row) for row in energy if float(row["basic_charge_limit"]) == low}
        for low in (0, *limits)
    ]
    components = []
    if energy:
        components.append(
            TieredTimeOfUse(
                **head("energy"),
                limits_wh=tuple(round(limit * 1000) for limit in limits),
                limits_per=(per,),
                periods=hours.periods,
                prices_e6=tuple(tuple(step.get(period, 0) for period in hours.periods) for step in prices),
                convention=Convention.TIME_ORDER,
            )
        )
    for name in dict.fromkeys(map(name_of, demand)):
        (first, *_) = [row for row in demand if name_of(row) == name]
        period = "" if is_whole(first) else name
        components.append(
            MeasuredDemand(
                **head(f"demand-{name}"),
                proration=Proration.WHOLE,
                period=period,
                place=1 + kw.periods.index(name) if period else 0,
                limits_w=(),
                prices_e6=(price_e6(first),),
                incremental=incremental,
            )
        )
    standing = [row for row in rows if row["type"] == "customer"]
    components += [Fixed(**head("customer"), per=Per.MONTH, price_e6=price_e6(row)) for row in standing]
    return compile_plan(
        components=tuple(components),
        currency="USD",
        periods=hours.periods,
        calendar=hours,
        demand=DemandMetering(window_minutes=15, periods=("any", *kw.periods), calendar=kw),
    )


def hours_of(row):
    return "-".join(row[key] for key in ("month_start", "hour_start", "hour_end", "weekday_start"))


def name_of(row):
    return row["name"]


def plain_cost(rows, first_day, days, kw):
    """What a month costs, row by row and quarter by quarter, in floats: energy, demand and customer charge."""
    used, cost = 0.0, sum(float(row["charge"]) for row in rows if row["type"] == "customer")
    peaks = {}
    energy = [row for row in rows if row["type"] == "energy"]
    limits = sorted({float(row["basic_charge_limit"]) for row in energy})
    for quarter, power in enumerate(kw):
        day = first_day.toordinal() + quarter // QUARTERS
        at = (first_day.month, date.fromordinal(day).weekday(), quarter % QUARTERS // 2)
        left = power / 4
        for low, high in pairwise([*limits, float("inf")]):
            part = min(left, max(high - max(used, low), 0))
            prices = [float(r["charge"]) for r in energy if float(r["basic_charge_limit"]) == low and holds(r, *at)]
            cost, used, left = cost + part * sum(prices), used + part, left - part
        for row in rows:
            if row["type"] == "demand" and holds(row, *at):
                peaks[row["name"]] = max(peaks.get(row["name"], 0), power)
    prices = {row["name"]: float(row["charge"]) for row in rows if row["type"] == "demand"}
    return cost + sum(prices[name] * peak for name, peak in peaks.items())


@pytest.mark.parametrize("month", [1, 4, 7, 11])
@pytest.mark.parametrize("name", TARIFFS)
def test_a_month_costs_what_its_rows_say(name, month):
    rows = rows_of(name)
    plan, first_day = plan_of(rows), date(2024, month, 1)
    days = (date(2024, month + 1, 1) - first_day).days
    values_wh = np.random.default_rng(month).integers(0, 30_000, (1, days * QUARTERS))
    run = plain_run(first_day=first_day, days=days, interval_minutes=15)
    (batch,) = measure(plan=plan, run=run, values_wh=values_wh)
    found = int(rate(plan=plan, batch=batch).total_minor[0]) / 100
    lines = len([slot for slot in plan.slots if slot.in_total])
    wanted = plain_cost(rows, first_day, days, values_wh[0] * 4 / 1000)
    assert found == pytest.approx(wanted, abs=0.005 * lines)


def one_day(plan, quarter_wh, **given):
    run = plain_run(first_day=date(2024, 7, 1), days=1, interval_minutes=15)
    (batch,) = measure(plan=plan, run=run, values_wh=np.array([quarter_wh]), given=given or None)
    return int(rate(plan=plan, batch=batch).total_minor[0]) / 100


def test_energy_at_one_price_costs_what_eeco_says():
    plan = compile_plan(components=(Energy(**head("energy"), price_e6=5_000_000),), currency="USD")
    assert one_day(plan, [250] * QUARTERS) == EXPECTED["eeco-energy-flat"]["cost"]


def test_a_tier_used_up_in_order_of_time_costs_what_eeco_says():
    plan = plan_of(rows_of("billing_energy_3_charge_limit"), per=LimitsPer.DAY)
    daily = plan.components[0]
    assert daily.limits_wh == (100_000,)
    assert one_day(plan, [25_000] * QUARTERS) == pytest.approx(
        EXPECTED["eeco-energy-tier-in-time-order"]["cost"], abs=0.01
    )


def test_demand_above_what_was_billed_before_costs_what_eeco_says():
    def row(name, charge, *hours):
        keys = {"type": "demand", "name": name, "charge": charge, "month_start": "0", "month_end": "12"}
        return [
            {**keys, "hour_start": start, "hour_end": end, "weekday_start": "0", "weekday_end": "6"}
            for start, end in hours
        ]

    rows = row("peak", "1", ("12", "18")) + row("half-peak", "2", ("8.5", "12"), ("18", "21.5"))
    plan = plan_of(rows + row("all-day", "10", ("0", "24")), incremental=True)
    assert plan.demand.periods == ("any", "peak", "half-peak", OTHER)
    billed = {Input.BILLED_PEAK_W: np.array([[90_000, 150_000, 40_000, 0]])}
    run = plain_run(first_day=date(2024, 7, 1), days=1, interval_minutes=15)
    (batch,) = measure(plan=plan, run=run, values_wh=np.array([[250 * kw for kw in range(QUARTERS)]]), given=billed)
    assert int(rate(plan=plan, batch=batch).total_minor[0]) / 100 == EXPECTED["eeco-demand-incremental"]["extra_cost"]
