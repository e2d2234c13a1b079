"""
What is unusual about loads: faults laid into 64 customers' real and simulated profiles, found by kind, beside a rule.

Customers are cut into a tuning and a test half; windows of 12 weeks begin every two weeks. In each round 2 % of the
windows get a fault of each kind at once, others an innocent change (holiday, agreed generator, empty home). What is
found of a kind where it is not is false, also where another kind was laid. The bounds of the detectors were fixed on
the tuning half (``--tuning`` prints it); the rule beside them gets the best bound for each kind on the tuning half.
"""

import csv
import gzip
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import _report  # first: makes the project importable
import numpy as np

from metering.domain.anomalies import AnomalyKind as Kind
from metering.domain.anomaly_detectors import Known, look, settled
from metering.domain.anomaly_features import Loads, levels
from metering.domain.anomaly_groups import swaps, unbalanced

DATA = Path(os.environ.get("WATTLINE_LOADS", _report.ROOT.parent / "shared" / "data" / "loads"))
FILES = {
    "be": "be_homes_2016_hourly_kwh.csv.gz",
    "fontana": "us_fontana_homes_hourly_kwh.csv.gz",
    "resstock": "us_resstock_ca_plugload_hourly_kwh.csv.gz",
    "doe": "us_doe_reference_buildings_baltimore_hourly_kwh.csv.gz",
}
PV = "us_fontana_homes_pv_hourly_kwh.csv.gz"
HARDLY_ANY_SUN = "home_15"
REAL = ("be", "fontana")
DAYS, EVERY, SHARE = 84, 14, 0.02
TWINS = 0.04
LEAST = 0.8
MISSES = (Kind.STEP_DOWN, Kind.PHASE_LOSS, Kind.SWAPPED)
"""Kinds that do not reach 0.8 and 0.8 on the test half, and why: decision 0093."""
SINGLE = (Kind.STEP_DOWN, Kind.NIGHT_BYPASS, Kind.FLAT_ZERO, Kind.PHASE_LOSS, Kind.METER_FAULT, Kind.VACANT_USE,
          Kind.REVERSE_FLOW)  # fmt: skip
BOUNDS = tuple(round(0.05 * step, 2) for step in range(1, 19))
Days = np.ndarray


@dataclass(slots=True)
class Windows:
    """w windows of loads: energy (w, 84, 24) [Wh], whose, from which file, and which lie side by side."""

    energy_wh: Days
    file: list[str]
    group: np.ndarray
    left_out: int = 0


@dataclass(slots=True)
class Laid:
    """A round: what was laid where."""

    energy_wh: Days
    kind: list[str]
    vacant_from: np.ndarray
    may_feed_back: np.ndarray


@dataclass(slots=True)
class Count:
    """What was found of a kind."""

    hits: int = 0
    missed: int = 0
    false: int = 0
    of: Counter[str] = field(default_factory=Counter)

    def precision(self) -> float:
        return round(self.hits / max(self.hits + self.false, 1), 3)

    def recall(self) -> float:
        return round(self.hits / max(self.hits + self.missed, 1), 3)


def profiles(name: str) -> tuple[list[str], Days]:
    """Return the customers of a file and their days, (c, d, 24) [Wh]; hours lie in the order of the file."""
    with gzip.open(DATA / name, "rt", encoding="utf-8") as opened:
        rows = csv.reader(opened)
        names = next(rows)[1:]
        values = np.array([[float(cell) for cell in row[1:]] for row in rows])
    days = len(values) // 24
    return names, np.rint(values[: days * 24].T * 1000).reshape(len(names), days, 24)


def windows(half: int) -> Windows:
    """Return the windows of every second customer of each file."""
    parts, files, groups, left_out = [], [], [], 0
    for name, path in FILES.items():
        loads = profiles(path)[1][half::2]
        for first in range(0, loads.shape[1] - DAYS + 1, EVERY):
            for one in loads[:, first : first + DAYS]:
                if filled(one):
                    left_out += 1
                    continue
                parts.append(one)
                files.append(name)
                groups.append(len(FILES) * first + list(FILES).index(name))
    return Windows(np.stack(parts), files, np.array(groups, dtype=np.int64), left_out)


def filled(one: Days) -> bool:
    """Return whether the source filled a gap with one value for a day and more: that is no clean load."""
    flat = one.reshape(-1)
    changes = np.flatnonzero(np.diff(flat))
    return bool(np.diff(np.concatenate(([0], changes, [len(flat) - 1]))).max() >= 24)


