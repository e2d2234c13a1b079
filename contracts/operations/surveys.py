"""
The report of a site survey: one use case from the phone to the application.

It finishes the work order, makes the service points of what is new, reserves the capacity of all supplies and moves the
application; if one of these is refused, nothing of it happens and the surveyor is told why.
"""

from collections.abc import Mapping
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from cis.kernel.actors import SYSTEM, Actor
from cis.platform import audit
from cis.platform.db import joins_transaction, opens_transaction
from contracts.domain import survey as rules
from contracts.domain.announcements import ApplicationMoved
from contracts.domain.application_workflow import (
    SUBJECT,
    WITH_METERS,
    WORKFLOW,
    ApplicationAction,
    ApplicationState,
)
from contracts.domain.survey import NewReport, Room, Supply
from contracts.models.application import ApplicationMessage, ServiceApplication
from contracts.models.survey import SurveyPlacement, SurveyReport
from contracts.operations import application_moves, application_notices, applications
from contracts.operations.applications import PointMissing
from contracts.queries import surveys
from contracts.queries.surveys import Wish
from metering.domain.announcements import CapacityEnding
from metering.domain.network import Asset, SupplyMode
from metering.domain.places import NewPlace
from metering.domain.work_orders import Outcome, WorkKind
from metering.operations import capacity, network, work_orders
from metering.operations.capacity import Need
from metering.queries import network as network_queries

FREED_IN = frozenset({ApplicationState.WITHDRAWN, ApplicationState.REJECTED, ApplicationState.DOCUMENTED})
"""States in which an application holds no capacity: it ended, or is surveyed anew."""

ENDED_WITHOUT = frozenset({ApplicationState.WITHDRAWN, ApplicationState.REJECTED})
"""States in which what was planned for an application is not built."""

TEXTS = {
    "en": "The capacity for your supply is kept until {until}. Decide by then; afterwards others may take it.",
    "zh": "为您预留的供电容量保留至 {until}。请在此之前作出决定，逾期可能分配给其他用户。",
}
"""What who has not decided yet is written, in his language."""


@opens_transaction
def report(
    *, work_order_id: int, new: NewReport, answers: Mapping[str, str], note: str, request_key: str, at: datetime,
    today: date, actor: Actor,
) -> int:  # fmt: skip
    """
    Report a survey; the same request twice is one report.

    A place that cannot be supplied sends the application back to the desk, which tells the applicant or has it looked
    at again. A suspended application keeps the report with its places and capacity, and moves when it is resumed.

    :returns: id of the report.
    :raises InvalidSurvey: the report says too little.
    :raises BadAnswers: see ``work_orders.finish``, with its other refusals.
    :raises RoomMissing: the chosen supply points have no room for all; CapacityTaken: somebody else was faster.
    :raises IllegalMove, NotAllowed: see ``applications.report_survey_step``.
    """
    known = SurveyReport.objects.filter(work_order_id=work_order_id).first()
    wish = surveys.wish_of_order(work_order_id=work_order_id)
    rules.check(new, voltages=wish.voltages)
    is_new = work_orders.finish_step(
        work_order_id=work_order_id, outcome=new.verdict, answers=answers, note=note, actor=actor,
        request_key=request_key,
    )  # fmt: skip
    if not is_new:
        return known.id if known else SurveyReport.objects.get(work_order_id=work_order_id).id
    row = SurveyReport.objects.create(
        application_id=wish.application_id, work_order_id=work_order_id, verdict=new.verdict,
        reasons=[str(one) for one in new.reasons], works=new.works.strip(), note=note.strip(), made_at=at,
        actor_id=actor.id, actor_name=actor.name[:150],
    )  # fmt: skip
    audit.record(actor, "survey", SUBJECT, wish.application_id, verdict=new.verdict, report_id=row.id)
    application = application_moves.lock(wish.application_id)
    is_suspended = application.suspended_at is not None
    if new.verdict is Outcome.NOT_FEASIBLE:
        if is_suspended:
            WORKFLOW.step(ApplicationState(application.state), ApplicationAction.SEND_BACK, actor)
        else:
            _send_back(row, application, actor, at)
        return row.id
    points = _place(row, new, wish, today, actor)
    if is_suspended:
        applications.keep_points_step(row=application, points=points, actor=actor)
    else:
        applications.report_survey_step(application_id=wish.application_id, points=points, actor=actor, at=at)
    return row.id


