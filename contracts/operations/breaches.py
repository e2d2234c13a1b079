"""
Cases of breach and theft, step by step: propose, agree (by a second person), drop, ask to cancel, cancel, keep.

What stolen energy costs is what bills say, so whoever bills opens the use case: ``billing.operations.breach_cases``.
"""

import hashlib
from collections.abc import Sequence
from datetime import date

from django.utils import timezone

from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit, events
from cis.platform.db import joins_transaction
from contracts.domain.announcements import ChargeAgreed
from contracts.domain.breach_claims import Claim, Theft
from contracts.domain.breach_steps import Step
from contracts.domain.breaches import BadBreach, BreachKind
from contracts.domain.charge_workflow import CHARGERS, WORKFLOW, CaseAction, CaseState, ChargeState
from contracts.models.agreement import ServiceAgreement
from contracts.models.charge import BreachCase, BreachStep, OneOffCharge
from contracts.operations import usage_inspection_steps
from contracts.queries import breach_dues
from contracts.queries.agreements import UnknownAgreement
from contracts.queries.breach_dues import Charge
from contracts.queries.breaches import UnknownBreach
from metering.domain.correction_orders import Order
from metering.operations import corrections
from metering.operations.corrections import KeyTaken

REASON_MOST = 300


class OwnCase(Refused):
    """Who proposed the case may not agree to it."""

    code = "own_case"


class OwnCancellation(Refused):
    """Who wants the case cancelled may not agree to that."""

    code = "own_cancellation"


class NoReason(Refused):
    """Nobody said why."""

    code = "reason_missing"


@joins_transaction
def check_and_lock(*, claim: Claim, order: Order | None, request: str, request_key: str, actor: Actor) -> int | None:
    """
    Lock the agreement of a case to be proposed; return the case that this very request made before, None: none.

    request  all that was asked for, as text; the same key with another text is refused

    :raises NotAllowed: the actor may not propose cases.
    :raises UnknownAgreement: there is none.
    :raises KeyTaken: the key named another request.
    :raises BadBreach: the energy of a theft is not said, or lies outside the agreement.
    """
    if not actor.is_one_of(CHARGERS):
        raise NotAllowed(f"{actor.name} may not propose cases of breach.", advice="Ask metering or billing.")
    agreement = ServiceAgreement.objects.select_for_update().filter(id=claim.agreement_id).first()
    if agreement is None:
        raise UnknownAgreement(f"There is no agreement {claim.agreement_id}.")
    known = BreachCase.objects.filter(request_key=request_key).values_list("id", "request_sha256").first()
    if known is None:
        _check_order(claim, order, agreement)
        return None
    if known[1] != _hash(request):
        raise KeyTaken(
            f"This form has made case {known[0]} of something else.", advice="Open the form anew.", case_id=known[0]
        )
    return int(known[0])


@joins_transaction
def propose(*, claim: Claim, order: Order | None, request: str, request_key: str, today: date, actor: Actor) -> int:
    """
    Propose a case that was checked; a second person agrees to it or drops it.

    order  the correction that bills stolen energy

    :returns: id of the case.
    :raises BadBreach: the facts cannot be right.
    :raises BadCorrection: the energy cannot be corrected so; see ``metering.operations.corrections.propose``.
    :raises AlreadyCorrected: the theft of some of these days is a case already.
    """
    charges = breach_dues.of_claim(claim=claim, today=today)
    correction_id = None
    if order is not None:
        correction_id = corrections.propose_step(
            order=order, request_key=f"breach {request_key}", today=today, actor=actor
        )
    theft = claim.fact if isinstance(claim.fact, Theft) else None
    case = BreachCase.objects.create(
        agreement_id=claim.agreement_id,
        kind=claim.kind.value,
        found_date=claim.found_date,
        given=dict(claim.given),
        evidence=claim.evidence.strip(),
        correction_id=correction_id,
        owed_minor=theft.owed_minor if theft else None,
        computed_minor=theft.computed_minor if theft else None,
        owed_reason=theft.reason.strip()[:REASON_MOST] if theft and theft.given_minor is not None else "",
        request_key=request_key,
        request_sha256=_hash(request),
        proposer_id=actor.id,
    )
    _keep_charges(case, claim, charges)
    amount = sum(one.amount_minor for one in charges)
    audit.record(actor, "propose", "breach_case", case.id, kind=claim.kind.value, amount_minor=amount)
    return case.id


