"""Programmes that customers sign: what is offered, one of them with its terms, a new one, withdrawing one."""

from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, posted, tell_refusal, today
from cis.desk.forms.programmes import ProgrammeForm, ProgrammeListForm
from cis.desk.roles import BILLERS, READERS
from cis.desk.words import word
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from cis.platform.templatetags.local import in_language, plain_money
from contracts.operations import programs as operations
from contracts.queries import enrollments, programs
from contracts.queries.programs import Wanted

LATEST = 10


@allow(*READERS)
def index(request: HttpRequest) -> HttpResponse:
    """List the programmes, latest first."""
    form, wanted = _wanted(request)
    context = {
        "form": form,
        **page_context(request, partial(programs.listed, wanted=wanted)),
        "count": programs.count(wanted=wanted),
        "is_filtered": wanted != Wanted(),
        "may_publish": bool(actor_of(request).roles & set(BILLERS)),
        "today": today(),
    }
    return render(request, "desk/programmes.html", context)


@allow(*READERS)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    _form, wanted = _wanted(request)
    header = [
        _("Code"), _("Programme"), _("Kind"), _("State"), _("From"), _("Until"), _("Months"), _("A month"),
        _("Whole price"), _("Joined"), _("In it now"),
    ]  # fmt: skip
    rows = (
        (c.code, in_language(c.names), word("program_kind", c.kind), word("program_state", c.state), c.valid_from,
         c.valid_until, c.terms.months, plain_money(c.terms.monthly_minor), plain_money(c.terms.price_minor),
         c.enrollments, c.running)
        for c in programs.listed(wanted=wanted, most=FILE_ROWS_MOST)
    )  # fmt: skip
    return csv_file("programmes.csv", header, rows)


@allow(*READERS)
def show(request: HttpRequest, program_id: int) -> HttpResponse:
    """Show one programme: its terms, what it costs by month, and who joined last."""
    with or_404():
        card = programs.one(program_id=program_id)
    context = {
        "card": card,
        "rows": card.sample(today()),
        "latest": enrollments.listed(wanted=enrollments.Wanted(program_id=program_id), most=LATEST),
        "may_withdraw": card.state == "published" and bool(actor_of(request).roles & set(BILLERS)),
        "today": today(),
    }
    return render(request, "desk/programme.html", context)


@allow(*BILLERS)
def new(request: HttpRequest) -> HttpResponse:
    """Publish a programme; its terms never change after that."""
    form = ProgrammeForm(posted(request), initial={"valid_from": today(), "kind": request.GET.get("kind", "lease")})
    if request.method == "POST" and form.is_valid():
        try:
            program_id = operations.publish(program=form.program(), actor=actor_of(request))
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The programme is published."))
            return redirect("desk:programme", program_id)
    return render(request, "desk/programme_new.html", {"form": form})


@allow(*BILLERS)
@require_POST
def withdraw(request: HttpRequest, program_id: int) -> HttpResponse:
    """Offer a programme no more."""
    try:
        with or_404():
            operations.withdraw_program(program_id=program_id, actor=actor_of(request))
    except Refused as refusal:
        tell_refusal(request, refusal)
    else:
        messages.success(request, _("The programme is offered no more; who is in it stays in it."))
    return redirect("desk:programme", program_id)


def _wanted(request: HttpRequest) -> tuple[ProgrammeListForm, Wanted]:
    form = ProgrammeListForm(request.GET)
    given = form.cleaned_data if form.is_valid() else {}
    return form, Wanted(kind=given.get("kind", ""), state=given.get("state", ""), text=given.get("text", ""))
