"""How likely is it that you recommend us? Answered once, by a signed link that needs no login; no personal data."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.operations import visits
from accounts.operations.visits import BadVisit, SurveyAnswered
from accounts.queries.visits import UnknownVisit
from cis.platform import typed
from cis.platform.access import STAFF, actor_of, allow_public

SCORES = tuple(range(11))
TEXT_MOST = 500


@allow_public
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, token: str) -> HttpResponse:
    """Show the question, and keep the answer."""
    try:
        visit = visits.visit_of("" if _is_staff(request) else token)
    except UnknownVisit:
        return render(request, "portal/survey.html", {"state": "unknown"}, status=404)
    state = "open" if visit.score is None else "answered"
    if request.method == "POST" and state == "open":
        score = typed.number(request.POST.get("score", ""))
        try:
            visits.answer(
                token=token, score=-1 if score is None else score, text=request.POST.get("text", "")[:TEXT_MOST],
                at=timezone.now(),
            )  # fmt: skip
        except BadVisit:
            state = "missing"
        except SurveyAnswered:
            state = "answered"
        else:
            state = "thanks"
    answer = render(request, "portal/survey.html", {"state": state, "scores": SCORES})
    answer["X-Robots-Tag"] = "noindex"
    answer["Referrer-Policy"] = "same-origin"
    return answer


def _is_staff(request: HttpRequest) -> bool:
    """Staff read the link in the notice, and it is not their word that is asked for."""
    return request.user.is_authenticated and bool(STAFF & actor_of(request).roles)
