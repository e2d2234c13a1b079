"""Commands to meters, what came of them, and the meters of the sandbox head end."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from cis.platform.fields import Code, choices_of, one_of
from metering.domain.device_commands import UNDER_WAY, AnswerKind, Command, CommandState
from metering.domain.sandbox_meters import Behaviour

_SWITCHING = [Command.SWITCH_ON.value, Command.SWITCH_OFF.value]
_UNDER_WAY = [state.value for state in UNDER_WAY]
_LIMITS = Q(command=Command.DEMAND_LIMIT.value)


class DeviceCommand(models.Model):
    """
    A command to a meter, ordered by a case.

    ``subject`` and ``subject_id`` name the case. ``attempts`` counts how often it was handed to the head end. Limits of
    demand may follow each other while they are under way: the one that was ordered last holds.
    """

    meter = models.ForeignKey("metering.Meter", on_delete=models.PROTECT, related_name="commands")
    command = Code(choices=choices_of(Command))
    value_w = models.BigIntegerField(null=True, help_text="Limit of demand; empty: it is lifted. [W]")
    value_until = models.DateTimeField(null=True, help_text="When the limit ends by itself; empty: when it is lifted.")
    state = Code(choices=choices_of(CommandState), default=CommandState.QUEUED.value)
    subject = Code()
    subject_id = models.BigIntegerField()
    ordered_at = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(help_text="What has no result by then has timed out.")
    attempts = models.IntegerField(default=0)
    sent_at = models.DateTimeField(null=True, help_text="When it was handed over last.")
    acknowledged_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True, help_text="When its last state began: result, time-out or cancelling.")
    reason = models.CharField(max_length=200, default="", blank=True, help_text="Why it was refused or cancelled.")
    repeats = models.IntegerField(default=0, help_text="Answers that came once more, or against a known result.")
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, default="")

    class Meta:
        constraints = [
            one_of(name="command_is_known", column="command", values=Command),
            one_of(name="command_state_is_known", column="state", values=CommandState),
            models.UniqueConstraint(
                name="meter_switches_once_at_a_time",
                fields=["meter"],
                condition=Q(command__in=_SWITCHING, state__in=_UNDER_WAY),
            ),
            models.UniqueConstraint(
                name="command_is_ordered_once_by_a_case",
                fields=["meter", "command", "subject", "subject_id"],
                condition=Q(state__in=_UNDER_WAY) & ~_LIMITS,
            ),
            models.CheckConstraint(
                name="only_limits_have_values",
                condition=Q(value_until=None, value_w=None) | (_LIMITS & Q(value_w__gt=0)),
            ),
            models.CheckConstraint(
                name="command_that_was_cancelled_was_never_sent",
                condition=~Q(state=CommandState.CANCELLED.value) | Q(sent_at=None),
            ),
        ]
        indexes = [
            models.Index(name="command_by_state", fields=["state", "until"]),
            models.Index(name="command_of_a_case", fields=["subject", "subject_id"]),
        ]


class CommandReading(models.Model):
    """What a register showed when the meter was asked. [Wh, varh or W, before the multiplier]"""

    command = models.ForeignKey("metering.DeviceCommand", on_delete=models.PROTECT, related_name="readings")
    register = models.ForeignKey("metering.Register", on_delete=models.PROTECT, related_name="+")
    reading_wh = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="register_is_read_once_a_command", fields=["command", "register"]),
        ]


class SandboxMeter(models.Model):
    """How a meter of the sandbox head end behaves, and whether it lets energy through."""

    serial = models.CharField(max_length=40, unique=True)
    behaviour = Code(choices=choices_of(Behaviour), default=Behaviour.OBEYS.value)
    delay_seconds = models.IntegerField(default=0, help_text="Between acknowledgement and result.")
    load_w = models.IntegerField(default=0, help_text="What its counters go on counting with while it is on.")
    is_on = models.BooleanField(default=False)
    limit_w = models.BigIntegerField(null=True, help_text="Limit of demand it keeps; empty: none. [W]")
    limit_until = models.DateTimeField(null=True, help_text="When it lifts the limit by itself.")
    synced_at = models.DateTimeField(null=True, help_text="When its clock was set last.")

    class Meta:
        constraints = [one_of(name="sandbox_behaviour_is_known", column="behaviour", values=Behaviour)]


class SandboxAnswer(models.Model):
    """An answer that the sandbox head end gives from ``due_at`` on, until it is confirmed."""

    reference = models.CharField(max_length=80)
    serial = models.CharField(max_length=40)
    command = Code(choices=choices_of(Command))
    kind = Code(choices=choices_of(AnswerKind))
    place = models.SmallIntegerField(help_text="Among the answers to the command.")
    due_at = models.DateTimeField()
    reason = models.CharField(max_length=200, default="", blank=True)
    is_confirmed = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="sandbox_answers_once_a_place", fields=["reference", "place"]),
        ]
        indexes = [models.Index(name="sandbox_answers_due", fields=["due_at"], condition=Q(is_confirmed=False))]
