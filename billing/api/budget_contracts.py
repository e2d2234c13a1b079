"""What the endpoints on budget plans take and give."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from billing.domain.budgets import EndReason, PlanState
from cis.platform.api_fields import MoneyField, Strict, WholeNumber

AMOUNT_MOST = 10**13
_MONEY = {"amount_minor": 8000, "currency": "CNY", "text": "80.00"}
PLAN = {
    "plan": 7, "account": "3100000017", "state": "active", "from_date": "2026-11-01", "settled_next": "2027-11-01",
    "level": _MONEY, "balance": {"amount_minor": 4340, "currency": "CNY", "text": "43.40"}, "ended_date": None,
    "end_reason": "",
    "months": [{
        "bill": "0000000787", "start_date": "2026-11-01", "end_date": "2026-12-01",
        "used": {"amount_minor": 12340, "currency": "CNY", "text": "123.40"}, "level": _MONEY,
        "balance": {"amount_minor": 4340, "currency": "CNY", "text": "43.40"},
    }],
}  # fmt: skip


class BudgetAccept(Strict):
    """A customer accepts a level amount."""

    level_minor = WholeNumber(
        min_value=1, max_value=AMOUNT_MOST, help_text="As offered: another amount by now is refused."
    )


class BudgetEnd(Strict):
    """A plan is ended; nothing more is said."""


class BudgetMonth(serializers.Serializer):
    """A levelled bill: what was used, what was asked for in its place, and the balance after it."""

    bill = serializers.CharField(help_text="Number as printed.")
    start_date = serializers.DateField()
    end_date = serializers.DateField()
    used = MoneyField()
    level = MoneyField()
    balance = MoneyField(help_text="Above 0: used and not paid yet.")


@extend_schema_serializer(examples=[OpenApiExample("Runs", value=PLAN, response_only=True)])
class BudgetPlanShown(serializers.Serializer):
    """A budget plan with its months; bills that were cancelled are left out."""

    plan = serializers.IntegerField()
    account = serializers.CharField()
    state = serializers.ChoiceField([str(one) for one in PlanState])
    from_date = serializers.DateField(help_text="First month whose bill is levelled.")
    settled_next = serializers.DateField(allow_null=True, help_text="When all months before it are billed.")
    level = MoneyField(help_text="Asked for each month now.")
    balance = MoneyField(help_text="Above 0: used and not paid yet; below 0: paid ahead.")
    ended_date = serializers.DateField(allow_null=True)
    end_reason = serializers.ChoiceField([*(str(one) for one in EndReason), ""])
    months = BudgetMonth(many=True)


class BudgetExpected(serializers.Serializer):
    """What a month is taken to cost; like null: the mean of what is known."""

    month = serializers.DateField()
    expected = MoneyField()
    like = serializers.DateField(allow_null=True)


class BudgetTerms(serializers.Serializer):
    """The terms, a sentence each."""

    zh = serializers.ListField(child=serializers.CharField())
    en = serializers.ListField(child=serializers.CharField())


class BudgetOffer(serializers.Serializer):
    """What a plan would be."""

    level = MoneyField()
    from_date = serializers.DateField()
    known_months = serializers.IntegerField(help_text="Whole months of the last twelve that were billed.")
    expected = BudgetExpected(many=True)
    terms = BudgetTerms()


class BudgetNow(serializers.Serializer):
    """The last plan of an account, and what one would be; null where there is none."""

    plan = BudgetPlanShown(allow_null=True)
    offer = BudgetOffer(allow_null=True)
    why_not = serializers.CharField(help_text="Code of why none is offered; empty: one is.")
