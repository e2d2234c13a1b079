"""A bill explained: what changed, and its proof as tables, from the readings to the postings."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from accounts.domain.privacy import LookPurpose
from accounts.operations import customers
from accounts.queries import accounts
from accounts.queries.accounts import AccountOverview
from billing.operations import proofs
from billing.queries import bills, changes
from billing.queries.bills import BillDetail
from cis.desk.answers import or_404, today
from cis.desk.roles import READERS
from cis.desk.words import TOLD_LINES, word
from cis.kernel import fixed
from cis.platform.access import actor_of, allow
from cis.platform.templatetags.local import kwh, money, scaled

Plain = Mapping[str, Any]
THOUSANDTHS = {"w": "kW", "va": "kVA", "wh": "kWh", "varh": "kvarh", "var": "kvar"}
WH_PLACES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyRow:
    """
    Approved energy that a segment rests on.

    meter     "" for an agreed load, which nothing counts
    readings  (date, Wh) of the first and last counter value; None for interval meters
    cut       how it came out of the approved span, as in the proof
    by        the usage rule by which it comes, and how it counts; None: the meters of the place count it
    files     that its values came in; empty: typed in
    """

    counts_as: str
    meter: str
    register: str
    period_of_use: str
    start_date: date
    end_date: date
    readings: tuple[tuple[date, int], tuple[date, int]] | None
    multiplier: int
    energy_wh: int
    cut: str
    by: Plain | None
    is_estimated: bool
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandRow:
    """
    What the demand of a segment is read from.

    shows  period of demand that a register is for; "" for interval values, which show all
    power  largest value that the register showed [W]; None for interval values
    """

    meter: str
    register: str
    start_date: date
    end_date: date
    shows: str
    power: int | None
    multiplier: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """
    One segment of the proof, as the page shows it.

    told    as in the proof
    months  decimal text without zeros at its end
    steps   as in the proof, their lines with the word for what they tell and numbers without zeros at their end
    given   what it was rated by, in words
    earlier  segments from which it reads what bills hand on: (bill, start, end, what they hand on)
    """

    told: Plain
    tariff: Plain
    months: str
    start_date: date
    end_date: date
    steps: tuple[Plain, ...]
    energy: tuple[EnergyRow, ...]
    demand: tuple[DemandRow, ...]
    given: tuple[tuple[str, str], ...]
    earlier: tuple[tuple[str, str, str, tuple[tuple[str, str], ...]], ...]


@allow(*READERS)
def show(request: HttpRequest, bill_id: int) -> HttpResponse:
    """Show the proof of a bill; that somebody looked at the customer's data is recorded."""
    bill, account = _opened(request, bill_id)
    proof = proofs.show(bill_id=bill_id, actor=actor_of(request), with_staff=True)
    context = {
        "bill": bill,
        "card": bill.card,
        "account": account,
        "changes": changes.of_bill(bill=bill),
        "proof": proof,
        "parts": [_part(one, proof) for one in proof["segments"]],
        "series": _series(proof),
        "today": today(),
    }
    return render(request, "desk/bill_explain.html", context)


@allow(*READERS)
def export(request: HttpRequest, bill_id: int) -> JsonResponse:
    """Give the proof of a bill as a file, for a program to compute it again."""
    bill, _ = _opened(request, bill_id)
    proof = proofs.show(bill_id=bill_id, actor=actor_of(request), with_staff=True)
    answer = JsonResponse(proof, json_dumps_params={"ensure_ascii": False, "indent": 1})
    answer["Content-Disposition"] = f'attachment; filename="bill-{bill.card.number or f"draft-{bill_id}"}.json"'
    return answer


def _opened(request: HttpRequest, bill_id: int) -> tuple[BillDetail, AccountOverview]:
    with or_404():
        bill = bills.one(bill_id=bill_id)
    account = accounts.overview(account_id=bill.card.account_id, at_date=bill.card.start_date)
    customers.record_look(customer_id=account.holder.id, actor=actor_of(request), purpose=LookPurpose.BILLING)
    return bill, account


def _part(told: Plain, proof: Plain) -> Part:
    usage, registers, reads = ({row["ref"]: row for row in proof[name]} for name in ("usage", "registers", "reads"))
    rests = told.get("energy_from", [])
    return Part(
        told=told,
        tariff=next(one for one in proof["tariffs"] if one["ref"] == told["tariff"]),
        start_date=date.fromisoformat(told["start_date"]),
        end_date=date.fromisoformat(told["end_date"]),
        months=_short(told.get("months", "")),
        steps=tuple(_step(one) for one in told.get("steps", ())),
        energy=tuple(
            _energy(rest, usage[rest["usage"]], registers, reads, proof) if rest["usage"] else _agreed(rest, proof)
            for rest in rests
        ),
        demand=tuple(_demand(told.get("demand_from", []), usage, registers)),
        given=tuple(_given(told)) if "given" in told else (),
        earlier=tuple(_earlier(told.get("earlier") or [])),
    )


