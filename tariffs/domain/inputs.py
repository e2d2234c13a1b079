"""
What a component may ask for beside energy, days and household: named columns with a declared shape.

A component names its needs; whoever rates gathers just these. A need that is not given is refused, never taken as 0.
"""

from enum import StrEnum
from typing import NamedTuple


class Axis(StrEnum):
    """What a second or third axis of an input counts; a plan knows their lengths."""

    PERIOD = "period"
    DEMAND_PERIOD = "demand_period"
    PAST_MONTH = "past_month"
    FEATURE = "feature"
    CARRIED = "carried"
    SERIES = "series"
    STEP = "step"


PAST_MONTHS = 12
"""How far back ratchets may look."""


class Input(StrEnum):
    """
    Columns of a batch that components ask for by name; n segments first, then the axes of ``AXES``.

    MONTH             (n,) calendar month of the segment, 1 to 12
    MONTH_END         (n,) calendar month, 1 to 12, whose last day the segment holds; 0 = its month goes on
    FINAL             (n,) 1 = the agreement ends with the segment
    PEAK_W            (n, q) largest mean demand in the window of the plan, by demand period [W]
    BILLED_PEAK_W     (n, q) demand of the same billing month that was charged before [W]
    PAST_PEAKS_W      (n, 12, q) peaks of the months before, the latest first; 0 = none [W]
    CAPACITY_VA       (n,) transformers and motors at high voltage, as contracted, less what is suspended [VA]
    CONTRACT_W        (n,) contracted maximum demand (合同最大需量) [W]
    REACTIVE_VARH     (n,) reactive energy that counts for the power factor, |import| + |export| [varh]
    EXPORT_WH         (n, p) energy given to the grid, by period of use, never negative [Wh]
    ENERGIZED_MINUTES (n,) time under voltage, outages subtracted [min]
    METERS            (n,) meters of the agreement
    FEATURES          (n, f) 1 where the agreement has the feature, in the order of ``Plan.features``
    CARRIED           (n, c) quantity of each carrying slot on the bill before, 0 = none, in slot units
    YEAR_MINOR        (n,) charged in the year before this segment, what the plan's yearly minimum counts [minor unit]
    SERIES_E9         (n, r) energy times price of each price series, summed over intervals [10^-9 minor unit]
    ORDERED_WH        (n, k, p) energy by step and period where steps fill in order of time [Wh]
    SUBMETER_WH       (n, p) energy of the sub-meters that are billed apart [Wh]
    GREEN_BLOCKS      (n,) blocks of green energy bought a month
    REACTIVE_PEAK_VAR (n,) largest mean reactive demand drawn, in the window of the plan [var]
    EVEN_DAYS         (n,) days of the segment in months that all have 30 days
    CYCLE_MONTHS_E9   (n,) months of the segment by the days of its billed period [10^-9 month]
    ACCOUNT_DAYS      (n,) days on which no other agreement of the account pays what is charged once for the account
    """

    MONTH = "month"
    MONTH_END = "month_end"
    FINAL = "final"
    PEAK_W = "peak_w"
    BILLED_PEAK_W = "billed_peak_w"
    PAST_PEAKS_W = "past_peaks_w"
    CAPACITY_VA = "capacity_va"
    CONTRACT_W = "contract_w"
    REACTIVE_VARH = "reactive_varh"
    EXPORT_WH = "export_wh"
    ENERGIZED_MINUTES = "energized_minutes"
    METERS = "meters"
    FEATURES = "features"
    CARRIED = "carried"
    YEAR_MINOR = "year_minor"
    SERIES_E9 = "series_e9"
    ORDERED_WH = "ordered_wh"
    SUBMETER_WH = "submeter_wh"
    GREEN_BLOCKS = "green_blocks"
    REACTIVE_PEAK_VAR = "reactive_peak_var"
    EVEN_DAYS = "even_days"
    CYCLE_MONTHS_E9 = "cycle_months_e9"
    ACCOUNT_DAYS = "account_days"


class Written(NamedTuple):
    """How an input stands in a test vector: its key, and the decimals of its texts."""

    key: str
    places: int


AXES: dict[Input, tuple[Axis, ...]] = {
    Input.PEAK_W: (Axis.DEMAND_PERIOD,),
    Input.BILLED_PEAK_W: (Axis.DEMAND_PERIOD,),
    Input.PAST_PEAKS_W: (Axis.PAST_MONTH, Axis.DEMAND_PERIOD),
    Input.EXPORT_WH: (Axis.PERIOD,),
    Input.SUBMETER_WH: (Axis.PERIOD,),
    Input.FEATURES: (Axis.FEATURE,),
    Input.CARRIED: (Axis.CARRIED,),
    Input.SERIES_E9: (Axis.SERIES,),
    Input.ORDERED_WH: (Axis.STEP, Axis.PERIOD),
}
"""The axes after the first; an input that is not here has one number a segment."""

WRITTEN: dict[Input, Written] = {
    Input.MONTH: Written("month", 0),
    Input.MONTH_END: Written("month_end", 0),
    Input.FINAL: Written("final", 0),
    Input.PEAK_W: Written("peak_kw", 3),
    Input.BILLED_PEAK_W: Written("billed_peak_kw", 3),
    Input.PAST_PEAKS_W: Written("past_peaks_kw", 3),
    Input.CAPACITY_VA: Written("capacity_kva", 3),
    Input.CONTRACT_W: Written("contract_kw", 3),
    Input.REACTIVE_VARH: Written("reactive_kvarh", 3),
    Input.REACTIVE_PEAK_VAR: Written("reactive_peak_kvar", 3),
    Input.EXPORT_WH: Written("export_kwh", 3),
    Input.ENERGIZED_MINUTES: Written("energized_minutes", 0),
    Input.METERS: Written("meters", 0),
    Input.FEATURES: Written("features", 0),
    Input.CARRIED: Written("carried", 3),
    Input.YEAR_MINOR: Written("year_amount", 2),
    Input.SERIES_E9: Written("series_amount", 11),
    Input.ORDERED_WH: Written("ordered_kwh", 3),
    Input.SUBMETER_WH: Written("submeter_kwh", 3),
    Input.GREEN_BLOCKS: Written("green_blocks", 0),
    Input.EVEN_DAYS: Written("even_days", 0),
    Input.CYCLE_MONTHS_E9: Written("cycle_months", 9),
    Input.ACCOUNT_DAYS: Written("account_days", 0),
}
"""Keys of the table ``inputs`` of a test vector."""
