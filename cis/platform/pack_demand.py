"""Types of the rules on demand response; see ``cis.platform.pack_rules``."""

import re
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class DemandResponse:
    """
    What a supply would have used without an event, and how long its values are waited for.

    similar_days, highest  the baseline is the mean of the ``highest`` of so many similar days
    back_days              they are looked for so far back
    before_hours           hours before the event that adjust it, by at most the part ``adjust_most`` up and down
    wait_days              what is not measured so long after the event is not credited
    vat_rate               tax that a credit contains
    """

    similar_days: int = field(metadata={"least": 1, "most": 30})
    highest: int = field(metadata={"least": 1, "most": 30})
    back_days: int = field(metadata={"least": 1, "most": 120})
    before_hours: int = field(metadata={"least": 0, "most": 6})
    adjust_most: str = field(metadata={"decimals": 6, "pattern": re.compile(r"[0-9]+(\.[0-9]+)?")})
    wait_days: int = field(metadata={"least": 1, "most": 366})
    vat_rate: str = field(metadata={"decimals": 6, "pattern": re.compile(r"0(\.[0-9]+)?")})
