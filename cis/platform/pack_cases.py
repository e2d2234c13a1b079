"""Types of the rule on complaints and other cases; see ``cis.platform.pack_rules``."""

import re
from dataclasses import dataclass, field
from typing import Any

_STANDARD: dict[str, Any] = {"pattern": re.compile(r"([a-z0-9]+(_[a-z0-9]+)*)?")}
_WORD: dict[str, Any] = {"pattern": re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")}
_NAME: dict[str, Any] = {"pattern": re.compile(r".*\S.*")}
_KIND = re.compile("complaint|report|request|fault|question|praise")
_PART = r"[a-z0-9]+(_[a-z0-9]+)*"


@dataclass(frozen=True, slots=True)
class CaseClocks:
    """Standards of a kind of case: until a team accepts it, the caller first hears, it is answered; "": none."""

    accept: str = field(default="", metadata=_STANDARD)
    contact: str = field(default="", metadata=_STANDARD)
    finish: str = field(default="", metadata=_STANDARD)


@dataclass(frozen=True, slots=True)
class CaseName:
    """A name in English and in Chinese."""

    en: str = field(metadata=_NAME)
    zh: str = field(metadata=_NAME)


@dataclass(frozen=True, slots=True)
class CaseClassRule:
    """
    A class on the third level.

    kinds            of cases that have it, the usual one first
    skill            what a team must know to handle it
    contact, finish  standards in the place of those of its kind
    hold             what of a disputed account is not pursued meanwhile
    fault            a fault report of it is one of the supply, for which a crew is sent: no_power, voltage, danger
    """

    en: str = field(metadata=_NAME)
    zh: str = field(metadata=_NAME)
    kinds: list[str] = field(metadata={"pattern": _KIND})
    skill: str = field(metadata=_WORD)
    severity: str = field(default="general", metadata={"pattern": re.compile("general|serious|urgent")})
    contact: str = field(default="", metadata=_STANDARD)
    finish: str = field(default="", metadata=_STANDARD)
    hold: str = field(default="none", metadata={"pattern": re.compile("none|bill|account")})
    fault: str = field(default="", metadata={"pattern": re.compile("(no_power|voltage|danger|line_down)?")})


@dataclass(frozen=True, slots=True)
class CaseAuthority:
    """An authority that refers cases, and the standard of its answer."""

    en: str = field(metadata=_NAME)
    zh: str = field(metadata=_NAME)
    finish: str = field(metadata=_STANDARD)


@dataclass(frozen=True, slots=True)
class Cases:
    """
    Complaints, reports, requests, fault reports, questions and praise.

    kinds            clocks of each kind that is taken
    topics           names of the first two levels, by their codes
    classes          by three words parted by strokes
    causes           a tree of what was the matter, each by its path
    repeat_days      the same matter of the same customer or place within so many days is a repeat
    reopen_days      so long after its end a caller opens it again
    call_back_tries  after so many calls that nobody answered it may be closed
    called_back      kinds in which the caller is called back
    spared_roles     roles that see what is complained of about their own team, never about themselves
    """

    kinds: dict[str, CaseClocks] = field(metadata={"names": _KIND})
    topics: dict[str, CaseName] = field(metadata={"names": re.compile(f"{_PART}(/{_PART})?")})
    classes: dict[str, CaseClassRule] = field(metadata={"names": re.compile(f"{_PART}/{_PART}/{_PART}")})
    causes: dict[str, CaseName] = field(metadata={"names": re.compile(f"{_PART}(/{_PART})*")})
    authorities: dict[str, CaseAuthority] = field(metadata={"names": re.compile("[a-z0-9_]+")})
    repeat_days: int = field(metadata={"least": 1, "most": 366})
    reopen_days: int = field(metadata={"least": 0, "most": 366})
    call_back_tries: int = field(metadata={"least": 1, "most": 10})
    called_back: list[str] = field(metadata={"pattern": _KIND})
    spared_roles: list[str] = field(metadata={"pattern": re.compile("supervisor|auditor|admin")})


_FACT = re.compile("open_dispute|estimated_bill|outage|planned_outage|price_change")
_CLASS: dict[str, Any] = {"pattern": re.compile(f"{_PART}/{_PART}/{_PART}")}


@dataclass(frozen=True, slots=True)
class CaseFactRule:
    """A fact makes each of its classes so many times likelier."""

    classes: list[str] = field(metadata=_CLASS)
    times: int = field(metadata={"least": 1, "most": 100})


@dataclass(frozen=True, slots=True)
class CaseSuggestions:
    """
    What is suggested of a case that comes in.

    automatic_percent  from this confidence a case of the portal, the API or by mail has its class at once; 101: never
    price_days         so long other prices are a fact
    facts              by kind of fact: which classes it makes likelier
    words              by severity: a text that has one of them, in small letters, is at least so serious
    """

    automatic_percent: int = field(metadata={"least": 50, "most": 101})
    price_days: int = field(metadata={"least": 0, "most": 366})
    facts: dict[str, CaseFactRule] = field(metadata={"names": _FACT})
    words: dict[str, list[str]] = field(
        metadata={"names": re.compile("serious|urgent"), "pattern": re.compile(r"[^A-Z]*\S[^A-Z]*")}
    )


_CLOCK: dict[str, Any] = {"pattern": re.compile(r"([01]\d|2[0-3]):[0-5]\d")}


@dataclass(frozen=True, slots=True)
class TelephoneCalls:
    """
    Who calls, and who is called back.

    opens, closes   local hours in which people are called; every_day: not on working days alone
    within_minutes  of these hours a call that was asked for is made; days_most: so far ahead a time is named
    tries           calls that nobody answered before a number is given up; retry_minutes between them
    claim_minutes   so long somebody has a call of which nothing is noted
    asked, right    questions from the file, and how many answers are to be right
    check_tries     tries a day for an account; check_minutes: so long a caller is known
    """

    opens: str = field(metadata=_CLOCK)
    closes: str = field(metadata=_CLOCK)
    every_day: bool
    within_minutes: int = field(metadata={"least": 1, "most": 10_000})
    days_most: int = field(metadata={"least": 0, "most": 60})
    tries: int = field(metadata={"least": 1, "most": 10})
    retry_minutes: int = field(metadata={"least": 1, "most": 10_000})
    claim_minutes: int = field(metadata={"least": 1, "most": 240})
    asked: int = field(metadata={"least": 1, "most": 5})
    right: int = field(metadata={"least": 1, "most": 5})
    check_tries: int = field(metadata={"least": 1, "most": 20})
    check_minutes: int = field(metadata={"least": 1, "most": 240})


@dataclass(frozen=True, slots=True)
class CheckItem:
    """A question on how well a case was handled, and how much it weighs."""

    en: str = field(metadata=_NAME)
    zh: str = field(metadata=_NAME)
    weight: int = field(metadata={"least": 1, "most": 1_000})


@dataclass(frozen=True, slots=True)
class CaseEvaluation:
    """
    Closed cases that are looked at again by somebody who did not work on them.

    kinds          that are looked at
    severities     of which all are
    always         why else all are: they were ``reopened``, ``escalated``, or referred by a ``regulator``
    share_percent  of the others of each team and month, rounded up
    items          the checklist
    """

    kinds: list[str] = field(metadata={"pattern": _KIND})
    severities: list[str] = field(metadata={"pattern": re.compile("general|serious|urgent")})
    always: list[str] = field(metadata={"pattern": re.compile("reopened|escalated|regulator")})
    share_percent: int = field(metadata={"least": 0, "most": 100})
    items: dict[str, CheckItem] = field(metadata={"names": re.compile(_PART)})


@dataclass(frozen=True, slots=True)
class CaseTrends:
    """
    When a class in an area is told of as more often than before.

    windows         last days that are compared, each for itself
    baseline_weeks  so many weeks before them
    alpha_ppm       how likely a false alarm may be of a class, area, window and night, in a million
    least           fewer cases in a window are no trend
    again_days      so long after one was closed the same is not told again
    """

    windows: list[int] = field(metadata={"least": 1, "most": 92})
    baseline_weeks: int = field(metadata={"least": 4, "most": 104})
    alpha_ppm: int = field(metadata={"least": 1, "most": 100_000})
    least: int = field(metadata={"least": 2, "most": 1_000})
    again_days: int = field(metadata={"least": 0, "most": 366})


@dataclass(frozen=True, slots=True)
class CaseFigures:
    """
    Figures of cases.

    least       counts below it are left out of what everybody may read
    price_days  a case so many days after a price of its account changed is counted as after a change of price
    """

    least: int = field(metadata={"least": 2, "most": 100})
    price_days: int = field(metadata={"least": 1, "most": 366})
