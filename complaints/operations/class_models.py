"""A model of classes is learned anew, and used if it is not worse than the one before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from cis.kernel.actors import SYSTEM
from cis.platform import audit
from cis.platform.db import opens_transaction
from complaints.domain import class_model
from complaints.domain.class_model import Classifier, Example, Learned, TooFewTexts
from complaints.domain.suggestions import WHOLE
from complaints.models.suggestion import ClassModel
from complaints.queries import class_models, training

SUBJECT = "class_model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """
    What came of training; scores are macro-F1 in thousandths.

    held_out     of the new model on texts that no model learns from; held_before: of the one in use on the same ones
    is_used      the new one is in use now: it was not worse
    """

    model_id: int
    texts: int
    cases: int
    classes: int
    kept_out: int
    crossed: int
    held_out: int
    held_before: int | None
    is_used: bool
    by_class: dict[str, int]


def train(*, at: datetime) -> Trained:
    """
    Learn a model from the patterns of the pack and from closed cases, and keep it; the old ones stay.

    :raises MissingRule: no case is taken here. :raises TooFewTexts: there is too little to learn from.
    """
    today = timezone.localdate(at)
    cases = training.closed_cases(at=today)
    examples = [*training.patterns(at=today), *cases]
    kept_out = [one for one in examples if class_model.is_kept_out(one.group)]
    learned = class_model.learn([one for one in examples if not class_model.is_kept_out(one.group)])
    if not kept_out:
        raise TooFewTexts("No text is left to compare models by.", advice="Give more texts.")
    used_cases = sum(not class_model.is_kept_out(one.group) for one in cases)
    return _keep(learned, kept_out, texts=len(examples) - len(kept_out), cases=used_cases, at=at)


@opens_transaction
def _keep(learned: Learned, kept_out: Sequence[Example], *, texts: int, cases: int, at: datetime) -> Trained:
    # Whoever trains at the same time waits here: each new model is compared with the one that is in use then.
    list(ClassModel.objects.select_for_update().filter(is_used=True).values_list("id", flat=True))
    before = class_models.in_use()
    held_out, held_before = _score(learned.model, kept_out), None
    if before is not None:
        held_before = _score(before.model, kept_out)
    is_used = held_before is None or held_out >= held_before
    if is_used:
        ClassModel.objects.filter(is_used=True).update(is_used=False)
    crossed = round(WHOLE * learned.crossed)
    row = ClassModel.objects.create(
        made_at=at, content=learned.model.to_bytes(), texts=texts, cases=cases, classes=len(learned.model.codes),
        crossed=crossed, held_out=held_out, held_before=held_before, is_used=is_used,
    )  # fmt: skip
    audit.record(SYSTEM, "train", SUBJECT, row.id, texts=texts, cases=cases, held_out=held_out, is_used=is_used)
    return Trained(
        model_id=row.id, texts=texts, cases=cases, classes=row.classes, kept_out=len(kept_out), crossed=crossed,
        held_out=held_out, held_before=held_before, is_used=is_used,
        by_class={code: round(WHOLE * one) for code, one in learned.by_class.items()},
    )  # fmt: skip


def _score(model: Classifier, examples: Sequence[Example]) -> int:
    said = [model.confidences(one.text)[0][0] for one in examples]
    return round(WHOLE * class_model.macro_f1(truth=[one.code for one in examples], said=said))
