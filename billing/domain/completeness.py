"""
Completeness: for every day on which a supply is agreed, its energy is in exactly one of billed, to bill, held, missing.

Places are rows, local days are columns; what is known of them comes as spans of days and is laid out. Energy of a span
is dealt to its days evenly, in whole Wh, so that sums of days are sums of spans. Then, of any days together:

    measured = billed + changed + dealt + to bill + held + idle

changed is what billed days are measured at now, less what they were billed at; dealt is the same where usage rules say
that a place is billed on more, or less, than its own meters count.

[source: issue 7 of the project; house rule]
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

import numpy as np
from numpy.typing import NDArray

from cis.kernel.columns import Columns
from cis.kernel.fixed import Int64

Mask = NDArray[np.bool_]
States = NDArray[np.int8]
NEVER = 1 << 40
"""A day that no run reaches."""
OWN_LOAD = -1
"""Source of what is agreed and counted by no meter."""


class DayState(IntEnum):
    """
    Where the energy of a day of a place is.

    IDLE       nothing is agreed and nothing is used
    IDLE_USED  nothing is agreed, and meters count
    MISSING    agreed; the energy is not known
    HELD       agreed; known and kept from being billed, or measured and kept from being approved
    TO_BILL    agreed; known, and on no bill yet
    BILLED     on a bill that stands
    """

    IDLE = 0
    IDLE_USED = 1
    MISSING = 2
    HELD = 3
    TO_BILL = 4
    BILLED = 5


class Hole(StrEnum):
    """
    What must not be.

    BILLED_TWICE    a day stands on two bills
    MEASURED_TWICE  a day of a register is in two spans of usage
    BILLED_IDLE     a day is billed on which nothing is agreed, and no run takes it back
    NO_CYCLE        a day is to be billed, and nobody bills the account by himself
    FORGOTTEN       a day is to be billed, and lies further back than runs look
    DIFFERS         a period is billed at another energy than is approved, and neither a run nor a person looks at it
    """

    BILLED_TWICE = "billed_twice"
    MEASURED_TWICE = "measured_twice"
    BILLED_IDLE = "billed_idle"
    NO_CYCLE = "no_cycle"
    FORGOTTEN = "forgotten"
    DIFFERS = "differs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spans(Columns):
    """Spans of days of places, in any order: place is a row, days are ordinals, half-open."""

    place: Int64
    start_day: Int64
    end_day: Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplies(Spans):
    """
    What is agreed.

    reach_day  first day that runs of the account look at, NEVER: nobody bills it
    cycled     1: the account is billed by itself, 0: it is not
    """

    reach_day: Int64
    cycled: Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured(Spans):
    """Registers that hang, or their approved usage, by id: all_hours 1, or 0 for one of a period of use. [Wh]"""

    register: Int64
    all_hours: Int64
    energy_wh: Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed(Spans):
    """Segments in force, with the billed period that each is a piece of. [Wh]"""

    period_start_day: Int64
    period_end_day: Int64
    energy_wh: Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class Given(Spans):
    """Days on which a rule gives a place energy that the meters of another count; source a row, or OWN_LOAD."""

    source: Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """
    What is known of n places over d days.

    start_day  the first of the days
    supplies   what is agreed
    hung       registers that count what customers draw; those of check meters left out
    usage      what of them is approved
    segments   what is billed
    given      energy that other meters count
    ruled      days on which a place is billed on other than what its own meters count
    held       days of accounts that a run has not finished, until somebody decides
    doubted    findings that keep energy from being approved: of a span, or of the day that ends one
    waits      days since which a place is billed anew, or somebody has decided that it is not
    """

    count: int
    start_day: int
    days: int
    supplies: Supplies
    hung: Measured
    usage: Measured
    segments: Billed
    given: Given
    ruled: Spans
    held: Spans
    doubted: Spans
    waits: Spans


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """
    What meters say: is_known (n, d), energy_wh (n, d) [Wh], twice (n, d) a day of a register in two spans, inner
    (n, d + 1) days inside a span, on which nothing can be cut.
    """

    is_known: Mask
    energy_wh: Int64
    twice: Mask
    inner: Mask


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """
    What n places are on d days.

    states       (n, d) DayState
    measured_wh, billed_wh  (n, d) [Wh]
    ruled        (n, d) the place is billed on other than what its meters count
    holes        of each kind (n, d) on which days
    lawless      (n, d) the energy is with nobody, or with two: none, whatever the facts are
    """

    states: States
    measured_wh: Int64
    billed_wh: Int64
    ruled: Mask
    holes: dict[Hole, Mask]
    lawless: Mask


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """Who says that the energy of a day is with him, (n, d) each; exactly one of them says so."""

    idle: Mask
    idle_used: Mask
    missing: Mask
    held: Mask
    to_bill: Mask
    billed: Mask


def classify(facts: Facts) -> Days:
    """Return what places are on days, how much energy is where, and what must not be."""
    known = _known(facts)
    covered = _counts(facts, facts.segments)
    agreed = _counts(facts, facts.supplies) > 0
    made = _claims(facts, known, covered > 0, agreed)
    states = np.full(covered.shape, DayState.IDLE, dtype=np.int8)
    for name, state in _STATES.items():
        states[getattr(made, name)] = state
    ruled = (_counts(facts, facts.ruled) > 0) | (_counts(facts, facts.given) > 0)
    billed_wh = dealt(facts=facts, spans=facts.segments, energy_wh=facts.segments.energy_wh)
    reach = _reach(facts)
    billed = covered > 0
    waits = _counts(facts, facts.waits) > 0
    looked = (_ordinals(facts) >= reach) | waits
    cycled = _counts(facts, facts.supplies.take(facts.supplies.cycled == 1)) > 0
    to_bill = (states == DayState.TO_BILL) & ~looked
    holes = {
        Hole.BILLED_TWICE: covered > 1,
        Hole.MEASURED_TWICE: known.twice,
        Hole.BILLED_IDLE: billed & ~agreed & ~looked,
        Hole.NO_CYCLE: to_bill & ~cycled,
        Hole.FORGOTTEN: to_bill & cycled,
        Hole.DIFFERS: _differing(facts, known, billed_wh) & ~ruled & ~looked,
    }
    return Days(
        states=states, measured_wh=known.energy_wh, billed_wh=billed_wh, ruled=ruled, holes=holes, lawless=law(made)
    )  # fmt: skip


def law(claims: Claims) -> Mask:
    """Return the days whose energy is with nobody, or with two, (n, d): none, whatever the facts are."""
    said = [getattr(claims, name).astype(np.int8) for name in _STATES]
    broken: Mask = np.sum(said, axis=0) != 1
    return broken


def dealt(*, facts: Facts, spans: Spans, energy_wh: Int64) -> Int64:
    """Return the energy of spans dealt evenly to their days, (n, d), in whole Wh: its sum is that of the spans. [Wh]"""
    laid = np.zeros((facts.count, facts.days), dtype=np.int64)
    length = spans.end_day - spans.start_day
    row = np.repeat(np.arange(len(spans)), length)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(length) - length, length)
    parts, energy = length[row], energy_wh[row]
    share = energy * (nth + 1) // parts - energy * nth // parts
    day = spans.start_day[row] + nth - facts.start_day
    inside = (day >= 0) & (day < facts.days)
    np.add.at(laid, (spans.place[row[inside]], day[inside]), share[inside])
    return laid


_STATES = {
    "idle": DayState.IDLE,
    "idle_used": DayState.IDLE_USED,
    "missing": DayState.MISSING,
    "held": DayState.HELD,
    "to_bill": DayState.TO_BILL,
    "billed": DayState.BILLED,
}


def _claims(facts: Facts, known: Known, billed: Mask, agreed: Mask) -> Claims:
    is_free = agreed & ~billed
    held, doubted = _counts(facts, facts.held) > 0, _doubted(facts, known.is_known)
    used = (known.energy_wh != 0) & ~_is_source(facts)
    is_idle = ~agreed & ~billed
    return Claims(
        idle=is_idle & ~used,
        idle_used=is_idle & used,
        missing=is_free & ~known.is_known & ~doubted,
        held=is_free & ((known.is_known & held) | (~known.is_known & doubted)),
        to_bill=is_free & known.is_known & ~held,
        billed=billed,
    )


def _counts(facts: Facts, spans: Spans, *, more: int = 0, rows: Int64 | None = None, count: int | None = None) -> Int64:
    """Return how many spans lie over each day, (n, d); of other rows than places, how many there are is told too."""
    place = spans.place if rows is None else rows
    edges = np.zeros((facts.count if count is None else count, facts.days + 1 + more), dtype=np.int64)
    last = facts.days + more
    first = np.clip(spans.start_day - facts.start_day, 0, last)
    end = np.clip(spans.end_day - facts.start_day, 0, last)
    np.add.at(edges, (place, first), 1)
    np.add.at(edges, (place, np.maximum(first, end)), -1)
    return np.cumsum(edges, axis=1)[:, :last]


def _known(facts: Facts) -> Known:
    """Rule: registers of all hours tell the energy of a day; where there are none, those of the periods of use do."""
    is_known = np.zeros((facts.count, facts.days), dtype=np.bool_)
    energy = np.zeros((facts.count, facts.days), dtype=np.int64)
    twice = is_known.copy()
    is_hung = is_known.copy()
    for all_hours in (1, 0):
        hung = facts.hung.take(facts.hung.all_hours == all_hours)
        usage = facts.usage.take(facts.usage.all_hours == all_hours)
        hangs, lacks, doubled = _by_register(facts, hung, usage)
        counts = hangs & ~lacks & ~is_known
        laid = dealt(facts=facts, spans=usage, energy_wh=usage.energy_wh)
        energy[counts] = laid[counts]
        is_known |= counts
        twice |= doubled
        is_hung |= hangs
    return Known(
        is_known=_with_given(facts, is_known, is_hung), energy_wh=energy, twice=twice, inner=_inner(facts, facts.usage)
    )


def _by_register(facts: Facts, hung: Measured, usage: Measured) -> tuple[Mask, Mask, Mask]:
    """Return of places on days: a register hangs, one of them is not known, one is in two spans of usage, (n, d)."""
    both = np.stack((np.concatenate((hung.place, usage.place)), np.concatenate((hung.register, usage.register))))
    keys, row = np.unique(both, axis=1, return_inverse=True)
    row = row.ravel()
    hangs = _counts(facts, hung, rows=row[: len(hung)], count=keys.shape[1]) > 0
    told = _counts(facts, usage, rows=row[len(hung) :], count=keys.shape[1])
    found = np.zeros((3, facts.count, facts.days), dtype=np.bool_)
    for at, mask in enumerate((hangs, hangs & (told == 0), told > 1)):
        np.logical_or.at(found[at], keys[0], mask)
    return found[0], found[1], found[2]


def _inner(facts: Facts, usage: Spans) -> Mask:
    inner: Mask = _counts(
        facts, Spans(place=usage.place, start_day=usage.start_day + 1, end_day=usage.end_day), more=1
    ) > 0  # fmt: skip
    return inner


def _with_given(facts: Facts, is_own: Mask, is_hung: Mask) -> Mask:
    """Return where energy is known: what own meters count and what rules give, of whichever there is."""
    given = facts.given
    asked = np.zeros_like(is_own)
    lacks = np.zeros_like(is_own)
    for place, start, end, source in zip(
        given.place.tolist(), given.start_day.tolist(), given.end_day.tolist(), given.source.tolist(), strict=True
    ):
        days = slice(max(start - facts.start_day, 0), max(end - facts.start_day, 0))
        asked[place, days] = True
        if source != OWN_LOAD:
            lacks[place, days] |= ~is_own[source, days]
    known: Mask = np.where(asked, ~lacks & (is_own | ~is_hung), is_own)
    return known


def _is_source(facts: Facts) -> Mask:
    """Return the days on which what the meters of a place count is dealt to others, (n, d)."""
    given = facts.given.take(facts.given.source != OWN_LOAD)
    found: Mask = _counts(facts, Spans(place=given.source, start_day=given.start_day, end_day=given.end_day)) > 0
    return found


def _doubted(facts: Facts, is_known: Mask) -> Mask:
    """Return the days that findings keep from being approved: those of a span, or back from a day to what is known."""
    spans = facts.doubted
    found: Mask = _counts(facts, spans) > 0
    for place, end in zip(spans.place.tolist(), spans.end_day.tolist(), strict=True):
        last = min(end - facts.start_day, facts.days)
        if last > 0:
            told = np.flatnonzero(is_known[place, :last])
            found[place, (int(told[-1]) + 1 if told.size else 0) : last] = True
    return found


def _ordinals(facts: Facts) -> Int64:
    return np.arange(facts.start_day, facts.start_day + facts.days, dtype=np.int64)[None, :]


def _reach(facts: Facts) -> Int64:
    """Return the first day that runs look at, of each place and day; of days without agreement that of any of it."""
    reach = np.full((facts.count, facts.days), NEVER, dtype=np.int64)
    supplies = facts.supplies
    np.minimum.at(reach, supplies.place, supplies.reach_day[:, None])
    for place, start, end, day in zip(
        supplies.place.tolist(), supplies.start_day.tolist(), supplies.end_day.tolist(), supplies.reach_day.tolist(),
        strict=True,
    ):  # fmt: skip
        reach[place, max(start - facts.start_day, 0) : max(end - facts.start_day, 0)] = day
    return reach


def _differing(facts: Facts, known: Known, billed_wh: Int64) -> Mask:
    """
    Return the days of billed periods whose sum is not what is approved, (n, d).

    Of periods that lie wholly in the days, are known wholly, and whose edges cut no span of usage: others tell nothing.
    """
    found = np.zeros((facts.count, facts.days), dtype=np.bool_)
    rows = facts.segments
    keys = np.stack((rows.place, rows.period_start_day - facts.start_day, rows.period_end_day - facts.start_day))
    place, first, last = np.unique(keys, axis=1)
    inside = (first >= 0) & (last <= facts.days)
    place, first, last = place[inside], first[inside], last[inside]
    zero = np.zeros((facts.count, 1), dtype=np.int64)
    more = np.concatenate((zero, np.cumsum(known.energy_wh - billed_wh, axis=1)), axis=1)
    told = np.concatenate((zero, np.cumsum(known.is_known, axis=1)), axis=1)
    clean = ~known.inner[place, first] & ~known.inner[place, last]
    clean &= told[place, last] - told[place, first] == last - first
    wrong = clean & (more[place, last] != more[place, first])
    for row in np.flatnonzero(wrong).tolist():
        found[place[row], first[row] : last[row]] = True
    return found
