"""One bill a month for a customer with many accounts: what it collects, and the payments for its whole."""

from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.utils import timezone

from billing.domain.channels import PaymentChannel
from billing.domain.consolidated import GapReason
from cis.platform.fields import Code, choices_of, no_overlap, one_of


class Consolidation(models.Model):
    """
    The arrangement with a customer that bills of some accounts are asked for together.

    lead_account  gets what is paid too much
    address       of who pays; "": the customer's own
    ended_date    bills that are issued from then on are asked for on their own again
    """

    customer = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, related_name="consolidations")
    lead_account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=100)
    address = models.CharField(max_length=300, default="", blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    ended_date = models.DateField(null=True)
    actor_id = models.BigIntegerField(null=True)


class ConsolidationMember(models.Model):
    """Since when, and until when, bills of an account are collected: by the day on which they are issued."""

    consolidation = models.ForeignKey(Consolidation, on_delete=models.PROTECT, related_name="members")
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="consolidated")
    period = DateRangeField(help_text="Local dates, half-open; no end: until further notice.")

    class Meta:
        constraints = [no_overlap(name="account_is_consolidated_once", owner="account_id")]


class ConsolidatedBill(models.Model):
    """
    What was collected for a month. Its bills stay as they are; what is open of it is open of them.

    month        first day of the month that was supplied
    to_pay_minor open of its bills when it was made [minor unit]
    """

    consolidation = models.ForeignKey(Consolidation, on_delete=models.PROTECT, related_name="bills")
    number = models.CharField(max_length=20, unique=True)
    month = models.DateField()
    issue_date = models.DateField()
    due_date = models.DateField()
    bills = models.IntegerField()
    energy_wh = models.BigIntegerField()
    amount_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField()
    to_pay_minor = models.BigIntegerField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="month_is_consolidated_once", fields=["consolidation", "month"]),
        ]


class ConsolidatedItem(models.Model):
    """
    A bill that is collected; one without a consolidated bill waits for the next.

    due_before_date  its due date before it was collected
    told_on          the later consolidated bill that says that this bill was cancelled
    """

    bill = models.OneToOneField(
        "billing.Bill", on_delete=models.PROTECT, primary_key=True, related_name="collected", db_constraint=False
    )
    consolidation = models.ForeignKey(Consolidation, on_delete=models.PROTECT, related_name="items", db_index=False)
    consolidated_bill = models.ForeignKey(ConsolidatedBill, on_delete=models.PROTECT, null=True, related_name="items")
    due_before_date = models.DateField()
    open_minor = models.BigIntegerField(default=0, help_text="Open of it when it was collected.")
    told_on = models.ForeignKey(ConsolidatedBill, on_delete=models.PROTECT, null=True, related_name="corrections")

    class Meta:
        indexes = [
            models.Index(
                name="item_waits", fields=["consolidation"], condition=models.Q(consolidated_bill__isnull=True)
            )
        ]


class ConsolidatedGap(models.Model):
    """An account whose bill of the month was not there when the consolidated bill had to be made."""

    consolidated_bill = models.ForeignKey(ConsolidatedBill, on_delete=models.PROTECT, related_name="gaps")
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="+")
    reason = Code(choices=choices_of(GapReason))

    class Meta:
        constraints = [one_of(name="gap_reason_is_known", column="reason", values=GapReason)]


class ConsolidatedPayment(models.Model):
    """One payment for a consolidated bill as it came; the channel's reference counts once."""

    consolidated_bill = models.ForeignKey(ConsolidatedBill, on_delete=models.PROTECT, related_name="payments")
    channel = Code(choices=choices_of(PaymentChannel))
    reference = models.CharField(max_length=100)
    amount_minor = models.BigIntegerField()
    received_date = models.DateField()
    created_at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            one_of(name="consolidated_channel_is_known", column="channel", values=PaymentChannel),
            models.CheckConstraint(name="consolidated_payment_is_positive", condition=models.Q(amount_minor__gt=0)),
            models.UniqueConstraint(name="consolidated_payment_counts_once", fields=["channel", "reference"]),
        ]


class ConsolidatedPart(models.Model):
    """A payment of an account that is part of one for a consolidated bill."""

    consolidated_payment = models.ForeignKey(ConsolidatedPayment, on_delete=models.PROTECT, related_name="parts")
    payment = models.OneToOneField("billing.Payment", on_delete=models.PROTECT, related_name="consolidated_part")
