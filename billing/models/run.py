"""Groups of accounts that are billed together, and the executions of that."""

from enum import StrEnum

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from billing.domain.workflow import ACTIVE, RunState
from cis.platform.fields import Code, choices_of, one_of


class BillCycle(models.Model):
    """A group of accounts that is billed on the same day of the month for the month before."""

    code = models.CharField(max_length=20, unique=True)
    name_zh = models.CharField(max_length=100)
    name_en = models.CharField(max_length=100)
    run_day = models.SmallIntegerField(default=1, help_text="Day of the month on which the night run bills it.")
    is_unattended = models.BooleanField(default=True, help_text="The night run opens, rates and issues it.")

    class Meta:
        constraints = [
            models.CheckConstraint(name="run_day_is_in_each_month", condition=models.Q(run_day__range=(1, 28)))
        ]


class CycleMember(models.Model):
    """Which cycle bills an account."""

    account = models.OneToOneField(
        "accounts.Account", on_delete=models.PROTECT, primary_key=True, related_name="cycle_member"
    )
    cycle = models.ForeignKey("billing.BillCycle", on_delete=models.PROTECT, related_name="members")


class BillRun(models.Model):
    """
    One execution: scope, period and tariff versions are fixed when it opens, so that each chunk sees the same.

    A run may be repeated: it bills what is expected minus what exists.
    """

    cycle = models.ForeignKey("billing.BillCycle", on_delete=models.PROTECT, related_name="runs", null=True)
    start_date = models.DateField(help_text="First day billed.")
    end_date = models.DateField(help_text="First day not billed.")
    as_of_date = models.DateField(help_text="What was known on this day is billed; also the issue date.")
    tariff_version_ids = ArrayField(models.BigIntegerField(), default=list)
    state = Code(choices=choices_of(RunState), default=RunState.OPEN.value)
    is_unattended = models.BooleanField(default=False, help_text="Issues by itself what is within bounds.")
    is_shadow = models.BooleanField(default=False, db_default=False, help_text="Rates to compare; makes no bill.")
    promotes = models.OneToOneField(
        "self",
        on_delete=models.PROTECT,
        null=True,
        related_name="promoted_by",
        help_text="The shadow run whose approved results this run bills, and nothing else.",
    )
    opened_at = models.DateTimeField(default=timezone.now)
    approved_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    actor_id = models.BigIntegerField(null=True)
    approver_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            one_of(name="run_state_is_known", column="state", values=RunState),
            models.CheckConstraint(
                name="run_period_is_not_empty", condition=models.Q(end_date__gt=models.F("start_date"))
            ),
            models.UniqueConstraint(
                name="one_open_run_per_cycle",
                fields=["cycle", "is_shadow"],
                condition=models.Q(state__in=[str(state) for state in ACTIVE]),
            ),
            models.CheckConstraint(
                name="a_shadow_run_promotes_none", condition=models.Q(is_shadow=False) | models.Q(promotes__isnull=True)
            ),
        ]


class ChunkState(StrEnum):
    """
    States of a chunk of a run.

    FAILED: all parts of it that were tried failed, so no single account is to blame; it has no drafts and waits for a
    person who mends the cause and retries.
    """

    WAITING = "waiting"
    RATED = "rated"
    ISSUED = "issued"
    SPLIT = "split"
    FAILED = "failed"


class RunChunk(models.Model):
    """Whole accounts of a run, about 2,000 agreements; claimed FOR UPDATE SKIP LOCKED, done in one transaction."""

    run = models.ForeignKey("billing.BillRun", on_delete=models.PROTECT, related_name="chunks")
    account_ids = ArrayField(models.BigIntegerField())
    state = Code(choices=choices_of(ChunkState), default=ChunkState.WAITING.value)
    root = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="pieces", help_text="Chunk that it was split from."
    )
    attempts = models.SmallIntegerField(
        default=0, help_text="Of a whole chunk: failures of it and its pieces since one of them succeeded."
    )
    error = models.TextField(default="")
    bills = models.IntegerField(default=0)
    held = models.IntegerField(default=0)
    unchanged = models.IntegerField(default=0, help_text="Accounts for which nothing was left to bill.")
    amount_minor = models.BigIntegerField(default=0)
    energy_wh = models.BigIntegerField(default=0)
    rated_at = models.DateTimeField(null=True)
    issued_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [one_of(name="chunk_state_is_known", column="state", values=ChunkState)]
        indexes = [models.Index(name="chunk_by_state", fields=["run", "state", "id"])]


class HeldState(StrEnum):
    """What became of a held account."""

    OPEN = "open"
    RELEASED = "released"
    DROPPED = "dropped"
    RETRIED = "retried"


class HeldBill(models.Model):
    """
    An account that a run did not finish by itself, with the reason.

    With a bill: a draft out of bounds, to be released or dropped. Without: nothing could be rated (missing price,
    missing read, error), to be retried once mended.

    An account is held once for a period: the run that rates the period anew takes over what an earlier one held of it
    (``docs/decisions/0015``).
    """

    run = models.ForeignKey("billing.BillRun", on_delete=models.PROTECT, related_name="held_bills")
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="held_bills")
    start_date = models.DateField(help_text="First day of the run's period.")
    end_date = models.DateField()
    bill = models.ForeignKey("billing.Bill", on_delete=models.SET_NULL, null=True, db_constraint=False)
    code = Code(max_length=60)
    message = models.TextField()
    advice = models.TextField(default="")
    state = Code(choices=choices_of(HeldState), default=HeldState.OPEN.value)
    created_at = models.DateTimeField(default=timezone.now)
    resolved_at = models.DateTimeField(null=True)
    resolver_id = models.BigIntegerField(null=True)
    taken_over_by = models.ForeignKey(
        "billing.BillRun",
        on_delete=models.PROTECT,
        null=True,
        related_name="taken_over",
        help_text="The later run that rated the account's period anew.",
    )

    class Meta:
        constraints = [
            one_of(name="held_state_is_known", column="state", values=HeldState),
            models.UniqueConstraint(
                name="account_is_held_once_a_period",
                fields=["account", "start_date", "end_date"],
                condition=models.Q(state="open"),
            ),
        ]
