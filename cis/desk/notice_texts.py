"""Texts of notices: the catalogue, one text with a preview on real data, its versions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.domain import notice_events, notice_texts
from accounts.domain.customer import LANGUAGES
from accounts.domain.notice_events import EVENTS, Channel, Event, Fact
from accounts.domain.notice_texts import FILTERS, Text
from accounts.operations import notice_templates
from accounts.queries import accounts
from accounts.queries import notice_texts as stored
from accounts.queries.accounts import UnknownAccount
from accounts.queries.notice_texts import EventRow
from billing.operations import telling as bill_facts
from billing.queries import telling
from cis.desk import words
from cis.desk.answers import csv_file, posted, today
from cis.desk.forms.notices import LANGUAGE_NAMES, TextForm, TextListForm
from cis.desk.roles import READERS
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.paging import Pager, query_of

EDITORS = (Role.SUPERVISOR,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Whose facts a preview shows; ``is_real``: they are those of the account's latest case, else made up."""

    account_number: str
    name: str
    facts: Mapping[str, Fact]
    is_real: bool


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List the events of which customers are told, with their texts."""
    form, rows, is_filtered = _listed(request)
    context = {
        "form": form, "rows": rows, "is_filtered": is_filtered, "languages": LANGUAGE_NAMES,
        "pager": Pager(1, False, query_of(request)),
    }  # fmt: skip
    return render(request, "desk/notice_texts.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file: each text in force, with its facts still in braces."""
    language = get_language() or LANGUAGES[0]
    header = [_("What for"), _("Class"), _("Way"), _("Language"), _("Version"), _("Subject"), _("Text")]
    found = _listed(request)[1]
    written = stored.written([row.event.code for row in found])
    rows = (
        (
            stored.title(row.event.code, language), words.word("notice_class", row.event.notice_class),
            words.word("notice_channel", channel), LANGUAGE_NAMES[spoken], version, text.subject, text.body,
        )
        for row in found
        for (channel, spoken), (version, text) in written[row.event.code].items()
    )  # fmt: skip
    return csv_file("texts.csv", header, rows)


def _listed(request: HttpRequest) -> tuple[TextListForm, list[EventRow], bool]:
    """Return the events that are asked for, by their names in the page's language."""
    form = TextListForm(request.GET or None)
    given = {name: value for name, value in form.cleaned_data.items() if value} if form.is_valid() else {}
    language = get_language() or LANGUAGES[0]
    rows = [
        row
        for row in stored.listed()
        if given.get("text", "").lower() in stored.title(row.event.code, language).lower()
        and given.get("notice_class", row.event.notice_class) == row.event.notice_class
        and given.get("state", "") in {"", "changed" if row.changed else "delivered"}
    ]
    return form, rows, bool(given)


@allow(*READERS)
def show(request: HttpRequest, code: str, channel: str, language: str) -> HttpResponse:
    """Show a text filled with real facts, and its versions; a supervisor changes it."""
    event, way = _place(code, channel, language)
    history = stored.versions(code=code, channel=way, language=language)
    shown = next((one for one in history if str(one.version) == request.GET.get("version")), history[0])
    initial = {"subject": shown.text.subject, "body": shown.text.body, "version": history[0].version}
    form = TextForm(posted(request), initial=initial, is_sms=way is Channel.SMS)
    text = shown.text
    sample = _sample(event, request.POST.get("account", "") or request.GET.get("account", ""))
    if request.method == "POST" and not _may_edit(request):
        raise Http404
    if form.is_bound and form.is_valid():
        text = form.text()
        if request.POST.get("do") == "save" and _save(request, form, code, way, language):
            return redirect("desk:notice_text", code, channel, language)
    context = {
        "event": event, "channel": channel, "language": language, "form": form, "history": history, "shown": shown,
        "sample": sample, "facts": _facts_of(event), "may_edit": _may_edit(request), "tabs": _tabs(event),
        **_preview(form, event, way, language, text, sample),
    }  # fmt: skip
    return render(request, "desk/notice_text.html", context)


def _save(request: HttpRequest, form: TextForm, code: str, way: Channel, language: str) -> bool:
    try:
        version = notice_templates.save(
            event=code, channel=way, language=language, text=form.text(), version=form.cleaned_data["version"],
            actor=actor_of(request),
        )  # fmt: skip
    except Refused as refusal:
        form.refuse(refusal)
        return False
    messages.success(request, _("Version %(version)s is in force from now on.") % {"version": version})
    return True


