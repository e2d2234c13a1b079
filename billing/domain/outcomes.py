"""
What a change of prices means: who pays less, who pays more, and how much, by group and by size of the change.

All in whole minor units; a percentage is only ever compared, never rounded first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from billing.domain.pieces import Mask
from cis.kernel import fixed
from cis.kernel.columns import Columns
from cis.kernel.fixed import Int64

SIMULATED = 0
"""Place of "" among the reasons: the supply was simulated."""
PERCENT_E2 = 10_000
DECILES = 10
BINS = 8
"""Steps on each side of nothing in a distribution; what is beyond them is put together."""
REACH_PERCENT = 95
"""The steps of a distribution reach so far that this share of the changes lies inside them."""
NICE = (1, 2, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes(Columns):
    """
    n supplies over the months that were looked at.

    tariff_id  the tariff that was replaced, that of the last month
    kind, area  places in tables of words
    months      billed months
    used_wh     energy of these months [Wh]
    old_minor   what was billed [minor unit]
    new_minor   what it would have been; 0 where it was not simulated [minor unit]
    reason      place of the reason why it was not simulated; ``SIMULATED`` = it was
    """

    agreement_id: Int64
    account_id: Int64
    tariff_id: Int64
    kind: Int64
    area: Int64
    months: Int64
    used_wh: Int64
    old_minor: Int64
    new_minor: Int64
    reason: Int64

    @property
    def change_minor(self) -> Int64:
        """Return by how much each supply pays more, (n,). [minor unit]"""
        return self.new_minor - self.old_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups(Columns):
    """
    g groups of supplies, by ascending key.

    losers, lost_minor   supplies that would pay more, and how much more together
    winners, won_minor   supplies that would pay less, and how much less together (above 0)
    """

    key: Int64
    supplies: Int64
    used_wh: Int64
    old_minor: Int64
    new_minor: Int64
    losers: Int64
    lost_minor: Int64
    winners: Int64
    won_minor: Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """
    How large the changes are.

    step    width of a bin [minor unit, or 1/100 percent]
    groups  key 0 = no change; k > 0 = above (k - 1) steps and up to k of them; below 0 the same the other way;
            ``BINS`` + 1 either way = all that is larger
    """

    step: int
    groups: Groups


def group(*, key: Int64, used_wh: Int64, old_minor: Int64, new_minor: Int64) -> Groups:
    """Return the sums of rows with the same key; all columns (n,). [Wh, minor unit]"""
    keys, place = np.unique(key, return_inverse=True)
    change = new_minor - old_minor
    columns: Mapping[str, Int64] = {
        "supplies": np.ones(len(key), dtype=np.int64),
        "used_wh": used_wh,
        "old_minor": old_minor,
        "new_minor": new_minor,
        "losers": (change > 0).astype(np.int64),
        "lost_minor": np.maximum(change, 0),
        "winners": (change < 0).astype(np.int64),
        "won_minor": np.maximum(-change, 0),
    }
    sums = {name: np.zeros(len(keys), dtype=np.int64) for name in columns}
    for name, column in columns.items():
        np.add.at(sums[name], place, column)
    return Groups(key=keys.astype(np.int64, copy=False), **sums)


def joined(parts: Sequence[Groups]) -> Groups:
    """Return the groups of several parts, those with the same key put together."""
    every = Groups.concat(parts)
    keys, place = np.unique(every.key, return_inverse=True)
    sums = {name: np.zeros(len(keys), dtype=np.int64) for name in Groups.__dataclass_fields__ if name != "key"}
    for name, column in sums.items():
        np.add.at(column, place, getattr(every, name))
    return Groups(key=keys, **sums)


def group_of(outcomes: Outcomes, *, key: Int64) -> Groups:
    """Return the groups of supplies by a key of theirs, (n,)."""
    return group(key=key, used_wh=outcomes.used_wh, old_minor=outcomes.old_minor, new_minor=outcomes.new_minor)


def deciles(*, used_wh: Int64, months: Int64) -> Int64:
    """
    Return the tenth of the supplies that each belongs to by its mean use a month, (n,): 1 uses least, 10 most.

    The tenths differ by one supply at most; who uses the same stands in the order given.
    """
    count = len(used_wh)
    # Whole Wh a month are fine enough to tell supplies apart.
    order = np.argsort(used_wh // np.maximum(months, 1), kind="stable")
    tenth = np.empty(count, dtype=np.int64)
    tenth[order] = np.arange(count, dtype=np.int64) * DECILES // max(count, 1) + 1
    return tenth


def in_money(outcomes: Outcomes) -> Distribution:
    """Return how many supplies pay how much more or less."""
    change = outcomes.change_minor
    step = step_of(reach=_reach(np.abs(change)))
    return Distribution(step=step, groups=group_of(outcomes, key=_bins(change, np.full(len(change), step))))


def in_percent(outcomes: Outcomes) -> Distribution:
    """Return how many supplies pay how many percent more or less; those that paid nothing before are left out."""
    rows = outcomes.take(outcomes.old_minor > 0)
    scaled = _times(rows.change_minor, PERCENT_E2)
    # Rounded up only to choose the width of the bins.
    step = step_of(reach=_reach(-(-np.abs(scaled) // rows.old_minor)))
    return Distribution(step=step, groups=group_of(rows, key=_bins(scaled, _times(rows.old_minor, step))))


def step_of(*, reach: int) -> int:
    """Return the smallest of 1, 2, 5, 10, 20, ... of which ``BINS`` steps reach so far."""
    size = 1
    while True:
        for nice in NICE:
            if nice * size * BINS >= reach:
                return nice * size
        size *= 10


def _reach(sizes: NDArray[Any]) -> int:
    """Return the size that so many of the changes do not pass, 1 if nothing changes."""
    changed = np.sort(sizes[sizes > 0])
    if not len(changed):
        return 1
    return int(changed[-(-len(changed) * REACH_PERCENT // 100) - 1])


def _times(values: Int64, factor: int) -> NDArray[Any]:
    """Return values times a factor, as Python's integers where 64 bits are too narrow."""
    largest = max(int(values.max(initial=0)), -int(values.min(initial=0)))
    return values.astype(object) * factor if largest >= fixed.LIMIT // factor else values * factor


def _bins(change: NDArray[Any], step: NDArray[Any]) -> Int64:
    """Return the bin of each change: how many steps it is, rounded away from nothing, (n,)."""
    steps = -(-np.abs(change) // step)
    size = np.minimum(steps, BINS + 1).astype(np.int64)
    found: Int64 = np.where(change < 0, -size, size)
    return found


def percent_text(*, old_minor: int, new_minor: int) -> str:
    """Return by how many percent a sum changes, as "+1.25", rounded half away from zero; "" where it was nothing."""
    if old_minor <= 0:
        return ""
    change = new_minor - old_minor
    size = (2 * abs(change) * PERCENT_E2 + old_minor) // (2 * old_minor)
    sign = "" if not size else "-" if change < 0 else "+"
    return f"{sign}{fixed.to_text(size, places=2)}"


def simulated(outcomes: Outcomes) -> Mask:
    """Return which supplies were simulated, (n,)."""
    found: Mask = outcomes.reason == SIMULATED
    return found
