"""Bills, segments and lines that a difference makes, as columns; ids are given to them when they are written."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from billing.domain.kept import Lists, lists_of
from billing.domain.pieces import NOWHERE, Mask, PlanVersion
from billing.domain.segments import Difference, Existing, Expected, SegmentFacts, contained_tax
from cis.kernel.columns import Columns
from cis.kernel.fixed import Int64
from tariffs.domain.lines import LineSlot
from tariffs.domain.rating import RatedGroup

NONE = 0
"""In place of an id: there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BillColumns(Columns):
    """b bills, by account."""

    account_id: Int64
    energy_wh: Int64
    amount_minor: Int64
    tax_minor: Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentColumns(SegmentFacts):
    """
    s segments in the order of their bills; inside a bill by start, what is taken back before what replaces it.

    bill     (s,) place of the bill
    cancels  (s,) id of the segment that it takes back; NONE = none
    """

    bill: Int64
    cancels: Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class LineColumns(Columns):
    """
    Lines of new segments, in the order of bill and seq.

    bill, segment  places of bill and segment
    kind           place in the line kinds of the draft
    """

    bill: Int64
    seq: Int64
    segment: Int64
    kind: Int64
    quantity: Int64
    amount_minor: Int64
    tax_minor: Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiedLines(Columns):
    """Segments whose lines are the negatives of those of another: its id, the first seq of theirs."""

    segment: Int64
    source_id: Int64
    source_bill_id: Int64
    first_seq: Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class GoneTotals(Columns):
    """Number of lines, and tax, of the segments that are cancelled, in the order of the difference."""

    lines: Int64
    tax_minor: Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """
    All that a chunk writes, but for ids.

    inputs, handed_on  of each segment; those that take back keep none
    """

    bills: BillColumns
    segments: SegmentColumns
    inputs: Lists
    handed_on: Lists
    lines: LineColumns
    kinds: tuple[LineSlot, ...]
    copied: CopiedLines


def compose(
    *,
    expected: Expected,
    existing: Existing,
    difference: Difference,
    gone: GoneTotals,
    versions: Sequence[PlanVersion],
) -> Draft:
    """Return the bills of a difference: one for each account that has a new or a cancelled segment."""
    new, old = difference.new, difference.gone
    pieces = expected.pieces
    account = np.concatenate((existing.account_id[old], pieces.account_id[new]))
    start = np.concatenate((existing.start_day[old], pieces.start_day[new]))
    agreement = np.concatenate((existing.agreement_id[old], pieces.agreement_id[new]))
    is_new = np.arange(len(account)) >= len(old)
    order = np.lexsort((agreement, is_new, start, account))
    accounts, bill = np.unique(account[order], return_inverse=True)
    bill = bill.astype(np.int64, copy=False)
    segments = _segments(expected, existing, difference, versions, order, bill)
    place_of = np.empty(len(order), dtype=np.int64)
    place_of[order] = np.arange(len(order), dtype=np.int64)
    place_of_new = place_of[len(old) :]
    segment_of = np.full(len(pieces), NOWHERE, dtype=np.int64)
    segment_of[new] = place_of_new
    kinds, lines = _lines(expected, segment_of)
    counts = np.zeros(len(order), dtype=np.int64)
    counts[place_of[: len(old)]] = gone.lines
    counts += np.bincount(lines.segment, minlength=len(order))
    first_seq = _first_seq(bill, counts)
    tax = np.zeros(len(order), dtype=np.int64)
    tax[place_of[: len(old)]] = -gone.tax_minor
    np.add.at(tax, lines.segment, lines.tax_minor)
    return Draft(
        bills=_bills(accounts, bill, segments, tax),
        segments=segments,
        inputs=lists_of(parts=[(segment_of[one.rows], one.inputs) for one in expected.kept], count=len(order)),
        handed_on=lists_of(parts=[(segment_of[one.rows], one.handed_on) for one in expected.kept], count=len(order)),
        lines=_number(lines, bill, first_seq),
        kinds=kinds,
        copied=CopiedLines(
            segment=place_of[: len(old)],
            source_id=existing.segment_id[old],
            source_bill_id=existing.bill_id[old],
            first_seq=first_seq[place_of[: len(old)]],
        ),
    )


