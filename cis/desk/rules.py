"""The rules of the place as the pack says them: value, source, and how sure the source is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _late

from cis.desk.answers import csv_file, today
from cis.desk.roles import READERS
from cis.desk.safety_words import SOURCE_STATUSES
from cis.platform import packs
from cis.platform.access import allow
from cis.platform.forms import PageForm
from contracts.queries import clauses


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A rule, or a clause of contracts, as the page shows it; ``values``: its parts by name, "" = the whole."""

    key: str
    values: tuple[tuple[str, str], ...]
    source: str
    status: str
    valid_from: date


class RuleListForm(PageForm):
    """Which rules are listed."""

    status = forms.ChoiceField(
        label=_late("Source is"), required=False, choices=lambda: [("", _("All")), *SOURCE_STATUSES.items()]
    )
    text = forms.CharField(label=_late("Rule or source"), max_length=60, required=False)


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List the rules in force, with their sources."""
    form, rows = _found(request)
    counts = dict.fromkeys(SOURCE_STATUSES, 0)
    for one in _lines(today()):
        counts[one.status] += 1
    context = {
        "form": form,
        "rows": rows,
        "counts": counts.items(),
        "pack": packs.load(packs.in_use()),
        "is_filtered": bool(form.cleaned_data.get("status") or form.cleaned_data.get("text")),
    }
    return render(request, "desk/rules.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    _form, rows = _found(request)
    header = [_("Rule"), _("Value"), _("Source"), _("Source is"), _("Since")]
    lines = (
        (one.key, "; ".join(f"{name} = {value}" if name else value for name, value in one.values), one.source,
         str(SOURCE_STATUSES[one.status]), one.valid_from)
        for one in rows
    )  # fmt: skip
    return csv_file("rules.csv", header, lines)


def _found(request: HttpRequest) -> tuple[RuleListForm, list[Line]]:
    form = RuleListForm(request.GET or {})
    form.is_valid()
    status, text = form.cleaned_data.get("status", ""), form.cleaned_data.get("text", "").lower()
    rows = [
        one
        for one in _lines(today())
        if status in {"", one.status} and (text in one.key.lower() or text in one.source.lower())
    ]
    return form, rows


def _lines(on: date) -> list[Line]:
    rules = [
        Line(key=key, values=_parts(one.value), source=one.source, status=one.status, valid_from=one.valid_from)
        for key, one in packs.rules_in_force(at=on).items()
    ]
    return rules + [
        Line(
            key=f"clause {one.code} {one.version}", values=(("", one.titles["zh"]),), source=one.source,
            status=one.source_status, valid_from=one.valid_from,
        )
        for one in clauses.library()
        if one.valid_from <= on
    ]  # fmt: skip


def _parts(value: Any, prefix: str = "") -> tuple[tuple[str, str], ...]:
    """Return the parts of a value by name, those of tables in it as ``table.part``; what names a source is left out."""
    if not isinstance(value, Mapping):
        text = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value).lower()
        return ((prefix, text if isinstance(value, bool | tuple) else str(value)),)
    found: list[tuple[str, str]] = []
    for name, one in value.items():
        if name != "source":
            found += _parts(one, f"{prefix}.{name}" if prefix else str(name))
    return tuple(found)
