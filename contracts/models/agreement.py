"""Who gets supply where, from when, at which tariff."""

from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.utils import timezone

from cis.platform.fields import ExternalId, no_overlap


class ServiceAgreement(models.Model):
    """Supply at one service point, billed to one account, for a time."""

    external_id = ExternalId()
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="agreements")
    service_point = models.ForeignKey("metering.ServicePoint", on_delete=models.PROTECT, related_name="agreements")
    period = DateRangeField(help_text="Local dates, half-open; no end: until further notice.")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [no_overlap(name="one_agreement_per_service_point", owner="service_point_id")]


class AgreementTerm(models.Model):
    """What holds between the parties for a time: the tariff and the facts that it asks for."""

    agreement = models.ForeignKey("contracts.ServiceAgreement", on_delete=models.PROTECT, related_name="terms")
    tariff = models.ForeignKey("tariffs.Tariff", on_delete=models.PROTECT, related_name="terms")
    household = models.SmallIntegerField(default=1, help_text="Persons proven to live there (一户多人口).")
    period = DateRangeField()

    class Meta:
        constraints = [
            no_overlap(name="agreement_has_one_term_at_a_time", owner="agreement_id"),
            models.CheckConstraint(name="household_is_real", condition=models.Q(household__range=(1, 99))),
        ]
