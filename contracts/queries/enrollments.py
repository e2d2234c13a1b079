"""Enrolments for pages and interfaces: what was signed, its schedule, and what ending it early would cost."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import QuerySet
from django.utils import timezone

from accounts.queries import users
from cis.kernel.errors import Refused
from cis.platform import packs
from contracts.domain.charge_workflow import ChargeState
from contracts.domain.financing import FinancingState
from contracts.domain.lease import BadSchedule, Rebate, Row, Settlement
from contracts.domain.programs import EnrollmentState, ProgramKind
from contracts.models.charge import OneOffCharge
from contracts.models.lease import EquipmentLease, Financing, ScheduleRow
from contracts.models.program import Enrollment
from contracts.queries.programs import ProgramCard, card_of

RELATED = ("program", "account", "customer", "agreement__service_point__premises")
SUBJECT = "enrollment"


class UnknownEnrollment(Refused):
    """There is no such enrolment."""

    code = "unknown_enrollment"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCard:
    """
    One amount of a schedule as a page shows it. [minor unit]

    is_ours      False: it is paid to the partner bank
    is_waived    it is never owed
    charge_id    the charge that it became; None: not yet
    left_minor   of the price, or of the rents, after it
    """

    row: Row
    is_ours: bool
    is_waived: bool
    charge_id: int | None
    left_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EquipmentCard:
    """A device at the customer's."""

    device: str
    serial: str
    handed_over_date: date | None
    returned_date: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FinancingCard:
    """What a partner bank was asked, and what it said. [minor unit]"""

    id: int
    state: FinancingState
    amount_minor: int
    reference: str
    reason: str
    asked_at: datetime
    decided_at: datetime | None
    paid_date: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrollmentCard:
    """
    An enrolment as a list shows it.

    end_date      first day after it
    cancel_until  last day on which it could be taken back; None: it is not signed
    signed_by     portal, desk or api; portal_click: in the portal before there were codes and papers
    """

    id: int
    program: ProgramCard
    account_id: int
    account_number: str
    customer_id: int
    customer_name: str
    agreement_id: int | None
    address: str
    state: EnrollmentState
    start_date: date
    end_date: date
    cancel_until: date | None
    offered_at: datetime
    valid_until: date
    signed_at: datetime | None
    signed_name: str
    signed_by: str
    signed_sha256: str
    closed_at: datetime | None
    reason: str

    @property
    def kind(self) -> ProgramKind:
        """Return what sort of programme it is."""
        return self.program.kind


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrollmentDetail:
    """
    An enrolment with all that belongs to it.

    charges       beside the schedule: settlement and leaving
    paper_sha256  of the paper that is signed; "" = it is not rendered yet
    """

    card: EnrollmentCard
    rows: tuple[RowCard, ...]
    equipment: EquipmentCard | None
    financing: FinancingCard | None
    charges: tuple["ChargeOfEnrollment", ...]
    last_cancel_day: date | None
    offerer: str
    signer: str
    paper_sha256: str
    scan_id: int | None

    @property
    def due(self) -> tuple[RowCard, ...]:
        """Return the rows that are owed or will be."""
        return tuple(one for one in self.rows if not one.is_waived)

    @property
    def charged_minor(self) -> int:
        """Return what bills carry or will, and is not taken back. [minor unit]"""
        return sum(one.amount_minor for one in self.charges if one.state is ChargeState.AGREED)

    @property
    def to_come_minor(self) -> int:
        """Return what is not charged yet. [minor unit]"""
        return sum(one.row.amount_minor for one in self.due if one.charge_id is None and one.is_ours)

    @property
    def interest_minor(self) -> int:
        """Return the interest of all rows that are owed. [minor unit]"""
        return sum(one.row.interest_minor for one in self.due)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeOfEnrollment:
    """A charge that came from an enrolment, taxes included. [minor unit]"""

    id: int
    kind: str
    state: ChargeState
    amount_minor: int
    agreed_date: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """
    Which enrolments are listed; "" and None = all.

    text  beginning of an account number, or part of the holder's name
    """

    state: str = ""
    kind: str = ""
    program_id: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """
    What ending early on a day would cost. [minor unit]

    back_minor  charged already and taken back
    """

    settlement: Settlement
    back_minor: int

    @property
    def due_minor(self) -> int:
        """Return what is still to be paid, or if below 0 comes back."""
        return self.settlement.amount_minor - self.back_minor


