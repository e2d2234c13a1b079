"""The energy that counts in a tier cycle before each piece."""

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


def cycle_first(*, pieces: Pieces) -> Int64:
    """Return the place of the first piece of the same agreement in the tier cycle of each piece, (m,)."""
    # Pieces are sorted by service point and start, and an agreement has one service point: its pieces are neighbours.
    fresh = np.ones(len(pieces), dtype=np.bool_)
    fresh[1:] = pieces.agreement_id[1:] != pieces.agreement_id[:-1]
    place = np.cumsum(fresh) - 1
    return np.searchsorted(key_of(place=place, day=pieces.start_day), key_of(place=place, day=pieces.cycle_day)).astype(
        np.int64, copy=False
    )
