"""Pasts of accounts that are to be billed anew, further back than each run looks by itself."""

from django.db import models
from django.utils import timezone

from billing.domain.rebills import RebillState
from cis.platform.fields import Code, choices_of, one_of


class Rebill(models.Model):
    """
    One account that is to be billed anew from a date on: usage of then was corrected, its terms changed, or (where
    neither is named) reads came late.

    The draft that carries the difference is named until it is issued or dropped; a run that finds no difference bills
    it too. Late reads are proposed first, one proposal an account: somebody decides, and says why.
    """

    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="rebills")
    correction = models.ForeignKey(
        "metering.UsageCorrection", on_delete=models.PROTECT, null=True, related_name="rebills"
    )
    change = models.ForeignKey("contracts.ChangeSet", on_delete=models.PROTECT, null=True, related_name="rebills")
    from_date = models.DateField()
    state = Code(choices=choices_of(RebillState), default=RebillState.OPEN.value)
    opened_at = models.DateTimeField(default=timezone.now)
    billed_at = models.DateTimeField(null=True)
    bill = models.ForeignKey(
        "billing.Bill", on_delete=models.PROTECT, null=True, related_name="rebills", db_constraint=False
    )

    reason = models.CharField(max_length=300, default="", db_default="")
    decided_at = models.DateTimeField(null=True)
    decider_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            one_of(name="rebill_state_is_known", column="state", values=RebillState),
            models.CheckConstraint(
                name="rebill_has_one_cause", condition=models.Q(correction=None) | models.Q(change=None)
            ),
            models.CheckConstraint(
                name="late_reads_are_decided_on",
                condition=models.Q(correction__isnull=False)
                | models.Q(change__isnull=False)
                | models.Q(state=RebillState.PROPOSED.value)
                | models.Q(decided_at__isnull=False),
            ),
            models.CheckConstraint(
                name="only_late_reads_are_proposed",
                condition=~models.Q(state__in=[RebillState.PROPOSED.value, RebillState.LEFT.value])
                | models.Q(correction=None, change=None),
            ),
            models.UniqueConstraint(
                name="late_reads_are_proposed_once",
                fields=["account"],
                condition=models.Q(state=RebillState.PROPOSED.value),
            ),
        ]
        indexes = [
            models.Index(name="rebill_that_is_open", fields=["account"], condition=models.Q(state="open")),
        ]
