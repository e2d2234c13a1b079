"""What this room tells others; who listens stands in cis/wiring_care.py."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyRestored:
    """A supply that was cut off has current again."""

    order_id: int
    account_id: int
    service_point_id: int
    day: date
