"""
Gradient boosting of regression trees on histograms: squared loss, few bins, seeded, in NumPy alone.

Each round fits a tree to what is left of the target, on a part of the rows that the seed draws; a split is looked for
among bins, not values. [source: Ke et al., LightGBM: A Highly Efficient Gradient Boosting Decision Tree, NIPS 2017,
algorithm 1] The same rows and the same seed make the same trees.

A forecast is neither money nor energy that is billed: this module may count in floats.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cis.kernel.errors import Refused
from cis.kernel.fixed import Int64

Floats = NDArray[np.float64]
Bins = NDArray[np.uint8]
BINS = 64
"""Bins of a feature; the first holds what is not known."""
LEAST_ROWS = 20
"""A leaf speaks for so many rows at least."""
PART = 0.8
"""Part of the rows that a tree sees."""
SHRINKAGE = 0.06
SMOOTHING = 1.0


class TooFewRows(Refused):
    """There are too few rows to learn from."""

    code = "too_few_rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """
    How a forest grows.

    rounds      how many trees
    depth       splits from root to leaf
    shrinkage   part of what a tree says that counts
    part        part of the rows that a tree sees; 1: all
    least_rows  rows that a leaf speaks for at least
    """

    rounds: int = 160
    depth: int = 5
    shrinkage: float = SHRINKAGE
    part: float = PART
    least_rows: int = LEAST_ROWS


USUAL = Settings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trees:
    """
    What was learned: r complete trees of depth d over k features.

    base     what is said where no tree has a say: the mean of the target
    cuts     (k, BINS - 2) upper ends of the bins of a feature, ascending; infinite where it has fewer
    feature  (r, 2^d - 1) by which feature a node splits; -1: it does not, and all go left
    bin      (r, 2^d - 1) the last bin that goes left
    leaf     (r, 2^d) what a leaf adds, shrunk
    loss     (r + 1,) mean of the squared rest over all rows, before the first tree and after each
    """

    base: float
    cuts: Floats
    feature: Int64
    bin: Int64
    leaf: Floats
    loss: Floats


def fit(*, features: Floats, target: Floats, seed: int, settings: Settings = USUAL) -> Trees:
    """
    Return the trees that follow a target.

    :param features: (n, k); NaN where it is not known.
    :param target: (n,), all known.
    :raises TooFewRows: fewer than a leaf on either side needs.
    """
    if len(target) < 2 * settings.least_rows:
        raise TooFewRows(f"{len(target)} rows are too few to learn from.", advice="Wait for more days.")
    cuts = _cuts(features)
    binned = bins_of(features=features, cuts=cuts)
    rng = np.random.default_rng(seed)
    base = float(target.mean())
    said = np.full(len(target), base)
    nodes = 2**settings.depth - 1
    feature = np.full((settings.rounds, nodes), -1, dtype=np.int64)
    last = np.full((settings.rounds, nodes), BINS, dtype=np.int64)
    leaf = np.zeros((settings.rounds, nodes + 1))
    loss = [float(np.mean((target - said) ** 2))]
    for at in range(settings.rounds):
        seen = np.flatnonzero(rng.random(len(target)) < settings.part) if settings.part < 1 else slice(None)
        left = target - said
        feature[at], last[at], leaf[at] = _tree(binned=binned[seen], rest=left[seen], settings=settings)
        said += leaf[at][_leaves(binned, feature[at], last[at])]
        loss.append(float(np.mean((target - said) ** 2)))
    return Trees(base=base, cuts=cuts, feature=feature, bin=last, leaf=leaf, loss=np.array(loss))


def predict(trees: Trees, *, features: Floats) -> Floats:
    """Return what the trees say of rows of features (n, k), (n,)."""
    binned = bins_of(features=features, cuts=trees.cuts)
    said = np.full(len(features), trees.base)
    for feature, last, leaf in zip(trees.feature, trees.bin, trees.leaf, strict=True):
        said += leaf[_leaves(binned, feature, last)]
    return said


def bins_of(*, features: Floats, cuts: Floats) -> Bins:
    """Return the bin of each value, (n, k): 0 where it is not known, then ascending."""
    found = np.zeros(features.shape, dtype=np.uint8)
    for at, ends in enumerate(cuts):
        values = features[:, at]
        found[:, at] = np.where(np.isnan(values), 0, np.searchsorted(ends, values, side="left") + 1)
    return found


def _cuts(features: Floats) -> Floats:
    """Return ends of bins so that each holds about as many rows; a feature of few values has one for each."""
    cuts = np.full((features.shape[1], BINS - 2), np.inf)
    for at in range(features.shape[1]):
        known = features[~np.isnan(features[:, at]), at]
        if not len(known):
            continue
        values = np.unique(known)
        if len(values) > BINS - 1:
            shares = np.arange(1, BINS - 1) / (BINS - 1)
            ends = np.unique(np.quantile(known, shares))
        else:
            ends = (values[1:] + values[:-1]) / 2
        cuts[at, : len(ends)] = ends
    return cuts


def _tree(*, binned: Bins, rest: Floats, settings: Settings) -> tuple[Int64, Int64, Floats]:
    """Return feature and last bin that goes left of each node, and what each leaf adds."""
    rows, count = binned.shape
    nodes = 2**settings.depth - 1
    feature, last = np.full(nodes, -1, dtype=np.int64), np.full(nodes, BINS, dtype=np.int64)
    place = binned.astype(np.int64) + np.arange(count) * BINS
    weights = np.repeat(rest, count)
    node = np.zeros(rows, dtype=np.int64)
    for level in range(settings.depth):
        wide = 2**level
        cell = (node[:, None] * (count * BINS) + place).reshape(-1)
        size = wide * count * BINS
        sums = np.bincount(cell, weights=weights, minlength=size).astype(np.float64).reshape(wide, count, BINS)
        held = np.bincount(cell, minlength=size).reshape(wide, count, BINS)
        first = wide - 1
        feature[first : first + wide], last[first : first + wide] = _splits(sums, held, settings.least_rows)
        by = feature[first + node]
        own = binned[np.arange(rows), np.maximum(by, 0)]
        node = 2 * node + ((by >= 0) & (own > last[first + node]))
    leaves = nodes + 1
    totals = np.bincount(node, weights=rest, minlength=leaves)
    counts = np.bincount(node, minlength=leaves)
    return feature, last, settings.shrinkage * totals / (counts + SMOOTHING)


def _splits(sums: Floats, held: Int64, least_rows: int) -> tuple[Int64, Int64]:
    """Return of each node the feature and the last bin to the left by which the squared rest falls most."""
    wide = len(sums)
    left, left_rows = np.cumsum(sums, axis=2)[:, :, :-1], np.cumsum(held, axis=2)[:, :, :-1]
    whole, rows = sums.sum(axis=2)[:, :, None], held.sum(axis=2)[:, :, None]
    right, right_rows = whole - left, rows - left_rows
    gain = left**2 / (left_rows + SMOOTHING) + right**2 / (right_rows + SMOOTHING) - whole**2 / (rows + SMOOTHING)
    may = (left_rows >= least_rows) & (right_rows >= least_rows)
    flat = np.where(may, gain, -np.inf).reshape(wide, -1)
    best = flat.argmax(axis=1)
    is_split = flat[np.arange(wide), best] > 0
    by, last = np.divmod(best, BINS - 1)
    return np.where(is_split, by, -1), np.where(is_split, last, BINS)


def _leaves(binned: Bins, feature: Int64, last: Int64) -> Int64:
    """Return the leaf of each row."""
    node = np.zeros(len(binned), dtype=np.int64)
    rows = np.arange(len(binned))
    while node[0] < len(feature) if len(node) else False:
        by = feature[node]
        node = 2 * node + 1 + ((by >= 0) & (binned[rows, np.maximum(by, 0)] > last[node]))
    return node - len(feature)
