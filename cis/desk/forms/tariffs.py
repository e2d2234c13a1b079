"""Forms on the price book: its list, two versions to compare, a document, new prices, a reason."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from cis.desk.answers import today
from cis.desk.forms.customers import choices
from cis.desk.words import CUSTOMER_CLASSES, STANDINGS, word
from cis.platform.forms import DayField, PageForm
from cis.platform.templatetags.local import until
from tariffs.domain.editing import Field
from tariffs.queries.versions import VersionRow

TEXT_MOST = 500_000


class BookForm(PageForm):
    """Filters of the price book."""

    text = forms.CharField(label=_("Code or name"), required=False, max_length=60)
    standing = forms.ChoiceField(label=_("State"), required=False)
    customer_class = forms.ChoiceField(label=_("Class of customers"), required=False)
    area = forms.ChoiceField(label=_("Area"), required=False)
    on = DayField(label=_("Holds on"), required=False)

    def __init__(self, *args: Any, rows: Sequence[VersionRow], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        areas = sorted({row.area for row in rows if row.area})
        offered = {
            "standing": [*choices(STANDINGS, empty=_("In force, coming, drafts")), ("all", _("All"))],
            "customer_class": choices(CUSTOMER_CLASSES, empty=_("All")),
            "area": choices(dict(zip(areas, areas, strict=True)), empty=_("All")),
        }
        for name, found in offered.items():
            self.fields[name].choices = found  # type: ignore[attr-defined]


class CompareForm(PageForm):
    """Two versions of the price book."""

    before = forms.TypedChoiceField(label=_("Before"), coerce=int)
    after = forms.TypedChoiceField(label=_("After"), coerce=int)

    def __init__(self, *args: Any, rows: Sequence[VersionRow], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("before", "after"):
            self.fields[name].choices = version_choices(rows)  # type: ignore[attr-defined]


def version_choices(rows: Sequence[VersionRow]) -> list[tuple[str, str]]:
    """Return versions as choices: name, dates and how each stands today, in the language of the page."""
    is_chinese = (get_language() or "").startswith("zh")
    return [(str(row.id), _shown(row, row.name_zh if is_chinese else row.name_en)) for row in rows]


def _shown(row: VersionRow, name: str) -> str:
    standing = word("standing", row.standing(today()))
    return f"{name} · {until(row.start_date, row.end_date)} · {standing} ({row.code}, {row.id})"


class TextForm(PageForm):
    """A document, typed or uploaded; an uploaded one stands in place of what was typed."""

    text = forms.CharField(
        label=_("Document (TOML)"),
        required=False,
        max_length=TEXT_MOST,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 32, "spellcheck": "false", "wrap": "off", "class": "code-text"}),
    )
    file = forms.FileField(
        label=_("Or upload it"), required=False, max_length=255, help_text=_("A file in TOML, UTF-8.")
    )

    def clean(self) -> dict[str, Any]:
        """Take the uploaded text; one of the two must be there."""
        given: dict[str, Any] = super().clean() or {}
        file = given.get("file")
        if file is not None:
            given["text"] = self._read(file)
        elif not given.get("text", "").strip() and "text" not in self.errors:
            self.add_error("text", self.fields["text"].error_messages["required"])
        given["text"] = given.get("text", "").replace("\r\n", "\n")
        return given

    def _read(self, file: Any) -> str:
        if file.size > TEXT_MOST:
            self.add_error("file", gettext("The file is too large for a tariff."))
            return ""
        try:
            return str(file.read().decode("utf-8-sig"))
        except UnicodeDecodeError:
            self.add_error("file", gettext("The file is not UTF-8: save it as UTF-8."))
            return ""


class PricesForm(PageForm):
    """Other numbers from a day on; a field for each number of the components."""

    from_date = DayField(label=_("Holds from"))
    legal_source = forms.CharField(
        label=_("Legal source"), max_length=2_000, required=False, help_text=_("Empty: as before."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )  # fmt: skip
    renew = forms.BooleanField(
        label=_("Let the test cases expect what is computed now"), required=False, initial=True,
        help_text=_("Each is marked by a comment: whoever publishes compares it with the order."),
    )  # fmt: skip

    def __init__(self, *args: Any, numbers: Sequence[Field], labels: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.numbers = {f"v{place}": number for place, number in enumerate(numbers)}
        for (name, number), label in zip(self.numbers.items(), labels, strict=True):
            attrs = {"inputmode": "decimal", "autocomplete": "off", "class": "form-control num"}
            widget = forms.TextInput(attrs=attrs)
            self.fields[name] = forms.CharField(label=label, initial=number.text, max_length=20, widget=widget)

    def groups(self) -> dict[str, list[forms.BoundField]]:
        """Return the fields of prices, and those of rates, ratios and limits."""
        found: dict[str, list[forms.BoundField]] = {"prices": [], "others": []}
        for name, number in self.numbers.items():
            found["prices" if number.is_price else "others"].append(self[name])
        return found

    def changed(self) -> dict[str, str]:
        """Return what was changed: path in the document -> new text."""
        given = ((number, self.cleaned_data[name].strip()) for name, number in self.numbers.items())
        return {number.path: text for number, text in given if text != number.text}

    def refuse_at(self, where: str, words: str) -> None:
        """Show a finding beside the number at which it stands, else above the form."""
        names = {number.path: name for name, number in self.numbers.items()}
        names |= {"valid_from": "from_date", "legal_source": "legal_source"}
        name = names.get(where)
        self.add_error(name, words)
        if name is not None:
            attrs = self.fields[name].widget.attrs
            attrs["class"] = f"{attrs['class']} is-invalid"


class RejectForm(PageForm):
    """Why a draft is rejected."""

    field_of = {"no_reason": "reason"}
    reason = forms.CharField(
        label=_("What is to be mended"), max_length=2_000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
