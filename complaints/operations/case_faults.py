"""
Fault reports that come as cases: what is wrong with the supply is told to who sends crews, in the same transaction.

The case has its own clocks and its answer; the outage that it belongs to has those of arrival and restoration.
"""

from datetime import datetime
from typing import Final

from django.utils import timezone

from cis.kernel.actors import Actor
from cis.platform.db import joins_transaction
from complaints.domain.kinds import CaseChannel, CaseKind
from complaints.domain.rules import CaseRules
from complaints.models.case import Case
from complaints.models.work import CaseLink
from metering.domain.meter_alarms import LATE_MOST
from metering.domain.outages import (
    NAME_MOST,
    NOTE_MOST,
    PHONE_MOST,
    REPORTERS,
    FaultChannel,
    FaultKind,
    NewReport,
)
from metering.operations import outages
from metering.queries import outage_places

CHANNELS: Final = {
    CaseChannel.PHONE: FaultChannel.PHONE, CaseChannel.PORTAL: FaultChannel.PORTAL, CaseChannel.API: FaultChannel.API,
}  # fmt: skip


@joins_transaction
def lock_step(row: Case, *, rules: CaseRules, at: datetime, actor: Actor) -> None:
    """Wait, for a case that is about to be reported, until nobody else decides what is dark where it is."""
    if row.service_point_id is not None and _fault(row, rules, at, actor) is not None:
        outages.lock_step(service_point_id=row.service_point_id)


@joins_transaction
def report_step(row: Case, *, rules: CaseRules, at: datetime, actor: Actor) -> int | None:
    """Report the fault that a case is about, once, and link the report; return its id, None where there is none."""
    fault = _fault(row, rules, at, actor)
    if fault is None:
        return None
    new = NewReport(
        kind=fault,
        channel=CHANNELS.get(CaseChannel(row.channel), FaultChannel.DESK),
        service_point_id=row.service_point_id,
        account_id=row.account_id,
        name=row.caller_name[:NAME_MOST],
        phone=row.caller_phone[:PHONE_MOST],
        note="" if _is_about_somebody(row) else row.text[:NOTE_MOST],
        request_key=_key(row),
    )
    report_id = outages.report_step(new=new, actor=actor).report_id
    CaseLink.objects.get_or_create(case_id=row.id, fault_report_id=report_id, defaults={"at": at})
    return report_id


@joins_transaction
def withhold_step(row: Case) -> None:
    """Take away from the report of a case, and from the crew's order, what is said of somebody of ours."""
    if _is_about_somebody(row):
        outages.withhold_step(request_key=_key(row))


def _fault(row: Case, rules: CaseRules, at: datetime, actor: Actor) -> FaultKind | None:
    """
    Return the fault that a case is about; None: no crew is asked for.

    That is so of other kinds and classes, where no supply is known, where the place keeps no outages, and of a case
    that is older than an alarm may be: who was dark then is not known to be dark.
    """
    found = rules.classes.get(row.class_code)
    if found is None or CaseKind(row.kind) is not CaseKind.FAULT or row.service_point_id is None:
        return None
    if row.taken_at < at - LATE_MOST or not actor.is_one_of(REPORTERS):
        return None
    return found.fault if outage_places.is_offered(at=timezone.localdate(at)) else None


def _is_about_somebody(row: Case) -> bool:
    """Return whether what is said is of somebody of ours, and for nobody else to read."""
    return row.about_team_id is not None or row.about_user_id is not None


def _key(row: Case) -> str:
    return f"case:{row.id}"
