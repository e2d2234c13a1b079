"""The model of classes that is in use, and those before it."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

from complaints.domain import class_model
from complaints.domain.class_model import Classifier
from complaints.models.suggestion import ClassModel

KEPT = 2


@dataclass(frozen=True, slots=True)
class InUse:
    """The model by which is suggested now."""

    id: int
    model: Classifier


@dataclass(frozen=True, slots=True)
class ModelCard:
    """A model as a page shows it; scores in thousandths."""

    id: int
    made_at: datetime
    texts: int
    cases: int
    classes: int
    crossed: int
    held_out: int
    held_before: int | None
    is_used: bool


_loaded: OrderedDict[tuple[int, datetime], Classifier] = OrderedDict()
"""Models that this process has read; a row never changes its content: which one is used is all there is to ask."""


def in_use() -> InUse | None:
    """Return the model in use; None: none was learned yet. One statement, two for a process that has not read it."""
    row = ClassModel.objects.filter(is_used=True).values_list("id", "made_at").first()
    if row is None:
        return None
    kept = _loaded.get(row)
    if kept is None:
        kept = class_model.from_bytes(bytes(ClassModel.objects.values_list("content", flat=True).get(id=row[0])))
        _loaded[row] = kept
        while len(_loaded) > KEPT:
            _loaded.popitem(last=False)
    return InUse(row[0], kept)


def listed(*, most: int = 10) -> tuple[ModelCard, ...]:
    """Return models, the latest first; one statement."""
    rows = ClassModel.objects.order_by("-id").values_list(*ModelCard.__dataclass_fields__)[:most]
    return tuple(ModelCard(*row) for row in rows)
