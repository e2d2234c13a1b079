"""The table of cases: where each way ends, who may go it, what stands still."""

from itertools import product

import pytest

from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import IllegalMove, NotAllowed
from complaints.domain import case_workflow as table
from complaints.domain.case_workflow import ANSWERED, LIVE, OPEN, WORKFLOW, CaseAction, CaseState

CHIEF = Actor(ActorKind.STAFF, 1, "chief", frozenset({Role.SUPERVISOR}))
CUSTOMER = Actor(ActorKind.CUSTOMER, 2, "customer", frozenset({Role.CUSTOMER}))
AUDITOR = Actor(ActorKind.STAFF, 3, "auditor", frozenset({Role.AUDITOR}))


def test_the_plain_way_leads_from_the_first_word_to_the_end():
    state = CaseState.RECEIVED
    for action in ("classify", "dispatch", "accept", "investigate", "reply", "not_reached", "satisfied"):
        state = WORKFLOW.step(state, CaseAction(action), CHIEF).to
    assert state is CaseState.CLOSED
    assert set(WORKFLOW.final) == {CaseState.WITHDRAWN}


def test_every_live_state_can_reach_the_end():
    for start in LIVE:
        seen, reached = set(), {start}
        while reached - seen:
            state = (reached - seen).pop()
            seen.add(state)
            reached |= {move.to for (before, _), move in WORKFLOW.moves.items() if before is state}
        assert CaseState.CLOSED in reached


def test_callers_speak_only_of_answers_and_auditors_do_nothing():
    for state, action in product(CaseState, CaseAction):
        if (state, action) not in WORKFLOW.moves:
            with pytest.raises(IllegalMove):
                WORKFLOW.step(state, action, CHIEF)
            continue
        with pytest.raises(NotAllowed):
            WORKFLOW.step(state, action, AUDITOR)
    mine = {action for state in OPEN for action in WORKFLOW.actions(state, CUSTOMER)}
    assert mine == {CaseAction.GO_ON, CaseAction.WITHDRAW}
    for state in ANSWERED:
        assert set(WORKFLOW.actions(state, CUSTOMER)) == {
            CaseAction.SATISFIED, CaseAction.DISSATISFIED, CaseAction.WITHDRAW,
        }  # fmt: skip


def test_while_the_caller_is_waited_for_nobody_answers():
    waiting = table.actions(CaseState.INVESTIGATING, is_waiting=True, actor=CHIEF)
    assert CaseAction.GO_ON in waiting
    assert CaseAction.REPLY not in waiting
    assert CaseAction.GO_ON not in table.actions(CaseState.INVESTIGATING, is_waiting=False, actor=CHIEF)
