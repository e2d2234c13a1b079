"""Bills of NREL ssc's own tests: net metering, net billing, minimum charges, kWh per kW, as published and by month."""

import json
from dataclasses import replace
from fractions import Fraction
from functools import cache

import numpy as np
import pytest

from tariffs.domain.batch import RatingBatch
from tariffs.domain.chain import carried_of, rate_months
from tariffs.domain.inputs import Input
from tariffs.domain.rating import rate
from tests.golden import ssc

CASES = {
    case["id"]: case
    for case in (json.loads(path.read_text("utf-8")) for path in sorted((ssc.DATA / "cases").glob("*.json")))
}
BILLED = [name for name, case in CASES.items() if case["kind"] != "must_reject"]
NOT_TOLD = {
    # The generation of the second year is another, and its profile was not published.
    ("ssc-Test_Residential_TOU_Rates_net_metering_credits_w_sell_rates_and_rollover", "utility_bill_w_sys", (2,)),
}
HOURLY = "year1_hourly_salespurchases_with_system"
CODES = {
    "utility_bill": None,
    "charge_w_sys_minimum": "least",
    "two_meter_sales": "sold",
    "true_up_credits": ("account-paid", "solar"),
    "nm_dollars_applied": "account",
    "net_billing_credits": ("account", "sold"),
}


@cache
def years_of(name, *, exports):
    """Two years: in the second all prices rise, and the first hands on what it carries."""
    case = CASES[name]
    rise = 1 + Fraction(repr(case["tariff"]["inflation_rate"])) / 100
    plan = ssc.plan_of(case["tariff"], exports=exports)
    months = ssc.year_of(case, plan, exports=exports)
    first = rate_months(plan=plan, months=months, first_month=1)
    carried = {Input.CARRIED: carried_of(plan=plan, rated=first[-1])} if plan.carried else {}
    later = ssc.plan_of(case["tariff"], rise=rise, exports=exports)
    again = [replace(months[0], inputs={**months[0].inputs, **carried}), *months[1:]]
    return plan, (first, rate_months(plan=later, months=again, first_month=1))


def dollars(name, year, month, *, exports, codes=None):
    """The total of a month, or the size of its lines of some codes."""
    plan, years = years_of(name, exports=exports)
    rated = years[year - 1][month]
    if codes is None:
        return rated.total_minor.item() / 10**ssc.DECIMALS
    places = [place for place, slot in enumerate(plan.slots) if slot.code in codes]
    return abs(rated.amount_minor[0, places].sum()) / 10**ssc.DECIMALS


def published(name):
    """Each published number as (variable, index, expected, tolerance)."""
    for one in CASES[name]["expected_upstream"]:
        index = one["index"] if isinstance(one["index"], list) else [1]
        yield one["variable"], tuple(index), one["expected"], one["tol"]


def ours(name, variable, index):
    """What we get for a variable of SAM."""
    if variable == HOURLY:
        return hourly(name, index[0])
    exports = "_wo_sys" not in variable
    stem = (
        variable.removesuffix("_year1")
        .removesuffix("_ym")
        .replace("_wo_sys", "")
        .replace("utility_bill_w_sys", "utility_bill")
    )
    codes = CODES[stem]
    codes = (codes,) if isinstance(codes, str) else codes
    months = [index[1]] if variable.endswith("_ym") else range(12)
    return sum(dollars(name, index[0], month, exports=exports, codes=codes) for month in months)


def hourly(name, hour):
    """What one hour of January earns, given the hours before it: steps fill in order of time."""
    case = CASES[name]
    plan = ssc.plan_of(case["tariff"])
    net = (ssc.profile(case["profiles"]["gen"]) - ssc.profile(case["profiles"]["load"])).reshape(-1)

    def until(hours):
        used, given = (ssc.whole(np.maximum(sign * net[:hours], 0)).sum(axis=1, keepdims=True) for sign in (-1, 1))
        inputs = {Input.EXPORT_WH: given, Input.MONTH: np.array([1]), Input.MONTH_END: np.array([0])}
        inputs |= {Input.FINAL: np.array([0]), Input.YEAR_MINOR: np.array([0])}
        month = RatingBatch.of(used_wh=used, month_share_e9=np.array([10**9]), inputs=inputs)
        return rate(plan=plan, batch=month).total_minor.item() / 10**ssc.DECIMALS

    return until(hour) - until(hour + 1)


@pytest.mark.parametrize("name", BILLED)
def test_what_ssc_publishes_is_what_we_bill(name):
    seen = [one for one in published(name) if (name, one[0], one[1]) not in NOT_TOLD]
    assert len(seen) + len([one for one in NOT_TOLD if one[0] == name]) == len(CASES[name]["expected_upstream"])
    found = [(variable, index, ours(name, variable, index)) for variable, index, _, _ in seen]
    expected = [(variable, index, pytest.approx(value, abs=tol)) for variable, index, value, tol in seen]
    assert found == expected


@pytest.mark.parametrize("name", BILLED)
@pytest.mark.parametrize("exports", [False, True], ids=["without", "with"])
def test_every_month_of_the_first_year_is_that_of_pysam(name, exports):
    series = CASES[name]["expected_pysam_year1"]
    bills = [dollars(name, 1, month, exports=exports) for month in range(12)]
    expected = series[f"year1_monthly_utility_bill_{'w' if exports else 'wo'}_sys"]
    assert bills == [pytest.approx(bill, abs=0.001) for bill in expected]
    if exports:
        paid = [dollars(name, 1, month, exports=True, codes=CODES["true_up_credits"]) for month in range(12)]
        assert paid == [pytest.approx(one, abs=0.001) for one in series["year1_true_up_credits"]]
        lifted = [dollars(name, 1, month, exports=True, codes=("least", "year")) for month in range(12)]
        assert lifted == [pytest.approx(one, abs=0.001) for one in series["year1_monthly_minimum_with_system"]]


def test_all_cases_are_there():
    assert (len(CASES), len(BILLED)) == (18, 17)
