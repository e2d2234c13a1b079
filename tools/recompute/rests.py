"""What a segment takes of approved usage: whole spans, and parts dealt out by interval values, days or a profile."""

from collections import Counter
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from recompute import meter
from recompute.numbers import CannotTell, rounded

if TYPE_CHECKING:
    from recompute.bill import Proof

Told = dict[str, Any]
KINDS = ("energy_wh", "reactive_varh", "export_wh")
SIGNS = {"added": 1, "taken_off": -1}


def day(text: str) -> date:
    return date.fromisoformat(text)


class Energy:
    """The energy that makes up one segment, by kind and period of use."""

    def __init__(self, proof: "Proof", one: Told, where: str) -> None:
        self.proof, self.one, self.where = proof, one, where
        self.tariff = proof.tariffs[one["tariff"]]
        self.found: dict[str, Counter[str]] = {name: Counter() for name in KINDS}
        self.apart: Counter[str] = Counter()
        self.is_estimated = False
        for rest in one["energy_from"]:
            self.add(rest)

    def add(self, rest: Told) -> None:
        """Add one part."""
        same = self.proof.out.same
        name = f"{self.where} {rest['usage'] or rest['rule']}"
        inside = self.one["start_date"] <= rest["start_date"] and rest["end_date"] <= self.one["end_date"]
        same(f"{name} lies inside", True, inside)
        parts = self.parts(rest, name)
        counts = rest.get("counts", "added")
        if rest.get("counts") == "told" or (counts == "taken_off" and rest["rule"] is None):
            self.apart.update(parts)
        if counts in SIGNS:
            self.found[rest["counts_as"]].update({key: SIGNS[counts] * wh for key, wh in parts.items()})
        if rest["counts_as"] != "reactive_varh" and rest["usage"] is not None:
            is_cut = rest["cut"] in ("days", "profile")
            self.is_estimated |= is_cut or self.proof.usage[rest["usage"]]["is_estimated"]

    def parts(self, rest: Told, name: str) -> dict[str, int]:
        """Return what a part adds, by period of use."""
        if rest["usage"] is None:
            return self.agreed(rest, name)
        usage = self.proof.usage[rest["usage"]]
        energy = self.proof.shares.of(rest, usage)
        if rest["cut"] == "intervals":
            return self.dealt(rest, energy, usage["register"], (usage["start_date"], usage["end_date"]))
        if rest["cut"] in ("days", "profile"):
            self.check_way(rest["cut"], name)
            energy = self.of_days(rest, usage, energy)
        else:
            whole = (usage["start_date"], usage["end_date"])
            self.proof.out.same(f"{name} is taken whole", (rest["start_date"], rest["end_date"]), whole)
        period = self.proof.registers[usage["register"]]["period_of_use"]
        by_period = self.tariff.periods and rest["counts_as"] != "reactive_varh"
        return {period if by_period else "total": energy}

    def dealt(self, rest: Told, energy: int, register: str, span: tuple[str, str]) -> dict[str, int]:
        """Return what interval values deal to a part, by period of use."""
        chart = self.proof.calendars.get(self.one["tariff"]) if self.tariff.periods else None
        parts = meter.split(
            energy,
            (day(span[0]), day(span[1])),
            self.proof.days_of(register),
            self.proof.local,
            day(rest["start_date"]),
            day(rest["end_date"]),
            chart,
        )
        return {key or "total": wh for key, wh in parts.items()}

    def check_way(self, cut: str, name: str) -> None:
        """Compare how a span was cut with what the tariff says: by days, or by a profile."""
        says = "profile" if self.tariff.usage_profile else self.tariff.usage_split
        self.proof.out.same(f"{name} is cut as the tariff says", cut, says)

    def of_days(self, rest: Told, usage: Told, energy: int) -> int:
        """Return the part of some days of a span: what is dealt up to a day is rounded half away from zero."""
        first, last = day(usage["start_date"]), day(usage["end_date"])
        until = []
        for at in (day(rest["start_date"]), day(rest["end_date"])):
            if rest["cut"] == "days":
                part, whole = Fraction((at - first).days), Fraction((last - first).days)
            else:
                days = self.proof.days_of(rest["profile"])
                slots = list(meter.slots_of(days, self.proof.local, first, last))
                part = sum((one.wh for one in slots if one.day < at), Fraction(0))
                whole = sum((one.wh for one in slots), Fraction(0))
            if not whole:
                raise CannotTell(f"nothing deals {usage['ref']} to its days")
            until.append(rounded(energy * part / whole))
        return until[1] - until[0]

    def agreed(self, rest: Told, name: str) -> dict[str, int]:
        """Return an agreed load, by period of use."""
        rule = self.proof.shares.rules[rest["rule"]]
        start, end = day(rest["start_date"]), day(rest["end_date"])
        energy = self.proof.shares.quantity(rule, start, end)
        self.proof.out.same(f"{name} agreed_wh", rest["agreed_wh"], energy)
        if rest["cut"] == "whole":
            return {"total": energy}
        return self.dealt(rest, energy, rest["profile"], (rest["start_date"], rest["end_date"]))
