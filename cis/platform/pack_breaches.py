"""Rules of packs on what was billed wrongly, broken and stolen; see cis/platform/pack_rules.py."""

import re
from dataclasses import dataclass, field

_PERCENT = {"least": 1, "most": 100}
_TIMES = {"least": 0, "most": 10}
_HOURS = {"least": 1, "most": 24}
_MONEY = {"decimals": 3}


@dataclass(frozen=True, slots=True)
class Backbill:
    """How much of the time from the first wrong day until it was mended is corrected: its last part, in percent."""

    period_percent: int = field(metadata=_PERCENT)


@dataclass(frozen=True, slots=True)
class BackbillDrop:
    """The same for voltage lost in leads, and the loss that is allowed."""

    period_percent: int = field(metadata=_PERCENT)
    allowed_percent: str = field(metadata={"decimals": 4})


@dataclass(frozen=True, slots=True)
class BackbillCap:
    """So many months before the day of the correction may still be billed to a customer; 0: all. See ``spares``."""

    months: int = field(metadata={"least": 0, "most": 240})
    spares: str = field(metadata={"pattern": re.compile("everybody|blameless")})


@dataclass(frozen=True, slots=True)
class BackbillLimit:
    """
    Energy above which a second person decides on a correction, either way, together with what others moved at the same
    meter or place: on the same months, or proposed so many months before.
    """

    above_kwh: str = field(metadata={"decimals": 3})
    within_months: int = field(metadata={"least": 1, "most": 240})


@dataclass(frozen=True, slots=True)
class BreachCategory:
    """Cheap supply used for what is dearer: so many times the difference, and what is taken if nobody knows."""

    times: int = field(metadata=_TIMES)
    unknown_months: int = field(metadata={"least": 1, "most": 60})
    days_in_month: int = field(metadata={"least": 28, "most": 31})
    power_hours: int = field(metadata=_HOURS)
    light_hours: int = field(metadata=_HOURS)


@dataclass(frozen=True, slots=True)
class BreachCapacity:
    """Capacity that was not agreed: so many times its capacity fee, or an amount for each kW (kVA)."""

    times: int = field(metadata=_TIMES)
    per_kw: str = field(metadata=_MONEY)


@dataclass(frozen=True, slots=True)
class BreachTheft:
    """Theft: so many times what is owed, on the exact or the rounded amount, and what is taken if nobody knows."""

    times: int = field(metadata=_TIMES)
    penalty_on: str = field(metadata={"pattern": re.compile("exact|rounded")})
    unknown_days: int = field(metadata={"least": 1, "most": 3_660})
    power_hours: int = field(metadata=_HOURS)
    light_hours: int = field(metadata=_HOURS)


@dataclass(frozen=True, slots=True)
class BreachTampering:
    """An amount each time that a meter or its seal was touched."""

    home: str = field(metadata=_MONEY)
    other: str = field(metadata=_MONEY)


@dataclass(frozen=True, slots=True)
class BreachOwnSupply:
    """An amount for each kW (kVA) of a source that was connected without leave."""

    per_kw: str = field(metadata=_MONEY)
