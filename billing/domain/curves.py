"""
Curves: the interval values of registers laid out slot by slot over local days, a month and some customers at a time.

Meter files keep clocks and interval lengths of their own; here each slot begins at the same local time for all lines of
a sheet, on days of 23 and 25 hours too. What is read off a sheet is in ``demand`` and ``hourly``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from billing.domain.daily import LocalDays, Windows
from billing.domain.facts import note
from billing.domain.findings import Obstacles
from billing.domain.pieces import NOWHERE, Mask, Pieces, PlanVersion
from cis.kernel import fixed
from cis.kernel.columns import Columns
from cis.kernel.errors import Refused
from cis.kernel.fixed import Int64
from cis.kernel.periods import Period
from metering.domain.intervals import MINUTE_US, NO_VALUE, IntervalColumns, ValuesTooLarge
from metering.domain.usage import ragged
from tariffs.domain.runs import Run, local_run
from tariffs.domain.time_of_use import NO_EVENTS, IntervalTooCoarse

LINES = 256
"""Lines of one sheet: a month of their quarter hours stays below 10 MB."""
DAY_US = 24 * 60 * MINUTE_US


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines(Columns):
    """
    Registers whose values are laid out, l rows, sorted by piece, feed and register.

    piece               (l,) NOWHERE = days of a usage row outside of all pieces, laid out only to compare its sum
    feed                (l,) place of the feed whose demand it measures; NOWHERE = of none
    is_energy           (l,) its values are the energy of its piece
    start_day, end_day  (l,) days of the piece; of a line of no piece, its own
    """

    piece: Int64
    feed: Int64
    register_id: Int64
    is_energy: Mask
    start_day: Int64
    end_day: Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class Spans(Columns):
    """
    Approved usage rows cut to the lines, w rows sorted by line; those of one row fill it.

    row         (w,) place of the usage row
    multiplier  (w,) of the row
    """

    line: Int64
    row: Int64
    start_day: Int64
    end_day: Int64
    multiplier: Int64


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Sheet:
    """
    Values of n lines over the s slots of one run of local days.

    version             place of their plan version; NOWHERE = of no piece
    lines               (n,) places of the lines, ascending
    values              (n, s) multiplier included; 0 where nothing is approved or known [10^exponent Wh]
    known               (n, s) there is a value
    spans, line, first, end  (k,) spans inside, the row of the sheet that each lies in, and its slots [first, end)
    """

    version: int
    run: Run
    exponent: int
    lines: Int64
    values: Int64
    known: Mask
    spans: Int64
    line: Int64
    first: Int64
    end: Int64

    @property
    def unit(self) -> int:
        """Return how many units of the values make a Wh."""
        return int(10**-self.exponent)


class Refusals:
    """Why the values of pieces cannot be read off: the first reason of each."""

    def __init__(self) -> None:
        self.of_piece: dict[int, Refused] = {}

    def add(self, places: Int64, refusal: Refused) -> None:
        """Keep the reason for some pieces; those of no piece are passed over."""
        for place in np.unique(places[places != NOWHERE]).tolist():
            self.of_piece.setdefault(place, refusal)

    def note(self, *, pieces: Pieces, obstacles: Obstacles) -> None:
        """Note the accounts of the pieces."""
        for place, refusal in sorted(self.of_piece.items()):
            note(
                pieces=pieces,
                place=place,
                obstacles=obstacles,
                code=refusal.code,
                message=refusal.message.removesuffix("."),
                advice=refusal.advice,
            )


def lines_of(
    *, windows: Windows, feed: Int64, is_energy: Mask, pieces: Pieces, multiplier: Int64
) -> tuple[Lines, Spans]:
    """
    Return the lines of some windows of usage rows, and the windows as spans of them.

    windows          as ``daily.with_rests`` gives them
    feed, is_energy  (w,) as in ``Lines``
    multiplier       (w,) of the usage rows
    """
    count = len(windows)
    # Days outside of all pieces stand alone: each of their windows is a line.
    alone = np.where(windows.piece == NOWHERE, np.arange(count), NOWHERE)
    keys = np.stack((windows.piece, feed, windows.register_id, is_energy.astype(np.int64), alone))
    distinct, first, line = np.unique(keys, axis=1, return_index=True, return_inverse=True)
    piece, inside = distinct[0], distinct[0] != NOWHERE
    lines = Lines(
        piece=piece,
        feed=distinct[1],
        register_id=distinct[2],
        is_energy=distinct[3] == 1,
        start_day=np.where(inside, pieces.start_day[piece], windows.start_day[first]),
        end_day=np.where(inside, pieces.end_day[piece], windows.end_day[first]),
    )
    order = np.lexsort((windows.start_day, line.reshape(-1)))
    return lines, Spans(
        line=line.reshape(-1)[order].astype(np.int64, copy=False),
        row=windows.row[order],
        start_day=windows.start_day[order],
        end_day=windows.end_day[order],
        multiplier=multiplier[order],
    )


def sheets(
    *,
    lines: Lines,
    spans: Spans,
    pieces: Pieces,
    versions: Sequence[PlanVersion],
    month: Period,
    blocks: Sequence[IntervalColumns],
    local: LocalDays,
    refusals: Refusals,
) -> Iterator[Sheet]:
    """
    Yield the values of the lines in a month, sheet by sheet; the lines of a piece are on one sheet.

    A sheet has the intervals into which those of all registers of its pieces fit.

    blocks    the interval days that local days of the month reach into
    refusals  is told of pieces whose intervals do not begin with the local day
    """
    first = np.maximum(lines.start_day, month.start.toordinal())
    last = np.minimum(lines.end_day, month.end.toordinal())
    minutes = _minutes_of(lines, blocks, month, local)
    version = np.where(lines.piece == NOWHERE, NOWHERE, pieces.version[lines.piece])
    here = np.flatnonzero((first < last) & (minutes > 0))
    keys = np.stack((version, first, last, minutes))[:, here]
    distinct, group = np.unique(keys, axis=1, return_inverse=True)
    for place, (which, start, end, interval) in enumerate(distinct.T.tolist()):
        mine = here[group.reshape(-1) == place]
        try:
            run = _run_of(versions, which, start, end, interval, local)
        except Refused as refusal:
            refusals.add(lines.piece[mine], refusal)
            continue
        for part in _parts(lines, mine):
            yield _sheet(lines, spans, which, run, part, blocks, local, refusals)


def _run_of(versions: Sequence[PlanVersion], version: int, start: int, end: int, minutes: int, local: LocalDays) -> Run:
    events = NO_EVENTS if version == NOWHERE else local.events.get(versions[version].tariff_id, NO_EVENTS)
    return local_run(
        clock=local.clock,
        first_day=date.fromordinal(start),
        end_day=date.fromordinal(end),
        interval_minutes=minutes,
        holidays=local.holidays,
        makeup_days=local.makeup_days,
        events=events,
    )


def _minutes_of(lines: Lines, blocks: Sequence[IntervalColumns], month: Period, local: LocalDays) -> Int64:
    """Return the intervals into which those of all lines of a piece fit, (l,); 0 = there are none. [min]"""
    since, until = local.clock.day_start_us(month.start), local.clock.day_start_us(month.end)
    registers, place = np.unique(lines.register_id, return_inverse=True)
    longest = np.ones(len(registers), dtype=np.int64)
    is_known = np.zeros(len(registers), dtype=np.bool_)
    for block in blocks:
        near = (block.start_us < until) & (block.start_us + DAY_US > since)
        at = np.flatnonzero(np.isin(registers, block.register_id[near]))
        longest[at] = np.lcm(longest[at], block.interval_minutes)
        is_known[at] = True
    of_line = np.where(is_known, longest, 1)[place]
    _, group = np.unique(np.where(lines.piece == NOWHERE, -1 - np.arange(len(lines)), lines.piece), return_inverse=True)
    common = np.ones(len(lines), dtype=np.int64)
    np.lcm.at(common, group, of_line)
    has_values = np.zeros(len(lines), dtype=np.bool_)
    np.logical_or.at(has_values, group, is_known[place])
    return np.where(has_values, common, 0)[group]


def _parts(lines: Lines, mine: Int64) -> Iterator[Int64]:
    """Yield lines in parts of about ``LINES``; those of one piece stay together."""
    piece = lines.piece[mine]
    alone = bool(len(mine)) and piece[0] == NOWHERE
    begins = np.arange(len(mine)) if alone else np.flatnonzero(np.diff(piece, prepend=NOWHERE) != 0)
    low = 0
    while low < len(mine):
        at = int(np.searchsorted(begins, low + LINES))
        high = int(begins[at]) if at < len(begins) else len(mine)
        yield mine[low:high]
        low = high


def _sheet(
    lines: Lines,
    spans: Spans,
    version: int,
    run: Run,
    mine: Int64,
    blocks: Sequence[IntervalColumns],
    local: LocalDays,
    refusals: Refusals,
) -> Sheet:
    values = np.zeros((len(mine), len(run.minute)), dtype=np.int64)
    known = np.zeros(values.shape, dtype=np.bool_)
    start_us = local.clock.day_start_us(run.first_day)
    for block in blocks:
        crooked = _fill(values, known, lines.register_id[mine], run, start_us, block)
        if len(crooked):
            refusals.add(lines.piece[mine[crooked]], _too_coarse(run))
    line, span = ragged(low=np.searchsorted(spans.line, mine), high=np.searchsorted(spans.line, mine, side="right"))
    first, end = _slots(run, spans.start_day[span]), _slots(run, spans.end_day[span])
    inside = first < end
    line, span, first, end = line[inside], span[inside], first[inside], end[inside]
    _keep_approved(values, known, line, first, end)
    _multiply(values, line, first, end, spans.multiplier[span])
    exponent = blocks[0].exponent if blocks else 0
    return Sheet(
        version=version,
        run=run,
        exponent=exponent,
        lines=mine,
        values=values,
        known=known,
        spans=span,
        line=line,
        first=first,
        end=end,
    )


def _too_coarse(run: Run) -> IntervalTooCoarse:
    return IntervalTooCoarse(
        f"Intervals of {run.interval_minutes} minutes do not begin with the local day.",
        advice="Read the meter in shorter intervals.",
    )


def _fill(values: Int64, known: Mask, registers: Int64, run: Run, start_us: int, block: IntervalColumns) -> Int64:
    """Write the values of a block into the rows of their registers; return the rows whose slots begin between ours."""
    times, rest = divmod(run.interval_minutes, block.interval_minutes)
    order = np.argsort(registers, kind="stable")
    low = np.searchsorted(registers[order], block.register_id)
    high = np.searchsorted(registers[order], block.register_id, side="right")
    near = (block.start_us < start_us + len(run.minute) * run.interval_minutes * MINUTE_US) & (
        block.start_us + DAY_US > start_us
    )
    day, place = ragged(low=low, high=np.where(near, high, low))
    row = order[place]
    if rest or not len(day):
        return row
    offset, between = np.divmod(block.start_us[day] - start_us, run.interval_minutes * MINUTE_US)
    slots = block.slots // times
    for at in np.unique(offset).tolist():
        here = np.flatnonzero((offset == at) & (between == 0))
        low_slot, high_slot = max(0, -at), min(slots, len(run.minute) - at)
        part = block.values[day[here], low_slot * times : high_slot * times]
        blank = block.quality == NO_VALUE
        blank = blank[day[here]] if blank.shape[1] == 1 else blank[day[here], low_slot * times : high_slot * times]
        if times > 1:
            part = part.reshape(len(here), -1, times).sum(axis=2)
            blank = blank if blank.shape[1] == 1 else blank.reshape(len(here), -1, times).any(axis=2)
        values[row[here], at + low_slot : at + high_slot] = np.where(blank, 0, part)
        known[row[here], at + low_slot : at + high_slot] = ~blank
    return np.unique(row[between != 0])


def _slots(run: Run, days: Int64) -> Int64:
    """Return the first slot of each day, the nearest of the run for days outside of it."""
    slots: Int64 = np.searchsorted(run.day, days - run.first_day.toordinal()).astype(np.int64)
    return slots


def _keep_approved(values: Int64, known: Mask, line: Int64, first: Int64, end: Int64) -> None:
    """Blank out what no approved usage covers."""
    covered = np.zeros(len(values), dtype=np.int64)
    np.add.at(covered, line, end - first)
    if (covered == values.shape[1]).all():
        return
    steps = np.zeros((len(values), values.shape[1] + 1), dtype=np.int64)
    np.add.at(steps, (line, first), 1)
    np.add.at(steps, (line, end), -1)
    approved = np.cumsum(steps[:, :-1], axis=1) > 0
    known &= approved
    values *= approved


def _multiply(values: Int64, line: Int64, first: Int64, end: Int64, multiplier: Int64) -> None:
    """
    Multiply values as their usage is.

    :raises ValuesTooLarge: the sum of a line would not fit 64 bits.
    """
    most = int(np.abs(values).max(initial=0)) * max(values.shape[1], 1)
    if most * int(multiplier.max(initial=1)) >= fixed.LIMIT // 60:
        raise ValuesTooLarge("Interval values do not fit 64 bits.", advice="Check the units of the meter files.")
    for place in np.flatnonzero(multiplier != 1).tolist():
        values[line[place], first[place] : end[place]] *= multiplier[place]
