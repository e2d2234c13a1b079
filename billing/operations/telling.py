"""
Customers are told of their bills and payments.

The use case that issues or books leaves one message in the outbox, so that a run of millions pays nothing for it; a
worker makes the notices of it afterwards, some thousands in a constant number of statements. Reminders fall due by the
clock, each bill once.
"""

from collections.abc import Callable, Container, Iterable, Sequence
from datetime import date, datetime, timedelta

from django.utils import timezone

from accounts.domain.identity import masked
from accounts.domain.notice_events import Channel, Fact, Money
from accounts.domain.notice_texts import spans_written
from accounts.operations import notices
from accounts.operations.notices import NewNotice
from accounts.queries import notices as notice_queries
from accounts.queries import supplier
from billing.domain.rebills import RebillCause
from billing.queries import budgets, telling
from billing.queries.budgets import OnBill
from billing.queries.telling import BillToTell, PaymentToTell, RebilledToTell, RefundToTell
from cis.kernel import fixed
from cis.kernel.actors import SYSTEM
from cis.kernel.calendar import local_clock
from cis.kernel.periods import Period
from cis.platform import outbox, packs, sealing
from cis.platform.db import joins_transaction, opens_transaction

TELL = "billing.tell"
REMIND = "billing_reminders"
BILL_EVENTS = ("bill_issued", "bill_settled", "bill_credited", "budget_bill")
CHUNK = 2_000
WH_PLACES = 3
INBOX_ALONE = frozenset({Channel.INBOX})
DAY = timedelta(days=1)
_CAUSES = {
    RebillCause.CORRECTED: ("计量有误，电量已更正", "the metering was wrong and was corrected"),
    RebillCause.READ: ("抄表数据后来才到，或已更正", "readings came in later, or were corrected"),
    RebillCause.TERMS: ("计费依据有变更", "what these days are billed on was changed"),
}


class _Port:
    """Who knows which bills are paid by themselves; bound once by ``cis.wiring``."""

    under_way: Callable[..., Container[int]] | None = None


def leave_out_by(under_way: Callable[..., Container[int]]) -> None:
    """Bind who knows the bills of accounts whose money is under way. To be called from ``cis.wiring`` only."""
    _Port.under_way = under_way


@joins_transaction
def queue_bills_step(*, bill_ids: Sequence[int]) -> None:
    """Leave a message that the customers of bills that were just issued are to be told; one statement."""
    _queue("bill", bill_ids)


@joins_transaction
def queue_payments_step(*, payment_ids: Sequence[int]) -> None:
    """Leave a message that the customers of payments that were just booked are to be told; one statement."""
    _queue("payment", payment_ids)


@joins_transaction
def queue_cancelled_step(*, bill_ids: Sequence[int]) -> None:
    """Leave a message that the customers of bills that were just cancelled are to be told; one statement."""
    _queue("cancelled", bill_ids)


@joins_transaction
def queue_refunds_step(*, refund_ids: Sequence[int], came_back: bool = False) -> None:
    """Leave a message that customers are to be told of refunds that left, or came back; one statement."""
    _queue("returned" if came_back else "refund", refund_ids)


@joins_transaction
def queue_moved_step(*, payment_ids: Sequence[int]) -> None:
    """Leave a message that who had payments is to be told that they were moved to another account; one statement."""
    _queue("moved", payment_ids)


def _queue(kind: str, ids: Sequence[int]) -> None:
    pieces = [list(ids[place : place + CHUNK]) for place in range(0, len(ids), CHUNK)]
    # What is issued or booked once is in one message, so its first id names the message.
    outbox.queue_many(kind=TELL, payloads={f"{kind}:{piece[0]}": {f"{kind}_ids": piece} for piece in pieces})


