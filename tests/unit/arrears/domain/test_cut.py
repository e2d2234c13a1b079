"""
May we cut? Against an independent oracle over random histories: nobody is cut off wrongly.

The oracle counts minutes and days since 2026-01-01 on the wall clock, keeps calendars as sets of day numbers, and knows
nothing of the code under test but its inputs. 1,000,000 histories: WATTLINE_PROOF=1, see ``make proof``.
"""

import os
import random
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest

from arrears.domain.cut import may_cut
from arrears.domain.cut_facts import (
    Approval,
    BlockerCode,
    CutNotice,
    CutRule,
    Debt,
    Demand,
    Facts,
    Forecast,
    Hold,
    HoldKind,
    Season,
    WeatherRule,
    moment,
)
from cis.kernel.calendar import BusinessCalendar, local_clock

HISTORIES = 1_000_000 if os.environ.get("WATTLINE_PROOF") else 100_000
CHUNKS = 4
DAY = 1_440
START = date(2026, 1, 1)
ZERO = datetime(2025, 12, 31, 16, tzinfo=UTC)
CLOCK = local_clock("Asia/Shanghai")
FREE = [date(2026, 4, 6), date(2026, 5, 1), date(2026, 5, 4), date(2026, 5, 5), date(2026, 6, 19)]
MADE_UP = [date(2026, 5, 9)]
CALENDAR = BusinessCalendar(FREE, MADE_UP)
FREE_DAYS = {(day - START).days for day in FREE}
MADE_UP_DAYS = {(day - START).days for day in MADE_UP}

_COMMON = {
    "overdue_days": 30, "notice_least_days": 3, "notice_most_days": 7, "counts_working_days": False,
    "reminder_least_minutes": 30, "reminder_most_minutes": 120, "weekdays": frozenset({1, 2, 3, 4, 5}),
    "opens_minute": 480, "closes_minute": 1020, "spares_eves": False, "seasons": (), "account_kinds": frozenset(),
    "copies_important": True, "approvals": 1, "important_approvals": 2, "approval_days": 15,
}  # fmt: skip
RULES = {
    "home": CutRule(**_COMMON | {"least_minor": 0, "steps": ("text", "letter"), "notice_least_days": 7}),
    "other": CutRule(**_COMMON | {"least_minor": 10_000, "steps": ("letter",), "approvals": 2}),
    "abroad": CutRule(
        **_COMMON
        | {
            "least_minor": 30_000,
            "overdue_days": 12,
            "steps": ("reminder", "contact"),
            "counts_working_days": True,
            "notice_least_days": 5,
            "notice_most_days": 10,
            "weekdays": frozenset({1, 2, 3, 4}),
            "opens_minute": 480,
            "closes_minute": 900,
            "spares_eves": True,
            "seasons": (Season((12, 20), (1, 1)), Season((6, 1), (6, 14))),
            "account_kinds": frozenset({HoldKind.COMPLAINT, HoldKind.DISPUTE}),
            "weather": WeatherRule(72, 0, 350),
        }
    ),
}
CLOSED = {
    name: {
        number
        for number in range(400)
        for season in rule.seasons
        for now in [START + timedelta(days=number)]
        if any(
            (now.month, now.day) == (one.month, one.day)
            for one in (date(2027, *season.first) + timedelta(days=step) for step in range(366))
            if one <= date(2028 if season.first > season.last else 2027, *season.last)
        )
    }
    for name, rule in RULES.items()
}

OF_BALANCE = {
    BlockerCode.PREPAID_ENDED, BlockerCode.BALANCE_LEFT, BlockerCode.IN_REVIEW, BlockerCode.STALE_READ,
    BlockerCode.BALANCE_UNTOLD, BlockerCode.GRACE,
}  # fmt: skip
"""Reasons of prepaid supplies alone: see test_cut_prepaid.py."""


def _at(minute):
    return ZERO + timedelta(minutes=minute)


