"""What a bill proof is gathered from: the segments of a bill with what they keep, and those that they follow."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from billing.domain.pieces import Pieces, PlanVersion
from billing.models.bill import Bill, BillLine, BillSegment
from billing.queries.bills import TAKEN_BACK_FIRST
from cis.platform.db import fetch
from contracts.queries.agreements import TermCard
from tariffs.domain import layout
from tariffs.domain.layout import HandedOn
from tariffs.domain.plan import Plan

NOT_KNOWN = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRow:
    """
    A segment as it is stored.

    agreement, service_point  external ids
    inputs, handed_on         see ``billing.domain.kept``; None: nothing was kept
    redelivered               newer versions of its interval days that were known
    """

    id: int
    bill_id: int
    agreement_id: int
    agreement: str
    service_point_id: int
    service_point: str
    tariff_id: int
    version_id: int
    start_date: date
    end_date: date
    period_start_date: date
    period_end_date: date
    used_wh: int
    before_wh: int
    household: int
    is_estimated: bool
    amount_minor: int
    inputs: list[int] | None
    handed_on: list[int] | None
    cancels_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """
    A segment that was in force when a later one of the same agreement was rated.

    agreement  external id
    bill       number, "" for the bill itself while it is a draft
    """

    id: int
    agreement_id: int
    agreement: str
    version_id: int
    bill: str
    start_date: date
    end_date: date
    period_start_date: date
    period_end_date: date
    used_wh: int
    handed_on: list[int] | None


_FIELDS = (
    "id", "bill_id", "agreement_id", "agreement__external_id", "agreement__service_point_id",
    "agreement__service_point__external_id", "tariff_version__tariff_id", "tariff_version_id", "start_date", "end_date",
    "period_start_date", "period_end_date", "used_wh", "before_wh", "household", "is_estimated", "amount_minor",
    "inputs", "handed_on", "cancels_id",
)  # fmt: skip


def made_at(*, bill_id: int) -> datetime:
    """Return when a bill was rated: what came later, it does not rest on; one statement."""
    return Bill.objects.values_list("created_at", flat=True).get(id=bill_id)


def segments(*, bill_id: int) -> tuple[SegmentRow, ...]:
    """Return the segments of a bill in the order of agreement and time, what is taken back first; one statement."""
    return _rows(
        BillSegment.objects.filter(bill_id=bill_id)
        .order_by("agreement_id", "start_date", TAKEN_BACK_FIRST, "id")
        .values_list(*_FIELDS)
    )


def taken_back(*, segment_ids: Sequence[int]) -> dict[int, tuple[SegmentRow, str, tuple[BillLine, ...]]]:
    """Return segments that a bill takes back with the number of their bill and their lines, by id; two statements."""
    if not segment_ids:
        return {}
    rows = BillSegment.objects.filter(id__in=segment_ids).values_list("bill__number", *_FIELDS)
    numbers = {row[1]: row[0] for row in rows}
    found = {row.id: row for row in _rows(row[1:] for row in rows)}
    lines: dict[int, list[BillLine]] = {segment_id: [] for segment_id in found}
    bill_ids = {row.bill_id for row in found.values()}
    for line in BillLine.objects.filter(bill_id__in=bill_ids, segment_id__in=list(found)).order_by("bill_id", "seq"):
        lines[line.segment_id].append(line)
    return {key: (row, numbers[key] or "", tuple(lines[key])) for key, row in found.items()}


def _rows(values: object) -> tuple[SegmentRow, ...]:
    return tuple(SegmentRow(**dict(zip(SegmentRow.__dataclass_fields__, row, strict=True))) for row in values)  # type: ignore[attr-defined]


def before(*, bill_id: int, agreement_ids: Sequence[int], since: date) -> tuple[Before, ...]:
    """
    Return the segments that held when a bill was rated and end after a day, its own included; one statement.

    By agreement and time. Held: issued by then, and taken back by nothing that was rated by then, nor by the bill.
    """
    given = {"bill": bill_id, "agreements": list(agreement_ids), "since": since}
    return tuple(Before(**dict(zip(Before.__dataclass_fields__, row, strict=True))) for row in fetch(_BEFORE, given))


def counted_wh(*, plan: Plan, used_wh: int, handed_on: list[int] | None) -> int:
    """Return the energy of a segment that counts in the tier cycle: as billed, where losses change it. [Wh]"""
    parts = layout.handed_layout(plan=plan)
    if not parts or parts[0].name != HandedOn.COUNTED_WH.value or not handed_on:
        return used_wh
    return handed_on[0]


def pieces_of(*, rows: Sequence[SegmentRow], versions: Sequence[PlanVersion]) -> Pieces:
    """Return segments as pieces, in their order; what was agreed is not looked at, so it is left out."""
    place = {one.version_id: at for at, one in enumerate(versions)}

    def column(name: str) -> np.ndarray:
        return np.array([getattr(row, name) for row in rows], dtype=np.int64)

    def days(name: str) -> np.ndarray:
        return np.array([getattr(row, name).toordinal() for row in rows], dtype=np.int64)

    nothing, yes = np.full(len(rows), NOT_KNOWN, dtype=np.int64), np.ones(len(rows), dtype=np.bool_)
    return Pieces(
        account_id=nothing,
        agreement_id=column("agreement_id"),
        count_of=column("agreement_id"),
        service_point_id=column("service_point_id"),
        tariff_id=column("tariff_id"),
        version=np.array([place[row.version_id] for row in rows], dtype=np.int64),
        household=column("household"),
        start_day=days("start_date"),
        end_day=days("end_date"),
        period_start_day=days("period_start_date"),
        period_end_day=days("period_end_date"),
        cycle_day=days("start_date"),
        is_billed=yes,
        is_rated=yes,
        is_own=yes,
        capacity_va=nothing,
        contract_w=nothing,
        suspended_va=nothing,
        green_blocks=nothing,
        features=nothing,
        feature_sets=((),),
    )


def term_of(terms: Sequence[TermCard], day: date) -> TermCard | None:
    """Return the term that holds on a day."""
    return next((one for one in terms if one.start_date <= day and (one.end_date is None or day < one.end_date)), None)


_BEFORE = """
WITH this AS (SELECT id, created_at FROM billing_bill WHERE id = %(bill)s)
SELECT s.id, s.agreement_id, a.external_id, s.tariff_version_id, coalesce(b.number, ''), s.start_date, s.end_date,
       s.period_start_date, s.period_end_date, s.used_wh, s.handed_on
FROM this, billing_billsegment s JOIN billing_bill b ON b.id = s.bill_id
JOIN contracts_serviceagreement a ON a.id = s.agreement_id
WHERE s.agreement_id = ANY(%(agreements)s) AND s.cancels_id IS NULL AND s.end_date > %(since)s
  AND (b.id = this.id OR (b.number IS NOT NULL AND b.id < this.id))
  AND NOT EXISTS (
      SELECT 1 FROM billing_billsegment c JOIN billing_bill cb ON cb.id = c.bill_id
      WHERE c.cancels_id = s.id AND cb.id <= this.id)
ORDER BY s.agreement_id, s.start_date, s.id
"""
