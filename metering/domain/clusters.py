"""
Shapes of use: places are grouped by k-means on their profiles, and each group has the name of the nearest template.

A profile is the 48 mean hours of a working day and a day off in parts of the mean hour of both, so that big and small
places of one shape are together. Groups follow what this supplier's customers do; the templates only give them names
that people understand (house rule, ours: no standard names shapes). Floats: nothing is billed by it.
"""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from cis.kernel.fixed import Int64

Floats = NDArray[np.float64]
GROUPS = 12
"""How many groups are looked for: about two of each name, so that a name may have variants."""
ROUNDS = 60
SEED = 2026
PARTS_MOST = 6.0
"""An hour that is more than this many times the mean hour counts as this: one feast makes no shape."""
HOURS = 24


class Shape(StrEnum):
    """
    When most is used.

    EVENING      after work, with a small rise in the morning
    NIGHT        while others sleep: a car, a store of heat, a bakery
    OFFICE       on working days by day, little at other times
    DAY_AT_HOME  from morning to evening, on all days
    FLAT         the same at all hours
    SUN          little at noon: the sun gives it
    """

    EVENING = "evening"
    NIGHT = "night"
    OFFICE = "office"
    DAY_AT_HOME = "day_at_home"
    FLAT = "flat"
    SUN = "sun"


SHAPES = tuple(Shape)


def _hours(text: str) -> list[float]:
    """Return 24 hours out of their digits; only their proportion counts."""
    return [float(digit) for digit in text]


# Working day and day off, hour by hour from midnight.
_TEMPLATES = {
    Shape.EVENING: ("211111233222222234688742", "211111123333333334688742"),
    Shape.NIGHT: ("999999411111111111111379", "999999411111111111111379"),
    Shape.OFFICE: ("111111137999889998521111", "111111111111111111111111"),
    Shape.DAY_AT_HOME: ("211111345666666667776543", "211111245666666667776543"),
    Shape.FLAT: ("555555555555555555555555", "555555555555555555555555"),
    Shape.SUN: ("333334540000000025776543", "333334540000000025776543"),
}


def vectors(*, working_wh: Int64, off_wh: Int64) -> Floats:
    """
    Return the profiles of n places without their size, (n, 48).

    working_wh, off_wh  (n, 24) mean hours; a side that is not known (below 0) is taken to be like the other [Wh]

    A place that used nothing has the flat profile.
    """
    working = np.where(working_wh < 0, off_wh, working_wh)
    off = np.where(off_wh < 0, working_wh, off_wh)
    both = np.maximum(np.concatenate((working, off), axis=1), 0).astype(np.float64)
    mean = both.mean(axis=1, keepdims=True)
    parts = np.divide(both, mean, out=np.ones_like(both), where=mean > 0)
    return np.asarray(np.minimum(parts, PARTS_MOST))


TEMPLATES: Floats = vectors(
    working_wh=np.array([_hours(_TEMPLATES[one][0]) for one in SHAPES], dtype=np.int64),
    off_wh=np.array([_hours(_TEMPLATES[one][1]) for one in SHAPES], dtype=np.int64),
)
"""(6, 48) in the order of ``SHAPES``."""


def group(*, profiles: Floats, groups: int = GROUPS, seed: int = SEED) -> Floats:
    """
    Return the centres of the groups that n profiles fall into, (k, 48), k at most ``groups`` and n.

    k-means by Lloyd, begun by k-means++ [Arthur, Vassilvitskii 2007]; the same profiles in the same order give the
    same centres. A group that lost all its members keeps its centre.
    """
    if not len(profiles):
        return np.empty((0, profiles.shape[1]), dtype=np.float64)
    centres = _begin(profiles, min(groups, len(profiles)), np.random.default_rng(seed))
    mine = nearest(profiles=profiles, centres=centres)
    for _ in range(ROUNDS):
        for number in np.unique(mine):
            centres[number] = profiles[mine == number].mean(axis=0)
        now = nearest(profiles=profiles, centres=centres)
        if np.array_equal(now, mine):
            break
        mine = now
    return centres


def nearest(*, profiles: Floats, centres: Floats) -> Int64:
    """Return the place of the nearest centre of each profile, (n,); of two as near the first."""
    found: Int64 = np.argmin(_distances(profiles, centres), axis=1).astype(np.int64)
    return found


def names(*, profiles: Floats, centres: Floats) -> list[Shape]:
    """Return the name of each profile: that of the template nearest to the centre of its group."""
    if not len(profiles):
        return []
    of_group = nearest(profiles=centres, centres=TEMPLATES)
    return [SHAPES[number] for number in of_group[nearest(profiles=profiles, centres=centres)].tolist()]


def _begin(profiles: Floats, groups: int, rng: np.random.Generator) -> Floats:
    """Return centres far from each other: each next one is likely where none is near."""
    chosen = [int(rng.integers(len(profiles)))]
    far = _distances(profiles, profiles[chosen]).min(axis=1)
    while len(chosen) < groups and far.sum() > 0:
        chosen.append(int(rng.choice(len(profiles), p=far / far.sum())))
        far = np.minimum(far, _distances(profiles, profiles[chosen[-1:]])[:, 0])
    return profiles[chosen].copy()


def _distances(profiles: Floats, centres: Floats) -> Floats:
    """Return the squared distances, (n, k); never below 0."""
    squares = (profiles**2).sum(axis=1)[:, None] + (centres**2).sum(axis=1)[None]
    return np.asarray(np.maximum(squares - 2 * (profiles @ centres.T), 0))
