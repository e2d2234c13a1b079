"""Files by which a bank is asked to pay credit out."""

from django.db import models
from django.utils import timezone


class RefundFile(models.Model):
    """A file of transfers for the bank, kept as it was given out; ``message_id`` counts once at the bank."""

    message_id = models.CharField(max_length=35, unique=True)
    execution_date = models.DateField()
    count = models.IntegerField()
    amount_minor = models.BigIntegerField()
    document_id = models.BigIntegerField(help_text="platform.Document")
    created_at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(name="refund_file_moves_money", condition=models.Q(amount_minor__gt=0))]


class RefundFileItem(models.Model):
    """A refund in a file; none is in two. ``line``: of a statement, by which the bank says that it was paid."""

    refund_file = models.ForeignKey("cashiering.RefundFile", on_delete=models.PROTECT, related_name="items")
    refund = models.OneToOneField("billing.Refund", on_delete=models.PROTECT, related_name="refund_file_item")
    line = models.ForeignKey("cashiering.StatementLine", on_delete=models.PROTECT, null=True, related_name="paid_items")
