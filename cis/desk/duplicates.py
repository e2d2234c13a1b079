"""Customers who may be one, on the desk: a queue, one pair side by side, and what is decided of it."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.domain.duplicates import PairState
from accounts.domain.merging import CONTACT_FIELDS, FIELDS, MERGERS, MergeState
from accounts.operations import customers as customer_operations
from accounts.operations import duplicates as operations
from accounts.operations import merges
from accounts.queries import accounts
from accounts.queries import duplicates as queries
from accounts.queries.duplicates import PairRow, Side, WantedPairs
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_refusal, today
from cis.desk.forms.people import BOTH, FIRST, SECOND, MergeForm, NameForm, PairListForm
from cis.desk.roles import CLERKS, READERS
from cis.desk.words import word
from cis.kernel.errors import Refused
from cis.platform import typed
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context

LANGUAGE_NAMES = dict(settings.LANGUAGES)


@dataclass(frozen=True, slots=True)
class CompareRow:
    """One field side by side; ``chosen`` of whom it is kept unless somebody chooses otherwise."""

    field: str
    first: str
    second: str
    chosen: str

    @property
    def is_same(self) -> bool:
        """Return whether both say the same, so that nothing is to be chosen."""
        return self.first == self.second


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List pairs, the surest first."""
    form = PairListForm(request.GET)
    wanted = form.wanted()
    context = {
        **page_context(request, partial(queries.listed, wanted=wanted, today=today())),
        "form": form,
        "is_filtered": wanted != WantedPairs(),
        "may_merge": bool(actor_of(request).roles & MERGERS),
        "name_form": NameForm(),
    }
    return render(request, "desk/people/duplicates.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    header = [
        _("How sure"),
        _("Customer"),
        _("Customer"),
        _("Alike in"),
        _("State"),
        _("Found on"),
        _("Decided by"),
        _("Note"),
    ]
    found = queries.listed(wanted=PairListForm(request.GET).wanted(), today=today(), most=FILE_ROWS_MOST)
    rows = (
        (r.score, r.first_name, r.second_name, "; ".join(word("likeness", one) for one in r.reasons),
         word("pair", r.state), timezone.localdate(r.found_at), r.decider_name, r.note)
        for r in found
    )  # fmt: skip
    return csv_file("duplicates.csv", header, rows)


@allow(*CLERKS)
@require_POST
def name(request: HttpRequest) -> HttpResponse:
    """Compare the holders of two accounts whom somebody knows to be one."""
    form = NameForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Two numbers of accounts are needed."))
        return redirect("desk:duplicates")
    try:
        ids = [accounts.id_of_number(form.cleaned_data[side].strip()) for side in (FIRST, SECOND)]
        first, second = (accounts.overview(account_id=one, at_date=today()).holder.id for one in ids)
        made = operations.name(first_id=first, second_id=second, at=timezone.now(), actor=actor_of(request))
    except Refused as refusal:
        tell_refusal(request, refusal)
        return redirect("desk:duplicates")
    return redirect("desk:duplicate", made)


@allow(*READERS)
def show(request: HttpRequest, pair_id: int) -> HttpResponse:
    """Show two customers side by side; the look at both is recorded."""
    pair = _pair(pair_id)
    for customer_id in (pair.first_id, pair.second_id):
        customer_operations.record_look(customer_id=customer_id, actor=actor_of(request))
    return _page(request, pair)


@allow(*CLERKS)
@require_POST
def act(request: HttpRequest, pair_id: int) -> HttpResponse:
    """Merge the two, or keep for ever that they are two."""
    pair, actor, now = _pair(pair_id), actor_of(request), timezone.now()
    action = request.POST.get("action", "")
    if action not in {"merge", "apart"}:
        raise Http404
    try:
        if action == "apart":
            operations.tell_apart(pair_id=pair_id, note=request.POST.get("note", ""), at=now, actor=actor)
            messages.success(request, _("They are two, and nobody is asked again."))
            return redirect("desk:duplicates")
        form = MergeForm(posted(request), pair=pair)
        if not form.is_valid():
            return _page(request, pair, form=form)
        logins = [typed.number(one) or 0 for one in request.POST.getlist("login")]
        made = merges.merge(new=form.merge(logins=logins), at=now, actor=actor)
    except Refused as refusal:
        tell_refusal(request, refusal)
        return redirect("desk:duplicate", pair_id)
    if made.state == MergeState.ASKED:
        messages.info(request, _("One of them is guarded: a second person decides."))
    else:
        messages.success(request, _("They are one customer from now on."))
    return redirect("desk:merge", made.id)


def _pair(pair_id: int) -> PairRow:
    with or_404():
        return queries.one(pair_id=pair_id, today=today())


def _page(request: HttpRequest, pair: PairRow, *, form: MergeForm | None = None) -> HttpResponse:
    first, second = queries.sides(pair=pair, today=today())
    stands = FIRST if len(first.accounts) >= len(second.accounts) else SECOND
    is_open = pair.state == PairState.OPEN
    context: dict[str, Any] = {
        "pair": pair,
        "first": first,
        "pair_sides": (first, second),
        "second": second,
        "stands": request.POST.get("survivor", stands),
        "rows": _rows(first, second, request, stands),
        "form": form or MergeForm(None, pair=pair),
        "may_merge": is_open and bool(actor_of(request).roles & MERGERS),
        "is_guarded": bool({*first.flags, *second.flags} & {one.value for one in merges.GUARDED}),
        "both": BOTH,
    }
    return render(request, "desk/people/duplicate.html", context)


def _rows(first: Side, second: Side, request: HttpRequest, stands: str) -> list[CompareRow]:
    rows = []
    for field in (*FIELDS, *CONTACT_FIELDS):
        mine, theirs = _value(first, field), _value(second, field)
        own = mine if stands == FIRST else theirs
        usual = stands if own else (SECOND if stands == FIRST else FIRST)
        if field == "note" and mine and theirs:
            usual = BOTH
        rows.append(CompareRow(field, mine, theirs, request.POST.get(f"keep_{field}", usual)))
    return [row for row in rows if row.first or row.second]


def _value(side: Side, field: str) -> str:
    if field == "id_number":
        return side.id_number
    if field == "kind":
        return word("customer_kind", side.card.kind)
    if field == "language":
        return str(LANGUAGE_NAMES.get(side.card.language, side.card.language))
    if field in CONTACT_FIELDS:
        return next((one.value for one in side.card.contacts if one.kind == field and one.is_preferred), "")
    return str(getattr(side.card, field))
