"""My invoices: ask for one, say who the buyer is, download."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.domain.tax_profiles import ConsentWay
from accounts.operations import tax_profiles
from accounts.queries import customers, supplier
from accounts.queries import tax_profiles as profiles
from billing.operations import e_invoice_files, e_invoices
from billing.operations.e_invoice_files import File
from billing.queries import bills, e_invoice_rules
from billing.queries import e_invoices as queries
from billing.queries.e_invoices import InvoiceCard
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow_portal
from cis.platform.phrases import explain
from cis.portal import access
from cis.portal.access import DAY, Held
from cis.portal.tax_form import TaxForm

SHOWN = 60
BILLS_SHOWN = 24


@allow_portal
def index(request: HttpRequest) -> HttpResponse:
    """Show the invoices of the account and the buyer on them; take the buyer's data."""
    visit = access.visit(request)
    held = visit.chosen
    if held is None:
        return render(request, "portal/no_account.html", {"visit": visit})
    today = access.today()
    is_offered = e_invoice_rules.is_offered(at=today)
    form = _form(request, held) if is_offered and held.is_current else None
    if request.method == "POST":
        if form is None:
            raise Http404
        if form.is_valid() and _save(request, held, form):
            messages.success(request, _("Saved. The next invoices name this buyer."))
            return redirect("portal:e_invoices")
    rows = _own(held)
    invoiced = {one.bill_id for one in rows}
    context = {
        "visit": visit, "form": form, "rows": rows, "is_offered": is_offered, "supplier": supplier.current(),
        "bills": [one for one in bills.of_account(account_id=held.account_id, most=BILLS_SHOWN)
                  if held.shows(one) and one.state == "issued" and one.kind != "credit" and one.id not in invoiced],
    }  # fmt: skip
    return render(request, "portal/e_invoices.html", context)


@allow_portal
@require_POST
def ask(request: HttpRequest, number: str) -> HttpResponse:
    """Ask for the invoice of a bill."""
    _visit, found = access.bill(request, number)
    try:
        e_invoices.request(bill_id=found.card.id, today=access.today(), actor=actor_of(request))
    except Refused as refusal:
        words = explain(refusal.code, refusal.message, refusal.advice)
        messages.error(request, f"{words.message} {words.advice}".strip())
    else:
        messages.success(request, _("We ask for the invoice, and tell you when it is here."))
    return redirect("portal:e_invoices")


@allow_portal
@require_safe
def paper(request: HttpRequest, invoice_id: int, form: str) -> HttpResponse:
    """Give an issued invoice of the customer as PDF or XML."""
    held = access.visit(request).held
    found = next((one for some in held for one in _own(some) if one.id == invoice_id), None)
    if found is None or form not in {"pdf", "xml"}:
        raise Http404
    try:
        file = _file(invoice_id, form, request)
    except Refused as refusal:
        words = explain(refusal.code, refusal.message, refusal.advice)
        messages.error(request, f"{words.message} {words.advice}".strip())
        return redirect("portal:e_invoices")
    answer = HttpResponse(file.content, content_type=file.media_type)
    kind = "inline" if file.media_type == e_invoice_files.PDF else "attachment"
    answer["Content-Disposition"] = f'{kind}; filename="{file.name}"'
    answer["Cache-Control"] = "private, no-store"
    return answer


def _file(invoice_id: int, form: str, request: HttpRequest) -> File:
    if form == "xml":
        return e_invoice_files.xml(invoice_id=invoice_id)
    return e_invoice_files.paper(invoice_id=invoice_id, actor=actor_of(request))


def _form(request: HttpRequest, held: Held) -> TaxForm:
    key = (held.account_id, access.today())
    buyer = profiles.buyers(held=[key], at_date=access.today()).get(key)
    first = {name: getattr(buyer, name) for name in TaxForm.base_fields} if buyer else {}
    return TaxForm(request.POST if request.method == "POST" else None, initial=first)


def _save(request: HttpRequest, held: Held, form: TaxForm) -> bool:
    customer = customers.card(customer_id=access.visit(request).customer_id)
    try:
        tax_profiles.save(
            account_id=held.account_id, data=form.data_of(consent_by=customer.name), way=ConsentWay.PORTAL,
            from_date=access.today(), actor=actor_of(request),
        )  # fmt: skip
    except Refused as refusal:
        form.refuse(refusal)
        return False
    return True


def _own(held: Held) -> tuple[InvoiceCard, ...]:
    """Return invoices of bills from the time in which the customer held the account."""
    found = queries.of_account(account_id=held.account_id, most=SHOWN)
    return tuple(one for one in found if held.covers(one.bill_end_date - DAY))
