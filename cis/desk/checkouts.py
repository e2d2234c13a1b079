"""Online payments: the list, one with what its provider said, and what a person decides."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.queries import users
from cashiering.operations import checkout_cases, checkout_events
from cashiering.queries import checkouts as queries
from cashiering.queries.checkouts import CheckoutCard, Wanted
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, tell_refusal, today
from cis.desk.forms.checkouts import NEEDS, CheckoutListForm
from cis.desk.roles import CASHIERS, READERS
from cis.desk.words import word
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from cis.platform.templatetags.local import plain_money


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List online payments, the latest first."""
    form, wanted = _asked(request)
    context = {
        "form": form,
        **page_context(request, partial(queries.listed, wanted=wanted)),
        "is_filtered": wanted != Wanted(),
        "needing": queries.needing(),
        "strangers": queries.of_nobody() if wanted.only_needs else (),
    }
    return render(request, "desk/checkouts/checkouts.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the list as a file."""
    _form, wanted = _asked(request)
    header = [_("Begun"), _("Reference"), _("Account"), _("Provider"), _("Origin"), _("Amount"), _("Currency"),
              _("State"), _("To be looked at"), _("Reference of the provider"), _("Reason")]  # fmt: skip
    rows = (
        (timezone.localtime(c.created_at).strftime("%Y-%m-%d %H:%M"), c.reference, c.account_number,
         word("provider", c.provider), word("checkout_origin", c.origin), plain_money(c.amount_minor), c.currency,
         word("checkout", c.state), word("checkout_need", c.need), c.payment_reference or c.provider_reference,
         c.reason)
        for c in queries.listed(wanted=wanted, most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file("online-payments.csv", header, rows)


@allow(*READERS)
def show(request: HttpRequest, checkout_id: int) -> HttpResponse:
    """Show an online payment, what its provider said, and what may be done."""
    with or_404():
        card = queries.one(checkout_id=checkout_id)
    actor = actor_of(request)
    names = users.names([card.proposed_by_id] if card.proposed_by_id else [])
    context = {
        "card": card,
        "parts": queries.bills_of(checkout_id=checkout_id),
        "events": queries.events_of(checkout_id=checkout_id),
        "may_act": bool(actor.roles & set(CASHIERS)),
        "may_agree": card.proposed_by_id is not None and card.proposed_by_id != actor.id,
        "proposer": names.get(card.proposed_by_id or 0, ""),
    }
    return render(request, "desk/checkouts/checkout.html", context)


@allow(*CASHIERS)
def act(request: HttpRequest, checkout_id: int, verb: str) -> HttpResponse:
    """Do with an online payment what was chosen."""
    with or_404():
        card = queries.one(checkout_id=checkout_id)
    if request.method != "POST" or verb not in _VERBS:
        raise Http404
    try:
        messages.success(request, _VERBS[verb](request, card))
    except Refused as refusal:
        tell_refusal(request, refusal)
    return redirect("desk:checkout", checkout_id)


def _book(request: HttpRequest, card: CheckoutCard) -> str:
    checkout_cases.book(checkout_id=card.id, today=today(), actor=actor_of(request))
    return _("The money is booked.")


def _give_back(request: HttpRequest, card: CheckoutCard) -> str:
    is_done = checkout_cases.give_back(checkout_id=card.id, today=today(), actor=actor_of(request))
    return _("The provider is asked to give it back.") if is_done else _("A second person decides.")


def _done(request: HttpRequest, card: CheckoutCard) -> str:
    checkout_cases.done(checkout_id=card.id, actor=actor_of(request))
    return _("Saved.")


def _ask(request: HttpRequest, card: CheckoutCard) -> str:  # noqa: ARG001 (one signature for all)
    checkout_events.ask(checkout_id=card.id, at=timezone.now())
    return _("The provider was asked.")


_VERBS: dict[str, Any] = {"book": _book, "give-back": _give_back, "done": _done, "ask": _ask}


def _asked(request: HttpRequest) -> tuple[CheckoutListForm, Wanted]:
    form = CheckoutListForm(request.GET or None)
    given = form.cleaned_data if form.is_valid() else {}
    return form, Wanted(
        text=(given.get("text") or "").strip(),
        state="" if given.get("state") == NEEDS else given.get("state") or "",
        provider=given.get("provider") or "",
        only_needs=given.get("state") == NEEDS,
        since_date=given.get("since"),
        until_date=given.get("until"),
    )
