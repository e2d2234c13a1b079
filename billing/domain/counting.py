"""The energy that counts in a tier cycle before each piece."""

from dataclasses import dataclass

import numpy as np

from billing.domain.openings import NO_OPENINGS, counted_wh
from billing.domain.pieces import Pieces, key_of
from cis.kernel.fixed import Int64
from contracts.domain.openings import OpeningColumns


def before_wh(*, pieces: Pieces, energy_wh: Int64, openings: OpeningColumns = NO_OPENINGS) -> Int64:
    """
    Return the energy since the tier cycle began that is counted with each piece, before it, (m,). [Wh]

    energy_wh  (m,) energy of each piece
    openings   what was used of the cycle before the agreements began here
    """
    if not len(pieces):
        return np.zeros(0, dtype=np.int64)
    _, place = np.unique(pieces.count_of, return_inverse=True)
    keys = key_of(place=place, day=pieces.start_day)
    order = np.argsort(keys, kind="stable")
    until = np.cumsum(energy_wh[order]) - energy_wh[order]
    first = np.searchsorted(keys[order], key_of(place=place, day=pieces.cycle_day)[order])
    before = np.empty(len(pieces), dtype=np.int64)
    before[order] = until - until[first]
    return before + counted_wh(pieces=pieces, openings=openings) if len(openings) else before


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """
    Pieces by the count that they are counted in, which may go on from one agreement to the next.

    group  (m,) number of the count
    order  (m,) places of pieces by count, then start
    first  (m,) place of the first piece in the tier cycle of each
    """

    group: Int64
    order: Int64
    first: Int64


def counts_of(*, pieces: Pieces) -> Counts:
    """Return the counts of pieces."""
    _, group = np.unique(pieces.count_of, return_inverse=True)
    keys = key_of(place=group, day=pieces.start_day)
    order = np.argsort(keys, kind="stable")
    at = np.searchsorted(keys[order], key_of(place=group, day=pieces.cycle_day))
    first = order[np.minimum(at, max(len(pieces) - 1, 0))] if len(pieces) else order
    return Counts(group=group.astype(np.int64, copy=False), order=order, first=first)
