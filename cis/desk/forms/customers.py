"""Forms on customers and their contacts."""

from collections.abc import Mapping
from typing import Any, Self

from django import forms
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.domain.contact import ContactKind
from accounts.domain.customer import NewCustomer
from accounts.domain.identity import CustomerKind
from accounts.queries import care_rules
from cis.platform.forms import DayField, PageForm

KINDS = {
    CustomerKind.RESIDENT: _("Person"),
    CustomerKind.COMPANY: _("Company"),
    CustomerKind.AGENCY: _("Public body"),
}
CONTACTS = {
    ContactKind.MOBILE: _("Mobile"),
    ContactKind.PHONE: _("Landline"),
    ContactKind.EMAIL: _("E-mail"),
    ContactKind.POST: _("Postal address"),
}
ACCOUNT_STATES = {"open": _("Open"), "closed": _("Closed")}
ORDERS = {"name": _("Name"), "number": _("Account number"), "opened": _("Newest first")}


def choices(words: Mapping[Any, Any], *, empty: Any = None) -> list[tuple[str, Any]]:
    """Return the choices of a select; ``empty`` is the word for "all"."""
    first = [] if empty is None else [("", empty)]
    return first + [(str(value), word) for value, word in words.items()]


class ListForm(PageForm):
    """Filters of the list of customers."""

    text = forms.CharField(label=_("Name, number or phone"), required=False, max_length=60)
    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=choices(KINDS, empty=_("All")))
    state = forms.ChoiceField(label=_("State"), required=False, choices=choices(ACCOUNT_STATES, empty=_("All")))
    segment = forms.ChoiceField(label=_("Segment"), required=False)
    order = forms.ChoiceField(label=_("Order"), required=False, choices=choices(ORDERS))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = care_rules.segment_names(at=timezone.localdate(), language=get_language() or "")
        self.fields["segment"].choices = [("", _("All")), *names.items()]  # type: ignore[attr-defined]


class CustomerForm(PageForm):
    """A customer as typed in; with ``is_edit`` it carries the version that it was filled from."""

    kind = forms.ChoiceField(label=_("Kind"), choices=choices(KINDS))
    name = forms.CharField(label=_("Name"), max_length=200, widget=forms.TextInput(attrs={"autofocus": True}))
    id_number = forms.CharField(
        label=_("ID number"), max_length=60, required=False, help_text=_("Resident ID, or the company's credit code.")
    )
    language = forms.ChoiceField(label=_("Language of letters"), choices=[("zh-hans", "中文"), ("en", "English")])
    phone = forms.CharField(
        label=_("Phone"), max_length=40, required=False, widget=forms.TextInput(attrs={"type": "tel"})
    )
    email = forms.CharField(
        label=_("E-mail"), max_length=254, required=False, widget=forms.TextInput(attrs={"type": "email"})
    )
    postal_address = forms.CharField(label=_("Postal address"), max_length=300, required=False)
    note = forms.CharField(label=_("Note"), max_length=2_000, required=False, widget=forms.Textarea(attrs={"rows": 2}))
    opened_date = DayField(label=_("Account opened on"))
    paper_bill = forms.BooleanField(label=_("Send bills on paper"), required=False)
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, is_edit: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("opened_date", "paper_bill") if is_edit else ("version",):
            del self.fields[name]

    def customer(self) -> NewCustomer:
        """Return what was typed, for the operation."""
        names = set(NewCustomer.__dataclass_fields__) & set(self.cleaned_data)
        return NewCustomer(**{name: self.cleaned_data[name] for name in names})

    def on_version(self, version: int) -> Self:
        """Return the form with what was typed, on top of what somebody else saved."""
        data = {**{name: self.data.get(name, "") for name in self.fields}, "version": str(version)}
        form = type(self)(data, initial=self.initial, is_edit=True)
        form.is_valid()
        return form

    def differences(self, theirs: Mapping[str, object]) -> list[tuple[Any, object, object]]:
        """Return the fields in which what was typed differs: label, typed, kept."""
        found = []
        for name, field in self.fields.items():
            mine, kept = self.cleaned_data.get(name), theirs.get(name)
            if name != "version" and mine != kept:
                found.append((field.label, mine, kept))
        return found


class ContactForm(PageForm):
    """One more way to reach a customer."""

    field_of = {"bad_contact": "value", "contact_taken": "value"}
    kind = forms.ChoiceField(label=_("Kind"), choices=choices(CONTACTS))
    value = forms.CharField(label=_("Number or address"), max_length=300)
    is_preferred = forms.BooleanField(label=_("Preferred"), required=False)
