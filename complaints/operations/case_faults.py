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
from metering.domain.outages import NAME_MOST, NOTE_MOST, PHONE_MOST, REPORTERS, FaultChannel, NewReport
from metering.operations import outages
from metering.queries import outage_places

CHANNELS: Final = {
    CaseChannel.PHONE: FaultChannel.PHONE, CaseChannel.PORTAL: FaultChannel.PORTAL, CaseChannel.API: FaultChannel.API,
}  # fmt: skip


@joins_transaction
def report_step(row: Case, *, rules: CaseRules, at: datetime, actor: Actor) -> int | None:
    """
    Report the fault that a case is about, once, and link the report; return its id, None where no crew is asked for.

    That is so of other kinds and classes, where no supply is known, and where the place keeps no outages.
    """
    found = rules.classes.get(row.class_code)
    is_fault = CaseKind(row.kind) is CaseKind.FAULT and found is not None and found.fault is not None
    if not is_fault or row.service_point_id is None or not actor.is_one_of(REPORTERS):
        return None
    if not outage_places.is_offered(at=timezone.localdate(at)):
        return None
    assert found is not None  # by what was asked above
    assert found.fault is not None
    # What is said of somebody of ours is for nobody else to read.
    is_open = row.about_team_id is None and row.about_user_id is None
    new = NewReport(
        kind=found.fault,
        channel=CHANNELS.get(CaseChannel(row.channel), FaultChannel.DESK),
        service_point_id=row.service_point_id,
        account_id=row.account_id,
        name=row.caller_name[:NAME_MOST],
        phone=row.caller_phone[:PHONE_MOST],
        note=row.text[:NOTE_MOST] if is_open else "",
        request_key=f"case:{row.id}",
    )
    report_id = outages.report_step(new=new, actor=actor).report_id
    CaseLink.objects.get_or_create(case_id=row.id, fault_report_id=report_id, defaults={"at": at})
    return report_id
