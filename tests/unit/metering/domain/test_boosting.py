"""Boosted trees against a tree grown by hand, the same seed, and losses that fall."""

import numpy as np
import pytest

from metering.domain import boosting
from metering.domain.boosting import BINS, Settings, TooFewRows

FEW = Settings(rounds=20)
WHOLE = {"part": 1.0, "shrinkage": 1.0, "least_rows": 5}


def table(*, rows: int = 200, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(rows, 3))
    features[rng.random(rows) < 0.1, 1] = np.nan
    return features, 3.0 * (features[:, 0] > 0.2) - 2.0 * np.isnan(features[:, 1]) + rng.normal(0, 0.1, rows)


def grown(binned: np.ndarray, rest: np.ndarray, depth: int, least: int) -> np.ndarray:
    """What a tree says of its own rows, every split of every bin tried by hand."""
    if depth:
        best, chosen = 1e-12, None
        whole = rest.sum() ** 2 / (len(rest) + boosting.SMOOTHING)
        for at in range(binned.shape[1]):
            for last in range(BINS - 1):
                left = binned[:, at] <= last
                if min(left.sum(), (~left).sum()) < least:
                    continue
                gain = sum(rest[side].sum() ** 2 / (side.sum() + boosting.SMOOTHING) for side in (left, ~left)) - whole
                if gain > best + 1e-9:
                    best, chosen = gain, left
        if chosen is not None:
            said = np.empty(len(rest))
            for side in (chosen, ~chosen):
                said[side] = grown(binned[side], rest[side], depth - 1, least)
            return said
    return np.full(len(rest), rest.sum() / (len(rest) + boosting.SMOOTHING))


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_tree_is_the_one_that_trying_all_splits_grows(depth):
    features, target = table()
    trees = boosting.fit(features=features, target=target, seed=1, settings=Settings(rounds=1, depth=depth, **WHOLE))
    binned = boosting.bins_of(features=features, cuts=trees.cuts)
    by_hand = target.mean() + grown(binned, target - target.mean(), depth, 5)
    assert np.allclose(boosting.predict(trees, features=features), by_hand)


def test_the_same_seed_makes_the_same_trees_and_another_one_others():
    features, target = table()
    one, same, other = (boosting.fit(features=features, target=target, seed=seed, settings=FEW) for seed in (1, 1, 2))
    assert all(np.array_equal(getattr(one, name), getattr(same, name)) for name in ("feature", "bin", "leaf", "loss"))
    assert not np.array_equal(one.leaf, other.leaf)


def test_each_tree_over_all_rows_makes_the_loss_smaller():
    features, target = table()
    trees = boosting.fit(features=features, target=target, seed=1, settings=Settings(rounds=40, part=1.0))
    assert (np.diff(trees.loss) <= 1e-12).all()
    assert trees.loss[-1] < 0.1 * trees.loss[0]


def test_what_is_not_known_has_a_bin_of_its_own():
    features = np.array([[np.nan], [1.0], [2.0], [3.0]])
    assert boosting.bins_of(features=features, cuts=np.array([[1.5, 2.5, np.inf]])).ravel().tolist() == [0, 1, 2, 3]
    rows = np.repeat(features, 50, axis=0)
    trees = boosting.fit(features=rows, target=np.repeat([9.0, 1.0, 1.0, 1.0], 50), seed=1)
    assert boosting.predict(trees, features=features).round(1).tolist() == [9.0, 1.0, 1.0, 1.0]


def test_a_feature_of_which_nothing_is_known_changes_nothing():
    features, target = table()
    blind = np.column_stack([features, np.full(len(target), np.nan)])
    one, two = (boosting.fit(features=given, target=target, seed=1, settings=FEW) for given in (features, blind))
    assert np.allclose(boosting.predict(one, features=features), boosting.predict(two, features=blind))


def test_too_few_rows_say_nothing():
    with pytest.raises(TooFewRows):
        boosting.fit(features=np.zeros((39, 1)), target=np.zeros(39), seed=1)
    assert boosting.predict(
        boosting.fit(features=np.zeros((40, 1)), target=np.full(40, 2.0), seed=1), features=np.ones((1, 1))
    ) == [2.0]
