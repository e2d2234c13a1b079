"""Reports of site surveys."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from cis.platform.fields import Code, choices_of, one_of
from contracts.domain.survey import SURVEY_OUTCOMES, SurveyReason
from metering.domain.network import SupplyMode


class SurveyReport(models.Model):
    """
    What a survey of an application found, and how it can be supplied. Answers and photos are with its work order.

    A second survey has a report of its own; the latest holds.
    """

    application = models.ForeignKey("contracts.ServiceApplication", on_delete=models.PROTECT, related_name="surveys")
    work_order = models.OneToOneField("metering.WorkOrder", on_delete=models.PROTECT, related_name="+")
    verdict = Code(choices=choices_of(SURVEY_OUTCOMES))
    reasons = ArrayField(Code(choices=choices_of(SurveyReason)), default=list, blank=True)
    works = models.CharField(max_length=1000, default="", blank=True)
    note = models.CharField(max_length=500, default="", blank=True)
    made_at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, default="")

    class Meta:
        constraints = [
            one_of(name="survey_verdict_is_known", column="verdict", values=SURVEY_OUTCOMES),
            models.CheckConstraint(name="survey_says_why_not", condition=Q(verdict="feasible") | Q(reasons__len__gt=0)),
        ]
        indexes = [models.Index(name="survey_by_application", fields=["application", "-id"])]


class SurveyPlacement(models.Model):
    """Where a supply of the application hangs by the report, and how."""

    report = models.ForeignKey("contracts.SurveyReport", on_delete=models.PROTECT, related_name="placements")
    item = models.ForeignKey("contracts.ApplicationItem", on_delete=models.PROTECT, related_name="+", db_index=False)
    service_point = models.ForeignKey(
        "metering.ServicePoint", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    transformer = models.ForeignKey(
        "metering.Transformer", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    feeder = models.ForeignKey("metering.Feeder", on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    voltage = Code()
    phases = models.SmallIntegerField()
    mode = Code(choices=choices_of(SupplyMode))

    class Meta:
        constraints = [
            models.UniqueConstraint(name="supply_is_placed_once", fields=["report", "item"]),
            one_of(name="placement_mode_is_known", column="mode", values=SupplyMode),
            models.CheckConstraint(name="placement_has_phases", condition=Q(phases__in=[1, 3])),
            models.CheckConstraint(
                name="placement_is_on_one_asset",
                condition=Q(transformer__isnull=False, feeder=None) | Q(transformer=None, feeder__isnull=False),
            ),
        ]
