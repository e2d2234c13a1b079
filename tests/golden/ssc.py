"""Cases of NREL ssc told in our components: SAM's tariff inputs (``ur_*``) to a plan, its profiles to batches."""

import gzip
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from pathlib import Path

import numpy as np

from tariffs.domain.components.basic import Fixed, Per, TimeOfUse
from tariffs.domain.components.billed_demand import BilledDemand, PartOfMonth
from tariffs.domain.components.charge_limits import Leaving, MinimumCharge, Negative, YearlyMinimum
from tariffs.domain.components.demand import Ratchet
from tariffs.domain.components.export import (
    Applied,
    CreditYear,
    Ending,
    ExportCredit,
    KwhCredits,
    MoneyCredits,
    Netting,
    Paid,
    TieredExport,
)
from tariffs.domain.components.tiers import LimitsPer, TieredEnergy
from tariffs.domain.lines import LedgerClass, Scoped
from tariffs.domain.measuring import measure
from tariffs.domain.plan import compile_plan
from tariffs.domain.runs import plain_run
from tariffs.domain.time_of_use import DAY_TYPES, Calendar, DayType

DATA = Path(__file__).parents[1] / "data" / "ssc"
MONDAY = date(2001, 1, 1)
DECIMALS = 6
"""SAM rounds nothing, so its bills are compared with ours in millionths of a dollar."""
DOLLAR_E6 = 10 ** (DECIMALS + 6)
GRAIN = 1000
"""Nor does it round energy: all that is in Wh or W stands here in thousandths of it, and a price for as little."""
NO_LIMIT = 1e37
CORNERS = (0, 5, 11, 17)
"""SAM hands credits in kWh from a period to the one that holds in the same of these hours in the next month."""
KWH, KWH_PER_KW = 0, 1
NET_KWH, NET_MONEY, BILLING, BILLING_CARRIED, SELL_ALL = range(5)


@dataclass
class Sam:
    """The inputs of one case, typed; ``rise`` is what SAM multiplies all prices by in a later year."""

    given: dict
    rise: Fraction = Fraction(1)

    def price_e6(self, number, grain=1):
        return round(Fraction(repr(number)) * self.rise * DOLLAR_E6 / grain)

    def energy_e6(self, number):
        return self.price_e6(number, GRAIN)

    def flag(self, name, default=0):
        return int(self.given.get(name, default))

    @property
    def rows(self):
        return [(int(p), int(t), limit, int(unit), buy, sell) for p, t, limit, unit, buy, sell in self.of("ec_tou_mat")]

    def of(self, name):
        return self.given[f"ur_{name}"]

    @property
    def periods(self):
        return sorted({row[0] for row in self.rows})

    def schedule(self, kind):
        return [[int(period) for period in month] for month in self.of(f"ec_sched_{kind}")]


def head(code):
    return {"code": code, "label": code, "ledger": LedgerClass.ENERGY}


def name_of(period):
    return f"p{period}"


def plan_of(given, *, rise=Fraction(1), exports=True):
    """Return the plan of SAM's inputs, with or without what is given to the grid."""
    sam = Sam(given, rise)
    energy = buying(sam)
    given_back = selling(sam) if exports else []
    fixed = Fixed(**head("fixed"), per=Per.MONTH, price_e6=sam.price_e6(sam.of("monthly_fixed_charge")))
    counted = tuple(one.code for one in (*energy, *given_back, fixed))
    least = MinimumCharge(
        **head("least"),
        on=counted,
        per=Per.MONTH,
        price_e6=sam.price_e6(sam.of("monthly_min_charge")),
        negative=Negative.AS_ZERO,
    )
    year = YearlyMinimum(
        **head("year"),
        on=counted,
        limit_minor=round(Fraction(repr(sam.of("annual_min_charge"))) * rise * 10**DECIMALS),
        first_month=1,
        negative=Negative.AS_ZERO,
        leaving=Leaving.CHARGE,
    )
    return compile_plan(
        components=(*billed_demand(sam), *energy, *given_back, fixed, least, year),
        currency="USD",
        decimals=DECIMALS,
        periods=tuple(name_of(period) for period in sam.periods),
        calendar=calendar_of(sam),
        demand=replace(compile_plan(components=()).demand, window_minutes=60),
    )


def calendar_of(sam):
    places = {period: place for place, period in enumerate(sam.periods)}
    slots = np.empty((12, len(DAY_TYPES), 48), dtype=np.int64)
    for place, day_type in enumerate(DAY_TYPES):
        kind = "weekend" if day_type in (DayType.SATURDAY, DayType.SUNDAY) else "weekday"
        for month, hours in enumerate(sam.schedule(kind)):
            slots[month, place] = np.repeat([places[period] for period in hours], 2)
    return Calendar(
        periods=tuple(name_of(period) for period in sam.periods),
        seasons=tuple(f"m{month}" for month in range(1, 13)),
        season_of_day=np.repeat(np.arange(12), 31),
        slots=slots,
    )


def buying(sam):
    """Energy by period; in steps where SAM has steps, for which a month must have one period."""
    if max(row[1] for row in sam.rows) == 1:
        prices = tuple(sam.energy_e6(row[4]) for row in sorted(sam.rows))
        return [TimeOfUse(**head("energy"), periods=tuple(map(name_of, sam.periods)), prices_e6=prices)]
    return [stepped(sam, period, months) for period, months in single_periods(sam).items()]


def single_periods(sam):
    """The months, 1 to 12, in which each period is the only one."""
    months = {}
    for month, (weekday, weekend) in enumerate(zip(sam.schedule("weekday"), sam.schedule("weekend"), strict=True), 1):
        (period,) = {*weekday, *weekend}
        months.setdefault(period, []).append(month)
    return months


