"""Supply: begin one more, change tariff or household from a date on, end it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.queries import accounts
from billing.operations import connections
from cis.desk.answers import csv_file, or_404, posted, today
from cis.desk.forms.supply import EndForm, SupplyForm, TermForm, facts_of
from cis.desk.roles import CLERKS, READERS
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from contracts.operations import agreements as operations
from contracts.queries import agreements
from contracts.queries.agreements import AgreementCard, UnknownAgreement
from tariffs.queries import plans


@allow(*CLERKS)
def begin(request: HttpRequest, account_id: int) -> HttpResponse:
    """Begin one more supply of an account."""
    with or_404():
        account = accounts.overview(account_id=account_id, at_date=today())
    form = SupplyForm(posted(request), initial={"start_date": today()})
    if request.method == "POST" and form.is_valid():
        try:
            connections.begin_supply(
                account_id=account_id, supply=form.supply(), today=today(), actor=actor_of(request)
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The supply is entered."))
            return redirect("desk:account", account_id)
    context = {"form": form, "account": account, "asked": plans.asked(day=today())}
    return render(request, "desk/supply_new.html", context)


@allow(*CLERKS)
def term(request: HttpRequest, account_id: int, agreement_id: int) -> HttpResponse:
    """Let another tariff, household or other agreed facts hold from a date on; shows the terms so far."""
    account, card = supply_of(account_id, agreement_id)
    now = card.term_on(today()) or card.terms[-1]
    chosen = request.GET.get("tariff", now.tariff_id)
    held = {"tariff": chosen, "household": now.household, "from_date": today(), **facts_of(now.agreed)}
    form = TermForm(posted(request), initial=held)
    if request.method == "POST" and form.is_valid():
        try:
            operations.change_term(
                agreement_id=agreement_id,
                from_date=form.cleaned_data["from_date"],
                tariff_id=int(form.cleaned_data["tariff"]),
                household=form.cleaned_data["household"],
                agreed=form.agreed(),
                actor=actor_of(request),
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The change is entered; what was billed already is corrected by the next run."))
            return redirect("desk:account", account_id)
    context = {"form": form, "account": account, "agreement": card, "term": now, "asked": plans.asked(day=today())}
    return render(request, "desk/term.html", context)


@allow(*CLERKS)
def end(request: HttpRequest, account_id: int, agreement_id: int) -> HttpResponse:
    """End a supply."""
    account, card = supply_of(account_id, agreement_id)
    form = EndForm(posted(request), initial={"end_date": today()})
    if request.method == "POST" and form.is_valid():
        try:
            operations.end(agreement_id=agreement_id, end_date=form.cleaned_data["end_date"], actor=actor_of(request))
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The end of the supply is entered."))
            return redirect("desk:account", account_id)
    return render(request, "desk/supply_end.html", {"form": form, "account": account, "agreement": card})


@allow(*READERS)
def terms_file(request: HttpRequest, account_id: int, agreement_id: int) -> StreamingHttpResponse:  # noqa: ARG001
    """Give the terms of a supply as a file, in the order of time."""
    account, card = supply_of(account_id, agreement_id)
    header = [
        _("From"),
        _("Until"),
        _("Tariff"),
        _("Persons"),
        "VA",
        _("Suspended VA"),
        "W",
        _("Green blocks"),
        _("Features"),
    ]
    rows = (
        (
            one.start_date, one.end_date, one.tariff_code, one.household, one.agreed.capacity_va,
            one.agreed.suspended_va, one.agreed.contract_w, one.agreed.green_blocks, " ".join(one.agreed.features),
        )
        for one in card.terms
    )  # fmt: skip
    return csv_file(f"terms-{account.number}.csv", header, rows)


def supply_of(account_id: int, agreement_id: int) -> tuple[accounts.AccountOverview, AgreementCard]:
    """Return account and agreement; not found unless they belong together."""
    with or_404():
        account = accounts.overview(account_id=account_id, at_date=today())
        card = agreements.card(agreement_id=agreement_id)
        if card.account_id != account_id:
            raise UnknownAgreement(f"There is no agreement {agreement_id}.")
    return account, card
