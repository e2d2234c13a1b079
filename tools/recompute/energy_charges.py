"""What energy costs: at one price, by period of use, in steps, in packages."""

from fractions import Fraction
from itertools import accumulate, pairwise

from recompute.numbers import CannotTell, cut, number, rounded, times
from recompute.segment import Line, Segment, named
from recompute.terms import Keys, Tariff

KWH = 1000
PER = ("cycle", "month", "day", "kw", "kw_day")


def cost(wh: int, price: Fraction) -> Fraction:
    return price * wh / KWH


def line(code: str, wh: int, price: Fraction, step: int = 0, period: str = "") -> Line:
    return Line(named(code, step, period), "kWh", wh, price, cost(wh, price))


def energy(keys: Keys, tariff: Tariff, segment: Segment, _base: int) -> list[Line]:
    return [line(keys.need("code"), segment.total, tariff.price(keys))]


def time_of_use(keys: Keys, tariff: Tariff, segment: Segment, _base: int) -> list[Line]:
    prices = tariff.by_period(keys)
    return [line(keys.need("code"), segment.used[name], prices[name], period=name) for name in tariff.periods]


def limits(keys: Keys, segment: Segment, *, wide: bool = True) -> tuple[list[int], bool]:
    """Return the limits of a segment, in Wh: widened for its household, times what they are per."""
    found = keys.wholes("limits_kwh", KWH)
    per = keys.get("limits_per", "cycle")
    per = per if isinstance(per, list) else [per] * len(found)
    sizes = keys.get("household") or [] if wide else []
    for size in sizes if isinstance(sizes, list) else [sizes]:
        grow = [times(text, KWH) for text in size["grow_kwh"]]
        if segment.household >= size["from_persons"]:
            grown = [limit + more for limit, more in zip(keys.wholes("limits_kwh", KWH), grow, strict=True)]
            found = grown
    found = [scaled(limit, one, segment) for limit, one in zip(found, per, strict=True)]
    # None reaches above the one after it.
    return list(accumulate(reversed(found), min))[::-1], "cycle" in per


def scaled(limit: int, per: str, segment: Segment) -> int:
    if per not in PER:
        raise CannotTell(f"a limit is per {per}")
    if per == "cycle":
        return limit
    time = segment.months if per in ("month", "kw") else Fraction(segment.days)
    return rounded(limit * time * (Fraction(segment.peak, 1000) if per.startswith("kw") else 1))


def start_of(segment: Segment, *, is_cyclic: bool) -> int:
    return segment.before if is_cyclic else 0


def below(count_from: int, used: int, found: list[int]) -> list[int]:
    """Return the energy below each limit, and last all of it; the first step is open downward."""
    return [*(min(count_from + used, limit) - min(count_from, limit) for limit in found), used]


def inside(under: list[int]) -> list[int]:
    return [after - before for before, after in pairwise([0, *under])]


def tiered_energy(keys: Keys, tariff: Tariff, segment: Segment, _base: int) -> list[Line]:
    found, is_cyclic = limits(keys, segment)
    parts = inside(below(start_of(segment, is_cyclic=is_cyclic), segment.total, found))
    pairs = zip(parts, tariff.prices(keys), strict=True)
    return [line(keys.need("code"), wh, price, step=step) for step, (wh, price) in enumerate(pairs, 1)]


def tiered_time_of_use(keys: Keys, tariff: Tariff, segment: Segment, _base: int) -> list[Line]:
    convention = keys.word("convention", ("proportional", "time_order"))
    found, is_cyclic = limits(keys, segment)
    prices = {name: [tariff.priced(keys, text) for text in keys.need("prices")[name]] for name in tariff.periods}
    if convention == "time_order":
        cells = [[row[name] for name in tariff.periods] for row in segment["ordered_wh"]]
        if [sum(column) for column in zip(*cells, strict=True)] != [segment.used[name] for name in tariff.periods]:
            raise CannotTell("the steps in order of time do not make up the energy")
    else:
        start = start_of(segment, is_cyclic=is_cyclic)
        used = [segment.used[name] for name in tariff.periods]
        cells = dealt(below(start, segment.total, found), used, start, found)
    return [
        line(keys.need("code"), cells[step][place], prices[name][step], step=step + 1, period=name)
        for step in range(len(found) + 1)
        for place, name in enumerate(tariff.periods)
    ]


