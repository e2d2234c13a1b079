"""
Whole bills by school arithmetic: what is known of a segment, rules in their order, rounding and total.

Written apart from tariffs.domain and sharing no code with it; steps and taxes are those of ``oracle``, all other rules
are in ``oracle_charges``. Energy is in kWh, power in kW, money in major units, all exact; only ``Line.amount`` is rounded. A part
is a rule with its numbers: ``lines(facts, base)`` charges, ``adjust(facts)`` changes what is billed before.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from tests.unit.tariffs import oracle_power as power
from tests.unit.tariffs.oracle import Case, Line, Part, lines_of, nearest

WH = Fraction(1, 1000)
CENT = Fraction(1, 100)
NOTHING = Fraction(0)


@dataclass
class Facts:
    used: list[Fraction]
    export: list[Fraction]
    peaks: list[Fraction]
    billed_peaks: list[Fraction]
    past: list[list[Fraction]]
    submeters: list[Fraction]
    kvarh: Fraction
    kvar: Fraction
    kva: Fraction
    contract: Fraction
    before: Fraction
    months: Fraction
    year: Fraction
    days: int
    month: int
    month_end: int
    final: bool
    minutes: int
    meters: int
    account_days: int
    household: int
    blocks: int
    features: set[str]
    ordered: list[list[Fraction]]
    carried: dict[str, Fraction] = field(default_factory=dict)

    @property
    def kwh(self):
        return sum(self.used, NOTHING)

    def time(self, per):
        return Fraction(self.days) if per == "day" else self.months

    def paid(self, proration):
        return power.months_paid(proration, self.days, self.months)


@dataclass
class Rule:
    code: str
    lines: Callable[[Facts, Fraction], list[Line]]
    adjust: Callable[[Facts], None] | None = None
    on: tuple[str, ...] = ()
    months: frozenset[int] = frozenset()
    only_for: tuple[str, ...] = ()
    not_for: tuple[str, ...] = ()

    def holds(self, facts):
        return (
            (not self.months or facts.month in self.months)
            and (not self.only_for or bool(facts.features & set(self.only_for)))
            and not facts.features & set(self.not_for)
        )


def bill(rules, facts, *, by_bill):
    """All lines, rounded to 0.01, and their total."""
    facts, seen = copy.deepcopy(facts), {}
    for rule in rules:
        if rule.adjust:
            seen[rule.code] = copy.deepcopy(facts)
            if rule.holds(facts):
                rule.adjust(facts)
    found, exact, shown = [], NOTHING, NOTHING
    for rule in rules:
        on = [line for line in found if line.counts and (rule.on == ("*",) or line.key.split("/")[0] in rule.on)]
        lines = rule.lines(seen.get(rule.code, facts), sum((line.amount for line in on), NOTHING))
        if not rule.holds(facts):
            lines = [Line(x.key, facts.carried.get(x.key, NOTHING), NOTHING, counts=x.counts) for x in lines]
        for line in lines:
            if by_bill and not rule.on:
                exact += line.exact
                line.amount = nearest(exact, CENT) - shown
                shown += line.amount
            else:
                line.amount = nearest(line.exact, CENT)
        found += lines
    return found, sum((line.amount for line in found if line.counts), NOTHING)


def in_order(code, prices, periods):
    """Steps in order of time: each cell at its price."""

    def lines(facts, base):
        return [
            Line(f"{code}/{step}/{period}", facts.ordered[step - 1][place], facts.ordered[step - 1][place] * row[place])
            for step, row in enumerate(prices, start=1)
            for place, period in enumerate(periods)
        ]

    return Rule(code, lines)


def plain(part: Part, periods):
    """A part of ``oracle``: steps, blocks, periods of use, taxes, standing charges."""

    def lines(facts, base):
        if part.kind == "tax":
            share = part.rate / (1 + part.rate) if part.inside else part.rate
            return [Line(part.code, base, base * share, counts=not part.inside)]
        case = Case(facts.used, facts.before, facts.days, facts.months, facts.household, facts.peaks[0])
        return lines_of(part, case, periods, [])

    return Rule(part.code, lines, on=part.on)
