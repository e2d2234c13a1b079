"""
May we cut a prepaid supply? Against an independent oracle over random histories: nobody is cut off wrongly.

As test_cut.py, whose clock and calendar it uses: minutes since 2026-01-01 on the wall clock.
"""

import os
import random
from datetime import timedelta

import pytest

from arrears.domain.cut import may_cut
from arrears.domain.cut_facts import (
    Approval,
    BlockerCode,
    CutRule,
    Debt,
    Facts,
    Hold,
    HoldKind,
    PrepaidFacts,
    PrepaidRule,
    moment,
)
from tests.unit.arrears.domain.test_cut import CALENDAR, CLOCK, DAY, FREE_DAYS, START, _at

HISTORIES = 500_000 if os.environ.get("WATTLINE_PROOF") else 20_000
_COMMON = {
    "least_minor": 0, "overdue_days": 0, "steps": (), "notice_least_days": 0, "notice_most_days": 0,
    "counts_working_days": False, "reminder_least_minutes": 0, "reminder_most_minutes": 0, "opens_minute": 480,
    "closes_minute": 1020, "weekdays": frozenset({1, 2, 3, 4, 5}), "seasons": (), "copies_important": True,
    "important_approvals": 2, "approval_days": 15,
}  # fmt: skip
RULES = {
    "home": CutRule(
        **_COMMON, approvals=0, spares_eves=True, account_kinds=frozenset({HoldKind.COMPLAINT}),
        prepaid=PrepaidRule(cut_below_minor=0, grace_days=7, stale_days=3),
    ),
    "lent": CutRule(
        **_COMMON, approvals=1, spares_eves=False, account_kinds=frozenset(),
        prepaid=PrepaidRule(cut_below_minor=-1_000, grace_days=0, stale_days=1),
    ),
}  # fmt: skip
CODES = {
    BlockerCode.PREPAID_ENDED, BlockerCode.BALANCE_LEFT, BlockerCode.IN_REVIEW, BlockerCode.STALE_READ,
    BlockerCode.BALANCE_UNTOLD, BlockerCode.GRACE, BlockerCode.LIFE_SUPPORT, BlockerCode.UNAPPROVED,
    BlockerCode.AUTHORITY_UNTOLD, BlockerCode.HOLIDAY, BlockerCode.WEEKDAY, BlockerCode.HOUR,
}  # fmt: skip


def _clean(chance, rule):
    now = chance.randrange(95, 175) * DAY + chance.randrange(475, 1_025)
    wait = rule.prepaid.grace_days
    told = now - (wait + chance.randrange(2)) * DAY
    return {
        "now": now, "running": True, "balance": rule.prepaid.cut_below_minor - chance.choice([1, 5_000]),
        "rated": now // DAY - chance.randrange(rule.prepaid.stale_days + 1), "review": "", "cut": told // DAY + wait,
        "told": told, "holds": [], "debts": [(1, 900)], "grade": "", "copied": None, "agreed": [(11, now - 9 * DAY)],
    }  # fmt: skip


