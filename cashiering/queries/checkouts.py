"""Online payments as pages, other programs and arrears see them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet

from accounts.queries import accounts
from billing.queries import bills
from billing.queries.bills import BillCard
from cashiering.domain.checkouts import CheckoutState, UnknownCheckout, masked_name
from cashiering.models.checkout import Checkout, CheckoutBill, CheckoutEvent
from cis.kernel import fixed
from cis.kernel.calendar import local_clock
from cis.platform import packs
from cis.platform.db import fetch

UNKNOWN_MOST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutCard:
    """One online payment; see ``models.checkout.Checkout``; ``consolidated_number`` "": it is not for a whole."""

    id: int
    reference: str
    account_id: int
    account_number: str
    consolidated_number: str
    provider: str
    provider_reference: str
    payment_reference: str
    amount_minor: int
    currency: str
    state: str
    origin: str
    page_url: str
    qr: str
    created_at: datetime
    expires_at: datetime
    asked_at: datetime | None
    settled_at: datetime | None
    payment_id: int | None
    said_minor: int | None
    said_currency: str
    suspense_minor: int
    reason: str
    need: str
    proposed_by_id: int | None

    @property
    def is_under_way(self) -> bool:
        """Whether the provider may still say what becomes of it."""
        return self.state in {CheckoutState.CREATED.value, CheckoutState.PENDING.value}


@dataclass(frozen=True, slots=True, kw_only=True)
class EventCard:
    """A message of a provider, and what followed from it."""

    id: int
    provider: str
    event_id: str
    reference: str
    word: str
    amount_minor: int
    currency: str
    payment: str
    reason: str
    occurred_at: datetime
    received_at: datetime
    outcome: str
    is_asked: bool
    is_done: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which online payments a list shows; ``text``: of account, reference or the provider's names."""

    text: str = ""
    state: str = ""
    provider: str = ""
    only_needs: bool = False
    since_date: date | None = None
    until_date: date | None = None


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of one online payment. [minor unit]"""

    least_minor: int
    most_minor: int


def bounds(*, today: date) -> Bounds:
    """Return between which amounts may be paid online at once, by the pack."""
    rule, places = packs.rule("online_payment", at=today), int(packs.rule("decimals", at=today))
    return Bounds(fixed.parse(rule["least"], places=places), fixed.parse(rule["most"], places=places))


# One for a consolidated bill is under way for each account that it pays.
_UNDER_WAY = """
    SELECT account_id, created_at, state = 'held' AS is_held FROM cashiering_checkout
    WHERE account_id = ANY(%(accounts)s) AND (state = 'pending' AND created_at > %(since)s OR state = 'held')
    UNION ALL
    SELECT b.account_id, c.created_at, c.state = 'held' FROM cashiering_checkout c
    JOIN cashiering_checkoutbill p ON p.checkout_id = c.id JOIN billing_bill b ON b.id = p.bill_id
    WHERE c.consolidated_bill_id IS NOT NULL
      AND (c.state = 'pending' AND c.created_at > %(since)s OR c.state = 'held') AND b.account_id = ANY(%(accounts)s)
    ORDER BY is_held, created_at
