"""What happened at a service point that somebody may speak of: reads, work orders, reports and alarms of a fault."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from metering.models.alarm import MeterAlarm
from metering.models.outage import FaultReport
from metering.models.read import RegisterRead
from metering.models.work import WorkOrder

MOST = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenRead:
    """A counter value of a meter. [Wh or varh, before the multiplier]"""

    id: int
    meter_id: int
    serial: str
    register_code: str
    read_date: date
    reading_wh: int
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenOrder:
    """A work order."""

    id: int
    kind: str
    state: str
    due_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenAlarm:
    """What a meter said of its own."""

    id: int
    kind: str
    serial: str
    meter_id: int
    outage_id: int | None
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenFault:
    """A report of a fault."""

    id: int
    kind: str
    outage_id: int | None
    reported_at: datetime


def reads_at(*, service_point_id: int, most: int = MOST) -> tuple[SpokenRead, ...]:
    """Return the last counter values of the meters that hang or hung at a place, latest first; one statement."""
    rows = RegisterRead.objects.filter(register__meter__installations__service_point_id=service_point_id).distinct()
    return _reads(rows.order_by("-read_date", "-id")[:most])


def reads(*, read_ids: Collection[int]) -> tuple[SpokenRead, ...]:
    """Return counter values by id; one statement. One that does not exist is left out."""
    return _reads(RegisterRead.objects.filter(id__in=list(read_ids)).order_by("id")) if read_ids else ()


def orders_at(*, service_point_id: int, most: int = MOST) -> tuple[SpokenOrder, ...]:
    """Return the last work orders at a place, latest first; one statement."""
    return _orders(WorkOrder.objects.filter(service_point_id=service_point_id).order_by("-id")[:most])


def orders(*, order_ids: Collection[int]) -> tuple[SpokenOrder, ...]:
    """Return work orders by id; one statement."""
    return _orders(WorkOrder.objects.filter(id__in=list(order_ids)).order_by("id")) if order_ids else ()


def faults_at(*, service_point_id: int, most: int = MOST) -> tuple[SpokenFault, ...]:
    """Return the last reports of a fault at a place, latest first; one statement."""
    return _faults(FaultReport.objects.filter(service_point_id=service_point_id).order_by("-id")[:most])


def faults(*, fault_ids: Collection[int]) -> tuple[SpokenFault, ...]:
    """Return reports of faults by id; one statement."""
    return _faults(FaultReport.objects.filter(id__in=list(fault_ids)).order_by("id")) if fault_ids else ()


def alarms_at(*, service_point_id: int, most: int = MOST) -> tuple[SpokenAlarm, ...]:
    """Return the last alarms of the meters at a place, latest first; one statement."""
    return _alarms(MeterAlarm.objects.filter(service_point_id=service_point_id).order_by("-occurred_at", "-id")[:most])


def alarms(*, alarm_ids: Collection[int]) -> tuple[SpokenAlarm, ...]:
    """Return alarms of meters by id; one statement."""
    return _alarms(MeterAlarm.objects.filter(id__in=list(alarm_ids)).order_by("id")) if alarm_ids else ()


def _reads(rows: Any) -> tuple[SpokenRead, ...]:
    found = rows.values_list(
        "id", "register__meter_id", "register__meter__serial", "register__code", "read_date", "reading_wh", "kind"
    )
    names = SpokenRead.__dataclass_fields__
    return tuple(SpokenRead(**dict(zip(names, row, strict=True))) for row in found)


def _orders(rows: Any) -> tuple[SpokenOrder, ...]:
    found = rows.values(*SpokenOrder.__dataclass_fields__)
    return tuple(SpokenOrder(**row) for row in found)


def _alarms(rows: Any) -> tuple[SpokenAlarm, ...]:
    found = rows.values_list("id", "kind", "meter__serial", "meter_id", "outage_id", "occurred_at")
    return tuple(SpokenAlarm(**dict(zip(SpokenAlarm.__dataclass_fields__, row, strict=True))) for row in found)


def _faults(rows: Any) -> tuple[SpokenFault, ...]:
    found = rows.values(*SpokenFault.__dataclass_fields__)
    return tuple(SpokenFault(**row) for row in found)
