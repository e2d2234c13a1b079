"""What this room tells the rooms downstream; who listens stands in cis/wiring.py."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageCorrected:
    """Usage that was approved before was replaced at some service points; ``from_date`` is the first date touched."""

    service_point_ids: tuple[int, ...]
    from_date: date
