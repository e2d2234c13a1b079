"""What pieces need of interval values and demand registers: demand, energy at hourly prices, steps in order of time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from billing.domain import daily, hourly, sharing
from billing.domain.checks import Checks
from billing.domain.counting import before_wh
from billing.domain.curves import Lines, Refusals, Sheet, Spans, lines_of, sheets
from billing.domain.daily import LocalDays
from billing.domain.demand import Demands, note_uncovered
from billing.domain.feeds import FeedRegisters, Feeds, feeds_of, units_of, without_checks
from billing.domain.findings import Obstacles
from billing.domain.hourly import Ordered, Priced, steps_of
from billing.domain.measured import ALL_HOURS, Lanes, by_period
from billing.domain.openings import NO_OPENINGS
from billing.domain.pieces import NOWHERE, Mask, Pieces, PlanVersion
from billing.domain.streams import Streams
from billing.queries import reading, sources
from billing.queries.reading import Metered, Reading
from cis.kernel.fixed import Int64
from cis.kernel.periods import Period
from contracts.domain.openings import OpeningColumns
from metering.domain.intervals import IntervalColumns
from metering.domain.usage import NOTHING_HUNG, UsageColumns
from metering.domain.usage_rules import RuleBook
from metering.queries import registers as counters
from tariffs.domain.inputs import Input
from tariffs.domain.price_series import PriceDay
from tariffs.queries import prices

MEASURED = frozenset({Input.PEAK_W, Input.SERIES_E9, Input.ORDERED_WH})
"""Inputs that come from interval values, the first also from registers."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Measured:
    """
    What was measured of pieces beside their reading.

    inputs        (m, ...) of all pieces, as wide as the plan with the longest axes; 0 where a plan does not ask
    is_estimated  (m,) some of it was not wholly measured
    """

    inputs: Mapping[Input, Int64]
    is_estimated: Mask


