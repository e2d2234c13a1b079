"""What an estimate goes by: values beside the one that is not known, energy of the year before, interval days."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from cis.platform import db, packs
from metering.domain.counter_estimates import COUNTER_METHODS, CounterFacts, Guess, Shown, Spent, guess
from metering.domain.day_estimates import DAY_METHODS, Bounds
from metering.domain.estimation import Method
from metering.domain.reads import most_wh
from metering.domain.registers import SpanCode, usage_between

YEAR = 365


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """By which methods, in which order, and how far estimates reach; ``most_days``: so many days of intervals."""

    counters: tuple[Method, ...]
    days: tuple[Method, ...]
    bounds: Bounds
    most_days: int


def ways(*, at: date) -> Ways:
    """
    Return the rule ``estimation`` of the pack.

    :raises MissingRule: the pack does not say how values are estimated.
    """
    rule = packs.rule("estimation", at=at)
    return Ways(
        counters=tuple(one for one in map(Method, rule["counters"]) if one in COUNTER_METHODS),
        days=tuple(one for one in map(Method, rule["days"]) if one in DAY_METHODS),
        bounds=Bounds(most_slots=rule["most_slots"], within_weeks=rule["within_weeks"]),
        most_days=rule["most_days"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """
    A counter at a place on a date.

    held_wh       its value of that date; None: there is none [Wh, varh or W]
    before        values before it, the last one first, those of two years of months at most
    held_is_ours  we estimated it
    certain       the last value before that we did not estimate; ``before`` may be estimates of ours
    capacity_w    of the place [W]
    """

    serial: str
    code: str
    digits: int
    multiplier: int
    held_wh: int | None
    before: tuple[Shown, ...]
    after: Shown | None
    held_is_ours: bool = False
    certain: Shown | None = None
    capacity_w: int = 0
    may_run_backward: bool = False

    def is_possible(self, first: Shown, second: Shown) -> bool:
        """Return whether the dial can have gone from one value to a later one, over its end or backward too."""
        found = usage_between(
            start_wh=np.array([first.reading_wh], dtype=np.int64), end_wh=np.array([second.reading_wh], dtype=np.int64),
            digits=self.digits, multiplier=self.multiplier, may_run_backward=self.may_run_backward,
            max_wh=most_wh(
                capacity_w=np.array([self.capacity_w], dtype=np.int64),
                days=np.array([second.day - first.day], dtype=np.int64),
            ),
        )  # fmt: skip
        return int(found.code[0]) not in {SpanCode.DECREASED, SpanCode.OFF_DIAL}


def counter(*, service_point_id: int, register_id: int, on: date) -> Counter | None:
    """Return a counter at a place on a date, with the values beside it; None: it did not hang there; one statement."""
    found = db.fetch(_COUNTER, {"point": service_point_id, "register": register_id, "on": on})
    if not found:
        return None
    serial, code, digits, multiplier, capacity_w, direction, days, values, ours, *certain = found[0]
    read = list(zip(days or (), values or (), strict=True))
    at = on.toordinal()
    return Counter(
        serial=serial, code=code, digits=digits, multiplier=multiplier,
        held_wh=next((value for day, value in read if day == at), None),
        before=tuple(Shown(day, value) for day, value in sorted(read, reverse=True) if day < at),
        after=next((Shown(day, value) for day, value in read if day > at), None),
        held_is_ours=at in (ours or ()), certain=None if certain[0] is None else Shown(*certain), capacity_w=capacity_w,
        may_run_backward=direction == "export",
    )  # fmt: skip


def facts(*, of: Counter, service_point_id: int, register_id: int, on: date) -> CounterFacts:
    """Return what a counter value is estimated by; one statement, none where nothing was read before it."""
    plain = CounterFacts(
        on_day=on.toordinal(), digits=of.digits, multiplier=of.multiplier, before=of.before, after=of.after,
        may_run_backward=of.may_run_backward,
    )  # fmt: skip
    if not of.before:
        return plain
    last = date.fromordinal(of.before[0].day)
    given = {"point": service_point_id, "register": register_id, "since": last - timedelta(days=YEAR), "until": last}
    spans = db.fetch(_SPENT, given)
    first, end = last - timedelta(days=YEAR), on - timedelta(days=YEAR)
    return CounterFacts(
        on_day=plain.on_day, digits=of.digits, multiplier=of.multiplier, before=of.before, after=of.after,
        last_year=_spent(spans, first, end, whole=True), usual=_spent(spans, first, last, whole=False),
        may_run_backward=of.may_run_backward,
    )  # fmt: skip


def offers(*, service_point_id: int, register_id: int, on: date) -> tuple[Guess, ...]:
    """Return what each method of the pack gives for a counter value, in its order; three statements at most."""
    of = counter(service_point_id=service_point_id, register_id=register_id, on=on)
    if of is None:
        return ()
    known = facts(of=of, service_point_id=service_point_id, register_id=register_id, on=on)
    made = (guess(facts=known, methods=[method]) for method in ways(at=on).counters)
    return tuple(one for one in made if one is not None)


def _spent(spans: list[tuple[date, date, int]], first: date, end: date, *, whole: bool) -> Spent | None:
    """Return the energy of spans between two dates, those across an end dealt by days; None: not all days are known."""
    energy, days = 0, 0
    for start, until, energy_wh in spans:
        shared = (min(until, end) - max(start, first)).days
        if shared > 0:
            energy += energy_wh * shared // (until - start).days
            days += shared
    if not days or (whole and days != (end - first).days):
        return None
    return Spent(energy, days)


_COUNTER = """
SELECT m.serial, g.code, g.digits, i.multiplier, p.capacity_w, g.direction, beside.days, beside.readings, beside.ours,
       certain.day, certain.reading_wh
