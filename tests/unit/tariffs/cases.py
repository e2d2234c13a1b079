"""Random tariffs and segments, each told twice: to the kernel in integers, to the oracle in fractions."""

from dataclasses import replace
from fractions import Fraction
from random import Random

import numpy as np
from hypothesis import strategies as st

from tariffs.domain.batch import RatingBatch
from tariffs.domain.components.basic import Energy, Fixed, Per, Tax, TaxMode, TimeOfUse
from tariffs.domain.components.blocks import (
    FeeOf,
    Fills,
    PackageEnergy,
    PeriodSteps,
    StepFee,
    TieredByPeriod,
    VolumeEnergy,
)
from tariffs.domain.components.dynamic import DynamicEnergy, NegativePrices
from tariffs.domain.components.tiers import (
    Convention,
    HouseholdAllowance,
    LimitsPer,
    TieredEnergy,
    TieredTimeOfUse,
)
from tariffs.domain.inputs import Input
from tariffs.domain.lines import LedgerClass
from tariffs.domain.plan import Scope, compile_plan
from tests.unit.tariffs.oracle import Case, Part

PRICE = 10**8  # price_e6 of 1 major unit per kWh, where the minor unit is its hundredth
KINDS = (
    "fixed",
    "energy",
    "time_of_use",
    "tiered_energy",
    "tiered_time_of_use",
    "tiered_by_period",
    "volume_energy",
    "package_energy",
    "step_fee",
    "dynamic",
    "tax",
)
OF_CYCLE, OF_MONTH, OF_DAY = ("cycle",), ("month", "kw"), ("day", "kw_day")
NAMES = ["sharp", "peak", "flat", "valley"]

