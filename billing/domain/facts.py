"""
What the components of a plan ask for beside energy, time and household, as far as billing knows it.

What it does not know is left out, so that rating refuses the plan by name: nothing is taken as 0 in its place.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from billing.domain.findings import Obstacle, Obstacles
from billing.domain.measured import Lanes, covered_days
from billing.domain.pieces import NOWHERE, Mask, Pieces, PlanVersion, key_of
from cis.kernel.columns import group_rows
from cis.kernel.fixed import Int64
from contracts.domain.agreements import NOT_AGREED
from metering.domain.usage import Hung, UsageColumns, ragged
from tariffs.domain.components.tiers import CountOf, Cycle
from tariffs.domain.day_counts import cycle_months_of, even_days_of
from tariffs.domain.inputs import AXES, Input
from tariffs.domain.layout import counts_as_billed
from tariffs.domain.plan import Plan

NOT_AGREED_YET = "not_agreed"
NOT_MEASURED = "not_measured"
NOT_BILLABLE = "not_billable_yet"
AGREED = {Input.CAPACITY_VA: "capacity_va", Input.CONTRACT_W: "contract_w"}
WORDS = {
    Input.CAPACITY_VA: "capacity",
    Input.CONTRACT_W: "contracted demand",
    Input.REACTIVE_VARH: "reactive energy",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """
    Energy of a kind that was counted in pieces.

    energy    (m,) sum of the spans that lie in each piece [Wh or varh]
    is_whole  (m,) on each day some register of the kind hangs there, and all that hang are read
    """

    energy: Int64
    is_whole: Mask


def counted(*, pieces: Pieces, usage: UsageColumns, hung: Hung) -> Counted:
    """
    Return what spans of usage count in each piece; a span that reaches out of its piece counts in none.

    hung  registers of the kind at the places of the pieces, without check meters
    """
    points, place = np.unique(pieces.service_point_id, return_inverse=True)
    energy = np.zeros(len(pieces), dtype=np.int64)
    if not len(pieces):
        return Counted(energy=energy, is_whole=energy > 0)
    # Pieces are sorted by service point and start, and do not overlap.
    at = np.minimum(np.searchsorted(points, usage.service_point_id), len(points) - 1)
    found = np.searchsorted(
        key_of(place=place, day=pieces.start_day), key_of(place=at, day=usage.start_day), side="right"
    )
    piece = np.maximum(found - 1, 0)
    inside = (found > 0) & (pieces.service_point_id[piece] == usage.service_point_id)
    inside &= usage.end_day <= pieces.end_day[piece]
    np.add.at(energy, piece[inside], usage.energy_wh[inside])
    read = (piece[inside], usage.register_id[inside], usage.start_day[inside], usage.end_day[inside])
    return Counted(energy=energy, is_whole=_is_whole(pieces, read, _hanging(pieces, hung)))


_Spans = tuple[Int64, Int64, Int64, Int64]
"""Piece, register, first day, end day."""


def _hanging(pieces: Pieces, hung: Hung) -> _Spans:
    """Return the days of each piece on which each register hangs."""
    points, place = np.unique(pieces.service_point_id, return_inverse=True)
    at = np.searchsorted(points, hung.service_point_id)
    low = np.searchsorted(key_of(place=place, day=pieces.end_day), key_of(place=at, day=hung.start_day), side="right")
    high = np.searchsorted(key_of(place=place, day=pieces.start_day), key_of(place=at, day=hung.end_day), side="left")
    row, piece = ragged(low=low, high=high)
    start = np.maximum(hung.start_day[row], pieces.start_day[piece])
    return piece, hung.register_id[row], start, np.minimum(hung.end_day[row], pieces.end_day[piece])


def _is_whole(pieces: Pieces, read: _Spans, hanging: _Spans) -> Mask:
    """Return whether on each day of a piece some register hangs, and each is read on the days on which it does."""
    piece, register, start, end = (np.concatenate(pair) for pair in zip(read, hanging, strict=True))
    pairs, group = np.unique(np.stack((piece, register)), axis=1, return_inverse=True)
    group, count = group.reshape(-1).astype(np.int64), pairs.shape[1]
    hangs = np.arange(len(piece)) >= len(read[0])
    read_days, wanted, on_any = (
        covered_days(group=of[rows], start=start[rows], end=end[rows], groups=groups)
        for of, rows, groups in (
            (group, ~hangs, count), (group, hangs, count), (piece, hangs, len(pieces)),
        )
    )  # fmt: skip
    whole = on_any == pieces.end_day - pieces.start_day
    whole[pairs[0][read_days < wanted]] = False
    return np.asarray(whole, dtype=np.bool_)


def inputs_of(
    *,
    pieces: Pieces,
    rows: Int64,
    versions: Sequence[PlanVersion],
    counts: Mapping[Input, Counted],
    apart_wh: Int64,
    lanes: Lanes,
    measured: Mapping[Input, Int64],
    obstacles: Obstacles,
) -> dict[int, dict[Input, Int64]]:
    """
    Return the inputs of each version that needs some: place of the version -> input -> column of its rows, in order.

    rows      places of the pieces that are rated
    counts    energy by kind, for those kinds that a version needs
    apart_wh  (m, k) what is billed apart from the meters of the place, by lane [Wh]
    measured  (m, ...) what was measured of all pieces, as wide as the plan with the longest axes
    """
    found = {}
    for version, mine in group_rows(pieces.version[rows]):
        plan = versions[version].plan
        if plan.needs:
            at = rows[mine]
            columns = {
                need: _cut(measured[need][at], need, plan)
                if need in measured and need not in AGREED
                else _column(need, plan, pieces, at, counts, measured.get(need), obstacles)
                for need in sorted(plan.needs)
            }
            if Input.SUBMETER_WH in plan.needs:
                columns[Input.SUBMETER_WH] = _by_period(apart_wh[at], lanes, version)
            found[version] = {need: column for need, column in columns.items() if column is not None}
    return found


def _cut(column: Int64, need: Input, plan: Plan) -> Int64:
    """Return an input as wide as a plan has it."""
    lengths = [plan.length_of(axis) for axis in AXES.get(need, ())]
    if need is Input.ORDERED_WH:
        lengths[0] = plan.steps_in_order
    return column[(slice(None), *(slice(length) for length in lengths))]


def _column(
    need: Input,
    plan: Plan,
    pieces: Pieces,
    at: Int64,
    counts: Mapping[Input, Counted],
    column: Int64 | None,
    obstacles: Obstacles,
) -> Int64 | None:
    """Return one input of some pieces; None = billing does not know it. ``column``: (m,) if it was found elsewhere."""
    if need in BY_TIME:
        return BY_TIME[need](pieces.take(at))
    if need is Input.GREEN_BLOCKS:
        return pieces.green_blocks[at]
    if need is Input.FEATURES:
        sets = np.array([[code in one for code in plan.features] for one in pieces.feature_sets], dtype=np.int64)
        return sets.reshape(len(pieces.feature_sets), -1)[pieces.features[at]]
    if need in AGREED:
        return _agreed(need, column, pieces, at, obstacles)
    if need is Input.REACTIVE_VARH:
        return _measured(need, pieces, at, counts[need], obstacles)
    return None


def _months(pieces: Pieces) -> Int64:
    return np.array([date.fromordinal(day).month for day in pieces.start_day.tolist()], dtype=np.int64)


def _even_days(pieces: Pieces) -> Int64:
    return even_days_of(start_day=pieces.start_day, end_day=pieces.end_day)


def _cycle_months(pieces: Pieces) -> Int64:
    return cycle_months_of(
        start_day=pieces.start_day,
        end_day=pieces.end_day,
        cycle_start_day=pieces.period_start_day,
        cycle_end_day=pieces.period_end_day,
    )


BY_TIME: Mapping[Input, Callable[[Pieces], Int64]] = {
    Input.MONTH: _months,
    Input.EVEN_DAYS: _even_days,
    Input.CYCLE_MONTHS_E9: _cycle_months,
}
"""What follows from the days of a piece alone."""


def _by_period(energy_wh: Int64, lanes: Lanes, version: int) -> Int64:
    """Return energy by lane as energy by the periods of a version's plan, (n, p). [Wh]"""
    mine = lanes.of_version[version]
    return energy_wh.sum(axis=1, keepdims=True) if mine == (lanes.total,) else energy_wh[:, list(mine)]


