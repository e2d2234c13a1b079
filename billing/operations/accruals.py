"""
Accruals of revenue: what of a month's energy is on no bill at its end stands in the books of the month.

A person lets it be rated (``accruing``), looks at it, and posts it: on the month's last day from revenue to what is
unbilled, on the next month's first day back, in one transaction. What is above the limit of a role (pack rule
``accruals``) is posted by two persons. There is no VAT in it, for none is owed before a bill. Made anew, the one before
is taken back on the same two days. A closed month takes none.
"""

from datetime import date

from django.utils import timezone

from billing.domain.accruals import UNBILLED, AccrualState, code_of
from billing.domain.adjustments import AdjustmentState
from billing.domain.entries import Entry, TransferKind
from billing.domain.periods import PeriodState
from billing.models.accrual import AccrualPosting, RevenueAccrual
from billing.models.period import AccountingPeriod
from billing.operations import ledger, second_person
from billing.operations.second_person import Kind, person_of
from billing.queries import accrual_rules
from billing.queries.accruals import UnknownAccrual
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.periods import month_of
from cis.kernel.workflow import NotAllowed
from cis.platform import audit, jobs
from cis.platform.db import fetch, joins_transaction, opens_transaction

WORK = "accruals"
SUBJECT = "accrual"
MAKERS = frozenset((Role.BILLING, Role.SUPERVISOR))
UNDONE = "undone_"
UNDER_WAY = (AccrualState.RATING.value, AccrualState.RATED.value)

_BY_CLASS = """
    SELECT ledger_class, sum(amount_minor - tax_minor)::bigint FROM billing_accrualline
    WHERE accrual_id = %s GROUP BY 1 HAVING sum(amount_minor - tax_minor) <> 0 ORDER BY 1
"""
_POSTED = """
    SELECT t.part, d.code, c.code, t.amount_minor, t.occurred_date
    FROM billing_transfer t JOIN billing_ledgeraccount d ON d.id = t.debit_id
    JOIN billing_ledgeraccount c ON c.id = t.credit_id
    WHERE t.kind = 'accrual' AND t.source_id = %s ORDER BY t.id
"""


class BadAccrual(Refused):
    """The month cannot be accrued like that."""

    code = "bad_accrual"


class OwnAccrual(Refused):
    """Who proposed to post it does not agree to it."""

    code = "own_accrual"


class AccrualMonthClosed(Refused):
    """The month is closed: it takes nothing any more."""

    code = "accrual_month_closed"


@opens_transaction
def open_new(*, month: date, today: date, actor: Actor) -> int:
    """
    Let the unbilled energy of a month be rated; nothing is posted yet.

    :param month: its first day.
    :returns: id of the accrual; of the one that is under way, where there is one.
    :raises NotAllowed: the actor may not.
    :raises BadAccrual: it is no month, or not over.
    :raises AccrualMonthClosed: it is closed, or a later one is.
    """
    _check(actor)
    if month.day != 1 or today < month_of(month).end:
        raise BadAccrual(f"The month of {month} is not over.", advice="Accrue a month when it is over.")
    _lock_open(month)
    known = RevenueAccrual.objects.filter(month=month, state__in=UNDER_WAY).first()
    if known is not None:
        return known.id
    row = RevenueAccrual.objects.create(month=month, opener_id=person_of(actor))
    row.job_id = jobs.start(name=WORK, subject=f"{SUBJECT}:{row.id}", actor=actor)
    row.save(update_fields=["job_id"])
    audit.record(actor, "open", SUBJECT, row.id, month=month)
    jobs.wake(WORK)
    return row.id


@opens_transaction
def drop(*, accrual_id: int, actor: Actor) -> None:
    """
    Drop an accrual that is not posted.

    :raises NotAllowed, UnknownAccrual: the actor may not; there is none under way.
    """
    _check(actor)
    row = _locked(accrual_id, UNDER_WAY)
    row.state = AccrualState.DROPPED.value
    row.save(update_fields=["state"])
    waiting = row.postings.filter(state=AdjustmentState.PROPOSED.value)
    waiting.update(state=AdjustmentState.DROPPED.value, decider_id=person_of(actor))
    if row.job_id is not None:
        jobs.finish(row.job_id)
    audit.record(actor, "drop", SUBJECT, row.id)


@opens_transaction
def post(*, accrual_id: int, today: date, actor: Actor) -> bool:
    """
    Post an accrual that is rated, and take it back on the first day of the next month; one before is taken back.

    :returns: whether it is posted; above what the actor does alone it waits for a second person.
    :raises NotAllowed, UnknownAccrual: the actor may not; there is none that is rated.
    :raises BadAccrual: its posting waits already.
    :raises AccrualMonthClosed: its month was closed meanwhile.
    """
    _check(actor)
    ledger.lock_customers(account_ids=[])
    row = _locked(accrual_id, (AccrualState.RATED.value,))
    posting = AccrualPosting(
        accrual=row,
        amount_minor=sum(abs(net) for _, net in fetch(_BY_CLASS, [row.id])),
        key=f"{SUBJECT}:{row.id}:{row.postings.count()}",
    )
    second_person.propose_step(KIND, posting, limits=accrual_rules.limits(at=today), today=today, actor=actor)
    return not posting.is_for_two