def tell(message: outbox.Message) -> None:
    """Make the notices of a message: the outbox calls this. Done again, it makes none twice."""
    payload = message.payload
    tell_bills(bill_ids=payload.get("bill_ids", []))
    tell_rebilled(bill_ids=payload.get("bill_ids", []))
    tell_payments(payment_ids=payload.get("payment_ids", []))
    tell_cancelled(bill_ids=payload.get("cancelled_ids", []))
    tell_moved(payment_ids=payload.get("moved_ids", []))
    tell_refunds(refund_ids=payload.get("refund_ids", []))
    tell_refunds(refund_ids=payload.get("returned_ids", []), came_back=True)


@opens_transaction
def tell_bills(*, bill_ids: Sequence[int]) -> int:
    """
    Tell customers of their new bills; return how many notices were written. A constant number of statements.

    What was issued longer ago than the pack's ``fresh_days`` goes to the inbox alone: bills of years that a supplier
    brings along ring at nobody's door.
    """
    # What is left to pay decides the event, and may change until the message comes again: the bill is told once.
    keys = [_bill_key(bill_id) for bill_id in bill_ids]
    known = notice_queries.told(events=BILL_EVENTS, keys=keys)
    found = [bill for bill in telling.news(bill_ids=bill_ids) if _bill_key(bill.id) not in known]
    levelled = budgets.on_bills(bill_ids=[bill.id for bill in found])
    return tell_news_step(_news_of(bill, levelled.get(bill.id)) for bill in found)


@opens_transaction
def tell_rebilled(*, bill_ids: Sequence[int]) -> int:
    """
    Tell customers which days of before a bill bills anew, why, and what that costs; return how many were told.

    However the usage of these days came to be another one: by a correction, or by reads; of small differences too.
    """
    if not bill_ids:
        return 0
    found = telling.rebilled(bill_ids=bill_ids)
    return tell_news_step(
        ("rebilled_more" if one.amount_minor > 0 else "rebilled_less", one.issue_date, _rebilled_notice(one))
        for one in found
    )


@opens_transaction
def tell_payments(*, payment_ids: Sequence[int]) -> int:
    """Tell customers that their money came in; return how many notices were written; see ``tell_bills``."""
    found = telling.payments(payment_ids=payment_ids)
    return tell_news_step(("payment_received", one.received_date, _payment_notice(one)) for one in found)


@opens_transaction
def tell_moved(*, payment_ids: Sequence[int]) -> int:
    """Tell customers that a payment was not theirs; return how many notices were written; see ``tell_bills``."""
    today = _today()
    found = telling.payments(payment_ids=payment_ids)
    return tell_news_step(("payment_moved", today, _payment_notice(one)) for one in found)


@opens_transaction
def tell_cancelled(*, bill_ids: Sequence[int]) -> int:
    """Tell customers that a bill of theirs holds no more; return how many notices were written; see ``tell_bills``."""
    today = _today()
    found = telling.cancelled(bill_ids=bill_ids)
    return tell_news_step(("bill_cancelled", today, _cancelled_notice(bill, today)) for bill in found)


@opens_transaction
def tell_refunds(*, refund_ids: Sequence[int], came_back: bool = False) -> int:
    """Tell customers that credit was paid out, or came back; return how many were told; see ``tell_bills``."""
    found = telling.refunds(refund_ids=refund_ids)
    if came_back:
        return tell_news_step(
            ("refund_returned", one.returned_date, _refund_notice(one, facts_of_returned(one)))
            for one in found
            if one.returned_date is not None
        )
    return tell_news_step(("refund_sent", one.paid_date, _refund_notice(one, facts_of_refund(one))) for one in found)


def remind(at: datetime) -> None:
    """Remind customers of bills that are due soon and not paid: what falls due by the clock each day."""
    today = local_clock(supplier.current().time_zone).local_date(at)
    until = today + packs.rule("notices", at=today)["remind_days"] * DAY + DAY
    after = (date.min, 0)
    while found := telling.due(from_date=today + DAY, until_date=until, after=after, most=CHUNK):
        _remind_of(found, at)
        after = (found[-1].due_date, found[-1].id)


