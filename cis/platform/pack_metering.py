"""Types of the rules on metering; see ``cis.platform.pack_rules``."""

import re
from dataclasses import dataclass, field
from typing import Any

GROUPS = re.compile("[a-z0-9]+(_[a-z0-9]+)*")
_CODE = re.compile("[a-z0-9]+(_[a-z0-9]+)*")
_ABOVE = {"least": 100, "most": 100_000}
_BELOW = {"least": 0, "most": 100}
_KWH = {"decimals": 3}
_COUNT = {"least": 1, "most": 10_000}
_SHARE_E4 = {"least": 0, "most": 5_000}
_NONE: Any = ()


@dataclass(frozen=True, slots=True)
class IntervalRetention:
    """
    How long interval days are kept.

    superseded_months  versions that hold no more, where no bill that stands names them; 0: for ever
    whole_years        whole months, which are then archived beside the table; 0: for ever
    """

    superseded_months: int = field(metadata={"least": 0, "most": 600})
    whole_years: int = field(metadata={"least": 0, "most": 50})


@dataclass(frozen=True, slots=True)
class Estimation:
    """
    How values are estimated that nobody measured: the first method that has enough to go by.

    counters, days  methods of metering.domain.estimation in their order, of counter values and of interval days
    most_slots      longest gap of intervals that is filled on a straight line
    within_weeks    how far off a day may be whose values are taken
    most_days       interval days that are estimated at a time
    """

    counters: list[str] = field(metadata={"pattern": _CODE})
    days: list[str] = field(metadata={"pattern": _CODE})
    most_slots: int = field(metadata={"least": 1, "most": 288})
    within_weeks: int = field(metadata={"least": 1, "most": 26})
    most_days: int = field(metadata={"least": 1, "most": 62})


@dataclass(frozen=True, slots=True)
class MeterTests:
    """
    How meters are tested.

    fee         of a test that a customer asks for, in major units, given back if the meter fails; "0": none
    due_days    in which it is done
    ahead_days  so long before their certificates end meters are listed for exchange
    loads       at which errors are found, each with its weight in the mean: "rated:3"
    """

    fee: str = field(metadata={"decimals": 3})
    due_days: int = field(metadata={"least": 1, "most": 90})
    ahead_days: int = field(metadata={"least": 0, "most": 1_830})
    loads: list[str] = field(metadata={"pattern": re.compile("[a-z]+:[1-9]")})


@dataclass(frozen=True, slots=True)
class PhonePositions:
    """How many days it is kept where a phone was that sent a read, where whoever read agreed to that."""

    kept_days: int = field(metadata={"least": 1, "most": 366})


@dataclass(frozen=True, slots=True)
class ReadLimit:
    """
    Energy above which a second person decides on a value that is set from an exception, together with what was moved
    at the same meter in so many months before.
    """

    above_kwh: str = field(metadata=_KWH)
    within_months: int = field(metadata={"least": 1, "most": 240})


@dataclass(frozen=True, slots=True)
class GridLosses:
    """
    What the network loses by nature, where no name plate says it.

    power_factor_percent        of load that nobody measures
    line_e4                     low-voltage lines behind a transformer, at its rated load, of its rating [10^-4]
    rated_kva, iron_w, copper_w  typical losses of transformers by rating, ascending, as many of each [kVA, W, W]
    """

    power_factor_percent: int = field(metadata={"least": 50, "most": 100})
    line_e4: int = field(metadata={"least": 0, "most": 2_000})
    rated_kva: list[int] = field(metadata={"least": 1, "most": 1_000_000})
    iron_w: list[int] = field(metadata={"least": 1, "most": 10_000_000})
    copper_w: list[int] = field(metadata={"least": 1, "most": 10_000_000})


@dataclass(frozen=True, slots=True)
class VoltageBand:
    """
    What voltage is allowed where a place is supplied, between a phase and neutral.

    nominal_v                    of one phase [V]
    single_below_e4, _above_e4   by how much it may be off at places of one phase [10^-4]
    three_below_e4, _above_e4    at places of three phases at low voltage [10^-4]
    """

    nominal_v: int = field(metadata={"least": 100, "most": 400})
    single_below_e4: int = field(metadata=_SHARE_E4)
    single_above_e4: int = field(metadata=_SHARE_E4)
    three_below_e4: int = field(metadata=_SHARE_E4)
    three_above_e4: int = field(metadata=_SHARE_E4)


