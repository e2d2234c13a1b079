"""
Paying online begins: what is to be paid is fixed, and a provider is asked to take it.

What became of it is said by the provider's messages (``checkout_events``). What is to be paid is fixed in one short
transaction (``fix``), the provider is asked outside of any (``offer``), and what he gives is kept in a second one. Who
is killed in between leaves a payment that goes on when its request is repeated, and expires else (``look``). Whoever
pays the same twice at once is led to the same place.
"""

import base64
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from secrets import token_bytes

import structlog
from django.conf import settings
from django.utils.translation import gettext

from accounts.queries import accounts, supplier
from billing.queries import bills, consolidated
from cashiering.domain.checkouts import BadCheckout, CheckoutState, Origin
from cashiering.gateways import online
from cashiering.gateways.online import Offered, Order, ProviderUnreachable
from cashiering.models.checkout import Checkout, CheckoutBill
from cashiering.queries import checkouts as queries
from cis.kernel.actors import Actor
from cis.kernel.calendar import local_clock
from cis.kernel.errors import Refused
from cis.platform import audit, packs
from cis.platform.db import execute, opens_transaction

BACK_PATH = "/pay/status/"
BILLS_MOST = 100
LEAST_LEFT = timedelta(minutes=5)
log = structlog.get_logger(__name__)