@joins_transaction
def follow_resumed_step(row: ServiceApplication, *, actor: Actor, at: datetime) -> bool:
    """
    Let the report take effect that came while an application was suspended, once it is resumed.

    What it reserved may have passed meanwhile and is taken anew; where somebody else has it, it is surveyed anew.

    :returns: whether a report was waiting.
    """
    if row.state != ApplicationState.SURVEYING:
        return False
    report = SurveyReport.objects.filter(application=row, made_at__gte=row.state_since).order_by("-id").first()
    if report is None:
        return False
    if report.verdict == Outcome.NOT_FEASIBLE:
        _send_back(report, row, actor, at)
        return True
    try:
        with transaction.atomic():  # what is refused leaves nothing
            capacity.renew_step(subject=SUBJECT, subject_id=row.id, today=timezone.localdate(at), actor=actor)
    except (capacity.CapacityTaken, capacity.AssetUnfit) as refusal:
        reason = f"survey {report.id}: {refusal.message}"
        application_moves.go(row, ApplicationAction.SEND_BACK, actor=actor, at=at, reason=reason)
        return True
    application_moves.go(row, ApplicationAction.REPORT_SURVEY, actor=actor, at=at)
    return True


@opens_transaction
def report_points(*, application_id: int, points: Mapping[int, int], actor: Actor, at: datetime) -> None:
    """
    Report a survey that was made elsewhere: the service points are there, and what they need is reserved for them.

    The order of our own crew is dropped.

    :param points: of each item its service point; those left out keep the one that they have.
    :raises PointMissing: a supply has no service point, or one that hangs on no transformer or feeder.
    :raises CapacityTaken, AssetUnfit: where it hangs there is no room for it.
    :raises IllegalMove, NotAllowed, UnknownItem: see ``applications.report_survey_step``.
    """
    applications.report_survey_step(application_id=application_id, points=points, actor=actor, at=at)
    needs = [_need(one) for one in surveys.supplies_of(application_id=application_id) if one.more_w]
    if needs:
        today = timezone.localdate(at)
        capacity.reserve_all_step(
            needs=needs, subject=SUBJECT, subject_id=application_id, today=today, actor=actor
        )  # fmt: skip
    work_orders.withdraw_step(
        subject=SUBJECT, subject_id=application_id, reason="surveyed elsewhere", actor=actor, kind=WorkKind.SURVEY
    )


def _need(one: Supply) -> Need:
    """Return what a supply takes where its service point hangs."""
    if one.asset is None or one.service_point_id is None:
        raise PointMissing(
            f"The service point of supply {one.seq} hangs on no transformer or feeder.",
            advice="Enter where it hangs, or let our crew report the survey.",
        )
    return Need(
        asset=one.asset, asset_id=one.asset_id, capacity_w=one.more_w, voltage=one.voltage,
        service_point_id=one.service_point_id,
    )  # fmt: skip


@joins_transaction
def free_capacity(moved: ApplicationMoved) -> None:
    """Give back what an application holds, and drop what was planned for it, once that is not needed; a listener."""
    if moved.after in FREED_IN and moved.after != moved.before:
        capacity.release_step(subject=SUBJECT, subject_id=moved.application_id, actor=SYSTEM)
    if moved.after in ENDED_WITHOUT:
        network.drop_planned_step(
            service_point_ids=surveys.points_of(application_id=moved.application_id), actor=SYSTEM
        )


@joins_transaction
def hold_signed(moved: ApplicationMoved) -> None:
    """
    Hold the capacity of an application whose contract was signed for as long as the work may take; a listener.

    :raises CapacityTaken: the customer took so long that somebody else has it.
    """
    if moved.action is ApplicationAction.SIGN:
        today = timezone.localdate()
        capacity.renew_step(subject=SUBJECT, subject_id=moved.application_id, today=today, actor=SYSTEM)


@joins_transaction
def capacity_ending(told: CapacityEnding) -> None:
    """
    Renew what a signed application holds; write to who has not decided yet that it passes; a listener.

    He is told once for each last day, however many nights come before it.
    """
    if told.subject != SUBJECT:
        return
    row = application_moves.lock(told.subject_id)
    if row.state in WITH_METERS:
        capacity.renew_step(
            subject=SUBJECT, subject_id=row.id, today=told.today, actor=SYSTEM, takes_anew=False
        )  # fmt: skip
        return
    if row.state == ApplicationState.SURVEYING:
        return  # suspended with its report: he has nothing to decide on yet
    text = TEXTS["en" if row.language.startswith("en") else "zh"].format(until=told.until_date)
    if not row.messages.filter(text=text).exists():
        message = ApplicationMessage.objects.create(
            application=row, is_from_applicant=False, text=text, actor_name=SYSTEM.name
        )
        application_notices.tell_message_step(row, message, actor=SYSTEM)


