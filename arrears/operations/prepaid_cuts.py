"""
Supplies of prepaid accounts whose balance is used up: cut off by their meters, once the days of the notice are over.

Each goes the way of every disconnection: an order, which is dispatched only where `may_cut` names no reason against it,
and which a payment undoes. Nobody has to agree to each where the pack says that the agreement on prepayment does; but
if more than the pack says are to go on one day, all of them wait until a person has looked: a wrong price cuts many.
"""

from datetime import datetime

import structlog

from arrears.domain import cut
from arrears.domain.disconnection import APPROVERS, CutBatchState, OrderAction, OrderState
from arrears.models.collection import DisconnectionOrder, PrepaidCutBatch
from arrears.operations import cutting, disconnections
from arrears.operations.disconnections import BadNotice, NotToBeCut, OrderStands, SupplyUnclear
from arrears.queries import cuts, prepaid_cuts, rules
from billing.operations import ledger
from billing.queries import prepay_rules
from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.errors import Refused
from cis.kernel.workflow import IllegalMove, NotAllowed
from cis.platform import audit, jobs
from cis.platform.db import execute, joins_transaction, opens_transaction
from metering.operations.device_commands import CommandUnderWay

WORK = "prepaid_cuts"
REASON = "prepaid balance used up"
_BEFORE = (OrderState.PROPOSED.value, OrderState.APPROVED.value)
log = structlog.get_logger(__name__)


class UnknownCutBatch(Refused):
    """No prepaid cuts wait for a person on this day."""

    code = "unknown_prepaid_cut_batch"


def work(at: datetime) -> None:
    """
    Order and dispatch what may be cut off at an instant; in hours in which nobody is, nothing happens.

    May be called at any time and by several workers: a place has one order.
    """
    now = cuts.moment_of(at)
    if not prepay_rules.is_offered(at=now.day):
        return
    if not cut.is_open(rule=rules.prepaid_cut_rule(at=now.day), moment=now):
        return
    for one in prepaid_cuts.ripe(today=now.day):
        try:
            disconnections.propose(
                account_id=one.account_id, service_point_id=one.service_point_id, reason=REASON, at=at, actor=SYSTEM,
                prepayment_id=one.prepayment_id,
            )  # fmt: skip
        except (NotToBeCut, OrderStands, SupplyUnclear) as refusal:
            log.info("prepaid_not_cut", account=one.account_id, code=refusal.code, reason=refusal.message)
    for order_id in _that_go(at):
        try:
            disconnections.dispatch(order_id=order_id, at=at, actor=SYSTEM)
        except (NotToBeCut, IllegalMove, CommandUnderWay) as refusal:
            log.info("prepaid_not_dispatched", order=order_id, code=refusal.code, reason=refusal.message)


def _ready(at: datetime) -> list[int]:
    """Return the orders against which nothing stands now; it is looked at once more when each is dispatched."""
    orders = DisconnectionOrder.objects.filter(prepayment_id__isnull=False, state__in=_BEFORE).order_by("id")
    found = list(orders)
    return [
        order.id for order, against in zip(found, cuts.blockers_of(orders=found, at=at), strict=True) if not against
    ]


@opens_transaction
def _that_go(at: datetime) -> list[int]:
    """
    Return the orders that may go now: those that a person has let go today; and the others, if with all of this day
    they are below the bound of the pack. Else these wait in a batch that names them. One of other orders, or that
    nobody has to look at any more, lapses, so that a person lets go only what the page showed.
    """
    now = cuts.moment_of(at)
    execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [WORK])
    batches = PrepaidCutBatch.objects.select_for_update()
    approved = batches.filter(day=now.day, state=CutBatchState.APPROVED.value)
    let = {order_id for of_batch in approved.values_list("order_ids", flat=True) for order_id in of_batch}
    ready = _ready(at)
    seen, unseen = [one for one in ready if one in let], [one for one in ready if one not in let]
    count, bound = len(ready) + prepaid_cuts.gone(at=at), rules.prepaid_bound(at=now.day)
    is_free = not unseen or count < bound
    waiting = batches.filter(state=CutBatchState.WAITING.value)
    stands = {"day": now.day, "order_ids": unseen, "count": count, "bound": bound}
    (waiting if is_free else waiting.exclude(**stands)).update(state=CutBatchState.LAPSED.value)
    if is_free:
        return ready
    PrepaidCutBatch.objects.get_or_create(**stands, state=CutBatchState.WAITING.value, defaults={"made_at": at})
    log.warning("prepaid_cuts_wait", count=len(unseen), day=now.day.isoformat())
    return seen


def decide(*, batch_id: int, is_approved: bool, reason: str, at: datetime, actor: Actor) -> None:
    """
    Let the prepaid cuts of a day go that are too many to go by themselves: those that the batch names, no others. Or
    cancel all prepaid orders with a reason, also those that wait for something else: what is wrong is wrong for all.

    Each is looked at once more before it goes. What is cancelled is not cut off again before its balance crosses anew.

    :raises UnknownCutBatch: there is none that waits on this day. :raises NotAllowed: the actor does not supervise.
    :raises BadNotice: nobody says why they are cancelled.
    """
    if actor.id is None or not actor.is_one_of(APPROVERS):
        raise NotAllowed(f"{actor.name} may not let disconnections go.", advice="Ask a supervisor.")
    if not is_approved and not reason.strip():
        raise BadNotice("A reason is needed.", advice="Say why in a few words.", field="reason")
    _settle(batch_id, is_approved, reason, at, actor)


@opens_transaction
def _settle(batch_id: int, is_approved: bool, reason: str, at: datetime, actor: Actor) -> None:
    execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [WORK])
    waiting = PrepaidCutBatch.objects.select_for_update().filter(
        id=batch_id, state=CutBatchState.WAITING.value, day=cuts.moment_of(at).day
    )
    row = waiting.first()
    if row is None:
        raise UnknownCutBatch("No such disconnections wait today.", advice="Look at the list again.")
    row.state = (CutBatchState.APPROVED if is_approved else CutBatchState.DROPPED).value
    row.decided_at, row.decider_id, row.decider_name = at, actor.id, actor.name[:150]
    row.save()
    audit.record(actor, row.state, "prepaid_cut_batch", row.id, day=row.day.isoformat(), count=row.count)
    if is_approved:
        jobs.wake(WORK)
    else:
        _cancel_step(reason, at, actor)


@joins_transaction
def _cancel_step(reason: str, at: datetime, actor: Actor) -> None:
    """Cancel all prepaid orders that were not dispatched, at any hour, whatever else stands against them now."""
    wanted = DisconnectionOrder.objects.filter(prepayment_id__isnull=False, state__in=_BEFORE)
    found = dict(wanted.values_list("id", "account_id"))
    ledger.lock_customers(account_ids=sorted(set(found.values())))
    for row in wanted.filter(id__in=list(found)).select_for_update().order_by("id"):
        cutting.move(row, OrderAction.CANCEL, at=at, actor=actor, note=reason)
