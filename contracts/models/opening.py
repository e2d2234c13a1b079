"""What agreements bring along from the books in which they were billed before."""

from django.db import models
from django.utils import timezone

from cis.platform.fields import Code, choices_of, one_of
from contracts.domain.openings import OpeningKind


class OpeningValue(models.Model):
    """One value that holds on the first day of an agreement, before anything was billed of it here."""

    agreement = models.ForeignKey("contracts.ServiceAgreement", on_delete=models.PROTECT, related_name="opening_values")
    kind = Code(choices=choices_of(OpeningKind))
    name = models.CharField(max_length=120, default="", blank=True, help_text="Period of demand, or key of a line.")
    month_date = models.DateField(null=True, help_text="First day of the month of a peak.")
    value = models.BigIntegerField(help_text="Wh, W, minor units, or as the line counts.")
    source = models.CharField(max_length=300, help_text="Where it was found.")
    actor_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            one_of(name="opening_kind_is_known", column="kind", values=OpeningKind),
            models.UniqueConstraint(
                name="opening_value_stands_once",
                fields=["agreement", "kind", "name", "month_date"],
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="a_peak_has_a_month",
                condition=models.Q(kind=OpeningKind.PEAK.value, month_date__isnull=False)
                | (~models.Q(kind=OpeningKind.PEAK.value) & models.Q(month_date=None)),
            ),
        ]
