"""
What goes wrong at made-up meters, planted by a table of rates: a pure function of (seed, meter, day) as well.

So a test knows each fault before it is seen, and what must come of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from cis.demo.head_end.meters import MINUTES, SLOTS, Stream, midnight, unit
from metering.domain.meter_alarms import AlarmKind


class FaultKind(StrEnum):
    """
    What may go wrong.

    GAP            intervals are never told
    DUPLICATE      a message is sent twice, and again later
    LATE           intervals are told hours later
    CORRECTED      intervals are told wrongly, and rightly the next morning
    GARBLED        a message cannot be read, and is not sent again
    CLOCK_DRIFT    the meter's clock is wrong: it says so, and freezes its counter at a wrong time
    ALARM          the meter says something of its own
    STRANGER       a meter that nobody knows sends values; its rate is how many do in a day
    REPLY_LOST     a command is done, and no result comes
    REPLY_DOUBLED  a result comes twice
    """

    GAP = "gap"
    DUPLICATE = "duplicate"
    LATE = "late"
    CORRECTED = "corrected"
    GARBLED = "garbled"
    CLOCK_DRIFT = "clock_drift"
    ALARM = "alarm"
    STRANGER = "stranger"
    REPLY_LOST = "reply_lost"
    REPLY_DOUBLED = "reply_doubled"


Rates = Mapping[FaultKind, int]
"""Of a thousand days of a meter, or a thousand commands, so many have the fault."""

OF_VALUES = (
    FaultKind.GAP, FaultKind.DUPLICATE, FaultKind.LATE, FaultKind.CORRECTED, FaultKind.GARBLED, FaultKind.CLOCK_DRIFT,
)  # fmt: skip
"""Of these a register has one a day at most, so that what must come of it is plain."""
USUAL: Rates = MappingProxyType(
    {
        FaultKind.GAP: 10, FaultKind.DUPLICATE: 20, FaultKind.LATE: 15, FaultKind.CORRECTED: 10, FaultKind.GARBLED: 5,
        FaultKind.CLOCK_DRIFT: 5, FaultKind.ALARM: 15, FaultKind.STRANGER: 1, FaultKind.REPLY_LOST: 20,
        FaultKind.REPLY_DOUBLED: 50,
    }
)  # fmt: skip
"""What the demo shows; made up."""
NONE: Rates = MappingProxyType({})
ALL = 1_000
DRIFT_LEAST_S, DRIFT_MOST_S = 16 * 60, 40 * 60
BRIEF = 1
"""After so many slots current is back where a meter says that it is gone."""
ALARMS = tuple(kind for kind in AlarmKind if kind not in {AlarmKind.POWER_ON, AlarmKind.CLOCK_DRIFT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """
    A fault of a register on a day.

    since, until  slots that are wrong, half-open; of an event: when it is said, for a moment
    due           slot at whose start the values come after all, of LATE, CORRECTED and DUPLICATE
    seconds       how far the clock is ahead, of CLOCK_DRIFT
    """

    kind: FaultKind
    since: int
    until: int
    due: int = 0
    alarm: AlarmKind | None = None
    seconds: int = 0


def planted(stream: Stream, *, seed: int, day: int, rates: Rates) -> tuple[Planted, ...]:
    """
    Return what goes wrong at a register on a day of the meters' clock.

    :param day: counted from 1970.
    """
    name = (seed, stream.serial, stream.register, day)
    found = [one for one in (_of_values(stream, name, day, rates), _alarm(name, day, rates)) if one is not None]
    return tuple(found)


def strangers(*, day: int, rates: Rates) -> tuple[str, ...]:
    """Return the serial numbers of meters that nobody knows and that send a value at noon of a day."""
    return tuple(f"UNKNOWN{day}-{n}" for n in range(rates.get(FaultKind.STRANGER, 0)))


def of_reply(reference: str, *, seed: int, rates: Rates) -> FaultKind | None:
    """Return what goes wrong with the answer to a command; None: nothing."""
    drawn, reached = unit(seed, reference, "reply") * ALL, 0
    for kind in (FaultKind.REPLY_LOST, FaultKind.REPLY_DOUBLED):
        reached += rates.get(kind, 0)
        if drawn < reached:
            return kind
    return None


def parsed(text: str) -> Rates:
    """
    Return a table of rates that was written as ``gap=10,late=5``; ``usual`` and ``none`` name tables.

    :raises ValueError: it names no fault, or a rate that is none.
    """
    if text in {"usual", "none"}:
        return USUAL if text == "usual" else NONE
    found: dict[FaultKind, int] = {}
    for part in text.split(","):
        name, _, rate = part.partition("=")
        if not (rate.isascii() and rate.isdigit()) or int(rate) > ALL:
            raise ValueError(f"{part!r}: a rate is a number from 0 to {ALL}")
        found[FaultKind(name)] = int(rate)
    return MappingProxyType(found)


def _of_values(stream: Stream, name: tuple[object, ...], day: int, rates: Rates) -> Planted | None:
    drawn, reached = unit(*name, "fault") * ALL, 0
    for kind in OF_VALUES:
        reached += rates.get(kind, 0)
        if drawn < reached:
            return _made(kind, name, day, is_interval=stream.is_interval)
    return None


def _made(kind: FaultKind, name: tuple[object, ...], day: int, *, is_interval: bool) -> Planted | None:
    """Return a fault of a day; None: a register of this kind cannot have it."""
    first = midnight(day)
    if kind is FaultKind.CLOCK_DRIFT:
        seconds = DRIFT_LEAST_S + int(unit(*name, "drift") * (DRIFT_MOST_S - DRIFT_LEAST_S))
        return Planted(kind=kind, since=first, until=first + 1, seconds=seconds)
    if not is_interval:
        return None
    long = {FaultKind.GARBLED: 1, FaultKind.DUPLICATE: 1, FaultKind.GAP: 4 + int(20 * unit(*name, "long"))}
    slots = long.get(kind, 2 + int(6 * unit(*name, "long")))
    since = first + 8 + int(unit(*name, "since") * (SLOTS - 8 - slots))
    later = 60 // MINUTES * (1 + int(5 * unit(*name, "later")))
    due = {
        FaultKind.DUPLICATE: since + 1 + later, FaultKind.LATE: since + slots + later,
        FaultKind.CORRECTED: first + SLOTS + 6 * 60 // MINUTES,
    }.get(kind, 0)  # fmt: skip
    return Planted(kind=kind, since=since, until=since + slots, due=due)


def _alarm(name: tuple[object, ...], day: int, rates: Rates) -> Planted | None:
    if unit(*name, "alarm") * ALL >= rates.get(FaultKind.ALARM, 0):
        return None
    since = midnight(day) + 4 + int(unit(*name, "alarm at") * (SLOTS - 8))
    kind = ALARMS[int(unit(*name, "alarm kind") * len(ALARMS))]
    return Planted(kind=FaultKind.ALARM, since=since, until=since + BRIEF, alarm=kind)
