"""
Plans of instalments that hold are looked at: each night, and whenever money came in.

What is paid follows from the money of the covered bills; a look writes down what came of it: a plan is completed or
broken, its parts are laid anew where debts are owed no more, its holds last until its next part is overdue.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone

from arrears.domain.cut_facts import HoldKind
from arrears.domain.instalments import Fate, fate, holds_until, lay
from arrears.domain.plan_workflow import PlanAction, PlanState
from arrears.models.plan import InstalmentPlan, PlanMove
from arrears.operations import cases, plan_notices
from arrears.operations.plan_notices import Told
from arrears.queries import cuts, hindrances, plan_facts
from arrears.queries.plan_facts import PlanFacts
from billing.domain.announcements import PaymentsBooked
from billing.operations import agreed_parts, ledger
from billing.operations.agreed_parts import NewPart
from cis.kernel.actors import SYSTEM, Actor
from cis.platform import audit, events
from cis.platform.db import execute, fetch, joins_transaction, opens_transaction

WORK = "instalment_plans"
SUBJECT = "instalment_plan"
CHUNK = 200
"""Accounts of one transaction: so long may a payment of one of them have to wait."""
REASON_MOST = 200
LOOKED_AT = events.Accounts("arrears_instalmentplan", f"t.state = '{PlanState.KEPT.value}'")
"""Accounts of which payments are heard here."""
_KEPT = (PlanState.KEPT.value,)
_END = """
    UPDATE arrears_instalmentplan SET state = %(state)s, ended_date = %(today)s, end_reason = one.reason
    FROM unnest(%(plans)s::bigint[], %(reasons)s::text[]) AS one (id, reason)
    WHERE arrears_instalmentplan.id = one.id
"""
_END_HOLDS = """
    UPDATE arrears_hold h SET until_at = greatest(%(at)s, h.since_at), lift_reason = %(reason)s
    FROM arrears_plandebt d
    WHERE d.hold_id = h.id AND d.plan_id = ANY(%(plans)s) AND (h.until_at IS NULL OR h.until_at > %(at)s)
"""
_MOVE_HOLDS = """
    UPDATE arrears_hold h SET until_at = greatest(one.until, h.since_at)
    FROM unnest(%(plans)s::bigint[], %(untils)s::timestamptz[]) AS one (plan, until)
    JOIN arrears_plandebt d ON d.plan_id = one.plan
    WHERE d.hold_id = h.id AND h.until_at IS DISTINCT FROM greatest(one.until, h.since_at)
"""
_LOWERED = """
    UPDATE arrears_instalmentplan SET lowered_minor = one.lowered
    FROM unnest(%(plans)s::bigint[], %(lowered)s::bigint[]) AS one (id, lowered)
    WHERE arrears_instalmentplan.id = one.id
"""
# A part is reminded of once, however often the night runs.
_REMIND = """
    UPDATE arrears_planpart x SET reminded_date = %(today)s
    FROM unnest(%(plans)s::bigint[], %(seqs)s::int[]) AS one (plan, seq)
    WHERE x.plan_id = one.plan AND x.seq = one.seq AND x.reminded_date IS NULL
    RETURNING x.plan_id, x.seq
