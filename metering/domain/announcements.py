"""What this room tells the rooms downstream; who listens stands in cis/wiring.py."""

from dataclasses import dataclass
from datetime import date, datetime

from cis.kernel.actors import Actor
from metering.domain.anomalies import AnomalyKind
from metering.domain.device_commands import Command, CommandState, Reading
from metering.domain.meter_alarms import AlarmAnswer, AlarmKind
from metering.domain.work_orders import Outcome, WorkKind


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageCorrected:
    """Usage that was approved before was replaced at some service points; ``from_date`` is the first date touched."""

    service_point_ids: tuple[int, ...]
    from_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionMade:
    """A correction was applied or undone: usage of a service point over [start_date, end_date) is another one."""

    correction_id: int
    service_point_id: int
    start_date: date
    end_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionEnded:
    """
    A correction counts no more, and what it came of is to be looked at anew.

    was_applied  it was undone; else it was dropped, and usage never held its energy
    reason       why it was undone; "": it was dropped
    """

    correction_id: int
    was_applied: bool
    reason: str
    at: datetime
    actor: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOrderStarted:
    """A crew is there and begins; the case that asked for it may have promised by when."""

    work_order_id: int
    kind: WorkKind
    subject: str
    subject_id: int
    at: datetime
    actor: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOrderDone:
    """
    A crew finished a work order.

    subject, subject_id  the case that asked for it
    outcome              one of ``work_orders.OUTCOMES`` of the kind
    done_date            local date on which it was finished
    """

    work_order_id: int
    kind: WorkKind
    subject: str
    subject_id: int
    outcome: Outcome
    premises_id: int | None
    service_point_id: int | None
    done_date: date
    actor: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOrderCancelled:
    """The desk dropped a work order; the case that asked for it must do without or order again."""

    work_order_id: int
    kind: WorkKind
    subject: str
    subject_id: int
    reason: str
    actor: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCommandDone:
    """
    A command to a meter came to an end: it succeeded, was refused, timed out, or was cancelled.

    subject, subject_id  the case that ordered it
    reason               why it was refused or cancelled, "" else
    readings             what the registers showed, for a command that reads
    is_late              it had timed out before, and that was told then
    """

    command_id: int
    meter_id: int
    command: Command
    subject: str
    subject_id: int
    outcome: CommandState
    at: datetime
    reason: str = ""
    readings: tuple[Reading, ...] = ()
    is_late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityEnding:
    """What a case reserved in the network passes after this last day, told each night of the two weeks before."""

    subject: str
    subject_id: int
    until_date: date
    today: date


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageEnded:
    """Current flows again everywhere where an outage had left it dark."""

    outage_id: int
    at: datetime
    is_planned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RaisedAlarm:
    """
    An alarm of which something comes by a rule of the place.

    answer      what: work is ordered by then; a case and a suspicion are made by who listens
    case_class  of the case; "": none
    serial, address, district, transformer  where it is of, in words
    """

    alarm_id: int
    kind: AlarmKind
    answer: AlarmAnswer
    case_class: str
    service_point_id: int
    serial: str
    address: str
    district: str
    transformer_id: int | None
    transformer: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmsDecided:
    """Something comes of alarms of meters of one batch, each once a meter, kind and so many days."""

    alarms: tuple[RaisedAlarm, ...]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AnomalySuspected:
    """Somebody wants the usage at a place inspected, because its load is unusual; ``words`` say what to look at."""

    anomaly_id: int
    service_point_id: int
    kind: AnomalyKind
    words: str
    actor: Actor
