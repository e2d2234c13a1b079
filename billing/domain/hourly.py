"""Energy at the price of each interval, and energy by step where steps fill in order of time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from billing.domain.curves import Lines, Refusals, Sheet
from billing.domain.facts import NOT_MEASURED, note
from billing.domain.findings import Obstacles
from billing.domain.measured import Located
from billing.domain.pieces import NOWHERE, Mask, Pieces, PlanVersion
from cis.kernel import fixed
from cis.kernel.columns import group_rows
from cis.kernel.errors import Refused
from cis.kernel.fixed import Int64
from metering.domain.intervals import ValuesTooLarge
from metering.domain.usage import UsageColumns
from tariffs.domain.batch import EnergyOutOfRange, RatingBatch, month_shares_e9
from tariffs.domain.cells import ordered
from tariffs.domain.inputs import Input
from tariffs.domain.measuring import period_of_slot, steps_in_order
from tariffs.domain.plan import Plan
from tariffs.domain.price_series import PriceDay, PricesMissing, columns_of
from tariffs.domain.runs import Run

FINEST = 6
"""Values are multiples of 10^-6 Wh."""


def wants(*, pieces: Pieces, versions: Sequence[PlanVersion], need: Input) -> Mask:
    """Return the billed pieces whose plan needs an input, (m,)."""
    needs = np.array([need in one.plan.needs for one in versions] + [False], dtype=np.bool_)
    return np.asarray(pieces.is_rated & needs[pieces.version])


def note_counters(*, pieces: Pieces, wanted: Mask, usage: UsageColumns, located: Located, obstacles: Obstacles) -> None:
    """Note wanted pieces of whose energy a part was counted by registers, which do not tell when it was used."""
    rows = located.counts & (located.piece != NOWHERE) & ~usage.is_interval
    for place in np.unique(located.piece[rows]).tolist():
        if wanted[place]:
            note(
                pieces=pieces,
                place=place,
                obstacles=obstacles,
                code=NOT_MEASURED,
                message="The tariff needs to know when energy was used, and a register"
                " that is not read in intervals counted a part of it",
                advice="Hang a meter with interval values, or change the tariff.",
            )


def note_ruled(*, pieces: Pieces, ruled: Mask, obstacles: Obstacles) -> None:
    """Note pieces that are billed by usage rules, though it matters when their energy was used."""
    for place in np.flatnonzero(ruled).tolist():
        note(
            pieces=pieces,
            place=place,
            obstacles=obstacles,
            code=NOT_MEASURED,
            message="The tariff needs to know when energy was used, and the place is billed by usage rules",
            advice="Change the tariff, or hang a meter of its own there.",
        )


def _by_piece(lines: Lines, sheet: Sheet) -> tuple[Int64, Int64]:
    """Return the pieces whose energy a sheet has, and their values, (n,) and (n, s)."""
    rows = np.flatnonzero(lines.is_energy[sheet.lines])
    piece = lines.piece[sheet.lines[rows]]
    begins = np.flatnonzero(np.diff(piece, prepend=NOWHERE) != 0)
    values = sheet.values if len(rows) == len(sheet.values) else sheet.values[rows]
    if len(begins) < len(rows):
        values = np.add.reduceat(values, begins, axis=0)
    return piece[begins], values


class Priced:
    """Energy times the prices of each series, summed over the intervals of all sheets."""

    def __init__(
        self,
        *,
        count: int,
        lines: Lines,
        versions: Sequence[PlanVersion],
        series: Mapping[str, Mapping[date, PriceDay]],
        refusals: Refusals,
    ) -> None:
        self.lines, self.versions, self.series, self.refusals = lines, versions, series, refusals
        widest = max((len(one.plan.priced_by_hour) for one in versions), default=0)
        self.total = np.zeros((count, widest), dtype=object)
        self._run: Run | None = None
        self._prices_e6 = np.zeros((0, 0), dtype=np.int64)

    def add(self, sheet: Sheet) -> None:
        """Price the energy of a sheet, exactly."""
        if sheet.version == NOWHERE or not self.versions[sheet.version].plan.priced_by_hour:
            return
        piece, values = _by_piece(self.lines, sheet)
        try:
            prices_e6 = self._prices_of(sheet)
        except Refused as refusal:
            self.refusals.add(piece, refusal)
            return
        for column, one in enumerate(prices_e6.T):
            amounts = np.asarray(fixed.dot(values, one))
            self.total[piece, column] += amounts.astype(object) * 10 ** (FINEST + sheet.exponent)

    def _prices_of(self, sheet: Sheet) -> Int64:
        """
        Return the price of each slot by component, (s, r); sheets of one run follow each other.

        :raises Refused: prices are missing, or do not fit the intervals.
        """
        if self._run is not sheet.run:
            components = self.versions[sheet.version].plan.priced_by_hour
            days = {one.series: _days_of(self.series.get(one.series, {}), one.series, sheet.run) for one in components}
            minutes = sheet.run.interval_minutes
            self._prices_e6 = columns_of(components=components, series=days, interval_minutes=minutes)
            self._run = sheet.run
        return self._prices_e6

    def amounts_e9(self) -> Int64:
        """
        Return the sums, rounded half away from zero, (m, r). [10^-9 minor unit]

        :raises EnergyOutOfRange: one does not fit 64 bits.
        """
        under = 10**FINEST
        rounded = np.sign(self.total) * ((2 * np.abs(self.total) + under) // (2 * under))
        if rounded.size and int(np.abs(rounded).max()) >= fixed.LIMIT:
            raise EnergyOutOfRange("The priced energy of a segment does not fit 64 bits.")
        return np.asarray(rounded.astype(np.int64))


def _days_of(known: Mapping[date, PriceDay], series: str, run: Run) -> tuple[PriceDay, ...]:
    """
    Return the prices of the dates of a run.

    :raises PricesMissing: a date has none.
    """
    missing = next((day for day in run.dates() if day not in known), None)
    if missing is not None:
        raise PricesMissing(
            f"The price series {series} has no prices on {missing}.",
            advice="Load the file of that day, then rate again.",
            series=series,
            day=missing,
        )
    return tuple(known[day] for day in run.dates())


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Steps:
    """
    Where the steps of pieces lie that fill in order of time.

    before_wh  (m,) energy since the steps began, before each piece [Wh]
    limits_wh  (m, k - 1) upper bounds; k is that of the plan with most steps, what is beyond those of a piece is 0 [Wh]
    count      (m,) limits of each piece
    """

    before_wh: Int64
    limits_wh: Int64
    count: Int64


def steps_of(
    *,
    pieces: Pieces,
    versions: Sequence[PlanVersion],
    wanted: Mask,
    before_wh: Int64,
    peak_w: Int64 | None,
    refusals: Refusals,
) -> Steps:
    """
    Return the steps of the wanted pieces.

    before_wh  (m,) energy since the tier cycle began [Wh]
    peak_w     (m, q) demand, where limits are per kW [W]
    refusals   is told of pieces whose plan fills different steps at once
    """
    found: list[tuple[Int64, Int64, list[Int64 | int]]] = []
    for version, month, rows in _by_month(pieces, wanted):
        batch = RatingBatch.of(
            used_wh=np.zeros((len(rows), 1), dtype=np.int64),
            days=pieces.end_day[rows] - pieces.start_day[rows],
            month_share_e9=month_shares_e9(start_day=pieces.start_day[rows], end_day=pieces.end_day[rows]),
            before_wh=before_wh[rows],
            household=pieces.household[rows],
            inputs={} if peak_w is None else {Input.PEAK_W: peak_w[rows]},
        )
        try:
            found.append((rows, *steps_in_order(plan=versions[version].plan, batch=batch, month=month)))
        except Refused as refusal:
            refusals.add(rows, refusal)
    limits_wh = np.zeros((len(pieces), max((len(limits) for _, _, limits in found), default=0)), dtype=np.int64)
    start_wh, count = np.zeros((2, len(pieces)), dtype=np.int64)
    for rows, start, limits in found:
        start_wh[rows], count[rows] = start, len(limits)
        for step, limit in enumerate(limits):
            limits_wh[rows, step] = limit
    return Steps(before_wh=start_wh, limits_wh=limits_wh, count=count)


def _by_month(pieces: Pieces, wanted: Mask) -> Iterator[tuple[int, int, Int64]]:
    """Yield the wanted pieces by version and the calendar month in which they begin."""
    for version, rows in group_rows(np.where(wanted, pieces.version, NOWHERE)):
        if version != NOWHERE:
            months = [date.fromordinal(day).month for day in pieces.start_day[rows].tolist()]
            for month, mine in group_rows(np.array(months, dtype=np.int64)):
                yield version, month, rows[mine]


class Ordered:
    """Energy by step and period of use, the steps filled in order of time; sheets come month by month."""

    def __init__(
        self, *, steps: Steps, lines: Lines, versions: Sequence[PlanVersion], wanted: Mask, refusals: Refusals
    ) -> None:
        self.steps, self.lines, self.versions, self.wanted, self.refusals = steps, lines, versions, wanted, refusals
        self.periods = max((len(one.plan.periods) for one in versions), default=1)
        shape = (len(steps.before_wh), steps.limits_wh.shape[1] + 1, self.periods)
        self.exponent = 0
        self.values = np.zeros(shape, dtype=np.int64)
        self._run: Run | None = None
        self._period = np.zeros(0, dtype=np.int64)

    def add(self, sheet: Sheet) -> None:
        """
        Fill the steps with the energy of a sheet.

        :raises ValuesTooLarge: the sums do not fit 64 bits.
        """
        if sheet.version == NOWHERE:
            return
        piece, values = _by_piece(self.lines, sheet)
        mine = self.wanted[piece]
        if not mine.any():
            return
        piece, values = piece[mine], values[mine]
        plan = self.versions[sheet.version].plan
        try:
            period = self._period_of(plan, sheet.run)
        except Refused as refusal:
            self.refusals.add(piece, refusal)
            return
        scale = self._align(sheet.exponent)
        unit = 10**-self.exponent
        passed = self.values[piece].sum(axis=(1, 2))
        before_wh, limits_wh = self.steps.before_wh[piece], self.steps.limits_wh[piece]
        if (int(before_wh.max(initial=0)) + int(limits_wh.max(initial=0))) * unit >= fixed.LIMIT:
            raise ValuesTooLarge("Energy since the steps began is too large for values as fine as those of this meter.")
        steps = int(self.steps.count[piece].max())
        found = ordered(
            values_wh=values * scale,
            before_wh=before_wh * unit + passed,
            limits_wh=[limits_wh[:, step] * unit for step in range(steps)],
            keys=period,
            count=len(plan.periods),
        )
        self.values[piece, : steps + 1, : len(plan.periods)] += found

    def _period_of(self, plan: Plan, run: Run) -> Int64:
        if self._run is not run:
            self._period, self._run = period_of_slot(calendar=plan.calendar, periods=plan.periods, run=run), run
        return self._period

    def _align(self, exponent: int) -> int:
        """Return by what values of a sheet are multiplied, what was summed up being brought to the finer unit."""
        if exponent < self.exponent:
            scale = 10 ** (self.exponent - exponent)
            if int(np.abs(self.values).max(initial=0)) * scale >= fixed.LIMIT:
                raise ValuesTooLarge("Interval values of very different magnitude meet in one bill.")
            self.values *= scale
            self.exponent = exponent
        return int(10 ** (exponent - self.exponent))

    def cells_wh(self, *, energy_wh: Int64) -> Int64:
        """
        Return the energy of pieces by step and period, (m, k, p): that of each period dealt to its steps. [Wh]

        energy_wh  (m, p) by period of use [Wh]
        """
        cells = np.zeros_like(self.values)
        for period in range(energy_wh.shape[1]):
            weights = self.values[:, :, period]
            # What cannot be dealt belongs to pieces that are held: it stays in the first step.
            dealt = self.wanted & (weights.sum(axis=1) > 0) & (weights >= 0).all(axis=1)
            cells[dealt, :, period] = fixed.share(energy_wh[dealt, period], weights[dealt])
            cells[~dealt, 0, period] = energy_wh[~dealt, period]
        return cells
