"""What components ask for that the time of a piece, its agreement and its meters tell."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from billing.domain.chained import NOT_CHAINED
from billing.domain.facts import NOT_MEASURED, note
from billing.domain.findings import Obstacles
from billing.domain.handing import History, month_end_of
from billing.domain.pieces import NOWHERE, Mask, Pieces, PlanVersion, key_of
from billing.domain.suspended import energized_minutes
from cis.kernel.calendar import LocalClock
from cis.kernel.columns import Columns
from cis.kernel.fixed import Int64
from tariffs.domain.inputs import Input

MICROSECONDS_IN_MINUTE = 60 * 10**6
TOLD = frozenset({Input.MONTH_END, Input.FINAL, Input.ENERGIZED_MINUTES, Input.METERS, Input.ACCOUNT_DAYS})
"""Inputs that are told here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hung(Columns):
    """When meters hung at service points, h rows, half-open; days are ordinals."""

    service_point_id: Int64
    start_day: Int64
    end_day: Int64


def told(
    *,
    pieces: Pieces,
    versions: Sequence[PlanVersion],
    history: History,
    clock: LocalClock,
    hung: Hung | None,
    obstacles: Obstacles,
) -> dict[Input, Int64]:
    """
    Return those of ``TOLD`` that are needed, of all pieces, (m,) each, noting accounts that pay by meters without any.

    clock  of the supplier: a local day has 23 or 25 hours where clocks change. Outages are not known yet
    hung   meters at the service points of the pieces, where ``METERS`` is needed
    """
    needs = needed(pieces=pieces, versions=versions)
    found = {}
    if Input.MONTH_END in needs:
        found[Input.MONTH_END] = month_end_of(start_day=pieces.start_day, end_day=pieces.end_day)
    if Input.FINAL in needs:
        place = history.chained.place_of(pieces.agreement_id)
        ends = np.append(history.chained.end_day, NOT_CHAINED)[place] == pieces.end_day
        found[Input.FINAL] = ends.astype(np.int64)
    if Input.ENERGIZED_MINUTES in needs:
        minutes = minutes_of(start_day=pieces.start_day, end_day=pieces.end_day, clock=clock)
        found[Input.ENERGIZED_MINUTES] = energized_minutes(
            pieces=pieces, versions=versions, minutes=minutes, obstacles=obstacles
        )
    if Input.ACCOUNT_DAYS in needs:
        asks = np.array([Input.ACCOUNT_DAYS in one.plan.needs for one in versions] + [False], dtype=np.bool_)
        found[Input.ACCOUNT_DAYS] = account_days(pieces=pieces, pays=asks[pieces.version])
    if Input.METERS in needs and hung is not None:
        found[Input.METERS] = meters_of(pieces=pieces, hung=hung)
        asks = np.array([Input.METERS in one.plan.needs for one in versions] + [False], dtype=np.bool_)
        for row in np.flatnonzero(pieces.is_rated & asks[pieces.version] & (found[Input.METERS] == 0)).tolist():
            note(
                pieces=pieces,
                place=row,
                obstacles=obstacles,
                code=NOT_MEASURED,
                message="The tariff charges by meters, and none hangs at the place",
                advice="Enter when the meter was installed, or change the tariff; then rate again.",
            )
    return found


def needed(*, pieces: Pieces, versions: Sequence[PlanVersion]) -> frozenset[Input]:
    """Return those of ``TOLD`` that a version of some piece needs."""
    used = np.unique(pieces.version[pieces.version != NOWHERE]).tolist()
    return TOLD & {need for place in used for need in versions[place].plan.needs}


def minutes_of(*, start_day: Int64, end_day: Int64, clock: LocalClock) -> Int64:
    """Return the minutes of spans of local days, (n,), by the clock on the wall."""
    days, place = np.unique(np.concatenate((start_day, end_day)), return_inverse=True)
    begins = np.array([clock.day_start_us(date.fromordinal(day)) for day in days.tolist()], dtype=np.int64)
    start, end = begins[place].reshape(2, -1)
    minutes: Int64 = (end - start) // MICROSECONDS_IN_MINUTE
    return minutes


def account_days(*, pieces: Pieces, pays: Mask) -> Int64:
    """
    Return the days of each piece on which no agreement of the account with a lower id pays too, (m,).

    pays  (m,) the tariff of the piece charges something once for the account
    """
    days = np.where(pays, pieces.end_day - pieces.start_day, 0)
    rows = np.flatnonzero(pays)
    rows = rows[np.lexsort((pieces.start_day[rows], pieces.agreement_id[rows], pieces.account_id[rows]))]
    account, agreement = pieces.account_id[rows], pieces.agreement_id[rows]
    several = account[1:][(account[1:] == account[:-1]) & (agreement[1:] != agreement[:-1])]
    for one in np.unique(several).tolist():
        paid: set[int] = set()
        for row in rows[account == one].tolist():
            # Pieces come agreement by agreement, and those of one agreement do not overlap.
            mine = set(range(int(pieces.start_day[row]), int(pieces.end_day[row])))
            days[row] = len(mine - paid)
            paid |= mine
    return days


def meters_of(*, pieces: Pieces, hung: Hung) -> Int64:
    """Return how many meters hang at once in each piece, at most, (m,): one that is exchanged counts once."""
    first = np.searchsorted(pieces.service_point_id, hung.service_point_id)
    count = np.searchsorted(pieces.service_point_id, hung.service_point_id, side="right") - first
    row = np.repeat(np.arange(len(hung)), count)
    piece = np.repeat(first, count) + np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    start = np.maximum(hung.start_day[row], pieces.start_day[piece])
    end = np.minimum(hung.end_day[row], pieces.end_day[piece])
    piece, start, end = (column[start < end] for column in (piece, start, end))
    here = key_of(place=piece, day=start)
    # Those that have begun by the start of each, less those that have ended by it.
    begun = np.searchsorted(np.sort(here), here, side="right")
    ended = np.searchsorted(np.sort(key_of(place=piece, day=end)), here, side="right")
    most = np.zeros(len(pieces), dtype=np.int64)
    np.maximum.at(most, piece, begun - ended)
    return most
