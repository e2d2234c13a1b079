"""Shadow runs: compared with earlier bills, outliers looked at, promoted to the real run."""

from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.queries import accounts
from billing.operations import shadows as operations
from billing.queries import shadows
from billing.queries.shadows import EDGES, LARGEST, ShadowCard, Summary
from cis.desk.answers import FILE_ROWS_MOST, asks_for, csv_file, or_404, tell_refusal, today
from cis.desk.forms.runs import ShadowListForm
from cis.desk.roles import BILLERS, READERS
from cis.desk.runs import RunPage, gather
from cis.kernel.errors import Refused
from cis.kernel.fixed import to_text
from cis.platform import typed
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from cis.platform.phrases import Words, explain
from cis.platform.templatetags.local import plain_money

KWH_PLACES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowView:
    """An account of a shadow run with its holder, and the reason in the page's language."""

    card: ShadowCard
    name: str
    words: Words


@allow(*READERS)
def show(request: HttpRequest, run_id: int) -> HttpResponse:
    """Show a shadow run beside earlier bills; while workers are at it, its upper part asks again."""
    with or_404():
        summary = shadows.summary(run_id=run_id)
        view = gather(run_id=run_id, actor=actor_of(request))
    context = {"view": view, "summary": summary, "spread": _spread(summary)}
    if asks_for(request, "run-progress"):
        answer = render(request, "desk/_shadow.html", context)
        if not view.is_in_work:
            answer["HX-Refresh"] = "true"
        return answer
    form = ShadowListForm(request.GET or None)
    state, order = _filter(form)
    page = page_context(request, partial(shadows.bills, run_id=run_id, state=state, order=order))
    cards = page["rows"]
    context |= {
        "form": form,
        "rows": _with_words(cards),
        "pager": page["pager"],
        "is_filtered": bool(request.GET),
        "may_accept": _may_accept(request, view),
    }
    return render(request, "desk/shadow.html", context)


def _may_accept(request: HttpRequest, view: RunPage) -> bool:
    return view.card.state == "rated" and bool(actor_of(request).roles & set(BILLERS))


def _filter(form: ShadowListForm) -> tuple[str, str]:
    """Return the state that is asked for, "" = all, and the order."""
    given = form.cleaned_data if form.is_valid() else {}
    return given.get("state", ""), given.get("order") or LARGEST


def _spread(summary: Summary) -> dict[str, object]:
    """Return the spread for the chart: names of the steps, and accounts in each."""
    middle = [f"{low:+d} … {high:+d} %" for low, high in pairwise(EDGES)]
    return {
        "names": [f"< {EDGES[0]:+d} %", *middle, f"> {EDGES[-1]:+d} %"],
        "counts": list(summary.spread),
        "calm": EDGES.index(-10) + 1,
        "word": _("Accounts"),
    }


def _with_words(cards: tuple[ShadowCard, ...]) -> list[ShadowView]:
    spans = accounts.holders(account_ids={card.account_id for card in cards})
    names = {span.account_id: span.customer_name for span in reversed(spans)}
    return [
        ShadowView(card=card, name=names.get(card.account_id, ""), words=explain(card.code, card.message, card.advice))
        for card in cards
    ]


@allow(*BILLERS)
def accept(request: HttpRequest, run_id: int) -> HttpResponse:
    """Accept outliers, those that were chosen or all."""
    with or_404():
        shadows.summary(run_id=run_id)
    one = request.POST.get("accept_one")
    chosen = [one] if one else request.POST.getlist("account")
    ids = {found for given in chosen if (found := typed.number(given)) is not None}
    try:
        count = operations.accept(run_id=run_id, account_ids=ids, actor=actor_of(request))
    except Refused as refusal:
        tell_refusal(request, refusal)
    else:
        text = ngettext("%(count)s outlier is accepted.", "%(count)s outliers are accepted.", count)
        messages.success(request, text % {"count": count})
    return redirect("desk:shadow", run_id)


@allow(*BILLERS)
def promote(request: HttpRequest, run_id: int) -> HttpResponse:
    """Promote a shadow run after saying what will happen."""
    with or_404():
        summary = shadows.summary(run_id=run_id)
        view = gather(run_id=run_id, actor=actor_of(request))
    if request.method == "POST":
        try:
            real_id = operations.promote(run_id=run_id, today=today(), actor=actor_of(request))
        except Refused as refusal:
            tell_refusal(request, refusal)
            return redirect("desk:shadow", run_id)
        messages.success(request, _("The real run has started; what was approved is issued by itself."))
        return redirect("desk:run", real_id)
    return render(request, "desk/shadow_promote.html", {"view": view, "summary": summary})


@allow(*READERS)
def export(request: HttpRequest, run_id: int) -> StreamingHttpResponse:
    """Give the accounts of a shadow run as a file."""
    with or_404():
        shadows.summary(run_id=run_id)
    state, order = _filter(ShadowListForm(request.GET or None))
    cards = shadows.bills(run_id=run_id, state=state, order=order, most=FILE_ROWS_MOST)
    header = [_("Account"), _("Name"), _("State"), _("Code"), _("Reason"), _("Amount"), _("Of this month"),
              _("Last bill"), _("A year ago"), _("Change"), "kWh", _("kWh of the last bill"),
              _("kWh a year ago")]  # fmt: skip
    rows = (
        (v.card.account_number, v.name, v.card.state, v.card.code, v.words.message,
         *(_money(one) for one in (v.card.amount_minor, v.card.own_minor, v.card.last_minor, v.card.year_minor,
                                   v.card.change_minor)),
         *("" if one is None else to_text(one, places=KWH_PLACES)
           for one in (v.card.energy_wh, v.card.last_wh, v.card.year_wh)))
        for v in _with_words(cards)
    )  # fmt: skip
    return csv_file(f"shadow-{run_id}.csv", header, rows)


def _money(amount_minor: int | None) -> str:
    return "" if amount_minor is None else plain_money(amount_minor)
