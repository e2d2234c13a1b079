"""Forms on applications for a supply: typed at the counter, many supplies and loads as lines."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cis.desk.application_words import (
    AGENT_SCOPES,
    APPLICATION_CLASSES,
    APPLICATION_KINDS,
    APPLICATION_PAPERS,
    APPLICATION_STATES,
    APPLICATION_USES,
    APPLICATION_WAITS,
)
from cis.desk.forms.customers import KINDS, choices
from cis.kernel import fixed
from cis.platform.forms import EnergyField, PageForm
from contracts.domain.applications import KW_W, Agent, Applicant, Item, Load, NewApplication
from contracts.queries import application_rules
from metering.domain.places import Voltage

KW_PLACES = 3
PAPER_TYPES = ".pdf,.jpg,.jpeg,.png"


class ApplicationListForm(PageForm):
    """Filters of the list."""

    text = forms.CharField(label=_("Number, name or address"), required=False, max_length=60)
    queue = forms.ChoiceField(label=_("Waits for"), required=False, choices=choices(APPLICATION_WAITS, empty=_("All")))
    state = forms.ChoiceField(label=_("State"), required=False, choices=choices(APPLICATION_STATES, empty=_("All")))
    standard_class = forms.ChoiceField(
        label=_("Class"), required=False, choices=choices(APPLICATION_CLASSES, empty=_("All"))
    )
    late = forms.BooleanField(label=_("Late"), required=False)


class PaperForm(PageForm):
    """One paper."""

    kind = forms.ChoiceField(label=_("What it proves"), choices=choices(APPLICATION_PAPERS))
    file = forms.FileField(label=_("File (PDF, JPEG or PNG)"), widget=forms.FileInput(attrs={"accept": PAPER_TYPES}))


class ApplicationForm(PageForm):
    """An application as typed in."""

    field_of = {
        "applicant.kind": "applicant_kind", "applicant.name": "name", "applicant.id_number": "id_number",
        "applicant.phone": "phone", "applicant.email": "email", "agent.name": "agent_name",
        "agent.id_number": "agent_id_number", "agent.phone": "agent_phone", "agent.scope": "agent_scope",
        "items[0].capacity": "capacity", "items[0].service_point": "service_point", "bad_items": "units",
        "item_twice": "units", "point_supplied": "service_point", "application_taken": "address",
    }  # fmt: skip
    kind = forms.ChoiceField(label=_("What is applied for"), choices=choices(APPLICATION_KINDS))
    applicant_kind = forms.ChoiceField(label=_("Who applies"), choices=choices(KINDS))
    name = forms.CharField(label=_("Name"), max_length=200, widget=forms.TextInput(attrs={"autofocus": True}))
    id_number = forms.CharField(
        label=_("ID number"), max_length=60, help_text=_("Resident ID, or the company's credit code.")
    )
    phone = forms.CharField(
        label=_("Phone"), max_length=40, required=False, widget=forms.TextInput(attrs={"type": "tel"})
    )
    email = forms.CharField(
        label=_("E-mail"), max_length=254, required=False, widget=forms.TextInput(attrs={"type": "email"})
    )
    language = forms.ChoiceField(label=_("Language of letters"), choices=[("zh-hans", "中文"), ("en", "English")])
    agent_name = forms.CharField(label=_("Agent"), max_length=200, required=False)
    agent_id_number = forms.CharField(label=_("ID number of the agent"), max_length=60, required=False)
    agent_phone = forms.CharField(label=_("Phone of the agent"), max_length=40, required=False)
    agent_scope = forms.ChoiceField(label=_("The agent may"), required=False, choices=choices(AGENT_SCOPES))
    address = forms.CharField(label=_("Address of the supply"), max_length=300, required=False)
    district = forms.CharField(label=_("District"), max_length=100, required=False)
    postcode = forms.CharField(label=_("Postcode"), max_length=12, required=False)
    premises = forms.CharField(label=_("Number of the premises"), max_length=64, required=False)
    service_point = forms.CharField(
        label=_("Service point"), max_length=64, required=False, help_text=_("Where one is there already.")
    )
    use_class = forms.ChoiceField(label=_("Kind of use"), choices=choices(APPLICATION_USES))
    voltage = forms.ChoiceField(label=_("Voltage"), choices=[(one.value, one.value) for one in Voltage])
    is_dual = forms.BooleanField(label=_("Fed from two sources"), required=False)
    capacity = EnergyField(
        label=_("Capacity (kW)"),
        required=False,
        help_text=_("Empty: what fits the load list by the rule of the place."),
    )
    loads = forms.CharField(
        label=_("Load list"), required=False, max_length=20_000, widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("One line each: name, kW, count."),
    )  # fmt: skip
    units = forms.CharField(
        label=_("Flats or shops"), required=False, max_length=200_000, widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("For many supplies, one line each: flat, kW. Paste from a spreadsheet."),
    )  # fmt: skip
    units_file = forms.FileField(
        label=_("Or as a CSV file"), required=False, widget=forms.FileInput(attrs={"accept": ".csv,.txt"})
    )
    note = forms.CharField(label=_("Note"), max_length=2_000, required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def clean_loads(self) -> tuple[Load, ...]:
        """Return the load list; each line that cannot be read is named."""
        rows = _lines(self.cleaned_data["loads"], most=3)
        return tuple(
            Load(name=parts[0], power_w=_kw(parts, 1, line), count=_count(parts, 2, line)) for line, parts in rows
        )

    def clean(self) -> dict[str, Any]:
        """Add the capacity that fits the load list, and the supplies."""
        given = super().clean() or {}
        if self.errors:
            return given
        if not given["capacity"] and given["loads"]:
            given["capacity"] = application_rules.suggested_w(
                loads=given["loads"], use_class=given["use_class"], at=timezone.now()
            )
        try:
            given["items"] = self._items(given)
        except forms.ValidationError as error:
            self.add_error("units", error)
        return given

    def application(self) -> NewApplication:
        """Return the application of a valid form."""
        given = self.cleaned_data
        agent = None
        if given["agent_name"]:
            agent = Agent(
                name=given["agent_name"], id_number=given["agent_id_number"], phone=given["agent_phone"],
                scope=given["agent_scope"] or "file",
            )  # fmt: skip
        return NewApplication(
            kind=given["kind"],
            applicant=Applicant(
                kind=given["applicant_kind"], name=given["name"], id_number=given["id_number"], phone=given["phone"],
                email=given["email"], language=given["language"],
            ),
            agent=agent, premises=given["premises"], address=given["address"], district=given["district"],
            postcode=given["postcode"], is_dual=given["is_dual"], items=given["items"], loads=given["loads"],
            note=given["note"],
        )  # fmt: skip

    def _items(self, given: dict[str, Any]) -> tuple[Item, ...]:
        text = given["units"]
        if given.get("units_file"):
            try:
                text = given["units_file"].read(2**20).decode("utf-8-sig")
            except UnicodeDecodeError as error:
                raise forms.ValidationError(_("The file is no text in UTF-8.")) from error
        same = {"voltage": given["voltage"], "use_class": given["use_class"]}
        rows = _lines(text, most=2)
        if not rows:
            return (Item(capacity_w=given["capacity"] or 0, service_point=given["service_point"], **same),)
        return tuple(
            Item(unit=parts[0], capacity_w=_kw(parts, 1, line) if len(parts) > 1 else given["capacity"] or 0, **same)
            for line, parts in rows
        )


def _lines(text: str, *, most: int) -> list[tuple[int, list[str]]]:
    """Return the parts of each line that is not blank, divided by comma, semicolon or tab, with its number."""
    rows = []
    for number, line in enumerate(text.splitlines(), start=1):
        plain = line.replace("，", ",").replace(";", ",").replace("；", ",").replace("\t", ",")
        parts = [part.strip() for part in plain.split(",")]
        if not any(parts):
            continue
        if len(parts) > most or not parts[0]:
            raise forms.ValidationError(_("Line %(line)s cannot be read."), params={"line": number})
        rows.append((number, parts))
    return rows


def _kw(parts: list[str], place: int, line: int) -> int:
    try:
        return fixed.parse(parts[place], places=KW_PLACES)
    except (IndexError, fixed.NotANumber) as error:
        raise forms.ValidationError(_("Line %(line)s needs its kW."), params={"line": line}) from error


def _count(parts: list[str], place: int, line: int) -> int:
    text = parts[place] if len(parts) > place and parts[place] else "1"
    if not (text.isascii() and text.isdigit() and len(text) < len(str(KW_W)) * 2):
        raise forms.ValidationError(_("Line %(line)s needs a whole number as its count."), params={"line": line})
    return int(text)
