"""Type in what counters show: refused when impossible, asked about when unlikely."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.queries import accounts
from cis.desk.answers import or_404, posted, today
from cis.desk.forms.reads import ReadForm
from cis.desk.roles import READ_TAKERS
from cis.desk.vee_words import DOUBTS
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.phrases import explain
from cis.platform.templatetags.local import day
from contracts.queries import agreements
from metering.domain.vee_entry import Shown
from metering.operations import reads as operations
from metering.operations.reads import Entered
from metering.operations.usage_rows import UsageFinding
from metering.queries import entry_doubts, places
from metering.queries.entry_doubts import Place
from metering.queries.places import MeterCard, RegisterCard, ServicePointOverview

DAYS_NAMED = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """A counter that can be read here, with the meter that it sits in."""

    register: RegisterCard
    meter: MeterCard
    place: ServicePointOverview

    @property
    def key(self) -> str:
        """Return its name on the form."""
        return str(self.register.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """
    Why a reading must be confirmed.

    energy_wh  that would have been used since the last read; usual_wh: what is usual over so many days; None: unknown
    """

    text: str
    energy_wh: int
    usual_wh: int | None


@allow(*READ_TAKERS)
def enter(request: HttpRequest, account_id: int) -> HttpResponse:
    """Enter readings of an account's counters; each field is answered for itself."""
    with or_404():
        account = accounts.overview(account_id=account_id, at_date=today())
    counters = _counters(account_id)
    form = ReadForm(posted(request), counters=counters, initial={"read_date": today()})
    doubts: dict[str, Doubt] = {}
    if request.method == "POST" and form.is_valid():
        doubts = _doubts(form, counters)
        if doubts and not form.cleaned_data["is_sure"]:
            form.ask(doubts)
        elif _enter(request, form, counters):
            return redirect("desk:account", account_id)
    context = {"form": form, "account": account, "rows": form.rows(), "doubts": doubts}
    return render(request, "desk/read.html", context)


def _enter(request: HttpRequest, form: ReadForm, counters: list[Counter]) -> bool:
    """Enter the readings one by one; return whether all were taken. What was taken stays: the same again is no harm."""
    taken = 0
    for counter in counters:
        reading = form.cleaned_data.get(form.name_of(counter))
        if reading is None:
            continue
        try:
            entered = operations.enter(
                serial=counter.meter.serial,
                register=counter.register.code,
                read_date=form.cleaned_data["read_date"],
                reading_wh=reading,
                kind=form.cleaned_data["kind"],
                actor=actor_of(request),
                today=today(),
            )
        except Refused as refusal:
            form.refuse_reading(counter, refusal)
        else:
            taken += 1
            _tell_findings(request, counter, entered)
    if form.errors:
        return False
    text = ngettext("%(count)s reading is entered.", "%(count)s readings are entered.", taken)
    messages.success(request, text % {"count": taken})
    return True


def _tell_findings(request: HttpRequest, counter: Counter, entered: Entered) -> None:
    """Say on the next page what keeps the energy beside a reading from being approved; findings of a kind are one."""
    kinds: dict[str, list[UsageFinding]] = {}
    for finding in entered.findings:
        kinds.setdefault(finding.code, []).append(finding)
    for first, *others in kinds.values():
        words = explain(first.code, first.message, first.advice)
        facts = {"serial": counter.meter.serial, "day": day(first.day), "text": words.message, "advice": words.advice}
        text = _("Meter %(serial)s, %(day)s: %(text)s %(advice)s") % facts
        if others:
            days = ", ".join(day(one.day) for one in others[:DAYS_NAMED]) + ("…" if len(others) > DAYS_NAMED else "")
            same = _("The same for %(days)s") % {"days": days}
            text = f"{text} {same}"
        messages.warning(request, text)


def _counters(account_id: int) -> list[Counter]:
    """Return the counters that hang today at the account's places and are read by value."""
    points = [
        card.service_point_id
        for card in agreements.of_account(account_id=account_id)
        if card.end_date is None or card.end_date >= today()
    ]
    return [
        Counter(register=register, meter=meter, place=place)
        for place in places.overview(service_point_ids=points, at_date=today())
        for meter in place.meters
        if meter.hangs(today())
        for register in meter.registers
        if not register.is_interval
    ]


def _doubts(form: ReadForm, counters: list[Counter]) -> dict[str, Doubt]:
    """Return the readings that are possible but unlikely, by the name of their field."""
    on, found = form.cleaned_data["read_date"], {}
    places_read = (
        Place(id=one.place.id, voltage=one.place.voltage, capacity_w=one.place.capacity_w) for one in counters
    )
    groups = entry_doubts.groups_of(places=places_read, on=on)
    for counter in counters:
        name = form.name_of(counter)
        reading = form.cleaned_data.get(name)
        if reading is not None:
            doubt = entry_doubts.doubt_of(
                place=counter.place, meter=counter.meter, register=counter.register, group=groups[counter.place.id],
                given=Shown(day=on, reading_wh=reading),
            )  # fmt: skip
            if doubt is not None:
                text = str(DOUBTS[doubt.code])
                found[name] = Doubt(text=text, energy_wh=doubt.energy_wh, usual_wh=doubt.usual_wh)
    return found
