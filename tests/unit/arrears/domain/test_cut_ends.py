"""
May we cut? Each reason rests on what it names, and ends when it says so.

Over the random histories of test_cut.py and test_cut_prepaid.py: what a reason names is looked up in the history, and
the same question is asked again at the end it tells, a minute before, and at all that may turn on the way. What is said
to have happened after the moment is left out: only time passes. 30,000 histories of each: WATTLINE_PROOF=1.
"""

import os
import random
from dataclasses import replace
from datetime import timedelta

import pytest

from arrears.domain.cut_facts import BlockerCode, HoldKind
from tests.unit.arrears.domain import test_cut as debts
from tests.unit.arrears.domain import test_cut_prepaid as balance
from tests.unit.arrears.domain.test_cut import DAY, FREE, START, ZERO, _at

HISTORIES = 30_000 if os.environ.get("WATTLINE_PROOF") else 300
AHEAD = 35
"""So many days ahead it is looked."""
HOLDS = {kind.value for kind in HoldKind}
C = BlockerCode
NAMELESS = {C.PREPAID, C.PREPAID_ENDED}
"""They are what the account is, and rest on nothing beside."""


def _minute(at):
    return (at - ZERO) // timedelta(minutes=1)


def _day(number):
    return (START + timedelta(days=number)).isoformat()


def _iso(minute):
    return _at(minute).isoformat()


def _past(minute, now):
    return minute if minute is None or minute <= now else None


def _known_of_debts(h):
    """The history without what is said to have happened after its moment."""
    now = h["now"]
    told = {name: _past(h[name], now) for name in ("notice", "reminded", "copied")}
    return {
        **h, **told,
        "demands": [(step, _past(at, now)) for step, at in h["demands"]],
        "approvals": [one for one in h["approvals"] if one[1] <= now],
        "forecast": h["forecast"] if h["forecast"] and h["forecast"][0] <= now else None,
    }  # fmt: skip


def _known_of_balance(h):
    now = h["now"]
    told = {name: _past(h[name], now) for name in ("told", "copied")}
    return {**h, **told, "agreed": [one for one in h["agreed"] if one[1] <= now]}


def _held(h):
    return {bill for _, since, until, bill in h["holds"] if since <= h["now"] and (until is None or until > h["now"])}