def stepped(sam, period, months):
    """A block of kWh per kW that is followed by steps in kWh is priced by these; they end with the block."""
    rows = [row for row in sam.rows if row[0] == period]
    limits, per, prices, block = [], [], [], None
    for row, after in zip(rows, [*rows[1:], None], strict=True):
        _, _, limit, unit, buy, _ = row
        if unit == KWH_PER_KW and after is not None and after[3] == KWH:
            block = limit
            continue
        if unit == KWH and limit > NO_LIMIT and block is not None:
            limit, unit = block, KWH_PER_KW
        prices.append(sam.energy_e6(buy))
        if limit < NO_LIMIT:
            limits.append(round(Fraction(repr(limit)) * 1000 * (1 if unit == KWH_PER_KW else GRAIN)))
            per.append(LimitsPer.KW if unit == KWH_PER_KW else LimitsPer.MONTH)
    return TieredEnergy(
        **head(f"energy-{period}"),
        limits_wh=tuple(limits),
        limits_per=tuple(per),
        prices_e6=tuple(prices),
        scope=Scoped(months=frozenset(months)),
    )


def selling(sam):
    """What the metering option of SAM is in our components."""
    option = sam.flag("ur_metering_option")
    names = tuple(map(name_of, sam.periods))
    energy = tuple(one.code for one in buying(sam))
    alone = tuple((place,) for place in range(len(names)))
    end = sam.flag("ur_nm_credit_month", 11)
    at_end = Ending.FORFEIT if sam.flag("ur_nb_credit_expire") else Ending.PAY
    year = CreditYear(first_month=(end + 1) % 12 + 1, at_end=at_end, leaving=Ending.PAY)
    if option == NET_KWH:
        price_e6 = sam.energy_e6(sam.of("nm_yearend_sell_rate"))
        shared = {"periods": names, "pools": alone, "moves": moves(sam)}
        return [KwhCredits(**head("solar"), **shared, year=year, paid=Paid.NET, price_e6=price_e6)]
    if max(row[1] for row in sam.rows) > 1:
        steps = buying(sam)[0]
        prices = tuple(sam.energy_e6(row[5]) for row in sam.rows)
        return [TieredExport(**head("sold"), limits_wh=steps.limits_wh, prices_e6=prices)]
    prices = {"periods": names, "prices_e6": tuple(sam.energy_e6(row[5]) for row in sorted(sam.rows))}
    if option in (BILLING, SELL_ALL):
        return [ExportCredit(**head("sold"), **prices)]
    same = option == NET_MONEY or sam.flag("ur_nb_apply_credit_current_month")
    applied = Applied.SAME_MONTH if same else Applied.NEXT_MONTH
    account = MoneyCredits(**head("account"), on=energy, applied=applied, year=year, **prices)
    return [Netting(**head("net"), periods=names, pools=alone), account] if option == NET_MONEY else [account]


def moves(sam):
    """Return where credits go at the turn of a month: to the period that holds at the same corner of the day."""
    corners = [[month[hour] for hour in CORNERS] for month in sam.schedule("weekday")]
    found = []
    for month in range(2, 13):
        before, now = corners[month - 2], corners[month - 1]
        found += [(month, old, now[before.index(old)]) for old in sorted(set(before)) if now[before.index(old)] != old]
    return tuple((month, sam.periods.index(old), sam.periods.index(new)) for month, old, new in found)


def billed_demand(sam):
    """What SAM bills kWh per kW by: a part of peaks of this and of the months before, of some months all."""
    if not sam.flag("ur_enable_billing_demand"):
        return []
    parts = {}
    for month, (percent, actual) in enumerate(sam.of("billing_demand_lookback_percentages"), 1):
        parts.setdefault((round(percent * 10_000), bool(actual)), set()).add(month)
    look_back = sam.flag("ur_billing_demand_lookback_period")
    return [
        BilledDemand(
            **head("demand"),
            own=tuple(PartOfMonth(frozenset(months), part) for (part, actual), months in parts.items() if not actual),
            ratchets=tuple(
                Ratchet(part_e6=part, months=frozenset(months), look_back=look_back)
                for (part, _), months in parts.items()
            ),
            least_w=sam.flag("ur_billing_demand_minimum") * 1000 * GRAIN,
        )
    ]


def profile(path):
    """Return the energy of each interval of a profile in kW, (365, intervals a day). [Wh]"""
    values = np.array([float(line) for line in gzip.decompress((DATA / path).read_bytes()).split()])
    wh = values * 1000 * 8760 / len(values)
    return wh.reshape(365, -1)


def whole(wh):
    """Return energy in whole grains, (1, intervals of the year)."""
    return np.round(wh * GRAIN).astype(np.int64).reshape(1, -1)


def year_of(case, plan, *, exports=True):
    """Return the year of a case as twelve batches of one customer."""
    load = profile(case["profiles"]["load"])
    gen = np.zeros_like(load)
    if exports:
        gen = profile(case["profiles"]["gen"])
        steps = max(load.shape[1], gen.shape[1])
        load, gen = (np.repeat(one, steps // one.shape[1], axis=1) * one.shape[1] / steps for one in (load, gen))
    if case["tariff"]["ur_metering_option"] == SELL_ALL:
        used, given = load + np.maximum(-gen, 0), np.maximum(gen, 0)
    else:
        used, given = np.maximum(load - gen, 0), np.maximum(gen - load, 0)
    run = plain_run(first_day=MONDAY, days=365, interval_minutes=24 * 60 // load.shape[1])
    return measure(plan=plan, run=run, values_wh=whole(used), export_wh=whole(given) if exports else None)
