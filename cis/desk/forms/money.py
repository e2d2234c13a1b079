"""Forms on adjustments, moved money, and credit that lies."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.queries import accounts
from billing.operations.adjustments import NewAdjustment
from billing.operations.money_moves import NewMove
from billing.queries.adjustment_rules import Reason
from billing.queries.adjustments import Wanted
from billing.queries.unclaimed import WantedCredit
from cis.desk.forms.customers import choices
from cis.desk.money_words import ADJUSTMENT_REASONS, ADJUSTMENT_STATES, UNCLAIMED
from cis.platform.forms import MoneyField, PageForm

SIDES = {"credit": _("Credit to the customer"), "debit": _("Owed by the customer")}


class AdjustmentListForm(PageForm):
    """Filters of the list of adjustments."""

    text = forms.CharField(label=_("Account or text"), required=False, max_length=60)
    reason = forms.ChoiceField(label=_("Reason"), required=False, choices=choices(ADJUSTMENT_REASONS, empty=_("All")))
    state = forms.ChoiceField(label=_("State"), required=False, choices=choices(ADJUSTMENT_STATES, empty=_("All")))

    def wanted(self) -> Wanted:
        """Return what is asked for; a filter that is wrong filters nothing."""
        self.is_valid()
        given = self.cleaned_data
        return Wanted(text=given.get("text") or "", state=given.get("state") or "", reason=given.get("reason") or "")


class MoveListForm(PageForm):
    """Filters of the list of moved money."""

    text = forms.CharField(label=_("Account or reason"), required=False, max_length=60)
    state = forms.ChoiceField(label=_("State"), required=False, choices=choices(ADJUSTMENT_STATES, empty=_("All")))

    def wanted(self) -> Wanted:
        """Return what is asked for; a filter that is wrong filters nothing."""
        self.is_valid()
        given = self.cleaned_data
        return Wanted(text=given.get("text") or "", state=given.get("state") or "")


class UnclaimedForm(PageForm):
    """Filters of credit that lies."""

    text = forms.CharField(label=_("Account or name"), required=False, max_length=60)
    why = forms.ChoiceField(label=_("Why it is here"), required=False, choices=choices(UNCLAIMED, empty=_("All")))

    def wanted(self) -> WantedCredit:
        """Return what is asked for; a filter that is wrong filters nothing."""
        self.is_valid()
        return WantedCredit(text=self.cleaned_data.get("text") or "", why=self.cleaned_data.get("why") or "")


class AdjustmentForm(PageForm):
    """An amount that is owed or credited."""

    reason = forms.ChoiceField(label=_("Reason"))
    side = forms.ChoiceField(label=_("Which way"), choices=lambda: list(SIDES.items()))
    amount = MoneyField(label=_("Amount, tax included"))
    text = forms.CharField(label=_("What it is for"), max_length=200, help_text=_("The note prints it."))
    request_key = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, *args: Any, reasons: Mapping[str, Reason], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].choices = reason_choices(list(reasons))  # type: ignore[attr-defined]

    def adjustment(self, *, account_id: int) -> NewAdjustment:
        """Return the adjustment as typed."""
        given = self.cleaned_data
        return NewAdjustment(
            account_id=account_id,
            amount_minor=given["amount"] if given["side"] == "debit" else -given["amount"],
            reason=given["reason"],
            text=given["text"],
            key=f"desk:{given['request_key']}",
        )


class MoveForm(PageForm):
    """Money that belongs to another account."""

    field_of = {"unknown_account": "to_account"}
    to_account = forms.CharField(label=_("To the account"), max_length=64, help_text=_("Its number."))
    amount = MoneyField(label=_("Amount"))
    reason = forms.CharField(label=_("Why"), max_length=200, help_text=_("Notes of moved credit print it."))
    request_key = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, *args: Any, is_payment: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_payment:
            self.fields.pop("amount")

    def move(self, *, account_id: int, payment_id: int | None) -> NewMove:
        """
        Return the move as typed.

        :raises UnknownAccount: no account has the number.
        """
        given = self.cleaned_data
        return NewMove(
            to_account_id=accounts.id_of_number(given["to_account"].strip()),
            reason=given["reason"],
            key=f"desk:{given['request_key']}",
            payment_id=payment_id,
            from_account_id=None if payment_id else account_id,
            amount_minor=given.get("amount") or 0,
        )


class ReverseForm(PageForm):
    """Why it is taken back."""

    reason = forms.CharField(label=_("Why it is taken back"), max_length=200)


def reason_choices(codes: Sequence[str]) -> list[tuple[str, Any]]:
    """Return reasons of the place with their words; one without words stands for itself."""
    return [(code, ADJUSTMENT_REASONS.get(code, code)) for code in codes]
