from enum import StrEnum

import pytest

from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import ANYONE, IllegalMove, Move, NotAllowed, Standard, Workflow


class State(StrEnum):
    OPEN = "open"
    HELD = "held"
    DONE = "done"


class Action(StrEnum):
    HOLD = "hold"
    FINISH = "finish"
    REOPEN = "reopen"


class Other(StrEnum):
    OPEN = "open"
    ELSEWHERE = "elsewhere"


DESK = frozenset({Role.CLERK, Role.SUPERVISOR})
CLERK = Actor(ActorKind.STAFF, 7, "Li Na", frozenset({Role.CLERK}))
AUDITOR = Actor(ActorKind.STAFF, 8, "Wang Wei", frozenset({Role.AUDITOR}))
CUSTOMER = Actor(ActorKind.CUSTOMER, 9, "Zhang San", frozenset({Role.CUSTOMER}))

TABLE = {
    (State.OPEN, Action.HOLD): Move(State.HELD, DESK),
    (State.OPEN, Action.FINISH): Move(State.DONE, DESK | {ActorKind.SYSTEM}, within=Standard("finish")),
    (State.HELD, Action.FINISH): Move(State.DONE, ANYONE),
}
WORKFLOW = Workflow("case", TABLE)


def test_a_step_in_the_table_gives_its_move():
    move = WORKFLOW.step(State.OPEN, Action.FINISH, CLERK)
    assert move.to is State.DONE
    assert move.within == Standard("finish")


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("action", Action)
def test_every_step_that_is_not_in_the_table_is_refused(state, action):
    if (state, action) in TABLE:
        assert WORKFLOW.step(state, action, CLERK) is TABLE[state, action]
    else:
        with pytest.raises(IllegalMove):
            WORKFLOW.step(state, action, CLERK)


def test_an_illegal_move_says_what_is_possible():
    with pytest.raises(IllegalMove) as refusal:
        WORKFLOW.step(State.OPEN, Action.REOPEN, CLERK)
    assert refusal.value.message == "A case that is open does not allow the action reopen."
    assert refusal.value.advice == "Possible now: hold, finish."
    assert refusal.value.detail == {"state": "open", "action": "reopen"}
    with pytest.raises(IllegalMove) as refusal:
        WORKFLOW.step(State.DONE, Action.FINISH, CLERK)
    assert refusal.value.advice == "done is a final state."


def test_an_actor_without_the_role_is_refused_and_told_who_may():
    with pytest.raises(NotAllowed) as refusal:
        WORKFLOW.step(State.OPEN, Action.HOLD, AUDITOR)
    assert "Wang Wei" in refusal.value.message
    assert refusal.value.advice == "Allowed to: clerk, supervisor."


def test_the_system_may_only_where_it_is_named():
    assert WORKFLOW.step(State.OPEN, Action.FINISH, SYSTEM).to is State.DONE
    with pytest.raises(NotAllowed):
        WORKFLOW.step(State.OPEN, Action.HOLD, SYSTEM)


def test_actions_are_those_that_a_step_would_take():
    assert WORKFLOW.actions(State.OPEN, CLERK) == (Action.HOLD, Action.FINISH)
    assert WORKFLOW.actions(State.OPEN, AUDITOR) == ()
    assert WORKFLOW.actions(State.OPEN, SYSTEM) == (Action.FINISH,)
    for actor in (CUSTOMER, AUDITOR, SYSTEM):
        assert WORKFLOW.actions(State.HELD, actor) == (Action.FINISH,)
    assert WORKFLOW.actions(State.DONE, CLERK) == ()


def test_states_are_all_members_in_order_and_final_ones_are_not_left():
    assert WORKFLOW.states == (State.OPEN, State.HELD, State.DONE)
    assert WORKFLOW.final == (State.DONE,)


def test_the_table_cannot_be_changed_afterwards():
    moves = dict(TABLE)
    workflow = Workflow("case", moves)
    moves.clear()
    assert workflow.moves == TABLE
    with pytest.raises(TypeError):
        workflow.moves[State.DONE, Action.REOPEN] = Move(State.OPEN, DESK)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({(State.DONE, Action.REOPEN): Move(Other.ELSEWHERE, DESK)}, "not a state of State"),
        ({(State.DONE, Action.REOPEN): Move(Other.OPEN, DESK)}, "not a state of State"),
        ({(State.DONE, Action.REOPEN): Move("open", DESK)}, "not a state of State"),
        ({(Other.ELSEWHERE, Action.HOLD): Move(State.OPEN, DESK)}, "not a state of State"),
        ({(State.DONE, Action.REOPEN): Move(State.OPEN, frozenset())}, r"nobody may do \(done, reopen\)"),
    ],
)
def test_a_table_with_an_unknown_state_or_without_actors_is_an_error(changes, message):
    with pytest.raises(ValueError, match=message):
        Workflow("case", TABLE | changes)


def test_a_state_that_no_move_touches_is_an_error():
    with pytest.raises(ValueError, match="no move enters or leaves held"):
        Workflow("case", {(State.OPEN, Action.FINISH): Move(State.DONE, DESK)})


def test_a_table_without_moves_or_with_plain_texts_is_an_error():
    with pytest.raises(ValueError, match="no moves"):
        Workflow("case", {})
    with pytest.raises(TypeError, match="StrEnum"):
        Workflow("case", {("open", "finish"): Move("done", DESK)})
