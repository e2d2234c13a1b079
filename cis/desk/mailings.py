"""Mailings: written with count and sample before anything is sent, let go by two above the bound, reported on."""

from functools import partial
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.domain import mailing as rules
from accounts.domain import notice_events, notice_texts
from accounts.domain.customer import LANGUAGES
from accounts.domain.mailing import NewMailing
from accounts.domain.notice_events import COMMON, Channel, Event
from accounts.domain.notice_states import DECIDERS, MAILERS, MAILING, MailingState
from accounts.domain.notice_texts import Text, Values
from accounts.operations import mailings as operations
from accounts.queries import mailings
from accounts.queries import notice_texts as stored
from accounts.queries.mailings import Wanted
from billing.operations import mailings as proposals
from billing.queries import mailing_targets
from cis.desk import words
from cis.desk.answers import FILE_ROWS_MOST, asks_for, csv_file, or_404, posted, tell_refusal, today
from cis.desk.forms.mailings import MailingForm
from cis.desk.forms.notices import MailingListForm
from cis.desk.roles import READERS
from cis.kernel.errors import Refused
from cis.platform import packs, progress
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context

SAMPLE = 10


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List the mailings, the latest first."""
    form, wanted = _wanted(request)
    context = {
        "form": form,
        **page_context(request, partial(mailings.listed, wanted=wanted)),
        "is_filtered": wanted != Wanted(),
        "may_write": bool(actor_of(request).roles & MAILERS),
    }
    return render(request, "desk/mailings.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    language = get_language() or LANGUAGES[0]
    header = [
        _("Mailing"), _("Name"), _("What for"), _("Customers"), _("Written by"), _("Written on"), _("Let go by"),
        _("State"),
    ]  # fmt: skip
    rows = (
        (
            card.id, card.title, stored.title(card.event, language), card.count, card.actor_name,
            timezone.localtime(card.created_at).isoformat(" ", "minutes"), card.decider_name,
            words.word("mailing", card.state),
        )
        for card in mailings.listed(wanted=_wanted(request)[1], most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file("mailings.csv", header, rows)


def _wanted(request: HttpRequest) -> tuple[MailingListForm, Wanted]:
    form = MailingListForm(request.GET or None)
    given = form.cleaned_data if form.is_valid() else {}
    narrowed = {name: given.get(name, "") for name in ("text", "event", "state", "order")}
    return form, Wanted(**narrowed, since_date=given.get("since"))


@allow(*MAILERS)
def new(request: HttpRequest) -> HttpResponse:
    """Write a mailing: the first button shows count, sample and text, the second one proposes it."""
    begun = request.GET.get("event", "")
    form = MailingForm(posted(request), event=begun if begun in rules.EVENTS else rules.EVENTS[0])
    context = {"form": form, "rule": packs.rule("mailings", at=today()), "events": rules.EVENTS}
    if form.is_bound and form.is_valid():
        try:
            if request.POST.get("do") == "propose":
                mailing_id = proposals.propose(
                    new=form.mailing(), choice=form.choice(), today=form.on(today()), actor=actor_of(request)
                )
                messages.success(request, _("The mailing is kept. Nothing is sent before it is let go."))
                return redirect("desk:mailing", mailing_id)
            rules.templates(form.mailing())
            on = form.on(today())
            context["count"] = mailing_targets.count(choice=form.choice(), at_date=on)
            found = mailing_targets.sample(choice=form.choice(), at_date=on, most=SAMPLE)
            context["sample"] = found
            name, account = (found[0].name, found[0].account_number) if found else ("–", "–")
            context["letters"] = _letters(form.mailing(), name, account)
        except Refused as refusal:
            form.refuse(refusal)
    return render(request, "desk/mailing_new.html", context)


@allow(*READERS)
def show(request: HttpRequest, mailing_id: int) -> HttpResponse:
    """Show a mailing: whom, what, how far it is, what became of its notices; decide on it."""
    with or_404():
        card = mailings.one(mailing_id=mailing_id)
    actor = actor_of(request)
    if request.method == "POST":
        return _decide(request, mailing_id)
    job = progress.one(job_id=card.job_id) if card.job_id else None
    context: dict[str, Any] = {
        "card": card, "job": job, "reports": mailings.report(mailing_id=mailing_id),
        "unreached": mailings.unreached(mailing_id=mailing_id),
    }  # fmt: skip
    if asks_for(request, "mailing-progress"):
        answer = render(request, "desk/_mailing.html", context)
        if card.state != MailingState.SENDING:
            answer["HX-Refresh"] = "true"
        return answer
    found = mailings.sample(mailing_id=mailing_id, most=SAMPLE)
    name, account = (found[0][2], found[0][1]) if found else ("–", "–")
    is_author = actor.id == card.actor_id
    written = mailings.words_of(mailing_id=mailing_id)
    why = "why" if (get_language() or "").startswith("zh") else "why_en"
    context |= {
        "sample": found,
        "letters": _letters(written, name, account),
        "facts": {"why": written.facts.get(why, ""), "start": written.facts.get("start", "")},
        "actions": [str(one) for one in MAILING.actions(MailingState(card.state), actor)],
        "waits_for_other": card.needs_another and (is_author or actor.roles.isdisjoint(DECIDERS)),
    }
    return render(request, "desk/mailing.html", context)


def _decide(request: HttpRequest, mailing_id: int) -> HttpResponse:
    act = {"approve": operations.approve, "drop": operations.drop}.get(request.POST.get("do", ""))
    if act is not None:
        try:
            act(mailing_id=mailing_id, actor=actor_of(request))
        except Refused as refusal:
            tell_refusal(request, refusal)
    return redirect("desk:mailing", mailing_id)


def _letters(new: NewMailing, name: str, account: str) -> list[dict[str, object]]:
    """Return the texts as the first customer of the sample would read them, in every language."""
    event = notice_events.event(new.event)
    if not new.words:
        return _catalogue_letters(event, new, name, account)
    found: list[dict[str, object]] = []
    for language in LANGUAGES:
        said = new.words[language]
        ways = [(Channel.EMAIL, Text(said.subject, said.body))]
        if said.sms.strip():
            ways.append((Channel.SMS, Text("", said.sms)))
        for channel, text in ways:
            made = stored.preview(
                event=event, channel=channel, language=language, text=text, facts=new.facts, name=name, account=account
            )
            found.append(
                {
                    "channel": channel.value,
                    "language": language,
                    "subject": made.subject,
                    "paragraphs": notice_texts.paragraphs(made.body, site=settings.SITE_URL),
                    "segments": notice_texts.segments(made.body) if channel is Channel.SMS else 0,
                }
            )
    return found


def _catalogue_letters(event: Event, new: NewMailing, name: str, account: str) -> list[dict[str, object]]:
    """Return the texts of a mailing that has those of the catalogue, with its own facts."""
    templates = stored.in_force(event.code)
    found: list[dict[str, object]] = []
    for language in LANGUAGES:
        for channel in (Channel.EMAIL, Channel.SMS):
            facts = {**stored.common_facts(language), "name": name, "account": account, **new.facts}
            values = Values(facts=facts, kinds={**COMMON, **event.facts}, language=language, site=settings.SITE_URL)
            made = notice_texts.filled(templates[channel, language][1], values=values)
            found.append(
                {
                    "channel": channel.value,
                    "language": language,
                    "subject": made.subject,
                    "paragraphs": notice_texts.paragraphs(made.body, site=settings.SITE_URL),
                    "segments": notice_texts.segments(made.body) if channel is Channel.SMS else 0,
                }
            )
    return found
