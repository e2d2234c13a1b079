"""Events of demand response: who was called, what each delivered against which days, and what that was worth."""

from django.db import models
from django.utils import timezone

from cis.platform.fields import Code, choices_of, one_of
from contracts.domain.demand_response import EventSource, EventState, LimitState, PartState

_MEASURED = (PartState.SETTLED.value, PartState.TAKEN_BACK.value)


class DemandEvent(models.Model):
    """Hours in which those who joined a programme save energy."""

    program = models.ForeignKey("contracts.Program", on_delete=models.PROTECT, related_name="events")
    feeder = models.ForeignKey(
        "metering.Feeder", on_delete=models.PROTECT, null=True, related_name="+", help_text="Empty: everywhere."
    )
    state = Code(choices=choices_of(EventState), default=EventState.PLANNED.value)
    source = Code(choices=choices_of(EventSource), default=EventSource.PERSON.value)
    forecast = models.ForeignKey(
        "metering.LoadForecast", on_delete=models.PROTECT, null=True, db_index=False, related_name="+",
        help_text="Of the load that whoever planned it looked at.",
    )  # fmt: skip
    start_at = models.DateTimeField(help_text="A whole hour, as the end.")
    end_at = models.DateTimeField()
    target_w = models.BigIntegerField(help_text="What is hoped for of all together. [W]")
    key = models.CharField(max_length=100, unique=True, help_text="The same key twice is one event.")
    planned_at = models.DateTimeField(default=timezone.now)
    planner_id = models.BigIntegerField(null=True)
    decider_id = models.BigIntegerField(null=True, help_text="Who let it go, never who planned it.")
    announced_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    called_off_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200, default="", blank=True, help_text="Why it was called off.")

    class Meta:
        constraints = [
            one_of(name="demand_event_state_is_known", column="state", values=EventState),
            one_of(name="demand_event_source_is_known", column="source", values=EventSource),
            models.CheckConstraint(
                name="demand_event_from_a_forecast_names_it",
                condition=models.Q(source=EventSource.FORECAST.value, forecast__isnull=False)
                | models.Q(source=EventSource.PERSON.value, forecast=None),
            ),
            models.CheckConstraint(
                name="demand_event_ends_after_it_begins", condition=models.Q(end_at__gt=models.F("start_at"))
            ),
            models.CheckConstraint(
                name="nobody_announces_their_own_event",
                condition=models.Q(announced_at=None)
                | models.Q(decider_id__isnull=False, planner_id__isnull=False)
                & ~models.Q(decider_id=models.F("planner_id")),
            ),
        ]
        indexes = [models.Index(name="demand_event_by_state", fields=["state", "start_at"])]


class EventPart(models.Model):
    """Somebody who was called: what became of the limit, what was measured, and the note that credits it."""

    event = models.ForeignKey("contracts.DemandEvent", on_delete=models.PROTECT, related_name="parts")
    enrollment = models.ForeignKey("contracts.Enrollment", on_delete=models.PROTECT, related_name="event_parts")
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="+")
    service_point = models.ForeignKey("metering.ServicePoint", on_delete=models.PROTECT, related_name="+")
    state = Code(choices=choices_of(PartState), default=PartState.CALLED.value)
    opted_out_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True, help_text="When its device said that it heard of it.")
    limit_state = Code(choices=choices_of(LimitState), default="", blank=True, help_text="Empty: not dispatched yet.")
    command_id = models.BigIntegerField(null=True, help_text="Command to the meter.")
    gap = models.CharField(max_length=60, default="", blank=True, help_text="Why it could not be measured yet.")
    factor_e6 = models.IntegerField(null=True, help_text="Adjustment by the hours before. [10^-6]")
    before_wh = models.BigIntegerField(null=True, help_text="Used in the hours before the event. [Wh]")
    baseline_wh = models.BigIntegerField(null=True, help_text="[Wh]")
    actual_wh = models.BigIntegerField(null=True, help_text="[Wh]")
    delivered_wh = models.BigIntegerField(null=True, help_text="[Wh]")
    delivered_w = models.BigIntegerField(null=True, help_text="Mean over the event. [W]")
    credit_minor = models.BigIntegerField(null=True, help_text="What it is worth, with its tax.")
    note_id = models.BigIntegerField(null=True, help_text="Note that credits it; empty: nothing was delivered.")
    turn = models.SmallIntegerField(default=0, help_text="How often it was settled.")
    settled_at = models.DateTimeField(null=True)
    settler_id = models.BigIntegerField(null=True, help_text="Empty: the night settled it.")
    taken_back_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200, default="", blank=True, help_text="Why it was taken back.")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="an_account_takes_part_once", fields=["event", "account"]),
            one_of(name="event_part_state_is_known", column="state", values=PartState),
            models.CheckConstraint(
                name="event_part_limit_is_known",
                condition=models.Q(limit_state__in=["", *(one.value for one in LimitState)]),
            ),
            models.CheckConstraint(
                name="what_is_settled_was_measured",
                condition=~models.Q(state__in=_MEASURED)
                | models.Q(
                    factor_e6__isnull=False, baseline_wh__isnull=False, actual_wh__isnull=False,
                    delivered_wh__gte=0, delivered_w__gte=0, credit_minor__gte=0, settled_at__isnull=False,
                ),
            ),
        ]  # fmt: skip
        indexes = [models.Index(name="event_part_by_enrollment", fields=["enrollment", "state"])]


class BaselineDay(models.Model):
    """A similar day of a settled part: the energy of the event's hours and of those before them on that day."""

    part = models.ForeignKey("contracts.EventPart", on_delete=models.PROTECT, related_name="days", db_index=False)
    day = models.DateField()
    event_wh = models.BigIntegerField(help_text="[Wh]")
    before_wh = models.BigIntegerField(help_text="[Wh]")
    is_highest = models.BooleanField(help_text="It is one of those whose mean the baseline is.")

    class Meta:
        constraints = [models.UniqueConstraint(name="a_day_counts_once", fields=["part", "day"])]


class EventHour(models.Model):
    """One hour of a settled part: what was expected and what was used, for its chart."""

    part = models.ForeignKey("contracts.EventPart", on_delete=models.PROTECT, related_name="hours", db_index=False)
    hour = models.SmallIntegerField(help_text="Counted from the start of the event, from 0.")
    baseline_wh = models.BigIntegerField(help_text="Rounded; the sum of the part is exact. [Wh]")
    actual_wh = models.BigIntegerField(help_text="[Wh]")

    class Meta:
        constraints = [models.UniqueConstraint(name="an_hour_counts_once", fields=["part", "hour"])]