prices = st.integers(-2 * PRICE, 2 * PRICE) | st.sampled_from([61_700_000, 66_700_000, 91_700_000, 0, 1])
small_wh = st.integers(-3_000, 3_000)
usual_wh = st.integers(-2_000_000, 9_000_000)
huge_wh = st.integers(-(10**15) // 4, 10**15 // 4)
energy_wh = small_wh | usual_wh | huge_wh
limits_wh = st.lists(st.integers(1, 5_000) | st.integers(1, 10**7), min_size=0, max_size=3, unique=True).map(sorted)


def fraction(price_e6):
    return Fraction(price_e6, PRICE)


@st.composite
def tariffs(draw, kinds=KINDS, most=4):
    """A plan with its description for the oracle, and the names of its periods."""
    periods = NAMES[: draw(st.integers(1, 4))]
    components, parts = [], []
    for place in range(draw(st.integers(1, most))):
        kind = draw(st.sampled_from(kinds if components else [k for k in kinds if k != "tax"]))
        component, part = draw(_component(kind, f"part{place}", periods, [p.code for p in parts]))
        components.append(component)
        parts.append(part)
    _agree(components, parts)
    scope = draw(st.sampled_from(Scope))
    plan = compile_plan(components=tuple(components), periods=tuple(periods), rounding_scope=scope)
    return plan, parts, periods


def _agree(components, parts):
    """One run fills one set of steps in order of time, and each price series has a column of its own."""
    ordered = [place for place, part in enumerate(parts) if part.convention == "time_order"]
    for place in ordered[1:]:
        if len(parts[place].limits) != len(parts[ordered[0]].limits):
            parts[place].convention = "proportional"
            components[place] = replace(components[place], convention=Convention.PROPORTIONAL)
    for column, part in enumerate(part for part in parts if part.kind == "dynamic"):
        part.place = column


@st.composite
def _component(draw, kind, code, periods, earlier):
    head = {"code": code, "label": code, "ledger": draw(st.sampled_from(LedgerClass))}
    if kind == "fixed":
        price, per = draw(prices | st.integers(-(10**12), 10**12)), draw(st.sampled_from(Per))
        return Fixed(**head, per=per, price_e6=price), Part(kind, code, fraction(price), per=per.value)
    if kind == "energy":
        price = draw(prices)
        return Energy(**head, price_e6=price), Part(kind, code, fraction(price))
    if kind == "time_of_use":
        row = draw(st.tuples(*[prices] * len(periods)))
        return TimeOfUse(**head, periods=tuple(periods), prices_e6=row), Part(kind, code, [fraction(p) for p in row])
    if kind == "dynamic":
        price = draw(prices)
        spot = DynamicEnergy(**head, series="spot", margin_e6=price, negative=NegativePrices.KEEP)
        return spot, Part(kind, code, fraction(price))
    drawn = {"tax": _tax(head, earlier), "package_energy": _package(head), "step_fee": _fee(head)}
    if kind == "tiered_by_period":
        return draw(_by_period(head, periods))
    return draw(drawn[kind] if kind in drawn else _stepped(kind, head, periods))


@st.composite
def _package(draw, head):
    size, free, price = draw(st.integers(1, 10**5)), draw(st.integers(0, 10**6)), draw(prices)
    per = draw(st.sampled_from([LimitsPer.CYCLE, LimitsPer.MONTH]))
    part = Part("package_energy", head["code"], fraction(price), limits_per=[per.value])
    part.size, part.free = Fraction(size, 1000), Fraction(free, 1000)
    return PackageEnergy(**head, package_wh=size, free_wh=free, counted_per=per, price_e6=price), part


@st.composite
def _fee(draw, head):
    per = draw(st.sampled_from(Per))
    limits, part = draw(_limits("step_fee", head, OF_DAY if per is Per.DAY else OF_MONTH))
    fees, fee_of = draw(st.tuples(*[prices] * (len(part.limits) + 1))), draw(st.sampled_from(FeeOf))
    part.price, part.per, part.fee_of = [fraction(fee) for fee in fees], per.value, fee_of.value
    return StepFee(**head, **limits, fees_e6=fees, per=per, fee_of=fee_of), part


@st.composite
def _by_period(draw, head, periods):
    fills = draw(st.sampled_from(Fills))
    part = Part("tiered_by_period", head["code"], fills=fills.value)
    made = []
    for _ in periods:
        limits, own = draw(_limits("period", head, None if fills is Fills.ALL else OF_MONTH + OF_DAY))
        column = draw(st.tuples(*[prices] * (len(own.limits) + 1)))
        own.price = [fraction(p) for p in column]
        part.parts.append(own)
        made.append(PeriodSteps(**head, **limits, prices_e6=column))
    return TieredByPeriod(**head, periods=tuple(periods), parts=tuple(made), fills=fills), part


@st.composite
def _tax(draw, head, earlier):
    rate_e6, mode = draw(st.integers(0, 10**6)), draw(st.sampled_from(TaxMode))
    on = tuple(draw(st.lists(st.sampled_from(earlier), min_size=1, unique=True)))
    part = Part("tax", head["code"], rate=Fraction(rate_e6, 10**6), inside=mode is TaxMode.INSIDE, on=on)
    return Tax(**head, rate_e6=rate_e6, mode=mode, on=on), part


@st.composite
def _limits(draw, kind, head, words=None):
    """Limits, what they are per, and allowances: as keywords of a component, and as a part."""
    limits = tuple(draw(limits_wh))
    words = words or draw(st.sampled_from([OF_CYCLE, OF_MONTH + OF_DAY]))
    one = st.lists(st.sampled_from(words), min_size=1, max_size=1)
    each = st.lists(st.sampled_from(words), min_size=len(limits), max_size=len(limits))
    per = draw(one | each) or [words[0]]
    part = Part(kind, head["code"], limits=[Fraction(wh, 1000) for wh in limits], limits_per=per)
    allowances = []
    for persons in sorted(draw(st.lists(st.integers(1, 7), max_size=2, unique=True))):
        # Growing by ascending amounts keeps the limits in order.
        grow = tuple(sorted(draw(st.lists(st.integers(0, 10**6), min_size=len(limits), max_size=len(limits)))))
        allowances.append(HouseholdAllowance(from_persons=persons, grow_wh=grow))
        part.allowances.append((persons, [Fraction(wh, 1000) for wh in grow]))
    keys = {"limits_wh": limits, "limits_per": tuple(map(LimitsPer, per)), "allowances": tuple(allowances)}
    return keys, part


@st.composite
def _stepped(draw, kind, head, periods):
    limits, part = draw(_limits(kind, head))
    steps = len(part.limits) + 1
    if kind != "tiered_time_of_use":
        column = draw(st.tuples(*[prices] * steps))
        part.price = [fraction(p) for p in column]
        made = TieredEnergy if kind == "tiered_energy" else VolumeEnergy
        return made(**head, **limits, prices_e6=column), part
    table = draw(st.tuples(*[st.tuples(*[prices] * len(periods))] * steps))
    part.price = [[fraction(p) for p in row] for row in table]
    convention = draw(st.sampled_from(Convention))
    part.convention = convention.value
    return TieredTimeOfUse(**head, **limits, periods=tuple(periods), prices_e6=table, convention=convention), part


@st.composite
def segments(draw, plan, most=5, energy=energy_wh, least=1):
    """Segments for a plan: as a batch, and as cases of the oracle."""
    rows = draw(st.lists(_row(len(plan.periods), energy), min_size=least, max_size=most))
    for row in rows:
        row["ordered"] = _in_some_order(row["used"], steps_in_order(plan), Random(row["seed"]))
        row["series"] = [row["series"] // (place + 1) for place in range(len(plan.priced_by_hour))]
    return batch_of(rows, plan), [case_of(row) for row in rows]


def steps_in_order(plan):
    """How many steps are filled in order of time."""
    return max((len(one.limits_wh) + 1 for one in plan.components if Input.ORDERED_WH in one.needs), default=1)


def _in_some_order(used, steps, chance):
    """Some cells that sum to the use of each period: whoever measured them knows why."""
    columns = []
    for wh in used:
        cuts = sorted(chance.randint(0, abs(wh)) for _ in range(steps - 1))
        parts = [end - start for start, end in zip([0, *cuts], [*cuts, abs(wh)], strict=True)]
        columns.append([part if wh >= 0 else -part for part in parts])
    return [list(row) for row in zip(*columns, strict=True)]


def _row(periods, energy):
    same_sign = st.lists(energy.map(abs), min_size=periods, max_size=periods)
    signed = st.lists(energy, min_size=periods, max_size=periods)
    return st.fixed_dictionaries(
        {
            "used": same_sign | same_sign.map(lambda used: [-wh for wh in used]) | signed,
            "before": energy,
            "days": st.integers(0, 400),
            "months_e9": st.integers(0, 14 * 10**9) | st.sampled_from([10**9, 2 * 10**9]),
            "household": st.integers(0, 9),
            "peak_w": st.integers(0, 10**7),
            "series": st.integers(-(10**17), 10**17),
            "seed": st.integers(0, 10**6),
        }
    )


def batch_of(rows, plan):
    def column(name):
        return np.array([row[name] for row in rows], dtype=np.int64)

    given = {
        Input.PEAK_W: column("peak_w")[:, None],
        Input.SERIES_E9: column("series"),
        Input.ORDERED_WH: column("ordered"),
    }
    return RatingBatch.of(
        used_wh=column("used"),
        before_wh=column("before"),
        days=column("days"),
        month_share_e9=column("months_e9"),
        household=column("household"),
        inputs={name: values for name, values in given.items() if name in plan.needs},
    )


def case_of(row):
    return Case(
        used=[Fraction(wh, 1000) for wh in row["used"]],
        before=Fraction(row["before"], 1000),
        days=row["days"],
        months=Fraction(row["months_e9"], 10**9),
        household=row["household"],
        peak=Fraction(row["peak_w"], 1000),
        series=[Fraction(amount, 10**11) for amount in row["series"]],
        ordered=[[Fraction(wh, 1000) for wh in cells] for cells in row["ordered"]],
    )
