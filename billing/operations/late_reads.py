"""
Reads that came after their days were billed, where no run would find them: proposed to be billed, and decided on.

What is too small to ask about (rule ``late_reads`` of the pack) is decided on by the night and goes with the next bill.
"""

from dataclasses import dataclass
from datetime import date, datetime

import structlog
from django.utils import timezone

from accounts.queries import supplier
from billing.domain.rebills import WORKFLOW, Change, RebillAction, RebillState, netting, start_of
from billing.models.rebill import Rebill
from billing.operations import trials
from billing.operations.trials import AccountChange
from billing.queries import late_reads as queries
from billing.queries.late_reads import UnknownLateRead
from cis.kernel import fixed
from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.calendar import local_clock
from cis.kernel.errors import Refused
from cis.platform import audit, db, packs
from cis.platform.db import joins_transaction, opens_transaction
from metering.domain.announcements import UsageCorrected
from metering.queries import correction_plans

WORK = "late_reads"
"""Falls due each night, after usage was approved and before bills are made."""
CHUNK = 1_000
SMALL = "A difference too small to ask about, by the rule of the place."
RULE = "late_reads"
log = structlog.get_logger(__name__)

_PROPOSE = """
    INSERT INTO billing_rebill (account_id, from_date, state, opened_at)
    SELECT n.account, n.start, 'proposed', now()
    FROM unnest(%(accounts)s::bigint[], %(starts)s::date[]) AS n(account, start)
    WHERE NOT EXISTS (SELECT FROM billing_rebill r
                      WHERE r.account_id = n.account AND r.state = 'open' AND r.from_date <= n.start)
    ON CONFLICT (account_id) WHERE state = 'proposed'
    DO UPDATE SET from_date = least(billing_rebill.from_date, excluded.from_date)
"""


