"""May this account be cut off? The facts as they stand, and the answer."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Q

from arrears.domain.cut import may_cut
from arrears.domain.cut_facts import (
    Approval,
    Blocker,
    CutNotice,
    CutRule,
    Debt,
    Demand,
    Facts,
    Forecast,
    Hold,
    HoldKind,
    Moment,
    PrepaidFacts,
    moment,
)
from arrears.domain.disconnection import OrderAction
from arrears.models import collection as tables
from arrears.queries import hindrances, prepaid_notices, rules
from billing.queries import balances, bills, prepaid
from cis.kernel.calendar import local_clock
from cis.kernel.errors import Refused
from cis.platform import calendars, packs
from contracts.queries import important

BILLS_MOST = 100_000


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
    now = moment_of(at)
    return may_cut(facts=_facts(order, now), rule=rule_of(order=order, at=at), moment=now)


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
    """Return what is open of the bills of an account, oldest due date first; two statements. [minor unit]"""
    found = [
        Debt(card.id, card.due_date, card.open_minor)
        for card in bills.of_account(account_id=account_id, most=BILLS_MOST)
        if card.due_date is not None and card.open_minor > 0
    ]
    return tuple(sorted(found, key=lambda debt: (debt.due_date, debt.bill_id)))


def holds(*, account_id: int, service_point_id: int | None = None) -> tuple[Hold, ...]:
    """Return all holds of an account, and those that protect a place; those that ended too; one statement."""
    at_place = Q() if service_point_id is None else Q(service_point_id=service_point_id)
    rows = tables.Hold.objects.filter(Q(account_id=account_id) | at_place).order_by("id")
    return tuple(
        Hold(row.id, HoldKind(row.kind), row.since_at, row.until_at, row.bill_id, row.evidence) for row in rows
    )


def _facts(order: tables.DisconnectionOrder, now: Moment) -> Facts:
    owed = balances.of_account(account_id=order.account_id, today=now.day).balance_minor
    grades = important.grades(service_point_ids=[order.service_point_id], on=now.day)
    agreed = tables.DisconnectionMove.objects.filter(
        order_id=order.id, action__in=[OrderAction.SUPPORT.value, OrderAction.APPROVE.value]
    )
    is_prepaid = order.account_id in prepaid.of_accounts(account_ids=[order.account_id], today=now.day)
    return Facts(
        debts=debts(account_id=order.account_id),
        owed_minor=owed,
        demands=_demands(order.account_id),
        notice=_notice(order),
        reminded_at=order.reminded_at,
        holds=(
            *holds(account_id=order.account_id, service_point_id=order.service_point_id),
            *hindrances.of_accounts(account_ids=[order.account_id], at=now.at).get(order.account_id, ()),
        ),
        importance=str(grades.get(order.service_point_id, "")),
        copied_at=order.copied_at,
        approvals=tuple(Approval(one.actor_id, one.at) for one in agreed if one.actor_id is not None),
        proposer_id=order.proposer_id,
        forecast=_forecast(now.at),
        prepaid=None if order.prepayment_id is None else _prepaid(order.prepayment_id, now),
        is_prepaid=is_prepaid,
    )


def _prepaid(prepayment_id: int, now: Moment) -> PrepaidFacts:
    found = prepaid.one(prepayment_id=prepayment_id, today=now.day)
    if found is None:
        return PrepaidFacts(
            is_running=False, balance_minor=None, rated_until=None, review="", cut_date=None, told_at=None
        )
    return PrepaidFacts(
        is_running=found.runs_on(now.day),
        balance_minor=found.balance_minor,
        rated_until=found.rated_until,
        review=found.review,
        cut_date=found.cut_date,
        told_at=prepaid_notices.told_at(prepayment_id=prepayment_id, is_delivered=rules.wants_delivery(at=now.day)),
    )


def _demands(account_id: int) -> tuple[Demand, ...]:
    rows = tables.CollectionMove.objects.filter(case__account_id=account_id)
    return tuple(Demand(step, proven_at) for step, proven_at in rows.values_list("step", "proven_at"))


def _notice(order: tables.DisconnectionOrder) -> CutNotice | None:
    if order.slot_start_at is None or order.slot_end_at is None:
        return None
    return CutNotice(frozenset(order.bill_ids), order.notice_proven_at, order.slot_start_at, order.slot_end_at)


def _forecast(at: datetime) -> Forecast | None:
    row = tables.Forecast.objects.filter(made_at__lte=at).order_by("-made_at").first()
    return None if row is None else Forecast(row.made_at, row.until_at, row.coldest_tenths, row.hottest_tenths)
