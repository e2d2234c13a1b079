"""
Orders of disconnection: proposed, approved by a second person, announced, reminded, and dispatched only if nothing
stands against it.

Each step reads the balance anew, under the lock of the account's ledger, which each payment takes too: either the
payment is booked first, and the order does not go out, or the order goes out first, and the payment takes it back.
"""

from datetime import datetime, timedelta

from arrears.domain.cut_facts import Blocker
from arrears.domain.disconnection import (
    APPROVERS,
    LATER,
    NOTE_MOST,
    UNDER_WAY,
    WORKFLOW,
    OrderAction,
    OrderState,
    Way,
)
from arrears.models.collection import DisconnectionOrder
from arrears.operations import cut_notices, cutting
from arrears.queries import cuts, rules
from arrears.queries.cuts import UnknownOrder
from billing.operations import ledger, unpaid_deposits
from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit, outbox
from cis.platform.db import execute, joins_transaction, opens_transaction
from contracts.queries import agreements
from metering.domain.device_commands import Switch
from metering.queries import meters
from tariffs.queries import versions

SUBJECT = cutting.SUBJECT
PROPOSAL_DAYS = 45
"""An order that was not dispatched by then is proposed anew."""


class NotToBeCut(Refused):
    """Something stands against it; ``blockers`` are the reasons, ``detail["blockers"]`` the same as plain values."""

    code = "not_to_be_cut"
    blockers: tuple[Blocker, ...] = ()


class SupplyUnclear(Refused):
    """The account is not supplied at the place now, or not one meter hangs there."""

    code = "supply_unclear"


class OrderStands(Refused):
    """The place has an order of disconnection already."""

    code = "disconnection_stands"


class SamePerson(Refused):
    """Who proposed a disconnection, or agreed to it before, does not agree to it."""

    code = "same_person"


class TooManyCuts(Refused):
    """So many supplies were cut off for debts today that another person looks: a wrong price or file cuts many."""

    code = "too_many_cuts"


class BadNotice(Refused):
    """A proof, its time, or the announced hours are missing or impossible."""

    code = "bad_cut_notice"


@opens_transaction
def propose(
    *, account_id: int, service_point_id: int, reason: str, at: datetime, actor: Actor, way: Way | None = None,
    prepayment_id: int | None = None,
) -> int:  # fmt: skip
    """
    Propose that a place is cut off for the debts of its account.

    :param way: None: the meter is told to if it ever answered a command, else a crew goes there.
    :param prepayment_id: it is for the balance of this prepayment, not for debts.
    :returns: id of the order.
    :raises SupplyUnclear, OrderStands, NotToBeCut: as they say; nothing is written.
    """
    _check_text(reason)
    if not actor.is_one_of(WORKFLOW.moves[OrderState.NOTICED, OrderAction.REMIND].by):
        raise NotAllowed(f"{actor.name} may not propose disconnections.")
    ledger.lock_customers(account_ids=[account_id])
    day = cuts.moment_of(at).day
    held = [one for one in agreements.of_account(account_id=account_id) if one.service_point_id == service_point_id]
    term = next((term for one in held if (term := one.term_on(day)) is not None), None)
    hung = meters.hanging_at(service_point_id=service_point_id, on=day)
    if term is None or len(hung) != 1:
        raise SupplyUnclear("The account has no supply with one meter at this place.", advice="Look at its agreements.")
    if DisconnectionOrder.objects.filter(service_point_id=service_point_id, state__in=UNDER_WAY).exists():
        raise OrderStands("The place has an order of disconnection already.", advice="Look at it.")
    remote = hung[0].switch != Switch.UNKNOWN
    row = DisconnectionOrder.objects.create(
        account_id=account_id, service_point_id=service_point_id, reason=reason.strip()[:NOTE_MOST],
        customer_class=versions.classes(tariff_ids=[term.tariff_id]).get(term.tariff_id, ""),
        way=(way or (Way.REMOTE if remote else Way.CREW)).value, meter_id=hung[0].id, proposed_at=at,
        expires_at=at + timedelta(days=PROPOSAL_DAYS), prepayment_id=prepayment_id, proposer_id=actor.id,
        proposer_name=actor.name[:150],
    )  # fmt: skip
    _refuse_if_blocked(row, OrderAction.APPROVE, at)
    audit.record(actor, "propose", SUBJECT, row.id, account_id=account_id, service_point_id=service_point_id)
    return row.id


