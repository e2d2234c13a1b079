"""Plans of instalments: which debts are paid in which parts, and what became of it."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from arrears.domain.plan_workflow import LIVE, PlanState, PlanWay
from cis.platform.fields import Code, choices_of, one_of


class InstalmentPlan(models.Model):
    """
    A schedule over debts of an account; the terms stand as the pack had them when it was made. [minor unit]

    made_date      late fees stop from here on, once it is accepted
    is_agreed      the customer has agreed already, as by telephone: once a second person agrees, it holds
    valid_until    an offer that is not accepted by then lapses
    mark           allocations behind it are money that came since the plan holds
    lowered_minor  by how much debts were owed no more when its parts were last laid over them
    """

    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="instalment_plans")
    customer = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, related_name="instalment_plans")
    serial = models.IntegerField(unique=True)
    state = Code(choices=choices_of(PlanState))
    way = Code(choices=choices_of(PlanWay))
    key = models.CharField(  # noqa: DJ001 (unique where there is one)
        max_length=100, null=True, unique=True, help_text="Name of the request; None: it has none."
    )
    total_minor = models.BigIntegerField()
    late_fee_minor = models.BigIntegerField(default=0, help_text="Of it what is to be charged when it is accepted.")
    grace_days = models.SmallIntegerField()
    remind_days = models.SmallIntegerField()
    new_bills = models.BooleanField()
    stops_late_fees = models.BooleanField()
    owes_late_fees = models.BooleanField(help_text="Those of the time of the plan, where it ends before all is paid.")
    is_agreed = models.BooleanField(default=False)
    made_date = models.DateField()
    valid_until = models.DateField()
    accepted_date = models.DateField(null=True)
    ended_date = models.DateField(null=True)
    end_reason = models.CharField(max_length=200, default="", blank=True)
    mark = models.BigIntegerField(default=0)
    lowered_minor = models.BigIntegerField(default=0)
    proposer_id = models.BigIntegerField(null=True)
    decider_id = models.BigIntegerField(null=True)
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            one_of(name="instalment_plan_state_is_known", column="state", values=PlanState),
            models.UniqueConstraint(
                name="account_has_one_live_plan", fields=["account"],
                condition=Q(state__in=[state.value for state in LIVE]),
            ),
            models.CheckConstraint(
                name="plan_is_agreed_by_two", condition=Q(decider_id=None) | ~Q(decider_id=F("proposer_id"))
            ),
            models.CheckConstraint(
                name="plan_that_holds_was_accepted",
                condition=~Q(state__in=["kept", "completed", "broken", "cancelled"]) | Q(accepted_date__isnull=False),
            ),
        ]  # fmt: skip
        indexes = [models.Index(name="instalment_plan_by_state", fields=["state", "account"])]


class PlanDebt(models.Model):
    """A debt that a plan covers, with what was open of it; its hold while the plan holds. [minor unit]"""

    plan = models.ForeignKey(InstalmentPlan, on_delete=models.PROTECT, related_name="debts")
    bill = models.ForeignKey("billing.Bill", on_delete=models.PROTECT, related_name="plan_debts", db_constraint=False)
    amount_minor = models.BigIntegerField()
    hold = models.OneToOneField("arrears.Hold", on_delete=models.PROTECT, null=True, related_name="plan_debt")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="plan_covers_a_bill_once", fields=["plan", "bill"]),
            models.CheckConstraint(name="plan_debt_is_an_amount", condition=Q(amount_minor__gt=0)),
        ]


class PlanPart(models.Model):
    """A part of a plan: what is to be paid by which day, and the number on its card. [minor unit]"""

    plan = models.ForeignKey(InstalmentPlan, on_delete=models.PROTECT, related_name="parts")
    seq = models.SmallIntegerField()
    due_date = models.DateField()
    amount_minor = models.BigIntegerField()
    code = Code(unique=True)
    reminded_date = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="part_of_a_plan_comes_once", fields=["plan", "seq"]),
            models.UniqueConstraint(name="plan_has_one_part_a_day", fields=["plan", "due_date"]),
            models.CheckConstraint(name="part_is_an_amount", condition=Q(amount_minor__gt=0)),
        ]
        indexes = [models.Index(name="parts_to_be_reminded", fields=["due_date"], condition=Q(reminded_date=None))]


class PlanMove(models.Model):
    """One move of a plan: who did what when, and why."""

    plan = models.ForeignKey(InstalmentPlan, on_delete=models.PROTECT, related_name="moves")
    action = Code()
    state = Code()
    at = models.DateTimeField(default=timezone.now)
    note = models.CharField(max_length=300, default="", blank=True)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, default="")
