"""Usage that a correction changed: what the counter values say, and what each correction made of it."""

from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from recompute.meter import slots_of
from recompute.numbers import CannotTell, rounded

if TYPE_CHECKING:
    from recompute.bill import Proof

Told = dict[str, Any]


def day(text: str) -> date:
    return date.fromisoformat(text)


class Affected:
    """The days that a correction is for; of the first one only a share."""

    def __init__(self, told: Told) -> None:
        self.start, self.end = day(told["start_date"]), day(told["end_date"])
        self.share = Fraction(told["first_share"])

    @property
    def days(self) -> Fraction:
        return (self.end - self.start).days - 1 + self.share

    def of(self, start: date, end: date) -> Fraction:
        """Return how many of some days are corrected."""
        first, last = max(self.start, start), min(self.end, end)
        if first >= last:
            return Fraction(0)
        return (last - first).days - (1 - self.share if first == self.start else 0)


def check_usage(proof: "Proof", usage: Told, recorded: int, where: str) -> None:
    """Compare approved energy with what was recorded, changed by each correction in turn."""
    energy = recorded
    if "recorded_wh" in usage:
        proof.out.same(f"{where} recorded_wh", usage["recorded_wh"], recorded)
        for ref in usage["corrections"]:
            part = part_of(proof.corrections[ref], usage)
            proof.out.same(f"{where} before {ref}", part["before_wh"], energy)
            energy = part["after_wh"]
    proof.out.same(f"{where} energy_wh", usage["energy_wh"], energy)


def part_of(correction: Told, usage: Told) -> Told:
    """Return what a correction made of a span."""
    for part in correction["parts"]:
        mine = part["register"] == usage["register"] and part["start_date"] == usage["start_date"]
        if mine and part["basis"] == "register":
            return part
    raise CannotTell(f"correction {correction['ref']} does not say what it made of {usage['ref']}")


def check(proof: "Proof", told: Told) -> None:
    """Compare what a correction made of registers with its factor, or with the energy that it adds."""
    for register in dict.fromkeys(part["register"] for part in told["parts"]):
        parts = [part for part in told["parts"] if part["register"] == register]
        spans = [part for part in parts if part["basis"] == "register"]
        if spans:
            check_spans(proof, told, register, spans)
        for part in parts:
            if part["basis"] == "interval":
                check_month(proof, told, part)


def check_spans(proof: "Proof", told: Told, register: str, parts: list[Told]) -> None:
    """Compare the changes of the spans of a counter: they sum to the exact change, rounded."""
    days = Affected(told)
    factor, per_day = Fraction(1), Fraction(0)
    if told["factor"] is not None:
        factor = Fraction(told["factor"])
    elif told["added_wh"] is not None and not proof.registers[register]["period_of_use"]:
        per_day = told["added_wh"] / days.days
    else:
        proof.taken.add(f"what correction {told['ref']} takes as normal")
        return
    total, before = Fraction(0), 0
    for part in parts:
        start, end = day(part["start_date"]), day(part["end_date"])
        inside = days.of(start, end)
        total += (factor - 1) * part["before_wh"] * inside / (end - start).days + per_day * inside
        change = rounded(total) - before
        before += change
        where = f"correction {told['ref']} {register} {part['start_date']}"
        proof.out.same(f"{where} after_wh", part["after_wh"], part["before_wh"] + change)


def check_month(proof: "Proof", told: Told, part: Told) -> None:
    """Compare the energy of a month with its corrected interval values, where the proof has all of them."""
    proof.taken.add(f"interval values before correction {told['ref']}")
    start, end = day(part["start_date"]), day(part["end_date"])
    mine = [one for one in proof.told["usage"] if one["register"] == part["register"] and one["basis"] == "interval"]
    is_whole = any(day(one["start_date"]) <= start and end <= day(one["end_date"]) for one in mine)
    later = proof.told["corrections"][proof.told["corrections"].index(told) + 1 :]
    is_last = not any(
        other["register"] == part["register"] and other["start_date"] == part["start_date"]
        for one in later
        for other in one["parts"]
    )
    if is_whole and is_last:
        values = slots_of(proof.days_of(part["register"]), proof.local, start, end)
        found = rounded(sum((slot.wh for slot in values), Fraction(0)))
        where = f"correction {told['ref']} {part['register']} {part['start_date']}"
        proof.out.same(f"{where} after_wh", part["after_wh"], found)
