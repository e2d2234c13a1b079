"""Which plan takes a place, when it is due, and what an inspection comes to."""

from calendar import monthrange
from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Findings
from cis.kernel.workflow import IllegalMove, NotAllowed
from contracts.domain import important
from contracts.domain import inspection as rules
from contracts.domain.important import Backup, Entry
from contracts.domain.inspection import Grade, InspectionKind, Plan, Season, Severity, Special, Supply, Verdict
from contracts.domain.inspection_workflow import DEFECTS, DefectAction, DefectState

DAYS = st.dates(date(2015, 1, 1), date(2045, 12, 31))
GRAVE = frozenset({Severity.URGENT, Severity.SERIOUS})


def plan(code="p", *, every=12, ahead=30, **more):
    return Plan(code=code, every_months=every, ahead_days=ahead, checklist="c", fails_on=GRAVE, source="s", **more)


def supply(*, since=date(2020, 1, 1), last=None, voltage="10kV", use="commercial", grade=""):
    return Supply(
        agreement_id=1, service_point_id=2, voltage=voltage, use=use, grade=grade, since_date=since, last_date=last
    )


PLANS = (
    plan("top", every=3, grades=frozenset({"top", "first"})),
    plan("high", every=12, voltages=frozenset({"10kV"})),
    plan("highest", every=6, voltages=frozenset({"35kV"})),
    plan("low", every=24, voltages=frozenset({"220V", "380V"}), uses=frozenset({"commercial"})),
    plan("home", every=0, uses=frozenset({"residential"})),
)


@pytest.mark.parametrize(
    ("voltage", "use", "grade", "code"),
    [
        ("10kV", "commercial", "", "high"),
        ("10kV", "commercial", "top", "top"),
        ("10kV", "commercial", "second", "high"),
        ("35kV", "industrial", "", "highest"),
        ("220V", "residential", "", "home"),
        ("10kV", "residential", "", "high"),
        ("380V", "commercial", "", "low"),
        ("380V", "industrial", "", None),
    ],
)
def test_the_strictest_plan_that_takes_a_place_counts(voltage, use, grade, code):
    found = rules.plan_for(PLANS, voltage=voltage, use=use, grade=grade)
    assert (found.code if found else None) == code


def test_of_plans_with_one_interval_the_one_that_names_more_counts():
    wide, narrow = plan("wide"), plan("narrow", voltages=frozenset({"10kV"}))
    for order in ((wide, narrow), (narrow, wide)):
        assert rules.plan_for(order, voltage="10kV", use="x", grade="").code == "narrow"


@given(DAYS, st.integers(1, 60))
def test_the_next_date_is_the_same_day_so_many_months_later_or_the_last_one(last, every):
    """Oracle: count the months one by one, then clip the day."""
    year, month = last.year, last.month
    for _ in range(every):
        month += 1
        if month == 13:
            year, month = year + 1, 1
    expected = date(year, month, min(last.day, monthrange(year, month)[1]))
    assert rules.next_due(plan(every=every), since_date=date(2000, 1, 1), last_date=last) == expected


@given(DAYS, DAYS, st.integers(1, 60), st.integers(0, 100))
def test_a_place_is_due_from_so_many_days_before_its_date_on_and_never_before(last, today, every, ahead):
    one = plan(every=every, ahead=ahead)
    made = rules.due([supply(last=last)], plans=[one], coming=(), today=today)
    day = rules.next_due(one, since_date=date(2020, 1, 1), last_date=last)
    assert bool(made) == (today >= day - timedelta(days=ahead))
    assert all(found.due_date == day and found.kind is InspectionKind.PERIODIC for found in made)


@given(DAYS, st.integers(1, 60), st.integers(0, 27))
def test_whoever_inspects_on_the_due_date_is_not_due_again_before_the_interval(last, every, ahead):
    one = plan(every=every, ahead=ahead)
    day = rules.next_due(one, since_date=last, last_date=last)
    assert rules.due([supply(last=day)], plans=[one], coming=(), today=day) == ()