def dealt(under: list[int], used: list[int], start: int, found: list[int]) -> list[list[int]]:
    """Return the energy of each step and period; each step holds the mix of the whole."""
    if min(used) < 0 < max(used):
        return dealt_mixed(under, used, start, found)
    sign = -1 if min(used) < 0 else 1
    left = [sign * wh for wh in under]
    columns = []
    for wh in used[:-1]:
        share = [rounded(Fraction(part * sign * wh, left[-1])) if left[-1] else 0 for part in left[:-1]]
        taken = [*share, sign * wh]
        columns.append(inside(taken))
        left = [whole - part for whole, part in zip(left, taken, strict=True)]
    columns.append(inside(left))
    return [[sign * column[step] for column in columns] for step in range(len(under))]


def dealt_mixed(under: list[int], used: list[int], start: int, found: list[int]) -> list[list[int]]:
    """Return the cells where one period was taken and another given back."""
    if not sum(used):
        at = sum(limit <= start for limit in found)
        return [used if step == at else [0] * len(used) for step in range(len(under))]
    sums = [0, *accumulate(used)]
    corners = [[rounded(Fraction(low * part, sum(used))) for part in sums] for low in (0, *under)]
    return [
        [high[place + 1] - low[place + 1] - high[place] + low[place] for place in range(len(used))]
        for low, high in pairwise(corners)
    ]


def tiered_by_period(keys: Keys, tariff: Tariff, segment: Segment, _base: int) -> list[Line]:
    fills, tables, found = keys.word("fills", ("own", "all")), keys.table("steps"), []
    for name in tariff.periods:
        part = tables.table(name).only("limits_kwh limits_per prices")
        if part.has("limits_kwh"):
            tops, is_cyclic = limits(part, segment, wide=False)
        else:
            tops, is_cyclic = [], False
        prices = [tariff.priced(keys, text) for text in part.need("prices")]
        wh = segment.used[name]
        if fills == "own":
            under = [*(min(wh, top) for top in tops), wh]
        else:
            under = shares(segment, wh, tops, start_of(segment, is_cyclic=is_cyclic))
        pairs = zip(inside(under), prices, strict=True)
        found += [line(keys.need("code"), part_wh, price, step, name) for step, (part_wh, price) in enumerate(pairs, 1)]
    return found


def shares(segment: Segment, wh: int, tops: list[int], start: int) -> list[int]:
    """Return the share that one period has of the energy of all below each limit."""
    total = segment.total
    if not total:
        return [*(wh if start < top else 0 for top in tops), wh]
    return [*(rounded(Fraction(part * wh, total)) for part in below(start, total, tops)[:-1]), wh]


def reached(count: int, found: list[int]) -> int:
    """Return the step, from 0, in which a count stands; a limit belongs to the step below it."""
    return sum(count > limit for limit in found)


def volume_energy(keys: Keys, tariff: Tariff, segment: Segment, _base: int) -> list[Line]:
    found, is_cyclic = limits(keys, segment)
    start = start_of(segment, is_cyclic=is_cyclic)
    stop = start + segment.total
    lines = []
    for step, price in enumerate(tariff.prices(keys)):
        wh = (stop if reached(stop, found) == step else 0) - (start if reached(start, found) == step else 0)
        lines.append(line(keys.need("code"), wh, price, step=step + 1))
    return lines


