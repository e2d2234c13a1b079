"""What an application hears of other cases: its offer is out, its contract is signed, its meter hangs; what follows."""

from django.utils import timezone

from cis.platform.db import joins_transaction
from contracts.domain.announcements import ContractSigned, OfferSent
from contracts.domain.application_workflow import SUBJECT, ApplicationState
from contracts.operations import application_inspections, application_meters, applications
from contracts.queries.applications import state_of
from metering.domain.announcements import WorkOrderDone
from metering.domain.work_orders import Outcome, WorkKind


@joins_transaction
def offer_sent(told: OfferSent) -> None:
    """Move an application whose plan reply was sent; a later version of it changes nothing."""
    if told.subject == SUBJECT and state_of(told.subject_id) is ApplicationState.SURVEYED:
        applications.offer_step(application_id=told.subject_id, actor=told.actor, at=timezone.now())


@joins_transaction
def contract_signed(told: ContractSigned) -> None:
    """Move an application whose contract was signed, and order its meters."""
    if told.subject != SUBJECT or told.subject_id is None:
        return
    if state_of(told.subject_id) is ApplicationState.OFFERED:
        now = timezone.now()
        applications.sign_step(application_id=told.subject_id, contract_number=told.number, actor=told.actor, at=now)
        application_meters.order_step(application_id=told.subject_id, today=timezone.localdate(now), actor=told.actor)


@joins_transaction
def work_done(told: WorkOrderDone) -> None:
    """
    Note that a meter hangs; with the last one the acceptance inspection is ordered.

    What a survey found is reported by whoever writes the report.
    """
    is_hung = told.kind is WorkKind.METER_INSTALL and told.outcome is Outcome.DONE
    if told.subject != SUBJECT or not is_hung or told.service_point_id is None:
        return
    if state_of(told.subject_id) is ApplicationState.CONTRACTED:
        now = timezone.now()
        if applications.install_meter_step(
            application_id=told.subject_id, service_point_ids=[told.service_point_id], actor=told.actor, at=now
        ):
            application_inspections.order_if_missing_step(application_id=told.subject_id, today=timezone.localdate(now))
