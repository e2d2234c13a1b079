"""What I told you: my complaints and questions in plain words, a new one with photos, and what I say of the answer."""

from typing import Any, BinaryIO, cast
from uuid import uuid4

from django import forms
from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from billing.queries import bills
from cis.kernel.errors import Refused
from cis.platform import documents
from cis.platform.access import actor_of, allow_portal
from cis.platform.answers import or_404, tell_refusal
from cis.platform.forms import PageForm
from cis.platform.packs import MissingRule
from cis.portal import access
from complaints.domain.case_workflow import ANSWERED, LIVE, CaseState
from complaints.domain.intake import NewCase
from complaints.domain.kinds import CaseChannel, CaseKind
from complaints.domain.rules import CaseRules
from complaints.operations import cases as operations
from complaints.operations import findings, intake, replies
from complaints.operations.findings import PHOTOS_MOST
from complaints.queries import call_rules
from complaints.queries import cases as queries
from complaints.queries import rules as case_rules

BILLS_SHOWN = 12
KINDS = {
    "complaint": gettext_lazy("Something was done wrong"),
    "request": gettext_lazy("Something is to be done"),
    "fault": gettext_lazy("Current fails, or is too weak"),
    "question": gettext_lazy("I have a question"),
    "report": gettext_lazy("Somebody breaks the rules"),
    "praise": gettext_lazy("Something was done well"),
}
STEPS = {
    "received": gettext_lazy("We have it."),
    "classified": gettext_lazy("We have it."),
    "dispatched": gettext_lazy("A team has it."),
    "accepted": gettext_lazy("Somebody looks after it."),
    "investigating": gettext_lazy("We look into it."),
    "replied": gettext_lazy("You have our answer."),
    "calling_back": gettext_lazy("You have our answer."),
    "closed": gettext_lazy("Done."),
    "reopened": gettext_lazy("We look at it again."),
    "escalated": gettext_lazy("An authority asks us, too."),
    "withdrawn": gettext_lazy("You took it back."),
    "merged": gettext_lazy("It is answered together with others."),
}