def _segments(
    expected: Expected,
    existing: Existing,
    difference: Difference,
    versions: Sequence[PlanVersion],
    order: Int64,
    bill: Int64,
) -> SegmentColumns:
    new, old, pieces = difference.new, difference.gone, expected.pieces
    version_ids = np.array([one.version_id for one in versions], dtype=np.int64)

    def joined(theirs: Int64, mine: Int64) -> Int64:
        return np.concatenate((theirs[old], mine[new]))[order]

    return SegmentColumns(
        bill=bill,
        agreement_id=joined(existing.agreement_id, pieces.agreement_id),
        version_id=joined(existing.version_id, version_ids[pieces.version] if len(versions) else pieces.version),
        start_day=joined(existing.start_day, pieces.start_day),
        end_day=joined(existing.end_day, pieces.end_day),
        period_start_day=joined(existing.period_start_day, pieces.period_start_day),
        period_end_day=joined(existing.period_end_day, pieces.period_end_day),
        used_wh=joined(-existing.used_wh, expected.used_wh),
        before_wh=joined(existing.before_wh, expected.before_wh),
        household=joined(existing.household, pieces.household),
        is_estimated=joined(existing.is_estimated, expected.is_estimated.astype(np.int64)),
        amount_minor=joined(-existing.amount_minor, expected.amount_minor),
        redelivered=joined(existing.redelivered, expected.redelivered),
        cancels=joined(existing.segment_id, np.full(len(pieces), NONE, dtype=np.int64)),
    )


def _lines(expected: Expected, segment_of: Int64) -> tuple[tuple[LineSlot, ...], LineColumns]:
    """
    Return the lines of the new segments, still without bill and seq, and the slots that they fill.

    segment_of  (m,) place of the segment that each piece becomes; NOWHERE = it becomes none
    """
    kinds: list[LineSlot] = []
    parts: list[tuple[Int64, ...]] = []
    for group in expected.groups:
        segment = segment_of[group.rows]
        parts.append(_lines_of(group, np.flatnonzero(segment >= 0), segment, len(kinds)))
        kinds.extend(group.plan.slots)
    if not parts:
        parts.append(tuple(np.zeros(0, dtype=np.int64) for _ in range(5)))
    segment, kind, quantity, amount, tax = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort((segment << 20) | kind, kind="stable")
    nothing = np.zeros(len(order), dtype=np.int64)
    return tuple(kinds), LineColumns(
        bill=nothing,
        seq=nothing,
        segment=segment[order],
        kind=kind[order],
        quantity=quantity[order],
        amount_minor=amount[order],
        tax_minor=tax[order],
    )


def _lines_of(group: RatedGroup, rows: Int64, segment: Int64, first_kind: int) -> tuple[Int64, ...]:
    """Return segment, kind, quantity, amount and tax of the lines of some rows of a rated group."""
    rated = group.rated
    assert rated is not None
    counted = np.array([slot.in_total for slot in group.plan.slots], dtype=np.bool_)
    printed: Mask = ((rated.quantity[rows] != 0) | (rated.amount_minor[rows] != 0)) & counted
    # A segment without use still shows what was priced.
    printed[~printed.any(axis=1), np.argmax(counted)] |= bool(counted.any())
    row, slot = np.nonzero(printed)
    source = rows[row]
    tax = contained_tax(plan=group.plan, rated=rated)
    return (
        segment[source],
        slot.astype(np.int64) + first_kind,
        rated.quantity[source, slot],
        rated.amount_minor[source, slot],
        tax[source, slot],
    )


def _first_seq(bill: Int64, counts: Int64) -> Int64:
    """Return the number, inside its bill from 1, of the first line of each segment."""
    until = np.cumsum(counts) - counts
    fresh = np.ones(len(bill), dtype=np.bool_)
    fresh[1:] = bill[1:] != bill[:-1]
    return until - until[fresh][bill] + 1 if len(bill) else until


def _number(lines: LineColumns, bill: Int64, first_seq: Int64) -> LineColumns:
    fresh = np.ones(len(lines), dtype=np.bool_)
    fresh[1:] = lines.segment[1:] != lines.segment[:-1]
    place = np.arange(len(lines), dtype=np.int64)
    rank = place - np.maximum.accumulate(np.where(fresh, place, 0)) if len(lines) else place
    return LineColumns(
        bill=bill[lines.segment],
        seq=first_seq[lines.segment] + rank,
        segment=lines.segment,
        kind=lines.kind,
        quantity=lines.quantity,
        amount_minor=lines.amount_minor,
        tax_minor=lines.tax_minor,
    )


def _bills(accounts: Int64, bill: Int64, segments: SegmentColumns, tax: Int64) -> BillColumns:
    sums = np.zeros((3, len(accounts)), dtype=np.int64)
    for total, column in zip(sums, (segments.used_wh, segments.amount_minor, tax), strict=True):
        np.add.at(total, bill, column)
    return BillColumns(account_id=accounts, energy_wh=sums[0], amount_minor=sums[1], tax_minor=sums[2])
