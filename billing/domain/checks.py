"""Whether the interval values that something is read from are all there, and are those that were approved."""

from datetime import date

import numpy as np

from billing.domain.curves import Lines, Sheet, Spans
from billing.domain.daily import USAGE_OUTDATED, LocalDays
from billing.domain.facts import NOT_MEASURED, note
from billing.domain.findings import Obstacles
from billing.domain.pieces import NOWHERE, Mask, Pieces
from cis.kernel.fixed import Int64
from metering.domain.intervals import MINUTE_US


class Checks:
    """Whether the values of usage rows are all there, and make up what was approved."""

    def __init__(self, *, lines: Lines, spans: Spans) -> None:
        self.lines, self.spans = lines, spans
        self.sum_e6 = np.zeros(len(spans), dtype=object)
        self.minutes = np.zeros(len(spans), dtype=np.int64)

    def add(self, sheet: Sheet) -> None:
        """Add up what a sheet has of each span."""
        sums = _between(sheet.values, sheet.line, sheet.first, sheet.end)
        counts = _between(sheet.known, sheet.line, sheet.first, sheet.end)
        self.sum_e6[sheet.spans] += sums.astype(object) * 10 ** (6 + sheet.exponent)
        self.minutes[sheet.spans] += counts * sheet.run.interval_minutes

    def note(self, *, pieces: Pieces, energy_wh: Int64, local: LocalDays, obstacles: Obstacles) -> None:
        """
        Note the accounts where interval values are missing, or changed after they were approved.

        energy_wh  (r,) of the usage rows [Wh]
        """
        piece = self.lines.piece[self.spans.line]
        days = np.unique(np.concatenate((self.spans.start_day, self.spans.end_day)))
        minute = np.array([local.clock.day_start_us(date.fromordinal(day)) for day in days.tolist()], dtype=np.int64)
        begins, ends = (minute[np.searchsorted(days, day)] for day in (self.spans.start_day, self.spans.end_day))
        short = (piece != NOWHERE) & (self.minutes != (ends - begins) // MINUTE_US)
        for place in np.unique(piece[short]).tolist():
            note(
                pieces=pieces,
                place=place,
                obstacles=obstacles,
                code=NOT_MEASURED,
                message="The tariff needs all interval values, and some are missing",
                advice="Import the missing interval days, approve the usage, then rate again.",
            )
        changed = self._changed(energy_wh) & (piece != NOWHERE)
        for place in np.unique(piece[changed]).tolist():
            note(
                pieces=pieces,
                place=place,
                obstacles=obstacles,
                code=USAGE_OUTDATED,
                message="Interval values do not make up the approved energy: they changed after it was approved",
                advice="Approve the month's usage anew, then rate again.",
            )

    def _changed(self, energy_wh: Int64) -> Mask:
        """Return whether the row of each span was approved with other values, but for its rounding, (w,)."""
        rows, place = np.unique(self.spans.row, return_inverse=True)
        total_e6 = np.zeros(len(rows), dtype=object)
        np.add.at(total_e6, place, self.sum_e6)
        # Rounded before the multiplier, the energy is off by half a Wh for each of it.
        slack_e6 = np.zeros(len(rows), dtype=np.int64)
        np.maximum.at(slack_e6, place, self.spans.multiplier * (10**6 // 2))
        off = np.abs(energy_wh[rows].astype(object) * 10**6 - total_e6) > slack_e6
        return np.asarray(off, dtype=np.bool_)[place]


def _between(cells: Int64 | Mask, line: Int64, first: Int64, end: Int64) -> Int64:
    """Return the sum of the cells [first, end) of some rows, (k,)."""
    if (end - first == cells.shape[1]).all():
        return np.asarray(cells.sum(axis=1, dtype=np.int64)[line])
    until = np.zeros((len(cells), cells.shape[1] + 1), dtype=np.int64)
    np.cumsum(cells, axis=1, out=until[:, 1:])
    return np.asarray(until[line, end] - until[line, first])