@opens_transaction
def approve(*, order_id: int, at: datetime, actor: Actor) -> bool:
    """
    Agree to a disconnection; return whether enough persons have.

    :raises SamePerson: the actor proposed it or agreed before.
    :raises UnknownOrder, IllegalMove, NotAllowed, NotToBeCut: as they say.
    """
    row = _lock(order_id)
    if not actor.is_one_of(APPROVERS) or actor.id is None:
        raise NotAllowed(f"{actor.name} may not agree to disconnections.", advice="Ask a supervisor.")
    agreed = set(row.moves.filter(action=OrderAction.SUPPORT.value).values_list("actor_id", flat=True))
    if actor.id == row.proposer_id or actor.id in agreed:
        raise SamePerson("Another person agrees to it.", advice="Ask a second supervisor.")
    _refuse_if_blocked(row, OrderAction.APPROVE, at)
    rule = cuts.rule_of(order=row, at=at)
    needed = rule.important_approvals if cuts.is_important(order=row, at=at) else rule.approvals
    is_enough = len(agreed) + 1 >= needed
    _move(row, OrderAction.APPROVE if is_enough else OrderAction.SUPPORT, at=at, actor=actor)
    return is_enough


@opens_transaction
def announce(*, order_id: int, slot_start_at: datetime, slot_end_at: datetime, at: datetime, actor: Actor) -> None:
    """
    Send the notice of disconnection for all overdue bills and these hours; ``notice`` keeps that it was received.

    :raises BadNotice: hours that end before they begin or have passed.
    :raises UnknownOrder, IllegalMove, NotAllowed, NotToBeCut: as they say.
    """
    row = _lock(order_id)
    if not slot_start_at < slot_end_at or slot_end_at <= at:
        raise BadNotice("The announced hours have passed, or end before they begin.", field="day")
    _name_bills(row, at)
    row.slot_start_at, row.slot_end_at = slot_start_at, slot_end_at
    row.notice_proven_at, row.notice_proof = None, ""
    _refuse_if_blocked(row, OrderAction.ANNOUNCE, at)
    _move(row, OrderAction.ANNOUNCE, at=at, actor=actor)
    cut_notices.announce_step(row, actor=actor)


def _name_bills(row: DisconnectionOrder, at: datetime) -> None:
    """Name all bills that are overdue: for these alone it may be cut."""
    day = cuts.moment_of(at).day
    row.bill_ids = [debt.bill_id for debt in cuts.debts(account_id=row.account_id) if debt.due_date < day]


@opens_transaction
def notice(
    *, order_id: int, proven_at: datetime, proof: str, slot_start_at: datetime, slot_end_at: datetime, at: datetime,
    actor: Actor,
) -> None:  # fmt: skip
    """
    Keep that the notice of disconnection was delivered, for all overdue bills and for these hours.

    :param proof: what shows its receipt, as the number of the registered letter.
    :raises BadNotice: no proof, a receipt to come, or hours that end before they begin or have passed.
    :raises UnknownOrder, IllegalMove, NotAllowed, NotToBeCut: as they say.
    """
    row = _lock(order_id)
    if not proof.strip() or proven_at > at or not slot_start_at < slot_end_at or slot_end_at <= at:
        raise BadNotice("The notice needs a proof of its receipt, and hours that are to come.", field="proof")
    if (slot_start_at, slot_end_at) != (row.slot_start_at, row.slot_end_at):
        _name_bills(row, at)
    row.notice_proven_at, row.notice_proof = proven_at, proof.strip()[:NOTE_MOST]
    row.slot_start_at, row.slot_end_at, row.expires_at = slot_start_at, slot_end_at, slot_end_at
    _refuse_if_blocked(row, OrderAction.NOTICE, at)
    _move(row, OrderAction.NOTICE, at=at, actor=actor, note=proof)


