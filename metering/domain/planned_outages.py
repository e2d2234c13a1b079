"""Outages that are planned: their notice, their states, and what becomes of them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cis.kernel.actors import ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Findings, Refused
from cis.kernel.workflow import ANYONE, Move, Workflow

SUBJECT = "planned_outage"
WORK_MOST = 200
REASON_MOST = 300
MINUTE = timedelta(minutes=1)


class Notice(StrEnum):
    """
    How long before it customers hear of it.

    PLANNED    works that are planned
    TEMPORARY  repairs that do not wait so long
    EMERGENCY  cannot wait for any notice; somebody says why
    """

    PLANNED = "planned"
    TEMPORARY = "temporary"
    EMERGENCY = "emergency"


class PlanState(StrEnum):
    """
    States of a planned outage.

    PROPOSED   its notice waits to be let go
    ANNOUNCED  the people were told
    ON         it is dark
    DONE       current flows again
    CANCELLED  it does not take place
    """

    PROPOSED = "proposed"
    ANNOUNCED = "announced"
    ON = "on"
    DONE = "done"
    CANCELLED = "cancelled"


class PlanAction(StrEnum):
    """What is done with a planned outage."""

    ANNOUNCE = "announce"
    MOVE = "move"
    CANCEL = "cancel"
    BEGIN = "begin"
    END = "end"


class ShortNotice(Refused):
    """The people would hear of it too late."""

    code = "short_notice"


PLANNERS: frozenset[Role | ActorKind] = frozenset((Role.METERING, Role.SUPERVISOR))
_S, _A = PlanState, PlanAction
WORKFLOW = Workflow(
    "planned outage",
    {
        # Who lets the mailing go is decided by the mailing's own rule: a second person above the bound.
        (_S.PROPOSED, _A.ANNOUNCE): Move(_S.ANNOUNCED, ANYONE),
        (_S.PROPOSED, _A.CANCEL): Move(_S.CANCELLED, ANYONE),
        (_S.ANNOUNCED, _A.MOVE): Move(_S.ANNOUNCED, PLANNERS),
        (_S.ANNOUNCED, _A.CANCEL): Move(_S.CANCELLED, frozenset({ActorKind.SYSTEM, *PLANNERS})),
        (_S.ANNOUNCED, _A.BEGIN): Move(_S.ON, frozenset({ActorKind.SYSTEM, *PLANNERS})),
        (_S.ON, _A.END): Move(_S.DONE, ANYONE),
    },
)
COMING = (PlanState.ANNOUNCED,)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRule:
    """The pack's rule ``planned_outages``: hours between the notice and the outage, by its kind."""

    planned_hours: int
    temporary_hours: int

    def hours_of(self, notice: Notice) -> int:
        """Return how many hours before people must hear of it; 0: at any time."""
        return {Notice.PLANNED: self.planned_hours, Notice.TEMPORARY: self.temporary_hours}.get(notice, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPlan:
    """
    A planned outage to be.

    asset, asset_id  the transformer or feeder that is switched off
    work             what is done there, in words for customers
    reason           why it cannot wait, for an emergency
    """

    asset: str
    asset_id: int
    start_at: datetime
    end_at: datetime
    notice: Notice
    work: str
    reason: str = ""


def check_plan(new: NewPlan, *, at: datetime, findings: Findings) -> None:
    """Note what is wrong with a planned outage, looked at alone."""
    check_times(start_at=new.start_at, end_at=new.end_at, at=at, findings=findings)
    if not 1 <= len(new.work.strip()) <= WORK_MOST:
        findings.add("work", "bad_work", f"Say what is done, in 1 to {WORK_MOST} characters.")
    if len(new.reason) > REASON_MOST:
        findings.add("reason", "long_text", f"It has at most {REASON_MOST} characters.")
    if new.notice is Notice.EMERGENCY and not new.reason.strip():
        findings.add("reason", "reason_missing", "Say why it cannot wait.")


def check_times(*, start_at: datetime, end_at: datetime, at: datetime, findings: Findings) -> None:
    """Note what is wrong with the time of an outage."""
    if start_at <= at:
        findings.add("start", "past_start", "It begins in the future.")
    if end_at <= start_at:
        findings.add("end", "bad_end", "It ends after it began.")


def refuse_if_short(*, notice: Notice, start_at: datetime, at: datetime, rule: NoticeRule) -> None:
    """
    Do nothing where people hear of an outage early enough.

    :raises ShortNotice: they would not.
    [source: 电力供应与使用条例 第二十八条: 因供电设施计划检修需要停电时, 供电企业应当提前7天通知用户或者进行公告;
    因供电设施临时检修需要停止供电时, 供电企业应当提前24小时通知重要用户]
    """
    hours = rule.hours_of(notice)
    if start_at - at < timedelta(hours=hours):
        message = f"People hear of it at least {hours} hours before, and it begins in {_hours(start_at - at)}."
        raise ShortNotice(message, advice="Choose a later time, or say why it cannot wait.", field="start")


def _hours(span: timedelta) -> str:
    return f"{max(span // timedelta(hours=1), 0)} h"
