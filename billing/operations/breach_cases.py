"""
Cases of breach and theft: worked out, proposed, agreed to by a second person, cancelled by two.

What stolen energy costs is measured, not typed: its correction is made inside the transaction, the bills that would
come of it are compared with those that stand, and the correction is taken back. It is measured again when the second
person agrees, so that nobody agrees to a number that is not true any more.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date

from django.utils import timezone

from billing.domain.findings import Obstacle
from billing.queries import open_amounts
from billing.queries.open_amounts import OpenAmounts
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.kernel.periods import Period
from cis.platform import db
from cis.platform.db import opens_transaction
from contracts.domain.breach_claims import Claim, Theft
from contracts.domain.breach_steps import Step, StepCode, Term
from contracts.operations import breaches as steps
from contracts.operations import usage_inspection_steps
from contracts.queries import agreements, breach_dues, breaches
from contracts.queries.breach_dues import Charge
from metering.domain.correction_orders import Order
from metering.operations import corrections
from metering.queries import corrections as made_corrections
from metering.queries.corrections import CorrectionDetail


class CostMoved(Refused):
    """What the stolen energy costs has changed since the case was proposed."""

    code = "cost_moved"


class CostUnknown(Refused):
    """The stolen energy cannot be billed as things are, so nobody can say what it costs."""

    code = "cost_unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """
    What stolen energy costs as it is billed.

    amount_minor  bills with it less bills without it; None: it cannot be billed [minor unit]
    months        the same by billed period
    obstacle      why it cannot be billed; None: it can
    correction    what becomes of the usage
    """

    amount_minor: int | None
    months: tuple[tuple[Period, int], ...]
    obstacle: Obstacle | None
    correction: CorrectionDetail


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkedOut:
    """A case as it would be: what is claimed, its charges, and what stolen energy costs (None: no theft)."""

    claim: Claim
    charges: tuple[Charge, ...]
    cost: Cost | None

    @property
    def charged_minor(self) -> int:
        """Return what the charges come to. [minor unit]"""
        return sum(one.amount_minor for one in self.charges)


def work_out(*, claim: Claim, order: Order | None, today: date, actor: Actor) -> WorkedOut:
    """
    Return what a case would cost; nothing of it is kept.

    :raises BadBreach: the facts cannot be right.
    :raises BadCorrection: the energy cannot be corrected so.
    :raises AlreadyCorrected: the theft of some of these days is a case already.
    :raises CostUnknown: the stolen energy cannot be billed, and nobody gave its cost with a reason.
    :raises UnknownAgreement: there is none.
    :raises NotAllowed: the actor may not propose cases.
    """
    with db.rolled_back():
        steps.check_and_lock(claim=claim, order=order, request="", request_key="", actor=actor)
        return _work_out(claim, order, today, actor)


@opens_transaction
def propose(
    *, claim: Claim, order: Order | None, request_key: str, today: date, actor: Actor,
    usage_inspection_id: int | None = None,
) -> int:  # fmt: skip
    """
    Propose a case; a second person agrees to it or drops it.

    claim        of a theft: without its cost, which is measured here
    request_key  names the request: the same one twice is one case
    usage_inspection_id  the visit that found it; None: nobody was sent for it

    :returns: id of the case.
    :raises KeyTaken: the key named another request.
    :raises BadUsageInspection, IllegalMove: the visit was elsewhere, or came to something else.
    :raises Refused: see ``work_out``.
    """
    request = repr((claim.agreement_id, claim.kind, claim.found_date, claim.fact, claim.evidence, order))
    known = steps.check_and_lock(claim=claim, order=order, request=request, request_key=request_key, actor=actor)
    if known is not None:
        return known
    found = _work_out(claim, order, today, actor)
    case_id = steps.propose(
        claim=found.claim, order=order, request=request, request_key=request_key, today=today, actor=actor
    )
    if usage_inspection_id is not None:
        usage_inspection_steps.find_breach_step(
            inspection_id=usage_inspection_id, breach_id=case_id, agreement_id=claim.agreement_id, at=timezone.now(),
            actor=actor,
        )  # fmt: skip
    return case_id


@opens_transaction
def agree(*, case_id: int, today: date, actor: Actor) -> None:
    """
    Agree to a case as the second person; see ``contracts.operations.breaches.agree``.

    :raises CostMoved: the stolen energy would cost something else than when the case was proposed.
    """
    card = breaches.one(case_id=case_id)
    if card.correction_id is None:
        steps.agree(case_id=case_id, today=today, actor=actor)
        return
    made = made_corrections.one(correction_id=card.correction_id)
    with _measured(card.account_id, made.card.since_date, made.card.end_date) as measured:
        steps.agree(case_id=case_id, today=today, actor=actor)
    if measured.amount_minor != card.computed_minor:
        raise CostMoved(
            "The stolen energy would be billed at another amount than when the case was entered.",
            advice="Drop the case and enter it anew.",
            before_minor=card.computed_minor,
            now_minor=measured.amount_minor,
        )


@opens_transaction
def drop(*, case_id: int, actor: Actor) -> None:
    """Drop a proposed case; see ``contracts.operations.breaches.drop``."""
    steps.drop(case_id=case_id, actor=actor)


@opens_transaction
def ask_cancel(*, case_id: int, reason: str, actor: Actor) -> None:
    """Ask that a case be cancelled; see ``contracts.operations.breaches.ask_cancel``."""
    steps.ask_cancel(case_id=case_id, reason=reason, actor=actor)


@opens_transaction
def cancel(*, case_id: int, actor: Actor) -> None:
    """Cancel a case as the second person; see ``contracts.operations.breaches.cancel``."""
    steps.cancel(case_id=case_id, actor=actor)


@opens_transaction
def keep(*, case_id: int, actor: Actor) -> None:
    """Keep a case that somebody wants cancelled; see ``contracts.operations.breaches.keep``."""
    steps.keep(case_id=case_id, actor=actor)


def _work_out(claim: Claim, order: Order | None, today: date, actor: Actor) -> WorkedOut:
    if order is None or not isinstance(claim.fact, Theft):
        return WorkedOut(claim=claim, charges=breach_dues.of_claim(claim=claim, today=today), cost=None)
    account_id = agreements.card(agreement_id=claim.agreement_id).account_id
    with db.taken_back(), _measured(account_id, order.since_date, order.until_date) as measured:
        made = corrections.try_out(order=order, today=today, actor=actor)
        correction = made_corrections.one(correction_id=made)
    cost = Cost(
        amount_minor=measured.amount_minor, months=measured.months, obstacle=measured.obstacle, correction=correction
    )
    fact = replace(claim.fact, computed_minor=cost.amount_minor)
    if fact.computed_minor is None and fact.given_minor is None:
        why = cost.obstacle
        raise CostUnknown(
            f"The stolen energy cannot be billed: {why.message if why else 'nothing comes of it'}",
            advice=why.advice if why else "",
        )
    claim = replace(claim, fact=fact, steps=(*claim.steps, *_steps_of(cost)))
    return WorkedOut(claim=claim, charges=breach_dues.of_claim(claim=claim, today=today), cost=cost)


def _steps_of(cost: Cost) -> tuple[Step, ...]:
    stolen = Step.one(StepCode.ENERGY_STOLEN, Term.energy(cost.correction.card.change_wh))
    if cost.amount_minor is None or not cost.months:
        return (stolen,)
    terms = [Term.money(amount) for _, amount in cost.months]
    return stolen, Step.total(StepCode.STOLEN_COST, terms, Term.money(cost.amount_minor))


class _Measured:
    """What an account was to be billed before and after something was done."""

    def __init__(self, before: OpenAmounts) -> None:
        self._before = before
        self._after = before

    def end(self, after: OpenAmounts) -> None:
        """Note what is to be billed now."""
        self._after = after

    @property
    def obstacle(self) -> Obstacle | None:
        """Return why it cannot be said; None: it can."""
        return self._before.obstacle or self._after.obstacle

    @property
    def months(self) -> tuple[tuple[Period, int], ...]:
        """Return the difference by period; () where it cannot be said."""
        return () if self.obstacle else self._after.since(self._before)

    @property
    def amount_minor(self) -> int | None:
        """Return the difference; None where it cannot be said. [minor unit]"""
        return None if self.obstacle else self._after.total_minor - self._before.total_minor


@contextmanager
def _measured(account_id: int, since_date: date, until_date: date) -> Iterator[_Measured]:
    def read() -> OpenAmounts:
        return open_amounts.of_account(account_id=account_id, since_date=since_date, until_date=until_date)

    measured = _Measured(read())
    yield measured
    measured.end(read())
