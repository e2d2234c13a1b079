"""One-off charges on bills."""

from django.db import models


class BillCharge(models.Model):
    """
    A charge of the contract that a bill carries, beside its segments.

    ``cancels`` names the row that this one takes back: its amounts are the negatives. A charge is on a bill in force
    while the bill is issued and no issued bill takes it back; then no other bill carries it.
    """

    bill = models.ForeignKey("billing.Bill", on_delete=models.PROTECT, related_name="charges", db_constraint=False)
    charge = models.ForeignKey("contracts.OneOffCharge", on_delete=models.PROTECT, related_name="billed")
    amount_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField(default=0, help_text="VAT contained in the amount; posted as tax.")
    ledger_class = models.CharField(max_length=20)
    cancels = models.OneToOneField(
        "billing.BillCharge", on_delete=models.PROTECT, null=True, related_name="cancelled_by", db_constraint=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(name="charge_is_once_on_a_bill", fields=["bill", "charge", "cancels"]),
        ]
