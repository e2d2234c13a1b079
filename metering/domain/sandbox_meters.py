"""How meters of the sandbox head end behave: what they answer to a command, and when."""

from dataclasses import dataclass
from enum import StrEnum

from metering.domain.device_commands import AnswerKind, Command

SECONDS_PER_HOUR = 3_600


class Behaviour(StrEnum):
    """
    What a meter does with a command.

    OBEYS          acknowledges, then does it
    REFUSES        acknowledges, then refuses
    ANSWERS_TWICE  does it, and gives each answer twice
    SILENT         is not heard of
    UNREACHABLE    the head end does not take the command
    LOSES_ANSWER   does it, but only the acknowledgement arrives
    """

    OBEYS = "obeys"
    REFUSES = "refuses"
    ANSWERS_TWICE = "answers_twice"
    SILENT = "silent"
    UNREACHABLE = "unreachable"
    LOSES_ANSWER = "loses_answer"


REFUSALS = {
    Command.SWITCH_ON: "load above the limit at the terminals",
    Command.SWITCH_OFF: "switch does not open",
    Command.READ_NOW: "registers are locked",
    Command.DEMAND_LIMIT: "has no limiter",
    Command.SYNC_TIME: "clock is locked",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """An answer that a meter will give, some seconds after the command came."""

    kind: AnswerKind
    after_seconds: int
    reason: str = ""


def answers_to(command: Command, *, behaviour: Behaviour, delay_seconds: int) -> tuple[Planned, ...]:
    """Return what a meter answers to a command, in order: an acknowledgement, then a result after its delay."""
    known = Planned(kind=AnswerKind.ACKNOWLEDGED, after_seconds=0)
    done = Planned(kind=AnswerKind.SUCCEEDED, after_seconds=delay_seconds)
    refused = Planned(kind=AnswerKind.REFUSED, after_seconds=delay_seconds, reason=REFUSALS[command])
    return {
        Behaviour.OBEYS: (known, done),
        Behaviour.REFUSES: (known, refused),
        Behaviour.ANSWERS_TWICE: (known, known, done, done),
        Behaviour.LOSES_ANSWER: (known,),
        Behaviour.SILENT: (),
        Behaviour.UNREACHABLE: (),
    }[behaviour]


def does(behaviour: Behaviour) -> bool:
    """Return whether a meter does what it is told."""
    return behaviour in {Behaviour.OBEYS, Behaviour.ANSWERS_TWICE, Behaviour.LOSES_ANSWER}


def counted_wh(*, load_w: int, seconds: int, multiplier: int) -> int:
    """Return what a counter goes on by, before the multiplier, rounded down. [Wh]"""
    return load_w * max(seconds, 0) // (SECONDS_PER_HOUR * multiplier)
