"""What comes of alarms by rule: one thing a meter, kind and so many days, however the storm blows."""

import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from metering.domain.alarm_rules import AlarmRule, BadAlarmRule, Before, Decided, Word, decide, rules_of
from metering.domain.meter_alarms import POWER, AlarmAnswer, AlarmKind
from metering.domain.work_orders import Priority, WorkKind

NOW = datetime(2026, 3, 10, 2, tzinfo=UTC)
DAY = timedelta(days=1)
COVER, HIGH, LOW = AlarmKind.COVER_OPEN, AlarmKind.OVER_VOLTAGE, AlarmKind.UNDER_VOLTAGE
CLOCK = AlarmKind.CLOCK_DRIFT
RULES = rules_of(
    {
        "cover_open": {"suspicion": True, "every_days": 30},
        "over_voltage": {"work": "repair", "priority": "danger", "every_days": 1},
        "clock_drift": {"work": "repair", "group_above": 3, "every_days": 30},
        "phase_lost": {"work": "repair", "own_work": True, "every_days": 7},
        "under_voltage": {"case_class": "supply/quality/voltage", "every_days": 7},
    }
)


def came(*words, before=()):
    return decide(words, rules=RULES, before=before, at=NOW)


def test_rules_say_what_comes_of_a_kind():
    assert RULES[HIGH] == AlarmRule(kind=HIGH, every_days=1, work=WorkKind.REPAIR, priority=Priority.DANGER)
    assert [RULES[kind].deed.value for kind in (COVER, HIGH, LOW)] == ["suspicion", "work", "case"]


@pytest.mark.parametrize(
    "value",
    [
        {"cover_open": {"every_days": 1}},
        {"cover_open": {"every_days": 1, "suspicion": True, "work": "repair"}},
        {"power_off": {"every_days": 1, "suspicion": True}},
    ],
)
def test_a_rule_that_says_nothing_or_two_things_or_is_about_current_is_none(value):
    with pytest.raises(BadAlarmRule):
        rules_of(value)


def test_a_storm_brings_one_thing_a_meter_and_kind():
    storm = [Word(n, 1, COVER, NOW - timedelta(minutes=200 - n)) for n in range(1, 101)]
    found = came(*reversed(storm), Word(101, 2, COVER, NOW), Word(102, 1, HIGH, NOW))
    assert [one for one in found if one.answer is not AlarmAnswer.AGAIN] == [
        Decided(1, AlarmAnswer.SUSPICION), Decided(101, AlarmAnswer.SUSPICION), Decided(102, AlarmAnswer.WORK),
    ]  # fmt: skip
    assert {one.first_id for one in found if one.answer is AlarmAnswer.AGAIN} == {1}


def test_so_many_days_later_something_comes_of_it_again():
    before = [Before(7, 1, COVER, NOW - 30 * DAY)]
    assert came(Word(8, 1, COVER, NOW), before=before) == (Decided(8, AlarmAnswer.SUSPICION),)
    near = [Before(7, 1, COVER, NOW - 30 * DAY + timedelta(seconds=1))]
    assert came(Word(8, 1, COVER, NOW), before=near) == (Decided(8, AlarmAnswer.AGAIN, 7),)


def test_an_alarm_that_comes_late_belongs_to_what_came_of_a_later_one():
    later = [Before(7, 1, COVER, NOW - DAY)]
    assert came(Word(8, 1, COVER, NOW - 3 * DAY), before=later) == (Decided(8, AlarmAnswer.AGAIN, 7),)


def test_nobody_is_sent_for_last_week_but_a_cover_that_was_open_then_is_suspicious():
    week = NOW - 7 * DAY
    found = came(Word(1, 1, HIGH, week), Word(2, 1, LOW, week), Word(3, 1, COVER, week), Word(4, 1, COVER, week))
    assert [one.answer.value for one in found] == ["noted", "noted", "suspicion", "again"]


def test_a_kind_without_a_rule_is_kept():
    assert came(Word(1, 1, AlarmKind.BREAKER, NOW)) == (Decided(1, AlarmAnswer.NOTED),)


def test_the_pack_of_the_country_has_rules_that_can_be_followed():
    pack = tomllib.loads(Path("cis/packs/cn/pack.toml").read_text(encoding="utf-8"))["rule"]
    rules = rules_of(pack["alarms"]["value"])
    assert set(rules) == set(AlarmKind) - POWER
    classes = pack["cases"]["value"]["classes"]
    assert {rule.case_class for rule in rules.values()} - {""} <= classes.keys()


def street(count, *, kind=CLOCK, transformer=5, first=1):
    return [Word(n, n, kind, NOW, transformer) for n in range(first, first + count)]


def test_many_meters_of_a_transformer_bring_one_order_for_it_and_few_bring_their_own():
    assert {one.answer for one in came(*street(3))} == {AlarmAnswer.WORK}
    first, *others = came(*street(4), Word(9, 1, CLOCK, NOW, 5), Word(10, 2, CLOCK, NOW, 5))
    assert first == Decided(1, AlarmAnswer.WORK, meters=4)
    assert {(one.answer, one.first_id) for one in others} == {(AlarmAnswer.AGAIN, 1)}
    assert {one.answer for one in came(*street(9, kind=HIGH))} == {AlarmAnswer.WORK}, "without the number: each its own"
    assert {one.answer for one in came(*street(9, transformer=None))} == {AlarmAnswer.WORK}
    apart = came(*street(3), *street(3, transformer=6, first=11))
    assert {one.answer for one in apart} == {AlarmAnswer.WORK}


def test_meters_that_had_their_own_order_count_and_later_ones_join_that_of_the_transformer():
    singles = [Before(100 + n, 100 + n, CLOCK, NOW - DAY, transformer_id=5) for n in range(3)]
    assert came(*street(1), before=singles) == (Decided(1, AlarmAnswer.WORK, meters=4),)
    whole = Before(99, 99, CLOCK, NOW - DAY, transformer_id=5, is_whole=True)
    assert came(*street(1), before=[whole]) == (Decided(1, AlarmAnswer.AGAIN, 99),)
    old = whole._replace(at=NOW - 31 * DAY)
    assert came(*street(1), before=[old]) == (Decided(1, AlarmAnswer.WORK),)
    assert came(*street(1), before=[old._replace(stands=True)]) == (Decided(1, AlarmAnswer.AGAIN, 99),)


def test_what_our_own_people_cause_brings_nothing():
    lost = AlarmKind.PHASE_LOST
    assert came(Word(1, 1, lost, NOW, is_own=True)) == (Decided(1, AlarmAnswer.OWN_WORK),)
    assert came(Word(1, 1, HIGH, NOW, is_own=True)) == (Decided(1, AlarmAnswer.WORK),), "where its rule says so"
