"""A small model of classes that is in use."""

from complaints.domain import class_model
from complaints.models.suggestion import ClassModel
from tests.factories.cases import AT
from tests.factories.class_examples import EXAMPLES, PATTERNS


def model(*, at=AT) -> ClassModel:
    """A model that is in use."""
    learned = class_model.learn(EXAMPLES)
    return ClassModel.objects.create(
        made_at=at, content=learned.model.to_bytes(), texts=len(EXAMPLES), cases=0, classes=len(PATTERNS),
        crossed=round(1000 * learned.crossed), held_out=900, is_used=True,
    )  # fmt: skip
