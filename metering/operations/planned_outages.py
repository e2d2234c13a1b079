"""
Outages that are planned: proposed with the notice to those whom they leave in the dark, announced when that is let go.

The notice is a mailing: above the pack's bound a second person lets it go. What is moved or called off afterwards is
told to the same people at once.
"""

from datetime import datetime

import numpy as np
import structlog
from django.utils import timezone

from accounts.domain.announcements import MailingDecided
from accounts.domain.mailing import NewMailing
from accounts.operations import mailings
from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.errors import Findings, Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit
from cis.platform.db import joins_transaction, locked_row, opens_transaction
from metering.domain import planned_outages as rules
from metering.domain.network import Asset
from metering.domain.outages import Cause, OutageAction, Scope
from metering.domain.planned_outages import (
    PLANNERS,
    SUBJECT,
    WORKFLOW,
    NewPlan,
    Notice,
    PlanAction,
    PlanState,
)
from metering.models.outage import Outage, PlannedOutage, PlannedOutageMove
from metering.operations import outage_rows
from metering.queries import outage_places
from metering.queries import planned_outages as queries
from metering.queries.planned_outages import UnknownPlan

log = structlog.get_logger(__name__)
WORK = "planned_outages"
LINK = "/portal/power"


class BadPlan(Refused):
    """The planned outage has faults; ``detail["findings"]`` names them."""

    code = "bad_planned_outage"


class ReasonMissing(Refused):
    """Nobody said why."""

    code = "reason_missing"


class NothingToSwitch(Refused):
    """No supply hangs on it."""

    code = "nothing_hangs_there"


@opens_transaction
def propose(*, new: NewPlan, actor: Actor) -> int:
    """
    Propose a planned outage, with the mailing that announces it; return its id. Nobody is told before that is let go.

    Where nobody lives, nobody is told, and it is announced at once.

    :raises BadPlan: times or texts are wrong.
    :raises ShortNotice: people would hear of it too late.
    :raises NothingToSwitch: no supply hangs on it.
    :raises TooMany: more people live there than a mailing may have.
    :raises NotAllowed: the actor may not plan.
    """
    if not actor.is_one_of(PLANNERS):
        raise NotAllowed(f"{actor.name} may not plan outages.", advice="Ask the metering team.")
    at = timezone.now()
    findings = Findings()
    rules.check_plan(new, at=at, findings=findings)
    findings.raise_if_any(BadPlan)
    rules.refuse_if_short(notice=new.notice, start_at=new.start_at, at=at, rule=queries.rule(at=_day(at)))
    points = queries.hanging(asset=new.asset, asset_id=new.asset_id)
    if not points:
        raise NothingToSwitch("No supply hangs on it.", field="asset")
    column = "transformer_id" if new.asset == Asset.TRANSFORMER else "feeder_id"
    row = PlannedOutage.objects.create(
        asset=new.asset, notice=new.notice.value, start_at=new.start_at, end_at=new.end_at, work=new.work.strip(),
        reason=new.reason.strip(), supplies=len(points), actor_id=actor.id, actor_name=actor.name[:150],
        **{column: new.asset_id},
    )  # fmt: skip
    _note(row, "propose", actor, note=new.reason)
    people = outage_places.people(service_point_ids=points, on=_day(new.start_at))
    by_customer = {one.customer_id: one.account_id for one in sorted(people, key=lambda one: -one.account_id)}
    if not by_customer:
        _announce(row, actor)
        return row.id
    row.mailing_id = mailings.propose_step(
        new=_mailing(row, "outage_planned", {**_times(row), "work": row.work}),
        account_ids=np.asarray(list(by_customer.values()), dtype=np.int64),
        customer_ids=np.asarray(list(by_customer), dtype=np.int64), chosen_by={}, actor=actor,
    )  # fmt: skip
    row.save(update_fields=["mailing_id"])
    return row.id


@joins_transaction
def note_mailing(told: MailingDecided) -> None:
    """
    Hear that a notice was let go: its outage is announced, if that is still early enough; or that it was dropped.

    :raises ShortNotice: it was let go too late; it stays as it was.
    """
    found = PlannedOutage.objects.select_for_update().filter(mailing_id=told.mailing_id).first()
    if found is None or found.state != PlanState.PROPOSED:
        return
    if not told.is_let_go:
        _move(found, PlanAction.CANCEL, told.actor)
        return
    at = timezone.now()
    rule = queries.rule(at=_day(at))
    rules.refuse_if_short(notice=Notice(found.notice), start_at=found.start_at, at=at, rule=rule)
    _announce(found, told.actor)


@opens_transaction
def move(
    *, plan_id: int, start_at: datetime, end_at: datetime, reason: str, is_emergency: bool, actor: Actor
) -> None:  # fmt: skip
    """
    Move an announced outage to another time; the same people are told at once.

    :param is_emergency: it cannot wait for the notice that it would need; the reason says why.
    :raises UnknownPlan, IllegalMove, NotAllowed: there is none; it is not announced; the actor may not.
    :raises BadPlan: the times are wrong.
    :raises ReasonMissing: nobody said why.
    :raises ShortNotice: people would hear of it too late.
    """
    row = _lock(plan_id)
    at = timezone.now()
    findings = Findings()
    rules.check_times(start_at=start_at, end_at=end_at, at=at, findings=findings)
    findings.raise_if_any(BadPlan)
    if not reason.strip():
        raise ReasonMissing("Say why it is moved.", field="reason")
    notice = Notice.EMERGENCY if is_emergency else Notice(row.notice)
    if notice is not Notice.EMERGENCY:
        rules.refuse_if_short(notice=notice, start_at=start_at, at=at, rule=queries.rule(at=_day(at)))
    before = _clock(row.start_at)
    row.start_at, row.end_at = start_at, end_at
    _move(row, PlanAction.MOVE, actor, note=reason)
    _tell(row, "outage_moved", {"before": before, **_times(row), "reason": reason.strip()}, actor)


