"""Programmes: published and withdrawn; offered, signed, cancelled, settled early and ended for a customer."""

from datetime import date

from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit, packs
from cis.platform.db import joins_transaction, opens_transaction
from contracts.domain.announcements import AgreementEnded
from contracts.domain.lease import Rebate, Settlement
from contracts.domain.programs import (
    PROGRAM_WORKFLOW,
    PUBLISHERS,
    WORKFLOW,
    EnrollmentAction,
    EnrollmentState,
    NewProgram,
    ProgramAction,
    ProgramKind,
    ProgramState,
)
from contracts.models.program import Enrollment, Program
from contracts.operations import enrollment_steps, enrollment_undo, financing, green_terms, openadr_bridge
from contracts.operations.enrollment_offers import offer_step, sign_step
from contracts.operations.enrollment_steps import Locked, lock, move
from contracts.queries import enrollments as enrollment_queries
from contracts.queries.programs import UnknownProgram
from tariffs.queries import plans


class ProgramCodeTaken(Refused):
    """Another programme has the code."""

    code = "program_code_taken"


class CoolingOffOver(Refused):
    """It can no longer be taken back."""

    code = "cooling_off_over"


class NoReasonGiven(Refused):
    """A reason is needed."""

    code = "no_reason_given"


class BadEnd(Refused):
    """It cannot end on this day."""

    code = "bad_end"


class WrongProgramKind(Refused):
    """A programme of this kind does not end in this way."""

    code = "wrong_program_kind"


@opens_transaction
def publish(*, program: NewProgram, actor: Actor) -> int:
    """
    Offer a programme from now on; its terms never change: other terms are another programme.

    :returns: its id.
    :raises InvalidProgram: every fault at once. :raises UnknownTariff: a tariff that it names does not exist.
    :raises ProgramCodeTaken: another one has its code. :raises NotAllowed: the actor neither bills nor supervises.
    """
    if not actor.is_one_of(PUBLISHERS):
        raise NotAllowed(f"{actor.name} may not publish programmes.", advice="Ask billing or a supervisor.")
    program.check()
    for code in {*program.tariffs, *([program.terms.tariff] if program.terms.tariff else [])}:
        plans.tariff_id(code)
    if Program.objects.filter(code=program.code).exists():
        raise ProgramCodeTaken(f"There is a programme {program.code} already.", field="code")
    terms = program.terms
    made = Program.objects.create(
        code=program.code,
        kind=terms.kind.value,
        name_zh=program.name_zh.strip(),
        name_en=program.name_en.strip(),
        text_zh=program.text_zh,
        text_en=program.text_en,
        device_zh=program.device_zh.strip(),
        device_en=program.device_en.strip(),
        legal_source=program.legal_source.strip(),
        period=DateRange(program.valid_from, program.valid_until),
        customer_classes=list(program.customer_classes),
        tariffs=list(program.tariffs),
        sha256=program.sha256(),
        publisher_id=actor.id,
        **{name: getattr(terms, name) for name in _NUMBERS},
    )
    audit.record(actor, "publish", "program", made.id, code=made.code, sha256=made.sha256)
    if terms.kind is ProgramKind.DEMAND_RESPONSE:
        openadr_bridge.show_program_step(made, at=made.published_at)
    return made.id


_NUMBERS = (
    "months", "rent_minor", "price_minor", "down_minor", "rate_e6", "method", "count", "leave_e6",
    "is_by_calendar_month", "is_financed", "green_blocks", "feature", "tariff", "limit_w", "credit_e6",
    "notice_minutes", "opt_out_minutes", "events_most",
)  # fmt: skip


@opens_transaction
def withdraw_program(*, program_id: int, actor: Actor) -> None:
    """
    Offer a programme no more; who has signed stays in it.

    :raises UnknownProgram: there is none. :raises IllegalMove, NotAllowed: it is withdrawn already, or not by them.
    """
    row = Program.objects.select_for_update().filter(id=program_id).first()
    if row is None:
        raise UnknownProgram(f"There is no programme {program_id}.")
    row.state = PROGRAM_WORKFLOW.step(ProgramState(row.state), ProgramAction.WITHDRAW, actor).to.value
    row.withdrawn_at = timezone.now()
    row.save(update_fields=["state", "withdrawn_at"])
    audit.record(actor, "withdraw", "program", row.id, code=row.code)


@opens_transaction
def offer(
    *,
    program_id: int,
    account_id: int,
    start_date: date,
    request_key: str,
    today: date,
    actor: Actor,
    agreement_id: int | None = None,
) -> int:
    """
    Offer a programme to an account; the customer is told, and signs it later. Nothing is owed.

    :param agreement_id: the supply that it is for; None: the first that may join, or none where none is asked for.
    :returns: id of the enrolment; the same key again is the same one.
    :raises UnknownProgram, UnknownAccount: there is none. :raises AccountNotOpen: the account is closed.
    :raises NotOpenToAccount: not on this day, or not to this customer. :raises BadStart: not within a year from today.
    :raises EnrolledAlready: the account is in it. :raises EnrollmentKeyTaken: the key names another one.
    :raises NoPartnerBank: a bank is to finance it, and none is connected.
    """
    row = offer_step(
        program_id=program_id,
        account_id=account_id,
        agreement_id=agreement_id,
        start_date=start_date,
        request_key=request_key,
        today=today,
        actor=actor,
    )
    if actor.kind is not ActorKind.CUSTOMER:
        enrollment_steps.tell(lock(row.id), "program_offered", today=today, actor=actor, until=row.valid_until)
    return row.id


