"""Which counter values a span of approved energy lies between: what a bill prints beside its lines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from metering.domain.names import register_names
from metering.domain.places import UNITS, Direction, Quantity
from metering.models.usage import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanCard:
    """
    What is approved of one register over [start_date, end_date): energy, or the largest demand.

    names                             of the register, by language
    unit                              kWh, kvarh or kW, of the readings too
    start_reading_wh, end_reading_wh  before the multiplier; None for interval meters [1/1000 of the unit]
    energy_wh                         after the multiplier [1/1000 of the unit]
    """

    service_point_id: int
    serial: str
    names: Mapping[str, str]
    unit: str
    start_date: date
    end_date: date
    start_reading_wh: int | None
    end_reading_wh: int | None
    multiplier: int
    energy_wh: int
    is_estimated: bool


_FIELDS = (
    "service_point_id",
    "register__meter__serial",
    "register__code",
    "register__period_of_use",
    "register__quantity",
    "register__direction",
    "start_date",
    "end_date",
    "start_reading_wh",
    "end_reading_wh",
    "multiplier",
    "energy_wh",
    "is_estimated",
)
_GIVEN = _FIELDS[6:]


def within(*, service_point_ids: Sequence[int], start_date: date, end_date: date) -> tuple[SpanCard, ...]:
    """Return the spans that hold and lie inside [start_date, end_date), by place, time and register; one statement."""
    rows = Usage.objects.filter(
        service_point_id__in=list(service_point_ids),
        is_current=True,
        start_date__gte=start_date,
        end_date__lte=end_date,
    )
    found = rows.order_by("service_point_id", "start_date", "register__quantity", "register__code", "id")
    return tuple(_card(*row) for row in found.values_list(*_FIELDS))


def _card(point: int, serial: str, code: str, period: str, quantity: str, direction: str, *rest: Any) -> SpanCard:
    counted = Quantity(quantity)
    names = register_names(code=code, period_of_use=period, quantity=counted, direction=Direction(direction))
    given = dict(zip(_GIVEN, rest, strict=True))
    return SpanCard(service_point_id=point, serial=serial, names=names, unit=UNITS[counted], **given)
