"""What a segment of a bill was rated by, as a case that any other version may rate."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

import numpy as np

from billing.domain import kept
from billing.models.bill import BillSegment
from cis.kernel import fixed
from cis.kernel.errors import Refused
from tariffs.domain import cases
from tariffs.domain.batch import RatingBatch
from tariffs.domain.layout import OtherLayout
from tariffs.domain.plan import Plan
from tariffs.queries import plans

WH_PLACES = 3


class UnknownSegment(Refused):
    """There is no such segment."""

    code = "unknown_segment"


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentCase:
    """A segment's dates, tariff version, and what it was rated by; ``values`` as ``tariffs.domain.cases`` writes it."""

    bill_id: int
    version_id: int
    start_date: date
    end_date: date
    values: Mapping[str, Any]


class _Row(Protocol):
    """What rating read of a segment, as its row keeps it."""

    @property
    def start_date(self) -> date: ...
    @property
    def end_date(self) -> date: ...
    @property
    def before_wh(self) -> int: ...
    @property
    def household(self) -> int: ...
    @property
    def inputs(self) -> Sequence[int] | None: ...


def batch_of(*, plan: Plan, row: _Row) -> RatingBatch:
    """
    Return what a segment was rated by.

    :raises OtherLayout: it keeps nothing, or not what the plan asks for.
    """
    return kept.read_back(
        plan=plan,
        start_day=np.array([row.start_date.toordinal()]),
        end_day=np.array([row.end_date.toordinal()]),
        before_wh=np.array([row.before_wh]),
        household=np.array([row.household]),
        inputs=[row.inputs or []],
    )


def one(*, segment_id: int) -> SegmentCase:
    """
    Return what a segment was rated by; one statement once its plan is compiled.

    Of a segment that keeps nothing, as one that takes another back, its whole energy is returned.

    :raises UnknownSegment: there is none.
    """
    row = BillSegment.objects.filter(id=segment_id).first()
    if row is None:
        raise UnknownSegment(f"There is no segment {segment_id}.")
    plan = plans.compiled(row.tariff_version_id)
    try:
        batch = batch_of(plan=plan, row=row)
        values = cases.written(plan=plan, batch=batch)
    except OtherLayout:
        values = {"household": row.household, "used_kwh": fixed.to_text(row.used_wh, places=WH_PLACES)}
    return SegmentCase(
        bill_id=row.bill_id,
        version_id=row.tariff_version_id,
        start_date=row.start_date,
        end_date=row.end_date,
        values=values,
    )


def sum_kwh(texts: Iterable[str]) -> str:
    """Return the sum of energies given as texts. [kWh]"""
    return fixed.to_text(sum(fixed.parse(text, places=WH_PLACES) for text in texts), places=WH_PLACES)
