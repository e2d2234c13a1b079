"""Meter files: bring one, see it imported, see what was rejected and why."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from cis.desk.answers import FILE_ROWS_MOST, asks_for, csv_file, or_404, posted
from cis.desk.forms.reads import UploadForm
from cis.desk.roles import METERERS, READERS
from cis.kernel.errors import Refused
from cis.platform import progress
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from cis.platform.phrases import Words, explain
from cis.platform.progress import JobCard
from metering.operations import uploads
from metering.queries import files as queries
from metering.queries import reads

FILE_PREFIX = "read_file:"


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List the files that came in, and take another one."""
    only_rejected = request.GET.get("rejected") == "yes"
    context = {
        **page_context(request, partial(queries.listed, only_rejected=only_rejected)),
        "form": UploadForm(),
        "jobs": [_shown(job) for job in progress.latest(names=[uploads.WORK], most=5)],
        "only_rejected": only_rejected,
        "may_upload": bool(actor_of(request).roles & set(METERERS)),
    }
    return render(request, "desk/files.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:  # noqa: ARG001
    """Give the list as a file."""
    header = [_("File"), _("Format"), _("Came in"), _("Readings"), _("Interval days"), _("Interval values"),
              _("Known before"), _("Rejected")]  # fmt: skip
    rows = (
        (c.name, c.format, c.imported_at.isoformat(), c.reads, c.interval_days, c.interval_values, c.unchanged,
         c.rejected)
        for c in queries.listed(most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file("meter-files.csv", header, rows)


@allow(*METERERS)
def upload(request: HttpRequest) -> HttpResponse:
    """Keep a file and let a worker import it."""
    form = UploadForm(posted(request), request.FILES or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data["file"]
        try:
            job_id = uploads.queue(
                source=given, name=given.name, size=given.size, taken_date=form.cleaned_data["taken_date"],
                actor=actor_of(request),
            )  # fmt: skip
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return redirect("desk:import", job_id)
    return render(request, "desk/upload.html", {"form": form})


@allow(*READERS)
def importing(request: HttpRequest, job_id: int) -> HttpResponse:
    """Show how far an import is; asked again and again while it runs."""
    with or_404():
        job = progress.one(job_id=job_id)
    if job.name != uploads.WORK:
        return redirect("desk:files")
    context = _shown(job)
    if asks_for(request, "import-progress"):
        answer = render(request, "desk/_import.html", context)
        if context["read_file_id"] and not job.is_unfinished:
            answer["HX-Redirect"] = context["url"]
        return answer
    if context["read_file_id"] and not job.is_unfinished:
        return redirect("desk:file", context["read_file_id"])
    return render(request, "desk/import.html", context)


@allow(*READERS)
def show(request: HttpRequest, read_file_id: int) -> HttpResponse:
    """Show what came of a file."""
    with or_404():
        card = queries.one(read_file_id=read_file_id)
    code = request.GET.get("code", "")
    page = page_context(request, partial(queries.rejections, read_file_id=read_file_id, code=code))
    rows = page["rows"]
    context = {
        "card": card,
        "rows": [{"row": row, "words": explain(row.code, row.message, row.advice)} for row in rows],
        "codes": [
            (name, count, explain(name, name).message) for name, count in queries.codes(read_file_id=read_file_id)
        ],
        "code": code,
        "may_upload": bool(actor_of(request).roles & set(METERERS)),
        "pager": page["pager"],
    }
    return render(request, "desk/file.html", context)


@allow(*READERS)
def rejections_file(request: HttpRequest, read_file_id: int) -> StreamingHttpResponse:  # noqa: ARG001
    """Give the rejected lines as a file."""
    with or_404():
        card = queries.one(read_file_id=read_file_id)
    rows = reads.rejections(read_file_id=read_file_id, count=1_000_000)
    header = [_("Line"), _("Code"), _("What is wrong"), _("Advice"), _("Text of the line")]
    lines = ((row.line_no, row.code, *_pair(explain(row.code, row.message, row.advice)), row.text) for row in rows)
    return csv_file(f"rejected-{card.name}.csv", header, lines)


@allow(*METERERS)
def again(request: HttpRequest, read_file_id: int) -> HttpResponse:
    """Import a file once more, for the sake of lines whose meters were unknown."""
    with or_404():
        queries.one(read_file_id=read_file_id)
    if request.method == "POST":
        job_id = uploads.queue_again(read_file_id=read_file_id, actor=actor_of(request))
        messages.info(request, _("The file is imported once more."))
        return redirect("desk:import", job_id)
    return redirect("desk:file", read_file_id)


def _pair(words: Words) -> tuple[str, str]:
    return words.message, words.advice or words.detail


def _shown(job: JobCard) -> dict[str, Any]:
    """Return a job with what its message says: the file it became, or why it was refused."""
    is_known = job.message.endswith(" known")
    file_id = (
        job.message.removeprefix(FILE_PREFIX).removesuffix(" known") if job.message.startswith(FILE_PREFIX) else ""
    )
    code, _colon, text = job.message.partition(": ") if job.state == "failed" else ("", "", "")
    return {
        "job": job,
        "name": uploads.name_of(job.subject),
        "read_file_id": int(file_id) if file_id else None,
        "is_known": is_known,
        "refusal": explain(code, text) if code else None,
        "url": reverse("desk:file", args=[file_id]) if file_id else "",
    }
