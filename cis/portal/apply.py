"""
Applying for a supply without an account: a form that anybody may fill in, a link that opens once, a page to follow it.

Whoever opened the link sees the application in this browser until the session ends; nobody else does.
"""

from dataclasses import replace
from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from accounts.queries import customers, supplier
from billing.queries import supply_deposits
from billing.queries.supply_deposits import WaitedFor
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.errors import Refused
from cis.platform import limits
from cis.platform.access import allow_public
from cis.platform.phrases import explain
from cis.portal.apply_forms import ApplyForm, LinkForm, PaperForm, supplies_in
from contracts.domain.application_workflow import (
    OPEN,
    STEPS,
    SUBJECT,
    WITH_METERS,
    ApplicationAction,
    ApplicationState,
)
from contracts.domain.applications import ApplicationChannel, NewApplication, is_same_name
from contracts.operations import application_cases, application_intake
from contracts.queries import applicants, applications, offers, supply_contracts
from contracts.queries.applications import ApplicationDetail

APPLICANT = Actor(ActorKind.CUSTOMER, None, "applicant")
SEEN = "applications"
SEEN_MOST = 20
FILE_MOST, FILE_HOURS = 10, 1
ASK_MOST, ASK_HOURS = 10, 1
OPEN_MOST = 30
WAY = (ApplicationState.DOCUMENTED, *STEPS.values())


@allow_public
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Take an application of anybody, with its papers; a button for one supply more or less sends nothing."""
    language = get_language() or ""
    if request.method != "POST":
        return _form(request, ApplyForm(language=language))
    if request.POST.get("website"):
        return redirect("application_status")  # a program that fills in what nobody sees is told nothing
    if "more" in request.POST or "less" in request.POST:
        return _form(request, ApplyForm.with_rows(request.POST, language=language))
    form = ApplyForm(request.POST, request.FILES, language=language, supplies=supplies_in(request.POST))
    if form.is_valid():
        now = timezone.now()
        try:
            limits.take(name="apply", request=request, most=FILE_MOST, hours=FILE_HOURS, at=now)
            filed = application_intake.file_with_papers(
                application=_as_customer(request, form.application()),
                given=form.papers(),
                channel=ApplicationChannel.PORTAL,
                actor=APPLICANT,
                at=now,
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            remember(request, filed.id, now)
            messages.success(request, _("Your application has the number %(number)s.") % {"number": filed.number})
            page = redirect("my_application", filed.id)
            return HttpResponseClientRedirect(page.url) if _is_htmx(request) else page
    return _form(request, form)


def _form(request: HttpRequest, form: ApplyForm) -> HttpResponse:
    had_files = bool(request.FILES) and not _is_htmx(request)
    return private(render(request, "portal/apply.html", {"form": form, "had_files": had_files}))


def _is_htmx(request: HttpRequest) -> bool:
    """Return whether a script sent the form; the browser then keeps the chosen files while the form comes anew."""
    return request.headers.get("HX-Request") == "true"


@allow_public
@require_http_methods(["GET", "HEAD", "POST"])
def status(request: HttpRequest) -> HttpResponse:
    """Send a new link to the applicant's phone or mailbox; whoever asks is told the same in any case."""
    is_sent = request.method == "POST"
    form = LinkForm(request.POST if is_sent else None)
    is_asked = False
    if is_sent and form.is_valid():
        now = timezone.now()
        try:
            limits.take(name="link", request=request, most=ASK_MOST, hours=ASK_HOURS, at=now)
            if not form.cleaned_data["website"]:
                application_cases.send_link(
                    number=form.cleaned_data["number"], contact=form.cleaned_data["contact"], actor=APPLICANT, at=now
                )
            is_asked = True
        except Refused as refusal:
            form.refuse(refusal)
    return private(render(request, "portal/apply_status.html", {"form": form, "is_asked": is_asked}))


@allow_public
@require_http_methods(["GET", "HEAD", "POST"])
def open_link(request: HttpRequest, number: str, secret: str) -> HttpResponse:
    """Use up a link: a look at it changes nothing, since mail programs look at links; the button opens."""
    if request.method == "POST":
        now = timezone.now()
        try:
            limits.take(name="open", request=request, most=OPEN_MOST, hours=ASK_HOURS, at=now)
            application_id = application_cases.open_link(number=number, secret=secret, actor=APPLICANT, at=now)
        except Refused as refusal:
            messages.error(request, explain(refusal.code, refusal.message).message)
            return redirect("application_status")
        remember(request, application_id, now)
        return redirect("my_application", application_id)
    return private(render(request, "portal/apply_link.html", {"number": number}))


