"""Which segments of a bill have energy that was dealt to days, since no read lies where they begin or end."""

from collections.abc import Sequence

from billing.models.bill import BillSegment
from metering.queries import evidence
from tariffs.domain.plan import SplitBy
from tariffs.queries import plans


def split_by(*, rows: Sequence[BillSegment]) -> dict[int, str]:
    """
    Return by what the energy of some segments was dealt to them, ``SplitBy``, by id; others are left out.

    rows  of one bill, with their agreements. One statement where estimated ones have a tariff that splits; else none
    """
    asked = [row for row in rows if row.is_estimated and _way(row) is not SplitBy.READ]
    if not asked:
        return {}
    spans = evidence.spans(
        service_point_ids=sorted({row.agreement.service_point_id for row in asked}),
        start_date=min(row.start_date for row in asked),
        end_date=max(row.end_date for row in asked),
        known_at=asked[0].bill.created_at,
    )
    return {
        row.id: str(_way(row))
        for row in asked
        if any(
            one.service_point_id == row.agreement.service_point_id
            and not one.is_interval
            and one.start_date < row.end_date
            and one.end_date > row.start_date
            and (one.start_date < row.start_date or one.end_date > row.end_date)
            for one in spans
        )
    }


def _way(row: BillSegment) -> SplitBy:
    return plans.compiled(row.tariff_version_id).usage_split
