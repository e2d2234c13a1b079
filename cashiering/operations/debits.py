"""
Debits are planned each night for bills that are owed and have a mandate; unusual ones wait for two persons.

The night may be run any number of times: a bill has one debit under way, and one that was debited is not planned anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone

from accounts.domain.notice_events import Fact, Money
from accounts.operations import notices
from accounts.operations.notices import NewNotice
from accounts.queries import supplier
from billing.operations import ledger
from cashiering.domain import debits
from cashiering.domain.bank_accounts import masked
from cashiering.domain.debits import WORKFLOW, AboveLimit, DebitAction, DebitState, DropReason, HeldReason, SamePerson
from cashiering.models.debit import Debit
from cashiering.operations.mandates import LINK
from cashiering.queries import debit_rules
from cashiering.queries import debits as queries
from cashiering.queries.debit_rules import DebitRule
from cashiering.queries.debits import Candidate, UnknownDebit
from cis.kernel.actors import SYSTEM, Actor
from cis.platform import audit, jobs
from cis.platform.db import joins_transaction, opens_transaction

WORK = "debits_plan"
SUBJECT = "debit"
CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class _Told:
    """A debit of which the customer is told."""

    debit: Debit
    customer_id: int
    bill_number: str
    bank_account: str


def plan(at: datetime) -> None:
    """
    Plan debits for all bills that are owed and have a mandate, and drop those that are held for bills that were paid;
    to be called each night, also twice, or by two.
    """
    if not debit_rules.is_offered_at(at):
        return
    with jobs.alone(WORK) as is_ours:
        if is_ours:
            drop_paid(at=at)
        while is_ours and plan_chunk(at=at):
            pass


def drop_paid(*, at: datetime) -> int:
    """Drop the debits that wait for persons though nothing is open of their bills; return how many there were."""
    count = 0
    while dropped := drop_paid_chunk(at=at):
        count += dropped
    return count


@opens_transaction
def drop_paid_chunk(*, at: datetime) -> int:
    """Drop the next of these debits, up to 1,000; return how many there were. Four statements."""
    found = queries.waiting_though_paid(most=CHUNK)
    rows = Debit.objects.select_for_update().filter(id__in=found, state__in=queries.WAITING).order_by("id")
    states = dict(rows.values_list("id", "state")) if found else {}
    if not states:
        return 0
    for state in set(states.values()):
        WORKFLOW.step(DebitState(state), DebitAction.DROP, SYSTEM)
    Debit.objects.filter(id__in=list(states)).update(
        state=DebitState.DROPPED.value, drop_reason=DropReason.PAID.value, decided_at=at
    )
    audit.record_many(SYSTEM, DebitAction.DROP.value, SUBJECT, states, reason=DropReason.PAID)
    return len(states)


@opens_transaction
def plan_chunk(*, at: datetime) -> int:
    """
    Plan the next debits, up to 1,000, and tell their customers; return how many there were. A constant of statements.

    :raises MissingRule: nothing is debited in this place.
    """
    today, is_late = debit_rules.moment(at)
    rule = debit_rules.rule(at=today)
    owed = queries.accounts_to_debit(most=CHUNK)
    if not owed:
        return 0
    # Who asks whether something is under way, as the dispatch of a disconnection, holds these locks.
    ledger.lock_customers(account_ids=owed)
    found = _one_each(queries.candidates(account_ids=owed, most=CHUNK))
    if not found:
        return 0
    last = queries.last_collected(account_ids=[one.account_id for one in found])
    made = [_debit(one, last.get(one.account_id, []), rule, today, is_late=is_late) for one in found]
    Debit.objects.bulk_create(made)
    audit.record_many(SYSTEM, "plan", SUBJECT, [row.id for row in made], on=today)
    planned = {row.id for row in made if row.state == DebitState.PLANNED.value}
    announce_step([row.id for row in made if row.id in planned])
    return len(made)


def _one_each(found: Sequence[Candidate]) -> list[Candidate]:
    """Return the candidates, of a mandate for one debit the first alone."""
    used: set[int] = set()
    kept = []
    for one in found:
        if not (one.is_one_off and one.mandate_id in used):
            kept.append(one)
        used.add(one.mandate_id)
    return kept


def _debit(one: Candidate, last_minor: Sequence[int], rule: DebitRule, today: date, *, is_late: bool) -> Debit:
    held = debits.why_held(
        amount_minor=one.open_minor,
        limit_minor=one.limit_minor,
        last_minor=last_minor,
        times_e3=rule.times_e3,
        first_most_minor=rule.first_most_minor,
    )
    return Debit(
        mandate_id=one.mandate_id,
        account_id=one.account_id,
        bill_id=one.bill_id,
        state=(DebitState.HELD if held else DebitState.PLANNED).value,
        amount_minor=one.open_minor,
        collection_date=debits.collection_date(rule.timing, due_date=one.due_date, today=today, is_late=is_late),
        held_reasons=" ".join(reason.value for reason in held),
        usual_minor=debits.median_minor(last_minor),
    )


@joins_transaction
def announce_step(debit_ids: Sequence[int]) -> None:
    """Tell customers of debits before they are made (pre-notification); a constant number of statements."""
    rows = Debit.objects.filter(id__in=debit_ids).select_related("bill", "mandate").order_by("id")
    new = [
        NewNotice(
            key=f"debit:{row.id}:{row.collection_date}",
            facts=facts_of(row),
            customer_id=row.mandate.customer_id,
            account_id=row.account_id,
        )
        for row in rows
    ]
    notices.queue_many_step(event="debit_announced", notices=new, actor=SYSTEM)


def facts_of(row: Debit) -> dict[str, Fact]:
    """Return the facts by which a customer is told of a debit to come."""
    return {
        "bill": row.bill.number or "",
        "amount": Money(row.amount_minor, supplier.current().currency),
        "day": row.collection_date,
        "mandate": row.mandate.reference,
        "bank_account": masked(row.mandate.bank_account),
        "link": LINK,
    }


@opens_transaction
def propose(*, debit_id: int, actor: Actor) -> None:
    """
    Say that a held debit may go; a second person decides.

    :raises UnknownDebit, IllegalMove, NotAllowed: there is none that is held, or the actor may not.
    :raises AboveLimit: it is more than its mandate allows.
    """
    row = _lock(debit_id)
    if HeldReason.ABOVE_LIMIT.value in row.held_reasons.split():
        raise AboveLimit(
            "The debit is above the limit of its mandate.", advice="Drop it, and ask the customer for a new mandate."
        )
    _move(row, DebitAction.PROPOSE, actor)
    row.proposer_id = actor.id
    row.save(update_fields=["state", "proposer_id"])


@opens_transaction
def release(*, debit_id: int, at: datetime, actor: Actor) -> None:
    """
    Let a debit go that another person proposed; its customer is told, and its day may be later than it was.

    :raises UnknownDebit, IllegalMove, NotAllowed: there is none that is proposed, or the actor may not.
    :raises SamePerson: the actor proposed it.
    """
    row = _lock(debit_id)
    _move(row, DebitAction.RELEASE, actor)
    if row.proposer_id == actor.id:
        raise SamePerson("Who proposed it cannot agree to it.", advice="Ask somebody else.")
    today, is_late = debit_rules.moment(at)
    rule = debit_rules.rule(at=today)
    row.released_by_id, row.decided_at = actor.id, at
    row.collection_date = debits.collection_date(
        rule.timing, due_date=row.collection_date, today=today, is_late=is_late
    )
    row.save(update_fields=["state", "released_by_id", "decided_at", "collection_date"])
    announce_step([row.id])


@opens_transaction
def keep_held(*, debit_id: int, actor: Actor) -> None:
    """Do not agree to a proposed debit: it is held as before. :raises UnknownDebit, IllegalMove, NotAllowed: cannot."""
    row = _lock(debit_id)
    _move(row, DebitAction.KEEP, actor)
    row.proposer_id = None
    row.save(update_fields=["state", "proposer_id"])


@opens_transaction
def drop(*, debit_id: int, actor: Actor) -> None:
    """
    Drop a debit that is not in a batch; its bill is not debited again, and the customer pays it himself.

    :raises UnknownDebit, IllegalMove, NotAllowed: there is none that can be dropped, or the actor may not.
    """
    row = _lock(debit_id)
    if row.batch_id is None:
        _move(row, DebitAction.DROP, actor)
    else:
        WORKFLOW.step(DebitState.SENT, DebitAction.DROP, actor)  # in a batch: refused as if it were sent
    row.drop_reason, row.decided_at = DropReason.PERSON.value, row.decided_at or timezone.now()
    row.save(update_fields=["state", "drop_reason", "decided_at"])
    tell_not_made_step(row, reason=_LEFT_OUT, what_next=PAY)


@joins_transaction
def tell_not_made_step(row: Debit, *, reason: tuple[str, str], what_next: tuple[str, str]) -> None:
    """
    Tell a customer that a debit did not become money, once for each thing that becomes of it.

    reason, what_next  why, and what the customer has to do: in Chinese and English
    """
    facts: dict[str, Fact] = {
        "bill": row.bill.number or "",
        "amount": Money(row.amount_minor, supplier.current().currency),
        "reason": reason[0],
        "reason_en": reason[1],
        "next": what_next[0],
        "next_en": what_next[1],
        "link": LINK,
    }
    notices.queue_step(
        event="debit_returned",
        customer_id=row.mandate.customer_id,
        account_id=row.account_id,
        facts=facts,
        key=f"debit:{row.id}:{DebitState(row.state).value}",
        actor=SYSTEM,
    )


PAY = ("请用其他方式缴费。", "Please pay the bill yourself.")
"""What a customer has to do whose bill is not debited again."""
_LEFT_OUT = ("我方取消了本次扣款", "we do not make this debit")


def _move(row: Debit, action: DebitAction, actor: Actor) -> None:
    row.state = WORKFLOW.step(DebitState(row.state), action, actor).to.value
    audit.record(actor, action.value, SUBJECT, row.id, amount_minor=row.amount_minor)


def _lock(debit_id: int) -> Debit:
    row = Debit.objects.select_for_update().filter(id=debit_id).first()
    if row is None:
        raise UnknownDebit(f"There is no debit {debit_id}.", debit_id=debit_id)
    return row
