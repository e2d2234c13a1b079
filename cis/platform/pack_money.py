"""Types of the rules on money that comes in; see ``cis.platform.pack_rules``."""

import re
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PaymentOrder:
    """
    What is paid first, where the payer does not say it: the ``oldest`` due date, or one ``kind`` of debt.

    kinds  of debts, in the order in which they are paid; where the oldest is first, for debts of one day
    """

    first: str = field(metadata={"pattern": re.compile("oldest|kind")})
    kinds: list[str] = field(metadata={"pattern": re.compile("regular|note|late_fee")})


@dataclass(frozen=True, slots=True)
class BankStatements:
    """
    Money that comes by the bank: from which score of matching (0 to 100) it is booked without a person, and from which
    amount on a second person agrees before money of nobody known is sent back.
    """

    certain_from: int = field(metadata={"least": 70, "most": 101})
    second_person_from: str = field(metadata={"decimals": 3})


@dataclass(frozen=True, slots=True)
class OnlinePayment:
    """
    Paying online: the ``least`` and ``most`` of one payment, and how many ``minutes`` a payer has for it.

    ask_after_minutes  when a provider is asked what became of it, where it has said nothing
    hold_hours         how long a payment that is pending keeps the account from being cut off
    link_days          how long the code on a bill pays it, from its issue on
    """

    least: str = field(metadata={"decimals": 3})
    most: str = field(metadata={"decimals": 3})
    minutes: int = field(metadata={"least": 5, "most": 1440})
    ask_after_minutes: int = field(metadata={"least": 1, "most": 1440})
    hold_hours: int = field(metadata={"least": 0, "most": 720})
    link_days: int = field(metadata={"least": 1, "most": 3660})