class Curves:
    """
    The inputs of the pieces of a chunk that interval values and demand registers tell.

    Statements: meters and approved demand where demand is asked for, prices where a series is; the interval days are
    read by the caller, and once more where steps fill in order of time.
    """

    def __init__(
        self, *, of: Metered, book: RuleBook, settled: Mask, ruled: Mask, local: LocalDays, obstacles: Obstacles
    ) -> None:
        """
        Find out what is to be read.

        of       pieces with what their own meters count
        settled  (m,) pieces of which nothing is asked
        ruled    (m,) pieces whose energy is not just what their own meters count
        """
        self.of, self.book, self.local, self.obstacles = of, book, local, obstacles
        pieces, versions = of.pieces, of.versions
        self.demand, self.priced, self.ordered = (
            hourly.wants(pieces=pieces, versions=versions, need=need) & ~settled
            for need in (Input.PEAK_W, Input.SERIES_E9, Input.ORDERED_WH)
        )
        hourly.note_ruled(pieces=pieces, ruled=ruled & (self.priced | self.ordered), obstacles=obstacles)
        self.priced, self.ordered = self.priced & ~ruled, self.ordered & ~ruled
        self.refusals = Refusals()
        self.feeds, self.registers = self._feeds()
        self.lines, self.spans = self._lines()
        self.checks = Checks(lines=self.lines, spans=self.spans)
        self.demands = Demands(feeds=self.feeds, versions=versions, lines=self.lines, refusals=self.refusals)
        self.sums = Priced(
            count=len(pieces), lines=self.lines, versions=versions, series=self._series(), refusals=self.refusals
        )

    @property
    def wanted(self) -> Reading:
        """Return which registers are to be read over which local days."""
        return self.lines.register_id[self.spans.line], self.spans.start_day, self.spans.end_day

    def _feeds(self) -> tuple[Feeds, FeedRegisters]:
        pieces = self.of.pieces
        start, end = sources.days_of(pieces)
        points = np.unique(pieces.service_point_id[self.demand])
        hung = counters.hung(service_point_ids=points, start_date=start, end_date=end) if len(points) else NOTHING_HUNG
        return feeds_of(
            pieces=pieces,
            wanted=self.demand,
            hung=without_checks(hung=hung, book=self.book),
            versions=self.of.versions,
            obstacles=self.obstacles,
        )

    def _series(self) -> Mapping[str, Mapping[date, PriceDay]]:
        """Return the prices of all series that the pieces are priced by."""
        pieces = self.of.pieces.take(self.priced)
        codes = series_of(pieces=pieces, versions=self.of.versions)
        if not codes:
            return {}
        start, end = sources.days_of(pieces)
        return prices.known_days(codes=codes, start_date=start, end_date=end)

    def _lines(self) -> tuple[Lines, Spans]:
        usage, pieces, located = self.of.usage, self.of.pieces, self.of.located
        timed = self.priced | self.ordered
        hourly.note_counters(pieces=pieces, wanted=timed, usage=usage, located=located, obstacles=self.obstacles)
        all_hours = np.array([code == ALL_HOURS for code in usage.period_codes] + [False], dtype=np.bool_)
        rows = np.flatnonzero(usage.is_interval & all_hours[usage.period_of_use])
        row, piece, start, end = daily.overlaps(pieces=pieces, usage=usage, rows=rows)
        kept = self._unit(piece, usage.register_id[row]) != NOWHERE
        kept |= timed[piece] & located.counts[row]
        row, piece, start, end = row[kept], piece[kept], start[kept], end[kept]
        windows = daily.with_rests(usage=usage, rows=np.unique(row), row=row, piece=piece, start=start, end=end)
        inside = windows.piece != NOWHERE
        return lines_of(
            windows=windows,
            feed=np.where(inside, self._unit(windows.piece, windows.register_id), NOWHERE),
            is_energy=inside & timed[windows.piece] & located.counts[windows.row],
            pieces=pieces,
            multiplier=usage.multiplier[windows.row],
        )

    def _unit(self, piece: Int64, register_id: Int64) -> Int64:
        return units_of(feeds=self.feeds, registers=self.registers, piece=piece, register_id=register_id)

    def add(self, month: Period, blocks: Sequence[IntervalColumns]) -> None:
        """Take in the interval days that the local days of a month reach into."""
        for sheet in self._sheets(self.lines, self.spans, month, blocks):
            self.checks.add(sheet)
            self.demands.add(sheet)
            self.sums.add(sheet)

    def _sheets(self, lines: Lines, spans: Spans, month: Period, blocks: Sequence[IntervalColumns]) -> Iterator[Sheet]:
        return sheets(
            lines=lines,
            spans=spans,
            pieces=self.of.pieces,
            versions=self.of.versions,
            month=month,
            blocks=blocks,
            local=self.local,
            refusals=self.refusals,
        )

    def finish(self) -> Measured:
        """
        Return what was measured, once all months are in, noting the accounts of which something is missing.

        One statement where demand is asked for.
        """
        pieces, obstacles = self.of.pieces, self.obstacles
        self.refusals.note(pieces=pieces, obstacles=obstacles)
        self.checks.note(pieces=pieces, energy_wh=self.of.usage.energy_wh, local=self.local, obstacles=obstacles)
        estimated = np.zeros(len(pieces), dtype=np.bool_)
        inputs: dict[Input, Int64] = {}
        if self.demand.any():
            piece = self.lines.piece[self.spans.line]
            spans = (piece, self.lines.register_id[self.spans.line], self.spans.start_day, self.spans.end_day)
            inside = piece != NOWHERE
            covered = (spans[0][inside], spans[1][inside], spans[2][inside], spans[3][inside])
            note_uncovered(
                pieces=pieces, feeds=self.feeds, registers=self.registers, spans=covered, obstacles=obstacles
            )
            shown = sources.usage_of(pieces, self.book, sources.DEMAND)
            estimated = self.demands.show(pieces=pieces, usage=shown, registers=self.registers, obstacles=obstacles)
            inputs[Input.PEAK_W] = self.demands.of_pieces(count=len(pieces))
        if self.priced.any():
            inputs[Input.SERIES_E9] = self.sums.amounts_e9()
        return Measured(inputs=inputs, is_estimated=estimated)

    def order(
        self, *, measured: Measured, energy_wh: Int64, lanes: Lanes, openings: OpeningColumns = NO_OPENINGS
    ) -> Measured:
        """
        Return what was measured with the energy by step where steps fill in order of time; a statement a month.

        energy_wh  (m, k) energy by lane, of all that pieces are billed on [Wh]
        openings   what was used of their tier cycles before
        """
        if not self.ordered.any():
            return measured
        of, refusals = self.of, Refusals()
        steps = steps_of(
            pieces=of.pieces,
            versions=of.versions,
            wanted=self.ordered,
            before_wh=before_wh(pieces=of.pieces, energy_wh=energy_wh.sum(axis=1), openings=openings),
            peak_w=measured.inputs.get(Input.PEAK_W),
            refusals=refusals,
        )
        cells = Ordered(steps=steps, lines=self.lines, versions=of.versions, wanted=self.ordered, refusals=refusals)
        asked = self.lines.is_energy & (self.lines.piece != NOWHERE) & self.ordered[self.lines.piece]
        mine = asked[self.spans.line]
        spans = self.spans.take(mine)
        days = (self.lines.register_id[spans.line], spans.start_day, spans.end_day)
        for month, blocks in reading.months(reading=days):
            for sheet in self._sheets(self.lines, spans, month, blocks):
                cells.add(sheet)
        refusals.note(pieces=of.pieces, obstacles=self.obstacles)
        by_use = by_period(energy_wh=energy_wh, version=of.pieces.version, lanes=lanes, width=cells.periods)
        inputs = {**measured.inputs, Input.ORDERED_WH: cells.cells_wh(energy_wh=by_use)}
        return replace(measured, inputs=inputs)


