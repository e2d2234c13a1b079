"""Tests of meters on a bench: who asked, what was found, what came of it."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from cis.platform.fields import Code, choices_of, one_of
from metering.domain.device_tests import LOT_MOST, TEXT_MOST, Accuracy, AskedBy, MeterTestState

_REPORTED = [MeterTestState.PASSED.value, MeterTestState.FAILED.value]


class DeviceTest(models.Model):
    """
    A test of a meter, asked for and then reported, once by its ``request_key``.

    ``errors`` are those that were found: load, weight and error in ppm of each. ``correction`` is the one that a failed
    test proposed.
    """

    meter = models.ForeignKey("metering.Meter", on_delete=models.PROTECT, related_name="tests")
    state = Code(choices=choices_of(MeterTestState), default=MeterTestState.ASKED.value)
    asked_by = Code(choices=choices_of(AskedBy))
    lot = models.CharField(max_length=LOT_MOST, default="", blank=True, help_text="Of which it is a sample.")
    reason = models.CharField(max_length=TEXT_MOST, default="", blank=True)
    asked_date = models.DateField()
    due_date = models.DateField()
    tested_date = models.DateField(null=True)
    laboratory = models.CharField(max_length=TEXT_MOST, default="", blank=True)
    certificate = models.CharField(max_length=60, default="", blank=True)
    accuracy = Code(choices=choices_of(Accuracy), default="", blank=True)
    limit_ppm = models.IntegerField(null=True, help_text="Greatest error that the class allows. [ppm]")
    mean_ppm = models.IntegerField(null=True, help_text="Weighted mean of the errors; above 0: fast. [ppm]")
    errors = models.JSONField(default=list)
    correction = models.ForeignKey(
        "metering.UsageCorrection", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    request_key = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    asker_id = models.BigIntegerField(null=True)
    tester_id = models.BigIntegerField(null=True, help_text="Who entered the report.")

    class Meta:
        constraints = [
            one_of(name="meter_test_state_is_known", column="state", values=MeterTestState),
            one_of(name="meter_test_was_asked_by_somebody", column="asked_by", values=AskedBy),
            models.CheckConstraint(
                name="reported_meter_test_is_whole",
                condition=Q(
                    state__in=_REPORTED,
                    tested_date__isnull=False,
                    limit_ppm__isnull=False,
                    mean_ppm__isnull=False,
                )
                | (~Q(state__in=_REPORTED) & Q(tested_date=None, limit_ppm=None, mean_ppm=None, correction=None)),
            ),
            models.CheckConstraint(
                name="only_a_failed_meter_test_corrects",
                condition=Q(correction=None) | Q(state=MeterTestState.FAILED.value),
            ),
            models.UniqueConstraint(
                name="meter_is_tested_once_at_a_time", fields=["meter"], condition=Q(state=MeterTestState.ASKED.value)
            ),
        ]
        indexes = [models.Index(name="meter_test_by_state", fields=["state", "due_date"])]
