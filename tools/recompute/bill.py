"""A whole proof: tariffs by their hashes, energy down to the meters, segments, what is taken back, sums, postings."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from recompute import earlier, facts, mended, meter, sums, terms
from recompute.checking import Differences, check_segment
from recompute.clock import Calendar, Local
from recompute.numbers import CannotTell
from recompute.rests import Energy
from recompute.shares import Shares
from recompute.terms import Tariff

FORMAT = "wattline-bill-proof-2"
Told = dict[str, Any]


def day(text: str) -> date:
    return date.fromisoformat(text)


class Proof:
    """
    One proof, and what is found wrong in it.

    taken   inputs that are not followed any further
    handed  what segments hand on, by their number from 1
    """

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
        self.corrections = by_ref(told["corrections"])
        self.handed: dict[int, Told] = {}
        self.shares = Shares(told)
        self.days: dict[str, list[Told]] = {}
        for one in told["interval_days"]:
            self.days.setdefault(one["register"], []).append(one)

    def check(self) -> Differences:
        """Return everything that differs."""
        for one in self.told["tariffs"]:
            self.check_tariff(one)
        for one in self.told["interval_days"]:
            meter.check_day(one, self.out.same, f"interval day {one['date']} of {one['register']}")
        for one in self.told["usage"]:
            self.check_usage(one)
        for one in self.told["corrections"]:
            mended.check(self, one)
        for place, one in enumerate(self.told["segments"], start=1):
            self.check_part(one, place)
        for place, one in enumerate(self.told["charges"], start=1):
            sums.check_charge(self, one, f"charge {place}")
        sums.check_sums(self)
        sums.check_postings(self)
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
        return self.days.get(register, [])

    def version(self, one: Told) -> Told:
        """Return what the proof says of the tariff version of a segment."""
        found: Told = next(tariff for tariff in self.told["tariffs"] if tariff["ref"] == one["tariff"])
        return found

    @property
    def decimals(self) -> int:
        """Return the decimals of the currency."""
        return next((one.decimals for one in self.tariffs.values()), 2)

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
        if register["quantity"] == "demand":
            recorded, ends = meter.largest(reads, one["multiplier"]), {reads[-1]["kind"]}
        else:
            recorded = meter.counted(reads, register, one["multiplier"])
            ends = {reads[0]["kind"], reads[-1]["kind"]}
        mended.check_usage(self, one, recorded, where)
        same(f"{where} is_estimated", one["is_estimated"], meter.ESTIMATED in ends)

    def check_part(self, one: Told, place: int) -> None:
        """Check a segment: one that was rated, or one that takes another back."""
        where = f"segment {place}"
        if one["takes_back"] is not None:
            sums.check_taken_back(self, one, where)
            return
        if not one["inputs_kept"]:
            raise CannotTell(f"{where} was rated by a release that did not keep what it was rated by")
        energy = Energy(self, one, where)
        self.check_energy(one, energy, where)
        facts.check(self, one, energy, where)
        tariff = self.tariffs[one["tariff"]]
        result = check_segment(one, tariff, where, self.out)
        self.handed[place] = earlier.handed_on(result, one, tariff)
        self.out.rows(f"{where} handed_on", one["handed_on"], self.handed[place])

    def check_energy(self, one: Told, energy: Energy, where: str) -> None:
        """Compare the energy that was priced with the approved energy that it is made up of."""
        names, given = self.tariffs[one["tariff"]].names, one["given"]
        drawn, export = energy.found["energy_wh"], energy.found["export_wh"]
        self.out.rows(f"{where} energy_wh", one["energy_wh"], {name: drawn[name] for name in names})
        self.out.same(f"{where} energy in other periods", 0, sum(wh for name, wh in drawn.items() if name not in names))
        self.out.same(f"{where} used_wh", one["used_wh"], sum(one["energy_wh"].values()))
        if "reactive_varh" in given:
            reactive = sum(energy.found["reactive_varh"].values())
            self.out.same(f"{where} reactive_varh", given["reactive_varh"], reactive)
        if "export_wh" in given:
            self.out.rows(f"{where} export_wh", given["export_wh"], {name: export[name] for name in names})
        estimated = energy.is_estimated or any(
            self.usage[ref]["is_estimated"]
            for part in one.get("demand_from", [])
            if part["by"] == "register"
            for ref in part["usage"]
        )
        self.out.same(f"{where} is_estimated", one["is_estimated"], estimated)


TWO = 2


def by_ref(rows: list[Told]) -> dict[str, Told]:
    return {row["ref"]: row for row in rows}
