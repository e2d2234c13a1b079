"""Type of the rule on accruals of revenue; see ``cis.platform.pack_rules``."""

from dataclasses import dataclass, field

_MONEY = {"decimals": 3}


@dataclass(frozen=True, slots=True)
class Accruals:
    """
    How much of an accrual one person posts alone; without the rule each of billing posts alone.

    What counts is what it moves between ledger accounts, whichever way each of them goes.
    """

    billing_most: str = field(metadata=_MONEY)
    supervisor_most: str = field(metadata=_MONEY)
