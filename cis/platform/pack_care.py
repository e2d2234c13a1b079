"""Types of the rules on the care of customers; see ``cis.platform.pack_rules``."""

import re
from dataclasses import dataclass, field

PROTECTIONS = re.compile("life_support|vulnerable|key_account")
_EVIDENCE = re.compile(
    "medical_certificate|device_papers|disability_card|social_assistance|identity_card|decision"
)
_SETTERS = re.compile("clerk|cashier|billing|metering|field|supervisor|customer|client|system")


@dataclass(frozen=True, slots=True)
class Protection:
    """
    Customers who are treated with care, by kind.

    evidence       papers that show it
    review_months  it is looked at again so long after it was shown, and asked for ``ahead_days`` before
    setters        who registers it, before the papers are there
    holds          it holds the account as well
    """

    evidence: list[str] = field(metadata={"pattern": _EVIDENCE})
    review_months: int = field(metadata={"least": 1, "most": 120})
    ahead_days: int = field(metadata={"least": 0, "most": 366})
    setters: list[str] = field(metadata={"pattern": _SETTERS})
    holds: bool
