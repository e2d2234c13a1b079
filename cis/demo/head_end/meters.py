"""
What made-up meters count: a pure function of (seed, meter, register, instant), so who asks twice is told the same.

Real profiles (``cis.demo.shapes``) by weekday and hour, scaled to a year, with Shanghai's seasons and a noise of each
register's own. Time is cut into slots of ``MINUTES``, counted from 1970 UTC.
"""

import csv
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cis.demo.shapes import SEASON, WEEKS_OF_DAYS, names_of, profiles
from cis.kernel.fixed import Int64

MINUTES = 15
SLOTS = 24 * 60 // MINUTES
ZONE_MINUTES = 8 * 60
"""The clock of the made-up meters: Shanghai's, all year. [minutes ahead of UTC]"""
NOISE = 0.35
"""A value is so far off its profile at most, as a share."""
CHUNK = 200
FULL_TURN_WH = 10**9
"""A counter of six digits of kWh begins anew here. [Wh]"""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SLOT = timedelta(minutes=MINUTES)
_CLOCK = timezone(timedelta(minutes=ZONE_MINUTES))
_HEAD = ("meter", "register", "is_interval", "profile", "year_wh", "multiplier", "reading_wh", "read_date")

Unsigned = NDArray[np.uint64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """
    A register of a made-up meter.

    is_interval  it sends interval values, else a counter value each midnight
    profile      name of a shape, see ``cis.demo.shapes``
    year_wh      about what it counts in a year, at the supply. [Wh]
    multiplier   of the transformers before the meter: a counter shows so many times less
    reading_wh   what a counter showed at 00:00 of ``read_date``. [Wh]
    """

    serial: str
    register: str
    is_interval: bool
    profile: str
    year_wh: int
    multiplier: int = 1
    reading_wh: int = 0
    read_date: date = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Bound:
    """A meter lets through no more than ``limit_w`` in slots [since, until); 0: it is switched off. [W]"""

    since: int
    until: int
    limit_w: int


def slot_of(at: datetime) -> int:
    """Return the slot that an instant is in."""
    return (at - _EPOCH) // _SLOT


def start_of(slot: int) -> datetime:
    """Return when a slot begins, as the meters' clock shows it."""
    return (_EPOCH + slot * _SLOT).astimezone(_CLOCK)


def day_of(slot: int) -> int:
    """Return the day of a slot on the meters' clock, counted from 1970."""
    return (slot + ZONE_MINUTES // MINUTES) // SLOTS


def midnight(day: int) -> int:
    """Return the slot with which a day of the meters' clock begins."""
    return day * SLOTS - ZONE_MINUTES // MINUTES


def unit(*names: object) -> float:
    """Return a number from 0 to 1 that depends on these names and nothing else."""
    return int.from_bytes(_digest(names)) / 2**64


def _digest(names: Iterable[object]) -> bytes:
    return hashlib.blake2b("\0".join(map(str, names)).encode(), digest_size=8).digest()


def energies_wh(streams: Sequence[Stream], *, seed: int, since: int, until: int) -> Int64:
    """Return what flowed through registers in slots [since, until), (streams, slots). [Wh, at the supply]"""
    slots = np.arange(since, until, dtype=np.int64)
    local = slots + ZONE_MINUTES // MINUTES
    days, hours = local // SLOTS, local % SLOTS * MINUTES // 60
    month = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
    weekday = (days + 3) % 7  # 1970-01-01 was a Thursday
    place_in_year = days - days.astype("datetime64[D]").astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)
    row = (place_in_year // 7 * 7 + weekday) % WEEKS_OF_DAYS
    shapes = {name: profiles()[name] for name in {one.profile for one in streams}}
    shares = {name: shape[row, hours] / shape.sum() * SEASON[month] / (60 // MINUTES) for name, shape in shapes.items()}
    mean = np.array([shares[one.profile] * one.year_wh for one in streams]).reshape(len(streams), len(slots))
    keys = [int.from_bytes(_digest((seed, one.serial, one.register))) for one in streams]
    noise = _noise(np.array(keys, dtype=np.uint64), slots.astype(np.uint64))
    return np.rint(mean * (1 + NOISE * (2 * noise - 1))).astype(np.int64)


def _noise(keys: Unsigned, slots: Unsigned) -> NDArray[np.float64]:
    """Return numbers from 0 to 1, (keys, slots). [source: splitmix64, Steele, Lea and Flood 2014]"""
    with np.errstate(over="ignore"):
        mixed = keys[:, None] + slots[None, :] * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
    return np.asarray((mixed >> np.uint64(11)).astype(np.float64) / 2**53)


def bounded_wh(energy_wh: Int64, bounds: Sequence[Bound], *, since: int) -> Int64:
    """Return what flows of the slots from ``since`` on where a meter is told to let less through. [Wh]"""
    found = energy_wh.copy()
    for one in bounds:
        part = slice(max(one.since - since, 0), max(one.until - since, 0))
        found[part] = np.minimum(found[part], one.limit_w * MINUTES // 60)
    return found


def made_up(count: int, *, seed: int, read_date: date) -> list[Stream]:
    """Return the registers of so many meters: three of five send a load profile, the others a counter value a day."""
    homes = names_of("home")
    return [
        Stream(
            serial=f"SIM{number:06d}", register="E1" if number % 5 < 3 else "total", is_interval=number % 5 < 3,
            profile=homes[number % len(homes)], year_wh=1_000_000 + int(4_000_000 * unit(seed, number, "year")),
            reading_wh=1_000 * int(60_000 * unit(seed, number, "reading")), read_date=read_date,
        )
        for number in range(1, count + 1)
    ]  # fmt: skip


def write(streams: Iterable[Stream], path: Path) -> None:
    """Write registers as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_HEAD)
        for one in streams:
            writer.writerow((
                one.serial, one.register, int(one.is_interval), one.profile, one.year_wh, one.multiplier,
                one.reading_wh, one.read_date.isoformat(),
            ))  # fmt: skip


def read(path: Path) -> list[Stream]:
    """Return the registers of a CSV as ``write`` makes it."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Stream(
                serial=row["meter"], register=row["register"], is_interval=row["is_interval"] == "1",
                profile=row["profile"], year_wh=int(row["year_wh"]), multiplier=int(row["multiplier"]),
                reading_wh=int(row["reading_wh"]), read_date=date.fromisoformat(row["read_date"]),
            )
            for row in csv.DictReader(file)
        ]  # fmt: skip
