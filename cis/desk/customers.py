"""Customers: the list, a new one with all that it takes to be billed, edits, ways to reach them."""

from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.operations import contacts as contact_operations
from accounts.operations import customers as operations
from accounts.operations import verified_numbers
from accounts.operations.customers import StaleEdit
from accounts.operations.verified_numbers import NumberCodeRefused
from accounts.queries import customers as queries
from accounts.queries import listing
from accounts.queries.listing import AccountRow, Wanted
from billing.operations import connections
from billing.queries import listing as bill_listing
from cis.desk import phone_call
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_refusal, today
from cis.desk.forms.customers import ContactForm, CustomerForm, ListForm
from cis.desk.forms.supply import SupplyForm
from cis.desk.roles import CLERKS, READERS
from cis.kernel.errors import Refused
from cis.platform import typed
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from cis.platform.templatetags.local import plain_money
from contracts.queries import supply


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRow:
    """An account of the list with its address and what it owes. [minor unit]"""

    row: AccountRow
    address: str
    owed_minor: int


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List accounts with their holders."""
    form, wanted = _wanted(request)
    page = page_context(request, partial(listing.accounts, wanted=wanted, at_date=today()))
    rows = page["rows"]
    context = {
        "form": form,
        "rows": _with_supply(rows),
        "pager": page["pager"],
        "is_filtered": wanted != Wanted(),
        "may_edit": bool(actor_of(request).roles & set(CLERKS)),
    }
    return render(request, "desk/customers.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the list as a file."""
    _form, wanted = _wanted(request)
    rows = listing.accounts(wanted=wanted, at_date=today(), most=FILE_ROWS_MOST)
    header = [_("Account"), _("Name"), _("Kind"), _("Phone"), _("Address"), _("State"), _("Opened"), _("Balance")]
    found = (
        (one.row.number, one.row.name, one.row.kind, one.row.phone, one.address, one.row.state, one.row.opened_date,
         plain_money(one.owed_minor))
        for one in _with_supply(rows)
    )  # fmt: skip
    return csv_file("customers.csv", header, found)


@allow(*CLERKS)
def new(request: HttpRequest) -> HttpResponse:
    """Take on a customer: person, account, and, unless left for later, place, meter, tariff and cycle."""
    form = CustomerForm(posted(request), prefix="", initial={"opened_date": today()})
    wants_supply = request.POST.get("wants_supply", "yes") == "yes"
    supply_form = SupplyForm(posted(request), initial={"start_date": today()})
    if request.method == "POST":
        is_good = form.is_valid() and (not wants_supply or supply_form.is_valid())
        if is_good:
            try:
                made = connections.take_on(
                    customer=form.customer(),
                    opened_date=form.cleaned_data["opened_date"],
                    paper_bill=form.cleaned_data["paper_bill"],
                    supply=supply_form.supply() if wants_supply else None,
                    today=today(),
                    actor=actor_of(request),
                )
            except Refused as refusal:
                (supply_form if supply_form.is_about(refusal) else form).refuse(refusal)
            else:
                text = _("Account %(number)s is open.") % {"number": made.account_number}
                messages.success(request, text)
                return redirect("desk:account", made.account_id)
    context = {"form": form, "supply_form": supply_form, "wants_supply": wants_supply}
    return render(request, "desk/customer_new.html", context)


@allow(*CLERKS)
def edit(request: HttpRequest, customer_id: int, account_id: int) -> HttpResponse:
    """Edit a customer; a change that somebody else made meanwhile is shown, and nothing typed is lost."""
    with or_404():
        card = queries.card(customer_id=customer_id)
    theirs = None
    initial = asdict(card) | asdict(card.shown)
    form = CustomerForm(posted(request), initial=initial, is_edit=True)
    if request.method == "POST" and form.is_valid():
        try:
            phone_call.see_known(request, customer_id)
            operations.edit(
                customer_id=customer_id,
                version=form.cleaned_data["version"],
                customer=form.customer(),
                actor=actor_of(request),
            )
        except StaleEdit:
            theirs = queries.card(customer_id=customer_id)
            form = form.on_version(theirs.version)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect("desk:account", account_id)
    differences = form.differences(initial) if theirs else []
    context = {"form": form, "card": card, "theirs": theirs, "differences": differences, "account_id": account_id}
    return render(request, "desk/customer_edit.html", context)


@allow(*CLERKS)
def contacts(request: HttpRequest, customer_id: int, account_id: int) -> HttpResponse:
    """Show and change the ways to reach a customer."""
    with or_404():
        card = queries.card(customer_id=customer_id)
    form = ContactForm(request.POST if request.POST.get("do") == "add" else None)
    if request.method == "POST":
        try:
            phone_call.see_known(request, customer_id)
            if _change_contact(request, customer_id, form):
                messages.success(request, _("Saved."))
                return redirect("desk:contacts", account_id, customer_id)
        except Refused as refusal:
            if form.is_bound:
                form.refuse(refusal)
            else:
                tell_refusal(request, refusal)
                return redirect("desk:contacts", account_id, customer_id)
    return render(request, "desk/contacts.html", {"form": form, "card": card, "account_id": account_id})


def _change_contact(request: HttpRequest, customer_id: int, form: ContactForm) -> bool:
    """Do what the button says; return False if the form is not complete."""
    do, given = request.POST.get("do"), request.POST.get("contact", "")
    actor = actor_of(request)
    if do == "add":
        if not form.is_valid():
            return False
        contact_operations.add(customer_id=customer_id, actor=actor, **form.cleaned_data)
        return True
    contact_id = typed.number(given) or 0
    if do in {"send_code", "try_code", "answered"}:
        return _prove(request, do, customer_id, contact_id)
    change = {
        "remove": contact_operations.remove, "prefer": contact_operations.prefer, "mend": contact_operations.mend,
    }.get(do or "")  # fmt: skip
    if change is None:
        return False
    change(customer_id=customer_id, contact_id=contact_id, actor=actor)
    return True


def _prove(request: HttpRequest, do: str, customer_id: int, contact_id: int) -> bool:
    """
    Send a code to a number, try the one that the customer tells, or note that they answered a call there.

    :raises Refused: the code does not fit, or it is no number of theirs.
    """
    given: dict[str, Any] = {
        "customer_id": customer_id, "contact_id": contact_id, "at": timezone.now(), "actor": actor_of(request),
    }  # fmt: skip
    if do == "send_code":
        verified_numbers.send_code(purpose=_("proving your number"), **given)
    elif do == "answered":
        verified_numbers.answered(**given)
    elif not verified_numbers.try_code(code=request.POST.get("code", "")[:12], **given):
        raise NumberCodeRefused("The code does not fit.", advice="Ask for a new one.")
    return True


def _wanted(request: HttpRequest) -> tuple[ListForm, Wanted]:
    form = ListForm(request.GET or None)
    given = form.cleaned_data if form.is_valid() else {}
    kept = {name: given[name] for name in ("text", "kind", "state", "segment", "order") if given.get(name)}
    return form, Wanted(**kept)


def _with_supply(rows: tuple[AccountRow, ...]) -> list[ListRow]:
    """Put address and balance beside each account; two statements."""
    ids = [row.account_id for row in rows]
    places = supply.of_accounts(account_ids=ids)
    owed = bill_listing.owed_minor(account_ids=ids)
    return [
        ListRow(
            row=row,
            address=places[row.account_id].address if row.account_id in places else "",
            owed_minor=owed.get(row.account_id, 0),
        )
        for row in rows
    ]
