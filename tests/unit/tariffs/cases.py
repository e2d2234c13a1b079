"""Random tariffs and segments, each told twice: to the kernel in integers, to the oracle in fractions."""

from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

from tariffs.domain.batch import RatingBatch
from tariffs.domain.components.basic import Energy, Fixed, Per, Tax, TaxMode, TimeOfUse
from tariffs.domain.components.tiers import Convention, HouseholdAllowance, TieredEnergy, TieredTimeOfUse
from tariffs.domain.lines import LedgerClass
from tariffs.domain.plan import Scope, compile_plan
from tests.unit.tariffs.oracle import Case, Part

PRICE = 10**8  # price_e6 of 1 major unit per kWh, where the minor unit is its hundredth
KINDS = ("fixed", "energy", "time_of_use", "tiered_energy", "tiered_time_of_use", "tax")
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
    scope = draw(st.sampled_from(Scope))
    plan = compile_plan(components=tuple(components), periods=tuple(periods), rounding_scope=scope)
    return plan, parts, periods


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
    if kind == "tax":
        return draw(_tax(head, earlier))
    return draw(_stepped(kind, head, periods))


@st.composite
def _tax(draw, head, earlier):
    rate_e6, mode = draw(st.integers(0, 10**6)), draw(st.sampled_from(TaxMode))
    on = tuple(draw(st.lists(st.sampled_from(earlier), min_size=1, unique=True)))
    part = Part("tax", head["code"], rate=Fraction(rate_e6, 10**6), inside=mode is TaxMode.INSIDE, on=on)
    return Tax(**head, rate_e6=rate_e6, mode=mode, on=on), part


@st.composite
def _stepped(draw, kind, head, periods):
    limits = tuple(draw(limits_wh))
    part = Part(kind, head["code"], limits=[Fraction(wh, 1000) for wh in limits])
    allowance = None
    if draw(st.booleans()):
        # Growing by ascending amounts keeps the limits in order.
        grow = tuple(sorted(draw(st.lists(st.integers(0, 10**6), min_size=len(limits), max_size=len(limits)))))
        allowance = HouseholdAllowance(from_persons=draw(st.integers(1, 7)), grow_wh=grow)
        part.persons, part.grow = allowance.from_persons, [Fraction(wh, 1000) for wh in grow]
    steps = {"limits_wh": limits, "allowances": (allowance,) if allowance else ()}
    if kind == "tiered_energy":
        column = draw(st.tuples(*[prices] * (len(limits) + 1)))
        part.price = [fraction(p) for p in column]
        return TieredEnergy(**head, **steps, prices_e6=column), part
    table = draw(st.tuples(*[st.tuples(*[prices] * len(periods))] * (len(limits) + 1)))
    part.price = [[fraction(p) for p in row] for row in table]
    convention = Convention.PROPORTIONAL
    return TieredTimeOfUse(**head, **steps, periods=tuple(periods), prices_e6=table, convention=convention), part


@st.composite
def segments(draw, periods, most=5, energy=energy_wh):
    """Segments for a plan with p periods of use: as a batch, and as cases of the oracle."""
    rows = draw(st.lists(_row(periods, energy), min_size=1, max_size=most))
    return batch_of(rows), [case_of(row) for row in rows]


def _row(periods, energy):
    same_sign = st.lists(energy.map(abs), min_size=periods, max_size=periods)
    signed = st.lists(energy, min_size=periods, max_size=periods)
    return st.fixed_dictionaries(
        {
            "used": same_sign | same_sign.map(lambda used: [-wh for wh in used]) | signed,
            "before": energy,
            "days": st.integers(0, 400),
            "months_e9": st.integers(0, 14 * 10**9),
            "household": st.integers(0, 9),
        }
    )


def batch_of(rows):
    def column(name):
        return np.array([row[name] for row in rows], dtype=np.int64)

    return RatingBatch.of(
        used_wh=column("used"),
        before_wh=column("before"),
        days=column("days"),
        month_share_e9=column("months_e9"),
        household=column("household"),
    )


def case_of(row):
    return Case(
        used=[Fraction(wh, 1000) for wh in row["used"]],
        before=Fraction(row["before"], 1000),
        days=row["days"],
        months=Fraction(row["months_e9"], 10**9),
        household=row["household"],
    )
