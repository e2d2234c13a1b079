"""What binds the care of customers: who holds protected accounts, what is looked at each night."""

from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.utils import timezone

from accounts.domain.announcements import HolderChanged
from accounts.domain.surveys import SurveyEvent
from accounts.operations import care_plans, points, protections, segments, surveys, visit_events, visits
from accounts.operations.surveys import Source
from accounts.operations.visit_events import Met
from arrears.domain.announcements import SupplyRestored
from arrears.operations import holds
from arrears.queries import dark_supplies
from billing.domain.announcements import BillCancelled, PaymentTakenBack
from billing.operations.points_credits import PointsCredits
from billing.queries import first_bills, points_facts, segment_facts
from cis.kernel.actors import SYSTEM
from cis.kernel.calendar import local_clock
from cis.platform import events, jobs
from cis.platform.db import opens_transaction
from cis.platform.schedules import Daily, Every
from complaints.domain.announcements import CaseClosed
from complaints.domain.kinds import CaseKind
from contracts.domain.announcements import AgreementStarted
from contracts.queries import self_reads
from metering.domain.announcements import OutageEnded, WorkOrderCancelled, WorkOrderDone
from metering.domain.work_orders import WorkKind
from metering.operations import work_orders
from metering.queries import dark_times, outage_places

CARE_AT = time(6, 30)
"""When it is looked what is due for customers, before the desk opens."""


SEGMENTS_AT = time(5, 30)
"""When customers get their segments, before it is looked what is due for them."""

SURVEYS_EVERY = timedelta(minutes=15)
"""How often it is looked whom to ask how likely they recommend us."""
FRESH = timedelta(days=31)
"""A supply that began longer ago, as one that was loaded, is not asked about."""
FIRST_BILLS = "first_bill_surveys"


def bind() -> None:
    """Bind all; called once by ``cis.wiring``."""
    protections.hold_by(
        hold=holds.protect_step, lift=holds.unprotect_step, keep=holds.keep_step, renew=holds.renew_step
    )
    events.listen(HolderChanged, protections.note_holder)
    jobs.register(protections.WORK, protections.night, schedule=Daily(CARE_AT, settings.TIME_ZONE))
    _bind_points()
    _bind_visits()
    _bind_surveys()
    jobs.register(care_plans.WORK, care_plans.night, schedule=Daily(CARE_AT, settings.TIME_ZONE))
    segments.ask_buying(segment_facts.buying)
    jobs.register(segments.WORK, segments.night, schedule=Daily(SEGMENTS_AT, settings.TIME_ZONE))


def _bind_points() -> None:
    """Let points be earned by what the rooms of money and of meters know, spent on bills, and taken back."""
    points.earn_by("on_time", earned=points_facts.on_time, stands=points_facts.on_time_yet)
    points.earn_by("e_bill", earned=points_facts.e_bills, stands=points_facts.issued_yet)
    points.earn_by("self_read", earned=self_reads.earned)
    points.credit_by(PointsCredits())
    jobs.register(points.WORK, points.night, schedule=Daily(CARE_AT, settings.TIME_ZONE))
    events.listen(PaymentTakenBack, _note_return)
    events.listen(BillCancelled, _note_cancelled)


def _note_return(taken: PaymentTakenBack) -> None:
    points.look_again_step(account_id=taken.account_id, day=taken.returned_date)


def _note_cancelled(cancelled: BillCancelled) -> None:
    points.look_again_step(account_id=cancelled.account_id, day=cancelled.as_of_date)


def _bind_visits() -> None:
    """Let visits follow what happened, crews be sent, and their cases hear of them."""
    events.listen(AgreementStarted, _note_started)
    events.listen(SupplyRestored, _note_restored)
    events.listen(CaseClosed, _note_case)
    events.listen(OutageEnded, _note_outage)
    visits.order_by(order=_order_visit, withdraw=_withdraw_visit)
    events.listen(WorkOrderDone, _note_crew)
    events.listen(WorkOrderCancelled, _note_no_crew)
    jobs.register(visits.WORK, visits.night, schedule=Daily(CARE_AT, settings.TIME_ZONE))


