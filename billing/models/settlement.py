"""The end of an account: its final bill, with the clock that runs on it, and what is paid back."""

from enum import StrEnum

from django.db import models
from django.utils import timezone

from cis.platform.fields import Code, choices_of, one_of


class FinalState(StrEnum):
    """
    States of a final account.

    OPEN     a final bill is to be made: usage up to the end is awaited
    BILLED   all days are billed; what is owed is paid, or what is over paid back
    SETTLED  nothing is open, the account is closed
    DROPPED  the account is supplied after all
    """

    OPEN = "open"
    BILLED = "billed"
    SETTLED = "settled"
    DROPPED = "dropped"


class FinalAccount(models.Model):
    """
    One account on which nothing is supplied any more.

    end_date            first local date without supply
    bill_by_date        the final bill is due to the customer by then, by the rule of the place
    from/to_agreement   whose count of steps goes on in whose
    """

    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="final_accounts")
    change = models.OneToOneField("contracts.ChangeSet", on_delete=models.PROTECT, related_name="final_account")
    state = Code(choices=choices_of(FinalState), default=FinalState.OPEN.value)
    end_date = models.DateField()
    bill_by_date = models.DateField()
    from_agreement = models.ForeignKey(
        "contracts.ServiceAgreement", on_delete=models.PROTECT, null=True, related_name="+"
    )
    to_agreement = models.ForeignKey(
        "contracts.ServiceAgreement", on_delete=models.PROTECT, null=True, related_name="+"
    )
    bill = models.ForeignKey("billing.Bill", on_delete=models.PROTECT, null=True, related_name="+", db_constraint=False)
    run = models.ForeignKey("billing.BillRun", on_delete=models.PROTECT, null=True, related_name="+")
    waits_for = models.TextField(default="", blank=True, help_text="What keeps the final bill from being made.")
    opened_at = models.DateTimeField(default=timezone.now)
    billed_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            one_of(name="final_state_is_known", column="state", values=FinalState),
            models.UniqueConstraint(
                name="account_is_settled_once", fields=["account"], condition=models.Q(state__in=["open", "billed"])
            ),
        ]


class Refund(models.Model):
    """Credit of a final account that was paid back; posted to the ledger with it."""

    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="refunds")
    final_account = models.ForeignKey("billing.FinalAccount", on_delete=models.PROTECT, related_name="refunds")
    amount_minor = models.BigIntegerField()
    due_by_date = models.DateField(help_text="By the rule of the place.")
    payee = models.CharField(max_length=200, default="", blank=True)
    reference = models.CharField(max_length=100, default="", blank=True, help_text="Of the bank; empty: to be paid.")
    paid_date = models.DateField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="refund_is_positive", condition=models.Q(amount_minor__gt=0)),
            models.CheckConstraint(
                name="refund_is_paid_by_reference",
                condition=models.Q(paid_date=None, reference="")
                | (models.Q(paid_date__isnull=False) & ~models.Q(reference="")),
            ),
            models.UniqueConstraint(
                name="refund_reference_counts_once", fields=["reference"], condition=~models.Q(reference="")
            ),
            models.UniqueConstraint(name="final_account_is_refunded_once", fields=["final_account"]),
        ]
