"""What this room tells the rooms downstream; who listens stands in cis/wiring.py."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageCorrected:
    """Usage that was approved before was replaced at some service points; ``from_date`` is the first date touched."""

    service_point_ids: tuple[int, ...]
    from_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionMade:
    """A correction was applied or undone: usage of a service point over [start_date, end_date) is another one."""

    correction_id: int
    service_point_id: int
    start_date: date
    end_date: date
