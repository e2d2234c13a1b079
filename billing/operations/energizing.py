"""
Energizing: a supply whose meter hangs and whose inspection passed is switched on, and billed from that day on.

A meter answers when it answers. What follows the switch (read, agreement, cycle, welcome) is done as one, or
the supply is held with the reason and it is done later: current that flows is never lost.
"""

from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.operations import notices
from accounts.queries import accounts, supplier
from billing.domain.energizing import NOTE_MOST, OPEN, WORKFLOW, EnergizingAction, EnergizingState
from billing.models.energizing import Energizing
from billing.operations import connections, cycles, ledger, unpaid_deposits
from billing.operations.connections import NoMeterThere, Supply
from billing.queries import cycles as cycle_queries
from billing.queries import energizing as queries
from billing.queries.energizing import UnknownEnergizing
from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.calendar import local_clock
from cis.kernel.errors import Refused
from cis.kernel.periods import month_of
from cis.platform import audit, db
from cis.platform.db import joins_transaction, opens_transaction
from contracts.domain.agreements import NOTHING, Agreed
from contracts.domain.application_workflow import SUBJECT as APPLICATION
from contracts.operations import application_inspections
from contracts.operations import applications as application_steps
from contracts.queries import application_supplies
from metering.domain.announcements import DeviceCommandDone, WorkOrderDone
from metering.domain.device_commands import Command, CommandState
from metering.domain.work_orders import Outcome, WorkKind
from metering.operations import device_commands, reads, work_orders
from metering.operations.device_commands import NoHeadEnd
from metering.queries import meters, places
from metering.queries.meters import MeterDetail

SUBJECT = "energizing"
"""What an energizing is called as the case of a command."""
SWITCHED_WITHIN = timedelta(days=3)
"""In which a crew switches on what no head end can switch."""
WELCOME = "welcome"
"""Event of the notice that tells a customer that the supply began."""

_FAILURES = {
    CommandState.REFUSED: "The meter refused to switch on:",
    CommandState.TIMED_OUT: "The meter was not heard of in time.",
    CommandState.CANCELLED: "The command to the meter was cancelled:",
}


class NotInspected(Refused):
    """No passed inspection of the case is known."""

    code = "not_inspected"


class EnergizedBefore(Refused):
    """The place is being energized already."""

    code = "energized_before"


class CaseNotReady(Refused):
    """The application is not where it can be energized."""

    code = "case_not_ready"


class MetersUnclear(Refused):
    """Several meters hang at the place."""

    code = "meters_unclear"


@opens_transaction
def order(
    *, subject: str, subject_id: int, service_point_id: int, account_id: int, tariff_id: int, household: int = 1,
    agreed: Agreed = NOTHING, use_class: str = "", cycle_code: str = "", by_hand: str = "", today: date, actor: Actor,
) -> int:  # fmt: skip
    """
    Switch a supply on and begin to bill it; see ``order_step``.

    :returns: id of the energizing.
    """
    return order_step(
        subject=subject, subject_id=subject_id, service_point_id=service_point_id, account_id=account_id,
        tariff_id=tariff_id, household=household, agreed=agreed, use_class=use_class, cycle_code=cycle_code,
        by_hand=by_hand, today=today, actor=actor,
    )  # fmt: skip


