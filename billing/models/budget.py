"""Budget plans: a level amount in the place of bills, the bills that it stood in for, and what squared the two."""

from django.db import models
from django.utils import timezone

from billing.domain.budgets import EndReason, LevelReason, PlanState, SettlementKind, SettlementState
from cis.platform.fields import Code, choices_of, one_of


class BudgetPlan(models.Model):
    """
    A customer pays a level amount; one plan of an account at a time.

    from_date   first month whose bill is levelled
    year_date   first day of the present year of the plan
    terms       what was accepted, as it was shown, in both languages
    """

    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="budget_plans")
    state = Code(choices=choices_of(PlanState), default=PlanState.ACTIVE.value)
    from_date = models.DateField()
    year_date = models.DateField()
    accepted_date = models.DateField()
    door = Code(help_text="Where it was accepted: desk, portal, api.")
    terms = models.TextField()
    key = models.CharField(max_length=100, unique=True, help_text="The same key twice is one plan.")
    accepter_id = models.BigIntegerField(null=True)
    ended_date = models.DateField(null=True)
    end_reason = Code(choices=choices_of(EndReason), default="", blank=True)
    ender_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            one_of(name="budget_plan_state_is_known", column="state", values=PlanState),
            models.CheckConstraint(
                name="budget_plan_ends_for_a_reason",
                condition=models.Q(state=PlanState.ACTIVE.value, ended_date=None, end_reason="")
                | models.Q(
                    state=PlanState.ENDED.value,
                    ended_date__isnull=False,
                    end_reason__in=[one.value for one in EndReason],
                ),
            ),
            models.UniqueConstraint(
                name="account_has_one_budget_plan",
                fields=["account"],
                condition=models.Q(state=PlanState.ACTIVE.value),
            ),
        ]


class BudgetLevel(models.Model):
    """
    A level amount as it was worked out; it holds from a month on until the next one.

    due_date      for which day it was worked out: once for each
    before_minor  the amount that held; a review that changes nothing keeps it
    others        what it was worked out from
    """

    plan = models.ForeignKey("billing.BudgetPlan", on_delete=models.PROTECT, related_name="levels")
    reason = Code(choices=choices_of(LevelReason))
    due_date = models.DateField()
    from_date = models.DateField()
    amount_minor = models.BigIntegerField()
    before_minor = models.BigIntegerField(default=0)
    known_months = models.SmallIntegerField()
    expected_minor = models.BigIntegerField()
    balance_minor = models.BigIntegerField(default=0)
    still_minor = models.BigIntegerField(default=0)
    months = models.SmallIntegerField()
    made_date = models.DateField()

    class Meta:
        constraints = [
            one_of(name="budget_level_reason_is_known", column="reason", values=LevelReason),
            models.CheckConstraint(name="budget_level_is_an_amount", condition=models.Q(amount_minor__gt=0)),
            models.UniqueConstraint(name="budget_level_once", fields=["plan", "due_date"]),
        ]


class BudgetBill(models.Model):
    """
    A bill that was levelled when it was issued; it counts while the bill stands.

    taken_note, taken_minor  takes what the bill bills for energy from what is owed; none where that is nothing
    level_note, level_minor  asks for the level amount; none where its days were asked for before
    balance_minor            budget balance after it
    """

    plan = models.ForeignKey("billing.BudgetPlan", on_delete=models.PROTECT, related_name="bills")
    bill = models.OneToOneField("billing.Bill", on_delete=models.PROTECT, related_name="budget")
    taken_note = models.OneToOneField("billing.Bill", on_delete=models.PROTECT, null=True, related_name="+")
    level_note = models.OneToOneField("billing.Bill", on_delete=models.PROTECT, null=True, related_name="+")
    taken_minor = models.BigIntegerField()
    level_minor = models.BigIntegerField()
    covered_start = models.DateField(null=True, help_text="Days that it asks for; none: it only corrects.")
    covered_end = models.DateField(null=True)
    balance_minor = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="levelled_bill_has_its_notes",
                condition=(
                    models.Q(taken_minor=0, taken_note=None) | ~models.Q(taken_minor=0) & ~models.Q(taken_note=None)
                )
                & (models.Q(level_minor=0, level_note=None) | models.Q(level_minor__gt=0) & ~models.Q(level_note=None)),
            ),
        ]


class BudgetSettlement(models.Model):
    """What squared a budget balance: above 0 it was owed, below 0 credited, by notes of its own."""

    plan = models.ForeignKey("billing.BudgetPlan", on_delete=models.PROTECT, related_name="settlements")
    kind = Code(choices=choices_of(SettlementKind))
    state = Code(choices=choices_of(SettlementState), default=SettlementState.MADE.value)
    until_date = models.DateField(help_text="First day after what it squares.")
    balance_minor = models.BigIntegerField()
    made_date = models.DateField()
    maker_id = models.BigIntegerField(null=True)
    reverser_id = models.BigIntegerField(null=True)
    reverse_reason = models.CharField(max_length=200, default="", blank=True)

    class Meta:
        constraints = [
            one_of(name="budget_settlement_kind_is_known", column="kind", values=SettlementKind),
            one_of(name="budget_settlement_state_is_known", column="state", values=SettlementState),
            models.UniqueConstraint(
                name="budget_year_is_settled_once",
                fields=["plan", "until_date"],
                condition=models.Q(kind=SettlementKind.YEAR.value, state=SettlementState.MADE.value),
            ),
        ]


class BudgetSettlementNote(models.Model):
    """A note of a settlement; a debt that is spread has one for each part."""

    settlement = models.ForeignKey("billing.BudgetSettlement", on_delete=models.PROTECT, related_name="notes")
    note = models.OneToOneField("billing.Bill", on_delete=models.PROTECT, related_name="budget_settlement")
