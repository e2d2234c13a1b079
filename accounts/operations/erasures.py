"""
Personal data are overwritten: found by night or asked for, released by another person, done by a worker.

The night lists who gave up their last account long enough ago and of whom nothing is open. A customer asks in the
portal, or a clerk for a customer. Nothing is overwritten before a second person has released it, and what stands
against it is looked at again then. What was done cannot be undone.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.domain.privacy import OPEN_ERASURES, ErasureReason, ErasureState, PrivacyRule
from accounts.models.privacy import Erasure
from accounts.operations import contacts
from accounts.queries import merges, privacy
from accounts.queries.privacy import UnknownErasure
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit, jobs, nobodys, personal, sealed_documents
from cis.platform.db import joins_transaction, locked_row, opens_transaction
from cis.platform.personal import Obstacle

SUBJECT, WORK, NIGHT = "erasure", "erase_personal_data", "find_erasures"
RELEASERS: Final[frozenset[Role | ActorKind]] = frozenset((Role.SUPERVISOR, ActorKind.CLIENT))
"""Who lets personal data be overwritten; a program by its scope, and never what its own key asked for."""
PIECE: Final = 500
OPEN_STATES: Final = tuple(str(one) for one in OPEN_ERASURES)
log = structlog.get_logger(__name__)


class ErasureRefused(Refused):
    """Something stands against it; ``detail["obstacles"]`` says what, with the day on which it ends by itself."""

    code = "erasure_refused"


class ErasureExists(Refused):
    """It is on the list already, or done."""

    code = "erasure_exists"


class ErasureDecided(Refused):
    """Somebody decided on it meanwhile."""

    code = "erasure_decided"


@dataclass(frozen=True, slots=True)
class Found:
    """What a night found: who is due now, and of whom something is open still."""

    due: int
    waiting: int


@opens_transaction
def ask(*, customer_id: int, today: date, actor: Actor) -> int:
    """
    Ask that the data of a customer are overwritten, as the customer or for the customer; return the id.

    :raises UnknownCustomer: there is none.
    :raises ErasureRefused: something is open, or the data must be kept still; each reason is named.
    :raises ErasureExists: it was asked for, or is done.
    """
    contacts.lock_customer(customer_id=customer_id)
    if privacy.open_of(customer_id=customer_id) is not None:
        raise ErasureExists("It was asked for already.", customer_id=customer_id)
    against = privacy.obstacles(customer_id=customer_id, reason=ErasureReason.REQUEST, today=today)
    if against:
        raise _refusal(against, customer_id)
    return _list(customer_id, ErasureReason.REQUEST, actor)


def night(at: datetime) -> None:
    """List who is due, and overwrite who never became a customer; a place without a rule does neither."""
    find(today=timezone.localdate(at))
    forget_nobodys(today=timezone.localdate(at))


def find(*, today: date) -> Found:
    """List all customers whose time is over and of whom nothing is open; the same night twice lists nobody twice."""
    kept = privacy.rule_or_none(at=today)
    due = waiting = after = 0
    if kept is None:
        return Found(0, 0)
    before = _before(kept, today)
    while chunk := privacy.candidates(before=before, after_id=after, most=PIECE):
        after = chunk[-1]
        for customer_id in chunk:
            if _find_one(customer_id, today):
                due += 1
            else:
                waiting += 1
    return Found(due, waiting)


def forget_nobodys(*, today: date) -> int:
    """
    Overwrite what people left behind who never became customers, once its time is over; return how many rows.

    Applicants, callers and writers whom nobody knew: no account, contract or money hangs on them, so nobody has to
    release it. It is asked by pieces, each in a transaction of its own.
    """
    kept = privacy.rule_or_none(at=today)
    count, last = 0, ("", 0)
    while kept is not None and (found := _forget_some(_before(kept, today))):
        table, ids = found
        if (table, ids[0]) == last:
            raise RuntimeError(f"{table} {ids[0]} still says who it was.")
        count, last = count + len(ids), (table, ids[0])
    return count


@opens_transaction
def _forget_some(before: date) -> tuple[str, list[int]] | None:
    found = nobodys.found(before=before, most=PIECE)
    if found is not None:
        table, ids = found
        papers = nobodys.erase_step(table=table, row_ids=ids)
        sealed_documents.destroy_step(document_ids=papers)
        audit.record(SYSTEM, "forget", SUBJECT, None, table=table, count=len(ids), documents=len(papers))
    return found


def _before(kept: PrivacyRule, today: date) -> date:
    return date(today.year - kept.keep_years, today.month, min(today.day, 28))


@opens_transaction
def _find_one(customer_id: int, today: date) -> bool:
    if privacy.obstacles(customer_id=customer_id, reason=ErasureReason.RETENTION, today=today):
        return False
    try:
        with transaction.atomic():
            _list(customer_id, ErasureReason.RETENTION, SYSTEM)
    except IntegrityError:
        return False  # somebody asked for it meanwhile
    return True


@opens_transaction
def release(*, erasure_id: int, today: date, actor: Actor) -> None:
    """
    Let the data be overwritten, as the second person; a worker does it next.

    :raises UnknownErasure: there is none.
    :raises NotAllowed: the actor may not, or asked for it.
    :raises ErasureDecided: somebody decided before.
    :raises ErasureRefused: something stands against it now.
    """
    row = _to_decide(erasure_id, actor)
    against = privacy.obstacles(customer_id=row.customer_id, reason=ErasureReason(row.reason), today=today)
    if against:
        raise _refusal(against, row.customer_id)
    _decide(row, ErasureState.RELEASED, actor)
    jobs.wake(WORK)


@opens_transaction
def drop(*, erasure_id: int, actor: Actor) -> None:
    """
    Refuse an erasure, as the second person; the night may list it again after the time of retention.

    :raises UnknownErasure, NotAllowed, ErasureDecided: see ``release``.
    """
    _decide(_to_decide(erasure_id, actor), ErasureState.DROPPED, actor)


def work(at: datetime) -> None:
    """Overwrite what was released, one customer a transaction; one that cannot be done keeps no other waiting."""
    today = timezone.localdate(at)
    released = Erasure.objects.filter(state=ErasureState.RELEASED.value).order_by("id")
    for erasure_id in list(released.values_list("id", flat=True)):
        try:
            erase(erasure_id=erasure_id, today=today)
        except Refused as refusal:
            log.warning("not_erased", erasure=erasure_id, code=refusal.code)


@opens_transaction
def erase(*, erasure_id: int, today: date) -> None:
    """
    Overwrite the data of one customer and of all merged into them, destroy the keys of the documents, and count rows.

    What was opened since the release puts it back on the list, with the reason. Done twice it does nothing.
    """
    customer_id = Erasure.objects.filter(id=erasure_id).values_list("customer_id", flat=True).first()
    if customer_id is None:
        return
    contacts.lock_customer(customer_id=customer_id)  # before the row, as who merges does
    row = locked_row(Erasure, erasure_id)
    if row is None or row.state != ErasureState.RELEASED.value:
        return
    against = privacy.obstacles(customer_id=row.customer_id, reason=ErasureReason(row.reason), today=today)
    if against:
        row.state, row.stuck, row.decider_id, row.decided_at = ErasureState.DUE.value, against[0].code, None, None
        row.save(update_fields=["state", "stuck", "decider_id", "decided_at"])
        audit.record(SYSTEM, "put_back", SUBJECT, row.id, reason=row.stuck)
        return
    shared = privacy.shared_files(customer_id=row.customer_id, kept=privacy.rule(at=today))
    lost, counts = 0, Counter[str]()
    for customer_id in merges.family(customer_id=row.customer_id):  # who was merged into them is the same person
        lost += sealed_documents.let_go_step(customer_id=customer_id)
        counts.update(personal.erase_step(customer_id=customer_id))
    sealed_documents.destroy_step(document_ids=list(shared))
    row.refresh_from_db()
    row.state, row.done_at, row.stuck = ErasureState.DONE.value, timezone.now(), ""
    row.counts = {table: count for table, count in counts.items() if count} | {"platform_document": lost + len(shared)}
    row.save(update_fields=["state", "done_at", "stuck", "counts"])
    audit.record(SYSTEM, "erase", "customer", row.customer_id, erasure_id=row.id, documents=lost + len(shared))


@joins_transaction
def end_step(*, customer_id: int, reason: str) -> None:
    """
    Let go what is on the list for a customer who is somebody else's part now: it goes, or is asked for, with that one.

    No day of a decision is kept: once the two are parted, the night lists the customer anew.
    """
    for row in Erasure.objects.select_for_update().filter(customer_id=customer_id, state__in=OPEN_STATES):
        row.state, row.stuck, row.decider_id, row.decided_at = ErasureState.DROPPED.value, reason, None, None
        row.save(update_fields=["state", "stuck", "decider_id", "decided_at"])
        audit.record(SYSTEM, "drop", SUBJECT, row.id, reason=reason)


@joins_transaction
def _list(customer_id: int, reason: ErasureReason, actor: Actor) -> int:
    since = privacy.since_date(customer_id=customer_id)
    assert since is not None  # an account that is held stands against it
    row = Erasure.objects.create(
        customer_id=customer_id, reason=reason.value, since_date=since, asker_kind=str(actor.kind),
        asker_id=actor.person_id, asker_name=actor.name[:150],
    )  # fmt: skip
    audit.record(actor, "list", SUBJECT, row.id, reason=reason, customer_id=customer_id)
    return int(row.id)


def _to_decide(erasure_id: int, actor: Actor) -> Erasure:
    row = locked_row(Erasure, erasure_id)
    if row is None:
        raise UnknownErasure(f"There is no erasure {erasure_id}.", erasure_id=erasure_id)
    if not actor.is_one_of(RELEASERS):
        raise NotAllowed("A supervisor decides on this.", erasure_id=erasure_id)
    if row.asker_id is not None and row.asker_id == actor.person_id:
        raise NotAllowed("Who asked for it does not decide on it.", erasure_id=erasure_id)
    if row.state != ErasureState.DUE.value:
        raise ErasureDecided("Somebody decided on it meanwhile.", erasure_id=erasure_id, state=row.state)
    return row


def _decide(row: Erasure, state: ErasureState, actor: Actor) -> None:
    row.state, row.decider_id, row.decider_name = state.value, actor.person_id, actor.name[:150]
    row.decided_at, row.stuck = timezone.now(), ""
    row.save(update_fields=["state", "decider_id", "decider_name", "decided_at", "stuck"])
    audit.record(actor, "release" if state is ErasureState.RELEASED else "drop", SUBJECT, row.id)


def _refusal(against: Iterable[Obstacle], customer_id: int) -> ErasureRefused:
    found = [(one.code, one.until_date) for one in against]
    return ErasureRefused(
        "The data of the customer cannot be overwritten yet: " + ", ".join(code for code, _ in found) + ".",
        advice="Settle what is open; what has to be kept longer can go from the day that is named.",
        customer_id=customer_id,
        obstacles=found,
    )
