"""The form of who pays online."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.queries.bills import BillCard
from cis.platform.forms import MoneyField, PageForm


class PayForm(PageForm):
    """Bills, or an amount in their place, and who takes the money."""

    field_of = {"bad_checkout": "amount", "no_payment_provider": "provider"}
    bills = forms.MultipleChoiceField(label=_("Bills"), required=False)
    amount = MoneyField(label=_("Another amount"), required=False, help_text=_("It pays what is due first."))
    provider = forms.ChoiceField(label=_("Pay with"))

    def __init__(self, *args: Any, due: Sequence[BillCard], providers: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._due = due
        self.fields["bills"].choices = [(card.number, card.number) for card in due]  # type: ignore[attr-defined]
        self.fields["provider"].choices = [(name, name) for name in providers]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Ask for bills or an amount; an amount stands in place of bills."""
        given = super().clean() or {}
        if not given.get("bills") and not given.get("amount") and not self.errors:
            self.add_error("amount", _("Choose a bill, or enter an amount."))
        return given

    def bill_ids(self) -> tuple[int, ...]:
        """Return the bills that were chosen; none where an amount was entered."""
        if self.cleaned_data["amount"]:
            return ()
        return tuple(card.id for card in self._due if card.number in self.cleaned_data["bills"])
