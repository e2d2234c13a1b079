"""Temperatures, loads of areas hour by hour, and what was foretold. An area is a feeder, or the whole supplier."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from cis.platform.fields import Code, choices_of, one_of
from metering.domain.forecasts import Method, Weather
from metering.domain.weather import COLDEST_E2, WARMEST_E2, WeatherKind

HOURS = 24


class WeatherSeries(models.Model):
    """Temperatures of one place; those of a feeder, or of all that has none of its own."""

    code = models.CharField(max_length=60, unique=True)
    source = models.TextField(help_text="Who measures and forecasts it.")
    feeder = models.ForeignKey(
        "metering.Feeder", on_delete=models.PROTECT, null=True, related_name="+", help_text="Empty: of all others."
    )

    class Meta:
        verbose_name_plural = "weather series"
        constraints = [
            models.UniqueConstraint(name="area_has_one_weather", fields=["feeder"], nulls_distinct=False)
        ]  # fmt: skip


class WeatherHour(models.Model):
    """The mean temperature of an hour, measured or forecast; a newer file writes over it."""

    series = models.ForeignKey(
        "metering.WeatherSeries", on_delete=models.PROTECT, db_index=False, related_name="hours"
    )  # fmt: skip
    kind = Code(choices=choices_of(WeatherKind))
    start_at = models.DateTimeField()
    temperature_e2 = models.SmallIntegerField(help_text="[10^-2 deg C]")

    class Meta:
        constraints = [
            one_of(name="weather_kind_is_known", column="kind", values=WeatherKind),
            models.CheckConstraint(
                name="weather_is_of_air", condition=Q(temperature_e2__gte=COLDEST_E2, temperature_e2__lte=WARMEST_E2)
            ),
            models.UniqueConstraint(name="weather_hour_is_told_once", fields=["series", "kind", "start_at"]),
        ]


class AreaDay(models.Model):
    """
    What the meters of an area that are read by interval took on a local day, hour by hour.

    An hour of which too few meters are known is empty, and so are all of a feeder with too few places. Newest days are
    written anew as values come in.
    """

    feeder = models.ForeignKey(
        "metering.Feeder", on_delete=models.PROTECT, null=True, db_index=False, related_name="+",
        help_text="Empty: all of the supplier.",
    )  # fmt: skip
    day_date = models.DateField()
    loads_w = ArrayField(models.BigIntegerField(null=True), size=HOURS, help_text="Of each hour. [W]")
    places = models.IntegerField(help_text="How many places had such a meter.")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="area_has_a_day_once", fields=["feeder", "day_date"], nulls_distinct=False),
            models.CheckConstraint(name="area_day_has_its_hours", condition=Q(loads_w__len=HOURS)),
        ]


class LoadForecast(models.Model):
    """
    The load of an area on a day, hour by hour, as it was foretold before the day began, with the errors of before.

    Foretold once more while the day has not begun, it is written over; then it stays.
    """

    feeder = models.ForeignKey(
        "metering.Feeder", on_delete=models.PROTECT, null=True, db_index=False, related_name="+",
        help_text="Empty: all of the supplier.",
    )  # fmt: skip
    target_date = models.DateField()
    made_at = models.DateTimeField(default=timezone.now)
    method = Code(choices=choices_of(Method))
    weather = Code(choices=choices_of(Weather))
    values_w = ArrayField(models.BigIntegerField(), size=HOURS, help_text="[W]")
    low_w = ArrayField(models.BigIntegerField(), size=HOURS, help_text="Lower end of the band. [W]")
    high_w = ArrayField(models.BigIntegerField(), size=HOURS, help_text="[W]")
    naive_w = ArrayField(models.BigIntegerField(null=True), size=HOURS, help_text="As a week ago. [W]")
    places = models.IntegerField(help_text="How many places it is of.")
    tried_hours = models.IntegerField(default=0, help_text="Hours on which both were tried; 0: too few days.")
    mae_w = models.BigIntegerField(null=True, help_text="Mean absolute error of the trees there. [W]")
    naive_mae_w = models.BigIntegerField(null=True, help_text="Of what a week ago said. [W]")
    error_e4 = models.IntegerField(null=True, help_text="Error of the trees, of the load there. [10^-4]")
    naive_error_e4 = models.IntegerField(null=True, help_text="[10^-4]")

    class Meta:
        constraints = [
            one_of(name="forecast_method_is_known", column="method", values=Method),
            one_of(name="forecast_weather_is_known", column="weather", values=Weather),
            models.UniqueConstraint(
                name="area_is_foretold_once_a_day", fields=["feeder", "target_date"], nulls_distinct=False
            ),
            models.CheckConstraint(
                name="forecast_has_its_hours",
                condition=Q(values_w__len=HOURS, low_w__len=HOURS, high_w__len=HOURS, naive_w__len=HOURS),
            ),
            models.CheckConstraint(
                name="tried_forecast_has_its_errors",
                condition=Q(tried_hours=0, mae_w=None, naive_mae_w=None, error_e4=None, naive_error_e4=None)
                | Q(tried_hours__gt=0, mae_w__isnull=False, naive_mae_w__isnull=False, error_e4__isnull=False,
                    naive_error_e4__isnull=False),
            ),
        ]  # fmt: skip
        indexes = [models.Index(name="forecast_by_day", fields=["-target_date"])]
