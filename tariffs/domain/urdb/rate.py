"""A URDB rate as read: numbers exact, periods as numbered in the file."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from tariffs.domain.components.basic import Per
from tariffs.domain.components.blocks import Fills
from tariffs.domain.components.charge_limits import Leaving
from tariffs.domain.components.spans import Proration
from tariffs.domain.components.tiers import Convention, LimitsPer

MONTHS = 12
HOURS = 24
NO_START = date(2000, 1, 1)
"""From when a rate holds whose file names no day."""


class Holidays(StrEnum):
    """Which hours hold on holidays, which URDB does not say."""

    WEEKDAY = "weekday"
    WEEKEND = "weekend"


class Reactive(StrEnum):
    """What a charge per kvar is for, which URDB does not say: the largest reactive demand of the month."""

    LARGEST = "largest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """
    What whoever imports a rate decides, because the file does not say it.

    code            of the tariff; by default made of utility and name
    valid_from      where the file has no start
    convention      how energy is dealt where tiers and several periods of use meet in a month
    fills           what fills the tiers where periods of a month have different ones; None = the energy of all periods,
                    and two periods with different limits contradict each other
    window_minutes  over which demand is averaged where the file does not say it
    holidays        which hours hold on holidays
    proration       what a part of a month pays of a price per kW
    leaving         whether who leaves within a year owes its least charge
    reactive        what a charge per kvar is for, None = not known
    leave_out       fields that are knowingly not billed
    """

    code: str = ""
    valid_from: date | None = None
    convention: Convention = Convention.PROPORTIONAL
    fills: Fills | None = None
    window_minutes: int = 15
    holidays: Holidays = Holidays.WEEKDAY
    proration: Proration = Proration.CALENDAR_DAYS
    leaving: Leaving = Leaving.CHARGE
    reactive: Reactive | None = None
    leave_out: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """
    One tier of energy or demand.

    price_e6  rate and adjustment [10^-6 cent per kWh or kW]
    limit     upper bound, None = none [Wh per what ``per`` says, or W]
    per       what a limit of energy is per
    """

    price_e6: int
    limit: int | None
    per: LimitsPer = LimitsPer.MONTH


Tiers = tuple[Tier, ...]
Hours = tuple[tuple[int, ...], ...]
Limits = tuple[tuple[int, LimitsPer], ...]


def limits_of(tiers: Tiers) -> Limits:
    """Return the upper bounds of tiers and what they are per; () where there is one tier."""
    return tuple((tier.limit, tier.per) for tier in tiers if tier.limit is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """
    Tiers by month, day and hour.

    structure  tiers of each period
    weekday    (12, 24) period of each hour, Monday to Friday
    weekend    (12, 24) period of each hour, Saturday and Sunday
    labels     name of each period, "" = none
    """

    structure: tuple[Tiers, ...]
    weekday: Hours
    weekend: Hours
    labels: tuple[str, ...] = ()

    def used(self) -> tuple[int, ...]:
        """Return the periods that any hour has, ascending."""
        return tuple(sorted({period for month in range(MONTHS) for period in self.of_month(month)}))

    def of_month(self, month: int) -> tuple[int, ...]:
        """Return the periods of a month, 0 to 11, ascending."""
        return tuple(sorted({*self.weekday[month], *self.weekend[month]}))

    def month_limits(self, month: int) -> tuple[Limits, ...]:
        """Return the limits that periods of a month, 0 to 11, have, each once; those without limits are left out."""
        found = dict.fromkeys(limits_of(self.structure[period]) for period in self.of_month(month))
        return tuple(limits for limits in found if limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class LookBack:
    """
    Demand of the past that is billed at the least.

    part_e6    of the largest peak [10^-6]
    months     whose peaks count, 1 to 12; empty = all
    look_back  how many months back
    """

    part_e6: int
    months: frozenset[int]
    look_back: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """
    A charge, or a least charge, by time.

    price_e6  [10^-6 cent]
    """

    per: Per
    price_e6: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """
    A URDB rate.

    start_date    None = the file names no day
    end_date      first day without the rate, None = it goes on
    energy        None = the file prices no energy
    flat          (12,) tiers of the demand at whatever hour by month, None = none
    demand        demand by period, None = none
    look_back     None = none
    fixed         standing charges
    minimum       least charges of a month or day
    yearly_cents  least charge of a year, 0 = none [cent]
    reactive_e6   charge per kvar, 0 = none [10^-6 cent]
    window        minutes over which demand is averaged, None = not said
    told          what is knowingly not billed, in words
    """

    utility: str
    name: str
    source: str
    start_date: date | None
    end_date: date | None
    energy: Schedule | None
    flat: tuple[Tiers, ...] | None
    demand: Schedule | None
    look_back: LookBack | None
    fixed: tuple[Amount, ...]
    minimum: tuple[Amount, ...]
    yearly_cents: int
    reactive_e6: int
    window: int | None
    told: tuple[str, ...] = ()
