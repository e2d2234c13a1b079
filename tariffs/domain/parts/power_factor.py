"""Reading of what is paid for reactive energy."""

from tariffs.domain.components.demand import TELLING
from tariffs.domain.components.power_factor import (
    FACTOR,
    ONE,
    PowerFactor,
    PowerFactorDemand,
    ReactiveDemand,
    ReactiveEnergy,
    Standard,
    Submeters,
    linear_schedule,
    schedule_of_1983,
)
from tariffs.domain.components.spans import Proration
from tariffs.domain.grammar import Table
from tariffs.domain.lines import LedgerClass, Unit
from tariffs.domain.parts.demand import PERCENT_PLACES, read_demand_period, read_grain
from tariffs.domain.parts.frame import Frame, label_of, ledger_of
from tariffs.domain.plan import ALL
from tariffs.domain.prices import read_price, read_unit

FACTOR_PLACES = 2
POINT_PLACES = 2
MOST_POINT = 10_000
MOST_FREE_E6 = 10**7


def read_power_factor(*, table: Table, code: str, frame: Frame) -> PowerFactor:  # noqa: ARG001 - as all readers
    """Read an adjustment by the schedule of 1983."""
    return _power_factor(table, code, schedule_of_1983(standard=table.word("standard", Standard)))


def read_power_factor_percent(*, table: Table, code: str, frame: Frame) -> PowerFactor:  # noqa: ARG001
    """Read an adjustment by so many percent for each 0.01 away from a target."""
    target, below, above = _target(table), _point(table, "below_percent"), _point(table, "above_percent")
    return _power_factor(table, code, linear_schedule(target=target, below=below, above=above))


def read_power_factor_demand(*, table: Table, code: str, frame: Frame) -> PowerFactorDemand:
    """Read demand added for a low power factor."""
    period, place = read_demand_period(table=table, frame=frame, taken=TELLING | {FACTOR})
    _, places = read_unit(table=table, currency=frame.currency, decimals=frame.decimals, units=(Unit.KW,))
    return PowerFactorDemand(
        code=code,
        label=label_of(table=table, code=code),
        ledger=ledger_of(table=table, default=LedgerClass.FIXED),
        submeters=table.word("submeters", Submeters, default=Submeters.PARALLEL),
        target=_target(table),
        period=period,
        place=place,
        price_e6=read_price(table=table, key="price", places=places),
        grain_w=read_grain(table=table),
        proration=table.word("proration", Proration),
    )


def read_reactive_energy(*, table: Table, code: str, frame: Frame) -> ReactiveEnergy:
    """Read a price per kvarh above a free share of the kWh."""
    _, places = read_unit(table=table, currency=frame.currency, decimals=frame.decimals, units=(Unit.KVARH,))
    free_e6 = table.number("free_percent", places=PERCENT_PLACES)
    if not 0 <= free_e6 <= MOST_FREE_E6:
        table.note("free_percent", "out_of_range", "A percentage from 0 to 1000 of the kWh is expected here.")
        free_e6 = 0
    return ReactiveEnergy(
        code=code,
        label=label_of(table=table, code=code),
        ledger=ledger_of(table=table, default=LedgerClass.ENERGY),
        price_e6=read_price(table=table, key="price", places=places),
        free_e6=free_e6,
    )


def read_reactive_demand(*, table: Table, code: str, frame: Frame) -> ReactiveDemand:
    """Read a price per kvar of the largest reactive demand."""
    _, places = read_unit(table=table, currency=frame.currency, decimals=frame.decimals, units=(Unit.KVAR,))
    return ReactiveDemand(
        code=code,
        label=label_of(table=table, code=code),
        ledger=ledger_of(table=table, default=LedgerClass.FIXED),
        price_e6=read_price(table=table, key="price", places=places),
        proration=table.word("proration", Proration),
    )


def _power_factor(table: Table, code: str, schedule: tuple[int, ...]) -> PowerFactor:
    """Return the adjustment by a schedule."""
    on = tuple(str(word) for word in table.entries("on"))
    if not on:
        table.note("on", "no_base", "An adjustment names what it is charged on.", "Leave funds out of it.")
    return PowerFactor(
        code=code,
        label=label_of(table=table, code=code),
        ledger=ledger_of(table=table, default=LedgerClass.ENERGY),
        submeters=table.word("submeters", Submeters, default=Submeters.PARALLEL),
        schedule=schedule,
        on=on or (ALL,),
    )


def _target(table: Table) -> int:
    """Return the power factor that is to be kept. [hundredths]"""
    target = table.number("target", places=FACTOR_PLACES)
    if not 0 < target <= ONE:
        table.note("target", "out_of_range", 'A power factor lies above 0 and up to 1, as "0.95".')
        return ONE
    return target


def _point(table: Table, key: str) -> int:
    """Return the percentage for each 0.01 of power factor. [hundredths of a percent]"""
    point = table.number(key, places=POINT_PLACES)
    if not 0 <= point <= MOST_POINT:
        table.note(key, "out_of_range", "A percentage from 0 to 100 is expected here.")
        return 0
    return point
