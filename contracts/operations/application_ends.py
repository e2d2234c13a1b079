"""
What follows when an application ends before current flows, or goes back behind its offer or its signed contract.

Offers and contracts are withdrawn, a signed contract ends and its fees are owed no more, work and inspections are
dropped, and meters that were hung up go back to the store. One that goes back keeps its service points and what is
reserved for them: another offer follows.
"""

from datetime import date, datetime

from django.utils import timezone

from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.workflow import IllegalMove
from cis.platform.db import joins_transaction
from contracts.domain.application_workflow import ENDS, SUBJECT, ApplicationAction, ApplicationState
from contracts.domain.contract_workflow import ContractState
from contracts.models.application import ApplicationItem, ApplicationMessage, ServiceApplication
from contracts.models.supply_contract import SupplyContract
from contracts.operations import application_notices, inspections, offer_ends, supply_contracts
from contracts.operations.contract_versions import WAITING
from contracts.queries import application_rules, application_supplies
from metering.domain.work_orders import WorkKind
from metering.operations import work_orders
from metering.queries import meters

TAKEN_BACK = {
    "en": "The contract that you signed has to be drawn up anew; it does not hold, and its fees are not owed. "
    "You get another offer.",
    "zh": "您签署的合同需重新拟定：原合同不再有效，相关费用不再收取。我们将另行向您发送供电方案答复。",
}
"""What the applicant is written once a signed contract is taken back, in his language."""


def check_no_current(row: ServiceApplication, action: ApplicationAction) -> None:
    """
    Refuse to end an application once current flows at one of its supplies.

    :raises IllegalMove: it does.
    """
    if action in ENDS and application_supplies.has_current(application_id=row.id):
        raise IllegalMove(
            "Current flows at a supply of the application.", advice="End that supply by a change of use.",
            action=str(action),
        )  # fmt: skip


def check_no_meter(row: ServiceApplication, action: ApplicationAction, *, today: date) -> None:
    """
    Refuse to go back behind a signed contract once a meter hangs by it.

    :raises IllegalMove: one does, also where its work was sent back.
    """
    if action is not ApplicationAction.SEND_BACK or row.state != ApplicationState.CONTRACTED:
        return
    if ApplicationItem.objects.filter(application=row, metered_at__isnull=False).exists() or _hung(row, today):
        raise IllegalMove(
            "A meter hangs by this contract.", advice="Amend the contract, or let the application end.",
            action=str(action),
        )  # fmt: skip


@joins_transaction
def follow_step(
    row: ServiceApplication, action: ApplicationAction, *, before: ApplicationState, reason: str, actor: Actor,
    at: datetime,
) -> None:  # fmt: skip
    """Do what follows a move that was carried out on a locked application; most moves have nothing that follows."""
    why = reason.strip()[:200] or action.value
    is_over = action in ENDS
    if is_over or (row.state == ApplicationState.DOCUMENTED and before != row.state):
        work_orders.withdraw_step(subject=SUBJECT, subject_id=row.id, reason=why, actor=actor)
    if is_over or (action is ApplicationAction.SEND_BACK and before is ApplicationState.OFFERED):
        _drop_papers(row, why, timezone.localdate(at))
    if action is ApplicationAction.SEND_BACK and before is ApplicationState.CONTRACTED:
        _undo_signature(row, why, actor, timezone.localdate(at))
    if is_over:
        inspections.drop_of_application_step(application_id=row.id, reason=why)
        _fetch_meters(row, timezone.localdate(at))


def _drop_papers(row: ServiceApplication, reason: str, today: date) -> None:
    """Withdraw offers first: an acceptance that comes between them makes no contract that stays."""
    offer_ends.drop_step(subject=SUBJECT, subject_id=row.id)
    for contract in SupplyContract.objects.filter(subject=SUBJECT, subject_id=row.id).order_by("id"):
        if contract.state in WAITING:
            supply_contracts.withdraw_step(contract_id=contract.id, reason=reason, actor=SYSTEM)
        elif contract.state == ContractState.SIGNED:
            supply_contracts.terminate_step(
                contract_id=contract.id, ended_date=max(today, contract.start_date), reason=reason, actor=SYSTEM
            )


def _undo_signature(row: ServiceApplication, reason: str, actor: Actor, today: date) -> None:
    """End the signed contract with its fees and its offer, drop the orders of meters, and tell the applicant."""
    _drop_papers(row, reason, today)
    offer_ends.take_back_accepted_step(subject=SUBJECT, subject_id=row.id)
    for kind in (WorkKind.METER_INSTALL, WorkKind.METER_EXCHANGE):
        work_orders.withdraw_step(subject=SUBJECT, subject_id=row.id, reason=reason, actor=actor, kind=kind)
    message = ApplicationMessage.objects.create(
        application=row, is_from_applicant=False, text=TAKEN_BACK["en" if row.language.startswith("en") else "zh"],
        actor_name=actor.name[:150],
    )  # fmt: skip
    application_notices.tell_message_step(row, message, actor=actor)


def _hung(row: ServiceApplication, today: date) -> tuple[int, ...]:
    """Return the service points of an application where a meter was hung up since it was filed."""
    items = ApplicationItem.objects.filter(application=row, service_point__isnull=False)
    points = list(items.values_list("service_point_id", flat=True))
    return meters.points_with(service_point_ids=points, hung_from=timezone.localdate(row.applied_at), on=today)


def _fetch_meters(row: ServiceApplication, today: date) -> None:
    """Send a crew for the meters that were hung up for the application."""
    metered = ApplicationItem.objects.filter(application=row, metered_at__isnull=False, service_point__isnull=False)
    points = meters.points_with(
        service_point_ids=list(metered.values_list("service_point_id", flat=True)),
        hung_from=timezone.localdate(row.applied_at), on=today,
    )  # fmt: skip
    if points:
        work_orders.create_at_points_step(
            kind=WorkKind.METER_REMOVE, subject=SUBJECT, subject_id=row.id, service_point_ids=points,
            facts={"application": row.number, "customer": row.name, "phone": row.agent_phone or row.phone},
            due_date=today + application_rules.work_days("removal", at=today), actor=SYSTEM,
        )  # fmt: skip
