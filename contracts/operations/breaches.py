"""Cases of breach and theft: propose, agree (by a second person), drop, cancel."""

from datetime import date

from django.utils import timezone

from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit, events
from cis.platform.db import joins_transaction, opens_transaction
from contracts.domain.announcements import ChargeAgreed
from contracts.domain.breach_claims import Claim
from contracts.domain.breaches import BadBreach, BreachKind
from contracts.domain.charge_workflow import CHARGERS, WORKFLOW, ChargeAction, ChargeState
from contracts.models.agreement import ServiceAgreement
from contracts.models.charge import BreachCase, OneOffCharge
from contracts.queries import breach_dues
from contracts.queries.agreements import UnknownAgreement
from contracts.queries.breaches import UnknownBreach
from metering.domain.correction_orders import Order
from metering.operations import corrections

REASON_MOST = 300


class OwnCase(Refused):
    """Who proposed the case may not agree to it."""

    code = "own_case"


class NoReason(Refused):
    """Nobody said why."""

    code = "reason_missing"


@opens_transaction
def propose(*, claim: Claim, request_key: str, today: date, actor: Actor, order: Order | None = None) -> int:
    """
    Propose a case; a second person agrees to it or drops it.

    :param request_key: names the request: the same one twice is one case.
    :param order: the correction that bills stolen energy.
    :returns: id of the case.
    :raises UnknownAgreement: there is none.
    :raises BadBreach: the facts cannot be right, or the energy of a theft is not said.
    :raises BadCorrection: the energy cannot be corrected so; see ``metering.operations.corrections.propose``.
    :raises AlreadyCorrected: the theft of some of these days is a case already.
    :raises NotAllowed: the actor may not propose cases.
    """
    if not actor.is_one_of(CHARGERS):
        raise NotAllowed(f"{actor.name} may not propose cases of breach.", advice="Ask metering or billing.")
    agreement = ServiceAgreement.objects.select_for_update().filter(id=claim.agreement_id).first()
    if agreement is None:
        raise UnknownAgreement(f"There is no agreement {claim.agreement_id}.")
    known = BreachCase.objects.filter(request_key=request_key).values_list("id", flat=True).first()
    if known is not None:
        return known
    charges = breach_dues.of_claim(claim=claim, today=today)
    _check_order(claim, order, agreement)
    correction_id = None
    if order is not None:
        correction_id = corrections.propose_step(
            order=order, request_key=f"breach {request_key}", today=today, actor=actor
        )
    case = BreachCase.objects.create(
        agreement=agreement,
        kind=claim.kind.value,
        found_date=claim.found_date,
        given=dict(claim.given),
        evidence=claim.evidence.strip(),
        correction_id=correction_id,
        request_key=request_key,
        proposer_id=actor.id,
    )
    OneOffCharge.objects.bulk_create(
        OneOffCharge(
            agreement=agreement,
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
    amount = sum(one.amount_minor for one in charges)
    audit.record(actor, "propose", "breach_case", case.id, kind=claim.kind.value, amount_minor=amount)
    return case.id


@opens_transaction
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
    _move(case, ChargeAction.AGREE, actor)
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


@opens_transaction
def drop(*, case_id: int, actor: Actor) -> None:
    """
    Drop a proposed case.

    :raises UnknownBreach: there is none.
    :raises IllegalMove: it is not proposed.
    :raises NotAllowed: the actor may not.
    """
    case = _lock(case_id)
    _move(case, ChargeAction.DROP, actor)
    if case.correction_id is not None:
        corrections.drop_step(correction_id=case.correction_id, actor=actor)
    case.charges.update(state=ChargeState.DROPPED.value)
    _decide(case, actor)
    audit.record(actor, "drop", "breach_case", case.id)


@opens_transaction
def cancel(*, case_id: int, reason: str, actor: Actor) -> None:
    """
    Cancel a case that was agreed: its charges are owed no more, and the energy of a theft is taken off again.

    What a bill has carried is taken back by the next one.

    :raises UnknownBreach: there is none.
    :raises IllegalMove: it is not agreed.
    :raises NotAllowed: the actor may not.
    :raises NoReason: no reason is given.
    :raises CorrectedSince: a later correction lies on the energy.
    """
    case = _lock(case_id)
    _move(case, ChargeAction.CANCEL, actor)
    if not reason.strip():
        raise NoReason("A reason is needed.", advice="Say in a few words why the case was wrong.")
    if case.correction_id is not None:
        corrections.undo_step(correction_id=case.correction_id, reason=reason, actor=actor)
    case.charges.update(state=ChargeState.CANCELLED.value)
    case.cancelled_at = timezone.now()
    case.canceller_id = actor.id
    case.cancel_reason = reason.strip()[:REASON_MOST]
    case.save(update_fields=["state", "cancelled_at", "canceller_id", "cancel_reason"])
    audit.record(actor, "cancel", "breach_case", case.id, reason=case.cancel_reason)


def _check_order(claim: Claim, order: Order | None, agreement: ServiceAgreement) -> None:
    if (claim.kind is BreachKind.THEFT) != (order is not None):
        raise BadBreach("Theft, and nothing else, has energy to be billed.", advice="Give power, days and hours.")
    if order is not None and order.service_point_id != agreement.service_point_id:
        raise BadBreach("The meter is not that of the agreement.", advice="Choose the meter at this supply.")


@joins_transaction
def _lock(case_id: int) -> BreachCase:
    case = BreachCase.objects.select_for_update(of=("self",)).select_related("agreement").filter(id=case_id).first()
    if case is None:
        raise UnknownBreach(f"There is no case {case_id}.")
    return case


def _move(case: BreachCase, action: ChargeAction, actor: Actor) -> None:
    case.state = WORKFLOW.step(ChargeState(case.state), action, actor).to.value


def _decide(case: BreachCase, actor: Actor) -> None:
    case.decided_at = timezone.now()
    case.decider_id = actor.id
    case.save(update_fields=["state", "decided_at", "decider_id"])
