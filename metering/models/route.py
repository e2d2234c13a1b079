"""Reading routes: where they lead, their rounds, and what could not be read."""

from django.contrib.postgres.fields import ArrayField, DateRangeField
from django.db import models
from django.db.models import Deferrable, F, Q
from django.utils import timezone

from cis.platform.fields import Code, choices_of, no_overlap, one_of
from metering.domain.routes import (
    CODE_MOST,
    DAY_MOST,
    EVERY_MOST,
    NAME_MOST,
    NOTE_MOST,
    WINDOW_MOST,
    MissReason,
    RoundState,
)


class ReadingRoute(models.Model):
    """
    A walk past meters that are read by value, always in the same order and on the same days of the month.

    ``first_month`` is the first of a month in which it is walked; the others follow every so many months.
    """

    code = models.CharField(max_length=CODE_MOST, unique=True)
    name = models.CharField(max_length=NAME_MOST)
    crew = models.ForeignKey("metering.Crew", on_delete=models.PROTECT, null=True, related_name="routes")
    days = ArrayField(models.SmallIntegerField(), help_text="Of the month, ascending.")
    every_months = models.SmallIntegerField(default=1)
    first_month = models.DateField()
    window_days = models.SmallIntegerField(default=3, help_text="How much earlier or later a value may be taken.")
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="route_is_walked_on_days_that_all_months_have",
                condition=Q(days__len__range=(1, 3), days__contained_by=list(range(1, DAY_MOST + 1))),
            ),
            models.CheckConstraint(
                name="route_has_a_schedule",
                condition=Q(every_months__range=(1, EVERY_MOST), window_days__range=(0, WINDOW_MOST)),
            ),
        ]


class RouteStop(models.Model):
    """A service point on the route; each is on one route at most. ``access_note`` says how to get to the meter."""

    route = models.ForeignKey("metering.ReadingRoute", on_delete=models.PROTECT, related_name="stops", db_index=False)
    place = models.IntegerField(help_text="In the order of the walk, from 1.")
    service_point = models.OneToOneField("metering.ServicePoint", on_delete=models.PROTECT, related_name="route_stop")
    key_note = models.CharField(max_length=NOTE_MOST, default="", blank=True, help_text="Which key opens the door.")
    access_note = models.CharField(max_length=NOTE_MOST, default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="place_on_a_route_is_taken_once", fields=["route", "place"], deferrable=Deferrable.DEFERRED
            ),
            models.CheckConstraint(name="place_on_a_route_is_positive", condition=Q(place__gt=0)),
        ]


class ReadingRound(models.Model):
    """A route walked once; values of the dates in ``period`` belong to it; the counts are written at its end."""

    route = models.ForeignKey("metering.ReadingRoute", on_delete=models.PROTECT, related_name="rounds")
    planned_date = models.DateField()
    period = DateRangeField(help_text="Local dates whose values belong to it, half-open.")
    state = Code(choices=choices_of(RoundState), default=RoundState.OPEN.value)
    registers = models.IntegerField(default=0)
    read = models.IntegerField(default=0)
    missed = models.IntegerField(default=0)
    opened_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True)
    actor_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="round_is_opened_once", fields=["route", "planned_date"]),
            no_overlap(name="value_belongs_to_one_round", owner="route_id"),
            one_of(name="round_state_is_known", column="state", values=RoundState),
            models.CheckConstraint(
                name="closed_round_has_a_time",
                condition=Q(state=RoundState.CLOSED.value, closed_at__isnull=False, registers=F("read") + F("missed"))
                | Q(state=RoundState.OPEN.value, closed_at=None),
            ),
        ]


class MissedRead(models.Model):
    """A counter that could not be read in a round, and why; gone once it is read."""

    round = models.ForeignKey("metering.ReadingRound", on_delete=models.PROTECT, related_name="misses", db_index=False)
    register = models.ForeignKey("metering.Register", on_delete=models.PROTECT, related_name="misses")
    reason = Code(choices=choices_of(MissReason))
    note = models.CharField(max_length=NOTE_MOST, default="", blank=True)
    at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="register_is_missed_once_a_round", fields=["round", "register"]),
            one_of(name="miss_reason_is_known", column="reason", values=MissReason),
        ]


class PhoneRead(models.Model):
    """
    What a phone sent of a counter of a round, once by its ``request_key``: a value, or why there is none.

    Where somebody stood is kept to a thousandth of a degree, only where they agreed, and only for some days.
    """

    request_key = models.CharField(max_length=64, unique=True)
    round = models.ForeignKey("metering.ReadingRound", on_delete=models.PROTECT, related_name="phone_reads")
    register = models.ForeignKey("metering.Register", on_delete=models.PROTECT, related_name="+", db_index=False)
    read_date = models.DateField()
    reading_wh = models.BigIntegerField(null=True, help_text="Before the multiplier; empty: missed. [Wh or varh]")
    reason = Code(choices=choices_of(MissReason), default="", blank=True)
    latitude_e3 = models.IntegerField(null=True, help_text="[10^-3 degrees north]")
    longitude_e3 = models.IntegerField(null=True, help_text="[10^-3 degrees east]")
    received_at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="phone_read_has_a_value_or_a_reason",
                # A comparison with an empty column lets a row pass, so each is asked for first.
                condition=Q(reading_wh__isnull=False, reading_wh__gte=0, reason="")
                | Q(reading_wh=None, reason__in=[one.value for one in MissReason]),
            ),
            models.CheckConstraint(
                name="position_of_a_phone_is_whole",
                condition=Q(latitude_e3=None, longitude_e3=None)
                | Q(
                    latitude_e3__isnull=False,
                    longitude_e3__isnull=False,
                    latitude_e3__range=(-90_000, 90_000),
                    longitude_e3__range=(-180_000, 180_000),
                ),
            ),
        ]
        indexes = [
            models.Index(name="positions_of_phones", fields=["received_at"], condition=Q(latitude_e3__isnull=False)),
        ]
