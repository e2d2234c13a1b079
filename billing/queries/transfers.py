"""Transfers of the ledger as a list in pages by id, and one with what it comes from."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from billing.domain.entries import CUSTOMER
from billing.queries.account_classes import CLASS, OF_ACCOUNT
from cis.kernel.errors import Refused
from cis.kernel.periods import month_of
from cis.platform.db import fetch

MOST = 9_223_372_036_854_775_807
FILE_PAGE = 5_000

# A class is that of the account at the end of the transfer's month, as in the reports by class.
_FROM = f"""
    FROM billing_transfer t
    JOIN billing_ledgeraccount d ON d.id = t.debit_id JOIN billing_ledgeraccount c ON c.id = t.credit_id
    LEFT JOIN accounts_account a ON a.id = t.account_id
    {{classes}}
    WHERE t.id < %(before)s
      AND (%(since)s::date IS NULL OR t.period >= %(since)s)
      AND (%(until)s::date IS NULL OR t.period <= %(until)s)
      AND (%(kind)s = '' OR t.kind = %(kind)s)
      AND (%(account)s = '' OR a.number = %(account)s)
      AND (%(code)s = ''
           OR (%(side)s <> 'credit' AND (d.code = %(code)s OR (%(code)s = '{CUSTOMER}' AND d.account_id IS NOT NULL)))
           OR (%(side)s <> 'debit' AND (c.code = %(code)s OR (%(code)s = '{CUSTOMER}' AND c.account_id IS NOT NULL))))
      AND (NOT %(outer)s OR d.account_id IS NOT NULL OR c.account_id IS NOT NULL
           OR d.code !~ '^cash[.]' OR c.code !~ '^cash[.]')
      AND {{class_is}}
"""
_CLASSES = OF_ACCOUNT.format(account="t.account_id", day="(t.period + interval '1 month - 1 day')::date")
_COLUMNS = f"""
    t.id, t.period, t.occurred_date, t.posted_at, t.kind, t.source_id, t.part,
    CASE WHEN d.account_id IS NULL THEN d.code ELSE '{CUSTOMER}' END,
    CASE WHEN c.account_id IS NULL THEN c.code ELSE '{CUSTOMER}' END,
    t.account_id, coalesce(a.number, ''), t.amount_minor, t.reverses_id, t.actor_id, t.reason
"""
_SUMS = f"""
    SELECT count(*),
           coalesce(sum(t.amount_minor) FILTER (
               WHERE d.code = %(code)s OR (%(code)s = '{CUSTOMER}' AND d.account_id IS NOT NULL)), 0)::bigint,
           coalesce(sum(t.amount_minor) FILTER (
               WHERE c.code = %(code)s OR (%(code)s = '{CUSTOMER}' AND c.account_id IS NOT NULL)), 0)::bigint,
           coalesce(sum(t.amount_minor), 0)::bigint
"""
_ONE = f"""
    SELECT {_COLUMNS}, (SELECT r.id FROM billing_transfer r WHERE r.reverses_id = t.id)
    FROM billing_transfer t
    JOIN billing_ledgeraccount d ON d.id = t.debit_id JOIN billing_ledgeraccount c ON c.id = t.credit_id
    LEFT JOIN accounts_account a ON a.id = t.account_id
    WHERE t.id = %s
"""  # noqa: S608 (no value of anybody's is in it)


class UnknownTransfer(Refused):
    """The ledger has no such transfer."""

    code = "unknown_transfer"


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedTransfers:
    """
    Which transfers are listed; what is empty does not narrow the choice.

    code            of a ledger account; ``customer`` is all customers
    side            "debit" or "credit": on which side of it
    since, until    first days of accounting months, both included
    kind            a TransferKind
    account_number  whom it is about
    customer_class  of that account at the end of the month; None: all, "": not known
    is_outer        without moves between our own cash accounts, as from a till to the safe
    """

    code: str = ""
    side: str = ""
    since: date | None = None
    until: date | None = None
    kind: str = ""
    account_number: str = ""
    customer_class: str | None = None
    is_outer: bool = False


@dataclass(frozen=True, slots=True)
class TransferRow:
    """One movement of money; ``debit`` and ``credit`` are codes, ``customer`` for an account's own. [minor unit]"""

    id: int
    period: date
    occurred_date: date
    posted_at: datetime
    kind: str
    source_id: int
    part: str
    debit: str
    credit: str
    account_id: int | None
    account_number: str
    amount_minor: int
    reverses_id: int | None
    actor_id: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Sums:
    """
    What the transfers of a choice come to. [minor unit]

    debit_minor, credit_minor  on the chosen ledger account; 0 where none is chosen
    amount_minor               moved in all
    """

    transfers: int
    debit_minor: int
    credit_minor: int
    amount_minor: int


def page(*, wanted: WantedTransfers, before: int | None = None, most: int = 50) -> tuple[TransferRow, ...]:
    """Return transfers, the latest first, whose id is below ``before``; one statement."""
    sql = f"SELECT {_COLUMNS} {_from(wanted)} ORDER BY t.id DESC LIMIT %(most)s"
    return tuple(TransferRow(*row) for row in fetch(sql, {**_values(wanted, before), "most": most}))


def all_of(*, wanted: WantedTransfers, most: int) -> Iterator[TransferRow]:
    """Give the transfers of a choice one after the other, the latest first; a statement for each 5,000."""
    before: int | None = None
    while most > 0 and (rows := page(wanted=wanted, before=before, most=min(most, FILE_PAGE))):
        yield from rows
        before, most = rows[-1].id, most - len(rows)


def sums(*, wanted: WantedTransfers) -> Sums:
    """Return what the transfers of a choice come to; one statement."""
    ((transfers, debit, credit, amount),) = fetch(f"{_SUMS} {_from(wanted)}", _values(wanted, None))
    return Sums(transfers, debit, credit, amount)


def one(*, transfer_id: int) -> tuple[TransferRow, int | None]:
    """
    Return a transfer, and the id of the one that takes it back; one statement.

    :raises UnknownTransfer: there is none.
    """
    for *row, reversed_by in fetch(_ONE, [transfer_id]):
        return TransferRow(*row), reversed_by
    raise UnknownTransfer(f"The ledger has no transfer {transfer_id}.")


def codes() -> tuple[str, ...]:
    """Return the codes of all ledger accounts, those of the customers as one; one statement."""
    found = fetch("SELECT code FROM billing_ledgeraccount WHERE account_id IS NULL ORDER BY code")
    return (CUSTOMER, *(code for (code,) in found))


def _from(wanted: WantedTransfers) -> str:
    if wanted.customer_class is None:
        return _FROM.format(classes="", class_is="TRUE")
    return _FROM.format(classes=_CLASSES, class_is=f"{CLASS} = %(class)s")


def _values(wanted: WantedTransfers, before: int | None) -> dict[str, object]:
    return {
        "before": MOST if before is None else before,
        "code": wanted.code,
        "side": wanted.side,
        "since": None if wanted.since is None else month_of(wanted.since).start,
        "until": None if wanted.until is None else month_of(wanted.until).start,
        "kind": wanted.kind,
        "account": wanted.account_number,
        "class": wanted.customer_class,
        "outer": wanted.is_outer,
    }