def package_energy(keys: Keys, tariff: Tariff, segment: Segment, _base: int) -> list[Line]:
    size, free = keys.whole("package_kwh", KWH), keys.whole("free_kwh", KWH)
    is_cyclic = keys.word("counted_per", ("cycle", "month")) == "cycle"

    def begun(count: int) -> int:
        return max(-((free - count) // size), 0)

    start = start_of(segment, is_cyclic=is_cyclic)
    count = begun(start + segment.total) - begun(start)
    price = tariff.price(keys)
    return [Line(keys.need("code"), "block", count, price, price * count)]


def step_fee(keys: Keys, tariff: Tariff, segment: Segment, _base: int) -> list[Line]:
    found, _ = limits(keys, segment)
    at, entered = reached(segment.total, found), keys.word("fee_of", ("entered", "reached")) == "entered"
    per = tariff.per(keys, ("day", "month"))
    time, quantity = segment.times(per)
    lines = []
    for step, fee in enumerate(tariff.prices(keys, "fees")):
        pays = at >= step if entered else at == step
        exact = cut(fee * time) if pays else Fraction(0)
        lines.append(Line(named(keys.need("code"), step + 1), per, quantity if pays else 0, fee, exact))
    return lines


def dynamic(keys: Keys, tariff: Tariff, segment: Segment, _base: int) -> list[Line]:
    code = keys.need("code")
    margin = tariff.priced(keys, keys.need("margin"))
    exact = number(segment["series_minor"][code]) + cost(segment.total, margin)
    return [Line(code, "kWh", segment.total, None, exact)]


def ratio_time_of_use(keys: Keys, tariff: Tariff, segment: Segment, _base: int) -> list[Line]:
    prices = ratio_prices(keys, tariff)
    return [line(keys.need("code"), segment.used[name], prices[name], period=name) for name in tariff.periods]


def ratio_prices(keys: Keys, tariff: Tariff) -> dict[str, Fraction]:
    """Return the price of each period: its ratio times the base prices that float, and the others."""
    base = {name: tariff.priced(keys, text) for name, text in keys.need("base_prices").items()}
    floating = set(keys.need("floating"))
    on = keys.get("on_ratio_of") or {}
    ratios = {name: number(keys.need("ratios")[name]) for name in tariff.periods}
    # As many decimals of the unit of price as are said, else as prices are kept: 10^-6 of the minor unit.
    is_minor = keys.need("unit").partition("/")[0] in ("fen", "cent", "penny", "paisa", "minor")
    places = 6 + (0 if is_minor else tariff.decimals)
    grain = Fraction(10 ** (places - keys.get("price_decimals", places)), 10**6)
    found = {}
    for name in tariff.periods:
        ratio = ratios[name] * (ratios[on[name]] if name in on else 1)
        exact = sum(price * (ratio if part in floating else 1) for part, price in base.items())
        found[name] = half_up(exact / grain) * grain
    return found


def half_up(value: Fraction) -> int:
    """Return the nearest whole number, a half upwards."""
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


def line_loss(keys: Keys, tariff: Tariff, segment: Segment, _base: int) -> list[Line]:
    price, rate = tariff.price(keys), number(keys.need("rate"))
    gross = keys.word("method", ("gross", "plain")) == "gross"
    exact = price * rate / (1 - rate if gross else 1)
    shown = Fraction(half_up(exact * 10**6), 10**6)
    return [Line(keys.need("code"), "kWh", segment.total, shown, cut(cost(segment.total, exact)))]


STEPS = "limits_kwh limits_per household"
KINDS = {
    "energy": (energy, "unit price"),
    "time_of_use": (time_of_use, "unit prices"),
    "tiered_energy": (tiered_energy, f"unit prices {STEPS}"),
    "tiered_time_of_use": (tiered_time_of_use, f"unit prices convention {STEPS}"),
    "tiered_by_period": (tiered_by_period, "unit fills steps"),
    "volume_energy": (volume_energy, f"unit prices {STEPS}"),
    "package_energy": (package_energy, "unit price package_kwh free_kwh counted_per"),
    "step_fee": (step_fee, f"unit fees fee_of {STEPS}"),
    "dynamic": (dynamic, "unit series margin negative_prices floor cap"),
    "ratio_time_of_use": (
        ratio_time_of_use,
        "unit base_prices floating ratios on_ratio_of price_decimals",
    ),
    "line_loss": (line_loss, "unit price rate method"),
}
