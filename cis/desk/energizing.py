"""Energizing on the desk: supplies that are switched on, what failed, what is held; which cycle bills new ones."""

from datetime import timedelta
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.queries import accounts
from billing.domain.energizing import EnergizingState
from billing.operations import energizing as operations
from billing.queries import energizing as queries
from billing.queries import supply_deposits
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_refusal, today
from cis.desk.forms.meters import EnergizeForm, EnergizingListForm
from cis.desk.forms.supply import facts_of
from cis.desk.roles import METERERS, READERS
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from contracts.domain.agreements import Agreed
from contracts.domain.application_workflow import SUBJECT as APPLICATION
from contracts.domain.contract_workflow import ContractState
from contracts.queries import applications, inspections, offers, supply_contracts
from metering.queries import places, work_orders
from metering.queries.places import UnknownServicePoint
from metering.queries.work_orders import WorkCard

INSPECTED_WITHIN = 3
"""Days in which an inspection is to be made that somebody orders here."""


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List energizings, latest first."""
    form, wanted = _wanted(request)
    page = page_context(request, partial(queries.listed, **wanted))
    waiting = {row.account_id for row in page["rows"] if row.state == EnergizingState.WAITING}
    waited = supply_deposits.waited_for(account_ids=waiting, today=today())
    context = {
        "form": form, "rows": [(row, waited.get(row.account_id)) for row in page["rows"]], "pager": page["pager"],
        "count": queries.count(**wanted), "is_filtered": any(wanted.values()),
        "may_keep": bool(actor_of(request).roles & set(METERERS)), "view": "energizings",
    }  # fmt: skip
    return render(request, "desk/meters/energizings.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    _form, wanted = _wanted(request)
    header = [_("Number"), _("Account"), _("Service point"), _("Address"), _("Meter"), _("State"), _("Since"),
              _("Reason"), _("Ordered by")]  # fmt: skip
    rows = (
        (r.id, r.account, r.place, r.address, r.serial, r.state, r.on_date, r.code, r.actor_name)
        for r in queries.listed(**wanted, most=FILE_ROWS_MOST)
    )
    return csv_file("energizings.csv", header, rows)


@allow(*METERERS)
def new(request: HttpRequest, work_order_id: int) -> HttpResponse:
    """Order that the supply is switched on for which a work order was done."""
    with or_404():
        card = work_orders.one(work_order_id=work_order_id)
    place = _place(card.service_point_id)
    form = EnergizeForm(posted(request), initial={"service_point": place, **_known(card)})
    if request.method == "POST" and form.is_valid():
        try:
            energizing_id = _order(request, form, subject=card.subject, subject_id=card.subject_id)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            state = queries.one(energizing_id=energizing_id).state
            if state == EnergizingState.WAITING:
                messages.warning(request, _("Its deposit is not paid yet: it is switched on by itself once it is."))
            elif state == EnergizingState.FAILED:
                messages.warning(
                    request, _("No head-end is connected: a work order was made to switch the supply on at the place.")
                )
            else:
                messages.success(request, _("The supply is being switched on."))
            return redirect("desk:energizings")
    made = inspections.of_application(application_id=card.subject_id) if card.subject == APPLICATION else ()
    context = {
        "form": form, "card": card, "inspection": next((one for one in made if one.state != "dropped"), None),
        "is_inspected": queries.is_inspected(subject=card.subject, subject_id=card.subject_id),
        **deposit_of(subject=card.subject, subject_id=card.subject_id, number=str(form["account"].value() or "")),
    }  # fmt: skip
    return render(request, "desk/meters/energize.html", context)


@allow(*METERERS)
def inspect(request: HttpRequest, work_order_id: int) -> HttpResponse:
    """Order the inspection that the case of a work order needs before it is energized."""
    with or_404():
        card = work_orders.one(work_order_id=work_order_id)
    if request.method == "POST" and card.service_point_id is not None:
        try:
            operations.order_inspection(
                subject=card.subject, subject_id=card.subject_id, service_point_id=card.service_point_id,
                due_date=today() + timedelta(days=INSPECTED_WITHIN), today=today(), actor=actor_of(request),
            )  # fmt: skip
            messages.success(request, _("The inspection is ordered."))
        except Refused as refusal:
            tell_refusal(request, refusal)
    return redirect("desk:energize", work_order_id)


@allow(*METERERS)
def act(request: HttpRequest, energizing_id: int) -> HttpResponse:
    """Try again, note a switch by hand, do the steps of a held supply, or give up."""
    with or_404():
        queries.one(energizing_id=energizing_id)
    given: dict[str, Any] = {"energizing_id": energizing_id, "actor": actor_of(request)}
    try:
        match request.POST.get("action", ""):
            case "switch":
                operations.switch_again(**given)
                messages.success(request, _("The meter is told once more."))
            case "by_hand":
                operations.switched_by_hand(**given, note=request.POST.get("note", ""))
                messages.success(request, _("Noted."))
            case "retry":
                if operations.retry(**given):
                    messages.success(request, _("The supply is billed from its first day on."))
                else:
                    messages.warning(request, _("The supply is still held: see the reason."))
            case "drop":
                operations.drop(**given)
                messages.success(request, _("Given up."))
    except Refused as refusal:
        tell_refusal(request, refusal)
    return redirect("desk:energizings")


def deposit_of(*, subject: str, subject_id: int, number: str) -> dict[str, Any]:
    """Return what a page says of the deposit that a supply of a case waits for, by the number of its account."""
    try:
        account_id = accounts.id_of_number(number.strip())
    except Refused:
        return {}
    is_missing = supply_deposits.is_missing(
        subject=subject, subject_id=subject_id, account_id=account_id, today=today()
    )
    return {
        "waited_deposit": supply_deposits.waited_for(account_ids=[account_id], today=today()).get(account_id),
        "deposit_missing_of": account_id if is_missing else None,
    }


def _order(request: HttpRequest, form: EnergizeForm, *, subject: str, subject_id: int) -> int:
    given = form.cleaned_data
    return operations.order(
        subject=subject, subject_id=subject_id, service_point_id=_place_id(given["service_point"]),
        account_id=accounts.id_of_number(given["account"].strip()), tariff_id=int(given["tariff"]),
        household=given["household"], agreed=form.agreed(), use_class=given["use_class"], cycle_code=given["cycle"],
        by_hand=given["by_hand"], today=today(), actor=actor_of(request),
    )  # fmt: skip


def _known(card: WorkCard) -> dict[str, Any]:
    """Return what the case of a work order says of account, tariff and class."""
    found: dict[str, Any] = {"account": card.facts.get("account", "")}
    if card.subject != APPLICATION or applications.state_of(card.subject_id) is None:
        return found
    detail = applications.one(application_id=card.subject_id, at=timezone.now())
    if detail.account_id is not None:
        found["account"] = accounts.overview(account_id=detail.account_id, at_date=today()).number
    for contract in supply_contracts.of_subject(subject=APPLICATION, subject_id=card.subject_id):
        if contract.state == ContractState.SIGNED:
            found |= {"tariff": contract.tariff_id, "use_class": contract.use_class}
            offer = None if contract.offer_id is None else offers.one(offer_id=contract.offer_id)
            # The contract of many flats names what they have together.
            own = [item.capacity_w for item in detail.items if item.service_point_id == card.service_point_id]
            capacity_va = own[0] if len(detail.items) > 1 and own else contract.capacity_va
            found |= facts_of(Agreed(capacity_va=capacity_va, contract_w=offer.contract_w if offer else None))
            found["household"] = offer.household if offer else 1
    return found


def _place_id(external_id: str) -> int:
    found = places.ids_by_external_id([external_id.strip()])
    if external_id.strip() not in found:
        raise UnknownServicePoint(f"There is no service point {external_id.strip()}.")
    return found[external_id.strip()]


def _place(service_point_id: int | None) -> str:
    if service_point_id is None:
        return ""
    found = places.overview(service_point_ids=[service_point_id], at_date=today())
    return found[0].external_id if found else ""


def _wanted(request: HttpRequest) -> tuple[EnergizingListForm, dict[str, Any]]:
    form = EnergizingListForm(request.GET)
    given = form.cleaned_data if form.is_valid() else {}
    return form, {"state": given.get("state", ""), "text": given.get("text", "")}