@allow_public
@require_http_methods(["GET", "HEAD"])
def mine(request: HttpRequest, application_id: int) -> HttpResponse:
    """Show an application to the one who opened its link."""
    check(request, application_id)
    detail = applications.one(application_id=application_id, at=timezone.now())
    order = (ApplicationState.APPLIED, ApplicationState.DOCUMENTED, ApplicationState.SURVEYING, *STEPS.values())
    reached = order.index(detail.row.state) if detail.row.state in order else -1
    context = {
        "detail": detail,
        "row": detail.row,
        "stages": [(one, order.index(one) <= reached) for one in WAY],
        "paper_form": PaperForm(initial={"kind": detail.missing[0].value if detail.missing else "other"}),
        "has_offer": any(one.state == "sent" for one in offers.of_subject(subject=SUBJECT, subject_id=application_id)),
        "contract": next(
            (
                one
                for one in supply_contracts.of_subject(subject=SUBJECT, subject_id=application_id)
                if one.state in supply_contracts.SHOWN_TO_CUSTOMERS
            ),
            None,
        ),
        "waited_deposit": _deposit(detail),
        "currency": supplier.current().currency,
        "may_sign": applicants.agent_may_sign(application_id=application_id),
        "may_withdraw": detail.row.state in OPEN and not any(one.energized_at for one in detail.items),
    }
    return private(render(request, "portal/apply_mine.html", context))


def _deposit(detail: ApplicationDetail) -> WaitedFor | None:
    """Return the deposit that supply waits for, once the contract is signed."""
    if detail.account_id is None or detail.row.state not in WITH_METERS:
        return None
    found = supply_deposits.waited_for(account_ids=[detail.account_id], today=timezone.localdate())
    return found.get(detail.account_id)


@allow_public
@require_http_methods(["POST"])
def change(request: HttpRequest, application_id: int) -> HttpResponse:
    """Take a paper, a message, or a withdrawal."""
    check(request, application_id)
    now, what = timezone.now(), request.POST.get("what")
    try:
        if what == "paper":
            form = PaperForm(request.POST, request.FILES)
            if form.is_valid():
                given = form.cleaned_data["file"]
                application_cases.add_paper(
                    application_id=application_id, kind=form.paper_kind(), source=given.file, name=given.name,
                    actor=APPLICANT, at=now,
                )  # fmt: skip
            else:
                messages.error(request, _("Choose a file first."))
        elif what == "message":
            application_cases.write(
                application_id=application_id, text=request.POST.get("text", ""), is_from_applicant=True,
                actor=APPLICANT, at=now,
            )  # fmt: skip
        elif what == "withdraw":
            application_cases.move(
                application_id=application_id, action=ApplicationAction.WITHDRAW,
                reason=request.POST.get("reason", ""), actor=APPLICANT, at=now,
            )  # fmt: skip
    except Refused as refusal:
        messages.error(request, explain(refusal.code, refusal.message).message)
    return redirect("my_application", application_id)


def _as_customer(request: HttpRequest, new: NewApplication) -> NewApplication:
    """Return the application of the signed-in customer where it names that customer; else of whoever it names."""
    customer_id: int | None = getattr(request.user, "customer_id", None)
    if customer_id is None:
        return new
    card = customers.card(customer_id=customer_id)
    is_own = card.id_number == new.applicant.id_number.strip().upper() and is_same_name(
        one=card.name, other=new.applicant.name
    )
    return replace(new, customer_id=customer_id) if is_own else new


def remember(request: HttpRequest, application_id: int, at: datetime) -> None:
    """Let this browser see an application until its session ends."""
    seen = {key: when for key, when in _seen(request).items() if key != str(application_id)}
    request.session[SEEN] = dict([*seen.items(), (str(application_id), at.isoformat())][-SEEN_MOST:])


def _seen(request: HttpRequest) -> dict[str, str]:
    """Return since when this browser may see which applications."""
    kept = request.session.get(SEEN)
    return kept if isinstance(kept, dict) else {}


def check(request: HttpRequest, application_id: int) -> None:
    """
    Answer "not found" to a browser that neither filed the application nor opened its link.

    Once somebody at the desk said that a kept customer applies, a link is needed that went to that customer since.
    """
    when = _seen(request).get(str(application_id))
    if when is None:
        raise Http404
    since = applicants.kept_customer_since(application_id=application_id)
    if since is not None and datetime.fromisoformat(when) < since:
        raise Http404


def private(answer: HttpResponse) -> HttpResponse:
    """Let nobody keep or list a page that its link alone protects."""
    answer["X-Robots-Tag"] = "noindex"
    # Not "no-referrer": browsers then send forms with the origin "null", and none is taken.
    answer["Referrer-Policy"] = "same-origin"
    answer["Cache-Control"] = "no-store"
    return answer
