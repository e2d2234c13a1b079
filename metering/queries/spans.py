"""Which counter values a span of approved energy lies between: what a bill prints beside its lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from metering.models.usage import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanCard:
    """
    Approved energy of one register over [start_date, end_date).

    start_reading_wh, end_reading_wh  counter values before the multiplier; None for interval meters. [Wh]
    energy_wh                         after the multiplier. [Wh]
    """

    service_point_id: int
    serial: str
    register: str
    period_of_use: str
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
    "period_of_use",
    "start_date",
    "end_date",
    "start_reading_wh",
    "end_reading_wh",
    "multiplier",
    "energy_wh",
    "is_estimated",
)


def within(*, service_point_ids: Sequence[int], start_date: date, end_date: date) -> tuple[SpanCard, ...]:
    """Return the spans that hold and lie inside [start_date, end_date), by place, register and time; one statement."""
    rows = Usage.objects.filter(
        service_point_id__in=list(service_point_ids),
        is_current=True,
        start_date__gte=start_date,
        end_date__lte=end_date,
        register__direction="import",
        register__quantity="active",
    ).order_by("service_point_id", "start_date", "register__code", "id")
    return tuple(
        SpanCard(**dict(zip(SpanCard.__dataclass_fields__, row, strict=True))) for row in rows.values_list(*_FIELDS)
    )