@opens_transaction
def cancel(*, plan_id: int, reason: str, actor: Actor) -> None:
    """
    Call a planned outage off; those who were told of it are told at once.

    :raises UnknownPlan, IllegalMove, NotAllowed: there is none; it is on or over; the actor may not.
    :raises ReasonMissing: nobody said why.
    """
    row = _lock_with_mailing(plan_id)
    if not reason.strip():
        raise ReasonMissing("Say why it is called off.", field="reason")
    if not actor.is_one_of(PLANNERS):
        raise NotAllowed(f"{actor.name} may not call outages off.", advice="Ask the metering team.")
    was_announced = row.state == PlanState.ANNOUNCED
    _move(row, PlanAction.CANCEL, actor, note=reason)
    if was_announced:
        _tell(row, "outage_called_off", {"start": _clock(row.start_at), "reason": reason.strip()}, actor)
    elif row.mailing_id is not None:
        mailings.drop_step(mailing_id=row.mailing_id, actor=actor)


@opens_transaction
def begin(*, plan_id: int, actor: Actor) -> int:
    """
    Switch off: the outage is on from now, with the supplies as the network has them; return it.

    :raises UnknownPlan, IllegalMove: there is none; it is not announced.
    """
    row = _lock(plan_id)
    _move(row, PlanAction.BEGIN, actor)
    at = timezone.now()
    scope = Scope.TRANSFORMER if row.asset == Asset.TRANSFORMER else Scope.FEEDER
    points = queries.hanging(asset=row.asset, asset_id=row.transformer_id or row.feeder_id or 0)
    if not points:
        raise NothingToSwitch("No supply hangs on it.")
    outage = outage_rows.make_step(
        scope=scope, position=outage_places.position(service_point_id=points[0]), began_at=at, plan_id=row.id,
        is_kept=True,
    )  # fmt: skip
    outage.cause, outage.expected_back_at = Cause.WORKS.value, row.end_at
    outage_rows.move(outage, OutageAction.CONFIRM, actor=SYSTEM)
    return outage.id


@joins_transaction
def note_restored(outage: Outage, *, actor: Actor) -> None:
    """Note that a planned outage is over, since current flows again."""
    if outage.plan_id is not None:
        row = _lock(outage.plan_id)
        if row.state == PlanState.ON:
            _move(row, PlanAction.END, actor)


def work(at: datetime) -> None:
    """
    Let planned outages begin whose time has come: what falls due by the clock.

    One that cannot begin keeps none of the others; one on which nothing hangs any more does not take place.
    """
    due = PlannedOutage.objects.filter(state=PlanState.ANNOUNCED.value, start_at__lte=at).order_by("id")
    for plan_id in list(due.values_list("id", flat=True)):
        try:
            begin(plan_id=plan_id, actor=SYSTEM)
        except NothingToSwitch as refusal:
            _give_up(plan_id, refusal.message)
        except Refused as refusal:
            log.warning("planned_outage_waits", plan=plan_id, code=refusal.code, message=refusal.message)


@opens_transaction
def _give_up(plan_id: int, reason: str) -> None:
    _move(_lock(plan_id), PlanAction.CANCEL, SYSTEM, note=reason)


def _announce(row: PlannedOutage, actor: Actor) -> None:
    row.announced_at = timezone.now()
    _move(row, PlanAction.ANNOUNCE, actor)


def _tell(row: PlannedOutage, event: str, facts: dict[str, str], actor: Actor) -> None:
    """Tell those who were told of it what became of it."""
    if row.mailing_id is not None:
        row.told_id = mailings.follow_step(mailing_id=row.mailing_id, new=_mailing(row, event, facts), actor=actor)
        row.save(update_fields=["told_id"])


def _mailing(row: PlannedOutage, event: str, facts: dict[str, str]) -> NewMailing:
    title = f"{queries.asset_name(row.asset, row.transformer_id, row.feeder_id)} {_clock(row.start_at)}"
    return NewMailing(title=title[-100:], event=event, words={}, facts={**facts, "link": LINK})


def _times(row: PlannedOutage) -> dict[str, str]:
    return {"start": _clock(row.start_at), "end": _clock(row.end_at)}


def _move(row: PlannedOutage, action: PlanAction, actor: Actor, note: str = "") -> None:
    row.state = WORKFLOW.step(PlanState(row.state), action, actor).to.value
    row.save()
    _note(row, action.value, actor, note=note)


def _note(row: PlannedOutage, action: str, actor: Actor, *, note: str) -> None:
    PlannedOutageMove.objects.create(
        plan=row, action=action, start_at=row.start_at, end_at=row.end_at, note=note.strip(), actor_id=actor.id,
        actor_name=actor.name[:150],
    )  # fmt: skip
    audit.record(actor, action, SUBJECT, row.id, state=row.state)


def _lock_with_mailing(plan_id: int) -> PlannedOutage:
    """Lock a plan and, before it, its mailing: who lets that go does so in the same order."""
    mailing_id = PlannedOutage.objects.filter(id=plan_id).values_list("mailing_id", flat=True).first()
    if mailing_id is not None:
        mailings.lock_step(mailing_id=mailing_id)
    return _lock(plan_id)


def _lock(plan_id: int) -> PlannedOutage:
    row = locked_row(PlannedOutage, plan_id)
    if row is None:
        raise UnknownPlan(f"There is no planned outage {plan_id}.", plan_id=plan_id)
    return row


def _clock(at: datetime) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}"


_day = timezone.localdate
