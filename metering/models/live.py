"""Values of days that are not over yet, as head ends send them, and how far their messages were pulled."""

from django.db import models
from django.utils import timezone


class LiveDay(models.Model):
    """
    What is known of a day of a register, one row a register and day however often values come.

    A day is on the clock of the register, and ``start_at`` is its start. ``values`` are int64 [10^-6 Wh or varh],
    ``quality`` is a letter for each of them, N where there is none, and ``written`` says when the head end wrote each
    [int64, microseconds since 1970 UTC]; so the one that was written last holds, whenever it is heard. When the day is
    over it becomes an ``IntervalDay``; the row stays some days more, so that what comes late is still put in order.
    ``waiting`` says of each slot whether its value is not in an ``IntervalDay`` yet [a byte, 1 or 0]: only those are
    handed over, so that what a file brought for the others since then holds.
    """

    pk = models.CompositePrimaryKey("register_id", "day_date")
    register = models.ForeignKey(
        "metering.Register", on_delete=models.PROTECT, related_name="live_days", db_index=False
    )
    day_date = models.DateField(help_text="Date on the metering clock.")
    start_at = models.DateTimeField()
    interval_minutes = models.SmallIntegerField()
    values = models.BinaryField()
    quality = models.TextField()
    written = models.BinaryField()
    waiting = models.BinaryField()
    filled = models.SmallIntegerField(help_text="How many values there are.")
    is_waiting = models.BooleanField(default=True, help_text="It holds what is not in an IntervalDay yet.")
    heard_at = models.DateTimeField(default=timezone.now, help_text="When something new came last.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="live_day_is_whole",
                condition=models.Q(interval_minutes__gt=0) & models.Q(filled__gte=0),
            ),
        ]
        indexes = [
            models.Index(name="live_days_waiting", fields=["start_at"], condition=models.Q(is_waiting=True)),
            models.Index(name="live_days_by_start", fields=["start_at"]),
        ]


class HeadEndCursor(models.Model):
    """Up to where the messages of the head end were pulled; one row."""

    name = models.CharField(max_length=20, unique=True)
    cursor = models.CharField(max_length=400, default="", blank=True)
    pulled_at = models.DateTimeField(null=True)
