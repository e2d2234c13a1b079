"""My supply: move out, move in, an allowance for many persons, another tariff; in plain words, with what it costs."""

from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from accounts.queries import customers, supplier
from billing.operations import change_previews
from billing.queries import final_accounts
from cis.kernel.errors import Refused
from cis.kernel.periods import add_months
from cis.platform import papers, typed
from cis.platform.access import actor_of, allow_portal
from cis.platform.forms import DayField, EnergyField, PageForm
from cis.portal import access
from cis.portal.access import Held, Visit
from contracts.domain import change_checks
from contracts.domain.change_facts import SELF_SERVICE, first_effective, missing_papers
from contracts.domain.changes import ChangeKind, FinalRead, PaperKind, Wanted
from contracts.operations import changes
from contracts.operations.change_effects import SUBJECT
from contracts.queries import agreements, change_facts, supply_contracts
from contracts.queries import changes as queries
from contracts.queries.agreements import AgreementCard
from contracts.queries.change_facts import Can
from metering.queries import places
from metering.queries.places import MeterCard
from tariffs.domain.choice import Chooser
from tariffs.queries import eligible, plans

TITLES = {
    ChangeKind.MOVE_OUT: _("I move out"),
    ChangeKind.MOVE_IN: _("I move in"),
    ChangeKind.HOUSEHOLD: _("Many persons live here"),
    ChangeKind.TOU_OPT_IN: _("I want another tariff"),
}
STATES = {
    "drafted": _("begun"),
    "waiting": _("we look at it"),
    "confirmed": _("agreed, to come"),
    "effective": _("in force"),
    "done": _("done"),
    "withdrawn": _("withdrawn"),
    "rejected": _("not possible"),
    "reversed": _("taken back"),
}


