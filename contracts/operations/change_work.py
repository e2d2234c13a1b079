"""What a change of use hears of others: crew done or not sent, amendment signed or withdrawn, its capacity passes."""

from django.utils import timezone

from cis.kernel.actors import SYSTEM
from cis.platform.db import joins_transaction
from contracts.domain.announcements import ContractSigned, ContractWithdrawn
from contracts.domain.changes import ChangeAction, ChangeKind, ChangeState
from contracts.models.change import ChangeSet
from contracts.operations import change_contracts, change_notices, change_reversals
from contracts.operations.change_effects import SUBJECT
from contracts.operations.changes import lock, move
from metering.domain.announcements import CapacityEnding, WorkOrderCancelled, WorkOrderDone
from metering.domain.work_orders import Outcome, WorkKind
from metering.operations import capacity, places
from metering.queries import work_orders

POSITION = "meter_position"
"""Item of the checklist by which a crew says where it hung a meter up."""

WORK_DROPPED = "the work order was dropped 工单已取消: {reason}"


@joins_transaction
def done(told: WorkOrderDone) -> None:
    """Finish a change that waited for somebody to go there; a reading that was taken finishes nothing by itself."""
    if told.subject == SUBJECT and told.outcome is Outcome.DONE:
        change = lock(told.subject_id)
        if change.kind == ChangeKind.RELOCATION and change.state == ChangeState.EFFECTIVE:
            _place_meter(change, told)
            move(change, ChangeAction.FINISH, told.actor)


@joins_transaction
def amendment_withdrawn(told: ContractWithdrawn) -> None:
    """Reject a change whose amendment is withdrawn before it was signed: it could never hold; a listener."""
    if told.subject == SUBJECT and told.subject_id is not None:
        change = lock(told.subject_id)
        if change.state == ChangeState.CONFIRMED:
            move(change, ChangeAction.REJECT, SYSTEM, reason=told.reason)


@joins_transaction
def capacity_ending(told: CapacityEnding) -> None:
    """
    Renew what a change holds that is agreed to and waits for its day, our work or a payment; a listener.

    Where it waits for the customer's signature he is written, once for each last day, that it passes: he decides.
    """
    if told.subject != SUBJECT:
        return
    change = ChangeSet.objects.select_for_update().filter(id=told.subject_id).first()
    if change is None or change.state != ChangeState.CONFIRMED:
        return
    if change_contracts.is_unsigned(change_id=change.id):
        change_notices.tell_capacity_ending(change, until=told.until_date)
    else:
        capacity.renew_step(subject=SUBJECT, subject_id=change.id, today=told.today, actor=SYSTEM, takes_anew=False)


@joins_transaction
def hold_signed(signed: ContractSigned) -> None:
    """
    Hold what a change takes once its amendment is signed, also where that had passed; a listener.

    :raises CapacityTaken: the customer took so long that somebody else has it.
    """
    if signed.subject != SUBJECT or signed.subject_id is None:
        return
    change = ChangeSet.objects.filter(id=signed.subject_id, state=ChangeState.CONFIRMED.value).first()
    if change is not None:
        capacity.renew_step(subject=SUBJECT, subject_id=change.id, today=timezone.localdate(), actor=SYSTEM)


def cancelled(told: WorkOrderCancelled) -> None:
    """Take a relocation back whose work order was dropped: the meter stays where it hangs, and its fee is not owed."""
    if told.subject == SUBJECT and told.kind is WorkKind.METER_MOVE:
        change = lock(told.subject_id)
        if change.kind == ChangeKind.RELOCATION and change.state == ChangeState.EFFECTIVE:
            reason = WORK_DROPPED.format(reason=told.reason)
            change_reversals.take_back_step(change=change, reason=reason, today=timezone.localdate(), actor=SYSTEM)
            change_notices.tell(change, ChangeAction.REJECT, reason=reason)


def _place_meter(change: ChangeSet, told: WorkOrderDone) -> None:
    """Note where the meter hangs now: where the crew says, else where it was asked for."""
    said = {row.item: row.value for row in work_orders.answers(work_order_id=told.work_order_id)}
    if told.service_point_id is not None:
        places.place_meter_step(
            service_point_id=told.service_point_id, position=said.get(POSITION) or change.position, actor=told.actor
        )
