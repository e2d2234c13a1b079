"""
A bill by school arithmetic, one segment at a time, in fractions: what the kernel is compared with.

Written apart from tariffs.domain and sharing no code with it. Energy is in kWh, money in major units, all exact; only
``Line.amount`` is rounded. A tariff is a plain description (``Part``), a segment is a ``Case``.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor

Prices = Fraction | list[Fraction] | list[list[Fraction]]


@dataclass
class Part:
    kind: str
    code: str
    price: Prices = Fraction(0)
    per: str = "day"
    limits: list[Fraction] = field(default_factory=list)
    limits_per: list[str] = field(default_factory=lambda: ["cycle"])
    allowances: list[tuple[int, list[Fraction]]] = field(default_factory=list)
    convention: str = "proportional"
    size: Fraction = Fraction(1)
    free: Fraction = Fraction(0)
    fee_of: str = "entered"
    fills: str = "own"
    parts: list["Part"] = field(default_factory=list)
    place: int = 0
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
    peak: Fraction = Fraction(0)
    series: list[Fraction] = field(default_factory=list)
    ordered: list[list[Fraction]] = field(default_factory=list)


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


def tops_of(case: Case, part: Part, wh: Fraction = Fraction(1, 1000)) -> list[Fraction]:
    """The upper limits for this household and this stretch of time; a limit never passes one after it."""
    grow = [Fraction(0)] * len(part.limits)
    for persons, more in part.allowances:
        if case.household >= persons:
            grow = more
    per = part.limits_per * len(part.limits) if len(part.limits_per) == 1 else part.limits_per
    times = {
        "month": case.months,
        "day": Fraction(case.days),
        "kw": case.months * case.peak,
        "kw_day": case.days * case.peak,
    }
    tops = [
        limit + more if one == "cycle" else nearest((limit + more) * times[one], wh)
        for limit, more, one in zip(part.limits, grow, per, strict=False)
    ]
    return [min(tops[place:]) for place in range(len(tops))]


def start_of(case: Case, part: Part) -> Fraction:
    """Where the count stands at first: limits of the segment itself count from nothing."""
    return case.before if "cycle" in part.limits_per else Fraction(0)


def steps(case: Case, part: Part) -> list[tuple[Fraction | None, Fraction | None]]:
    """The (bottom, top) of each step; None = open."""
    tops = tops_of(case, part)
    return list(zip([None, *tops], [*tops, None], strict=True))


def inside_steps(case: Case, part: Part) -> list[Fraction]:
    """Walk from the old to the new count of energy and note what is passed in each step; backwards is negative."""
    start = start_of(case, part)
    stop = start + sum(case.used)
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
        home = [bottom is None or bottom <= start_of(case, part) for bottom, _ in steps(case, part)].count(True) - 1
        return [list(case.used) if place == home else [Fraction(0)] * len(case.used) for place in range(len(inside))]

    def corner(step: int, period: int) -> Fraction:
        return nearest(sum(inside[:step], Fraction(0)) * sum(case.used[:period], Fraction(0)) / total, wh)

    return [
        [corner(s + 1, p + 1) - corner(s, p + 1) - corner(s + 1, p) + corner(s, p) for p in range(len(case.used))]
        for s in range(len(inside))
    ]


def step_at(count: Fraction, tops: list[Fraction]) -> int:
    return sum(count > top for top in tops)


def volume_lines(part: Part, case: Case) -> list[Line]:
    """What the count came to, at the price of its step, less what it was before, at the price of its step then."""
    tops, start = tops_of(case, part), start_of(case, part)
    stop = start + sum(case.used)
    energies = [
        (stop if step_at(stop, tops) == step else 0) - (start if step_at(start, tops) == step else 0)
        for step in range(len(part.price))
    ]
    pairs = zip(energies, part.price, strict=True)
    return [Line(f"{part.code}/{step}", Fraction(wh), wh * price) for step, (wh, price) in enumerate(pairs, 1)]


def package_lines(part: Part, case: Case) -> list[Line]:
    start = start_of(case, part)
    begun = [max(ceil((count - part.free) / part.size), 0) for count in (start, start + sum(case.used))]
    return [Line(part.code, Fraction(begun[1] - begun[0]), (begun[1] - begun[0]) * part.price)]


def fee_lines(part: Part, case: Case) -> list[Line]:
    reached = step_at(sum(case.used, Fraction(0)), tops_of(case, part))
    time = Fraction(case.days) if part.per == "day" else case.months
    lines = []
    for step, fee in enumerate(part.price):
        pays = step <= reached if part.fee_of == "entered" else step == reached
        lines.append(Line(f"{part.code}/{step + 1}", time * pays, time * pays * fee))
    return lines


def by_period_lines(part: Part, case: Case, periods: list[str]) -> list[Line]:
    lines = []
    for period, used, own in zip(periods, case.used, part.parts, strict=True):
        if part.fills == "own":
            alone = Case([used], days=case.days, months=case.months, household=case.household, peak=case.peak)
            energies = inside_steps(alone, own)
        else:
            energies = shares(case, own, used)
        lines += [
            Line(f"{part.code}/{step}/{period}", wh, wh * price)
            for step, (wh, price) in enumerate(zip(energies, own.price, strict=True), 1)
        ]
    return lines


def shares(case: Case, part: Part, used: Fraction) -> list[Fraction]:
    """A period's share of the energy in each step of its own: of all below a limit, as much as of all energy."""
    total, start, inside = sum(case.used), start_of(case, part), inside_steps(case, part)
    if total == 0:
        home = sum(top <= start for top in tops_of(case, part))
        return [used if step == home else Fraction(0) for step in range(len(inside))]
    below = [nearest(sum(inside[: step + 1]) * used / total, Fraction(1, 1000)) for step in range(len(inside))]
    return [one - other for one, other in zip(below, [Fraction(0), *below], strict=False)]


