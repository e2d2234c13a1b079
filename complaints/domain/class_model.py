"""
A small model that guesses the class of a case from its text, and how sure it is.

Naive Bayes on runs of characters, each weighted by how rare it is, each text by its length, all classes alike. How sure
it is is learned, too: from texts of patterns and cases that were kept out while the rest was learned, so that a
confidence of 0.8 is right in about 8 of 10 of them. The same texts make the same model, to the last bit.

Confidence is neither money nor energy: this module may count in floats.
"""

import io
import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from cis.kernel.errors import Refused
from complaints.domain.class_texts import FEATURES, features

Floats = NDArray[np.float32]
Numbers = NDArray[np.int64]
FOLDS = 5
KEPT_OUT_OF = 10
SMOOTHING = 0.05
SCALES = tuple(range(2, 42))
"""How steep confidence may be, in halves."""


class TooFewTexts(Refused):
    """There are too few texts to learn from."""

    code = "too_few_texts"


class BadModel(Refused):
    """What was kept is no model."""

    code = "bad_class_model"


@dataclass(frozen=True, slots=True)
class Example:
    """A text with its class; texts of one ``group`` (a pattern, a case) are learned or kept out together."""

    text: str
    code: str
    group: str


@dataclass(frozen=True, slots=True)
class Classifier:
    """
    A model.

    weights  (c, f) how much a run speaks for a class, against the mean of all
    rarity   (f,) weight of each run, 0 of those never seen
    scale    steepness of confidence
    """

    codes: tuple[str, ...]
    weights: Floats
    rarity: Floats
    scale: float

    def confidences(self, text: str, *, among: Collection[str] | None = None) -> tuple[tuple[str, float], ...]:
        """Return classes with how sure each is, the surest first; their sum is 1. ``among``: which may be at all."""
        open_to = [at for at, code in enumerate(self.codes) if among is None or code in among]
        if not open_to:
            return ()
        numbers, values = _weighted(text, self.rarity)
        shares = _shares(self.weights[open_to][:, numbers] @ values * self.scale)
        ordered = sorted(zip(open_to, shares, strict=True), key=lambda one: (-one[1], one[0]))
        return tuple((self.codes[at], float(share)) for at, share in ordered)

    def to_bytes(self) -> bytes:
        """Return the model as numbers in an npz file, without anything that could be run."""
        target = io.BytesIO()
        np.savez_compressed(
            target, codes=np.array(self.codes), weights=self.weights, rarity=self.rarity, scale=np.array(self.scale)
        )
        return target.getvalue()


@dataclass(frozen=True, slots=True)
class Learned:
    """A model, with its macro-F1 over texts that were kept out in turn, and what that was for each class."""

    model: Classifier
    crossed: float
    by_class: dict[str, float]


def from_bytes(content: bytes) -> Classifier:
    """
    Return a model from what ``to_bytes`` gave.

    :raises BadModel: it is something else.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as kept:
            codes = tuple(str(one) for one in kept["codes"])
            weights, rarity, scale = kept["weights"], kept["rarity"], float(kept["scale"])
    except (OSError, EOFError, ValueError, KeyError, BadZipFile) as fault:
        raise BadModel("This is not a model of classes.", advice="Train a new one.") from fault
    if weights.shape != (len(codes), FEATURES) or rarity.shape != (FEATURES,):
        raise BadModel("This model counts other features.", advice="Train a new one.")
    return Classifier(codes, weights, rarity, scale)


def is_kept_out(group: str) -> bool:
    """Return whether no model ever learns from a group: by its texts models are compared."""
    return zlib.crc32(group.encode()) % KEPT_OUT_OF == 0


def learn(examples: Sequence[Example]) -> Learned:
    """
    Return the model of some texts, and how good it is on texts that were kept out in turn.

    :raises TooFewTexts: there are not two classes, or not so many groups as parts.
    """
    codes = tuple(sorted({one.code for one in examples}))
    if len(codes) < 2 or len({one.group for one in examples}) < FOLDS:  # noqa: PLR2004
        raise TooFewTexts("There are too few texts.", advice="Give texts of two classes at least.")
    rarity = _rarity([one.text for one in examples])
    vectors = [_weighted(one.text, rarity) for one in examples]
    classes = np.array([codes.index(one.code) for one in examples])
    folds = np.array([zlib.crc32(f"fold {one.group}".encode()) % FOLDS for one in examples])
    sums = np.zeros((FOLDS, len(codes), FEATURES), np.float32)
    for (numbers, values), one, fold in zip(vectors, classes, folds, strict=True):
        sums[fold, one, numbers] += values
    whole = sums.sum(axis=0)
    scores = np.zeros((len(examples), len(codes)), np.float32)
    for fold in range(FOLDS):
        weights = _weights(whole - sums[fold])
        for at in np.flatnonzero(folds == fold):
            numbers, values = vectors[at]
            scores[at] = weights[:, numbers] @ values
    by_class = f1_by_class(truth=[codes[at] for at in classes], said=[codes[at] for at in scores.argmax(axis=1)])
    model = Classifier(codes, _weights(whole), rarity, _scale(scores, classes))
    return Learned(model, sum(by_class.values()) / len(by_class), by_class)


def f1_by_class(*, truth: Sequence[str], said: Sequence[str]) -> dict[str, float]:
    """Return the F1 of each class that there is, or that was said: the harmonic mean of precision and recall."""
    found = {}
    for code in sorted({*truth, *said}):
        right = sum(one == code == other for one, other in zip(truth, said, strict=True))
        found[code] = 2 * right / (sum(one == code for one in truth) + sum(one == code for one in said))
    return found


def macro_f1(*, truth: Sequence[str], said: Sequence[str]) -> float:
    """Return the mean of F1 over the classes that there are: each counts the same, however rare it is."""
    by_class = f1_by_class(truth=truth, said=said)
    there = set(truth)
    return sum(by_class[code] for code in there) / len(there)


def _rarity(texts: Sequence[str]) -> Floats:
    seen = np.zeros(FEATURES, np.int64)
    for text in texts:
        seen[features(text)[0]] += 1
    weight = np.log((len(texts) + 1) / (seen + 1)) + 1
    return np.where(seen > 0, weight, 0).astype(np.float32)


def _weighted(text: str, rarity: Floats) -> tuple[Numbers, Floats]:
    """Return the numbers of the runs of a text that were seen before, and their weights, of length 1 together."""
    found, counts = features(text)
    numbers = np.array(found, np.int64)
    values = (np.log1p(np.array(counts, np.float32)) * rarity[numbers]).astype(np.float32)
    length = np.sqrt((values * values).sum())
    return numbers, values / length if length > 0 else values


def _weights(sums: Floats) -> Floats:
    """Return how much each run speaks for a class: logarithms of its share, classes alike, against their mean."""
    totals = np.maximum(sums.sum(axis=1, keepdims=True), 1)
    logs = np.log(sums / totals * (sums.sum() / len(sums)) + SMOOTHING)
    centred: Floats = (logs - logs.mean(axis=0)).astype(np.float32)
    return centred


def _shares(scores: Floats) -> NDArray[np.float64]:
    powers = np.exp(scores.astype(np.float64) - scores.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def _scale(scores: Floats, classes: Numbers) -> float:
    """Return the steepness under which what was right is likeliest."""
    rows = np.arange(len(classes))
    likely = [float(np.log(_shares(scores * (half / 2))[rows, classes] + 1e-12).mean()) for half in SCALES]
    return SCALES[int(np.argmax(likely))] / 2
