"""Bill cycles: groups of accounts that are billed together."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Count

from billing.domain.energizing import CycleChoice, choose_cycle
from billing.models.energizing import CycleRule
from billing.models.run import BillCycle
from cis.platform.db import fetch


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleCard:
    """A cycle with the number of its accounts."""

    id: int
    code: str
    name_zh: str
    name_en: str
    run_day: int
    is_unattended: bool
    accounts: int


def listed() -> tuple[CycleCard, ...]:
    """Return all cycles by code; one statement."""
    rows = BillCycle.objects.annotate(accounts=Count("members")).order_by("code")
    return tuple(CycleCard(**row) for row in rows.values(*CycleCard.__dataclass_fields__))


def of_account(*, account_id: int) -> CycleCard | None:
    """Return the cycle of an account, None if it is in none; one statement. ``accounts`` is not counted here: 0."""
    row = BillCycle.objects.filter(members__account_id=account_id).values(*_PLAIN).first()
    return CycleCard(accounts=0, **row) if row else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCard:
    """Which cycle bills new supplies; district "" = all, use_class "" = all."""

    id: int
    district: str
    use_class: str
    cycle_code: str


def rules() -> tuple[RuleCard, ...]:
    """Return the rules that choose the cycle of new supplies, by district and class; one statement."""
    rows = CycleRule.objects.order_by("district", "use_class").values_list("id", "district", "use_class", "cycle__code")
    return tuple(RuleCard(id=one[0], district=one[1], use_class=one[2], cycle_code=one[3]) for one in rows)


def chosen(*, district: str, use_class: str) -> str | None:
    """Return the code of the cycle that bills a new supply, None: no rule fits it; one statement."""
    choices = [
        CycleChoice(cycle_code=rule.cycle_code, district=rule.district, use_class=rule.use_class) for rule in rules()
    ]
    return choose_cycle(choices=choices, district=district, use_class=use_class)


_PLAIN = tuple(name for name in CycleCard.__dataclass_fields__ if name != "accounts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """
    What a run over a cycle and period would meet.

    accounts        that have a supply in the period
    agreements      of these accounts
    billed          accounts that have an issued bill of the period already: only a difference is billed
    without_usage   accounts with a supply for which no usage at all is approved in the period: they will be held
    """

    accounts: int
    agreements: int
    billed: int
    without_usage: int


def preview(*, cycle_id: int | None, start_date: date, end_date: date) -> Preview:
    """Return what a run would meet; one statement. ``cycle_id`` None = all accounts."""
    [row] = fetch(_PREVIEW, {"cycle": cycle_id, "start": start_date, "end": end_date})
    return Preview(**dict(zip(Preview.__dataclass_fields__, row, strict=True)))


_PREVIEW = """
WITH scope AS (
    SELECT g.account_id, count(*) AS agreements, bool_or(EXISTS (
        SELECT 1 FROM metering_usage u WHERE u.service_point_id = g.service_point_id AND u.is_current
          AND u.start_date < %(end)s AND u.end_date > %(start)s)) AS has_usage
    FROM contracts_serviceagreement g
    WHERE g.period && daterange(%(start)s, %(end)s)
      AND (%(cycle)s::bigint IS NULL OR EXISTS (
          SELECT 1 FROM billing_cyclemember m WHERE m.account_id = g.account_id AND m.cycle_id = %(cycle)s))
    GROUP BY g.account_id
)
SELECT count(*), coalesce(sum(agreements), 0)::bigint,
       count(*) FILTER (WHERE EXISTS (
           SELECT 1 FROM billing_bill b WHERE b.account_id = scope.account_id AND b.state = 'issued'
             AND b.kind = 'regular' AND b.start_date < %(end)s AND b.end_date > %(start)s)),
       count(*) FILTER (WHERE NOT has_usage)
FROM scope
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSums:
    """What a run came to, from its chunks, and how many accounts wait for a person. [minor unit, Wh]"""

    accounts: int
    bills: int
    amount_minor: int
    energy_wh: int
    held: int


def run_sums(*, run_ids: Iterable[int]) -> dict[int, RunSums]:
    """Return the sums of some runs by id; one statement."""
    rows = fetch(_RUN_SUMS, {"runs": list(run_ids)})
    return {run_id: RunSums(**dict(zip(RunSums.__dataclass_fields__, values, strict=True))) for run_id, *values in rows}


_RUN_SUMS = """
SELECT c.run_id, coalesce(sum(cardinality(c.account_ids)) FILTER (WHERE c.state <> 'split'), 0)::bigint,
       coalesce(sum(c.bills), 0)::bigint, coalesce(sum(c.amount_minor), 0)::bigint,
       coalesce(sum(c.energy_wh), 0)::bigint,
       (SELECT count(*) FROM billing_heldbill h WHERE h.run_id = c.run_id AND h.state = 'open')
FROM billing_runchunk c WHERE c.run_id = ANY(%(runs)s) GROUP BY c.run_id
"""