def _agreed(need: Input, power: Int64 | None, pieces: Pieces, at: Int64, obstacles: Obstacles) -> Int64:
    """Return an agreed power, or what (m,) is in use of it, noting the accounts that have agreed on none."""
    column: Int64 = (getattr(pieces, AGREED[need]) if power is None else power)[at]
    for place in at[column == NOT_AGREED].tolist():
        note(
            pieces=pieces,
            place=place,
            obstacles=obstacles,
            code=NOT_AGREED_YET,
            message=f"The tariff asks for a {WORDS[need]}, and none is agreed",
            advice="Enter it in the terms of the agreement, then rate again.",
        )
    return np.where(column == NOT_AGREED, 1, column)


def _measured(need: Input, pieces: Pieces, at: Int64, count: Counted, obstacles: Obstacles) -> Int64:
    """Return counted energy, noting the accounts where some days of it are missing."""
    for place in at[~count.is_whole[at]].tolist():
        note(
            pieces=pieces,
            place=place,
            obstacles=obstacles,
            code=NOT_MEASURED,
            message=f"The tariff prices {WORDS[need]}, and not all of it is read",
            advice="Read its register at both ends of the span, approve the usage, then rate again.",
        )
    return count.energy[at]


def note_unbillable(*, pieces: Pieces, versions: Sequence[PlanVersion], obstacles: Obstacles) -> None:
    """
    Note the accounts whose tariff counts what billing cannot see: the energy of a place whoever is supplied there; and
    a count that goes on from a move, where one of the tariffs counts losses or credits and another does not.
    """
    plans = [one.plan for one in versions]
    whole = [plan.tier_cycle.kind is not Cycle.NONE and plan.tier_cycle.count_of is CountOf.PLACE for plan in plans]
    goes_on = pieces.count_of != pieces.agreement_id
    priced = pieces.is_rated & (pieces.version != NOWHERE)
    mixed = priced & goes_on & _is_mixed(pieces, plans)
    for odd, of, what, event in (
        (whole, priced, "on from the customer before at the same place", "holder_change"),
        ([True] * len(plans), mixed, "on from a move, and only one of the two counts losses or credits", "move"),
    ):
        asks = np.array([*odd, False], dtype=np.bool_)
        for place in np.flatnonzero(of & asks[pieces.version]).tolist():
            note(
                pieces=pieces,
                place=place,
                obstacles=obstacles,
                code=NOT_BILLABLE,
                message=f"The tariff counts its steps {what}",
                advice=f"Publish a version whose tier_cycle names {event}.",
            )


def _is_mixed(pieces: Pieces, plans: Sequence[Plan]) -> Mask:
    """Return the pieces of counts in which energy counts as it is billed under one plan, and as used under another."""
    follows = [
        plan.tier_cycle.kind is not Cycle.NONE and plan.tier_cycle.count_of is CountOf.CUSTOMER for plan in plans
    ]
    kinds = [1 + counts_as_billed(plan=plan) if counts else 0 for plan, counts in zip(plans, follows, strict=True)]
    kind = np.array([*kinds, 0], dtype=np.int64)[pieces.version]
    _, group = np.unique(pieces.count_of, return_inverse=True)
    some, others = np.zeros((2, len(pieces)), dtype=np.bool_)
    some[group[kind == 1]] = True
    others[group[kind > 1]] = True
    return np.asarray((some & others)[group], dtype=np.bool_)


def note(*, pieces: Pieces, place: int, obstacles: Obstacles, code: str, message: str, advice: str) -> None:
    """Note an obstacle of a piece, by its place, with the day from which on it matters."""
    start = date.fromordinal(int(pieces.start_day[place]))
    obstacles.add(
        int(pieces.account_id[place]), Obstacle(code=code, message=f"{message} (from {start}).", advice=advice)
    )