def _series(proof: Plain) -> list[tuple[str, str, int]]:
    """Return the hourly price series that the bill rests on: name, who publishes it, days."""
    days: dict[tuple[str, str], int] = {}
    for one in proof["price_series"]:
        days[one["series"], one["source"]] = days.get((one["series"], one["source"]), 0) + 1
    return [(*key, count) for key, count in days.items()]


def _short(decimal: str) -> str:
    return decimal.rstrip("0").rstrip(".") if "." in decimal else decimal


def _step(told: Plain) -> Plain:
    """Return a step as the page shows it."""
    lines = []
    for one in told["lines"]:
        end = one["line"].rpartition("/")[2]
        lines.append(
            {
                **one,
                "word": word("told_line", end) if not one["in_total"] and end in TOLD_LINES else "",
                "quantity": _short(one["quantity"]),
                "exact_minor": _short(one["exact_minor"]),
                # A factor has no price, and a line that only tells has none either.
                "price": None if one["unit"] == "factor" or not one["in_total"] else one["price"],
            }
        )
    # A tax tells its rate, though it is contained and not added.
    for line, one in zip(lines, told["lines"], strict=True):
        if told["kind"] == "tax":
            line["price"] = one["price"]
    return {**told, "lines": lines}


def _energy(rest: Plain, usage: Plain, registers: Plain, reads: Plain, proof: Plain) -> EnergyRow:
    register = registers[usage["register"]]
    values = [reads[ref] for ref in usage["reads"]]
    days = [one for one in proof["interval_days"] if one["register"] == usage["register"]]
    files = dict.fromkeys(one["source"]["file"] for one in (*values, *days) if one["source"]["file"])
    ends = [(date.fromisoformat(one["date"]), one["reading_wh"]) for one in values]
    return EnergyRow(
        counts_as=rest["counts_as"],
        meter=register["meter"],
        register=register["register"],
        period_of_use=register["period_of_use"],
        start_date=date.fromisoformat(rest["start_date"]),
        end_date=date.fromisoformat(rest["end_date"]),
        readings=(ends[0], ends[-1]) if ends else None,
        multiplier=usage["multiplier"],
        energy_wh=usage["energy_wh"],
        cut=rest["cut"],
        by=_by(rest, proof),
        is_estimated=usage["is_estimated"],
        files=tuple(files),
    )


def _agreed(rest: Plain, proof: Plain) -> EnergyRow:
    """Return an agreed load, which no meter counts."""
    return EnergyRow(
        counts_as=rest["counts_as"],
        meter="",
        register="",
        period_of_use="",
        start_date=date.fromisoformat(rest["start_date"]),
        end_date=date.fromisoformat(rest["end_date"]),
        readings=None,
        multiplier=1,
        energy_wh=rest["agreed_wh"],
        cut=rest["cut"],
        by=_by(rest, proof),
        is_estimated=False,
        files=(),
    )


def _by(rest: Plain, proof: Plain) -> Plain | None:
    """Return the usage rules of a part in the proof's words; None where the meters of the place count it."""
    if not rest.get("rule") and not rest.get("behind"):
        return None
    rules = {row["ref"]: row for row in proof["rules"]}
    return {
        "rule": rules.get(rest["rule"]),
        "behind": rules.get(rest["behind"]),
        "counts": rest["counts"],
    }


def _demand(parts: Sequence[Plain], usage: Plain, registers: Plain) -> Iterator[DemandRow]:
    for part in parts:
        register = registers[part["register"]]
        for span in (usage[ref] for ref in part["usage"]):
            yield DemandRow(
                meter=register["meter"],
                register=register["register"],
                start_date=date.fromisoformat(span["start_date"]),
                end_date=date.fromisoformat(span["end_date"]),
                shows=part.get("shows", ""),
                power=span["energy_wh"] if part["by"] == "register" else None,
                multiplier=span["multiplier"],
            )


def _earlier(parts: Sequence[Plain]) -> Iterator[tuple[str, str, str, tuple[tuple[str, str], ...]]]:
    """Yield earlier segments with what of them is read, in words; without a number where they are on no bill."""
    for part in parts:
        handed = part["handed_on"] or {}
        texts = tuple((word("handed", name), _text(name, value)) for name, value in handed.items())
        yield part["bill"] or "", part["start_date"], part["end_date"], texts


def _given(told: Plain) -> Iterator[tuple[str, str]]:
    """Yield what a segment was rated by, each with its word and unit."""
    for period, energy in told["energy_wh"].items():
        if len(told["energy_wh"]) > 1:
            yield word("period", period), f"{kwh(energy)} kWh"
    for name, value in told["given"].items():
        yield word("given", name), _text(name, value)


def _text(name: str, value: Any) -> str:
    """Return one input as people read it."""
    unit = THOUSANDTHS.get(name.rpartition("_")[2])
    if isinstance(value, dict):
        return ", ".join(f"{word('period', key)} {_text(name, one)}" for key, one in value.items())
    if isinstance(value, list):
        return " / ".join(_text(name, one) for one in value) or "–"
    if name == "year_minor":
        return money(value)
    if name == "series_minor":
        return money(fixed.parse(value.partition(".")[0], places=0))
    return f"{scaled(value, WH_PLACES)} {unit}" if unit and isinstance(value, int) else str(value)
