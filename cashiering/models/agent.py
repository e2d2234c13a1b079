"""Agents that collect for us: what they took, what they handed over, and their lists against ours."""

from django.db import models
from django.utils import timezone

from cashiering.domain.agents import DifferenceKind, Verdict
from cis.platform.fields import Code, choices_of, one_of


class Agent(models.Model):
    """
    A shop or the runner of kiosks that takes money for us.

    client_id    the program that it reports with (platform.ApiKey)
    limit_minor  what it may hold of our money at most [minor unit]
    held_minor   taken and not handed over yet; the row is locked while it changes [minor unit]
    """

    code = Code(unique=True)
    name = models.CharField(max_length=100)
    client_id = models.BigIntegerField(unique=True)
    limit_minor = models.BigIntegerField()
    held_minor = models.BigIntegerField(default=0)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(name="agent_limit_is_not_negative", condition=models.Q(limit_minor__gte=0)),
            models.CheckConstraint(name="agent_holds_no_less_than_nothing", condition=models.Q(held_minor__gte=0)),
        ]


class AgentPayment(models.Model):
    """A payment that an agent took; its reference counts once for the agent."""

    agent = models.ForeignKey("cashiering.Agent", on_delete=models.PROTECT, related_name="payments")
    reference = models.CharField(max_length=60)
    payment = models.OneToOneField("billing.Payment", on_delete=models.PROTECT, related_name="agent_payment")
    amount_minor = models.BigIntegerField()
    taken_date = models.DateField()
    taken_at = models.DateTimeField(default=timezone.now)
    cancelled_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200, default="", help_text="Why it was cancelled.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="agent_reference_counts_once",
                fields=["agent", "reference"],
                condition=models.Q(cancelled_at__isnull=True),
            ),
        ]
        indexes = [models.Index(name="agent_payment_by_day", fields=["agent", "taken_date"])]


class HandOver(models.Model):
    """
    Money that an agent handed over: cash at a till, or by the bank.

    movement, line    where it came in: one of them
    commission_minor  what the agent got for it, before commission was reckoned by day [minor unit]
    """

    agent = models.ForeignKey("cashiering.Agent", on_delete=models.PROTECT, related_name="hand_overs")
    movement = models.OneToOneField(
        "cashiering.CashMovement", on_delete=models.PROTECT, null=True, related_name="hand_over"
    )
    line = models.OneToOneField(
        "cashiering.StatementLine", on_delete=models.PROTECT, null=True, related_name="hand_over"
    )
    amount_minor = models.BigIntegerField()
    commission_minor = models.BigIntegerField(default=0)
    handed_date = models.DateField()
    created_at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="hand_over_is_positive", condition=models.Q(amount_minor__gt=0)),
            models.CheckConstraint(
                name="hand_over_came_in_once",
                condition=models.Q(movement__isnull=True, line__isnull=False)
                | models.Q(movement__isnull=False, line__isnull=True),
            ),
        ]


class AgentTerms(models.Model):
    """What an agent gets from a day on; the latest that has begun holds. [1/1000 per mille, minor unit]"""

    agent = models.ForeignKey("cashiering.Agent", on_delete=models.PROTECT, related_name="terms")
    from_date = models.DateField()
    per_mille_e3 = models.IntegerField()
    per_receipt_minor = models.BigIntegerField()
    created_at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="agent_terms_begin_once_a_day", fields=["agent", "from_date"]),
            models.CheckConstraint(
                name="agent_terms_are_not_negative",
                condition=models.Q(per_mille_e3__gte=0, per_receipt_minor__gte=0),
            ),
        ]


class AgentCommission(models.Model):
    """
    Commission for what an agent took on a day, as it was posted; rows of a day add up to what it gets for it.

    A first row has the whole day, later ones what changed since: a receipt that was reversed takes its part back.
    """

    agent = models.ForeignKey("cashiering.Agent", on_delete=models.PROTECT, related_name="commissions")
    day = models.DateField()
    receipts = models.IntegerField()
    taken_minor = models.BigIntegerField()
    amount_minor = models.BigIntegerField()
    posted_date = models.DateField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(name="agent_commission_by_day", fields=["agent", "day"])]


class CommissionKept(models.Model):
    """Commission that an agent kept of our money which it held, once a month at most. [minor unit]"""

    agent = models.ForeignKey("cashiering.Agent", on_delete=models.PROTECT, related_name="kept")
    month = models.DateField(help_text="First day of the month whose statement it settles.")
    amount_minor = models.BigIntegerField()
    kept_date = models.DateField()
    created_at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="commission_is_kept_once_a_month", fields=["agent", "month"]),
            models.CheckConstraint(name="kept_commission_is_money", condition=models.Q(amount_minor__gt=0)),
        ]


class AgentDay(models.Model):
    """An agent's own list of what it took on a day; a new list takes the place of one on which nobody decided yet."""

    agent = models.ForeignKey("cashiering.Agent", on_delete=models.PROTECT, related_name="days")
    day = models.DateField()
    sha256 = models.CharField(max_length=64)
    document_id = models.BigIntegerField(help_text="platform.Document")
    line_count = models.IntegerField()
    total_minor = models.BigIntegerField()
    taken_at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="agent_lists_a_day_once", fields=["agent", "day"])]


class AgentLine(models.Model):
    """A payment on an agent's list."""

    day = models.ForeignKey("cashiering.AgentDay", on_delete=models.CASCADE, related_name="lines")
    reference = models.CharField(max_length=60)
    account_number = models.CharField(max_length=20)
    amount_minor = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(name="agent_line_stands_once", fields=["day", "reference"])]
        indexes = [models.Index(name="agent_line_by_reference", fields=["reference"])]


class AgentDifference(models.Model):
    """Where an agent's list and ours differ, and what a person decided. Amounts None: not on that list."""

    day = models.ForeignKey("cashiering.AgentDay", on_delete=models.PROTECT, related_name="differences")
    kind = Code(choices=choices_of(DifferenceKind))
    reference = models.CharField(max_length=60)
    our_account_number = models.CharField(max_length=20, default="")
    our_minor = models.BigIntegerField(null=True)
    their_account_number = models.CharField(max_length=20, default="")
    their_minor = models.BigIntegerField(null=True)
    verdict = Code(choices=choices_of(Verdict), default="")
    reason = models.CharField(max_length=200, default="")
    decided_at = models.DateTimeField(null=True)
    actor_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            one_of(name="agent_difference_kind_is_known", column="kind", values=DifferenceKind),
            models.UniqueConstraint(name="agent_difference_stands_once", fields=["day", "reference"]),
        ]
