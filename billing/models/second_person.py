"""What rows have in common on which a second person decides above the limit of the first."""

from typing import Any, ClassVar

from django.db import models
from django.utils import timezone

from billing.domain.adjustments import AdjustmentState
from cis.platform.fields import Code, choices_of

MADE = [AdjustmentState.MADE.value, AdjustmentState.REVERSED.value]


class Decision(models.Model):
    """
    Something that one person proposes, and above his limit a second one decides; what was made may be taken back.

    proposer_id, decider_id, reverser_id  users; below 0: a program, by its key
    """

    state = Code(choices=choices_of(AdjustmentState), default=AdjustmentState.PROPOSED.value)
    is_for_two = models.BooleanField(default=False)
    key = models.CharField(max_length=100, unique=True, help_text="The same key twice is one row.")
    made_date = models.DateField(null=True)
    proposer_id = models.BigIntegerField()
    decider_id = models.BigIntegerField(null=True)
    reverser_id = models.BigIntegerField(null=True)
    reverse_reason = models.CharField(max_length=200, default="", blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[models.Manager[Any]] = models.Manager()

    class Meta:
        abstract = True


def decided_by_two(name: str) -> models.CheckConstraint:
    """Return the rule that another person has agreed to what one alone may not do."""
    return models.CheckConstraint(
        name=name,
        condition=~models.Q(state__in=MADE)
        | models.Q(is_for_two=False)
        | models.Q(decider_id__isnull=False) & ~models.Q(decider_id=models.F("proposer_id")),
    )