def _clean(chance, rule):
    """A history, in minutes, of somebody who may mostly be cut off."""
    now = chance.randrange(95, 175) * DAY + chance.randrange(rule.opens_minute - 5, rule.closes_minute + 5)
    least = rule.notice_least_days + (2 if rule.counts_working_days else 0)
    notice = now - chance.choice([least, least, least + 1]) * DAY
    return {
        "now": now,
        "debts": [(number, now // DAY - 60 - 30 * number, 40_000 * number) for number in (1, 2)],
        "owed": 120_000,
        "demands": [(step, notice - (5 - place) * DAY) for place, step in enumerate(rule.steps)],
        "notice": notice,
        "bills": {1, 2},
        "slot": (now - 60, now + 60),
        "reminded": now - chance.choice([30, 31, 60, 120]),
        "holds": [],
        "grade": "",
        "copied": None,
        "approvals": [(person, notice - 60) for person in (11, 12)],
        "proposer": 10,
        "forecast": (now - 60, now + 5 * DAY, 50, 340),
        "is_prepaid": False,
    }


def _spoil(h, chance, rule):  # noqa: C901, PLR0912 (each thing that may be otherwise, one line)
    now = h["now"]
    near = chance.choice([-1, 0, 1])
    match chance.randrange(21):
        case 0:
            h["debts"] = [(n, now // DAY - rule.overdue_days + near - n, amount) for n, _, amount in h["debts"]]
        case 1:
            h["debts"] = [(n, due, rule.least_minor // 2 + near) for n, due, _ in h["debts"]]
        case 2:
            h["owed"] = rule.least_minor + near
        case 3:
            h["demands"] = h["demands"][1:]
        case 4:
            h["demands"] = [(step, chance.choice([None, now + near])) for step, _ in h["demands"]]
        case 5:
            h["notice"] = chance.choice([None, now + near])
        case 6:
            h["notice"] = now - chance.randrange(13) * DAY
        case 7:
            h["bills"] = {chance.choice([1, 2, 3])}
        case 8:
            h["slot"] = (now + near, now + 60)
        case 9:
            h["slot"] = (now - 60, now + near)
        case 10:
            h["reminded"] = chance.choice(
                [None, now + near, now - rule.reminder_least_minutes + near, now - rule.reminder_most_minutes + near]
            )
        case 11 | 12 | 13:
            since = now - 90 * DAY if chance.random() < 0.7 else now + near
            until = chance.choice([None, now + near, now + DAY])
            h["holds"].append((chance.choice(list(HoldKind)), since, until, chance.choice([None, 1, 2, 3])))
        case 14:
            h["grade"], h["copied"] = "first", chance.choice([None, now + near, now - DAY])
        case 15:
            h["approvals"] = [(chance.choice([10, 11, 12]), now - rule.approval_days * DAY + near), (11, now - 9)]
        case 16:
            h["approvals"] = h["approvals"][: chance.randrange(2)]
        case 17:
            h["now"] = now // DAY * DAY + chance.choice([rule.opens_minute, rule.closes_minute, 720]) + near
        case 18:
            h["now"] = now + chance.randrange(-10, 10) * DAY
        case 19:
            h["forecast"] = chance.choice(
                [None, (now + near, now + 9 * DAY, 9, 9), (now, now + 3 * DAY + near, 9, 9), (now, now + 9 * DAY, 0, 9),
                 (now, now + 9 * DAY, 1, 349), (now, now + 9 * DAY, 9, 350)]
            )  # fmt: skip
        case 20:
            h["is_prepaid"] = True


def _asked(h, rule):
    facts = Facts(
        debts=tuple(Debt(number, START + timedelta(days=due), amount) for number, due, amount in h["debts"]),
        owed_minor=h["owed"],
        demands=tuple(Demand(step, None if at is None else _at(at)) for step, at in h["demands"]),
        notice=None
        if h["notice"] is None
        else CutNotice(frozenset(h["bills"]), _at(h["notice"]), _at(h["slot"][0]), _at(h["slot"][1])),
        reminded_at=None if h["reminded"] is None else _at(h["reminded"]),
        holds=tuple(
            Hold(place, kind, _at(since), None if until is None else _at(until), bill)
            for place, (kind, since, until, bill) in enumerate(h["holds"])
        ),
        importance=h["grade"],
        copied_at=None if h["copied"] is None else _at(h["copied"]),
        approvals=tuple(Approval(person, _at(at)) for person, at in h["approvals"]),
        proposer_id=h["proposer"],
        forecast=None
        if h["forecast"] is None
        else Forecast(_at(h["forecast"][0]), _at(h["forecast"][1]), *h["forecast"][2:]),
        is_prepaid=h["is_prepaid"],
    )
    return may_cut(facts=facts, rule=rule, moment=moment(at=_at(h["now"]), clock=CLOCK, calendar=CALENDAR))


def _works(day):
    return day in MADE_UP_DAYS or ((day + 3) % 7 < 5 and day not in FREE_DAYS)


def _passed(start, end, rule):
    """Days of the notice from the day after its receipt up to a day."""
    days = range(start + 1, end + 1)
    return sum(map(_works, days)) if rule.counts_working_days else len(days)


def _is_allowed(h, name):  # noqa: C901, PLR0911, PLR0912 (one condition of law, one return)
    """The oracle: True if each condition of law and contract is met."""
    rule, now = RULES[name], h["now"]
    day, minute = divmod(now, DAY)
    if h["is_prepaid"]:
        return False
    standing = [
        (kind, bill)
        for kind, since, until, bill in h["holds"]
        if now >= since and not (until is not None and now >= until)
    ]
    if any(bill is None or kind in rule.account_kinds for kind, bill in standing):
        return False
    if day in CLOSED[name] or day in FREE_DAYS or (rule.spares_eves and day + 1 in FREE_DAYS):
        return False
    if (day + 3) % 7 + 1 not in rule.weekdays or minute < rule.opens_minute or minute >= rule.closes_minute:
        return False
    if h["notice"] is None or h["notice"] > now or not h["slot"][0] <= now < h["slot"][1]:
        return False
    got = h["notice"] // DAY
    if _passed(got, day, rule) < rule.notice_least_days or _passed(got, day - 1, rule) >= rule.notice_most_days:
        return False
    free = {bill for _, bill in standing}
    ripe = {
        (due, amount) for number, due, amount in h["debts"]
        if Fraction(now - (due + 1) * DAY, DAY) >= rule.overdue_days and number in h["bills"] - free and amount > 0
    }  # fmt: skip
    if not ripe or not all(
        limit <= min(sum(amount for _, amount in ripe), h["owed"]) for limit in (1, rule.least_minor)
    ):
        return False
    oldest = min(due for due, _ in ripe)
    shown = {step for step, at in h["demands"] if at is not None and (oldest + 1) * DAY <= at <= now}
    if not shown.issuperset(rule.steps) or got <= oldest:
        return False
    if h["reminded"] is None or h["reminded"] < h["notice"]:
        return False
    if not rule.reminder_least_minutes <= now - h["reminded"] <= rule.reminder_most_minutes:
        return False
    agreed = {person for person, at in h["approvals"] if 0 <= now - at <= rule.approval_days * DAY} - {h["proposer"]}
    if h["grade"] and (h["copied"] is None or h["copied"] > now or len(agreed) < rule.important_approvals):
        return False
    if len(agreed) < rule.approvals:
        return False
    if rule.weather is None:
        return True
    if h["forecast"] is None:
        return False
    made, until, cold, hot = h["forecast"]
    return made <= now and until - now >= 72 * 60 and cold > 0 and hot < 350


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_nobody_is_cut_off_wrongly(chunk):
    chance = random.Random(f"cut {chunk}")
    allowed = 0
    seen = set()
    for _ in range(HISTORIES // CHUNKS):
        name = chance.choice(("home", "other", "abroad"))
        rule = RULES[name]
        history = _clean(chance, rule)
        for _ in range(chance.choice((0, 1, 1, 1, 2, 3))):
            _spoil(history, chance, rule)
        answer = _asked(history, rule)
        expected = _is_allowed(history, name)
        assert (not answer) == expected, (name, history, answer)
        allowed += expected
        seen.update(one.code for one in answer)
    assert allowed > HISTORIES // CHUNKS // 20
    assert seen == set(BlockerCode) - OF_BALANCE
