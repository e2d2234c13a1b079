"""Accounting months. What is closed stays as it is: the database refuses changes, hash and sums would tell them."""

import pgtrigger
from django.db import models

from billing.domain.periods import PeriodState
from cis.platform.fields import Code, choices_of, one_of

_CHANGES = pgtrigger.Update | pgtrigger.Delete


class AccountingPeriod(models.Model):
    """
    One month of the books. A month without a row is open.

    transfers, amount_minor  how many transfers it holds and what they moved together, when it was closed
    previous_hash, hash      SHA-256 of the month before and of this one, chained (billing.queries.period_digests)
    """

    month = models.DateField(unique=True, help_text="First day of the month.")
    state = Code(choices=choices_of(PeriodState), default=PeriodState.OPEN.value)
    proposer_id = models.BigIntegerField(null=True)
    proposed_at = models.DateTimeField(null=True)
    closer_id = models.BigIntegerField(null=True)
    closed_at = models.DateTimeField(null=True)
    transfers = models.BigIntegerField(default=0)
    amount_minor = models.BigIntegerField(default=0)
    previous_hash = models.CharField(max_length=64, default="")
    hash = models.CharField(max_length=64, default="")

    class Meta:
        constraints = [
            one_of(name="period_state_is_known", column="state", values=PeriodState),
            models.CheckConstraint(name="period_begins_a_month", condition=models.Q(month__day=1)),
            models.CheckConstraint(
                name="closed_period_has_its_hash",
                condition=(models.Q(state="closed", closed_at__isnull=False) & ~models.Q(hash=""))
                | (~models.Q(state="closed") & models.Q(closed_at__isnull=True, hash="")),
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="closed_stays_closed", operation=_CHANGES, condition=pgtrigger.Q(old__state="closed")
            ),
        ]


class PeriodBalance(models.Model):
    """What a closed month moved on one ledger account; all customers together are ``customer``. [minor unit]"""

    period = models.ForeignKey("billing.AccountingPeriod", on_delete=models.PROTECT, related_name="balances")
    code = models.CharField(max_length=40)
    debit_minor = models.BigIntegerField()
    credit_minor = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(name="period_balance_once", fields=["period", "code"])]
        triggers = [pgtrigger.Protect(name="period_balance_stays", operation=_CHANGES)]