@opens_transaction
def join(
    *,
    program_id: int,
    account_id: int,
    start_date: date,
    request_key: str,
    accepted_sha256: str,
    signed_name: str,
    signed_by: str,
    today: date,
    actor: Actor,
    agreement_id: int | None = None,
) -> int:
    """Offer a programme and sign it at once, as at the counter or by interface; see ``offer`` and ``sign``."""
    _check_counter(actor)
    row = offer_step(
        program_id=program_id,
        account_id=account_id,
        agreement_id=agreement_id,
        start_date=start_date,
        request_key=request_key,
        today=today,
        actor=actor,
    )
    if row.state == EnrollmentState.OFFERED.value:
        sign_step(lock(row.id), accepted_sha256, signed_name, signed_by, today=today, actor=actor)
    return row.id


@opens_transaction
def sign(
    *, enrollment_id: int, accepted_sha256: str, signed_name: str, signed_by: str, today: date, actor: Actor
) -> None:
    """
    Sign at the counter or by interface what was offered.

    The schedule is written, green energy laid over the supply's terms, the bank asked.

    What begins today runs at once; what a bank finances begins when the bank has accepted it.

    :param accepted_sha256: hash of the text that was shown and accepted.
    :param signed_name: who accepted it, as typed. :param signed_by: how: desk, api.
    :raises UnknownEnrollment: there is none. :raises IllegalMove, NotAllowed: it cannot be signed now, or not by them:
        a customer signs by a code, see ``program_signing``.
    :raises TextNotAccepted: another text was accepted. :raises BadStart: its day is past.
    :raises NotOpenToAccount: the programme was withdrawn. :raises EnrolledAlready: the account is in it.
    :raises NoGreenPrice, GreenAlready, OtherTariffComes, OutsideAgreement, NoPrice: see ``green_terms``.
    """
    _check_counter(actor)
    sign_step(lock(enrollment_id), accepted_sha256, signed_name, signed_by, today=today, actor=actor)


@opens_transaction
def cancel(*, enrollment_id: int, reason: str, today: date, actor: Actor) -> None:
    """
    Take back what was offered, or what was signed within the cooling-off days: as if it had never been.

    Charges are reversed, green energy is taken off from the first day on, the bank is told.

    :raises UnknownEnrollment: there is none. :raises NoReasonGiven: no reason.
    :raises IllegalMove, NotAllowed: its state does not allow it, or not by them.
    :raises CoolingOffOver: the days of the pack are over.
    """
    if not reason.strip():
        raise NoReasonGiven("A reason is needed.", advice="Say in a few words why.", field="reason")
    locked = lock(enrollment_id)
    if locked.row.state == EnrollmentState.OFFERED.value:
        move(locked, EnrollmentAction.DECLINE, actor=actor, reason=reason)
        return
    if today > enrollment_queries.cancel_until(locked.row, today=today):
        raise CoolingOffOver(
            f"It could be taken back until {locked.row.cancel_until}.", advice="End it, or settle it early."
        )
    enrollment_undo.undo_step(locked, EnrollmentAction.CANCEL, reason=reason, actor=actor)
    financing.withdraw_step(enrollment_id=enrollment_id, actor=actor)
    enrollment_steps.tell(locked, "program_cancelled", today=today, actor=actor)


@opens_transaction
def settle_early(*, enrollment_id: int, on_date: date, today: date, actor: Actor) -> Settlement:
    """
    Settle a lease or a sale before its time: what is left is charged, what is no longer owed is taken back.

    :param on_date: the day that it counts to: today, or an earlier one, as when equipment came back before.
    :raises UnknownEnrollment: there is none. :raises IllegalMove, NotAllowed: it is not running, or not by them.
    :raises WrongProgramKind: it has no equipment: it is ended.
    :raises BadEnd: the day is in the future or before its start.
    :raises FinancedByBank: its instalments go to a bank: it is settled there.
    """
    locked = lock(enrollment_id)
    if not locked.terms.kind.has_equipment:
        raise WrongProgramKind("Only equipment is settled early.", advice="End it.")
    WORKFLOW.step(EnrollmentState(locked.row.state), EnrollmentAction.SETTLE, actor)
    financing.check_ours(locked.terms)
    if not locked.start <= on_date <= today:
        raise BadEnd("It is settled on a day since its start, up to today.", field="on_date")
    found = _settlement(locked, on_date)
    enrollment_steps.cut_off(locked, found, reason="settled early", today=today, actor=actor)
    move(locked, EnrollmentAction.SETTLE, actor=actor, on_date=on_date, amount_minor=found.amount_minor)
    enrollment_steps.tell(locked, "program_ended", today=today, actor=actor, day=on_date)
    return found


