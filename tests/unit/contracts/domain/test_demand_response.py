"""Events of demand response: what is wrong with one, until when one may leave it, who does what."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.calendar import local_clock
from cis.kernel.enums import Role
from cis.kernel.errors import Findings
from cis.kernel.workflow import IllegalMove, NotAllowed
from contracts.domain import demand_response as rules
from contracts.domain.demand_response import (
    PART_WORKFLOW,
    WORKFLOW,
    EventAction,
    EventState,
    EventTerms,
    NewEvent,
    PartAction,
    PartState,
    ShortNotice,
    TooLate,
)

CLOCK = local_clock("Asia/Shanghai")
NOW = datetime(2026, 7, 14, 2, tzinfo=UTC)
START = datetime(2026, 7, 15, 9, tzinfo=UTC)  # 17:00 in Shanghai
TERMS = EventTerms(limit_w=2_000, credit_e6=3 * 10**8, notice_minutes=240, opt_out_minutes=60, events_most=10)
EVENT = NewEvent(program_id=1, start_at=START, end_at=START + timedelta(hours=3), target_w=50_000)
METERER = Actor(ActorKind.STAFF, 5, "meterer", frozenset({Role.METERING}))
CUSTOMER = Actor(ActorKind.CUSTOMER, 6, "customer", frozenset())


def codes(new, *, held=0):
    findings = Findings()
    rules.check(new, terms=TERMS, held=held, at=NOW, clock=CLOCK, findings=findings)
    return {one.code for one in findings}


def test_an_event_of_whole_hours_of_one_day_is_right():
    assert codes(EVENT) == set()
    assert EVENT.hours == 3
    assert codes(replace(EVENT, end_at=START + timedelta(hours=7))) == set()  # until midnight


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"start_at": START + timedelta(minutes=30), "end_at": START + timedelta(minutes=90)}, "not_whole_hours"),
        ({"end_at": START + timedelta(minutes=90)}, "not_whole_hours"),
        ({"end_at": START}, "bad_event_end"),
        ({"end_at": START - timedelta(hours=1)}, "bad_event_end"),
        ({"end_at": START + timedelta(hours=13)}, "bad_event_end"),
        ({"end_at": START + timedelta(hours=8)}, "two_days"),
        ({"start_at": START + timedelta(days=40), "end_at": START + timedelta(days=40, hours=1)}, "too_far"),
        ({"target_w": 0}, "bad_event_target"),
    ],
)
def test_what_is_wrong_with_an_event(changed, code):
    assert codes(replace(EVENT, **changed)) == {code}


def test_a_programme_has_so_many_events_a_year():
    assert codes(EVENT, held=9) == set()
    assert codes(EVENT, held=10) == {"events_used_up"}


def test_people_hear_of_it_as_early_as_they_were_promised():
    rules.refuse_if_short(start_at=START, at=START - timedelta(minutes=240), terms=TERMS)
    with pytest.raises(ShortNotice):
        rules.refuse_if_short(start_at=START, at=START - timedelta(minutes=240, seconds=-1), terms=TERMS)


def test_one_may_opt_out_until_the_second_before_it_is_too_late():
    rules.refuse_if_late(start_at=START, at=START - timedelta(minutes=60, seconds=1), opt_out_minutes=60)
    for at in (START - timedelta(minutes=60), START):
        with pytest.raises(TooLate):
            rules.refuse_if_late(start_at=START, at=at, opt_out_minutes=60)


def test_the_way_of_an_event():
    state = EventState.PLANNED
    for action, actor in (
        (EventAction.ANNOUNCE, METERER), (EventAction.BEGIN, SYSTEM), (EventAction.END, SYSTEM),
        (EventAction.SETTLE, SYSTEM),
    ):  # fmt: skip
        state = WORKFLOW.step(state, action, actor).to
    assert state is EventState.SETTLED
    with pytest.raises(IllegalMove):
        WORKFLOW.step(EventState.RUNNING, EventAction.CALL_OFF, METERER)
    with pytest.raises(NotAllowed):
        WORKFLOW.step(EventState.PLANNED, EventAction.ANNOUNCE, CUSTOMER)


def test_the_way_of_who_takes_part():
    assert PART_WORKFLOW.step(PartState.CALLED, PartAction.OPT_OUT, CUSTOMER).to is PartState.OPTED_OUT
    with pytest.raises(IllegalMove):
        PART_WORKFLOW.step(PartState.TAKING_PART, PartAction.OPT_OUT, CUSTOMER)
    with pytest.raises(NotAllowed):
        PART_WORKFLOW.step(PartState.TAKEN_BACK, PartAction.SETTLE_AGAIN, SYSTEM)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"credit_e6": 0}, "no_credit"),
        ({"limit_w": -1}, "bad_limit"),
        ({"notice_minutes": 0, "opt_out_minutes": 0}, "bad_notice"),
        ({"opt_out_minutes": 240}, "bad_opt_out"),
        ({"events_most": 0}, "bad_event_count"),
    ],
)
def test_what_is_wrong_with_terms(changed, code):
    findings = Findings()
    rules.check_terms(replace(TERMS, **changed), findings=findings)
    assert {one.code for one in findings} == {code}
