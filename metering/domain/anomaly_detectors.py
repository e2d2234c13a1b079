"""
Detectors of what is unusual about loads: each finds one kind, says since when, how likely, and why.

The score is that of the weakest ground: each ground is a number held against a bound, 0.5 where it is met exactly. The
bounds are fixed on the tuning half of the real and simulated profiles (``benchmarks/anomalies.py``, decision 0093);
[source: house rule].
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from cis.kernel.fixed import Int64
from metering.domain.anomalies import LEAST_SCORE_E4, SCORE_E4, AnomalyKind, Reason, ReasonCode, Suspicion
from metering.domain.anomaly_features import HOURS, Flags, Float, Levels, Loads, Shift, levels, median, shifts

NIGHT = slice(0, 5)
DAYTIME = slice(8, 21)
LEAST_NIGHTS = 21
NIGHT_LOW, FLOOR_LOW = 0.4, 0.6
NIGHTS_AFTER = 10
ZERO_DAYS = 10
REPEATS, LEAST_REPEATED = 30, 20
"""Smaller values than 20 Wh may well repeat: what is always on, in whole watt hours."""
LUMPS_AFTER, LEAST_LUMPS = 7, 0.4
VACANT_DAYS = 7
BACK_HOURS = 4
THIRDS = ((0.27, 0.408), (0.577, 0.77))
"""Factors that are nearer to one or two thirds than to a half, by their ratio."""

_SHAPES = frozenset({AnomalyKind.STEP_DOWN, AnomalyKind.PHASE_LOSS, AnomalyKind.NIGHT_BYPASS})
EXPLAINS: Mapping[AnomalyKind, frozenset[AnomalyKind]] = {
    AnomalyKind.SWAPPED: _SHAPES,
    AnomalyKind.METER_FAULT: _SHAPES,
    AnomalyKind.REVERSE_FLOW: _SHAPES,
    AnomalyKind.VACANT_USE: _SHAPES | {AnomalyKind.FLAT_ZERO},
}
"""Which kinds are not told of a place where a kind is found: it is why they are seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """
    What is known of n places beside their loads.

    vacant_from    (n,) first day without agreement, until the end; -1: somebody has one
    may_feed_back  (n,) an agreement on energy that flows back holds
    """

    vacant_from: Int64
    may_feed_back: Flags


def look(*, loads: Loads, known: Known) -> tuple[Suspicion, ...]:
    """Return what is unusual about each of n places looked at alone, from score 0.5 on; see ``swaps`` for pairs."""
    seen = levels(loads=loads)
    lived_in = known.vacant_from < 0
    found = [
        *falls(loads=loads, seen=seen),
        *night_bypass(loads=loads, seen=seen),
        *flat_zero(seen=seen, known=known),
        *meter_fault(loads=loads, seen=seen),
        *vacant_use(seen=seen, known=known),
        *reverse_flow(loads=loads, known=known),
    ]
    return settled(one for one in found if lived_in[one.row] or one.kind not in _SHAPES)


def settled(found: Iterable[Suspicion]) -> tuple[Suspicion, ...]:
    """Return what is told of each place: from score 0.5 on, and nothing that another kind explains (``EXPLAINS``)."""
    likely = [one for one in found if one.score_e4 >= LEAST_SCORE_E4]
    kinds: dict[int, set[AnomalyKind]] = {}
    for one in likely:
        kinds.setdefault(one.row, set()).add(one.kind)
    return tuple(one for one in likely if not any(one.kind in EXPLAINS.get(kind, ()) for kind in kinds[one.row]))


def falls(*, loads: Loads, seen: Levels) -> Iterator[Suspicion]:
    """
    Yield places whose every hour fell by one factor: ``STEP_DOWN``, or ``PHASE_LOSS`` near one or two thirds.

    A holiday comes to an end, a new generator takes from the middle of the day only, and the end of the heating season
    leaves what is always on: none of them divides all hours by one number on one day.
    """
    found = shifts(loads=loads, seen=seen)
    for at in np.flatnonzero(found.day):
        day, factor = int(found.day[at]), float(np.exp(found.change[at]))
        peers = float(np.exp(median(seen.season[at, day:]) - median(seen.season[at, :day])))
        score = weakest(
            below(factor, bound=0.77, width=0.03),
            above(factor, bound=0.12, width=0.03),
            below(found.spread[at], bound=0.31, width=0.05),
            below(found.uneven[at], bound=0.8, width=0.15),
            below(found.noise[at], bound=0.9, width=0.15),
            above(found.apart[at], bound=0.23, width=0.05),
            above(found.stays[at], bound=0.35, width=0.1),
            below(abs(found.drift[at]), bound=0.5, width=0.1),
            below(factor * peers, bound=0.85, width=0.04),
        )
        is_third = any(low <= factor < high for low, high in THIRDS)
        kind = AnomalyKind.PHASE_LOSS if is_third else AnomalyKind.STEP_DOWN
        yield Suspicion(
            row=int(at),
            kind=kind,
            score_e4=score,
            since_day=day,
            reasons=_fall_reasons(found, int(at), peers=peers, days=loads.days),
        )


