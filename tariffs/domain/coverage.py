"""When the prices of tariffs hold, and where they run out while agreements still use them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

Span = tuple[date, date | None]
"""Half-open local dates; None = until further notice."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Days [start, end) on which a tariff is used and has no price; end None = from start on for good."""

    start: date
    end: date | None


def gaps(*, prices: Iterable[Span], used: Span) -> tuple[Gap, ...]:
    """
    Return the days of a span of use on which no price holds.

    :param prices: spans of the published versions, none overlapping another.
    :param used: first day of use that matters, and the first day without use or None.
    """
    found: list[Gap] = []
    at, until = used
    for start, end in sorted(prices, key=lambda span: span[0]):
        if end is not None and end <= at:
            continue
        if until is not None and start >= until:
            break
        if start > at:
            found.append(Gap(at, start))
        if end is None:
            return tuple(found)
        at = end
    if until is None or at < until:
        found.append(Gap(at, until))
    return tuple(found)
