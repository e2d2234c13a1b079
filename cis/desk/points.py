"""Loyalty points on the desk: those of a customer, redeemed on the bill, and what all of them are worth by month."""

from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.domain.privacy import LookPurpose
from accounts.operations import customers as customer_operations
from accounts.operations import points as operations
from accounts.operations.points import NewRedemption
from accounts.queries import accounts
from accounts.queries import points as queries
from billing.queries import balances
from cis.desk import phone_call
from cis.desk.answers import csv_file, or_404, posted, today
from cis.desk.forms.care import RedeemForm
from cis.desk.roles import CLERKS, READERS
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.paging import ROWS, Pager, page_number, query_of
from cis.platform.templatetags.local import plain_money

MONTHS = 24


@allow(*READERS)
def report(request: HttpRequest) -> HttpResponse:
    """Show by month what was earned, spent and is left, with its worth."""
    rule = queries.rule_or_none(at=today())
    rows = queries.months(until=today(), most=MONTHS)
    context = {
        "rule": rule,
        "sources": [(source, rule.points.get(source, 0)) for source in operations.sources()] if rule else [],
        "rows": [(row, rule.worth_minor(row.closing) if rule else 0) for row in rows],
    }
    return render(request, "desk/care/points.html", context)


@allow(*READERS)
def report_file(request: HttpRequest) -> StreamingHttpResponse:  # noqa: ARG001
    """Give the same as a file."""
    rule = queries.rule_or_none(at=today())
    header = [_("Month"), _("Earned"), _("Redeemed"), _("Expired"), _("Taken back"), _("At its end"), _("Worth"),
              _("Credited on bills")]  # fmt: skip
    rows = (
        (r.month, r.earned, r.redeemed, r.expired, r.taken_back, r.closing,
         plain_money(rule.worth_minor(r.closing)) if rule else "", plain_money(r.redeemed_minor))
        for r in queries.months(until=today(), most=10_000)
    )  # fmt: skip
    return csv_file("loyalty-points.csv", header, rows)


@allow(*READERS)
def of_account(request: HttpRequest, account_id: int) -> HttpResponse:
    """Show the points of the customer who holds an account, and redeem some on its bill."""
    with or_404():
        account = accounts.overview(account_id=account_id, at_date=today())
    actor = actor_of(request)
    customer_operations.record_look(customer_id=account.holder.id, actor=actor, purpose=LookPurpose.CARE)
    rule = queries.rule_or_none(at=today())
    standing = queries.standing(customer_id=account.holder.id, today=today())
    most = rule.most(standing.balance) if rule else 0
    may_redeem = bool(actor.roles & set(CLERKS)) and rule is not None
    form = RedeemForm(posted(request) if may_redeem else None, initial={"points": most, "request_key": uuid4().hex})
    if form.is_bound and form.is_valid():
        given = form.cleaned_data
        new = NewRedemption(
            customer_id=account.holder.id, account_id=account_id, points=given["points"],
            key=f"desk:{account_id}:{given['request_key']}",
            text=_("Loyalty points redeemed: %(points)s") % {"points": given["points"]},
        )  # fmt: skip
        try:
            phone_call.see_known(request, account.holder.id)
            operations.redeem(new=new, today=today(), actor=actor)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The points are credited on the account."))
            return redirect("desk:account_points", account_id)
    number = page_number(request)
    rows = queries.entries(customer_id=account.holder.id, offset=(number - 1) * ROWS, most=ROWS + 1)
    context = {
        "account": account,
        "rule": rule,
        "standing": standing,
        "worth_minor": rule.worth_minor(standing.balance) if rule else 0,
        "most": most,
        "owed_minor": balances.of_account(account_id=account_id, today=today()).balance_minor,
        "rows": rows[:ROWS],
        "pager": Pager(number, len(rows) > ROWS, query_of(request)),
        "form": form,
        "may_redeem": may_redeem,
    }
    return render(request, "desk/care/account_points.html", context)


@allow(*READERS)
def entries_file(request: HttpRequest, account_id: int) -> StreamingHttpResponse:  # noqa: ARG001
    """Give the points of the customer who holds an account as a file."""
    with or_404():
        account = accounts.overview(account_id=account_id, at_date=today())
    header = [
        _("Date"),
        _("Kind"),
        _("Source"),
        _("Account"),
        _("Loyalty points"),
        _("Expires on"),
        _("Credited on bills"),
    ]
    rows = (
        (r.day, r.kind, r.source, r.account_number, r.points, r.expires_date,
         plain_money(r.amount_minor) if r.amount_minor else "")
        for r in queries.entries(customer_id=account.holder.id, most=100_000)
    )  # fmt: skip
    return csv_file(f"points-{account.number}.csv", header, rows)