@opens_transaction
def copy(*, order_id: int, proof: str, at: datetime, actor: Actor) -> None:
    """
    Keep that the authority has a copy of the notice of an important customer.

    :raises BadNotice: no proof; UnknownOrder, IllegalMove, NotAllowed: as they say.
    """
    row = _lock(order_id)
    if not proof.strip():
        raise BadNotice("Nothing shows that the authority has it.", field="proof")
    row.copied_at = at
    _move(row, OrderAction.COPY, at=at, actor=actor, note=proof)


@opens_transaction
def remind(*, order_id: int, proof: str, at: datetime, actor: Actor) -> None:
    """
    Keep that the customer was reminded for the last time, now, and say it by SMS and mail too.

    :raises BadNotice: no proof; UnknownOrder, IllegalMove, NotAllowed, NotToBeCut: as they say.
    """
    row = _lock(order_id)
    if not proof.strip():
        raise BadNotice("Nothing shows that the customer was reminded.", field="proof")
    _refuse_if_blocked(row, OrderAction.REMIND, at)
    row.reminded_at = at
    _move(row, OrderAction.REMIND, at=at, actor=actor, note=proof)
    cut_notices.remind_step(row, at=at, actor=actor)


@opens_transaction
def dispatch(*, order_id: int, at: datetime, actor: Actor) -> None:
    """
    Cut off: tell the meter, or send a crew, if nothing at all stands against it at this instant.

    The facts are read in this transaction, under the lock that payments and holds of the account take.

    :raises NotToBeCut: something stands against it; all reasons are named.
    :raises TooManyCuts: with those of today it reaches the bound of the pack, and a supervisor lets it go.
    :raises UnknownOrder, IllegalMove, NotAllowed: as they say.
    :raises CommandUnderWay: the meter is being switched by another case.
    """
    row = _lock(order_id)
    if row.prepayment_id is not None and row.state != OrderState.REMINDED:
        _move(row, OrderAction.PREPAY, at=at, actor=actor)
    WORKFLOW.step(OrderState(row.state), OrderAction.DISPATCH, actor)
    _refuse_if_blocked(row, OrderAction.DISPATCH, at)
    if row.prepayment_id is None:
        _refuse_if_many(row, at, actor)
    cutting.cut_step(row, today=cuts.moment_of(at).day, actor=actor)
    _move(row, OrderAction.DISPATCH, at=at, actor=actor)


@opens_transaction
def cancel(*, order_id: int, reason: str, at: datetime, actor: Actor) -> OrderState:
    """
    Take an order back. One that was dispatched is recalled: meter or crew must confirm that they did nothing.

    :returns: its state now, RECALLED until it is known.
    :raises UnknownOrder, IllegalMove, NotAllowed: as they say.
    """
    _check_text(reason)
    row = _lock(order_id)
    if row.state == OrderState.DISPATCHED:
        cutting.recall_step(row, reason=reason, at=at, actor=actor)
    else:
        _move(row, OrderAction.CANCEL, at=at, actor=actor, note=reason)
    return OrderState(row.state)


@opens_transaction
def restore(*, order_id: int, reason: str, at: datetime, actor: Actor) -> None:
    """
    Let current flow again, whatever is owed; only a deposit that is to be paid first is waited for, until somebody who
    may has waived it, or has let the supply begin before.

    :raises DepositUnpaid: there is one.
    :raises UnknownOrder, IllegalMove, NotAllowed: as they say.
    """
    _check_text(reason)
    row = _lock(order_id)
    WORKFLOW.step(OrderState(row.state), OrderAction.RESTORE, actor)
    unpaid_deposits.refuse(account_id=row.account_id, today=cuts.moment_of(at).day)
    _move(row, OrderAction.RESTORE, at=at, actor=actor, note=reason)
    cutting.restore_step(row, at=at, actor=actor)