@opens_transaction
def _remind_of(bills: Sequence[BillToTell], at: datetime) -> None:
    """
    Remind of some bills, each once; one paid meanwhile, or whose money is under way, is reminded of no more.

    :raises LookupError: nobody was bound to say whose money is under way: nothing is assumed in its place.
    """
    if _Port.under_way is None:
        raise LookupError("nobody says whose money is under way; see cis/wiring.py")
    under_way = _Port.under_way(account_ids={bill.account_id for bill in bills}, at=at)
    found = telling.bills(bill_ids=[bill.id for bill in bills])
    still_open = [bill for bill in found if bill.open_minor > 0 and bill.id not in under_way]
    new = [
        NewNotice(
            key=_bill_key(bill.id),
            facts=facts_of_reminder(bill),
            customer_id=bill.customer_id,
            account_id=bill.account_id,
        )
        for bill in still_open
    ]
    notices.queue_many_step(event="payment_due_soon", notices=new, actor=SYSTEM)


@joins_transaction
def tell_news_step(news: Iterable[tuple[str, date, NewNotice]]) -> int:
    """Queue notices by event, those of what is long past for the inbox alone."""
    today = _today()
    fresh_since = today - packs.rule("notices", at=today)["fresh_days"] * DAY
    groups: dict[tuple[str, bool], list[NewNotice]] = {}
    for event, day, new in news:
        groups.setdefault((event, day >= fresh_since), []).append(new)
    return sum(
        notices.queue_many_step(event=event, notices=group, actor=SYSTEM, only=None if is_fresh else INBOX_ALONE)
        for (event, is_fresh), group in groups.items()
    )


def event_of(bill: BillToTell) -> str:
    """Return the event that tells of a new bill: something is to pay, nothing is, or money goes back."""
    if bill.amount_minor < 0:
        return "bill_credited"
    return "bill_issued" if bill.open_minor > 0 else "bill_settled"


def facts_of_level(bill: BillToTell, budget: OnBill) -> dict[str, Fact]:
    """Return the facts of the event that tells of a bill in whose place a level amount is owed."""
    ahead = max(0, -budget.balance_minor)
    return {
        "bill": bill.number,
        "period": Period(bill.start_date, bill.end_date),
        "kwh": fixed.to_text(bill.energy_wh, places=WH_PLACES),
        "amount": money(bill.amount_minor),
        "to_pay": money(budget.to_pay_minor),
        "due": bill.due_date,
        "ahead": money(ahead),
        "behind": money(max(0, budget.balance_minor)),
        "link": _link(bill),
    }


def _news_of(bill: BillToTell, budget: OnBill | None) -> tuple[str, date, NewNotice]:
    """Return what is told of a bill; of a levelled one what is owed in its place."""
    if budget is not None and budget.to_pay_minor > 0:
        return "budget_bill", bill.issue_date, _bill_notice(bill, facts_of_level(bill, budget))
    event = event_of(bill) if budget is None else "bill_settled"
    facts = facts_of_bill(bill)
    wanted = {"to_pay", "due"} if event == "bill_settled" else set()
    return event, bill.issue_date, _bill_notice(bill, {key: one for key, one in facts.items() if key not in wanted})


def facts_of_bill(bill: BillToTell) -> dict[str, Fact]:
    """Return the facts of the event that tells of a new bill."""
    facts: dict[str, Fact] = {
        "bill": bill.number,
        "period": Period(bill.start_date, bill.end_date),
        "kwh": fixed.to_text(bill.energy_wh, places=WH_PLACES),
        "amount": money(abs(bill.amount_minor)),
        "link": _link(bill),
    }
    if event_of(bill) == "bill_issued":
        facts |= {"to_pay": money(bill.open_minor), "due": bill.due_date}
    return facts


def facts_of_reminder(bill: BillToTell) -> dict[str, Fact]:
    """Return the facts of a reminder."""
    return {"bill": bill.number, "open": money(bill.open_minor), "due": bill.due_date, "link": _link(bill)}


