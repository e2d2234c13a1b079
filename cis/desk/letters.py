"""Letters: print batches, their PDF, handed over to the post, come back."""

from functools import partial

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.operations import letters as operations
from accounts.queries import letters
from accounts.queries.letters import Wanted
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, tell_refusal
from cis.desk.forms.notices import BatchListForm
from cis.desk.notice_words import BATCH_STATES
from cis.desk.roles import CLERKS, READERS
from cis.kernel.errors import Refused
from cis.platform import documents
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context

REASON_MOST = 200


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List the print batches, and how many letters wait for one."""
    form, wanted = _wanted(request)
    context = {
        "form": form,
        "is_filtered": wanted != Wanted(),
        "waiting": letters.waiting(),
        "most": operations.LETTERS_MOST,
        **page_context(request, partial(letters.listed, wanted=wanted)),
        "may_print": bool(actor_of(request).roles & set(CLERKS)),
    }
    return render(request, "desk/letters.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    header = [_("Batch"), _("Made"), _("Letters"), _("State"), _("Handed to the post")]
    rows = (
        (
            batch.id, timezone.localtime(batch.created_at).isoformat(" ", "minutes"), batch.count,
            BATCH_STATES["posted" if batch.posted_at else "open"],
            batch.posted_at and timezone.localtime(batch.posted_at).isoformat(" ", "minutes"),
        )
        for batch in letters.listed(wanted=_wanted(request)[1], most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file("letters.csv", header, rows)


def _wanted(request: HttpRequest) -> tuple[BatchListForm, Wanted]:
    form = BatchListForm(request.GET or None)
    given = form.cleaned_data if form.is_valid() else {}
    return form, Wanted(state=given.get("state", ""), since_date=given.get("since"), order=given.get("order", ""))


@allow(*CLERKS)
@require_POST
def make(request: HttpRequest) -> HttpResponse:
    """Put the letters that wait into a batch."""
    try:
        operations.make_batch(actor=actor_of(request))
    except Refused as refusal:
        tell_refusal(request, refusal)
    else:
        messages.success(request, _("The batch is made; its PDF is ready in a moment."))
    return redirect("desk:letters")


@allow(*READERS)
def paper(request: HttpRequest, batch_id: int) -> FileResponse:  # noqa: ARG001
    """Give a batch as PDF."""
    with or_404():
        batch = letters.batch(batch_id=batch_id)
        if batch.document_id is None:
            raise Http404
        return FileResponse(
            documents.open(batch.document_id), content_type=operations.MEDIA_TYPE, filename=f"letters-{batch_id}.pdf"
        )


@allow(*CLERKS)
@require_POST
def hand_over(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Say that a batch was handed to the post."""
    with or_404():
        try:
            operations.hand_over(batch_id=batch_id, actor=actor_of(request))
        except operations.NotPrinted as refusal:
            tell_refusal(request, refusal)
        else:
            messages.success(request, _("Saved."))
    return redirect("desk:letters")


@allow(*CLERKS)
@require_POST
def came_back(request: HttpRequest, notice_id: int) -> HttpResponse:
    """Note that a letter came back."""
    with or_404():
        try:
            reason = request.POST.get("reason", "")[:REASON_MOST]
            operations.came_back(notice_id=notice_id, reason=reason, actor=actor_of(request))
        except Refused as refusal:
            if refusal.code.startswith("unknown_"):
                raise
            tell_refusal(request, refusal)
        else:
            messages.success(request, _("Saved."))
    return redirect("desk:notice", notice_id)
