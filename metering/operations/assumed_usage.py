"""
Usage of days that are still to come, assumed so that a preview can be rated by the code that bills: never kept.

Whoever calls this rolls it back (``cis.platform.db.rolled_back``, ``taken_back``).
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from cis.kernel.periods import Period, month_of
from cis.platform import db
from cis.platform.db import joins_transaction
from metering.models.usage import Usage, UsageBasis
from metering.operations import partitions, usage

HISTORY_DAYS = 366
DAYS_IN_WEEK = 7

_REGISTERS = """
    SELECT i.service_point_id, g.id, g.quantity, g.direction, g.period_of_use, g.is_interval,
           greatest(lower(i.period), %(start)s::date), least(coalesce(upper(i.period), %(end)s::date), %(end)s::date)
    FROM metering_installation i JOIN metering_register g ON g.meter_id = i.meter_id
    WHERE i.service_point_id = ANY(%(points)s) AND i.period && daterange(%(start)s, %(end)s)
    ORDER BY 1, 2
"""
# What a place used a day, by what is counted, over the year before; of demand the largest.
_HABITS = """
    SELECT u.service_point_id, g.quantity, g.direction, u.period_of_use,
           CASE WHEN g.quantity = 'demand' THEN max(u.energy_wh)
                ELSE sum(u.energy_wh) / sum(u.end_date - u.start_date) END::bigint
    FROM metering_usage u JOIN metering_register g ON g.id = u.register_id
    WHERE u.service_point_id = ANY(%(points)s) AND u.is_current AND u.end_date > %(since)s
    GROUP BY 1, 2, 3, 4
"""
# A day that has no values has those of the last day of the same name that has.
_DAYS = """
    INSERT INTO metering_intervalday (register_id, day_date, version, start_at, interval_minutes, exponent, values,
                                      total_wh, quality)
    SELECT w.register_id, w.day, 1, s.start_at + (w.day - s.day_date) * interval '1 day', s.interval_minutes,
           s.exponent, s.values, s.total_wh, s.quality
    FROM (SELECT register_id, day::date AS day FROM unnest(%(registers)s::bigint[]) AS register_id,
          generate_series(%(start)s::date, %(end)s::date - 1, interval '1 day') AS day) w
    CROSS JOIN LATERAL (
        SELECT * FROM metering_intervalday k
        WHERE k.register_id = w.register_id AND k.day_date < w.day AND k.day_date >= %(since)s
          AND (w.day - k.day_date) %% 7 = 0
        ORDER BY k.day_date DESC, k.version DESC LIMIT 1) s
    WHERE NOT EXISTS (SELECT 1 FROM metering_intervalday h WHERE h.register_id = w.register_id AND h.day_date = w.day)
    RETURNING day_date
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumed:
    """
    What was assumed.

    first_day  first day of which energy was assumed; None: all is approved
    unknown    service points where nothing was used yet: nothing is taken to be used
    """

    first_day: date | None
    unknown: frozenset[int]


@dataclass(frozen=True, slots=True)
class _Register:
    point_id: int
    id: int
    quantity: str
    direction: str
    period_of_use: str
    is_interval: bool
    start: date
    end: date


@joins_transaction
def assume(
    *, service_point_ids: Collection[int], start_date: date, end_date: date, cuts: Sequence[date] = ()
) -> Assumed:
    """
    Fill [start_date, end_date) with usage where none is approved: as much a day as in the year before, at each hour
    as a week before. Usage that reaches over a cut is dealt to its days.

    :param cuts: dates on which spans end, as that of a change.
    """
    points = sorted(service_point_ids)
    rows = db.fetch(_REGISTERS, {"points": points, "start": start_date, "end": end_date})
    registers = [_Register(*row) for row in rows if row[6] < row[7]]
    since = start_date - timedelta(days=HISTORY_DAYS)
    known = {tuple(row[:4]): row[4] for row in db.fetch(_HABITS, {"points": points, "since": since})}
    period = Period(start_date, end_date)
    first = _intervals([one for one in registers if one.is_interval], points=points, period=period, cuts=cuts)
    made = _split(registers, cuts)
    for one in registers:
        habit = known.get((one.point_id, one.quantity, one.direction, one.period_of_use), 0)
        made += [_usage(one, part, habit) for part in _gaps(one, cuts)]
    Usage.objects.bulk_create(made)
    return Assumed(
        first_day=min((day for day in (first, *(row.start_date for row in made)) if day is not None), default=None),
        unknown=frozenset(points) - {row[0] for row in known},
    )


