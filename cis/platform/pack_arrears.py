"""Types of the rules on what is not paid; see ``cis.platform.pack_rules``."""

import re
from dataclasses import dataclass, field

_MONEY = {"decimals": 3}
_RATE = {"decimals": 6}


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
    """

    classes: dict[str, LateFeeRates] = field(
        metadata={"names": re.compile("residential|commercial|industrial|agricultural|other")}
    )
    kinds: list[str] = field(metadata={"pattern": re.compile("regular|note")})
    least: str = field(metadata=_MONEY)
    counts_last_day: bool
    while_open: str = field(metadata={"pattern": re.compile("none|month|year")})


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
