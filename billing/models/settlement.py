"""The end of an account: its final bill, with the clock that runs on it, and what is paid back."""

from enum import StrEnum

from django.db import models
from django.utils import timezone

from billing.domain.channels import PaymentChannel
from billing.domain.refunds import GONE, RefundState
from cis.platform.fields import Code, SealedText, choices_of, one_of

_LEFT = [state.value for state in (*GONE, RefundState.RETURNED)]


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
    """
    Credit of an account that is paid out; posted to the ledger when it is sent. Three hands: asked, approved, sent.

    final_account  the end of an account whose credit it is; None: it was asked for
    payee, bank_account  to whom it goes; shown masked
    is_to_payer    money of the account came from this bank account before
    """

    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="refunds")
    final_account = models.ForeignKey(
        "billing.FinalAccount", on_delete=models.PROTECT, null=True, related_name="refunds"
    )
    state = Code(choices=choices_of(RefundState), default=RefundState.ASKED.value)
    amount_minor = models.BigIntegerField()
    due_by_date = models.DateField(help_text="By the rule of the place.")
    payee = models.CharField(max_length=200, default="", blank=True)
    bank_account = SealedText(default="", blank=True)
    bank_code = models.CharField(max_length=20, default="", blank=True, help_text="BIC or code of the bank.")
    is_to_payer = models.BooleanField(default=False)
    reason = models.CharField(max_length=200, default="", blank=True, help_text="Why it is asked for, or dropped.")
    key = models.CharField(  # noqa: DJ001 (none for those of final accounts)
        max_length=100, unique=True, null=True, help_text="The same key twice is one refund."
    )
    channel = Code(choices=choices_of(PaymentChannel), default=PaymentChannel.BANK.value)
    reference = models.CharField(max_length=100, default="", blank=True, help_text="Of the bank; empty: to be paid.")
    paid_date = models.DateField(null=True)
    confirmed_date = models.DateField(null=True)
    returned_date = models.DateField(null=True)
    return_reason = models.CharField(max_length=200, default="", blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    asker_id = models.BigIntegerField(null=True, help_text="User who asked: customer or staff.")
    approver_id = models.BigIntegerField(null=True, help_text="The second person.")
    approved_at = models.DateTimeField(null=True)
    actor_id = models.BigIntegerField(null=True, help_text="Who sent it; not who approved it.")
    is_of_old = models.BooleanField(default=False, help_text="Paid before a second person was asked for.")

    class Meta:
        constraints = [
            one_of(name="refund_state_is_known", column="state", values=RefundState),
            one_of(name="refund_channel_is_known", column="channel", values=PaymentChannel),
            models.CheckConstraint(name="refund_is_positive", condition=models.Q(amount_minor__gt=0)),
            models.CheckConstraint(
                name="refund_is_paid_by_reference",
                condition=models.Q(paid_date=None, reference="")
                | (models.Q(paid_date__isnull=False) & ~models.Q(reference="")),
            ),
            models.CheckConstraint(
                name="refund_that_left_has_its_day",
                condition=models.Q(state__in=_LEFT, paid_date__isnull=False)
                | models.Q(paid_date=None) & ~models.Q(state__in=_LEFT),
            ),
            models.CheckConstraint(
                name="refund_that_came_back_has_its_day",
                condition=models.Q(state=RefundState.RETURNED.value, returned_date__isnull=False)
                | models.Q(returned_date=None) & ~models.Q(state=RefundState.RETURNED.value),
            ),
            models.CheckConstraint(
                name="refund_is_approved_by_a_second_person",
                condition=models.Q(state__in=[RefundState.ASKED.value, RefundState.DROPPED.value])
                | models.Q(is_of_old=True)
                | models.Q(approver_id__isnull=False)
                & (models.Q(asker_id=None) | ~models.Q(asker_id=models.F("approver_id")))
                & (models.Q(actor_id=None) | ~models.Q(actor_id=models.F("approver_id"))),
            ),
            models.UniqueConstraint(
                name="refund_reference_counts_once", fields=["channel", "reference"], condition=~models.Q(reference="")
            ),
            models.UniqueConstraint(
                name="final_account_is_refunded_once",
                fields=["final_account"],
                condition=~models.Q(state__in=[RefundState.RETURNED.value, RefundState.DROPPED.value]),
            ),
        ]
        indexes = [
            models.Index(
                name="refund_to_be_done",
                fields=["due_by_date", "id"],
                condition=models.Q(state__in=["asked", "approved"]),
            ),
        ]
