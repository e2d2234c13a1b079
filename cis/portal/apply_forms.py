"""The form by which anybody applies for a supply."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cis.platform.forms import EnergyField, PageForm
from contracts.domain.applications import Applicant, Item, Load, NewApplication, PaperKind
from contracts.queries import application_rules
from metering.domain.places import Voltage

LOADS = 6
PAPER_TYPES = ".pdf,.jpg,.jpeg,.png"
KINDS = [("new_point", _("New supply")), ("temporary", _("Temporary supply"))]
WHO = [("resident", _("Person")), ("company", _("Company")), ("agency", _("Public body"))]
USES = [
    ("residential", _("Residential")), ("commercial", _("Trade and services")), ("industrial", _("Industry")),
    ("agricultural", _("Farming")),
]  # fmt: skip
PAPERS = [
    ("identity", _("Proof of identity")), ("premises_right", _("Right to the premises")),
    ("business_licence", _("Business licence")), ("agent_identity", _("Identity of the agent")),
    ("power_of_attorney", _("Power of attorney")), ("other", _("Other paper")),
]  # fmt: skip


class ApplyForm(PageForm):
    """An application by the applicant; ``website`` is a field that people do not see and programs fill in."""

    field_of = {
        "applicant.kind": "applicant_kind", "applicant.name": "name", "applicant.id_number": "id_number",
        "applicant.phone": "phone", "applicant.email": "email", "items[0].capacity": "capacity",
        "item_twice": "unit", "application_taken": "address",
    }  # fmt: skip
    website = forms.CharField(required=False, widget=forms.TextInput(attrs={"tabindex": "-1", "autocomplete": "off"}))
    kind = forms.ChoiceField(label=_("What is applied for"), choices=KINDS)
    applicant_kind = forms.ChoiceField(label=_("Who applies"), choices=WHO)
    name = forms.CharField(label=_("Name"), max_length=200)
    id_number = forms.CharField(
        label=_("ID number"), max_length=60, help_text=_("Resident ID, or the company's credit code.")
    )
    phone = forms.CharField(label=_("Phone"), max_length=40, widget=forms.TextInput(attrs={"type": "tel"}))
    email = forms.CharField(
        label=_("E-mail"), max_length=254, required=False, widget=forms.TextInput(attrs={"type": "email"})
    )
    address = forms.CharField(label=_("Address of the supply"), max_length=300)
    unit = forms.CharField(label=_("Flat or shop"), max_length=60, required=False)
    district = forms.CharField(label=_("District"), max_length=100, required=False)
    use_class = forms.ChoiceField(label=_("Kind of use"), choices=USES)
    voltage = forms.ChoiceField(label=_("Voltage"), choices=[(one.value, one.value) for one in Voltage])
    capacity = EnergyField(
        label=_("Capacity (kW)"),
        required=False,
        help_text=_("Empty: what fits the load list by the rule of the place."),
    )
    note = forms.CharField(label=_("Note"), max_length=2_000, required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, language: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.language = "en" if language.startswith("en") else "zh-hans"
        for place in range(LOADS):
            self.fields[f"load_{place}"] = forms.CharField(max_length=100, required=False)
            self.fields[f"kw_{place}"] = EnergyField(required=False)
            self.fields[f"count_{place}"] = forms.IntegerField(min_value=1, max_value=100_000, required=False)
            for name in ("load", "kw", "count"):
                self.fields[f"{name}_{place}"].widget.attrs["class"] = "form-control"

    def load_rows(self) -> list[tuple[forms.BoundField, forms.BoundField, forms.BoundField]]:
        """Return the fields of the load list, line by line."""
        return [(self[f"load_{place}"], self[f"kw_{place}"], self[f"count_{place}"]) for place in range(LOADS)]

    def clean(self) -> dict[str, Any]:
        """Add the load list, and the capacity that fits it where none is given."""
        given = super().clean() or {}
        loads = [
            Load(name=given[f"load_{place}"], power_w=given[f"kw_{place}"], count=given.get(f"count_{place}") or 1)
            for place in range(LOADS)
            if given.get(f"load_{place}") and given.get(f"kw_{place}")
        ]
        given["loads"] = tuple(loads)
        if not self.errors and not given["capacity"]:
            given["capacity"] = application_rules.suggested_w(
                loads=loads, use_class=given["use_class"], at=timezone.now()
            )
            if not given["capacity"]:
                self.add_error("capacity", _("Give the capacity, or what you want to run."))
        return given

    def application(self) -> NewApplication:
        """Return the application of a valid form."""
        given = self.cleaned_data
        item = Item(
            unit=given["unit"], capacity_w=given["capacity"], voltage=given["voltage"], use_class=given["use_class"]
        )
        return NewApplication(
            kind=given["kind"],
            applicant=Applicant(
                kind=given["applicant_kind"], name=given["name"], id_number=given["id_number"], phone=given["phone"],
                email=given["email"], language=self.language,
            ),
            address=given["address"], district=given["district"], items=(item,), loads=given["loads"],
            note=given["note"],
        )  # fmt: skip


class LinkForm(PageForm):
    """Number and phone or mailbox of an application, to get its link again."""

    website = forms.CharField(required=False, widget=forms.TextInput(attrs={"tabindex": "-1", "autocomplete": "off"}))
    number = forms.CharField(label=_("Number of the application"), max_length=20)
    contact = forms.CharField(
        label=_("Phone or e-mail of the application"), max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip


class PaperForm(PageForm):
    """One paper of an application."""

    kind = forms.ChoiceField(label=_("What it proves"), choices=PAPERS)
    file = forms.FileField(label=_("File (PDF, JPEG or PNG)"), widget=forms.FileInput(attrs={"accept": PAPER_TYPES}))

    def paper_kind(self) -> PaperKind:
        """Return what the paper proves."""
        return PaperKind(self.cleaned_data["kind"])
