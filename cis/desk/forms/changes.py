"""Forms on changes of use: one for all kinds, with the fields that a kind has."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.domain.customer import NewCustomer
from accounts.queries import accounts, search
from cis.desk.change_words import CHANGE_KINDS, CHANGE_PAPERS, CHANGE_STATES
from cis.desk.forms.customers import KINDS, choices
from cis.desk.forms.supply import tariff_choices
from cis.kernel.errors import Refused
from cis.platform.forms import DayField, EnergyField, PageForm
from contracts.domain.change_facts import FIELDS
from contracts.domain.changes import ChangeKind, FinalRead, Part, Wanted
from contracts.queries.agreements import AgreementCard
from metering.queries import places
from metering.queries.places import MeterCard

STUCK = "stuck"
COMING = frozenset({ChangeKind.TRANSFER, ChangeKind.SPLIT})
"""Kinds by which another customer comes."""
PAPER_TYPES = ".pdf,.jpg,.jpeg,.png"


class ChangeListForm(PageForm):
    """Which changes are listed."""

    kind = forms.ChoiceField(
        label=_("Kind"), required=False, choices=lambda: [("", _("All kinds")), *CHANGE_KINDS.items()]
    )
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=lambda: [("", _("All states")), (STUCK, _("Could not take hold")), *CHANGE_STATES.items()],
    )
    text = forms.CharField(label=_("Account or name"), max_length=60, required=False)


class PaperForm(PageForm):
    """A paper that proves something."""

    kind = forms.ChoiceField(label=_("What it proves"), choices=lambda: list(CHANGE_PAPERS.items()))
    file = forms.FileField(label=_("File (PDF, JPEG or PNG)"), widget=forms.FileInput(attrs={"accept": PAPER_TYPES}))


class ChangeForm(PageForm):
    """A change of use; only the fields of its kind are there."""

    field_of = {
        "agreement_id": "", "tariff_id": "tariff", "capacity_va": "capacity_kva", "suspended_va": "suspended_kva",
        "contract_w": "contract_kw", "customer_id": "customer", "service_point_id": "service_point", "parts": "other",
        "unknown_service_point": "service_point", "no_price": "effective_date", "bad_name": "name",
        "name": "new_name", "id_number": "new_id_number", "phone": "new_phone",
    }  # fmt: skip
    request_key = forms.CharField(widget=forms.HiddenInput, max_length=100)
    asked_date = DayField(label=_("Asked for on"), help_text=_("Notice counts from this day."))
    effective_date = DayField(label=_("Holds from"), help_text=_("From 0:00 of this day."))
    until_date = DayField(label=_("Until, not included"), required=False)
    customer = forms.CharField(
        label=_("Who comes: account number"), max_length=64, required=False,
        help_text=_("Of a customer that is known; else leave it empty and enter the person."),
    )  # fmt: skip
    new_kind = forms.ChoiceField(label=_("New customer"), choices=choices(KINDS), required=False)
    new_name = forms.CharField(label=_("Name"), max_length=200, required=False)
    new_id_number = forms.CharField(label=_("ID number"), max_length=60, required=False)
    new_phone = forms.CharField(label=_("Phone"), max_length=40, required=False)
    name = forms.CharField(label=_("New name"), max_length=200, required=False)
    service_point = forms.CharField(label=_("Service point"), max_length=64, required=False)
    other = forms.ChoiceField(label=_("Supply that is given up"), required=False)
    tariff = forms.ChoiceField(label=_("Tariff"), required=False)
    household = forms.IntegerField(label=_("Persons in the household"), min_value=1, max_value=99, required=False)
    capacity_kva = EnergyField(label=_("Capacity after it (kVA)"), required=False)
    part_kva = EnergyField(label=_("Capacity of the new supply (kVA)"), required=False)
    suspended_kva = EnergyField(label=_("Capacity out of use (kVA)"), required=False)
    contract_kw = EnergyField(label=_("Contracted demand (kW)"), required=False)
    position = forms.CharField(
        label=_("Where the meter is to hang"), max_length=200, required=False,
        help_text=_("As the crew finds it: floor, room, which side."),
    )  # fmt: skip
    reason = forms.CharField(label=_("Reason or remark"), max_length=300, required=False)

    def __init__(
        self,
        *args: Any,
        kind: ChangeKind,
        agreement: AgreementCard | None,
        meters: Sequence[MeterCard] = (),
        others: Sequence[tuple[int, str]] = (),
        account_id: int,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.kind, self.agreement, self.account_id = kind, agreement, account_id
        needed, possible = FIELDS[kind]
        shown = needed | possible
        gone = [field for name, field in _SINGLE.items() if name not in shown]
        if kind not in COMING:
            gone += ["customer", *_PERSON]
        if kind is ChangeKind.SPLIT:
            gone.remove("service_point")
        for field in gone:
            self.fields.pop(field, None)
        self._shape_parts(others)
        if "tariff" in self.fields:
            tariffs = tariff_choices()
            self.fields["tariff"].choices = tariffs if "tariff_id" in needed else [("", _("as it is")), *tariffs]  # type: ignore[attr-defined]
        for name in needed & _SINGLE.keys():
            self.fields[_SINGLE[name]].required = True
        self.meters = meters if "reads" in shown else ()
        for place, meter, register in self._registers():
            typed = EnergyField(label=f"{meter.serial} {register}", required=False)
            typed.widget.attrs["class"] = "form-control num"
            self.fields[place] = typed

    def _shape_parts(self, others: Sequence[tuple[int, str]]) -> None:
        """Let a split ask for the new supply, and a merge for the one that is given up."""
        if self.kind is not ChangeKind.SPLIT:
            self.fields.pop("part_kva", None)
        if self.kind is ChangeKind.MERGE:
            self.fields["other"].choices = others  # type: ignore[attr-defined]
            self.fields["other"].required = True
        else:
            self.fields.pop("other", None)
        if self.kind is ChangeKind.SPLIT:
            self.fields["service_point"].required = True

    def _registers(self) -> list[tuple[str, MeterCard, str]]:
        return [
            (f"read_{meter.id}_{register.code}", meter, register.code)
            for meter in self.meters
            for register in meter.registers
            if not register.is_interval
        ]

    def read_fields(self) -> list[forms.BoundField]:
        """Return the fields of readings."""
        return [self[name] for name, _meter, _code in self._registers()]

    def main_fields(self) -> list[forms.BoundField]:
        """Return the fields but for readings, the new person and what is hidden."""
        apart = {name for name, *_rest in self._registers()} | set(_PERSON) | {"request_key"}
        return [field for field in self if field.name not in apart]

    def person_fields(self) -> list[forms.BoundField]:
        """Return the fields of a customer who is not known yet."""
        return [self[name] for name in _PERSON if name in self.fields]

    def clean(self) -> dict[str, Any]:
        """Ask who comes."""
        given: dict[str, Any] = super().clean() or {}
        if "customer" in self.fields and not given.get("customer") and not given.get("new_name"):
            self.add_error("customer", _("Say who comes: a customer that is known, or a new one."))
        return given

    def newcomer(self) -> NewCustomer | None:
        """Return the customer to be, None where one is known or nobody comes."""
        given = self.cleaned_data
        if "customer" not in self.fields or given.get("customer"):
            return None
        return NewCustomer(
            name=given["new_name"], kind=given["new_kind"], id_number=given["new_id_number"], phone=given["new_phone"]
        )

    def wanted(self) -> Wanted:
        """
        Return what was typed, for the operation.

        :raises UnknownCustomer, UnknownServicePoint: a number names nothing.
        """
        given = self.cleaned_data
        customer_id = _customer_of(given.get("customer") or "", at=given["effective_date"])
        if self.kind is ChangeKind.MOVE_IN:
            customer_id = accounts.overview(account_id=self.account_id, at_date=given["effective_date"]).holder.id
        point = given.get("service_point")
        point_id = places.id_of_external_id(point) if point else None
        is_split = self.kind is ChangeKind.SPLIT
        parts: tuple[Part, ...] = ()
        if is_split:
            parts = (Part(service_point_id=point_id, customer_id=customer_id, capacity_va=given.get("part_kva")),)
        elif given.get("other"):
            parts = (Part(agreement_id=int(given["other"])),)
        return Wanted(
            kind=self.kind,
            effective_date=given["effective_date"],
            account_id=self.account_id,
            agreement_id=self.agreement.id if self.agreement else None,
            until_date=given.get("until_date"),
            customer_id=None if is_split else customer_id,
            name=given.get("name") or "",
            service_point_id=None if is_split else point_id,
            tariff_id=int(given["tariff"]) if given.get("tariff") else None,
            household=given.get("household"),
            capacity_va=given.get("capacity_kva"),
            suspended_va=given.get("suspended_kva"),
            contract_w=given.get("contract_kw"),
            position=given.get("position") or "",
            parts=parts,
            reads=tuple(
                FinalRead(serial=meter.serial, register=code, reading_wh=given[name])
                for name, meter, code in self._registers()
                if given.get(name) is not None
            ),
            reason=given.get("reason") or "",
        )

    @staticmethod
    def first(**values: Any) -> dict[str, Any]:
        """Return what the form shows at first."""
        return {"request_key": uuid4().hex, "new_kind": "resident", **values}


_PERSON = ("new_kind", "new_name", "new_id_number", "new_phone")
_SINGLE = {
    "until_date": "until_date", "name": "name", "service_point_id": "service_point", "tariff_id": "tariff",
    "household": "household", "capacity_va": "capacity_kva", "suspended_va": "suspended_kva",
    "contract_w": "contract_kw", "position": "position",
}  # fmt: skip


class _NoSuchCustomer(Refused):
    """No account has this number."""

    code = "unknown_customer"


def _customer_of(text: str, *, at: Any) -> int | None:
    """Return the customer who holds the account of a number; None where nothing was typed."""
    if not text.strip():
        return None
    for hit in search.find(text=text.strip(), at_date=at, limit=5):
        if hit.number == text.strip() and hit.is_holder:
            return hit.customer_id
    found = accounts.ids_by_external_id([text.strip()])
    if not found:
        raise _NoSuchCustomer("No account has this number.", advice="Check the number.", field="customer")
    return accounts.overview(account_id=next(iter(found.values())), at_date=at).holder.id
