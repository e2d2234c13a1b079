"""Mandates as pages and programs see them: numbers of accounts at banks by their end alone."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Q, QuerySet

from cashiering.domain.bank_accounts import masked
from cashiering.domain.mandates import MandateState
from cashiering.models.debit import Mandate
from cis.kernel.errors import Refused

HOLD = (MandateState.ACTIVE.value, MandateState.SUSPENDED.value)


class UnknownMandate(Refused):
    """There is no such mandate."""

    code = "unknown_mandate"


@dataclass(frozen=True, slots=True, kw_only=True)
class MandateCard:
    """A mandate; ``bank_account`` shows the end of the number alone. [minor unit]"""

    id: int
    reference: str
    state: str
    way: str
    account_id: int
    account_number: str
    customer_id: int
    customer_name: str
    holder_name: str
    is_of_other: bool
    account_kind: str
    bank_account: str
    bank_code: str
    limit_minor: int
    is_one_off: bool
    signed_date: date | None
    signed_by: str
    scan_id: int | None
    evidence: str
    last_used_date: date | None
    suspend_reason: str
    end_reason: str
    ended_date: date | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class MandatesWanted:
    """Which mandates; empty: all. ``text``: reference, account, customer or holder."""

    text: str = ""
    state: str = ""


def listed(*, wanted: MandatesWanted, offset: int = 0, most: int) -> tuple[MandateCard, ...]:
    """Return mandates, the latest first; one statement."""
    rows = _rows()
    if wanted.state:
        rows = rows.filter(state=wanted.state)
    if wanted.text:
        rows = rows.filter(
            Q(reference__icontains=wanted.text)
            | Q(account__number__icontains=wanted.text)
            | Q(customer__name__icontains=wanted.text)
            | Q(holder_name__icontains=wanted.text)
        )
    return tuple(_card(row) for row in rows.order_by("-id")[offset : offset + most])


def one(*, mandate_id: int, customer_id: int | None = None) -> MandateCard:
    """
    Return one mandate.

    :param customer_id: whose it must be; None: anybody's.
    :raises UnknownMandate: there is none.
    """
    rows = _rows().filter(id=mandate_id)
    row = (rows if customer_id is None else rows.filter(customer_id=customer_id)).first()
    if row is None:
        raise UnknownMandate(f"There is no mandate {mandate_id}.", mandate_id=mandate_id)
    return _card(row)


def of_account(*, account_id: int, customer_id: int | None = None) -> tuple[MandateCard, ...]:
    """Return the mandates of an account, the latest first; ``customer_id``: those of one customer alone."""
    rows = _rows().filter(account_id=account_id)
    rows = rows if customer_id is None else rows.filter(customer_id=customer_id)
    return tuple(_card(row) for row in rows.order_by("-id"))


def in_force(*, account_id: int) -> MandateCard | None:
    """Return the mandate of an account that is signed and not ended; None: there is none."""
    row = _rows().filter(account_id=account_id, state__in=HOLD).first()
    return None if row is None else _card(row)


def has_key(*, key: str) -> bool:
    """Return whether a mandate was entered under this name of another program."""
    return Mandate.objects.filter(key=key).exists()


def _rows() -> QuerySet[Mandate]:
    return Mandate.objects.select_related("account", "customer")


def _card(row: Any) -> MandateCard:
    names = ("id", "reference", "state", "way", "account_id", "customer_id", "holder_name", "is_of_other",
             "account_kind", "bank_code", "limit_minor", "is_one_off", "signed_date", "signed_by", "scan_id",
             "evidence", "last_used_date", "suspend_reason", "end_reason", "ended_date", "created_at")  # fmt: skip
    return MandateCard(
        **{name: getattr(row, name) for name in names},
        account_number=row.account.number,
        customer_name=row.customer.name,
        bank_account=masked(row.bank_account),
    )