class ProviderDown(Refused):
    """The provider does not answer; nothing was paid."""

    code = "payment_provider_down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """
    What somebody wants to pay.

    bill_ids      bills of the account, each with all that is open of it; empty: a free amount
    amount_minor  the free amount, which pays by the rule of the pack [minor unit]
    parts         in place of bill_ids: what of each bill, as a part of a plan of instalments [minor unit]
    consolidated_bill_id  all that is open of it; the account is its lead account
    """

    account_id: int
    provider: str
    origin: Origin
    bill_ids: tuple[int, ...] = ()
    amount_minor: int | None = None
    parts: tuple[tuple[int, int], ...] = ()
    consolidated_bill_id: int | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """
    Where the payer goes on.

    page_url  the provider's page; "" if there is none
    qr        what a wallet scans, "" if nothing
    """

    reference: str
    page_url: str
    qr: str


def begin(*, wish: Wish, at: datetime, actor: Actor) -> Begun:
    """
    Begin an online payment: fix it, and have the provider open it.

    :raises NoProvider: it is not offered.
    :raises BadCheckout: the amount is out of bounds, or a bill is not open or not of this account.
    :raises ProviderDown: the provider does not answer; nothing can be paid there now.
    :raises WrongHost: the provider leads to a host that the settings do not name.
    """
    return offer(reference=fix(wish=wish, at=at, actor=actor))


def offer(*, reference: str) -> Begun:
    """
    Have the provider open a payment that is fixed, unless he has; he knows it by its reference, and opens it once.

    :raises NoProvider: he is offered no more; ProviderDown, WrongHost: see ``begin``.
    """
    row = Checkout.objects.get(reference=reference)
    if not (row.page_url or row.qr):
        provider = online.of(row.provider)
        try:
            offered = provider.create(_order(row))
            for url in filter(None, [offered.page_url]):
                online.check_host(url)
        except ProviderUnreachable as error:
            log.warning("payment_provider_down", provider=row.provider, reference=row.reference, error=str(error))
            raise ProviderDown(
                "The provider of online payment does not answer now; nothing was paid.",
                advice="Try again in some minutes, or pay another way.",
            ) from error
        row = _keep_offer(row.id, offered)
    return Begun(row.reference, row.page_url, row.qr)


@opens_transaction
def fix(*, wish: Wish, at: datetime, actor: Actor) -> str:
    """
    Fix what is to be paid, and return its reference; the same wish that waits at the provider is that one.

    :raises NoProvider, BadCheckout: see ``begin``.
    """
    online.of(wish.provider)
    today = local_clock(settings.TIME_ZONE).local_date(at)
    rule = packs.rule("online_payment", at=today)
    accounts.card(account_id=wish.account_id)
    execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"checkout:{wish.account_id}"])
    parts = _parts(wish) if wish.consolidated_bill_id is None else _collected(wish, today)
    amount = sum(parts.values()) if parts else (wish.amount_minor or 0)
    _check(amount, today)
    known = _waiting(wish, amount, parts, at)
    if known is not None:
        return known.reference
    row = Checkout.objects.create(
        account_id=wish.account_id,
        consolidated_bill_id=wish.consolidated_bill_id,
        provider=wish.provider,
        reference="C" + base64.b32encode(token_bytes(13)).decode().rstrip("="),
        amount_minor=amount,
        currency=supplier.current().currency,
        origin=wish.origin.value,
        created_at=at,
        expires_at=at + timedelta(minutes=int(rule["minutes"])),
        actor_id=actor.id,
    )
    CheckoutBill.objects.bulk_create(
        CheckoutBill(checkout=row, bill_id=bill_id, amount_minor=part) for bill_id, part in parts.items()
    )
    audit.record(actor, "begin_checkout", "account", wish.account_id, checkout=row.id, provider=wish.provider)
    return row.reference


def _parts(wish: Wish) -> dict[int, int]:
    """
    Return what is open of each bill that is to be paid. [minor unit]

    :raises BadCheckout: nothing is open of one, or it is not of this account.
    """
    wanted = sorted({*wish.bill_ids, *(bill_id for bill_id, _ in wish.parts)})
    if len(wanted) > BILLS_MOST or (wanted and wish.amount_minor is not None):
        raise BadCheckout("Name bills or an amount.", advice="Choose fewer bills, or enter an amount alone.")
    open_of = {card.id: card.open_minor for card in bills.listed(bill_ids=wanted) if card.account_id == wish.account_id}
    if any(open_of.get(bill_id, 0) <= 0 for bill_id in wanted):
        raise BadCheckout("Nothing is open of one of the bills.", advice="Load the page anew.", field="bills")
    if any(not 0 < minor <= open_of[bill_id] for bill_id, minor in wish.parts):
        raise BadCheckout("Not so much is open of one of the bills.", advice="Load the page anew.", field="bills")
    return {**open_of, **dict(wish.parts)}


def _collected(wish: Wish, today: date) -> dict[int, int]:
    """
    Return what is open of each bill of a consolidated bill. [minor unit]

    :raises BadCheckout: nothing is.
    """
    assert wish.consolidated_bill_id is not None
    found = consolidated.open_bills(consolidated_bill_id=wish.consolidated_bill_id, today=today)
    if not found:
        raise BadCheckout("Nothing is open of this bill.", advice="Load the page anew.", field="bills")
    return {one.bill_id: one.open_minor for one in found}


def _check(amount_minor: int, today: date) -> None:
    bounds = queries.bounds(today=today)
    if not bounds.least_minor <= amount_minor <= bounds.most_minor:
        raise BadCheckout(
            "So much, or so little, cannot be paid online at once.",
            advice="Pay in parts, or by bank.",
            field="amount",
            least_minor=bounds.least_minor,
            most_minor=bounds.most_minor,
        )


def _waiting(wish: Wish, amount_minor: int, parts: dict[int, int], at: datetime) -> Checkout | None:
    """Return the same wish that waits at the provider already; a payer who presses twice pays once."""
    rows = Checkout.objects.filter(
        account_id=wish.account_id,
        consolidated_bill_id=wish.consolidated_bill_id,
        provider=wish.provider,
        amount_minor=amount_minor,
        state=CheckoutState.CREATED.value,
        origin=wish.origin.value,
        expires_at__gt=at + LEAST_LEFT,
    ).exclude(page_url="", qr="")
    for row in rows.order_by("-id")[:5]:
        if dict(row.parts.values_list("bill_id", "amount_minor")) == parts:
            return row
    return None


def _order(row: Checkout) -> Order:
    number, subject = accounts.card(account_id=row.account_id).number, gettext("Electricity, account %(number)s")
    if row.consolidated_bill is not None:
        number, subject = row.consolidated_bill.number, gettext("Electricity, consolidated bill %(number)s")
    return Order(
        reference=row.reference,
        amount_minor=row.amount_minor,
        currency=row.currency,
        subject=subject % {"number": f"…{number[-4:]}"},
        return_url=f"{settings.SITE_URL}{BACK_PATH}{row.reference}/",
        expires_at=row.expires_at,
    )


@opens_transaction
def _keep_offer(checkout_id: int, offered: Offered) -> Checkout:
    row = Checkout.objects.select_for_update().get(id=checkout_id)
    row.provider_reference, row.page_url, row.qr = offered.reference, offered.page_url, offered.qr
    row.save(update_fields=["provider_reference", "page_url", "qr"])
    return row
