"""Pages of what two persons decide: the list, one, and what is done with it; the same for every kind."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.domain.privacy import LookPurpose
from accounts.operations import customers as customer_operations
from accounts.queries import accounts
from billing.domain.adjustments import DECIDERS
from billing.queries.second_person import DecisionCard
from cis.desk.answers import or_404, tell_refusal, today
from cis.desk.forms.money import ReverseForm
from cis.kernel.errors import Refused
from cis.platform.access import actor_of
from cis.platform.paging import page_context


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """
    How a kind is shown and decided.

    one, decide, reverse  take the row's id as ``id_name``
    accounts_of           accounts that it is about, whose customers are looked at
    more                  what its page shows beside it
    """

    id_name: str
    url: str
    template: str
    one: Callable[..., Any]
    decide: Callable[..., Any]
    reverse: Callable[..., Any]
    accounts_of: Callable[[Any], Sequence[int]]
    reversed_words: Any
    more: Callable[[Any], Mapping[str, Any]] = lambda _: {}


def listed(
    request: HttpRequest, template: str, form: Any, empty: Any, fetch: Callable[..., Sequence[Any]]
) -> HttpResponse:
    """Show a page of a list, the latest first; ``empty``: filters that filter nothing."""
    wanted = form.wanted()
    context = {
        "form": form,
        **page_context(request, partial(fetch, wanted=wanted)),
        "is_filtered": wanted != empty,
    }
    return render(request, template, context)


def show(request: HttpRequest, kind: Kind, row_id: int) -> HttpResponse:
    """Show one; looking at its customers is recorded."""
    with or_404():
        card = kind.one(**{kind.id_name: row_id})
    return _page(request, kind, card, ReverseForm())


def act(request: HttpRequest, kind: Kind, row_id: int) -> HttpResponse:
    """Agree to one as the second person, drop it, or take it back."""
    given = {kind.id_name: row_id}
    with or_404():
        card = kind.one(**given)
    action, actor = request.POST.get("action", ""), actor_of(request)
    form = ReverseForm(request.POST if action == "reverse" else None)
    try:
        if action in {"agree", "drop"}:
            kind.decide(**given, is_agreed=action == "agree", today=today(), actor=actor)
        elif action == "reverse":
            if not form.is_valid():
                return _page(request, kind, card, form)
            kind.reverse(**given, reason=form.cleaned_data["reason"], today=today(), actor=actor)
            messages.success(request, kind.reversed_words)
        else:
            raise Http404
    except Refused as refusal:
        tell_refusal(request, refusal)
    return redirect(kind.url, row_id)


def _page(request: HttpRequest, kind: Kind, card: DecisionCard, form: ReverseForm) -> HttpResponse:
    actor = actor_of(request)
    sides = [accounts.overview(account_id=one, at_date=today()) for one in kind.accounts_of(card)]
    for side in sides:
        customer_operations.record_look(customer_id=side.holder.id, actor=actor, purpose=LookPurpose.PAYMENT)
    decides, is_own = actor.is_one_of(DECIDERS), card.proposer_id == actor.id
    context = {
        "card": card,
        "account": sides[0],
        "sides": sides,
        "form": form,
        "may_drop": decides and card.state == "proposed",
        "may_agree": decides and card.state == "proposed" and not is_own,
        "may_reverse": decides and card.state == "made" and not (card.is_for_two and is_own),
        **kind.more(card),
    }
    return render(request, kind.template, context)
