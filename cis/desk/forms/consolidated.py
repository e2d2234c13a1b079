"""Forms on consolidated bills."""

from collections.abc import Sequence
from secrets import token_hex
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.operations.consolidations import Terms
from billing.queries.consolidated import Wanted
from cashiering.domain.tills import Means
from cis.desk.collective_words import CONSOLIDATED_STATES
from cis.desk.forms.customers import choices
from cis.desk.till_words import MEANS
from cis.platform.forms import DayField, MoneyField, PageForm


class ConsolidatedListForm(PageForm):
    """Filters of the list of consolidated bills."""

    text = forms.CharField(label=_("Number or customer"), required=False, max_length=60)
    state = forms.ChoiceField(label=_("State"), required=False, choices=choices(CONSOLIDATED_STATES, empty=_("All")))
    month = DayField(label=_("A day of the month"), required=False)

    def wanted(self) -> Wanted:
        """Return what is asked for; a filter that is wrong filters nothing."""
        self.is_valid()
        given = self.cleaned_data
        month = given.get("month")
        return Wanted(
            text=given.get("text") or "", state=given.get("state") or "", month=month.replace(day=1) if month else None
        )


class ArrangeForm(PageForm):
    """Which accounts of a customer are asked for by one bill, and since when."""

    field_of = {"bad_consolidation": ""}
    name = forms.CharField(
        label=_("Name"), max_length=100, help_text=_("As the customer calls it; the bill prints it.")
    )
    address = forms.CharField(
        label=_("Address of who pays"), max_length=300, required=False, help_text=_("Empty: the customer's own.")
    )
    from_date = DayField(label=_("From"), help_text=_("Bills that are issued from this day on."))
    lead_account = forms.ChoiceField(label=_("What is paid too much goes to"))
    accounts = forms.MultipleChoiceField(label=_("Accounts"), widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, held: Sequence[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = [(str(account_id), number) for account_id, number in held]
        self.fields["lead_account"].choices = rows  # type: ignore[attr-defined]
        self.fields["accounts"].choices = rows  # type: ignore[attr-defined]

    def terms(self, *, customer_id: int) -> Terms:
        """Return what is agreed, as typed."""
        given = self.cleaned_data
        return Terms(
            customer_id=customer_id,
            name=given["name"],
            address=given["address"],
            lead_account_id=int(given["lead_account"]),
            account_ids=tuple(int(one) for one in given["accounts"]),
        )


class TakeConsolidatedForm(PageForm):
    """Money over the counter for a consolidated bill."""

    field_of = {"bad_payment": "amount", "bad_till": "amount", "till_closed": ""}
    amount = MoneyField(label=_("Amount"))
    tendered = MoneyField(label=_("Given"), required=False, help_text=_("Empty: exactly the amount."))
    means = forms.ChoiceField(label=_("How"), choices=list(MEANS.items()), widget=forms.RadioSelect, initial="cash")
    reference = forms.CharField(
        label=_("Number of the slip or cheque"), max_length=100, required=False, help_text=_("Not for cash.")
    )
    form = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, *args: Any, owed: str, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"form": token_hex(16), "means": "cash", "amount": owed})
        super().__init__(*args, **kwargs)
        self.fields["amount"].widget.attrs |= {"data-part": "yes", "autofocus": True}
        self.fields["tendered"].widget.attrs["data-tendered"] = "yes"

    def money(self) -> dict[str, Any]:
        """Return what was typed, for the operation."""
        given = self.cleaned_data
        return {
            "amount_minor": given["amount"],
            "means": Means(given["means"]),
            "tendered_minor": given["tendered"],
            "reference": given["reference"],
            "form": given["form"],
        }
