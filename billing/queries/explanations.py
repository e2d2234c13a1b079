"""Why a bill is as high as it is: what a customer asks first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from billing.domain import steps
from billing.domain.comparisons import Comparison, Use, compare
from billing.domain.steps import StepsReached
from billing.models.bill import BillKind, BillSegment
from billing.queries import bills, proof_rows
from billing.queries.bills import SHOWN_STATES, BillDetail, MonthOfUse, Segment
from cis.kernel.periods import add_months
from tariffs.domain.layout import counts_as_billed
from tariffs.queries import plans

MONTHS = 13
YEAR_MONTHS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """
    A bill beside its past.

    days      days of the billed period [d]
    month     the last month billed
    previous  the month before; None if nothing was billed of it
    year_ago  the same month a year before; None if nothing was billed of it
    steps     how far each agreement with steps has come, after this bill
    months    what was billed of the last 13 months, oldest first, this bill included
    """

    days: int
    month: date
    previous: Comparison | None
    year_ago: Comparison | None
    steps: tuple[StepsReached, ...]
    months: tuple[MonthOfUse, ...]


def of_bill(*, bill: BillDetail, since_date: date | None = None) -> Explanation:
    """
    Return why a bill is as high as it is; one statement, one more where steps count losses or credits, and one for
    each plan not compiled before.

    :param since_date: day on which the reader took the account over: what others used before is not shown.
    """
    card = bill.card
    months = bills.usage_by_month(account_id=card.account_id, end_date=card.end_date, months=MONTHS)
    if since_date is not None:
        months = tuple(month for month in months if month.month >= since_date.replace(day=1))
    if card.state not in SHOWN_STATES:
        months = _with_draft(months, bill.segments)
    by_month = {month.month: month for month in months}
    last = (card.end_date - timedelta(days=1)).replace(day=1)
    return Explanation(
        days=(card.end_date - card.start_date).days,
        month=last,
        previous=_compare(by_month, last, add_months(last, -1)),
        year_ago=_compare(by_month, last, add_months(last, -YEAR_MONTHS)),
        steps=() if card.kind == BillKind.CREDIT.value else _steps(bill.segments),
        months=months,
    )


def _compare(by_month: dict[date, MonthOfUse], now: date, then: date) -> Comparison | None:
    if now not in by_month or then not in by_month:
        return None
    one, other = by_month[now], by_month[then]
    return compare(
        now=Use(month=now, energy_wh=one.energy_wh, days=one.days),
        then=Use(month=then, energy_wh=other.energy_wh, days=other.days),
    )


def _steps(segments: Sequence[Segment]) -> tuple[StepsReached, ...]:
    """Return how far each agreement came: by its last segment that is not taken back."""
    last: dict[int, Segment] = {}
    for segment in segments:
        if segment.cancels_id is None and (
            segment.agreement_id not in last or last[segment.agreement_id].start_date <= segment.start_date
        ):
            last[segment.agreement_id] = segment
    counted = _counted(list(last.values()))
    found = (
        steps.reached(
            plan=plans.compiled(segment.tariff_version_id),
            household=segment.household,
            used_wh=segment.before_wh + counted[segment.id],
        )
        for segment in last.values()
    )
    return tuple(one for one in found if one is not None)


def _counted(segments: Sequence[Segment]) -> dict[int, int]:
    """
    Return what counts of segments in their steps, by id: where losses or credits change it, as it was billed. [Wh]

    One statement where some do.
    """
    asked = [one.id for one in segments if counts_as_billed(plan=plans.compiled(one.tariff_version_id))]
    kept = dict(BillSegment.objects.filter(id__in=asked).values_list("id", "handed_on")) if asked else {}
    return {
        one.id: proof_rows.counted_wh(
            plan=plans.compiled(one.tariff_version_id), used_wh=one.used_wh, handed_on=kept.get(one.id)
        )
        for one in segments
    }


def _with_draft(months: Sequence[MonthOfUse], segments: Sequence[Segment]) -> tuple[MonthOfUse, ...]:
    """Add what a draft will bill to what is billed."""
    by_month = {month.month: month for month in months}
    for segment in segments:
        month = segment.start_date.replace(day=1)
        before = by_month.get(month) or MonthOfUse(month=month, energy_wh=0, days=0, amount_minor=0, is_estimated=False)
        days = (segment.end_date - segment.start_date).days
        by_month[month] = replace(
            before,
            energy_wh=before.energy_wh + segment.used_wh,
            days=before.days + (days if segment.cancels_id is None else -days),
            amount_minor=before.amount_minor + segment.amount_minor,
            is_estimated=before.is_estimated or (segment.is_estimated and segment.cancels_id is None),
        )
    return tuple(by_month[month] for month in sorted(by_month))
