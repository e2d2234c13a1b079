"""Forms on the accountant's reports: the filters of their lists."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.domain.ageing import Band
from billing.queries.ageing import WantedAccounts
from billing.queries.transfers import WantedTransfers
from cis.desk.forms.customers import choices
from cis.desk.report_words import BANDS, TRANSFER_KINDS
from cis.desk.words import CUSTOMER_CLASSES
from cis.platform.forms import DayField, PageForm

NOT_KNOWN = "-"
"""Stands in addresses for the class of those of whom nobody knows one."""
CLASSES = {**CUSTOMER_CLASSES, NOT_KNOWN: _("not known")}
SIDES = {"debit": _("Debit side"), "credit": _("Credit side")}


def class_of(given: str) -> str | None:
    """Return the class of use that an address names; None: all."""
    return None if given == "" else given.replace(NOT_KNOWN, "")


class AgeingForm(PageForm):
    """The day as of which debts are looked at."""

    day = DayField(label=_("As of"), required=False)

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.initial["day"] = today

    def asked_day(self) -> date:
        """Return the day asked for; today where none is, or one to come."""
        self.full_clean()
        given = self.cleaned_data.get("day") if self.is_bound else None
        return min(given or self.today, self.today)


class AgedForm(AgeingForm):
    """Filters of the accounts behind a number of the ageing."""

    customer_class = forms.ChoiceField(
        label=_("Class of use"), required=False, choices=choices(CLASSES, empty=_("All"))
    )
    band = forms.ChoiceField(label=_("Overdue"), required=False, choices=choices(BANDS, empty=_("All")))

    def wanted(self) -> WantedAccounts:
        """Return what is asked for; a filter that is wrong filters nothing."""
        self.full_clean()
        given = self.cleaned_data if self.is_bound else {}
        band = given.get("band")
        return WantedAccounts(
            customer_class=class_of(given.get("customer_class") or ""), band=Band(band) if band else None
        )


class TransfersForm(PageForm):
    """Filters of the list of transfers."""

    code = forms.CharField(label=_("Ledger account"), required=False, max_length=40)
    side = forms.ChoiceField(label=_("Side"), required=False, choices=choices(SIDES, empty=_("Both")))
    since = DayField(label=_("From month"), required=False)
    until = DayField(label=_("To month"), required=False)
    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=choices(TRANSFER_KINDS, empty=_("All")))
    customer_class = forms.ChoiceField(
        label=_("Class of use"), required=False, choices=choices(CLASSES, empty=_("All"))
    )
    account = forms.CharField(label=_("Account number"), required=False, max_length=20)
    moves = forms.ChoiceField(
        label=_("Between our own cash accounts"), required=False,
        choices=[("", _("Shown")), ("outer", _("Not shown"))],
    )  # fmt: skip

    def __init__(self, *args: Any, codes: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"] = forms.ChoiceField(
            label=_("Ledger account"), required=False, choices=choices(codes, empty=_("All")),
            widget=forms.Select(attrs={"class": "form-select"}),
        )  # fmt: skip

    def wanted(self) -> WantedTransfers:
        """Return what is asked for; a filter that is wrong filters nothing."""
        self.is_valid()
        given = self.cleaned_data
        return WantedTransfers(
            code=given.get("code") or "",
            side=given.get("side") or "",
            since=given.get("since"),
            until=given.get("until"),
            kind=given.get("kind") or "",
            account_number=given.get("account") or "",
            customer_class=class_of(given.get("customer_class") or ""),
            is_outer=given.get("moves") == "outer",
        )


class ChartForm(PageForm):
    """The number of a ledger account in the company's chart, from a month on."""

    field_of = {"bad_chart_entry": "number"}
    code = forms.ChoiceField(label=_("Ledger account"))
    number = forms.CharField(
        label=_("Number in the chart"), max_length=30,
        help_text=_("Letters, digits and hyphens, as 6001-02; a capital letter or a digit first."),
    )  # fmt: skip
    name = forms.CharField(label=_("Name in the chart"), max_length=100)
    since_month = DayField(label=_("From month"))

    def __init__(self, *args: Any, codes: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].choices = choices(codes)  # type: ignore[attr-defined]
