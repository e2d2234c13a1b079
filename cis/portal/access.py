"""
The one guard of the portal: the only way to obtain an account or a bill there.

What is foreign answers like what does not exist: 404. A customer sees of an account the time in which they held it,
and no more: neither the bills of who was there before, nor of who came after.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from django.http import Http404, HttpRequest
from django.utils import timezone

from accounts.queries import accounts
from billing.queries import bills
from billing.queries.bills import BillCard, BillDetail, UnknownBill

REMEMBERED = "portal_account"
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """
    An account that the customer holds or held.

    spans  (first day, first day of the next holder or None), latest first: the last holder of a closed account stays
    """

    account_id: int
    number: str
    spans: tuple[tuple[date, date | None], ...]

    def covers(self, day: date) -> bool:
        """Return whether what concerns this day is the customer's."""
        return any(start <= day and (end is None or day < end) for start, end in self.spans)

    def shows(self, card: BillCard) -> bool:
        """Return whether a bill is the customer's: it belongs to who held the account on its last day."""
        return self.covers(card.end_date - DAY)

    @property
    def since(self) -> date:
        """The day on which the customer took the account over, for the last time."""
        return self.spans[0][0]

    @property
    def is_current(self) -> bool:
        """Whether nobody holds the account after the customer, so that its balance is theirs."""
        return self.spans[0][1] is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Who looks, at what: all accounts of the customer, and the one chosen; None if there is none at all."""

    customer_id: int
    held: tuple[Held, ...]
    chosen: Held | None


def visit(request: HttpRequest) -> Visit:
    """
    Return the visit of a signed-in customer; two statements.

    The account is the one named by ``?account=``, else the one last looked at, else the first that is current.

    :raises Http404: the account named is not the customer's, or does not exist.
    """
    customer_id: int = request.user.customer_id  # type: ignore[union-attr, assignment]
    held = _held(customer_id)
    named = request.GET.get("account")
    if named is not None:
        return _visit(request, customer_id, held, _of_number(held, named))
    remembered = request.session.get(REMEMBERED)
    chosen = next((one for one in held if one.number == remembered), None)
    first = next((one for one in held if one.is_current), held[0] if held else None)
    return Visit(customer_id=customer_id, held=held, chosen=chosen or first)


def bill(request: HttpRequest, number: str) -> tuple[Visit, BillDetail]:
    """
    Return a bill by its number with the visit, its account chosen.

    :raises Http404: the bill is not the customer's, is a draft, or does not exist.
    """
    customer_id: int = request.user.customer_id  # type: ignore[union-attr, assignment]
    held = _held(customer_id)
    try:
        bill_id = bills.id_of_number(number)
        found = bills.one(bill_id=bill_id, account_ids=[one.account_id for one in held])
    except UnknownBill:
        raise Http404 from None
    owner = next(one for one in held if one.account_id == found.card.account_id)
    if not owner.shows(found.card):
        raise Http404
    return _visit(request, customer_id, held, owner), found


def today() -> date:
    """Return the local date of the visit."""
    return timezone.localdate()


def _visit(request: HttpRequest, customer_id: int, held: tuple[Held, ...], chosen: Held) -> Visit:
    if request.session.get(REMEMBERED) != chosen.number:
        request.session[REMEMBERED] = chosen.number
    return Visit(customer_id=customer_id, held=held, chosen=chosen)


def _of_number(held: tuple[Held, ...], number: str) -> Held:
    for one in held:
        if one.number == number:
            return one
    raise Http404


def _held(customer_id: int) -> tuple[Held, ...]:
    """Return the customer's accounts by number; what the next holder took over is not theirs."""
    own = accounts.held_by(customer_id=customer_id)
    starts: dict[int, list[date]] = defaultdict(list)
    for span in accounts.holders(account_ids={span.account_id for span in own}):
        starts[span.account_id].append(span.start_date)
    spans: dict[tuple[int, str], list[tuple[date, date | None]]] = defaultdict(list)
    for span in own:
        later = [start for start in starts[span.account_id] if start > span.start_date]
        spans[span.account_id, span.account_number].append((span.start_date, min(later, default=None)))
    return tuple(
        Held(account_id=account_id, number=number, spans=tuple(found)) for (account_id, number), found in spans.items()
    )
