"""A crew reads a meter again: its readings come back with the order, and settle the exception that asked for it."""

from collections.abc import Mapping
from datetime import date

from cis.kernel.actors import Actor
from cis.kernel.errors import Findings, Refused
from cis.platform import audit
from cis.platform.db import opens_transaction
from metering.domain.counter_estimates import CounterFacts, Shown, guess
from metering.domain.estimation import Method
from metering.domain.exception_acts import SUBJECT, Act
from metering.domain.exceptions import ACCEPTABLE, ExceptionState
from metering.domain.places import Quantity
from metering.domain.registers import WH_PER_KWH
from metering.domain.work_orders import WORKFLOW, Outcome, WorkAction, WorkKind, WorkState
from metering.models.exception import UsageException
from metering.models.read import ReadKind
from metering.models.store import ReadPhoto
from metering.models.work import WorkOrder, WorkPhoto
from metering.operations import exceptions, read_changes, reads, resolver, work_moves, work_orders
from metering.queries import crews, estimation_facts, re_reads
from metering.queries.estimation_facts import Counter
from metering.queries.re_reads import CounterHere


class InvalidReRead(Refused):
    """What was reported is incomplete or wrong; ``detail["findings"]`` has one entry for each fault."""

    code = "invalid_re_read"


class NotReRead(Refused):
    """The work order is not about reading a meter again, or names no place."""

    code = "not_re_read"


@opens_transaction
def finish(
    *, work_order_id: int, readings: Mapping[int, int], answers: Mapping[str, str], note: str, request_key: str = "",
    today: date, actor: Actor,
) -> bool:  # fmt: skip
    """
    Finish an order to read again with what the counters show; usage follows, and the exception is settled.

    Rule: what the new reading contradicts (it is below it) or what is missing before it is dealt evenly between the
    reading before and the new one, and says so as an estimate. What the new reading bears out is accepted as it is.

    :param readings: what each counter shows today, by id of the register, before the multiplier. [Wh, varh or W]
    :returns: whether it was done now; False: this request did it before.
    :raises NotReRead: the order is of another kind, or names no service point.
    :raises InvalidReRead: a counter has no reading, or one is named that does not hang there.
    :raises ReadRefused: a reading does not fit.
    :raises TooMuchAlone: it contradicts so much that two decide, and who reports ordered it or is not of its crew.
    :raises NotYourOrder: the order belongs to another crew; IllegalMove: it is not started.
    """
    about = _lock_about(work_order_id, today)
    row = work_moves.lock(work_order_id)
    if work_moves.is_repeat(row, request_key):
        return False
    work_moves.check_crew(row, actor)
    WORKFLOW.step(WorkState(row.state), WorkAction.FINISH, actor)
    if row.kind != WorkKind.RE_READ or row.service_point_id is None:
        raise NotReRead(f"Work order {work_order_id} reads no meter of a place.")
    counters = _checked(row.service_point_id, readings, today)
    settled = about is not None and _settle_before(about, readings, today, actor)
    if about is not None and settled and not _is_witness(row, actor):
        read_changes.check_alone(row=about, today=today)
    for counter in counters:
        reads.keep(
            serial=counter.serial, register=counter.code, read_date=today, reading_wh=readings[counter.register_id],
            kind=ReadKind.ACTUAL.value, actor=actor, today=today,
        )  # fmt: skip
    _keep_photos(row, counters, today, actor)
    if about is not None and not settled:
        _settle_after(about, readings, today, actor)
    return work_orders.finish_step(
        work_order_id=work_order_id, outcome=Outcome.DONE, answers=answers, note=note, actor=actor,
        request_key=request_key,
    )  # fmt: skip


def _lock_about(work_order_id: int, today: date) -> UsageException | None:
    """Lock places and counters that the order is about, and return its exception, before the order is locked."""
    order = WorkOrder.objects.filter(id=work_order_id).values_list("subject", "subject_id", "service_point_id").first()
    if order is None:
        return None
    subject, exception_id, point = order
    about = UsageException.objects.filter(
        id__in=[exception_id] if subject == SUBJECT and exception_id is not None else []
    )
    serials = set(about.values_list("register__meter__serial", flat=True))
    if point is not None:
        serials |= {counter.serial for counter in re_reads.counters(service_point_id=point, on=today)}
    points = {*about.values_list("service_point_id", flat=True), *([] if point is None else [point])}
    resolver.lock_meters(serials, service_point_ids=points)
    return exceptions.lock(exception_id) if subject == SUBJECT else None


def _checked(service_point_id: int, readings: Mapping[int, int], today: date) -> tuple[CounterHere, ...]:
    counters = re_reads.counters(service_point_id=service_point_id, on=today)
    findings = Findings()
    for counter in counters:
        if counter.register_id not in readings:
            message = f"The reading of register {counter.code} of meter {counter.serial} is missing."
            findings.add(f"reading_{counter.register_id}", "reading_missing", message)
    for register_id in sorted(readings.keys() - {counter.register_id for counter in counters}):
        findings.add(f"reading_{register_id}", "unknown_register", "This counter does not hang there.")
    findings.raise_if_any(InvalidReRead)
    return counters


