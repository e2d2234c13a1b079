"""The form by which anybody applies for supplies, with an agent and papers."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cis.kernel.errors import Refused
from cis.platform import papers
from cis.platform.forms import EnergyField, PageForm
from cis.platform.phrases import explain
from cis.platform.typed import number as typed_number
from contracts.domain.applications import Agent, AgentScope, Applicant, Item, Load, NewApplication, PaperKind
from contracts.operations.application_intake import GivenPaper
from contracts.queries import application_rules
from metering.domain.places import Voltage

LOADS = 6
SUPPLIES_MOST = 20
FILES_MOST, BYTES_MOST = 20, 40 * 2**20
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
PAPER_HINTS = {
    "identity": _("Both sides of the card; several files may be chosen."),
    "premises_right": _("Title deed, lease, or a letter of the owner."),
    "business_licence": _("For companies and public bodies."),
}
AGENT_PAPERS = ("agent_identity", "power_of_attorney")
AGENT_FIELDS = ("agent_name", "agent_id_number", "agent_phone")
AGENT_SHOWN = (*AGENT_FIELDS, *(f"paper_{kind}" for kind in AGENT_PAPERS))
SCOPES = [("file", _("Apply and bring papers")), ("sign", _("Sign too"))]
SUPPLY_PARTS = ("unit", "use_class", "voltage", "capacity")
VOLTAGES = [(one.value, one.value) for one in Voltage]
UNIT, USE, VOLTAGE, CAPACITY = _("Flat or shop"), _("Kind of use"), _("Voltage"), _("Capacity (kW)")
FIELD_OF = {
    "applicant.kind": "applicant_kind", "applicant.name": "name", "applicant.id_number": "id_number",
    "applicant.phone": "phone", "applicant.email": "email", "agent.name": "agent_name",
    "agent.id_number": "agent_id_number", "agent.phone": "agent_phone", "agent.scope": "agent_scope",
    "application_taken": "address",
}  # fmt: skip


class FilesInput(forms.ClearableFileInput):
    """A field for several files."""

    allow_multiple_selected = True
    template_name = "django/forms/widgets/file.html"


class FilesField(forms.FileField):
    """Several files of one kind; each is looked at by its size and its first bytes, the rest when it is kept."""

    widget = FilesInput(attrs={"accept": PAPER_TYPES})

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        """Return the files; what is plainly no paper is named by its file."""
        found: list[UploadedFile] = []
        for one in data if isinstance(data, list) else [data] if data else []:
            given = super().clean(one, initial)
            if given is None:
                continue
            if (given.size or 0) > papers.BYTES_MOST:
                most = papers.BYTES_MOST // 2**20
                raise forms.ValidationError(
                    _("%(name)s has more than %(most)s MB: take the photo with a lower resolution."),
                    params={"name": given.name, "most": most},
                )
            if not papers.may_be_paper(given.read(papers.HEAD_LOOKED_AT)):
                raise forms.ValidationError(
                    _("%(name)s is no PDF, JPEG or PNG: scan the paper or take a photo of it."),
                    params={"name": given.name},
                )
            given.seek(0)
            found.append(given)
        return found


class ApplyForm(PageForm):
    """
    An application by the applicant or who acts for him, with its papers.

    The rows of supplies are as many as ``supplies`` says; a button adds one or takes one away, what was typed
    stays.
    ``website`` is a field that people do not see and programs fill in.
    """

    website = forms.CharField(required=False, widget=forms.TextInput(attrs={"tabindex": "-1", "autocomplete": "off"}))
    kind = forms.ChoiceField(label=_("What is applied for"), choices=KINDS)
    applicant_kind = forms.ChoiceField(label=_("Who applies"), choices=WHO)
    name = forms.CharField(label=_("Name"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    id_number = forms.CharField(
        label=_("ID number"), max_length=60, help_text=_("Resident ID, or the company's credit code."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    phone = forms.CharField(
        label=_("Phone"), max_length=40, widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"})
    )
    email = forms.CharField(
        label=_("E-mail"), max_length=254, required=False,
        widget=forms.TextInput(attrs={"type": "email", "autocomplete": "email"}),
    )  # fmt: skip
    agent_name = forms.CharField(label=_("Name of the agent"), max_length=200, required=False)
    agent_id_number = forms.CharField(
        label=_("ID number of the agent"), max_length=60, required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    agent_phone = forms.CharField(
        label=_("Phone of the agent"), max_length=40, required=False, widget=forms.TextInput(attrs={"type": "tel"})
    )
    agent_scope = forms.ChoiceField(label=_("The agent may"), required=False, choices=SCOPES)
    address = forms.CharField(label=_("Address of the supply"), max_length=300)
    district = forms.CharField(label=_("District"), max_length=100, required=False)
    note = forms.CharField(label=_("Note"), max_length=2_000, required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, language: str, supplies: int = 1, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.language = "en" if language.startswith("en") else "zh-hans"
        self.supplies = supplies
        places = {**FIELD_OF}
        for place in range(supplies):
            self._add_supply(place)
            places |= {f"items[{place}].{part}": f"{part}_{place}" for part in SUPPLY_PARTS}
            places[f"items[{place}]"] = f"unit_{place}"
        self.field_of = places
        for place in range(LOADS):
            self._add(f"load_{place}", forms.CharField(max_length=100, required=False))
            self._add(f"kw_{place}", EnergyField(required=False))
            self._add(f"count_{place}", forms.IntegerField(min_value=1, max_value=100_000, required=False))
        for kind, label in PAPERS:
            field = FilesField(label=label, required=False, help_text=PAPER_HINTS.get(kind, ""))
            # Where a file is not at fault the browser keeps it while the form comes anew.
            field.widget.attrs["hx-preserve"] = "true"
            self._add(f"paper_{kind}", field)

    def _add_supply(self, place: int) -> None:
        number = f" {place + 1}" if self.supplies > 1 else ""
        self._add(f"unit_{place}", forms.CharField(label=f"{UNIT}{number}", max_length=60, required=False))
        self._add(f"use_class_{place}", forms.ChoiceField(label=f"{USE}{number}", choices=USES))
        self._add(f"voltage_{place}", forms.ChoiceField(label=f"{VOLTAGE}{number}", choices=VOLTAGES))
        hint = _("Empty: what fits the list below, by our rule.") if self.supplies == 1 else ""
        self._add(f"capacity_{place}", EnergyField(label=f"{CAPACITY}{number}", required=False, help_text=hint))

    def _add(self, name: str, field: forms.Field) -> None:
        kind = "form-select" if isinstance(field.widget, forms.Select) else "form-control"
        field.widget.attrs["class"] = f"{kind} {field.widget.attrs.get('class', '')}".strip()
        self.fields[name] = field

    @classmethod
    def with_rows(cls, post: QueryDict, *, language: str) -> "ApplyForm":
        """Return what was typed with one supply more or less, by the button that was pressed; nothing is checked."""
        count = supplies_in(post)
        typed = {name: post.get(name, "") for name in post if name != "supplies"}
        gone = typed_number(post.get("less", ""))
        if "more" in post and count < SUPPLIES_MOST:
            for part in ("use_class", "voltage", "capacity"):
                typed[f"{part}_{count}"] = typed.get(f"{part}_{count - 1}", "")
            count += 1
        elif gone is not None and gone < count > 1:
            for place in range(gone, count - 1):
                typed |= {f"{part}_{place}": typed.get(f"{part}_{place + 1}", "") for part in SUPPLY_PARTS}
            count -= 1
        return cls(initial=typed, language=language, supplies=count)

    def supply_rows(self) -> list[tuple[int, list[forms.BoundField]]]:
        """Return the fields of each supply, with its number as people count."""
        return [(place + 1, [self[f"{part}_{place}"] for part in SUPPLY_PARTS]) for place in range(self.supplies)]

    def may_add(self) -> bool:
        """Return whether one more supply fits into this form."""
        return self.supplies < SUPPLIES_MOST

    def load_rows(self) -> list[tuple[forms.BoundField, forms.BoundField, forms.BoundField]]:
        """Return the fields of the load list, line by line."""
        return [(self[f"load_{place}"], self[f"kw_{place}"], self[f"count_{place}"]) for place in range(LOADS)]

    def paper_fields(self) -> list[forms.BoundField]:
        """Return the fields of the applicant's own papers."""
        return [self[f"paper_{kind}"] for kind, _label in PAPERS if kind not in AGENT_PAPERS]

    def agent_paper_fields(self) -> list[forms.BoundField]:
        """Return the fields of what proves the agent."""
        return [self[f"paper_{kind}"] for kind in AGENT_PAPERS]

    def has_agent(self) -> bool:
        """Return whether something is said of an agent, so that this part of the form is open."""
        return any(self[name].value() for name in AGENT_FIELDS) or any(self[one].errors for one in AGENT_SHOWN)

    def full_clean(self) -> None:
        """Check the form; a file that is at fault is chosen anew, so the browser does not keep it."""
        super().full_clean()
        self._forget_faulty_files()

    def refuse(self, refusal: Refused) -> None:
        """Show a refusal; see ``PageForm.refuse``. A file at fault is named, since several may be of a kind."""
        found = tuple(refusal.detail.get("findings") or ())
        files = [one for one in found if one.where.rpartition(": ")[2].startswith("paper_")]
        for one in files:
            name, _colon, field = one.where.rpartition(": ")
            self.add_error(field, f"{name}: {explain(one.code, one.message, one.advice).message}")
        rest = tuple(one for one in found if one not in files)
        if rest or not found:
            super().refuse(type(refusal)(refusal.message, **{**refusal.detail, "findings": rest}))
        self._forget_faulty_files()

    def _forget_faulty_files(self) -> None:
        for name in self.errors:
            if name.startswith("paper_"):
                self.fields[name].widget.attrs.pop("hx-preserve", None)

    def clean(self) -> dict[str, Any]:
        """Add the load list and the supplies; the only one may leave its capacity to the load list."""
        given = super().clean() or {}
        given["loads"] = tuple(
            Load(name=given[f"load_{place}"], power_w=given[f"kw_{place}"], count=given.get(f"count_{place}") or 1)
            for place in range(LOADS)
            if given.get(f"load_{place}") and given.get(f"kw_{place}")
        )
        if any(given.get(name) for name in AGENT_FIELDS) and not given.get("agent_name"):
            self.add_error("agent_name", _("Say who acts for the applicant."))
        if given.get("agent_name") and not given.get("agent_id_number"):
            self.add_error("agent_id_number", _("Give the ID number of the agent."))
        if sum(len(given.get(f"paper_{kind}") or ()) for kind, _label in PAPERS) > FILES_MOST:
            self.add_error(
                "paper_other", _("At most %(most)s files at once: bring the others afterwards.") % {"most": FILES_MOST}
            )
        size = sum(one.size or 0 for kind, _label in PAPERS for one in given.get(f"paper_{kind}") or ())
        if size > BYTES_MOST:
            most = BYTES_MOST // 2**20
            self.add_error(
                "paper_other",
                _("All files together have more than %(most)s MB: bring some afterwards.") % {"most": most},
            )
        if self.supplies == 1 and not self.errors and not given["capacity_0"]:
            given["capacity_0"] = application_rules.suggested_w(
                loads=given["loads"], use_class=given["use_class_0"], at=timezone.now()
            )
        for place in range(self.supplies):
            if (
                f"capacity_{place}" in given
                and not given[f"capacity_{place}"]
                and (self.supplies > 1 or not self.errors)
            ):
                self.add_error(f"capacity_{place}", _("Give the capacity, or what you want to run."))
        return given

    def application(self) -> NewApplication:
        """Return the application of a valid form."""
        given = self.cleaned_data
        agent = None
        if given["agent_name"]:
            agent = Agent(
                name=given["agent_name"], id_number=given["agent_id_number"], phone=given["agent_phone"],
                scope=given["agent_scope"] or AgentScope.FILE.value,
            )  # fmt: skip
        items = tuple(
            Item(
                unit=given[f"unit_{place}"], capacity_w=given[f"capacity_{place}"], voltage=given[f"voltage_{place}"],
                use_class=given[f"use_class_{place}"],
            )
            for place in range(self.supplies)
        )  # fmt: skip
        return NewApplication(
            kind=given["kind"],
            applicant=Applicant(
                kind=given["applicant_kind"], name=given["name"], id_number=given["id_number"], phone=given["phone"],
                email=given["email"], language=self.language,
            ),
            agent=agent, address=given["address"], district=given["district"], items=items, loads=given["loads"],
            note=given["note"],
        )  # fmt: skip

    def papers(self) -> list[GivenPaper]:
        """Return the papers of a valid form."""
        return [
            GivenPaper(kind=PaperKind(kind), source=one.file, name=one.name or kind, where=f"{one.name}: paper_{kind}")
            for kind, _label in PAPERS
            for one in self.cleaned_data[f"paper_{kind}"]
        ]


def supplies_in(post: QueryDict) -> int:
    """Return how many supplies a sent form has."""
    return min(max(typed_number(post.get("supplies", "")) or 1, 1), SUPPLIES_MOST)


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
