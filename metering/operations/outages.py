"""
Reports of faults, and the outages that they make.

``report_step`` is the door for all who take a report in: the desk, the portal, other programs, and cases of customers
that are a fault. What a report makes known is decided at once, one report of a feeder at a time.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.utils import timezone

from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.errors import Findings, Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit
from cis.platform.db import fetch, joins_transaction, opens_transaction
from metering.domain import outages as rules
from metering.domain.outages import (
    DANGEROUS,
    DARK,
    EXCUSES,
    OPEN,
    REPORTERS,
    Answer,
    Group,
    NewReport,
    OutageAction,
    OutageRule,
    OutageState,
    Scope,
    Signal,
)
from metering.models.outage import FaultReport, Outage, OutageMove
from metering.models.work import WorkOrder
from metering.operations import outage_repairs, outage_rows, outage_starts, outage_telling
from metering.queries import dark_times, outage_places, outages
from metering.queries.outage_places import Known, Position

WIDER = tuple(Scope)
"""Scopes, the widest last."""
HANDED_ON_WITHIN = timedelta(minutes=10)
"""So long may the one transaction last in which a report is kept and its crew is sent."""


class BadReport(Refused):
    """The report cannot be kept; ``detail["findings"]`` says why."""

    code = "bad_fault_report"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """
    What came of a report, which is what its reporter is told.

    outage_id         where it belongs; None: it is dark for a reason that is known, and nobody is sent
    expected_back_at  when current flows again, as far as that was said
    plan_id           the planned outage that is on
    """

    report_id: int
    answer: Answer
    outage_id: int | None
    expected_back_at: datetime | None = None
    plan_id: int | None = None


@opens_transaction
def report(*, new: NewReport, actor: Actor) -> Reported:
    """Take in a report of a fault; see ``report_step``."""
    return report_step(new=new, actor=actor)


@joins_transaction
def report_step(*, new: NewReport, actor: Actor) -> Reported:
    """
    Take in a report of a fault as a step of a larger use case; the same request twice is one report.

    A supply that was cut off, or where a planned outage is on, is told so, and nobody is sent, unless there is danger.
    Else the report belongs to the open outage that the supply is in, or makes one: with the reports beside it, as
    ``domain.outages.gather`` says. A new outage sends a crew and starts its clocks.

    :returns: what the reporter is told.
    :raises OutagesNotOffered: the pack has no rule on outages.
    :raises BadReport: it names no place, or a text is too long.
    :raises UnknownServicePoint: there is no such supply.
    :raises NotAllowed: the actor may not report.
    """
    if not actor.is_one_of(REPORTERS):
        raise NotAllowed(f"{actor.name} may not report a fault.")
    findings = Findings()
    rules.check_report(new, findings=findings)
    findings.raise_if_any(BadReport)
    before = _reported_before(new)
    if before is not None:
        return _as_told(before)
    at = timezone.now()
    rule = outage_places.rule(at=timezone.localdate(at))
    if new.service_point_id is None:
        return _of_place(new, at, actor)
    position = outage_places.position(service_point_id=new.service_point_id)
    outage_rows.lock_network([position])
    known = _known(position, at)
    if known.answer in EXCUSES and new.kind not in DANGEROUS:
        return _excused(new, position, known, at, actor)
    answer = Answer.KNOWN if known.outage_id is not None else Answer.NEW
    row = _kept(new, position, answer, at, actor)
    outage, is_new = _belongs_to(row, position, known, rule)
    if not is_new:
        row.answer = Answer.KNOWN.value
    row.outage = outage
    row.save()
    _follow(outage, new, is_new=is_new, actor=actor)
    return _as_told(row)


@joins_transaction
def lock_step(*, service_point_id: int) -> None:
    """
    Let nobody else decide meanwhile what is dark where a supply hangs, as a step before others that hold much up.

    :raises UnknownServicePoint: there is no such supply.
    """
    outage_rows.lock_network([outage_places.position(service_point_id=service_point_id)])


@joins_transaction
def withhold_step(*, request_key: str) -> None:
    """
    Take away what a report says, wherever it was handed on: in the history of its outage, and in the crew's orders.

    What it began is known by its time and its words, since outages are joined and split; an order that came instead of
    one that was dropped has its words, too.
    """
    row = FaultReport.objects.select_for_update().filter(request_key=request_key).exclude(note="").first()
    if row is None:
        return
    then = (row.reported_at, row.reported_at + HANDED_ON_WITHIN)
    OutageMove.objects.filter(action=OutageAction.DANGER.value, note=row.note, at__range=then).update(note="")
    orders = WorkOrder.objects.filter(subject=rules.SUBJECT, facts__reason=row.note)
    begun = set(orders.filter(created_at__range=then).values_list("subject_id", flat=True))
    for order in orders.filter(subject_id__in=begun).select_for_update().order_by("id"):
        order.facts = {name: said for name, said in order.facts.items() if name != "reason"}
        order.save(update_fields=["facts"])
    row.note = ""
    row.save(update_fields=["note"])


def _reported_before(new: NewReport) -> FaultReport | None:
    """Return the report that the same request made before; another one with its key waits for it."""
    if not new.request_key:
        return None
    fetch("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"fault report {new.request_key}"])
    return FaultReport.objects.filter(request_key=new.request_key).first()


def _known(position: Position, at: datetime) -> Known:
    """Return what is known of a supply, its outage locked: one that a person ended meanwhile is none."""
    while True:
        known = outage_places.known(service_point_ids=[position.service_point_id], at=at)[position.service_point_id]
        if known.outage_id is None or known.answer is Answer.PLANNED or outage_rows.lock(known.outage_id).state in OPEN:
            return known


def near(positions: Collection[Position], at: datetime, minutes: int) -> tuple[tuple[Signal, int], ...]:
    """Return what was reported near supplies, see ``queries.outages.signals``; its outages are locked, and still so."""
    while True:
        found = outages.signals(positions=positions, since_at=at, minutes=minutes)
        homes = outage_rows.lock_many({outage_id for _, outage_id in found}).values()
        if all(one.state == OutageState.SUPPOSED and not one.is_kept for one in homes):
            return found


def _belongs_to(row: FaultReport, position: Position, known: Known, rule: OutageRule) -> tuple[Outage, bool]:
    """Return the outage of a report that was just kept, and whether it is new."""
    if known.outage_id is not None and known.answer is not Answer.PLANNED:
        outage = outage_rows.lock(known.outage_id)
        if row.kind in DARK:
            outage_rows.grown_dark_step(outage, at=row.reported_at)
        return outage, False
    if known.answer is Answer.PLANNED and (fault_id := dark_times.fault_at(service_point_id=position.service_point_id)):
        fault = outage_rows.lock(fault_id)  # the danger below a planned outage was reported before
        if fault.state in OPEN:
            return fault, False
    if row.kind not in DARK:
        return outage_rows.make_step(
            scope=Scope.SINGLE, position=position, began_at=row.reported_at, is_dark=False
        ), True
    if again := _dark_again(position, row.reported_at):
        return again, False
    signals = near([position], row.reported_at, rule.group_minutes)
    homes = {one.id: outage_id for one, outage_id in signals}
    own = Signal(
        id=row.id, service_point_id=position.service_point_id, transformer_id=position.transformer_id,
        feeder_id=position.feeder_id, at=row.reported_at,
    )  # fmt: skip
    groups = rules.gather([*(one for one, _ in signals), own], rule=rule)
    group = next(one for one in groups if own.id in one.signal_ids)
    return made_of(group, position, sorted({homes[one] for one in group.signal_ids if one in homes}))


def _dark_again(position: Position, at: datetime) -> Outage | None:
    """Return the open outage in which a supply had current again: it is dark once more, since now."""
    point_id = position.service_point_id
    last = dark_times.last_dark(service_point_ids=[point_id]).get(point_id)
    if last is None or not last.may_go_on:
        return None
    outage = outage_rows.lock(last.outage_id)
    if outage.state not in OPEN:
        return None
    outage_rows.again_step([(outage.id, point_id, at, None)])
    return outage


@joins_transaction
def made_of(group: Group, position: Position, homes: list[int]) -> tuple[Outage, bool]:
    """Return the outage that a group says: the oldest of those that it is made of, widened, or a new one."""
    if not homes:
        return outage_rows.make_step(scope=group.scope, position=position, began_at=group.began_at), True
    outage, *others = _standing(homes)
    if group.began_at < outage.began_at:
        outage_starts.begin_step(outage, at=group.began_at)
    for other in others:
        if dark_times.shares_supplies(outage_id=outage.id, other_id=other.id):
            continue  # a supply was back in between: it was dark twice
        outage_rows.join_step(into=outage, row=other, note="", actor=SYSTEM)
        outage_repairs.end_step(other, reason=f"outage {outage.id}")
    if WIDER.index(group.scope) > WIDER.index(Scope(outage.scope)):
        outage_rows.widen_step(outage, scope=group.scope, position=position, since=group.began_at)
        outage_rows.move(outage, OutageAction.WIDEN, actor=SYSTEM, note=group.scope.value)
        outage_repairs.place_step(outage)
        outage_telling.queue_step(outage_id=outage.id)
    return outage, False


def _standing(outage_ids: Collection[int]) -> list[Outage]:
    """Return outages, locked, in the order of their ids; of one that was joined meanwhile, where it goes on."""
    found: dict[int, Outage] = {}
    for outage_id in outage_ids:
        row = outage_rows.lock(outage_id)
        while row.joined_to_id is not None:
            row = outage_rows.lock(row.joined_to_id)
        found[row.id] = row
    return [row for _id, row in sorted(found.items())]


def _of_place(new: NewReport, at: datetime, actor: Actor) -> Reported:
    """Keep a report of a place that is no supply: it is an outage of its own, for a crew to look at."""
    row = _kept(new, None, Answer.NEW, at, actor)
    row.outage = outage_rows.make_step(
        scope=Scope.PLACE, position=None, began_at=at, address=new.address.strip(), district=new.district.strip()
    )
    row.save()
    _follow(row.outage, new, is_new=True, actor=actor)
    return _as_told(row)


def _follow(outage: Outage, new: NewReport, *, is_new: bool, actor: Actor) -> None:
    """Send a crew to a new outage; let everybody know where a report says that people are in danger."""
    if new.kind in DANGEROUS and not outage.is_dangerous:
        outage.is_dangerous = True
        outage_rows.move(outage, OutageAction.DANGER, actor=actor, note=new.note)
        if not is_new:
            outage_repairs.hurry_step(outage)
    if is_new:
        outage_repairs.send_step(outage, new=new)


def _excused(new: NewReport, position: Position, known: Known, at: datetime, actor: Actor) -> Reported:
    assert known.answer is not None  # the caller has seen that it is an excuse
    row = _kept(new, position, known.answer, at, actor)
    if known.answer is Answer.PLANNED:
        row.plan_id, row.outage_id = known.plan_id, known.outage_id
        row.save()
    return replace(_as_told(row), expected_back_at=known.plan_end_at if row.plan_id else None)


def _kept(new: NewReport, position: Position | None, answer: Answer, at: datetime, actor: Actor) -> FaultReport:
    row = FaultReport.objects.create(
        kind=new.kind.value, channel=new.channel.value, answer=answer.value, service_point_id=new.service_point_id,
        account_id=new.account_id, address=position.address if position else new.address.strip(),
        name=new.name.strip(), phone=new.phone.strip(), note=new.note.strip(), reported_at=at,
        request_key=new.request_key, actor_id=actor.id, actor_name=actor.name[:150],
    )  # fmt: skip
    audit.record(actor, "report", "fault_report", row.id, kind=new.kind, channel=new.channel)
    return row


def _as_told(row: FaultReport) -> Reported:
    return Reported(
        report_id=row.id, answer=Answer(row.answer), outage_id=row.outage_id, plan_id=row.plan_id,
        expected_back_at=row.outage.expected_back_at if row.outage else None,
    )  # fmt: skip
