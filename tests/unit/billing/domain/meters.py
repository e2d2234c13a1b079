"""Meters with interval values, in memory: what a chunk reads of them, and what it makes of it."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

import numpy as np

from billing.domain import sharing
from billing.domain.daily import LocalDays
from billing.domain.findings import Obstacles
from billing.domain.pieces import cut
from billing.queries import curves, reading
from cis.kernel.calendar import local_clock
from metering.domain.intervals import IntervalColumns
from metering.domain.usage import Hung
from metering.domain.usage_rules import RuleBook
from tests.unit.billing.domain import books

MARKET = timedelta(hours=10)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass
class Curve:
    """A register read in intervals; ``values`` by the instant of each interval, in Wh before the multiplier."""

    register: int
    minutes: int
    start: date
    end: date
    meter: int = 0
    point: int = 1
    multiplier: int = 1
    values: dict = field(default_factory=dict)
    exponent: int = 0

    def fill(self, zone, value_of, before=1, after=1):
        """Give each interval from a day before its local days to a day after them a value."""
        clock = local_clock(zone)
        at = clock.day_start_utc(self.start) - before * DAY
        while at < clock.day_start_utc(self.end) + after * DAY:
            self.values[at] = value_of(at)
            at += timedelta(minutes=self.minutes)
        return self

    def inside(self, zone, start, end):
        """The instants and energies of some local days, the multiplier included."""
        clock = local_clock(zone)
        since, until = clock.day_start_utc(start), clock.day_start_utc(end)
        return {at: value * self.multiplier for at, value in self.values.items() if since <= at < until}

    def usage(self, zone, start, end, outdated_wh=0):
        unit = 10**-self.exponent
        total = sum(self.inside(zone, start, end).values())
        energy = (2 * total + unit) // (2 * unit) + outdated_wh
        return (self.point, self.register, "", start, end, energy, True, self.multiplier)


def blocks_of(curve_list, register_ids, start_date, end_date):
    """Days on the NEM12 clock (UTC+10), as ``intervals.days`` gives them; a value that is missing has quality N."""
    wanted = sorted((c for c in curve_list if c.register in set(register_ids)), key=lambda c: (c.minutes, c.register))
    finest = min((c.exponent for c in wanted), default=0)
    found = []
    for minutes, group in groupby(wanted, key=lambda c: c.minutes):
        rows = []
        slots = 24 * 60 // minutes
        for curve in group:
            day = start_date
            while day < end_date:
                start = datetime(day.year, day.month, day.day, tzinfo=UTC) - MARKET
                values = [curve.values.get(start + n * timedelta(minutes=minutes)) for n in range(slots)]
                if any(value is not None for value in values):
                    rows.append((curve, day, start, values))
                day += DAY
        if rows:
            found.append(_block(minutes, rows, finest))
    return tuple(found)


def _block(minutes, rows, finest):
    return IntervalColumns(
        minutes,
        finest,
        books.column(c.register for c, *_ in rows),
        books.column(day.toordinal() for _, day, *_ in rows),
        books.column((start - EPOCH) // timedelta(microseconds=1) for _, _, start, _ in rows),
        np.array(
            [[(v or 0) * 10 ** (c.exponent - finest) for v in values] for c, _, _, values in rows], dtype=np.int64
        ),
        np.array([[ord("N" if v is None else "A") for v in values] for *_, values in rows], dtype=np.uint8),
    )


def hung_of(curve_list, demands=()):
    """Demand registers as (point, meter, register, code, start, end)."""
    rows = [(c.point, c.meter, c.register, 0, 1, c.start, c.end, "") for c in curve_list]
    rows += [(point, meter, register, 1, 0, start, end, code) for point, meter, register, code, start, end in demands]
    rows.sort(key=lambda row: (row[0], row[5], row[1], row[2]))
    codes = tuple(sorted({row[7] for row in rows}))
    return Hung(
        period_codes=codes,
        service_point_id=books.column(row[0] for row in rows),
        meter_id=books.column(row[1] for row in rows),
        register_id=books.column(row[2] for row in rows),
        is_demand=books.column((row[3] == 1 for row in rows), np.bool_),
        is_interval=books.column((row[4] == 1 for row in rows), np.bool_),
        period_of_use=books.column(codes.index(row[7]) for row in rows),
        start_day=books.column(row[5].toordinal() for row in rows),
        end_day=books.column(row[6].toordinal() for row in rows),
    )


@dataclass
class Result:
    pieces: object
    inputs: dict
    energy: object
    lanes: object
    held: dict


@dataclass
class Chunk:
    """Accounts on interval meters; ``measure`` gathers what their pieces need, with the tables of rooms made up."""

    monkeypatch: object
    zone: str = "Asia/Shanghai"

    def measure(
        self,
        plan,
        curve_list,
        *usage,
        period,
        terms=None,
        demands=(),
        shown=(),
        series=None,
        versions=None,
        events=None,
    ):
        versions = versions or [books.version(plan)]
        terms = terms or books.agreements((1, 1, 1, 1, 1, date(2024, 1, 1), books.NEVER))
        pieces = cut(agreements=terms, versions=versions, billed=books.no_periods(), period=period)
        obstacles = Obstacles()
        rows = books.usage(*usage)
        of = reading.metered(pieces=pieces, versions=versions, drawn=sharing.as_approved(rows), obstacles=obstacles)
        patch = self.monkeypatch.setattr
        patch(curves.counters, "hung", lambda **_: hung_of(curve_list, demands))
        patch(curves.prices, "known_days", lambda **_: series or {})
        patch(curves.sources, "usage_of", lambda *_: books.usage(*shown))
        patch(reading.intervals, "days", lambda **given: blocks_of(curve_list, **given))
        local = LocalDays(clock=local_clock(self.zone), events=events or {})
        nothing = np.zeros(len(pieces), dtype=np.bool_)
        book = RuleBook(rules=(), registers=(), names={})
        found = curves.Curves(of=of, book=book, settled=nothing, ruled=nothing, local=local, obstacles=obstacles)
        energy = reading.split(of=of, local=local, taker=found)
        done = found.order(measured=found.finish(), energy_wh=energy, lanes=of.lanes)
        return Result(pieces, done.inputs, energy, of.lanes, obstacles.of_account)
