"""The register of protections on the desk: life support, vulnerable customers, key accounts."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.domain.privacy import LookPurpose
from accounts.domain.protections import KEEPERS, Evidence, ProtectionKind, ProtectionState
from accounts.operations import customers as customer_operations
from accounts.operations import protections as operations
from accounts.queries import accounts, care_rules
from accounts.queries import protections as queries
from accounts.queries.protections import ProtectionCard, WantedProtections
from arrears.queries import orders
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_refusal, today
from cis.desk.forms.care import EvidenceForm, ProtectionForm, ProtectionListForm, ReasonForm
from cis.desk.roles import BILLERS, CLERKS, READERS
from cis.desk.timeline import history_of
from cis.desk.words import word
from cis.kernel.errors import Refused
from cis.platform import deadlines
from cis.platform.access import actor_of, allow
from cis.platform.paging import ROWS, Pager, page_number, query_of


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List the register, the latest first."""
    form, number = ProtectionListForm(request.GET), page_number(request)
    wanted = form.wanted()
    rows = queries.listed(wanted=wanted, today=today(), offset=(number - 1) * ROWS, most=ROWS + 1)
    context = {
        "form": form,
        "rows": rows[:ROWS],
        "pager": Pager(number, len(rows) > ROWS, query_of(request)),
        "is_filtered": wanted != WantedProtections(),
        "is_kept": bool(care_rules.protections_or_none(at=today())),
    }
    return render(request, "desk/care/protections.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    header = [_("Kind"), _("Customer"), _("Account"), _("State"), _("Who is meant, by what device"), _("Since"),
              _("Until"), _("Paper"), _("Number and issuer"), _("To be looked at again")]  # fmt: skip
    rows = (
        (word("protection_kind", r.kind), r.name, r.account_number, word("protection", r.state), r.person,
         r.since_date, r.until_date, word("protection_evidence", r.evidence) if r.evidence else "", r.evidence_text,
         r.review_date)
        for r in queries.listed(wanted=ProtectionListForm(request.GET).wanted(), today=today(), most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file("protections.csv", header, rows)


@allow(*CLERKS, *BILLERS)
def new(request: HttpRequest, account_id: int) -> HttpResponse:
    """Register a protection at the page of an account."""
    with or_404():
        account = accounts.overview(account_id=account_id, at_date=today())
    actor = actor_of(request)
    customer_operations.record_look(customer_id=account.holder.id, actor=actor, purpose=LookPurpose.CARE)
    kinds = [rule.kind for rule in care_rules.protections_or_none(at=today()).values() if rule.may_set(actor)]
    form = ProtectionForm(
        posted(request), kinds=kinds, places=orders.supplies(account_id=account_id, on=today()),
        initial={"kind": request.GET.get("kind", "")},
    )  # fmt: skip
    if form.is_bound and form.is_valid():
        try:
            made = operations.register(new=form.protection(account_id=account_id), at=timezone.now(), actor=actor)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("It holds from now on. The papers have a deadline."))
            return redirect("desk:protection", made)
    return render(request, "desk/care/protection_new.html", {"form": form, "account": account, "kinds": kinds})


@allow(*READERS)
def show(request: HttpRequest, protection_id: int) -> HttpResponse:
    """Show a protection with its papers, deadlines and history; the look is recorded."""
    card = _card(protection_id)
    customer_operations.record_look(customer_id=card.customer_id, actor=actor_of(request), purpose=LookPurpose.CARE)
    return _page(request, card)


@allow(*CLERKS, *BILLERS)
@require_POST
def act(request: HttpRequest, protection_id: int) -> HttpResponse:
    """Take a paper in, end a protection, ask for it, or let it stand."""
    card, actor, now = _card(protection_id), actor_of(request), timezone.now()
    action = request.POST.get("action", "")
    try:
        match action:
            case "prove":
                form = _evidence_form(request, card)
                if not form.is_valid():
                    return _page(request, card, evidence_form=form)
                operations.prove(
                    protection_id=protection_id, evidence=Evidence(form.cleaned_data["evidence"]),
                    text=form.cleaned_data["text"], at=now, actor=actor,
                )  # fmt: skip
                messages.success(request, _("The paper is kept."))
            case "end":
                if operations.end(
                    protection_id=protection_id, reason=request.POST.get("reason", ""), at=now, actor=actor
                ):
                    messages.success(request, _("The protection has ended."))
                else:
                    messages.success(request, _("It protects a person: a second person ends it."))
            case "keep":
                operations.keep(protection_id=protection_id, at=now, actor=actor)
                messages.success(request, _("The protection stands."))
            case _:
                raise Http404
    except Refused as refusal:
        tell_refusal(request, refusal)
    return redirect("desk:protection", protection_id)


def _card(protection_id: int) -> ProtectionCard:
    with or_404():
        return queries.one(protection_id=protection_id, today=today())


def _evidence_form(request: HttpRequest | None, card: ProtectionCard) -> EvidenceForm:
    rule = care_rules.protections_or_none(at=today()).get(ProtectionKind(card.kind))
    return EvidenceForm(None if request is None else request.POST, papers=rule.evidence if rule else ())


def _page(request: HttpRequest, card: ProtectionCard, *, evidence_form: EvidenceForm | None = None) -> HttpResponse:
    actor, holds = actor_of(request), card.state is not ProtectionState.ENDED
    context: dict[str, Any] = {
        "card": card,
        "clocks": deadlines.of_subject(subject=operations.SUBJECT, subject_ids=[card.id]),
        "events": history_of(operations.SUBJECT, [card.id]),
        "evidence_form": evidence_form or _evidence_form(None, card),
        "reason_form": ReasonForm(),
        "may_prove": holds and bool(actor.roles & KEEPERS),
        "may_end": holds and actor.is_one_of(operations.ENDERS),
        "me": actor.id,
    }
    return render(request, "desk/care/protection.html", context)