def lay(made: Windows, sun: Days, rng: np.random.Generator) -> Laid:
    """Return a round: 2 % of the windows with each fault, some with an innocent change, the others as they are."""
    n = len(made.energy_wh)
    count = max(1, round(SHARE * n))
    laid = Laid(made.energy_wh.copy(), [""] * n, np.full(n, -1), np.zeros(n, dtype=np.bool_))
    order = [int(one) for one in rng.permutation(n)]
    for kind in SINGLE:
        for _ in range(count):
            at = order.pop()
            FAULTS[kind](laid, at, int(rng.integers(28, 71)), sun, rng)
            laid.kind[at] = kind
    for twin in (holiday, agreed_sun, empty_home):
        for _ in range(round(TWINS * n)):
            at = order.pop()
            twin(laid, at, int(rng.integers(28, 71)), sun, rng)
            laid.kind[at] = twin.__name__
    _swap(made, laid, order, count, rng)
    return laid


def _swap(made: Windows, laid: Laid, free: list[int], count: int, rng: np.random.Generator) -> None:
    left = set(free)
    for at in free:
        near = [other for other in left - {at} if made.group[other] == made.group[at]]
        if at not in left or not near:
            continue
        other, day = near[int(rng.integers(len(near)))], int(rng.integers(28, 71))
        mine = laid.energy_wh[at, day:].copy()
        laid.energy_wh[at, day:], laid.energy_wh[other, day:] = laid.energy_wh[other, day:].copy(), mine
        laid.kind[at] = laid.kind[other] = Kind.SWAPPED
        left -= {at, other}
        count -= 2
        if count <= 0:
            return


def _half(laid: Laid, at: int, day: int, _sun: Days, _rng: np.random.Generator) -> None:
    laid.energy_wh[at, day:] *= 0.5


def _phase(laid: Laid, at: int, day: int, _sun: Days, rng: np.random.Generator) -> None:
    laid.energy_wh[at, day:] *= rng.choice((1 / 3, 2 / 3))


def _night(laid: Laid, at: int, day: int, _sun: Days, rng: np.random.Generator) -> None:
    """Four nights of five, from 22 to 6, nearly nothing is measured."""
    for one in range(day, DAYS):
        if rng.random() < 0.8:
            rest = rng.uniform(0, 0.2)
            laid.energy_wh[at, one - 1, 22:] *= rest
            laid.energy_wh[at, one, :6] *= rest


def _zero(laid: Laid, at: int, day: int, _sun: Days, _rng: np.random.Generator) -> None:
    laid.energy_wh[at, day:] = 0


def _fault(laid: Laid, at: int, day: int, _sun: Days, rng: np.random.Generator) -> None:
    """One value for 2 to 10 days, or lumps of 3 to 12 hours until the end."""
    if rng.random() < 0.5:
        end = min(DAYS, day + int(rng.integers(2, 11)))
        hours = laid.energy_wh[at, day]
        laid.energy_wh[at, day:end] = hours[hours > 0][0] if (hours > 0).any() else 100.0
        return
    size = int(rng.choice((3, 4, 6, 12)))
    lumps = laid.energy_wh[at, day:].reshape(-1, size)
    sums = lumps.sum(axis=1)
    lumps[:], lumps[:, -1] = 0, sums
    laid.energy_wh[at, day:] = lumps.reshape(-1, 24)


def _vacant(laid: Laid, at: int, day: int, _sun: Days, rng: np.random.Generator) -> None:
    """Somebody lives on where nobody has an agreement, and takes as much as before, or half."""
    laid.vacant_from[at] = day
    laid.energy_wh[at, day:] *= rng.uniform(0.5, 1.0)


def _back(laid: Laid, at: int, day: int, sun: Days, rng: np.random.Generator) -> None:
    """A generator that nobody agreed on: its peak is one and a half to four times the mean load."""
    laid.energy_wh[at, day:] -= _sunny(laid, at, day, sun, rng)


def holiday(laid: Laid, at: int, day: int, _sun: Days, rng: np.random.Generator) -> None:
    """Ten days to three weeks of what is always on."""
    away = laid.energy_wh[at, day : day + int(rng.integers(10, 22))]
    base = np.quantile(laid.energy_wh[at], 0.1)
    away[:] = np.minimum(away, np.maximum(base * rng.uniform(0.8, 1.2, away.shape), 0))


def agreed_sun(laid: Laid, at: int, day: int, sun: Days, rng: np.random.Generator) -> None:
    """A new generator with an agreement; its meter counts what comes in and what goes out apart or together."""
    laid.may_feed_back[at] = True
    laid.energy_wh[at, day:] -= _sunny(laid, at, day, sun, rng)
    if rng.random() < 0.5:
        laid.energy_wh[at] = np.maximum(laid.energy_wh[at], 0)


