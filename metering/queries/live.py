"""The curve of a day that is not over, interval by interval, of what is known of it until now."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from django.db.models import Q

from cis.kernel.calendar import LocalClock
from metering.domain.intervals import MINUTE_US, NO_VALUE
from metering.domain.places import Quantity
from metering.models.device import Installation, Register
from metering.models.live import LiveDay
from metering.queries import intervals

MEASURED = "A"
_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)
_MICRO = 10**6


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """
    An interval of a curve.

    start_at      on the supplier's clock on the wall
    value_wh      energy in it; None: not known (yet). [Wh or varh]
    is_estimated  it was not measured
    """

    start_at: datetime
    value_wh: int | None
    is_estimated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """
    An hour of a curve, for a table.

    energy_wh   what is known of it; None: nothing is. [Wh or varh]
    is_partial  some of its intervals are not known
    """

    start_at: datetime
    energy_wh: int | None
    is_partial: bool
    is_estimated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """
    What an interval register counted on a local day, until now.

    minutes   length of an interval
    slots     of the whole local day, in order; what is to come has no value
    heard_at  when its head end was heard last; None: these values came by files
    """

    register_id: int
    serial: str
    code: str
    quantity: str
    direction: str
    minutes: int
    slots: tuple[Slot, ...]
    heard_at: datetime | None

    @property
    def total_wh(self) -> int:
        """Return the energy that is known of the day."""
        return sum(slot.value_wh for slot in self.slots if slot.value_wh is not None)

    @property
    def last(self) -> Slot | None:
        """Return the last interval that is known; None: none is."""
        return next((slot for slot in reversed(self.slots) if slot.value_wh is not None), None)

    @property
    def power_w(self) -> int | None:
        """Return the mean power of the last interval that is known. [W or var]"""
        return None if self.last is None or self.last.value_wh is None else self.last.value_wh * 60 // self.minutes

    @property
    def data_id(self) -> str:
        """Return the name of the element of a page that holds ``data``."""
        return f"curve-data-{self.register_id}"

    @property
    def data(self) -> dict[str, list[object]]:
        """Return what a chart draws: the time on the wall, Wh, and whether it was measured, of each interval."""
        return {
            "times": [f"{slot.start_at:%H:%M}" for slot in self.slots],
            "values": [slot.value_wh for slot in self.slots],
            "estimated": [slot.is_estimated for slot in self.slots],
        }

    @property
    def hours(self) -> tuple[Hour, ...]:
        """Return the hours up to the last one that something is known of."""
        last = self.last
        groups: dict[datetime, list[Slot]] = {}
        for slot in self.slots if last is not None else ():
            if last is not None and slot.start_at <= last.start_at:
                begins_at = slot.start_at - timedelta(minutes=slot.start_at.minute)
                groups.setdefault(begins_at.astimezone(UTC), []).append(slot)
        return tuple(_hour(slots, self.minutes) for slots in groups.values())

    @property
    def missing(self) -> int:
        """Return how many intervals before the last known one are not known."""
        known = [place for place, slot in enumerate(self.slots) if slot.value_wh is not None]
        return known[-1] + 1 - len(known) if known else 0


def curves(*, service_point_ids: Collection[int], at: datetime, zone_name: str) -> dict[int, tuple[Curve, ...]]:
    """
    Return the curves of the local day of an instant by service point, import first; four statements.

    Interval days that files brought count where no head end was heard. Only registers that something is known of.
    """
    hung = _hung(service_point_ids, at, zone_name)
    if not hung:
        return {}
    clock = LocalClock(zone_name)
    day = clock.local_date(at)
    start_us, end_us = (_us(clock.day_start_utc(one)) for one in (day, day + _DAY))
    live = _live([register.id for _point, register in hung], start_us, end_us)
    filed = _filed([register.id for _point, register in hung], start_us, end_us)
    found: dict[int, list[Curve]] = {}
    for point, register in hung:
        curve = _curve(register, live.get(register.id), filed.get(register.id), (start_us, end_us), clock)
        if curve is not None:
            found.setdefault(point, []).append(curve)
    return {point: tuple(own) for point, own in found.items()}


def _hour(slots: Sequence[Slot], minutes: int) -> Hour:
    known = [slot.value_wh for slot in slots if slot.value_wh is not None]
    return Hour(
        start_at=slots[0].start_at,
        energy_wh=sum(known) if known else None,
        is_partial=len(known) * minutes < 60,  # noqa: PLR2004
        is_estimated=any(slot.is_estimated for slot in slots),
    )


_Known = tuple[int, dict[int, tuple[int, str]], datetime | None]
"""Interval length [min], (value [10^-6 Wh], letter) by start, and when it was heard."""


def _hung(points: Collection[int], at: datetime, zone_name: str) -> list[tuple[int, Register]]:
    day = LocalClock(zone_name).local_date(at)
    hangings = Installation.objects.filter(service_point_id__in=list(points), period__contains=day)
    place = dict(hangings.values_list("meter_id", "service_point_id"))
    energy = Q(quantity__in=[Quantity.ACTIVE.value, Quantity.REACTIVE.value])
    registers = Register.objects.filter(energy, meter_id__in=list(place), is_interval=True).select_related("meter")
    ordered = registers.order_by("quantity", "-direction", "code", "id")
    return [(place[register.meter_id], register) for register in ordered]


def _live(register_ids: Sequence[int], start_us: int, end_us: int) -> dict[int, _Known]:
    rows = LiveDay.objects.filter(
        register_id__in=register_ids, start_at__gt=_at(start_us) - _DAY, start_at__lt=_at(end_us)
    ).order_by("start_at")
    found: dict[int, _Known] = {}
    for row in rows:
        step, values = row.interval_minutes * MINUTE_US, np.frombuffer(row.values, dtype="<i8").tolist()
        starts = range(_us(row.start_at), _us(row.start_at) + len(values) * step, step)
        _add(found, row.register_id, row.interval_minutes, zip(starts, values, row.quality, strict=True), row.heard_at)
    return found


def _filed(register_ids: Sequence[int], start_us: int, end_us: int) -> dict[int, _Known]:
    first, last = _at(start_us).date() - _DAY, _at(end_us).date() + _DAY
    found: dict[int, _Known] = {}
    for block in intervals.days(register_ids=register_ids, start_date=first, end_date=last + _DAY):
        step, unit = block.interval_minutes * MINUTE_US, 10 ** (block.exponent + 6)
        for place, register_id in enumerate(block.register_id.tolist()):
            begin = int(block.start_us[place])
            values = [value * unit for value in block.values[place].tolist()]
            letters = np.broadcast_to(block.quality[place], len(values)).tobytes().decode("ascii")
            starts = range(begin, begin + len(values) * step, step)
            said = zip(starts, values, letters, strict=True)
            _add(found, register_id, block.interval_minutes, said, None)
    return found


def _add(found: dict[int, _Known], register_id: int, minutes: int, said: object, heard_at: datetime | None) -> None:
    """Add values to what is known of a register; of two interval lengths the later one holds."""
    held = found.get(register_id)
    known = dict(held[1]) if held is not None and held[0] == minutes else {}
    none = chr(NO_VALUE)
    known |= {start: (value, letter) for start, value, letter in said if letter != none}  # type: ignore[attr-defined]
    found[register_id] = minutes, known, heard_at


def _curve(
    register: Register, live: _Known | None, filed: _Known | None, day: tuple[int, int], clock: LocalClock
) -> Curve | None:
    start_us, end_us = day
    minutes, known, heard_at = live or filed or (0, {}, None)
    if live is not None and filed is not None and live[0] == filed[0]:
        known = filed[1] | live[1]
    if not known:
        return None
    step = minutes * MINUTE_US
    starts = range(start_us + (next(iter(known)) - start_us) % step, end_us, step)
    if not any(start in known for start in starts):
        return None
    slots = tuple(
        Slot(
            start_at=_at(start).astimezone(clock.zone),
            value_wh=_wh(known[start][0]) if start in known else None,
            is_estimated=start in known and known[start][1] != MEASURED,
        )
        for start in starts
    )
    return Curve(
        register_id=register.id, serial=register.meter.serial, code=register.code, quantity=register.quantity,
        direction=register.direction, minutes=minutes, slots=slots, heard_at=heard_at,
    )  # fmt: skip


def _wh(micro: int) -> int:
    """Return a value for people, rounded half away from zero. [Wh]"""
    whole = (2 * abs(micro) + _MICRO) // (2 * _MICRO)
    return -whole if micro < 0 else whole


def _us(at: datetime) -> int:
    return (at - _EPOCH) // _US


def _at(at_us: int) -> datetime:
    return _EPOCH + at_us * _US
