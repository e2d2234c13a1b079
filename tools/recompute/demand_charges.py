"""What power and reactive energy cost."""

from collections.abc import Callable
from fractions import Fraction
from math import isqrt

from recompute.numbers import CannotTell, cut, number, rounded, to_grain
from recompute.segment import Line, Segment, named, told
from recompute.terms import Keys, Tariff

KW = 1000
ONE = Fraction(1)
PRORATIONS = ("whole", "calendar_days", "thirtieths", "thirty_day_months", "cycle_days", "days")
# For each standard of 1983: the last power factor that is rewarded.
REWARDED_TO = {90: 95, 85: 94, 80: 92}
SMALL_TO, SMALL_STEPS, LARGE_STEPS = 90, 20, 25


def priced(
    key: str, power: int, price: Fraction, segment: Segment, keys: Keys, factor: Fraction = ONE, unit: str = "kW"
) -> Line:
    """Return a line of power; it shows the price before a discount, which stands in lines of its own."""
    part = segment.part(keys.word("proration", PRORATIONS))
    return Line(key, unit, power, price, cut(price * factor * power / KW * part))


def capacity(keys: Keys, tariff: Tariff, segment: Segment, _base: int) -> list[Line]:
    return [priced(keys.need("code"), segment["capacity_va"], tariff.price(keys), segment, keys, unit="kVA")]


def discount(keys: Keys, segment: Segment) -> tuple[Fraction, list[Line]]:
    """Return the factor of the price for good use of the capacity, and the lines that tell it."""
    if not keys.has("discount"):
        return Fraction(1), []
    part, code = keys.table("discount").only("from_kwh_per_kva factor counts"), keys.need("code")
    capacity_va, energy = segment["capacity_va"], segment.total
    if part.word("counts", ("billed", "with_submeters")) == "with_submeters":
        energy += sum(segment["submeter_wh"].values())
    wanted = part.whole("from_kwh_per_kva", 1000)
    is_earned = capacity_va > 0 and energy * 1000 >= wanted * capacity_va * segment.months
    factor = number(part.need("factor")) if is_earned else Fraction(1)
    use = max(energy, 0) * 100 // capacity_va if capacity_va > 0 else 0
    return factor, [
        told(f"{code}/kwh-per-kva", "factor", use),
        told(f"{code}/discount", "factor", int(factor * 100)),
    ]


def contracted_demand(keys: Keys, tariff: Tariff, segment: Segment, _base: int) -> list[Line]:
    code, measured, contract = keys.need("code"), segment.peak, segment["contract_w"]
    floor = keys.percent("floor_percent")
    if floor:
        contract = max(contract, rounded(segment["capacity_va"] * floor))
    above = max(measured - rounded(contract * keys.percent("tolerance_percent", "105")), 0)
    if keys.word("excess", ("measured_plus_excess", "contract_plus_double_excess")) == "measured_plus_excess":
        billed = measured + above if above else contract
    else:
        billed = contract + 2 * above
    factor, lines = discount(keys, segment)
    paid = priced(code, billed, tariff.price(keys), segment, keys, factor)
    return [paid, told(f"{code}/measured", "kW", measured), told(f"{code}/contract", "kW", contract), *lines]


def ratchet_w(part: Keys, segment: Segment, period: str) -> int:
    """Return what past peaks ask for at the least."""
    part.only("percent months look_back")
    months, back = part.get("months") or [], part.get("look_back", 12)
    peaks = [0]
    for place, past in enumerate(segment["past_peaks_w"][:back], 1):
        if not months or (segment["month"] - place - 1) % 12 + 1 in months:
            peaks.append(past[period])
    return rounded(max(peaks) * part.percent("percent"))


def measured_demand(keys: Keys, tariff: Tariff, segment: Segment, _base: int) -> list[Line]:
    code, period = keys.need("code"), keys.get("period", "any")
    shown, measured = "" if period == "any" else period, segment["peak_w"][period]
    grain = keys.whole("grain_kw", KW, "0.001")
    ratchets = [ratchet_w(part, segment, period) for part in keys.tables("ratchet")]
    largest = max(measured, keys.whole("least_kw", KW), *ratchets, 0)
    tops = keys.wholes("limits_kw", KW)
    prices = tariff.prices(keys) if tops else [tariff.price(keys)]
    until = half_up_to(largest, grain)
    power = steps_of(until, tops)
    if keys.word("billed_before", ("ignore", "deduct")) == "deduct":
        since = half_up_to(max(segment["billed_peak_w"][period], 0), grain)
        power = [a - b for a, b in zip(steps_of(max(until, since), tops), steps_of(since, tops), strict=True)]
    factor, more = discount(keys, segment)
    first, lines = 1 if tops else 0, []
    for step, (watts, price) in enumerate(zip(power, prices, strict=True), first):
        lines.append(priced(named(code, step, shown), watts, price, segment, keys, factor))
    lines.append(told(f"{code}/measured", "kW", measured))
    if ratchets:
        lines.append(told(f"{code}/ratchet", "kW", max(ratchets)))
    return [*lines, *more]


def half_up_to(power: int, grain: int) -> int:
    return to_grain(max(power, 0), grain)


def steps_of(power: int, tops: list[int]) -> list[int]:
    under = [*(min(power, top) for top in tops), power]
    return [after - before for before, after in zip([0, *under], under, strict=False)]