def has_needs(pieces: Pieces, versions: Sequence[PlanVersion], needs: frozenset[Input]) -> Mask:
    """Return the billed pieces whose plan needs one of some inputs, (m,)."""
    asks = np.array([bool(one.plan.needs & needs) for one in versions] + [False], dtype=np.bool_)
    return np.asarray(asks[pieces.version] & pieces.is_rated)


def own_meters(of: Metered, *, streams: Streams, usage: UsageColumns, book: RuleBook, pieces: Pieces) -> Metered:
    """Return pieces with what their own meters count, whatever usage rules make of it; check meters are left out."""
    if not streams.has_rules:
        return of
    own = sharing.as_approved(sharing.without_check_meters(usage=usage, book=book))
    # What cannot be told of the energy is told where it is split; here it only says what is read in intervals.
    return reading.metered(pieces=pieces, versions=of.versions, drawn=own, obstacles=Obstacles())


def series_of(*, pieces: Pieces, versions: Sequence[PlanVersion]) -> tuple[str, ...]:
    """Return the codes of the price series by which some pieces are priced."""
    plans = sources.plans_of(pieces, versions)
    return tuple(sorted({one.series for plan in plans for one in plan.priced_by_hour}))


def redelivered_prices(*, pieces: Pieces, versions: Sequence[PlanVersion]) -> Int64:
    """
    Return how many newer versions there are of the prices that pieces are priced by, (m,); one statement if any are.

    Asked before the prices are read, as of interval days: so a price that is corrected meanwhile is billed by the next
    run.
    """
    counts = np.zeros(len(pieces), dtype=np.int64)
    wanted = np.flatnonzero(hourly.wants(pieces=pieces, versions=versions, need=Input.SERIES_E9))
    if not len(wanted):
        return counts
    codes = series_of(pieces=pieces.take(wanted), versions=versions)
    start, end = sources.days_of(pieces.take(wanted))
    corrected = prices.corrected_days(codes=codes, start_date=start, end_date=end)
    for code in codes:
        days = np.sort(np.array([day.toordinal() for series, day in corrected if series == code], dtype=np.int64))
        uses = np.array([code in {one.series for one in v.plan.priced_by_hour} for v in versions], dtype=np.bool_)
        mine = wanted[uses[pieces.version[wanted]]]
        counts[mine] += np.searchsorted(days, pieces.end_day[mine]) - np.searchsorted(days, pieces.start_day[mine])
    return counts
