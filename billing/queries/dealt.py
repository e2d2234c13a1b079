"""What usage rules make of a month: what each place's meters count, what goes where, what each place is billed on."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from billing.domain import sharing
from billing.domain.findings import Obstacle, Obstacles
from billing.domain.pieces import NOWHERE, Pieces
from billing.domain.streams import LESS, TOLD, streams_of
from billing.queries import sources
from cis.kernel.fixed import Int64
from cis.kernel.periods import Period, add_months, month_of
from metering.domain.usage import UsageColumns
from metering.domain.usage_rules import Rule
from metering.queries import usage, usage_rules

ALWAYS = date.min
WHOLE_E2 = 10_000
"""All of it, in hundredths of a percent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceShare:
    """
    One place in a month. [Wh]

    name         external id
    counted_wh   by its own meters that are billed, check meters left out
    behind_wh    by sub-meters behind them, which are billed apart
    taken_wh     that other places take, by share or quantity
    given_wh     that the place takes of other places, or an agreed load
    obstacle     why it cannot be said, None: it can
    """

    service_point_id: int
    name: str
    counted_wh: int
    behind_wh: int
    taken_wh: int
    given_wh: int
    obstacle: Obstacle | None = None

    @property
    def billed_wh(self) -> int:
        """Return what the place is billed on. [Wh]"""
        return self.counted_wh - self.behind_wh - self.taken_wh + self.given_wh


@dataclass(frozen=True, slots=True, kw_only=True)
class Dealt:
    """A month as some rules deal it; the places in the order of their external ids."""

    month: Period
    places: tuple[PlaceShare, ...]

    @property
    def counted_wh(self) -> int:
        """Return what all meters that are billed count, those behind others too. [Wh]"""
        return sum(place.counted_wh for place in self.places)

    @property
    def billed_wh(self) -> int:
        """Return what all places together are billed on. [Wh]"""
        return sum(place.billed_wh for place in self.places)

    @property
    def rows(self) -> tuple[tuple[PlaceShare, int | None], ...]:
        """Return each place with its part of what all are billed on, in hundredths of a percent; None: not known."""
        whole = self.billed_wh if self.is_known else 0
        return tuple((place, _part_e2(place.billed_wh, whole) if whole > 0 else None) for place in self.places)

    @property
    def is_known(self) -> bool:
        """Return whether it can be said of every place."""
        return all(place.obstacle is None for place in self.places)


def last_month(*, service_point_ids: Collection[int], today: date) -> Period:
    """
    Return the last whole calendar month whose usage is approved at each of the places that counted in the year before.

    If they have no month in common, the last one of any; where nothing was counted, the last calendar month. One
    statement.
    """
    this_month = month_of(today)
    found = usage.months(service_point_ids=sorted(service_point_ids), until=add_months(this_month.start, -1))
    months = [{one.month for one in rows} for rows in found.values()]
    if not months:
        return month_of(add_months(this_month.start, -1))
    return month_of(max(set.intersection(*months) or set.union(*months)))


def of_month(*, rules: Sequence[Rule[int]], month: Period, service_point_ids: Collection[int]) -> Dealt:
    """
    Return what some rules would make of the approved usage of a month if they had held all the time.

    It is dealt by the code that bills; spans count in the month in which they begin, and prices are not asked for.
    Four statements.

    service_point_ids  places that are looked at beside those that the rules name
    """
    held = [replace(rule, start_date=ALWAYS, end_date=None) for rule in rules]
    points = sorted({*service_point_ids, *(point for rule in held for point in rule.places)})
    book = usage_rules.book_of(rules=held, service_point_ids=points, start_date=month.start, end_date=month.end)
    pieces = _pieces(points, month)
    obstacles = Obstacles()
    streams = streams_of(pieces=pieces, book=book, versions=(), obstacles=obstacles)
    approved = sources.usage_of(pieces, book)
    counted = _sums(sharing.without_check_meters(usage=approved, book=book), month)
    drawn = sharing.deal(usage=approved, book=book, streams=streams, pieces=pieces, obstacles=obstacles)
    left = _sums(drawn.usage, month)
    behind, given = dict.fromkeys(points, 0), dict.fromkeys(points, 0)
    for stream in streams.streams:
        if stream.sign == LESS and stream.rule is None:
            behind[stream.service_point_id] += left.get(stream.number, 0)
        elif stream.sign == LESS:
            given[stream.service_point_id] -= left.get(stream.number, 0)
        elif stream.sign != TOLD:
            given[stream.service_point_id] += left.get(stream.number, 0)
    places = [
        PlaceShare(
            service_point_id=point,
            name=book.names.get(point, ""),
            counted_wh=counted.get(point, 0),
            behind_wh=behind[point],
            taken_wh=counted.get(point, 0) - left.get(point, 0),
            given_wh=given[point],
            obstacle=obstacles.of_account.get(number),
        )
        for number, point in enumerate(points)
    ]
    return Dealt(month=month, places=tuple(sorted(places, key=lambda place: place.name)))


def _part_e2(part: int, whole: int) -> int:
    return (2 * part * WHOLE_E2 + whole) // (2 * whole)


def _pieces(points: Sequence[int], month: Period) -> Pieces:
    """Return one piece a place, as if an account of its own were supplied there; accounts are numbered from 0."""
    count = len(points)

    def all_of(value: int) -> Int64:
        return np.full(count, value, dtype=np.int64)

    own, no, yes = np.arange(count, dtype=np.int64), np.zeros(count, dtype=np.bool_), np.ones(count, dtype=np.bool_)
    start, end = all_of(month.start.toordinal()), all_of(month.end.toordinal())
    return Pieces(
        account_id=own,
        agreement_id=own,
        count_of=own,
        service_point_id=np.array(points, dtype=np.int64),
        tariff_id=all_of(0),
        version=all_of(NOWHERE),
        household=all_of(1),
        start_day=start,
        end_day=end,
        period_start_day=start,
        period_end_day=end,
        cycle_day=start,
        is_billed=yes,
        is_rated=no,
        is_own=yes,
        capacity_va=all_of(0),
        contract_w=all_of(0),
        suspended_va=all_of(0),
        green_blocks=all_of(0),
        features=all_of(0),
        feature_sets=((),),
    )


def _sums(rows: UsageColumns, month: Period) -> dict[int, int]:
    """
    Return the energy of spans that begin in the month, by place or stream. [Wh]

    Where counters of all hours stand beside those of periods of use, those of all hours say it.
    """
    inside = rows.take((rows.start_day >= month.start.toordinal()) & (rows.start_day < month.end.toordinal()))
    whole: dict[int, int] = {}
    apart: dict[int, int] = {}
    columns = (inside.service_point_id, inside.period_of_use, inside.energy_wh)
    for place, period, energy in zip(*(column.tolist() for column in columns), strict=True):
        sums = apart if rows.period_codes[period] else whole
        sums[place] = sums.get(place, 0) + energy
    return apart | whole
