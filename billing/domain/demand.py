"""
The largest demand of each piece, by period of demand: from interval values, and from registers that show it.

A demand that is not wholly measured is never taken as a smaller one: the account is held.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from billing.domain.curves import Lines, Refusals, Sheet
from billing.domain.facts import NOT_MEASURED, note
from billing.domain.feeds import FeedRegisters, Feeds
from billing.domain.findings import Obstacles
from billing.domain.measured import covered_days
from billing.domain.pieces import NOWHERE, Mask, Pieces, PlanVersion
from cis.kernel.errors import Refused
from cis.kernel.fixed import Int64
from metering.domain.usage import UsageColumns
from tariffs.domain.cells import Cells, arrange, cells_of, peaks, windows
from tariffs.domain.measuring import demand_period_of_window, slots_of_window
from tariffs.domain.runs import Run

MINUTES_IN_HOUR = 60


@dataclass(frozen=True, slots=True, eq=False)
class _Grid:
    """Windows of a run: slots of each, and their cells by period of demand."""

    slots: int
    cells: Cells


class Demands:
    """
    The largest demand of feeds, from all sheets and registers.

    peak_w  (f, q) by feed and period of demand, the whole time first; q is that of the plan with most of them [W]
    """

    def __init__(self, *, feeds: Feeds, versions: Sequence[PlanVersion], lines: Lines, refusals: Refusals) -> None:
        self.feeds, self.versions, self.lines, self.refusals = feeds, versions, lines, refusals
        widest = max((len(one.plan.demand.periods) for one in versions), default=1)
        self.peak_w = np.zeros((len(feeds), widest), dtype=np.int64)
        self._run: Run | None = None
        self._grid: _Grid | None = None

    def add(self, sheet: Sheet) -> None:
        """Look at the windows of a sheet; those of a line never reach over its ends."""
        feed = self.lines.feed[sheet.lines]
        rows = np.flatnonzero(feed != NOWHERE)
        if not len(rows):
            return
        try:
            grid = self._grid_of(sheet)
        except Refused as refusal:
            self.refusals.add(self.lines.piece[sheet.lines[rows]], refusal)
            return
        begins = np.flatnonzero(np.diff(feed[rows], prepend=NOWHERE) != 0)
        values = sheet.values if len(rows) == len(feed) else sheet.values[rows]
        if len(begins) < len(rows):
            values = np.add.reduceat(values, begins, axis=0)
        sums = arrange(values=windows(values_wh=values, slots=grid.slots), cells=grid.cells)
        found = self._watts(peaks(arranged=sums, cells=grid.cells), sheet)
        units = feed[rows][begins]
        columns = [found.max(axis=1, keepdims=True)]
        if len(self.versions[sheet.version].plan.demand.periods) > 1:
            columns.append(found)
        found = np.concatenate(columns, axis=1)
        self.peak_w[units, : found.shape[1]] = np.maximum(self.peak_w[units, : found.shape[1]], found)

    def _watts(self, window: Int64, sheet: Sheet) -> Int64:
        """Return energy of windows as mean demand, rounded half up. [W]"""
        minutes = self.versions[sheet.version].plan.demand.window_minutes
        under = minutes * sheet.unit
        return np.asarray((2 * MINUTES_IN_HOUR * window + under) // (2 * under))

    def _grid_of(self, sheet: Sheet) -> _Grid:
        """
        Return the windows of a sheet's run; sheets of one run follow each other.

        :raises Refused: demand cannot be seen in these intervals.
        """
        if self._run is not sheet.run or self._grid is None:
            demand = self.versions[sheet.version].plan.demand
            keys = demand_period_of_window(demand=demand, run=sheet.run)
            count = max(len(demand.periods) - 1, 1)
            self._grid = _Grid(slots_of_window(demand=demand, run=sheet.run), cells_of(keys=keys, count=count))
            self._run = sheet.run
        return self._grid

    def show(self, *, pieces: Pieces, usage: UsageColumns, registers: FeedRegisters, obstacles: Obstacles) -> Mask:
        """
        Take in what demand registers showed, noting pieces whose registers are not all read.

        usage  approved demand [W]
        :returns: (m,) pieces with a demand that was not wholly measured.
        """
        estimated = np.zeros(len(pieces), dtype=np.bool_)
        registers = registers.take(registers.place != NOWHERE)
        entry, row = _meet(self.feeds, registers, usage)
        feed = registers.feed[entry]
        np.maximum.at(self.peak_w, (feed, registers.place[entry]), usage.energy_wh[row])
        self.peak_w[:, 0] = np.maximum(self.peak_w[:, 0], self.peak_w.max(axis=1))
        estimated[self.feeds.piece[feed[usage.is_estimated[row]]]] = True
        covered = covered_days(group=entry, start=usage.start_day[row], end=usage.end_day[row], groups=len(registers))
        wanted = self.feeds.end_day[registers.feed] - self.feeds.start_day[registers.feed]
        for place in np.unique(self.feeds.piece[registers.feed[covered < wanted]]).tolist():
            note(
                pieces=pieces,
                place=place,
                obstacles=obstacles,
                code=NOT_MEASURED,
                message="The tariff prices demand, and its register is not read",
                advice="Read the demand register on the dates on which the span begins and ends, then rate again.",
            )
        return estimated

    def of_pieces(self, *, count: int) -> Int64:
        """Return the demand of all pieces, (m, q): the largest of each lane, the lanes added up. [W]"""
        lanes = int(self.feeds.lane.max(initial=-1)) + 1
        of_lane = np.zeros((lanes, self.peak_w.shape[1]), dtype=np.int64)
        np.maximum.at(of_lane, self.feeds.lane, self.peak_w[self.feeds.unit])
        piece = np.zeros(lanes, dtype=np.int64)
        piece[self.feeds.lane] = self.feeds.piece
        found = np.zeros((count, self.peak_w.shape[1]), dtype=np.int64)
        used = np.unique(self.feeds.lane)
        np.add.at(found, piece[used], of_lane[used])
        return found


def _meet(feeds: Feeds, registers: FeedRegisters, usage: UsageColumns) -> tuple[Int64, Int64]:
    """Return each pair of a feed's demand register and a usage row that lies inside the feed's days."""
    order = np.lexsort((usage.start_day, usage.register_id))
    ids = usage.register_id[order]
    low, high = (np.searchsorted(ids, registers.register_id, side=side) for side in ("left", "right"))
    counts = high - low
    entry = np.repeat(np.arange(len(registers), dtype=np.int64), counts)
    row = order[np.arange(len(entry)) - np.repeat(np.cumsum(counts) - counts, counts) + low[entry]]
    feed = registers.feed[entry]
    inside = (usage.start_day[row] >= feeds.start_day[feed]) & (usage.end_day[row] <= feeds.end_day[feed])
    return entry[inside], row[inside]


def note_uncovered(
    *,
    pieces: Pieces,
    feeds: Feeds,
    registers: FeedRegisters,
    spans: tuple[Int64, Int64, Int64, Int64],
    obstacles: Obstacles,
) -> None:
    """
    Note the accounts where no approved usage covers some days of interval values that demand is read from.

    spans  (piece, register, first day, end day) of approved interval usage
    """
    piece, register, start, end = spans
    curve = registers.take(registers.place == NOWHERE)
    ids, of_both = np.unique(np.concatenate((curve.register_id, register)), return_inverse=True)
    mine, theirs = of_both[: len(curve)], of_both[len(curve) :]
    wide = len(ids)
    groups, place = np.unique(
        np.concatenate((feeds.piece[curve.feed] * wide + mine, piece * wide + theirs)), return_inverse=True
    )
    covered = covered_days(group=place[len(curve) :].astype(np.int64), start=start, end=end, groups=len(groups))
    # A meter that was taken down and hung again is two feeds of one piece.
    wanted = np.zeros(len(groups), dtype=np.int64)
    np.add.at(wanted, place[: len(curve)], feeds.end_day[curve.feed] - feeds.start_day[curve.feed])
    short = covered[place[: len(curve)]] < wanted[place[: len(curve)]]
    for one in np.unique(feeds.piece[curve.feed[short]]).tolist():
        note(
            pieces=pieces,
            place=one,
            obstacles=obstacles,
            code=NOT_MEASURED,
            message="The tariff prices demand, and some interval values are not approved",
            advice="Import the missing interval days, approve the usage, then rate again.",
        )
