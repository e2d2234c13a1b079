"""
What is kept with a segment beside its energy and money: what rating was given, and what later segments read of it.

The order of the numbers is that of the plan (``tariffs.domain.layout``), so they are read with the tariff version that
the segment names. A segment that takes another back was not rated and keeps nothing: look at the one it names.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cis.kernel.columns import Columns
from cis.kernel.fixed import Int64
from tariffs.domain import layout
from tariffs.domain.batch import RatingBatch, month_shares_e9
from tariffs.domain.chain import handed_of
from tariffs.domain.inputs import Input
from tariffs.domain.plan import Plan
from tariffs.domain.rating import RatedGroup, batch_of

NOT_KEPT = -1
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept(Columns):
    """
    What r rated segments of one plan keep.

    rows       (r,) their places
    inputs     (r, w) as ``layout.inputs_layout``
    handed_on  (r, v) as ``layout.handed_layout``
    """

    rows: Int64
    inputs: Int64
    handed_on: Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists(Columns):
    """
    Lists of numbers of different lengths.

    values   (s, w) padded
    lengths  (s,) numbers of each list; ``NOT_KEPT`` = there is none
    """

    values: Int64
    lengths: Int64


def kept_of(*, group: RatedGroup, batch: RatingBatch, inputs: Mapping[Input, Int64], rows: Int64) -> Kept:
    """
    Return what the segments of a rated group keep.

    batch   that the group is a part of
    inputs  of its plan, for its own rows
    rows    (r,) places that the segments have elsewhere
    """
    assert group.rated is not None
    given = batch_of(plan=group.plan, batch=batch, rows=group.rows, inputs=inputs)
    return Kept(
        rows=rows,
        inputs=layout.inputs_of(plan=group.plan, batch=given),
        handed_on=handed_of(plan=group.plan, batch=given, rated=group.rated),
    )


def lists_of(*, parts: Sequence[tuple[Int64, Int64]], count: int) -> Lists:
    """
    Return lists by place, (count,), from (r,) places and (r, w) values of several widths.

    Places that no part names, and parts of width 0, have no list; a place below 0 is left out.
    """
    values = np.zeros((count, max((one.shape[1] for _, one in parts), default=0)), dtype=np.int64)
    lengths = np.full(count, NOT_KEPT, dtype=np.int64)
    for places, one in parts:
        if one.shape[1]:
            wanted = places >= 0
            values[places[wanted], : one.shape[1]] = one[wanted]
            lengths[places[wanted]] = one.shape[1]
    return Lists(values=values, lengths=lengths)


def hands_on_same(*, kept: Sequence[Kept], rows: Int64, existing: Lists) -> Mask:
    """
    Return whether segments that exist hand on what is expected of them, (b,).

    kept      what is expected, by place
    rows      (b,) places, ascending
    existing  (b,) what those that exist hand on
    """
    expected = lists_of(parts=[(_place_in(rows, one.rows), one.handed_on) for one in kept], count=len(rows))
    width = max(expected.values.shape[1], existing.values.shape[1])
    same: Mask = expected.lengths == existing.lengths
    for one, other in zip(_columns(expected, width), _columns(existing, width), strict=True):
        same &= one == other
    return same


def _place_in(rows: Int64, wanted: Int64) -> Int64:
    """Return the place of each wanted row among the (b,) ascending rows; NOT_KEPT = it is not there."""
    if not len(rows):
        return np.full(len(wanted), NOT_KEPT, dtype=np.int64)
    at = np.minimum(np.searchsorted(rows, wanted), len(rows) - 1)
    return np.where(rows[at] == wanted, at, NOT_KEPT)


def _columns(lists: Lists, width: int) -> Iterator[Int64]:
    """Yield the numbers column by column, 0 beyond the lists."""
    nothing = np.zeros(len(lists), dtype=np.int64)
    for column in range(width):
        yield lists.values[:, column] if column < lists.values.shape[1] else nothing


def read_back(
    *, plan: Plan, start_day: Int64, end_day: Int64, before_wh: Int64, household: Int64, inputs: Sequence[Sequence[int]]
) -> RatingBatch:
    """
    Return the batch that n segments of one tariff version were rated by: rated again, it gives the same lines.

    start_day, end_day, before_wh, household  (n,) as in ``BillSegment``; days are ordinals
    inputs                                    (n, w) as in ``BillSegment.inputs``

    :raises OtherLayout: a segment keeps more or fewer numbers than the plan's segments do, or none.
    """
    lengths = {len(one) for one in inputs}
    if len(lengths) > 1:
        raise layout.OtherLayout(f"Segments of {plan.code} keep {sorted(lengths)} numbers.")
    values = np.array(inputs, dtype=np.int64).reshape(len(inputs), max(lengths, default=0))
    used_wh, columns = layout.given_to(plan=plan, inputs=values)
    return RatingBatch(
        days=end_day - start_day,
        month_share_e9=month_shares_e9(start_day=start_day, end_day=end_day),
        used_wh=used_wh,
        before_wh=before_wh,
        household=household,
        inputs=columns,
    )
