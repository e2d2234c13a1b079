"""Orders of disconnection: the list, and one with what stands against it and what may be done with it."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.domain.privacy import LookPurpose
from accounts.operations import customers as customer_operations
from accounts.queries import supplier
from arrears.domain.cut_facts import CutRule
from arrears.domain.disconnection import APPROVERS, BEFORE, COLLECTORS, OrderState
from arrears.operations import cut_documents, disconnections
from arrears.operations import prepaid_cuts as prepaid_operations
from arrears.queries import dunning as case_queries
from arrears.queries import orders as queries
from arrears.queries import prepaid_cuts, prepaid_notices, rules
from arrears.queries.orders import OrderRow, WantedOrders
from billing.queries import prepaid, prepay_rules, supply_deposits
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, tell_refusal, today
from cis.desk.dunning import reasons, refused
from cis.desk.dunning_words import WEEKDAYS
from cis.desk.forms.dunning import NoteForm, OrderListForm, ReceiptForm, SlotForm, at
from cis.desk.roles import BILLERS, READERS
from cis.desk.words import word
from cis.kernel.currency import SYMBOLS
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.forms import PageForm
from cis.platform.paging import page_context
from contracts.queries import important

FORMS: dict[str, type[PageForm]] = {
    "announce": SlotForm, "notice": ReceiptForm, "copy": NoteForm, "remind": NoteForm, "cancel": NoteForm,
    "restore": NoteForm, "acknowledge": NoteForm,
}  # fmt: skip
BARE = {"approve", "dispatch"}
NIGHTS_SHOWN = 35


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List orders, the latest first."""
    form = OrderListForm(request.GET)
    wanted = form.wanted()
    context = {
        "form": form,
        **page_context(request, partial(queries.listed, wanted=wanted)),
        "is_filtered": wanted != WantedOrders(),
        **cut_batch(request),
    }
    return render(request, "desk/dunning/orders.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    header = [_("Disconnection order"), _("Account"), _("Holder"), _("Address"), _("Reason"), _("State"), _("Way"),
              _("Proposed on"), _("Proposed by"), _("Announced from"), _("Announced until")]  # fmt: skip
    rows = (
        (r.id, r.account_number, r.name, r.address, word("cut_cause", "balance" if r.prepayment_id else "bills"),
         word("cut_order", r.state), word("cut_way", r.way),
         timezone.localdate(r.proposed_at), r.proposer_name, _local(r.slot_start_at), _local(r.slot_end_at))
        for r in queries.listed(wanted=OrderListForm(request.GET).wanted(), most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file("disconnections.csv", header, rows)


def _local(instant: Any) -> str:
    return timezone.localtime(instant).isoformat(" ", "minutes") if instant else ""


@allow(*READERS)
def show(request: HttpRequest, order_id: int) -> HttpResponse:
    """Show an order: what stands against it now, what was done, and what may be done."""
    return _page(request, order_id)


def _page(request: HttpRequest, order_id: int, **more: Any) -> HttpResponse:
    with or_404():
        row = queries.one(order_id=order_id)
    actor = actor_of(request)
    if row.customer_id is not None:
        customer_operations.record_look(customer_id=row.customer_id, actor=actor, purpose=LookPurpose.ARREARS)
    now = timezone.localtime()
    is_over = row.state in {"restored", "cancelled", "expired", "failed", "cut", "restoring"}
    may_collect, may_agree = actor.is_one_of(COLLECTORS), actor.is_one_of(APPROVERS) and actor.id != row.proposer_id
    context = {
        "order": row,
        "case": case_queries.open_of_account(account_id=row.account_id),
        "moves": queries.moves(order_id=order_id),
        "reasons": [] if is_over else reasons(order_id),
        "is_watched": not is_over,
        "steps": _steps(row, may_collect=may_collect, may_agree=may_agree),
        "slot_form": SlotForm(initial={"start": "09:00", "end": "11:00"}),
        "receipt_form": ReceiptForm(initial={"day": now.date(), "time": now.time()}),
        "note_form": NoteForm(),
        **_deposit(row),
        **_balance(row),
        **more,
    }
    return render(request, "desk/dunning/order.html", context)


def cut_batch(request: HttpRequest) -> dict[str, Any]:
    """Return the prepaid cuts of today that are too many to go by themselves, and whether this person decides."""
    may_let_go = actor_of(request).is_one_of(APPROVERS)
    return {"cut_batch": prepaid_cuts.waiting(today=today()), "may_let_go": may_let_go}


@allow(*BILLERS)
@require_POST
def decide_batch(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Let the prepaid cuts of today go, or cancel them."""
    action = request.POST.get("action", "")
    if action not in {"approve", "drop"}:
        raise Http404
    try:
        prepaid_operations.decide(
            batch_id=batch_id, is_approved=action == "approve", reason=request.POST.get("reason", ""),
            at=timezone.now(), actor=actor_of(request),
        )  # fmt: skip
        messages.success(request, _("They go in the next minutes.") if action == "approve" else _("Cancelled."))
    except Refused as refusal:
        tell_refusal(request, refusal)
    return redirect(f"{reverse('desk:cut_orders')}?cause=balance")


def _balance(row: OrderRow) -> dict[str, Any]:
    """Return what an order for a prepaid balance rests on: the balance now and in the last nights, lines and hours."""
    if row.prepayment_id is None:
        return {}
    one = prepaid.one(prepayment_id=row.prepayment_id, today=today())
    nights = prepaid.nights(prepayment_id=row.prepayment_id, most=NIGHTS_SHOWN)
    return {
        "standing": one,
        "told_at": prepaid_notices.told_at(
            prepayment_id=row.prepayment_id, is_delivered=rules.wants_delivery(at=today())
        ),
        "lines": prepay_rules.rule(at=today()),
        "hours": _hours(rules.prepaid_cut_rule(at=today())),
        "spares_eves": rules.prepaid_cut_rule(at=today()).spares_eves,
        "nights": nights,
        "chart": {
            "labels": [f"{night.day:%m-%d}" for night in reversed(nights)],
            "series": [{"name": _("Balance"), "values": [night.balance_minor for night in reversed(nights)]}],
            "words": {"symbol": SYMBOLS.get(supplier.current().currency, "")},
        },
    }


def _hours(rule: CutRule) -> str:
    """Return the days and hours in which a supply may be cut off."""
    days = ", ".join(str(WEEKDAYS[one - 1]) for one in sorted(rule.weekdays))
    opens, closes = (f"{one // 60:02}:{one % 60:02}" for one in (rule.opens_minute, rule.closes_minute))
    return f"{days} · {opens}–{closes}"


def _deposit(row: OrderRow) -> dict[str, Any]:
    """Return the deposit that is to be paid before current is back, or the account that may be asked for one."""
    if row.state != OrderState.CUT:
        return {}
    waited = supply_deposits.waited_for(account_ids=[row.account_id], today=today()).get(row.account_id)
    is_asked = supply_deposits.AFTER_DISCONNECTION in supply_deposits.causes(today=today())
    return {"waited_deposit": waited, "may_demand_first": row.account_id if is_asked else None}


def _needs_persons(row: OrderRow) -> bool:
    """Return whether persons agree to an order for a balance: mostly the agreement on prepayment stands for them."""
    rule = rules.prepaid_cut_rule(at=today())
    is_important = bool(important.grades(service_point_ids=[row.service_point_id], on=today()))
    return bool(rule.important_approvals if is_important else rule.approvals)


def _steps(row: OrderRow, *, may_collect: bool, may_agree: bool) -> set[str]:
    """Return what this person may do with an order in its state."""
    state = OrderState(row.state)
    found = {"approve"} if may_agree and state is OrderState.PROPOSED else set[str]()
    if not may_collect:
        return found
    if row.prepayment_id is not None and state in BEFORE:
        found = found if _needs_persons(row) else set()
        return found | {"cancel", "copy"}  # its notice went when the balance was used up; the rules send it out
    if state in {*BEFORE, OrderState.DISPATCHED}:
        found.add("cancel")
    found |= {
        OrderState.APPROVED: {"announce"} | ({"notice"} if row.slot_start_at else set()),
        OrderState.NOTICED: {"remind", "copy"},
        OrderState.REMINDED: {"dispatch", "remind", "copy"},
        OrderState.CUT: {"restore"},
        OrderState.RECALLED: {"acknowledge"} if row.way == "crew" else set(),
    }.get(state, set())
    return found


@allow(*BILLERS)
@require_POST
def act(request: HttpRequest, order_id: int) -> HttpResponse:
    """Move an order."""
    with or_404():
        row = queries.one(order_id=order_id)
    action = request.POST.get("action", "")
    form = FORMS[action](request.POST) if action in FORMS else None
    if form is None and action not in BARE:
        raise Http404
    if form is not None and not form.is_valid():
        return _page(request, order_id, **_place_of(action, form))
    try:
        _do(row, action, form.cleaned_data if form else {}, actor_of(request))
    except disconnections.NotToBeCut as refusal:
        tell_refusal(request, refusal)
        return _page(request, order_id, refused=refused(refusal))
    except Refused as refusal:
        tell_refusal(request, refusal)
    else:
        messages.success(request, _("Saved."))
    return redirect("desk:cut_order", order_id)


def _place_of(action: str, form: PageForm) -> dict[str, Any]:
    key = {"announce": "slot_form", "notice": "receipt_form"}.get(action, "note_form")
    return {key: form, "shown": action}


def _do(row: OrderRow, action: str, given: dict[str, Any], actor: Any) -> None:
    base: dict[str, Any] = {"order_id": row.id, "at": timezone.now(), "actor": actor}
    if action == "announce":
        start, end = at(given["day"], given["start"]), at(given["day"], given["end"])
        disconnections.announce(**base, slot_start_at=start, slot_end_at=end)
    elif action == "notice":
        if row.slot_start_at is None or row.slot_end_at is None:
            raise Http404
        disconnections.notice(
            **base, proof=given["proof"], proven_at=at(given["day"], given["time"]),
            slot_start_at=row.slot_start_at, slot_end_at=row.slot_end_at,
        )  # fmt: skip
    elif action in {"approve", "dispatch"}:
        getattr(disconnections, action)(**base)
    elif action in {"copy", "remind"}:
        getattr(disconnections, action)(**base, proof=given["note"])
    elif action == "acknowledge":
        disconnections.acknowledge(**base, note=given["note"])
    else:
        getattr(disconnections, action)(**base, reason=given["note"])


@allow(*READERS)
def paper(request: HttpRequest, order_id: int) -> HttpResponse:  # noqa: ARG001
    """Give the notice of disconnection as PDF."""
    with or_404():
        row = queries.one(order_id=order_id)
        if row.slot_start_at is None:
            raise Http404
        answer = HttpResponse(cut_documents.notice(order_id=order_id), content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="disconnection-{order_id}.pdf"'
    return answer


@allow(*READERS)
def demand_paper(request: HttpRequest, case_id: int) -> HttpResponse:  # noqa: ARG001
    """Give the demand for what is overdue today as PDF."""
    with or_404():
        written = cut_documents.demand(case_id=case_id)
    answer = HttpResponse(written, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="demand-{case_id}.pdf"'
    return answer