def empty_home(laid: Laid, at: int, day: int, _sun: Days, rng: np.random.Generator) -> None:
    """Nobody has an agreement; a sixth of the mean at most, of what is always on, stays on, or all is switched off."""
    laid.vacant_from[at] = day
    base = min(np.quantile(laid.energy_wh[at], 0.05), laid.energy_wh[at].mean() / 6) * rng.choice((0.0, 0.5, 1.0))
    rest = laid.energy_wh[at, day:]
    rest[:] = np.minimum(rest, np.maximum(base * rng.uniform(0.8, 1.2, rest.shape), 0))


def _sunny(laid: Laid, at: int, day: int, sun: Days, rng: np.random.Generator) -> Days:
    home, first = int(rng.integers(len(sun))), int(rng.integers(0, sun.shape[1] - DAYS))
    shape = sun[home, first : first + DAYS - day]
    return shape / max(sun[home].max(), 1) * laid.energy_wh[at].mean() * rng.uniform(1.5, 4)


FAULTS: dict[Kind, Callable[[Laid, int, int, Days, np.random.Generator], None]] = {
    Kind.STEP_DOWN: _half, Kind.PHASE_LOSS: _phase, Kind.NIGHT_BYPASS: _night, Kind.FLAT_ZERO: _zero,
    Kind.METER_FAULT: _fault, Kind.VACANT_USE: _vacant, Kind.REVERSE_FLOW: _back,
}  # fmt: skip


def found_in(made: Windows, laid: Laid) -> set[tuple[int, str]]:
    """Return what our detectors find: (window, kind)."""
    loads = Loads(energy_wh=laid.energy_wh, group=made.group)
    known = Known(vacant_from=laid.vacant_from, may_feed_back=laid.may_feed_back)
    seen = levels(loads=loads)
    both = settled(
        (
            *look(loads=loads, known=known),
            *swaps(loads=loads, seen=seen, together=np.where(laid.vacant_from < 0, made.group, -1)),
        )
    )
    return {(one.row, str(one.kind)) for one in both}


def fall_of(laid: Laid) -> np.ndarray:
    """Return the lowest of each window's weeks against the mean of the four weeks before it, (w,)."""
    totals = laid.energy_wh.sum(axis=2)
    running = np.concatenate((np.zeros((len(totals), 1)), np.cumsum(totals, axis=1)), axis=1)
    day = np.arange(28, DAYS - 6)
    before, week = (running[:, day] - running[:, day - 28]) / 28, (running[:, day + 7] - running[:, day]) / 7
    return np.where(before > 0, week / np.maximum(before, 1), 1.0).min(axis=1)


def tally(truth: Sequence[str], said: set[int], kind: str, count: Count, picked: Sequence[bool]) -> None:
    for at, (one, is_picked) in enumerate(zip(truth, picked, strict=True)):
        if not is_picked:
            continue
        if one == kind:
            count.hits += at in said
            count.missed += at not in said
        elif at in said:
            count.false += 1
            count.of[one or "nothing"] += 1


def judge(half: int, seeds: range) -> tuple[dict[str, dict[str, Count]], dict[str, dict[float, Count]], Windows]:
    """Return by kind what was found of all, real and simulated windows, and what the rule finds by its bound."""
    made, (names, sun) = windows(half), profiles(PV)
    sun = sun[[at for at, name in enumerate(names) if name != HARDLY_ANY_SUN]]
    real = [name in REAL for name in made.file]
    parts = {"all": [True] * len(real), "real": real, "simulated": [not one for one in real]}
    kinds = [*map(str, SINGLE), str(Kind.SWAPPED)]
    ours = {kind: {part: Count() for part in parts} for kind in kinds}
    rule = {kind: {bound: Count() for bound in BOUNDS} for kind in kinds}
    for seed in seeds:
        laid = lay(made, sun, np.random.default_rng(1000 * half + seed))
        found, falls = found_in(made, laid), fall_of(laid)
        for kind in kinds:
            said = {at for at, one in found if one == kind}
            for part, picked in parts.items():
                tally(laid.kind, said, kind, ours[kind][part], picked)
            for bound in BOUNDS:
                tally(laid.kind, set(np.flatnonzero(falls < bound).tolist()), kind, rule[kind][bound], parts["all"])
        _report.progress(f"half {half}, round {seed + 1} of {seeds.stop}")
    return ours, rule, made