@joins_transaction
def agree(*, case_id: int, today: date, actor: Actor) -> None:
    """
    Agree to a case as the second person: its charges are owed with the next bill, stolen energy is billed as energy.

    :raises UnknownBreach: there is none.
    :raises IllegalMove: it is not proposed.
    :raises NotAllowed: the actor may not decide.
    :raises OwnCase: the actor proposed it.
    :raises UsageMoved: the usage of a theft has changed since.
    """
    case = _lock(case_id)
    _move(case, CaseAction.AGREE, actor)
    if actor.id == case.proposer_id:
        raise OwnCase("Who proposed a case does not agree to it.", advice="Ask a second person.")
    if case.correction_id is not None:
        corrections.apply_step(correction_id=case.correction_id, actor=actor)
    case.charges.update(state=ChargeState.AGREED.value, agreed_date=today)
    _decide(case, actor)
    for charge_id in case.charges.order_by("id").values_list("id", flat=True):
        events.announce(
            ChargeAgreed(charge_id=charge_id, agreement_id=case.agreement_id, account_id=case.agreement.account_id)
        )
    audit.record(actor, "agree", "breach_case", case.id)


@joins_transaction
def drop(*, case_id: int, actor: Actor) -> None:
    """
    Drop a proposed case.

    :raises UnknownBreach: there is none.
    :raises IllegalMove: it is not proposed.
    :raises NotAllowed: the actor may not.
    """
    case = _lock(case_id)
    _move(case, CaseAction.DROP, actor)
    if case.correction_id is not None:
        corrections.drop_step(correction_id=case.correction_id, actor=actor)
    case.charges.update(state=ChargeState.DROPPED.value)
    _decide(case, actor)
    usage_inspection_steps.breach_dropped_step(case_id=case.id, at=timezone.now())
    audit.record(actor, "drop", "breach_case", case.id)


@joins_transaction
def ask_cancel(*, case_id: int, reason: str, actor: Actor) -> None:
    """
    Ask that a case that was agreed be cancelled; until a second person agrees, all stays as it is.

    :raises UnknownBreach: there is none.
    :raises IllegalMove: it is not agreed.
    :raises NotAllowed: the actor may not.
    :raises NoReason: no reason is given.
    """
    case = _lock(case_id)
    _move(case, CaseAction.ASK_CANCEL, actor)
    if not reason.strip():
        raise NoReason("A reason is needed.", advice="Say in a few words why the case was wrong.")
    case.cancel_asked_at = timezone.now()
    case.canceller_id = actor.id
    case.cancel_reason = reason.strip()[:REASON_MOST]
    case.save(update_fields=["state", "cancel_asked_at", "canceller_id", "cancel_reason"])
    audit.record(actor, "ask_cancel", "breach_case", case.id, reason=case.cancel_reason)


