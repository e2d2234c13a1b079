"""What is known of orders of disconnection, for `may_cut` to judge: a constant number of statements for any number."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from django.db.models import Q

from arrears.domain.cut_facts import (
    Approval,
    CutNotice,
    Debt,
    Demand,
    Facts,
    Forecast,
    Hold,
    HoldKind,
    Moment,
    PrepaidFacts,
)
from arrears.domain.disconnection import OrderAction
from arrears.models import collection as tables
from arrears.queries import hindrances, prepaid_notices, rules
from billing.queries import balances, prepaid
from cis.platform.db import fetch
from contracts.queries import important

_DEBTS = """
    SELECT * FROM (
        SELECT b.account_id, b.id, b.due_date, b.amount_minor - coalesce((
            SELECT sum(x.amount_minor) FROM billing_allocation x WHERE x.bill_id = b.id), 0)::bigint AS open_minor
        FROM billing_bill b
        WHERE b.account_id = ANY(%s) AND b.state = 'issued' AND b.due_date IS NOT NULL AND b.amount_minor > 0) d
    WHERE open_minor > 0 ORDER BY due_date, id
"""
_AGREED = [OrderAction.SUPPORT.value, OrderAction.APPROVE.value]


def of_orders(*, orders: Sequence[tables.DisconnectionOrder], now: Moment) -> tuple[Facts, ...]:
    """Return the facts of orders in their order, the balance read anew."""
    accounts = sorted({order.account_id for order in orders})
    points = sorted({order.service_point_id for order in orders})
    debts, demands = debts_of(account_ids=accounts), _demands(accounts)
    owed = balances.owed_minor(account_ids=accounts)
    grades = important.grades(service_point_ids=points, on=now.day)
    agreed = _approvals([order.id for order in orders])
    held = holds_of(account_ids=accounts, service_point_ids=points)
    hindered = hindrances.of_accounts(account_ids=accounts, at=now.at)
    foretold = _forecast(now.at)
    running = prepaid.of_accounts(account_ids=accounts, today=now.day)
    balance = _prepaid({order.prepayment_id for order in orders if order.prepayment_id is not None}, now)
    return tuple(
        Facts(
            debts=debts.get(order.account_id, ()),
            owed_minor=owed.get(order.account_id, 0),
            demands=demands.get(order.account_id, ()),
            notice=_notice(order),
            reminded_at=order.reminded_at,
            holds=(
                *(hold for of, at, hold in held if of == order.account_id or at == order.service_point_id),
                *hindered.get(order.account_id, ()),
            ),
            importance=str(grades.get(order.service_point_id, "")),
            copied_at=order.copied_at,
            approvals=agreed.get(order.id, ()),
            proposer_id=order.proposer_id,
            forecast=foretold,
            prepaid=None if order.prepayment_id is None else balance[order.prepayment_id],
            is_prepaid=order.account_id in running,
        )
        for order in orders
    )


def debts_of(*, account_ids: Collection[int]) -> dict[int, tuple[Debt, ...]]:
    """Return what is open of the bills of accounts, oldest due date first, by account; one statement. [minor unit]"""
    found: dict[int, tuple[Debt, ...]] = {}
    for account_id, bill_id, due_date, open_minor in fetch(_DEBTS, [list(account_ids)]):
        found[account_id] = (*found.get(account_id, ()), Debt(bill_id, due_date, open_minor))
    return found


def holds_of(
    *, account_ids: Collection[int], service_point_ids: Collection[int] = ()
) -> tuple[tuple[int, int | None, Hold], ...]:
    """
    Return all holds of accounts, and those that protect places, each with its account and its place; those that ended
    too; one statement.
    """
    rows = tables.Hold.objects.filter(
        Q(account_id__in=list(account_ids)) | Q(service_point_id__in=list(service_point_ids))
    ).order_by("id")
    return tuple(
        (
            row.account_id,
            row.service_point_id,
            Hold(row.id, HoldKind(row.kind), row.since_at, row.until_at, row.bill_id, row.evidence),
        )
        for row in rows
    )


def _demands(account_ids: Collection[int]) -> dict[int, tuple[Demand, ...]]:
    rows = tables.CollectionMove.objects.filter(case__account_id__in=list(account_ids)).order_by("id")
    found: dict[int, tuple[Demand, ...]] = {}
    for account_id, step, proven_at in rows.values_list("case__account_id", "step", "proven_at"):
        found[account_id] = (*found.get(account_id, ()), Demand(step, proven_at))
    return found


def _approvals(order_ids: Collection[int | None]) -> dict[int, tuple[Approval, ...]]:
    """Return who agreed to orders; one that was not written yet, of no id, has no moves."""
    rows = tables.DisconnectionMove.objects.filter(
        order_id__in=[one for one in order_ids if one is not None], action__in=_AGREED, actor_id__isnull=False
    ).order_by("id")
    found: dict[int, tuple[Approval, ...]] = {}
    for order_id, actor_id, at in rows.values_list("order_id", "actor_id", "at"):
        if actor_id is not None:
            found[order_id] = (*found.get(order_id, ()), Approval(actor_id, at))
    return found


def _prepaid(prepayment_ids: Collection[int], now: Moment) -> Mapping[int, PrepaidFacts]:
    """Return what is known of the balances of prepayments; two statements, none where there are none."""
    if not prepayment_ids:
        return {}
    told = prepaid_notices.told_of(prepayment_ids=prepayment_ids, is_delivered=rules.wants_delivery(at=now.day))
    known = {
        found.id: PrepaidFacts(
            is_running=found.runs_on(now.day),
            balance_minor=found.balance_minor,
            rated_until=found.rated_until,
            review=found.review,
            cut_date=found.cut_date,
            told_at=told.get(found.id),
        )
        for found in prepaid.some(prepayment_ids=prepayment_ids, today=now.day)
    }
    none = PrepaidFacts(is_running=False, balance_minor=None, rated_until=None, review="", cut_date=None, told_at=None)
    return {one: known.get(one, none) for one in prepayment_ids}


def _notice(order: tables.DisconnectionOrder) -> CutNotice | None:
    if order.slot_start_at is None or order.slot_end_at is None:
        return None
    return CutNotice(frozenset(order.bill_ids), order.notice_proven_at, order.slot_start_at, order.slot_end_at)


def _forecast(at: datetime) -> Forecast | None:
    row = tables.Forecast.objects.filter(made_at__lte=at).order_by("-made_at").first()
    return None if row is None else Forecast(row.made_at, row.until_at, row.coldest_tenths, row.hottest_tenths)
