"""Steps of an enrolment that several use cases share: its schedule written, cut off on a day, taken back; its move."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from accounts.operations import notices
from accounts.queries import accounts
from cis.kernel.actors import Actor
from cis.platform import audit, packs
from cis.platform.calendars import business_calendar
from cis.platform.db import joins_transaction
from contracts.domain.charge_kinds import ChargeKind
from contracts.domain.charge_workflow import ChargeState
from contracts.domain.lease import Settlement
from contracts.domain.programs import (
    CHARGE_KINDS,
    WORKFLOW,
    EnrollmentAction,
    EnrollmentState,
    ProgramKind,
    Terms,
)
from contracts.models.charge import OneOffCharge
from contracts.models.lease import EquipmentLease, ScheduleRow
from contracts.models.program import Enrollment
from contracts.operations import charges
from contracts.operations.charges import NewCharge
from contracts.queries.enrollments import UnknownEnrollment
from contracts.queries.programs import terms_of

SUBJECT = "enrollment"
REASON_MOST = 200


@dataclass(frozen=True, slots=True)
class Locked:
    """An enrolment under its lock, with what was agreed."""

    row: Enrollment
    terms: Terms

    @property
    def start(self) -> date:
        """Return its first day."""
        day: date = self.row.period.lower
        return day

    @property
    def end(self) -> date:
        """Return the first day after it."""
        day: date = self.row.period.upper
        return day


@joins_transaction
def lock(enrollment_id: int) -> Locked:
    """
    Return an enrolment, locked until the use case ends.

    :raises UnknownEnrollment: there is none.
    """
    found = (
        Enrollment.objects.select_for_update(of=("self",)).select_related("program").filter(id=enrollment_id).first()
    )
    if found is None:
        raise UnknownEnrollment(f"There is no enrolment {enrollment_id}.", enrollment_id=enrollment_id)
    return Locked(found, terms_of(found.program))


@joins_transaction
def move(locked: Locked, action: EnrollmentAction, *, actor: Actor, reason: str = "", **detail: object) -> None:
    """
    Move an enrolment and record it.

    :raises IllegalMove, NotAllowed: the table does not have the move.
    """
    row = locked.row
    row.state = WORKFLOW.step(EnrollmentState(row.state), action, actor).to.value
    if row.state in _CLOSED:
        row.closed_at = timezone.now()
    if reason:
        row.reason = reason.strip()[:REASON_MOST]
    row.save()
    audit.record(actor, action.value, SUBJECT, row.id, account_id=row.account_id, reason=reason.strip(), **detail)


_CLOSED = (EnrollmentState.ENDED.value, EnrollmentState.CANCELLED.value, EnrollmentState.SETTLED.value)


def cooling_off_end(day: date) -> date:
    """Return the last day on which it can be taken back, if it was signed or received on a day; by the pack."""
    rule = packs.rule("program_cooling_off", at=day)
    if rule["count"] == "working":
        calendar = business_calendar(str(packs.rule("holiday_country", at=day)))
        return calendar.add_business_days(day, rule["days"]) if rule["days"] else day
    return date.fromordinal(day.toordinal() + rule["days"])


@joins_transaction
def write_schedule(locked: Locked) -> None:
    """Write all rows of the schedule; what a bank is paid is marked, but the down payment is always ours."""
    ScheduleRow.objects.bulk_create(
        ScheduleRow(
            enrollment=locked.row,
            seq=row.seq,
            start_date=row.start_date,
            end_date=row.end_date,
            due_date=row.due_date,
            principal_minor=row.principal_minor,
            interest_minor=row.interest_minor,
            is_ours=row.seq == 0 or not locked.terms.is_financed,
        )
        for row in locked.terms.rows(locked.start)
    )
    if locked.terms.kind.has_equipment:
        program = locked.row.program
        language = accounts.overview(account_id=locked.row.account_id, at_date=locked.start).holder.language
        device = program.device_en if language.startswith("en") else program.device_zh
        EquipmentLease.objects.create(enrollment=locked.row, device=device)


@joins_transaction
def take_back_rows(rows: Iterable[ScheduleRow], *, reason: str, actor: Actor) -> None:
    """Let rows never be owed: their charges are reversed, so that the next bill takes back what one carried."""
    for row in rows:
        if row.charge_id is not None:
            charges.reverse_step(charge_id=row.charge_id, reason=reason, actor=actor)
        row.is_waived = True
        row.save(update_fields=["is_waived"])


@joins_transaction
def take_back_fee(locked: Locked, *, reason: str, actor: Actor) -> None:
    """Let what was charged for ending early not be owed: it ends on another day, or was never there."""
    made = OneOffCharge.objects.filter(
        subject=SUBJECT, subject_id=locked.row.id, kind=ChargeKind.EARLY_TERMINATION.value,
        state=ChargeState.AGREED.value,
    )  # fmt: skip
    for charge_id in made.order_by("id").values_list("id", flat=True):
        charges.reverse_step(charge_id=charge_id, reason=reason, actor=actor)


@joins_transaction
def cut_off(locked: Locked, found: Settlement, *, reason: str, today: date, actor: Actor) -> None:
    """
    Leave of a schedule what a settlement keeps, and charge what it adds.

    A rent of which a part is owed becomes that part. All else that is not kept is taken back or never charged. What is
    cut off again, on an earlier day, is charged anew: the fee of the day before is taken back.
    """
    take_back_fee(locked, reason=reason, actor=actor)
    others = list(locked.row.rows.exclude(seq__in=found.kept).order_by("seq"))
    if locked.terms.kind is not ProgramKind.INSTALMENT_SALE and others and found.principal_minor:
        _shrink(locked, others.pop(0), found, reason=reason, today=today, actor=actor)
    take_back_rows(others, reason=reason, actor=actor)
    if locked.terms.kind is ProgramKind.INSTALMENT_SALE:
        rest = found.principal_minor + found.interest_minor
        _charge(locked, ChargeKind.EARLY_SETTLEMENT, rest, "settle", today=today, actor=actor)
    _charge(locked, ChargeKind.EARLY_TERMINATION, found.fee_minor, f"leave-{found.on}", today=today, actor=actor)
    locked.row.period = DateRange(locked.start, max(found.on, date.fromordinal(locked.start.toordinal() + 1)))


def reason_of(name_zh: str, name_en: str, language: str, place: str = "") -> str:
    """Return what a charge is for, as the bill prints it."""
    name = name_en if language.startswith("en") else name_zh
    return f"{name} {place}".strip()


@joins_transaction
def tell(locked: Locked, event: str, *, today: date, actor: Actor, again: str = "", **facts: object) -> None:
    """Tell the customer what became of the enrolment, once for each event; ``again``: what is new of it."""
    row, program = locked.row, locked.row.program
    language = accounts.overview(account_id=row.account_id, at_date=today).holder.language
    notices.queue_step(
        event=event,
        customer_id=row.customer_id,
        account_id=row.account_id,
        facts={
            "program": program.name_en if language.startswith("en") else program.name_zh,
            "link": f"/portal/programmes/{row.id}",
            **facts,  # type: ignore[dict-item]
        },
        key=f"{SUBJECT}:{row.id}{again and f':{again}'}",
        actor=actor,
    )


def _shrink(locked: Locked, row: ScheduleRow, found: Settlement, *, reason: str, today: date, actor: Actor) -> None:
    whole = row.principal_minor
    row.principal_minor, row.end_date = found.principal_minor, found.on
    if row.charge_id is not None and found.principal_minor != whole:
        charges.reverse_step(charge_id=row.charge_id, reason=reason, actor=actor)
        kind = CHARGE_KINDS[locked.terms.kind]
        row.charge_id = _charge(
            locked, kind, found.principal_minor, f"{row.seq}-part-{found.on}", today=today, actor=actor
        )
    row.save()


def _charge(
    locked: Locked, kind: ChargeKind, amount_minor: int, place: str, *, today: date, actor: Actor
) -> int | None:
    if not amount_minor:
        return None
    row, program = locked.row, locked.row.program
    language = accounts.overview(account_id=row.account_id, at_date=today).holder.language
    key = f"{SUBJECT}-{row.id}-{place}"
    new = NewCharge(
        account_id=row.account_id,
        agreement_id=row.agreement_id,
        amount_minor=amount_minor,
        reason=reason_of(program.name_zh, program.name_en, language),
        subject_id=row.id,
        key=key,
    )
    made = charges.agree_many_step(
        kind=kind, subject=SUBJECT, charges=[new], legal_source=program.legal_source, today=today, actor=actor
    )
    return made[key]
