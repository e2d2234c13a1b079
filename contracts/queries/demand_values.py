"""What those who take part in an event used in its hours, before them, and on their similar days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from cis.kernel.calendar import BusinessCalendar, LocalClock
from cis.kernel.fixed import Int64
from cis.platform.db import fetch
from contracts.domain import baselines, demand_days
from contracts.domain.baselines import BaselineRule, TooFewDays
from contracts.domain.demand_days import HOUR_US, Gap, Hours
from metering.domain.intervals import SpanEnergy, Window, sum_spans
from metering.queries import dark_times, interval_points, intervals
from metering.queries.interval_points import IntervalRegister

DAY = timedelta(days=1)
_OFF = {"dark": Gap.DARK, "cut": Gap.CUT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Where a part is measured, and for whom. ``excluded``: days of other events in which it took part."""

    part_id: int
    account_id: int
    service_point_id: int
    excluded: frozenset[date]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One register on one day of a part; ``day_place``: 0 is the day of the event, then its similar days."""

    part_id: int
    day_place: int
    day: date
    register_id: int


def of_parts(
    *,
    start_at: datetime,
    end_at: datetime,
    points: Sequence[Point],
    rule: BaselineRule,
    clock: LocalClock,
    calendar: BusinessCalendar,
) -> dict[int, Hours | Gap]:
    """
    Return the hours of each part, or why it cannot be measured yet, by its id; four statements.

    Only days count on which who holds the account on the day of the event was supplied there by it: how somebody else
    lived tells nothing of them, and is nobody else's business.

    Energy is of all interval registers of energy drawn that hung there on the day. Interval values are primary: the
    multiplier is not applied to them, as in ``metering.operations.usage_rows``.
    """
    event_day = clock.local_date(start_at)
    starts = _starts(start_at, end_at, rule=rule, clock=clock)
    odd = {day for day, found in starts.items() if found is None}
    days: dict[int, tuple[date, ...]] = {}
    answer: dict[int, Hours | Gap] = {}
    theirs = _own_days(points, event_day, rule.back_days)
    off = dark_times.without_current(
        service_point_ids=[point.service_point_id for point in points], start_at=start_at, end_at=end_at
    )
    for point in points:
        if point.service_point_id in off:
            answer[point.part_id] = _OFF[off[point.service_point_id]]
            continue
        try:
            days[point.part_id] = baselines.similar_days(
                event_day=event_day, calendar=calendar, rule=rule,
                excluded=point.excluded | odd | (starts.keys() - theirs[point.part_id]),
            )  # fmt: skip
        except TooFewDays:
            answer[point.part_id] = Gap.TOO_FEW
    found = interval_points.registers(
        service_point_ids=[point.service_point_id for point in points if point.part_id in days],
        start_date=event_day - (rule.back_days + 1) * DAY, end_date=event_day + DAY,
    )  # fmt: skip
    by_point: dict[int, list[IntervalRegister]] = {}
    for register in found:
        by_point.setdefault(register.service_point_id, []).append(register)
    rows: list[_Row] = []
    for point in points:
        if point.part_id in days:
            own = _rows(point.part_id, (event_day, *days[point.part_id]), by_point.get(point.service_point_id, []))
            if own is None:
                answer[point.part_id] = Gap.NO_METER
            else:
                rows += own
    return answer | _measured(rows, starts, days, event_day, rule.before_hours)


_SUPPLIED = """
    SELECT g.account_id, g.service_point_id, lower(g.period * h.period), upper(g.period * h.period)
    FROM contracts_serviceagreement g
    JOIN accounts_accountholder n ON n.account_id = g.account_id AND n.period @> %(day)s::date
    JOIN accounts_accountholder h ON h.account_id = g.account_id AND h.customer_id = n.customer_id
                                     AND h.period && g.period
    WHERE g.account_id = ANY(%(accounts)s) AND g.service_point_id = ANY(%(points)s)
