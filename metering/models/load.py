"""Loads of the network: hours of transformers and feeders that were, and that are thought to come."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

_ONE = Q(transformer__isnull=False, feeder=None) | Q(transformer=None, feeder__isnull=False)


class LoadDay(models.Model):
    """
    What went through a transformer or a feeder on a local day, hour by hour; only of days of which all is known.

    By its master meter, else the sum of what hangs behind it. Written each night for twelve weeks back; what is older
    stays as it was found.
    """

    transformer = models.ForeignKey(
        "metering.Transformer", on_delete=models.PROTECT, null=True, db_index=False, related_name="load_days"
    )
    feeder = models.ForeignKey(
        "metering.Feeder", on_delete=models.PROTECT, null=True, db_index=False, related_name="load_days"
    )
    day_date = models.DateField()
    hours_wh = ArrayField(models.BigIntegerField(), size=24, help_text="Down less up, of each hour. [Wh]")
    is_measured = models.BooleanField(help_text="By its master meter.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="asset_is_loaded_once_a_day", fields=["transformer", "feeder", "day_date"], nulls_distinct=False
            ),
            models.CheckConstraint(name="load_is_of_one_asset", condition=_ONE),
            models.CheckConstraint(name="load_has_all_hours", condition=Q(hours_wh__len=24)),
        ]
        indexes = [
            models.Index(name="load_days", fields=["day_date"]),
            models.Index(name="load_of_feeder", fields=["feeder", "day_date"], condition=Q(feeder__isnull=False)),
        ]


class AssetForecast(models.Model):
    """
    What a transformer or a feeder is thought to carry on a local day, by what was known when it was made.

    ``error_e4`` is how far the same method was off on the two weeks before, in the mean; written anew each night until
    the day is there.
    """

    transformer = models.ForeignKey(
        "metering.Transformer", on_delete=models.PROTECT, null=True, db_index=False, related_name="asset_forecasts"
    )
    feeder = models.ForeignKey(
        "metering.Feeder", on_delete=models.PROTECT, null=True, db_index=False, related_name="asset_forecasts"
    )
    day_date = models.DateField()
    known_date = models.DateField(help_text="Last day that was known of.")
    hours_wh = ArrayField(models.BigIntegerField(), size=24)
    peak_va = models.BigIntegerField(help_text="Highest hour, by the power factor of the pack.")
    usable_va = models.BigIntegerField(help_text="Up to where it may be loaded, as it was then.")
    error_e4 = models.IntegerField(null=True, help_text="Of the mean load; empty: never tested. [10^-4]")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="asset_is_forecast_once_a_day", fields=["transformer", "feeder", "day_date"], nulls_distinct=False
            ),
            models.CheckConstraint(name="forecast_is_of_one_asset", condition=_ONE),
            models.CheckConstraint(name="forecast_has_all_hours", condition=Q(hours_wh__len=24)),
        ]
        indexes = [models.Index(name="asset_forecasts", fields=["day_date"])]
