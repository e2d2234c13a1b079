"""Drafts of tariffs: write or upload one, give new prices from a day on, publish or reject it by a second person."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.queries import users
from cis.desk.answers import or_404, posted, tell_refusal, today
from cis.desk.forms.tariffs import PricesForm, RejectForm, TextForm
from cis.desk.roles import BILLERS
from cis.desk.tariff_findings import found_at, in_words
from cis.desk.tariff_page import price_label, view_of
from cis.desk.tariffs import told_changes
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from tariffs.domain import comparison, editing
from tariffs.domain.workflow import VersionState
from tariffs.operations import tariffs as operations
from tariffs.queries import versions
from tariffs.queries.versions import Standing, VersionRow


@allow(*BILLERS)
def new(request: HttpRequest) -> HttpResponse:
    """Write a tariff, beginning with an example, or upload one."""
    text = render_to_string("desk/tariffs/new.toml", {"today": today().isoformat()})
    return _editor(request, None, text)


@allow(*BILLERS)
def edit(request: HttpRequest, version_id: int) -> HttpResponse:
    """Edit a draft, or write a new version beginning with one that is there."""
    with or_404():
        card = versions.one(version_id=version_id)
    return _editor(request, card, versions.document_of(card.id).text)


def _editor(request: HttpRequest, card: VersionRow | None, text: str) -> HttpResponse:
    form = TextForm(posted(request), request.FILES or None, initial={"text": text})
    context: dict[str, Any] = {"form": form, "card": card, "is_draft": _is_draft(card)}
    if request.method == "POST" and form.is_valid():
        text = form.cleaned_data["text"]
        checked = operations.check(text=text)
        if request.POST.get("do") == "save" and checked.read is not None:
            answer = _saved(request, card, text, form)
            if answer is not None:
                return answer
        form.data = {"text": text}  # an uploaded text is shown from now on
        context |= {"checked": checked, "findings": found_at(checked.findings, text)}
        if card is not None and checked.read is not None:
            changes = comparison.compare(before=versions.document_of(card.id), after=checked.read)
            context["sections"] = told_changes(changes)
    return render(request, "desk/tariffs/draft.html", context)


def _is_draft(card: VersionRow | None) -> bool:
    return card is not None and card.state is VersionState.DRAFT


def _saved(request: HttpRequest, card: VersionRow | None, text: str, form: TextForm) -> HttpResponse | None:
    """Save a draft and show it; None, and the reason in the form, if it is refused."""
    replaces = card.id if card is not None and _is_draft(card) else None
    try:
        version_id = operations.draft(text=text, actor=actor_of(request), replaces=replaces)
    except Refused as refusal:
        form.refuse(refusal)
        return None
    return _shown(request, version_id)


def _shown(request: HttpRequest, version_id: int) -> HttpResponse:
    saved = versions.one(version_id=version_id)
    is_new = saved.state is VersionState.DRAFT
    said = _("The draft is saved; somebody else publishes it.") if is_new else _("This document is published already.")
    messages.success(request, said)
    return redirect(f"{reverse('desk:tariff', args=[saved.tariff_id])}?version={version_id}")


@allow(*BILLERS)
def prices(request: HttpRequest, version_id: int) -> HttpResponse:
    """Make a draft with other prices, rates and limits from a day on."""
    with or_404():
        card = versions.one(version_id=version_id)
    document = versions.document_of(card.id)
    numbers = editing.fields_of(text=document.text)
    labels = [price_label(document.plan, number) for number in numbers]
    form = PricesForm(posted(request), numbers=numbers, labels=labels, initial={"from_date": today()})
    if request.method == "POST" and form.is_valid():
        answer = _repriced(request, card, document.text, form)
        if answer is not None:
            return answer
    return render(request, "desk/tariffs/prices.html", {"form": form, "card": card, "groups": form.groups()})


def _repriced(request: HttpRequest, card: VersionRow, text: str, form: PricesForm) -> HttpResponse | None:
    """Save the document with what was changed; None, and what is wrong in the form, if it has findings."""
    given = form.cleaned_data
    text = editing.new_version(
        text=text, valid_from=given["from_date"], values=form.changed(), legal_source=given["legal_source"].strip()
    )
    checked = operations.check(text=text)
    if checked.read is None:
        for _line, finding in checked.findings:
            words = in_words(finding)
            form.refuse_at(finding.where, f"{words.message} {words.advice or words.detail}".strip())
        return None
    text = editing.renewed(text=text) if given["renew"] else text
    try:
        replaces = card.id if _is_draft(card) else None
        version_id = operations.draft(text=text, actor=actor_of(request), replaces=replaces)
    except Refused as refusal:
        form.refuse(refusal)
        return None
    return _shown(request, version_id)


@allow(*BILLERS)
def decide(request: HttpRequest, version_id: int) -> HttpResponse:
    """Publish a draft, or reject it with a reason: shown are what it changes, its test cases, and what follows."""
    with or_404():
        card = versions.one(version_id=version_id)
    actor = actor_of(request)
    form = RejectForm(request.POST if request.POST.get("do") == "reject" else None)
    try:
        if request.POST.get("do") == "publish":
            operations.publish(version_id=card.id, actor=actor)
            messages.success(request, _("The version is published; from its first day on it is the price."))
            return redirect(_address(card))
        if form.is_bound and form.is_valid():
            operations.reject(version_id=card.id, reason=form.cleaned_data["reason"], actor=actor)
            messages.success(request, _("The draft is rejected; its author sees the reason."))
            return redirect(_address(card))
    except Refused as refusal:
        if form.is_bound:
            form.refuse(refusal)
        else:
            tell_refusal(request, refusal)
    return render(request, "desk/tariffs/decide.html", {"form": form, **_matter(request, card)})


def _address(card: VersionRow) -> str:
    return f"{reverse('desk:tariff', args=[card.tariff_id])}?version={card.id}"


def _matter(request: HttpRequest, card: VersionRow) -> dict[str, Any]:
    """Return what whoever decides must see."""
    before, document = versions.before(version=card), versions.document_of(card.id)
    changes = comparison.compare(before=versions.document_of(before.id), after=document) if before else ()
    return {
        "card": card,
        "standing": card.standing(today()),
        "before": before,
        "before_ends": before is not None and (before.end_date is None or before.end_date > card.start_date),
        "sections": told_changes(changes) if before else None,
        "view": view_of(document),
        "author": users.names([card.actor_id]).get(card.actor_id or 0, ""),
        "is_own": card.actor_id is not None and card.actor_id == actor_of(request).id,
        "is_open": card.standing(today()) is Standing.DRAFT,
        "is_past": card.start_date < today(),
    }
