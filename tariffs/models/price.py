"""What is published about prices day by day: hourly price series, and events announced for a day."""

import pgtrigger
from django.db import models
from django.utils import timezone


class PriceSeries(models.Model):
    """A series of prices by interval, as of a day-ahead market; its prices stand in its days."""

    code = models.CharField(max_length=60, unique=True)
    source = models.TextField(help_text="Who publishes it, and where.")


class PriceSeriesDay(models.Model):
    """
    The prices of one local day, one row a version; the highest version holds.

    ``prices_e6`` holds little-endian int64, one for each interval in order of time [10^-6 minor unit/kWh].
    """

    series = models.ForeignKey("tariffs.PriceSeries", on_delete=models.PROTECT, related_name="days")
    day_date = models.DateField(help_text="Local date.")
    version = models.SmallIntegerField(default=1)
    start_at = models.DateTimeField(help_text="First instant of the local date.")
    interval_minutes = models.SmallIntegerField()
    prices_e6 = models.BinaryField()
    loaded_at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="price_day_version_kept_once", fields=["series", "day_date", "version"]),
        ]
        triggers = [
            pgtrigger.Protect(name="price_days_are_append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]


class PriceEvent(models.Model):
    """An event of a tariff's calendar, announced for one local date; bills of that date have its hours."""

    tariff = models.ForeignKey("tariffs.Tariff", on_delete=models.PROTECT, related_name="events")
    event_date = models.DateField()
    code = models.CharField(max_length=60, help_text="Event of the tariff's calendar.")
    source = models.TextField(help_text="What announced it, as the forecast or notice.")
    announced_at = models.DateTimeField()
    actor_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="tariff_has_one_event_a_day", fields=["tariff", "event_date"]),
        ]
        indexes = [models.Index(name="event_by_date", fields=["event_date"])]
        triggers = [
            pgtrigger.Protect(name="price_events_are_append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]
