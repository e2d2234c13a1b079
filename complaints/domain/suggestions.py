"""What is suggested of a case that comes in: its class by text and facts, how serious it is; and how good that was."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from complaints.domain.kinds import Severity

WHOLE: Final = 1000
"""Confidence is kept in thousandths."""
SHOWN: Final = 3
CONFUSED_MOST: Final = 20
"""So many classes a table of mistakes has."""


class FactKind(StrEnum):
    """
    What is known of an account or its supply, and makes a class likelier.

    OPEN_DISPUTE    an open case of it disputes a bill
    ESTIMATED_BILL  its last bill stands on an estimate
    OUTAGE          its supply is in an outage now
    PLANNED_OUTAGE  a planned outage of it is announced, or on
    PRICE_CHANGE    other prices hold for it since a short time
    """

    OPEN_DISPUTE = "open_dispute"
    ESTIMATED_BILL = "estimated_bill"
    OUTAGE = "outage"
    PLANNED_OUTAGE = "planned_outage"
    PRICE_CHANGE = "price_change"


class Verdict(StrEnum):
    """What became of a suggestion: nobody has judged it, it was right, another class was chosen."""

    OPEN = "open"
    ACCEPTED = "accepted"
    CORRECTED = "corrected"


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact, with the number or day by which a person finds it."""

    kind: FactKind
    said: str = ""


@dataclass(frozen=True, slots=True)
class FactRule:
    """How a fact counts: each of its classes is so many times likelier."""

    classes: frozenset[str]
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestionRules:
    """
    The rule ``case_suggestions`` of the pack.

    automatic   confidence, in thousandths, from which a case of the portal, the API or by mail has its class at once
    price_days  so long other prices are a fact
    words       by severity: a text that has one of them is at least so serious
    """

    automatic: int
    price_days: int
    facts: Mapping[FactKind, FactRule]
    words: Mapping[Severity, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Guess:
    """A class, how sure it is in thousandths, and the facts that made it likelier."""

    code: str
    confidence: int
    because: tuple[FactKind, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """A suggestion that somebody judged: when the case came in, what was suggested first, and what it was."""

    month: str
    first: str
    others: tuple[str, ...]
    chosen: str


@dataclass(frozen=True, slots=True)
class MonthScore:
    """How many suggestions of a month were judged, and of how many the first, or one of those shown, was right."""

    month: str
    judged: int
    first: int
    shown: int


@dataclass(frozen=True, slots=True)
class Confusion:
    """
    Classes that were mistaken for others, and how often.

    codes   the classes, those with the most mistakes first
    counts  a row for each that was chosen, in it a count for each that was suggested first
    """

    codes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


_ORDER: Final = (Severity.GENERAL, Severity.SERIOUS, Severity.URGENT)


def weighed(
    *, confidences: Iterable[tuple[str, float]], facts: Collection[Fact], rules: SuggestionRules
) -> tuple[Guess, ...]:
    """Return classes, the likeliest first: each fact multiplies the chance of its classes, and all is 1 again."""
    there = [one.kind for one in facts if one.kind in rules.facts]
    chances, why = {}, {}
    for code, share in confidences:
        why[code] = tuple(kind for kind in there if code in rules.facts[kind].classes)
        chances[code] = share
        for kind in why[code]:
            chances[code] *= rules.facts[kind].times
    whole = sum(chances.values())
    if not whole:
        return ()
    guesses = [Guess(code, round(WHOLE * chance / whole), why[code]) for code, chance in chances.items()]
    return tuple(sorted(guesses, key=lambda one: (-one.confidence, one.code)))


def severity_of(text: str, *, least: Severity, rules: SuggestionRules | None) -> Severity:
    """Return how serious a text is: as its class is at least, more if it has a word of danger."""
    plain = text.lower()
    said: list[Severity] = [] if rules is None else [
        level for level, words in rules.words.items() if any(word in plain for word in words)
    ]  # fmt: skip
    return max([least, *said], key=_ORDER.index)


def verdict(*, suggested: str, chosen: str) -> Verdict:
    """Return whether a suggestion was right."""
    return Verdict.ACCEPTED if suggested == chosen else Verdict.CORRECTED


def by_month(judged: Iterable[Judged]) -> tuple[MonthScore, ...]:
    """Return how good suggestions were, the latest month first."""
    counts: dict[str, Counter[str]] = {}
    for one in judged:
        of_month = counts.setdefault(one.month, Counter())
        of_month["judged"] += 1
        of_month["first"] += one.first == one.chosen
        of_month["shown"] += one.chosen in {one.first, *one.others}
    return tuple(
        MonthScore(month, found["judged"], found["first"], found["shown"])
        for month, found in sorted(counts.items(), reverse=True)
    )


def confusion(judged: Sequence[Judged], *, most: int = CONFUSED_MOST) -> Confusion:
    """Return which classes were mistaken for which: those with the most mistakes alone, the most first."""
    mistakes: Counter[str] = Counter()
    for one in judged:
        if one.chosen != one.first:
            mistakes.update((one.chosen, one.first))
    codes = tuple(sorted(mistakes, key=lambda code: (-mistakes[code], code))[:most])
    counts = Counter((one.chosen, one.first) for one in judged)
    return Confusion(codes, tuple(tuple(counts[chosen, first] for first in codes) for chosen in codes))


def hits(judged: Sequence[Judged]) -> dict[str, tuple[int, int, int]]:
    """Return by class how often it was right, how often it was chosen, and how often it was suggested first."""
    right = Counter(one.chosen for one in judged if one.chosen == one.first)
    chosen, first = Counter(one.chosen for one in judged), Counter(one.first for one in judged)
    return {code: (right[code], chosen[code], first[code]) for code in sorted({*chosen, *first})}
