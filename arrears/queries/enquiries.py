"""Who an account belongs to, by what he proves himself, and what is said of the account."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils import timezone

from arrears.domain.disconnection import OrderState
from arrears.domain.enquiries import BillsTold, BillTold, PaymentsTold, PaymentTold, Told
from arrears.queries import orders
from billing.domain.channels import ReturnKind
from billing.queries import balances, bills
from cis.platform.db import fetch

PLANNED = {one.value for one in (OrderState.NOTICED, OrderState.REMINDED, OrderState.DISPATCHED)}
OFF = {one.value for one in (OrderState.CUT, OrderState.RESTORING)}
BILLS_MOST, PAYMENTS_MOST = 12, 12
DAY = timedelta(days=1)
NEVER_CAME = (ReturnKind.MOVED, ReturnKind.CORRECTED)


@dataclass(frozen=True, slots=True)
class Identity:
    """
    The holder of today.

    pin_hash    "" for none of his
    telephones  numbers that are proven to be his: one that is known, and no more than that, may be another's by now
    """

    account_id: int
    customer_id: int
    pin_hash: str
    telephones: tuple[str, ...]
    meters: tuple[str, ...]


_IDENTITY = """
    SELECT a.id, h.customer_id, coalesce(p.hash, ''),
           ARRAY(SELECT c.value FROM accounts_contactpoint c
                 WHERE c.customer_id = h.customer_id AND c.kind IN ('mobile', 'phone') AND c.verified_at IS NOT NULL),
           ARRAY(SELECT m.serial FROM contracts_serviceagreement g
                 JOIN metering_installation i ON i.service_point_id = g.service_point_id AND i.period @> %(today)s::date
                 JOIN metering_meter m ON m.id = i.meter_id
                 WHERE g.account_id = a.id AND g.period @> %(today)s::date)
    FROM accounts_account a
    JOIN accounts_accountholder h ON h.account_id = a.id AND h.period @> %(today)s::date
    LEFT JOIN accounts_telephonepin p ON p.account_id = a.id AND p.customer_id = h.customer_id
    WHERE a.number = %(number)s
"""


def identity(*, number: str, today: date) -> Identity | None:
    """Return whom an account belongs to today; None: there is none, or nobody holds it. One statement."""
    for account_id, customer_id, pin_hash, telephones, meters in fetch(_IDENTITY, {"number": number, "today": today}):
        return Identity(account_id, customer_id, pin_hash, tuple(telephones), tuple(meters))
    return None


_OWN_DAYS = """
    SELECT lower(h.period), upper(h.period) FROM accounts_accountholder h
    JOIN accounts_accountholder now ON now.account_id = h.account_id AND now.customer_id = h.customer_id
    WHERE h.account_id = %s AND now.period @> %s::date
"""


def _own_days(account_id: int, today: date) -> Callable[[date], bool]:
    """Return whether a day was the holder's of today: what was before is told to nobody else. One statement."""
    spans = fetch(_OWN_DAYS, [account_id, today])
    return lambda day: any(start <= day and (end is None or day < end) for start, end in spans)


def told(*, account_id: int, number: str, today: date) -> Told:
    """Return what is said of an account; a constant number of statements."""
    balance = balances.of_account(account_id=account_id, today=today)
    is_own = _own_days(account_id, today)
    own = bills.of_account(account_id=account_id, only_owed=True)
    bill = next((one for one in own if is_own(one.end_date - DAY)), None)
    paid = bills.payments_of(account_id=account_id, without=tuple(ReturnKind))
    payment = next((one for one in paid if is_own(one.received_date)), None)
    found = orders.of_account(account_id=account_id)
    planned = [
        timezone.localtime(one.slot_start_at).date() for one in found if one.state in PLANNED and one.slot_start_at
    ]
    return Told(
        account=number,
        owed_minor=balance.balance_minor,
        overdue_minor=balance.overdue_minor,
        due_date=balance.next_due_date,
        bill_number=bill.number if bill else "",
        bill_minor=bill.amount_minor if bill else None,
        bill_date=bill.issue_date if bill else None,
        paid_minor=payment.amount_minor if payment else None,
        paid_date=payment.received_date if payment else None,
        cut_date=min(planned, default=None),
        is_cut=any(one.state in OFF for one in found),
    )


def bills_told(*, account_id: int, number: str, today: date) -> BillsTold:
    """Return the holder's last 12 bills that are owed or were, the latest period first; three statements."""
    is_own = _own_days(account_id, today)
    own = [one for one in bills.of_account(account_id=account_id, only_owed=True) if is_own(one.end_date - DAY)]
    return BillsTold(
        account=number,
        told_date=today,
        bills=tuple(
            BillTold(
                one.number, one.issue_date, one.due_date, one.amount_minor, one.open_minor, bool(one.given_up_minor)
            )
            for one in own[:BILLS_MOST]
            if one.issue_date is not None
        ),
    )


def payments_told(*, account_id: int, number: str, today: date) -> PaymentsTold:
    """
    Return the last 12 payments of the holder's days, the latest first; two statements.

    One that the payer's bank took back is among them; one that never was the account's is not.
    """
    is_own = _own_days(account_id, today)
    paid = bills.payments_of(account_id=account_id, without=NEVER_CAME)
    own = [one for one in paid if is_own(one.received_date)]
    return PaymentsTold(
        account=number,
        told_date=today,
        payments=tuple(
            PaymentTold(one.received_date, one.amount_minor, is_back=bool(one.return_kind))
            for one in own[:PAYMENTS_MOST]
        ),
    )
