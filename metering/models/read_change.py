"""Values that somebody set about an exception: typed in or estimated, by one person or two."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from cis.platform.fields import Code, choices_of, one_of
from metering.domain.estimation import Method
from metering.domain.exception_acts import ChangeState

# A comparison with an empty column is neither true nor false, and lets a row pass: so it is asked for first.
_APPLIED_BY_TWO = (
    Q(needs_two=False)
    | ~Q(state="applied")
    | (Q(proposer_id__isnull=False, decider_id__isnull=False) & ~Q(decider_id=F("proposer_id")))
)


class ReadChange(models.Model):
    """
    A value that takes the place of a doubted or missing one, with who said so and why.

    Of a counter: what it showed on ``read_date``. Of intervals: the energy of the days from ``read_date`` on, for which
    ``method`` gives the values. Four eyes, where ``needs_two``: ``proposer_id`` entered it, ``decider_id`` applied it.
    """

    exception = models.ForeignKey("metering.UsageException", on_delete=models.PROTECT, related_name="changes")
    register = models.ForeignKey("metering.Register", on_delete=models.PROTECT, related_name="+")
    read_date = models.DateField()
    before_wh = models.BigIntegerField(null=True, help_text="What held before; empty: nothing did. [Wh, varh or W]")
    after_wh = models.BigIntegerField(help_text="Counter value, or energy of the days. [Wh, varh or W]")
    method = Code(choices=choices_of(Method), default="", blank=True, help_text="Empty: typed in.")
    moved_wh = models.BigIntegerField(default=0, help_text="Energy that it moves, either way, multiplier included.")
    reason = models.CharField(max_length=300)
    needs_two = models.BooleanField(default=False, help_text="A second person decides on it.")
    state = Code(choices=choices_of(ChangeState), default=ChangeState.PROPOSED.value)
    proposed_at = models.DateTimeField(default=timezone.now)
    proposer_id = models.BigIntegerField(null=True)
    decided_at = models.DateTimeField(null=True)
    decider_id = models.BigIntegerField(null=True, help_text="Who applied or dropped it.")

    class Meta:
        constraints = [
            one_of(name="read_change_state_is_known", column="state", values=ChangeState),
            models.CheckConstraint(name="nobody_applies_their_own_read_change", condition=_APPLIED_BY_TWO),
            models.CheckConstraint(name="read_change_says_why", condition=~Q(reason="")),
            models.UniqueConstraint(
                name="one_read_change_waits", fields=["exception"], condition=Q(state=ChangeState.PROPOSED.value)
            ),
        ]
