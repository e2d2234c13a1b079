"""A checklist as a form: a field for each item, named ``item_<code>``, with its words in the page's language."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from cis.kernel.errors import Finding, Refused
from cis.platform.forms import PageForm
from metering.domain.checklists import NO, TEXT_MOST, YES, Checklist, Item, ItemKind

PREFIX = "item_"


class ChecklistForm(PageForm):
    """
    The items of a checklist, then a note.

    Whether answers fit is decided by the operation that keeps them, not here: nothing is required of the form itself.
    Photos are no fields: they are kept as soon as they are taken.
    """

    request_key = forms.CharField(widget=forms.HiddenInput, max_length=64)
    note = forms.CharField(label=_("Note"), required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, checklist: Checklist | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.items: tuple[Item, ...] = checklist.items if checklist else ()
        for item in self.items:
            if item.kind is not ItemKind.PHOTO:
                self.fields[PREFIX + item.code] = _field(item)

    def answers(self) -> dict[str, str]:
        """Return what was answered, by the code of the item."""
        found = {item.code: str(self.cleaned_data.get(PREFIX + item.code) or "") for item in self.items}
        return {code: text for code, text in found.items() if text}

    def rows(self) -> list[tuple[Item, forms.BoundField | None]]:
        """Return each item with its field; None for a photo."""
        return [(item, None if item.kind is ItemKind.PHOTO else self[PREFIX + item.code]) for item in self.items]

    def refuse(self, refusal: Refused) -> None:
        """Show what is wrong beside its item; a missing photo above the form, since it is no field."""
        findings = refusal.detail.get("findings")
        if findings:
            moved = tuple(
                Finding(
                    PREFIX + one.where if PREFIX + one.where in self.fields else "", one.code,
                    one.message if PREFIX + one.where in self.fields else f"{self._label(one.where)}: {one.message}",
                    one.advice,
                )
                for one in findings
            )  # fmt: skip
            refusal = type(refusal)(refusal.message, findings=moved)
        super().refuse(refusal)

    def _label(self, code: str) -> str:
        item = next((one for one in self.items if one.code == code), None)
        return code if item is None else label_of(item)


def label_of(item: Item) -> str:
    """Return the words of an item in the page's language."""
    return item.label_zh if (get_language() or "").startswith("zh") else item.label_en


def choices_of(item: Item) -> list[tuple[str, Any]]:
    """Return the answers of an item that is chosen."""
    if item.kind is ItemKind.YES_NO:
        return [(YES, _("Yes")), (NO, _("No"))]
    is_chinese = (get_language() or "").startswith("zh")
    return [(one.code, one.label_zh if is_chinese else one.label_en) for one in item.choices]


def _field(item: Item) -> forms.Field:
    label = f"{label_of(item)} ({item.unit})" if item.unit else label_of(item)
    shown: Mapping[str, Any] = {"label": label, "required": False}
    match item.kind:
        case ItemKind.YES_NO | ItemKind.CHOICE:
            widget = forms.RadioSelect(attrs={"class": "form-check-input"})
            return forms.ChoiceField(**shown, choices=choices_of(item), widget=widget)
        case ItemKind.NUMBER:
            attrs = {"inputmode": "decimal", "autocomplete": "off", "class": "form-control num"}
            span = f"{item.least}–{item.most}" if item.least or item.most else ""
            return forms.CharField(**shown, max_length=20, widget=forms.TextInput(attrs=attrs), help_text=span)
    area = forms.Textarea(attrs={"rows": 2, "class": "form-control"})
    return forms.CharField(**shown, max_length=TEXT_MOST, widget=area)