@joins_transaction
def cancel(*, case_id: int, actor: Actor) -> None:
    """
    Cancel a case as the second person: its charges are owed no more, the energy of a theft is taken off again.

    What a bill has carried is taken back by the next one; what stands on a draft is not issued
    (``billing.operations.charging``).

    :raises UnknownBreach: there is none.
    :raises IllegalMove: nobody has asked for it.
    :raises NotAllowed: the actor may not.
    :raises OwnCancellation: the actor asked for it.
    :raises CorrectedSince: a later correction lies on the energy.
    """
    case = _lock(case_id)
    _move(case, CaseAction.CANCEL, actor)
    if actor.id == case.canceller_id:
        raise OwnCancellation("Who wants a case cancelled does not agree to that.", advice="Ask a second person.")
    if case.correction_id is not None:
        corrections.undo_step(correction_id=case.correction_id, reason=case.cancel_reason, actor=actor)
    case.charges.update(state=ChargeState.CANCELLED.value)
    case.cancelled_at = timezone.now()
    case.cancel_decider_id = actor.id
    case.save(update_fields=["state", "cancelled_at", "cancel_decider_id"])
    usage_inspection_steps.breach_cancelled_step(case_id=case.id, reason=case.cancel_reason, at=case.cancelled_at)
    audit.record(actor, "cancel", "breach_case", case.id, reason=case.cancel_reason)


@joins_transaction
def keep(*, case_id: int, actor: Actor) -> None:
    """
    Keep a case that somebody wants cancelled, or take one's own wish back.

    :raises UnknownBreach: there is none.
    :raises IllegalMove: nobody has asked for it to be cancelled.
    :raises NotAllowed: the actor may not.
    """
    case = _lock(case_id)
    _move(case, CaseAction.KEEP, actor)
    audit.record(actor, "keep", "breach_case", case.id, reason=case.cancel_reason)
    case.cancel_asked_at, case.canceller_id, case.cancel_reason = None, None, ""
    case.save(update_fields=["state", "cancel_asked_at", "canceller_id", "cancel_reason"])


def _keep_charges(case: BreachCase, claim: Claim, charges: Sequence[Charge]) -> None:
    account_id = ServiceAgreement.objects.values_list("account_id", flat=True).get(id=claim.agreement_id)
    rows = OneOffCharge.objects.bulk_create(
        OneOffCharge(
            account_id=account_id,
            agreement_id=claim.agreement_id,
            case=case,
            kind=one.kind.value,
            amount_minor=one.amount_minor,
            tax_minor=one.tax_minor,
            ledger_class=one.ledger_class,
            reason=claim.kind.value,
            legal_source=one.legal_source,
        )
        for one in charges
    )
    shown: list[tuple[OneOffCharge | None, Step]] = [(None, step) for step in claim.steps]
    for row, one in zip(rows, charges, strict=True):
        shown += [(row, step) for step in one.steps]
    decimals = breach_dues.decimals(claim.found_date)
    BreachStep.objects.bulk_create(
        BreachStep(case=case, charge=row, seq=seq, code=step.code.value, text=step.text(decimals))
        for seq, (row, step) in enumerate(shown)
    )


def _check_order(claim: Claim, order: Order | None, agreement: ServiceAgreement) -> None:
    if (claim.kind is BreachKind.THEFT) != (order is not None):
        raise BadBreach("Theft, and nothing else, has energy to be billed.", advice="Give power, days and hours.")
    if order is None:
        return
    if order.service_point_id != agreement.service_point_id:
        raise BadBreach("The meter is not that of the agreement.", advice="Choose the meter at this supply.")
    start, end = agreement.period.lower, agreement.period.upper
    if order.since_date < start or (end is not None and order.until_date > end):
        raise BadBreach(
            f"The supply began on {start}; nobody is billed for days outside it.",
            advice="Give the first and the last day inside the supply.",
            field="since_date",
        )


def _hash(request: str) -> str:
    return hashlib.sha256(request.encode()).hexdigest()


@joins_transaction
def _lock(case_id: int) -> BreachCase:
    case = BreachCase.objects.select_for_update(of=("self",)).select_related("agreement").filter(id=case_id).first()
    if case is None:
        raise UnknownBreach(f"There is no case {case_id}.")
    return case


def _move(case: BreachCase, action: CaseAction, actor: Actor) -> None:
    case.state = WORKFLOW.step(CaseState(case.state), action, actor).to.value


def _decide(case: BreachCase, actor: Actor) -> None:
    case.decided_at = timezone.now()
    case.decider_id = actor.id
    case.save(update_fields=["state", "decided_at", "decider_id"])
