"""
What the meters of shared places count, dealt to those who take a part of it.

Each span of usage is split as a whole: so the parts of a span sum to what was approved of it, to the Wh, whatever
becomes of each part afterwards. Sub-meters come first: their energy is taken off. Then fixed quantities are filled
(定量); fixed shares (定比) are of what is left, and the rest stays with the place whose meter it is (decision 0020).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import pairwise

import numpy as np

from billing.domain.daily import UNCHECKED, USAGE_OUTDATED
from billing.domain.findings import Obstacle, Obstacles
from billing.domain.measured import ALL_HOURS, MISSING_READ
from billing.domain.pieces import Mask, Pieces
from billing.domain.quantities import blocks_of, by_days, clusters, is_closed, wanted_wh
from billing.domain.streams import REGISTER_BITS, REGISTERS, TOLD, Stream, Streams, union
from cis.kernel.fixed import Int64
from metering.domain.intervals import IntervalColumns
from metering.domain.shares import Excess, QuantitiesDoNotFit, over_rows, split_by_quantity, split_by_share
from metering.domain.usage import UsageColumns
from metering.domain.usage_rules import TAKING, Rule, RuleBook, RuleKind, agreed_wh

MISSING_PROFILE = "missing_profile"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Drawn:
    """
    Usage as it reaches streams, r rows.

    usage        places and registers of streams carry their numbers, see ``registers_of``
    approved_wh  (r,) energy of the whole span that a row is a part of; UNCHECKED = it is an agreed load [Wh]
    """

    usage: UsageColumns
    approved_wh: Int64


def as_approved(usage: UsageColumns) -> Drawn:
    """Return usage that nobody takes a part of."""
    return Drawn(usage=usage, approved_wh=usage.energy_wh)


def registers_of(numbers: Int64) -> Int64:
    """Return the ids of registers out of their numbers in streams."""
    return numbers & REGISTERS


def in_streams(*, block: IntervalColumns, numbers: Int64) -> IntervalColumns:
    """Return interval days with a row for each stream that they are dealt to; numbers as in ``Drawn``, ascending."""
    real = registers_of(numbers)
    if np.array_equal(real, numbers):
        return block
    order = np.argsort(real, kind="stable")
    real, numbers = real[order], numbers[order]
    low = np.searchsorted(real, block.register_id, "left")
    count = np.searchsorted(real, block.register_id, "right") - low
    row = np.repeat(np.arange(len(block), dtype=np.int64), count)
    nth = np.arange(len(row), dtype=np.int64) - np.repeat(np.cumsum(count) - count, count)
    spread = block.take(row)
    register = numbers[low[row] + nth]
    return IntervalColumns(
        interval_minutes=spread.interval_minutes,
        exponent=spread.exponent,
        register_id=register,
        day=spread.day,
        start_us=spread.start_us,
        values=spread.values,
        quality=spread.quality,
    )


def without_check_meters(*, usage: UsageColumns, book: RuleBook) -> UsageColumns:
    """Return usage without what check meters count."""
    return usage.take(~_is_left_out(usage, book)) if book.rules else usage


def deal(*, usage: UsageColumns, book: RuleBook, streams: Streams, pieces: Pieces, obstacles: Obstacles) -> Drawn:
    """
    Return the usage of some places as it reaches the streams of pieces.

    Notes the accounts of those who take part in a span that cannot be split: shares change inside it, or fixed
    quantities are more than the meter shows and that is refused.
    """
    if not book.rules:
        return as_approved(usage)
    everything = _Dealing(usage=usage, book=book, streams=streams, pieces=pieces, obstacles=obstacles)
    everything.note_checks()
    dealing = replace(everything, usage=without_check_meters(usage=usage, book=book))
    for source in sorted(dealing.sources):
        dealing.split(source)
    loads = [_Load(row, stream) for row, stream in _loads(streams)]
    return _joined(dealing, list(_agreed(loads, streams, book, pieces, obstacles)))


def _is_left_out(usage: UsageColumns, book: RuleBook) -> Mask:
    """Return which rows a check meter counted; spans of intervals end where it becomes one, see ``_note_checks``."""
    left_out = np.zeros(len(usage), dtype=np.bool_)
    for register, start, end in _checks(book):
        mine = usage.register_id == register
        left_out |= mine & (usage.start_day >= start) & (usage.start_day < end)
    return left_out


def _checks(book: RuleBook) -> Iterator[tuple[int, int, int]]:
    """Yield (register, first day, end day) of each counter of a check meter."""
    for register in book.registers:
        for start, end in book.left_out_days(register.meter_id):
            yield register.register_id, start, end


@dataclass(slots=True, kw_only=True)
class _Dealing:
    """
    Rows of usage while they are split.

    energy_wh  (r,) what is left of each row at its own place
    added      (row, number of the stream, energy) of each part that reaches a stream
    numbers    of the streams by the ids of rule and sub-meter's rule, 0 = none
    told       of the streams that tell what is billed apart, by service point
    """

    usage: UsageColumns
    book: RuleBook
    streams: Streams
    pieces: Pieces
    obstacles: Obstacles
    energy_wh: Int64 = field(init=False)
    added: list[tuple[int, int, int]] = field(default_factory=list)
    numbers: dict[tuple[int, int], int] = field(init=False)
    told: dict[int, int] = field(init=False)

    def __post_init__(self) -> None:
        self.energy_wh = self.usage.energy_wh.copy()
        self.numbers = {
            (one.rule.id if one.rule else 0, one.behind.id if one.behind else 0): one.number
            for one in self.streams.streams
            if one.sign != TOLD
        }
        self.told = {one.service_point_id: one.number for one in self.streams.streams if one.sign == TOLD}

    @property
    def sources(self) -> set[int]:
        """Return the places of whose meters others take a part, or behind which sub-meters hang."""
        kinds = TAKING | {RuleKind.SUBMETER}
        return {rule.source for rule in self.book.rules if rule.kind in kinds and rule.source is not None}

    def rows_at(self, point: int) -> Int64:
        """Return the rows of a service point, by start."""
        rows = np.flatnonzero(self.usage.service_point_id == point)
        return rows[np.argsort(self.usage.start_day[rows], kind="stable")]

    def note_checks(self) -> None:
        """Note usage that runs over a day on which a meter becomes, or ceases to be, a check."""
        usage = self.usage
        for register, *edges in _checks(self.book):
            for day in edges:
                over = (usage.register_id == register) & (usage.start_day < day) & (day < usage.end_day)
                for row in np.flatnonzero(over).tolist():
                    self._note_crossing(row, day, {int(usage.service_point_id[row])})

    def split(self, source: int) -> None:
        """Split what the meters of a place and the sub-meters behind them count."""
        taking = [rule for rule in self.book.rules if rule.source == source and rule.kind in TAKING]
        behind = [rule for rule in self.book.rules if rule.source == source and rule.kind is RuleKind.SUBMETER]
        main = self.rows_at(source)
        subs = {sub.id: self._within(self.rows_at(sub.service_point), sub) for sub in behind}
        for start, end, holding in _cells(taking):
            mine = self._inside(main, start, end, taking)
            less = {sub.id: self._inside(subs[sub.id], start, end, taking) for sub in behind}
            self._split_cell(source, mine, less, holding, behind)

    def _within(self, rows: Int64, rule: Rule[int]) -> Int64:
        """Return the rows that have days on which a rule holds."""
        start, end = rule.days
        return rows[(self.usage.start_day[rows] < end) & (self.usage.end_day[rows] > start)]

    def _inside(self, rows: Int64, start: int, end: int, taking: Sequence[Rule[int]]) -> Int64:
        """Return the rows that begin in a span of days, noting those that reach out of it."""
        usage = self.usage
        mine = rows[(usage.start_day[rows] >= start) & (usage.start_day[rows] < end)]
        for row in mine[usage.end_day[mine] > end].tolist():
            points = {rule.source for rule in taking if rule.source is not None}
            self._note_crossing(row, end, points | {rule.service_point for rule in taking})
        return mine

    def _split_cell(
        self,
        source: int,
        main: Int64,
        less: dict[int, Int64],
        holding: Sequence[Rule[int]],
        behind: Sequence[Rule[int]],
    ) -> None:
        """Split the rows of a span of days in which the same rules hold."""
        quantities = [rule for rule in holding if rule.kind is RuleKind.QUANTITY]
        shares = [rule for rule in holding if rule.kind is RuleKind.SHARE]
        shares_e6 = np.array([rule.share_e6 or 0 for rule in shares], dtype=np.int64)
        self._note_unread(main, less, quantities, behind)
        filled = self._fill(source, main, less, quantities)
        left = self.usage.energy_wh[main] - filled.sum(axis=1)
        parts = np.column_stack([filled, split_by_share(energy_wh=left, shares_e6=shares_e6)])
        self.energy_wh[main] = parts[:, -1]
        for column, rule in enumerate([*quantities, *shares]):
            self._add(main, self.numbers.get((rule.id, 0)), parts[:, column])
        self._add(main, self.told.get(source), parts[:, :-1].sum(axis=1))
        for sub in behind:
            rows = less[sub.id]
            parts = split_by_share(energy_wh=self.usage.energy_wh[rows], shares_e6=shares_e6)
            for column, rule in enumerate(shares):
                self._add(rows, self.numbers.get((rule.id, sub.id)), parts[:, column])
            self._add(rows, self.numbers.get((0, sub.id)), parts[:, -1])

    def _add(self, rows: Int64, number: int | None, energy_wh: Int64) -> None:
        if number is not None:
            self.added += [(row, number, wh) for row, wh in zip(rows.tolist(), energy_wh.tolist(), strict=True)]

    def _fill(self, source: int, main: Int64, less: dict[int, Int64], quantities: Sequence[Rule[int]]) -> Int64:
        """Return what fixed quantities take of each row, (n, q)."""
        filled = np.zeros((len(main), len(quantities)), dtype=np.int64)
        if not quantities:
            return filled
        place = {row: at for at, row in enumerate(main.tolist())}
        for rows in clusters(usage=self.usage, rows=main):
            blocks = list(blocks_of(usage=self.usage, rows=rows))
            room = np.array([self._room(block, less) for block in blocks], dtype=np.int64)
            wanted = np.array(
                [wanted_wh(usage=self.usage, rows=block, quantities=quantities) for block in blocks], dtype=np.int64
            )
            taken = by_days(room_wh=room, wanted_wh=wanted)
            is_short = (taken.sum(axis=0) < wanted.sum(axis=0)).any()
            # A sub-meter that is read less often leaves less in all than span by span.
            is_beyond = taken.sum() > max(int(room.sum()), 0)
            if is_beyond or (is_short and is_closed(usage=self.usage, rows=rows, quantities=quantities)):
                everything = self._all_that_is_there(source, rows, quantities, room, wanted)
                if everything is None:
                    continue
                blocks, taken = [rows], everything
            for block, one in zip(blocks, taken, strict=True):
                at = [place[row] for row in block.tolist()]
                filled[at] = over_rows(taken=one, weights=np.maximum(self.usage.energy_wh[block], 0))
        return filled

    def _room(self, rows: Int64, less: dict[int, Int64]) -> int:
        """Return what rows leave for fixed quantities: their energy without that of sub-meters. [Wh]"""
        start, end = int(self.usage.start_day[rows].min()), int(self.usage.end_day[rows].max())
        return int(self.usage.energy_wh[rows].sum()) - sum(self._counted(sub, start, end) for sub in less.values())

    def _all_that_is_there(
        self, source: int, rows: Int64, quantities: Sequence[Rule[int]], room: Int64, wanted: Int64
    ) -> Int64 | None:
        """Return what a month gives that has too little, (1, q), as the rules say; None = refused, and noted."""
        start, end = int(self.usage.start_day[rows].min()), int(self.usage.end_day[rows].max())
        try:
            return split_by_quantity(
                energy_wh=room.sum(keepdims=True),
                fixed_wh=wanted.sum(axis=0, keepdims=True),
                excess=Excess(quantities[0].excess),
            )[:, :-1]
        except QuantitiesDoNotFit as refusal:
            points = {source, *(rule.service_point for rule in quantities)}
            message = f"{refusal.message} ({date.fromordinal(start)} to {date.fromordinal(end)})"
            self._note(points, (start, end), Obstacle(code=refusal.code, message=message, advice=refusal.advice))
            return None

    def _note_unread(
        self, main: Int64, less: dict[int, Int64], quantities: Sequence[Rule[int]], behind: Sequence[Rule[int]]
    ) -> None:
        """Note who takes fixed quantities where a sub-meter is not read: how much there is for them is not known."""
        usage, points = self.usage, {rule.service_point for rule in quantities}
        for rows in clusters(usage=self.usage, rows=main) if quantities else ():
            first, last = int(usage.start_day[rows].min()), int(usage.end_day[rows].max())
            for sub in behind:
                start, end = max(first, sub.days[0]), min(last, sub.days[1])
                mine = less[sub.id]
                spans = zip(usage.start_day[mine].tolist(), usage.end_day[mine].tolist(), strict=True)
                read = union((max(low, start), min(high, end)) for low, high in spans if low < end and high > start)
                if start < end and read != [(start, end)]:
                    name = self.book.names.get(sub.service_point, "")
                    message = f"Sub-meter at {name}: not all of it is read ({date.fromordinal(start)} on)."
                    advice = "Enter its reads, approve the usage, then rate again."
                    self._note(points, (start, end), Obstacle(code=MISSING_READ, message=message, advice=advice))

    def _counted(self, rows: Int64, start: int, end: int) -> int:
        """Return what a sub-meter counted in some days: by its counters of all hours if there are any. [Wh]"""
        usage = self.usage
        mine = rows[(usage.start_day[rows] >= start) & (usage.start_day[rows] < end)]
        total = np.array([usage.period_codes[code] == ALL_HOURS for code in usage.period_of_use[mine]], dtype=np.bool_)
        return int(usage.energy_wh[mine[total] if total.any() else mine].sum())

    def _note_crossing(self, row: int, day: int, points: set[int]) -> None:
        usage = self.usage
        start, end, on = (date.fromordinal(int(one)) for one in (usage.start_day[row], usage.end_day[row], day))
        message = f"Usage from {start} to {end} crosses {on}, where another usage rule of the meter begins to hold."
        if usage.is_interval[row]:
            obstacle = Obstacle(code=USAGE_OUTDATED, message=message, advice="Approve the month's usage anew.")
        else:
            advice = f"Enter a read of the meter for {on}; its usage is approved with it. Then rate again."
            obstacle = Obstacle(code=MISSING_READ, message=message, advice=advice)
        self._note(points, (int(usage.start_day[row]), int(usage.end_day[row])), obstacle)

    def _note(self, points: set[int], span: tuple[int, int], obstacle: Obstacle) -> None:
        """Note an obstacle of all who are billed at some places in a span of days."""
        pieces = self.pieces
        near = np.isin(pieces.service_point_id, sorted(points))
        near &= (pieces.start_day < span[1]) & (pieces.end_day > span[0])
        for account in np.unique(pieces.account_id[near]).tolist():
            self.obstacles.add(account, obstacle)


def _cells(taking: Sequence[Rule[int]]) -> Iterator[tuple[int, int, list[Rule[int]]]]:
    """Yield spans of days, from the first day there is to the last, with the rules that hold in each."""
    edges = sorted({1, *(day for rule in taking for day in rule.days), date.max.toordinal()})
    for start, end in pairwise(edges):
        yield start, end, [rule for rule in taking if rule.days[0] <= start < rule.days[1]]


@dataclass(frozen=True, slots=True)
class _Load:
    """A row of streams that is an agreed load."""

    row: int
    stream: Stream


def _loads(streams: Streams) -> Iterator[tuple[int, Stream]]:
    by_number = {
        one.number: one for one in streams.streams if one.rule is not None and one.rule.kind is RuleKind.UNMETERED
    }
    for row, number in enumerate(streams.pieces.service_point_id.tolist()):
        if number in by_number:
            yield row, by_number[number]


def _agreed(
    loads: Iterable[_Load], streams: Streams, book: RuleBook, pieces: Pieces, obstacles: Obstacles
) -> Iterator[tuple[int, int, int, int, int, bool]]:
    """Yield (place, register, first day, end day, energy, is by profile) of agreed loads."""
    for load in loads:
        rule, number = load.stream.rule, load.stream.number
        assert rule is not None
        start, end = int(streams.pieces.start_day[load.row]), int(streams.pieces.end_day[load.row])
        energy = agreed_wh(quantity_wh=rule.quantity_wh or 0, per=rule.per, start_day=start, end_day=end)
        register = 0
        if rule.source is not None:
            profiles = [
                one.register_id
                for one in book.registers
                if one.service_point_id == rule.source and one.is_interval and one.is_drawn
                if one.start_day <= start and end <= one.end_day
            ]
            if len(profiles) != 1:
                place = int(streams.target[load.row])
                message = f"{load.stream.name}: there is no one counter of intervals that hangs there all the time."
                advice = "Look at the meters of the place that gives the profile."
                obstacle = Obstacle(code=MISSING_PROFILE, message=message, advice=advice)
                obstacles.add(int(pieces.account_id[place]), obstacle)
                continue
            register = profiles[0]
        yield number, register, start, end, energy, rule.source is not None


def _joined(dealing: _Dealing, agreed: list[tuple[int, int, int, int, int, bool]]) -> Drawn:
    """Return the rows at their own places, the parts in streams, and agreed loads, as one table."""
    usage = dealing.usage
    codes = usage.period_codes if ALL_HOURS in usage.period_codes else (ALL_HOURS, *usage.period_codes)
    shift = len(codes) - len(usage.period_codes)
    row, number, energy = (np.array(column, dtype=np.int64) for column in _columns(dealing.added, 3))
    place, register, start, end, load, by_profile = (np.array(column, dtype=np.int64) for column in _columns(agreed, 6))
    known = np.arange(len(usage), dtype=np.int64)
    of = np.concatenate((known, row))
    none = np.zeros(len(place), dtype=np.bool_)
    numbers = np.concatenate((np.zeros(len(usage), dtype=np.int64), number, place))
    total = codes.index(ALL_HOURS)
    joined = UsageColumns(
        period_codes=codes,
        service_point_id=np.concatenate((usage.service_point_id, number, place)),
        register_id=np.concatenate((usage.register_id[of], register)) | (-numbers << REGISTER_BITS),
        period_of_use=np.concatenate((usage.period_of_use[of] + shift, np.full(len(place), total, dtype=np.int64))),
        start_day=np.concatenate((usage.start_day[of], start)),
        end_day=np.concatenate((usage.end_day[of], end)),
        energy_wh=np.concatenate((dealing.energy_wh, energy, load)),
        is_estimated=np.concatenate((usage.is_estimated[of], none)),
        is_interval=np.concatenate((usage.is_interval[of], by_profile == 1)),
        multiplier=np.concatenate((usage.multiplier[of], np.ones(len(place), dtype=np.int64))),
    )
    approved = np.concatenate((usage.energy_wh[of], np.full(len(place), UNCHECKED, dtype=np.int64)))
    order = np.lexsort((joined.start_day, joined.register_id, joined.service_point_id))
    return Drawn(usage=joined.take(order), approved_wh=approved[order])


def _columns(rows: Sequence[tuple[int, ...]], width: int) -> list[tuple[int, ...]]:
    return list(zip(*rows, strict=True)) if rows else [()] * width
