"""One-off charges onto bills: what is agreed and on no bill, less what is on one and owed no more."""

from collections.abc import Collection, Mapping, Sequence

from django.utils import timezone

from billing.domain.charges import DueCharge
from billing.models.bill import Bill, BillKind, BillState
from billing.models.charge import BillCharge
from billing.operations.drafting import Origin
from cis.kernel.errors import Refused
from cis.platform import db
from cis.platform.db import joins_transaction

# A charge that a bill in force carries.
_IN_FORCE = """
    SELECT b.id, b.bill_id, b.charge_id, b.amount_minor, b.tax_minor, b.ledger_class
    FROM billing_billcharge b JOIN billing_bill i ON i.id = b.bill_id AND i.state = 'issued'
    WHERE b.charge_id = c.id AND b.cancels_id IS NULL AND NOT EXISTS (
        SELECT 1 FROM billing_billcharge k JOIN billing_bill ki ON ki.id = k.bill_id
        WHERE k.cancels_id = b.id AND ki.state = 'issued')
"""
_DIFFERENCE = f"""
    SELECT c.account_id, c.id, c.amount_minor, c.tax_minor, c.ledger_class, NULL::bigint
    FROM contracts_oneoffcharge c
    WHERE c.account_id = ANY(%(accounts)s) AND c.state = 'agreed' AND NOT EXISTS ({_IN_FORCE})
    UNION ALL
    SELECT c.account_id, f.charge_id, -f.amount_minor, -f.tax_minor, f.ledger_class, f.id
    FROM contracts_oneoffcharge c
    CROSS JOIN LATERAL ({_IN_FORCE}) f
    WHERE c.account_id = ANY(%(accounts)s) AND c.state = 'cancelled'
    ORDER BY 1, 2
"""  # noqa: S608 (no value of anybody's is in it)
_ADD_UP = """
    UPDATE billing_bill b SET amount_minor = b.amount_minor + n.amount, tax_minor = b.tax_minor + n.tax
    FROM (SELECT bill_id, sum(amount_minor) AS amount, sum(tax_minor) AS tax FROM billing_billcharge
          WHERE bill_id = ANY(%s) GROUP BY bill_id) n
    WHERE b.id = n.bill_id
"""
_MOVED = f"""
    SELECT d.bill_id FROM billing_billcharge d JOIN contracts_oneoffcharge c ON c.id = d.charge_id
    WHERE d.bill_id = ANY(%s) AND (
        c.state <> CASE WHEN d.cancels_id IS NULL THEN 'agreed' ELSE 'cancelled' END
        OR d.cancels_id IS NULL AND EXISTS ({_IN_FORCE}))
    ORDER BY d.bill_id LIMIT 1
"""  # noqa: S608 (no value of anybody's is in it)


class ChargeMoved(Refused):
    """A draft carries a charge that is owed no more."""

    code = "charge_moved"


@joins_transaction
def due(*, account_ids: Sequence[int]) -> tuple[DueCharge, ...]:
    """Return what the next bills of some accounts are to carry, by account; one statement."""
    return tuple(DueCharge(*row) for row in db.fetch(_DIFFERENCE, {"accounts": list(account_ids)}))


@joins_transaction
def add(
    *, charges: Sequence[DueCharge], origin: Origin, bill_of: Mapping[int, int], held: Collection[int]
) -> dict[int, int]:
    """
    Put charges onto the drafts of their accounts; who has no draft gets one. No statement where there are none.

    bill_of  drafts by account
    held     accounts whose bill somebody has to look at
    :returns: the drafts that were made for it, by account.
    """
    if not charges:
        return {}
    made = _make_bills(sorted({row.account_id for row in charges} - bill_of.keys()), origin, held)
    drafts = dict(bill_of) | made
    BillCharge.objects.bulk_create(
        BillCharge(
            bill_id=drafts[row.account_id],
            charge_id=row.charge_id,
            amount_minor=row.amount_minor,
            tax_minor=row.tax_minor,
            ledger_class=row.ledger_class,
            cancels_id=row.cancels_id,
        )
        for row in charges
    )
    db.execute(_ADD_UP, [sorted({drafts[row.account_id] for row in charges})])
    return made


@joins_transaction
def check(*, bill_ids: Sequence[int]) -> None:
    """
    Refuse drafts with a charge that was cancelled, or billed by a note, after they were rated; one statement.

    The run then holds the account by name, and a retry rates it anew without the charge: nothing else of it is lost.

    :raises ChargeMoved: there is one.
    """
    found = db.fetch(_MOVED, [list(bill_ids)])
    if found:
        raise ChargeMoved(
            "A charge of the draft was cancelled or billed after it was rated.", advice="Retry: rate the account anew."
        )


def _make_bills(account_ids: Sequence[int], origin: Origin, held: Collection[int]) -> dict[int, int]:
    made = Bill.objects.bulk_create(
        Bill(
            account_id=account_id,
            run_id=origin.run_id,
            chunk_id=origin.chunk_id,
            kind=BillKind.REGULAR.value,
            state=(BillState.HELD if account_id in held else BillState.DRAFT).value,
            start_date=origin.period.start,
            end_date=origin.period.end,
            amount_minor=0,
            created_at=timezone.now(),
        )
        for account_id in account_ids
    )
    return {bill.account_id: bill.id for bill in made}
