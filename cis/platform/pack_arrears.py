"""Types of the rules on what is not paid: late fees, dunning, disconnection; see ``cis.platform.pack_rules``."""

import re
from dataclasses import dataclass, field
from typing import Any

_MONEY = {"decimals": 3}
_RATE = {"decimals": 6}
_STEP = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")
_TIME = re.compile(r"([01]\d|2[0-4]):[0-5]\d")
_SEASON = re.compile(r"(0[1-9]|1[0-2])-[0-3]\d/(0[1-9]|1[0-2])-[0-3]\d")
HOLDS = re.compile("life_support|vulnerable|complaint|dispute|plan|hardship|outage|pending_payment")
_DAYS: dict[str, Any] = {"least": 0, "most": 366}
_MINUTES: dict[str, Any] = {"least": 0, "most": 1_440}
_PERSONS: dict[str, Any] = {"least": 1, "most": 5}
_COUNT: dict[str, Any] = {"pattern": re.compile("calendar|working")}


@dataclass(frozen=True, slots=True)
class LateFeeRates:
    """Part of what is open that is owed for each day: in the year of the due date, and in later years."""

    day: str = field(metadata=_RATE)
    carried_day: str = field(metadata=_RATE)


@dataclass(frozen=True, slots=True)
class LateFee:
    """
    Late fees on debts that fell due while the text held.

    classes          rates by class of use; ``other`` is for those that are not named; none: no late fee is charged
    kinds            of debts that bear it
    least            the least that a fee above 0 comes to
    counts_last_day  the day of payment counts too
    while_open       a debt that stays open is charged at the end of each ``month`` or ``year``, or (``none``) once paid
    spares_debits    days on which our direct debit of it was under way bear none, unless it came back
    """

    classes: dict[str, LateFeeRates] = field(
        metadata={"names": re.compile("residential|commercial|industrial|agricultural|other")}
    )
    kinds: list[str] = field(metadata={"pattern": re.compile("regular|note")})
    least: str = field(metadata=_MONEY)
    counts_last_day: bool
    while_open: str = field(metadata={"pattern": re.compile("none|month|year")})
    spares_debits: bool = False


@dataclass(frozen=True, slots=True)
class LateFeeWaiver:
    """
    Who waives late fees: up to which amount each role does so alone, together with what was waived alone on the account
    within so many days; above it a second person decides.
    """

    reasons: list[str] = field(metadata={"pattern": re.compile("[a-z]+(_[a-z]+)*")})
    clerk_most: str = field(metadata=_MONEY)
    billing_most: str = field(metadata=_MONEY)
    supervisor_most: str = field(metadata=_MONEY)
    within_days: int = field(metadata={"least": 1, "most": 366})


@dataclass(frozen=True, slots=True)
class DunningStep:
    """
    One step of a ladder: so many days after the step before it (the first: after the due date), by which channel, and
    what has to prove that it was received.
    """

    wait_days: int = field(metadata=_DAYS)
    count: str = field(metadata=_COUNT)
    channel: str = field(metadata={"pattern": re.compile("sms|email|letter|call|visit")})
    proof: str = field(metadata={"pattern": re.compile("none|delivered|posted|answered|handed_over")})


@dataclass(frozen=True, slots=True)
class DunningLadder:
    """
    The steps of a class, in their order.

    least          below so much overdue nobody is pursued
    account_holds  kinds of holds that stop all demands, also where they are about one bill; others take that bill out
    """

    least: str = field(metadata=_MONEY)
    account_holds: list[str] = field(metadata={"pattern": HOLDS})
    steps: dict[str, DunningStep] = field(metadata={"names": _STEP})


@dataclass(frozen=True, slots=True)
class DunningBatches:
    """From so many demands a day on a second person lets them go."""

    second_person_from: int = field(metadata={"least": 1, "most": 10_000_000})


@dataclass(frozen=True, slots=True)
class Weather:
    """Temperatures, in degrees Celsius, that must not be foretold for the next hours."""

    hours: int = field(metadata={"least": 1, "most": 240})
    coldest: str = field(metadata={"decimals": 1})
    hottest: str = field(metadata={"decimals": 1})


@dataclass(frozen=True, slots=True)
class Disconnection:
    """
    When a class may be cut off for its debts; ``arrears.domain.cut_facts.CutRule`` says what each number means.

    second_person_from  from so many disconnections for debts a day on, of all classes, a supervisor lets each go
    """

    least: str = field(metadata={"decimals": 3})
    overdue_days: int = field(metadata=_DAYS)
    steps: list[str] = field(metadata={"pattern": _STEP})
    notice_least_days: int = field(metadata=_DAYS)
    notice_most_days: int = field(metadata=_DAYS)
    notice_count: str = field(metadata=_COUNT)
    reminder_least_minutes: int = field(metadata=_MINUTES)
    reminder_most_minutes: int = field(metadata=_MINUTES)
    weekdays: list[int] = field(metadata={"least": 1, "most": 7})
    opens: str = field(metadata={"pattern": _TIME})
    closes: str = field(metadata={"pattern": _TIME})
    spares_eves: bool
    seasons: list[str] = field(metadata={"pattern": _SEASON})
    account_holds: list[str] = field(metadata={"pattern": HOLDS})
    copies_important: bool
    approvals: int = field(metadata=_PERSONS)
    important_approvals: int = field(metadata=_PERSONS)
    approval_days: int = field(metadata={"least": 1, "most": 366})
    second_person_from: int = field(metadata={"least": 1, "most": 1_000_000})
