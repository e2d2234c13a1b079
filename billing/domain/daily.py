"""
Interval usage cut by local day and by period of use.

The approved energy of a usage row is dealt to what it is cut into in the proportion of its interval values, so the
parts sum to what was approved, on days of 23 and 25 hours too. An interval belongs to the local day in which it starts.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import numpy as np

from billing.domain.findings import Obstacle, Obstacles
from billing.domain.measured import Lanes, Located
from billing.domain.pieces import NOWHERE, Mask, Pieces, PlanVersion, key_of
from cis.kernel import fixed
from cis.kernel.calendar import LocalClock
from cis.kernel.columns import Columns, group_rows
from cis.kernel.fixed import Int64
from cis.kernel.periods import Period
from metering.domain.intervals import NO_VALUE, IntervalColumns, ValuesTooLarge
from metering.domain.usage import UsageColumns
from tariffs.domain.time_of_use import NO_EVENTS, Events

USAGE_OUTDATED = "usage_outdated"
AMBIGUOUS_USAGE = "ambiguous_usage"
MISSING_CALENDAR = "missing_calendar"
UNCHECKED = np.iinfo(np.int64).min
"""In place of approved energy: it is an agreed load, which interval values only deal out."""
MIDNIGHT_STEP = -12 * 60
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ALWAYS = Period(date.min, date.max)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalDays:
    """
    What local days are: their clock, the days that calendars treat as holidays or as worked, and announced events.

    events  by id of the tariff
    """

    clock: LocalClock
    holidays: frozenset[date] = frozenset()
    makeup_days: frozenset[date] = frozenset()
    events: Mapping[int, Events] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows(Columns):
    """
    Spans of local days into which usage rows are cut; those of one row fill it.

    row    (w,) place of the usage row
    piece  (w,) place of the piece; NOWHERE = of nobody in the chunk
    """

    row: Int64
    piece: Int64
    register_id: Int64
    start_day: Int64
    end_day: Int64


def windows_of(*, pieces: Pieces, usage: UsageColumns, located: Located, lanes: Lanes) -> Windows:
    """Return the spans that the usage rows marked ``by_day`` are cut into, by row and start."""
    rows = np.flatnonzero(located.by_day)
    row, piece, start, end = overlaps(pieces=pieces, usage=usage, rows=rows)
    # Where the registers that suit the plan have energy, intervals of all hours are only a check of them.
    checked = ~located.lanes[piece, lanes.total] & (located.since[piece] < located.until[piece])
    parts = [
        (row, piece, start, np.where(checked, np.minimum(end, located.since[piece]), end)),
        (row, piece, np.where(checked, np.maximum(start, located.until[piece]), end), end),
    ]
    row, piece, start, end = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    kept = start < end
    return with_rests(usage=usage, rows=rows, row=row[kept], piece=piece[kept], start=start[kept], end=end[kept])


def overlaps(*, pieces: Pieces, usage: UsageColumns, rows: Int64) -> tuple[Int64, Int64, Int64, Int64]:
    """Return each pair of some usage rows and a piece that they reach into: row, piece, first and end day in common."""
    points, place = np.unique(pieces.service_point_id, return_inverse=True)
    at = np.searchsorted(points, usage.service_point_id[rows])
    first = np.searchsorted(
        key_of(place=place, day=pieces.end_day), key_of(place=at, day=usage.start_day[rows]), side="right"
    )
    last = np.searchsorted(
        key_of(place=place, day=pieces.start_day), key_of(place=at, day=usage.end_day[rows]), side="left"
    )
    count = np.maximum(last - first, 0)
    row = np.repeat(rows, count)
    piece = np.repeat(first, count) + np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    start = np.maximum(usage.start_day[row], pieces.start_day[piece])
    end = np.minimum(usage.end_day[row], pieces.end_day[piece])
    return row, piece, start, end


def with_rests(*, usage: UsageColumns, rows: Int64, row: Int64, piece: Int64, start: Int64, end: Int64) -> Windows:
    """Return windows of some rows, together with what lies between them in each row, by row and start."""
    edge_row = np.concatenate((row, rows))
    edge_start = np.concatenate((start, usage.end_day[rows]))
    edge_end = np.concatenate((end, usage.end_day[rows]))
    order = np.lexsort((edge_end, edge_start, edge_row))
    edge_row, edge_start, edge_end = edge_row[order], edge_start[order], edge_end[order]
    fresh = np.ones(len(edge_row), dtype=np.bool_)
    fresh[1:] = edge_row[1:] != edge_row[:-1]
    before = np.where(fresh, usage.start_day[edge_row], np.roll(edge_end, 1))
    rest = before < edge_start
    row = np.concatenate((row, edge_row[rest]))
    start, end = np.concatenate((start, before[rest])), np.concatenate((end, edge_start[rest]))
    piece = np.concatenate((piece, np.full(int(rest.sum()), NOWHERE, dtype=np.int64)))
    order = np.lexsort((start, row))
    row = row[order]
    return Windows(
        row=row, piece=piece[order], register_id=usage.register_id[row], start_day=start[order], end_day=end[order]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """
    Raw sums of interval values, added up block by block.

    values   (w, k) sum by lane [10^exponent Wh, before the multiplier; the exponent is that of all blocks]
    minutes  (w,) minutes that have a value
    longest  (w,) the longest interval [min]
    """

    values: Int64
    minutes: Int64
    longest: Int64


def no_sums(*, windows: Windows, lanes: Lanes) -> Sums:
    """Return sums to be added to."""
    return Sums(
        values=np.zeros((len(windows), lanes.total + 1), dtype=np.int64),
        minutes=np.zeros(len(windows), dtype=np.int64),
        longest=np.ones(len(windows), dtype=np.int64),
    )


def align(*, sums: Sums, exponent: int, block: IntervalColumns) -> int:
    """
    Return the exponent that sums and block can share, the sums being brought to it.

    :raises ValuesTooLarge: the sums do not fit in that unit.
    """
    if block.exponent < exponent:
        scale = 10 ** (exponent - block.exponent)
        if int(np.abs(sums.values).max(initial=0)) * scale >= fixed.LIMIT:
            raise ValuesTooLarge("Interval values of very different magnitude meet in one bill.")
        np.multiply(sums.values, scale, out=sums.values)
        return block.exponent
    return exponent


def add_block(
    *,
    sums: Sums,
    exponent: int,
    block: IntervalColumns,
    windows: Windows,
    pieces: Pieces,
    lanes: Lanes,
    versions: Sequence[PlanVersion],
    local: LocalDays,
    within: Period = ALWAYS,
) -> None:
    """
    Add the values of a block of interval days to the windows that they lie in.

    exponent  of the sums, not above that of the block
    within    local days that are added; the block may reach out of them

    :raises IntervalTooCoarse: an interval is cut by the edge of a period of use.
    """
    if not len(windows):
        return
    registers, place = np.unique(windows.register_id, return_inverse=True)
    order = np.lexsort((windows.start_day, place))
    keys = key_of(place=place[order], day=windows.start_day[order])
    at = np.minimum(np.searchsorted(registers, block.register_id), len(registers) - 1)
    known = registers[at] == block.register_id
    is_flat = np.array([len(of) == 1 and of[0] == lanes.total for of in lanes.of_version] + [True], dtype=np.bool_)
    version = np.where(windows.piece == NOWHERE, NOWHERE, pieces.version[windows.piece])
    for start_us, rows in group_rows(block.start_us):
        mine = rows[known[rows]]
        for day, minutes, slots in _local_slots(local.clock, start_us, block):
            if not within.start.toordinal() <= day < within.end.toordinal():
                continue
            found = np.searchsorted(keys, key_of(place=at[mine], day=np.full(len(mine), day)), side="right") - 1
            window = order[np.maximum(found, 0)]
            inside = (found >= 0) & (windows.register_id[window] == block.register_id[mine])
            inside &= (windows.start_day[window] <= day) & (day < windows.end_day[window])
            for of, hit in group_rows(np.where(is_flat[version[window[inside]]], NOWHERE, version[window[inside]])):
                part = block.take(mine[inside][hit])
                lane = _lane_of_slots(of, day, minutes, block.interval_minutes, lanes, versions, local)
                _add(sums, part, window[inside][hit], slots, lane, 10 ** (block.exponent - exponent))


def _local_slots(clock: LocalClock, start_us: int, block: IntervalColumns) -> Iterator[tuple[int, Int64, slice]]:
    """Yield each local date that slots of a metering day start in, their local minutes, and which slots they are."""
    start = EPOCH + timedelta(microseconds=start_us)
    minutes = clock.local_minutes(start, block.interval_minutes, block.slots)
    # Past midnight the clock on the wall falls by almost a day; when it is set back, only by an hour.
    midnights = (np.flatnonzero(np.diff(minutes) < MIDNIGHT_STEP) + 1).tolist()
    day = clock.local_date(start).toordinal()
    for offset, (low, high) in enumerate(zip([0, *midnights], [*midnights, block.slots], strict=True)):
        yield day + offset, minutes[low:high], slice(low, high)


def _lane_of_slots(
    version: int,
    day: int,
    minutes: Int64,
    interval_minutes: int,
    lanes: Lanes,
    versions: Sequence[PlanVersion],
    local: LocalDays,
) -> Int64:
    """Return the lane of each slot, (s,)."""
    if version == NOWHERE:
        return np.full(len(minutes), lanes.total, dtype=np.int64)
    calendar = versions[version].plan.calendar
    assert calendar is not None
    on = date.fromordinal(day)
    events = local.events.get(versions[version].tariff_id, NO_EVENTS)
    day_place = calendar.day_place(on=on, holidays=local.holidays, makeup_days=local.makeup_days, events=events)
    period = calendar.period_of_slot(
        local_minutes=minutes[None, :],
        season=np.array([[calendar.season_of(on=on)]], dtype=np.int64),
        day_type=np.array([[day_place]], dtype=np.int64),
        interval_minutes=interval_minutes,
    )[0]
    lane: Int64 = np.array(lanes.of_version[version], dtype=np.int64)[period]
    return lane


def _add(sums: Sums, part: IntervalColumns, window: Int64, slots: slice, lane: Int64, scale: int) -> None:
    values = part.values[:, slots]
    for one in np.unique(lane).tolist():
        sums.values[window, one] += values[:, lane == one].sum(axis=1) * scale
    quality = part.quality[:, slots] if part.quality.shape[1] > 1 else part.quality
    blank = (quality == NO_VALUE).sum(axis=1) * (1 if part.quality.shape[1] > 1 else len(lane))
    sums.minutes[window] += (len(lane) - blank) * part.interval_minutes
    sums.longest[window] = np.maximum(sums.longest[window], part.interval_minutes)


def check_plans(
    *,
    windows: Windows,
    pieces: Pieces,
    lanes: Lanes,
    located: Located,
    versions: Sequence[PlanVersion],
    obstacles: Obstacles,
) -> Windows:
    """Return the windows that can be split, noting the accounts of the others."""
    no_calendar = np.array(
        [one.plan.calendar is None and of != (lanes.total,) for one, of in zip(versions, lanes.of_version, strict=True)]
        + [False],
        dtype=np.bool_,
    )
    of_piece = windows.piece != NOWHERE
    unsplit = of_piece & no_calendar[pieces.version[windows.piece]]
    # A flat piece that takes registers of periods of use would count intervals of all hours twice.
    twice = of_piece & ~located.lanes[windows.piece, lanes.total]
    flat = np.array([of == (lanes.total,) for of in lanes.of_version] + [True], dtype=np.bool_)
    twice &= flat[pieces.version[windows.piece]]
    for place in np.unique(windows.piece[unsplit]).tolist():
        _note(pieces, place, obstacles, MISSING_CALENDAR, "The tariff has no calendar by which intervals can be split.")
    for place in np.unique(windows.piece[twice]).tolist():
        _note(pieces, place, obstacles, AMBIGUOUS_USAGE, "Usage of all hours and by period of use overlap.")
    return windows.take(~np.isin(windows.row, windows.row[unsplit | twice]))


def _note(pieces: Pieces, place: int, obstacles: Obstacles, code: str, message: str) -> None:
    start = date.fromordinal(int(pieces.start_day[place]))
    obstacles.add(
        int(pieces.account_id[place]),
        Obstacle(
            code=code,
            message=f"{message} (from {start})",
            advice="Look at the meter's registers and the tariff, approve the month's usage anew, then rate again.",
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Dealt:
    """
    What usage rows were cut into.

    energy_wh  (m, k) to be added to the energy of pieces by lane [Wh]
    complete   (w,) the window has a value for each interval
    """

    energy_wh: Int64
    complete: Mask


def deal(
    *,
    windows: Windows,
    sums: Sums,
    exponent: int,
    pieces: Pieces,
    usage: UsageColumns,
    approved_wh: Int64,
    clock: LocalClock,
    obstacles: Obstacles,
) -> Dealt:
    """
    Return the approved energy of the rows, dealt to pieces and lanes in the proportion of the interval values.

    approved_wh  (r,) what was approved of the span of each row, of which the row may be a part; UNCHECKED = nothing

    Notes accounts whose interval values do not make up what was approved: a newer delivery was not approved yet.

    :raises UnusableWeights: interval values of one row are negative.
    """
    width = sums.values.shape[1]
    energy = np.zeros((len(pieces), width), dtype=np.int64)
    complete = is_complete(windows=windows, sums=sums, clock=clock)
    if not len(windows):
        return Dealt(energy_wh=energy, complete=complete)
    rows, place = np.unique(windows.row, return_inverse=True)
    fresh = np.ones(len(windows), dtype=np.bool_)
    fresh[1:] = windows.row[1:] != windows.row[:-1]
    index = np.arange(len(windows))
    rank = index - index[fresh][place]
    weights = np.zeros((len(rows), (int(rank.max()) + 1) * width), dtype=np.int64)
    columns = rank[:, None] * width + np.arange(width)[None, :]
    weights[place[:, None], columns] = sums.values
    outdated = _is_outdated(weights.sum(axis=1), approved_wh[rows], exponent)
    for window in np.flatnonzero(outdated[place] & (windows.piece != NOWHERE)).tolist():
        text = "Interval values do not make up the approved energy: they changed after it was approved."
        if approved_wh[windows.row[window]] == UNCHECKED:
            text = "The load profile has no energy on these days, so that nothing can be dealt by it."
        _note(pieces, int(windows.piece[window]), obstacles, USAGE_OUTDATED, text)
    weights[outdated] = 0
    weights[outdated, 0] = 1
    shares = fixed.share(usage.energy_wh[rows], weights)
    mine = windows.piece != NOWHERE
    np.add.at(energy, windows.piece[mine], shares[place[mine][:, None], columns[mine]])
    return Dealt(energy_wh=energy, complete=complete)


def _is_outdated(raw: Int64, approved_wh: Int64, exponent: int) -> Mask:
    """Return whether approved energy is no whole multiple (the multiplier) of the raw sums, but for its rounding."""
    outdated = np.zeros(len(raw), dtype=np.bool_)
    unit = 10 ** max(-exponent, 0)
    for place, (sum_raw, energy) in enumerate(zip(raw.tolist(), approved_wh.tolist(), strict=True)):
        if energy == UNCHECKED:
            outdated[place] = not sum_raw
            continue
        value = sum_raw * 10 ** max(exponent, 0)
        multiplier = (2 * energy * unit + value) // (2 * value) if value else 0
        is_far = multiplier < 1 and energy != 0
        # Rounded before the multiplier, the energy is off by half a Wh for each of it. Nothing has no multiplier.
        multiplier = max(multiplier, 1)
        outdated[place] = is_far or 2 * abs(energy * unit - multiplier * value) > unit * multiplier
    return outdated


def is_complete(*, windows: Windows, sums: Sums, clock: LocalClock) -> Mask:
    """Return whether each interval of a window has a value, (w,)."""
    days = np.unique(np.concatenate((windows.start_day, windows.end_day)))
    starts = [clock.day_start_utc(date.fromordinal(day)) for day in days.tolist()]
    minute = np.array([(start - EPOCH) // timedelta(minutes=1) for start in starts], dtype=np.int64)
    begins, ends = (minute[np.searchsorted(days, column)] for column in (windows.start_day, windows.end_day))
    slack = np.where((ends - begins) % sums.longest, sums.longest, 1)
    return np.abs(sums.minutes - (ends - begins)) < slack