def _preview(form: TextForm, event: Event, way: Channel, language: str, text: Text, sample: Sample) -> dict[str, Any]:
    """Return the text as it would be sent; its faults stand on the form."""
    try:
        made = stored.preview(
            event=event, channel=way, language=language, text=text, facts=sample.facts, name=sample.name,
            account=sample.account_number,
        )  # fmt: skip
    except Refused as refusal:
        if form.is_bound and not form.errors:
            form.refuse(refusal)
        return {"preview": None}
    segments = notice_texts.segments(made.body) if way is Channel.SMS else 0
    return {
        "preview": made,
        "paragraphs": notice_texts.paragraphs(made.body, site=settings.SITE_URL),
        "segments": segments,
    }


def _place(code: str, channel: str, language: str) -> tuple[Event, Channel]:
    if code not in EVENTS or language not in LANGUAGES or channel not in {str(one) for one in Channel}:
        raise Http404
    event, way = notice_events.event(code), Channel(channel)
    if way not in stored.channels_of(event):
        raise Http404
    return event, way


def _facts_of(event: Event) -> list[tuple[str, str, list[str]]]:
    """Return the facts that a text may use: name, kind, filters."""
    kinds = {**event.facts, **notice_events.COMMON}
    return [
        (name, str(kind), sorted(one for one, fits in FILTERS.items() if kind in fits)) for name, kind in kinds.items()
    ]


def _tabs(event: Event) -> list[tuple[str, str, str]]:
    """Return every text of the event: way, language, address."""
    return [
        (way.value, language, reverse("desk:notice_text", args=[event.code, way.value, language]))
        for way in stored.channels_of(event)
        for language in LANGUAGES
    ]


def _sample(event: Event, number: str) -> Sample:
    """Return facts for a preview: of the account asked for, else of the latest case of all."""
    account_id = _account_id(number)
    found = _REAL.get(event.code, _nothing)(account_id)
    if found is None:
        facts, shown_id = stored.made_up_facts(event), account_id
    else:
        facts, shown_id = found
    if shown_id is None:
        return Sample(account_number="1000000017", name="王芳", facts=facts, is_real=False)
    overview = accounts.overview(account_id=shown_id, at_date=today())
    return Sample(
        account_number=overview.number,
        name=overview.holder.name,
        facts=facts,
        is_real=found is not None or not event.facts,
    )


def _account_id(number: str) -> int | None:
    try:
        return accounts.id_of_number(number.strip()) if number.strip() else None
    except UnknownAccount:
        return None


Real = tuple[dict[str, Fact], int]


def _nothing(account_id: int | None) -> Real | None:  # noqa: ARG001 (one signature for all)
    return None


def _bill(account_id: int | None) -> Real | None:
    bill_id = telling.latest_bill_id(account_id=account_id)
    found = telling.bills(bill_ids=[bill_id]) if bill_id is not None else ()
    if not found:
        return None
    facts = bill_facts.facts_of_bill(found[0])
    # The same bill serves all events of bills: what is left to pay is shown as it is.
    return {"to_pay": bill_facts.money(found[0].open_minor), "due": found[0].due_date, **facts}, found[0].account_id


def _bill_alone(account_id: int | None) -> Real | None:
    found = _bill(account_id)
    if found is None:
        return None
    facts, shown_id = found
    return {name: fact for name, fact in facts.items() if name not in {"to_pay", "due"}}, shown_id


def _cancelled(account_id: int | None) -> Real | None:
    """Return the latest bill as if it were cancelled."""
    bill_id = telling.latest_bill_id(account_id=account_id)
    found = telling.bills(bill_ids=[bill_id]) if bill_id is not None else ()
    return (bill_facts.facts_of_cancelled(found[0]), found[0].account_id) if found else None


def _reminder(account_id: int | None) -> Real | None:
    bill_id = telling.latest_bill_id(account_id=account_id)
    found = telling.bills(bill_ids=[bill_id]) if bill_id is not None else ()
    return (bill_facts.facts_of_reminder(found[0]), found[0].account_id) if found else None


def _payment(account_id: int | None) -> Real | None:
    payment_id = telling.latest_payment_id(account_id=account_id)
    found = telling.payments(payment_ids=[payment_id]) if payment_id is not None else ()
    return (bill_facts.facts_of_payment(found[0]), found[0].account_id) if found else None


def _reversed(account_id: int | None) -> Real | None:
    """Return the latest payment as if it had gone back."""
    found = _payment(account_id)
    if found is None:
        return None
    facts, shown_id = found
    return {"amount": facts["amount"], "reversed": facts["received"], "reference": facts["reference"]}, shown_id


_REAL: Mapping[str, Callable[[int | None], Real | None]] = {
    "bill_issued": _bill,
    "bill_settled": _bill_alone,
    "bill_credited": _bill_alone,
    "bill_cancelled": _cancelled,
    "payment_due_soon": _reminder,
    "payment_received": _payment,
    "payment_reversed": _reversed,
    "payment_moved": _payment,
}


def _may_edit(request: HttpRequest) -> bool:
    return bool(actor_of(request).roles & set(EDITORS))
