"""Workflows as tables: (state, action) -> move. What is not in the table is refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Generic, TypeVar

from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Refused

State = TypeVar("State", bound=StrEnum)
Action = TypeVar("Action", bound=StrEnum)

ANYONE: frozenset[Role | ActorKind] = frozenset((*Role, *ActorKind))
"""Every role and every kind of actor, the system included."""


class IllegalMove(Refused):
    """The state does not allow the action."""

    code = "illegal_move"


class NotAllowed(Refused):
    """The actor may not do the action."""

    code = "not_allowed"


@dataclass(frozen=True, slots=True)
class Standard:
    """The service standard that limits the time until a move; its length is in the jurisdiction pack under ``key``."""

    key: str


@dataclass(frozen=True, slots=True)
class Move(Generic[State]):
    """
    One line of a workflow.

    to      state after the move
    by      roles and kinds of actors that may do it; the system may only where ``ActorKind.SYSTEM`` is named
    within  the standard by which it must be done; None = no limit
    """

    to: State
    by: frozenset[Role | ActorKind]
    within: Standard | None = None


class Workflow(Generic[State, Action]):
    """
    A table of moves between the states of one kind of thing.

    name   what moves, as "service application"; part of messages
    moves  from each state by each action that it allows

    Every member of the states' enumeration must be in the table: as the state before or after some move.
    """

    def __init__(self, name: str, moves: Mapping[tuple[State, Action], Move[State]]) -> None:
        if not moves:
            raise ValueError(f"workflow {name!r} has no moves")
        self.name = name
        self.moves = MappingProxyType(dict(moves))
        kind = type(next(iter(moves))[0])
        _check(name, kind, moves)
        self.states: tuple[State, ...] = tuple(kind)

    def step(self, state: State, action: Action, actor: Actor) -> Move[State]:
        """
        Return the move of an action in a state.

        :raises IllegalMove: the state does not allow the action.
        :raises NotAllowed: the actor may not do it.
        """
        move = self.moves.get((state, action))
        if move is None:
            possible = [str(other) for before, other in self.moves if before == state]
            raise IllegalMove(
                f"A {self.name} that is {state} does not allow the action {action}.",
                advice=f"Possible now: {', '.join(possible)}." if possible else f"{state} is a final state.",
                state=str(state),
                action=str(action),
            )
        if not actor.is_one_of(move.by):
            raise NotAllowed(
                f"{actor.name} may not do the action {action} on a {self.name}.",
                advice=f"Allowed to: {', '.join(sorted(set(map(str, move.by))))}.",
                state=str(state),
                action=str(action),
            )
        return move

    def actions(self, state: State, actor: Actor) -> tuple[Action, ...]:
        """Return the actions that the state allows and the actor may do, in the order of the table."""
        return tuple(
            action for (before, action), move in self.moves.items() if before == state and actor.is_one_of(move.by)
        )

    @property
    def final(self) -> tuple[State, ...]:
        """Return the states that no move leaves."""
        left = {before for before, _ in self.moves}
        return tuple(state for state in self.states if state not in left)


def _check(name: str, kind: type[State], moves: Mapping[tuple[State, Action], Move[State]]) -> None:
    if not issubclass(kind, StrEnum):
        raise TypeError(f"workflow {name!r}: states are members of one StrEnum, not {kind.__name__}")
    named = [state for state, _ in moves] + [move.to for move in moves.values()]
    # Members of two enumerations with equal texts are equal: the class is compared, not the value.
    strangers = sorted({repr(state) for state in named if type(state) is not kind})
    if strangers:
        raise ValueError(f"workflow {name!r}: not a state of {kind.__name__}: {', '.join(strangers)}")
    unused = [str(state) for state in kind if state not in named]
    if unused:
        raise ValueError(f"workflow {name!r}: no move enters or leaves {', '.join(unused)}")
    nobody = [f"({state}, {action})" for (state, action), move in moves.items() if not move.by]
    if nobody:
        raise ValueError(f"workflow {name!r}: nobody may do {', '.join(nobody)}")
