"""Whatever does not belong to a state of an application is refused at the desk, changes nothing, and is audited."""

import pytest
from django.test import Client

from cis.kernel.actors import ActorKind
from cis.kernel.enums import Role
from cis.platform.models import AuditEvent
from contracts.domain.application_workflow import OPEN, WORKFLOW, ApplicationAction, ApplicationState
from contracts.models.application import ApplicationMove, ServiceApplication
from tests.doors.desk.conftest import ALL, sign_in
from tests.factories import accounts, applications

pytestmark = pytest.mark.django_db
FORBIDDEN = [key for key, move in WORKFLOW.moves.items() if Role.CASHIER not in move.by]
ENDS = {"withdrawn": "withdraw", "rejected": "reject"}


@pytest.fixture(autouse=True)
def supplier():
    return accounts.supplier()


def in_state(state):
    """An application in a state; its id."""
    if state == "applied":
        return applications.filed().id
    if state in ENDS:
        made = applications.filed().id
        applications.moved(made, ENDS[state], reason="no road leads there")
        return made
    return applications.walked(to=state)


@pytest.mark.parametrize("state", list(ApplicationState))
def test_what_does_not_belong_to_a_state_is_refused_and_audited(state):
    desk = sign_in(Client(), *ALL)
    application_id = in_state(state.value)
    moves = ApplicationMove.objects.count()
    wrong = [one for one in ApplicationAction if (state, one) not in WORKFLOW.moves]
    wrong += [ApplicationAction.RESUME] if state in OPEN else []  # nothing is suspended
    for action in wrong:
        desk.post(f"/desk/applications/{application_id}/decide/", {"action": action.value, "reason": "I want it"})
    refused = AuditEvent.objects.filter(action="refuse", subject="application", subject_id=application_id)
    assert [(one.detail["move"], one.detail["code"]) for one in refused.order_by("id")] == [
        (one.value, "illegal_move") for one in wrong
    ]
    assert ServiceApplication.objects.get(id=application_id).state == state
    assert ApplicationMove.objects.count() == moves


@pytest.mark.parametrize(("state", "action"), FORBIDDEN, ids=lambda one: one.value)
def test_who_may_not_is_refused_and_audited(state, action):
    application_id = in_state(state.value)
    cashier = applications.Actor(ActorKind.STAFF, 9, "cashier", frozenset({Role.CASHIER}))
    with pytest.raises(applications.application_cases.moves.NotAllowed):
        applications.application_cases.move(
            application_id=application_id, action=action, reason="I want it", actor=cashier, at=applications.AT
        )
    assert AuditEvent.objects.get(action="refuse").detail["code"] == "not_allowed"
    assert ServiceApplication.objects.get(id=application_id).state == state
