"""
What transformers and lines lose by their nature: iron as long as they are on, copper and lines by the square of load.

[source: physics of transformers, as in IEC 60076-1; the parameters are a rule of the pack, or of the name plate]
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cis.kernel.fixed import Int64

Flags = NDArray[np.bool_]
E4 = 10_000
PERCENT = 100
HOURS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class LossRule:
    """
    The pack's rule ``grid_losses``.

    power_factor_percent  of load, where nobody measures it
    line_e4               what low-voltage lines behind a transformer lose at its rated load, of its rating [10^-4]
    rated_kva             ratings, ascending, of which iron_w and copper_w are typical [kVA, W, W]
    """

    power_factor_percent: int
    line_e4: int
    rated_kva: tuple[int, ...]
    iron_w: tuple[int, ...]
    copper_w: tuple[int, ...]

    def apparent_va(self, load_w: int) -> int:
        """Return the apparent power of an active one, rounded up; its sign does not matter. [VA]"""
        return -(-abs(load_w) * PERCENT // self.power_factor_percent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plate:
    """
    What a transformer loses.

    iron_w         while it is on, without load [W]
    copper_w       at rated load [W]
    """

    capacity_va: int
    iron_w: int
    copper_w: int


def plate(*, capacity_va: int, iron_w: int | None, copper_w: int | None, rule: LossRule) -> Plate:
    """Return what a transformer loses: what its plate says, else what is typical of the next rating of the rule."""
    return Plate(
        capacity_va=capacity_va,
        iron_w=_typical(rule.rated_kva, rule.iron_w, capacity_va) if iron_w is None else iron_w,
        copper_w=_typical(rule.rated_kva, rule.copper_w, capacity_va) if copper_w is None else copper_w,
    )  # fmt: skip


def _typical(rated_kva: tuple[int, ...], watts: tuple[int, ...], capacity_va: int) -> int:
    """Return the value of the first rating that is not below; above all of them, of the last one in proportion."""
    for kva, value in zip(rated_kva, watts, strict=True):
        if capacity_va <= kva * 1_000:
            return value
    return watts[-1] * capacity_va // (rated_kva[-1] * 1_000)


def technical_wh(*, load_wh: Int64, plates: Sequence[Plate], is_high_side: Flags, rule: LossRule) -> Int64:
    """
    Return what t transformers and their lines lose on days, (t, d). [Wh]

    A day counts 24 hours, those of 23 and 25 too: the difference is a 24th of a small thing.

    load_wh       (t, d, 24) of each hour
    is_high_side  (t, d) its master meter counted before it, so that its own losses are among what is given and
                  not taken
    """
    rated = np.array([one.capacity_va for one in plates], dtype=np.int64)[:, None, None]
    iron = np.where(is_high_side, np.array([one.iron_w for one in plates], dtype=np.int64)[:, None], 0)
    copper = np.where(is_high_side, np.array([one.copper_w for one in plates], dtype=np.int64)[:, None], 0)
    lines = np.array([one.capacity_va * rule.line_e4 // E4 for one in plates], dtype=np.int64)
    share_e4 = np.abs(load_wh) * (PERCENT * E4) // (rated * rule.power_factor_percent)
    squares = np.minimum(share_e4, 10 * E4) ** 2
    by_load = (squares.sum(axis=2) // E4) * (copper + lines[:, None]) // E4
    return np.asarray(iron * HOURS + by_load)
