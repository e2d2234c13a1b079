"""Proof of the books: what must hold between bills, lines, ledger and payments, asked of the database itself."""

from dataclasses import dataclass
from datetime import datetime

import structlog

from billing.queries import budget_laws, deposit_facts, period_digests
from cis.kernel.actors import SYSTEM
from cis.platform import audit
from cis.platform.db import fetch

WORK = "ledger_proof"
"""Falls due each night."""

log = structlog.get_logger(__name__)


class LawsBroken(Exception):
    """The books do not agree. Nobody can be asked to do better: it is a fault of the machine, so it is no refusal."""


@dataclass(frozen=True, slots=True)
class Law:
    """One sentence that must be true, and the query that returns the rows for which it is not."""

    name: str
    sentence: str
    violations: str


@dataclass(frozen=True, slots=True)
class Breach:
    """A law that does not hold, with the number of rows and a few of their ids."""

    law: Law
    count: int
    examples: tuple[int, ...]


EXAMPLES = 5
LAWS = (
    Law(
        "balance_is_sum_of_transfers",
        "each customer's balance is the sum of the transfers on it",
        """
        SELECT l.id FROM billing_ledgeraccount l
        LEFT JOIN (
            SELECT side, sum(amount) AS owed FROM (
                SELECT debit_id AS side, amount_minor AS amount FROM billing_transfer
                UNION ALL SELECT credit_id, -amount_minor FROM billing_transfer) moves GROUP BY side
        ) m ON m.side = l.id
        WHERE l.account_id IS NOT NULL AND l.balance_minor <> coalesce(m.owed, 0)
        """,
    ),
    Law(
        "issued_bill_is_posted",
        "each issued or cancelled bill has posted exactly its amount, and no draft has posted anything",
        """
        SELECT b.id FROM billing_bill b
        LEFT JOIN (
            SELECT t.source_id, sum(CASE WHEN l.account_id IS NULL THEN -t.amount_minor ELSE t.amount_minor END) AS owed
            FROM billing_transfer t JOIN billing_ledgeraccount l ON l.id = t.debit_id
            WHERE t.kind = 'bill' GROUP BY t.source_id
        ) p ON p.source_id = b.id
        WHERE coalesce(p.owed, 0) <> CASE WHEN b.state IN ('issued', 'cancelled') THEN b.amount_minor ELSE 0 END
        """,
    ),
    Law(
        "bill_is_sum_of_lines",
        "each bill's amount and VAT are the sums of its printed lines and charges",
        """
        SELECT b.id FROM billing_bill b
        LEFT JOIN (SELECT bill_id, sum(amount_minor) AS amount, sum(tax_minor) AS tax
                   FROM (SELECT bill_id, amount_minor, tax_minor FROM billing_billline
                         UNION ALL SELECT bill_id, amount_minor, tax_minor FROM billing_billcharge) x
                   GROUP BY bill_id) l ON l.bill_id = b.id
        WHERE (b.amount_minor, b.tax_minor) <> (coalesce(l.amount, 0), coalesce(l.tax, 0))
        """,
    ),
    Law(
        "bill_is_sum_of_segments",
        "each bill's amount is the sum of its segments and charges, and each segment's that of its lines",
        """
        SELECT b.id FROM billing_bill b
        LEFT JOIN (SELECT bill_id, sum(amount_minor) AS amount
                   FROM (SELECT bill_id, amount_minor FROM billing_billsegment
                         UNION ALL SELECT bill_id, amount_minor FROM billing_billcharge) x
                   GROUP BY bill_id) s ON s.bill_id = b.id
        WHERE b.amount_minor <> coalesce(s.amount, 0)
        UNION
        SELECT s.bill_id FROM billing_billsegment s
        LEFT JOIN (SELECT segment_id, sum(amount_minor) AS amount FROM billing_billline GROUP BY segment_id) l
          ON l.segment_id = s.id
        WHERE s.amount_minor <> coalesce(l.amount, 0)
        """,
    ),
    Law(
        "no_orphans",
        "each segment has its bill and each line its segment, of the same bill",
        """
        SELECT s.id FROM billing_billsegment s LEFT JOIN billing_bill b ON b.id = s.bill_id WHERE b.id IS NULL
        UNION
        SELECT l.bill_id FROM billing_billline l LEFT JOIN billing_billsegment s ON s.id = l.segment_id
        WHERE s.bill_id IS DISTINCT FROM l.bill_id
        """,
    ),
    Law(
        "segments_in_force_do_not_overlap",
        "no day of an agreement is billed twice",
        """
        SELECT id FROM (
            SELECT s.id, s.start_date,
                   max(s.end_date) OVER (PARTITION BY s.agreement_id ORDER BY s.start_date, s.id
                                         ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS billed_until
            FROM billing_billsegment s JOIN billing_bill b ON b.id = s.bill_id AND b.state = 'issued'
            WHERE s.cancels_id IS NULL AND NOT EXISTS (
                SELECT 1 FROM billing_billsegment c JOIN billing_bill cb ON cb.id = c.bill_id
                WHERE c.cancels_id = s.id AND cb.state = 'issued')
        ) laid WHERE start_date < billed_until
        """,
    ),
    Law(
        "charge_is_billed_once",
        "no charge is on two bills, and what takes one back mirrors it",
        """
        SELECT c.charge_id FROM billing_billcharge c JOIN billing_bill b ON b.id = c.bill_id AND b.state = 'issued'
        WHERE c.cancels_id IS NULL AND NOT EXISTS (
            SELECT 1 FROM billing_billcharge k JOIN billing_bill kb ON kb.id = k.bill_id
            WHERE k.cancels_id = c.id AND kb.state = 'issued')
        GROUP BY c.charge_id HAVING count(*) > 1
        UNION ALL
        SELECT k.charge_id FROM billing_billcharge k JOIN billing_billcharge c ON c.id = k.cancels_id
        WHERE (k.charge_id, k.amount_minor, k.tax_minor) <> (c.charge_id, -c.amount_minor, -c.tax_minor)
        """,
    ),
    *(Law(*one) for one in budget_laws.LAWS),
    Law(
        "bill_numbers_have_no_gaps",
        "bill numbers run from 1 to the last one taken",
        """
        SELECT b.id FROM (
            SELECT id, number::bigint AS n, row_number() OVER (ORDER BY number::bigint) AS place
            FROM billing_bill WHERE number IS NOT NULL) b
        WHERE b.n <> b.place
        UNION ALL
        SELECT s.id FROM platform_sequence s
        WHERE s.name = 'bill' AND s.last <> (SELECT count(*) FROM billing_bill WHERE number IS NOT NULL)
        """,
    ),
    Law(
        "payment_is_posted_once",
        "each payment has posted exactly its amount, and exactly that the other way if it went back",
        """
        SELECT p.id FROM billing_payment p
        LEFT JOIN billing_paymentreturn r ON r.payment_id = p.id
        LEFT JOIN billing_transfer t ON t.kind = 'payment' AND t.source_id = p.id
        GROUP BY p.id, r.id
        HAVING coalesce(sum(t.amount_minor) FILTER (WHERE t.reverses_id IS NULL), 0) <> p.amount_minor
            OR coalesce(sum(t.amount_minor) FILTER (WHERE t.reverses_id IS NOT NULL), 0)
               <> CASE WHEN r.id IS NULL THEN 0 ELSE p.amount_minor END
        """,
    ),
    Law(
        "refund_is_posted_once",
        "each refund that was paid has posted exactly its amount, and exactly that the other way if it came back",
        """
        SELECT r.id FROM billing_refund r
        LEFT JOIN billing_transfer t ON t.kind = 'refund' AND t.source_id = r.id
        GROUP BY r.id
        HAVING coalesce(sum(t.amount_minor) FILTER (WHERE t.reverses_id IS NULL), 0)
               <> CASE WHEN r.paid_date IS NULL THEN 0 ELSE r.amount_minor END
            OR coalesce(sum(t.amount_minor) FILTER (WHERE t.reverses_id IS NOT NULL), 0)
               <> CASE WHEN r.returned_date IS NULL THEN 0 ELSE r.amount_minor END
        """,
    ),
    Law(
        "financing_is_posted_once",
        "each sale that a bank has paid for has posted exactly what it paid, and no other has",
        """
        SELECT f.id FROM contracts_financing f
        LEFT JOIN billing_transfer t ON t.kind = 'financing' AND t.source_id = f.id
        GROUP BY f.id
        HAVING coalesce(sum(CASE WHEN t.reverses_id IS NULL THEN t.amount_minor ELSE -t.amount_minor END), 0)
            <> CASE f.state WHEN 'paid' THEN f.amount_minor ELSE 0 END
        """,
    ),
    Law(
        "deposits_are_what_is_held_and_demanded",
        "what stands of an account on liability.deposit is what is held of its deposits and what is open of them",
        f"""
        SELECT coalesce(d.account_id, t.account_id) FROM (
            SELECT d.account_id, sum(f.held + f.open) AS amount FROM ({deposit_facts.FACTS}) f
            JOIN billing_deposit d ON d.id = f.deposit_id GROUP BY d.account_id) d
        FULL JOIN (
            SELECT t.account_id,
                   sum(CASE WHEN t.credit_id = l.id THEN t.amount_minor ELSE -t.amount_minor END) AS amount
            FROM billing_ledgeraccount l JOIN billing_transfer t ON l.id IN (t.credit_id, t.debit_id)
            WHERE l.code = 'liability.deposit' GROUP BY t.account_id) t ON t.account_id = d.account_id
        WHERE coalesce(d.amount, 0) <> coalesce(t.amount, 0)
        """,  # noqa: S608 (the words put in are our own)
    ),
    Law(
        "deposits_go_back_once",
        "what went back of a deposit is on its notes, no more than was demanded, and one that ended holds nothing more",
        f"""
        SELECT d.id FROM billing_deposit d
        LEFT JOIN billing_depositmove m ON m.deposit_id = d.id
        LEFT JOIN billing_bill b ON b.id = m.note_id
        GROUP BY d.id
        HAVING coalesce(sum(m.amount_minor) FILTER (WHERE m.kind = 'return'), 0) <> d.returned_minor
            OR coalesce(sum(m.amount_minor) FILTER (WHERE m.kind IN ('demand', 'increase')), 0)
               - coalesce(sum(m.amount_minor) FILTER (WHERE m.kind = 'reduce'), 0) <> d.amount_minor
            OR bool_or(m.kind = 'return' AND b.state <> 'issued')
        UNION
        SELECT d.id FROM ({deposit_facts.FACTS}) f JOIN billing_deposit d ON d.id = f.deposit_id
        WHERE d.state <> 'open' AND f.held > 0
        """,  # noqa: S608 (the words put in are our own)
    ),
    Law(
        "allocations_fit",
        "no money pays more than it is, no debt is paid more than once, and money that went back pays nothing",
        """
        SELECT p.id FROM billing_payment p JOIN billing_allocation a ON a.payment_id = p.id
        LEFT JOIN billing_paymentreturn r ON r.payment_id = p.id
        GROUP BY p.id, r.id
        HAVING sum(a.amount_minor) NOT BETWEEN 0 AND CASE WHEN r.id IS NULL THEN p.amount_minor ELSE 0 END
        UNION
        SELECT b.id FROM billing_bill b JOIN billing_allocation a ON a.bill_id = b.id
        GROUP BY b.id
        HAVING sum(a.amount_minor) NOT BETWEEN 0
            AND CASE b.state WHEN 'issued' THEN greatest(b.amount_minor, 0) ELSE 0 END
        UNION
        SELECT b.id FROM billing_bill b JOIN billing_allocation a ON a.credit_id = b.id
        GROUP BY b.id
        HAVING sum(a.amount_minor) NOT BETWEEN 0
            AND CASE b.state WHEN 'issued' THEN greatest(-b.amount_minor, 0) ELSE 0 END
        UNION
        SELECT r.id FROM billing_refund r JOIN billing_allocation a ON a.refund_id = r.id
        GROUP BY r.id
        HAVING sum(a.amount_minor) NOT BETWEEN 0
            AND CASE WHEN r.paid_date IS NULL OR r.returned_date IS NOT NULL THEN 0 ELSE r.amount_minor END
        """,
    ),
    Law(
        "balance_is_open_debt_less_free_money",
        "what a customer owes is what is open of his debts less what is free of his money",
        """
        SELECT l.account_id FROM billing_ledgeraccount l
        LEFT JOIN (
            SELECT account_id, sum(amount) AS owed FROM (
                SELECT account_id, amount_minor AS amount FROM billing_bill WHERE state = 'issued' AND kind <> 'credit'
                UNION ALL
                SELECT p.account_id, -p.amount_minor FROM billing_payment p
                WHERE NOT EXISTS (SELECT 1 FROM billing_paymentreturn r WHERE r.payment_id = p.id)
                UNION ALL
                SELECT account_id, amount_minor FROM billing_refund
                WHERE paid_date IS NOT NULL AND returned_date IS NULL) items
            GROUP BY account_id
        ) i ON i.account_id = l.account_id
        WHERE l.account_id IS NOT NULL AND l.balance_minor <> coalesce(i.owed, 0)
        """,
    ),
    Law(
        "free_money_is_credit",
        "money that pays nothing yet is no more than the credit of its account: where something is open, it pays that",
        """
        SELECT m.account_id FROM (
            SELECT account_id, sum(amount) AS free FROM (
                SELECT p.account_id, p.amount_minor AS amount FROM billing_payment p
                WHERE NOT EXISTS (SELECT 1 FROM billing_paymentreturn r WHERE r.payment_id = p.id)
                UNION ALL
                SELECT account_id, -amount_minor FROM billing_bill
                WHERE state = 'issued' AND kind <> 'credit' AND amount_minor < 0
                UNION ALL
                SELECT coalesce(p.account_id, b.account_id), -a.amount_minor FROM billing_allocation a
                LEFT JOIN billing_payment p ON p.id = a.payment_id LEFT JOIN billing_bill b ON b.id = a.credit_id) x
            GROUP BY account_id
        ) m LEFT JOIN billing_ledgeraccount l ON l.account_id = m.account_id
        WHERE m.free > greatest(-coalesce(l.balance_minor, 0), 0)
        """,
    ),
    Law(
        "write_off_pays_debts",
        "each write-off that stands pays debts with all that it is, and what came back of it is what its notes say",
        """
        SELECT w.id FROM billing_writeoff w JOIN billing_bill n ON n.id = w.note_id
        LEFT JOIN (SELECT credit_id, sum(amount_minor) AS paid FROM billing_allocation
                   WHERE credit_id IS NOT NULL GROUP BY credit_id) a ON a.credit_id = w.note_id
        LEFT JOIN (SELECT write_off_id, sum(amount_minor) AS back FROM billing_writeoffreturn
                   WHERE undone_date IS NULL GROUP BY write_off_id) r ON r.write_off_id = w.id
        WHERE w.state = 'made'
          AND (-n.amount_minor, coalesce(a.paid, 0), coalesce(r.back, 0))
              <> (w.amount_minor, w.amount_minor, w.back_minor)
        """,
    ),
    Law(
        "reversal_mirrors",
        "a reversal moves the same money the other way",
        """
        SELECT r.id FROM billing_transfer r JOIN billing_transfer t ON t.id = r.reverses_id
        WHERE (r.debit_id, r.credit_id, r.amount_minor) <> (t.credit_id, t.debit_id, t.amount_minor)
        """,
    ),
    Law(
        "closed_period_is_unchanged",
        "each closed month holds what it held when it was closed, and its hash is chained to that of the month before",
        period_digests.CHANGED,
    ),
    Law(
        "closed_sums_are_sums_of_transfers",
        "the sums kept of each closed month are those of its transfers",
        period_digests.CHANGED_SUMS,
    ),
)


def verify() -> tuple[Breach, ...]:
    """Return the laws that do not hold; empty: the books are proved. One statement a law."""
    return tuple(breach for law in LAWS if (breach := _breach_of(law)) is not None)


def night(at: datetime) -> None:
    """
    Prove the books without a person; each law that does not hold is logged and kept in the audit trail.

    :raises LawsBroken: some do not hold; so the job of the night fails, and the desk shows it.
    """
    breaches = verify()
    for breach in breaches:
        told = {"law": breach.law.name, "rows": breach.count, "examples": list(breach.examples)}
        log.error("law_broken", sentence=breach.law.sentence, due_at=at.isoformat(), **told)
        audit.record(SYSTEM, "find_broken", "ledger", None, **told)
    if breaches:
        names = ", ".join(f"{breach.law.name} ({breach.count})" for breach in breaches)
        raise LawsBroken(f"{len(breaches)} of {len(LAWS)} laws do not hold: {names}. Run manage.py verify_ledger.")


def _breach_of(law: Law) -> Breach | None:
    found = sorted(row_id for (row_id,) in fetch(law.violations))
    return Breach(law=law, count=len(found), examples=tuple(found[:EXAMPLES])) if found else None