def _spoil(h, chance, rule):  # noqa: C901 (each thing that may be otherwise, one case)
    now, near = h["now"], chance.choice([-1, 0, 1])
    match chance.randrange(11):
        case 0:
            h["running"] = False
        case 1:
            h["balance"] = chance.choice([None, rule.prepaid.cut_below_minor + near])
        case 2:
            h["rated"] = chance.choice([None, now // DAY - rule.prepaid.stale_days + near])
        case 3:
            h["review"] = chance.choice(["jump", "stale", "unrated", "no_agreement"])
        case 4:
            h["cut"] = chance.choice([None, now // DAY + near])
        case 5:
            h["told"] = chance.choice([None, now + near, now - rule.prepaid.grace_days * DAY + near * 700])
        case 6 | 7:
            since = now - DAY if chance.random() < 0.7 else now + near
            until = chance.choice([None, now + near, now + DAY])
            h["holds"].append((chance.choice(list(HoldKind)), since, until, chance.choice([None, 1, 2])))
        case 8:
            h["grade"], h["copied"] = "first", chance.choice([None, now + near, now - DAY])
            h["agreed"] = [(11, now - 60), (chance.choice([11, 12]), now - 15 * DAY + near)]
        case 9:
            h["agreed"] = chance.choice([[], [(12, now - 15 * DAY + near)]])
        case 10:
            h["now"] = now // DAY * DAY + chance.choice([480, 1_020, 0, -DAY, DAY]) + near


def _asked(h, rule):
    facts = Facts(
        debts=tuple(Debt(number, START, amount) for number, amount in h["debts"]),
        owed_minor=0,
        holds=tuple(
            Hold(place, kind, _at(since), None if until is None else _at(until), bill)
            for place, (kind, since, until, bill) in enumerate(h["holds"])
        ),
        importance=h["grade"],
        copied_at=None if h["copied"] is None else _at(h["copied"]),
        approvals=tuple(Approval(person, _at(at)) for person, at in h["agreed"]),
        prepaid=PrepaidFacts(
            is_running=h["running"],
            balance_minor=h["balance"],
            rated_until=None if h["rated"] is None else START + timedelta(days=h["rated"]),
            review=h["review"],
            cut_date=None if h["cut"] is None else START + timedelta(days=h["cut"]),
            told_at=None if h["told"] is None else _at(h["told"]),
        ),
    )
    return may_cut(facts=facts, rule=rule, moment=moment(at=_at(h["now"]), clock=CLOCK, calendar=CALENDAR))


def _is_allowed(h, name):  # noqa: PLR0911 (one condition, one return)
    rule, now = RULES[name], h["now"]
    day, minute = divmod(now, DAY)
    if not h["running"] or h["review"] or h["balance"] is None:
        return False
    standing = [(kind, bill) for kind, since, until, bill in h["holds"] if since <= now and (until or now + 1) > now]
    if any(bill is None or kind in rule.account_kinds for kind, bill in standing):
        return False
    line = {"home": 0, "lent": -1_000}[name]
    spared = sum(amount for number, amount in h["debts"] if number in {bill for _, bill in standing})
    if h["balance"] + spared >= line:
        return False
    if h["rated"] is None or day - h["rated"] > {"home": 3, "lent": 1}[name]:
        return False
    if h["cut"] is None or h["told"] is None or h["told"] > now:
        return False
    if day < h["cut"] or day - h["told"] // DAY < {"home": 7, "lent": 0}[name]:
        return False
    if day in FREE_DAYS or (name == "home" and day + 1 in FREE_DAYS) or (day + 3) % 7 > 4 or not 480 <= minute < 1_020:
        return False
    agreed = {person for person, at in h["agreed"] if 0 <= now - at <= 15 * DAY}
    if h["grade"] and (h["copied"] is None or h["copied"] > now or len(agreed) < 2):
        return False
    return len(agreed) >= {"home": 0, "lent": 1}[name]


def test_nobody_is_cut_off_wrongly_for_a_balance():
    chance = random.Random("prepaid")
    allowed, seen = 0, set()
    for _ in range(HISTORIES):
        name = chance.choice(("home", "lent"))
        rule = RULES[name]
        history = _clean(chance, rule)
        for _ in range(chance.choice((0, 1, 1, 2))):
            _spoil(history, chance, rule)
        answer, expected = _asked(history, rule), _is_allowed(history, name)
        assert (not answer) == expected, (name, history, answer)
        allowed += expected
        seen.update(one.code for one in answer)
    assert allowed > HISTORIES // 20
    assert seen >= CODES


def test_facts_of_a_balance_are_not_judged_by_a_rule_on_debts():
    rule = CutRule(**_COMMON, approvals=0, spares_eves=True, account_kinds=frozenset())
    history = _clean(random.Random("a"), RULES["home"])
    with pytest.raises(ValueError, match="kind"):
        _asked(history, rule)
