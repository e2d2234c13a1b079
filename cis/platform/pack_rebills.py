"""Type of the rule on small differences of what was billed; see ``cis.platform.pack_rules``."""

from dataclasses import dataclass, field

_MONEY = {"decimals": 3}


@dataclass(frozen=True, slots=True)
class LateReads:
    """
    Below which amount nobody is asked about reads that came late; without the rule a person decides on each.

    net_below  differences smaller than this go with the next bill, whichever way
    """

    net_below: str = field(metadata=_MONEY)