@opens_transaction
def decide(*, accrual_id: int, is_agreed: bool, today: date, actor: Actor) -> None:
    """
    Post what somebody proposed to post, or do not: then it stays rated.

    :raises UnknownAccrual: there is none whose posting waits.
    :raises NotAllowed: the actor neither bills nor supervises.
    :raises OwnAccrual: who proposed it does not agree to it.
    :raises AccrualMonthClosed: its month was closed meanwhile.
    """
    ledger.lock_customers(account_ids=[])
    row = _locked(accrual_id, (AccrualState.RATED.value,))
    posting_id = row.postings.filter(state=AdjustmentState.PROPOSED.value).values_list("id", flat=True).first()
    if posting_id is None:
        raise UnknownAccrual(f"Nobody proposed to post the accrual {accrual_id}.", accrual_id=accrual_id)
    second_person.decide_step(KIND, posting_id, is_agreed=is_agreed, today=today, actor=actor)


@joins_transaction
def _check_posting(posting: AccrualPosting, today: date) -> None:  # noqa: ARG001 (one signature)
    row = _locked(posting.accrual_id, (AccrualState.RATED.value,))
    if posting.pk is None and row.postings.filter(state=AdjustmentState.PROPOSED.value).exists():
        raise BadAccrual("Its posting waits for a second person.", advice="Decide on that first.")
    _lock_open(row.month)


@joins_transaction
def _post_step(posting: AccrualPosting, today: date, actor: Actor) -> None:  # noqa: ARG001 (one signature)
    row = posting.accrual
    before = RevenueAccrual.objects.filter(month=row.month, state=AccrualState.POSTED.value).first()
    if before is not None:
        _undo_step(before, row, actor)
    month = month_of(row.month)
    sums = fetch(_BY_CLASS, [row.id])
    reason = f"Unbilled at the end of {row.month:%Y-%m}."
    entries = [_entry(row.id, name, net, month.last, reason) for name, net in sums]
    ledger.post(kind=TransferKind.ACCRUAL, entries=entries, actor=actor)
    if entries:
        ledger.reverse(
            kind=TransferKind.ACCRUAL, source_id=row.id, account_id=None, occurred_date=month.end, actor=actor,
            reason=reason,
        )  # fmt: skip
    row.state, row.net_minor = AccrualState.POSTED.value, sum(net for _, net in sums)
    row.poster_id, row.posted_at = person_of(actor), timezone.now()
    row.save(update_fields=["state", "net_minor", "poster_id", "posted_at"])


def _entry(accrual_id: int, ledger_class: str, net_minor: int, day: date, reason: str) -> Entry:
    """Return the entry of a class; where more is to be taken back than is unbilled, the other way round."""
    revenue = code_of(ledger_class)
    debit, credit = (UNBILLED, revenue) if net_minor > 0 else (revenue, UNBILLED)
    return Entry(
        source_id=accrual_id, part=ledger_class, debit=debit, credit=credit, account_id=None,
        amount_minor=abs(net_minor), occurred_date=day, reason=reason,
    )  # fmt: skip


@joins_transaction
def _undo_step(before: RevenueAccrual, by: RevenueAccrual, actor: Actor) -> None:
    """Take back both sides of an accrual, each on its own day: the month and the next one are as without it."""
    reason = f"Made anew: {by.id}."
    entries = [
        Entry(
            source_id=before.id, part=UNDONE + part, debit=credit, credit=debit, account_id=None, amount_minor=amount,
            occurred_date=day, reason=reason,
        )
        for part, debit, credit, amount, day in fetch(_POSTED, [before.id])
    ]  # fmt: skip
    ledger.post(kind=TransferKind.ACCRUAL, entries=entries, actor=actor)
    before.state, before.replaced_by = AccrualState.UNDONE.value, by
    before.save(update_fields=["state", "replaced_by"])


def _check(actor: Actor) -> None:
    if not actor.is_one_of(MAKERS | {ActorKind.CLIENT}):
        raise NotAllowed(f"{actor.name} may not accrue revenue.", advice="Ask billing.")


@joins_transaction
def _locked(accrual_id: int, states: tuple[str, ...]) -> RevenueAccrual:
    row = RevenueAccrual.objects.select_for_update().filter(id=accrual_id, state__in=states).first()
    if row is None:
        raise UnknownAccrual(f"There is no accrual {accrual_id} that is {' or '.join(states)}.", accrual_id=accrual_id)
    return row


@joins_transaction
def _lock_open(month: date) -> None:
    """Keep a month from being closed until the use case ends; one that is closed is refused."""
    ledger.lock_customers(account_ids=[])
    if AccountingPeriod.objects.filter(month__gte=month, state=PeriodState.CLOSED.value).exists():
        raise AccrualMonthClosed(f"The month {month:%Y-%m} is closed.", advice="It takes no accrual any more.")


KIND = Kind(
    model=AccrualPosting,
    name="accrual_posting",
    verb="post",
    accounts=(),
    unknown=UnknownAccrual,
    own=OwnAccrual,
    bad=BadAccrual,
    check=_check_posting,
    make=_post_step,
    subject=(SUBJECT, "accrual_id"),
)
"""The next accrual of a month takes the one before back, so nobody does."""
