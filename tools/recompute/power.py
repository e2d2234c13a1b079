"""The demand of a segment: the largest mean power of a window in interval values, and what registers of demand show."""

from collections import defaultdict
from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from recompute.clock import Calendar
from recompute.energy_charges import half_up
from recompute.meter import slots_of
from recompute.rests import day

if TYPE_CHECKING:
    from recompute.bill import Proof

Told = dict[str, Any]
WHOLE_TIME = "any"


def peaks(proof: "Proof", one: Told, read_from: list[Told], where: str) -> dict[str, int]:
    """
    Return the demand of a segment by period of demand. [W or var]

    Registers of one feed are added up window by window, or show demand themselves; feeds of one lane follow each
    other, so that the largest counts; lanes hang at the same time and are added.
    """
    tariff = proof.tariffs[one["tariff"]]
    lanes: dict[str, dict[str, int]] = {}
    for lane in dict.fromkeys(part["lane"] for part in read_from):
        found = dict.fromkeys(tariff.demand_periods, 0)
        parts = [part for part in read_from if part["lane"] == lane]
        for feed in dict.fromkeys(part["feed"] for part in parts):
            mine = [part for part in parts if part["feed"] == feed]
            for part in mine:
                for ref in part["usage"]:
                    proof.out.same(f"{where} {ref} register", proof.usage[ref]["register"], part["register"])
            for period, watts in {**shown(proof, mine), **measured(proof, one, mine)}.items():
                found[period] = max(found[period], watts)
        found[WHOLE_TIME] = max(found.values())
        lanes[lane] = found
    return {name: sum(found[name] for found in lanes.values()) for name in tariff.demand_periods}


def shown(proof: "Proof", parts: list[Told]) -> dict[str, int]:
    """Return what registers of demand show, by the period that each is for."""
    found: dict[str, int] = {}
    for part in parts:
        if part["by"] == "register":
            for ref in part["usage"]:
                found[part["shows"]] = max(found.get(part["shows"], 0), proof.usage[ref]["energy_wh"])
    return found


def measured(proof: "Proof", one: Told, parts: list[Told]) -> dict[str, int]:
    """Return the largest mean power of a window, by period of demand, of the interval values of some registers."""
    tariff = proof.tariffs[one["tariff"]]
    refs = dict.fromkeys(ref for part in parts if part["by"] == "intervals" for ref in part["usage"])
    begin, step = proof.local.starts(day(one["start_date"])), timedelta(minutes=tariff.window_minutes)
    windows: defaultdict[int, Fraction] = defaultdict(Fraction)
    heads: dict[int, tuple[Any, int]] = {}
    for ref in refs:
        usage = proof.usage[ref]
        start, end = max(usage["start_date"], one["start_date"]), min(usage["end_date"], one["end_date"])
        for slot in slots_of(proof.days_of(usage["register"]), proof.local, day(start), day(end)):
            number = (slot.at - begin) // step
            windows[number] += slot.wh * usage["multiplier"]
            heads.setdefault(number, (slot.day, slot.minute))
    chart = chart_of(proof, one) if len(tariff.demand_periods) > 1 else None
    found: dict[str, int] = {}
    for number, wh in windows.items():
        period = WHOLE_TIME if chart is None else chart.period(*heads[number])
        watts = half_up(wh * 60 / tariff.window_minutes)
        found[period] = max(found.get(period, 0), watts)
    return found


def chart_of(proof: "Proof", one: Told) -> Calendar:
    """Return the calendar of periods of demand."""
    tariff = proof.tariffs[one["tariff"]]
    events = {day(event["date"]): event["code"] for event in proof.version(one)["events"]}
    return Calendar(tariff.demand_calendar, tariff.demand_periods[1:], proof.local, events)
