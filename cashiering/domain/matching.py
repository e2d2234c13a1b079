"""
Whose money is it? A line of a bank against accounts, bills and names, with a score and its reason.

Only what is certain is booked by itself; the rest waits for a person, with what it may be.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from accounts.domain.numbers import has_check_digit

SUGGESTIONS_MOST = 5
NUMBER_LEAST, NUMBER_MOST = 6, 20
GROUPED = 10
TEXTS_KEPT = 4_096
"""Texts whose numbers are kept: each line's are asked for thrice."""
_RUNS = re.compile(r"[0-9]+(?:[ \-./][0-9]+)*")
_BREAKS = re.compile(r"[ \-./]")


class Evidence(StrEnum):
    """
    Why an account is thought of.

    BILL_AND_AMOUNT   numbers of its bills are named, and they come to exactly this amount
    ACCOUNT_NUMBER    its number is named, check digit and all
    NUMBER_AND_NAME   its number or that of a bill is named, and so is its holder
    NUMBER_AND_AMOUNT its number is named, and exactly this amount is owed
    AMOUNT_AND_NAME   exactly this amount is owed, and its holder pays; nobody else of that name owes it
    NUMBER_ALONE      a number of it stands in the text, and nothing else speaks for it
    SEVERAL           it is one of several accounts that the text names
    NAMESAKES         one of several of that name owes this amount
    """

    BILL_AND_AMOUNT = "bill_and_amount"
    ACCOUNT_NUMBER = "account_number"
    NUMBER_AND_NAME = "number_and_name"
    NUMBER_AND_AMOUNT = "number_and_amount"
    AMOUNT_AND_NAME = "amount_and_name"
    NUMBER_ALONE = "number_alone"
    SEVERAL = "several"
    NAMESAKES = "namesakes"


SCORES: Mapping[Evidence, int] = {
    Evidence.BILL_AND_AMOUNT: 100,
    Evidence.ACCOUNT_NUMBER: 95,
    Evidence.NUMBER_AND_NAME: 95,
    Evidence.NUMBER_AND_AMOUNT: 90,
    Evidence.AMOUNT_AND_NAME: 85,
    Evidence.NUMBER_ALONE: 60,
    Evidence.SEVERAL: 50,
    Evidence.NAMESAKES: 40,
}
NOTHING_FOUND = "nothing_found"
"""The reason where no account is thought of."""


@dataclass(frozen=True, slots=True)
class Paid:
    """What a line says of its payer. ``amount_minor``: [minor unit]"""

    text: str
    name: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Named:
    """
    What a number stands for.

    is_bill     a bill of the account, else the account itself
    open_minor  what is open of the bill, or owed on the account [minor unit]
    holder      name of who holds the account
    """

    number: str
    is_bill: bool
    account_id: int
    open_minor: int
    holder: str


@dataclass(frozen=True, slots=True)
class Debtor:
    """An account that owes an amount. ``owed_minor``: its balance [minor unit]"""

    account_id: int
    owed_minor: int
    holder: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An account that the money may be for; ``score``: 0 to 100."""

    account_id: int
    score: int
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Match:
    """What was found for a line: accounts, the likeliest first; ``account_id``: the one that is certain, or None."""

    account_id: int | None
    reason: str
    score: int
    suggestions: tuple[Suggestion, ...]


@lru_cache(maxsize=TEXTS_KEPT)
def numbers_in(text: str) -> tuple[str, ...]:
    """
    Return the numbers in a text that may be ours, each once, in their order.

    Full-width digits count as digits; so do groups of one number that are set apart ("3100 0000 17"). Numbers of fewer
    than 6 or more than 20 digits are nobody's.
    """
    found: dict[str, None] = {}
    for run in _RUNS.findall(unicodedata.normalize("NFKC", text)):
        groups = _BREAKS.split(run)
        for first in range(len(groups)):
            joined = ""
            for group in groups[first:]:
                joined += group
                if len(joined) > NUMBER_MOST:
                    break
                if len(joined) >= NUMBER_LEAST and (joined == groups[first] or len(joined) == GROUPED):
                    found[joined] = None
    return tuple(found)


def plain_name(name: str) -> str:
    """Return a name as it is compared: width, case, blanks and signs do not count."""
    return "".join(char for char in unicodedata.normalize("NFKC", name).casefold() if char.isalnum())


def match(
    *,
    lines: Sequence[Paid],
    named: Mapping[str, Collection[Named]],
    debtors: Mapping[tuple[int, str], Collection[Debtor]],
    certain_from: int,
) -> list[Match]:
    """
    Return whose money each line is, in their order.

    named         what each number stands for that is in any of the texts; others are nobody's
    debtors       accounts that owe an amount, by amount and holder's name as ``plain_name`` gives it
    certain_from  a score from which a single account is certain

    A text that names several accounts makes none of them certain, whatever else speaks for one.
    """
    return [_one(line, named, debtors, certain_from) for line in lines]


def _one(
    line: Paid,
    named: Mapping[str, Collection[Named]],
    debtors: Mapping[tuple[int, str], Collection[Debtor]],
    certain_from: int,
) -> Match:
    hits = [hit for number in numbers_in(line.text) for hit in named.get(number, ())]
    accounts = list(dict.fromkeys(hit.account_id for hit in hits))
    if len(accounts) > 1:
        found = [Suggestion(one, SCORES[Evidence.SEVERAL], Evidence.SEVERAL) for one in accounts]
    elif accounts:
        evidence = _by_number(line, hits)
        found = [Suggestion(accounts[0], SCORES[evidence], evidence)]
    else:
        found = _by_name(line, debtors)
    best = found[:SUGGESTIONS_MOST]
    if not best:
        return Match(None, NOTHING_FOUND, 0, ())
    top = best[0]
    is_certain = len(found) == 1 and top.score >= certain_from
    return Match(top.account_id if is_certain else None, top.evidence.value, top.score, tuple(best))


def _by_number(line: Paid, hits: Sequence[Named]) -> Evidence:
    """Return the best that speaks for the one account that the text names."""
    bills = {hit.number: hit.open_minor for hit in hits if hit.is_bill}
    if bills and sum(bills.values()) == line.amount_minor:
        return Evidence.BILL_AND_AMOUNT
    own = [hit for hit in hits if not hit.is_bill]
    if any(has_check_digit(hit.number) for hit in own):
        return Evidence.ACCOUNT_NUMBER
    name = plain_name(line.name)
    if name and any(plain_name(hit.holder) == name for hit in hits):
        return Evidence.NUMBER_AND_NAME
    if any(hit.open_minor == line.amount_minor for hit in own):
        return Evidence.NUMBER_AND_AMOUNT
    return Evidence.NUMBER_ALONE


def _by_name(line: Paid, debtors: Mapping[tuple[int, str], Collection[Debtor]]) -> list[Suggestion]:
    name = plain_name(line.name)
    owing = debtors.get((line.amount_minor, name), ()) if name else ()
    evidence = Evidence.AMOUNT_AND_NAME if len(owing) == 1 else Evidence.NAMESAKES
    return [Suggestion(one.account_id, SCORES[evidence], evidence) for one in owing]
