"""What a plan of instalments would be: which debts, which parts, and who may agree on it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from arrears.domain import instalments
from arrears.domain.instalments import BadPlan, Part
from arrears.domain.plan_limits import Asked, Excess, PlanLimit, exceeded
from arrears.queries import cuts, hindrances, late_fees, plan_rules
from arrears.queries.plan_rules import PlanRule
from billing.queries import bills
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.periods import add_months
from cis.platform.db import fetch

BILLS_MOST = 100_000
_BEFORE = """
    SELECT count(*) FILTER (WHERE p.accepted_date > %(year)s),
           count(*) FILTER (WHERE p.state = 'broken' AND p.ended_date > %(broken)s) > 0,
           EXISTS (SELECT 1 FROM arrears_disconnectionorder o WHERE o.account_id = %(account)s
                   AND o.state IN ('dispatched', 'recalled', 'cut', 'restoring')),
           EXISTS (SELECT 1 FROM arrears_hold h WHERE h.account_id = %(account)s
                   AND h.kind IN ('life_support', 'vulnerable') AND h.since_at <= %(at)s
                   AND (h.until_at IS NULL OR h.until_at > %(at)s))
    FROM arrears_instalmentplan p WHERE p.account_id = %(account)s AND p.id <> %(but)s
"""
_HELD = """
    SELECT bill_id FROM arrears_hold
    WHERE account_id = %(account)s AND bill_id IS NOT NULL AND since_at <= %(at)s
      AND (until_at IS NULL OR until_at > %(at)s)
"""
# A bill belongs to who held the account on its last day: the debts of a former holder are no debts of this one.
_OWN = """
    SELECT b.id FROM billing_bill b
    WHERE b.account_id = %(account)s AND b.state = 'issued' AND b.amount_minor > 0 AND b.end_date > (
        SELECT lower(h.period) FROM accounts_accountholder h WHERE h.account_id = %(account)s
        ORDER BY lower(h.period) DESC LIMIT 1)
"""


@dataclass(frozen=True, slots=True)
class PlanWish:
    """
    A plan as somebody wishes it.

    count         of parts
    day           of the month on which they are due
    is_first_now  the first is paid at once
    bill_ids      debts that it covers; none: those that the pack covers
    """

    count: int
    day: int
    is_first_now: bool
    bill_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDebt:
    """
    A debt that a plan may cover. [minor unit]

    late_fee_minor  up to today and not charged yet; the plan takes it in where it stops late fees
    is_usual        the pack covers it where nobody says otherwise
    """

    bill_id: int
    number: str
    kind: str
    due_date: date
    open_minor: int
    late_fee_minor: int
    is_usual: bool

    @property
    def together_minor(self) -> int:
        """Return what a plan covers of it. [minor unit]"""
        return self.open_minor + self.late_fee_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a plan would be. ``excess``: why the asker may not agree on it alone. [minor unit]"""

    debts: tuple[OpenDebt, ...]
    parts: tuple[Part, ...]
    excess: tuple[Excess, ...]
    rule: PlanRule

    @property
    def total_minor(self) -> int:
        """Return what the plan covers. [minor unit]"""
        return sum(debt.together_minor for debt in self.debts)

    @property
    def late_fee_minor(self) -> int:
        """Return what of it is late fees that are not charged yet. [minor unit]"""
        return sum(debt.late_fee_minor for debt in self.debts)