"""


def under_way(account_ids: Collection[int], *, at: datetime) -> dict[int, datetime | None]:
    """
    Return which accounts have an online payment that its payer has made and whose money is not certain yet; one
    statement.

    One that the provider says nothing about counts for the pack's ``hold_hours``, so that nobody can put off what has
    to be done by paying and never paying. One that is held counts until a person has decided: its money lies with us.

    :returns: until when it counts, by account; None: until it is decided.
    """
    hours = int(packs.rule("online_payment", at=local_clock(settings.TIME_ZONE).local_date(at))["hold_hours"])
    span = timedelta(hours=hours)
    found = fetch(_UNDER_WAY, {"accounts": list(account_ids), "since": at - span})
    return {account_id: None if is_held else created_at + span for account_id, created_at, is_held in found}


def of_reference(reference: str, *, account_ids: Collection[int] | None = None) -> CheckoutCard:
    """
    Return an online payment by our name of it.

    :param account_ids: where given, only one of these accounts is found.
    :raises UnknownCheckout: there is none.
    """
    rows = _rows().filter(reference=reference)
    if account_ids is not None:
        rows = rows.filter(account_id__in=list(account_ids))
    return _one(rows, reference)


def one(*, checkout_id: int) -> CheckoutCard:
    """
    Return an online payment.

    :raises UnknownCheckout: there is none.
    """
    return _one(_rows().filter(id=checkout_id), str(checkout_id))


def listed(*, wanted: Wanted, offset: int = 0, most: int) -> tuple[CheckoutCard, ...]:
    """Return online payments, the latest first; one statement."""
    return tuple(_card(row) for row in _selected(wanted).order_by("-id")[offset : offset + most])


def needing() -> int:
    """Return how many online payments a person has to look at; one statement."""
    return Checkout.objects.exclude(need="").count()


def of_account(*, account_id: int, most: int = 20) -> tuple[CheckoutCard, ...]:
    """Return the online payments of an account that did not become payments, or went back, the latest first."""
    rows = _rows().filter(account_id=account_id).exclude(state=CheckoutState.PAID.value)
    return tuple(_card(row) for row in rows.order_by("-id")[:most])


def bills_of(*, checkout_id: int) -> tuple[tuple[BillCard, int], ...]:
    """Return the bills that an online payment is meant for, each with its part; three statements. [minor unit]"""
    parts = dict(CheckoutBill.objects.filter(checkout_id=checkout_id).values_list("bill_id", "amount_minor"))
    return tuple((card, parts[card.id]) for card in bills.listed(bill_ids=list(parts)))


def events_of(*, checkout_id: int) -> tuple[EventCard, ...]:
    """Return what the provider said of an online payment, in the order in which it came."""
    return tuple(_event(row) for row in CheckoutEvent.objects.filter(checkout_id=checkout_id).order_by("id"))


def of_nobody(*, most: int = UNKNOWN_MOST) -> tuple[EventCard, ...]:
    """Return messages that name no online payment of ours, the latest first."""
    rows = CheckoutEvent.objects.filter(checkout=None, done_at__isnull=False)
    return tuple(_event(row) for row in rows.order_by("-id")[:most])


def holder(*, account_id: int, today: date, is_masked: bool) -> str:
    """Return the name of who holds an account, masked for whoever is not known to be them; "" if nobody does."""
    found = accounts.addressees(account_ids=[account_id], at_date=today).get(account_id)
    if found is None:
        return ""
    return masked_name(found.name) if is_masked else found.name


def _rows() -> QuerySet[Checkout]:
    return Checkout.objects.select_related("account", "consolidated_bill")


def _selected(wanted: Wanted) -> QuerySet[Checkout]:
    rows = _rows()
    if wanted.text:
        rows = rows.filter(
            Q(account__number=wanted.text)
            | Q(reference__iexact=wanted.text)
            | Q(provider_reference=wanted.text)
            | Q(payment_reference=wanted.text)
        )
    exact: Mapping[str, str] = {"state": wanted.state, "provider": wanted.provider}
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    if wanted.only_needs:
        rows = rows.exclude(need="")
    if wanted.since_date:
        rows = rows.filter(created_at__date__gte=wanted.since_date)
    if wanted.until_date:
        rows = rows.filter(created_at__date__lte=wanted.until_date)
    return rows


def _one(rows: QuerySet[Checkout], name: str) -> CheckoutCard:
    row = rows.first()
    if row is None:
        raise UnknownCheckout(f"There is no online payment {name[:40]}.")
    return _card(row)


def _card(row: Checkout) -> CheckoutCard:
    numbers: dict[str, Any] = {
        "account_number": row.account.number,
        "consolidated_number": row.consolidated_bill.number if row.consolidated_bill else "",
    }
    names: Sequence[str] = [name for name in CheckoutCard.__dataclass_fields__ if name not in numbers]
    values: dict[str, Any] = {name: getattr(row, name) for name in names}
    return CheckoutCard(**values, **numbers)


def _event(row: CheckoutEvent) -> EventCard:
    return EventCard(
        id=row.id, provider=row.provider, event_id=row.event_id, reference=row.reference, word=row.word,
        amount_minor=row.amount_minor, currency=row.currency, payment=row.payment, reason=row.reason,
        occurred_at=row.occurred_at, received_at=row.received_at, outcome=row.outcome, is_asked=not row.body,
        is_done=row.done_at is not None,
    )  # fmt: skip