def facts_of_payment(payment: PaymentToTell) -> dict[str, Fact]:
    """Return the facts of the event that tells of a payment."""
    return {"amount": money(payment.amount_minor), "received": payment.received_date, "reference": payment.reference}


def facts_of_refund(refund: RefundToTell) -> dict[str, Fact]:
    """Return the facts of the event that tells that credit was paid out."""
    to = masked(sealing.unseal_text(refund.bank_account)) if refund.bank_account else "–"
    return {"amount": money(refund.amount_minor), "sent": refund.paid_date, "to": to, "reference": refund.reference}


def facts_of_returned(refund: RefundToTell) -> dict[str, Fact]:
    """Return the facts of the event that tells that a refund came back."""
    return {
        "amount": money(refund.amount_minor),
        "day": refund.returned_date or refund.paid_date,
        "reason": refund.return_reason or "–",
        "link": "/portal/refunds",
    }


def _refund_notice(refund: RefundToTell, facts: dict[str, Fact]) -> NewNotice:
    return NewNotice(
        key=f"refund:{refund.id}",
        facts=facts,
        customer_id=refund.customer_id,
        account_id=refund.account_id,
        occurred_date=refund.returned_date or refund.paid_date,
    )


def facts_of_rebilled(bill: RebilledToTell) -> dict[str, Fact]:
    """Return the facts of the event that tells which days were billed anew."""
    reason, reason_en = _CAUSES[bill.cause]
    return {
        "bill": bill.number,
        "days": spans_written(bill.periods, is_chinese=True),
        "days_en": spans_written(bill.periods, is_chinese=False),
        "reason": reason,
        "reason_en": reason_en,
        "before": fixed.to_text(bill.before_wh, places=WH_PLACES),
        "after": fixed.to_text(bill.after_wh, places=WH_PLACES),
        "amount": money(abs(bill.amount_minor)),
        "link": f"/portal/bills/{bill.number}",
    }


def _rebilled_notice(bill: RebilledToTell) -> NewNotice:
    return NewNotice(
        key=f"rebilled:{bill.id}",
        facts=facts_of_rebilled(bill),
        customer_id=bill.customer_id,
        account_id=bill.account_id,
        occurred_date=bill.issue_date,
    )


def _bill_notice(bill: BillToTell, facts: dict[str, Fact]) -> NewNotice:
    return NewNotice(
        key=_bill_key(bill.id),
        facts=facts,
        customer_id=bill.customer_id,
        account_id=bill.account_id,
        occurred_date=bill.issue_date,
    )


def _bill_key(bill_id: int) -> str:
    return f"bill:{bill_id}"


def facts_of_cancelled(bill: BillToTell) -> dict[str, Fact]:
    """Return the facts of the event that tells of a bill that holds no more."""
    period = Period(bill.start_date, bill.end_date)
    return {"bill": bill.number, "period": period, "amount": money(bill.amount_minor), "link": _link(bill)}


def _cancelled_notice(bill: BillToTell, today: date) -> NewNotice:
    return NewNotice(
        key=_bill_key(bill.id),
        facts=facts_of_cancelled(bill),
        customer_id=bill.customer_id,
        account_id=bill.account_id,
        occurred_date=today,
    )


def _today() -> date:
    return local_clock(supplier.current().time_zone).local_date(timezone.now())


def _payment_notice(payment: PaymentToTell) -> NewNotice:
    return NewNotice(
        key=f"payment:{payment.id}",
        facts=facts_of_payment(payment),
        customer_id=payment.customer_id,
        account_id=payment.account_id,
        occurred_date=payment.received_date,
    )


def money(amount_minor: int) -> Money:
    """Return an amount in the supplier's currency as a fact of a notice."""
    return Money(amount_minor, supplier.current().currency)


def _link(bill: BillToTell) -> str:
    return f"/portal/bills/{bill.number}"
