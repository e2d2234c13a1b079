"""A whole proof: tariffs by their hashes, energy down to the meters, segments, what is taken back, sums, postings."""

import calendar
from collections import Counter
from datetime import date, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from recompute import meter, terms
from recompute.checking import Differences, check_segment
from recompute.clock import Calendar, Local
from recompute.numbers import CannotTell, rounded, written
from recompute.terms import Tariff

FORMAT = "wattline-bill-proof-1"
Told = dict[str, Any]


def day(text: str) -> date:
    return date.fromisoformat(text)


class Proof:
    """One proof, and what is found wrong in it."""

    def __init__(self, told: Told) -> None:
        if told.get("format") != FORMAT:
            raise CannotTell(f"this program reads {FORMAT}, not {told.get('format')!r}")
        self.told = told
        self.out = Differences()
        self.taken: set[str] = set()
        place = told["local"]
        self.local = Local(
            zone=ZoneInfo(place["time_zone"]),
            holidays=frozenset(map(day, place["holidays"])),
            makeup_days=frozenset(map(day, place["makeup_days"])),
        )
        self.tariffs: dict[str, Tariff] = {}
        self.calendars: dict[str, Calendar] = {}
        self.usage = by_ref(told["usage"])
        self.registers = by_ref(told["registers"])
        self.reads = by_ref(told["reads"])

    def check(self) -> Differences:
        """Return everything that differs."""
        for one in self.told["tariffs"]:
            self.check_tariff(one)
        for one in self.told["interval_days"]:
            meter.check_day(one, self.out.same, f"interval day {one['date']} of {one['register']}")
        for one in self.told["usage"]:
            self.check_usage(one)
        for place, one in enumerate(self.told["segments"], start=1):
            self.check_part(one, f"segment {place}")
        self.check_sums()
        self.check_postings()
        for one in self.told["changes"]:
            where = f"change since {one['start_date']}"
            self.out.same(f"{where} now_minor", one["now_minor"], self.told["bill"]["amount_minor"])
            moved = sum(cause["amount_minor"] for cause in one["causes"])
            self.out.same(f"{where} sum of causes", moved, one["now_minor"] - one["then_minor"])
        return self.out

    def check_tariff(self, one: Told) -> None:
        """Compare what is said of a tariff version with its text, and the text with its hash."""
        where, same = f"tariff {one['ref']}", self.out.same
        same(f"{where} sha256", one["sha256"], terms.hash_of(one["text"]))
        tariff = terms.read(one["text"])
        head = terms.head(one["text"])
        for name, found in head.items():
            same(f"{where} {name}", one[name], found)
        same(f"{where} currency", self.told["bill"]["currency"], tariff.currency)
        self.tariffs[one["ref"]] = tariff
        if tariff.calendar.has("season"):
            events = {day(event["date"]): event["code"] for event in one["events"]}
            self.calendars[one["ref"]] = Calendar(tariff.calendar, tariff.periods, self.local, events)

    def days_of(self, register: str) -> list[Told]:
        return [one for one in self.told["interval_days"] if one["register"] == register]

    def check_usage(self, one: Told) -> None:
        """Compare approved energy with the counter or interval values that it was computed from."""
        where, register = f"usage {one['ref']}", self.registers[one["register"]]
        same = self.out.same
        if one["basis"] == "interval":
            span = day(one["start_date"]), day(one["end_date"])
            energy, is_estimated = meter.measured(self.days_of(one["register"]), self.local, *span)
            same(f"{where} energy_wh", one["energy_wh"], energy * one["multiplier"])
            same(f"{where} is_estimated", one["is_estimated"], is_estimated)
            return
        reads = [self.reads[ref] for ref in one["reads"]]
        dates = [read["date"] for read in reads]
        if len(reads) < TWO or sorted(set(dates)) != dates:
            self.out.append(f"{where}: {len(reads)} counter values do not make up a span")
            return
        same(f"{where} start_date", one["start_date"], dates[0])
        same(f"{where} end_date", one["end_date"], dates[-1])
        same(f"{where} registers", {read["register"] for read in reads}, {one["register"]})
        same(f"{where} energy_wh", one["energy_wh"], meter.counted(reads, register, one["multiplier"]))
        ends = (reads[0]["kind"], reads[-1]["kind"])
        same(f"{where} is_estimated", one["is_estimated"], meter.ESTIMATED in ends)

    def check_part(self, one: Told, where: str) -> None:
        """Check a segment: one that was rated, or one that takes another back."""
        if one["takes_back"] is not None:
            self.check_taken_back(one, where)
            return
        if not one["inputs_kept"]:
            raise CannotTell(f"{where} was rated by a release that did not keep what it was rated by")
        self.check_time(one, where)
        self.check_term(one, where)
        self.check_energy(one, where)
        self.check_year(one, where)
        check_segment(one, self.tariffs[one["tariff"]], where, self.out)

    def check_time(self, one: Told, where: str) -> None:
        """Compare days and months of a segment with its dates, and these with the validity of its tariff."""
        self.taken |= set(one["given"]) - CHECKED
        start, end, same = day(one["start_date"]), day(one["end_date"]), self.out.same
        same(f"{where} days", one["days"], (end - start).days)
        same(f"{where} months", one["months"], written(months_of(start, end), 9))
        given = one["given"]
        if "month" in given:
            same(f"{where} month", given["month"], start.month)
        version = next(tariff for tariff in self.told["tariffs"] if tariff["ref"] == one["tariff"])
        holds = day(version["start_date"]) <= start and (version["end_date"] is None or end <= day(version["end_date"]))
        same(f"{where} is inside the validity of its tariff", True, holds)
        same(f"{where} is inside its billed period", True, one["period_start_date"] <= one["start_date"])
        same(f"{where} ends with its billed period", True, one["end_date"] <= one["period_end_date"])

    def check_term(self, one: Told, where: str) -> None:
        """Compare what was agreed with what the segment was given."""
        term, given = one["term"], one["given"]
        if term is None:
            self.out.append(f"{where}: the agreement has no term for it")
            return
        self.out.same(f"{where} household", one["household"], term["household"])
        agreed = {
            name: given[name] for name in ("capacity_va", "contract_w", "green_blocks", "features") if name in given
        }
        told = dict(term["agreed"])
        if suspended_va := told.pop("suspended_va", 0):
            told["capacity_va"] -= suspended_va
        self.out.rows(f"{where} agreed", told, agreed)
        self.out.same(f"{where} tariff", term["tariff"], self.tariffs[one["tariff"]].code)
        self.out.same(f"{where} is inside its term", True, term["start_date"] <= one["start_date"])

    def check_energy(self, one: Told, where: str) -> None:
        """Compare the energy that was priced with the approved energy that it is made up of."""
        tariff = self.tariffs[one["tariff"]]
        found: dict[str, Counter[str]] = {name: Counter() for name in ("energy_wh", "reactive_varh", "export_wh")}
        for rest in one["energy_from"]:
            found[rest["counts_as"]].update(self.rest(rest, one, where))
        energy = found["energy_wh"]
        self.out.rows(f"{where} energy_wh", one["energy_wh"], {name: energy[name] for name in tariff.names})
        self.out.same(
            f"{where} energy in other periods", 0, sum(wh for name, wh in energy.items() if name not in tariff.names)
        )
        self.out.same(f"{where} used_wh", one["used_wh"], sum(one["energy_wh"].values()))
        given = one["given"]
        if "reactive_varh" in given:
            self.out.same(f"{where} reactive_varh", given["reactive_varh"], sum(found["reactive_varh"].values()))
        if "export_wh" in given:
            export = found["export_wh"]
            self.out.rows(f"{where} export_wh", given["export_wh"], {name: export[name] for name in tariff.names})
        estimated = any(
            self.usage[rest["usage"]]["is_estimated"] for rest in one["energy_from"] if rest["counts_as"] == "energy_wh"
        )
        self.out.same(f"{where} is_estimated", one["is_estimated"], estimated)

    def rest(self, rest: Told, one: Told, where: str) -> dict[str, int]:
        """Return what a part of approved energy adds, by period of use."""
        usage, tariff = self.usage[rest["usage"]], self.tariffs[one["tariff"]]
        inside = one["start_date"] <= rest["start_date"] and rest["end_date"] <= one["end_date"]
        self.out.same(f"{where} {rest['usage']} lies inside", True, inside)
        if not rest["is_cut"]:
            whole = (usage["start_date"], usage["end_date"])
            self.out.same(f"{where} {rest['usage']} is taken whole", (rest["start_date"], rest["end_date"]), whole)
            period = self.registers[usage["register"]]["period_of_use"]
            return {period if tariff.periods and rest["counts_as"] != "reactive_varh" else "total": usage["energy_wh"]}
        chart = self.calendars.get(one["tariff"]) if tariff.periods else None
        days = self.days_of(usage["register"])
        parts = meter.split(usage, days, self.local, day(rest["start_date"]), day(rest["end_date"]), chart)
        return {name or "total": wh for name, wh in parts.items()}

    def check_year(self, one: Told, where: str) -> None:
        """Compare the energy since the steps began with the segments before."""
        year = one["year_to_date"]
        if year is None:
            self.out.same(f"{where} before_wh", one["before_wh"], 0)
            return
        self.out.same(f"{where} before_wh", one["before_wh"], sum(part["counted_wh"] for part in year["from"]))
        since = cycle_start(self.tariffs[one["tariff"]], one)
        self.out.same(f"{where} since_date", year["since_date"], since.isoformat())
        for part in year["from"]:
            fits = year["since_date"] <= part["start_date"] < part["end_date"] <= one["start_date"]
            self.out.same(f"{where} {part['start_date']} lies in the cycle before it", True, fits)

    def check_taken_back(self, one: Told, where: str) -> None:
        """Compare a segment that takes another back with what it takes back: it is the same, below 0."""
        back, same = one["takes_back"], self.out.same
        same(f"{where} is_estimated", one["is_estimated"], back["is_estimated"])
        for name in ("used_wh", "amount_minor", "tax_minor"):
            same(f"{where} {name}", one[name], -back[name])
        same(f"{where} lines", [line["line"] for line in one["lines"]], [line["line"] for line in back["lines"]])
        for mine, theirs in zip(one["lines"], back["lines"], strict=False):
            key = f"{where} {mine['line']}"
            same(f"{key} quantity", Fraction(mine["quantity"]), -Fraction(theirs["quantity"]))
            for name in ("unit", "price", "ledger"):
                same(f"{key} {name}", mine[name], theirs[name])
            for name in ("amount_minor", "tax_minor"):
                same(f"{key} {name}", mine[name], -theirs[name])
        for name in ("amount_minor", "tax_minor"):
            same(f"{where} sum of {name}", back[name], sum(line[name] for line in back["lines"]))

    def check_sums(self) -> None:
        """Compare the bill with the sums of its segments, and these with their lines."""
        bill, parts = self.told["bill"], self.told["segments"]
        for name, key in (("energy_wh", "used_wh"), ("amount_minor", "amount_minor"), ("tax_minor", "tax_minor")):
            self.out.same(f"bill {name}", bill[name], sum(one[key] for one in parts))
        for place, one in enumerate(parts, start=1):
            for name in ("amount_minor", "tax_minor"):
                total = sum(line[name] for line in one["lines"])
                self.out.same(f"segment {place} sum of {name}", one[name], total)

    def check_postings(self) -> None:
        """Compare what was posted with the lines: revenue by ledger class without tax, and tax by itself."""
        if self.told["bill"]["number"] is None:
            self.out.same("postings of a draft", len(self.told["postings"]), 0)
            return
        wanted: Counter[str] = Counter()
        for line in (line for one in self.told["segments"] for line in one["lines"]):
            wanted[line["ledger"]] += line["amount_minor"] - line["tax_minor"]
            wanted["vat"] += line["tax_minor"]
        found: Counter[str] = Counter()
        for one in self.told["postings"]:
            account = "liability.vat" if one["part"] == "vat" else f"revenue.{one['part']}"
            sides = {one["debit"]: 1, one["credit"]: -1}
            self.out.same(f"posting {one['part']} accounts", sorted(sides), sorted(("customer", account)))
            self.out.same(f"posting {one['part']} reverses", one["reverses"], self.told["bill"]["kind"] == "credit")
            found[one["part"]] += one["amount_minor"] * sides.get("customer", 0)
        self.out.rows("posting", dict(found), {part: amount for part, amount in wanted.items() if amount})


TWO = 2
CHECKED = {"month", "capacity_va", "contract_w", "green_blocks", "features", "reactive_varh", "export_wh"}
"""Inputs that are followed to where they come from; others are taken as they are given, and named."""


def by_ref(rows: list[Told]) -> dict[str, Told]:
    return {row["ref"]: row for row in rows}


def months_of(start: date, end: date) -> Fraction:
    """Return how many months a span is, each day counted by its own month, to 9 decimals, half up."""
    total, at = Fraction(0), start
    while at < end:
        length = calendar.monthrange(at.year, at.month)[1]
        after = min(end, at.replace(day=1) + timedelta(days=length))
        total += Fraction((after - at).days, length)
        at = after
    return Fraction(rounded(total * 10**9), 10**9)


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