def _send_back(report: SurveyReport, row: ServiceApplication, actor: Actor, at: datetime) -> None:
    reason = f"survey {report.id}: {report.verdict}: {', '.join(report.reasons)}"
    application_moves.go(row, ApplicationAction.SEND_BACK, actor=actor, at=at, reason=reason)


def _place(row: SurveyReport, new: NewReport, wish: Wish, today: date, actor: Actor) -> dict[int, int]:
    """Hang every supply on an asset with room, make its service point, reserve; return the points by item."""
    supplies = [_at(one, new.voltage) for one in wish.supplies]
    rooms = [_room(asset, asset_id, today) for asset, asset_id in new.assets]
    spread = rules.spread(supplies=supplies, rooms=rooms, rule=network_queries.rule_at(today))
    fresh = [one for one in supplies if one.service_point_id is None]
    made = network.plan_points_step(new=[_new_place(one, spread[one.item_id], wish) for one in fresh], actor=actor)
    points = {one.item_id: one.service_point_id or made[_name(one, wish)] for one in supplies}
    for one in supplies:
        if one.service_point_id is not None:
            room = spread[one.item_id]
            network.hang_step(
                service_point_id=one.service_point_id, asset=room.asset, asset_id=room.asset_id, voltage=one.voltage,
                actor=actor,
            )  # fmt: skip
    needs = [
        Need(
            asset=spread[one.item_id].asset, asset_id=spread[one.item_id].asset_id, capacity_w=one.more_w,
            voltage=one.voltage, service_point_id=points[one.item_id],
        )
        for one in supplies
        if one.more_w
    ]  # fmt: skip
    if needs:
        capacity.reserve_all_step(
            needs=needs, subject=SUBJECT, subject_id=wish.application_id, today=today, actor=actor
        )
    SurveyPlacement.objects.bulk_create(
        _placement(
            row, one, spread[one.item_id], points[one.item_id], rules.mode_of(voltage=one.voltage, chosen=new.mode)
        )
        for one in supplies
    )
    return points


def _at(one: Supply, voltage: str) -> Supply:
    """Return a supply at the voltage that the surveyor proposes."""
    if not voltage or voltage == one.voltage:
        return one
    return Supply(
        item_id=one.item_id, seq=one.seq, unit=one.unit, voltage=voltage, capacity_w=one.capacity_w,
        service_point_id=one.service_point_id, present_w=one.present_w,
    )  # fmt: skip


def _room(asset: Asset, asset_id: int, today: date) -> Room:
    if asset is Asset.TRANSFORMER:
        card = network_queries.transformer(transformer_id=asset_id, at=today)
    else:
        card = network_queries.feeder(feeder_id=asset_id, at=today)
    return Room(
        asset=asset, asset_id=asset_id, external_id=card.external_id, voltage=card.voltage, free_va=card.free_va
    )


def _name(one: Supply, wish: Wish) -> str:
    return f"{wish.number}-{one.seq + 1}"


def _new_place(one: Supply, room: Room, wish: Wish) -> NewPlace:
    is_transformer = room.asset is Asset.TRANSFORMER
    return NewPlace(
        service_point=_name(one, wish), premises=wish.premises or f"{wish.number}-P", address=wish.address,
        district=wish.district, postcode=wish.postcode, voltage=one.voltage, capacity_w=one.capacity_w,
        transformer=room.external_id if is_transformer else "", feeder="" if is_transformer else room.external_id,
    )  # fmt: skip


def _placement(row: SurveyReport, one: Supply, room: Room, point_id: int, mode: SupplyMode) -> SurveyPlacement:
    is_transformer = room.asset is Asset.TRANSFORMER
    return SurveyPlacement(
        report=row, item_id=one.item_id, service_point_id=point_id,
        transformer_id=room.asset_id if is_transformer else None, feeder_id=None if is_transformer else room.asset_id,
        voltage=one.voltage, phases=rules.phases_of(one.voltage), mode=mode,
    )  # fmt: skip