def _of_both(h, rule, one):  # noqa: PLR0911 (one reason, one return)
    """What the evidence must be of a reason that stands for both kinds; None: it is of one kind."""
    now, day, said = h["now"], START + timedelta(days=h["now"] // DAY), dict(one.evidence)
    if one.code.value in HOLDS:
        kind, since, until, bill = h["holds"][said["hold"]]
        assert kind.value == one.code.value
        assert since <= now
        assert until is None or until > now
        assert bill is None or kind in rule.account_kinds
        return said
    match one.code:
        case C.AUTHORITY_UNTOLD:
            return {"grade": "first"}
        case C.UNAPPROVED:
            agreed = h["approvals"] if "approvals" in h else h["agreed"]
            persons = {person for person, at in agreed if now - at <= rule.approval_days * DAY} - {h.get("proposer")}
            return {"approvals": len(persons), "needed": rule.important_approvals if h["grade"] else rule.approvals}
        case C.SEASON:
            return {"season": next(str(season) for season in rule.seasons if str(season) == said["season"])}
        case C.HOLIDAY:
            return {"day": day.isoformat(), "holiday": min(free for free in FREE if free >= day).isoformat()}
        case C.WEEKDAY:
            return {"weekday": day.isoweekday()}
        case C.HOUR:
            return {"from_minute": rule.opens_minute, "until_minute": rule.closes_minute}
    return None


def _of_debts(h, rule, one):  # noqa: C901, PLR0911 (one reason, one return)
    today, notice = h["now"] // DAY, h["notice"]
    match one.code:
        case C.TOO_YOUNG:
            due = min(due for _, due, amount in h["debts"] if amount > 0 and due < today)
            return {"oldest_due": _day(due), "days": rule.overdue_days}
        case C.BELOW_LEAST:
            named = {number for number, _, _ in h["debts"]} if notice is None else h["bills"]
            free = named - _held(h)
            ripe = [amount for n, due, amount in h["debts"] if today - due > rule.overdue_days and n in free]
            counted = min(sum(amount for amount in ripe if amount > 0), h["owed"])
            return {"counted_minor": max(counted, 0), "least_minor": max(rule.least_minor, 1)}
        case C.STEP_UNPROVEN:
            return {"step": next(step for step in rule.steps if step == dict(one.evidence)["step"])}
        case C.NOTICE_MISSING:
            return {} if notice is None else {"delivered": _day(notice // DAY)}
        case C.NOTICE_FRESH | C.NOTICE_OLD:
            return {"delivered": _day(notice // DAY)}
        case C.OUTSIDE_SLOT:
            return {"from": _iso(h["slot"][0]), "until": _iso(h["slot"][1])}
        case C.REMINDER_MISSING:
            return {"minutes": rule.reminder_least_minutes}
        case C.REMINDER_FRESH | C.REMINDER_OLD:
            return {"reminded": _iso(h["reminded"])}
        case C.WEATHER_UNKNOWN:
            return {"hours": 72} | ({"until": _iso(h["forecast"][1])} if h["forecast"] else {})
        case C.WEATHER:
            made, _, coldest, hottest = h["forecast"]
            return {"made": _iso(made), "coldest_tenths": coldest, "hottest_tenths": hottest}
    return {}


def _of_balance(h, rule, one):
    match one.code:
        case C.BALANCE_LEFT:
            left = h["balance"] + sum(amount for number, amount in h["debts"] if number in _held(h))
            return {"left_minor": left, "line_minor": rule.prepaid.cut_below_minor}
        case C.IN_REVIEW:
            return {"review": h["review"] or "unrated"}
        case C.STALE_READ:
            return {"rated_until": "" if h["rated"] is None else _day(h["rated"]), "days": rule.prepaid.stale_days}
        case C.BALANCE_UNTOLD:
            return {"cut_date": "" if h["cut"] is None else _day(h["cut"])}
        case C.GRACE:
            return {"from": _day(max(h["cut"], h["told"] // DAY + rule.prepaid.grace_days))}
    return {}


def _key(one):
    """What makes a reason the same one later; weather that is foretold badly, and one that is not foretold, is one."""
    said = dict(one.evidence)
    if one.code in {C.WEATHER, C.WEATHER_UNKNOWN}:
        return "weather"
    return one.code, said.get("hold"), said.get("step"), said.get("season")


def _looks(h, ends):
    """The minutes after the moment at which it is asked again."""
    found = {end + near for end in ends for near in (-1, 0, 1)}
    for _, since, until, _ in h["holds"]:
        found |= {since, until or since}
    first = h["now"] // DAY
    found |= {(first + ahead) * DAY for ahead in range(AHEAD)} | {(first + ahead) * DAY + 600 for ahead in range(7)}
    return sorted(minute for minute in found if minute > h["now"])


def _check(h, asked, rule, evidence):
    answer = asked(h, rule)
    ends = {_key(one): None if one.until_at is None else _minute(one.until_at) for one in answer}
    for one in answer:
        wanted = _of_both(h, rule, one)
        assert dict(one.evidence) == (evidence(h, rule, one) if wanted is None else wanted), (h, one)
        assert one.evidence or one.code in NAMELESS or (one.code is C.NOTICE_MISSING and h["notice"] is None), one
        assert one.until_at is None or one.until_at > _at(h["now"]), (h, one)
    for minute in _looks(h, [end for end in ends.values() if end is not None]):
        there = {_key(one) for one in asked({**h, "now": minute}, rule)}
        for key, end in ends.items():
            if end is None or minute < end:
                assert key in there, ("gone before its end", key, minute, h)
            elif minute == end:
                assert key not in there, ("there at its end", key, minute, h)
    return {one.code for one in answer if one.until_at is not None}


KINDS = {
    "debts": (debts, _known_of_debts, _of_debts),
    "balance": (balance, _known_of_balance, _of_balance),
}
ENDED_BY_A_CLOCK = {
    "debts": {C.TOO_YOUNG, C.BELOW_LEAST, C.NOTICE_FRESH, C.OUTSIDE_SLOT, C.REMINDER_FRESH, C.HOUR, C.HOLIDAY,
              C.WEEKDAY, C.SEASON, C.DISPUTE},
    "balance": {C.BALANCE_LEFT, C.GRACE, C.HOUR, C.HOLIDAY, C.WEEKDAY, C.DISPUTE},
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_each_reason_rests_on_what_it_names_and_ends_when_it_says(kind):
    histories, known, evidence = KINDS[kind]
    chance = random.Random(f"ends {kind}")
    seen = set()
    for _ in range(HISTORIES):
        rule = chance.choice(list(histories.RULES.values()))
        history = histories._clean(chance, rule)
        for _ in range(chance.choice((1, 2, 3))):
            histories._spoil(history, chance, rule)
        if kind == "debts" and chance.random() < 0.2:
            day = history["now"] // DAY
            history["debts"] = [(number, day - chance.randrange(40), amount) for number, _, amount in history["debts"]]
        seen |= _check(known(history), histories._asked, rule, evidence)
    assert seen >= ENDED_BY_A_CLOCK[kind]


def test_what_never_opens_has_no_end():
    closed = replace(debts.RULES["home"], weekdays=frozenset())
    answer = debts._asked(debts._clean(random.Random("closed"), closed), closed)
    assert [one.until_at for one in answer if one.code is C.WEEKDAY] == [None]
