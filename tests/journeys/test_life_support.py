"""
Life support: a call is enough to keep the current on; papers follow, are renewed, and end by two.

An order of disconnection stands ready all the while: what keeps it from being sent out is read of it at each step.
"""

import pytest

from accounts.domain.protections import Evidence, ProtectionKind, ProtectionState
from accounts.models.care import Protection
from accounts.operations import protections
from accounts.operations.protections import NewProtection
from accounts.queries import protections as register
from arrears.operations.disconnections import NotToBeCut
from cis.platform.models import Deadline
from tests.db.arrears.test_disconnections import (  # noqa: F401 (fixtures)
    CHIEF,
    CLERK,
    CUT_AT,
    DAY,
    MINUTE,
    OrderState,
    _quiet,
    deliver,
    dispatch,
    ready,
    reasons,
    state,
    world,
)

pytestmark = pytest.mark.django_db(transaction=True)


def standing(at):
    return register.one(protection_id=Protection.objects.get().id, today=at.date()).state


def test_a_call_keeps_the_current_on_until_two_persons_say_otherwise(world):  # noqa: F811
    order_id = ready(world)
    new = NewProtection(
        account_id=world.account.id, kind=ProtectionKind.LIFE_SUPPORT, told="a ventilator, says the son",
        person="father", place_id=world.service_point.id,
    )  # fmt: skip
    made = protections.register(new=new, at=CUT_AT - 2 * MINUTE, actor=CLERK)
    with pytest.raises(NotToBeCut) as refused:
        dispatch(order_id)
    assert [one["code"] for one in refused.value.detail["blockers"]] == ["life_support"]

    late = CUT_AT + 20 * DAY  # the papers did not come: somebody is told, and nothing ends by itself
    assert Deadline.objects.get(subject="protection", standard="protection_evidence").due_at < late
    assert (standing(late), "life_support" in reasons(order_id, late)) == (ProtectionState.UNPROVEN, True)
    given = {"protection_id": made, "evidence": Evidence.MEDICAL}
    protections.prove(**given, text="No. 7, Ruijin Hospital", at=late, actor=CLERK)
    assert standing(late) is ProtectionState.PROVEN

    year = late + 340 * DAY
    assert [protections.review(at=year), standing(year)] == [1, ProtectionState.REVIEW]
    protections.prove(**given, text="No. 9, Ruijin Hospital", at=year, actor=CLERK)
    assert (standing(year), "life_support" in reasons(order_id, year)) == (ProtectionState.PROVEN, True)

    ended = {"protection_id": made, "reason": "moved to a home", "at": year}
    assert [protections.end(**ended, actor=one) for one in (CLERK, CHIEF)] == [False, True]
    assert "life_support" not in reasons(order_id, year + MINUTE)
    assert not Deadline.objects.filter(subject="protection", state="running").exists()


def test_whose_current_was_cut_has_it_back_with_the_call(world):  # noqa: F811
    order_id = ready(world)
    dispatch(order_id)
    deliver()
    assert state(order_id) is OrderState.CUT
    new = NewProtection(account_id=world.account.id, kind=ProtectionKind.LIFE_SUPPORT, told="oxygen")
    protections.register(new=new, at=CUT_AT, actor=CLERK)
    assert state(order_id) is OrderState.RESTORING
