"""Pasts of accounts that are to be billed anew, further back than each run looks by itself."""

from enum import StrEnum

from django.db import models
from django.utils import timezone

from cis.platform.fields import Code, choices_of, one_of


class RebillState(StrEnum):
    """
    States of a rebill.

    OPEN    the next run of the account reaches back to its date
    BILLED  a run did, and what came of it is issued
    """

    OPEN = "open"
    BILLED = "billed"


class Rebill(models.Model):
    """
    One account that is to be billed anew from a date on, since usage of then was corrected, or its terms changed.

    The draft that carries the difference is named until it is issued or dropped; a run that finds no difference bills
    it too.
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

    class Meta:
        constraints = [
            one_of(name="rebill_state_is_known", column="state", values=RebillState),
            models.CheckConstraint(
                name="rebill_has_one_cause",
                condition=models.Q(correction__isnull=False, change=None)
                | models.Q(correction=None, change__isnull=False),
            ),
        ]
        indexes = [
            models.Index(name="rebill_that_is_open", fields=["account"], condition=models.Q(state="open")),
        ]
