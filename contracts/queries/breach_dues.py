"""What a case of breach costs by the rules of the place; nothing is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from cis.kernel import fixed
from cis.platform import packs
from contracts.domain import breach_claims, breaches
from contracts.domain.breach_claims import Capacity, Category, Claim, Tampering, Theft
from contracts.domain.breach_steps import Step
from contracts.domain.breaches import BreachKind, Due
from contracts.domain.charge_kinds import LEDGER, ChargeKind
from tariffs.domain.components.basic import TaxMode

INSIDE = "inside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """
    An amount with its tax, and the rule that it rests on. [minor unit]

    amount_minor  what is owed, tax included
    tax_minor     contained in it
    steps         how it came about
    """

    kind: ChargeKind
    amount_minor: int
    tax_minor: int
    ledger_class: str
    legal_source: str
    steps: tuple[Step, ...]


def of_claim(*, claim: Claim, today: date) -> tuple[Charge, ...]:
    """
    Return what a case costs by the rules in force on the day on which it was found.

    :raises BadBreach: the facts cannot be right.
    :raises MissingRule: the pack of the place has no rule for it.
    """
    breach_claims.check(claim, today=today)
    at = claim.found_date
    charges = []
    for key, due in _dues(claim, at):
        charges.append(_charge(due, packs.text_of(key, at=at).source, at))
    return tuple(charges)


def _dues(claim: Claim, at: date) -> list[tuple[str, Due]]:
    """Return each amount with the key of its rule."""
    key = f"breach_{claim.kind}"
    rule = packs.rule(key, at=at)
    match claim.fact:
        case Category(uses=uses):
            found = breaches.of_category(uses=uses, times=rule["times"])
        case Capacity() as fact:
            found = _of_capacity(fact, rule, at)
        case Tampering() as fact:
            found = _of_tampering(fact, at)
        case Theft() as fact:
            penalty = [(key, due) for due in breaches.theft_penalty(owed_minor=fact.owed_minor, times=rule["times"])]
            touched = [] if fact.tampering is None else _of_tampering(fact.tampering, at)
            return penalty + [(f"breach_{BreachKind.TAMPERING}", due) for due in touched]
    return [(key, due) for due in found]


def _of_capacity(fact: Capacity, rule: Mapping[str, Any], at: date) -> tuple[Due, ...]:
    if fact.price_e6 is not None:
        return breaches.of_capacity_fee(
            capacity_va=fact.capacity_va, months_e3=fact.months_e3, price_e6=fact.price_e6, times=rule["times"]
        )
    per_kw_e6 = fixed.parse(rule["per_kw"], places=decimals(at) + 6)
    return breaches.of_capacity(capacity_va=fact.capacity_va, per_kw_e6=per_kw_e6, count=fact.count)


def _of_tampering(fact: Tampering, at: date) -> tuple[Due, ...]:
    rule = packs.rule(f"breach_{BreachKind.TAMPERING}", at=at)
    amount = fixed.parse(rule["home" if fact.is_home else "other"], places=decimals(at))
    return breaches.of_tampering(amount_minor=amount, count=fact.count)


def _charge(due: Due, legal_source: str, at: date) -> Charge:
    """Return an amount with the VAT that it contains, or that comes on top of it."""
    shown, tax = due.steps, 0
    mode = TaxMode.INSIDE if packs.rule("vat_mode", at=at) == INSIDE else TaxMode.ON_TOP
    if is_taxed(kind=due.kind, at=at):
        rate_e6 = fixed.parse(packs.rule("vat_rate", at=at), places=6)
        tax = breaches.tax_of(amount_minor=due.amount_minor, rate_e6=rate_e6, mode=mode)
        shown += (breaches.step_of_tax(amount_minor=due.amount_minor, rate_e6=rate_e6, mode=mode, tax_minor=tax),)
    return Charge(
        kind=due.kind,
        amount_minor=due.amount_minor + (tax if mode is TaxMode.ON_TOP else 0),
        tax_minor=tax,
        ledger_class=LEDGER[due.kind],
        legal_source=legal_source,
        steps=shown,
    )


def is_taxed(*, kind: str, at: date) -> bool:
    """
    Return whether VAT is in a charge, by the rules of a day.

    :raises MissingRule: the pack of the place has no rule for it.
    """
    return kind != ChargeKind.PENALTY or bool(packs.rule("penalty_taxed", at=at))


def decimals(at: date) -> int:
    """Return how many decimals the minor unit of the place has."""
    found: int = packs.rule("decimals", at=at)
    return found
