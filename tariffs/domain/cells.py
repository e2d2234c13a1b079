"""
Sums and peaks of interval values by cell, as month x period of use.

Slots are put in the order of their cells once for all customers; every cell is then one run of columns that NumPy
reduces in one pass, without a loop over hours or customers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cis.kernel.fixed import Int64


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """
    Slots in the order of the cells that they belong to.

    order   (s,) places of the slots, cell by cell and by time inside each; None = they stand in that order already
    starts  (c,) where each cell that has slots begins in that order
    places  (c,) which cell it is
    count   cells, with those that have no slot
    """

    order: Int64 | None
    starts: Int64
    places: Int64
    count: int


def cells_of(*, keys: Int64, count: int) -> Cells:
    """Return the cells of slots; keys (s,) name the cell of each slot, 0 .. count - 1."""
    if keys.size and not 0 <= int(keys.min()) <= int(keys.max()) < count:
        raise ValueError("a slot lies in no cell")
    sorted_already = bool((keys[1:] >= keys[:-1]).all())
    order = None if sorted_already else np.argsort(keys, kind="stable")
    ordered = keys if order is None else keys[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=-1))
    return Cells(order, starts, ordered[starts], count)


def arrange(*, values: Int64, cells: Cells) -> Int64:
    """Return the columns of values (n, s) in the order of the cells."""
    return values if cells.order is None else values.take(cells.order, axis=1)


def sums(*, arranged: Int64, cells: Cells) -> Int64:
    """Return the sum of each cell, (n, count); a cell without slots has 0."""
    found = np.zeros((len(arranged), cells.count), dtype=np.int64)
    if len(cells.starts):
        found[:, cells.places] = np.add.reduceat(arranged, cells.starts, axis=1)
    return found


def peaks(*, arranged: Int64, cells: Cells) -> Int64:
    """Return the largest value of each cell, (n, count), never below 0; a cell without slots has 0."""
    found = np.zeros((len(arranged), cells.count), dtype=np.int64)
    if len(cells.starts):
        found[:, cells.places] = np.maximum(np.maximum.reduceat(arranged, cells.starts, axis=1), 0)
    return found


def windows(*, values_wh: Int64, slots: int) -> Int64:
    """Return the energy (n, s / slots) of windows of as many slots each, the first of them at the first slot. [Wh]"""
    if slots == 1:
        return values_wh
    # Slice by slice: a sum along so short an axis is many times slower.
    total = values_wh[:, 0::slots] + values_wh[:, 1::slots]
    for offset in range(2, slots):
        total += values_wh[:, offset::slots]
    return total


def ordered(*, values_wh: Int64, before_wh: Int64, limits_wh: Sequence[Int64 | int], keys: Int64, count: int) -> Int64:
    """
    Return energy by step and period where each step fills in order of time, (n, k, p). [Wh]

    values_wh  (n, s) [Wh]
    before_wh  (n,) energy since the steps began, before the first slot [Wh]
    limits_wh  (k - 1) upper bounds of the steps, each one number or (n,) [Wh]
    keys       (s,) period of each slot, 0 .. count - 1

    [source: the convention of NREL SAM's net billing and of eeco; the other is that of ``TieredTimeOfUse``]
    """
    cells = cells_of(keys=keys, count=count)
    inside = np.empty((len(values_wh), len(limits_wh) + 1, count), dtype=np.int64)
    until = np.empty((len(values_wh), values_wh.shape[1] + 1), dtype=np.int64)
    until[:, 0] = before_wh
    np.cumsum(values_wh, axis=1, out=until[:, 1:])
    until[:, 1:] += before_wh[:, None]
    below = np.zeros((len(values_wh), count), dtype=np.int64)
    for step, limit_wh in enumerate(limits_wh):
        limit = limit_wh[:, None] if isinstance(limit_wh, np.ndarray) else limit_wh
        parts = np.diff(np.minimum(until, limit), axis=1)
        until_here = sums(arranged=arrange(values=parts, cells=cells), cells=cells)
        inside[:, step] = until_here - below
        below = until_here
    inside[:, -1] = sums(arranged=arrange(values=values_wh, cells=cells), cells=cells) - below
    return inside
