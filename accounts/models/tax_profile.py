"""What stands of the buyer on the invoices of an account."""

from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.utils import timezone

from accounts.domain.tax_profiles import ConsentWay
from cis.platform.fields import Code, SealedText, choices_of, no_overlap


class TaxProfile(models.Model):
    """
    The buyer's tax data of an account, over a time; it holds only while the same customer holds the account.

    A special VAT invoice needs that somebody for the buyer said so: when, and by which way.
    """

    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="tax_profiles")
    customer = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, related_name="tax_profiles")
    period = DateRangeField(help_text="Local dates, half-open; no end: until further notice.")
    name = models.CharField(max_length=100)
    tax_number = models.CharField(max_length=20, default="", blank=True)
    address = models.CharField(max_length=200, default="", blank=True)
    phone = models.CharField(max_length=40, default="", blank=True)
    bank_name = models.CharField(max_length=100, default="", blank=True)
    bank_account = SealedText(default="", blank=True)
    wants_special = models.BooleanField(default=False)
    consent_way = Code(choices=choices_of(ConsentWay), default="", blank=True)
    consent_by = models.CharField(max_length=100, default="", blank=True)
    consented_at = models.DateTimeField(null=True, blank=True)
    actor_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            no_overlap(name="account_has_one_tax_profile", owner="account_id"),
            models.CheckConstraint(
                name="special_invoice_is_agreed",
                condition=models.Q(wants_special=False)
                | ~models.Q(tax_number="")
                & ~models.Q(consent_way="")
                & ~models.Q(consent_by="")
                & models.Q(consented_at__isnull=False),
            ),
        ]