@opens_transaction
def end(*, enrollment_id: int, on_date: date, reason: str = "", today: date, actor: Actor) -> None:
    """
    End a green package or demand response: on ``on_date``, the first day without it, what held before holds again.

    A day in the past is corrected by the next bill; one in the future ends it when it has come. Until then it may be
    ended on an earlier day yet: what that comes to is charged in the place of what was charged before.

    :raises UnknownEnrollment: there is none. :raises IllegalMove, NotAllowed: it is not running, or not by them.
    :raises WrongProgramKind: equipment is settled early.
    :raises BadEnd: the day is not after its start, within its months.
    """
    locked = lock(enrollment_id)
    if locked.terms.kind.has_equipment:
        raise WrongProgramKind("Equipment is settled early, not ended.", advice="Settle it early.")
    WORKFLOW.step(EnrollmentState(locked.row.state), EnrollmentAction.END, actor)
    if not locked.start < on_date < locked.end:
        raise BadEnd(f"It ends on a day after {locked.start} and before {locked.end}.", field="on_date")
    _end(locked, on_date=on_date, reason=reason, today=today, actor=actor)


@joins_transaction
def note_agreement_ended(announcement: AgreementEnded) -> None:
    """End packages and demand response of a supply that ends: its terms are over, and so is the fee."""
    rows = Enrollment.objects.filter(
        agreement_id=announcement.agreement_id,
        program__kind__in=[one.value for one in ProgramKind if not one.has_equipment],
        state__in=(EnrollmentState.SIGNED.value, EnrollmentState.RUNNING.value),
        period__endswith__gt=announcement.end_date,
    )
    today = timezone.localdate()
    for enrollment_id in rows.order_by("id").values_list("id", flat=True):
        locked = lock(enrollment_id)
        if announcement.end_date <= locked.start:
            move(locked, EnrollmentAction.REFUSE, actor=SYSTEM, reason="the supply ends before")
            enrollment_steps.take_back_rows(locked.row.rows.order_by("seq"), reason="the supply ended", actor=SYSTEM)
            enrollment_steps.take_back_fee(locked, reason="the supply ended", actor=SYSTEM)
        else:
            _end(locked, on_date=announcement.end_date, reason="the supply ends", today=today, actor=SYSTEM)


@joins_transaction
def keep_green_off_step(*, agreement_id: int, since: date, actor: Actor) -> None:
    """
    Take the energy of packages off that ended with a supply which is taken up again; the customer may join anew.

    Otherwise the terms that held last would go on with green energy that nobody pays a package for.
    """
    ended = Enrollment.objects.filter(
        agreement_id=agreement_id, program__kind=ProgramKind.GREEN.value, state=EnrollmentState.ENDED.value,
        period__endswith=since,
    )  # fmt: skip
    for enrollment_id in ended.order_by("id").values_list("id", flat=True):
        locked = lock(enrollment_id)
        green_terms.take_off_step(
            agreement_id=agreement_id, terms=locked.terms, held_tariff_id=locked.row.held_tariff_id, start=since,
            end=None, actor=actor,
        )  # fmt: skip


def _check_counter(actor: Actor) -> None:
    if actor.kind is ActorKind.CUSTOMER:
        raise NotAllowed("A customer signs by a code.", advice="Have a code sent, and sign by it.")


def _end(locked: Locked, *, on_date: date, reason: str, today: date, actor: Actor) -> None:
    until = locked.end
    rows = locked.terms.rows(locked.start)
    was_ended = until != locked.terms.end_of(locked.start)
    if rows:
        # Of the whole schedule: what an end on a later day has cut off already counts as if that had not been.
        found = locked.terms.settle(rows=rows, on=on_date, rebate=_rebate(on_date))
        enrollment_steps.cut_off(locked, found, reason=reason or "ended early", today=today, actor=actor)
    locked.row.period = DateRange(locked.start, on_date)
    if on_date <= today:
        move(locked, EnrollmentAction.END, actor=actor, reason=reason, on_date=on_date)
    else:
        locked.row.reason = reason.strip()[: enrollment_steps.REASON_MOST]
        locked.row.save()
        audit.record(actor, "end_later", "enrollment", locked.row.id, on_date=on_date, reason=reason)
    enrollment_undo.take_green_off_step(locked, since=on_date, until=until, actor=actor)
    again = on_date.isoformat() if was_ended else ""
    enrollment_steps.tell(locked, "program_ended", today=today, actor=actor, again=again, day=on_date)


def _settlement(locked: Locked, on: date) -> Settlement:
    return locked.terms.settle(rows=enrollment_queries.rows_of(locked.row), on=on, rebate=_rebate(on))


def _rebate(on: date) -> Rebate:
    return Rebate(packs.rule("program_rebate", at=on))
