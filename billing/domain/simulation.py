"""
Months that were billed, rated once more: at the prices of then, as a proof, and at others in their place.

What a segment was rated by is kept with it. Where that tells all that the other prices ask for, rating it again is
enough (see ``likeness``); else the agreement is measured anew, as a billing run would, and only the energy must be
that of the bills.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from billing.domain.findings import Obstacle
from billing.domain.likeness import is_cut, is_told, retold, same_hours
from billing.domain.outcomes import SIMULATED, Groups, Outcomes, group
from billing.domain.pieces import NOWHERE, Mask, PlanVersion, key_of
from billing.domain.segments import Expected
from cis.kernel.columns import Columns
from cis.kernel.fixed import Int64
from tariffs.domain import layout
from tariffs.domain.batch import RatingBatch, month_shares_e9
from tariffs.domain.plan import TOTAL, Plan
from tariffs.domain.rating import rate

NOT_REPRODUCED = Obstacle(
    code="not_reproduced",
    message="What was kept with a bill does not rate to its amount.",
    advice="Look at the bill's proof; then bill the month anew.",
)
USAGE_CHANGED = Obstacle(
    code="usage_changed",
    message="The approved energy is no longer that of the bills.",
    advice="Bill the months anew, then simulate again.",
)
GIVEN_UP = Obstacle(
    code="given_up",
    message="Many supplies beside it could not be rated, so it was not looked at.",
    advice="Mend what the others show, then simulate again.",
)
NOT_BILLED = Obstacle(code="not_billed", message="There is no bill in these months.")
NO_INTERVALS = Obstacle(
    code="no_intervals",
    message="The prices have other hours, and the meter keeps no intervals to split by them.",
    advice="Hang a meter with intervals.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledSegments(Columns):
    """
    n segments in force of one tariff version; days are ordinals, energy in Wh, amounts in minor units.

    inputs  (n, w) what each was rated by, in the order of its version; w = 0: it was not kept
    """

    account_id: Int64
    agreement_id: Int64
    start_day: Int64
    end_day: Int64
    period_start_day: Int64
    period_end_day: Int64
    used_wh: Int64
    before_wh: Int64
    household: Int64
    amount_minor: Int64
    inputs: Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """The segments of one tariff version."""

    tariff_id: int
    plan: Plan
    segments: BilledSegments


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows(Columns):
    """
    n segments with their amount at both prices.

    period_start_day, period_end_day  of the billed period that it is a piece of
    month_day  first day of the month in which that begins
    is_told    (n,) ``new_minor`` is known; else its agreement is to be measured anew
    is_proven  (n,) at the prices of then it rates to the amount that was billed, or nothing was kept to tell
    """

    account_id: Int64
    agreement_id: Int64
    tariff_id: Int64
    period_start_day: Int64
    period_end_day: Int64
    month_day: Int64
    used_wh: Int64
    old_minor: Int64
    new_minor: Int64
    is_told: Mask
    is_proven: Mask


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured(Columns):
    """n pieces that were measured anew at other prices. [Wh, minor unit]"""

    agreement_id: Int64
    month_day: Int64
    used_wh: Int64
    new_minor: Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """
    What a chunk of accounts comes to.

    outcomes   one row for each agreement; kind and area are 0
    months     sums of the simulated ones by month
    obstacles  what the places in ``outcomes.reason`` mean; the first says nothing
    """

    outcomes: Outcomes
    months: Groups
    obstacles: tuple[Obstacle, ...]


def rate_kept(*, billed: Sequence[Billed], plans: Mapping[int, Plan]) -> Rows:
    """
    Return the segments whose tariff is replaced, rated by what was kept with them.

    plans  by id of the tariff in whose place each stands

    :raises Refused: a segment cannot be rated for a reason that lies in itself.
    """
    parts = [_rated(one, plans[one.tariff_id]) for one in billed if one.tariff_id in plans]
    return Rows.concat(parts) if parts else _no_rows()


def _rated(billed: Billed, new: Plan) -> Rows:
    segments, rows = billed.segments, _unrated(billed)
    if not segments.inputs.shape[1]:
        return rows
    batch = _batch(billed)
    old_minor = rate(plan=billed.plan, batch=batch).total_minor
    rows = replace(rows, is_proven=old_minor == segments.amount_minor)
    if not is_told(old=billed.plan, new=new):
        return rows
    asked = retold(old=billed.plan, new=new, batch=batch, month=_months(segments.start_day)[1])
    return replace(
        rows,
        new_minor=rate(plan=new, batch=asked).total_minor,
        is_told=~is_cut(plan=new, start_day=segments.start_day, end_day=segments.end_day),
    )


def _unrated(billed: Billed) -> Rows:
    segments = billed.segments
    nothing = np.zeros(len(segments), dtype=np.int64)
    return Rows(
        account_id=segments.account_id,
        agreement_id=segments.agreement_id,
        tariff_id=nothing + billed.tariff_id,
        period_start_day=segments.period_start_day,
        period_end_day=segments.period_end_day,
        month_day=_months(segments.period_start_day)[0],
        used_wh=segments.used_wh,
        old_minor=segments.amount_minor,
        new_minor=nothing,
        is_told=nothing != 0,
        is_proven=nothing == 0,
    )


def unrated(*, billed: Sequence[Billed], tariff_ids: Collection[int]) -> Rows:
    """Return the segments of replaced tariffs without their amount at other prices."""
    parts = [_unrated(one) for one in billed if one.tariff_id in tariff_ids]
    return Rows.concat(parts) if parts else _no_rows()


def _batch(billed: Billed) -> RatingBatch:
    """Return what the segments were rated by."""
    segments = billed.segments
    used_wh, inputs = layout.given_to(plan=billed.plan, inputs=segments.inputs)
    return RatingBatch(
        days=segments.end_day - segments.start_day,
        month_share_e9=month_shares_e9(start_day=segments.start_day, end_day=segments.end_day),
        used_wh=used_wh,
        before_wh=segments.before_wh,
        household=segments.household,
        inputs=inputs,
    )


def _months(days: Int64) -> tuple[Int64, Int64]:
    """Return the first day of the month of each day, and which month of the year it is, (n,) each."""
    distinct, place = np.unique(days, return_inverse=True)
    dates = [date.fromordinal(day) for day in distinct.tolist()]
    firsts = np.array([day.replace(day=1).toordinal() for day in dates], dtype=np.int64)
    months = np.array([day.month for day in dates], dtype=np.int64)
    return firsts[place], months[place]


def _no_rows() -> Rows:
    none, never = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.bool_)
    return Rows(
        account_id=none,
        agreement_id=none,
        tariff_id=none,
        period_start_day=none,
        period_end_day=none,
        month_day=none,
        used_wh=none,
        old_minor=none,
        new_minor=none,
        is_told=never,
        is_proven=never,
    )


def untold(rows: Rows) -> Int64:
    """Return the ids of the agreements that are to be measured anew, ascending."""
    return np.unique(rows.agreement_id[~rows.is_told])


def in_place_of(*, version: PlanVersion, new: Plan, place: int) -> PlanVersion:
    """
    Return a version with other prices, in force for as long as the version whose place it takes.

    Where the hours differ, its periods of use are others too, whatever they are called: a register that counted by
    the old hours says nothing about the new ones.

    place  tells apart the versions that are made so; no segment in force has any of them
    """
    plan = new
    is_other = new.periods != TOTAL and new.calendar is not None
    if is_other and not same_hours(one=version.plan.calendar, other=new.calendar):
        plan = _renamed(new)
    return replace(version, version_id=-1 - place, plan=plan)


def _renamed(plan: Plan) -> Plan:
    """Return a plan with names of periods that no register has; its calendar and prices are the same."""
    periods = tuple(f"{code} of other hours" for code in plan.periods)
    assert plan.calendar is not None
    return replace(plan, periods=periods, calendar=replace(plan.calendar, periods=periods))


def measured_of(*, expected: Expected, tariff_ids: Sequence[int]) -> Measured:
    """Return the billed pieces at replaced tariffs, out of what was measured anew."""
    pieces = expected.pieces
    rows = np.flatnonzero(pieces.is_billed & (pieces.version != NOWHERE) & np.isin(pieces.tariff_id, tariff_ids))
    return Measured(
        agreement_id=pieces.agreement_id[rows],
        month_day=_months(pieces.period_start_day[rows])[0],
        used_wh=expected.used_wh[rows],
        new_minor=expected.amount_minor[rows],
    )


def simulated(
    *, rows: Rows, measured: Measured, agreements: Mapping[int, tuple[int, int]], of_account: Mapping[int, Obstacle]
) -> Simulated:
    """
    Return what each agreement comes to; one that is not wholly known is given with the reason instead.

    measured    of the agreements that ``untold`` names
    agreements  id -> account and tariff, of all that were looked at: those without a segment have no bill
    of_account  what kept accounts from being measured anew
    """
    cells = _cells(rows, measured)
    ids = np.unique(np.concatenate((cells.agreement_id, np.array(sorted(agreements), dtype=np.int64))))
    reason, obstacles = _reasons(ids, rows, cells, of_account)
    at = np.searchsorted(ids, cells.agreement_id)
    sums = {name: np.zeros(len(ids), dtype=np.int64) for name in ("months", "used_wh", "old_minor", "new_minor")}
    np.add.at(sums["months"], at, 1)
    for name in ("used_wh", "old_minor", "new_minor"):
        np.add.at(sums[name], at, getattr(cells, name))
    account, tariff = (np.zeros(len(ids), dtype=np.int64) for _ in range(2))
    for place, agreement in enumerate(ids.tolist()):
        if agreement in agreements:
            account[place], tariff[place] = agreements[agreement]
    account[at], tariff[at] = cells.account_id, cells.tariff_id
    known = reason == SIMULATED
    nothing = np.zeros(len(ids), dtype=np.int64)
    outcomes = Outcomes(
        agreement_id=ids,
        account_id=account,
        tariff_id=tariff,
        kind=nothing,
        area=nothing,
        months=sums["months"],
        used_wh=sums["used_wh"],
        old_minor=sums["old_minor"],
        new_minor=np.where(known, sums["new_minor"], 0),
        reason=reason,
    )
    shown = cells.take(known[at])
    months = group(key=shown.month_day, used_wh=shown.used_wh, old_minor=shown.old_minor, new_minor=shown.new_minor)
    return Simulated(outcomes=outcomes, months=months, obstacles=obstacles)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cells(Columns):
    """One agreement in one month; ``is_same``: what was measured anew is the energy of the bills."""

    account_id: Int64
    agreement_id: Int64
    tariff_id: Int64
    month_day: Int64
    used_wh: Int64
    old_minor: Int64
    new_minor: Int64
    is_same: Mask


def _cells(rows: Rows, measured: Measured) -> _Cells:
    ids = np.unique(np.concatenate((rows.agreement_id, measured.agreement_id)))
    theirs = key_of(place=np.searchsorted(ids, rows.agreement_id), day=rows.month_day)
    anew = key_of(place=np.searchsorted(ids, measured.agreement_id), day=measured.month_day)
    keys, last = np.unique(theirs[::-1], return_index=True)
    last = len(rows) - 1 - last
    at = np.searchsorted(keys, theirs)
    found = np.minimum(np.searchsorted(keys, anew), max(len(keys) - 1, 0))
    # A month that has no bill is no month that was billed: it makes its agreement differ from its bills.
    known = keys[found] == anew if len(keys) else anew < 0
    sums = {name: np.zeros(len(keys), dtype=np.int64) for name in ("used_wh", "old_minor", "new_minor", "again_wh")}
    is_anew = np.isin(rows.agreement_id, untold(rows))
    np.add.at(sums["used_wh"], at, rows.used_wh)
    np.add.at(sums["old_minor"], at, rows.old_minor)
    np.add.at(sums["new_minor"], at[~is_anew], rows.new_minor[~is_anew])
    np.add.at(sums["again_wh"], at[~is_anew], rows.used_wh[~is_anew])
    np.add.at(sums["new_minor"], found[known], measured.new_minor[known])
    np.add.at(sums["again_wh"], found[known], measured.used_wh[known])
    strange = np.isin(rows.agreement_id[last], measured.agreement_id[~known])
    return _Cells(
        account_id=rows.account_id[last],
        agreement_id=rows.agreement_id[last],
        tariff_id=rows.tariff_id[last],
        month_day=rows.month_day[last],
        used_wh=sums["used_wh"],
        old_minor=sums["old_minor"],
        new_minor=sums["new_minor"],
        is_same=(sums["again_wh"] == sums["used_wh"]) & ~strange,
    )


def _reasons(
    ids: Int64, rows: Rows, cells: _Cells, of_account: Mapping[int, Obstacle]
) -> tuple[Int64, tuple[Obstacle, ...]]:
    """Return why each agreement was not simulated: places in a list of obstacles that begins with none."""
    found = {Obstacle(code="", message=""): SIMULATED}
    reason = np.zeros(len(ids), dtype=np.int64)

    def note(agreements: Int64, obstacle: Obstacle) -> None:
        if len(agreements):
            at = np.searchsorted(ids, agreements)
            reason[at] = np.where(reason[at] == SIMULATED, found.setdefault(obstacle, len(found)), reason[at])

    note(np.setdiff1d(ids, cells.agreement_id), NOT_BILLED)
    note(rows.agreement_id[~rows.is_proven], NOT_REPRODUCED)
    anew = np.isin(rows.agreement_id, untold(rows))
    for account, obstacle in of_account.items():
        note(rows.agreement_id[anew & (rows.account_id == account)], obstacle)
    note(cells.agreement_id[~cells.is_same], USAGE_CHANGED)
    return reason, tuple(found)
