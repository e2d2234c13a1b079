"""What happened to a customer, all of it in one list: bills, money, notices, cases, visits, work, papers, deeds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.operations import customers as customer_operations
from accounts.queries import accounts, care_plans, merges, notices, protections, users, visits
from accounts.queries.accounts import AccountOverview
from accounts.queries.care_plans import WantedPlans
from accounts.queries.protections import WantedProtections
from accounts.queries.visits import WantedVisits
from billing.queries import bills
from cis.desk.answers import or_404, today
from cis.desk.roles import READERS
from cis.desk.timeline import entries_of
from cis.desk.words import word
from cis.kernel.actors import Actor
from cis.platform import concealed
from cis.platform.access import actor_of, allow
from cis.platform.paging import ROWS, page_context
from cis.platform.templatetags.local import money, until
from cis.templatetags.desk import event_name
from complaints.queries import cases
from complaints.queries.cases import WantedCases
from contracts.queries import agreements, applications, changes, supply_contracts
from metering.queries import places, work_orders

KINDS: Final = {
    "bills": gettext_lazy("Bills"),
    "payments": gettext_lazy("Payments"),
    "notices": gettext_lazy("Notices"),
    "cases": pgettext_lazy("complaint", "Cases"),
    "visits": gettext_lazy("Visits and service plans"),
    "work": gettext_lazy("Work orders"),
    "contracts": gettext_lazy("Contracts, applications and changes"),
    "protections": gettext_lazy("Protections"),
    "deeds": gettext_lazy("Deeds and looks"),
}
"""What can be chosen, in the order of the page."""
ICONS: Final = {
    "bills": "file-invoice", "payments": "cash", "notices": "send", "cases": "help-circle", "visits": "users-group",
    "work": "tools", "contracts": "file-text", "protections": "shield-lock", "deeds": "history",
}  # fmt: skip
LAST_PAGE: Final = 40
MOST: Final = LAST_PAGE * ROWS + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that happened; ``url`` "": there is no page of it."""

    at: datetime
    kind: str
    title: str
    facts: str
    url: str = ""
    who: str = ""

    @property
    def icon(self) -> str:
        """Return its picture."""
        return ICONS[self.kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Of whom, by whom, and how many at most of each kind."""

    account: AccountOverview
    actor: Actor
    most: int

    @property
    def customer_id(self) -> int:
        """Return who holds the account."""
        return self.account.holder.id


@allow(*READERS)
def show(request: HttpRequest, account_id: int) -> HttpResponse:
    """Show what happened to the holder of an account and to the account, the latest first; the look is recorded."""
    with or_404():
        account = accounts.overview(account_id=account_id, at_date=today())
    actor = actor_of(request)
    customer_operations.record_look(customer_id=account.holder.id, actor=actor)
    kind = request.GET.get("kind", "")
    kinds = [kind] if kind in KINDS else list(KINDS)

    def ask(*, offset: int, most: int) -> Sequence[Line]:
        return lines(Asked(account=account, actor=actor, most=min(offset + most, MOST)), kinds)[offset : offset + most]

    context: dict[str, Any] = {
        **page_context(request, ask),
        "account": account,
        "kinds": [(code, name, code == kind) for code, name in KINDS.items()],
        "kind": kind,
    }
    return render(request, "desk/people/timeline.html", context)


def lines(asked: Asked, kinds: Sequence[str]) -> list[Line]:
    """Return what happened, the latest first; a constant number of statements a kind, however long the history."""
    found = [line for kind in kinds for line in _SOURCES[kind](asked)]
    return sorted(found, key=lambda line: line.at, reverse=True)


def _bills(asked: Asked) -> list[Line]:
    return [
        Line(
            at=_at(card.issue_date or card.end_date), kind="bills",
            title=_("Bill %(number)s") % {"number": card.number}, url=reverse("desk:bill", args=[card.id]),
            facts=f"{until(card.start_date, card.end_date)} · {money(card.amount_minor)} · {word('bill', card.state)}",
        )
        for card in bills.of_account(account_id=asked.account.id, most=asked.most)
    ]  # fmt: skip


def _payments(asked: Asked) -> list[Line]:
    return [
        Line(
            at=_at(card.received_date), kind="payments", title=word("channel", card.channel),
            facts=" · ".join(filter(None, [money(card.amount_minor), card.reference, _back(card.return_kind)])),
        )
        for card in bills.payments_of(account_id=asked.account.id, most=asked.most)
    ]  # fmt: skip


def _notices(asked: Asked) -> list[Line]:
    found = notices.of_account(
        account_id=asked.account.id, customer_id=asked.customer_id, most=asked.most, actor=asked.actor
    )
    return [
        Line(
            at=card.created_at, kind="notices", title=event_name(card.event),
            facts=" · ".join(
                filter(None, [word("notice_channel", card.channel), word("notice", card.state), card.subject])
            ),
            url=reverse("desk:notice", args=[card.id]),
        )
        for card in found
    ]  # fmt: skip


def _cases(asked: Asked) -> list[Line]:
    wanted = WantedCases(customer_id=asked.customer_id, state="all")
    found = cases.listed(wanted=wanted, at=timezone.now(), actor=asked.actor, most=asked.most)
    return [
        Line(
            at=card.taken_at, kind="cases", title=f"{card.number} · {card.title}", facts=word("case", card.state),
            url=reverse("desk:case", args=[card.id]), who=card.owner,
        )
        for card in found
    ]  # fmt: skip


def _visits(asked: Asked) -> list[Line]:
    wanted = WantedVisits(state="all", customer_id=asked.customer_id)
    found = [
        Line(
            at=_at(card.done_date or card.start_date), kind="visits", title=_("Follow-up visit"),
            facts=" · ".join(filter(None, [word("visit", card.state), card.reason, card.note])),
            url=reverse("desk:visit", args=[card.id]), who=card.assignee_name,
        )
        for card in visits.listed(wanted=wanted, today=today(), most=asked.most)
    ]  # fmt: skip
    plans = care_plans.listed(
        wanted=WantedPlans(state="all", customer_id=asked.customer_id), today=today(), most=asked.most
    )
    return found + [
        Line(
            at=_at(card.start_date), kind="visits", title=card.title, facts=word("care_plan", card.state),
            url=reverse("desk:care_plan", args=[card.id]), who=card.responsible_name,
        )
        for card in plans
    ]  # fmt: skip


def _work(asked: Asked) -> list[Line]:
    points = [card.service_point_id for card in agreements.of_account(account_id=asked.account.id)]
    hidden = concealed.hidden_from(asked.actor)
    found = work_orders.of_places(service_point_ids=points, most=asked.most)
    return [
        Line(
            at=card.created_at, kind="work", title=word("work_kind", card.kind),
            facts=f"{word('work_state', card.state)} · {card.address}", url=reverse("desk:work_order", args=[card.id]),
            who=card.crew,
        )
        for card in found if card.subject_id not in hidden.get(card.subject, ())
    ]  # fmt: skip


def _contracts(asked: Asked) -> list[Line]:
    found = [
        Line(
            at=card.signed_at or card.issued_at or _at(card.start_date), kind="contracts",
            title=_("Contract %(number)s") % {"number": card.number or ""}, facts=word("contract", card.state),
            url=reverse("desk:contract", args=[card.id]),
        )
        for card in supply_contracts.of_account(account_id=asked.account.id)
    ]  # fmt: skip
    found += [
        Line(
            at=row.applied_at, kind="contracts", title=_("Application %(number)s") % {"number": row.number},
            facts=word("application", row.state), url=reverse("desk:application", args=[row.id]),
        )
        for row in applications.of_customers([asked.customer_id], most=asked.most)
    ]  # fmt: skip
    return found + [
        Line(
            at=card.created_at, kind="contracts", title=word("change_kind", card.kind),
            facts=word("change_state", card.state), url=reverse("desk:change", args=[card.id]),
        )
        for card in changes.of_account(account_id=asked.account.id, most=asked.most)
    ]  # fmt: skip


def _protections(asked: Asked) -> list[Line]:
    wanted = WantedProtections(state="all", customer_id=asked.customer_id)
    return [
        Line(
            at=_at(card.since_date), kind="protections", title=word("protection_kind", card.kind),
            facts=f"{word('protection', card.state)} · {card.told}", url=reverse("desk:protection", args=[card.id]),
            who=card.actor_name,
        )
        for card in protections.listed(wanted=wanted, today=today(), most=asked.most)
    ]  # fmt: skip


def _deeds(asked: Asked) -> list[Line]:
    family = merges.family(customer_id=asked.customer_id)
    supplies = agreements.of_account(account_id=asked.account.id)
    points = places.overview(service_point_ids=[card.service_point_id for card in supplies], at_date=today())
    logins = users.of_customer(customer_id=asked.customer_id)
    entries = entries_of(
        [
            ("customer", family), ("account", [asked.account.id]), ("agreement", [card.id for card in supplies]),
            ("meter", [meter.id for point in points for meter in point.meters]),
            ("user", [login.id for login in logins]),
        ],
        most=asked.most, actor=asked.actor,
    )  # fmt: skip
    return [Line(at=one.at, kind="deeds", title=one.text, facts=one.facts, who=one.who) for one in entries]


def _back(kind: str) -> str:
    return _("went back") if kind else ""


def _at(day: date) -> datetime:
    """Return a day as a moment, so that days and moments stand in one order."""
    return timezone.make_aware(datetime.combine(day, time(0)))


_SOURCES: Final[dict[str, Callable[[Asked], list[Line]]]] = {
    "bills": _bills, "payments": _payments, "notices": _notices, "cases": _cases, "visits": _visits, "work": _work,
    "contracts": _contracts, "protections": _protections, "deeds": _deeds,
}  # fmt: skip