def test_a_supply_that_was_never_inspected_counts_from_its_beginning_and_homes_are_not_by_the_calendar():
    assert rules.next_due(PLANS[1], since_date=date(2024, 2, 29), last_date=None) == date(2025, 2, 28)
    assert rules.next_due(PLANS[4], since_date=date(2020, 1, 1), last_date=None) is None


def backlog(n, *, stride=1):
    """Places that a supplier had for long, none of which was ever inspected."""
    return [
        replace(supply(since=date(2009, 7, 1)), agreement_id=one, service_point_id=one * stride)
        for one in range(1, n + 1)
    ]


def made_by_night(places, plan_, *, first, nights):
    """Which places are made on which night, as the database lets them: each once."""
    found, known = [], set()
    for night in range(nights):
        rows = rules.due(places, plans=[plan_], coming=(), today=first + timedelta(days=night))
        fresh = [one for one in rows if one.agreement_id not in known]
        known |= {one.agreement_id for one in fresh}
        found.append(fresh)
    return found


@pytest.mark.parametrize("stride", [1, 2, 7, 91, 198])
def test_places_that_were_never_inspected_are_dealt_over_the_interval_and_each_comes_once(stride):
    """At an existing supplier the first night has what falls into the days ahead; each later one about one day's."""
    first, places = date(2026, 3, 10), backlog(910, stride=stride)
    nights = made_by_night(places, plan(every=3, ahead=30), first=first, nights=91)
    assert 31 * 10 * 0.8 < len(nights[0]) < 31 * 10 * 1.2
    assert max(map(len, nights[1:])) <= 20
    assert sum(map(len, nights)) == 910
    assert all(first <= one.due_date < first + timedelta(days=91) for night in nights for one in night)


