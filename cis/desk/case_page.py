"""One case: facts, clocks, findings, answers, what was executed from it, and what may be done now."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.domain.contact import Shown
from accounts.domain.privacy import LookPurpose
from accounts.operations import customers as customer_operations
from accounts.queries import accounts, customers, teams
from accounts.queries.customers import CustomerCard
from billing.operations.adjustments import BadAdjustment
from billing.queries import adjustment_rules
from cis.desk import case_links, phone_call
from cis.desk.answers import or_404, posted, tell_refusal, today
from cis.desk.case_intake import staff
from cis.desk.case_mails import left_out
from cis.desk.case_suggestions import Likely, likely
from cis.desk.cases import WORKERS, path_of
from cis.desk.forms import complaints as forms
from cis.desk.forms.calls import LinkForm
from cis.desk.forms.complaints import language
from cis.desk.forms.refunds import NewRefundForm
from cis.desk.money_words import ADJUSTMENT_REASONS
from cis.desk.roles import READERS
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform import deadlines, documents
from cis.platform.access import actor_of, allow
from cis.platform.forms import PageForm
from cis.platform.packs import MissingRule
from complaints.domain import case_workflow
from complaints.domain.case_workflow import DESK, LIVE, CaseState
from complaints.domain.kinds import SUBJECT, CaseKind, Evidence, ReplyWay, Satisfaction
from complaints.domain.rules import CaseRules
from complaints.operations import cases, deeds, findings, replies
from complaints.queries import cases as queries
from complaints.queries import mails, repeats, routing
from complaints.queries import rules as case_rules
from complaints.queries.cases import CaseDetail
from complaints.queries.sight import id_of_number

READ_WITHIN = timedelta(days=3)
Given = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """
    Something that may be done on the page: its form, "" of none, and the one operation that does it.

    asks_caller  money leaves the account by it: whoever is on the telephone shows first who they are
    """

    form: str
    run: Callable[[int, Any, datetime, Actor], object]
    asks_caller: bool = False


@allow(*READERS)
@require_safe
def show(request: HttpRequest, case_id: int) -> HttpResponse:
    """Show a case; that somebody looked at its customer is recorded."""
    return _page(request, case_id)


@allow(*WORKERS)
@require_POST
def act(request: HttpRequest, case_id: int) -> HttpResponse:
    """Do one thing with a case."""
    name, actor, now = request.POST.get("action", ""), actor_of(request), timezone.now()
    one = ACTS.get(name)
    if one is None:
        raise Http404
    with or_404():
        detail = queries.detail(case_id=case_id, at=now, actor=actor)
    form = _forms(request, detail, case_rules.rules(at=today()), bound=one.form).get(one.form)
    if form is not None and not form.is_valid():
        return _page(request, case_id, bound={one.form: form})
    try:
        if one.asks_caller and detail.row.account_id is not None:
            phone_call.see_known(request, _holder(detail.row.account_id).id)
        one.run(case_id, form, now, actor)
    except Refused as refusal:
        if form is None:
            tell_refusal(request, refusal)
            return redirect("desk:case", case_id)
        form.refuse(refusal)
        return _page(request, case_id, bound={one.form: form})
    messages.success(request, _("Saved."))
    return redirect("desk:case", case_id)


@allow(*READERS)
@require_safe
def photo(request: HttpRequest, case_id: int, photo_id: int) -> FileResponse:
    """Give a picture of a case."""
    with or_404():
        detail = queries.detail(case_id=case_id, at=timezone.now(), actor=actor_of(request))
    found = next((one for one in detail.photos if one.id == photo_id), None)
    if found is None:
        raise Http404
    answer = FileResponse(documents.open(found.document_id), content_type="image/jpeg")
    answer["Cache-Control"] = "private, no-store"
    return answer


@allow(*READERS)
@require_safe
def letter(request: HttpRequest, case_id: int, deed_id: int) -> FileResponse:
    """Give a letter of apology."""
    with or_404():
        detail = queries.detail(case_id=case_id, at=timezone.now(), actor=actor_of(request))
    found = next((one for one in detail.deeds if one.id == deed_id and one.document_id is not None), None)
    if found is None or found.document_id is None:
        raise Http404
    return FileResponse(
        documents.open(found.document_id), content_type="application/pdf", filename=f"{detail.card.number}.pdf"
    )


def _page(request: HttpRequest, case_id: int, *, bound: Mapping[str, PageForm] | None = None) -> HttpResponse:
    actor, now = actor_of(request), timezone.now()
    with or_404():
        detail = queries.detail(case_id=case_id, at=now, actor=actor)
    row, rules = detail.row, case_rules.rules(at=today())
    if row.customer_id is not None:
        customer_operations.record_look(
            customer_id=row.customer_id, actor=actor, purpose=LookPurpose.CASE, about=(SUBJECT, row.id)
        )
    is_mine = actor.is_one_of(DESK) or row.team_id in teams.of_user(user_id=actor.id or 0)
    possible = case_workflow.actions(CaseState(row.state), is_waiting=row.waits_since is not None, actor=actor)
    since_at = row.taken_at - timedelta(days=rules.repeat_days)
    suggested = likely(row, rules, actor)
    context = {
        "detail": detail,
        "case": row,
        "card": detail.card,
        "now": now,
        "reach": customers.card(customer_id=row.customer_id).shown if row.customer_id is not None else Shown(),
        "class_path": path_of(detail.card, rules),
        "cause_path": rules.cause_path(row.cause_code, language()),
        "authority": rules.authorities[row.authority][0].name(language()) if row.authority in rules.authorities else "",
        "clocks": deadlines.of_subject(subject=SUBJECT, subject_ids=[row.id]),
        "links": case_links.shown(detail),
        "mails": [(one, left_out(one)) for one in mails.of_case(case_id=row.id)],
        "findings": case_links.findings(detail),
        "suggested": suggested,
        "earlier": repeats.seen_by(row, since_at=since_at, actor=actor),
        "actions": {one.value for one in possible},
        "may_work": bool(actor.roles & set(WORKERS)) and row.state in LIVE,
        "is_mine": is_mine,
        "is_desk": actor.is_one_of(DESK),
        "forms": {**_forms(request, detail, rules, suggested=suggested), **(bound or {})},
        "shown": next(iter(bound or {}), ""),
    }
    return render(request, "desk/cases/case.html", context)


def _forms(
    request: HttpRequest, detail: CaseDetail, rules: CaseRules, *, suggested: Likely | None = None, bound: str = ""
) -> dict[str, PageForm]:
    """Return the forms of the page; ``bound``: the one that was sent."""
    row = detail.row

    def data(name: str) -> Any:
        return posted(request) if name == bound else None

    key = {"key": uuid4().hex}
    payee = _holder(row.account_id).name if row.account_id is not None else ""
    everybody, people = teams.listed(only_active=True), staff()
    fitting = {one.team_id: place for place, one in enumerate(routing.fitting(row))}
    order = sorted(everybody, key=lambda one: fitting.get(one.id, len(fitting)))
    names = [(str(one.id), f"{one.name} ✓" if one.id in fitting else one.name) for one in order]
    found: dict[str, PageForm] = {
        "class": forms.ClassForm(
            data("class"), rules=rules, initial={
                "kind": row.kind if suggested is None else suggested.kind,
                "class_code": row.class_code if suggested is None else suggested.code,
            },
        ),
        "team": forms.TeamForm(data("team"), teams=names),
        "finding": forms.FindingForm(data("finding")),
        "word": forms.FirstWordForm(data("word"), initial=key),
        "reply": forms.ReplyForm(data("reply"), rules=rules, initial={"cause": row.cause_code}),
        "call": forms.CallForm(data("call"), initial=key),
        "reason": forms.ReasonForm(data("reason")),
        "escalate": forms.EscalateForm(data("escalate"), rules=rules),
        "merge": forms.MergeForm(data("merge")),
        "concern": forms.ConcernForm(
            data("concern"), teams=everybody, people=people,
            initial={"about_team": row.about_team_id, "about_user": row.about_user_id},
        ),
        "compensation": forms.CompensationForm(data("compensation"), reasons=_reasons(), initial=key),
        "refund": NewRefundForm(data("refund"), initial={"request_key": key["key"], "payee": payee}),
        "rebill": forms.KeyForm(data("rebill"), initial=key),
        "re_read": forms.ReReadForm(data("re_read"), initial={**key, "due": today() + READ_WITHIN}),
        "apology": forms.ApologyForm(data("apology"), initial=key),
        "photo": forms.PhotoForm(data("photo"), request.FILES if bound == "photo" else None),
        "link": LinkForm(data("link"), things=case_links.things(row)),
    }  # fmt: skip
    for name, form in found.items():  # fields of many forms have one name: each label has its own field
        form.auto_id = f"id_{name}_%s"
    return found


def _holder(account_id: int) -> CustomerCard:
    """Return whose money it is: who holds the account, whoever brought the case."""
    return accounts.overview(account_id=account_id, at_date=today()).holder


def _reasons() -> list[tuple[str, Any]]:
    """Return the reasons for which an account is credited here; none where nothing is adjusted by hand."""
    try:
        rule = adjustment_rules.adjustments(at=today())
    except MissingRule:
        return []
    return [(code, ADJUSTMENT_REASONS.get(code, code)) for code, one in rule.reasons.items() if one.side.covers(-1)]


def _credit(case_id: int, form: Any, at: datetime, actor: Actor) -> None:
    given = form.cleaned_data
    if not given["amount"] or given["amount"] < 0:
        raise BadAdjustment("The amount is above 0.", field="amount")
    deeds.adjust(
        case_id=case_id, amount_minor=-given["amount"], reason=given["reason"], text=given["text"], key=given["key"],
        today=today(), at=at, actor=actor,
    )  # fmt: skip


def _answer(case_id: int, form: Any, at: datetime, actor: Actor) -> None:
    given = form.cleaned_data
    replies.reply(
        case_id=case_id, text=given["text"], way=ReplyWay(given["way"]), cause_code=given["cause"],
        is_liable=form.is_liable, at=at, actor=actor,
    )  # fmt: skip


def _concern(case_id: int, form: Any, _at: datetime, actor: Actor) -> None:
    given = {name: int(value) if value else None for name, value in form.cleaned_data.items()}
    cases.concern(case_id=case_id, about_team_id=given["about_team"], about_user_id=given["about_user"], actor=actor)


def _call(case_id: int, form: Any, at: datetime, actor: Actor) -> None:
    given = form.cleaned_data
    replies.call_back(
        case_id=case_id, result=Satisfaction(given["result"]), stars=given["stars"], note=given["note"],
        key=given["key"], at=at, actor=actor,
    )  # fmt: skip


def _find(case_id: int, form: Any, at: datetime, actor: Actor) -> None:
    given = form.cleaned_data
    findings.note(
        case_id=case_id, text=given["text"], evidence=Evidence(given["evidence"]), shown_by=given["shown_by"], at=at,
        actor=actor,
    )  # fmt: skip


def _by_reason(step: Callable[..., None], name: str = "reason") -> Callable[[int, Any, datetime, Actor], None]:
    def run(case_id: int, form: Any, at: datetime, actor: Actor) -> None:
        step(case_id=case_id, **{name: form.cleaned_data["reason"]}, at=at, actor=actor)

    return run


ACTS: Mapping[str, Act] = {
    "classify": Act(form="class", run=lambda i, f, at, a: cases.classify(
        case_id=i, class_code=f.cleaned_data["class_code"], kind=CaseKind(f.cleaned_data["kind"]), at=at, actor=a)),
    "dispatch": Act(form="team", run=lambda i, f, at, a: cases.dispatch(
        case_id=i, team_id=int(f.cleaned_data["team"]), at=at, actor=a)),
    "accept": Act(form="", run=lambda i, _f, at, a: cases.accept(case_id=i, at=at, actor=a)),
    "investigate": Act(form="", run=lambda i, _f, at, a: cases.investigate(case_id=i, at=at, actor=a)),
    "hand_over": Act(form="team", run=lambda i, f, at, a: cases.hand_over(
        case_id=i, team_id=int(f.cleaned_data["team"]), reason=f.cleaned_data["reason"], at=at, actor=a)),
    "find": Act(form="finding", run=_find),
    "contact": Act(form="word", run=lambda i, f, at, a: replies.first_word(
        case_id=i, text=f.cleaned_data["text"], way=ReplyWay(f.cleaned_data["way"]), key=f.cleaned_data["key"], at=at,
        actor=a)),
    "reply": Act(form="reply", run=_answer),
    "call": Act(form="call", run=_call),
    "wait": Act(form="reason", run=_by_reason(cases.wait)),
    "go_on": Act(form="reason", run=_by_reason(cases.go_on, "note")),
    "close": Act(form="reason", run=_by_reason(replies.close)),
    "reopen": Act(form="reason", run=_by_reason(cases.reopen)),
    "withdraw": Act(form="reason", run=_by_reason(cases.withdraw)),
    "escalate": Act(form="escalate", run=lambda i, f, at, a: cases.escalate(
        case_id=i, authority=f.cleaned_data["authority"], number=f.cleaned_data["number"], at=at, actor=a)),
    "raise": Act(form="reason", run=_by_reason(cases.ask_supervisor)),
    "merge": Act(form="merge", run=lambda i, f, at, a: cases.merge(
        case_id=i, into_id=id_of_number(f.cleaned_data["into"].strip(), a), at=at, actor=a)),
    "concern": Act(form="concern", run=_concern),
    "compensation": Act(form="compensation", run=_credit),
    "refund": Act(form="refund", asks_caller=True, run=lambda i, f, at, a: deeds.refund(
        case_id=i, new=f.refund(account_id=0), key=f.cleaned_data["request_key"], today=today(), at=at, actor=a)),
    "rebill": Act(form="rebill", run=lambda i, f, at, a: deeds.rebill(
        case_id=i, key=f.cleaned_data["key"], today=today(), at=at, actor=a)),
    "re_read": Act(form="re_read", run=lambda i, f, at, a: deeds.re_read(
        case_id=i, due_date=f.cleaned_data["due"], key=f.cleaned_data["key"], at=at, actor=a)),
    "apology": Act(form="apology", run=lambda i, f, at, a: deeds.apologise(
        case_id=i, text=f.cleaned_data["text"], key=f.cleaned_data["key"], at=at, actor=a)),
    "photo": Act(form="photo", run=lambda i, f, at, a: findings.add_photo(
        case_id=i, source=f.cleaned_data["photo"].file, at=at, actor=a)),
    "link": Act(form="link", run=lambda i, f, at, a: findings.link(
        case_id=i, **case_links.chosen(f.cleaned_data["thing"], f.cleaned_data["number"]), at=at, actor=a)),
}  # fmt: skip
"""All that may be done on the page; who may do what says the workflow, and the room that is asked."""
