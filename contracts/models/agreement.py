"""Who gets supply where, from when, at which tariff."""

from django.contrib.postgres.fields import ArrayField, DateRangeField
from django.db import models
from django.utils import timezone

from cis.platform.fields import Code, ExternalId, no_overlap


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
    capacity_va = models.BigIntegerField(null=True, help_text="Transformers, high-voltage motors; empty: none agreed.")
    contract_w = models.BigIntegerField(null=True, help_text="Contracted maximum demand (合同最大需量); empty: none.")
    features = ArrayField(Code(max_length=40), default=list, blank=True, help_text="Sorted codes that tariffs ask for.")
    green_blocks = models.SmallIntegerField(default=0, help_text="Blocks of green energy bought a month.")
    suspended_va = models.BigIntegerField(default=0, help_text="Capacity that is suspended for a time (暂停, 减容).")
    period = DateRangeField()

    class Meta:
        constraints = [
            no_overlap(name="agreement_has_one_term_at_a_time", owner="agreement_id"),
            models.CheckConstraint(name="household_is_real", condition=models.Q(household__range=(1, 99))),
            models.CheckConstraint(
                name="agreed_capacity_and_demand_are_positive",
                condition=(models.Q(capacity_va=None) | models.Q(capacity_va__gt=0))
                & (models.Q(contract_w=None) | models.Q(contract_w__gt=0))
                & models.Q(green_blocks__gte=0),
            ),
            models.CheckConstraint(
                name="no_more_is_suspended_than_agreed",
                condition=models.Q(suspended_va=0)
                | models.Q(suspended_va__gt=0, suspended_va__lte=models.F("capacity_va"), capacity_va__isnull=False),
            ),
        ]