def whole_lines(part: Part, case: Case) -> list[Line]:
    """One line for a standing charge, or for all energy."""
    used = sum(case.used, Fraction(0))
    if part.kind == "fixed":
        used = Fraction(case.days) if part.per == "day" else case.months
    added = case.series[part.place] if part.kind == "dynamic" else 0
    return [Line(part.code, used, used * part.price + added)]


def tier_lines(part: Part, case: Case) -> list[Line]:
    pairs = zip(inside_steps(case, part), part.price, strict=True)
    return [Line(f"{part.code}/{step}", energy, energy * price) for step, (energy, price) in enumerate(pairs, 1)]


def period_lines(part: Part, case: Case, periods: list[str]) -> list[Line]:
    triples = zip(periods, case.used, part.price, strict=True)
    return [Line(f"{part.code}/{period}", used, used * price) for period, used, price in triples]


def cell_lines(part: Part, case: Case, periods: list[str]) -> list[Line]:
    table = case.ordered if part.convention == "time_order" else cells(case, part)
    return [
        Line(f"{part.code}/{step}/{period}", energy, energy * price)
        for step, (row, prices) in enumerate(zip(table, part.price, strict=True), 1)
        for period, energy, price in zip(periods, row, prices, strict=True)
    ]


def tax_lines(part: Part, before: list[Line]) -> list[Line]:
    base = sum((line.amount for line in before if line.counts and line.key.split("/")[0] in part.on), Fraction(0))
    share = part.rate / (1 + part.rate) if part.inside else part.rate
    return [Line(part.code, base, base * share, counts=not part.inside, on_amounts=True)]


ALONE = {
    "fixed": whole_lines,
    "energy": whole_lines,
    "dynamic": whole_lines,
    "tiered_energy": tier_lines,
    "volume_energy": volume_lines,
    "package_energy": package_lines,
    "step_fee": fee_lines,
}
BY_PERIOD = {"time_of_use": period_lines, "tiered_time_of_use": cell_lines, "tiered_by_period": by_period_lines}


def lines_of(part: Part, case: Case, periods: list[str], before: list[Line]) -> list[Line]:
    if part.kind in ALONE:
        return ALONE[part.kind](part, case)
    if part.kind in BY_PERIOD:
        return BY_PERIOD[part.kind](part, case, periods)
    return tax_lines(part, before)


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
