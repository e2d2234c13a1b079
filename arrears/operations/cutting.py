"""
What meters and crews are told for an order of disconnection, and what they answer; and what a payment undoes.

A command that was handed to the head end cannot be taken back. Such an order is recalled: once its answer is known it
is cancelled if nothing was done, else current is restored at once.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime

from django.db.models import Q
from django.utils import timezone

from arrears.domain.cut_facts import HoldKind
from arrears.domain.disconnection import BEFORE, NOTE_MOST, UNDER_WAY, WORKFLOW, OrderAction, OrderState, Way
from arrears.models.collection import DisconnectionMove, DisconnectionOrder
from arrears.operations import cut_notices
from arrears.queries import cuts
from billing.domain.announcements import DepositSettled, PaymentsBooked
from billing.operations import ledger
from billing.queries import prepaid, prepay_rules, supply_deposits
from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.workflow import IllegalMove
from cis.platform import audit, deadlines, events, outbox
from cis.platform.db import joins_transaction, opens_transaction
from metering.domain.announcements import DeviceCommandDone, WorkOrderCancelled, WorkOrderDone
from metering.domain.device_commands import Command, CommandState
from metering.domain.work_orders import Priority, WorkKind, WorkState
from metering.operations import device_commands, work_orders
from metering.operations.device_commands import CommandUnderWay
from metering.queries import work_orders as work_queries

SUBJECT = "disconnection"
"""What an order is called as the case of a command or of work, and for its clock."""
RECALL = "disconnection_recall"
"""Messages of the outbox: take back what a meter or a crew was told."""
DROP = "disconnection_drop"
"""Messages of the outbox: drop the work of an order that a crew has acknowledged to be taken back."""
RECONNECTION = "reconnection"
"""The service standard from the payment to current that flows again."""
LOOKED_AT = events.Accounts(
    "arrears_disconnectionorder", "t.state IN (" + ", ".join(f"'{one.value}'" for one in UNDER_WAY) + ")"
)
"""Accounts of which payments are heard here."""
BEFORE_VALUES = tuple(state.value for state in BEFORE)


@joins_transaction
def cut_step(row: DisconnectionOrder, *, today: date, actor: Actor) -> None:
    """
    Tell the meter to switch off, or send a crew; the caller has made sure that nothing stands against it.

    :raises UnknownStandard: the pack does not say how soon a supply is back: then it is not cut off.
    """
    deadlines.find_standard(RECONNECTION, at=timezone.now())
    if row.way == Way.REMOTE and row.meter_id is not None:
        row.command_id = _tell(row, Command.SWITCH_OFF, actor)
        return
    row.work_order_id = _send(row, WorkKind.CUT, today, actor)


@joins_transaction
def recall_step(row: DisconnectionOrder, *, reason: str, at: datetime, actor: Actor) -> None:
    """
    Take back what was dispatched: it stays RECALLED until the meter or the crew is known to have done nothing.

    Meter and crew are told after the commit: who answers holds the command first and then the ledger, and who pays
    holds the ledger, so that neither may wait for the other here.
    """
    move(row, OrderAction.RECALL, at=at, actor=actor, note=reason)
    outbox.queue(kind=RECALL, key=str(row.id), payload={"order_id": row.id, "reason": reason})


def recall(message: outbox.Message) -> None:
    """Take the command or the work of a recalled order back; called by the outbox."""
    order_id, reason = int(message.payload["order_id"]), str(message.payload["reason"])
    row = DisconnectionOrder.objects.get(id=order_id)
    if row.state != OrderState.RECALLED:
        return
    if row.way == Way.CREW:
        recall_crew(order_id, reason)
    elif row.command_id is not None:
        # One that was sent cannot be taken back: its answer says what became of it.
        with suppress(IllegalMove):
            device_commands.cancel(command_id=row.command_id, reason=reason, actor=SYSTEM)


@opens_transaction
def drop_work(message: outbox.Message) -> None:
    """Drop the work of an order that a crew has acknowledged; called by the outbox."""
    withdraw_work_step(order_id=int(message.payload["order_id"]), reason=str(message.payload["reason"]))


@opens_transaction
def recall_crew(order_id: int, reason: str) -> None:
    """
    Withdraw the work. What a crew has begun stands, since only the crew knows whether it has cut: it finishes the work,
    and the supply is restored at once, or confirms that it did nothing (``acknowledge``), and the work is withdrawn.
    """
    withdraw_work_step(order_id=order_id, reason=reason, spares_started=True)
    row = _lock(order_id)
    if row is None or row.state != OrderState.RECALLED or row.work_order_id is None:
        return
    states = [one.to_state for one in work_queries.moves(work_order_id=row.work_order_id)]
    if states[-1:] == [WorkState.CANCELLED]:
        move(row, OrderAction.FAIL, at=timezone.now(), actor=SYSTEM)


@joins_transaction
def withdraw_work_step(*, order_id: int, reason: str, spares_started: bool = False) -> None:
    """Drop the work to cut off that was ordered for an order."""
    work_orders.withdraw_step(
        subject=SUBJECT, subject_id=order_id, reason=reason, actor=SYSTEM, kind=WorkKind.CUT,
        spares_started=spares_started,
    )  # fmt: skip


@joins_transaction
def restore_step(row: DisconnectionOrder, *, at: datetime, actor: Actor) -> None:
    """Order that current flows again, and start its clock; a crew goes where the meter cannot be told."""
    deadlines.start(subject=SUBJECT, subject_id=row.id, standard=RECONNECTION, at=at)
    row.command_id, row.work_order_id = None, None
    if row.way == Way.REMOTE and row.meter_id is not None:
        with suppress(CommandUnderWay):
            row.command_id = _tell(row, Command.SWITCH_ON, actor)
    if row.command_id is None:
        row.work_order_id = _send(row, WorkKind.RECONNECT, cuts.moment_of(at).day, actor)
    row.save(update_fields=["command_id", "work_order_id"])


@joins_transaction
def note_payments(booked: PaymentsBooked) -> None:
    """Take back, or restore, what payments have settled; listens to ``PaymentsBooked``, and runs under its locks."""
    settle_step(account_ids=booked.account_ids, at=timezone.now())


@joins_transaction
def note_deposit(settled: DepositSettled) -> None:
    """Restore what waited for a deposit that is waived now, or waited for no more; listens to ``DepositSettled``."""
    settle_step(account_ids=[settled.account_id], at=timezone.now())


@joins_transaction
def settle_step(*, account_ids: Sequence[int], at: datetime) -> int:
    """
    Undo the orders of accounts whose noticed debts are paid; return how many.

    What is cut off stays so while its deposit is to be paid first. The caller holds the locks of their ledgers, or they
    are taken here.
    """
    wanted = DisconnectionOrder.objects.filter(account_id__in=list(account_ids), state__in=UNDER_WAY)
    orders = list(wanted.order_by("id").values_list("id", "account_id"))
    if not orders:
        return 0
    ledger.lock_customers(account_ids=[account_id for _, account_id in orders])
    undone = 0
    waited = supply_deposits.waited_for(
        account_ids={account_id for _, account_id in orders}, today=cuts.moment_of(at).day
    )
    for row in DisconnectionOrder.objects.select_for_update().filter(id__in=[one for one, _ in orders]).order_by("id"):
        if _is_settled(row, at) and not (row.state == OrderState.CUT and row.account_id in waited):
            undone += _undo(row, at)
    return undone


@joins_transaction
def protect_step(
    *, account_id: int, service_point_id: int | None = None, reason: str, at: datetime, actor: Actor,
    waits: bool = False,
) -> None:  # fmt: skip
    """
    Undo what was dispatched or cut before it was known that somebody there lives by a device.

    :param service_point_id: the place is protected too, for whichever account it was cut off.
    :param waits: what is cut off waits for a deposit that is to be paid first, as with a plan; a life waits for none.
    """
    day = cuts.moment_of(at).day
    is_kept = waits and bool(supply_deposits.waited_for(account_ids=[account_id], today=day))
    wanted = (OrderState.DISPATCHED.value, OrderState.CUT.value)
    rows = DisconnectionOrder.objects.select_for_update().filter(state__in=wanted)
    rows = rows.filter(Q(account_id=account_id) | Q(service_point_id=service_point_id))
    for row in rows.order_by("id"):
        if row.state == OrderState.DISPATCHED:
            recall_step(row, reason=reason, at=at, actor=SYSTEM)
        elif not is_kept:
            move(row, OrderAction.RESTORE, at=at, actor=SYSTEM, note=f"{reason}, {actor.name}")
            restore_step(row, at=at, actor=SYSTEM)


def _is_settled(row: DisconnectionOrder, at: datetime) -> bool:
    """
    Return whether nothing is open of the bills that the notice names; before it, nothing that is overdue. What was cut
    off is settled too where a plan that is kept covers what is open: it waited for its deposit alone.

    Of a prepaid account: whether the balance is above the line, or the account is prepaid no more.
    """
    day = cuts.moment_of(at).day
    if row.prepayment_id is not None:
        found = prepaid.one(prepayment_id=row.prepayment_id, today=day)
        if found is None or not found.runs_on(day):
            return True
        left = found.balance_minor
        return left is not None and left > prepay_rules.rule(at=day).restore_above_minor
    debts = cuts.debts(account_id=row.account_id)
    overdue = {debt.bill_id for debt in debts if debt.due_date < day}
    owed = {debt.bill_id for debt in debts} & set(row.bill_ids) if row.bill_ids else overdue
    if owed and row.state == OrderState.CUT:
        held = cuts.holds(account_id=row.account_id)
        return owed | overdue <= {hold.bill_id for hold in held if hold.kind is HoldKind.PLAN and hold.holds_at(at)}
    return not owed


def _undo(row: DisconnectionOrder, at: datetime) -> bool:
    if row.state in BEFORE_VALUES:
        move(row, OrderAction.CANCEL, at=at, actor=SYSTEM, note="paid")
    elif row.state == OrderState.DISPATCHED:
        recall_step(row, reason="paid", at=at, actor=SYSTEM)
    elif row.state == OrderState.CUT:
        move(row, OrderAction.RESTORE, at=at, actor=SYSTEM, note="paid")
        restore_step(row, at=at, actor=SYSTEM)
    else:
        return False
    return True


@joins_transaction
def note_command(done: DeviceCommandDone) -> None:
    """Take up what became of the command of an order; listens to ``DeviceCommandDone``."""
    if done.subject != SUBJECT:
        return
    row = _lock(done.subject_id)
    if row is None or row.command_id not in {None, done.command_id}:
        return
    _answered(
        row, is_cut=done.command is Command.SWITCH_OFF, is_done=done.outcome is CommandState.SUCCEEDED, at=done.at,
        note=done.reason or done.outcome.value,
    )  # fmt: skip


@joins_transaction
def note_work(done: WorkOrderDone) -> None:
    """Take up that a crew has cut off or restored; listens to ``WorkOrderDone``."""
    if done.subject != SUBJECT or done.kind not in {WorkKind.CUT, WorkKind.RECONNECT}:
        return
    row = _lock(done.subject_id)
    if row is not None:
        _answered(row, is_cut=done.kind is WorkKind.CUT, is_done=True, at=timezone.now(), note="")


@joins_transaction
def note_dropped(dropped: WorkOrderCancelled) -> None:
    """Take up that the desk dropped the work of an order; listens to ``WorkOrderCancelled``."""
    row = _lock(dropped.subject_id) if dropped.subject == SUBJECT else None
    if row is not None:
        is_cut = dropped.kind is WorkKind.CUT
        _answered(row, is_cut=is_cut, is_done=False, at=timezone.now(), note=dropped.reason)


def _answered(row: DisconnectionOrder, *, is_cut: bool, is_done: bool, at: datetime, note: str) -> None:
    """Move an order by an answer; one that comes twice, or too late to matter, moves nothing."""
    state = OrderState(row.state)
    if not is_cut:
        if state is OrderState.RESTORING and is_done:
            move(row, OrderAction.RESTORED, at=at, actor=SYSTEM)
            deadlines.meet(subject=SUBJECT, subject_id=row.id, at=at)
            cut_notices.restored_step(row, actor=SYSTEM)
        elif state is OrderState.RESTORING and row.work_order_id is None:
            _by_hand(row, at)
        return
    action = OrderAction.DONE if is_done else OrderAction.FAIL
    if (state, action) not in WORKFLOW.moves:
        return
    if state not in UNDER_WAY and not _gives_way(row, at):
        return
    move(row, action, at=at, actor=SYSTEM, note=note)
    if row.state == OrderState.RESTORING:
        restore_step(row, at=at, actor=SYSTEM)
    elif row.state == OrderState.CUT:
        settle_step(account_ids=[row.account_id], at=at)


def _gives_way(row: DisconnectionOrder, at: datetime) -> bool:
    """Cancel a later order of the place that a late answer overtakes; False: by that one the supply is cut off."""
    wanted = DisconnectionOrder.objects.select_for_update().filter(service_point_id=row.service_point_id)
    later = wanted.filter(state__in=UNDER_WAY).first()
    if later is None:
        return True
    if later.state not in BEFORE_VALUES:
        return False
    move(later, OrderAction.CANCEL, at=at, actor=SYSTEM, note="the meter did it late, by an earlier order")
    return True


def _by_hand(row: DisconnectionOrder, at: datetime) -> None:
    """Send a crew where the meter did not switch on: the clock of the customer goes on."""
    row.work_order_id = _send(row, WorkKind.RECONNECT, cuts.moment_of(at).day, SYSTEM)
    row.save(update_fields=["work_order_id"])


def _tell(row: DisconnectionOrder, command: Command, actor: Actor) -> int:
    assert row.meter_id is not None
    return device_commands.order_step(
        meter_id=row.meter_id, command=command, subject=SUBJECT, subject_id=row.id, actor=actor
    )


def _send(row: DisconnectionOrder, kind: WorkKind, today: date, actor: Actor) -> int:
    return work_orders.create_step(
        kind=kind, subject=SUBJECT, subject_id=row.id, service_point_id=row.service_point_id, facts={},
        due_date=today, actor=actor, priority=Priority.URGENT,
    )  # fmt: skip


def move(row: DisconnectionOrder, action: OrderAction, *, at: datetime, actor: Actor, note: str = "") -> None:
    """Move a locked order, keep who did it, and save it."""
    row.state = WORKFLOW.step(OrderState(row.state), action, actor).to.value
    row.save()
    DisconnectionMove.objects.create(
        order=row, action=action.value, state=row.state, at=at, note=note.strip()[:NOTE_MOST], actor_id=actor.id,
        actor_name=actor.name[:150],
    )  # fmt: skip
    audit.record(actor, action, SUBJECT, row.id, state=row.state, account_id=row.account_id, note=note)


def _lock(order_id: int) -> DisconnectionOrder | None:
    account_id = DisconnectionOrder.objects.filter(id=order_id).values_list("account_id", flat=True).first()
    if account_id is None:
        return None
    ledger.lock_customers(account_ids=[account_id])
    return DisconnectionOrder.objects.select_for_update().get(id=order_id)


def sweep(at: datetime) -> None:
    """Undo orders whose debts are gone without a payment, as by a credit; each in a transaction of its own."""
    wanted = DisconnectionOrder.objects.filter(state__in=UNDER_WAY).order_by("account_id")
    for account_id in list(wanted.values_list("account_id", flat=True).distinct()):
        _settle(account_id, at)
    # A crew that had begun, and gave up, has not cut: its work is to be planned anew, and is withdrawn now.
    recalled = DisconnectionOrder.objects.filter(state=OrderState.RECALLED.value, way=Way.CREW.value).order_by("id")
    for order_id in list(recalled.values_list("id", flat=True)):
        recall_crew(order_id, "taken back")


@opens_transaction
def _settle(account_id: int, at: datetime) -> None:
    settle_step(account_ids=[account_id], at=at)
