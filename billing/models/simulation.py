"""
Simulations: what other prices would have made of months that were billed. Nothing here touches a bill.

Rows of a simulation are written by COPY and deleted with it; between them ``db_constraint=False``, as between bill and
line.
"""

from enum import StrEnum

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from cis.platform.fields import Code, choices_of, one_of


class SimulationState(StrEnum):
    """States of a simulation."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Simulation(models.Model):
    """
    One question: which supplies, which billed months, which prices in place of those that were in force.

    The steps of its distributions are found when it ends. [minor unit, 1/100 percent]
    """

    name = models.CharField(max_length=100)
    start_date = models.DateField(help_text="First day of the first billed month that is looked at.")
    end_date = models.DateField(help_text="First day after the last one.")
    cycle = models.ForeignKey("billing.BillCycle", on_delete=models.PROTECT, related_name="+", null=True)
    customer_kind = Code(default="", blank=True, help_text="Only customers of this kind; empty: all.")
    district = models.CharField(max_length=100, default="", blank=True, help_text="Only this area; empty: all.")
    state = Code(choices=choices_of(SimulationState), default=SimulationState.RUNNING.value)
    error = models.TextField(default="")
    money_step_minor = models.BigIntegerField(null=True)
    percent_step_e2 = models.BigIntegerField(null=True)
    actor_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            one_of(name="simulation_state_is_known", column="state", values=SimulationState),
            models.CheckConstraint(
                name="simulated_period_is_not_empty", condition=models.Q(end_date__gt=models.F("start_date"))
            ),
        ]


class SimulatedVersion(models.Model):
    """
    Which text stands in place of a tariff's versions.

    The text itself is kept, so that the result says for ever what it is of; the version it came from may be a draft
    that is thrown away.
    """

    simulation = models.ForeignKey("billing.Simulation", on_delete=models.CASCADE, related_name="versions")
    tariff = models.ForeignKey("tariffs.Tariff", on_delete=models.PROTECT, related_name="+", help_text="Replaced.")
    version = models.ForeignKey("tariffs.TariffVersion", on_delete=models.SET_NULL, related_name="+", null=True)
    source = models.TextField()
    sha256 = models.CharField(max_length=64, help_text="Hash of what the text says.")

    class Meta:
        constraints = [models.UniqueConstraint(name="tariff_replaced_once", fields=["simulation", "tariff"])]


class SimulationChunkState(StrEnum):
    """States of a part of a simulation."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


class SimulationChunk(models.Model):
    """Whole accounts of a simulation, about 2,000 agreements; claimed FOR UPDATE SKIP LOCKED."""

    simulation = models.ForeignKey("billing.Simulation", on_delete=models.CASCADE, related_name="chunks")
    account_ids = ArrayField(models.BigIntegerField())
    state = Code(choices=choices_of(SimulationChunkState), default=SimulationChunkState.WAITING.value)
    error = models.TextField(default="")

    class Meta:
        constraints = [
            one_of(name="simulation_chunk_state_is_known", column="state", values=SimulationChunkState),
        ]
        indexes = [models.Index(name="simulation_chunk_by_state", fields=["simulation", "state", "id"])]


class SimulatedSupply(models.Model):
    """What one agreement was billed over the months looked at, and what it would have been."""

    pk = models.CompositePrimaryKey("simulation_id", "agreement_id")
    simulation = models.ForeignKey(
        "billing.Simulation", on_delete=models.CASCADE, related_name="supplies", db_constraint=False, db_index=False
    )
    agreement = models.ForeignKey(
        "contracts.ServiceAgreement", on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    account = models.ForeignKey(
        "accounts.Account", on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    tariff_id = models.BigIntegerField()
    customer_kind = Code(default="")
    district = models.CharField(max_length=100, default="")
    months = models.SmallIntegerField()
    used_wh = models.BigIntegerField()
    old_minor = models.BigIntegerField()
    new_minor = models.BigIntegerField(help_text="0 where it was not simulated.")
    reason = Code(max_length=60, default="", help_text="Why it was not simulated; empty: it was.")
    message = models.TextField(default="")


class _Sums(models.Model):
    """What some supplies were billed and what they would have been; losers are those who would have paid more."""

    supplies = models.IntegerField()
    used_wh = models.BigIntegerField()
    old_minor = models.BigIntegerField()
    new_minor = models.BigIntegerField()
    losers = models.IntegerField()
    lost_minor = models.BigIntegerField()
    winners = models.IntegerField()
    won_minor = models.BigIntegerField()

    class Meta:
        abstract = True


class SimulatedMonth(_Sums):
    """What the simulated supplies of one chunk were billed of one month, and what it would have been."""

    pk = models.CompositePrimaryKey("chunk_id", "month")
    simulation = models.ForeignKey(
        "billing.Simulation", on_delete=models.CASCADE, related_name="months", db_constraint=False
    )
    chunk = models.ForeignKey(
        "billing.SimulationChunk", on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    month = models.DateField()


class GroupedBy(StrEnum):
    """By what the supplies of a simulation are put together; REASON holds those that were not simulated."""

    ALL = "all"
    MONTH = "month"
    CLASS = "class"
    KIND = "kind"
    AREA = "area"
    TARIFF = "tariff"
    DECILE = "decile"
    MONEY = "money"
    PERCENT = "percent"
    REASON = "reason"


class SimulationGroup(_Sums):
    """Sums of one group, made when the simulation ends; ``place`` is their order on a page."""

    simulation = models.ForeignKey(
        "billing.Simulation", on_delete=models.CASCADE, related_name="groups", db_constraint=False
    )
    by = Code(choices=choices_of(GroupedBy))
    place = models.IntegerField()
    key = models.CharField(max_length=100, help_text="Month, kind, area, tariff id, tenth, bin or reason.")

    class Meta:
        constraints = [
            one_of(name="simulation_group_is_known", column="by", values=GroupedBy),
            models.UniqueConstraint(name="simulation_group_kept_once", fields=["simulation", "by", "place"]),
        ]