class ReasonMissing(Refused):
    """Who decides on late reads says why."""

    code = "reason_missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """
    What it would cost to bill late reads anew.

    change      by billed period; its obstacle says why it cannot be billed
    start_date  from when it is billed; None: all of it lies further back than may be billed
    """

    change: AccountChange
    start_date: date | None


@joins_transaction
def propose(made: UsageCorrected) -> None:
    """
    Propose to bill anew who was billed on usage that is another one now, where the next run would not look.

    An account waits for one decision; what comes meanwhile may make it begin earlier. A constant number of statements.
    """
    found = queries.unreached(service_point_ids=made.service_point_ids, from_date=made.from_date)
    if found:
        accounts, starts = zip(*found, strict=True)
        db.execute(_PROPOSE, {"accounts": list(accounts), "starts": list(starts)})


def preview(*, rebill_id: int, is_customer_fault: bool = False, today: date) -> Preview:
    """
    Return what it would cost, by the code of the run; nothing of it is kept.

    :raises UnknownLateRead: there is none of this number.
    """
    with db.rolled_back():
        row = _lock(rebill_id)
        change = _tried(row)
    return Preview(change=change, start_date=_start_or_none(row, change, is_customer_fault, today))


@opens_transaction
def bill(*, rebill_id: int, reason: str, is_customer_fault: bool = False, today: date, actor: Actor) -> date:
    """
    Let the next run of the account bill what came late; return from when.

    :raises UnknownLateRead: there is none of this number.
    :raises IllegalMove: somebody decided already.
    :raises NotAllowed: the actor may not decide.
    :raises ReasonMissing: no reason is given.
    :raises TooLate: all of it lies further back than may be billed.
    """
    row = _decided(rebill_id, RebillAction.BILL, reason, actor)
    with db.taken_back():
        change = _tried(row)
    row.from_date = _start(row, change, is_customer_fault, today)
    row.save(update_fields=["state", "reason", "decided_at", "decider_id", "from_date"])
    audit.record(actor, "bill", "late_reads", row.id, reason=row.reason, since=row.from_date)
    return row.from_date


@opens_transaction
def leave(*, rebill_id: int, reason: str, actor: Actor) -> None:
    """
    Leave the bills as they are; later reads propose it anew.

    :raises UnknownLateRead: there is none of this number.
    :raises IllegalMove: somebody decided already.
    :raises NotAllowed: the actor may not decide.
    :raises ReasonMissing: no reason is given.
    """
    row = _decided(rebill_id, RebillAction.LEAVE, reason, actor)
    row.save(update_fields=["state", "reason", "decided_at", "decider_id"])
    audit.record(actor, "leave", "late_reads", row.id, reason=row.reason)


def night(at: datetime) -> None:
    """Decide by rule on all that is too small to ask about, the latest first; without the rule on nothing."""
    today = local_clock(supplier.current().time_zone).local_date(at)
    if RULE not in packs.rules_in_force(at=today):
        return
    last: int | None = None
    while waiting := queries.waiting(before=last, most=CHUNK):
        last = waiting[-1]
        for rebill_id in waiting:
            try:
                net(rebill_id=rebill_id, today=today)
            except Refused as refusal:  # one that cannot be rated must not keep the others waiting
                log.warning("late_read_not_netted", rebill=rebill_id, code=refusal.code, message=refusal.message)


@opens_transaction
def net(*, rebill_id: int, today: date) -> RebillAction | None:
    """
    Decide by rule on late reads, if what they cost is known and small; None: somebody decides.

    :raises UnknownLateRead: there is none of this number.
    :raises TooLate: all of it lies further back than may be billed.
    """
    row = _lock(rebill_id)
    if row.state != RebillState.PROPOSED:
        return None
    with db.taken_back():
        change = _tried(row)
    if change.obstacle is not None:
        return None
    start = _start(row, change, False, today)
    changes = [one.change_minor for one in change.months if one.end_date > start]
    cost = sum(changes)
    below = fixed.parse(packs.rule(RULE, at=today)["net_below"], places=packs.rule("decimals", at=today))
    if any(abs(one) >= below for one in changes):
        return None  # large ones that cancel out are not small
    action = netting(change_minor=cost, net_below_minor=below, goes_on=queries.goes_on(account_id=row.account_id))
    if action is not None:
        row.state = WORKFLOW.step(RebillState(row.state), action, SYSTEM).to.value
        row.reason, row.decided_at, row.decider_id = SMALL, timezone.now(), None
        row.from_date = start if action is RebillAction.BILL else row.from_date
        row.save(update_fields=["state", "reason", "decided_at", "decider_id", "from_date"])
        audit.record(SYSTEM, action.value, "late_reads", row.id, reason=SMALL, change_minor=cost)
    return action


def _lock(rebill_id: int) -> Rebill:
    row = Rebill.objects.select_for_update(of=("self",)).filter(id=rebill_id, correction=None, change=None).first()
    if row is None:
        raise UnknownLateRead(f"There are no late reads {rebill_id}.")
    return row


def _decided(rebill_id: int, action: RebillAction, reason: str, actor: Actor) -> Rebill:
    row = _lock(rebill_id)
    row.state = WORKFLOW.step(RebillState(row.state), action, actor).to.value
    row.reason = reason.strip()
    if not row.reason:
        raise ReasonMissing("Say why.", advice="One sentence will do.", field="reason")
    row.decided_at, row.decider_id = timezone.now(), actor.id
    return row


def _tried(row: Rebill) -> AccountChange:
    """Return what the account's bills would become; what it writes is taken back by who calls."""
    Rebill.objects.filter(id=row.id).update(state=RebillState.OPEN.value, decided_at=timezone.now())
    return trials.of_account(account_id=row.account_id)


def _start(row: Rebill, change: AccountChange, is_customer_fault: bool, today: date) -> date:
    changes = [Change(one.start_date, one.change_minor) for one in change.months]
    cap = correction_plans.first_billable(is_customer_fault=is_customer_fault, today=today)
    return start_of(from_date=row.from_date, changes=changes, cap_date=cap)


def _start_or_none(row: Rebill, change: AccountChange, is_customer_fault: bool, today: date) -> date | None:
    try:
        return _start(row, change, is_customer_fault, today)
    except Refused:
        return None