"""


def _own_days(points: Sequence[Point], event_day: date, back_days: int) -> dict[int, set[date]]:
    """Return by part the days before an event on which its customer was supplied there; one statement."""
    rows = fetch(
        _SUPPLIED,
        {
            "day": event_day, "accounts": [point.account_id for point in points],
            "points": [point.service_point_id for point in points],
        },
    )  # fmt: skip
    found: dict[tuple[int, int], set[date]] = {}
    for account_id, point_id, first, end in rows:
        found.setdefault((account_id, point_id), set()).update(
            day
            for day in (event_day - back * DAY for back in range(1, back_days + 1))
            if (first is None or first <= day) and (end is None or day < end)
        )
    return {point.part_id: found.get((point.account_id, point.service_point_id), set()) for point in points}


def _starts(start_at: datetime, end_at: datetime, *, rule: BaselineRule, clock: LocalClock) -> dict[date, Int64 | None]:
    event_day = clock.local_date(start_at)
    found = {
        day: demand_days.starts_us(
            day=day, start_at=start_at, end_at=end_at, before_hours=rule.before_hours, clock=clock
        )
        for day in (event_day - back * DAY for back in range(1, rule.back_days + 1))
    }  # fmt: skip
    own = demand_days.event_starts_us(start_at=start_at, end_at=end_at, before_hours=rule.before_hours)
    return {event_day: own, **found}


def _rows(part_id: int, days: Sequence[date], registers: Sequence[IntervalRegister]) -> list[_Row] | None:
    """Return the registers that hung there on each day; None: on one of them none did."""
    rows = []
    for place, day in enumerate(days):
        hung = [one for one in registers if one.start_day <= day.toordinal() < one.end_day]
        if not hung:
            return None
        rows += [_Row(part_id=part_id, day_place=place, day=day, register_id=one.register_id) for one in hung]
    return rows


def _measured(
    rows: Sequence[_Row],
    starts: Mapping[date, Int64 | None],
    days: Mapping[int, tuple[date, ...]],
    event_day: date,
    before: int,
) -> dict[int, Hours | Gap]:
    if not rows:
        return {}
    own = starts[event_day]
    assert own is not None
    hours = len(own)
    spans = _spans(rows, starts)
    energy = spans.energy_wh.reshape(-1, hours)
    is_complete = spans.is_complete.reshape(-1, hours).min(axis=1)
    is_guessed = spans.is_estimated.reshape(-1, hours).max(axis=1)
    tables: dict[int, Int64] = {}
    gaps: dict[int, Gap] = {}
    for at, row in enumerate(rows):
        if not is_complete[at]:
            gaps[row.part_id] = Gap.MISSING
        elif is_guessed[at]:
            gaps.setdefault(row.part_id, Gap.ESTIMATED)
        table = tables.get(row.part_id)
        if table is None:
            table = tables[row.part_id] = np.zeros((1 + len(days[row.part_id]), hours), dtype=np.int64)
        table[row.day_place] += energy[at]
    return {
        part_id: gaps[part_id]
        if part_id in gaps
        else Hours(
            days=np.array([day.toordinal() for day in (event_day, *days[part_id])], dtype=np.int64),
            before_wh=table[:, :before],
            event_wh=table[:, before:],
        )
        for part_id, table in tables.items()
    }


def _spans(rows: Sequence[_Row], starts: Mapping[date, Int64 | None]) -> SpanEnergy:
    """Return the energy of each hour of each row, one after the other."""
    begins = [found for row in rows if (found := starts[row.day]) is not None]
    from_us = np.concatenate(begins)
    hours = len(begins[0])
    register_id = np.repeat(np.array([row.register_id for row in rows], dtype=np.int64), hours)
    window = Window(register_id=register_id, from_us=from_us, until_us=from_us + HOUR_US)
    blocks = intervals.days(
        register_ids=np.unique(register_id), start_date=min(row.day for row in rows) - 2 * DAY,
        end_date=max(row.day for row in rows) + 2 * DAY,
    )  # fmt: skip
    return sum_spans(blocks=blocks, window=window)
