"""Personal data of customers: who looked at whom, exports for customers, what is due to be overwritten."""

from functools import partial

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.domain.privacy import ErasureReason, LookPurpose
from accounts.operations import customers as customer_operations
from accounts.operations import data_exports, erasures
from accounts.queries import accounts, customers, merges, privacy
from accounts.queries.accounts import AccountOverview, UnknownAccount
from cis.desk import phone_call
from cis.desk.answers import FILE_ROWS_MOST, csv_file, or_404, tell_refusal, today
from cis.desk.forms.privacy import AccessLogForm, ErasureListForm
from cis.desk.privacy_words import ERASURE_REASONS, ERASURE_STATES
from cis.desk.roles import CLERKS, READERS, SUPERVISORS
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.platform import looks
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context
from cis.platform.privacy_phrases import PURPOSES


@allow(Role.AUDITOR)
@require_safe
def access_log(request: HttpRequest) -> HttpResponse:
    """List who looked at which customer, when and why."""
    form = AccessLogForm(request.GET)
    wanted = _wanted(form)
    page = page_context(request, partial(looks.listed, wanted=wanted, actor=actor_of(request)))
    names = customers.cards(customer_ids=[one.customer_id for one in page["rows"]])
    rows = [(one, names.get(one.customer_id)) for one in page["rows"]]
    context = {"form": form, "pager": page["pager"], "rows": rows, "is_filtered": any(form.given().values())}
    context["sees_log"] = True
    return render(request, "desk/privacy/access_log.html", context)


@allow(Role.AUDITOR)
@require_safe
def access_log_file(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    found = looks.listed(wanted=_wanted(AccessLogForm(request.GET)), actor=actor_of(request), most=FILE_ROWS_MOST)
    header = [_("At"), _("Customer"), _("Who looked"), _("Roles"), _("Why")]
    rows = (
        (timezone.localtime(one.at).isoformat(" ", "seconds"), one.customer_id, one.actor_name, " ".join(one.roles),
         str(PURPOSES.get(one.purpose, one.purpose)))
        for one in found
    )  # fmt: skip
    return csv_file("access-log.csv", header, rows)


@allow(*READERS)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List erasures, the latest first."""
    form = ErasureListForm(request.GET)
    actor, state = actor_of(request), form.state_of()
    context = {
        "form": form,
        **page_context(request, partial(privacy.listed, state=state)),
        "is_filtered": bool(state),
        "may_decide": actor.is_one_of(erasures.RELEASERS),
        "me": actor.id,
        "sees_log": Role.AUDITOR in actor.roles,
        "rule": privacy.rule_or_none(at=today()),
    }
    return render(request, "desk/privacy/erasures.html", context)


@allow(*READERS)
@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the same list as a file."""
    found = privacy.listed(state=ErasureListForm(request.GET).state_of(), most=FILE_ROWS_MOST)
    header = [_("Customer"), _("State"), _("Reason"), _("Counts from"), _("Asked by"), _("Decided by"), _("Rows")]
    rows = (
        (one.customer_id, str(ERASURE_STATES[one.state]), str(ERASURE_REASONS[one.reason]), one.since_date,
         one.asker_name, one.decider_name, one.rows)
        for one in found
    )  # fmt: skip
    return csv_file("erasures.csv", header, rows)


@allow(*SUPERVISORS)
@require_POST
def decide(request: HttpRequest, erasure_id: int) -> HttpResponse:
    """Let personal data be overwritten as the second person, or refuse it."""
    action, actor = request.POST.get("action", ""), actor_of(request)
    with or_404():
        privacy.one(erasure_id=erasure_id)
    try:
        match action:
            case "release":
                erasures.release(erasure_id=erasure_id, today=today(), actor=actor)
                messages.success(request, _("The data are being overwritten."))
            case "drop":
                erasures.drop(erasure_id=erasure_id, actor=actor)
                messages.success(request, _("It is refused."))
            case _other:
                raise Http404
    except Refused as refusal:
        tell_refusal(request, refusal)
    return redirect("desk:erasures")


@allow(*CLERKS)
@require_safe
def customer(request: HttpRequest, account_id: int) -> HttpResponse:
    """Show what the holder of an account may ask about their data; the look is recorded."""
    account, actor = _account(account_id), actor_of(request)
    customer_operations.record_look(customer_id=account.holder.id, actor=actor, purpose=LookPurpose.EXPORT)
    return render(request, "desk/privacy/customer.html", _context(account, request))


@allow(*CLERKS)
@require_POST
def act(request: HttpRequest, account_id: int) -> HttpResponse:
    """Ask for an export of a customer's data, or that they are overwritten."""
    account, actor, action = _account(account_id), actor_of(request), request.POST.get("action", "")
    try:
        phone_call.see_known(request, account.holder.id)
        match action:
            case "export":
                data_exports.ask(customer_id=account.holder.id, at=timezone.now(), actor=actor)
                messages.success(request, _("The file is being made. It will be here in a moment."))
            case "erase":
                erasures.ask(customer_id=account.holder.id, today=today(), actor=actor)
                messages.success(request, _("It is on the list. A supervisor decides on it."))
            case _other:
                raise Http404
    except Refused as refusal:
        tell_refusal(request, refusal)
    return redirect("desk:customer_data", account_id)


@allow(*CLERKS)
@require_safe
def fetch(request: HttpRequest, account_id: int, export_id: int) -> HttpResponse | FileResponse:
    """Give an export to whoever asked for it."""
    account = _account(account_id)
    with or_404():
        privacy.export(export_id=export_id, customer_id=account.holder.id, actor=actor_of(request))
    try:
        opened = data_exports.fetch(
            export_id=export_id, customer_id=account.holder.id, today=today(), actor=actor_of(request)
        )
    except Refused as refusal:
        tell_refusal(request, refusal)
        return redirect("desk:customer_data", account_id)
    name = f"personal-data-{export_id}.zip"
    return FileResponse(opened, as_attachment=True, filename=name, content_type=data_exports.MEDIA_TYPE)


def _wanted(form: AccessLogForm) -> looks.Wanted:
    """Return which looks; an account that is unknown finds none."""
    number = str(form.given()["account"]).strip()
    if not number:
        return form.wanted(None)
    try:
        account_id = accounts.id_of_number(number)
        holder = accounts.overview(account_id=account_id, at_date=today()).holder
    except UnknownAccount:
        return form.wanted(())
    return form.wanted(merges.family(customer_id=holder.id))


def _account(account_id: int) -> AccountOverview:
    with or_404():
        return accounts.overview(account_id=account_id, at_date=today())


def _context(account: AccountOverview, request: HttpRequest) -> dict[str, object]:
    customer_id, actor, kept = account.holder.id, actor_of(request), privacy.rule_or_none(at=today())
    against = privacy.obstacles(customer_id=customer_id, reason=ErasureReason.REQUEST, today=today()) if kept else ()
    return {
        "account": account,
        "rule": kept,
        "exports": privacy.exports(customer_id=customer_id, actor=actor),
        "erasure": privacy.open_of(customer_id=customer_id),
        "obstacles": against,
        "is_erased": privacy.is_erased(customer_id=customer_id),
    }
