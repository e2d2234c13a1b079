"""
Corrections of usage: propose, apply, drop, undo; and try out what one would do.

A correction is never an amount: it writes further versions of usage and of interval days, and the billing of those
months follows by itself, at the price of each month.
"""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

from django.utils import timezone

from accounts.queries import supplier
from cis.kernel import fixed
from cis.kernel.actors import Actor
from cis.kernel.calendar import local_clock
from cis.kernel.errors import Refused
from cis.kernel.periods import Period, add_months, month_of
from cis.kernel.workflow import NotAllowed
from cis.platform import audit, events, packs
from cis.platform.db import joins_transaction, opens_transaction
from metering.domain.announcements import CorrectionEnded, CorrectionMade, UsageCorrected
from metering.domain.correction_orders import AddedEnergy, NormalUse, Order, Scale
from metering.domain.correction_workflow import (
    CORRECTORS,
    IN_FORCE,
    WORKFLOW,
    CorrectionAction,
    CorrectionState,
)
from metering.domain.corrections import Cause
from metering.models.correction import UsageCorrection
from metering.operations import correction_writing as writing
from metering.queries import correction_plans
from metering.queries import corrections as found_corrections
from metering.queries.correction_plans import Plan
from metering.queries.corrections import UnknownCorrection

_DAY = timedelta(days=1)
REASON_MOST = 300


class AlreadyCorrected(Refused):
    """There is a correction of the same cause for some of the days."""

    code = "already_corrected"


class OwnProposal(Refused):
    """Who proposed it may not decide on it."""

    code = "own_proposal"


class PartOfCase(Refused):
    """The energy of a theft is corrected by its case alone."""

    code = "part_of_case"


class KeyTaken(Refused):
    """The name of the request belongs to another request."""

    code = "request_key_taken"


class ReasonMissing(Refused):
    """Nobody said why."""

    code = "reason_missing"


@opens_transaction
def propose(*, order: Order, request_key: str, today: date, actor: Actor) -> int:
    """
    Propose a correction; one that changes little energy is applied at once, another waits for a second person.

    Little is what stays within the limit of the pack together with all that other corrections moved at the same meter
    or place, on the same months or proposed in the months before: so nobody slices a large one.

    :param request_key: names the request: the same one twice is one correction.
    :returns: id of the correction.
    :raises BadCorrection: see ``correction_plans.plan``.
    :raises AlreadyCorrected: there is one of the same cause for some of the days.
    :raises NotAllowed: the actor may not correct.
    :raises PartOfCase: it is theft, which is a case of the contract.
    :raises KeyTaken: the key named another request.
    """
    return enter_step(order=order, request_key=request_key, today=today, actor=actor)


@joins_transaction
def enter_step(*, order: Order, request_key: str, today: date, actor: Actor) -> int:
    """Propose a correction as a step of what it comes of, as of a visit that found it; see ``propose``."""
    _refuse_theft(order.cause)
    writing.lock(service_point_id=order.service_point_id)
    known = UsageCorrection.objects.filter(request_key=request_key).first()
    if known is not None:
        if order_of(known) != replace(order, evidence=order.evidence.strip(), given=dict(order.given)):
            raise KeyTaken(f"This form has made correction {known.id} of something else.", advice="Open the form anew.")
        return known.id
    row, plan = _make(order, request_key, today, actor)
    row.needs_two = _is_for_two(row, today)
    row.save(update_fields=["needs_two"])
    if not row.needs_two:
        _apply(row, plan, actor)
    return row.id


@joins_transaction
def propose_step(*, order: Order, request_key: str, today: date, actor: Actor) -> int:
    """Propose a correction that a larger case decides on, by a second person, as a step of it; see ``propose``."""
    row, _plan = _make(order, request_key, today, actor)
    row.needs_two = True
    row.save(update_fields=["needs_two"])
    return row.id


@joins_transaction
def try_out(*, order: Order, today: date, actor: Actor) -> int:
    """Apply a correction inside a use case that is rolled back: to see what it would do."""
    row, plan = _make(order, f"trial {timezone.now().isoformat()}", today, actor)
    _apply(row, plan, actor)
    return row.id


