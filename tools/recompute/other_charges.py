"""What is charged by time, on other amounts, or taken off; and what is added to the energy before it is priced."""

from fractions import Fraction

from recompute.demand_charges import PRORATIONS
from recompute.numbers import cut, number, rounded, shared, to_grain
from recompute.segment import Line, Segment, told
from recompute.terms import Keys, Tariff

TIMES = ("day", "month")
HUNDRED = Fraction(100)


def by_time(code: str, price: Fraction, per: str, segment: Segment, count: int = 1) -> Line:
    time, quantity = segment.times(per)
    return Line(code, per, quantity * count, price, cut(price * time * count))


def fixed(keys: Keys, tariff: Tariff, segment: Segment, _base: int) -> list[Line]:
    code, price, per = keys.need("code"), tariff.price(keys), tariff.per(keys, TIMES)
    proration = keys.word("proration", PRORATIONS, "calendar_days")
    if per == "day" or proration == "calendar_days":
        return [by_time(code, price, per, segment)]
    part = segment.part(proration)
    return [Line(code, per, rounded(part * 10**9), price, cut(price * part))]


def meter_charge(keys: Keys, tariff: Tariff, segment: Segment, _base: int) -> list[Line]:
    price, per = tariff.price(keys), tariff.per(keys, TIMES)
    return [by_time(keys.need("code"), price, per, segment, segment["meters"])]


def account_charge(keys: Keys, tariff: Tariff, segment: Segment, _base: int) -> list[Line]:
    """Charge the days that no other agreement of the account pays; of a month their part of the segment's days."""
    code, price, per = keys.need("code"), tariff.price(keys), tariff.per(keys, TIMES)
    if per == "day":
        return [Line(code, per, segment["account_days"], price, cut(price * segment["account_days"]))]
    months = rounded(Fraction(segment.months_e9 * segment["account_days"], segment.days))
    return [Line(code, per, months, price, cut(price * Fraction(months, 10**9)))]


def tax(keys: Keys, _tariff: Tariff, _segment: Segment, base: int) -> list[Line]:
    rate = number(keys.need("rate"))
    on_top = keys.word("mode", ("inside", "on_top")) == "on_top"
    return [Line(keys.need("code"), "money", base, rate * 100, tax_on(base, rate, on_top=on_top), counts=on_top)]


def tax_on(base: int, rate: Fraction, *, on_top: bool) -> Fraction:
    return base * rate if on_top else cut(base * rate / (1 + rate))


def counted(keys: Keys, base: int) -> int:
    """Return an amount as a limit counts it."""
    return max(base, 0) if keys.word("negative", ("as_zero", "as_is")) == "as_zero" else base


def minimum_charge(keys: Keys, tariff: Tariff, segment: Segment, base: int) -> list[Line]:
    limit = by_time(keys.need("code"), tariff.price(keys), tariff.per(keys, TIMES), segment)
    limit.exact = max(limit.exact - counted(keys, base), Fraction(0))
    return [limit]


def maximum_charge(keys: Keys, tariff: Tariff, segment: Segment, base: int) -> list[Line]:
    limit = by_time(keys.need("code"), tariff.price(keys), tariff.per(keys, TIMES), segment)
    limit.exact = min(limit.exact - base, Fraction(0))
    return [limit]


def ends_year(keys: Keys, segment: Segment) -> bool:
    """Return whether the last day of the segment is that of the component's year."""
    first = keys.need("year_starts")
    return bool(segment["month_end"] == (first - 1 or 12))


def yearly_minimum(keys: Keys, tariff: Tariff, segment: Segment, base: int) -> list[Line]:
    year = segment["year_minor"] + counted(keys, base)
    ends = ends_year(keys, segment)
    if keys.word("leaving", ("charge", "waive")) == "charge":
        ends = ends or bool(segment["final"])
    short = max(keys.whole("amount", 10**tariff.decimals) - year, 0) if ends else 0
    return [Line(keys.need("code"), "money", year, HUNDRED, Fraction(short))]


def yearly_maximum(keys: Keys, tariff: Tariff, segment: Segment, base: int) -> list[Line]:
    before = segment["year_minor"]
    year, limit = before + counted(keys, base), keys.whole("amount", 10**tariff.decimals)
    over = max(before - limit, 0) - max(year - limit, 0)
    return [Line(keys.need("code"), "money", year, HUNDRED, Fraction(over))]


def green_premium(keys: Keys, tariff: Tariff, segment: Segment, _base: int) -> list[Line]:
    used = max(segment.total, 0)
    if keys.has("block_kwh"):
        green = rounded(segment["green_blocks"] * keys.whole("block_kwh", 1000) * segment.months)
        if keys.word("beyond_use", ("charge", "leave_out")) == "leave_out":
            green = min(green, used)
    else:
        green = rounded(used * keys.percent("percent"))
    price = tariff.price(keys)
    return [Line(keys.need("code"), "kWh", green, price, price * green / 1000)]


