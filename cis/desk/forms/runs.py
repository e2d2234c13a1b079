"""Forms on billing runs and lists of bills."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from billing.operations.cycles import RUN_DAY_MOST
from billing.queries import cycles
from cis.desk.forms.customers import choices
from cis.desk.words import RUN_KINDS, RUN_STATES, SHADOW_STATES
from cis.kernel.periods import Period, add_months, month_of
from cis.platform.forms import PageForm
from cis.platform.templatetags.local import month as month_text

MONTHS_OFFERED = 18
BILL_STATES = {
    "issued": _("Issued"),
    "overdue": _("Overdue"),
    "cancelled": _("Cancelled"),
    "draft": _("Draft"),
    "held": _("Held"),
}
SHADOW_ORDERS = {"largest": _("Largest change"), "number": _("Number")}
BILL_ORDERS = {
    "newest": _("Newest first"),
    "due": _("Due date"),
    "amount": _("Largest amount"),
    "number": _("Number"),
}


def month_choices(today: date, *, empty: Any = None) -> list[tuple[str, Any]]:
    """Return the last months as choices, the present one first."""
    months = [add_months(month_of(today).start, -back) for back in range(MONTHS_OFFERED)]
    first = [] if empty is None else [("", empty)]
    return first + [(one.isoformat(), month_text(one)) for one in months]


class RunForm(PageForm):
    """Which accounts are billed for which month."""

    field_of = {"accounts_taken": "cycle", "nothing_to_bill": "cycle"}
    cycle = forms.ChoiceField(label=_("Bill cycle"))
    month = forms.ChoiceField(label=_("Month"))
    kind = forms.ChoiceField(label=_("What for"), choices=choices(RUN_KINDS), required=False)

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        is_chinese = (get_language() or "").startswith("zh")
        kwargs.setdefault("initial", {"month": add_months(month_of(today).start, -1).isoformat()})
        super().__init__(*args, **kwargs)
        names = [
            (str(card.id), f"{card.name_zh if is_chinese else card.name_en} ({card.accounts:,})")
            for card in cycles.listed()
        ]
        self.fields["cycle"].choices = [*names, ("all", _("All accounts"))]  # type: ignore[attr-defined]
        self.fields["month"].choices = month_choices(today)  # type: ignore[attr-defined]

    def cycle_id(self) -> int | None:
        """Return the cycle, None for all accounts."""
        chosen = self.cleaned_data["cycle"]
        return None if chosen == "all" else int(chosen)

    def is_shadow(self) -> bool:
        """Return whether the run only compares."""
        return bool(self.cleaned_data["kind"] == "shadow")

    def period(self) -> Period:
        """Return the month."""
        return month_of(date.fromisoformat(self.cleaned_data["month"]))


class MonthForm(PageForm):
    """One month."""

    month = forms.ChoiceField(label=_("Month"))

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"month": add_months(month_of(today).start, -1).isoformat()})
        super().__init__(*args, **kwargs)
        self.fields["month"].choices = month_choices(today)  # type: ignore[attr-defined]

    def period(self) -> Period:
        """Return the month."""
        return month_of(date.fromisoformat(self.cleaned_data["month"]))


class CycleForm(PageForm):
    """When a cycle is billed."""

    run_day = forms.TypedChoiceField(
        label=_("Day of the month"), choices=[(day, day) for day in range(1, RUN_DAY_MOST + 1)], coerce=int
    )
    is_unattended = forms.BooleanField(label=_("Billed by night, without a person"), required=False)


class ShadowListForm(PageForm):
    """Filter of the accounts of a shadow run."""

    state = forms.ChoiceField(label=_("State"), required=False, choices=choices(SHADOW_STATES, empty=_("All")))
    order = forms.ChoiceField(label=_("Order"), required=False, choices=choices(SHADOW_ORDERS))


class RunListForm(PageForm):
    """Filter of the list of runs."""

    state = forms.ChoiceField(label=_("State"), required=False, choices=choices(RUN_STATES, empty=_("All")))


class BillListForm(PageForm):
    """Filters of the list of bills."""

    text = forms.CharField(label=_("Bill or account number"), required=False, max_length=20)
    state = forms.ChoiceField(label=_("State"), required=False, choices=choices(BILL_STATES, empty=_("All issued")))
    month = forms.ChoiceField(label=_("Billed month"), required=False)
    run = forms.IntegerField(required=False, widget=forms.HiddenInput)
    order = forms.ChoiceField(label=_("Order"), required=False, choices=choices(BILL_ORDERS))

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["month"].choices = month_choices(today, empty=_("All"))  # type: ignore[attr-defined]
