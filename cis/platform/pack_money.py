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
