"""Completeness of months: where the days of supplies and their energy are, as the last night found them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from cis.platform.fields import Code


class CompletenessSums(models.Model):
    """
    Days by state and energy [Wh] by where it is (``billing.domain.completeness``).

    Of any rows: measured = billed + changed + dealt + to bill + held + missing + idle.
    """

    idle_days = models.IntegerField()
    idle_used_days = models.IntegerField()
    missing_days = models.IntegerField()
    held_days = models.IntegerField()
    to_bill_days = models.IntegerField()
    billed_days = models.IntegerField()
    measured_wh = models.BigIntegerField()
    billed_wh = models.BigIntegerField()
    changed_wh = models.BigIntegerField()
    dealt_wh = models.BigIntegerField()
    to_bill_wh = models.BigIntegerField()
    held_wh = models.BigIntegerField()
    missing_wh = models.BigIntegerField()
    idle_wh = models.BigIntegerField()

    class Meta:
        abstract = True


class CompletenessMonth(CompletenessSums):
    """One month of all places; written anew each night."""

    month = models.DateField(primary_key=True, help_text="First day of the month.")
    places = models.IntegerField()
    checked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="completeness_begins_a_month", condition=models.Q(month__day=1)),
            models.CheckConstraint(
                name="completeness_loses_no_energy",
                condition=models.Q(
                    measured_wh=models.F("billed_wh")
                    + models.F("changed_wh")
                    + models.F("dealt_wh")
                    + models.F("to_bill_wh")
                    + models.F("held_wh")
                    + models.F("missing_wh")
                    + models.F("idle_wh")
                ),
            ),
        ]


class CompletenessPlace(CompletenessSums):
    """
    A place with something to look at in a month; written anew each night.

    account  whom it was supplied to last in the month; none: nobody
    holes    what must not be, by ``billing.domain.completeness.Hole``
    """

    completeness = models.ForeignKey("billing.CompletenessMonth", on_delete=models.CASCADE, related_name="rows")
    service_point = models.ForeignKey("metering.ServicePoint", on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, null=True, related_name="+")
    holes = ArrayField(Code(max_length=20), default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="place_is_listed_once_a_month", fields=["completeness", "service_point"])
        ]
