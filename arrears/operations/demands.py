"""
Demands: made from batches that were let go, by the way that the ladder names, and proven by what comes back.

Whether a demand is still due is asked anew in the transaction that makes it. A text, a mail or a letter is a notice
whose receipt proves the demand; a call or a visit stands on a list until somebody has made it.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum

from django.utils import timezone

from accounts.domain.notice_events import Channel, Money
from accounts.operations import notices
from accounts.operations.notice_drafts import NewNotice
from accounts.queries import supplier
from arrears.domain.ladder import LadderStep
from arrears.domain.pursuit import Made
from arrears.models.collection import CollectionMove
from arrears.operations import cases
from arrears.operations.cases import VISIT_SUBJECT, Case
from arrears.queries import cuts, undelivered
from arrears.queries import dunning as queries
from arrears.queries.dunning import UnknownDemand
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit
from cis.platform.db import execute, fetch, joins_transaction, opens_transaction
from metering.domain.announcements import WorkOrderCancelled, WorkOrderDone
from metering.domain.work_orders import WorkKind
from metering.operations import work_in_bulk

CHUNK = 1_000
PROVE = "demands_proven"
REMINDER, DEMAND = "debt_reminder", "debt_demand"
LINK = "/portal/overdue"
PROOF_MOST = 300
VISIT_WITHIN = timedelta(days=5)
COLLECTORS: frozenset[Role | ActorKind] = frozenset((Role.CLERK, Role.BILLING, Role.SUPERVISOR))
WAYS = {
    "sms": frozenset({Channel.SMS, Channel.EMAIL, Channel.POST, Channel.INBOX}),
    "email": frozenset({Channel.EMAIL, Channel.POST, Channel.INBOX}),
    "letter": frozenset({Channel.POST, Channel.INBOX}),
}
"""By which ways a demand goes; the first that leads to the customer is taken, and the next if it does not arrive."""


class CallResult(StrEnum):
    """What came out of a call: GIVEN_UP ends it without an answer, NOBODY leaves it on the list."""

    ANSWERED = "answered"
    NOBODY = "nobody"
    GIVEN_UP = "given_up"


class BadProof(Refused):
    """Nothing shows it, its time is to come or before the demand, or the demand is proven already."""

    code = "bad_demand_proof"


_CLAIM = """
    SELECT t.id, t.case_id, c.account_id, t.step
    FROM arrears_dunningtarget t JOIN arrears_collectioncase c ON c.id = t.case_id
    WHERE t.batch_id = %s AND t.state = 'waiting' ORDER BY t.id LIMIT %s FOR UPDATE OF t SKIP LOCKED
"""
_SETTLE = """
    UPDATE arrears_dunningtarget SET state = CASE WHEN id = ANY(%(done)s::bigint[]) THEN 'done' ELSE 'left_out' END
    WHERE id = ANY(%(ids)s)
"""
_MAKE = """
    INSERT INTO arrears_collectionmove (case_id, batch_id, step, channel, wants, amount_minor, made_at, done_at, proof,
                                        tries, actor_name)
    SELECT one.case_id, %(batch)s, one.step, one.channel, one.wants, one.amount, %(at)s,
           CASE WHEN one.is_done THEN %(at)s::timestamptz END, '', 0, %(actor)s
    FROM unnest(%(cases)s::bigint[], %(steps)s::text[], %(channels)s::text[], %(wants)s::text[], %(amounts)s::bigint[],
                %(done)s::boolean[]) AS one (case_id, step, channel, wants, amount, is_done)
    RETURNING case_id, id
"""
_ORDERED = """
    UPDATE arrears_collectionmove m SET work_order_id = one.work
    FROM unnest(%s::bigint[], %s::bigint[]) AS one (id, work) WHERE m.id = one.id
"""
_PROVEN_BY = """
    SELECT DISTINCT ON (m.id) m.id, n.id AS notice_id,
           CASE n.channel WHEN 'inbox' THEN n.read_at WHEN 'post' THEN n.sent_at ELSE n.settled_at END AS at
    FROM arrears_collectionmove m
    JOIN arrears_collectioncase c ON c.id = m.case_id AND c.closed_date IS NULL
    JOIN accounts_notice n ON n.event IN ('debt_reminder', 'debt_demand') AND n.key = 'dunning:' || m.id
    WHERE m.proven_at IS NULL AND m.channel IN ('sms', 'email', 'letter')
      AND (n.channel IN ('sms', 'email') AND n.state = 'delivered' OR n.channel = 'post' AND n.state = 'sent'
           OR n.channel = 'inbox' AND n.read_at IS NOT NULL)
    ORDER BY m.id, at
"""
_PROVE = f"""
    UPDATE arrears_collectionmove m
    SET proven_at = greatest(p.at, m.done_at), notice_id = p.notice_id, proof = 'notice ' || p.notice_id
    FROM ({_PROVEN_BY}) p, arrears_collectioncase c
    WHERE m.id = p.id AND c.id = m.case_id RETURNING c.account_id
