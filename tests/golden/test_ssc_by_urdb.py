"""The tariffs of NREL ssc's tests as a URDB file would tell them: billed by month as PySAM does, or refused."""

import json
from functools import cache

import numpy as np
import pytest

from tariffs.domain import document
from tariffs.domain.chain import rate_months
from tariffs.domain.inputs import Input
from tariffs.domain.measuring import measure
from tariffs.domain.runs import plain_run
from tariffs.domain.urdb import importing
from tariffs.domain.urdb.rate import Choices
from tests.golden import ssc
from tests.golden.test_ssc import BILLED, CASES

UNITS = ("kWh", "kWh/kW", "kWh daily", "kWh/kW daily")
# Which part of past peaks counts differs by month there, and URDB has no field for that.
BY_URDB = [name for name in BILLED if not CASES[name]["tariff"].get("ur_enable_billing_demand")]
REFUSED = sorted(set(CASES) - set(BILLED))
CHOICES = Choices(window_minutes=60, leave_out=frozenset({"sell"}))


def structure(rows):
    """Tiers of each period from rows of (period, tier, max, unit, rate); periods count from 0."""
    periods = {}
    for period, _tier, limit, unit, rate in rows:
        periods.setdefault(int(period), []).append({"max": limit, "unit": unit, "rate": rate})
    return [periods.get(period, [{"rate": 0}]) for period in range(max(periods) + 1)]


def hours(rows):
    return [[int(period) for period in month] for month in rows]


def urdb_of(given):
    """SAM's inputs (``ur_*``) as URDB JSON; what is sold has no field that we bill."""
    rate = {
        "energyratestructure": structure(
            (p, t, top, UNITS[int(u)], buy) for p, t, top, u, buy, _ in given["ur_ec_tou_mat"]
        ),
        "energyweekdayschedule": hours(given["ur_ec_sched_weekday"]),
        "energyweekendschedule": hours(given["ur_ec_sched_weekend"]),
        "fixedchargefirstmeter": given["ur_monthly_fixed_charge"],
        "fixedchargeunits": "$/month",
        "mincharge": given["ur_monthly_min_charge"],
        "minchargeunits": "$/month",
        "annualmincharge": given["ur_annual_min_charge"],
    }
    if given.get("ur_dc_enable"):
        rate |= {
            "flatdemandstructure": structure((p, t, top, "kW", price) for p, t, top, price in given["ur_dc_flat_mat"]),
            "flatdemandmonths": list(range(12)),
        }
        if "ur_dc_sched_weekday" in given:
            rate |= {
                "demandratestructure": structure(
                    (p, t, top, "kW", price) for p, t, top, price in given["ur_dc_tou_mat"]
                ),
                "demandweekdayschedule": hours(given["ur_dc_sched_weekday"]),
                "demandweekendschedule": hours(given["ur_dc_sched_weekend"]),
            }
    return json.dumps(rate)


@cache
def imported(name):
    return importing.documents(text=urdb_of(CASES[name]["tariff"]), choices=CHOICES, default_code="ssc")


@pytest.mark.parametrize("name", BY_URDB)
def test_every_month_without_generation_costs_what_pysam_says(name):
    assert [str(finding) for finding in imported(name).findings] == []
    (written,) = imported(name).documents
    plan = document.parse(text=written.text).plan
    load = ssc.profile(CASES[name]["profiles"]["load"])
    # The sum up to each hour is rounded, so that a month is off by no more than a Wh.
    values_wh = np.diff(np.round(load.cumsum()), prepend=0).astype(np.int64).reshape(1, -1)
    run = plain_run(first_day=ssc.MONDAY, days=365, interval_minutes=24 * 60 // load.shape[1])
    months = measure(plan=plan, run=run, values_wh=values_wh)
    totals = [int(one.total_minor[0]) / 100 for one in rate_months(plan=plan, months=months, first_month=1)]
    wanted = CASES[name]["expected_pysam_year1"]["year1_monthly_utility_bill_wo_sys"]
    # Demand in whole W moves a limit of 600 kWh per kW by as much as 0.6 kWh.
    assert totals == pytest.approx(wanted, abs=0.02 if Input.PEAK_W in plan.needs else 0.01)


@pytest.mark.parametrize("name", REFUSED)
def test_a_contradictory_tariff_is_refused(name):
    refused = [(finding.where, finding.code) for finding in imported(name).findings]
    assert refused == [("demandratestructure", "tiers_contradict")]
    assert imported(name).documents == ()


def test_most_cases_are_there():
    assert (len(BY_URDB), len(BILLED)) == (15, 17)