@opens_transaction
def apply(*, correction_id: int, actor: Actor) -> None:
    """
    Apply a proposed correction, as the second person; what may be billed is what could be on the day of the proposal.

    :raises UnknownCorrection: there is none.
    :raises IllegalMove: it is not proposed.
    :raises NotAllowed: the actor may not correct.
    :raises OwnProposal: the actor proposed it.
    :raises UsageMoved: usage has changed since; look at it anew.
    :raises PartOfCase: its case decides on it.
    """
    _refuse_theft(_cause_of(correction_id))
    apply_step(correction_id=correction_id, actor=actor)


@joins_transaction
def apply_step(*, correction_id: int, actor: Actor) -> None:
    """Apply a proposed correction as a step of a larger case; see ``apply``."""
    row = _lock(correction_id)
    WORKFLOW.step(CorrectionState(row.state), CorrectionAction.APPLY, actor)
    if actor.id == row.proposer_id:
        raise OwnProposal("Who proposed a correction does not decide on it.", advice="Ask a second person.")
    proposed_date = local_clock(supplier.current().time_zone).local_date(row.proposed_at)
    plan = correction_plans.plan(order=order_of(row), today=proposed_date)
    if _kept_parts(row) != sorted(_columns(part) for part in plan.parts):
        raise writing.moved()
    _apply(row, plan, actor)


@opens_transaction
def drop(*, correction_id: int, actor: Actor) -> None:
    """
    Drop a proposed correction.

    :raises UnknownCorrection: there is none.
    :raises IllegalMove: it is not proposed.
    :raises NotAllowed: the actor may not correct.
    :raises PartOfCase: its case decides on it.
    """
    _refuse_theft(_cause_of(correction_id))
    drop_step(correction_id=correction_id, actor=actor)


@joins_transaction
def drop_step(*, correction_id: int, actor: Actor) -> None:
    """Drop a proposed correction as a step of a larger case; see ``drop``."""
    row = _lock(correction_id)
    row.state = WORKFLOW.step(CorrectionState(row.state), CorrectionAction.DROP, actor).to.value
    row.decided_at = timezone.now()
    row.decider_id = actor.id
    row.save(update_fields=["state", "decided_at", "decider_id"])
    audit.record(actor, "drop", "usage_correction", row.id)
    events.announce(CorrectionEnded(correction_id=row.id, was_applied=False, reason="", at=row.decided_at, actor=actor))


@opens_transaction
def undo(*, correction_id: int, reason: str, today: date, actor: Actor) -> None:
    """
    Take a correction back: what held before it holds again, by further versions; one that two decided on, or that is
    above the limit with others of its meter or place, waits for a second person here too: see ``confirm_undo``.

    :raises UnknownCorrection: there is none.
    :raises IllegalMove: it is not applied.
    :raises NotAllowed: the actor may not correct.
    :raises ReasonMissing: no reason is given.
    :raises CorrectedSince: a later correction lies on top of it.
    :raises PartOfCase: its case decides on it.
    """
    _refuse_theft(_cause_of(correction_id))
    row = _lock(correction_id)
    if not (row.needs_two or _is_for_two(row, today)):
        undo_step(correction_id=correction_id, reason=reason, actor=actor)
        return
    row.state = WORKFLOW.step(CorrectionState(row.state), CorrectionAction.ASK_UNDO, actor).to.value
    row.undo_reason = _reason(reason)
    row.undo_proposed_at = timezone.now()
    row.undo_proposer_id = actor.id
    row.save(update_fields=["state", "undo_reason", "undo_proposed_at", "undo_proposer_id"])
    audit.record(actor, "ask_undo", "usage_correction", row.id, reason=row.undo_reason)