"""  # noqa: S608 (made of constants)
# A letter that came back, or a message that a gateway called delivered and then took back, proves nothing.
_DISPROVE = """
    UPDATE arrears_collectionmove m SET proven_at = NULL, notice_id = NULL, proof = ''
    FROM accounts_notice n, arrears_collectioncase c
    WHERE n.id = m.notice_id AND n.state = 'bounced' AND c.id = m.case_id AND c.closed_date IS NULL
    RETURNING c.account_id
"""


@opens_transaction
def make_chunk(*, batch_id: int, at: datetime) -> bool:
    """
    Make some demands of a batch; return False if none are left that no other worker has.

    A constant number of statements. What was paid, held or made meanwhile is left out.
    """
    rows = fetch(_CLAIM, [batch_id, CHUNK])
    if not rows:
        return False
    looked = cases.look_step(account_ids=sorted({row[2] for row in rows}), at=at, opens=False)
    known = {case.case_id: case for case in looked.cases}
    today = cuts.moment_of(at).day
    due = {
        target_id: known[case_id]
        for target_id, case_id, _, step in rows
        if case_id in known and _is_still_due(known[case_id], step, today=today)
    }
    moves = _write(batch_id, list(due.values()), at)
    execute(_SETTLE, {"ids": [row[0] for row in rows], "done": list(due)})
    _tell(moves, today)
    _send_crews(moves, today)
    made = [(case, Made(_step(case).code, today, _step(case).channel in WAYS, is_proven=False)) for _, case in moves]
    cases.made_step(made=made, at=at)
    return True


def _is_still_due(case: Case, step: str, *, today: date) -> bool:
    coming = case.verdict.next
    is_due = case.verdict.is_due(today)
    return is_due and coming is not None and coming.step.code == step and case.found.customer_id is not None


@joins_transaction
def _write(batch_id: int, due: Sequence[Case], at: datetime) -> list[tuple[int, Case]]:
    """Write the steps, and return their ids; a call or a visit is made only once somebody has made it."""
    if not due:
        return []
    steps = [_step(case) for case in due]
    values = {
        "batch": batch_id,
        "at": at,
        "actor": SYSTEM.name,
        "cases": [case.case_id for case in due],
        "steps": [step.code for step in steps],
        "channels": [step.channel for step in steps],
        "wants": [step.proof for step in steps],
        "amounts": [case.verdict.demanded_minor for case in due],
        "done": [step.channel in WAYS for step in steps],
    }
    made = dict(fetch(_MAKE, values))
    return [(made[case.case_id], case) for case in due]


def _step(case: Case) -> LadderStep:
    """Return the step that is made of a case that is due."""
    assert case.verdict.next is not None
    return case.verdict.next.step


@joins_transaction
def _tell(moves: Sequence[tuple[int, Case]], today: date) -> None:
    """
    Send the notices of demands by text, mail and letter; the first step of a ladder reminds, also by letter.

    Who has no postal address that works is written to at the place that is supplied.
    """
    groups: dict[tuple[str, str], list[NewNotice]] = {}
    written = [case.found.account_id for _, case in moves if _step(case).channel in WAYS]
    places = undelivered.places(account_ids=written, on=today) if written else {}
    currency = supplier.current().currency
    for move_id, case in moves:
        step = _step(case)
        if step.channel not in WAYS:
            continue
        is_first = step.code == case.rule.ladder[0].code
        event = DEMAND if step.channel == "letter" and not is_first else REMINDER
        groups.setdefault((event, step.channel), []).append(
            NewNotice(
                key=f"dunning:{move_id}",
                facts={
                    "open": Money(case.verdict.demanded_minor, currency),
                    "due": case.verdict.oldest_due or case.found.pursued.debts[0].due_date,
                    "link": LINK,
                },
                customer_id=case.found.customer_id,
                account_id=case.found.account_id,
                place=places.get(case.found.account_id, ""),
            )
        )
    for (event, channel), news in groups.items():
        notices.queue_many_step(event=event, notices=news, actor=SYSTEM, only=WAYS[channel])


@joins_transaction
def _send_crews(moves: Sequence[tuple[int, Case]], today: date) -> None:
    """Order visits, each at the place of the account; one without a place stays on the list."""
    visits = {case.found.account_id: (move_id, case) for move_id, case in moves if _step(case).channel == "visit"}
    if not visits:
        return
    places = queries.places(account_ids=list(visits), on=today)
    orders = work_in_bulk.create_step(
        kind=WorkKind.DEBT_VISIT,
        subject=VISIT_SUBJECT,
        places={visits[account_id][1].case_id: point_id for account_id, point_id in places.items()},
        facts={case.case_id: {"step": _step(case).code} for _, case in visits.values()},
        due_date=today + VISIT_WITHIN,
        actor=SYSTEM,
    )
    ordered = {move_id: orders[case.case_id] for move_id, case in visits.values() if case.case_id in orders}
    execute(_ORDERED, [list(ordered), list(ordered.values())])


def prove(at: datetime) -> int:
    """
    Take up which notices of demands have arrived, and which came back after all; return how many demands it changed.

    Done again, it changes nothing twice.
    """
    account_ids = _prove()
    for start in range(0, len(account_ids), CHUNK):
        _note(account_ids[start : start + CHUNK], at)
    return len(account_ids)


@opens_transaction
def _prove() -> list[int]:
    return sorted({row[0] for sql in (_DISPROVE, _PROVE) for row in fetch(sql)})


@opens_transaction
def _note(account_ids: Sequence[int], at: datetime) -> None:
    cases.note_step(account_ids=account_ids, at=at)


@opens_transaction
def call(*, move_id: int, result: CallResult, note: str, at: datetime, actor: Actor) -> None:
    """
    Keep what came out of a call: somebody answered, nobody did, or it is given up.

    :param note: who answered and what was said; needed where somebody did.
    :raises UnknownDemand: there is no such call that is still to be made.
    :raises BadProof: nobody says who answered; NotAllowed: the actor has no role for it.
    """
    _check(actor)
    row = _lock(move_id)
    if row.channel != "call" or row.done_at is not None:
        raise UnknownDemand(f"No call {move_id} is to be made.", move_id=move_id)
    if result is CallResult.ANSWERED:
        _prove_row(row, proof=note, proven_at=at, actor=actor)
    else:
        row.tries += 1
        row.done_at = at if result is CallResult.GIVEN_UP else None
        row.actor_id, row.actor_name = actor.id, actor.name[:150]
        row.save()
    audit.record(actor, "call", "account", row.case.account_id, move_id=row.id, result=result, note=note)
    cases.note_step(account_ids=[row.case.account_id], at=at)


@opens_transaction
def record_proof(*, move_id: int, proof: str, proven_at: datetime, at: datetime, actor: Actor) -> None:
    """
    Keep by hand that a demand was received, as by a receipt that was signed.

    :raises UnknownDemand: there is none; NotAllowed: the actor has no role for it.
    :raises BadProof: nothing shows it, its time is to come or before the demand, or it is proven already.
    """
    _check(actor)
    row = _lock(move_id)
    if row.proven_at is not None or not row.made_at <= proven_at <= at:
        raise BadProof("The demand is proven already, or this cannot be its time.", field="proven_at")
    _prove_row(row, proof=proof, proven_at=proven_at, actor=actor)
    audit.record(actor, "prove_demand", "account", row.case.account_id, move_id=row.id, proof=proof)
    cases.note_step(account_ids=[row.case.account_id], at=at)


def _prove_row(row: CollectionMove, *, proof: str, proven_at: datetime, actor: Actor) -> None:
    if not proof.strip():
        raise BadProof("Nothing shows that the customer had it.", advice="Say who had it, and how.", field="proof")
    row.proof, row.proven_at = proof.strip()[:PROOF_MOST], proven_at
    row.done_at = row.done_at or proven_at
    row.actor_id, row.actor_name = actor.id, actor.name[:150]
    row.save()


@joins_transaction
def note_work(done: WorkOrderDone) -> None:
    """Take up that a crew was at the customer; listens to ``WorkOrderDone``."""
    if done.subject != VISIT_SUBJECT or done.kind is not WorkKind.DEBT_VISIT:
        return
    row = CollectionMove.objects.select_for_update().filter(work_order_id=done.work_order_id, done_at=None).first()
    if row is not None:
        _prove_row(row, proof=f"work order {done.work_order_id}", proven_at=timezone.now(), actor=done.actor)
        cases.note_step(account_ids=[row.case.account_id], at=timezone.now())


@joins_transaction
def note_dropped(dropped: WorkOrderCancelled) -> None:
    """Leave a visit that the desk dropped to be made, or recorded, by hand; listens to ``WorkOrderCancelled``."""
    if dropped.subject == VISIT_SUBJECT:
        CollectionMove.objects.filter(work_order_id=dropped.work_order_id, done_at=None).update(work_order_id=None)


def _check(actor: Actor) -> None:
    if not actor.is_one_of(COLLECTORS):
        raise NotAllowed(f"{actor.name} may not record demands.", advice="Ask a clerk.")


@joins_transaction
def _lock(move_id: int) -> CollectionMove:
    row = CollectionMove.objects.select_for_update().filter(id=move_id, case__closed_date=None).first()
    if row is None:
        raise UnknownDemand(f"There is no demand {move_id} of an open case.", move_id=move_id)
    return row
