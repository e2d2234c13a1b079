"""The price book: the list, one version with its hours and test cases, two versions compared, documents and files."""

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.utils.translation import gettext as _

from accounts.queries import users
from cis.desk.answers import csv_file, or_404, today
from cis.desk.forms.tariffs import BookForm, CompareForm
from cis.desk.roles import BILLERS, READERS
from cis.desk.tariff_page import price_rows, told, view_of
from cis.desk.words import word
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_of
from tariffs.domain import comparison, wording
from tariffs.domain.changes import Change
from tariffs.domain.workflow import WORKFLOW
from tariffs.queries import versions
from tariffs.queries.versions import ALIVE, Standing, VersionRow


@dataclass(frozen=True, slots=True, kw_only=True)
class BookRow:
    """A version in the list, and how it stands today."""

    card: VersionRow
    standing: Standing


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List the versions of the price book: those that matter now, or those chosen."""
    form = BookForm(request.GET or None, rows=(cards := versions.listed()))
    found, pager = page_of(request, _chosen(form, cards))
    context = {
        "form": form,
        "rows": found,
        "pager": pager,
        "is_filtered": any(request.GET.get(name) for name in form.fields),
        "may_price": _may_price(request),
        "has_any": bool(cards),
    }
    return render(request, "desk/tariffs/index.html", context)


@allow(*READERS)
def book_file(request: HttpRequest) -> StreamingHttpResponse:
    """Give the list as a file."""
    cards = versions.listed()
    header = [_("Code"), _("Name"), _("State"), _("Class of customers"), _("Area"), _("From"), _("To, not included"),
              _("Legal source")]  # fmt: skip
    rows = (
        (one.card.code, _name(one.card), word("standing", one.standing),
         word("customer_class", one.card.customer_class), one.card.area, one.card.start_date,
         one.card.end_date, one.card.legal_source)
        for one in _chosen(BookForm(request.GET or None, rows=cards), cards)
    )  # fmt: skip
    return csv_file("tariffs.csv", header, rows)


def _chosen(form: BookForm, cards: tuple[VersionRow, ...]) -> list[BookRow]:
    """Return the versions that fit the filters."""
    rows = [BookRow(card=card, standing=card.standing(today())) for card in cards]
    wanted = form.cleaned_data if form.is_valid() else {}
    text, standing, on = wanted.get("text", "").casefold(), wanted.get("standing", ""), wanted.get("on")
    return [
        row
        for row in rows
        if text in f"{row.card.code} {row.card.name_zh} {row.card.name_en}".casefold()
        and (standing == "all" or row.standing in ({standing} if standing else ALIVE))
        and wanted.get("customer_class", "") in {"", row.card.customer_class}
        and wanted.get("area", "") in {"", row.card.area}
        and (on is None or (row.card.start_date <= on and (row.card.end_date is None or on < row.card.end_date)))
    ]


def _name(card: VersionRow) -> str:
    return told(wording.Labels({"zh": card.name_zh, "en": card.name_en}))


@allow(*READERS)
def show(request: HttpRequest, tariff_id: int) -> HttpResponse:
    """Show a tariff with one version: the one in force, or the one chosen."""
    rows, card = _found(request, tariff_id)
    actor, names = actor_of(request), users.names([card.actor_id, card.approver_id])
    context = {
        "card": card,
        "standing": card.standing(today()),
        "versions": [BookRow(card=row, standing=row.standing(today())) for row in rows],
        "view": view_of(versions.document_of(card.id)),
        "author": names.get(card.actor_id or 0, ""),
        "approver": names.get(card.approver_id or 0, ""),
        "actions": frozenset(str(action) for action in WORKFLOW.actions(card.state, actor)),
        "is_own": actor.id == card.actor_id,
        "may_price": _may_price(request),
    }
    return render(request, "desk/tariffs/tariff.html", context)


@allow(*READERS)
def prices_file(request: HttpRequest, tariff_id: int) -> StreamingHttpResponse:
    """Give the prices of a version as a file."""
    _rows, card = _found(request, tariff_id)
    header = [_("What"), _("Step"), _("Period of use"), _("Price"), _("Unit")]
    rows = ((r.label, r.step, r.period, r.price, r.unit) for r in price_rows(versions.document_of(card.id).plan))
    return csv_file(f"{card.code}.csv", header, rows)


@allow(*READERS)
def text_file(request: HttpRequest, version_id: int) -> HttpResponse:  # noqa: ARG001
    """Give the document of a version as it was written."""
    with or_404():
        card, document = versions.one(version_id=version_id), versions.document_of(version_id)
    answer = HttpResponse(document.text, content_type="application/toml; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{card.code}@{card.start_date.isoformat()}.toml"'
    return answer


@allow(*READERS)
def compare(request: HttpRequest) -> HttpResponse:
    """Show what changes from one version to another."""
    form = CompareForm(request.GET or None, rows=versions.listed())
    context: dict[str, Any] = {"form": form, "sections": None}
    if form.is_valid():
        before, after = form.cleaned_data["before"], form.cleaned_data["after"]
        context |= {"sections": sections_of(before, after), "query": request.GET.urlencode()}
    return render(request, "desk/tariffs/compare.html", context)


@allow(*READERS)
def changes_file(request: HttpRequest) -> StreamingHttpResponse:
    """Give the changes from one version to another as a file."""
    form = CompareForm(request.GET or None, rows=versions.listed())
    if not form.is_valid():
        raise Http404
    sections = sections_of(form.cleaned_data["before"], form.cleaned_data["after"])
    rows = ((heading, sentence) for heading, sentences in sections for sentence in sentences)
    return csv_file("changes.csv", [_("Part"), _("Change")], rows)


def sections_of(before_id: int, after_id: int) -> list[tuple[str, list[str]]]:
    """Return the changes from one version to another: headings with sentences."""
    pair = (versions.document_of(version_id) for version_id in (before_id, after_id))
    return told_changes(comparison.compare(before=next(pair), after=next(pair)))


def told_changes(changes: tuple[Change, ...]) -> list[tuple[str, list[str]]]:
    """Return changes in the language of the page: headings with sentences."""
    ordered = sorted(changes, key=wording.place_of)
    return [
        (gettext(heading), [told(wording.sentence_of(change)) for change in same])
        for heading, same in groupby(ordered, key=wording.section_of)
    ]


def _found(request: HttpRequest, tariff_id: int) -> tuple[tuple[VersionRow, ...], VersionRow]:
    """Return the versions of a tariff, and the one chosen: else the one in force, the next to come, the latest."""
    rows = versions.of_tariff(tariff_id=tariff_id)
    if not rows:
        raise Http404
    wanted = request.GET.get("version", "")
    by_standing = {row.standing(today()): row for row in rows}
    preferred = next((by_standing[one] for one in (Standing.IN_FORCE, Standing.COMING) if one in by_standing), rows[0])
    return rows, next((row for row in rows if str(row.id) == wanted), preferred)


def _may_price(request: HttpRequest) -> bool:
    return bool(actor_of(request).roles & set(BILLERS))
