"""
Yearly bills from hourly values: our kernel beside NREL-PySAM Utilityrate5, one thread each, in one run.

1,000 customers with 8,760 hours each on one tariff with four periods of use in two seasons, two tiers of the month,
demand at whatever hour and of one period, and a standing charge. Ours is the whole way from Wh of the hours to rounded
lines: measured by month, period and window, then rated month after month. SAM's module is set up once and run once a
customer (analysis_period=1), its inputs made floats beforehand; with --quick, for the first 200 customers. Every month
of every customer that SAM billed is compared. Time is that of the processor, so that a busy machine does not change it.
"""

import json
import time
from datetime import date

import _report  # first: makes the project importable
import numpy as np

from cis.kernel.fixed import Int64
from tariffs.domain import document
from tariffs.domain.chain import rate_months
from tariffs.domain.measuring import measure
from tariffs.domain.plan import Plan
from tariffs.domain.runs import Run, plain_run
from tariffs.domain.urdb import importing
from tariffs.domain.urdb.rate import Choices

try:
    from PySAM import Utilityrate5 as Sam
except ImportError:
    raise SystemExit("NREL-PySAM is not installed: run `make setup-bench`.") from None

GOAL_RATIO = 40
TOLERANCE = 0.01
CUSTOMERS = 1000
QUICK_SAMPLE = 200
HOURS = 8760
SEED = 20250701
MONDAY = date(2018, 1, 1)
NO_LIMIT = 1e38
WINTER_WEEKDAY, SUMMER_WEEKDAY = [0] * 16 + [1] * 5 + [0] * 3, [2] * 12 + [3] * 7 + [2] * 5
WINTER, SUMMER = [0] * 24, [2] * 24
SUMMER_MONTHS = range(5, 9)
BUSY = [0] * 12 + [1] * 8 + [0] * 4
LIMIT_KWH = 400
PRICES = ((0.12, 0.16), (0.2, 0.27), (0.14, 0.19), (0.3, 0.38))
DEMAND, BUSY_DEMAND, STANDING = 9.0, 6.5, 25.0


def by_month(winter: list[int], summer: list[int]) -> list[list[int]]:
    return [summer if month in SUMMER_MONTHS else winter for month in range(12)]


WEEKDAYS, WEEKENDS = by_month(WINTER_WEEKDAY, SUMMER_WEEKDAY), by_month(WINTER, SUMMER)


def our_plan() -> Plan:
    """Return the tariff by way of the importer that all rates of the URDB take."""
    rate = {
        "energyratestructure": [[{"rate": low, "max": LIMIT_KWH}, {"rate": high}] for low, high in PRICES],
        "energyweekdayschedule": WEEKDAYS,
        "energyweekendschedule": WEEKENDS,
        "demandratestructure": [[{"rate": 0}], [{"rate": BUSY_DEMAND}]],
        "demandweekdayschedule": [BUSY] * 12,
        "demandweekendschedule": [[0] * 24] * 12,
        "flatdemandstructure": [[{"rate": DEMAND}]],
        "flatdemandmonths": [0] * 12,
        "fixedchargefirstmeter": STANDING,
        "fixedchargeunits": "$/month",
    }
    imported = importing.documents(text=json.dumps(rate), choices=Choices(window_minutes=60), default_code="bench")
    (written,) = imported.documents
    return document.parse(text=written.text).plan


