"""I read my meter: a value that is unlikely is asked about once, then it is kept as mine."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.queries import points
from arrears.queries import orders
from cis.kernel.errors import Refused
from cis.platform import typed
from cis.platform.access import actor_of, allow_portal
from cis.platform.forms import EnergyField, PageForm
from cis.platform.phrases import explain
from cis.platform.templatetags.local import day, kwh
from cis.portal import access
from metering.domain.places import Direction, Quantity
from metering.domain.vee import Group
from metering.domain.vee_entry import EntryDoubt, Shown
from metering.operations import self_reads
from metering.queries import entry_doubts, places
from metering.queries.entry_doubts import Place
from metering.queries.places import MeterCard, RegisterCard, ServicePointOverview

PHOTOS = "image/jpeg,image/png,image/webp"
SOURCE = "self_read"
PERIODS = {
    "": gettext_lazy("All hours"), "sharp": gettext_lazy("Sharp"), "peak": gettext_lazy("Peak"),
    "flat": gettext_lazy("Flat"), "valley": gettext_lazy("Valley"),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class MyMeter:
    """A meter that hangs at a supply of mine, with the counters that are read by value; ``group`` judges them."""

    place: ServicePointOverview
    meter: MeterCard
    registers: tuple[RegisterCard, ...]
    group: Group | None

    def doubt(self, register: RegisterCard, *, reading_wh: int, on: date) -> EntryDoubt | None:
        """Return why a value is unlikely; None if it is not."""
        return entry_doubts.doubt_of(
            place=self.place, meter=self.meter, register=register, group=self.group,
            given=Shown(day=on, reading_wh=reading_wh),
        )  # fmt: skip


class SelfReadForm(PageForm):
    """What the counters of one meter show, and a photo of it."""

    field_of = {"not_a_photo": "photo", "file_too_large": "photo"}

    photo = forms.FileField(
        label=gettext_lazy("Photo of the display"), required=False, max_length=255,
        widget=forms.FileInput(attrs={"accept": PHOTOS, "capture": "environment"}),
        help_text=gettext_lazy("It helps if we doubt the value. Where it was taken is not kept."),
    )  # fmt: skip
    is_sure = forms.BooleanField(
        label=gettext_lazy("I have looked again: this is what the meter shows"), required=False
    )

    def __init__(self, *args: Any, of: MyMeter, **kwargs: Any) -> None:
        super().__init__(*args, auto_id=f"id_{of.meter.id}_%s", **kwargs)
        self.of = of
        self.asks = False
        for register in of.registers:
            field = EnergyField(label=PERIODS.get(register.period_of_use, register.code), required=False)
            field.widget.attrs["class"] = "form-control num"
            if register.latest is not None:
                facts = {"value": kwh(register.latest.reading_wh), "day": day(register.latest.read_date)}
                field.help_text = _("Last: %(value)s on %(day)s") % facts
            self.fields[_name(register)] = field

    def clean(self) -> dict[str, Any]:
        """Ask for one value at least."""
        given: dict[str, Any] = super().clean() or {}
        names = [_name(register) for register in self.of.registers]
        if all(given.get(name) is None and name not in self.errors for name in names):
            self.add_error(names[0], _("Enter a reading."))
        for name in names:
            if (given.get(name) or 0) < 0:
                self.add_error(name, _("A counter is never below 0."))
        return given

    def readings(self) -> dict[str, int]:
        """Return the values by the code of their register. [Wh]"""
        found = {one.code: self.cleaned_data.get(_name(one)) for one in self.of.registers}
        return {code: value for code, value in found.items() if value is not None}

    def ask(self, on: date) -> bool:
        """Ask about values that are unlikely; return whether there are any that nobody has looked at again."""
        if self.cleaned_data["is_sure"]:
            return False
        given = self.readings()
        for register in self.of.registers:
            value = given.get(register.code)
            doubt = self.of.doubt(register, reading_wh=value, on=on) if value is not None else None
            if doubt is not None:
                facts = _("Used since the last read: %(energy)s kWh.") % {"energy": kwh(doubt.energy_wh)}
                self._say(register, f"{explain(doubt.code, doubt.message).message} {facts}")
                self.asks = True
        return self.asks

    def refuse_reading(self, refusal: Refused) -> None:
        """Show a refusal beside the counter that it is about, or where else it belongs."""
        code = refusal.detail.get("register")
        register = next((one for one in self.of.registers if one.code == code), None)
        if register is None:
            self.refuse(refusal)
            return
        words = explain(refusal.code, refusal.message, refusal.advice)
        self._say(register, f"{words.message} {words.advice}".strip())

    def _say(self, register: RegisterCard, text: str) -> None:
        self.add_error(_name(register), text)
        attrs = self.fields[_name(register)].widget.attrs
        attrs["class"] = f"{attrs['class']} is-invalid"

    def counters(self) -> list[forms.BoundField]:
        """Return the fields of the counters."""
        return [self[_name(register)] for register in self.of.registers]


@allow_portal
@require_http_methods(["GET", "HEAD", "POST"])
def reading(request: HttpRequest) -> HttpResponse:
    """Show my meters with their last values; take in what one of them shows today."""
    visit, today = access.visit(request), access.today()
    held = visit.chosen
    if held is None or not held.is_current:
        return render(request, "portal/no_account.html", {"visit": visit})
    mine = _meters(held.account_id, today)
    sent = None
    if request.method == "POST":
        meter_id = typed.number(request.POST.get("meter", ""))
        of = next((one for one in mine if one.meter.id == meter_id), None)
        if of is None:
            raise Http404
        sent = SelfReadForm(request.POST, request.FILES, of=of)
        if sent.is_valid() and not sent.ask(today) and _enter(request, sent, today):
            return redirect("portal:reading")
    rule = points.rule_or_none(at=today)
    context = {
        "visit": visit, "points": rule.points.get(SOURCE) if rule else None, "today": today,
        "forms": [sent if sent is not None and sent.of is one else SelfReadForm(of=one) for one in mine],
    }  # fmt: skip
    return render(request, "portal/reading.html", context)


def _enter(request: HttpRequest, form: SelfReadForm, today: date) -> bool:
    try:
        self_reads.enter(
            serial=form.of.meter.serial, readings=form.readings(), photo=form.cleaned_data["photo"],
            actor=actor_of(request), today=today,
        )  # fmt: skip
    except Refused as refusal:
        form.refuse_reading(refusal)
        return False
    messages.success(request, _("Thank you. We have kept what your meter shows today."))
    return True


def _meters(account_id: int, today: date) -> list[MyMeter]:
    """Return the meters that hang today where an account is supplied and are read by value."""
    ids = [one for one, _address in orders.supplies(account_id=account_id, on=today)]
    found = []
    mine = places.overview(service_point_ids=ids, at_date=today) if ids else ()
    groups = entry_doubts.groups_of(
        places=(Place(id=one.id, voltage=one.voltage, capacity_w=one.capacity_w) for one in mine), on=today
    )
    for place in mine:
        for meter in place.meters:
            counters = tuple(one for one in meter.registers if _is_counter(one))
            if meter.hangs(today) and counters:
                found.append(MyMeter(place=place, meter=meter, registers=counters, group=groups[place.id]))
    return found


def _is_counter(register: RegisterCard) -> bool:
    is_drawn = register.quantity == Quantity.ACTIVE and register.direction == Direction.IMPORT
    return is_drawn and not register.is_interval


def _name(register: RegisterCard) -> str:
    return f"reading_{register.id}"
