"""Forms on plans of instalments."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from arrears.queries.plan_previews import OpenDebt, PlanWish
from arrears.queries.plans import WantedPlans
from cis.desk.forms.customers import choices
from cis.desk.plan_words import PLAN_FILTERS, PLAN_WAYS
from cis.platform.forms import PageForm
from cis.platform.instalment_form import WishForm
from cis.platform.templatetags.local import day as day_text
from cis.platform.templatetags.local import money

HOW = {
    "agreed": _("The customer has agreed: it holds at once"),
    "send": _("Send it to the customer, who accepts it in the portal"),
}


class PlanListForm(PageForm):
    """Which plans."""

    text = forms.CharField(label=_("Account or plan"), required=False, max_length=20)
    state = forms.ChoiceField(label=_("State"), required=False, choices=choices(PLAN_FILTERS, empty=_("All")))
    way = forms.ChoiceField(label=_("By which way"), required=False, choices=choices(PLAN_WAYS, empty=_("All")))

    def wanted(self) -> WantedPlans:
        """Return what is asked for; a filter that is wrong filters nothing."""
        self.is_valid()
        given = self.cleaned_data
        return WantedPlans(text=given.get("text") or "", state=given.get("state") or "", way=given.get("way") or "")


class NewPlanForm(WishForm):
    """A plan as a clerk agrees on it with a customer."""

    bills = forms.MultipleChoiceField(label=_("Bills that are paid in parts"), widget=forms.CheckboxSelectMultiple)
    how = forms.ChoiceField(label=_("What the customer says"), choices=lambda: list(HOW.items()))
    field_order = ["bills", "count", "day", "first", "how"]

    def __init__(self, *args: Any, debts: Sequence[OpenDebt], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["bills"].choices = [(str(one.bill_id), _of_debt(one)) for one in debts]  # type: ignore[attr-defined]
        self._usual_bills = [one.bill_id for one in debts if one.is_usual] or [one.bill_id for one in debts]
        self.initial.setdefault("bills", [str(one) for one in self._usual_bills])

    def wish(self) -> PlanWish:
        """Return what was chosen."""
        return PlanWish(*self.chosen_shape(), self.chosen())

    def chosen(self) -> tuple[int, ...]:
        """Return the bills that were chosen, or are usual."""
        given = self.cleaned_data.get("bills") if self.is_bound else None
        return tuple(map(int, given)) if given else tuple(self._usual_bills)


class EndForm(PageForm):
    """Why a plan ends."""

    field_of = {"plan_reason_missing": "reason"}
    reason = forms.CharField(label=_("Reason"), max_length=200)


def _of_debt(debt: OpenDebt) -> str:
    text = f"{debt.number} · {day_text(debt.due_date)} · {money(debt.open_minor)}"
    return f"{text} + {money(debt.late_fee_minor)}" if debt.late_fee_minor else text
