"""Rules of a place on changes of use, as packs hold them; ``cis.platform.pack_rules`` names them."""

import re
from dataclasses import dataclass, field

_MONEY = {"decimals": 3}
_DAYS = {"least": 0, "most": 366}
_MONTHS = {"least": 0, "most": 120}
_STARTS = {"pattern": re.compile("day|month|next|quarter")}
_COUNTS = {"pattern": re.compile("working|calendar")}
_AMENDED = "capacity_increase|capacity_reduction|class_change|tou_opt_in|demand_mode|contract_demand|split|merge"
_KINDS = {"pattern": re.compile(rf"(({_AMENDED})( (?!$)|$))*")}
_PAPERS = {
    "pattern": re.compile(
        r"((identity|right_to_premises|household_register|agreement_of_both|business_licence|request)( (?!$)|$))*"
    )
}


@dataclass(frozen=True, slots=True)
class Suspension:
    """
    Suspended capacity: days below which it is charged all the same, most months and times (0: any) in a calendar year,
    days of notice, counted as named, and whether who is billed by demand suspends by whole months.
    """

    least_days: int = field(metadata=_DAYS)
    most_months: int = field(metadata=_MONTHS)
    most_times: int = field(metadata=_DAYS)
    notice_days: int = field(metadata=_DAYS)
    notice_count: str = field(metadata=_COUNTS)
    whole_months: bool = field(metadata={})


@dataclass(frozen=True, slots=True)
class Reduction:
    """Capacity that is reduced for a time: least and most months (0: any), days of notice, counted as named."""

    least_months: int = field(metadata=_MONTHS)
    most_months: int = field(metadata=_MONTHS)
    notice_days: int = field(metadata=_DAYS)
    notice_count: str = field(metadata=_COUNTS)


@dataclass(frozen=True, slots=True)
class Start:
    """From when a change may hold, and how many working days before it is to be asked for."""

    starts: str = field(metadata=_STARTS)
    notice_working_days: int = field(metadata=_DAYS)


@dataclass(frozen=True, slots=True)
class Household:
    """The allowance for many persons: from how many on, from when, and after how many months it is proven anew."""

    least_persons: int = field(metadata={"least": 2, "most": 99})
    starts: str = field(metadata=_STARTS)
    most_months: int = field(metadata=_MONTHS)
    told_days: int = field(metadata=_DAYS)


@dataclass(frozen=True, slots=True)
class ChangeContracts:
    """Kinds of changes whose amended contract is signed ``before`` they hold, as words; that of others follows."""

    before: str = field(metadata=_KINDS)


@dataclass(frozen=True, slots=True)
class ChangeFees:
    """What a change costs by itself, by kind, at low voltage and above it, in major units; "0": nothing."""

    relocation_low: str = field(default="0", metadata=_MONEY)
    relocation_high: str = field(default="0", metadata=_MONEY)
    resumption_low: str = field(default="0", metadata=_MONEY)
    resumption_high: str = field(default="0", metadata=_MONEY)
    temporary_low: str = field(default="0", metadata=_MONEY)
    temporary_high: str = field(default="0", metadata=_MONEY)


@dataclass(frozen=True, slots=True)
class ChangePapers:
    """By kind of change, what must be proven, as words with a blank between; empty: nothing."""

    transfer: str = field(metadata=_PAPERS)
    rename: str = field(metadata=_PAPERS)
    household: str = field(metadata=_PAPERS)
    class_change: str = field(metadata=_PAPERS)
    split: str = field(metadata=_PAPERS)
    merge: str = field(metadata=_PAPERS)
    move_in: str = field(default="", metadata=_PAPERS)


@dataclass(frozen=True, slots=True)
class ChangeWork:
    """
    A counter that was read at most so many days before a supply ends is not read once more; and so many days after its
    date a change that is stuck keeps what it holds of the network.
    """

    fresh_read_days: int = field(metadata=_DAYS)
    kept_days: int = field(metadata=_DAYS)