class TellForm(PageForm):
    """What somebody tells us."""

    field_of = {"class": "class_code"}
    kind = forms.ChoiceField(label=gettext_lazy("What is it?"), choices=list(KINDS.items()))
    class_code = forms.ChoiceField(label=gettext_lazy("What is it about?"), required=False)
    bill = forms.ChoiceField(label=gettext_lazy("Which bill?"), required=False)
    text = forms.CharField(label=gettext_lazy("Tell us"), max_length=4_000, widget=forms.Textarea(attrs={"rows": 6}))
    request_key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    def __init__(self, *args: object, rules: CaseRules, shown: list[tuple[str, str]], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        language = get_language() or "en"
        named = [(one.code, rules.path(one.code, language)) for one in rules.classes.values()]
        self.fields["class_code"].choices = [("", _("I do not know")), *named]  # type: ignore[attr-defined]
        self.fields["bill"].choices = [("", "–"), *shown]  # type: ignore[attr-defined]


@allow_portal
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Show what I told you, the latest first."""
    visit = access.visit(request)
    rows = queries.of_customer(customer_id=visit.customer_id, at=timezone.now())
    context = {"visit": visit, "rows": [(one, STEPS[one.state]) for one in rows], "is_offered": _rules() is not None,
               "calls_back": call_rules.is_offered(at=access.today())}  # fmt: skip
    return render(request, "portal/cases.html", context)


@allow_portal
def new(request: HttpRequest) -> HttpResponse:
    """Take in what I tell, with photos; its number is there at once."""
    visit, rules = access.visit(request), _rules()
    if rules is None:
        return redirect("portal:cases")
    held = visit.chosen
    mine = [] if held is None else [
        one for one in bills.of_account(account_id=held.account_id, most=BILLS_SHOWN) if held.shows(one)
    ]  # fmt: skip
    shown = [(str(one.id), one.number) for one in mine]
    form = TellForm(
        request.POST if request.method == "POST" else None, rules=rules, shown=shown,
        initial={"request_key": uuid4().hex},
    )  # fmt: skip
    if form.is_bound and form.is_valid():
        case_id = _told(request, form, visit)
        if case_id is not None:
            return redirect("portal:case", case_id)
    context = {"visit": visit, "form": form, "photos_most": PHOTOS_MOST}
    return render(request, "portal/case_new.html", context)


@allow_portal
@require_safe
def show(request: HttpRequest, case_id: int) -> HttpResponse:
    """Show one of mine: how far it is, what you answered, and what I may say of it."""
    visit = access.visit(request)
    with or_404():
        detail = queries.own_detail(case_id=case_id, customer_id=visit.customer_id, at=timezone.now())
    state = CaseState(detail.row.state)
    context = {
        "visit": visit,
        "detail": detail,
        "case": detail.row,
        "step": STEPS[state.value],
        "kind": KINDS[detail.row.kind],
        "asks": state in ANSWERED,
        "may_withdraw": state in LIVE,
        "may_reopen": state is CaseState.CLOSED,
        "stars": range(1, 6),
    }
    return render(request, "portal/case.html", context)


@allow_portal
@require_POST
def act(request: HttpRequest, case_id: int) -> HttpResponse:
    """Say of mine that the answer is good or not, take it back, open it again, or add photos."""
    visit, actor, now = access.visit(request), actor_of(request), timezone.now()
    action, said = request.POST.get("action", ""), request.POST.get("note", "")[:500]
    stars = request.POST.get("stars", "")
    given: dict[str, Any] = {"case_id": case_id, "customer_id": visit.customer_id, "at": now, "actor": actor}
    try:
        with or_404():
            if action in {"good", "bad"}:
                rated = int(stars) if stars in {"1", "2", "3", "4", "5"} else None
                replies.rate(**given, is_satisfied=action == "good", stars=rated, note=said)
            elif action == "withdraw":
                operations.withdraw(**given, reason=said)
            elif action == "reopen":
                operations.reopen(**given, reason=said)
            elif action == "photos":
                for one in request.FILES.getlist("photos")[:PHOTOS_MOST]:
                    findings.add_photo(**given, source=cast("BinaryIO", one))
            else:
                raise Http404
    except Refused as refusal:
        tell_refusal(request, refusal)
    else:
        messages.success(request, _("Thank you."))
    return redirect("portal:case", case_id)


@allow_portal
@require_safe
def photo(request: HttpRequest, case_id: int, photo_id: int) -> FileResponse:
    """Give a photo of one of mine."""
    visit = access.visit(request)
    with or_404():
        detail = queries.own_detail(case_id=case_id, customer_id=visit.customer_id, at=timezone.now())
    found = next((one for one in detail.photos if one.id == photo_id), None)
    if found is None:
        raise Http404
    answer = FileResponse(documents.open(found.document_id), content_type="image/jpeg")
    answer["Cache-Control"] = "private, max-age=3600"
    return answer


def _told(request: HttpRequest, form: TellForm, visit: access.Visit) -> int | None:
    """Take in what was told and say its number; None: it is refused, and the form says why."""
    given, actor, now = form.cleaned_data, actor_of(request), timezone.now()
    held = visit.chosen if visit.chosen is not None and visit.chosen.is_current else None
    told = NewCase(
        kind=CaseKind(given["kind"]), channel=CaseChannel.PORTAL, title="", text=given["text"],
        class_code=given["class_code"], customer_id=visit.customer_id,
        account_id=None if held is None else held.account_id,
        bill_id=int(given["bill"]) if given["bill"] and held is not None else None, request_key=given["request_key"],
    )  # fmt: skip
    try:
        made = intake.take(new=told, at=now, actor=actor)
    except Refused as refusal:
        form.refuse(refusal)
        return None
    messages.success(request, _("We have it. Its number is %(number)s.") % {"number": made.number})
    for one in request.FILES.getlist("photos")[:PHOTOS_MOST]:
        try:
            findings.add_photo(
                case_id=made.case_id, source=cast("BinaryIO", one), at=now, actor=actor, customer_id=visit.customer_id
            )
        except Refused as refusal:
            tell_refusal(request, refusal)
    return made.case_id


def _rules() -> CaseRules | None:
    try:
        return case_rules.rules(at=access.today())
    except MissingRule:
        return None
