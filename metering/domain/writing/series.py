"""Interval values of registers as series of instants, the form that all writers take."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from cis.kernel.fixed import Int64
from metering.domain.intervals import MINUTE_US, NO_VALUE, IntervalColumns, Letters


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamNames:
    """
    What a register is called, and while it hung at a service point.

    place      external id of the service point
    unit       base unit, Wh or varh
    is_export  it counts what the customer delivers
    from_us, until_us  while its meter hung there, half-open [microseconds since 1970 UTC]
    """

    register_id: int
    place: str
    serial: str
    code: str
    unit: str
    is_export: bool
    from_us: int
    until_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """
    Values of one register of one interval length, in the order of time; what was not measured is left out.

    minutes   length of an interval [min]
    exponent  values are multiples of 10^exponent of the unit, at most 0
    start_us  (n,) instants at which the intervals begin [microseconds since 1970 UTC]
    values    (n,)
    quality   (n,) letters
    """

    names: StreamNames
    minutes: int
    exponent: int
    start_us: Int64
    values: Int64
    quality: Letters

    def __len__(self) -> int:
        return len(self.start_us)


def series_of(*, blocks: Sequence[IntervalColumns], names: Sequence[StreamNames]) -> tuple[Series, ...]:
    """
    Return the values of some registers while they hung where they are named, by place, register and interval length.

    A register that is named for several times at a place is one series there.
    """
    parts: dict[tuple[str, int, int], list[Series]] = {}
    for stream in names:
        for block in sorted(blocks, key=lambda one: one.interval_minutes):
            part = _cut(block, stream)
            if len(part):
                parts.setdefault((stream.place, stream.register_id, part.minutes), []).append(part)
    return tuple(_joined(part) for part in parts.values())


def letters(series: Series) -> Iterator[str]:
    """Yield the quality letter of each value."""
    yield from series.quality.tobytes().decode("ascii")


def _cut(block: IntervalColumns, stream: StreamNames) -> Series:
    rows = np.flatnonzero(block.register_id == stream.register_id)
    step = block.interval_minutes * MINUTE_US
    start = (block.start_us[rows][:, None] + np.arange(block.slots)[None, :] * step).reshape(-1)
    quality = np.broadcast_to(block.quality[rows], (len(rows), block.slots)).reshape(-1)
    kept = (quality != NO_VALUE) & (start >= stream.from_us) & (start < stream.until_us)
    return Series(
        names=stream,
        minutes=block.interval_minutes,
        exponent=block.exponent,
        start_us=start[kept],
        values=block.values[rows].reshape(-1)[kept],
        quality=quality[kept],
    )


def _joined(parts: Sequence[Series]) -> Series:
    start = np.concatenate([part.start_us for part in parts])
    order = np.argsort(start, kind="stable")
    first = parts[0]
    return Series(
        names=first.names,
        minutes=first.minutes,
        exponent=first.exponent,
        start_us=start[order],
        values=np.concatenate([part.values for part in parts])[order],
        quality=np.concatenate([part.quality for part in parts])[order],
    )
