"""What a segment was given beside its energy, compared with its source: time, what was agreed, what was measured."""

import calendar
from datetime import date, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from recompute import earlier, hours, power
from recompute.energy_charges import half_up
from recompute.numbers import CannotTell, rounded, written
from recompute.terms import Tariff

if TYPE_CHECKING:
    from recompute.bill import Proof
    from recompute.rests import Energy

Told = dict[str, Any]
AGREED = ("capacity_va", "contract_w", "green_blocks", "features")
E9 = 10**9


def day(text: str) -> date:
    return date.fromisoformat(text)


def check(proof: "Proof", one: Told, energy: "Energy", where: str) -> None:
    """Compare all that a segment was given with where it comes from."""
    given = one["given"]
    proof.taken |= set(given) - KNOWN
    check_time(proof, one, where)
    check_term(proof, one, where)
    check_year(proof, one, where)
    if "peak_w" in given:
        proof.out.rows(f"{where} peak_w", given["peak_w"], power.peaks(proof, one, one["demand_from"], where))
    if "reactive_peak_var" in given:
        reactive = power.peaks(proof, one, one["reactive_from"], where)["any"]
        proof.out.same(f"{where} reactive_peak_var", given["reactive_peak_var"], reactive)
    if "series_minor" in given:
        found = {name: written(exact, 9) for name, exact in hours.series_minor(proof, one).items()}
        proof.out.rows(f"{where} series_minor", given["series_minor"], found)
    if "ordered_wh" in given:
        cells = hours.ordered_wh(proof, one)
        nothing = dict.fromkeys(cells[0], 0)
        proof.out.same(
            f"{where} ordered_wh", given["ordered_wh"], cells + [nothing] * (len(given["ordered_wh"]) - len(cells))
        )
    if "submeter_wh" in given:
        names = proof.tariffs[one["tariff"]].names
        found = {name: energy.apart[name] for name in names}
        proof.out.rows(f"{where} submeter_wh", given["submeter_wh"], found)
    earlier.check(proof, one, where)


def check_time(proof: "Proof", one: Told, where: str) -> None:
    """Compare days and months of a segment with its dates, and these with the validity of its tariff."""
    start, end, same = day(one["start_date"]), day(one["end_date"]), proof.out.same
    same(f"{where} days", one["days"], (end - start).days)
    same(f"{where} months", one["months"], written(months_of(start, end), 9))
    given = one["given"]
    for name, found in times_of(proof, one, start, end).items():
        if name in given:
            same(f"{where} {name}", given[name], found)
    version = proof.version(one)
    holds = day(version["start_date"]) <= start and (version["end_date"] is None or end <= day(version["end_date"]))
    same(f"{where} is inside the validity of its tariff", True, holds)
    same(f"{where} is inside its billed period", True, one["period_start_date"] <= one["start_date"])
    same(f"{where} ends with its billed period", True, one["end_date"] <= one["period_end_date"])


def times_of(proof: "Proof", one: Told, start: date, end: date) -> dict[str, int]:
    """Return what follows from the days of a segment alone."""
    minutes = (proof.local.starts(end) - proof.local.starts(start)) // timedelta(minutes=1)
    if (one["term"] or {}).get("all_suspended"):
        # No transformer is under voltage.
        minutes = 0
    return {
        "month": start.month,
        "month_end": month_end(start, end),
        "energized_minutes": minutes,
        "even_days": even(end) - even(start),
        "cycle_months_e9": cycle_months_e9(one, start, end),
        "meters": most_at_once(one.get("meters", []), one),
    }


def cycle_months_e9(one: Told, start: date, end: date) -> int:
    """Return how many months a segment is by the days of its billed period, where that is whole months."""
    first, last = day(one["period_start_date"]), day(one["period_end_date"])
    months = (last.year - first.year) * 12 + last.month - first.month
    fits = any(clipped(first, on) == first.day and clipped(last, on) == last.day for on in (first.day, last.day, 31))
    if months <= 0 or not fits:
        return int(months_of(start, end) * E9)
    return half_up(Fraction(months * (end - start).days * E9, (last - first).days))


def clipped(on: date, wanted: int) -> int:
    """Return a day of the month, or the last one of a month that is shorter."""
    return min(wanted, calendar.monthrange(on.year, on.month)[1])


def most_at_once(meters: list[Told], one: Told) -> int:
    """Return how many meters hang at once within a segment, at most."""
    spans = [
        (max(row["start_date"], one["start_date"]), min(row["end_date"] or one["end_date"], one["end_date"]))
        for row in meters
    ]
    spans = [span for span in spans if span[0] < span[1]]
    return max((sum(start <= at < end for start, end in spans) for at, _ in spans), default=0)


