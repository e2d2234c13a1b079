"""Types of the rule on personal data of customers; see ``cis.platform.pack_rules``."""

from dataclasses import dataclass, field

_YEARS = {"least": 0, "most": 100}


@dataclass(frozen=True, slots=True)
class PersonalData:
    """
    How long personal data are kept, counted from the day on which the last account was closed.

    keep_years     then they are overwritten
    request_years  then they are overwritten if the customer wants it
    shared_years   how long files of the bank are kept, which name many customers
    letter_days    how long files with the letters of many customers are kept
    export_days    how long an export of one's own data can be fetched
    exports_a_day  how many of these one customer may ask for in 24 hours
    """

    keep_years: int = field(metadata=_YEARS)
    request_years: int = field(metadata=_YEARS)
    shared_years: int = field(metadata=_YEARS)
    letter_days: int = field(metadata={"least": 1, "most": 3_660})
    export_days: int = field(metadata={"least": 1, "most": 366})
    exports_a_day: int = field(metadata={"least": 1, "most": 100})