"""


@dataclass(frozen=True, slots=True)
class _Ended:
    facts: PlanFacts
    reason: str


def night(at: datetime) -> None:
    """
    Look at all plans: what lapsed, is due soon, is paid, or was not paid in time; may be run at any time, also twice.

    In chunks of accounts, each in a transaction of its own and a constant number of statements.
    """
    _lapse(at)
    accounts = sorted({account_id for _, account_id in plan_facts.live(states=_KEPT)})
    for start in range(0, len(accounts), CHUNK):
        _chunk(accounts[start : start + CHUNK], at)


@opens_transaction
def _lapse(at: datetime) -> None:
    """Let offers lapse that nobody accepted in time."""
    today = cuts.moment_of(at).day
    waiting = (PlanState.PROPOSED.value, PlanState.OFFERED.value)
    rows = InstalmentPlan.objects.select_for_update().filter(state__in=waiting, valid_until__lt=today)
    ids = list(rows.order_by("id").values_list("id", flat=True))
    if ids:
        InstalmentPlan.objects.filter(id__in=ids).update(
            state=PlanState.DROPPED.value, ended_date=today, end_reason="lapsed"
        )
        _write_moves(ids, PlanAction.DROP, PlanState.DROPPED, at=at, actor=SYSTEM, notes=["lapsed"] * len(ids))


@opens_transaction
def _chunk(account_ids: Sequence[int], at: datetime) -> None:
    ledger.lock_customers(account_ids=account_ids)
    left = look_step(account_ids=account_ids, at=at, breaks=True)
    _remind(left, cuts.moment_of(at).day)


@joins_transaction
def note_payments(booked: PaymentsBooked) -> None:
    """Look at the plans of accounts that paid; listens to ``PaymentsBooked``, and runs under its locks."""
    look_step(account_ids=booked.account_ids, at=timezone.now(), breaks=False)


@joins_transaction
def look_step(*, account_ids: Sequence[int], at: datetime, breaks: bool) -> tuple[PlanFacts, ...]:
    """
    Look at the plans of accounts that hold; a constant number of statements, one where there is none.

    The caller holds the locks of their ledgers.

    :param breaks: False: a part that is late breaks none now; the night does.
    :returns: the plans that still hold.
    """
    kept = plan_facts.live(states=_KEPT, account_ids=account_ids)
    if not kept:
        return ()
    now = cuts.moment_of(at)
    facts = plan_facts.of_plans(plan_ids=[plan_id for plan_id, _ in kept])
    fates = _fates(facts, now.day, at, breaks=breaks)
    completed = [one for one in facts if fates[one.id] is Fate.COMPLETED]
    broken = [_Ended(one, fates[one.id].value) for one in facts if fates[one.id] in {Fate.LATE, Fate.NEW_BILL}]
    left = tuple(one for one in facts if fates[one.id] is Fate.KEPT)
    end_step(
        ended=[(one, "") for one in completed], action=PlanAction.COMPLETE, state=PlanState.COMPLETED, at=at,
        actor=SYSTEM,
    )  # fmt: skip
    end_step(
        ended=[(one.facts, one.reason) for one in broken], action=PlanAction.BREAK, state=PlanState.BROKEN, at=at,
        actor=SYSTEM,
    )  # fmt: skip
    _lay_anew([one for one in left if one.standing.lowered_minor != one.lowered_minor], at)
    move_holds_step(facts=left, at=at)
    return left


def _fates(facts: Sequence[PlanFacts], today: date, at: datetime, *, breaks: bool) -> dict[int, Fate]:
    dues = plan_facts.new_dues(plan_ids=[one.id for one in facts], today=today) if breaks else {}
    found = {
        one.id: fate(standing=one.standing, today=today, grace_days=one.grace_days, new_due=dues.get(one.id))
        for one in facts
    }
    late = {one.id: one.account_id for one in facts if found[one.id] in {Fate.LATE, Fate.NEW_BILL}}
    if not breaks:
        return {**found, **dict.fromkeys(late, Fate.KEPT)}
    if late:
        # Money that is under way may be the very part.
        told = hindrances.of_accounts(account_ids=sorted(set(late.values())), at=at)
        paying = {
            account_id
            for account_id, holds in told.items()
            if any(hold.kind is HoldKind.PENDING_PAYMENT and hold.holds_at(at) for hold in holds)
        }
        found.update({plan_id: Fate.KEPT for plan_id, account_id in late.items() if account_id in paying})
    return found


@joins_transaction
def end_step(
    *, ended: Sequence[tuple[PlanFacts, str]], action: PlanAction, state: PlanState, at: datetime, actor: Actor
) -> None:
    """
    End plans: their holds end, their bills are paid by their own days again, and their debts are pursued as they stand.

    ended  plans with the reason, as ``Fate`` says it or a person wrote it
    """
    if not ended:
        return
    now, ids = cuts.moment_of(at), [facts.id for facts, _ in ended]
    reasons = [reason[:REASON_MOST] for _, reason in ended]
    execute(_END, {"state": state.value, "today": now.day, "plans": ids, "reasons": reasons})
    execute(_END_HOLDS, {"at": at, "reason": state.value, "plans": ids})
    agreed_parts.end_step(bill_ids=[debt.bill_id for facts, _ in ended for debt in facts.debts], at=at)
    _write_moves(ids, action, state, at=at, actor=actor, notes=reasons)
    told = [
        Told(
            plan_id=facts.id, serial=facts.serial, account_id=facts.account_id, customer_id=facts.customer_id,
            what=state.value,
            amounts={"amount": facts.total_minor} if state is PlanState.COMPLETED else {
                "open": facts.standing.open_minor
            },
        )
        for facts, _ in ended
    ]  # fmt: skip
    event = "plan_left" if action is PlanAction.LEAVE else f"plan_{state.value}"
    plan_notices.tell_step(event=event, told=told)
    accounts = sorted({facts.account_id for facts, _ in ended})
    if state is PlanState.COMPLETED:
        cases.note_step(account_ids=accounts, at=at)
    else:
        cases.look_step(account_ids=accounts, at=at, opens=True)


@joins_transaction
def move_holds_step(*, facts: Sequence[PlanFacts], at: datetime) -> None:
    """Let the holds of plans last until their next part is overdue; one statement."""
    if not facts:
        return
    clock = cuts.moment_of(at).clock
    untils = [clock.day_start_utc(holds_until(standing=one.standing, grace_days=one.grace_days)) for one in facts]
    execute(_MOVE_HOLDS, {"plans": [one.id for one in facts], "untils": untils})


@joins_transaction
def lay_step(*, facts: Sequence[PlanFacts], at: datetime) -> None:
    """Lay the parts of plans over their debts, so that money pays them by their days and codes; two statements."""
    parts = [
        NewPart(
            account_id=one.account_id, bill_id=laid.bill_id, code=one.codes.get(laid.seq, ""), due_date=laid.due_date,
            first_date=laid.due_date - timedelta(days=one.remind_days) if laid.seq else None,
            low_minor=laid.low_minor, high_minor=laid.high_minor,
        )
        for one in facts
        for laid in lay(parts=one.standing.parts, debts=one.debts)
    ]  # fmt: skip
    agreed_parts.agree_step(parts=parts, at=at)


@joins_transaction
def _lay_anew(facts: Sequence[PlanFacts], at: datetime) -> None:
    if facts:
        lay_step(facts=facts, at=at)
        lowered = [one.standing.lowered_minor for one in facts]
        execute(_LOWERED, {"plans": [one.id for one in facts], "lowered": lowered})


@joins_transaction
def _remind(facts: Sequence[PlanFacts], today: date) -> None:
    due = {
        (one.id, part.seq): (one, part)
        for one in facts
        for part in one.standing.parts
        if part.open_minor and part.due_date - timedelta(days=one.remind_days) <= today
    }
    if not due:
        return
    wanted = {"today": today, "plans": [key[0] for key in due], "seqs": [key[1] for key in due]}
    fresh = [due[plan_id, seq] for plan_id, seq in sorted(fetch(_REMIND, wanted))]
    told = [
        Told(
            plan_id=one.id, serial=one.serial, account_id=one.account_id, customer_id=one.customer_id,
            what=f"reminder:{part.seq}", amounts={"part": part.open_minor}, facts={"due": part.due_date},
        )
        for one, part in fresh
    ]  # fmt: skip
    plan_notices.tell_step(event="plan_reminder", told=told)


def _write_moves(
    plan_ids: Sequence[int], action: PlanAction, state: PlanState, *, at: datetime, actor: Actor, notes: Sequence[str]
) -> None:
    PlanMove.objects.bulk_create(
        PlanMove(
            plan_id=plan_id, action=action.value, state=state.value, at=at, note=note, actor_id=actor.id,
            actor_name=actor.name[:150],
        )
        for plan_id, note in zip(plan_ids, notes, strict=True)
    )  # fmt: skip
    audit.record_many(actor, action.value, SUBJECT, plan_ids, state=state.value)
