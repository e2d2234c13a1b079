"""Fixed quantities (定量) dealt over the spans of a month."""

from collections.abc import Iterator, Sequence
from datetime import date

import numpy as np

from billing.domain.measured import ALL_HOURS
from cis.kernel.fixed import Int64
from metering.domain.shares import Excess, split_by_quantity
from metering.domain.usage import UsageColumns
from metering.domain.usage_rules import Rule, agreed_wh


def by_days(*, room_wh: Int64, wanted_wh: Int64) -> Int64:
    """
    Return what each span gives of fixed quantities, (b, q), in the order of time. [Wh]

    Each span gives the part of its days. What it cannot give is given by the spans after it, and at the end by those
    before it, the latest first: so the part of a month that was billed stays as it is when the rest is measured, unless
    the rest has too little.

    room_wh    (b,) energy of each span [Wh]
    wanted_wh  (b, q) part of each quantity that falls on the days of the span [Wh]
    """
    taken, short = np.zeros_like(wanted_wh), np.zeros_like(wanted_wh[:1])
    for place in range(len(room_wh)):
        wanted = wanted_wh[place : place + 1] + short
        taken[place] = _filled(room_wh[place : place + 1], wanted)
        short = wanted - taken[place]
    for place in range(len(room_wh) - 1, -1, -1):
        left = np.maximum(room_wh[place : place + 1], 0) - taken[place].sum()
        more = _filled(left, short)
        taken[place] += more
        short = short - more
    return taken


def _filled(room_wh: Int64, wanted_wh: Int64) -> Int64:
    """Return quantities filled one after another as long as there is energy, (q,). [Wh]"""
    filled: Int64 = split_by_quantity(energy_wh=room_wh, fixed_wh=wanted_wh, excess=Excess.IN_ORDER)[0, :-1]
    return filled


def clusters(*, usage: UsageColumns, rows: Int64) -> Iterator[Int64]:
    """Yield rows that make up the same days: a month, or longer where a span is; all hours and periods apart."""
    is_total = np.array([code == ALL_HOURS for code in usage.period_codes], dtype=np.bool_)[usage.period_of_use]
    for kind in (True, False):
        cluster: list[int] = []
        end, month = 0, (0, 0)
        for row in rows[is_total[rows] == kind].tolist():
            on = date.fromordinal(int(usage.start_day[row]))
            if cluster and usage.start_day[row] >= end and (on.year, on.month) != month:
                yield np.array(cluster, dtype=np.int64)
                cluster, end = [], 0
            if not cluster:
                month = (on.year, on.month)
            cluster.append(row)
            end = max(end, int(usage.end_day[row]))
        if cluster:
            yield np.array(cluster, dtype=np.int64)


def blocks_of(*, usage: UsageColumns, rows: Int64) -> Iterator[Int64]:
    """Yield rows of a cluster whose days overlap, in order of time: those of several registers of one span."""
    start, end = usage.start_day[rows], np.maximum.accumulate(usage.end_day[rows])
    yield from np.split(rows, np.flatnonzero(start[1:] >= end[:-1]) + 1)


def wanted_wh(*, usage: UsageColumns, rows: Int64, quantities: Sequence[Rule[int]]) -> list[int]:
    """Return the part of each quantity that falls on the days of rows, (q,). [Wh]"""
    start, end = int(usage.start_day[rows].min()), int(usage.end_day[rows].max())
    return [
        agreed_wh(quantity_wh=rule.quantity_wh or 0, per=rule.per, start_day=start, end_day=end) for rule in quantities
    ]


def is_closed(*, usage: UsageColumns, rows: Int64, quantities: Sequence[Rule[int]]) -> bool:
    """Return whether all of a month is measured, or all of what a rule holds for: what is short then stays short."""
    # Cycles end on any day; where a span ends in another month than the first one begins, the next is another cluster.
    end = int(usage.end_day[rows].max())
    first, last = date.fromordinal(int(usage.start_day[rows].min())), date.fromordinal(end)
    return (first.year, first.month) != (last.year, last.month) or any(rule.days[1] == end for rule in quantities)
