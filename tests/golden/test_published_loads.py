"""Published cases of REopt and of two conventions, told as URDB rates: look-backs, tiers, leap years, order of time."""

import csv
import gzip
import io
import json
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tariffs.domain import document
from tariffs.domain.chain import rate_months
from tariffs.domain.components.tiers import Convention
from tariffs.domain.measuring import measure
from tariffs.domain.runs import plain_run
from tariffs.domain.urdb import importing
from tariffs.domain.urdb.rate import Choices

DATA = Path(__file__).parents[1] / "data"
RATES = DATA / "urdb" / "rates"
CASES = DATA / "published"
REOPT = {case["id"]: case for case in json.loads((CASES / "reopt_cases.json").read_text("utf-8"))}
HOMES = {case["id"]: case for case in json.loads((CASES / "tier_tou_convention.json").read_text("utf-8"))["cases"]}
MONDAY = date(2018, 1, 1)
CENT = 0.01
MONTHS = 12
ALL_DAY = [[0] * 24] * MONTHS


def plan_of(rate, **choices):
    found = importing.documents(
        text=rate if isinstance(rate, str) else json.dumps(rate),
        choices=Choices(window_minutes=60, **choices),
        default_code="case",
    )
    assert [str(finding) for finding in found.findings] == []
    return document.parse(text=found.documents[0].text).plan


def year_of(plan, values_wh, *, first_day=MONDAY, days=365):
    """The batches and results of consecutive months."""
    run = plain_run(first_day=first_day, days=days, interval_minutes=60)
    months = measure(plan=plan, run=run, values_wh=np.asarray(values_wh, dtype=np.int64)[None, :])
    return months, rate_months(plan=plan, months=months, first_month=first_day.month)


def by_label(plan, rated, label):
    """What the lines of a label come to in each month, in dollars."""
    places = [place for place, slot in enumerate(plan.slots) if slot.label == label and slot.in_total]
    return [int(month.amount_minor[0, places].sum()) / 100 for month in rated]


def flat_load(kwh_a_year):
    """As many kWh in each hour; the sum up to each hour is rounded to the Wh."""
    return np.diff(np.round(np.arange(1, 8761) * kwh_a_year * 1000 / 8760), prepend=0)


def energy(rate):
    return {
        "energyratestructure": [[{"rate": rate}]],
        "energyweekdayschedule": ALL_DAY,
        "energyweekendschedule": ALL_DAY,
    }


def test_a_look_back_at_named_months_bills_the_kw_that_reopt_does():
    case = REOPT["reopt-lookback-named-months"]
    prices = case["tariff"]["monthly_demand_usd_per_kw"]
    named = [int(month in {0, 3, 11}) for month in range(MONTHS)]
    flat = {"flatdemandstructure": [[{"rate": price}] for price in prices], "flatdemandmonths": list(range(MONTHS))}
    plan = plan_of({**flat, "lookbackpercent": case["tariff"]["ratchet"]["percent"], "lookbackmonths": named})
    load = np.full(8760, 100_000)
    for hour, kw in ((22, 200), (2403, 400), (4088, 500), (8333, 300)):
        load[hour - 1] = kw * 1000
    # REopt looks at a year that goes round, so the second of two equal years is the one.
    _, rated = year_of(plan, np.tile(load, 2), days=730)
    charged = by_label(plan, rated, "demand")[MONTHS:]
    assert [paid / price for paid, price in zip(charged, prices, strict=True)] == case["expected"]["billed_kw_by_month"]
    assert sum(charged) == case["expected"]["annual_demand_charge"]


def test_a_blended_rate_costs_what_reopt_says():
    case = REOPT["reopt-blended"]
    rate = energy(case["tariff"]["energy_usd_per_kwh"])
    rate |= {
        "flatdemandstructure": [[{"rate": case["tariff"]["monthly_demand_usd_per_kw"]}]],
        "flatdemandmonths": [0] * MONTHS,
    }
    plan = plan_of(rate)
    _, rated = year_of(plan, flat_load(10_000))
    assert sum(by_label(plan, rated, "energy")) == pytest.approx(
        case["expected"]["annual_energy_charge"], abs=MONTHS * CENT
    )
    demand = case["recomputed"]["annual_demand_charge"]
    assert sum(by_label(plan, rated, "demand")) == pytest.approx(demand, abs=MONTHS * CENT)


def test_tiers_of_demand_cost_what_reopt_says():
    case = REOPT["reopt-tiered-demand"]
    plan = plan_of({"flatdemandstructure": [case["tariff"]["demand_tiers"]], "flatdemandmonths": [0] * MONTHS})
    _, rated = year_of(plan, flat_load(1_000_000))
    charged = sum(by_label(plan, rated, "demand"))
    assert charged == pytest.approx(case["expected"]["annual_demand_charge"], abs=MONTHS * CENT)


@pytest.mark.parametrize(
    ("name", "year", "hours", "label"),
    [
        ("reopt-leap-2023-energy", 2023, [31 * 24 + 29 * 24 + 3 * 24 + 16], "energy"),
        ("reopt-leap-2024-flat-demand", 2024, [31 * 24 + 27 * 24 + 8, 31 * 24 + 28 * 24 + 8], None),
    ],
)
def test_a_year_has_its_own_days_as_reopt_has(name, year, hours, label):
    case = REOPT[name]
    plan = plan_of((RATES / "reopt_leap_year.json").read_text("utf-8"))
    days = (date(year + 1, 1, 1) - date(year, 1, 1)).days
    load = np.zeros(days * 24)
    load[np.array(hours) - 1] = 10_000
    _, rated = year_of(plan, load, first_day=date(year, 1, 1), days=days)
    assert sum(by_label(plan, rated, "demand")) == pytest.approx(case["amounts"]["demand"])
    if label:
        assert sum(by_label(plan, rated, label)) == pytest.approx(case["amounts"][label])
        assert sum(by_label(plan, rated, "demand-by-period")) == 0


@cache
def homes():
    rows = list(csv.DictReader(io.StringIO(gzip.decompress((CASES / "homes.csv.gz").read_bytes()).decode())))
    # The sum up to each hour is rounded, so that a month is off by no more than a Wh.
    return {
        name: np.diff(np.round(np.cumsum([float(row[name]) for row in rows]) * 1000), prepend=0)
        for name in list(rows[0])[1:]
    }


@pytest.mark.parametrize("convention", Convention)
@pytest.mark.parametrize("name", HOMES)
def test_tiers_and_periods_of_use_meet_by_either_published_convention(name, convention):
    case = HOMES[name]
    tariff = case["tariff"]
    rate = {
        "energyratestructure": [
            [{"rate": one["tier1"], "max": tariff["monthly_tier_limit_kwh"]}, {"rate": one["tier2"]}]
            for one in tariff["periods"]
        ],
        "energyweekdayschedule": [tariff["weekday_hours"]] * MONTHS,
        "energyweekendschedule": [tariff["weekend_hours"]] * MONTHS,
        "fixedchargefirstmeter": tariff["fixed_per_month"],
        "fixedchargeunits": "$/month",
    }
    months, rated = year_of(plan_of(rate, convention=convention), homes()[case["load_column"]])
    assert [int(batch.total_wh[0]) / 1000 for batch in months] == pytest.approx(case["monthly_load"], abs=0.002)
    totals = [int(month.total_minor[0]) / 100 for month in rated]
    assert totals == pytest.approx(case["expected_total"][convention.value], abs=CENT)