@dataclass(frozen=True, slots=True)
class VeeGroup:
    """
    Which reads of a group of service points somebody looks at; a rule that is left out is not checked.

    The first group that fits is taken, by class of the tariff, voltage, agreed capacity (from_kva <= it < below_kva)
    and ``interval`` or ``counter``.

    least_days          shorter spans are not compared with the past
    entry_days          from so many days since the last read on, whoever types a value in is asked about it
    least_kwh_per_day   smaller differences a day do not count
    season              use a day in each month in percent of the mean day of a year, January first; none: all the same
    high, low_percent   of the mean a day of the last twelve months
    spike_percent       of the third-largest interval of the day, if it is above spike_kwh
    year_, cycles_      of the same days a year ago, of the last three cycles
    fourteen_months_    of the highest cycle of fourteen months, where there are so many at least
    ratio_percent       how near to usual x (or :) one of the ratios
    capacity_percent    of what the agreed capacity carries, by span and by interval
    stops               codes whose energy is not approved
    """

    least_days: int = field(metadata={"least": 1, "most": 366})
    entry_days: int = field(metadata={"least": 1, "most": 366})
    classes: list[str] = field(default=_NONE, metadata={"pattern": _CODE})
    voltages: list[str] = field(default=_NONE, metadata={"pattern": re.compile("220V|380V|10kV|35kV")})
    reads_by: str = field(default="", metadata={"pattern": re.compile("interval|counter")})
    from_kva: str = field(default="", metadata=_KWH)
    below_kva: str = field(default="", metadata=_KWH)
    least_kwh_per_day: str = field(default="0", metadata=_KWH)
    season: list[int] = field(default=_NONE, metadata={"least": 1, "most": 1_000, "count": 12})
    consecutive: bool = False
    duplicate: bool = False
    most_gap: int = field(default=0, metadata=_COUNT)
    high_percent: int = field(default=0, metadata=_ABOVE)
    low_percent: int = field(default=0, metadata=_BELOW)
    spike_percent: int = field(default=0, metadata=_ABOVE)
    spike_kwh: str = field(default="0", metadata=_KWH)
    negative: bool = False
    zero_cycles: int = field(default=0, metadata={"least": 1, "most": 24})
    unchanged_cycles: int = field(default=0, metadata={"least": 2, "most": 24})
    year_above_percent: int = field(default=0, metadata=_ABOVE)
    year_below_percent: int = field(default=0, metadata=_BELOW)
    cycles_above_percent: int = field(default=0, metadata=_ABOVE)
    cycles_below_percent: int = field(default=0, metadata=_BELOW)
    fourteen_months_percent: int = field(default=0, metadata=_ABOVE)
    fourteen_months_least: int = field(default=4, metadata={"least": 1, "most": 14})
    periods_slack_kwh: str = field(default="", metadata=_KWH)
    sibling: bool = False
    intervals_slack_kwh: str = field(default="", metadata=_KWH)
    ratios: list[int] = field(default=_NONE, metadata={"least": 2, "most": 1_000_000})
    ratio_percent: int = field(default=0, metadata={"least": 1, "most": 50})
    rollover: bool = False
    inactive: bool = False
    window_days: int = field(default=0, metadata={"least": 1, "most": 31})
    capacity_percent: int = field(default=0, metadata={"least": 1, "most": 1_000})
    most_estimated: int = field(default=0, metadata={"least": 1, "most": 24})
    stops: list[str] = field(default=_NONE, metadata={"pattern": _CODE})


@dataclass(frozen=True, slots=True)
class Alarm:
    """
    What comes of alarms of a kind: exactly one of ``work``, ``case_class`` and ``suspicion``.

    every_days  so long more alarms of the kind of a meter bring nothing new
    work        kind of the order, with its ``priority``; of danger, the crew that is free is sent at once
    case_class  a class of ``cases``; one case for each transformer
    suspicion   a usage inspection is opened
    group_above where more meters of a transformer say so within ``every_days``, one order is for the transformer
    own_work    what our own people cause who work there on that day: nothing comes of it
    """

    every_days: int = field(metadata={"least": 1, "most": 366})
    work: str = field(default="", metadata={"pattern": re.compile("repair|inspection|re_read|customer_visit")})
    priority: str = field(default="normal", metadata={"pattern": re.compile("normal|urgent|danger")})
    case_class: str = field(default="", metadata={"pattern": re.compile("[a-z0-9_]+/[a-z0-9_]+/[a-z0-9_]+")})
    suspicion: bool = False
    group_above: int = field(default=0, metadata={"least": 1, "most": 1_000})
    own_work: bool = False


ALARMS = re.compile("cover_open|magnetic_field|over_voltage|under_voltage|clock_drift|breaker|reverse_flow|phase_lost")
"""Kinds of alarms that may have a rule: those that say nothing of current."""