FROM metering_register g
JOIN metering_meter m ON m.id = g.meter_id
JOIN metering_installation i ON i.meter_id = m.id AND i.service_point_id = %(point)s
 AND (i.period @> %(on)s::date OR upper(i.period) = %(on)s::date)
JOIN metering_servicepoint p ON p.id = i.service_point_id
CROSS JOIN LATERAL (
    SELECT array_agg(r.read_date - DATE '0001-01-01' + 1 ORDER BY r.read_date) AS days,
           array_agg(r.reading_wh ORDER BY r.read_date) AS readings,
           array_agg(r.read_date - DATE '0001-01-01' + 1)
               FILTER (WHERE r.kind = 'estimated' AND r.method NOT IN ('', 'given')) AS ours
    FROM (
        (SELECT DISTINCT ON (read_date) read_date, reading_wh, kind, method FROM metering_registerread
         WHERE register_id = g.id AND read_date <= %(on)s AND read_date >= lower(i.period)
         ORDER BY read_date DESC, version DESC LIMIT 26)
        UNION ALL
        (SELECT read_date, reading_wh, kind, method FROM metering_registerread
         WHERE register_id = g.id AND read_date > %(on)s
           AND (upper(i.period) IS NULL OR read_date <= upper(i.period))
         ORDER BY read_date, version DESC LIMIT 1)) r
) beside
LEFT JOIN LATERAL (
    SELECT r.read_date - DATE '0001-01-01' + 1 AS day, r.reading_wh
    FROM (
        SELECT DISTINCT ON (read_date) read_date, reading_wh, kind, method FROM metering_registerread
        WHERE register_id = g.id AND read_date < %(on)s AND read_date >= lower(i.period)
        ORDER BY read_date DESC, version DESC) r
    WHERE NOT (r.kind = 'estimated' AND r.method NOT IN ('', 'given'))
    ORDER BY r.read_date DESC LIMIT 1
) certain ON true
WHERE g.id = %(register)s
ORDER BY i.period DESC LIMIT 1
"""
# Of whatever meter hung there: an exchange takes no past away.
_SPENT = """
SELECT u.start_date, u.end_date, u.energy_wh
FROM metering_register mine
JOIN metering_usage u ON u.service_point_id = %(point)s AND u.is_current AND NOT u.is_estimated
  AND u.end_date > %(since)s AND u.start_date < %(until)s AND u.period_of_use = mine.period_of_use
JOIN metering_register g ON g.id = u.register_id AND g.quantity = mine.quantity AND g.direction = mine.direction
WHERE mine.id = %(register)s
ORDER BY u.start_date
"""
