"""
Opening values: what an agreement brings along from the books in which it was billed before.

They hold on its first day, before anything was billed of it here: so a ratchet knows the peaks of the year, a yearly
limit its amount, steps what was used since the cycle began, and credits are not lost.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from cis.kernel import fixed
from cis.kernel.columns import Columns
from cis.kernel.errors import Findings, Refused
from cis.kernel.fixed import Int64
from cis.kernel.periods import add_months
from tariffs.domain.chain import year_start_of
from tariffs.domain.components.tiers import Cycle
from tariffs.domain.inputs import PAST_MONTHS, Input
from tariffs.domain.plan import Plan

KILO_PLACES = 3


class OpeningKind(StrEnum):
    """
    What a value is.

    COUNTED      energy that counts in the tier cycle, since it began [Wh]
    PEAK         largest demand of a month before, by period of demand [W]
    CREDIT       what a line carried, by its key [unit of the line, with its decimals]
    YEAR_AMOUNT  amount that the yearly limits of the tariff count, since their year began [minor unit]
    """

    COUNTED = "counted"
    PEAK = "peak"
    CREDIT = "credit"
    YEAR_AMOUNT = "year_amount"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOpening:
    """
    A value to be, as it is written in a delivery.

    agreement  external id
    name       of a peak the period of demand, of a credit the key of its line; "" for the others
    month      of a peak, a day of it; None for the others
    value      a number as text, in kWh, kW or major units
    source     book and page, file: where it was found
    """

    agreement: str
    kind: OpeningKind
    name: str
    month: date | None
    value: str
    source: str
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A value that was checked: an integer in its own unit, and of a peak the first day of its month."""

    agreement: str
    kind: OpeningKind
    name: str
    month: date | None
    value: int
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningColumns(Columns):
    """
    n opening values, by agreement.

    start_day  (n,) first day of the agreement, ``date.toordinal``
    kind       (n,) place in ``KINDS``
    name       (n,) place in ``names``
    month_day  (n,) first day of the month of a peak, 0 of others
    """

    agreement_id: Int64
    start_day: Int64
    kind: Int64
    name: Int64
    month_day: Int64
    value: Int64
    names: tuple[str, ...] = ("",)


KINDS = tuple(OpeningKind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """From which day an agreement holds, and by which prices on that day; None = they are not known."""

    start_date: date
    plan: Plan | None


def checked(*, delivered: Iterable[NewOpening], begun: Mapping[str, Begun], findings: Findings) -> tuple[Opening, ...]:
    """Return the values that fit the prices of their agreements, noting all others."""
    found: dict[tuple[str, OpeningKind, str, date | None], Opening] = {}
    for new in delivered:
        agreement = begun.get(new.agreement)
        if agreement is None:
            findings.add(f"{new.where}: agreement", "unknown_agreement", f"There is no agreement {new.agreement}.")
            continue
        one = _checked(new, agreement, findings)
        if one is None:
            continue
        key = (one.agreement, one.kind, one.name, one.month)
        if key in found:
            findings.add(new.where, "opening_twice", "This value stands twice in the delivery.", "Keep one line.")
        found[key] = one
    return tuple(found.values())


def _checked(new: NewOpening, agreement: Begun, findings: Findings) -> Opening | None:
    """Return a value that fits, None if something was noted."""
    before = len(findings)
    plan = agreement.plan
    if plan is not None:
        _note_unasked(new, plan, agreement.start_date, findings)
    _note_wrong(new, agreement.start_date, findings)
    if len(findings) > before or plan is None:
        return None
    try:
        value = fixed.parse(new.value, places=_places(new, plan))
    except Refused as refusal:
        findings.add(f"{new.where}: value", refusal.code, refusal.message, refusal.advice)
        return None
    if new.kind in {OpeningKind.PEAK, OpeningKind.CREDIT} and value < 0:
        findings.add(f"{new.where}: value", "negative_opening", "A peak or a credit is at least 0.")
        return None
    return Opening(
        agreement=new.agreement,
        kind=new.kind,
        name=new.name,
        month=new.month.replace(day=1) if new.month else None,
        value=value,
        source=new.source,
    )


def _note_unasked(new: NewOpening, plan: Plan, start: date, findings: Findings) -> None:
    """Note a value that the prices of the first day do not look at: it would be lost without a word."""
    year = year_start_of(plan=plan)
    asked = {
        OpeningKind.COUNTED: plan.tier_cycle.kind not in {Cycle.NONE, Cycle.MONTH},
        OpeningKind.PEAK: Input.PEAK_W in plan.needs and new.name in plan.demand.periods,
        OpeningKind.CREDIT: new.name in {slot.key for slot in plan.carried},
        OpeningKind.YEAR_AMOUNT: year is not None,
    }
    if not asked[new.kind]:
        message = f"The tariff of the agreement has no use for the value {new.kind} {new.name}".rstrip()
        advice = "Look at its periods of demand, and at the keys of the lines that carry credits."
        findings.add(f"{new.where}: kind", "opening_unasked", f"{message} on {start}.", advice)
    begins = {
        OpeningKind.COUNTED: plan.tier_cycle.start_of(on=start) == start,
        OpeningKind.YEAR_AMOUNT: year == start.month and start.day == 1,
    }
    if begins.get(new.kind):
        message = f"The year begins anew on {start}, the first day of the agreement: nothing of it was before."
        findings.add(f"{new.where}: kind", "opening_too_old", message, "Leave the line out.")


def _note_wrong(new: NewOpening, start: date, findings: Findings) -> None:
    if not new.source:
        findings.add(f"{new.where}: source", "no_source", "An opening value names where it was found.")
    if (new.month is not None) != (new.kind is OpeningKind.PEAK):
        findings.add(
            f"{new.where}: month", "bad_month", "A peak has the month in which it was, other values have none."
        )
    elif new.month is not None:
        first = add_months(start.replace(day=1), -PAST_MONTHS)
        if not first <= new.month < start:
            message = f"A peak is of the {PAST_MONTHS} months before {start}, from {first} on."
            findings.add(f"{new.where}: month", "bad_month", message)


def _places(new: NewOpening, plan: Plan) -> int:
    """Return the decimals of a value."""
    if new.kind is OpeningKind.CREDIT:
        return next(slot.quantity_places for slot in plan.carried if slot.key == new.name)
    return plan.decimals if new.kind is OpeningKind.YEAR_AMOUNT else KILO_PLACES
