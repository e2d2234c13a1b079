"""The way of a usage inspection, and what is kept of who told."""

import pytest

from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import IllegalMove, NotAllowed
from contracts.domain.usage_inspection import (
    OPEN,
    WORKFLOW,
    BadUsageInspection,
    Source,
    Suspicion,
    UsageAction,
    UsageState,
    checked,
    reason_of,
)

BOSS = Actor(ActorKind.STAFF, 1, "Boss", frozenset({Role.SUPERVISOR}))
CLERK = Actor(ActorKind.STAFF, 2, "Clerk", frozenset({Role.CLERK}))


def after(*actions, actor=BOSS):
    state = UsageState.SUSPECTED
    for action in actions:
        state = WORKFLOW.step(state, UsageAction(action), actor).to
    return state


def test_from_suspicion_to_settlement_or_dispute():
    found = ("order", "report", "find")
    assert after(*found) is UsageState.FOUND
    assert after(*found, "close") is UsageState.CLOSED
    assert after(*found, "dispute", "uphold", "close") is UsageState.CLOSED
    assert after(*found, "dispute", "close") is UsageState.CLOSED
    assert after(*found, "undo", "order", "report", "clear") is UsageState.NOTHING
    assert after("order", "release", "close") is UsageState.CLOSED
    assert after("order", "report", "close") is UsageState.CLOSED  # where nobody is supplied


@pytest.mark.parametrize("actions", [("find",), ("order", "clear"), ("order", "close"), ("order", "report", "dispute")])
def test_nothing_is_found_or_closed_before_somebody_was_there(actions):
    with pytest.raises(IllegalMove):
        after(*actions)


def test_a_clerk_neither_finds_nor_answers_a_dispute():
    with pytest.raises(NotAllowed):
        WORKFLOW.step(UsageState.VISITED, UsageAction.FIND, CLERK)
    for action in (UsageAction.UPHOLD, UsageAction.CLOSE):
        with pytest.raises(NotAllowed):
            WORKFLOW.step(UsageState.DISPUTED, action, CLERK)
    assert WORKFLOW.step(UsageState.DISPUTED, UsageAction.CLOSE, SYSTEM).to is UsageState.CLOSED
    assert set(OPEN) == set(UsageState) - {UsageState.NOTHING, UsageState.CLOSED}


def test_of_a_tip_nothing_is_kept_but_its_case():
    kept = checked(Suspicion(service_point_id=1, source=Source.TIP, reference=" case:5 "))
    assert (kept.reference, kept.words) == ("case:5:1", ""), "and of another place once more"
    for words, reference in (("Mrs Li says so", "case:5"), ("", "")):
        with pytest.raises(BadUsageInspection):
            checked(Suspicion(service_point_id=1, source=Source.TIP, words=words, reference=reference))


def test_other_suspicions_say_why():
    assert checked(Suspicion(service_point_id=1, source=Source.CREW, words=" seal \n open ")).words == "seal open"
    for words in ("", "x" * 501):
        with pytest.raises(BadUsageInspection):
            checked(Suspicion(service_point_id=1, source=Source.CREW, words=words))
    with pytest.raises(BadUsageInspection):
        reason_of("  ", most=9)
