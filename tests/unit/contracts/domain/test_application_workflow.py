"""The way of an application: five steps in order, nothing else, and whose turn it is."""

import pytest

from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import IllegalMove, NotAllowed
from contracts.domain import application_workflow as rules
from contracts.domain.application_workflow import OPEN, STEPS, WORKFLOW, ApplicationAction, ApplicationState, WaitsFor

CLERK = Actor(ActorKind.STAFF, 1, "clerk", frozenset({Role.CLERK}))
CREW = Actor(ActorKind.STAFF, 2, "crew", frozenset({Role.FIELD}))
CUSTOMER = Actor(ActorKind.CUSTOMER, 3, "customer", frozenset({Role.CUSTOMER}))
S, A = ApplicationState, ApplicationAction
WAY = (A.CONFIRM_DOCUMENTS, A.ASSIGN_SURVEY, *STEPS)


def test_the_five_steps_lead_from_paper_to_current():
    state = S.APPLIED
    for action in WAY:
        state = WORKFLOW.moves[state, action].to
        assert STEPS.get(action, state) is state
    assert state is S.ENERGIZED


@pytest.mark.parametrize("state", S)
@pytest.mark.parametrize("action", WAY)
def test_no_step_is_left_out_or_done_twice(state, action):
    place = WAY.index(action)
    reached = [S.APPLIED, S.DOCUMENTED, S.SURVEYING, *STEPS.values()]
    if state is reached[place]:
        assert WORKFLOW.moves[state, action].to is reached[place + 1]
    else:
        with pytest.raises(IllegalMove):
            WORKFLOW.step(state, action, CLERK)


def test_what_is_over_stays_over():
    assert set(WORKFLOW.final) == {S.ENERGIZED, S.WITHDRAWN, S.REJECTED} == set(S) - set(OPEN)


def test_customers_sign_and_withdraw_and_do_nothing_else():
    allowed = {action for state in S for action in WORKFLOW.actions(state, CUSTOMER)}
    assert allowed == {A.SIGN, A.WITHDRAW}


def test_the_desk_hangs_no_meter_and_the_crew_makes_no_offer():
    with pytest.raises(NotAllowed):
        WORKFLOW.step(S.CONTRACTED, A.INSTALL_METER, CLERK)
    with pytest.raises(NotAllowed):
        WORKFLOW.step(S.SURVEYED, A.OFFER, CREW)


def test_a_suspended_application_goes_on_first():
    everything = Actor(ActorKind.STAFF, 1, "all", frozenset(Role))
    assert rules.actions(S.SURVEYED, is_suspended=True, actor=everything) == (A.RESUME, A.WITHDRAW, A.REJECT)
    assert A.RESUME not in rules.actions(S.SURVEYED, is_suspended=False, actor=everything)


def test_the_turn_is_the_desks_the_fields_or_the_customers():
    turns = [rules.waits_for(state, lacks_papers=False) for state in OPEN]
    assert turns == ["desk", "desk", "field", "desk", "customer", "field", "field"]
    assert rules.waits_for(S.APPLIED, lacks_papers=True) is WaitsFor.CUSTOMER
    assert rules.waits_for(S.DOCUMENTED, lacks_papers=True) is WaitsFor.DESK
    assert rules.waits_for(S.REJECTED, lacks_papers=False) is WaitsFor.NOBODY


def test_each_state_that_is_not_the_customers_has_its_standard():
    assert [getattr(rules.standard_of(state), "key", None) for state in OPEN] == [
        "connection_documents", "connection_survey", "connection_survey", "connection_offer", None,
        "connection_meter", "connection_energize",
    ]  # fmt: skip
