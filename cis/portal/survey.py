"""How likely is it that you recommend us? Answered once, by a signed link that needs no login; no personal data."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from accounts.operations import surveys
from accounts.operations.surveys import BadAnswer, SurveyAnswered, SurveyOver, UnknownQuestion
from cis.platform import typed
from cis.platform.access import STAFF, actor_of, allow_public

SCORES = tuple(range(11))
TEXT_MOST = 500
OCCASIONS = {
    "case_closed": _("You brought something to us, and we answered."),
    "supply_began": _("Your supply began."),
    "outage_ended": _("Your power was out, and came back."),
    "visit_done": _("We asked you how it went."),
    "first_bill": _("You had your first bill."),
}


@allow_public
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, token: str) -> HttpResponse:
    """Show the question, and keep the answer."""
    now = timezone.now()
    try:
        survey = surveys.survey_of("" if _is_staff(request) else token, at=now)
    except (UnknownQuestion, SurveyOver) as refusal:
        state = "over" if isinstance(refusal, SurveyOver) else "unknown"
        return render(request, "portal/survey.html", {"state": state}, status=404)
    state = "open" if survey.score is None else "answered"
    if request.method == "POST" and state == "open":
        state = _keep(request, token)
    context = {"state": state, "scores": SCORES, "occasion": OCCASIONS.get(survey.event, "")}
    answer = render(request, "portal/survey.html", context)
    answer["X-Robots-Tag"] = "noindex"
    answer["Referrer-Policy"] = "same-origin"
    return answer


def _keep(request: HttpRequest, token: str) -> str:
    score = typed.number(request.POST.get("score", ""))
    try:
        surveys.answer(
            token=token, score=-1 if score is None else score, text=request.POST.get("text", "")[:TEXT_MOST],
            wants_contact=bool(request.POST.get("contact")), at=timezone.now(),
        )  # fmt: skip
    except BadAnswer:
        return "missing"
    except SurveyAnswered:
        return "answered"
    return "thanks"


def _is_staff(request: HttpRequest) -> bool:
    """Staff read the link in the notice, and it is not their word that is asked for."""
    return request.user.is_authenticated and bool(STAFF & actor_of(request).roles)