def _intervals(
    registers: Sequence[_Register], *, points: list[int], period: Period, cuts: Sequence[date]
) -> date | None:
    """Repeat the days of the weeks before, and approve them as meters' values are; return the first day repeated."""
    if not registers:
        return None
    # A local day reaches into two days of the metering clock.
    start, end = period.start - timedelta(days=1), period.end + timedelta(days=1)
    partitions.ensure(months=[month.start for month in Period(start, end).months()])
    repeated: list[date] = []
    given = {"registers": [one.id for one in registers], "start": start, "end": end}
    for _ in range(period.days // DAYS_IN_WEEK + 2):  # each turn has one more week to take from
        days = [day for (day,) in db.fetch(_DAYS, {**given, "since": start - timedelta(days=HISTORY_DAYS)})]
        if not days:
            break
        repeated += days
    inside = [(point, cut) for point in points for cut in cuts if period.contains(cut)]
    usage.approve_step(start_date=period.start, end_date=period.end, service_point_ids=points, cuts=inside)
    return min((max(day, period.start) for day in repeated if day < period.end), default=None)


def _split(registers: Sequence[_Register], cuts: Sequence[date]) -> list[Usage]:
    """Retire usage that reaches over a cut and return its parts, dealt by days."""
    parts: list[Usage] = []
    crossing = Usage.objects.filter(
        register_id__in=[one.id for one in registers if not one.is_interval], is_current=True
    )
    for cut in cuts:
        for row in crossing.filter(start_date__lt=cut, end_date__gt=cut):
            Usage.objects.filter(id=row.id).update(is_current=False)
            days = (row.end_date - row.start_date).days
            before = row.energy_wh * (cut - row.start_date).days // days
            is_demand = row.register.quantity == "demand"
            for start, end, energy in (
                (row.start_date, cut, row.energy_wh if is_demand else before),
                (cut, row.end_date, row.energy_wh if is_demand else row.energy_wh - before),
            ):
                parts.append(
                    Usage(
                        service_point_id=row.service_point_id, register_id=row.register_id,
                        period_of_use=row.period_of_use, start_date=start, end_date=end, basis=row.basis,
                        multiplier=row.multiplier, energy_wh=energy, is_estimated=True, version=row.version + 1,
                    )
                )  # fmt: skip
    return parts


def _gaps(one: _Register, cuts: Sequence[date]) -> Iterator[Period]:
    """Yield the days of a register without usage, cut at months and cuts."""
    spans = Usage.objects.filter(
        register_id=one.id, service_point_id=one.point_id, is_current=True, start_date__lt=one.end,
        end_date__gt=one.start,
    ).order_by("start_date").values_list("start_date", "end_date")  # fmt: skip
    day = one.start
    for start, end in [*spans, (one.end, one.end)]:
        if day < start:
            gap = Period(day, start)
            yield from gap.split_at(*cuts, *(month.start for month in gap.months()), month_of(day).start)
        day = max(day, end)


def _usage(one: _Register, part: Period, habit: int) -> Usage:
    return Usage(
        service_point_id=one.point_id,
        register_id=one.id,
        period_of_use=one.period_of_use,
        start_date=part.start,
        end_date=part.end,
        basis=UsageBasis.REGISTER.value,
        energy_wh=habit if one.quantity == "demand" else habit * part.days,
        is_estimated=True,
    )
