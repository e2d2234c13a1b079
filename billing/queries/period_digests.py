"""
What a month of the ledger holds: count, sum and a hash that any program can make again.

A transfer is a JSON array: id, code of debit, code of credit, account, amount, kind, source, part, day on which it
occurred, moment of posting in UTC, the transfer that it reverses, actor, reason. A block has 65,536 ids; its digest is
the SHA-256 of its transfers by id, a line each. The hash of a month is the SHA-256 of the hash of the month before, its
own first day, and the digests of its blocks in order, all in hexadecimal digits, a line each.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from cis.platform.db import fetch

DIGESTS = """
    SELECT period, sum(transfers)::bigint AS transfers, sum(amount)::bigint AS amount,
           string_agg(digest, E'\\n' ORDER BY block) AS digests
    FROM (
        SELECT t.period, t.id / 65536 AS block, count(*) AS transfers, sum(t.amount_minor) AS amount,
               encode(sha256(convert_to(string_agg(json_build_array(
                   t.id, d.code, c.code, t.account_id, t.amount_minor, t.kind, t.source_id, t.part, t.occurred_date,
                   to_char(t.posted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), t.reverses_id,
                   t.actor_id, t.reason)::text, E'\\n' ORDER BY t.id), 'UTF8')), 'hex') AS digest
        FROM billing_transfer t
        JOIN billing_ledgeraccount d ON d.id = t.debit_id JOIN billing_ledgeraccount c ON c.id = t.credit_id
        WHERE {months}
        GROUP BY t.period, t.id / 65536
    ) blocks GROUP BY period
"""
HASH = """encode(sha256(convert_to(
    concat_ws(E'\\n', {previous}, to_char({month}, 'YYYY-MM-DD'), {digests}), 'UTF8')), 'hex')"""
_OF_MONTH = f"""
    SELECT coalesce(x.transfers, 0), coalesce(x.amount, 0),
           {HASH.format(previous="%(previous)s::text", month="%(month)s::date", digests="x.digests")}
    FROM (SELECT 1) one LEFT JOIN ({DIGESTS.format(months="t.period = %(month)s")}) x ON true
"""  # noqa: S608 (the words put in are our own)
_SUMS = """
    SELECT code, sum(debit)::bigint, sum(credit)::bigint FROM (
        SELECT debit_id AS side, amount_minor AS debit, 0 AS credit FROM billing_transfer WHERE period = %(month)s
        UNION ALL
        SELECT credit_id, 0, amount_minor FROM billing_transfer WHERE period = %(month)s
    ) moves JOIN LATERAL (
        SELECT CASE WHEN l.account_id IS NULL THEN l.code ELSE 'customer' END AS code
        FROM billing_ledgeraccount l WHERE l.id = moves.side
    ) named ON true
    GROUP BY code ORDER BY code
"""
CHANGED = f"""
    WITH closed AS (
        SELECT id, month, transfers, amount_minor, previous_hash, hash,
               lag(hash, 1, '') OVER (ORDER BY month) AS hash_before,
               lag(month) OVER (ORDER BY month) AS month_before
        FROM billing_accountingperiod WHERE state = 'closed'
    )
    SELECT c.id FROM closed c
    LEFT JOIN ({DIGESTS.format(months="t.period <= (SELECT max(month) FROM closed)")}) x ON x.period = c.month
    WHERE (c.transfers, c.amount_minor) <> (coalesce(x.transfers, 0), coalesce(x.amount, 0))
       OR c.hash <> {HASH.format(previous="c.previous_hash", month="c.month", digests="x.digests")}
       OR c.previous_hash <> c.hash_before OR c.month_before <> c.month - interval '1 month'
    UNION ALL
    SELECT c.id FROM closed c
    WHERE c.month_before IS NULL AND EXISTS (SELECT 1 FROM billing_transfer t WHERE t.period < c.month)
"""  # noqa: S608 (the words put in are our own)
"""Ids of closed months that are not as they were closed, whose chain is broken, or which are not the first."""
CHANGED_SUMS = """
    SELECT DISTINCT coalesce(kept.period_id, now.period_id)
    FROM (SELECT period_id, code, debit_minor, credit_minor FROM billing_periodbalance) kept
    FULL JOIN (
        SELECT p.id AS period_id, x.code, sum(x.debit) AS debit, sum(x.credit) AS credit
        FROM billing_accountingperiod p JOIN (
            SELECT t.period, CASE WHEN l.account_id IS NULL THEN l.code ELSE 'customer' END AS code,
                   t.amount_minor AS debit, 0 AS credit
            FROM billing_transfer t JOIN billing_ledgeraccount l ON l.id = t.debit_id
            UNION ALL
            SELECT t.period, CASE WHEN l.account_id IS NULL THEN l.code ELSE 'customer' END, 0, t.amount_minor
            FROM billing_transfer t JOIN billing_ledgeraccount l ON l.id = t.credit_id
        ) x ON x.period = p.month
        WHERE p.state = 'closed' GROUP BY p.id, x.code
    ) now ON now.period_id = kept.period_id AND now.code = kept.code
    WHERE (kept.debit_minor, kept.credit_minor) IS DISTINCT FROM (now.debit, now.credit)
"""
"""Ids of closed months whose kept sums are not those of their transfers."""


@dataclass(frozen=True, slots=True)
class Digest:
    """How many transfers a month has, what they move together [minor unit], and its hash (64 hexadecimal digits)."""

    transfers: int
    amount_minor: int
    hash: str


def of_month(*, month: date, previous_hash: str) -> Digest:
    """Return what a month holds now, chained to the hash of the month before ("" for the first); one statement."""
    ((count, amount, digest),) = fetch(_OF_MONTH, {"month": month, "previous": previous_hash})
    return Digest(transfers=count, amount_minor=amount, hash=digest)


def sums_of_month(*, month: date) -> Mapping[str, tuple[int, int]]:
    """Return debit and credit of each ledger account in a month, all customers as one; one statement. [minor unit]"""
    return {code: (debit, credit) for code, debit, credit in fetch(_SUMS, {"month": month})}


def changed_months() -> tuple[date, ...]:
    """Return the closed months that are not as they were closed, or whose chain is broken; one statement."""
    rows = fetch(f"SELECT month FROM billing_accountingperiod WHERE id IN ({CHANGED}) ORDER BY month")  # noqa: S608
    return tuple(month for (month,) in rows)
