"""Types of the rules on outages; see ``cis.platform.pack_rules``."""

import re
from dataclasses import dataclass, field
from typing import Any

_NAMED: dict[str, Any] = {"pattern": re.compile(r"(?s).*\S.*")}


@dataclass(frozen=True, slots=True)
class Outages:
    """
    When reports of faults are one outage, and how far places are.

    group_minutes      reports so near to one another are of one outage
    group_supplies     so many supplies of a transformer make it dark
    feeder_branches    so many branches of a feeder make it dark
    rural, remote      districts where crews may take longer; all others are city
    momentary_minutes  up to so long an interruption is momentary, and no index counts it
    """

    group_minutes: int = field(metadata={"least": 1, "most": 1_440})
    group_supplies: int = field(metadata={"least": 2, "most": 1_000})
    feeder_branches: int = field(metadata={"least": 2, "most": 1_000})
    rural: list[str] = field(metadata=_NAMED)
    remote: list[str] = field(metadata=_NAMED)
    momentary_minutes: int = field(metadata={"least": 0, "most": 60})


@dataclass(frozen=True, slots=True)
class PlannedOutages:
    """Hours between the notice and the outage: of works that are planned, and of repairs that do not wait so long."""

    planned_hours: int = field(metadata={"least": 0, "most": 2_160})
    temporary_hours: int = field(metadata={"least": 0, "most": 2_160})