def _fall_reasons(found: Shift, at: int, *, peers: float, days: int) -> tuple[Reason, ...]:
    change, half = float(found.change[at]), float(found.spread[at] * -found.change[at])
    return (
        Reason(ReasonCode.LEVEL_FELL, (percent(np.exp(change)),)),
        Reason(ReasonCode.ALL_HOURS, (percent(np.exp(change - half)), percent(np.exp(change + half)))),
        Reason(ReasonCode.STAYS, (days - int(found.day[at]),)),
        Reason(ReasonCode.PEERS, (percent(peers),)),
    )


def night_bypass(*, loads: Loads, seen: Levels) -> Iterator[Suspicion]:
    """
    Yield places whose nights became empty while their days are as before.

    A night is empty if it takes less than what was always on before: who stops cooling at night still has that. And
    nights fall twice as far as what is always on by day: at the end of a season both fall alike.
    """
    night = loads.energy_wh[:, :, NIGHT].sum(axis=2)
    daytime = np.log(np.maximum(loads.energy_wh[:, :, DAYTIME].sum(axis=2), 1.0)) - seen.season
    usual = median(night[:, :LEAST_NIGHTS])
    floor = median(loads.energy_wh[:, :LEAST_NIGHTS].min(axis=2)) * (NIGHT.stop - NIGHT.start)
    still = loads.energy_wh[:, :, DAYTIME].min(axis=2)
    low = night < np.minimum(NIGHT_LOW * usual, FLOOR_LOW * floor)[:, None]
    for at in np.flatnonzero(low.sum(axis=1) >= NIGHTS_AFTER // 2):
        day, after, before = _turn(low[at].astype(np.float64), LEAST_NIGHTS, NIGHTS_AFTER)
        floor_kept = float(median(still[at, day:]) / max(float(median(still[at, :day])), 1.0))
        fallen = float(median(night[at, day:]) / max(float(usual[at]), 1.0)) / max(floor_kept, 0.05)
        kept = float(np.exp(median(daytime[at, day:]) - median(daytime[at, :day])))
        if np.isnan(kept):
            continue  # no day after the turn, or before it, is known
        score = weakest(
            above(after, bound=0.5, width=0.08),
            below(before, bound=0.1, width=0.03),
            above(usual[at] / max(seen.usual[at], 1.0), bound=0.05, width=0.01),
            above(usual[at], bound=200.0, width=30.0),
            above(kept, bound=0.65, width=0.08),
            below(fallen, bound=0.5, width=0.08),
        )
        yield Suspicion(
            row=int(at), kind=AnomalyKind.NIGHT_BYPASS, score_e4=score, since_day=day,
            reasons=(
                Reason(ReasonCode.NIGHTS_EMPTY, (int(low[at, day:].sum()), low.shape[1] - day)),
                Reason(ReasonCode.NIGHTS_BEFORE, (round(usual[at]),)), Reason(ReasonCode.DAYS_KEPT, (percent(kept),)),
            ),
        )  # fmt: skip


def flat_zero(*, seen: Levels, known: Known) -> Iterator[Suspicion]:
    """Yield places where nothing is used from a day on, though somebody has an agreement: what is always on is off."""
    for at in np.flatnonzero(known.vacant_from < 0):
        total = seen.total[at]
        used = np.flatnonzero(total > 0.005 * seen.usual[at]) if seen.usual[at] > 0 else np.flatnonzero(total > 0)
        day = int(used[-1]) + 1 if len(used) else 0
        empty = int((~np.isnan(total[day:])).sum())
        if day < LEAST_NIGHTS or not empty:
            continue
        usual = float(median(total[:day]))
        gone = float(np.mean(total[:day] <= 0.005 * usual))
        score = weakest(
            above(empty, bound=ZERO_DAYS, width=1.5),
            below(gone, bound=0.1, width=0.03),
            above(usual, bound=200.0, width=50.0),
        )
        yield Suspicion(
            row=int(at),
            kind=AnomalyKind.FLAT_ZERO,
            score_e4=score,
            since_day=day,
            reasons=(Reason(ReasonCode.NOTHING, (empty,)), Reason(ReasonCode.BEFORE, (round(usual),))),
        )


def meter_fault(*, loads: Loads, seen: Levels) -> Iterator[Suspicion]:
    """Yield places whose meter repeats one value for days, or whose energy comes in lumps between zeros."""
    flat = loads.energy_wh.reshape(len(loads.energy_wh), -1)
    same = (flat[:, 1:] == flat[:, :-1]) & (np.abs(flat[:, 1:]) >= LEAST_REPEATED)
    for at in range(len(flat)):
        begin, length, second = _longest(same[at])
        score = weakest(above(length, bound=REPEATS, width=3), above(length / (second + 1), bound=3.0, width=0.5))
        if score >= LEAST_SCORE_E4:
            value = round(float(flat[at, begin]))
            yield Suspicion(
                row=at, kind=AnomalyKind.METER_FAULT, score_e4=score, since_day=begin // HOURS,
                reasons=(Reason(ReasonCode.REPEATED, (length + 1, value)),),
            )  # fmt: skip
            continue
        yield from _lumps(loads.energy_wh[at], seen, at)


def _lumps(hours: Float, seen: Levels, at: int) -> Iterator[Suspicion]:
    empty = (hours == 0).mean(axis=1)
    if empty.max(initial=0) < LEAST_LUMPS:
        return
    day, after, before = _turn(empty, LEAST_NIGHTS, LUMPS_AFTER)
    kept = float(median(seen.total[at, day:]) / max(float(median(seen.total[at, :day])), 1.0))
    if np.isnan(kept):
        return  # no day after the turn, or before it, is known
    score = weakest(
        above(after, bound=0.55, width=0.04), below(before, bound=0.2, width=0.05), above(kept, bound=0.5, width=0.1)
    )
    yield Suspicion(
        row=at,
        kind=AnomalyKind.METER_FAULT,
        score_e4=score,
        since_day=day,
        reasons=(
            Reason(ReasonCode.LUMPS, (percent(after), percent(before))),
            Reason(ReasonCode.DAYS_KEPT, (percent(kept),)),
        ),
    )


def vacant_use(*, seen: Levels, known: Known) -> Iterator[Suspicion]:
    """Yield places that are used though nobody has an agreement; what is always on is no use."""
    d = seen.total.shape[1]
    for at in np.flatnonzero(known.vacant_from >= 0):
        day = int(known.vacant_from[at])
        after = seen.total[at, day:]
        after = after[~np.isnan(after)]
        if not len(after):
            continue
        use = float(np.median(after))
        before = seen.total[at, :day]
        usual = float(median(before)) if day >= LEAST_NIGHTS and not np.isnan(before).all() else 0.0
        bound = max(300.0, 0.35 * usual)
        score = weakest(above(len(after), bound=VACANT_DAYS, width=1.0), above(use / bound, bound=1.0, width=0.2))
        reasons = [Reason(ReasonCode.NOBODY, (d - day,)), Reason(ReasonCode.USE, (round(use),))]
        if usual:
            reasons.append(Reason(ReasonCode.BEFORE, (round(usual),)))
        yield Suspicion(row=int(at), kind=AnomalyKind.VACANT_USE, score_e4=score, since_day=day, reasons=tuple(reasons))


def reverse_flow(*, loads: Loads, known: Known) -> Iterator[Suspicion]:
    """Yield places from which energy flows back (below 0) without an agreement on it."""
    back = loads.energy_wh < 0
    for at in np.flatnonzero(back.any(axis=(1, 2)) & ~known.may_feed_back):
        hours, days = int(back[at].sum()), np.flatnonzero(back[at].any(axis=1))
        score = weakest(above(hours, bound=BACK_HOURS, width=1.0), above(len(days), bound=2, width=0.5))
        energy = round(float(-loads.energy_wh[at][back[at]].sum()))
        yield Suspicion(
            row=int(at), kind=AnomalyKind.REVERSE_FLOW, score_e4=score, since_day=int(days[0]),
            reasons=(Reason(ReasonCode.BACK, (hours, energy)),),
        )  # fmt: skip


def _turn(share: Float, least_before: int, least_after: int) -> tuple[int, float, float]:
    """Return the day at which shares of days rise most: (day, mean after, mean before)."""
    share = np.nan_to_num(share)
    running = np.concatenate(([0.0], np.cumsum(share)))
    day = np.arange(least_before, len(share) - least_after + 1)
    before, after = running[day] / day, (running[-1] - running[day]) / (len(share) - day)
    at = int(np.argmax(after - before))
    return int(day[at]), float(after[at]), float(before[at])


def _longest(flags: Flags) -> tuple[int, int, int]:
    """Return where the longest run of true begins, its length, and the length of the second longest."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.astype(np.int8), [0]))))
    starts, lengths = edges[::2], edges[1::2] - edges[::2]
    if not len(lengths):
        return 0, 0, 0
    at = int(np.argmax(lengths))
    return int(starts[at]), int(lengths[at]), int(np.delete(lengths, at).max(initial=0))


def above(value: float, *, bound: float, width: float) -> float:
    """Return how well a number is above a bound: 0.5 on it, 0.73 one width above; 0 to 1."""
    return float(1 / (1 + np.exp(np.clip(-(value - bound) / width, -30, 30))))


def below(value: float, *, bound: float, width: float) -> float:
    """Return how well a number is below a bound, see ``above``."""
    return 1 - above(value, bound=bound, width=width)


def weakest(*grounds: float) -> int:
    """Return the weakest of some grounds as a score; one that is not a number is none."""
    return int(SCORE_E4 * min(0.0 if np.isnan(one) else one for one in grounds))


def percent(share: float) -> int:
    """Return a share in whole percent."""
    return round(100 * float(share))
