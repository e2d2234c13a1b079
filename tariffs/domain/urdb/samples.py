"""
Test vectors of an imported rate: what some months cost by the prices of the file.

Computed in fractions from the ``Rate`` alone, without our components, so that a wrong document, or a wrong component,
is found before it is published. Energy is chosen so that no kWh is split finer than a Wh.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from math import floor, gcd

from cis.kernel import fixed
from tariffs.domain.components.basic import Per
from tariffs.domain.components.blocks import Fills
from tariffs.domain.components.tiers import LimitsPer
from tariffs.domain.inputs import Input
from tariffs.domain.plan import WHOLE_TIME
from tariffs.domain.urdb.naming import Period
from tariffs.domain.urdb.numbers import MINOR_PLACES
from tariffs.domain.urdb.rate import MONTHS, Amount, Choices, Rate, Tiers, limits_of
from tariffs.domain.urdb.writing import kilo, quoted

DAYS = 30
KILO = 1000
E6 = 10**6
HALF = Fraction(1, 2)
LITTLE_WH = 1_000
MUCH_WH = 60_000
STEP_W = 10_000
MOST_TENFOLD = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """
    A month of 30 days and what was used in it.

    month        0 to 11
    used_wh      by number of the period of use [Wh]
    peaks_w      by number of the period of demand [W]
    peak_w       largest demand at whatever hour [W]
    past_w       that of the month before [W]
    largest_var  largest reactive demand [var]
    """

    name: str
    month: int
    used_wh: Mapping[int, int]
    peaks_w: Mapping[int, int]
    peak_w: int
    past_w: int
    largest_var: int


def vectors_of(
    *,
    rate: Rate,
    choices: Choices,
    needs: Collection[Input],
    periods: Sequence[Period],
    demand_periods: Sequence[Period],
) -> list[str]:
    """
    Return the TOML lines of the vectors: for each kind of month little use, and much use in each period and in all.

    needs                    what the components of the document ask for
    periods, demand_periods  as the document names them, () where it has one alone
    """
    lines: list[str] = []
    for month in kinds_of_months(rate):
        for sample in _samples_of(rate, choices, month):
            total = fixed.to_text(total_cents(rate=rate, choices=choices, sample=sample), places=MINOR_PLACES)
            inputs = _inputs(rate, choices, sample, needs, periods, demand_periods)
            lines += ["", "[[vector]]", f"name = {quoted(sample.name)}", f"used_kwh = {_used(sample, periods)}"]
            lines += [f"inputs = {{ {', '.join(inputs)} }}"] if inputs else []
            lines.append(f"total = {quoted(total)}")
    return lines


def kinds_of_months(rate: Rate) -> list[int]:
    """Return the first month, 0 to 11, of each set of prices."""
    kinds: dict[object, int] = {}
    for month in range(MONTHS):
        energy = rate.energy.of_month(month) if rate.energy else ()
        demand = rate.demand.of_month(month) if rate.demand else ()
        kinds.setdefault((energy, demand, rate.flat[month] if rate.flat else ()), month)
    return list(kinds.values())


def _samples_of(rate: Rate, choices: Choices, month: int) -> list[Sample]:
    """Return the samples of one month."""
    periods = rate.energy.of_month(month) if rate.energy else (0,)
    demands = rate.demand.of_month(month) if rate.demand else ()
    low = Sample(
        name=f"month {month + 1}, little use",
        month=month,
        used_wh=dict.fromkeys(periods, LITTLE_WH),
        peaks_w={number: STEP_W * (place + 1) for place, number in enumerate(demands)},
        peak_w=STEP_W * max(len(demands), 1),
        past_w=0,
        largest_var=STEP_W,
    )
    tops = [limit for tiers in _power_tiers(rate, month, demands) for limit, _ in limits_of(tiers)]
    peak_w = max([0, *tops]) + STEP_W * (len(demands) + 1)
    peaks = {number: peak_w - STEP_W * place for place, number in enumerate(demands)}
    high = replace(low, peaks_w=peaks, peak_w=peak_w, past_w=2 * peak_w, largest_var=3 * STEP_W)
    limits = [top for tiers in _energy_tiers(rate, periods) for top in _limits_wh(tiers, _billed_w(rate, high))]
    found = [low]
    for number in periods:
        used = dict.fromkeys(periods, 0) | {number: max([0, *limits]) + MUCH_WH}
        found.append(replace(high, name=f"month {month + 1}, much use in period {number}", used_wh=used))
    mixed = _shared_out(limits, periods)
    found += [replace(high, name=f"month {month + 1}, much use", used_wh=mixed)] if mixed else []
    return [low, *(_unlifted(rate, choices, sample) for sample in found[1:])]


def _unlifted(rate: Rate, choices: Choices, sample: Sample) -> Sample:
    """Return a sample with so much more of its energy that its prices count, and not its least charge alone."""
    least, found = sum(_timed_cents(one) for one in rate.minimum), sample
    for _ in range(MOST_TENFOLD):
        if _exact_cents(rate, choices, found) > least:
            return found
        found = replace(found, used_wh={number: 10 * wh for number, wh in found.used_wh.items()})
    return sample


def _energy_tiers(rate: Rate, periods: Sequence[int]) -> list[Tiers]:
    return [rate.energy.structure[number] for number in periods] if rate.energy else []


def _power_tiers(rate: Rate, month: int, demands: Sequence[int]) -> list[Tiers]:
    flat = [rate.flat[month]] if rate.flat else []
    return flat + ([rate.demand.structure[number] for number in demands] if rate.demand else [])


def _shared_out(limits: Sequence[int], periods: Sequence[int]) -> dict[int, int]:
    """Return energy of all periods above all limits, each limit shared out in whole Wh; {} where none is, or one."""
    whole = gcd(*limits) if limits else MUCH_WH
    if len(periods) == 1 or whole < len(periods) ** 2:
        return {}
    weights = [whole // len(periods) // (place + 1) for place in range(len(periods) - 1)]
    weights.append(whole - sum(weights))
    times = max(limits, default=MUCH_WH) // whole + 1
    return dict(zip(periods, [weight * times for weight in weights], strict=True))


def _limits_wh(tiers: Tiers, peak_w: int) -> list[int]:
    """Return the limits of tiers of energy in the month; one inside a block of kWh per kW ends with it. [Wh]"""
    times = {
        LimitsPer.MONTH: Fraction(1),
        LimitsPer.DAY: Fraction(DAYS),
        LimitsPer.KW: Fraction(peak_w, KILO),
        LimitsPer.KW_DAY: Fraction(DAYS * peak_w, KILO),
    }
    found = [floor(limit * times[per] + HALF) for limit, per in limits_of(tiers)]
    return [min(found[place:]) for place in range(len(found))]


def _billed_w(rate: Rate, sample: Sample) -> int:
    """Return the demand at whatever hour that is billed: the peak, or a part of one that is looked back at. [W]"""
    back = rate.look_back
    if back is None or (back.months and (sample.month - 1) % MONTHS + 1 not in back.months):
        return sample.peak_w
    return max(sample.peak_w, floor(Fraction(sample.past_w * back.part_e6, E6) + HALF))


def total_cents(*, rate: Rate, choices: Choices, sample: Sample) -> int:
    """Return what the month costs: its exact sum rounded, and lifted to the least charge. [cent]"""
    total = _rounded(_exact_cents(rate, choices, sample))
    for one in rate.minimum:
        total += _rounded(max(_timed_cents(one) - max(total, 0), Fraction(0)))
    return total


def _exact_cents(rate: Rate, choices: Choices, sample: Sample) -> Fraction:
    """Return what the month costs before rounding and its least charge. [cent]"""
    power_w = _billed_w(rate, sample)
    exact = _energy_cents(rate, choices, sample, power_w)
    if rate.flat is not None:
        exact += _power_cents(rate.flat[sample.month], power_w)
    if rate.demand is not None:
        exact += sum(_power_cents(rate.demand.structure[number], peak_w) for number, peak_w in sample.peaks_w.items())
    exact += Fraction(sample.largest_var * rate.reactive_e6, KILO * E6)
    return exact + sum(_timed_cents(one) for one in rate.fixed)


def _energy_cents(rate: Rate, choices: Choices, sample: Sample, power_w: int) -> Fraction:
    """Return what energy costs. [cent]"""
    exact = Fraction(0)
    for number, used_wh in sample.used_wh.items() if rate.energy is not None else ():
        tiers = rate.energy.structure[number] if rate.energy is not None else ()
        exact += _priced(tiers, Fraction(used_wh), _tops_wh(choices, sample, tiers, used_wh, power_w))
    return exact


def _tops_wh(choices: Choices, sample: Sample, tiers: Tiers, used_wh: int, power_w: int) -> list[Fraction]:
    """Return what of a period's energy lies below each limit: its share, unless it fills tiers of its own. [Wh]"""
    counted_wh = used_wh if choices.fills is Fills.OWN else sum(sample.used_wh.values())
    share = Fraction(used_wh, counted_wh) if counted_wh else Fraction(0)
    return [share * min(counted_wh, limit) for limit in _limits_wh(tiers, power_w)]


