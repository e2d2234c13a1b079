"""Forecasts as a page lists them."""

from dataclasses import dataclass
from datetime import datetime

from arrears.models.collection import Forecast


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastCard:
    """What was foretold, by whom, and who entered it. [1/10 degree Celsius]"""

    id: int
    made_at: datetime
    until_at: datetime
    coldest_tenths: int
    hottest_tenths: int
    source: str
    actor_name: str


def listed(*, most: int = 50) -> tuple[ForecastCard, ...]:
    """Return forecasts, the latest first; one statement."""
    rows = Forecast.objects.order_by("-made_at").values(*ForecastCard.__dataclass_fields__)[:most]
    return tuple(ForecastCard(**row) for row in rows)
