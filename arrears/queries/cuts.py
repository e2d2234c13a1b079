"""May this account be cut off? The facts as they stand, and the answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from arrears.domain.cut import may_cut
from arrears.domain.cut_facts import Blocker, CutRule, Debt, Hold, Moment, moment
from arrears.domain.disconnection import OrderAction
from arrears.models import collection as tables
from arrears.queries import order_facts, rules
from cis.kernel.calendar import local_clock
from cis.kernel.errors import Refused
from cis.platform import calendars, packs
from contracts.queries import important


class UnknownOrder(Refused):
    """There is no such order of disconnection."""

    code = "unknown_disconnection"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCard:
    """An order as a list or page shows it, and why its supply must not be cut off now."""

    id: int
    account_id: int
    service_point_id: int
    state: str
    way: str
    reason: str
    proposer_name: str
    expires_at: datetime
    bill_ids: tuple[int, ...]
    blockers: tuple[Blocker, ...]


def moment_of(at: datetime) -> Moment:
    """Return an instant with the clock and the calendar of this installation."""
    clock = local_clock(settings.TIME_ZONE)
    country = packs.rule("holiday_country", at=clock.local_date(at))
    return moment(at=at, clock=clock, calendar=calendars.business_calendar(country))


def blockers(*, order: tables.DisconnectionOrder, at: datetime) -> tuple[Blocker, ...]:
    """
    Return every reason why the supply of an order must not be cut off at an instant; the balance is read anew.

    :raises MissingRule: the pack of the place has no rule of disconnection for the class.
    """
    return blockers_of(orders=[order], at=at)[0]


def blockers_of(*, orders: Sequence[tables.DisconnectionOrder], at: datetime) -> tuple[tuple[Blocker, ...], ...]:
    """
    Return for each order every reason why its supply must not be cut off at an instant, in a constant number of
    statements.

    :raises MissingRule: the pack of the place has no rule of disconnection for a class.
    """
    now = moment_of(at)
    known = order_facts.of_orders(orders=orders, now=now)
    return tuple(
        may_cut(facts=facts, rule=rule_of(order=order, at=at), moment=now)
        for order, facts in zip(orders, known, strict=True)
    )


def rule_of(*, order: tables.DisconnectionOrder, at: datetime) -> CutRule:
    """
    Return the rule by which the supply of an order may be cut off: for debts, or for the balance of a prepaid account.

    :raises MissingRule: the pack of the place has none.
    """
    day = moment_of(at).day
    if order.prepayment_id is not None:
        return rules.prepaid_cut_rule(at=day)
    return rules.cut_rule(customer_class=order.customer_class, at=day)


def is_important(*, order: tables.DisconnectionOrder, at: datetime) -> bool:
    """Return whether the supply is in the register of important customers."""
    return bool(important.grades(service_point_ids=[order.service_point_id], on=moment_of(at).day))


def gone(*, at: datetime) -> int:
    """Return how many supplies were told to be cut off for debts on the local day of an instant; one statement."""
    now = moment_of(at)
    start, end = (now.clock.day_start_utc(day) for day in (now.day, now.day + timedelta(days=1)))
    moves = tables.DisconnectionMove.objects.filter(
        action=OrderAction.DISPATCH.value, order__prepayment_id=None, at__gte=start, at__lt=end
    )
    return moves.count()


def one(*, order_id: int, at: datetime) -> OrderCard:
    """
    Return an order with every reason against it.

    :raises UnknownOrder: there is none.
    """
    row = tables.DisconnectionOrder.objects.filter(id=order_id).first()
    if row is None:
        raise UnknownOrder(f"There is no disconnection order {order_id}.", order_id=order_id)
    return OrderCard(
        id=row.id, account_id=row.account_id, service_point_id=row.service_point_id, state=row.state, way=row.way,
        reason=row.reason, proposer_name=row.proposer_name, expires_at=row.expires_at, bill_ids=tuple(row.bill_ids),
        blockers=blockers(order=row, at=at),
    )  # fmt: skip


def debts(*, account_id: int) -> tuple[Debt, ...]:
    """Return what is open of the bills of an account, oldest due date first; one statement. [minor unit]"""
    return order_facts.debts_of(account_ids=[account_id]).get(account_id, ())


def holds(*, account_id: int) -> tuple[Hold, ...]:
    """Return all holds of an account, those that ended too; one statement."""
    return tuple(hold for of, _at, hold in order_facts.holds_of(account_ids=[account_id]) if of == account_id)