def _power_cents(tiers: Tiers, power_w: int) -> Fraction:
    """Return what a demand costs. [cent]"""
    return _priced(tiers, Fraction(power_w), [Fraction(min(power_w, limit)) for limit, _ in limits_of(tiers)])


def _priced(tiers: Tiers, quantity: Fraction, tops: Sequence[Fraction]) -> Fraction:
    """Return what a quantity costs, of which so much lies below each limit, in thousandths of the unit. [cent]"""
    edges = [Fraction(0), *tops, quantity]
    parts = [high - low for low, high in pairwise(edges)]
    return sum((part * tier.price_e6 for part, tier in zip(parts, tiers, strict=True)), Fraction(0)) / (KILO * E6)


def _timed_cents(amount: Amount) -> Fraction:
    """Return a charge by time for the month. [cent]"""
    return Fraction(amount.price_e6 * (DAYS if amount.per is Per.DAY else 1), E6)


def _rounded(cents: Fraction) -> int:
    """Return cents rounded to the nearest, a half away from zero."""
    size = floor(abs(cents) + HALF)
    return size if cents >= 0 else -size


def _used(sample: Sample, periods: Sequence[Period]) -> str:
    """Return the energy as a vector has it: one number, or a table by period of use."""
    if not periods:
        return quoted(kilo(sum(sample.used_wh.values())))
    return _table((one.code, kilo(sample.used_wh.get(one.number, 0))) for one in periods)


