"""Issuing of approved drafts: numbers, due dates, postings, all in the transaction of a chunk."""

from datetime import date

import structlog
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from billing.domain import numbers
from billing.domain.announcements import BillsIssued
from billing.models.bill import BillKind
from billing.models.run import ChunkState, RunChunk
from billing.operations import allocation, charging, chunks, consolidating, ledger, rebill_rows, telling
from billing.queries import due_dates
from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.errors import Refused
from cis.platform import db, events, outbox, sequences
from cis.platform.db import joins_transaction, opens_transaction

PRINT = "bill.print"
log = structlog.get_logger(__name__)

_CLAIM = """
    SELECT c.id, c.root_id, r.as_of_date
    FROM billing_runchunk c JOIN billing_billrun r ON r.id = c.run_id
    WHERE c.run_id = %s AND c.state = 'rated' AND r.state = 'issuing'
    ORDER BY c.root_id IS NULL, CASE WHEN c.root_id IS NULL THEN c.id ELSE -c.id END
    LIMIT 1 FOR UPDATE OF c SKIP LOCKED FOR SHARE OF r
"""
_DRAFTS = """
    SELECT id, account_id FROM billing_bill
    WHERE run_id = %(run)s AND chunk_id = %(chunk)s AND state = 'draft' ORDER BY id
"""
# The customer's balance was moved by this bill already, so what was owed before is the difference.
_ISSUE = f"""
    WITH due AS MATERIALIZED ({due_dates.OF_ACCOUNTS})
    UPDATE billing_bill b
    SET state = 'issued', number = n.number, issue_date = %(issue)s,
        due_date = coalesce(%(due)s, %(issue)s::date + due.days),
        balance_before_minor = l.balance_minor - b.amount_minor
    FROM unnest(%(bills)s::bigint[], %(numbers)s::text[]) AS n(id, number), billing_ledgeraccount l, due
    WHERE b.id = n.id AND b.state = 'draft' AND l.account_id = b.account_id AND due.account_id = b.account_id
"""  # noqa: S608 (a query of our own)
_ON_PAPER = """
    SELECT b.id FROM billing_bill b JOIN accounts_account a ON a.id = b.account_id
    WHERE b.id = ANY(%s) AND a.paper_bill ORDER BY b.id
"""
_WITH_CREDIT = """
    SELECT account_id FROM billing_bill
    WHERE id = ANY(%s) AND (amount_minor > 0 AND balance_before_minor < 0
                            OR amount_minor < 0 AND balance_before_minor > 0)
"""


class DraftsMoved(Refused):
    """Drafts changed while they were being issued; nothing of it was kept."""

    code = "drafts_moved"


def issue_chunk(*, run_id: int) -> bool:
    """
    Issue the drafts of one rated chunk of an approved run; return False if there is none.

    A chunk that cannot be issued is split in halves until the one bad bill is held; the others go on. Where everything
    fails, that ends soon: see ``chunks.set_apart``.

    :raises OperationalError: the database went away, or chose this transaction to end a deadlock.
    """
    claimed: list[int] = []
    try:
        return _issue_next(run_id=run_id, claimed=claimed)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        if not claimed:
            raise
        log.warning("chunk_not_issued", chunk=claimed[0], error=str(error), exc_info=not isinstance(error, Refused))
        chunks.set_apart(chunk_id=claimed[0], expected_state=ChunkState.RATED, error=error)
        return True


@opens_transaction
def _issue_next(*, run_id: int, claimed: list[int]) -> bool:
    rows = db.fetch(_CLAIM, [run_id])
    if not rows:
        return False
    ((chunk_id, root_id, issue_date),) = rows
    claimed.append(chunk_id)
    bill_id, account_id = db.read_columns(_DRAFTS, {"run": run_id, "chunk": chunk_id}, columns=2)
    RunChunk.objects.filter(id=chunk_id).update(state=ChunkState.ISSUED.value, issued_at=timezone.now())
    if len(bill_id):
        issue(bill_ids=bill_id.tolist(), account_ids=account_id.tolist(), issue_date=issue_date, actor=SYSTEM)
        chunks.note_success(root_id=root_id)
    return True


@joins_transaction
def issue(
    *,
    bill_ids: list[int],
    account_ids: list[int],
    issue_date: date,
    actor: Actor,
    due_date: date | None = None,
    kind: BillKind = BillKind.REGULAR,
    is_told: bool = True,
    is_paid: bool = True,
) -> None:
    """
    Make drafts real: post them, give them numbers, let money on account pay them; a constant number of statements.

    Announces BillsIssued of regular ones, before money pays them.

    bill_ids, account_ids  one draft for each account
    due_date               None: of each bill as its contract or the pack says for its class, see ``queries.due_dates``
    kind                   of all of them
    is_told                False: the caller tells the customers, and prints
    is_paid                False: the caller lets money pay them

    :raises DraftsMoved: one of them is no draft any more.
    :raises ChargeMoved: one carries a charge that was cancelled or billed elsewhere since it was rated.
    """
    charging.check(bill_ids=bill_ids)
    ledger.post_bills(bill_ids=bill_ids, account_ids=account_ids, occurred_date=issue_date, actor=actor)
    if is_told:
        queue_paper_step(bill_ids=bill_ids)
    first = sequences.take(numbers.SEQUENCE, len(bill_ids))
    issued = db.execute(
        _ISSUE,
        {
            "bills": bill_ids,
            "numbers": [numbers.bill_number(first + place) for place in range(len(bill_ids))],
            "issue": issue_date,
            "due": due_date,
            **due_dates.values(account_ids=account_ids, issue_date=issue_date),
        },
    )
    if issued != len(bill_ids):
        raise DraftsMoved(f"Of {len(bill_ids)} drafts only {issued} could be issued.", advice="Try again.")
    if kind is BillKind.REGULAR:
        rebill_rows.bill(bill_ids=bill_ids)
    if due_date is None:
        consolidating.collect_step(bill_ids=bill_ids, issue_date=issue_date)
    if kind is BillKind.REGULAR:
        events.announce(BillsIssued(bill_ids=tuple(bill_ids), issue_date=issue_date, actor=actor))
    if is_paid:
        _pay_from_credit(bill_ids, today=issue_date)
    if is_told:
        telling.queue_bills_step(bill_ids=bill_ids)


def _pay_from_credit(bill_ids: list[int], *, today: date) -> None:
    """Let money that customers had on account pay their new bills, and new credits what is open."""
    rows = db.fetch(_WITH_CREDIT, [bill_ids])
    if rows:
        allocation.allocate(account_ids=[account for (account,) in rows], today=today)


@joins_transaction
def queue_paper_step(*, bill_ids: list[int]) -> None:
    """Queue the printing of bills for those who get paper; two statements at most."""
    found = [bill for (bill,) in db.fetch(_ON_PAPER, [bill_ids])]
    if found:
        outbox.queue_many(kind=PRINT, payloads={f"{PRINT}:{bill}": {"bill_id": bill} for bill in found})
