"""The inbox: what waits for a person, what became of each mail, and what a person makes of it."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST, require_safe

from cis.desk.answers import FILE_ROWS_MOST, csv_file, posted, tell_refusal
from cis.desk.case_suggestions import LIKELY
from cis.desk.forms.calls import MailForm, MailListForm
from cis.desk.roles import CLERKS, READERS
from cis.desk.words import word
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.paging import ROWS, Pager, page_number, query_of
from complaints.domain.kinds import CaseKind
from complaints.domain.mail_fates import MailFate
from complaints.operations import mails as operations
from complaints.queries import mails as queries
from complaints.queries import suggestions
from complaints.queries.mails import WantedMails
from complaints.queries.suggestions import Told


@allow(*READERS)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List mails: those that wait for a person, or all."""
    actor, number = actor_of(request), page_number(request)
    form = MailListForm(request.GET)
    wanted = form.wanted()
    rows = queries.listed(wanted=wanted, actor=actor, offset=(number - 1) * ROWS, most=ROWS + 1)
    context = {
        "form": form,
        "rows": rows[:ROWS],
        "pager": Pager(number, len(rows) > ROWS, query_of(request)),
        "is_filtered": wanted != WantedMails(),
    }
    return render(request, "desk/cases/mails.html", context)


@allow(*READERS)
@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    wanted = MailListForm(request.GET).wanted()
    found = queries.listed(wanted=wanted, actor=actor_of(request), most=FILE_ROWS_MOST)
    header = [
        _("Came in"),
        _("Sender"),
        _("Subject"),
        pgettext("complaint", "What became of it"),
        _("Why"),
        pgettext("complaint", "Case"),
        _("Settled"),
    ]
    rows = (
        (timezone.localtime(r.taken_at).strftime("%Y-%m-%d %H:%M"), r.sender_address, r.subject, word("mail", r.fate),
         word("mail_reason", r.reason), "" if r.case is None else r.case.number,
         r.settled_at and timezone.localtime(r.settled_at).strftime("%Y-%m-%d %H:%M"))
        for r in found
    )  # fmt: skip
    return csv_file("mails.csv", header, rows)


@allow(*READERS)
@require_safe
def show(request: HttpRequest, mail_id: int) -> HttpResponse:
    """Show a mail as text, whatever it was written in."""
    row = _mail(request, mail_id)
    return _page(request, row, MailForm(initial={"kind": _likely_kind(row)}))


@allow(*CLERKS)
@require_POST
def act(request: HttpRequest, mail_id: int) -> HttpResponse:
    """Make a case of a mail, or note that nothing is to be done about it."""
    row, actor, now = _mail(request, mail_id), actor_of(request), timezone.now()
    action, form = request.POST.get("action", ""), MailForm(posted(request))
    try:
        if action == "settle":
            operations.settle(mail_id=mail_id, at=now, actor=actor)
            messages.success(request, _("Saved."))
            return redirect("desk:case_mails")
        if action != "case":
            raise Http404
        if not form.is_valid():
            return _page(request, row, form)
        made = operations.make_case(mail_id=mail_id, kind=CaseKind(form.cleaned_data["kind"]), at=now, actor=actor)
    except Refused as refusal:
        tell_refusal(request, refusal)
        return redirect("desk:case_mail", mail_id)
    return redirect("desk:case", made.case_id)


def left_out(row: Any) -> str:
    """Return what came with a mail and was not kept, in words; names of files stand for themselves."""
    return ", ".join(word("mail_left_out", one) for one in row.left_out.split(", "))


def _mail(request: HttpRequest, mail_id: int) -> Any:
    found = queries.one(mail_id=mail_id, actor=actor_of(request))
    if found is None:
        raise Http404
    return found


def _likely_kind(row: Any) -> CaseKind:
    """Return as what kind of case a mail would be taken in, by its words."""
    found = suggestions.of(Told(text=f"{row.subject}\n{row.text}"), at=timezone.now()) if row.case_id is None else None
    first = None if found is None else found.classes[0]
    return first.kinds[0] if first is not None and first.guess.confidence >= LIKELY else CaseKind.QUESTION


def _page(request: HttpRequest, row: Any, form: MailForm) -> HttpResponse:
    may_settle = bool(actor_of(request).roles & set(CLERKS)) and row.settled_at is None
    context = {
        "mail": row,
        "left_out": left_out(row),
        "form": form,
        "may_settle": may_settle and row.fate == MailFate.TASK,
        "may_make": may_settle and row.fate in {MailFate.TASK, MailFate.LEFT},
    }
    return render(request, "desk/cases/mail.html", context)
