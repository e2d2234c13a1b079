"""
Expected segments, and their difference to those that exist: so a run may be repeated, and a correction is the
normal case.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from billing.domain.counting import before_wh
from billing.domain.facts import Counted, inputs_of
from billing.domain.findings import Obstacle, Obstacles, note_refusal
from billing.domain.handing import History, no_history
from billing.domain.kept import Kept, Lists, hands_on_same, kept_of
from billing.domain.measured import Lanes, by_period
from billing.domain.openings import NO_OPENINGS
from billing.domain.pieces import NOWHERE, Mask, Pieces, PlanVersion
from billing.domain.sequence import Work, in_order, rate_in_order
from cis.kernel import fixed
from cis.kernel.columns import Columns
from cis.kernel.fixed import Int64
from contracts.domain.openings import OpeningColumns
from tariffs.domain.batch import RatingBatch, month_shares_e9
from tariffs.domain.components.basic import Tax, TaxMode
from tariffs.domain.inputs import Input
from tariffs.domain.layout import needs_order
from tariffs.domain.plan import Plan
from tariffs.domain.rating import Rated, RatedGroup, rate_many

MISSING_PRICE = "missing_price"


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentFacts(Columns):
    """
    What is known of n segments, kept or to be written.

    days are ordinals; energy in Wh, amounts in minor units

    redelivered  newer versions of the interval days that their energy was split by
    """

    agreement_id: Int64
    version_id: Int64
    start_day: Int64
    end_day: Int64
    period_start_day: Int64
    period_end_day: Int64
    used_wh: Int64
    before_wh: Int64
    household: Int64
    is_estimated: Int64
    amount_minor: Int64
    redelivered: Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class Existing(SegmentFacts):
    """n segments in force, sorted by agreement and start."""

    segment_id: Int64
    bill_id: Int64
    account_id: Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """
    What the pieces cost.

    pieces        (m,) all pieces, those that are only counted included
    used_wh       (m,) energy of each piece [Wh]
    before_wh     (m,) energy since its tier cycle began [Wh]
    is_estimated  (m,)
    amount_minor  (m,) 0 where it is not billed
    redelivered   (m,) newer versions of the interval days that its energy is split by
    groups        rated groups: their rows are places of pieces
    kept          for each of them what its segments keep
    """

    pieces: Pieces
    used_wh: Int64
    before_wh: Int64
    is_estimated: Mask
    amount_minor: Int64
    redelivered: Int64
    groups: tuple[RatedGroup, ...]
    kept: tuple[Kept, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """
    What a run writes.

    new     (w,) places of expected pieces that become segments
    gone    (c,) places of existing segments that are cancelled
    """

    new: Int64
    gone: Int64


def settled(
    *,
    pieces: Pieces,
    energy_wh: Int64,
    redelivered: Int64,
    existing: Existing,
    versions: Sequence[PlanVersion],
    openings: OpeningColumns = NO_OPENINGS,
) -> Int64:
    """
    Return for each piece the place of the existing segment that is just like it, (m,); NOWHERE = there is none.

    Like it: same agreement, days, version, household, energy, energy before it in the tier year, and versions of its
    interval days. So its money is the same, and the interval days of months that were billed before need no splitting.

    energy_wh    (m,) energy as far as it is known without splitting [Wh]
    redelivered  (m,) newer versions of its interval days: energy may move between periods of use at an equal total
    """
    found = np.full(len(pieces), NOWHERE, dtype=np.int64)
    if not len(existing) or not len(pieces):
        return found
    before = before_wh(pieces=pieces, energy_wh=energy_wh, openings=openings)
    ids = np.array([one.version_id for one in versions] + [NOWHERE], dtype=np.int64)
    agreements = np.unique(np.concatenate((pieces.agreement_id, existing.agreement_id)))
    theirs = _keys(agreements, existing.agreement_id, existing.start_day)
    mine = _keys(agreements, pieces.agreement_id, pieces.start_day)
    order = np.argsort(theirs, kind="stable")
    match = order[np.minimum(np.searchsorted(theirs[order], mine), len(existing) - 1)]
    # What else a plan prices is looked at anew, and so is what hands on to it.
    plain = np.array([not (one.plan.needs or needs_order(plan=one.plan)) for one in versions] + [False], dtype=np.bool_)
    same = pieces.is_billed & plain[pieces.version] & (theirs[match] == mine)
    for given, kept in (
        (pieces.end_day, existing.end_day),
        (ids[pieces.version], existing.version_id),
        (pieces.household, existing.household),
        (energy_wh, existing.used_wh),
        (before, existing.before_wh),
        (redelivered, existing.redelivered),
    ):
        same &= kept[match] == given
    found[same] = match[same]
    return found


def expect(
    *,
    pieces: Pieces,
    energy_wh: Int64,
    is_estimated: Mask,
    redelivered: Int64,
    lanes: Lanes,
    versions: Sequence[PlanVersion],
    counts: Mapping[Input, Counted],
    apart_wh: Int64,
    measured: Mapping[Input, Int64],
    known_minor: Int64,
    is_known: Mask,
    obstacles: Obstacles,
    history: History | None = None,
) -> Expected:
    """
    Return what each billed piece costs, noting those whose version leaves a price open.

    energy_wh              (m, k) energy of each piece by lane [Wh]
    counts                 energy of other kinds, for those that a version needs
    apart_wh               (m, k) what is billed apart from the meters of the place, by lane [Wh]
    measured               (m, ...) what else was measured, as wide as the plan with the longest axes
    known_minor, is_known  (m,) amounts of settled pieces, which need no rating [minor unit]
    history                what earlier bills hand on; None = no bill of the chunk hands anything on

    :raises Refused: a segment cannot be rated for a reason that lies in itself, as an amount beyond 64 bits.
    """
    history = history or no_history()
    used = energy_wh.sum(axis=1)
    before = before_wh(pieces=pieces, energy_wh=used, openings=history.openings)
    rows = np.flatnonzero(pieces.is_rated & ~is_known & (pieces.version != NOWHERE))
    widest = max((len(one.plan.periods) for one in versions), default=1)
    batch = RatingBatch.of(
        used_wh=by_period(energy_wh=energy_wh[rows], version=pieces.version[rows], lanes=lanes, width=widest),
        days=pieces.end_day[rows] - pieces.start_day[rows],
        month_share_e9=month_shares_e9(start_day=pieces.start_day[rows], end_day=pieces.end_day[rows]),
        before_wh=before[rows],
        household=pieces.household[rows],
    )
    inputs = inputs_of(
        pieces=pieces,
        rows=rows,
        versions=versions,
        counts=counts,
        apart_wh=apart_wh,
        lanes=lanes,
        measured=measured,
        obstacles=obstacles,
    )
    work = Work(pieces=pieces, versions=versions, rows=rows, batch=batch, inputs=inputs, obstacles=obstacles)
    chained = in_order(pieces=pieces, history=history)[rows]
    found = _rate(work.part(~chained)) if chained.any() else _rate(work)
    if chained.any():
        ordered = rate_in_order(work=work.part(chained), used_wh=used, before_wh=before, history=history)
        found, before = [*found, *zip(ordered.groups, ordered.kept, strict=True)], ordered.before_wh
    amount = np.where(is_known, known_minor, 0)
    for group, _ in found:
        assert group.rated is not None
        amount[group.rows] = np.where(pieces.is_billed[group.rows], group.rated.total_minor, 0)
    return Expected(
        pieces=pieces,
        used_wh=used,
        before_wh=before,
        is_estimated=is_estimated,
        amount_minor=amount,
        redelivered=redelivered,
        groups=tuple(group for group, _ in found),
        kept=tuple(kept for _, kept in found),
    )


def _rate(work: Work) -> list[tuple[RatedGroup, Kept]]:
    """Return what pieces cost that read nothing of those before them, and what is kept of them."""
    found = []
    plans = [one.plan for one in work.versions]
    version = work.pieces.version[work.rows]
    for group in rate_many(plans=plans, plan_of=version, batch=work.batch, inputs_of=work.inputs):
        places = work.rows[group.rows]
        if group.refusal is not None:
            accounts = work.pieces.account_id[places]
            note_refusal(accounts=accounts, refusal=group.refusal, obstacles=work.obstacles)
            continue
        given = work.inputs.get(int(work.pieces.version[places[0]]), {})
        kept = kept_of(group=group, batch=work.batch, inputs=given, rows=places)
        found.append((RatedGroup(group.plan, places, group.rated, None), kept))
    return found


def note_unpriced(*, pieces: Pieces, obstacles: Obstacles) -> None:
    """Note the accounts of rated pieces for which no tariff version is in force."""
    for place in np.flatnonzero(pieces.is_rated & (pieces.version == NOWHERE)).tolist():
        on = date.fromordinal(int(pieces.start_day[place]))
        obstacles.add(
            int(pieces.account_id[place]),
            Obstacle(
                code=MISSING_PRICE,
                message=f"The tariff of the agreement has no published version on {on}.",
                advice="Publish a version for that date, or change the agreement's tariff; then open a new run.",
            ),
        )


def diff(*, expected: Expected, existing: Existing, handed_on: Lists | None = None) -> Difference:
    """
    Return which expected pieces become segments and which existing ones are cancelled.

    A segment stays if one is expected for the same agreement and days, with the same energy and money, and handing on
    the same: credits that changed are corrected though the money of their month did not. What it was rated by may
    differ where it makes no difference. Existing segments of frozen periods are not given here.

    handed_on  what the existing segments hand on, in their order; None = nothing
    """
    pieces = expected.pieces
    billed = np.flatnonzero(pieces.is_billed)
    agreements = np.unique(np.concatenate((pieces.agreement_id, existing.agreement_id)))
    mine = _keys(agreements, pieces.agreement_id[billed], pieces.start_day[billed])
    theirs = _keys(agreements, existing.agreement_id, existing.start_day)
    order = np.argsort(theirs, kind="stable")
    found = np.searchsorted(theirs[order], mine)
    if not len(existing):
        return Difference(new=billed, gone=np.zeros(0, dtype=np.int64))
    match = order[np.minimum(found, len(existing) - 1)]
    same = (
        (theirs[match] == mine)
        & (existing.end_day[match] == pieces.end_day[billed])
        & (existing.used_wh[match] == expected.used_wh[billed])
        & (existing.amount_minor[match] == expected.amount_minor[billed])
    )
    if handed_on is not None:
        same &= hands_on_same(kept=expected.kept, rows=billed, existing=handed_on.take(match))
    stays = np.zeros(len(existing), dtype=np.bool_)
    stays[match[same]] = True
    return Difference(new=billed[~same], gone=np.flatnonzero(~stays))


def _keys(agreements: Int64, agreement_id: Int64, day: Int64) -> Int64:
    place: Int64 = np.searchsorted(agreements, agreement_id).astype(np.int64, copy=False)
    return (place << 22) | day


def contained_tax(*, plan: Plan, rated: Rated) -> Int64:
    """
    Return the tax contained in each line, (n, l). [minor unit]

    The tax on the amounts up to and with a line, less the tax on those before it, each rounded as the printed tax is:
    so the lines sum to the printed tax, and what remains of them is what is posted under their classes. A line of a
    tax that comes on top is tax as a whole.
    """
    amount = rated.amount_minor
    contained = np.zeros_like(amount)
    for component, span, base in zip(plan.components, plan.spans, plan.bases, strict=True):
        if not isinstance(component, Tax):
            continue
        if component.mode is TaxMode.ON_TOP:
            contained[:, span.start : span.stop] = amount[:, span.start : span.stop]
            continue
        before = running = np.zeros(len(amount), dtype=np.int64)
        for place in base:
            running = running + amount[:, place]
            until = fixed.to_minor(component.of(running), plan.rounding)
            contained[:, place] += until - before
            before = until
    return contained
