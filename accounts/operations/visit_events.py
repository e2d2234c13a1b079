"""Visits that follow one event of many customers at once, as when an outage is over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from accounts.domain.visits import VisitPlan, plan_for
from accounts.models.account import AccountHolder
from accounts.models.care import CustomerSegment, FollowUpVisit
from accounts.operations.visits import SUBJECT
from accounts.queries import care_rules
from cis.kernel.actors import SYSTEM
from cis.platform import audit
from cis.platform.db import joins_transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """An account that an event has met, at a place."""

    account_id: int
    place_id: int


def is_followed(*, event: str, day: date) -> bool:
    """Return whether the rules of the place plan a visit after such an event at all."""
    return any(plan.event == event for plan in care_rules.visit_plans(at=day).values())


@joins_transaction
def plan_many_step(*, event: str, source_id: int, met: Sequence[Met], day: date) -> int:
    """
    Plan the visits that the rules want after an event, one for each account; the same event again plans nothing new.

    :param source_id: the case that it comes of.
    :returns: how many were planned. Five statements for any number.
    """
    plans = care_rules.visit_plans(at=day)
    by_account = {one.account_id: one for one in reversed(met)}
    if not by_account or not is_followed(event=event, day=day):
        return 0
    holders = dict(
        AccountHolder.objects.filter(account_id__in=by_account, period__contains=day).values_list(
            "account_id", "customer_id"
        )
    )
    segments = dict(
        CustomerSegment.objects.filter(customer_id__in=holders.values()).values_list("customer_id", "segment")
    )
    chosen = {
        account_id: plan
        for account_id, customer_id in holders.items()
        if (plan := plan_for(event=event, segment=segments.get(customer_id, ""), plans=plans.values()))
    }
    keys = {f"{event}:{source_id}:{account_id}": account_id for account_id in chosen}
    known = set(FollowUpVisit.objects.filter(key__in=keys).values_list("key", flat=True))
    rows = [
        _visit(key, chosen[account_id], by_account[account_id], holders[account_id], segments, day)
        for key, account_id in keys.items()
        if key not in known
    ]
    FollowUpVisit.objects.bulk_create(rows)
    if rows:
        audit.record_many(SYSTEM, "plan", SUBJECT, [row.id for row in rows], event=event)
    return len(rows)


def _visit(key: str, plan: VisitPlan, met: Met, customer_id: int, segments: dict[int, str], day: date) -> FollowUpVisit:
    start_date, due_date = plan.days(day)
    return FollowUpVisit(
        key=key, customer_id=customer_id, account_id=met.account_id, plan=plan.code, way=plan.way.value,
        segment=segments.get(customer_id, ""), start_date=start_date, due_date=due_date, place_id=met.place_id,
        actor_name=SYSTEM.name,
    )  # fmt: skip