@joins_transaction
def order_step(
    *, subject: str, subject_id: int, service_point_id: int, account_id: int, tariff_id: int, household: int = 1,
    agreed: Agreed = NOTHING, use_class: str = "", cycle_code: str = "", by_hand: str = "", today: date, actor: Actor,
) -> int:  # fmt: skip
    """
    Order that a supply is switched on. What would keep it from being billed is refused before anything is switched.

    Where no head end is connected, a crew is sent to switch it on; the supply begins on the day it did.

    :param subject: kind of the case, as ``"application"``; a passed inspection of the case is needed.
    :param use_class: class of the supply, for the rule that chooses the cycle.
    :param cycle_code: "" = by the rule; an account that is in a cycle stays there.
    :param by_hand: who switched on at the place, and how; "" = the meter is told to.
    :returns: id of the energizing.
    :raises CaseNotReady: it is an application that has no meter at the place yet, ended, or stands still; the supplies
        of one are switched on one by one as their meters hang.
    :raises NotInspected: no passed inspection; NoMeterThere, MetersUnclear: not one meter hangs there.
    :raises NoCycle: nobody says which cycle bills it; UnknownCycle: there is no such cycle.
    :raises DepositMissing: a temporary supply whose deposit nobody demanded; where it is not paid yet, the meter is
        told once it is (``energizing_waits``).
    :raises EnergizedBefore: the place is being energized.
    :raises Refused: what an agreement that begins today would be refused for, see ``contracts.operations.agreements``.
    """
    ledger.lock_customers(account_ids=[account_id])  # who pays the deposit finds this energizing, or is found by it
    db.fetch("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"{SUBJECT} {service_point_id}"])
    meter_id = _ready_meter(subject, subject_id, service_point_id, today)
    if Energizing.objects.filter(service_point_id=service_point_id, state__in=OPEN).exists():
        raise EnergizedBefore("The place is being energized already.", advice="Look at the list of energizings.")
    row = Energizing(
        subject=subject, subject_id=subject_id, service_point_id=service_point_id, meter_id=meter_id,
        account_id=account_id, tariff_id=tariff_id, household=household, capacity_va=agreed.capacity_va,
        contract_w=agreed.contract_w, features=list(agreed.features), green_blocks=agreed.green_blocks,
        cycle_code=cycles.code_of_new(
            account_id=account_id, service_point_id=service_point_id, use_class=use_class, asked=cycle_code
        ),
        actor_id=actor.id, actor_name=actor.name[:150], note=by_hand.strip()[:NOTE_MOST],
        state=(EnergizingState.HELD if by_hand.strip() else EnergizingState.SWITCHING).value,
    )  # fmt: skip
    unpaid = unpaid_deposits.wait(row, today=today, is_on=bool(by_hand.strip()))
    with db.taken_back():
        connections.connect(account_id=account_id, supply=_supply(row, today), today=today, actor=actor)
    row.save()
    audit.record(
        actor, "energize", "account", account_id, energizing_id=row.id, case=subject, case_id=subject_id,
        **({"unpaid_deposit": unpaid} if unpaid else {}),
    )  # fmt: skip
    if by_hand.strip():
        _begin(row, at=timezone.now(), actor=actor)
    elif not unpaid:
        _switch_or_send(row, today=today, actor=actor)
    return row.id


@opens_transaction
def order_inspection(
    *, subject: str, subject_id: int, service_point_id: int, due_date: date, today: date, actor: Actor
) -> None:
    """
    Order the inspection that a case needs before it is energized: of an application its acceptance inspection.

    :raises WorkExists, InspectionExists: one is under way.
    """
    if subject == APPLICATION:
        application_inspections.order_step(application_id=subject_id, today=today, actor=actor)
        return
    work_orders.create_step(
        kind=WorkKind.INSPECTION, subject=subject, subject_id=subject_id, service_point_id=service_point_id, facts={},
        due_date=due_date, actor=actor,
    )  # fmt: skip


@joins_transaction
def go_step(row: Energizing, *, today: date) -> None:
    """Tell the meter that hangs by now where an energizing waited, or send a crew; refused as ``order_step``."""
    unpaid_deposits.refuse_missing(row, today=today)
    row.meter_id = _ready_meter(row.subject, row.subject_id, row.service_point_id, today)
    _move(row, EnergizingAction.SWITCH, SYSTEM)
    _switch_or_send(row, today=today, actor=SYSTEM)


@opens_transaction
def switch_again(*, energizing_id: int, actor: Actor) -> None:
    """
    Tell a meter once more that did not switch on.

    :raises UnknownEnergizing: there is none; IllegalMove: it did not fail; NotAllowed: the actor may not.
    :raises NoHeadEnd: no head end is connected. :raises DepositUnpaid: what had paid the deposit went back.
    """
    row = _lock(energizing_id)
    WORKFLOW.step(EnergizingState(row.state), EnergizingAction.SWITCH, actor)
    unpaid_deposits.refuse(account_id=row.account_id, today=timezone.localdate())
    _move(row, EnergizingAction.SWITCH, actor)
    _switch(row, actor)
    _call_back(row, "the meter is told to switch on", actor)


@opens_transaction
def switched_by_hand(*, energizing_id: int, note: str, actor: Actor) -> None:
    """
    Note that somebody switched on at the place, since the meter did not.

    :raises UnknownEnergizing: there is none; IllegalMove: it did not fail; NotAllowed: the actor may not.
    """
    row = _lock(energizing_id)
    row.note = note.strip()[:NOTE_MOST]
    _move(row, EnergizingAction.BY_HAND, actor)
    _call_back(row, "switched on already", actor)
    _begin(row, at=timezone.now(), actor=actor)


@joins_transaction
def note_work(done: WorkOrderDone) -> None:
    """Begin a supply that a crew switched on since no head end could; listens to ``WorkOrderDone``."""
    if done.subject != SUBJECT or done.outcome is not Outcome.DONE:
        return
    row = _lock(done.subject_id)
    if row.state == EnergizingState.FAILED:
        row.note = f"work order {done.work_order_id}, {done.actor.name}"[:NOTE_MOST]
        _move(row, EnergizingAction.BY_HAND, SYSTEM)
        _begin(row, at=timezone.now(), actor=SYSTEM)


@opens_transaction
def retry(*, energizing_id: int, actor: Actor) -> bool:
    """
    Do the steps after the switch of a supply that is held; return whether it is billed now.

    :raises UnknownEnergizing: there is none; IllegalMove: it is not held; NotAllowed: the actor may not.
    """
    row = _lock(energizing_id)
    WORKFLOW.step(EnergizingState(row.state), EnergizingAction.START, actor)
    _begin(row, at=None, actor=actor)
    return row.state == EnergizingState.STARTED


@opens_transaction
def drop(*, energizing_id: int, actor: Actor) -> None:
    """
    Give an energizing up whose meter did not switch on.

    :raises UnknownEnergizing: there is none; IllegalMove: it did not fail; NotAllowed: the actor may not.
    """
    row = _lock(energizing_id)
    _move(row, EnergizingAction.DROP, actor)
    _call_back(row, "given up", actor)


@joins_transaction
def note(done: DeviceCommandDone) -> None:
    """Take up what became of the command that an energizing ordered; listens to ``DeviceCommandDone``."""
    if done.subject != SUBJECT:
        return
    row = _lock(done.subject_id)
    if row.command_id != done.command_id or row.state not in {EnergizingState.SWITCHING, EnergizingState.FAILED}:
        return
    if done.outcome is CommandState.SUCCEEDED:
        _move(row, EnergizingAction.HOLD, SYSTEM)
        _begin(row, at=done.at, actor=SYSTEM)
    elif row.state == EnergizingState.SWITCHING:
        row.code, row.message = f"switch_{done.outcome}", f"{_FAILURES[done.outcome]} {done.reason}".strip()
        row.advice = "Try again, or switch on at the place."
        _move(row, EnergizingAction.FAIL, SYSTEM)


def _switch_or_send(row: Energizing, *, today: date, actor: Actor) -> None:
    """Tell the meter to switch on; where nothing can tell it, send a crew and keep why."""
    try:
        _switch(row, actor)
    except NoHeadEnd as refusal:
        row.code, row.message, row.advice = refusal.code, refusal.message, refusal.advice
        _move(row, EnergizingAction.FAIL, SYSTEM)
        work_orders.create_step(
            kind=WorkKind.RECONNECT, subject=SUBJECT, subject_id=row.id, service_point_id=row.service_point_id,
            facts={"meter": meters.one(meter_id=row.meter_id).row.serial}, due_date=today + SWITCHED_WITHIN,
            actor=actor,
        )  # fmt: skip


def _call_back(row: Energizing, reason: str, actor: Actor) -> None:
    work_orders.withdraw_step(subject=SUBJECT, subject_id=row.id, reason=reason, actor=actor)


def _switch(row: Energizing, actor: Actor) -> None:
    row.command_id = device_commands.order_step(
        meter_id=row.meter_id, command=Command.SWITCH_ON, subject=SUBJECT, subject_id=row.id, actor=actor
    )
    row.code, row.message, row.advice = "", "", ""
    row.save(update_fields=["command_id", "code", "message", "advice"])


def _begin(row: Energizing, *, at: datetime | None, actor: Actor) -> None:
    """Do all that follows the switch, or keep why not: the row is held then."""
    clock = local_clock(supplier.current().time_zone)
    if at is not None:
        row.on_date = clock.local_date(at)
    assert row.on_date is not None
    try:
        with transaction.atomic():
            _start(row, today=clock.local_date(timezone.now()), actor=actor)
    except Refused as refusal:
        row.agreement_id = None
        row.state = EnergizingState.HELD.value
        row.code, row.message, row.advice = refusal.code, refusal.message, refusal.advice
        row.save()
        audit.record(actor, "hold", SUBJECT, row.id, reason=refusal.code)


def _start(row: Energizing, *, today: date, actor: Actor) -> None:
    assert row.on_date is not None
    _read(meters.one(meter_id=row.meter_id), day=row.on_date, today=today, actor=actor)
    row.agreement_id = connections.connect(
        account_id=row.account_id, supply=_supply(row, row.on_date), today=today, actor=actor
    )
    row.code, row.message, row.advice = "", "", ""
    row.state = WORKFLOW.step(EnergizingState.HELD, EnergizingAction.START, SYSTEM).to.value
    row.save()
    audit.record(actor, "start", SUBJECT, row.id, agreement_id=row.agreement_id, from_date=row.on_date)
    _welcome(row, actor)
    if row.subject == APPLICATION:
        application_steps.energize_step(
            application_id=row.subject_id, inspection_passed=True, agreements={row.service_point_id: row.agreement_id},
            service_point_ids=[row.service_point_id], actor=actor, at=timezone.now(),
        )  # fmt: skip


def _read(meter: MeterDetail, *, day: date, today: date, actor: Actor) -> None:
    """Let the counters stand on the first day of supply as they did when the meter was hung up: it was off since."""
    for register in meter.registers:
        if register.reading_wh is not None and register.read_date is not None and register.read_date < day:
            reads.keep(
                serial=meter.row.serial, register=register.code, read_date=day, reading_wh=register.reading_wh,
                kind="initial", today=today, actor=actor,
            )  # fmt: skip


def _ready_meter(subject: str, subject_id: int, service_point_id: int, today: date) -> int:
    """Return the meter to switch on, of a case that is inspected and goes on; see ``order_step``."""
    if not queries.is_inspected(subject=subject, subject_id=subject_id):
        raise NotInspected("The inspection of the supply has not passed.", advice="Inspect it first.")
    if subject == APPLICATION:
        _check_application(subject_id, service_point_id)
    hung = meters.hanging_at(service_point_id=service_point_id, on=today)
    if not hung:
        raise NoMeterThere("No meter hangs at the service point.", advice="Install the meter first.")
    if len(hung) > 1:
        raise MetersUnclear("Several meters hang at the place.", advice="Begin the supply on the account's page.")
    return hung[0].id


def _check_application(application_id: int, service_point_id: int) -> None:
    """Do nothing if a supply of an application can be switched on: its meter hangs, and the application goes on."""
    ready = application_supplies.ready_to_energize(application_id=application_id)
    if ready is None:
        raise CaseNotReady("The application stands still, or is not as far.", advice="Look at the application.")
    if service_point_id not in ready:
        raise CaseNotReady(
            "No meter of the application hangs at the place, or current flows there.",
            advice="Install the meter first.", field="service_point",
        )  # fmt: skip


def _welcome(row: Energizing, actor: Actor) -> None:
    """Tell the customer that the supply began, and when the first bill comes; once for all supplies of a case."""
    assert row.on_date is not None
    cycle = cycle_queries.of_account(account_id=row.account_id)
    assert cycle is not None
    card = accounts.overview(account_id=row.account_id, at_date=row.on_date)
    (place,) = places.overview(service_point_ids=[row.service_point_id], at_date=row.on_date)
    notices.queue_step(
        event=WELCOME, customer_id=card.holder.id, account_id=row.account_id,
        facts={
            "address": place.address, "since": row.on_date,
            "first_bill": month_of(row.on_date).end.replace(day=cycle.run_day), "link": "/portal/",
        },
        key=f"{row.subject}:{row.subject_id}", actor=actor,
    )  # fmt: skip


def _supply(row: Energizing, day: date) -> Supply:
    (place,) = places.overview(service_point_ids=[row.service_point_id], at_date=day)
    return Supply(
        start_date=day, tariff_id=row.tariff_id, household=row.household, service_point=place.external_id,
        cycle_code="" if cycle_queries.of_account(account_id=row.account_id) else row.cycle_code,
        agreed=Agreed(
            capacity_va=row.capacity_va, contract_w=row.contract_w, features=tuple(row.features),
            green_blocks=row.green_blocks,
        ),
    )  # fmt: skip


def _move(row: Energizing, action: EnergizingAction, actor: Actor) -> None:
    row.state = WORKFLOW.step(EnergizingState(row.state), action, actor).to.value
    row.save()
    audit.record(actor, action, SUBJECT, row.id, state=row.state)


@joins_transaction
def _lock(energizing_id: int) -> Energizing:
    row = Energizing.objects.select_for_update().filter(id=energizing_id).first()
    if row is None:
        raise UnknownEnergizing(f"There is no energizing {energizing_id}.", energizing_id=energizing_id)
    return row