def _is_witness(row: WorkOrder, actor: Actor) -> bool:
    """Return whether who reports is of the crew and did not order the visit: then two stand for what is read."""
    is_of_crew = row.crew_id is not None and crews.of_user(user_id=actor.id) == row.crew_id
    return is_of_crew and not audit.has_done(actor, "create", work_moves.SUBJECT, row.id)


def _keep_photos(row: WorkOrder, counters: tuple[CounterHere, ...], today: date, actor: Actor) -> None:
    """Let the photos of the order stand beside the readings; two statements."""
    registers = {f"now_{counter.register_id}": counter.register_id for counter in counters}
    taken = WorkPhoto.objects.filter(work_order=row, item__in=registers).values_list("item", "document_id")
    ReadPhoto.objects.bulk_create(
        [
            ReadPhoto(
                register_id=registers[item], read_date=today, document_id=document_id, work_order_id=row.id,
                actor_id=actor.id,
            )
            for item, document_id in taken
        ],
        ignore_conflicts=True,
    )  # fmt: skip


def _settle_before(row: UsageException, readings: Mapping[int, int], today: date, actor: Actor) -> bool:
    """
    Set anew what the reading contradicts; return whether that was done.

    An estimate of ours contradicts nothing: it gives way when the reading is kept.
    """
    counter, shown = _counter(row, today), Shown(today.toordinal(), readings.get(row.register_id, 0))
    if counter is None or counter.held_wh is None or counter.held_is_ours or row.register_id not in readings:
        return False
    held, last = Shown(exceptions.doubted(row).read_date.toordinal(), counter.held_wh), counter.certain
    if counter.is_possible(held, shown) or last is None or not counter.is_possible(last, shown):
        return False
    if counter.after is not None and counter.after.day < shown.day:
        return False
    _lower(counter, last, shown, actor)
    return _prorate(row, counter, last, shown, actor)


def _lower(counter: Counter, last: Shown, shown: Shown, actor: Actor) -> None:
    """Bring estimates of ours before what is contradicted down to even parts of the reading, the first one first."""
    for one in reversed([] if counter.may_run_backward else counter.before):
        made = _even(counter, last, shown, one.day) if one.day > last.day else None
        # Those below stay: they fit, and are dealt anew when the reading is kept.
        if made is not None and _since(counter, last, made) < _since(counter, last, one.reading_wh):
            reads.keep(
                serial=counter.serial, register=counter.code, read_date=date.fromordinal(one.day), reading_wh=made,
                kind=ReadKind.ESTIMATED.value, method=Method.PRORATION.value, actor=actor,
                today=date.fromordinal(shown.day),
            )  # fmt: skip


def _since(counter: Counter, last: Shown, reading_wh: int) -> int:
    """Return what the dial counted from one value to another, over its end too. [Wh or varh]"""
    return (reading_wh - last.reading_wh) % (int(10**counter.digits) * WH_PER_KWH)


def _even(counter: Counter, last: Shown, shown: Shown, on_day: int) -> int | None:
    """Return an even part between two values."""
    facts = CounterFacts(
        on_day=on_day, digits=counter.digits, multiplier=counter.multiplier, before=(last,), after=shown,
        may_run_backward=counter.may_run_backward,
    )  # fmt: skip
    made = guess(facts=facts, methods=[Method.PRORATION])
    return None if made is None else made.reading_wh


def _settle_after(row: UsageException, readings: Mapping[int, int], today: date, actor: Actor) -> None:
    """Deal what is missing before the reading, or accept what it bears out, where its cause is not gone by itself."""
    row.refresh_from_db()
    reading = readings.get(row.register_id)
    # A largest demand begins anew each month: another reading says nothing about it.
    if row.state != ExceptionState.OPEN or reading is None or row.register.quantity == Quantity.DEMAND:
        return
    counter = _counter(row, today)
    # What we estimated was dealt anew when the reading was kept, so the value before is never above it.
    if counter is not None and counter.held_wh is None and counter.before:
        _prorate(row, counter, counter.before[0], Shown(today.toordinal(), reading), actor)
    elif row.code in ACCEPTABLE:
        exceptions.accept_step(exception_id=row.id, reason=_told(today, reading), actor=actor)


def _counter(row: UsageException, today: date) -> Counter | None:
    """Return the counter whose value before today an open exception doubts or misses; None: it is about none."""
    doubted = exceptions.doubted(row)
    if row.state != ExceptionState.OPEN or doubted.is_interval or Act.ESTIMATE not in doubted.acts():
        return None
    on = doubted.read_date
    if on >= today:
        return None
    return estimation_facts.counter(service_point_id=row.service_point_id, register_id=row.register_id, on=on)


def _prorate(row: UsageException, counter: Counter, last: Shown, shown: Shown, actor: Actor) -> bool:
    """Put an even part between two values in the place of what is doubted; return whether that was done."""
    if counter.after is not None and counter.after.day < shown.day:
        return False
    made = _even(counter, last, shown, exceptions.doubted(row).read_date.toordinal())
    if made is None:
        return False
    today = date.fromordinal(shown.day)
    read_changes.settle_step(
        row=row, counter=counter, after_wh=made, reason=_told(today, shown.reading_wh), today=today,
        actor=actor,
    )  # fmt: skip
    return True


def _told(today: date, reading_wh: int) -> str:
    """Return what was read, as it stands as a reason in any language: 2026-02-10: 1020.000."""
    return f"{today}: {reading_wh // 1_000}.{reading_wh % 1_000:03d}"
