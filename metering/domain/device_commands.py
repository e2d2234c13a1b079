"""Commands to meters: what may be ordered, the states of a command, and what a head end answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from cis.kernel.actors import ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.workflow import Move, Workflow

REASON_MOST = 200
ASKED_AFTER = (2, 5, 10, 30, 60, 120, 300)
"""After how many seconds a head end is asked for answers, time and again; the last one goes on."""


class Command(StrEnum):
    """
    What a meter is told to do.

    DEMAND_LIMIT  let through no more than a power, until an instant or until told otherwise; without a power: the
                  limit is lifted
    SYNC_TIME     set its clock by that of the head end
    """

    SWITCH_ON = "switch_on"
    SWITCH_OFF = "switch_off"
    READ_NOW = "read_now"
    DEMAND_LIMIT = "demand_limit"
    SYNC_TIME = "sync_time"


WITHIN: Mapping[Command, timedelta] = MappingProxyType(
    {
        Command.SWITCH_ON: timedelta(minutes=30),
        Command.SWITCH_OFF: timedelta(minutes=30),
        Command.READ_NOW: timedelta(minutes=30),
        Command.DEMAND_LIMIT: timedelta(minutes=10),
        Command.SYNC_TIME: timedelta(hours=6),
    }
)
"""How long a result is waited for, where the case that orders does not say it; house rule."""
WITHIN_MOST = timedelta(days=7)
LIMIT_W_MOST = 1_000_000_000
"""The largest limit of demand, 1 GW: more is a slip of the pen. [W]"""


class Switch(StrEnum):
    """Whether a meter lets energy through, as far as its last answer tells; UNKNOWN: it never answered."""

    UNKNOWN = "unknown"
    ON = "on"
    OFF = "off"


SWITCHING: Mapping[Command, Switch] = MappingProxyType({Command.SWITCH_ON: Switch.ON, Command.SWITCH_OFF: Switch.OFF})
"""What each command that switches leaves behind."""


class CommandState(StrEnum):
    """
    States of a command.

    QUEUED        ordered, not yet handed to the head end
    SENT          handed over, or being handed over
    ACKNOWLEDGED  the meter has it
    SUCCEEDED     the meter did it
    REFUSED       the meter did not do it, with a reason
    TIMED_OUT     no result came in time; a late one still counts
    CANCELLED     taken back before it was sent
    """

    QUEUED = "queued"
    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    SUCCEEDED = "succeeded"
    REFUSED = "refused"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"


class CommandAction(StrEnum):
    """
    What moves a command.

    PUT_BACK  the head end did not take it: it waits to be sent again, and may be cancelled
    EXPIRE    its time is over
    """

    SEND = "send"
    PUT_BACK = "put_back"
    ACKNOWLEDGE = "acknowledge"
    SUCCEED = "succeed"
    REFUSE = "refuse"
    EXPIRE = "expire"
    CANCEL = "cancel"


UNDER_WAY = (CommandState.QUEUED, CommandState.SENT, CommandState.ACKNOWLEDGED)
"""States in which an answer is still awaited."""
SWITCHERS: frozenset[Role | ActorKind] = frozenset((Role.METERING, Role.SUPERVISOR, ActorKind.CLIENT))
"""Who orders commands by hand; cases order them as their own steps say."""
CANCELLERS: frozenset[Role | ActorKind] = SWITCHERS | {ActorKind.SYSTEM, Role.CLERK, Role.BILLING, Role.FIELD}
_MACHINE: frozenset[Role | ActorKind] = frozenset((ActorKind.SYSTEM,))
_S, _A = CommandState, CommandAction
_AWAITING = (_S.SENT, _S.ACKNOWLEDGED, _S.TIMED_OUT)
WORKFLOW = Workflow(
    "device command",
    {
        (_S.QUEUED, _A.SEND): Move(_S.SENT, _MACHINE),
        (_S.SENT, _A.SEND): Move(_S.SENT, _MACHINE),
        (_S.SENT, _A.PUT_BACK): Move(_S.QUEUED, _MACHINE),
        (_S.SENT, _A.ACKNOWLEDGE): Move(_S.ACKNOWLEDGED, _MACHINE),
        **{(state, _A.SUCCEED): Move(_S.SUCCEEDED, _MACHINE) for state in _AWAITING},
        **{(state, _A.REFUSE): Move(_S.REFUSED, _MACHINE) for state in _AWAITING},
        **{(state, _A.EXPIRE): Move(_S.TIMED_OUT, _MACHINE) for state in UNDER_WAY},
        (_S.QUEUED, _A.CANCEL): Move(_S.CANCELLED, CANCELLERS),
    },
)
"""The way of a command; what was handed to the head end cannot be taken back."""


class AnswerKind(StrEnum):
    """What a head end tells about a command."""

    ACKNOWLEDGED = "acknowledged"
    SUCCEEDED = "succeeded"
    REFUSED = "refused"


ACTION_OF: Mapping[AnswerKind, CommandAction] = MappingProxyType(
    {
        AnswerKind.ACKNOWLEDGED: CommandAction.ACKNOWLEDGE,
        AnswerKind.SUCCEEDED: CommandAction.SUCCEED,
        AnswerKind.REFUSED: CommandAction.REFUSE,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """
    A command as the head end gets it.

    reference    name of the command, the same when it is sent again: the head end does it once
    until        what has no result by then is of no use any more: it need not be done later
    value_w      of ``Command.DEMAND_LIMIT``; None: no limit from now on. [W, at the supply]
    value_until  when the meter lifts a limit by itself; None: when it is told to
    """

    reference: str
    serial: str
    command: Command
    until: datetime
    value_w: int | None = None
    value_until: datetime | None = None


class WrongValue(Refused):
    """The value, its end or the deadline of a command makes no sense."""

    code = "wrong_command_value"


def check_values(
    *, command: Command, value_w: int | None, value_until: datetime | None, within: timedelta | None, now: datetime
) -> None:
    """
    Check what goes with a command; see ``Order``.

    :raises WrongValue: a value with a command that takes none, a limit that is not positive or past its end, an end
        without a limit, or a deadline that is not after now or further away than ``WITHIN_MOST``.
    """
    if command is not Command.DEMAND_LIMIT and (value_w, value_until) != (None, None):
        raise WrongValue(f"A command {command} has no value.", command=str(command))
    if value_w is not None and not 0 < value_w <= LIMIT_W_MOST:
        raise WrongValue(f"A limit is from 1 W to {LIMIT_W_MOST} W, not {value_w} W.", value_w=value_w)
    if value_until is not None and (value_w is None or value_until <= now):
        raise WrongValue("Only a limit has an end, and it is in the future.")
    if within is not None and not timedelta(0) < within <= WITHIN_MOST:
        raise WrongValue(f"A result is waited for between nothing and {WITHIN_MOST.days} days.")


def deadline(*, command: Command, now: datetime, within: timedelta | None, value_until: datetime | None) -> datetime:
    """Return by when a command needs its result: after the time of its kind, and before its limit ends anyway."""
    by = now + (WITHIN[command] if within is None else within)
    return by if value_until is None else min(by, value_until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a register of the meter showed. [Wh, varh or W, before the multiplier]"""

    register: str
    reading_wh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """
    What a head end tells about a command.

    answer_id  name of the answer at the head end, by which it is confirmed
    reason     why the meter refused; "" else
    readings   what its registers showed, for ``Command.READ_NOW``
    """

    answer_id: str
    reference: str
    kind: AnswerKind
    at: datetime
    reason: str = ""
    readings: tuple[Reading, ...] = ()


def takes_up(*, state: CommandState, kind: AnswerKind) -> bool:
    """
    Return whether an answer says something new of a command in a state.

    Meters answer twice, and an acknowledgement may come after the result: what is known stays.
    """
    return (state, ACTION_OF[kind]) in WORKFLOW.moves
