"""What an application hears of other cases: its offer is out, its contract is signed, its meter hangs; what follows."""

from django.utils import timezone

from cis.kernel.actors import SYSTEM
from cis.kernel.workflow import IllegalMove
from cis.platform.db import joins_transaction
from contracts.domain.announcements import (
    ApplicationMoved,
    ContractEnded,
    ContractSigned,
    OfferAccepted,
    OfferClosed,
    OfferSent,
)
from contracts.domain.application_workflow import SUBJECT, WITH_METERS, ApplicationAction, ApplicationState
from contracts.domain.offer_workflow import OfferState
from contracts.operations import application_cases, application_inspections, application_meters, applications
from contracts.queries import application_supplies, offers
from contracts.queries.applications import is_offered, state_of
from metering.domain.announcements import WorkOrderDone
from metering.domain.work_orders import Outcome, WorkKind

NOT_OFFERED = "The application does not wait for the customer's decision."
CLOSED = {
    OfferState.DECLINED: "客户未接受供电方案答复 The offer was declined.",
    OfferState.EXPIRED: "供电方案答复已过有效期 The time to accept the offer is over.",
    OfferState.WITHDRAWN: "供电方案答复已撤回 The offer was withdrawn.",
}
HANGING = frozenset((WorkKind.METER_INSTALL, WorkKind.METER_EXCHANGE))
"""Work after which a meter hangs that did not before."""


@joins_transaction
def offer_sent(told: OfferSent) -> None:
    """
    Move an application whose plan reply was sent; a later version of it changes nothing.

    :raises IllegalMove: the application is not surveyed yet, is signed already, or is over.
    """
    if told.subject != SUBJECT:
        return
    state = state_of(told.subject_id)
    if state is ApplicationState.SURVEYED:
        applications.offer_step(application_id=told.subject_id, actor=told.actor, at=timezone.now())
    elif state is not ApplicationState.OFFERED:
        raise IllegalMove("The application waits for no offer.", advice="Look at the application first.")


@joins_transaction
def offer_accepted(told: OfferAccepted) -> None:
    """
    Let an offer be accepted only while its application waits for that.

    :raises IllegalMove: the application does not wait for the customer's decision.
    """
    if told.subject == SUBJECT and state_of(told.subject_id) is not ApplicationState.OFFERED:
        raise IllegalMove(NOT_OFFERED, advice="Look at the application first.")


@joins_transaction
def offer_closed(told: OfferClosed) -> None:
    """Give an application whose last offer is declined, expired or withdrawn back to the desk, which decides."""
    if told.subject == SUBJECT:
        _give_back(told.subject_id)


@joins_transaction
def resumed(told: ApplicationMoved) -> None:
    """Look again whether an offer stands: while an application is suspended it is not given back."""
    if told.action is ApplicationAction.RESUME:
        _give_back(told.application_id)


def _give_back(application_id: int) -> None:
    """Send an application back that waits for a decision on no offer."""
    if not is_offered(application_id):
        return
    cards = offers.of_subject(subject=SUBJECT, subject_id=application_id)
    if any(one.state in {OfferState.SENT, OfferState.ACCEPTED} for one in cards):
        return
    last = next((CLOSED[state] for one in cards if (state := OfferState(one.state)) in CLOSED), "")
    if last:  # none was ever sent: the offer is kept elsewhere
        application_cases.move_step(
            application_id=application_id, action=ApplicationAction.SEND_BACK, reason=last, actor=SYSTEM,
            at=timezone.now(),
        )  # fmt: skip


@joins_transaction
def contract_signed(told: ContractSigned) -> None:
    """
    Move an application whose contract was signed, and order its meters; a later version of it changes nothing.

    :raises IllegalMove: the application does not wait for a signature.
    """
    if told.subject != SUBJECT or told.subject_id is None or told.replaced_id is not None:
        return
    state = state_of(told.subject_id)
    if state not in {ApplicationState.OFFERED, *WITH_METERS, ApplicationState.ENERGIZED}:
        raise IllegalMove(NOT_OFFERED, advice="Look at the application first.")
    if state is ApplicationState.OFFERED:
        now = timezone.now()
        applications.sign_step(application_id=told.subject_id, contract_number=told.number, actor=told.actor, at=now)
        application_meters.order_step(application_id=told.subject_id, today=timezone.localdate(now), actor=told.actor)


@joins_transaction
def contract_ended(told: ContractEnded) -> None:
    """End an application whose contract ended before current flows: nothing is built without one."""
    if told.subject != SUBJECT or told.subject_id is None or state_of(told.subject_id) not in WITH_METERS:
        return
    if not application_supplies.has_current(application_id=told.subject_id):
        application_cases.move_step(
            application_id=told.subject_id, action=ApplicationAction.WITHDRAW, reason=told.reason, actor=SYSTEM,
            at=timezone.now(),
        )  # fmt: skip


@joins_transaction
def work_done(told: WorkOrderDone) -> None:
    """
    Note that a meter hangs; with the last one the acceptance inspection is ordered.

    A suspended application keeps what the crew did, and follows when it is resumed.

    What a survey found is reported by whoever writes the report.
    """
    is_hung = told.kind in HANGING and told.outcome is Outcome.DONE
    if told.subject != SUBJECT or not is_hung or told.service_point_id is None:
        return
    if state_of(told.subject_id) is ApplicationState.CONTRACTED:
        now = timezone.now()
        if applications.hang_meter_step(
            application_id=told.subject_id, service_point_id=told.service_point_id, actor=told.actor, at=now
        ):
            application_inspections.order_if_missing_step(application_id=told.subject_id, today=timezone.localdate(now))
