"""Types of the rule on deposits of customers; see ``cis.platform.pack_rules``."""

import re
from dataclasses import dataclass, field

_MONEY = {"decimals": 3}
_DAYS = {"least": 0, "most": 366}


@dataclass(frozen=True, slots=True)
class DepositSize:
    """
    How large the deposit of a class of use is: so many average ``months`` of its bills, between ``least`` and ``most``.

    fixed  what is demanded where months is 0, or nobody knows an average month
    most   "0": no bound beside the months
    """

    months: int = field(metadata={"least": 0, "most": 12})
    fixed: str = field(metadata=_MONEY)
    least: str = field(metadata=_MONEY)
    most: str = field(metadata=_MONEY)


@dataclass(frozen=True, slots=True)
class DepositRate:
    """Interest of a ``year``, as a part of the deposit, from the day on that names it."""

    year: str = field(metadata={"decimals": 6})


@dataclass(frozen=True, slots=True)
class Deposits:
    """
    Deposits of customers.

    causes       for which one may be demanded
    before_supply  causes for which no supply is switched on, or on again, before it is paid; none: it waits for none
    classes      sizes by class of use; ``other`` is for those that are not named
    due_days     so long after it is demanded it is due
    rates        yearly rates by their first day; before the first one there is no interest
    day_count    ``actual_365``, ``actual_360``: a day is such a part of a year; ``actual_actual``: of its own year
    good_months  after so many months of good payment it goes back; 0: not for good payment
    grace_days   a bill that is paid so many days after its due date is paid in time
    late_most    bills paid late in those months that are still good payment
    demands_most demands in those months that are still good payment
    clerk_most, ...  how much of a demand one person of a role waives alone
    """

    causes: list[str] = field(
        metadata={"pattern": re.compile("new_customer|after_disconnection|temporary_supply|no_history|credit_score")}
    )
    before_supply: list[str] = field(
        metadata={"pattern": re.compile("new_customer|after_disconnection|temporary_supply|no_history|credit_score")}
    )
    classes: dict[str, DepositSize] = field(
        metadata={"names": re.compile("residential|commercial|industrial|agricultural|other")}
    )
    due_days: int = field(metadata=_DAYS)
    rates: dict[str, DepositRate] = field(
        metadata={"names": re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")}
    )
    day_count: str = field(metadata={"pattern": re.compile("actual_365|actual_360|actual_actual")})
    good_months: int = field(metadata={"least": 0, "most": 120})
    grace_days: int = field(metadata=_DAYS)
    late_most: int = field(metadata={"least": 0, "most": 120})
    demands_most: int = field(metadata={"least": 0, "most": 120})
    clerk_most: str = field(metadata=_MONEY)
    billing_most: str = field(metadata=_MONEY)
    supervisor_most: str = field(metadata=_MONEY)
