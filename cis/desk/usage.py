"""Usage of a month: approve it, see how far that is and what came of it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from cis.desk.answers import asks_for, or_404, posted, today
from cis.desk.forms.runs import MonthForm
from cis.desk.roles import BILLERS, METERERS, READERS
from cis.platform import progress
from cis.platform.access import actor_of, allow
from cis.platform.phrases import explain
from metering.operations import approvals

COUNTS = 4


@allow(*BILLERS, *METERERS)
def approve(request: HttpRequest) -> HttpResponse:
    """Let a worker approve the usage of a month."""
    form = MonthForm(posted(request) or request.GET or None, today=today())
    if request.method == "POST" and form.is_valid():
        job_id = approvals.queue(period=form.period(), actor=actor_of(request))
        return redirect("desk:approval", job_id)
    context = {"form": form, "jobs": progress.latest(names=[approvals.WORK], most=5)}
    return render(request, "desk/usage.html", context)


@allow(*READERS)
def approval(request: HttpRequest, job_id: int) -> HttpResponse:
    """Show how far an approval is, and what came of it."""
    with or_404():
        job = progress.one(job_id=job_id)
    if job.name != approvals.WORK:
        return redirect("desk:runs")
    counts = job.message.split() if job.state == "done" else []
    code, _colon, text = job.message.partition(": ") if job.state == "failed" else ("", "", "")
    context = {
        "job": job,
        "period": approvals.period_of(job.subject),
        "counts": [int(count) for count in counts] if len(counts) == COUNTS else None,
        "refusal": explain(code, text) if code else None,
    }
    page = "desk/_approval.html" if asks_for(request, "approval-progress") else "desk/approval.html"
    answer = render(request, page, context)
    if page == "desk/_approval.html" and not job.is_unfinished:
        answer["HX-Refresh"] = "true"
    return answer
