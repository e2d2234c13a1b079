"""Voltages that meters say, and that are thought to come. Nothing of it is energy: no usage is made of it, no bill."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class VoltageDay(models.Model):
    """
    What a meter said of voltage on a local day, by quarter of an hour, between a phase and neutral.

    A day grows as the head-end says more; what is said again of a quarter of an hour is written over.
    """

    meter = models.ForeignKey("metering.Meter", on_delete=models.PROTECT, db_index=False, related_name="voltage_days")
    day_date = models.DateField()
    slots_mv = ArrayField(models.IntegerField(), size=96, help_text="Of each quarter of an hour; -1: not known. [mV]")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="meter_has_one_day_of_voltage", fields=["meter", "day_date"]),
            models.CheckConstraint(name="voltage_has_all_slots", condition=Q(slots_mv__len=96)),
        ]
        indexes = [models.Index(name="voltage_days", fields=["day_date"])]


class VoltageForecast(models.Model):
    """
    The voltage that is thought to come at a place on a local day, by hour, and whether it leaves the band of the pack.

    ``slope_uv`` is what a kilowatt more of the transformer brings, in microvolts; 0 where no load is known.
    """

    service_point = models.ForeignKey(
        "metering.ServicePoint", on_delete=models.PROTECT, db_index=False, related_name="voltage_forecasts"
    )
    meter = models.ForeignKey("metering.Meter", on_delete=models.PROTECT, db_index=False, related_name="+")
    day_date = models.DateField()
    known_date = models.DateField(help_text="Last day that was looked at.")
    hours_mv = ArrayField(models.IntegerField(), size=24, help_text="-1: not known. [mV]")
    low_mv = models.IntegerField()
    high_mv = models.IntegerField()
    least_mv = models.IntegerField(help_text="Lower bound of the band.")
    most_mv = models.IntegerField(help_text="Upper bound of the band.")
    slope_uv = models.BigIntegerField(help_text="By a kW more of the transformer. [uV]")
    error_mv = models.IntegerField(help_text="Mean distance from what was measured.")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="voltage_is_forecast_once_a_day", fields=["meter", "day_date"]),
            models.CheckConstraint(name="voltage_forecast_has_all_hours", condition=Q(hours_mv__len=24)),
        ]
        indexes = [models.Index(name="voltage_forecasts", fields=["day_date"])]
