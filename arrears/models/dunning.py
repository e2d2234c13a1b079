"""Batches of demands: what one night would send, who lets it go, and what became of each."""

from enum import StrEnum

from django.db import models
from django.utils import timezone

from cis.platform.fields import Code, choices_of, one_of


class BatchState(StrEnum):
    """
    States of a batch.

    PLANNING  the night looks through the accounts
    WAITING   it has more recipients than go without a second person
    SENDING   its demands are made
    REPLACED  nobody let it go before the next night planned anew
    """

    PLANNING = "planning"
    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    DROPPED = "dropped"
    REPLACED = "replaced"


class TargetState(StrEnum):
    """What became of a demand of a batch; LEFT_OUT: it was due no more when its turn came."""

    WAITING = "waiting"
    DONE = "done"
    LEFT_OUT = "left_out"


class DunningBatch(models.Model):
    """
    The demands of one day; each day has one, however often the night runs.

    planned_id  accounts up to this id are planned: a night that broke off goes on behind it
    bound       from so many recipients on a second person lets it go; the rule at that time
    """

    day = models.DateField(unique=True)
    state = Code(choices=choices_of(BatchState), default=BatchState.PLANNING.value)
    planned_id = models.BigIntegerField(default=0)
    opened = models.IntegerField(default=0)
    closed = models.IntegerField(default=0)
    count = models.IntegerField(default=0)
    amount_minor = models.BigIntegerField(default=0)
    bound = models.IntegerField()
    made_at = models.DateTimeField(default=timezone.now)
    decided_at = models.DateTimeField(null=True)
    decider_id = models.BigIntegerField(null=True)
    decider_name = models.CharField(max_length=150, default="")

    class Meta:
        constraints = [one_of(name="dunning_batch_state_is_known", column="state", values=BatchState)]


class DunningTarget(models.Model):
    """One demand of a batch: a step of the ladder for a case, with what was overdue when it was planned."""

    batch = models.ForeignKey(DunningBatch, on_delete=models.PROTECT, related_name="targets")
    case = models.ForeignKey("arrears.CollectionCase", on_delete=models.PROTECT, related_name="targets")
    step = Code()
    channel = Code()
    amount_minor = models.BigIntegerField()
    state = Code(choices=choices_of(TargetState), default=TargetState.WAITING.value)

    class Meta:
        constraints = [
            one_of(name="dunning_target_state_is_known", column="state", values=TargetState),
            models.UniqueConstraint(name="case_is_in_a_batch_once", fields=["batch", "case"]),
        ]
        indexes = [
            models.Index(
                name="dunning_targets_left",
                fields=["batch", "id"],
                condition=models.Q(state=TargetState.WAITING.value),
            )
        ]
