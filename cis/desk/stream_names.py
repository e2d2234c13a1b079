"""Names of foreign streams on the desk: which register is meant where a file calls it otherwise."""

from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cis.desk.answers import FILE_ROWS_MOST, csv_file, posted, tell_refusal
from cis.desk.forms.stream_names import StreamNameForm, StreamNameListForm
from cis.desk.roles import METERERS, READERS
from cis.desk.words import word
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from metering.operations import stream_names as operations
from metering.queries import stream_names as queries


@allow(*READERS)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List the names."""
    form = StreamNameListForm(request.GET)
    wanted = form.wanted()
    context = {
        "form": form, **page_context(request, partial(queries.listed, **wanted)), "is_filtered": bool(wanted["text"]),
        "may_name": bool(actor_of(request).roles & set(METERERS)),
    }  # fmt: skip
    return render(request, "desk/stream_names.html", context)


@allow(*READERS)
@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    wanted = StreamNameListForm(request.GET).wanted()
    header = [_("Format"), _("Service point or meter, as in the file"), _("Register, as in the file"),
              _("Meter here (serial number)"), _("Register here")]  # fmt: skip
    rows = (
        (word("format", c.format), c.place, c.code, c.serial, c.register_code)
        for c in queries.listed(**wanted, most=FILE_ROWS_MOST)
    )
    return csv_file("stream-names.csv", header, rows)


@allow(*METERERS)
def new(request: HttpRequest) -> HttpResponse:
    """Give a name."""
    form = StreamNameForm(posted(request), initial={name: request.GET.get(name, "") for name in ("place", "code")})
    if form.is_bound and form.is_valid():
        try:
            operations.give(**form.cleaned_data, actor=actor_of(request))
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The name is given: import files again whose lines were rejected for it."))
            return redirect("desk:stream_names")
    return render(request, "desk/stream_name_new.html", {"form": form})


@allow(*METERERS)
@require_POST
def end(request: HttpRequest, name_id: int) -> HttpResponse:
    """End a name."""
    try:
        operations.end(name_id=name_id, actor=actor_of(request))
    except Refused as refusal:
        tell_refusal(request, refusal)
    else:
        messages.success(request, _("The name is ended; what came by it stays."))
    return redirect("desk:stream_names")
