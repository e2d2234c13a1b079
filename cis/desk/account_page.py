"""One account on one screen: who, what, how much, and what happened."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.domain.identity import masked
from accounts.operations import customers as customer_operations
from accounts.queries import accounts, merges, notices, users
from arrears.queries import holds, late_fees, plans
from billing.queries import balances, bills, budget_plans, budgets, cycles, deposit_rules, deposits, prepaid, write_offs
from billing.queries.bills import BillCard
from billing.queries.prepaid import Standing
from cis.desk import account_care
from cis.desk.answers import csv_file, or_404, today
from cis.desk.roles import BILLERS, CASHIERS, CLERKS, DISPATCHERS, METERERS, READ_TAKERS, READERS
from cis.desk.timeline import Event, events_of
from cis.desk.words import PERIOD_ORDER, PERIODS
from cis.kernel.actors import Actor
from cis.kernel.enums import Role
from cis.kernel.periods import add_months, month_of
from cis.platform.access import actor_of, allow
from cis.platform.templatetags.local import month as month_text
from cis.platform.templatetags.local import plain_money
from complaints.queries import cases
from complaints.queries.cases import CaseCard, WantedCases
from contracts.queries import (
    agreements,
    applications,
    change_facts,
    changes,
    charges,
    enrollments,
    inspections,
    supply_contracts,
)
from contracts.queries.agreements import AgreementCard, TermCard
from contracts.queries.applications import ApplicationRow
from contracts.queries.change_facts import Can
from contracts.queries.changes import ChangeCard
from contracts.queries.charges import OwedCharge
from contracts.queries.enrollments import EnrollmentCard
from contracts.queries.supply_contracts import ContractCard
from metering.queries import places
from metering.queries.places import ServicePointOverview

BILLS_SHOWN = 13
MOVEMENTS_SHOWN = 12
INSPECTIONS_SHOWN = 4
MONTHS = 13
NOTICES_SHOWN = 10
CHANGES_SHOWN = 6
ENROLMENTS_SHOWN = 6
APPLICATIONS_SHOWN = 6
CHARGES_SHOWN = 6
LATE_FEES_SHOWN = 4
DEPOSITS_SHOWN = 3
PLANS_SHOWN = 3
HOLDS_SHOWN = 6
CASES_SHOWN = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyView:
    """One agreement with its place; ``term`` is what holds today, or else the last one."""

    agreement: AgreementCard
    term: TermCard | None
    place: ServicePointOverview
    is_in_force: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class May:
    """Which actions the person who looks may do."""

    edit: bool
    read: bool
    pay: bool
    refund: bool
    adjust: bool
    bill: bool
    correct: bool
    change: bool
    charge: bool
    inspect: bool
    prepay: bool
    hold: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPage:
    """All that the account page shows."""

    account: accounts.AccountOverview
    id_number: str
    logins: tuple[users.LoginCard, ...]
    supplies: tuple[SupplyView, ...]
    balance: balances.Balance
    bills: tuple[BillCard, ...]
    movements: tuple[balances.Movement, ...]
    cycle: cycles.CycleCard | None
    events: tuple[Event, ...]
    chart: dict[str, Any]
    last_month: "MonthNote | None"
    notices: tuple[notices.NoticeCard, ...]
    applications: tuple[ApplicationRow, ...]
    charges: tuple[OwedCharge, ...]
    written_off_minor: int
    budget: budget_plans.PlanCard | None
    has_budgets: bool
    accruals: tuple[late_fees.BillAccrual, ...]
    late_fees: tuple[late_fees.FeeRow, ...]
    deposits: tuple[deposits.DepositCard, ...]
    takes_deposits: bool
    plans: tuple[plans.PlanCard, ...]
    cases: tuple[CaseCard, ...]
    holds: tuple[holds.HoldCard, ...]
    contracts: tuple[ContractCard, ...]
    enrolments: tuple[EnrollmentCard, ...]
    inspections: tuple[inspections.InspectionCard, ...]
    may: May
    changes: tuple[ChangeCard, ...]
    possible_changes: tuple[Can, ...]
    prepaid: Standing | None
    care: account_care.Care

    @property
    def figures(self) -> list[dict[str, Any]]:
        """Return the chart as rows, newest first; months without anything are left out."""
        chart = self.chart
        rows = zip(chart["months"], chart["totals"], chart["amounts"], chart["estimated"], strict=True)
        return [
            {"month": name, "energy_wh": energy, "amount_minor": amount, "is_estimated": is_estimated}
            for name, energy, amount, is_estimated in reversed(list(rows))
            if energy is not None or amount is not None
        ]

    @property
    def credit_minor(self) -> int:
        """Return what the customer has paid in advance."""
        return max(0, -self.balance.balance_minor)

    @property
    def went_back(self) -> frozenset[int]:
        """Return the payments among the movements that went back."""
        return frozenset(one.source_id for one in self.movements if one.kind == "payment" and one.owed_minor > 0)

    @property
    def last_bill(self) -> BillCard | None:
        """Return the newest bill that stands."""
        return next((card for card in self.bills if card.state == "issued" and card.kind == "regular"), None)


@dataclass(frozen=True, slots=True)
class MonthNote:
    """Energy of the last month with usage, and how it compares with a year before. [Wh, percent]"""

    month: date
    energy_wh: int
    change_percent: int | None

    @property
    def signed_percent(self) -> str:
        """Return the change with its sign, as "+12"."""
        return f"{self.change_percent or 0:+d}".replace("-", "−")


@allow(*READERS)
def show(request: HttpRequest, account_id: int) -> HttpResponse:
    """Show an account; that somebody looked at the customer is recorded."""
    with or_404():
        overview = accounts.overview(account_id=account_id, at_date=today())
    customer_operations.record_look(customer_id=overview.holder.id, actor=actor_of(request))
    view = gather(overview=overview, on=today(), actor=actor_of(request))
    return render(request, "desk/account.html", {"view": view, "today": today()})


def gather(*, overview: accounts.AccountOverview, on: date, actor: Actor) -> AccountPage:
    """Return all that the page shows; a constant number of statements, however long the history."""
    cards = agreements.of_account(account_id=overview.id)
    points = places.overview(service_point_ids=[card.service_point_id for card in cards], at_date=on)
    by_point = {point.id: point for point in points}
    supplies = tuple(_supply(card, by_point[card.service_point_id], on) for card in cards)
    shown = bills.of_account(account_id=overview.id, most=BILLS_SHOWN)
    logins = users.of_customer(customer_id=overview.holder.id)
    wanted = WantedCases(customer_id=overview.holder.id, state="all")
    shown_cases = cases.listed(wanted=wanted, at=timezone.now(), actor=actor, most=CASES_SHOWN)
    chart = _chart(points, billed=bills.usage_by_month(account_id=overview.id, end_date=on, months=MONTHS), on=on)
    return AccountPage(
        account=overview,
        id_number=masked(overview.holder.id_number),
        logins=tuple(login for login in logins if login.is_active),
        supplies=supplies,
        balance=balances.of_account(account_id=overview.id, today=on),
        bills=shown,
        movements=balances.movements(account_id=overview.id, most=MOVEMENTS_SHOWN),
        cycle=cycles.of_account(account_id=overview.id),
        events=events_of(
            customer_ids=merges.family(customer_id=overview.holder.id),
            account_id=overview.id,
            agreement_ids=[card.id for card in cards],
            meter_ids=[meter.id for point in points for meter in point.meters],
            bill_ids=[card.id for card in shown],
            login_ids=[login.id for login in logins],
            case_ids=[case.id for case in shown_cases],
            actor=actor,
        ),
        chart=chart,
        last_month=_last_month(chart),
        notices=notices.of_account(
            account_id=overview.id, customer_id=overview.holder.id, most=NOTICES_SHOWN, actor=actor
        ),
        applications=applications.of_customers([overview.holder.id], most=APPLICATIONS_SHOWN),
        charges=charges.of_account(account_id=overview.id, most=CHARGES_SHOWN),
        written_off_minor=write_offs.left_minor_of_customer(customer_id=overview.holder.id, account_id=overview.id),
        budget=budget_plans.latest(account_id=overview.id, today=on),
        has_budgets=budgets.rule_or_none(at=on) is not None,
        accruals=late_fees.accruals(account_id=overview.id, today=on),
        late_fees=late_fees.listed(wanted=late_fees.WantedFees(account_id=overview.id), most=LATE_FEES_SHOWN),
        deposits=deposits.of_account(account_id=overview.id, today=on, most=DEPOSITS_SHOWN),
        takes_deposits=deposit_rules.is_offered(at=on),
        plans=plans.listed(wanted=plans.WantedPlans(account_id=overview.id), today=on, most=PLANS_SHOWN),
        holds=holds.listed(wanted=holds.WantedHolds(account_id=overview.id), at=timezone.now(), most=HOLDS_SHOWN),
        enrolments=enrollments.of_account(account_id=overview.id, most=ENROLMENTS_SHOWN),
        contracts=supply_contracts.of_account(account_id=overview.id),
        inspections=inspections.of_account(account_id=overview.id, most=INSPECTIONS_SHOWN),
        may=may(actor.roles),
        cases=shown_cases,
        changes=changes.of_account(account_id=overview.id, most=CHANGES_SHOWN),
        possible_changes=change_facts.possible(account_id=overview.id, today=on, cards=cards),
        prepaid=prepaid.of_accounts(account_ids=[overview.id], today=on).get(overview.id),
        care=account_care.of(customer_id=overview.holder.id, account_id=overview.id, on=on),
    )


def may(roles: frozenset[Role]) -> May:
    """Return which actions these roles may do on an account."""
    return May(
        edit=bool(roles & set(CLERKS)),
        read=bool(roles & set(READ_TAKERS)),
        pay=bool(roles & set(CASHIERS)),
        refund=bool(roles & {*CLERKS, *CASHIERS, *BILLERS}),
        adjust=bool(roles & {*CLERKS, *BILLERS}),
        bill=bool(roles & set(BILLERS)),
        correct=bool(roles & {*BILLERS, *METERERS}),
        change=bool(roles & {*BILLERS, *CLERKS}),
        charge=bool(roles & {*BILLERS, *CLERKS}),
        inspect=bool(roles & set(DISPATCHERS)),
        prepay=bool(roles & {*BILLERS, *CLERKS}),
        hold=bool(roles & {*CLERKS, *BILLERS}),
    )


@allow(*READERS)
def movements_file(request: HttpRequest, account_id: int) -> StreamingHttpResponse:  # noqa: ARG001
    """Give the ledger of an account as a file."""
    with or_404():
        card = accounts.card(account_id=account_id)
    rows = balances.movements(account_id=account_id, most=100_000)
    header = [_("Date"), _("Kind"), _("Part"), _("Number in the books"), _("Amount"), _("Reason")]
    lines = ((r.occurred_date, r.kind, r.part, r.source_id, plain_money(r.owed_minor), r.reason) for r in rows)
    return csv_file(f"ledger-{card.number}.csv", header, lines)


def _supply(card: AgreementCard, place: ServicePointOverview, on: date) -> SupplyView:
    is_in_force = card.start_date <= on and (card.end_date is None or on < card.end_date)
    return SupplyView(
        agreement=card,
        term=card.term_on(on) or (card.terms[-1] if card.terms else None),
        place=place,
        is_in_force=is_in_force,
    )


def _chart(
    points: tuple[ServicePointOverview, ...], *, billed: tuple[bills.MonthOfUse, ...], on: date
) -> dict[str, Any]:
    """
    Return the chart's data: thirteen months with the energy of each period of use, in Wh, and the billed amount.

    Months without a value are null, so that a gap is seen as a gap.
    """
    months = [add_months(month_of(on).start, step) for step in range(1 - MONTHS, 1)]
    used: dict[date, dict[str, int]] = {}
    estimated: set[date] = set()
    for point in points:
        for one in point.months:
            by_period = one.by_period or {"": one.energy_wh}
            for code, energy in by_period.items():
                sums = used.setdefault(one.month, {})
                sums[code] = sums.get(code, 0) + energy
            if one.is_estimated:
                estimated.add(one.month)
    codes = sorted({code for sums in used.values() for code in sums}, key=_place_of)
    money = {one.month: one.amount_minor for one in billed}
    return {
        "months": [month_text(one) for one in months],
        "starts": [one.isoformat() for one in months],
        "series": [
            {"code": code, "name": str(PERIODS.get(code, code)), "values": [used.get(m, {}).get(code) for m in months]}
            for code in codes
        ],
        "totals": [sum(used[m].values()) if m in used else None for m in months],
        "estimated": [m in estimated for m in months],
        "amounts": [money.get(m) for m in months],
        "words": {"kwh": "kWh", "billed": _("Billed"), "estimated": _("estimated"), "total": _("Total")},
    }


def _place_of(code: str) -> tuple[int, str]:
    return (PERIOD_ORDER.index(code) if code in PERIOD_ORDER else len(PERIOD_ORDER), code)


def _last_month(chart: dict[str, Any]) -> MonthNote | None:
    totals = chart["totals"]
    place = next((i for i in range(len(totals) - 1, -1, -1) if totals[i] is not None), None)
    if place is None:
        return None
    before = totals[place - 12] if place >= 12 else None  # noqa: PLR2004 (the same month of the year before)
    change = None if not before else round((totals[place] - before) * 100 / before)
    return MonthNote(date.fromisoformat(chart["starts"][place]), totals[place], change)
