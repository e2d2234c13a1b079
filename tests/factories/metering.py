"""Places, meters and what they measured."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count

import numpy as np
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from cis.kernel.calendar import local_clock
from cis.kernel.text import bigrams
from metering.models.device import Installation, Meter, Register
from metering.models.network import Feeder, Transformer
from metering.models.place import Premises, ServicePoint
from metering.models.read import IntervalDay, RegisterRead
from metering.models.usage import Usage
from metering.operations import partitions

INSTALLED = date(2023, 1, 1)
MARKET_OFFSET = timedelta(hours=10)
_serial = count(1)


def premises(*, address: str = "", **values) -> Premises:
    serial = next(_serial)
    address = address or f"上海市黄浦区南京东路{serial}号"
    given = {"external_id": f"P{serial:06d}", "search_grams": bigrams(address), **values}
    return Premises.objects.create(address=address, **given)


def feeder(**values) -> Feeder:
    """A 10 kV feeder of 10 MVA."""
    serial = next(_serial)
    defaults = {"external_id": f"F{serial:06d}", "name": f"Feeder {serial}", "capacity_va": 10_000_000}
    return Feeder.objects.create(**{**defaults, **values})


def transformer(*, at: Feeder | None = None, **values) -> Transformer:
    """A transformer of 400 kVA, 320 of them usable."""
    serial = next(_serial)
    defaults = {"external_id": f"T{serial:06d}", "name": f"Transformer {serial}", "capacity_va": 400_000}
    return Transformer.objects.create(feeder=at or feeder(), **{**defaults, **values})


def service_point(*, at: Premises | None = None, **values) -> ServicePoint:
    """A place to be supplied, with no meter."""
    values.setdefault("external_id", f"S{next(_serial):06d}")
    values.setdefault("capacity_w", 8_000)
    return ServicePoint.objects.create(premises=at or premises(), **values)


def meter(*, registers: tuple[str, ...] = ("total",), is_interval: bool = False, digits: int = 6, **values) -> Meter:
    """A meter with active import registers; codes such as peak and valley are also their period of use."""
    serial = next(_serial)
    values.setdefault("serial", f"{33_000_000 + serial}")
    values.setdefault("external_id", f"M{serial:06d}")
    made = Meter.objects.create(**values)
    for code in registers:
        register(of=made, code=code, is_interval=is_interval, digits=digits)
    return made


def register(*, of: Meter, code: str = "total", **values) -> Register:
    values.setdefault("period_of_use", code if code in {"sharp", "peak", "flat", "valley"} else "")
    return Register.objects.create(meter=of, code=code, **values)


def installation(
    *,
    of: Meter | None = None,
    at: ServicePoint | None = None,
    start_date: date = INSTALLED,
    end_date: date | None = None,
    multiplier: int = 1,
) -> Installation:
    of = of or meter()
    of.state, of.crew = ("retired" if end_date else "installed"), None
    of.save(update_fields=["state", "crew"])
    return Installation.objects.create(
        meter=of,
        service_point=at or service_point(),
        period=DateRange(start_date, end_date),
        multiplier=multiplier,
    )


def metered(*, registers: tuple[str, ...] = ("total",), is_interval: bool = False, **values) -> tuple[Register, ...]:
    """The registers of a new meter that hangs at a new service point."""
    hung = installation(of=meter(registers=registers, is_interval=is_interval), **values)
    by_code = {row.code: row for row in hung.meter.registers.all()}
    return tuple(by_code[code] for code in registers)


def read(*, of: Register, on: date, kwh: int = 0, **values) -> RegisterRead:
    """A counter value at the start of a local day."""
    values.setdefault("reading_wh", kwh * 1_000)
    values.setdefault("method", "given" if values.get("kind") == "estimated" else "")
    return RegisterRead.objects.create(register=of, read_date=on, **values)


def interval_day(
    *, of: Register, on: date, values_wh: Sequence[int] | np.ndarray | None = None, **values
) -> IntervalDay:
    """A day on the NEM12 clock (UTC+10); 48 values of 100 Wh by default."""
    return interval_days(of=of, values_wh={on: values_wh}, **values)[0]


def interval_days(
    *,
    of: Register,
    values_wh: Mapping[date, Sequence[int] | np.ndarray | None],
    quality: str | Mapping[date, str] = "A",
    offset: timedelta = MARKET_OFFSET,
    **values,
) -> list[IntervalDay]:
    """Days on one clock, that of NEM12 unless given, in a few statements; 48 values of 100 Wh where there are none."""
    with transaction.atomic():
        partitions.ensure(months=values_wh)
    return IntervalDay.objects.bulk_create(
        _interval_day(
            register=of, day_date=on, held=np.asarray([100] * 48 if given is None else given, dtype="<i4"), offset=offset,
            quality=quality if isinstance(quality, str) else quality[on], **values,
        )
        for on, given in values_wh.items()
    )  # fmt: skip


def _interval_day(*, day_date: date, held: np.ndarray, offset: timedelta, **values) -> IntervalDay:
    values.setdefault("start_at", datetime(day_date.year, day_date.month, day_date.day, tzinfo=UTC) - offset)
    values.setdefault("interval_minutes", 24 * 60 // len(held))
    values.setdefault("total_wh", int(held.astype(np.int64).sum()))
    return IntervalDay(day_date=day_date, values=held.tobytes(), **values)


def curve(
    *,
    of: Register,
    start_date: date,
    end_date: date,
    value_of: Callable[[datetime], int],
    minutes: int = 15,
    zone: str = "Asia/Shanghai",
    version: int = 1,
) -> dict[datetime, int]:
    """
    Interval days of a register over local dates, on the NEM12 clock; what lies outside of them has no value.

    :param value_of: energy of the interval that begins at an instant [Wh].
    :returns: the energy of each interval inside the local dates, by its instant.
    """
    clock, step = local_clock(zone), timedelta(minutes=minutes)
    since, until = clock.day_start_utc(start_date), clock.day_start_utc(end_date)
    inside = {since + n * step: value_of(since + n * step) for n in range((until - since) // step)}
    values, quality = {}, {}
    for day in days(start_date - timedelta(days=1), end_date + timedelta(days=1)):
        start = datetime(day.year, day.month, day.day, tzinfo=UTC) - MARKET_OFFSET
        slots = [start + n * step for n in range(24 * 60 // minutes)]
        letters = "".join("A" if at in inside else "N" for at in slots)
        if "A" in letters:
            values[day], quality[day] = [inside.get(at, 0) for at in slots], letters
    interval_days(of=of, values_wh=values, quality=quality, version=version)
    return inside


def days(start_date: date, end_date: date) -> list[date]:
    """The days from one on, up to another."""
    return [start_date + timedelta(days=n) for n in range((end_date - start_date).days)]


def usage(
    *,
    of: Register,
    start_date: date,
    end_date: date,
    kwh: int = 0,
    at: ServicePoint | None = None,
    **values,
) -> Usage:
    """Approved energy of a register; where it hangs is looked up unless given."""
    place_id = at.id if at else of.meter.installations.get(period__contains=start_date).service_point_id
    values.setdefault("energy_wh", kwh * 1_000)
    values.setdefault("basis", "interval" if of.is_interval else "register")
    values.setdefault("period_of_use", of.period_of_use)
    return Usage.objects.create(
        register=of, service_point_id=place_id, start_date=start_date, end_date=end_date, **values
    )
