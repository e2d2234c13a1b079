"""Customers are told of consolidated bills, their payments and their due dates: once, not for each account."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from accounts.domain.notice_events import Fact
from accounts.operations import notices
from accounts.operations.notices import NewNotice
from accounts.queries import supplier
from billing.models.consolidated import ConsolidatedPayment
from billing.operations.telling import money
from billing.queries import consolidated as queries
from billing.queries.consolidated import ConsolidatedCard
from cis.kernel.actors import SYSTEM
from cis.kernel.calendar import local_clock
from cis.kernel.periods import Period
from cis.platform import outbox, packs
from cis.platform.db import fetch, joins_transaction, opens_transaction

TELL = "billing.tell_consolidated"
REMIND = "consolidated_reminders"
DAY = timedelta(days=1)
_DUE = """
    SELECT id FROM billing_consolidatedbill WHERE due_date >= %s AND due_date < %s ORDER BY id
"""


@joins_transaction
def queue_bill_step(*, consolidated_bill_id: int) -> None:
    """Leave a message that a customer is to be told of a consolidated bill; one statement."""
    name = f"bill:{consolidated_bill_id}"
    outbox.queue_many(kind=TELL, payloads={name: {"bill_id": consolidated_bill_id}})


@joins_transaction
def queue_payment_step(*, consolidated_payment_id: int) -> None:
    """Leave a message that a customer is to be told of a payment for a consolidated bill; one statement."""
    name = f"payment:{consolidated_payment_id}"
    outbox.queue_many(kind=TELL, payloads={name: {"payment_id": consolidated_payment_id}})


def tell(message: outbox.Message) -> None:
    """Make the notice of a message: the outbox calls this. Done again, it makes none twice."""
    if "bill_id" in message.payload:
        tell_bill(consolidated_bill_id=message.payload["bill_id"])
    if "payment_id" in message.payload:
        tell_payment(consolidated_payment_id=message.payload["payment_id"])


@opens_transaction
def tell_bill(*, consolidated_bill_id: int) -> int:
    """Tell a customer of a consolidated bill; return how many notices were written."""
    card = queries.one(consolidated_bill_id=consolidated_bill_id)
    return _queue("consolidated_issued", card, f"consolidated:{card.id}", facts_of_bill(card), card.issue_date)


@opens_transaction
def tell_payment(*, consolidated_payment_id: int) -> int:
    """Tell a customer that money for a consolidated bill came in; return how many notices were written."""
    row = ConsolidatedPayment.objects.get(id=consolidated_payment_id)
    card = queries.one(consolidated_bill_id=row.consolidated_bill_id)
    facts: dict[str, Fact] = {
        "bill": card.number, "amount": money(row.amount_minor), "received": row.received_date,
        "reference": row.reference, "link": _link(card),
    }  # fmt: skip
    return _queue("consolidated_paid", card, f"consolidated_payment:{row.id}", facts, row.received_date)


def remind(at: datetime) -> None:
    """Remind customers of consolidated bills that are due soon and not paid, each once; called by the clock."""
    today = local_clock(supplier.current().time_zone).local_date(at)
    until = today + packs.rule("notices", at=today)["remind_days"] * DAY + DAY
    for (found,) in fetch(_DUE, [today + DAY, until]):
        _remind_of(found)


@opens_transaction
def _remind_of(consolidated_bill_id: int) -> None:
    card = queries.one(consolidated_bill_id=consolidated_bill_id)
    if card.open_minor > 0:
        facts: dict[str, Fact] = {
            "bill": card.number, "open": money(card.open_minor), "due": card.due_date, "link": _link(card),
        }  # fmt: skip
        _queue("consolidated_due_soon", card, f"consolidated:{card.id}", facts, None)


def facts_of_bill(card: ConsolidatedCard) -> dict[str, Fact]:
    """Return the facts of the event that tells of a consolidated bill."""
    return {
        "bill": card.number,
        "period": Period(card.month, card.end_date),
        "count": card.bills,
        "amount": money(card.amount_minor),
        "to_pay": money(card.to_pay_minor),
        "due": card.due_date,
        "link": _link(card),
    }


def _queue(event: str, card: ConsolidatedCard, key: str, facts: Mapping[str, Fact], day: date | None) -> int:
    new = NewNotice(key=key, facts=facts, customer_id=card.customer_id, occurred_date=day)
    return notices.queue_many_step(event=event, notices=[new], actor=SYSTEM)


def _link(card: ConsolidatedCard) -> str:
    return f"/portal/consolidated/{card.number}"
