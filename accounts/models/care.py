"""Care of customers: protections, points, follow-up visits, service plans, segments."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.domain.protections import ProtectionKind
from cis.platform.fields import Code, choices_of, one_of


class Protection(models.Model):
    """
    Why a customer is treated with care, from a day until another; the one register of life support, of vulnerable
    customers and of key accounts. Never deleted: it ends, with a reason.
    """

    customer = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, related_name="protections")
    account = models.ForeignKey(
        "accounts.Account", on_delete=models.PROTECT, null=True, related_name="protections",
        help_text="None: it is about the customer, with all accounts.",
    )  # fmt: skip
    kind = Code(choices=choices_of(ProtectionKind))
    place_id = models.BigIntegerField(null=True, help_text="Service point that is protected, whoever is supplied.")
    person = models.CharField(max_length=120, default="", blank=True, help_text="Who is meant, and by what device.")
    told = models.CharField(max_length=300, help_text="What was said, or which paper was shown, at its beginning.")
    since_date = models.DateField()
    until_date = models.DateField(null=True, help_text="First day on which it holds no more.")
    evidence = Code(default="", help_text="Kind of paper that shows it; empty: still to come.")
    evidence_text = models.CharField(max_length=200, default="", blank=True, help_text="Number and issuer.")
    proven_date = models.DateField(null=True)
    review_date = models.DateField(null=True)
    review_asked_date = models.DateField(null=True, help_text="Since when it waits to be looked at again.")
    hold_ids = ArrayField(models.BigIntegerField(), default=list, help_text="Holds placed for it.")
    end_reason = models.CharField(max_length=300, default="", blank=True)
    asked_reason = models.CharField(max_length=300, default="", blank=True, help_text="Somebody asks to end it.")
    asker_id = models.BigIntegerField(null=True)
    ender_id = models.BigIntegerField(null=True)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, default="")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            one_of(name="protection_kind_is_known", column="kind", values=ProtectionKind),
            models.CheckConstraint(
                name="protection_ends_after_it_began", condition=Q(until_date=None) | Q(until_date__gte=F("since_date"))
            ),
            models.CheckConstraint(
                name="what_is_proven_has_evidence", condition=Q(proven_date=None) | ~Q(evidence="")
            ),
            models.UniqueConstraint(
                name="customer_is_protected_once", fields=["customer", "account", "kind", "place_id"],
                condition=Q(until_date=None), nulls_distinct=False,
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(
                name="protections_to_review", fields=["review_date"],
                condition=Q(until_date=None, review_asked_date=None, review_date__isnull=False),
            ),
        ]  # fmt: skip
