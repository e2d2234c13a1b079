"""Types of the rule on debts that are given up; see ``cis.platform.pack_rules``."""

import re
from dataclasses import dataclass, field

_MONEY = {"decimals": 3}


@dataclass(frozen=True, slots=True)
class WriteOffReason:
    """
    A reason: the oldest part of the debt is due for ``after_days``, and it comes to at most ``most`` ("0": any).

    evidence  what a person shows who proposes it: ``text``, or a ``paper`` beside it
    finds     which accounts the list of the night has for it: ``nobody``, ``closed`` ones, ``any``
    """

    after_days: int = field(metadata={"least": 0, "most": 7_300})
    most: str = field(metadata=_MONEY)
    evidence: str = field(metadata={"pattern": re.compile("text|paper")})
    finds: str = field(metadata={"pattern": re.compile("nobody|closed|any")})


@dataclass(frozen=True, slots=True)
class WriteOffs:
    """
    Debts that are given up, always by two persons.

    reasons       by code; the list of the night takes the first one that fits
    billing_most  the largest that somebody of ``billing`` decides on; ``supervisor_most`` the same
    recovered_to  ledger account of what comes in later: ``expense.bad_debt``, or ``income.recovery``
    vat_relief    ``none``: the tax of the bills stays owed, whatever is written off
    """

    reasons: dict[str, WriteOffReason] = field(metadata={"names": re.compile("[a-z]+(_[a-z]+)*")})
    billing_most: str = field(metadata=_MONEY)
    supervisor_most: str = field(metadata=_MONEY)
    recovered_to: str = field(metadata={"pattern": re.compile(r"expense\.bad_debt|income\.recovery")})
    vat_relief: str = field(metadata={"pattern": re.compile("none")})