def month_end(start: date, end: date) -> int:
    """Return the calendar month whose last day a span holds, the latest; 0: none."""
    last = end.replace(day=1) - timedelta(days=1)
    return last.month if last >= start else 0


def even(at: date) -> int:
    """Return the days up to a date in months that all have 30 days: a 31st is none."""
    return (at.year * 12 + at.month) * 30 + min(at.day - 1, 30)


def check_term(proof: "Proof", one: Told, where: str) -> None:
    """Compare what was agreed with what the segment was given."""
    term, given = one["term"], one["given"]
    if term is None:
        proof.out.append(f"{where}: the agreement has no term for it")
        return
    if term["changed_at"] is not None:
        proof.taken.add("what agreements said before they were changed")
    proof.out.same(f"{where} household", one["household"], term["household"])
    agreed = dict(term["agreed"])
    if suspended_va := agreed.pop("suspended_va", 0):
        agreed["capacity_va"] -= suspended_va
    proof.out.rows(f"{where} agreed", agreed, {name: given[name] for name in AGREED if name in given})
    proof.out.same(f"{where} tariff", term["tariff"], proof.tariffs[one["tariff"]].code)
    proof.out.same(f"{where} is inside its term", True, term["start_date"] <= one["start_date"])
    if "final" in given:
        proof.out.same(f"{where} final", given["final"], int(term["ends_supply"]))


def check_year(proof: "Proof", one: Told, where: str) -> None:
    """Compare the energy since the steps began with the segments before."""
    year, tariff = one["year_to_date"], proof.tariffs[one["tariff"]]
    if year is None:
        proof.out.same(f"{where} before_wh", one["before_wh"], 0)
        return
    proof.out.same(f"{where} before_wh", one["before_wh"], sum(part["counted_wh"] for part in year["from"]))
    since = cycle_start(tariff, one)
    if year["restart"] is None:
        proof.out.same(f"{where} since_date", year["since_date"], since.isoformat())
    else:
        proof.out.same(f"{where} begins anew", True, year["restart"] in (tariff.cycle.get("restarts_at") or RESTARTS))
        proof.out.same(f"{where} begins in the cycle", True, year["since_date"] >= since.isoformat())
    for part in year["from"]:
        fits = year["since_date"] <= part["start_date"] <= part["end_date"] <= one["start_date"]
        # What other books say may lie before a year that begins with the agreement.
        fits = fits and ("opened" in part or part["start_date"] < part["end_date"])
        proof.out.same(f"{where} {part['start_date']} lies in the cycle before it", True, fits)
        if part["segment"] is not None:
            theirs = proof.told["segments"][part["segment"] - 1]
            counted = proof.handed[part["segment"]].get("counted_wh", theirs["used_wh"])
            proof.out.same(f"{where} {part['start_date']} counted_wh", part["counted_wh"], counted)


RESTARTS = ["move", "holder_change"]
KNOWN = {
    "month", "month_end", "final", "energized_minutes", "even_days", "cycle_months_e9", "meters", *AGREED,
    "reactive_varh", "export_wh", "submeter_wh", "peak_w", "reactive_peak_var", "series_minor", "ordered_wh",
    *earlier.READ,
}  # fmt: skip
"""Inputs that are followed to where they come from; others are taken as they are given, and named."""


def months_of(start: date, end: date) -> Fraction:
    """Return how many months a span is, each day counted by its own month, to 9 decimals, half up."""
    total, at = Fraction(0), start
    while at < end:
        length = calendar.monthrange(at.year, at.month)[1]
        after = min(end, at.replace(day=1) + timedelta(days=length))
        total += Fraction((after - at).days, length)
        at = after
    return Fraction(rounded(total * E9), E9)


def cycle_start(tariff: Tariff, one: Told) -> date:
    """Return the day from which energy counts into the steps of a segment."""
    every, start = tariff.cycle.get("every"), day(one["start_date"])
    if every == "month":
        return day(one["period_start_date"])
    if every == "year":
        starts = [(tariff.cycle.get("start_month", 1), 1)]
    elif every == "season":
        starts = [(int(text[:2]), int(text[3:])) for text in tariff.cycle.need("seasons").values()]
    else:
        raise CannotTell(f"the steps begin anew every {every}")
    known = [date(year, month, on) for year in (start.year - 1, start.year) for month, on in starts]
    return max(one for one in known if one <= start)
