"""The largest reactive demand of pieces, out of reactive interval values: measured as demand is."""

from collections.abc import Sequence

import numpy as np

from billing.domain import daily, hourly
from billing.domain.checks import Checks
from billing.domain.curves import Lines, Refusals, Spans, lines_of, sheets
from billing.domain.daily import LocalDays
from billing.domain.demand import Demands, note_uncovered
from billing.domain.feeds import FeedRegisters, Feeds, feeds_of, units_of, without_checks
from billing.domain.findings import Obstacle, Obstacles
from billing.domain.measured import ALL_HOURS
from billing.domain.pieces import NOWHERE, Pieces, PlanVersion
from billing.queries import reading, sources
from billing.queries.sources import Kind
from cis.kernel.fixed import Int64
from metering.domain.places import Direction, Quantity
from metering.domain.usage import UsageColumns
from metering.domain.usage_rules import RuleBook
from metering.queries import registers as counters
from tariffs.domain.inputs import Input

REACTIVE: Kind = (Quantity.REACTIVE, (Direction.IMPORT,))
"""By which registers reactive demand is seen: what is drawn; what capacitors give back is no demand."""


def peaks(
    *, pieces: Pieces, versions: Sequence[PlanVersion], book: RuleBook, local: LocalDays, obstacles: Obstacles
) -> dict[Input, Int64]:
    """
    Return the largest mean reactive demand of each piece whose plan asks for it, (m,), in the window of the plan. [var]

    Accounts of which some is missing are noted. Statements, where it is asked for: meters, approved reactive energy,
    and one for each month of interval days.
    """
    wanted = hourly.wants(pieces=pieces, versions=versions, need=Input.REACTIVE_PEAK_VAR)
    if not wanted.any():
        return {}
    found, refusals = Obstacles(), Refusals()
    usage = sources.usage_of(pieces, book, REACTIVE)
    start, end = sources.days_of(pieces)
    hung = counters.hung(
        service_point_ids=np.unique(pieces.service_point_id[wanted]),
        start_date=start,
        end_date=end,
        quantities=REACTIVE[:1],
        directions=REACTIVE[1],
    )
    hung = without_checks(hung=hung, book=book)
    feeds, registers = feeds_of(pieces=pieces, wanted=wanted, hung=hung, versions=versions, obstacles=found)
    lines, spans = _lines(pieces, usage, feeds, registers)
    demands = Demands(feeds=feeds, versions=versions, lines=lines, refusals=refusals)
    checks = Checks(lines=lines, spans=spans)
    for month, blocks in reading.months(reading=(lines.register_id[spans.line], spans.start_day, spans.end_day)):
        for sheet in sheets(
            lines=lines, spans=spans, pieces=pieces, versions=versions, month=month, blocks=blocks, local=local,
            refusals=refusals,
        ):  # fmt: skip
            checks.add(sheet)
            demands.add(sheet)
    refusals.note(pieces=pieces, obstacles=found)
    checks.note(pieces=pieces, energy_wh=usage.energy_wh, local=local, obstacles=found)
    note_uncovered(pieces=pieces, feeds=feeds, registers=registers, spans=_covered(lines, spans), obstacles=found)
    for account, one in found.of_account.items():
        told = Obstacle(code=one.code, message=f"Reactive demand: {one.message}", advice=one.advice)
        obstacles.add(account, told)
    return {Input.REACTIVE_PEAK_VAR: demands.of_pieces(count=len(pieces))[:, 0]}


def _lines(pieces: Pieces, usage: UsageColumns, feeds: Feeds, registers: FeedRegisters) -> tuple[Lines, Spans]:
    """Return the registers that measure, and the approved spans of them."""
    all_hours = np.array([code == ALL_HOURS for code in usage.period_codes] + [False], dtype=np.bool_)
    rows = np.flatnonzero(usage.is_interval & all_hours[usage.period_of_use])
    row, piece, start, end = daily.overlaps(pieces=pieces, usage=usage, rows=rows)
    kept = units_of(feeds=feeds, registers=registers, piece=piece, register_id=usage.register_id[row]) != NOWHERE
    row, piece, start, end = row[kept], piece[kept], start[kept], end[kept]
    windows = daily.with_rests(usage=usage, rows=np.unique(row), row=row, piece=piece, start=start, end=end)
    unit = units_of(feeds=feeds, registers=registers, piece=windows.piece, register_id=windows.register_id)
    return lines_of(
        windows=windows,
        feed=np.where(windows.piece != NOWHERE, unit, NOWHERE),
        is_energy=np.zeros(len(windows), dtype=np.bool_),
        pieces=pieces,
        multiplier=usage.multiplier[windows.row],
    )


def _covered(lines: Lines, spans: Spans) -> tuple[Int64, Int64, Int64, Int64]:
    """Return (piece, register, first day, end day) of approved spans inside pieces."""
    piece = lines.piece[spans.line]
    inside = piece != NOWHERE
    columns = (piece, lines.register_id[spans.line], spans.start_day, spans.end_day)
    return columns[0][inside], columns[1][inside], columns[2][inside], columns[3][inside]
