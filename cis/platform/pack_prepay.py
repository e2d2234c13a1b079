"""Type of the rule on prepayment; see ``cis.platform.pack_rules``."""

import re
from dataclasses import dataclass, field
from typing import Any

from cis.platform import pack_arrears

_MONEY = {"decimals": 3}
_DAYS: dict[str, Any] = {"least": 0, "most": 366}
_TIME = re.compile(r"([01]\d|2[0-4]):[0-5]\d")


@dataclass(frozen=True, slots=True)
class PrepaidCut:
    """
    When the supply of a prepaid account may be cut off, once its notice has run; fields as in ``Disconnection``.

    proof      what shows that the notice was received: it was ``sent``, or it was ``delivered``
    approvals  persons who agree to each; 0: the agreement on prepayment stands for it
    second_person_from  so many supplies of one day go only once a person has let them
    """

    proof: str = field(metadata={"pattern": re.compile("sent|delivered")})
    weekdays: list[int] = field(metadata={"least": 1, "most": 7})
    opens: str = field(metadata={"pattern": _TIME})
    closes: str = field(metadata={"pattern": _TIME})
    spares_eves: bool
    seasons: list[str] = field(metadata={"pattern": re.compile(r"(0[1-9]|1[0-2])-[0-3]\d/(0[1-9]|1[0-2])-[0-3]\d")})
    account_holds: list[str] = field(metadata={"pattern": pack_arrears.HOLDS})
    copies_important: bool
    approvals: int = field(metadata={"least": 0, "most": 5})
    important_approvals: int = field(metadata={"least": 0, "most": 5})
    approval_days: int = field(metadata={"least": 1, "most": 366})
    second_person_from: int = field(metadata={"least": 1, "most": 1_000_000})


@dataclass(frozen=True, slots=True)
class Prepay:
    """
    Accounts that pay before they use (费控).

    warn_below, cut_below, restore_above  lines of the balance, major units; cut_below under 0: that much is lent
    grace_days                      from the notice of the cut to the day from which it may be done
    stale_days                      the latest read may be so many days old; older numbers wait for a person
    jump_percent, jump_days, jump_least  the bound of a day: percent of the mean of the days before, and never below
                                    the least amount; what is beyond waits for a person
    spares_dunning, spares_late_fees     debts that fall due while the account is prepaid are not pursued, bear no fee
    cut                             when the supply may be cut off
    """

    warn_below: str = field(metadata=_MONEY)
    cut_below: str = field(metadata=_MONEY)
    restore_above: str = field(metadata=_MONEY)
    grace_days: int = field(metadata=_DAYS)
    stale_days: int = field(metadata={"least": 1, "most": 60})
    jump_percent: int = field(metadata={"least": 100, "most": 10_000})
    jump_days: int = field(metadata={"least": 1, "most": 366})
    jump_least: str = field(metadata=_MONEY)
    spares_dunning: bool
    spares_late_fees: bool
    cut: PrepaidCut
