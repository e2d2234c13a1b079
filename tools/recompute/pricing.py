"""A segment priced under a tariff: component by component, rounded, with the tax that is in each line."""

from dataclasses import dataclass, field
from fractions import Fraction

from recompute import demand_charges, energy_charges, export_charges, other_charges
from recompute.numbers import CannotTell, number, rounded
from recompute.other_charges import tax_on
from recompute.segment import Line, Segment
from recompute.terms import Keys, Tariff

KINDS = {**energy_charges.KINDS, **demand_charges.KINDS, **other_charges.KINDS, **export_charges.KINDS}
ADDS = {**other_charges.ADDS, **export_charges.ADDS}
COMMON = "kind code label ledger months only_for not_for"
PLACES = {"kWh": 3, "kW": 3, "kVA": 3, "kvarh": 3, "kvar": 3, "day": 0, "month": 9, "meter": 0, "block": 0, "factor": 2}
LEDGERS = {
    "tax": "tax",
    "concession": "fund",
    **dict.fromkeys(
        (
            "fixed",
            "step_fee",
            "capacity",
            "contracted_demand",
            "measured_demand",
            "billed_demand",
            "meter_charge",
            "account_charge",
        ),
        "fixed",
    ),
    **dict.fromkeys(("minimum_charge", "maximum_charge", "yearly_minimum", "yearly_maximum"), "fixed"),
    "power_factor_demand": "fixed",
    "reactive_demand": "fixed",
}
"""Where a component is posted that does not say it; all others under energy."""


@dataclass
class Priced:
    """A line with its amounts in whole minor units."""

    line: Line
    ledger: str
    amount: int
    tax: int = 0


@dataclass
class Step:
    """What one component charged: whether it held, on what, within which limits, and its lines."""

    code: str
    kind: str
    charged: bool
    on: list[str]
    base: int
    limits: dict[str, list[int]]
    lines: list[Priced]


@dataclass
class Result:
    """All steps, and the segment as its losses and credits left it."""

    segment: Segment
    steps: list[Step] = field(default_factory=list)

    @property
    def lines(self) -> list[Priced]:
        return [priced for step in self.steps for priced in step.lines]

    @property
    def total(self) -> int:
        return sum(one.amount for one in self.lines if one.line.counts)


def price(tariff: Tariff, segment: Segment) -> Result:
    """Return what a segment costs."""
    final, seen = adjusted(tariff, segment)
    found, rounder = Result(final), Rounder(by_line=tariff.by_line)
    for keys in tariff.components:
        code, kind = keys.need("code"), keys.need("kind")
        own = seen.get(code, final)
        base = base_of(keys, found)
        holds = held(keys, final)
        amount = sum(one.amount for one in base)
        lines = KINDS[kind][0](keys, tariff, own, amount)
        if not holds:
            lines = [rested(line, own) for line in lines]
        amounts = rounder.round([line.exact for line in lines], alone=bool(base))
        ledger = keys.get("ledger", LEDGERS.get(kind, "energy"))
        priced = [Priced(line, ledger, minor) for line, minor in zip(lines, amounts, strict=True)]
        put_tax(keys, base, priced)
        found.steps.append(Step(code, kind, holds, list(keys.get("on") or []), amount, limits_of(keys, own), priced))
    return found


def adjusted(tariff: Tariff, segment: Segment) -> tuple[Segment, dict[str, Segment]]:
    """Return the segment with what some components add to it, and as each of these saw it before."""
    seen = {}
    for keys in tariff.components:
        kind = keys.need("kind")
        if kind not in KINDS:
            raise CannotTell(f"{keys.where} is of the kind {kind}")
        keys.only(f"{COMMON} {KINDS[kind][1]}")
        if kind in ADDS:
            seen[keys.need("code")] = segment
            if held(keys, segment):
                segment = ADDS[kind](keys, tariff, segment)
    return segment, seen


def held(keys: Keys, segment: Segment) -> bool:
    """Return whether a component holds in the segment's month and for its customer."""
    months, only, without = (keys.get(key) or [] for key in ("months", "only_for", "not_for"))
    if months and segment["month"] not in months:
        return False
    if only and not set(only) & set(segment["features"]):
        return False
    return not (without and set(without) & set(segment["features"]))


def rested(line: Line, segment: Segment) -> Line:
    """Return a line of a component that does not hold: nothing is charged, and what was carried is carried on."""
    kept = segment.carried(line.key) if line.carries else 0
    return Line(line.key, line.unit, kept, line.price, Fraction(0), line.counts, line.carries)


def base_of(keys: Keys, found: Result) -> list[Priced]:
    """Return the lines so far that a component is charged on."""
    on = keys.get("on") or []
    return [one for one in found.lines if one.line.counts and ("*" in on or one.line.code in on)]


class Rounder:
    """
    Rounds lines to minor units.

    By line, each by itself. By bill, a line is what the rounded sum grows by; what is charged on rounded lines stands
    alone there too.
    """

    def __init__(self, *, by_line: bool) -> None:
        self.by_line = by_line
        self.sum = Fraction(0)

    def round(self, amounts: list[Fraction], *, alone: bool) -> list[int]:
        if self.by_line or alone:
            return [rounded(amount) for amount in amounts]
        found = []
        for amount in amounts:
            found.append(rounded(self.sum + amount) - rounded(self.sum))
            self.sum += amount
        return found


def put_tax(keys: Keys, base: list[Priced], priced: list[Priced]) -> None:
    """Note in each line the tax that it contains; the lines of the base sum to the tax as it is rounded."""
    if keys.need("kind") != "tax":
        return
    if keys.need("mode") == "on_top":
        for one in priced:
            one.tax = one.amount
        return
    rate, running, before = number(keys.need("rate")), 0, 0
    for one in base:
        running += one.amount
        until = rounded(tax_on(running, rate, on_top=False))
        one.tax += until - before
        before = until


def limits_of(keys: Keys, segment: Segment) -> dict[str, list[int]]:
    """Return the limits in Wh within which a component priced the segment, by period; {} where it has none."""
    if keys.need("kind") == "tiered_by_period":
        tables = keys.table("steps")
        parts = ((name, tables.table(name)) for name in keys.need("steps"))
        return {
            name: energy_charges.limits(part, segment, wide=False)[0] for name, part in parts if part.has("limits_kwh")
        }
    if keys.has("limits_kwh") and keys.need("kind") != "tiered_export":
        return {"": energy_charges.limits(keys, segment)[0]}
    return {}
