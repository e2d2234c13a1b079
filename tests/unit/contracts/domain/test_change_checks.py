"""When a change of use may be: notice, months, capacity, papers, and what its workflow forbids."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from cis.kernel.actors import SYSTEM
from cis.kernel.calendar import BusinessCalendar
from cis.kernel.periods import Period
from cis.kernel.workflow import IllegalMove, NotAllowed
from contracts.domain.agreements import Agreed
from contracts.domain.change_checks import check, months_of, warnings
from contracts.domain.change_effects import effects_of
from contracts.domain.change_facts import (
    FIELDS,
    Blocks,
    Facts,
    Limits,
    Starts,
    SupplyFacts,
    TariffFacts,
    first_effective,
    missing_papers,
)
from contracts.domain.changes import (
    WORKFLOW,
    BeginAgreement,
    ChangeAction,
    ChangeKind,
    ChangeState,
    EndAgreement,
    PaperKind,
    Part,
    SettleAccount,
    Wanted,
)
from tests.factories.changes import CLERK, CUSTOMER

ASKED = date(2025, 3, 3)
CALENDAR = BusinessCalendar(holidays=frozenset(), makeup_days=frozenset())
LIMITS = Limits(
    suspension_least_days=15, suspension_most_months=6, suspension_most_times=2, suspension_notice_days=5,
    reduction_least_months=6, reduction_most_months=24, reduction_notice_days=5, whole_months=True,
    mode_starts=Starts.QUARTER, mode_notice_days=15, contract_starts=Starts.NEXT, contract_notice_days=5,
    household_starts=Starts.MONTH, household_least=5, household_most_months=12,
    papers={ChangeKind.TRANSFER: frozenset({PaperKind.IDENTITY})},
)  # fmt: skip
TARIFF = TariffFacts(tariff_id=1, customer_class="commercial", is_by_demand=False, is_open=True, from_va=100_000)
SUPPLY = SupplyFacts(
    agreement_id=1, account_id=2, customer_id=3, service_point_id=4, start_date=date(2020, 1, 1), end_date=None,
    tariff=TARIFF, household=1, agreed=Agreed(capacity_va=1_000_000, contract_w=600_000),
)  # fmt: skip
FACTS = Facts(
    known_date=ASKED, asked_date=ASKED, calendar=CALENDAR, limits=LIMITS, customer_id=3, supply=SUPPLY,
    new_tariff=replace(TARIFF, tariff_id=9),
)  # fmt: skip


def asked(kind, on=date(2025, 4, 1), **values):
    return Wanted(kind=ChangeKind(kind), effective_date=on, account_id=2, agreement_id=1, **values)


def codes(wanted, facts=FACTS):
    return [finding.code for finding in check(wanted=wanted, facts=facts)]


@pytest.mark.parametrize("kind", list(ChangeKind))
def test_each_kind_says_what_it_needs(kind):
    needed, possible = FIELDS[kind]
    assert needed
    assert not needed & possible
    found = check(wanted=Wanted(kind=kind, effective_date=ASKED), facts=FACTS)
    assert sorted(finding.where for finding in found if finding.code == "needed_here") == sorted(needed)


def test_what_belongs_to_another_kind_is_named():
    found = list(check(wanted=asked("move_out", household=3), facts=FACTS))
    assert [(one.where, one.code) for one in found] == [("household", "not_of_this_kind")]


@pytest.mark.parametrize(
    ("kind", "asked_on", "first"),
    [
        # 15 working days after 3 March is the 24th, so the second quarter; after the 11th it is 1 April: just in time.
        ("demand_mode", date(2025, 3, 3), date(2025, 4, 1)),
        ("demand_mode", date(2025, 3, 11), date(2025, 4, 1)),
        ("demand_mode", date(2025, 3, 12), date(2025, 7, 1)),
        # 5 working days after the 25th is 1 April.
        ("contract_demand", date(2025, 3, 25), date(2025, 4, 1)),
        ("contract_demand", date(2025, 3, 26), date(2025, 5, 1)),
        ("suspension", date(2025, 3, 3), date(2025, 3, 8)),
        ("household", date(2025, 3, 20), date(2025, 3, 1)),
        ("move_out", date(2025, 3, 20), date(2025, 3, 20)),
    ],
)
def test_notice_and_start_say_from_when(kind, asked_on, first):
    assert first_effective(ChangeKind(kind), asked_date=asked_on, limits=LIMITS, calendar=CALENDAR) == first


def test_sooner_than_that_is_too_early():
    assert codes(asked("demand_mode", date(2025, 5, 1), tariff_id=9)) == ["not_first_of_quarter"]
    assert codes(asked("demand_mode", date(2025, 1, 1), tariff_id=9)) == ["change_too_soon"]
    assert codes(asked("contract_demand", date(2025, 4, 2), contract_w=5)) == ["not_first_of_month"]
    assert codes(asked("contract_demand", contract_w=600_000)) == ["same_demand"]
    assert codes(asked("move_out"), replace(FACTS, asked_date=date(2025, 3, 4))) == ["asked_in_future"]


def test_months_are_whole_ones_and_thirtieths():
    assert months_of(Period(date(2025, 1, 1), date(2025, 7, 1))) == 6
    assert months_of(Period(date(2025, 1, 6), date(2025, 1, 21))) == Fraction(1, 2)


def suspended(*spans):
    return replace(FACTS, supply=replace(SUPPLY, suspended=spans))


def test_six_months_a_year_are_the_most_and_two_times():
    half = asked("suspension", suspended_va=400_000, until_date=date(2025, 10, 1))
    assert codes(half) == []
    assert codes(replace(half, until_date=date(2025, 10, 2))) == ["suspended_too_long"]
    before = (date(2025, 1, 1), date(2025, 2, 1))
    assert codes(half, suspended(before)) == ["suspended_too_long"]
    short = replace(half, until_date=date(2025, 5, 1))
    assert codes(short, suspended(before)) == []
    assert codes(short, suspended(before, (date(2025, 2, 10), date(2025, 3, 1)))) == ["suspended_too_often"]
    # What follows without a gap is one time, and of the year before nothing counts.
    assert codes(short, suspended(before, (date(2025, 2, 1), date(2025, 3, 1)))) == []
    assert codes(short, suspended((date(2024, 7, 1), date(2025, 1, 1)))) == []
    # Over the new year each year has its own six months.
    assert codes(asked("suspension", date(2025, 7, 1), suspended_va=1, until_date=date(2026, 7, 1))) == []


def test_less_than_fifteen_days_is_allowed_and_told():
    short = asked("suspension", suspended_va=400_000, until_date=date(2025, 4, 15))
    assert codes(short) == []
    assert warnings(wanted=short, facts=FACTS) == ("charged_all_the_same",)
    assert warnings(wanted=replace(short, until_date=date(2025, 4, 16)), facts=FACTS) == ()


def test_who_is_billed_by_demand_suspends_by_whole_months():
    facts = replace(FACTS, supply=replace(SUPPLY, tariff=replace(TARIFF, is_by_demand=True)))
    one = asked("suspension", suspended_va=1_000, until_date=date(2025, 4, 20))
    assert codes(one, facts) == ["not_whole_months"]
    assert codes(replace(one, until_date=date(2025, 5, 1)), facts) == []


def test_a_reduction_leaves_something_and_a_tariff_that_fits():
    assert codes(asked("capacity_reduction", capacity_va=1_000_000)) == ["no_reduction"]
    assert codes(asked("capacity_reduction", capacity_va=50_000)) == ["tariff_not_for_capacity"]
    assert codes(asked("capacity_reduction", capacity_va=500_000, until_date=date(2025, 9, 1))) == ["lasts_too_short"]
    assert codes(asked("capacity_reduction", capacity_va=500_000, until_date=date(2027, 5, 1))) == ["lasts_too_long"]
    assert codes(asked("capacity_reduction", capacity_va=500_000, until_date=date(2027, 4, 1))) == []


def test_nothing_is_resumed_that_is_not_suspended():
    assert codes(asked("resumption")) == ["nothing_suspended"]


def test_an_allowance_is_for_many_and_proven_anew():
    home = replace(FACTS, supply=replace(SUPPLY, agreed=Agreed()))
    assert codes(asked("household", household=4), home) == ["too_few"]
    assert codes(asked("household", household=5), home) == ["lasts_too_long"]
    assert codes(asked("household", household=5, until_date=date(2026, 4, 1)), home) == []


@pytest.mark.parametrize("kind", ["transfer", "split", "merge", "removal"])
def test_who_gives_a_supply_up_settles_first(kind):
    values = {
        "transfer": {"customer_id": 8},
        "split": {"parts": (Part(service_point_id=7, customer_id=8, capacity_va=400_000),), "capacity_va": 600_000},
        "merge": {"parts": (Part(agreement_id=5),)},
    }.get(kind, {})
    facts = replace(FACTS, others=(replace(SUPPLY, agreement_id=5),) if kind == "merge" else ())
    assert codes(asked(kind, **values), facts) == []
    assert codes(asked(kind, **values), replace(facts, owed_minor=1)) == ["arrears_owed"]


def test_a_transfer_ends_one_begins_another_and_carries_as_the_place_says():
    one = asked("transfer", customer_id=8)
    end, begin, settle = effects_of(wanted=one, facts=FACTS)
    assert end == EndAgreement(agreement_id=1, on=one.effective_date)
    assert isinstance(begin, BeginAgreement)
    assert (begin.customer_id, begin.account_id, begin.agreed, begin.carries_on) == (8, None, SUPPLY.agreed, None)
    assert settle == SettleAccount(account_id=2, on=one.effective_date)
    carry = replace(FACTS, limits=replace(LIMITS, blocks=Blocks.CARRY), supply=replace(SUPPLY, is_last=False))
    _, begin = effects_of(wanted=one, facts=carry)
    assert begin.carries_on == 1
    assert missing_papers(wanted=one, facts=FACTS) == {PaperKind.IDENTITY}
    assert codes(replace(one, customer_id=3)) == ["same_holder"]


def test_days_outside_the_supply_are_refused():
    ended = replace(FACTS, supply=replace(SUPPLY, end_date=date(2025, 4, 1)))
    assert codes(asked("move_out"), ended) == ["outside_agreement"]
    begun = replace(FACTS, supply=replace(SUPPLY, start_date=date(2025, 4, 1)))
    assert codes(asked("move_out"), begun) == ["outside_agreement"]


@pytest.mark.parametrize(
    ("state", "action"),
    [
        (ChangeState.DONE, ChangeAction.CONFIRM),
        (ChangeState.EFFECTIVE, ChangeAction.WITHDRAW),
        (ChangeState.REJECTED, ChangeAction.CONFIRM),
        (ChangeState.WITHDRAWN, ChangeAction.CARRY_OUT),
        (ChangeState.DRAFTED, ChangeAction.REVERSE),
    ],
)
def test_illegal_moves_are_refused(state, action):
    with pytest.raises(IllegalMove):
        WORKFLOW.step(state, action, CLERK)


def test_a_customer_agrees_to_nothing_that_waits_and_the_system_to_nothing():
    for actor, state in ((CUSTOMER, ChangeState.WAITING), (SYSTEM, ChangeState.DRAFTED)):
        with pytest.raises(NotAllowed):
            WORKFLOW.step(state, ChangeAction.CONFIRM, actor)
    with pytest.raises(NotAllowed):
        WORKFLOW.step(ChangeState.DONE, ChangeAction.REVERSE, CLERK)