@opens_transaction
def confirm_undo(*, correction_id: int, actor: Actor) -> None:
    """
    Take a correction back, as the second person.

    :raises UnknownCorrection: there is none.
    :raises IllegalMove: nobody asked that it be undone.
    :raises NotAllowed: the actor may not correct.
    :raises OwnProposal: the actor asked for it.
    :raises CorrectedSince: a later correction lies on top of it.
    """
    row = _lock(correction_id)
    state = WORKFLOW.step(CorrectionState(row.state), CorrectionAction.CONFIRM_UNDO, actor).to
    if actor.id == row.undo_proposer_id:
        raise OwnProposal("Who proposed a correction does not decide on it.", advice="Ask a second person.")
    _take_back(row, state, row.undo_reason, actor)


@opens_transaction
def keep(*, correction_id: int, actor: Actor) -> None:
    """
    Leave a correction as it is, although somebody asked that it be undone.

    :raises UnknownCorrection: there is none.
    :raises IllegalMove: nobody asked.
    :raises NotAllowed: the actor may not correct.
    """
    row = _lock(correction_id)
    row.state = WORKFLOW.step(CorrectionState(row.state), CorrectionAction.KEEP, actor).to.value
    row.undo_proposed_at, row.undo_proposer_id, row.undo_reason = None, None, ""
    row.save(update_fields=["state", "undo_proposed_at", "undo_proposer_id", "undo_reason"])
    audit.record(actor, "keep", "usage_correction", row.id)


@joins_transaction
def undo_step(*, correction_id: int, reason: str, actor: Actor) -> None:
    """Take a correction back as a step of a larger case, which says by how many persons; see ``undo``."""
    row = _lock(correction_id)
    state = WORKFLOW.step(CorrectionState(row.state), CorrectionAction.UNDO, actor).to
    _take_back(row, state, _reason(reason), actor)


def _reason(text: str) -> str:
    if not text.strip():
        raise ReasonMissing("A reason is needed.", advice="Say in a few words why the correction was wrong.")
    return text.strip()[:REASON_MOST]


def _take_back(row: UsageCorrection, state: CorrectionState, reason: str, actor: Actor) -> None:
    parts = list(row.parts.all())
    by_day = [part for part in parts if part.replaced_id is None]
    writing.restore(
        correction_id=row.id,
        replaced_ids=[part.replaced_id for part in parts if part.replaced_id is not None],
        # Days of a register whose sums stayed as they were are of the correction too.
        register_ids=list(row.meter.registers.filter(is_interval=True).order_by("id").values_list("id", flat=True)),
        days=(row.start_date - _DAY, row.end_date + _DAY),
    )
    if by_day:
        writing.approve(service_point_id=row.service_point_id, start_date=row.start_date, end_date=row.end_date)
    row.state = state.value
    row.undone_at = timezone.now()
    row.undoer_id = actor.id
    row.undo_reason = reason
    row.save(update_fields=["state", "undone_at", "undoer_id", "undo_reason"])
    _announce(row)
    audit.record(actor, "undo", "usage_correction", row.id, reason=reason)
    events.announce(
        CorrectionEnded(correction_id=row.id, was_applied=True, reason=reason, at=row.undone_at, actor=actor)
    )


def order_of(row: UsageCorrection) -> Order:
    """Return the order that a correction was made from."""
    amount: Scale | NormalUse | AddedEnergy
    if row.factor:
        reactive = Fraction(row.reactive_factor) if row.reactive_factor else None
        amount = Scale(factor=Fraction(row.factor), reactive_factor=reactive)
    elif row.normal_start_date is not None and row.normal_end_date is not None:
        amount = NormalUse(start_date=row.normal_start_date, end_date=row.normal_end_date)
    else:
        assert row.added_wh is not None
        amount = AddedEnergy(energy_wh=row.added_wh)
    return Order(
        service_point_id=row.service_point_id,
        meter_id=row.meter_id,
        cause=Cause(row.cause),
        since_date=row.since_date,
        until_date=row.end_date,
        amount=amount,
        evidence=row.evidence,
        given=row.given,
        is_customer_fault=row.is_customer_fault,
    )


