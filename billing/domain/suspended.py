"""
Capacity that is in use: what is agreed, less what is suspended or reduced for a time (暂停, 减容).

Rule: capacity that is suspended for fewer days than the tariff names is paid for as if it were in use. Its days count
as a whole: over months, bills and terms, as long as at least so much is suspended.
[source: 供电营业规则 (1996) 第二十四条: 暂停少于十五天的, 基本电费照收]
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from billing.domain.facts import note
from billing.domain.findings import Obstacles
from billing.domain.pieces import Mask, Pieces, PlanVersion
from cis.kernel.columns import Columns
from cis.kernel.fixed import Int64
from tariffs.domain.inputs import Input

UNDECLARED = "suspension_undeclared"
UNCLEAR = "suspension_unclear"
Time = tuple[int, int, int]
"""First day, end day, VA."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspensions(Columns):
    """
    Times in which capacity of agreements is suspended, n rows by agreement and start; those of one do not overlap.

    start_day, end_day  (n,) whole, whatever is billed; one that goes on until further notice ends far away
    suspended_va        (n,) above 0 [VA]
    """

    agreement_id: Int64
    start_day: Int64
    end_day: Int64
    suspended_va: Int64


def in_use_va(
    *, pieces: Pieces, versions: Sequence[PlanVersion], suspensions: Suspensions, obstacles: Obstacles
) -> Int64:
    """
    Return the capacity that each piece is billed for, (m,); what is not agreed stays so. [VA]

    Notes the accounts whose tariff prices capacity and does not say what becomes of it while it is suspended.
    """
    in_use = pieces.capacity_va.copy()
    times = _by_agreement(suspensions)
    for place in np.flatnonzero(_asks(pieces, versions, Input.CAPACITY_VA) & (pieces.suspended_va > 0)).tolist():
        least_days = versions[int(pieces.version[place])].plan.suspended_least_days
        if least_days is None:
            note(
                pieces=pieces,
                place=place,
                obstacles=obstacles,
                code=UNDECLARED,
                message="Capacity is suspended, and the tariff does not say how that is billed",
                advice="Publish a version with the table suspension, or change the terms of the agreement.",
            )
            continue
        mine = times[int(pieces.agreement_id[place])]
        in_use[place] -= counted_va(times=mine, day=int(pieces.start_day[place]), least_days=least_days)
    return in_use


def counted_va(*, times: Sequence[Time], day: int, least_days: int) -> int:
    """
    Return how much of the capacity that is suspended on a day is suspended for long enough. [VA]

    times  of one agreement, in order; a part of what is suspended may be so for longer than the whole
    """
    return max((level for level in {va for *_, va in times} if _days(times, day, level) >= least_days), default=0)


def _days(times: Sequence[Time], day: int, level: int) -> int:
    """Return how many days around a day at least so much is suspended, 0 = it is not on that day."""
    run: tuple[int, int] | None = None
    for start, end, va in times:
        if va < level:
            continue
        run = (run[0], end) if run is not None and run[1] == start else (start, end)
        if run[0] <= day < run[1]:
            # What follows without a gap belongs to it.
            return _end(times, run[1], level) - run[0]
    return 0


def _end(times: Sequence[Time], end: int, level: int) -> int:
    for start, until, va in times:
        if start == end and va >= level:
            end = until
    return end


def _by_agreement(suspensions: Suspensions) -> dict[int, list[Time]]:
    found: dict[int, list[Time]] = defaultdict(list)
    columns = (suspensions.agreement_id, suspensions.start_day, suspensions.end_day, suspensions.suspended_va)
    for agreement, start, end, va in zip(*(column.tolist() for column in columns), strict=True):
        found[agreement].append((start, end, va))
    return found


def _asks(pieces: Pieces, versions: Sequence[PlanVersion], need: Input) -> Mask:
    """Return the rated pieces whose plan needs an input, (m,)."""
    needs = np.array([need in one.plan.needs for one in versions] + [False], dtype=np.bool_)
    return np.asarray(pieces.is_rated & needs[pieces.version], dtype=np.bool_)


def energized_minutes(
    *, pieces: Pieces, versions: Sequence[PlanVersion], minutes: Int64, obstacles: Obstacles
) -> Int64:
    """
    Return the minutes for which transformers are under voltage, (m,): none while all capacity is suspended.

    Notes the accounts of which a part is: nobody knows which transformer that is, and what it loses. [min]
    """
    suspended, capacity = pieces.suspended_va, pieces.capacity_va
    for place in np.flatnonzero(
        _asks(pieces, versions, Input.ENERGIZED_MINUTES) & (suspended > 0) & (suspended < capacity)
    ).tolist():
        note(
            pieces=pieces,
            place=place,
            obstacles=obstacles,
            code=UNCLEAR,
            message="The tariff adds losses of transformers by the hour, and a part of the capacity is suspended",
            advice="Let the agreement have a tariff with the losses of those transformers that stay in use.",
        )
    return np.where((suspended > 0) & (suspended >= capacity), 0, minutes)
