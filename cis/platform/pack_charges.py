"""Types of the rules on one-off charges; see ``cis.platform.pack_rules``."""

import re
from dataclasses import dataclass, field

_MONEY = {"decimals": 3}


@dataclass(frozen=True, slots=True)
class ChargeTax:
    """The tax on a one-off charge: its rate, "0" for none; contained in the agreed amount, or put on top of it."""

    vat_rate: str = field(metadata={"decimals": 6})
    vat_mode: str = field(metadata={"pattern": re.compile("inside|on_top")})


@dataclass(frozen=True, slots=True)
class ChargesByHand:
    """
    One-off charges that staff may agree by hand: their kinds, the largest amount, and the largest that one person
    agrees alone, together with what was agreed so on the account within so many days.
    """

    kinds: list[str] = field(
        metadata={"pattern": re.compile("connection|works|meter_work|relocation|reconnection|temporary_supply|service")}
    )
    most: str = field(metadata=_MONEY)
    alone_most: str = field(metadata=_MONEY)
    within_days: int = field(metadata={"least": 1, "most": 366})
