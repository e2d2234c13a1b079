"""Changes of use: listed, asked for on a form that shows what they cost, agreed to, followed, taken back."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.domain.privacy import LookPurpose
from accounts.operations import customers as customer_operations
from accounts.queries import accounts
from accounts.queries.accounts import AccountOverview
from billing.operations import change_previews
from billing.queries import final_accounts as finals
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_refusal, today
from cis.desk.change_words import CHANGE_KINDS, CHANGE_STATES
from cis.desk.forms.changes import STUCK, ChangeForm, ChangeListForm, PaperForm
from cis.desk.roles import BILLERS, CASHIERS, CLERKS, READERS
from cis.desk.supply import supply_of
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.kernel.fixed import to_text
from cis.platform import documents, papers, typed
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from contracts.domain import change_checks
from contracts.domain.change_facts import REVERSIBLE, first_effective, missing_papers
from contracts.domain.changes import WORKFLOW, ChangeAction, ChangeKind, PaperKind
from contracts.operations import change_reversals, changes
from contracts.operations.change_effects import SUBJECT
from contracts.queries import change_facts, supply_contracts
from contracts.queries import changes as queries
from contracts.queries.agreements import AgreementCard, of_account
from contracts.queries.changes import ChangeDetail, ChangeFilter
from metering.queries import places

VA_PLACES = 3
ASKING = (*CLERKS, *BILLERS)


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List the changes, newest first."""
    form, wanted = _filter(request)
    context = {
        "form": form,
        **page_context(request, partial(queries.page, wanted=wanted)),
        "count": queries.count(wanted=wanted),
        "is_filtered": wanted != ChangeFilter(),
    }
    return render(request, "desk/changes.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    _form, wanted = _filter(request)
    header = [
        _("Change"), _("Kind"), _("State"), _("Account"), _("Address"), _("Who comes"), _("Asked for on"),
        _("Holds from"), _("Until"), _("Why not"),
    ]  # fmt: skip
    rows = (
        (c.id, str(CHANGE_KINDS[c.kind]), str(CHANGE_STATES[c.state]), c.account_number, c.address, c.customer_name,
         c.asked_date, c.effective_date, c.until_date, c.stuck)
        for c in queries.page(wanted=wanted, most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file("changes-of-use.csv", header, rows)


@allow(*ASKING)
def new(request: HttpRequest, account_id: int, kind: str) -> HttpResponse:
    """Ask for a change: the first button shows what it means in money, the second one enters it."""
    if kind not in set(ChangeKind):
        raise Http404
    what = ChangeKind(kind)
    account, agreement = _of_request(request, account_id)
    if change_facts.Can(kind=what, agreement_id=agreement.id if agreement else None) not in change_facts.possible(
        account_id=account_id, today=today()
    ):
        raise Http404
    form = _form(request, what, account, agreement)
    context: dict[str, Any] = {
        "account": account, "agreement": agreement, "kind": what, "form": form,
        "source": change_facts.source_of(what, at=today()), "term": _term(agreement),
    }  # fmt: skip
    if form.is_bound and form.is_valid():
        try:
            context |= _previewed(form, actor=actor_of(request))
            if "enter" in request.POST:
                return redirect("desk:change", _entered(form, actor=actor_of(request)))
        except Refused as refusal:
            form.refuse(refusal)
    return render(request, "desk/change_new.html", context)


@allow(*READERS)
def show(request: HttpRequest, change_id: int) -> HttpResponse:
    """Show a change: what, from when, what is missing, what it did, what follows, and its history."""
    with or_404():
        detail = queries.one(change_id=change_id)
    actor = actor_of(request)
    account = _account(detail)
    if account is not None:
        customer_operations.record_look(customer_id=account.holder.id, actor=actor, purpose=LookPurpose.CONTRACT)
    actions = {str(action) for action in WORKFLOW.actions(detail.card.state, actor)}
    if detail.wanted.kind not in REVERSIBLE:
        actions.discard(ChangeAction.REVERSE)
    final = finals.of_change(change_id=change_id)
    context = {
        "detail": detail,
        "card": detail.card,
        "account": account,
        "actions": actions - {"finish", "carry_out", "submit"},
        "missing": _missing(detail),
        "paper_form": PaperForm(),
        "may_add": detail.card.state in {"drafted", "waiting"} and bool(actor.roles & set(ASKING)),
        "final": final,
        "may_pay": bool(actor.roles & {*CASHIERS, *BILLERS}),
        "preview": _preview_of(detail, actor) if "preview" in request.GET else None,
        "contracts": supply_contracts.of_subject(subject=SUBJECT, subject_id=change_id),
    }
    return render(request, "desk/change.html", context)


@allow(*ASKING)
def decide(request: HttpRequest, change_id: int) -> HttpResponse:
    """Agree to a change, withdraw, reject or take it back."""
    with or_404():
        queries.one(change_id=change_id)
    action, actor, reason = request.POST.get("action", ""), actor_of(request), request.POST.get("reason", "")
    try:
        match action:
            case "confirm":
                state = changes.confirm(change_id=change_id, today=today(), actor=actor)
                messages.success(request, _("The change is agreed to: %s.") % CHANGE_STATES[state])
            case "withdraw":
                changes.withdraw(change_id=change_id, reason=reason, actor=actor)
            case "reject":
                changes.reject(change_id=change_id, reason=reason, actor=actor)
            case "reverse":
                change_reversals.reverse(change_id=change_id, reason=reason, today=today(), actor=actor)
    except Refused as refusal:
        tell_refusal(request, refusal)
    return redirect("desk:change", change_id)


@allow(*ASKING)
def add_paper(request: HttpRequest, change_id: int) -> HttpResponse:
    """Keep a paper that proves something for a change."""
    with or_404():
        queries.one(change_id=change_id)
    form = PaperForm(posted(request), request.FILES or None)
    if form.is_bound and form.is_valid():
        given = form.cleaned_data["file"]
        try:
            document_id = papers.keep(given.file, name=given.name, actor=actor_of(request))
            changes.add_paper(
                change_id=change_id, kind=PaperKind(form.cleaned_data["kind"]), document_id=document_id,
                file_name=given.name, actor=actor_of(request),
            )  # fmt: skip
        except Refused as refusal:
            tell_refusal(request, refusal)
    else:
        messages.error(request, _("Choose a file first."))
    return redirect("desk:change", change_id)


@allow(*ASKING)
def paper(request: HttpRequest, change_id: int, paper_id: int) -> FileResponse:  # noqa: ARG001
    """Give a paper of a change as it was handed in."""
    with or_404():
        found = [one for one in queries.one(change_id=change_id).papers if one.id == paper_id]
        if not found:
            raise Http404
        kept = documents.about(found[0].document_id)
        return FileResponse(
            documents.open(found[0].document_id), as_attachment=True, filename=found[0].file_name,
            content_type=kept.media_type,
        )  # fmt: skip


def _filter(request: HttpRequest) -> tuple[ChangeListForm, ChangeFilter]:
    form = ChangeListForm(request.GET or None)
    given = form.cleaned_data if form.is_valid() else {}
    state = given.get("state") or ""
    return form, ChangeFilter(
        kind=given.get("kind") or "",
        state="" if state == STUCK else state,
        text=given.get("text") or "",
        stuck=state == STUCK,
    )


def _of_request(request: HttpRequest, account_id: int) -> tuple[AccountOverview, AgreementCard | None]:
    """Return account and supply that a form is about; not found unless they belong together."""
    wanted = typed.number(request.GET.get("supply", ""))
    if wanted is not None:
        return supply_of(account_id, wanted)
    with or_404():
        return accounts.overview(account_id=account_id, at_date=today()), None


def _term(agreement: AgreementCard | None) -> Any:
    return None if agreement is None else agreement.term_on(today()) or agreement.terms[-1]


def _form(
    request: HttpRequest, kind: ChangeKind, account: AccountOverview, agreement: AgreementCard | None
) -> ChangeForm:
    limits = change_facts.limits_on(today())
    first = first_effective(kind, asked_date=today(), limits=limits, calendar=change_facts.working_days(today()))
    initial: dict[str, Any] = {"asked_date": today(), "effective_date": first}
    term = _term(agreement)
    if term is not None and term.agreed.capacity_va is not None:
        initial["capacity_kva"] = to_text(term.agreed.capacity_va, places=VA_PLACES).rstrip("0").rstrip(".")
    if kind is ChangeKind.HOUSEHOLD:
        initial["household"] = limits.household_least
    points = places.overview(service_point_ids=[agreement.service_point_id] if agreement else [], at_date=today())
    meters = [meter for point in points for meter in point.meters if meter.hangs(today())]
    return ChangeForm(
        posted(request),
        kind=kind,
        agreement=agreement,
        meters=meters,
        others=_others(account.id, agreement) if kind is ChangeKind.MERGE else (),
        account_id=account.id,
        initial=ChangeForm.first(**initial),
    )


def _others(account_id: int, agreement: AgreementCard | None) -> list[tuple[int, str]]:
    """Return the other supplies of an account, by address."""
    mine = agreement.id if agreement else 0
    cards = [card for card in of_account(account_id=account_id) if card.id != mine and card.end_date is None]
    addresses = places.addresses(service_point_ids=[card.service_point_id for card in cards])
    return [(card.id, addresses[card.service_point_id]) for card in cards]


def _previewed(form: ChangeForm, *, actor: Actor) -> dict[str, Any]:
    wanted, asked = form.wanted(), form.cleaned_data["asked_date"]
    preview = change_previews.of_change(
        wanted=wanted, asked_date=asked, today=today(), actor=actor, newcomer=form.newcomer()
    )
    known = change_facts.of_wanted(wanted, asked_date=asked, today=today())
    return {
        "preview": preview,
        "warnings": change_checks.warnings(wanted=wanted, facts=known),
        "missing": sorted(missing_papers(wanted=wanted, facts=known)),
        "owed_minor": known.owed_minor,
    }


def _entered(form: ChangeForm, *, actor: Actor) -> int:
    return changes.draft(
        wanted=form.wanted(),
        asked_date=form.cleaned_data["asked_date"],
        request_key=form.cleaned_data["request_key"],
        today=today(),
        actor=actor,
        newcomer=form.newcomer(),
    )


def _account(detail: ChangeDetail) -> AccountOverview | None:
    if detail.card.account_id is None:
        return None
    return accounts.overview(account_id=detail.card.account_id, at_date=timezone.localdate(detail.card.created_at))


def _missing(detail: ChangeDetail) -> tuple[PaperKind, ...]:
    """Return what is to be proven yet, while something can be done about it."""
    if detail.card.state not in {"drafted", "waiting"}:
        return ()
    needed = change_facts.limits_on(detail.card.asked_date).papers.get(detail.wanted.kind, frozenset())
    return tuple(sorted(needed - {one.kind for one in detail.papers}))


def _preview_of(detail: ChangeDetail, actor: Actor) -> change_previews.ChangePreview | None:
    if detail.card.state not in {"drafted", "waiting", "confirmed"}:
        return None
    try:
        return change_previews.of_change(
            wanted=detail.wanted, asked_date=detail.card.asked_date, today=today(), actor=actor
        )
    except Refused:
        return None
