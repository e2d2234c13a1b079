"""A case is taken in while somebody talks: the account is found by what is typed, the number is there at once."""

from collections.abc import Sequence
from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _

from accounts.domain.privacy import LookPurpose
from accounts.operations import customers as customer_operations
from accounts.queries import accounts, teams, users
from accounts.queries import search as account_search
from accounts.queries.search import AccountHit
from billing.queries import bills
from cis.desk import phone_call
from cis.desk.answers import posted, tell_refusal, today
from cis.desk.forms.complaints import IntakeForm
from cis.desk.roles import CLERKS
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.packs import MissingRule
from complaints.operations import intake
from complaints.queries import calls, cases
from complaints.queries import rules as case_rules
from complaints.queries.cases import WantedCases
from contracts.queries import supply

FOUND_MOST = 6
NOT_THEIRS = frozenset({"others", "ended"})
"""Who calls from such a number is not known by it: numbers are given to others."""
OPEN_SHOWN = 5
TEXT_MOST = 60


@allow(*CLERKS)
def new(request: HttpRequest) -> HttpResponse:
    """Take a case in; ``?caller=`` with a telephone number is what telephone systems open."""
    try:
        rules = case_rules.rules(at=today())
    except MissingRule as refusal:
        tell_refusal(request, refusal)
        return redirect("desk:cases")
    calling = request.GET.get("caller", "").strip()[:TEXT_MOST]
    if calling:
        phone_call.begin(request, calling)
    who = request.POST.get("who", calling)
    given = request.POST.get("account", request.GET.get("account", ""))
    account_id = int(given) if given.isascii() and given.isdigit() and len(given) < 19 else None  # noqa: PLR2004
    form = IntakeForm(
        posted(request), rules=rules, teams=teams.listed(), people=staff(),
        initial={"caller_phone": calling, "channel": "phone", "request_key": uuid4().hex},
    )  # fmt: skip
    if form.is_bound and form.is_valid():
        made = _taken(request, form, account_id)
        if made is not None:
            return redirect("desk:case", made)
    context = {"form": form, "who": who, "account_id": account_id, **_found(request, who, account_id)}
    return render(request, "desk/cases/new.html", context)


@allow(*CLERKS)
def caller(request: HttpRequest) -> HttpResponse:
    """Give the accounts that fit what is typed, with what of them is open already."""
    who = request.GET.get("who", "").strip()[:TEXT_MOST]
    return render(request, "desk/cases/_caller.html", _found(request, who, None))


def staff() -> list[tuple[int, str]]:
    """Return the members of staff who may sign in, to choose from."""
    return [(one.id, one.name or one.username) for one in users.staff(most=2_000) if one.is_active]


def _found(request: HttpRequest, who: str, account_id: int | None) -> dict[str, object]:
    """Return accounts by number, telephone, name or place; and the open cases of the first, or of the chosen one."""
    hits = account_search.find(text=who, at_date=today(), limit=FOUND_MOST) if who else ()
    places = supply.of_accounts(account_ids=[hit.account_id for hit in hits])
    masks = _masks(request, hits)
    sure = [hit for hit in hits if hit.number_state not in NOT_THEIRS and not masks[hit.account_id]]
    chosen = account_id or (hits[0].account_id if len(hits) == len(sure) == 1 else None)
    if chosen is not None and chosen not in {hit.account_id for hit in hits}:
        try:
            named = accounts.overview(account_id=chosen, at_date=today())
        except Refused:
            chosen = None
        else:
            return {"hits": [], "named": named, "chosen": chosen, "open_cases": _open(request, chosen), "who": who}
    return {
        "hits": [
            (hit, places[hit.account_id].address if hit.account_id in places else "", masks[hit.account_id])
            for hit in hits
        ],
        "is_masked": any(masks.values()),
        "named": None,
        "chosen": chosen,
        "open_cases": () if chosen is None else _open(request, chosen),
        "who": who,
    }


def _masks(request: HttpRequest, hits: Sequence[AccountHit]) -> dict[int, str]:
    """Return by account the masked name of who was found by a telephone number alone; "": they may be shown."""
    by_number = {hit.customer_id for hit in hits if hit.matched == "phone"}
    known = calls.known(customer_ids=by_number, actor=actor_of(request), at=timezone.now()) if by_number else set()
    hidden = by_number - known
    return {hit.account_id: phone_call.masked(hit.name) if hit.customer_id in hidden else "" for hit in hits}


def _open(request: HttpRequest, account_id: int) -> tuple[cases.CaseCard, ...]:
    wanted = WantedCases(account_id=account_id)
    return cases.listed(wanted=wanted, at=timezone.now(), actor=actor_of(request), most=OPEN_SHOWN)


def _taken(request: HttpRequest, form: IntakeForm, account_id: int | None) -> int | None:
    """Take the case of a form in and say its number; None: it is refused, and the form says why."""
    actor, number = actor_of(request), form.cleaned_data["bill"].strip()
    try:
        bill_id = bills.id_of_number(number) if number else None
        made = intake.take(new=form.case(account_id=account_id, bill_id=bill_id), at=timezone.now(), actor=actor)
    except Refused as refusal:
        form.refuse(refusal)
        return None
    if account_id is not None:
        holder = accounts.overview(account_id=account_id, at_date=today()).holder
        customer_operations.record_look(customer_id=holder.id, actor=actor, purpose=LookPurpose.CASE)
    said = _("Taken in. Tell the caller this number:") if made.is_new else _("It was taken in before, as")
    messages.success(request, format_html("{} <strong>{}</strong>", said, made.number))
    if made.repeats:
        messages.warning(request, _("The same matter was brought before: %(number)s.") % {"number": made.repeats})
    return made.case_id