def _bind_surveys() -> None:
    """Let questions follow what happened."""
    events.listen(CaseClosed, _ask_of_case)
    events.listen(OutageEnded, _ask_of_outage)
    jobs.register(FIRST_BILLS, _ask_of_first_bills, schedule=Daily(CARE_AT, settings.TIME_ZONE))
    jobs.register(surveys.WORK, surveys.work, schedule=Every(SURVEYS_EVERY))


def _ask_of_case(closed: CaseClosed) -> None:
    if closed.customer_id is not None:
        source = Source(source_id=closed.case_id, account_id=closed.account_id, customer_id=closed.customer_id)
        surveys.plan_step(event=SurveyEvent.CASE_CLOSED, sources=[source], at=closed.closed_at)


def _ask_of_outage(ended: OutageEnded) -> None:
    points = dark_times.of_outage(outage_id=ended.outage_id)
    people = dark_supplies.people(service_point_ids=points, on=timezone.localdate(ended.at))
    sources = {
        one.account_id: Source(source_id=ended.outage_id, account_id=one.account_id, customer_id=one.customer_id)
        for one in people
    }
    surveys.plan_step(event=SurveyEvent.OUTAGE_ENDED, sources=list(sources.values()), at=ended.at)


@opens_transaction
def _ask_of_first_bills(at: datetime) -> None:
    found = first_bills.issued_on(day=timezone.localdate(at) - timedelta(days=1))
    sources = [Source(source_id=bill_id, account_id=account_id) for bill_id, account_id in found]
    surveys.plan_step(event=SurveyEvent.FIRST_BILL, sources=sources, at=at)


def _note_started(started: AgreementStarted) -> None:
    visits.plan_step(
        event="supply_began", source_id=started.agreement_id, account_id=started.account_id, day=started.start_date,
        place_id=started.service_point_id,
    )  # fmt: skip
    begun_at = local_clock(settings.TIME_ZONE).day_start_utc(started.start_date)
    if timezone.now() - begun_at <= FRESH:
        source = Source(source_id=started.agreement_id, account_id=started.account_id)
        surveys.plan_step(event=SurveyEvent.SUPPLY_BEGAN, sources=[source], at=begun_at)


def _note_restored(restored: SupplyRestored) -> None:
    visits.plan_step(
        event="supply_restored", source_id=restored.order_id, account_id=restored.account_id, day=restored.day,
        place_id=restored.service_point_id,
    )  # fmt: skip


def _note_case(closed: CaseClosed) -> None:
    """Plan the visit after a complaint; what is said of somebody leaves no visit that they might be given."""
    if closed.kind is CaseKind.COMPLAINT and closed.account_id is not None and not closed.is_about_somebody:
        visits.plan_step(
            event="complaint_closed", source_id=closed.case_id, account_id=closed.account_id,
            day=timezone.localdate(closed.closed_at),
        )  # fmt: skip


def _note_outage(ended: OutageEnded) -> None:
    """Plan the visits after an outage; one that was announced has none."""
    day = timezone.localdate(ended.at)
    if ended.is_planned or not visit_events.is_followed(event="outage_ended", day=day):
        return
    points = dark_times.of_outage(outage_id=ended.outage_id)
    people = outage_places.people(service_point_ids=points, on=day)
    met = [Met(account_id=one.account_id, place_id=one.service_point_id) for one in people]
    visit_events.plan_many_step(event="outage_ended", source_id=ended.outage_id, met=met, day=day)


def _order_visit(*, visit_id: int, place_id: int, reason: str, due_date: date) -> int:
    return work_orders.create_step(
        kind=WorkKind.CUSTOMER_VISIT, subject=visits.SUBJECT, subject_id=visit_id, service_point_id=place_id,
        facts={"reason": reason} if reason else {}, due_date=due_date, actor=SYSTEM,
    )  # fmt: skip


def _withdraw_visit(visit_id: int) -> None:
    work_orders.withdraw_step(
        subject=visits.SUBJECT, subject_id=visit_id, reason="visit over", actor=SYSTEM, spares_started=True
    )


def _note_crew(done: WorkOrderDone) -> None:
    if done.subject == visits.SUBJECT:
        visits.crew_done_step(visit_id=done.subject_id)


def _note_no_crew(cancelled: WorkOrderCancelled) -> None:
    if cancelled.subject == visits.SUBJECT:
        visits.crew_cancelled_step(visit_id=cancelled.subject_id)
