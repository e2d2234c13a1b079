"""Holds, the registers of life support and vulnerable customers among them, and forecasts of the weather."""

from datetime import time, timedelta
from functools import partial

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.domain.privacy import LookPurpose
from accounts.operations import customers as customer_operations
from accounts.queries import accounts
from arrears.domain.cut_facts import HoldKind
from arrears.operations import forecasts
from arrears.operations import holds as operations
from arrears.queries import cuts, orders
from arrears.queries import dunning as case_queries
from arrears.queries import forecasts as forecast_queries
from arrears.queries import holds as queries
from arrears.queries.holds import WantedHolds
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_refusal, today
from cis.desk.dunning import case_page
from cis.desk.forms.dunning import ForecastForm, HoldForm, HoldListForm, LiftForm, at
from cis.desk.roles import BILLERS, CLERKS, READERS
from cis.desk.words import word
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from cis.platform.templatetags.local import plain_money


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List holds, the latest first."""
    form = HoldListForm(request.GET)
    wanted = form.wanted()
    actor = actor_of(request)
    context = {
        "form": form,
        **page_context(request, partial(queries.listed, wanted=wanted, at=timezone.now())),
        "is_filtered": wanted != WantedHolds(),
        "may_lift": bool(actor.roles & set(BILLERS)),
        "me": actor.id,
    }
    return render(request, "desk/dunning/holds.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    header = [_("Account"), _("Holder"), _("Kind"), _("Bill"), _("Place"), _("Holds since"), _("Until"),
              _("What shows it"), _("Why it was lifted")]  # fmt: skip
    rows = (
        (r.account_number, r.name, word("hold", r.kind), r.bill_number, r.address, timezone.localdate(r.since_at),
         r.until_at and timezone.localdate(r.until_at), r.evidence, r.lift_reason)
        for r in queries.listed(wanted=HoldListForm(request.GET).wanted(), at=timezone.now(), most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file("holds.csv", header, rows)


@allow(*CLERKS, *BILLERS)
@require_POST
def place(request: HttpRequest, case_id: int) -> HttpResponse:
    """Place a hold on the account of a case."""
    with or_404():
        case = case_queries.one(case_id=case_id)
    form = _form(request, case.account_id)
    if _placed(request, form, case.account_id):
        return redirect("desk:collection_case", case_id)
    return case_page(request, case_id, hold_form=form, shown="hold")


@allow(*CLERKS, *BILLERS)
def place_on_account(request: HttpRequest, account_id: int) -> HttpResponse:
    """Place a hold on an account, whether it is overdue or not."""
    with or_404():
        account = accounts.overview(account_id=account_id, at_date=today())
    customer_operations.record_look(customer_id=account.holder.id, actor=actor_of(request), purpose=LookPurpose.ARREARS)
    form = _form(request, account_id)
    if request.method == "POST" and _placed(request, form, account_id):
        return redirect("desk:account", account_id)
    return render(request, "desk/dunning/hold_new.html", {"form": form, "account": account})


def _form(request: HttpRequest, account_id: int) -> HoldForm:
    bills = [
        (debt.bill_id, f"{debt.due_date.isoformat()} · {plain_money(debt.open_minor)}")
        for debt in cuts.debts(account_id=account_id)
    ]
    return HoldForm(posted(request), bills=bills, places=orders.supplies(account_id=account_id, on=today()))


def _placed(request: HttpRequest, form: HoldForm, account_id: int) -> bool:
    """Place the hold of a form and say so; False: it is refused, and the form says why."""
    if not form.is_valid():
        return False
    given = form.cleaned_data
    until = given["until"]
    try:
        operations.place(
            account_id=account_id, kind=HoldKind(given["kind"]), evidence=given["evidence"], at=timezone.now(),
            actor=actor_of(request), bill_id=int(given["bill"]) if given["bill"] else None,
            until_at=at(until + timedelta(days=1), time(0)) if until else None,
            service_point_id=int(given["service_point"]) if given["service_point"] else None,
        )  # fmt: skip
    except Refused as refusal:
        form.refuse(refusal)
        return False
    messages.success(request, _("The hold is placed."))
    return True


@allow(*BILLERS)
@require_POST
def lift(request: HttpRequest, hold_id: int) -> HttpResponse:
    """Lift a hold, ask for it where a second person is needed, or let it stand."""
    action, actor = request.POST.get("action", ""), actor_of(request)
    if action not in {"lift", "keep"}:
        raise Http404
    form = LiftForm(request.POST)
    with or_404():
        try:
            if action == "keep":
                operations.keep(hold_id=hold_id, actor=actor)
                messages.success(request, _("The hold stands."))
            elif not form.is_valid():
                messages.error(request, _("Say why the hold is lifted."))
            elif operations.lift(hold_id=hold_id, reason=form.cleaned_data["reason"], at=timezone.now(), actor=actor):
                messages.success(request, _("The hold is lifted."))
            else:
                messages.success(request, _("It protects a person: a second person lifts it."))
        except Refused as refusal:
            if refusal.code.startswith("unknown_"):
                raise
            tell_refusal(request, refusal)
    case_id = request.POST.get("case", "")
    return redirect("desk:collection_case", int(case_id)) if case_id.isdigit() else redirect("desk:holds")


@allow(*READERS)
def weather(request: HttpRequest) -> HttpResponse:
    """List forecasts, the latest first, and enter one."""
    may_enter = bool(actor_of(request).roles & set(BILLERS))
    now = timezone.localtime()
    initial = {"made_day": now.date(), "made_time": now.time()}
    form = ForecastForm(posted(request), initial=initial)
    if request.method == "POST" and may_enter and form.is_valid():
        given = form.cleaned_data
        try:
            forecasts.enter(
                made_at=at(given["made_day"], given["made_time"]),
                until_at=at(given["until"] + timedelta(days=1), None),
                coldest_tenths=form.tenths("coldest"), hottest_tenths=form.tenths("hottest"), source=given["source"],
                at=timezone.now(), actor=actor_of(request),
            )  # fmt: skip
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect("desk:forecasts")
    context = {"form": form, "rows": forecast_queries.listed(), "may_enter": may_enter}
    return render(request, "desk/dunning/forecasts.html", context)
