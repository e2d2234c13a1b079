"""Rules of packs on supply contracts and what customers sign; see cis/platform/pack_rules.py."""

import re
from dataclasses import dataclass, field

TEXT = re.compile(".+")


@dataclass(frozen=True, slots=True)
class ContractTerms:
    """
    Supply contracts: days before the end on which the customer is told of it, days for which an offer holds, months
    between two bills; 0 months of renewal: a contract ends with its time.
    """

    expiry_notice_days: int = field(metadata={"least": 1, "most": 366})
    offer_valid_days: int = field(metadata={"least": 1, "most": 366})
    cycle_months: int = field(metadata={"least": 1, "most": 12})


_WORK_DAYS = {"least": 1, "most": 366}


@dataclass(frozen=True, slots=True)
class ApplicationWork:
    """
    Days for work of an application where no service standard runs that says it, and for which its link opens it.

    survey_days, meter_days, inspection_days  from the order to the day on which it is to be done
    removal_days  until meters are taken down of an application that ended
    link_days     the applicant's link to the status page holds so long
    """

    survey_days: int = field(metadata=_WORK_DAYS)
    meter_days: int = field(metadata=_WORK_DAYS)
    inspection_days: int = field(metadata=_WORK_DAYS)
    removal_days: int = field(metadata=_WORK_DAYS)
    link_days: int = field(metadata=_WORK_DAYS)


@dataclass(frozen=True, slots=True)
class SupplyQuality:
    """The standard of quality by voltage, as a contract writes it."""

    zh_220v: str = field(metadata={"pattern": TEXT})
    en_220v: str = field(metadata={"pattern": TEXT})
    zh_380v: str = field(metadata={"pattern": TEXT})
    en_380v: str = field(metadata={"pattern": TEXT})
    zh_10kv: str = field(metadata={"pattern": TEXT})
    en_10kv: str = field(metadata={"pattern": TEXT})
    zh_35kv: str = field(metadata={"pattern": TEXT})
    en_35kv: str = field(metadata={"pattern": TEXT})