@given(st.integers(1, 10**12), DAYS, st.integers(1, 60))
def test_a_place_keeps_its_spread_date_until_it_is_over_and_comes_again_an_interval_later(point, today, every):
    one = plan(every=every)
    day = rules.spread_due(one, service_point_id=point, today=today)
    assert today <= day < today + timedelta(days=every * 365 // 12)
    assert rules.spread_due(one, service_point_id=point, today=day) == day
    later = rules.spread_due(one, service_point_id=point, today=day + timedelta(days=1))
    assert later == day + timedelta(days=every * 365 // 12)


def test_what_was_inspected_before_and_is_late_is_late_and_not_spread():
    (made,) = rules.due([supply(last=date(2020, 5, 1))], plans=[plan()], coming=(), today=date(2026, 3, 10))
    assert made.due_date == date(2021, 5, 1)


def test_a_new_supply_is_not_spread_and_one_on_a_shorter_plan_is():
    new = supply(since=date(2025, 3, 20))
    (made,) = rules.due([new], plans=[plan()], coming=(), today=date(2026, 3, 10))
    assert made.due_date == date(2026, 3, 20)
    spread = made_by_night([new], plan(every=3, ahead=5), first=date(2026, 3, 10), nights=91)
    assert sum(map(len, spread)) == 1


SUMMER = Special(code="summer", plans=frozenset({"top"}), month=6, day=15, ahead_days=45, source="s")
FESTIVAL = Special(code="festival", plans=frozenset({"top"}), holiday="F", ahead_days=30, source="s")
HOLIDAYS = {"F": [date(2026, 2, 17), date(2027, 2, 6)]}


@pytest.mark.parametrize(
    ("today", "keys"),
    [
        (date(2026, 4, 29), []),
        (date(2026, 4, 30), ["summer_2026"]),
        (date(2026, 6, 14), ["summer_2026"]),
        (date(2026, 6, 15), []),
        (date(2026, 1, 17), ["festival_2026"]),
        (date(2027, 1, 7), ["festival_2027"]),
        (date(2026, 2, 17), []),
    ],
)
def test_special_inspections_are_made_before_their_date(today, keys):
    assert [one.key for one in rules.seasons([SUMMER, FESTIVAL], today=today, holidays=HOLIDAYS)] == keys


def test_a_date_in_january_is_prepared_in_the_year_before():
    new_year = Special(code="ny", plans=frozenset({"top"}), month=1, day=1, ahead_days=20, source="s")
    (found,) = rules.seasons([new_year], today=date(2026, 12, 20), holidays={})
    assert (found.key, found.due_date) == ("ny_2027", date(2026, 12, 31))


def test_special_inspections_are_of_places_on_their_plans_only():
    season = Season("summer_2026", SUMMER, date(2026, 6, 14))
    given_ = [supply(grade="top", last=date(2026, 5, 1)), supply(last=date(2026, 5, 1))]
    (made,) = rules.due(given_, plans=PLANS, coming=[season], today=date(2026, 5, 2))
    assert (made.kind, made.season, made.plan, made.due_date) == (
        InspectionKind.SPECIAL, "summer_2026", "top", date(2026, 6, 14),
    )  # fmt: skip


@pytest.mark.parametrize("found", [*product(list(Severity), repeat=2), (), (Severity.GENERAL,)])
def test_an_inspection_fails_by_the_severities_of_its_plan(found):
    expected = Verdict.PASSED if not found else Verdict.FAILED if set(found) & GRAVE else Verdict.WITH_DEFECTS
    assert rules.verdict(found, fails_on=GRAVE) is expected


FIELD = Actor(ActorKind.STAFF, 1, "F", frozenset({Role.FIELD}))
CUSTOMER = Actor(ActorKind.CUSTOMER, 2, "C", frozenset({Role.CUSTOMER}))


def test_a_customer_claims_and_nothing_more():
    assert DEFECTS.step(DefectState.OPEN, DefectAction.CLAIM, CUSTOMER).to is DefectState.CLAIMED
    assert DEFECTS.step(DefectState.OVERDUE, DefectAction.CLAIM, CUSTOMER).to is DefectState.CLAIMED
    for action in (DefectAction.RECTIFY, DefectAction.WAIVE, DefectAction.ASK_WAIVE):
        with pytest.raises(NotAllowed):
            DEFECTS.step(DefectState.OPEN, action, CUSTOMER)


def test_a_crew_sees_to_defects_but_waives_none_and_only_the_clock_passes_them_by():
    assert DEFECTS.step(DefectState.CLAIMED, DefectAction.RECTIFY, FIELD).to is DefectState.RECTIFIED
    for action in (DefectAction.WAIVE, DefectAction.PASS_BY):
        with pytest.raises(NotAllowed):
            DEFECTS.step(DefectState.OPEN, action, FIELD)
    assert DEFECTS.step(DefectState.OPEN, DefectAction.PASS_BY, SYSTEM).to is DefectState.OVERDUE
    with pytest.raises(IllegalMove):
        DEFECTS.step(DefectState.RECTIFIED, DefectAction.CLAIM, CUSTOMER)


def entry(**more):
    given_ = {
        "service_point_id": 1, "grade": Grade.FIRST, "reason": "hospital", "backup": Backup.GENERATOR,
        "backup_va": 500_000, "security_va": 400_000, "start_date": date(2026, 1, 1), "end_date": None,
    }  # fmt: skip
    return Entry(**{**given_, **more})


@pytest.mark.parametrize(
    ("more", "codes"),
    [
        ({}, []),
        ({"reason": "  "}, ["reason_missing"]),
        ({"backup": Backup.NONE}, ["backup_without_power"]),
        ({"backup_va": 0}, ["backup_without_power"]),
        ({"backup_va": -1}, ["out_of_range"]),
        ({"end_date": date(2026, 1, 1)}, ["empty_period"]),
        ({"grade": Grade.TEMPORARY}, ["temporary_without_end"]),
        ({"grade": Grade.TEMPORARY, "end_date": date(2026, 3, 1)}, []),
    ],
)
def test_what_is_wrong_with_an_entry_of_the_register(more, codes):
    findings = Findings()
    important.check(entry(**more), findings=findings)
    assert [one.code for one in findings] == codes


@pytest.mark.parametrize(("backup", "enough"), [(480_000, True), (479_999, False), (0, False)])
def test_a_backup_carries_its_percentage_of_the_load_that_must_not_fail(backup, enough):
    assert important.backup_suffices(backup_va=backup, security_va=400_000, percent=120) is enough
    assert important.backup_suffices(backup_va=backup, security_va=0, percent=120) is None