def concession(keys: Keys, tariff: Tariff, segment: Segment, base: int) -> list[Line]:
    code, bound = keys.need("code"), max(base, 0)
    line = conceded(keys, tariff, segment, bound)
    granted = min(rounded(line.exact), bound)
    line.exact = Fraction(-granted)
    if not keys.has("cap"):
        return [line]
    cap = keys.whole("cap", 10**tariff.decimals)
    if keys.word("cap_per", ("month", "year")) == "month":
        line.exact = Fraction(-min(granted, rounded(cut(cap * segment.months))))
        return [line]
    before = segment.carried(f"{code}-granted")
    granted = min(granted, max(cap - before, 0))
    line.exact = Fraction(-granted)
    kept = 0 if ends_year(keys, segment) else before + granted
    return [line, Line(f"{code}-granted", "money", kept, HUNDRED, Fraction(0), counts=False, carries=True)]


def conceded(keys: Keys, tariff: Tariff, segment: Segment, bound: int) -> Line:
    """Return the line of a concession with what its rate gives, without bounds and still above 0."""
    code = keys.need("code")
    if keys.has("percent"):
        rate = keys.percent("percent")
        return Line(code, "money", bound, -rate * 100, bound * rate)
    rate, per = tariff.price(keys), tariff.per(keys, (*TIMES, "kWh"))
    if per == "kWh":
        used = max(segment.total, 0)
        return Line(code, per, used, -rate, rate * used / 1000)
    line = by_time(code, rate, per, segment)
    line.price = -rate
    return line


def lost(keys: Keys, segment: Segment) -> tuple[int, int]:
    """Return the energy and the reactive energy that a transformer loses. [Wh, varh]"""
    grain = keys.whole("grain_kwh", 1000, "0.001")
    if keys.need("kind") == "agreed_loss":
        part = segment.part(keys.word("proration", PRORATIONS))
        return to_grain(keys.whole("kwh", 1000) * part, grain), to_grain(keys.whole("kvarh", 1000) * part, grain)
    return rate_of_loss(keys.table("active"), segment, grain), rate_of_loss(keys.table("reactive"), segment, grain)


def rate_of_loss(part: Keys, segment: Segment, grain: int) -> int:
    """Return what is lost of one kind of energy: by hours under voltage, and by the energy that passed."""
    part.only("iron_w copper_percent load_w k")
    hours = Fraction(segment["energized_minutes"], 60)
    watts = number(part.get("iron_w", "0")) + number(part.get("load_w", "0")) * number(part.get("k", "0"))
    return to_grain(watts * hours + segment.total * part.percent("copper_percent"), grain)


def add_lost(keys: Keys, tariff: Tariff, segment: Segment) -> Segment:
    """Return the segment with the losses of a transformer added."""
    energy, reactive = lost(keys, segment)
    weights = [abs(wh) for wh in segment.used.values()]
    if tariff.periods:
        at = tariff.periods.index(keys.need("period"))
        if keys.word("deal", ("mix", "one_period")) == "one_period" or not any(weights):
            weights = [int(place == at) for place in range(len(weights))]
    parts = shared(energy, weights if any(weights) else [1])
    given = {"reactive_varh": segment["reactive_varh"] + reactive} if "reactive_varh" in segment.given else {}
    return segment.changed(used=added(segment.used, parts), **given)


def added(used: dict[str, int], parts: list[int]) -> dict[str, int]:
    return {name: wh + more for (name, wh), more in zip(used.items(), parts, strict=True)}


def loss(keys: Keys, _tariff: Tariff, segment: Segment, _base: int) -> list[Line]:
    energy, reactive = lost(keys, segment)
    code = keys.need("code")
    return [told(code, "kWh", energy), told(f"{code}/reactive", "kvarh", reactive)]


def deemed(keys: Keys, segment: Segment) -> int:
    """Return the energy of a supply without a meter. [Wh]"""
    hours = number(keys.need("hours")[segment["month"] - 1])
    return rounded(segment["contract_w"] * hours * segment.months)


def add_deemed(keys: Keys, tariff: Tariff, segment: Segment) -> Segment:
    percent = keys.get("percent")
    weights = [int(number(percent[name]) * 10_000) for name in tariff.periods] if tariff.periods else [1]
    return segment.changed(used=added(segment.used, shared(deemed(keys, segment), weights)))


def unmetered(keys: Keys, _tariff: Tariff, segment: Segment, _base: int) -> list[Line]:
    return [told(keys.need("code"), "kWh", deemed(keys, segment))]


YEAR = "on amount year_starts negative"
LOST = "grain_kwh deal period"
KINDS = {
    "fixed": (fixed, "unit price proration"),
    "meter_charge": (meter_charge, "unit price"),
    "account_charge": (account_charge, "unit price"),
    "tax": (tax, "rate mode on"),
    "minimum_charge": (minimum_charge, "on unit price negative"),
    "maximum_charge": (maximum_charge, "on unit price"),
    "yearly_minimum": (yearly_minimum, f"{YEAR} leaving"),
    "yearly_maximum": (yearly_maximum, YEAR),
    "green_premium": (green_premium, "unit price percent block_kwh beyond_use"),
    "concession": (concession, "on percent unit price cap cap_per year_starts"),
    "transformer_loss": (loss, f"{LOST} active reactive"),
    "agreed_loss": (loss, f"{LOST} kwh kvarh proration"),
    "unmetered": (unmetered, "hours percent"),
}
ADDS = {"transformer_loss": add_lost, "agreed_loss": add_lost, "unmetered": add_deemed}
