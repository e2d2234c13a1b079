"""Counter values that we estimated are dealt anew when measured ones come beside them."""

from collections.abc import Collection, Mapping
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from cis.platform import db
from metering.domain.estimation import Method
from metering.domain.true_up import true_up
from metering.domain.usage import Reads

ESTIMATED = "estimated"
REACH_DAYS = 800
"""Estimates farther from a measured value stay as they are: more than two years without a reading are no guess."""

Key = tuple[int, int]
"""Register, and day as ``date.toordinal``."""


class Held(NamedTuple):
    """A counter value that holds. [Wh, varh or W]"""

    reading_wh: int
    kind: str
    version: int
    method: str = ""

    @property
    def is_ours(self) -> bool:
        """Return whether we guessed it; what others estimated is theirs to send anew."""
        return self.kind == ESTIMATED and self.method not in {"", Method.GIVEN}


class Anew(NamedTuple):
    """An estimate that is set anew."""

    register_id: int
    day: int
    held: Held


def near(*, measured: Collection[Key], held: Mapping[Key, Held]) -> dict[Key, Held]:
    """
    Return all values that hold around measured ones, of registers that have an estimate of ours beside them.

    held  the neighbours of the measured ones; one statement, none where nothing of ours is among them
    """
    ours = {register for (register, _day), one in held.items() if one.is_ours}
    days: dict[int, list[int]] = {}
    for register, day in measured:
        if register in ours:
            days.setdefault(register, []).append(day)
    if not days:
        return {}
    given = {
        "registers": list(days), "lows": [min(each) - REACH_DAYS for each in days.values()],
        "highs": [max(each) + REACH_DAYS for each in days.values()],
    }  # fmt: skip
    return {(register, day): Held(*row) for register, day, *row in db.fetch(_NEAR, given)}


def deal(*, stored: Mapping[Key, Held], before: Mapping[Key, Held]) -> list[Anew]:
    """
    Return the estimates that are set anew, with their next versions, by ``domain.true_up``.

    Only what lies between a value that is new and not of ours, and such ones beside it: the rest was dealt before.

    stored  values that are new, of whatever kind: they hold now, estimates of others too
    before  what held before them, as ``near`` gives it
    """
    anew = []
    for register in sorted({key[0] for key in stored} & {key[0] for key in before}):
        now = {day: one for (owner, day), one in {**before, **stored}.items() if owner == register}
        fixed = sorted(day for day, one in now.items() if not one.is_ours)
        new = {day for day in fixed if (register, day) in stored}
        for left, right in pairwise(fixed):
            if left in new or right in new:
                end = before.get((register, right)) if right in new else None
                anew += _between(register, now, left, right, end if end is not None and end.is_ours else None)
    return anew


def _between(register: int, now: Mapping[int, Held], left: int, right: int, end: Held | None) -> list[Anew]:
    """Return the estimates between two measured values that change; ``end``: what the second one was guessed to be."""
    days = sorted(day for day in now if left < day < right)
    if not days:
        return []
    guessed = [(day, now[day].reading_wh) for day in days] + ([(right, end.reading_wh)] if end else [])
    fixed = [(left, now[left].reading_wh), (right, now[right].reading_wh)]
    dealt = true_up(measured=_reads(register, fixed), guessed=_reads(register, guessed, is_estimated=True))
    return [
        Anew(register, day, now[day]._replace(reading_wh=reading, version=now[day].version + 1))
        for day, reading in zip(days, dealt.reading_wh.tolist(), strict=False)
        if reading != now[day].reading_wh
    ]


def _reads(register: int, rows: list[tuple[int, int]], *, is_estimated: bool = False) -> Reads:
    table = np.array(rows, dtype=np.int64).reshape(-1, 2)
    return Reads(
        register_id=np.full(len(table), register, dtype=np.int64), day=table[:, 0].copy(),
        reading_wh=table[:, 1].copy(), is_estimated=np.full(len(table), is_estimated),
    )  # fmt: skip


_NEAR = """
SELECT w.register_id, r.read_date - DATE '0001-01-01' + 1, r.reading_wh, r.kind, r.version, r.method
FROM unnest(%(registers)s::bigint[], %(lows)s::int[], %(highs)s::int[]) AS w(register_id, low, high)
CROSS JOIN LATERAL (
    SELECT DISTINCT ON (read_date) * FROM metering_registerread x
    WHERE x.register_id = w.register_id
      AND x.read_date BETWEEN DATE '0001-01-01' + w.low - 1 AND DATE '0001-01-01' + w.high - 1
    ORDER BY read_date, version DESC) r
"""
