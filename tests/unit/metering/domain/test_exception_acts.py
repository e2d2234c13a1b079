"""What may be done about which finding, and about the value of which day."""

from datetime import date

import pytest

from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import IllegalMove, NotAllowed
from metering.domain.exception_acts import WORKFLOW, Act, ChangeAction, ChangeState, Doubted

JAN, FEB = date(2026, 1, 1), date(2026, 2, 1)


def _doubted(code, *, start=JAN, end=FEB, fact=JAN, quantity="active", is_interval=False):
    return Doubted(
        code=code, quantity=quantity, is_interval=is_interval, start_date=start, end_date=end, fact_date=fact
    )


@pytest.mark.parametrize(
    ("code", "options", "acts"),
    [
        ("usage_high", {}, {Act.ACCEPT, Act.EDIT, Act.ESTIMATE, Act.VISIT}),
        ("read_missing", {"start": FEB, "fact": FEB}, {Act.EDIT, Act.ESTIMATE, Act.VISIT}),
        ("usage_high", {"quantity": "demand"}, {Act.ACCEPT, Act.EDIT, Act.VISIT}),
        ("long_estimated", {}, {Act.ACCEPT, Act.EDIT, Act.VISIT}),
        ("inactive_meter", {}, {Act.ACCEPT, Act.VISIT}),
        ("span_corrected", {"start": FEB, "fact": FEB}, {Act.VISIT}),
        ("usage_high", {"is_interval": True}, {Act.ACCEPT}),
        ("interval_spike", {"is_interval": True}, {Act.ACCEPT, Act.ESTIMATE}),
        ("days_missing", {"is_interval": True, "start": FEB, "fact": FEB}, {Act.ESTIMATE}),
    ],
)
def test_acts_fit_what_is_found(code, options, acts):
    assert _doubted(code, **options).acts() == acts


def test_of_a_span_the_value_at_its_end_is_doubted_and_of_a_day_that_of_the_day():
    assert _doubted("usage_high").read_date == FEB
    assert _doubted("decreased", start=FEB, end=FEB, fact=FEB).read_date == FEB


def test_a_change_is_applied_or_dropped_once_by_metering():
    clerk = Actor(ActorKind.STAFF, 1, "Wu", frozenset({Role.CLERK}))
    chief = Actor(ActorKind.STAFF, 2, "Li", frozenset({Role.SUPERVISOR}))
    assert WORKFLOW.step(ChangeState.PROPOSED, ChangeAction.APPLY, chief).to is ChangeState.APPLIED
    with pytest.raises(NotAllowed):
        WORKFLOW.step(ChangeState.PROPOSED, ChangeAction.DROP, clerk)
    with pytest.raises(IllegalMove):
        WORKFLOW.step(ChangeState.APPLIED, ChangeAction.DROP, chief)
