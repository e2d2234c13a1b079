"""Notices: what customers were told, by which way, and what became of it; addresses that do not work."""

from collections.abc import Callable
from functools import partial

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.domain import notice_texts
from accounts.domain.notice_events import Channel
from accounts.domain.notice_states import KEEPERS, NOTICE, NoticeAction, NoticeState
from accounts.domain.privacy import LookPurpose
from accounts.operations import consents, contacts, notice_resending
from accounts.operations import customers as customer_operations
from accounts.queries import consents as consent_queries
from accounts.queries import customers, notices
from accounts.queries import notice_texts as stored_texts
from accounts.queries.notices import NoticeCard, ToMend, Wanted
from accounts.web.ways import WaysForm
from cis.desk import phone_call, words
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_refusal
from cis.desk.forms.notices import NoticeListForm, ToMendForm
from cis.desk.roles import CLERKS, READERS
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List the notices, the latest first."""
    form, wanted = _wanted(request)
    context = {
        "form": form,
        **page_context(request, partial(notices.listed, wanted=wanted, actor=actor_of(request))),
        "wanted": wanted,
        "is_filtered": wanted != Wanted(),
        "to_mend": notices.count_to_mend(),
        "is_sandbox": settings.SMS_GATEWAY == "sandbox",
    }
    return render(request, "desk/notices.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    _form, wanted = _wanted(request)
    language = get_language() or "en"
    header = [
        _("Notice"), _("Told on"), _("What for"), _("Way"), _("State"), _("Reason"), _("Account"), _("Name"),
        _("Sent to"), _("Subject"), _("Sent"), _("Outcome known"), _("Read"),
    ]  # fmt: skip

    def row(card: NoticeCard) -> tuple[object, ...]:
        return (
            card.id, card.occurred_date, stored_texts.title(card.event, language),
            words.word("notice_channel", card.channel), words.word("notice", card.state),
            words.word("notice_reason", card.reason), card.account_number, card.name, card.address, card.subject,
            *(one and timezone.localtime(one).isoformat(" ", "minutes")
              for one in (card.sent_at, card.settled_at, card.read_at)),
        )  # fmt: skip

    found = notices.all_listed(wanted=wanted, most=FILE_ROWS_MOST, actor=actor_of(request))
    return csv_file("notices.csv", header, (row(card) for card in found))


@allow(*READERS)
def show(request: HttpRequest, notice_id: int) -> HttpResponse:
    """Show a notice with its text as sent; that somebody looked at the customer is recorded."""
    with or_404():
        notice = notices.one(notice_id=notice_id, actor=actor_of(request))
    if notice.card.customer_id is not None:
        customer_operations.record_look(
            customer_id=notice.card.customer_id, actor=actor_of(request), purpose=LookPurpose.NOTICE
        )
    paragraphs = notice_texts.paragraphs(notice.body, site=settings.SITE_URL)
    card = notice.card
    is_posted = card.channel == Channel.POST and card.state == NoticeState.SENT
    actor = actor_of(request)
    actions = NOTICE.actions(NoticeState(card.state), actor)
    is_past = card.channel == Channel.INBOX or notice_resending.is_past(event=card.event)
    context = {
        "notice": notice,
        "card": card,
        "paragraphs": paragraphs,
        "may_return": is_posted and bool(actor.roles & set(CLERKS)),
        "may_withdraw": NoticeAction.WITHDRAW in actions and notice.batch_id is None,
        "may_resend": NoticeAction.RESEND in actions and not is_past,
    }
    return render(request, "desk/notice.html", context)


@allow(*KEEPERS)
@require_POST
def withdraw(request: HttpRequest, notice_id: int) -> HttpResponse:
    """Take back a notice that still waits."""
    reason = request.POST.get("reason", "")
    return _change(
        request, notice_id, lambda actor: notice_resending.withdraw(notice_id=notice_id, reason=reason, actor=actor)
    )


@allow(*KEEPERS)
@require_POST
def resend(request: HttpRequest, notice_id: int) -> HttpResponse:
    """Send a notice again that did not arrive."""
    return _change(request, notice_id, lambda actor: notice_resending.resend(notice_id=notice_id, actor=actor))


def _change(request: HttpRequest, notice_id: int, change: Callable[[Actor], None]) -> HttpResponse:
    with or_404():
        notices.one(notice_id=notice_id, actor=actor_of(request))
        try:
            change(actor_of(request))
        except Refused as refusal:
            if refusal.code.startswith("unknown_"):
                raise
            tell_refusal(request, refusal)
        else:
            messages.success(request, _("Saved."))
    return redirect("desk:notice", notice_id)


@allow(*CLERKS)
def ways(request: HttpRequest, account_id: int, customer_id: int) -> HttpResponse:
    """Write down by which ways a customer wants to be told, as they say at the counter or on the phone."""
    with or_404():
        card = customers.card(customer_id=customer_id)
    choices = consent_queries.of_customer(customer_id=customer_id)
    form = WaysForm(posted(request), choices=choices)
    if form.is_bound and form.is_valid():
        try:
            phone_call.see_known(request, customer_id)
            consents.change(customer_id=customer_id, choices=form.said(), actor=actor_of(request))
        except Refused as refusal:
            tell_refusal(request, refusal)
            return redirect("desk:ways", account_id, customer_id)
        messages.success(request, _("Saved."))
        return redirect("desk:account", account_id)
    context = {"card": card, "account_id": account_id, "groups": form.groups()}
    return render(request, "desk/ways.html", context)


@allow(*READERS)
def to_mend(request: HttpRequest) -> HttpResponse:
    """List the numbers and addresses that a message came back from; clerks say that one works again."""
    actor = actor_of(request)
    may_mend = bool(actor.roles & set(CLERKS))
    if request.method == "POST" and may_mend:
        customer_id, _dot, contact_id = request.POST.get("contact", "").partition(".")
        try:
            contacts.mend(customer_id=_id(customer_id), contact_id=_id(contact_id), actor=actor)
        except Refused as refusal:
            tell_refusal(request, refusal)
        else:
            messages.success(request, _("Saved."))
        return redirect("desk:contacts_to_mend")
    form, wanted = _wanted_to_mend(request)
    context = {
        "form": form,
        **page_context(request, partial(notices.to_mend, wanted=wanted)),
        "may_mend": may_mend,
        "is_filtered": wanted != ToMend(),
    }
    return render(request, "desk/contacts_to_mend.html", context)


def _wanted_to_mend(request: HttpRequest) -> tuple[ToMendForm, ToMend]:
    form = ToMendForm(request.GET or None)
    given = form.cleaned_data if form.is_valid() else {}
    return form, ToMend(**{name: given.get(name, "") for name in ("text", "kind", "order")})


@allow(*READERS)
def to_mend_file(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    header = [_("Name"), _("Kind"), _("Number or address"), _("Came back on"), _("Reason")]
    rows = (
        (one.name, words.word("contact_kind", one.kind), one.value, timezone.localdate(one.bounced_at), one.reason)
        for one in notices.to_mend(wanted=_wanted_to_mend(request)[1], most=FILE_ROWS_MOST)
    )
    return csv_file("contacts-to-mend.csv", header, rows)


def _id(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0  # noqa: PLR2004


def _wanted(request: HttpRequest) -> tuple[NoticeListForm, Wanted]:
    form = NoticeListForm(request.GET or None)
    given = form.cleaned_data if form.is_valid() else {}
    wanted = Wanted(
        text=given.get("text", ""),
        event=given.get("event", ""),
        channel=given.get("channel", ""),
        state=given.get("state", ""),
        since_date=given.get("since"),
        mailing_id=given.get("mailing"),
        batch_id=given.get("batch"),
        order=given.get("order", ""),
    )
    return form, wanted
