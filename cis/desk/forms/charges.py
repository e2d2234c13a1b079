"""Forms on one-off charges: the filters of their list, a charge by hand."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from cis.desk.forms.customers import choices
from cis.desk.words import BREACH_STATES
from cis.platform.forms import DayField, MoneyField, PageForm
from contracts.domain.charge_kinds import WORDS, ChargeKind
from contracts.domain.charge_workflow import ChargeState
from contracts.operations.charges_by_hand import HandCharge
from contracts.queries.charges import WantedCharges

STATES = {one.value: BREACH_STATES[one.value] for one in ChargeState}


class ChargeListForm(PageForm):
    """Filters of the list of charges."""

    text = forms.CharField(label=_("Account or reason"), required=False, max_length=100)
    kind = forms.ChoiceField(
        label=_("What"), required=False, choices=lambda: [("", _("All")), *kind_choices(ChargeKind)]
    )
    state = forms.ChoiceField(label=_("State"), required=False, choices=choices(STATES, empty=_("All")))
    by_hand = forms.BooleanField(label=_("By hand"), required=False)
    from_date = DayField(label=_("Agreed from"), required=False)
    until_date = DayField(label=_("Agreed until"), required=False)

    def wanted(self) -> WantedCharges:
        """Return what is asked for; a filter that is wrong filters nothing."""
        self.is_valid()
        given = {name: value for name, value in self.cleaned_data.items() if value}
        return WantedCharges(is_by_hand=given.pop("by_hand", False), **given)


class ChargeForm(PageForm):
    """A charge to agree by hand."""

    field_of: Mapping[str, str] = {"charge_key_taken": ""}
    kind = forms.ChoiceField(label=_("What"))
    amount = MoneyField(label=_("Amount"))
    supply = forms.ChoiceField(label=_("For"))
    reason = forms.CharField(label=_("Reason"), max_length=200, help_text=_("The bill prints it."))
    request_key = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(
        self, *args: Any, kinds: Sequence[ChargeKind], supplies: Sequence[tuple[int, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = kind_choices(kinds)  # type: ignore[attr-defined]
        account = ("", _("The account as a whole"))
        self.fields["supply"].choices = [account, *((str(one), text) for one, text in supplies)]  # type: ignore[attr-defined]
        self.fields["supply"].required = False
        self.fields["kind"].widget.attrs["autofocus"] = True

    def charge(self, *, account_id: int) -> HandCharge:
        """Return the charge as typed."""
        given = self.cleaned_data
        return HandCharge(
            account_id=account_id,
            kind=ChargeKind(given["kind"]),
            amount_minor=given["amount"],
            reason=given["reason"],
            agreement_id=int(given["supply"]) if given["supply"] else None,
            key=f"desk:{given['request_key']}",
        )


class ReverseForm(PageForm):
    """Why a charge is not owed."""

    reason = forms.CharField(label=_("Why it is not owed"), max_length=300)


def kind_choices(kinds: Any) -> list[tuple[str, str]]:
    """Return kinds of charges with their words."""
    language = "zh" if (get_language() or "").startswith("zh") else "en"
    return [(kind.value, WORDS[kind][language]) for kind in kinds]