def _make(order: Order, request_key: str, today: date, actor: Actor) -> tuple[UsageCorrection, Plan]:
    if not actor.is_one_of(CORRECTORS):
        raise NotAllowed(f"{actor.name} may not correct usage.", advice="Ask metering or billing.")
    writing.lock(service_point_id=order.service_point_id)
    plan = correction_plans.plan(order=order, today=today)
    _refuse_twice(order, plan)
    row = writing.keep(order=order, plan=plan, request_key=request_key, actor=actor)
    facts = {"cause": order.cause.value, "start": plan.start_date, "end": plan.end_date, "change_wh": plan.change_wh}
    audit.record(actor, "propose", "usage_correction", row.id, **facts)
    return row, plan


def _is_for_two(row: UsageCorrection, today: date) -> bool:
    """Return whether a correction, with others of its meter or place, is above what one person decides on."""
    rule = packs.rule("backbill_second_person", at=today)
    others_wh = found_corrections.moved_beside(
        correction_id=row.id,
        service_point_id=row.service_point_id,
        meter_id=row.meter_id,
        months=Period(month_of(row.start_date).start, month_of(row.end_date - _DAY).end),
        since_date=add_months(today, -rule["within_months"]),
    )
    return row.moved_wh + others_wh > fixed.parse(rule["above_kwh"], places=3)


def _refuse_theft(cause: str) -> None:
    if cause == Cause.THEFT:
        raise PartOfCase("Stolen energy is billed by its case.", advice="Open the case of breach.")


def _cause_of(correction_id: int) -> str:
    found = UsageCorrection.objects.filter(id=correction_id).values_list("cause", flat=True).first()
    return found or ""


def _refuse_twice(order: Order, plan: Plan) -> None:
    same = UsageCorrection.objects.filter(
        meter_id=order.meter_id,
        cause=order.cause.value,
        state__in=[str(state) for state in IN_FORCE],
        start_date__lt=plan.end_date,
        end_date__gt=plan.start_date,
    )
    found = same.values_list("id", flat=True).first()
    if found is not None:
        raise AlreadyCorrected(
            f"Correction {found} has the same cause and some of the same days.",
            advice="Look at it; undo it if it was wrong.",
            correction_id=found,
        )


def _apply(row: UsageCorrection, plan: Plan, actor: Actor) -> None:
    row.state = WORKFLOW.step(CorrectionState(row.state), CorrectionAction.APPLY, actor).to.value
    row.decided_at = timezone.now()
    row.decider_id = actor.id
    row.save(update_fields=["state", "decided_at", "decider_id"])
    writing.correct(correction_id=row.id, parts=plan.parts, day_values=plan.day_values)
    if plan.day_values:
        writing.approve(service_point_id=row.service_point_id, start_date=plan.start_date, end_date=plan.end_date)
    _announce(row)
    audit.record(actor, "apply", "usage_correction", row.id)


def _announce(row: UsageCorrection) -> None:
    """Tell of all that changed: spans of counters reach out of the corrected days."""
    first = min([row.start_date, *(part.start_date for part in row.parts.all())])
    last = max([row.end_date, *(part.end_date for part in row.parts.all())])
    events.announce(UsageCorrected(service_point_ids=(row.service_point_id,), from_date=first))
    events.announce(
        CorrectionMade(correction_id=row.id, service_point_id=row.service_point_id, start_date=first, end_date=last)
    )


def _lock(correction_id: int) -> UsageCorrection:
    row = UsageCorrection.objects.filter(id=correction_id).first()
    if row is None:
        raise UnknownCorrection(f"There is no correction {correction_id}.")
    writing.lock(service_point_id=row.service_point_id)
    return UsageCorrection.objects.select_for_update().get(id=correction_id)


def _kept_parts(row: UsageCorrection) -> list[tuple[object, ...]]:
    return sorted(
        (part.register_id, part.start_date, part.end_date, part.before_wh, part.after_wh, part.replaced_id or 0)
        for part in row.parts.all()
    )


def _columns(part: correction_plans.Part) -> tuple[object, ...]:
    return part.register.id, part.start_date, part.end_date, part.before_wh, part.after_wh, part.replaced_id or 0
