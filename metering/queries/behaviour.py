"""What is told of the use of places, month by month, with what is usual among places like them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from cis.platform import db

MONTHS = 13


@dataclass(frozen=True, slots=True, kw_only=True)
class Similar:
    """
    What is usual among places that are like one.

    peers     name of the group (``contracts.domain.peers``)
    others    how many there are beside the place
    day_wh    the middle one of their mean days [Wh]
    quiet_wh  the mean day that four of five use more than [Wh]
    base_w    the middle one of what always runs; None: too few tell [W]
    """

    peers: str
    others: int
    day_wh: int
    quiet_wh: int
    base_w: int | None

    def percent_of(self, day_wh: int) -> int | None:
        """Return a mean day in percent of the usual one, to the nearest; None where the usual one is 0."""
        return (200 * day_wh + self.day_wh) // (2 * self.day_wh) if self.day_wh else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """
    What is told of a place in a month; None where it is not known.

    month                first day
    known_days           whole days of interval values
    working_wh, off_wh   24 mean hours of working days, of days off [Wh]
    day_wh               mean day [Wh]
    base_w               what always runs [W]
    evening_e4           share of 18:00 to 22:00 in all energy [10^-4]
    night_e4             share of 0:00 to 5:00 [10^-4]
    off_e4               a day off in parts of a working day [10^-4]
    shape                ``metering.domain.clusters.Shape``; "": its hours are not known
    similar              None: nobody is told of
    """

    service_point_id: int
    month: date
    known_days: int
    working_wh: tuple[int, ...] | None
    off_wh: tuple[int, ...] | None
    day_wh: int | None
    base_w: int | None
    evening_e4: int | None
    night_e4: int | None
    off_e4: int | None
    shape: str
    similar: Similar | None

    @property
    def has_hours(self) -> bool:
        """Whether its meters tell hours."""
        return self.working_wh is not None or self.off_wh is not None


def months(*, service_point_ids: Collection[int], most: int = MONTHS) -> dict[int, tuple[Month, ...]]:
    """
    Return the last months told of places, the latest first, by service point; one statement.

    Of all that were supplied there: who shows them leaves out what was somebody else's.
    """
    found: dict[int, list[Month]] = {}
    for row in db.fetch(_MONTHS, {"points": list(service_point_ids), "most": most}):
        found.setdefault(row[0], []).append(_month(row))
    return {point: tuple(rows) for point, rows in found.items()}


def _month(row: tuple) -> Month:
    point, month, known, working, off, day, base, evening, night, rest, shape, *similar = row
    return Month(
        service_point_id=point, month=month, known_days=known, working_wh=tuple(working) if working else None,
        off_wh=tuple(off) if off else None, day_wh=day, base_w=base, evening_e4=evening, night_e4=night, off_e4=rest,
        shape=shape, similar=None if similar[0] is None else Similar(**dict(zip(_SIMILAR, similar, strict=True))),
    )  # fmt: skip


_SIMILAR = ("peers", "others", "day_wh", "quiet_wh", "base_w")
_MONTHS = """
SELECT m.service_point_id, m.month_date, m.known_days, m.working_wh, m.off_wh, m.day_wh, m.base_w, m.evening_e4,
       m.night_e4, m.off_e4, m.shape, g.peers, g.places - 1, g.day_wh, g.quiet_wh, g.base_w
FROM unnest(%(points)s::bigint[]) AS p (id)
CROSS JOIN LATERAL (
    SELECT * FROM metering_behaviourmonth b WHERE b.service_point_id = p.id ORDER BY b.month_date DESC LIMIT %(most)s
) m
LEFT JOIN metering_behaviourpeers g ON g.month_date = m.month_date AND g.peers = m.peers AND m.peers <> ''
ORDER BY m.service_point_id, m.month_date DESC
"""