def listed(*, wanted: Wanted, offset: int = 0, most: int = 50) -> tuple[EnrollmentCard, ...]:
    """Return some enrolments, latest first; one statement."""
    return _cards(_filtered(wanted).order_by("-id")[offset : offset + most])


def count(*, wanted: Wanted) -> int:
    """Return how many there are; one statement."""
    return _filtered(wanted).count()


def of_account(*, account_id: int, customer_id: int | None = None, most: int = 50) -> tuple[EnrollmentCard, ...]:
    """Return the enrolments of an account, latest first; one statement. ``customer_id``: those that this one signed."""
    rows = Enrollment.objects.filter(account_id=account_id)
    if customer_id is not None:
        rows = rows.filter(customer_id=customer_id)
    return _cards(rows.order_by("-id")[:most])


def is_running(*, account_id: int) -> bool:
    """Return whether something that the account's customer signed goes on, and so may be owed yet; one statement."""
    going_on = (EnrollmentState.SIGNED.value, EnrollmentState.RUNNING.value)
    return Enrollment.objects.filter(account_id=account_id, state__in=going_on).exists()


def cards(*, enrollment_ids: Iterable[int]) -> dict[int, EnrollmentCard]:
    """Return some enrolments, those that exist, by id; one statement."""
    return {card.id: card for card in _cards(Enrollment.objects.filter(id__in=list(enrollment_ids)))}


def one(*, enrollment_id: int) -> EnrollmentDetail:
    """
    Return an enrolment with its schedule; six statements.

    :raises UnknownEnrollment: there is none.
    """
    row = Enrollment.objects.select_related(*RELATED, "paper").filter(id=enrollment_id).first()
    if row is None:
        raise UnknownEnrollment(f"There is no enrolment {enrollment_id}.", enrollment_id=enrollment_id)
    persons = {one for one in (row.offerer_id, row.signer_id) if one is not None}
    names: Mapping[int, str] = users.names(persons) if persons else {}
    equipment = EquipmentLease.objects.filter(enrollment=row).first()
    financing = Financing.objects.filter(enrollment=row).first()
    charges = OneOffCharge.objects.filter(subject=SUBJECT, subject_id=row.id).order_by("id")
    return EnrollmentDetail(
        card=_card(row),
        rows=_row_cards(row.rows.order_by("seq")),
        equipment=_equipment(equipment) if equipment else None,
        financing=_financing(financing) if financing else None,
        charges=tuple(
            ChargeOfEnrollment(
                id=one.id,
                kind=one.kind,
                state=ChargeState(one.state),
                amount_minor=one.amount_minor,
                agreed_date=one.agreed_date,
            )
            for one in charges
        ),
        last_cancel_day=_cancel_until(row, equipment),
        offerer=names.get(row.offerer_id or 0, ""),
        signer=names.get(row.signer_id or 0, ""),
        paper_sha256=row.paper.sha256 if row.paper else "",
        scan_id=row.scan_id,
    )


def offered(*, account_id: int, program_id: int, start_date: date) -> int | None:
    """Return the enrolment of an account that begins on a day and waits for a signature, if there is one."""
    rows = Enrollment.objects.filter(
        account_id=account_id, program_id=program_id, state=EnrollmentState.OFFERED.value, period__startswith=start_date
    )
    return rows.order_by("-id").values_list("id", flat=True).first()


def preview(*, detail: EnrollmentDetail, on: date) -> Preview | None:
    """
    Return what ending on a day would cost; None: the day is not one of its days. No statement.

    :raises MissingRule: the pack of the place says nothing about rebates.
    """
    terms = detail.card.program.terms
    # A package that is to end early may end earlier yet: what that comes to is told of its whole schedule.
    is_package = not terms.kind.has_equipment
    rows = terms.rows(detail.card.start_date) if is_package else tuple(one.row for one in detail.due)
    if not detail.card.start_date <= on <= detail.card.end_date or not rows:
        return None
    try:
        found = terms.settle(rows=rows, on=on, rebate=Rebate(packs.rule("program_rebate", at=on)))
    except BadSchedule:
        return None
    back = sum(
        one.row.amount_minor for one in detail.due if one.charge_id is not None and one.row.seq not in found.kept
    )
    return Preview(settlement=found, back_minor=back)


