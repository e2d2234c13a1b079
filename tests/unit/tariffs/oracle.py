"""
A bill by school arithmetic, one segment at a time, in fractions: what the kernel is compared with.

Written apart from tariffs.domain and sharing no code with it. Energy is in kWh, money in major units, all exact; only
``Line.amount`` is rounded. A tariff is a plain description (``Part``), a segment is a ``Case``.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from math import floor

Prices = Fraction | list[Fraction] | list[list[Fraction]]


@dataclass
class Part:
    kind: str
    code: str
    price: Prices = Fraction(0)
    per: str = "day"
    limits: list[Fraction] = field(default_factory=list)
    persons: int | None = None
    grow: list[Fraction] = field(default_factory=list)
    rate: Fraction = Fraction(0)
    inside: bool = False
    on: tuple[str, ...] = ()


@dataclass
class Case:
    used: list[Fraction]
    before: Fraction = Fraction(0)
    days: int = 30
    months: Fraction = Fraction(1)
    household: int = 1


@dataclass
class Line:
    key: str
    quantity: Fraction
    exact: Fraction
    amount: Fraction = Fraction(0)
    counts: bool = True
    on_amounts: bool = False


def nearest(number: Fraction, step: Fraction) -> Fraction:
    """Round to a multiple of the step; halves away from zero."""
    size = floor(abs(number) / step + Fraction(1, 2)) * step
    return size if number >= 0 else -size


def steps(case: Case, part: Part) -> list[tuple[Fraction | None, Fraction | None]]:
    """The (bottom, top) of each step for this household; None = open."""
    tops = list(part.limits)
    if part.persons is not None and case.household >= part.persons:
        tops = [top + grow for top, grow in zip(tops, part.grow, strict=True)]
    return list(zip([None, *tops], [*tops, None], strict=True))


def inside_steps(case: Case, part: Part) -> list[Fraction]:
    """Walk from the old to the new count of energy and note what is passed in each step; backwards is negative."""
    start, stop = case.before, case.before + sum(case.used)
    low, high, sign = (start, stop, 1) if stop >= start else (stop, start, -1)
    passed = []
    for bottom, top in steps(case, part):
        entry = low if bottom is None else max(low, bottom)
        leave = high if top is None else min(high, top)
        passed.append(sign * max(leave - entry, Fraction(0)))
    return passed


def cells(case: Case, part: Part, wh: Fraction = Fraction(1, 1000)) -> list[list[Fraction]]:
    """Energy by step and period: each step in the mix of the whole, to the Wh."""
    inside = inside_steps(case, part)
    total = sum(case.used)
    if min(case.used) < 0 < max(case.used):
        return mixed_cells(case, part, inside, total, wh)
    table = [[] for _ in inside]
    rest, rest_total = list(inside), total
    for used in case.used[:-1]:
        dealt = Fraction(0)
        running = Fraction(0)
        for place, energy in enumerate(rest):
            running += energy
            until = nearest(running * used / rest_total, wh) if rest_total else Fraction(0)
            table[place].append(until - dealt)
            rest[place] = energy - (until - dealt)
            dealt = until
        rest_total -= used
    for place, energy in enumerate(rest):
        table[place].append(energy)
    return table


def mixed_cells(case, part, inside, total, wh):
    if total == 0:
        home = [bottom is None or bottom <= case.before for bottom, _ in steps(case, part)].count(True) - 1
        return [list(case.used) if place == home else [Fraction(0)] * len(case.used) for place in range(len(inside))]

    def corner(step: int, period: int) -> Fraction:
        return nearest(sum(inside[:step], Fraction(0)) * sum(case.used[:period], Fraction(0)) / total, wh)

    return [
        [corner(s + 1, p + 1) - corner(s, p + 1) - corner(s + 1, p) + corner(s, p) for p in range(len(case.used))]
        for s in range(len(inside))
    ]


def lines_of(part: Part, case: Case, periods: list[str], before: list[Line]) -> list[Line]:
    code = part.code
    if part.kind == "fixed":
        quantity = Fraction(case.days) if part.per == "day" else case.months
        return [Line(code, quantity, quantity * part.price)]
    if part.kind == "energy":
        return [Line(code, sum(case.used), sum(case.used) * part.price)]
    if part.kind == "time_of_use":
        triples = zip(periods, case.used, part.price, strict=True)
        return [Line(f"{code}/{period}", used, used * price) for period, used, price in triples]
    if part.kind == "tiered_energy":
        pairs = zip(inside_steps(case, part), part.price, strict=True)
        return [Line(f"{code}/{step}", energy, energy * price) for step, (energy, price) in enumerate(pairs, 1)]
    if part.kind == "tiered_time_of_use":
        return [
            Line(f"{code}/{step}/{period}", energy, energy * price)
            for step, (row, prices) in enumerate(zip(cells(case, part), part.price, strict=True), 1)
            for period, energy, price in zip(periods, row, prices, strict=True)
        ]
    base = sum((line.amount for line in before if line.counts and line.key.split("/")[0] in part.on), Fraction(0))
    share = part.rate / (1 + part.rate) if part.inside else part.rate
    return [Line(code, base, base * share, counts=not part.inside, on_amounts=True)]


def bill(parts: list[Part], case: Case, periods: list[str], *, by_bill: bool) -> tuple[list[Line], Fraction]:
    """All lines, rounded to 0.01, and their total."""
    cent = Fraction(1, 100)
    lines: list[Line] = []
    exact = shown = Fraction(0)
    for part in parts:
        for line in lines_of(part, case, periods, lines):
            if by_bill and not line.on_amounts:
                exact += line.exact
                line.amount = nearest(exact, cent) - shown
                shown += line.amount
            else:
                line.amount = nearest(line.exact, cent)
            lines.append(line)
    return lines, sum((line.amount for line in lines if line.counts), Fraction(0))
