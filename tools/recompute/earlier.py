"""What earlier bills hand to a segment, and what a segment hands to those after it."""

from calendar import monthrange
from datetime import date
from typing import TYPE_CHECKING, Any

from recompute.demand_charges import half_up_to
from recompute.other_charges import counted
from recompute.pricing import Result
from recompute.terms import Keys, Tariff

if TYPE_CHECKING:
    from recompute.bill import Proof

Told = dict[str, Any]
READ = {
    "past_peaks_w": "peak_w",
    "billed_peak_w": "charged_w",
    "year_minor": "year_minor",
    "carried": "carried",
}
"""What of earlier segments each input is read from."""
ADJUSTING = {"transformer_loss", "agreed_loss", "unmetered", "netting", "kwh_credits", "billed_demand"}
MONTHS = 12


def check(proof: "Proof", one: Told, where: str) -> None:
    """Compare what a segment was given of earlier ones with what they hand on."""
    given = one["given"]
    wanted = [name for name in READ if name in given]
    if not wanted:
        return
    parts = one["earlier"]
    follows(proof, parts, one, where)
    if any(part["handed_on"] is None for part in parts):
        # Days that no bill has, or a bill that did not keep what it hands on.
        proof.taken |= set(wanted)
        return
    tariff = proof.tariffs[one["tariff"]]
    found = {
        "past_peaks_w": lambda: past_peaks([*parts, *opened(one, "peak")], one, tariff),
        "billed_peak_w": lambda: billed_peak(parts, one, tariff),
        "year_minor": lambda: year([*parts, *opened(one, "year_amount")], one, tariff),
        "carried": lambda: carried(parts or opened(one, "credit"), given["carried"]),
    }
    for name in wanted:
        proof.out.same(f"{where} {name} as earlier bills hand it on", given[name], found[name]())


def opened(one: Told, kind: str) -> list[Told]:
    """Return what the agreement brings along from other books, as if earlier segments handed it on."""
    mine = [value for value in one["opened"] if value["kind"] == kind]
    if kind == "credit":
        return [{"handed_on": {"carried": {value["name"]: value["value"] for value in mine}}}]
    if kind == "year_amount":
        return [{"start_date": value["month_date"], "handed_on": {"year_minor": value["value"]}} for value in mine]
    return [
        {"start_date": value["month_date"], "handed_on": {"peak_w": {value["name"]: value["value"]}}} for value in mine
    ]


def follows(proof: "Proof", parts: list[Told], one: Told, where: str) -> None:
    """Compare the ends of earlier segments with the starts of those after them, and what this bill itself hands on."""
    for part, following in zip(parts, [*(part["start_date"] for part in parts[1:]), one["start_date"]], strict=False):
        name = f"{where} earlier {part['start_date']}"
        proof.out.same(f"{name} end_date", part["end_date"], following)
        if part["segment"] is not None and part["handed_on"] is not None:
            handed = proof.handed[part["segment"]]
            proof.out.same(f"{name} bill", part["bill"], proof.told["bill"]["number"])
            for key, value in part["handed_on"].items():
                proof.out.same(f"{name} {key}", value, handed[key])


def months_before(part: Told, one: Told) -> int:
    """Return how many months before a segment an earlier one begins."""
    first, last = (date.fromisoformat(row["start_date"]) for row in (part, one))
    return (last.year - first.year) * MONTHS + last.month - first.month


def past_peaks(parts: list[Told], one: Told, tariff: Tariff) -> list[dict[str, int]]:
    """Return the peaks of the twelve months before, the latest first."""
    found = [dict.fromkeys(tariff.demand_periods, 0) for _ in range(MONTHS)]
    for part in parts:
        back = months_before(part, one)
        if 1 <= back <= MONTHS:
            month = found[back - 1]
            for name in month:
                month[name] = max(month[name], part["handed_on"].get("peak_w", {}).get(name, 0))
    return found


def billed_peak(parts: list[Told], one: Told, tariff: Tariff) -> dict[str, int]:
    """
    Return the demand that was charged before in the same billing month.

    It begins with a billed period; the next are parts of it as long as they end within a month of its first day.
    """
    found = dict.fromkeys(tariff.demand_periods, 0)
    begins = None
    for part in [*parts, one]:
        start, end = (date.fromisoformat(part[name]) for name in ("period_start_date", "period_end_date"))
        if begins is None or (start != begins and end > month_after(begins)):
            begins, found = start, dict.fromkeys(tariff.demand_periods, 0)
        if part is not one:
            charged_w = part["handed_on"].get("charged_w", {})
            found = {name: max(peak, charged_w.get(name, 0)) for name, peak in found.items()}
    return found


def month_after(day: date) -> date:
    """Return the same day of the next month, or the last one of that month."""
    year, month = divmod(day.year * MONTHS + day.month, MONTHS)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def year(parts: list[Told], one: Told, tariff: Tariff) -> int:
    """Return what was counted since the year of the yearly limits began."""
    first = yearly(tariff)[0].need("year_starts")
    since = (date.fromisoformat(one["start_date"]).month - first) % MONTHS
    return sum(part["handed_on"].get("year_minor", 0) for part in parts if months_before(part, one) <= since)


def carried(parts: list[Told], asked: dict[str, int]) -> dict[str, int]:
    """Return what the segment before carries on, under the names that are asked for."""
    last = parts[-1]["handed_on"].get("carried", {}) if parts else {}
    return {name: last.get(name, 0) for name in asked}


def yearly(tariff: Tariff) -> list[Keys]:
    return [keys for keys in tariff.components if keys.need("kind") in ("yearly_minimum", "yearly_maximum")]


def handed_on(result: Result, one: Told, tariff: Tariff) -> Told:
    """Return what a segment hands on."""
    given, found = one["given"], {}
    kinds = {keys.need("kind") for keys in tariff.components}
    if tariff.cycle.get("every", "none") != "none" and kinds & ADJUSTING:
        found["counted_wh"] = result.segment.total
    if "peak_w" in given:
        found["peak_w"] = given["peak_w"]
    if "billed_peak_w" in given:
        found["charged_w"] = charged(result, one, tariff)
    if "year_minor" in given:
        limit = yearly(tariff)[0]
        base = next(step.base for step in result.steps if step.code == limit.need("code"))
        found["year_minor"] = counted(limit, base)
    if "carried" in given:
        found["carried"] = {line.line.key: line.line.quantity for line in result.lines if line.line.carries}
    return found


def charged(result: Result, one: Told, tariff: Tariff) -> dict[str, int]:
    """Return the demand that is charged in the month up to and with a segment, by period of demand."""
    found = dict.fromkeys(tariff.demand_periods, 0)
    for keys, step in zip(tariff.components, result.steps, strict=True):
        if keys.need("kind") == "measured_demand" and keys.get("billed_before") == "deduct":
            period = keys.get("period", "any")
            before = one["given"]["billed_peak_w"][period]
            more = sum(line.line.quantity for line in step.lines if line.line.counts)
            # A component of another season adds nothing, and its grain rounds nothing.
            until = half_up_to(before, keys.whole("grain_kw", 1000, "0.001")) + more if more > 0 else before
            found[period] = max(found[period], until)
    return found