def debts(*, account_id: int, today: date, at: datetime) -> tuple[OpenDebt, ...]:
    """
    Return the debts of an account that a plan may cover, oldest due date first; a constant number of statements.

    Bills that are held, as one that is disputed or is debited, are none, and neither are those of a former holder.

    :raises MissingRule: the pack offers no plans.
    """
    rule = plan_rules.rule(at=today)
    held = {row[0] for row in fetch(_HELD, {"account": account_id, "at": at})}
    told = hindrances.of_accounts(account_ids=[account_id], at=at).get(account_id, ())
    held |= {hold.bill_id for hold in told if hold.bill_id is not None}
    own = {row[0] for row in fetch(_OWN, {"account": account_id})}
    fees = {}
    if rule.stops_late_fees:
        fees = {one.bill_id: one.accrued_minor for one in late_fees.accruals(account_id=account_id, today=today)}
    found = [
        OpenDebt(
            bill_id=card.id, number=card.number, kind=card.kind, due_date=card.due_date, open_minor=card.open_minor,
            late_fee_minor=fees.get(card.id, 0), is_usual=rule.covers_open or card.due_date < today,
        )
        for card in bills.of_account(account_id=account_id, most=BILLS_MOST)
        if card.due_date is not None and card.open_minor > 0 and card.id in own - held
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda one: (one.due_date, one.bill_id)))


def preview(*, account_id: int, wish: PlanWish, actor: Actor, at: datetime) -> Preview:
    """
    Return what a plan would be; a constant number of statements.

    :raises MissingRule: the pack offers no plans.
    :raises BadPlan: nothing is to be covered, a bill is not there to be, or the parts cannot be as wished.
    """
    now = cuts.moment_of(at)
    rule = plan_rules.rule(at=now.day)
    chosen = _chosen(debts(account_id=account_id, today=now.day, at=at), wish.bill_ids)
    total = sum(debt.together_minor for debt in chosen)
    parts = instalments.parts(
        total_minor=total, count=wish.count, day=wish.day, is_first_now=wish.is_first_now, start=now.day,
        shape=rule.shape, calendar=now.calendar,
    )  # fmt: skip
    asked = asked_for(account_id=account_id, total_minor=total, count=wish.count, rule=rule, at=at)
    excess = exceeded(limit=rule.limit_of(actor), asked=asked, is_customer=_is_customer(actor))
    return Preview(debts=chosen, parts=parts, excess=excess, rule=rule)


def asked_for(
    *, account_id: int, total_minor: int, count: int, rule: PlanRule, at: datetime, but_plan_id: int = 0
) -> Asked:
    """Return what limits look at for a plan of an account, one plan left out; one statement."""
    today = cuts.moment_of(at).day
    values = {
        "account": account_id, "year": add_months(today, -12), "broken": add_months(today, -rule.broken_months),
        "at": at, "but": but_plan_id,
    }  # fmt: skip
    ((in_year, was_broken, is_cut, is_protected),) = fetch(_BEFORE, values)
    return Asked(
        total_minor=total_minor, count=count, in_year=in_year, was_broken=was_broken, is_cut=is_cut,
        protected_parts=rule.protected_parts if is_protected else 0,
    )  # fmt: skip


def counts(*, account_id: int, total_minor: int, actor: Actor, at: datetime) -> tuple[int, ...]:
    """Return the numbers of parts that somebody may choose alone for an amount; none: no plan alone. One statement."""
    rule = plan_rules.rule(at=cuts.moment_of(at).day)
    limit: PlanLimit = rule.limit_of(actor)
    asked = asked_for(account_id=account_id, total_minor=total_minor, count=instalments.PARTS_LEAST, rule=rule, at=at)
    if exceeded(limit=limit, asked=asked, is_customer=_is_customer(actor)):
        return ()
    most = max(limit.parts, asked.protected_parts)
    return tuple(
        range(
            instalments.PARTS_LEAST,
            instalments.most_parts(total_minor=total_minor, shape=rule.shape, most=most) + 1,
        )
    )


def _chosen(found: tuple[OpenDebt, ...], bill_ids: Collection[int]) -> tuple[OpenDebt, ...]:
    wanted = set(bill_ids) or {debt.bill_id for debt in found if debt.is_usual}
    chosen = tuple(debt for debt in found if debt.bill_id in wanted)
    if not chosen or len(chosen) < len(wanted):
        raise BadPlan("Nothing is there to be paid in parts.", advice="Choose bills that are open.", field="bills")
    return chosen


def _is_customer(actor: Actor) -> bool:
    return actor.kind in {ActorKind.CUSTOMER, ActorKind.CLIENT}