class ChangeForm(PageForm):
    """What a customer says; only the fields of the kind are there."""

    field_of = {
        "tariff_id": "tariff", "service_point_id": "service_point", "unknown_service_point": "service_point",
        "service_point_taken": "service_point",
    }  # fmt: skip
    request_key = forms.CharField(widget=forms.HiddenInput, max_length=100)
    effective_date = DayField(label=_("From which day"))
    until_date = DayField(label=_("Until which day"), required=False)
    service_point = forms.CharField(
        label=_("Number of the new place"),
        max_length=64,
        help_text=_("It stands on the meter, or ask who lived there."),
    )
    household = forms.IntegerField(label=_("How many persons"), min_value=1, max_value=99)
    tariff = forms.ChoiceField(label=_("Which tariff"))
    paper = forms.FileField(
        label=_("Household register or residence permits (PDF or photo)"), required=False,
        widget=forms.FileInput(attrs={"accept": ".pdf,.jpg,.jpeg,.png"}),
    )  # fmt: skip

    def __init__(
        self, *args: Any, kind: ChangeKind, meters: tuple[MeterCard, ...], tariffs: list[tuple[str, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.kind, self.meters = kind, meters if kind in {ChangeKind.MOVE_OUT, ChangeKind.TOU_OPT_IN} else ()
        shown = {
            ChangeKind.MOVE_OUT: (),
            ChangeKind.MOVE_IN: ("service_point",),
            ChangeKind.HOUSEHOLD: ("household", "until_date", "paper"),
            ChangeKind.TOU_OPT_IN: ("tariff",),
        }[kind]
        for name in ("until_date", "service_point", "household", "tariff", "paper"):
            if name not in shown:
                self.fields.pop(name)
        if "tariff" in self.fields:
            self.fields["tariff"].choices = tariffs  # type: ignore[attr-defined]
        for place, meter, code in self._registers():
            typed = EnergyField(label=f"{meter.serial} {code}", required=False)
            typed.widget.attrs["class"] = "form-control num"
            self.fields[place] = typed

    def _registers(self) -> list[tuple[str, MeterCard, str]]:
        return [
            (f"read_{meter.id}_{register.code}", meter, register.code)
            for meter in self.meters
            for register in meter.registers
            if not register.is_interval
        ]

    def read_fields(self) -> list[forms.BoundField]:
        """Return the fields of readings."""
        return [self[name] for name, *_rest in self._registers()]

    def main_fields(self) -> list[forms.BoundField]:
        """Return all other fields that are shown."""
        apart = {name for name, *_rest in self._registers()} | {"request_key"}
        return [field for field in self if field.name not in apart]

    def wanted(self, held: Held, agreement: AgreementCard | None, customer_id: int) -> Wanted:
        """
        Return what was said, for the operation.

        :raises UnknownServicePoint: the number names nothing.
        """
        given = self.cleaned_data
        is_coming = self.kind is ChangeKind.MOVE_IN
        tariff_id = int(given["tariff"]) if given.get("tariff") else None
        if is_coming and agreement is not None:
            tariff_id = agreement.terms[-1].tariff_id
        return Wanted(
            kind=self.kind,
            effective_date=given["effective_date"],
            account_id=held.account_id,
            agreement_id=None if is_coming or agreement is None else agreement.id,
            until_date=given.get("until_date"),
            customer_id=customer_id if is_coming else None,
            service_point_id=places.id_of_external_id(given["service_point"]) if is_coming else None,
            tariff_id=tariff_id,
            household=given.get("household"),
            reads=tuple(
                FinalRead(serial=meter.serial, register=code, reading_wh=given[name])
                for name, meter, code in self._registers()
                if given.get(name) is not None
            ),
        )


@allow_portal
def index(request: HttpRequest) -> HttpResponse:
    """Show what I may change, and what became of what I asked for."""
    visit = access.visit(request)
    held = visit.chosen
    if held is None:
        return render(request, "portal/no_account.html", {"visit": visit})
    mine = [card for card in queries.of_account(account_id=held.account_id) if held.covers(card.asked_date)]
    papers_of = supply_contracts.shown_of_subjects(subject=SUBJECT, subject_ids=[card.id for card in mine])
    contract_of = {key: one for key, one in papers_of.items() if one.customer_id == visit.customer_id}
    context = {
        "visit": visit,
        "supplies": _supplies(held),
        "titles": TITLES,
        "changes": [
            (card, TITLES.get(card.kind, _("Change of use")), STATES[card.state], contract_of.get(card.id))
            for card in mine
            if card.kind in TITLES or card.id in contract_of
        ],
        "finals": final_accounts.of_account(account_id=held.account_id) if held.is_current else (),
        "supplier": supplier.current(),
    }
    return render(request, "portal/changes.html", context)


@allow_portal
def new(request: HttpRequest, kind: str) -> HttpResponse:
    """Ask for a change: first what it costs is shown, then it is sent."""
    visit = access.visit(request)
    held, what = visit.chosen, _kind(kind)
    if held is None or not held.is_current:
        raise Http404
    agreement = _supply(request, held, what)
    form = _form(request, what, agreement, visit.customer_id)
    actor = actor_of(request)
    context: dict[str, Any] = {"visit": visit, "title": TITLES[what], "form": form, "kind": what, "supply": agreement}
    if form.is_bound and form.is_valid():
        try:
            wanted = form.wanted(held, agreement, visit.customer_id)
            if "send" in request.POST:
                return _sent(request, form, wanted)
            context |= _shown(wanted, visit)
            if what is not ChangeKind.MOVE_IN:  # what somebody else used there is nobody's business
                context["preview"] = change_previews.of_change(
                    wanted=wanted, asked_date=access.today(), today=access.today(), actor=actor
                )
        except Refused as refusal:
            form.refuse(refusal)
    context["supplier"] = supplier.current()
    return render(request, "portal/change_new.html", context)


@allow_portal
def withdraw(request: HttpRequest, change_id: int) -> HttpResponse:
    """Take back what I asked for and what does not hold yet."""
    visit = access.visit(request)
    mine = {
        card.id for held in visit.held if held.is_current for card in queries.of_account(account_id=held.account_id)
    }
    if request.method != "POST" or change_id not in mine:
        raise Http404
    try:
        changes.withdraw(change_id=change_id, actor=actor_of(request))
        messages.success(request, gettext("It is withdrawn."))
    except Refused:
        messages.error(request, gettext("This cannot be withdrawn any more."))
    return redirect("portal:changes")


def _kind(kind: str) -> ChangeKind:
    if kind not in {one.value for one in SELF_SERVICE}:
        raise Http404
    return ChangeKind(kind)


def _supplies(held: Held) -> list[tuple[AgreementCard, str, list[ChangeKind]]]:
    """Return the supplies in force with their addresses and what may be asked for each."""
    if not held.is_current:
        return []
    today = access.today()
    cards = [card for card in agreements.of_account(account_id=held.account_id) if card.end_date is None]
    possible = change_facts.possible(account_id=held.account_id, today=today, cards=cards)
    addresses = places.addresses(service_point_ids=[card.service_point_id for card in cards])
    return [
        (
            card,
            addresses[card.service_point_id],
            [can.kind for can in possible if can.agreement_id == card.id and can.kind in TITLES],
        )
        for card in cards
    ]


def _supply(request: HttpRequest, held: Held, kind: ChangeKind) -> AgreementCard | None:
    """Return the supply that is meant, one that the customer has and that may be changed so."""
    if kind is ChangeKind.MOVE_IN:
        cards = agreements.of_account(account_id=held.account_id)
        return cards[0] if cards else None
    wanted = typed.number(request.GET.get("supply", ""))
    cards = agreements.of_account(account_id=held.account_id)
    card = next((one for one in cards if one.id == wanted), None)
    possible = change_facts.possible(account_id=held.account_id, today=access.today(), cards=cards)
    if card is None or Can(kind=kind, agreement_id=card.id) not in possible:
        raise Http404
    return card


def _form(request: HttpRequest, kind: ChangeKind, agreement: AgreementCard | None, customer_id: int) -> ChangeForm:
    today = access.today()
    limits = change_facts.limits_on(today)
    first = first_effective(kind, asked_date=today, limits=limits, calendar=change_facts.working_days(today))
    initial: dict[str, Any] = {"request_key": uuid4().hex, "effective_date": first, "household": limits.household_least}
    if limits.household_most_months:
        initial["until_date"] = add_months(first, limits.household_most_months)
    points = places.overview(service_point_ids=[agreement.service_point_id] if agreement else [], at_date=today)
    meters = tuple(meter for point in points for meter in point.meters if meter.hangs(today))
    is_sent = request.method == "POST"
    return ChangeForm(
        request.POST if is_sent else None,
        request.FILES if is_sent else None,
        kind=kind,
        meters=meters,
        tariffs=_tariffs(customer_id, agreement) if kind is ChangeKind.TOU_OPT_IN and agreement else [],
        initial=initial,
    )


def _tariffs(customer_id: int, agreement: AgreementCard) -> list[tuple[str, str]]:
    """Return the tariffs that are open to the customer, in the language of the page."""
    today = access.today()
    term = agreement.term_on(today) or agreement.terms[-1]
    now = plans.compiled(plans.version_on(tariff_id=term.tariff_id, day=today).version_id)
    voltages = places.voltages(service_point_ids=[agreement.service_point_id])
    who = Chooser(
        kind=customers.card(customer_id=customer_id).kind,
        voltage=voltages[agreement.service_point_id],
        features=frozenset(term.agreed.features),
        capacity_va=term.agreed.capacity_va,
        customer_class=now.customer_class,
    )
    is_chinese = (get_language() or "").startswith("zh")
    found = []
    for version in eligible.open_to(day=today, who=who):
        plan = plans.compiled(version.version_id)
        if version.tariff_id != term.tariff_id:
            found.append((str(version.tariff_id), plan.name_zh if is_chinese else plan.name_en))
    return found


def _shown(wanted: Wanted, visit: Visit) -> dict[str, Any]:
    """Return what is said beside the money; a change that cannot be is refused."""
    today = access.today()
    facts = change_facts.of_wanted(wanted, asked_date=today, today=today)
    findings = change_checks.check(wanted=wanted, facts=facts)
    findings.raise_if_any(changes.ChangeRefused)
    return {"is_ready": True, "missing": sorted(missing_papers(wanted=wanted, facts=facts)), "owner": visit.customer_id}


def _sent(request: HttpRequest, form: ChangeForm, wanted: Wanted) -> HttpResponse:
    today, actor = access.today(), actor_of(request)
    given = form.cleaned_data.get("paper")
    paper = (PaperKind.HOUSEHOLD_REGISTER, papers.check(given.file, name=given.name)) if given else None
    change_id = changes.ask(
        wanted=wanted, asked_date=today, request_key=form.cleaned_data["request_key"], today=today, actor=actor,
        paper=paper,
    )  # fmt: skip
    state = queries.one(change_id=change_id).card.state
    messages.success(
        request,
        gettext("Thank you. We look at it and tell you.") if state == "waiting" else gettext("Thank you. It is noted."),
    )
    return redirect("portal:changes")
