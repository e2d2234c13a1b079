"""
What usage rules make of the energy that meters count: shares, fixed quantities, sub-meters.

A span is split as a whole. Sub-meters are taken off first; fixed quantities are filled over the days that spans make
up together, month by month; fixed shares are of what is left, and the rest stays with the place of the meter.
"""

import calendar
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Any

from recompute.numbers import CannotTell, laid, shared, times

Told = dict[str, Any]
Key = tuple[str, str | None, str | None]
ONE = 10**6
FAR = "9999-12-31"


class Shares:
    """The parts of spans by the rule that takes them, worked out when they are first asked for."""

    def __init__(self, told: Told) -> None:
        self.rules: dict[str, Told] = {row["ref"]: row for row in told["rules"]}
        registers = {row["ref"]: row for row in told["registers"]}
        drawn = [one for one in told["usage"] if is_drawn(registers[one["register"]])]
        self.usage = [one for one in drawn if not self.left_out(one, registers[one["register"]])]
        self.periods = {one["ref"]: registers[one["register"]]["period_of_use"] for one in drawn}
        self.parts: dict[Key, int] = {}
        self.left = {one["ref"]: one["energy_wh"] for one in self.usage}
        self.told: dict[str, int] = {}
        sources = sorted({rule["source"] for rule in self.rules.values() if rule["kind"] in ("share", "quantity")})
        for source in sources:
            self.split(source)

    def of(self, rest: Told, usage: Told) -> int:
        """Return what a part has of a span, before it is cut."""
        if rest.get("counts") is None:
            return int(usage["energy_wh"])
        ref, rule, behind = usage["ref"], rest["rule"], rest["behind"]
        if rest["counts"] == "told":
            return self.told.get(ref, 0)
        if rule is None and behind is None:
            return self.left[ref]
        # A sub-meter of which nobody takes a share is taken off whole.
        return self.parts.get((ref, rule, behind), int(usage["energy_wh"]) if rule is None else 0)

    def left_out(self, usage: Told, register: Told) -> bool:
        """Return whether a check meter counted a span."""
        return any(
            rule["kind"] == "left_out" and rule["meter"] == register["meter"] and holds(rule, usage["start_date"])
            for rule in self.rules.values()
        )

    def at(self, place: str) -> list[Told]:
        """Return the spans of a place, by start."""
        mine = [one for one in self.usage if one["service_point"] == place]
        return sorted(mine, key=lambda one: one["start_date"])

    def split(self, source: str) -> None:
        """Split what the meters of a place, and the sub-meters behind them, count."""
        named = [rule for rule in self.rules.values() if rule["source"] == source]
        taking = [rule for rule in named if rule["kind"] in ("share", "quantity")]
        behind = [rule for rule in named if rule["kind"] == "submeter"]
        main = self.at(source)
        subs = {
            rule["ref"]: [
                one
                for one in self.at(rule["service_point"])
                if one["start_date"] < (rule["end_date"] or FAR) and one["end_date"] > rule["start_date"]
            ]
            for rule in behind
        }
        edges = sorted({"0001-01-01", FAR, *(edge for rule in taking for edge in (rule["start_date"], end_of(rule)))})
        for start, end in pairwise(edges):
            holding = [rule for rule in taking if rule["start_date"] <= start < end_of(rule)]
            self.split_days(
                [one for one in main if start <= one["start_date"] < end],
                {ref: [one for one in rows if start <= one["start_date"] < end] for ref, rows in subs.items()},
                holding,
            )

    def split_days(self, main: list[Told], subs: dict[str, list[Told]], holding: list[Told]) -> None:
        """Split the spans of a time in which the same rules hold."""
        quantities = [rule for rule in holding if rule["kind"] == "quantity"]
        shares = [rule for rule in holding if rule["kind"] == "share"]
        percents = [times(rule["share"], ONE) for rule in shares]
        for cluster in self.clusters(main):
            self.fill(cluster, subs, quantities)
        for one in main:
            taken = sum(self.parts.get((one["ref"], rule["ref"], None), 0) for rule in quantities)
            *parts, rest = shared(one["energy_wh"] - taken, [*percents, ONE - sum(percents)])
            for rule, wh in zip(shares, parts, strict=True):
                self.parts[one["ref"], rule["ref"], None] = wh
            self.left[one["ref"]] = rest
            self.told[one["ref"]] = one["energy_wh"] - rest
        for ref, rows in subs.items():
            for one in rows:
                *parts, rest = shared(one["energy_wh"], [*percents, ONE - sum(percents)])
                for rule, wh in zip(shares, parts, strict=True):
                    self.parts[one["ref"], rule["ref"], ref] = wh
                self.parts[one["ref"], None, ref] = rest

    def fill(self, cluster: list[Told], subs: dict[str, list[Told]], quantities: list[Told]) -> None:
        """Fill fixed quantities from the spans that make up the same days."""
        if not quantities:
            return
        start, end = min(one["start_date"] for one in cluster), max(one["end_date"] for one in cluster)
        counted = sum(self.counted(rows, start, end) for rows in subs.values())
        room = max(sum(one["energy_wh"] for one in cluster) - counted, 0)
        wanted = [self.quantity(rule, date.fromisoformat(start), date.fromisoformat(end)) for rule in quantities]
        if sum(wanted) > room:
            excess = quantities[0]["excess"]
            if excess == "refuse":
                raise CannotTell(f"the fixed quantities from {start} on are more than the meter shows")
            wanted = shared(room, wanted) if excess == "in_proportion" else laid(wanted, room)
        weights = [max(one["energy_wh"], 0) for one in cluster]
        left = shared(sum(wanted), weights)
        for rule, taken in zip(quantities, wanted, strict=True):
            dealt = shared(taken, left)
            left = [have - wh for have, wh in zip(left, dealt, strict=True)]
            for one, wh in zip(cluster, dealt, strict=True):
                self.parts[one["ref"], rule["ref"], None] = wh

    def clusters(self, rows: list[Told]) -> Iterator[list[Told]]:
        """Yield spans that make up the same days: a month, or longer where a span is; all hours and periods apart."""
        for is_total in (True, False):
            cluster: list[Told] = []
            for one in rows:
                if (self.periods[one["ref"]] == "") is not is_total:
                    continue
                if cluster:
                    end = max(row["end_date"] for row in cluster)
                    if one["start_date"] >= end and one["start_date"][:7] != cluster[0]["start_date"][:7]:
                        yield cluster
                        cluster = []
                cluster.append(one)
            if cluster:
                yield cluster

    def counted(self, rows: list[Told], start: str, end: str) -> int:
        """Return what a sub-meter counted in some days: by its counters of all hours if there are any."""
        mine = [one for one in rows if start <= one["start_date"] < end]
        total = [one for one in mine if self.periods[one["ref"]] == ""]
        return sum(one["energy_wh"] for one in total or mine)

    def quantity(self, rule: Told, start: date, end: date) -> int:
        """Return the part of an agreed quantity that falls on some days; a month's parts are cut from its first day."""
        if rule["per"] == "day":
            return int(rule["quantity_wh"]) * (end - start).days
        return since_ever(rule["quantity_wh"], end) - since_ever(rule["quantity_wh"], start)


def since_ever(quantity: int, on: date) -> int:
    days = calendar.monthrange(on.year, on.month)[1]
    return (on.year * 12 + on.month) * quantity + quantity * (on.day - 1) // days


def is_drawn(register: Told) -> bool:
    return (register["quantity"], register["direction"]) == ("active", "import")


def end_of(rule: Told) -> str:
    return rule["end_date"] or FAR


def holds(rule: Told, on: str) -> bool:
    return bool(rule["start_date"] <= on < end_of(rule))
