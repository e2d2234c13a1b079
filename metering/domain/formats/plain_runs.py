"""Lines whose values are all plain decimals, gathered by quality and length and worked at once."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cis.kernel.fixed import Int64
from metering.domain.formats import decimals
from metering.domain.formats.batches import Channel
from metering.domain.formats.day_values import LARGEST
from metering.domain.formats.fields import FINEST_PLACES
from metering.domain.formats.run_lines import Gathered

_MOST_PLACES = 9  # 2^31 x 10^9 still fits into int64
_POWERS = 10 ** np.arange(_MOST_PLACES + 1, dtype=np.int64)


@dataclass(slots=True)
class PlainLines:
    """Lines of one quality letter and one count of values: number, stream, start and places of the unit of each."""

    line: list[int] = field(default_factory=list)
    channel: list[int] = field(default_factory=list)
    start_us: list[int] = field(default_factory=list)
    unit_places: list[int] = field(default_factory=list)

    def add(self, *, line: int, channel: Channel, start_us: int, gathered: Gathered) -> None:
        """Add a line; its stream gets a number of what is gathered."""
        self.line.append(line)
        self.channel.append(gathered.place(channel))
        self.start_us.append(start_us)
        self.unit_places.append(channel.unit_places)

    def take(
        self, *, views: NDArray[np.void], starts: Int64, ends: Int64, letter: str, gathered: Gathered
    ) -> list[int]:
        """
        Add the lines whose values are all plain decimals to what is gathered; return their numbers.

        views         ``decimals.windows`` of the text
        starts, ends  (n, count) of each value
        """
        parsed = decimals.parse(views=views, starts=starts, ends=ends)
        power = np.array(self.unit_places, dtype=np.int64)[:, None] + FINEST_PLACES - parsed.places
        good = parsed.exact.all(axis=1) & (parsed.digits.max(axis=1) <= LARGEST)
        good &= (power.min(axis=1) >= 0) & (power.max(axis=1) <= _MOST_PLACES)
        kept = np.flatnonzero(good)
        if not len(kept):
            return []
        values = parsed.digits[kept] * _POWERS[power[kept]]
        lines = np.array(self.line, dtype=np.int64)[kept]
        gathered.add_block(
            channel=np.array(self.channel, dtype=np.int64)[kept],
            line=lines,
            start_us=np.array(self.start_us, dtype=np.int64)[kept],
            values=values,
            quality=np.full(values.shape, ord(letter), dtype=np.uint8),
        )
        found: list[int] = lines.tolist()
        return found