def billed_demand(keys: Keys, _tariff: Tariff, segment: Segment, _base: int) -> list[Line]:
    return [told(keys.need("code"), "kW", billed_w(keys, segment))]


def billed_w(keys: Keys, segment: Segment) -> int:
    """Return the demand that stands for the peak in all that is priced by it."""
    measured = max(segment.peak, 0)
    found = measured
    for part in keys.tables("own"):
        if segment["month"] in part.only("months percent").need("months"):
            found = rounded(measured * part.percent("percent"))
    for part in keys.tables("ratchet"):
        found = max(found, ratchet_w(part, segment, "any"))
    return max(found, keys.whole("least_kw", KW))


def factor_of(active: int, reactive: int) -> int:
    """Return the power factor in hundredths, rounded half up; 1.00 without energy."""
    if not active and not reactive:
        return 100
    # The largest h of which (h - 1/2)^2 is not above (100 P)^2 / (P^2 + Q^2).
    return (isqrt(40_000 * active * active // (active * active + reactive * reactive)) + 1) // 2


def active_wh(keys: Keys, segment: Segment) -> int:
    energy = segment.total
    if keys.word("submeters", ("series", "parallel"), "parallel") == "series":
        energy += sum(segment["submeter_wh"].values())
    return energy


def by_schedule(standard: int, at: int) -> int:
    """Return the adjustment of 1983 at a power factor, both in hundredths; of a percent."""
    if standard not in REWARDED_TO:
        raise CannotTell(f"the schedule of 1983 has no standard of {standard}")
    percent = 0
    for reached in range(standard + 1, min(at, REWARDED_TO[standard]) + 1):
        percent -= 10 if reached <= SMALL_TO else 15
    for place in range(1, standard - at + 1):
        percent += 50 if place <= SMALL_STEPS else 100 if place <= LARGE_STEPS else 200
    return percent


def power_factor(keys: Keys, _tariff: Tariff, segment: Segment, base: int) -> list[Line]:
    standard = int(number(keys.need("standard")) * 100)
    return adjusted(keys, segment, base, lambda at: by_schedule(standard, at))


def power_factor_percent(keys: Keys, _tariff: Tariff, segment: Segment, base: int) -> list[Line]:
    target = int(number(keys.need("target")) * 100)
    under, over = keys.whole("below_percent", 100), keys.whole("above_percent", 100)
    return adjusted(keys, segment, base, lambda at: under * max(target - at, 0) - over * max(at - target, 0))


def adjusted(keys: Keys, segment: Segment, base: int, percent_at: Callable[[int], int]) -> list[Line]:
    code, active, reactive = keys.need("code"), active_wh(keys, segment), segment["reactive_varh"]
    exists = bool(active or reactive)
    at = factor_of(active, reactive) if exists else 0
    percent = percent_at(at) if exists else 0
    amount = Line(code, "factor", at, Fraction(0), Fraction(base * percent, 10_000))
    return [amount, told(f"{code}/percent", "factor", percent), told(f"{code}/base", "money", base)]


def power_factor_demand(keys: Keys, tariff: Tariff, segment: Segment, _base: int) -> list[Line]:
    code, period = keys.need("code"), keys.get("period", "any")
    active, reactive = active_wh(keys, segment), segment["reactive_varh"]
    exists = bool(active or reactive)
    at, target = factor_of(active, reactive), int(number(keys.need("target")) * 100)
    measured = max(segment["peak_w"][period], 0)
    added = 0
    grain = keys.whole("grain_kw", KW, "0.001")
    if exists and at < target:
        added = max(to_grain(Fraction(measured * target, max(at, 1)), grain) - measured, 0)
    paid = priced(named(code, 0, "" if period == "any" else period), added, tariff.price(keys), segment, keys)
    return [paid, told(f"{code}/factor", "factor", at if exists else 0), told(f"{code}/measured", "kW", measured)]


def reactive_energy(keys: Keys, tariff: Tariff, segment: Segment, _base: int) -> list[Line]:
    free = rounded(max(segment.total, 0) * keys.percent("free_percent"))
    billed = max(segment["reactive_varh"] - free, 0)
    price = tariff.price(keys)
    return [Line(keys.need("code"), "kvarh", billed, price, price * billed / 1000)]


def reactive_demand(keys: Keys, tariff: Tariff, segment: Segment, _base: int) -> list[Line]:
    billed = max(segment["reactive_peak_var"], 0)
    return [priced(keys.need("code"), billed, tariff.price(keys), segment, keys, unit="kvar")]


PAID = "unit price proration"
KINDS = {
    "capacity": (capacity, PAID),
    "contracted_demand": (contracted_demand, f"{PAID} excess tolerance_percent floor_percent discount"),
    "measured_demand": (
        measured_demand,
        f"{PAID} limits_kw prices period billed_before ratchet least_kw grain_kw discount",
    ),
    "billed_demand": (billed_demand, "least_kw own ratchet"),
    "power_factor": (power_factor, "standard on submeters"),
    "power_factor_percent": (power_factor_percent, "target below_percent above_percent on submeters"),
    "power_factor_demand": (power_factor_demand, f"{PAID} target period grain_kw submeters"),
    "reactive_demand": (reactive_demand, PAID),
    "reactive_energy": (reactive_energy, "unit price free_percent"),
}