def peer() -> Sam.Utilityrate5:
    """Return SAM's module with the same tariff; its periods count from 1."""
    module = Sam.new()

    def from_one(rows: list[list[int]]) -> list[list[int]]:
        return [[period + 1 for period in row] for row in rows]

    tiers = enumerate(PRICES, start=1)
    rows = [
        [p, t, top, 0, one, 0]
        for p, pair in tiers
        for t, top, one in zip((1, 2), (LIMIT_KWH, NO_LIMIT), pair, strict=True)
    ]
    given = {
        "ur_metering_option": 0,
        "ur_ec_sched_weekday": from_one(WEEKDAYS),
        "ur_ec_sched_weekend": from_one(WEEKENDS),
        "ur_ec_tou_mat": rows,
        "ur_dc_enable": 1,
        "ur_dc_sched_weekday": from_one([BUSY] * 12),
        "ur_dc_sched_weekend": [[1] * 24] * 12,
        "ur_dc_tou_mat": [[1, 1, NO_LIMIT, 0], [2, 1, NO_LIMIT, BUSY_DEMAND]],
        "ur_dc_flat_mat": [[month, 1, NO_LIMIT, DEMAND] for month in range(12)],
        "ur_monthly_fixed_charge": STANDING,
        "ur_nm_credit_month": 11,
        "rate_escalation": [0],
    }
    given |= {"ur_ts_sell_rate": [0], "ur_ts_buy_rate": [0]}
    nothing = ("monthly_min_charge", "annual_min_charge", "nm_yearend_sell_rate", "nm_credit_rollover")
    nothing += ("en_ts_sell_rate", "en_ts_buy_rate")
    given |= {f"ur_{name}": 0 for name in nothing}
    for name, value in given.items():
        setattr(module.ElectricityRates, name, value)
    module.Lifetime.assign({"analysis_period": 1, "system_use_lifetime_output": 0, "inflation_rate": 0})
    module.SystemOutput.assign({"gen": [0] * HOURS, "degradation": [0]})
    return module


def loads(customers: int) -> Int64:
    """Return hours of customers from small homes to small firms, with an evening, weekends and chance. [Wh]"""
    chance = np.random.default_rng(SEED)
    hour = np.arange(HOURS)
    shape = 1 + 0.5 * np.sin((hour % 24 - 9) / 24 * 2 * np.pi) + 0.2 * (hour // 24 % 7 < 5)
    sizes = chance.lognormal(6.5, 1, (customers, 1))
    return np.round(sizes * shape * chance.gamma(4, 0.25, (customers, HOURS))).astype(np.int64)


def our_bills(plan: Plan, run: Run, values_wh: Int64) -> Int64:
    """Return the total of each customer and month, (n, 12). [cent]"""
    months = measure(plan=plan, run=run, values_wh=values_wh)
    return np.stack([one.total_minor for one in rate_months(plan=plan, months=months, first_month=1)], axis=1)


def peer_bills(module: Sam.Utilityrate5, values_kwh: list[list[float]]) -> list[tuple[float, ...]]:
    """Return the same in dollars."""
    found = []
    for load in values_kwh:
        module.Load.load = load
        module.execute(0)
        found.append(module.Outputs.year1_monthly_utility_bill_wo_sys)
    return found


def main() -> None:
    asked = _report.parser(__doc__).parse_args()
    sample = QUICK_SAMPLE if asked.quick else CUSTOMERS
    plan, module = our_plan(), peer()
    run = plain_run(first_day=MONDAY, days=365, interval_minutes=60)
    values_wh = loads(CUSTOMERS)
    values_kwh = (values_wh[:sample] / 1000).tolist()
    _report.progress(f"{CUSTOMERS:,} customers, {values_wh.sum() / 1e6 / CUSTOMERS:.1f} MWh a year on average")
    found, wanted = our_bills(plan, run, values_wh)[:sample] / 100, np.array(peer_bills(module, values_kwh))
    gap = np.abs(found - wanted).max()
    _report.progress(f"largest difference of {wanted.size:,} monthly bills: {gap:.4f} dollars")
    ours_s, theirs_s = _report.alternate(
        lambda: our_bills(plan, run, values_wh),
        lambda: peer_bills(module, values_kwh),
        rounds=3 if asked.quick else 5,
        clock=time.process_time,
    )
    ours, theirs = CUSTOMERS / ours_s, sample / theirs_s
    ratio = ours / theirs
    _report.finish(
        name="rating_peer",
        value=round(ours),
        unit="yearly bills/s of one core",
        goal=f">= {GOAL_RATIO} x the peer, equal to {TOLERANCE}",
        holds=bool(ratio >= GOAL_RATIO and gap <= TOLERANCE),
        reference={"name": "NREL-PySAM Utilityrate5", "value": round(theirs), "unit": "yearly bills/s"},
        ratio=round(ratio, 1),
        n=CUSTOMERS,
        taken_s=ours_s,
        largest_difference=round(float(gap), 4),
    )


if __name__ == "__main__":
    main()