def _inputs(
    rate: Rate,
    choices: Choices,
    sample: Sample,
    needs: Collection[Input],
    periods: Sequence[Period],
    demand_periods: Sequence[Period],
) -> list[str]:
    """Return what the components ask for besides, as keys with their values."""
    by_period = [(one.code, kilo(sample.peaks_w.get(one.number, 0))) for one in demand_periods]
    peak = quoted(kilo(sample.peak_w))
    if by_period:
        peak = _table([(WHOLE_TIME, kilo(sample.peak_w)), *by_period])
    written = {
        Input.MONTH: f"month = {sample.month + 1}",
        Input.MONTH_END: "month_end = 0",
        Input.ORDERED_WH: f"ordered_kwh = {_ordered(rate, choices, sample, periods)}",
        Input.PAST_PEAKS_W: f"past_peaks_kw = [{quoted(kilo(sample.past_w))}]",
        Input.PEAK_W: f"peak_kw = {peak}",
        Input.REACTIVE_PEAK_VAR: f"reactive_peak_kvar = {quoted(kilo(sample.largest_var))}",
    }
    return [written[need] for need in sorted(needs) if need in written]


def _ordered(rate: Rate, choices: Choices, sample: Sample, periods: Sequence[Period]) -> str:
    """Return the energy by period and tier, as a table of lists."""
    structure = rate.energy.structure if rate.energy is not None else ()
    steps, rows = max(map(len, structure), default=1), []
    for one in periods:
        used_wh, tiers = sample.used_wh.get(one.number, 0), structure[one.number]
        tops = _tops_wh(choices, sample, tiers, used_wh, _billed_w(rate, sample))
        edges = [0, *map(int, tops), used_wh, *[used_wh] * (steps - len(tiers))]
        rows.append(f"{one.code} = [{', '.join(quoted(kilo(high - low)) for low, high in pairwise(edges))}]")
    return f"{{ {', '.join(rows)} }}"


def _table(pairs: Iterable[tuple[str, str]]) -> str:
    """Return texts by code."""
    return "{ " + ", ".join(f"{code} = {quoted(text)}" for code, text in pairs) + " }"
