"""What shadow runs came to: one row an account."""

from django.db import models

from billing.domain.shadow import ShadowState
from cis.platform.fields import Code, choices_of, one_of


class ShadowBill(models.Model):
    """
    What an account would be billed, beside what it was billed before; nothing is owed by it.

    ``last`` is the period just before, ``year`` that of a year ago; 0 days = nothing was billed then. An account that
    cannot be billed has only its reason.
    """

    run = models.ForeignKey(
        "billing.BillRun", on_delete=models.CASCADE, related_name="shadow_bills", db_index=False
    )  # the unique key begins with it
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="+", db_index=False)
    state = Code(choices=choices_of(ShadowState), default=ShadowState.PLAIN.value)
    code = Code(max_length=60, default="")
    message = models.TextField(default="")
    advice = models.TextField(default="")
    amount_minor = models.BigIntegerField(default=0, help_text="Of the whole bill, corrections included.")
    energy_wh = models.BigIntegerField(default=0)
    fingerprint = models.BigIntegerField(default=0, help_text="Equal for bills that say the same.")
    own_minor = models.BigIntegerField(default=0, help_text="Of the run's own period.")
    own_wh = models.BigIntegerField(default=0)
    own_days = models.IntegerField(default=0)
    last_minor = models.BigIntegerField(default=0)
    last_wh = models.BigIntegerField(default=0)
    last_days = models.IntegerField(default=0)
    year_minor = models.BigIntegerField(default=0)
    year_wh = models.BigIntegerField(default=0)
    year_days = models.IntegerField(default=0)
    accepted_by_id = models.BigIntegerField(null=True)
    accepted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            one_of(name="shadow_state_is_known", column="state", values=ShadowState),
            models.UniqueConstraint(name="account_has_one_shadow_bill", fields=["run", "account"]),
        ]
