"""Types of the rules on debts that are paid in parts; see ``cis.platform.pack_rules``."""

import re
from dataclasses import dataclass, field

_MONEY = {"decimals": 3}
_DAYS = {"least": 0, "most": 366}


@dataclass(frozen=True, slots=True)
class PlanLimit:
    """Plans that somebody agrees on alone: up to which amount, in how many parts, how many of an account a year."""

    most: str = field(metadata=_MONEY)
    parts: int = field(metadata={"least": 2, "most": 60})
    a_year: int = field(metadata={"least": 1, "most": 12})


@dataclass(frozen=True, slots=True)
class InstalmentPlans:
    """
    Plans of instalments. A place without this rule offers none.

    covers            debts that are ``overdue``, or all that are ``open``
    least_part, unit  no part is less; parts are multiples of the unit, but the ``first`` or ``last`` with the rest
    days              of the month on which parts are due; moved to the next working day
    gap_days          before the first part that is not paid at once; whether one is: ``may``, ``must``, ``never``
    grace_days        so long after its day a part may be paid; reminded ``remind_days`` before; offers hold offer_days
    new_bills         must be paid in time too
    late_fees         ``stop`` while the plan is kept, or ``run`` on
    broken_late_fees  of that time, once a plan ended before all was paid: ``owed`` after all, or ``free``
    broken_months     so long after a plan was broken a customer makes none alone
    protected_parts   parts for people whom a register protects; 0: as for everybody
    limits            by who agrees; above the own limit a second person decides, a customer asks us
    """

    covers: str = field(metadata={"pattern": re.compile("overdue|open")})
    least_part: str = field(metadata=_MONEY)
    unit: str = field(metadata=_MONEY)
    rest: str = field(metadata={"pattern": re.compile("first|last")})
    days: list[int] = field(metadata={"least": 1, "most": 28})
    gap_days: int = field(metadata={"least": 1, "most": 60})
    first: str = field(metadata={"pattern": re.compile("may|must|never")})
    grace_days: int = field(metadata=_DAYS)
    remind_days: int = field(metadata=_DAYS)
    offer_days: int = field(metadata={"least": 1, "most": 366})
    new_bills: bool
    late_fees: str = field(metadata={"pattern": re.compile("stop|run")})
    broken_late_fees: str = field(metadata={"pattern": re.compile("owed|free")})
    broken_months: int = field(metadata={"least": 0, "most": 120})
    protected_parts: int = field(metadata={"least": 0, "most": 60})
    limits: dict[str, PlanLimit] = field(metadata={"names": re.compile("self|clerk|billing|supervisor")})
