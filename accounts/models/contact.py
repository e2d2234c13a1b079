"""How to reach a customer."""

from django.db import models

from accounts.domain.contact import ContactKind
from cis.platform.fields import Code, choices_of, one_of


class ContactPoint(models.Model):
    """One number or address; at most one of each kind is preferred."""

    customer = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, related_name="contact_points")
    kind = Code(choices=choices_of(ContactKind))
    value = models.CharField(max_length=300, help_text="Telephones as E.164, e.g. +8613812345678.")
    is_preferred = models.BooleanField(default=False)
    bounced_at = models.DateTimeField(null=True, help_text="A message came back: somebody has to ask the customer.")
    bounce_reason = models.CharField(max_length=300, db_default="")
    verified_at = models.DateTimeField(null=True, help_text="Since when it is proven that this customer answers it.")
    verified_way = Code(db_default="", help_text="By what it was proven.")
    unverified_at = models.DateTimeField(null=True, help_text="When that ended for the last time.")
    unverified_reason = Code(db_default="")

    class Meta:
        constraints = [
            one_of(name="contact_kind_is_known", column="kind", values=ContactKind),
            models.UniqueConstraint(name="contact_point_kept_once", fields=["customer", "kind", "value"]),
            models.UniqueConstraint(
                name="one_preferred_contact_per_kind",
                fields=["customer", "kind"],
                condition=models.Q(is_preferred=True),
            ),
            models.UniqueConstraint(
                name="number_is_verified_for_one",
                fields=["value"],
                condition=models.Q(verified_at__isnull=False, kind__in=["mobile", "phone"]),
            ),
        ]
        indexes = [
            models.Index(name="contact_by_value", fields=["value"]),
            models.Index(name="contact_bounced", fields=["bounced_at"], condition=~models.Q(bounced_at=None)),
        ]