@opens_transaction
def acknowledge(*, order_id: int, note: str, at: datetime, actor: Actor) -> None:
    """
    Keep that a crew, told that the order is taken back, has done nothing; the work that it had begun is withdrawn.

    :raises UnknownOrder, IllegalMove, NotAllowed: as they say.
    """
    _check_text(note)
    row = _lock(order_id)
    WORKFLOW.step(OrderState(row.state), OrderAction.FAIL, actor)
    # The work comes last in the order of locks: who answers for it holds it first, and then the ledger.
    _move(row, OrderAction.FAIL, at=at, actor=actor, note=note)
    if row.way == Way.CREW:
        outbox.queue(kind=cutting.DROP, key=f"{row.id}:{at.isoformat()}", payload={"order_id": row.id, "reason": note})


WORK = "disconnections"


def work(at: datetime) -> None:
    """End orders whose time is over before they were dispatched, and undo those whose debts are gone."""
    cutting.sweep(at)
    late = DisconnectionOrder.objects.filter(state__in=cutting.BEFORE_VALUES, expires_at__lte=at).order_by("id")
    for order_id in list(late.values_list("id", flat=True)):
        _expire(order_id, at)


@opens_transaction
def _expire(order_id: int, at: datetime) -> None:
    row = _lock(order_id)
    if row.state in cutting.BEFORE_VALUES and row.expires_at <= at:
        _move(row, OrderAction.EXPIRE, at=at, actor=SYSTEM)


def _refuse_if_blocked(row: DisconnectionOrder, action: OrderAction, at: datetime) -> None:
    found = [one for one in cuts.blockers(order=row, at=at) if one.code not in LATER[action]]
    if found:
        refusal = NotToBeCut(
            f"The supply must not be cut off: {', '.join(one.code for one in found)}.",
            advice="Look at the reasons on the page of the order.",
            blockers=[_plain(one) for one in found],
        )
        refusal.blockers = tuple(found)
        raise refusal


def _refuse_if_many(row: DisconnectionOrder, at: datetime, actor: Actor) -> None:
    """Count the disconnections of the day, one dispatch after the other, and refuse from the bound of the pack on."""
    execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [WORK])
    bound = rules.cut_bound(customer_class=row.customer_class, at=cuts.moment_of(at).day)
    lets = actor.is_one_of(APPROVERS) and actor.id is not None and actor.id != row.proposer_id
    if not lets and cuts.gone(at=at) + 1 >= bound:
        raise TooManyCuts(
            f"From {bound} disconnections a day on a supervisor lets each go.", advice="Ask a supervisor.", bound=bound
        )


def _plain(blocker: Blocker) -> dict[str, object]:
    until = blocker.until_at.isoformat() if blocker.until_at else None
    return {"code": blocker.code.value, "evidence": dict(blocker.evidence), "until": until}


def _move(row: DisconnectionOrder, action: OrderAction, *, at: datetime, actor: Actor, note: str = "") -> None:
    cutting.move(row, action, at=at, actor=actor, note=note)


def _check_text(text: str) -> None:
    if not text.strip():
        raise BadNotice("A reason is needed.", advice="Say why in a few words.", field="reason")


@joins_transaction
def _lock(order_id: int) -> DisconnectionOrder:
    """Lock the ledger of the account, then the order: payments come in the same order of locks."""
    account_id = DisconnectionOrder.objects.filter(id=order_id).values_list("account_id", flat=True).first()
    if account_id is None:
        raise UnknownOrder(f"There is no disconnection order {order_id}.", order_id=order_id)
    ledger.lock_customers(account_ids=[account_id])
    return DisconnectionOrder.objects.select_for_update().get(id=order_id)
