"""
Who may choose a tariff: what its document offers, and to whom.

A tariff that says nothing is offered to nobody; whoever has it already keeps it. So a tariff that an authority assigns
(by the nature of the use) is never advised by mistake.
"""

from dataclasses import dataclass

from accounts.domain.identity import CustomerKind
from metering.domain.places import Voltage
from tariffs.domain.grammar import Table

PLACES = 3
"""Capacities are written in kVA and kept in VA."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """
    To whom a tariff is open.

    kinds      kinds of customers
    voltages   of the service point; empty = any
    features   of which the agreement must have one; empty = none is asked for
    from_va, below_va  agreed capacity, half-open; None = open on that side [VA]
    """

    kinds: frozenset[str]
    voltages: frozenset[str] = frozenset()
    features: frozenset[str] = frozenset()
    from_va: int | None = None
    below_va: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chooser:
    """
    Who looks for a tariff, for one supply.

    kind            of the customer
    voltage         of the service point
    features        of the agreement
    capacity_va     agreed; None = none [VA]
    customer_class  of the tariff that he has; "" = it names none
    """

    kind: str
    voltage: str
    features: frozenset[str]
    capacity_va: int | None
    customer_class: str


def is_open(*, choice: Choice | None, customer_class: str, who: Chooser) -> bool:
    """
    Return whether somebody may choose a tariff.

    customer_class  of the tariff; where both name one, it must be the same: a home does not become a workshop
    """
    if choice is None or who.kind not in choice.kinds:
        return False
    if customer_class and who.customer_class and customer_class != who.customer_class:
        return False
    if choice.voltages and who.voltage not in choice.voltages:
        return False
    if choice.features and not choice.features & who.features:
        return False
    return _fits(choice, who.capacity_va)


def _fits(choice: Choice, capacity_va: int | None) -> bool:
    if choice.from_va is None and choice.below_va is None:
        return True
    if capacity_va is None:
        return False
    return (choice.from_va or 0) <= capacity_va and (choice.below_va is None or capacity_va < choice.below_va)


def read_choice(*, table: Table) -> Choice | None:
    """Return to whom a document opens its tariff, noting every finding; None = to nobody."""
    if not table.has("choice"):
        return None
    part = table.table("choice")
    choice = Choice(
        kinds=_words(part, "kinds", frozenset(CustomerKind), required=True),
        voltages=_words(part, "voltages", frozenset(Voltage), required=False),
        features=frozenset(str(one) for one in part.entries("features", required=False)),
        from_va=part.number("from_kva", places=PLACES) if part.has("from_kva") else None,
        below_va=part.number("below_kva", places=PLACES) if part.has("below_kva") else None,
    )
    part.raw("from_kva", required=False)
    part.raw("below_kva", required=False)
    part.close()
    return choice


def _words(part: Table, key: str, known: frozenset[str], *, required: bool) -> frozenset[str]:
    given = [str(one) for one in part.entries(key, required=required)]
    for one in given:
        if one not in known:
            part.note(key, "unknown_word", f"{one!r} is not known here.", f"Use some of {', '.join(sorted(known))}.")
    if required and not given:
        part.note(key, "empty_list", f"{key} names nobody.", "Name somebody, or leave the table out.")
    return frozenset(given)
