"""Outages: where it is or will be dark, for whom, who reported it, and what was said of it."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from cis.platform.fields import Code, choices_of, one_of
from metering.domain.network import Asset
from metering.domain.outages import (
    OPEN,
    Answer,
    Area,
    Cause,
    FaultChannel,
    FaultKind,
    OutageAction,
    OutageState,
    Scope,
)
from metering.domain.planned_outages import Notice, PlanState

_OPEN = [state.value for state in OPEN]


class PlannedOutage(models.Model):
    """
    A transformer or feeder that is to be switched off.

    ``mailing_id`` is the notice to those who live there, ``told_id`` the latest word to the same people: that it is
    moved or does not take place.
    """

    asset = Code(choices=choices_of(Asset))
    transformer = models.ForeignKey("metering.Transformer", on_delete=models.PROTECT, null=True, related_name="+")
    feeder = models.ForeignKey("metering.Feeder", on_delete=models.PROTECT, null=True, related_name="+")
    state = Code(choices=choices_of(PlanState), default=PlanState.PROPOSED.value)
    notice = Code(choices=choices_of(Notice))
    start_at = models.DateTimeField()
    end_at = models.DateTimeField()
    work = models.CharField(max_length=200)
    reason = models.CharField(max_length=300, default="", blank=True, help_text="Why it could not wait.")
    supplies = models.IntegerField(help_text="That will be dark, as of the network when it was proposed.")
    mailing_id = models.BigIntegerField(null=True, help_text="Empty: nobody lives there.")
    told_id = models.BigIntegerField(null=True)
    made_at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, default="")
    announced_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            one_of(name="planned_outage_state_is_known", column="state", values=PlanState),
            one_of(name="planned_outage_notice_is_known", column="notice", values=Notice),
            models.CheckConstraint(name="planned_outage_ends_after_it_began", condition=Q(end_at__gt=F("start_at"))),
            models.CheckConstraint(
                name="planned_outage_is_of_one_asset",
                condition=Q(asset=Asset.TRANSFORMER.value, transformer__isnull=False, feeder=None)
                | Q(asset=Asset.FEEDER.value, transformer=None, feeder__isnull=False),
            ),
        ]
        indexes = [models.Index(name="planned_outage_by_time", fields=["state", "start_at"])]


class PlannedOutageMove(models.Model):
    """What was done with a planned outage, and the time that it then had."""

    plan = models.ForeignKey("metering.PlannedOutage", on_delete=models.PROTECT, related_name="moves")
    at = models.DateTimeField(default=timezone.now)
    action = Code()
    start_at = models.DateTimeField()
    end_at = models.DateTimeField()
    note = models.CharField(max_length=500, default="", blank=True)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, default="")


class Outage(models.Model):
    """
    Where it is dark.

    It names what is dark by its scope: a transformer, a feeder, a supply, or a place in words. ``is_kept`` says that a
    person laid it out, so reports do not widen it or join it with others. ``joined_to`` is where it goes on.
    """

    scope = Code(choices=choices_of(Scope))
    state = Code(choices=choices_of(OutageState), default=OutageState.SUPPOSED.value)
    cause = Code(choices=choices_of(Cause), default=Cause.UNKNOWN.value)
    area = Code(choices=choices_of(Area), default=Area.CITY.value)
    feeder = models.ForeignKey("metering.Feeder", on_delete=models.PROTECT, null=True, related_name="outages")
    transformer = models.ForeignKey("metering.Transformer", on_delete=models.PROTECT, null=True, related_name="outages")
    service_point = models.ForeignKey(
        "metering.ServicePoint", on_delete=models.PROTECT, null=True, related_name="outages"
    )
    plan = models.ForeignKey("metering.PlannedOutage", on_delete=models.PROTECT, null=True, related_name="outages")
    joined_to = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="joined")
    address = models.CharField(max_length=300, default="", blank=True)
    district = models.CharField(max_length=100, default="", blank=True)
    is_dangerous = models.BooleanField(default=False)
    is_kept = models.BooleanField(default=False)
    began_at = models.DateTimeField()
    found_at = models.DateTimeField(default=timezone.now, help_text="When the supplier heard of it.")
    expected_back_at = models.DateTimeField(null=True)
    restored_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=500, default="", blank=True)

    class Meta:
        constraints = [
            one_of(name="outage_scope_is_known", column="scope", values=Scope),
            one_of(name="outage_state_is_known", column="state", values=OutageState),
            one_of(name="outage_cause_is_known", column="cause", values=Cause),
            models.CheckConstraint(
                name="outage_names_what_is_dark",
                condition=Q(scope=Scope.FEEDER.value, feeder__isnull=False)
                | Q(scope=Scope.TRANSFORMER.value, transformer__isnull=False)
                | Q(scope=Scope.SINGLE.value, service_point__isnull=False)
                | (Q(scope=Scope.PLACE.value) & ~Q(address="")),
            ),
            models.CheckConstraint(
                name="restored_outage_says_when",
                condition=Q(state=OutageState.RESTORED.value, restored_at__gte=F("began_at"))
                | (~Q(state=OutageState.RESTORED.value) & Q(restored_at=None)),
            ),
        ]
        indexes = [
            models.Index(name="outage_open", fields=["feeder", "id"], condition=Q(state__in=_OPEN)),
            models.Index(name="outage_by_time", fields=["state", "began_at"]),
        ]


class OutageSupply(models.Model):
    """
    A time at which a supply was dark by an outage; it is dark by one at a time.

    One that had current again, while the rest of the outage went on, may be dark by it once more.
    """

    outage = models.ForeignKey("metering.Outage", on_delete=models.PROTECT, related_name="supplies")
    service_point = models.ForeignKey(
        "metering.ServicePoint", on_delete=models.PROTECT, related_name="dark_times", db_index=False
    )
    off_at = models.DateTimeField()
    back_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="supply_is_dark_once", fields=["service_point"], condition=Q(back_at=None)),
            models.CheckConstraint(
                name="supply_comes_back_after_it_went", condition=Q(back_at=None) | Q(back_at__gte=F("off_at"))
            ),
        ]
        indexes = [models.Index(name="dark_times_of_supply", fields=["service_point", "off_at"])]


class OutageExpectation(models.Model):
    """When current was said to flow again; each is told to all who are dark once."""

    outage = models.ForeignKey("metering.Outage", on_delete=models.PROTECT, related_name="expectations")
    expected_back_at = models.DateTimeField()
    said_at = models.DateTimeField(default=timezone.now)
    note = models.CharField(max_length=500, default="", blank=True)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, default="")


class OutageMove(models.Model):
    """One step of an outage."""

    outage = models.ForeignKey("metering.Outage", on_delete=models.PROTECT, related_name="moves")
    at = models.DateTimeField(default=timezone.now)
    action = Code(choices=choices_of(OutageAction))
    to_state = Code(choices=choices_of(OutageState))
    note = models.CharField(max_length=500, default="", blank=True)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, default="")

    class Meta:
        constraints = [one_of(name="outage_action_is_known", column="action", values=OutageAction)]


class FaultReport(models.Model):
    """What somebody reported, and what they were told; ``outage`` is where it belongs now."""

    outage = models.ForeignKey("metering.Outage", on_delete=models.PROTECT, null=True, related_name="reports")
    plan = models.ForeignKey("metering.PlannedOutage", on_delete=models.PROTECT, null=True, related_name="+")
    kind = Code(choices=choices_of(FaultKind))
    channel = Code(choices=choices_of(FaultChannel))
    answer = Code(choices=choices_of(Answer))
    service_point = models.ForeignKey(
        "metering.ServicePoint", on_delete=models.PROTECT, null=True, related_name="fault_reports"
    )
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, null=True, related_name="fault_reports")
    address = models.CharField(max_length=300)
    name = models.CharField(max_length=100, default="", blank=True)
    phone = models.CharField(max_length=40, default="", blank=True)
    note = models.CharField(max_length=500, default="", blank=True)
    reported_at = models.DateTimeField(default=timezone.now)
    request_key = models.CharField(max_length=64, default="", blank=True)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, default="")

    class Meta:
        constraints = [
            one_of(name="fault_kind_is_known", column="kind", values=FaultKind),
            one_of(name="fault_channel_is_known", column="channel", values=FaultChannel),
            one_of(name="fault_answer_is_known", column="answer", values=Answer),
            models.UniqueConstraint(
                name="fault_is_reported_once", fields=["request_key"], condition=~Q(request_key="")
            ),
        ]
        indexes = [models.Index(name="fault_by_time", fields=["reported_at"])]