def rows_of(row: Enrollment) -> tuple[Row, ...]:
    """Return the rows of a schedule that are owed or will be, in order; one statement."""
    return tuple(_row(one) for one in row.rows.filter(is_waived=False).order_by("seq"))


def cancel_until(row: Enrollment, *, today: date) -> date:
    """
    Return the last day on which what was signed may be taken back; one statement.

    Where the pack counts from the receipt of equipment, it may be as long as that is not handed over.
    """
    equipment = EquipmentLease.objects.filter(enrollment=row).first()
    return _cancel_until(row, equipment) or today


def _cancel_until(row: Enrollment, equipment: EquipmentLease | None) -> date | None:
    if row.cancel_until is None or row.signed_at is None:
        return row.cancel_until
    counts_receipt = packs.rule("program_cooling_off", at=timezone.localdate(row.signed_at))["since"] == "receipt"
    is_open = equipment is not None and equipment.handed_over_date is None and counts_receipt
    last: date = row.cancel_until
    return max(last, row.period.upper) if is_open else last


def _filtered(wanted: Wanted) -> QuerySet[Enrollment]:
    given = {"state": wanted.state, "program__kind": wanted.kind, "program_id": wanted.program_id}
    rows = Enrollment.objects.filter(**{name: value for name, value in given.items() if value})
    text = wanted.text.strip()
    if text.isdigit():
        return rows.filter(account__number__startswith=text)
    return rows.filter(customer__name__icontains=text) if text else rows


def _cards(rows: QuerySet[Enrollment]) -> tuple[EnrollmentCard, ...]:
    return tuple(_card(row) for row in rows.select_related(*RELATED))


def _card(row: Enrollment) -> EnrollmentCard:
    return EnrollmentCard(
        id=row.id,
        program=card_of(row.program),
        account_id=row.account_id,
        account_number=row.account.number,
        customer_id=row.customer_id,
        customer_name=row.customer.name,
        agreement_id=row.agreement_id,
        address=row.agreement.service_point.premises.address if row.agreement else "",
        state=EnrollmentState(row.state),
        start_date=row.period.lower,
        end_date=row.period.upper,
        cancel_until=row.cancel_until,
        offered_at=row.offered_at,
        valid_until=row.valid_until,
        signed_at=row.signed_at,
        signed_name=row.signed_name,
        signed_by=row.signed_by,
        signed_sha256=row.signed_sha256,
        closed_at=row.closed_at,
        reason=row.reason,
    )


def _row(row: ScheduleRow) -> Row:
    return Row(
        seq=row.seq,
        start_date=row.start_date,
        end_date=row.end_date,
        due_date=row.due_date,
        principal_minor=row.principal_minor,
        interest_minor=row.interest_minor,
    )


def _row_cards(rows: Iterable[ScheduleRow]) -> tuple[RowCard, ...]:
    found: Sequence[ScheduleRow] = list(rows)
    left = sum(row.principal_minor for row in found if not row.is_waived)
    cards = []
    for row in found:
        left -= 0 if row.is_waived else row.principal_minor
        cards.append(
            RowCard(
                row=_row(row),
                is_ours=row.is_ours,
                is_waived=row.is_waived,
                charge_id=row.charge_id,
                left_minor=left,
            )
        )
    return tuple(cards)


def _equipment(row: EquipmentLease) -> EquipmentCard:
    return EquipmentCard(
        device=row.device,
        serial=row.serial,
        handed_over_date=row.handed_over_date,
        returned_date=row.returned_date,
    )


def _financing(row: Financing) -> FinancingCard:
    return FinancingCard(
        id=row.id,
        state=FinancingState(row.state),
        amount_minor=row.amount_minor,
        reference=row.reference,
        reason=row.reason,
        asked_at=row.asked_at,
        decided_at=row.decided_at,
        paid_date=row.paid_date,
    )
