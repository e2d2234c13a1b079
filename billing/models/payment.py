"""Money received and what it pays."""

from django.db import models
from django.utils import timezone

from billing.domain.channels import PaymentChannel
from cis.platform.fields import Code, choices_of, one_of


class Payment(models.Model):
    """Money received; the channel's reference counts once."""

    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="payments")
    channel = Code(choices=choices_of(PaymentChannel))
    reference = models.CharField(max_length=100)
    amount_minor = models.BigIntegerField()
    received_date = models.DateField()
    created_at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            one_of(name="payment_channel_is_known", column="channel", values=PaymentChannel),
            models.CheckConstraint(name="payment_is_positive", condition=models.Q(amount_minor__gt=0)),
            models.UniqueConstraint(name="payment_counts_once", fields=["channel", "reference"]),
        ]


class PaymentAllocation(models.Model):
    """What part of a payment pays part of a bill, or was paid back; re-allocation adds rows, also negative ones."""

    payment = models.ForeignKey("billing.Payment", on_delete=models.PROTECT, related_name="allocations")
    bill = models.ForeignKey(
        "billing.Bill", on_delete=models.PROTECT, null=True, related_name="allocations", db_constraint=False
    )
    refund = models.ForeignKey("billing.Refund", on_delete=models.PROTECT, null=True, related_name="allocations")
    amount_minor = models.BigIntegerField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(name="allocation_is_not_empty", condition=~models.Q(amount_minor=0)),
            models.CheckConstraint(
                name="allocation_is_for_a_bill_or_a_refund",
                condition=models.Q(bill__isnull=False, refund=None) | models.Q(bill=None, refund__isnull=False),
            ),
        ]
