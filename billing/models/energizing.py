"""Supplies that are switched on, and which cycle bills new ones."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from billing.domain.energizing import OPEN, EnergizingState
from cis.platform.fields import Code, choices_of, one_of


class CycleRule(models.Model):
    """Which cycle bills new supplies of a district and a class; empty = all of them."""

    district = models.CharField(max_length=100, default="", blank=True)
    use_class = Code(default="", blank=True)
    cycle = models.ForeignKey("billing.BillCycle", on_delete=models.PROTECT, related_name="rules")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_cycle_for_a_district_and_class", fields=["district", "use_class"]),
        ]


class Energizing(models.Model):
    """
    A supply that a case wants to be switched on, with all that is needed so that it is billed from then on.

    ``subject`` and ``subject_id`` name the case, as ("application", 17). ``code``, ``message`` and ``advice`` say why
    it is failed or held.
    """

    subject = Code()
    subject_id = models.BigIntegerField()
    service_point = models.ForeignKey(
        "metering.ServicePoint", on_delete=models.PROTECT, related_name="energizings", db_index=False
    )
    meter = models.ForeignKey("metering.Meter", on_delete=models.PROTECT, related_name="+", db_index=False)
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="energizings")
    tariff = models.ForeignKey("tariffs.Tariff", on_delete=models.PROTECT, related_name="+", db_index=False)
    household = models.SmallIntegerField(default=1)
    capacity_va = models.BigIntegerField(null=True)
    contract_w = models.BigIntegerField(null=True)
    features = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    green_blocks = models.IntegerField(default=0)
    cycle_code = models.CharField(max_length=20, help_text="Of the account, if it is in none yet.")
    state = Code(choices=choices_of(EnergizingState), default=EnergizingState.SWITCHING.value)
    command_id = models.BigIntegerField(null=True, help_text="The last command to the meter.")
    on_date = models.DateField(null=True, help_text="Local date on which current began to flow.")
    agreement = models.ForeignKey(
        "contracts.ServiceAgreement", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    code = Code(max_length=60, default="", blank=True)
    message = models.TextField(default="", blank=True)
    advice = models.TextField(default="", blank=True)
    note = models.CharField(max_length=300, default="", blank=True, help_text="Of who switched on by hand.")
    ordered_at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, default="")

    class Meta:
        constraints = [
            one_of(name="energizing_state_is_known", column="state", values=EnergizingState),
            models.UniqueConstraint(
                name="place_is_energized_once_at_a_time",
                fields=["service_point"],
                condition=Q(state__in=[state.value for state in OPEN]),
            ),
            models.CheckConstraint(
                name="energized_place_has_an_agreement",
                condition=Q(state=EnergizingState.STARTED.value, agreement__isnull=False, on_date__isnull=False)
                | (~Q(state=EnergizingState.STARTED.value) & Q(agreement=None)),
            ),
        ]
        indexes = [
            models.Index(name="energizing_of_a_case", fields=["subject", "subject_id"]),
            models.Index(name="energizing_by_state", fields=["state", "-id"]),
        ]
