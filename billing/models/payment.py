"""Money received, what of it went back, and what money pays."""

from django.db import models
from django.utils import timezone

from billing.domain.channels import PaymentChannel, ReturnKind
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


class PaymentReturn(models.Model):
    """
    A payment that went back: a direct debit that bounced, a charge that the payer took back, a booking that was wrong.

    The payment stays, as it was; its postings are reversed and it pays nothing any more.
    """

    payment = models.OneToOneField("billing.Payment", on_delete=models.PROTECT, related_name="returned")
    kind = Code(choices=choices_of(ReturnKind))
    returned_date = models.DateField()
    reason = models.CharField(max_length=200, help_text="As the bank, the provider or the clerk says it.")
    created_at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [one_of(name="return_kind_is_known", column="kind", values=ReturnKind)]


class Allocation(models.Model):
    """
    What part of somebody's money pays what part of a debt; re-allocation adds rows, also negative ones.

    payment, credit  where the money comes from: a payment, or a bill that is a credit
    bill, refund     what it pays: a bill, or money that was paid back
    """

    payment = models.ForeignKey("billing.Payment", on_delete=models.PROTECT, null=True, related_name="allocations")
    credit = models.ForeignKey(
        "billing.Bill", on_delete=models.PROTECT, null=True, related_name="spent", db_constraint=False
    )
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
                name="allocation_comes_from_one_thing",
                condition=models.Q(payment__isnull=True, credit__isnull=False)
                | models.Q(payment__isnull=False, credit__isnull=True),
            ),
            models.CheckConstraint(
                name="allocation_pays_one_thing",
                condition=models.Q(bill__isnull=True, refund__isnull=False)
                | models.Q(bill__isnull=False, refund__isnull=True),
            ),
        ]
