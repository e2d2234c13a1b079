"""Made-up outages: one that goes on, made by alarms of meters and a call; one that ended; one that is planned."""

from datetime import date, datetime, timedelta

from accounts.operations import mailings
from accounts.queries import users
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from metering.domain.meter_alarms import AlarmKind, NewAlarm
from metering.domain.network import Asset
from metering.domain.outages import Cause, FaultChannel, FaultKind, NewReport
from metering.domain.planned_outages import NewPlan, Notice
from metering.operations import meter_alarms, outage_decisions, outages, planned_outages
from metering.queries import meters, network, outage_places
from metering.queries import planned_outages as plans
from metering.queries.network import Wanted

HOUR = timedelta(hours=1)
AHEAD = timedelta(days=9)
LEAST = 2
"""Supplies of a transformer that are one outage."""
WANTED = 3


def build(*, today: date, at: datetime) -> int:
    """Let it be dark at three transformers by the real doors; returns at how many, 0 where the rules have none."""
    if not outage_places.is_offered(at=today):
        return 0
    staff = {one.username: one.id for one in users.staff()}
    clerk = Actor(ActorKind.STAFF, staff["clerk"], "clerk", frozenset({Role.CLERK}))
    planner = Actor(ActorKind.STAFF, staff["metering"], "metering", frozenset({Role.METERING}))
    chosen = _transformers(today)
    for place, (transformer_id, points) in enumerate(chosen):
        serials = [row.serial for point in points for row in meters.hanging_at(service_point_id=point, on=today)]
        if place == 0:
            _goes_on(points, serials, at=at, clerk=clerk)
        elif place == 1:
            _alarm(serials, AlarmKind.POWER_OFF, at - 4 * HOUR)
            _alarm(serials, AlarmKind.POWER_ON, at - 2 * HOUR)
        else:
            start = (at + AHEAD).replace(minute=0, second=0, microsecond=0)
            new = NewPlan(
                asset=Asset.TRANSFORMER, asset_id=transformer_id, notice=Notice.PLANNED, start_at=start,
                end_at=start + 3 * HOUR, work="更换变压器",
            )  # fmt: skip
            plan_id = planned_outages.propose(new=new, actor=planner)
            mailing_id = plans.one(plan_id=plan_id).mailing_id
            if mailing_id is not None:
                mailings.approve(mailing_id=mailing_id, actor=clerk)
    return len(chosen)


def _transformers(today: date) -> list[tuple[int, tuple[int, ...]]]:
    """Return transformers of different feeders with the supplies that hang on them, those with most first."""
    cards = sorted(network.transformers(wanted=Wanted(), at=today, most=500), key=lambda one: (-one.points, one.id))
    found: dict[int, tuple[int, tuple[int, ...]]] = {}
    for card in cards:
        if card.feeder_id not in found and card.points >= LEAST and len(found) < WANTED:
            hanging = plans.hanging(asset=Asset.TRANSFORMER, asset_id=card.id)
            if len(hanging) >= LEAST:
                found[card.feeder_id] = (card.id, hanging)
    return list(found.values())


def _goes_on(points: tuple[int, ...], serials: list[str], *, at: datetime, clerk: Actor) -> None:
    _alarm(serials[:LEAST], AlarmKind.POWER_OFF, at - HOUR / 4)
    new = NewReport(
        kind=FaultKind.NO_POWER, channel=FaultChannel.PHONE, service_point_id=points[-1], name="李女士",
        note="整栋楼没电",
    )  # fmt: skip
    outage_id = outages.report(new=new, actor=clerk).outage_id
    if outage_id is not None:
        expected = (at + 2 * HOUR).replace(minute=0, second=0, microsecond=0)
        outage_decisions.confirm(
            outage_id=outage_id, cause=Cause.EQUIPMENT, expected_back_at=expected, note="", actor=clerk
        )


def _alarm(serials: list[str], kind: AlarmKind, at: datetime) -> None:
    if serials:
        meter_alarms.take(
            alarms=[NewAlarm(serial=serial, kind=kind, occurred_at=at) for serial in serials], actor=SYSTEM
        )