def transformers(half: int, seeds: range) -> tuple[Count, dict[float, Count]]:
    """Return what was found of transformers of 8 to 15 homes, of some of which one loses its half, and the rule."""
    homes = [profiles(FILES[name])[1][half::2] for name in ("be", "fontana", "resstock")]
    count, rule = Count(), {bound: Count() for bound in BOUNDS}
    for seed in seeds:
        rng = np.random.default_rng(5000 + 1000 * half + seed)
        given, taken, truth = [], [], []
        for at in range(200):
            day = int(rng.integers(28, 71))
            members = [_member(homes, rng) for _ in range(int(rng.integers(8, 16)))]
            true = np.sum(members, axis=0)
            truth.append(str(Kind.BALANCE) if at < SHARE * 200 else "")
            if truth[-1]:
                victim = members[int(rng.integers(len(members)))]
                victim[day:] *= 0.5
            lost = rng.uniform(0.01, 0.04) + 0.02 * true.sum(axis=1) / true.sum(axis=1).max()
            given.append(true.sum(axis=1) / (1 - lost) * rng.normal(1, 0.005, DAYS))
            taken.append(np.sum(members, axis=0).sum(axis=1))
        master, sums = np.rint(given).astype(np.int64), np.rint(taken).astype(np.int64)
        tally(
            truth,
            {one.row for one in unbalanced(given_wh=master, taken_wh=sums, is_known=master > 0)},
            Kind.BALANCE,
            count,
            [True] * 200,
        )
        loss = (1 - sums / master)[:, -28:].mean(axis=1)
        for bound in BOUNDS:
            tally(truth, set(np.flatnonzero(loss > bound / 5).tolist()), Kind.BALANCE, rule[bound], [True] * 200)
    return count, rule


def _member(homes: list[Days], rng: np.random.Generator) -> Days:
    some = homes[int(rng.integers(len(homes)))]
    first = int(rng.integers(0, some.shape[1] - DAYS))
    return np.array(some[int(rng.integers(len(some))), first : first + DAYS])


def best_bound(rule: dict[float, Count]) -> float:
    """Return the bound with the best F1."""

    def f1(count: Count) -> float:
        both = count.precision() + count.recall()
        return 2 * count.precision() * count.recall() / both if both else 0.0

    return max(rule, key=lambda bound: f1(rule[bound]))


def main() -> None:
    parser = _report.parser(__doc__)
    parser.add_argument("--tuning", action="store_true", help="the tuning half alone, to fix bounds on")
    asked = parser.parse_args()
    start = time.perf_counter()
    if not DATA.is_dir():
        sys.exit(f"the load profiles are not in {DATA}: name their folder by WATTLINE_LOADS")
    seeds = range(3 if asked.quick else 20)
    tuned, tuned_rule, _ = judge(0, seeds if asked.tuning else range(3))
    ours, rule, made = (tuned, tuned_rule, windows(0)) if asked.tuning else judge(1, seeds)
    table = {}
    for kind, parts in ours.items():
        bound = best_bound(tuned_rule[kind])
        table[kind] = {
            part: {"precision": count.precision(), "recall": count.recall(), "n": count.hits + count.missed}
            for part, count in parts.items()
        } | {"rule": {"precision": rule[kind][bound].precision(), "recall": rule[kind][bound].recall(), "bound": bound}}
        _report.progress(f"{kind}: {table[kind]} false: {dict(parts['all'].of)}")
    _, tuned_balance = transformers(0, seeds)
    balance, balance_rule = transformers(0 if asked.tuning else 1, seeds)
    bound = best_bound(tuned_balance)
    table[str(Kind.BALANCE)] = {
        "simulated": {"precision": balance.precision(), "recall": balance.recall(), "n": balance.hits + balance.missed},
        "rule": {
            "precision": balance_rule[bound].precision(),
            "recall": balance_rule[bound].recall(),
            "bound": bound / 5,
        },
    }
    _report.progress(f"balance: {table['balance']}")
    reached = {kind: _least(one) for kind, one in table.items()}
    held = [kind for kind, least in reached.items() if least >= LEAST]
    _report.finish(
        name="anomalies", value=len(held), unit="kinds", goal=f"precision and recall >= {LEAST} of each kind",
        holds=set(reached) - set(held) <= {str(one) for one in MISSES},
        reference={"name": "threshold rule", "value": sum(_least(one, "rule") >= LEAST for one in table.values()),
                   "unit": "kinds"},
        ratio=None, n=len(made.energy_wh), taken_s=time.perf_counter() - start, table=table,
        misses=[str(one) for one in MISSES], left_out=made.left_out, seeds=len(seeds),
    )  # fmt: skip


def _least(one: dict[str, dict[str, float]], part: str = "") -> float:
    chosen = one[part or ("all" if "all" in one else "simulated")]
    return min(chosen["precision"], chosen["recall"])


if __name__ == "__main__":
    main()
