"""What the readers of component tables share."""

from dataclasses import dataclass
from typing import Protocol

from tariffs.domain.grammar import Table
from tariffs.domain.lines import Component, LedgerClass, Unit
from tariffs.domain.prices import read_unit

WH_PLACES = 3
RATE_PLACES = 6
RATE_ONE_E6 = 10**6


@dataclass(frozen=True, slots=True)
class Frame:
    """
    What the components of one document share: its money, its periods of use, and those of its demand.

    demand_periods  periods in which demand is measured apart; the first, "any", is the whole time
    """

    currency: str
    decimals: int
    periods: tuple[str, ...]
    demand_periods: tuple[str, ...] = ()


class Reader(Protocol):
    """What reads the table of one kind of component, noting every finding."""

    def __call__(self, *, table: Table, code: str, frame: Frame) -> Component:
        """Return the component called ``code``."""
        ...


def label_of(*, table: Table, code: str) -> str:
    """Return the key of the printed words, by default the code."""
    return table.code("label", default=code or "line")


def ledger_of(*, table: Table, default: LedgerClass) -> LedgerClass:
    """Return the class under which the component is posted."""
    return table.word("ledger", LedgerClass, default=default)


def energy_places(*, table: Table, frame: Frame) -> int:
    """Read the unit of an energy price; return the decimals of its texts."""
    unit, places = read_unit(table=table, currency=frame.currency, decimals=frame.decimals)
    if unit is not Unit.KWH:
        table.note("unit", "wrong_unit", "Energy is priced per kWh.")
    return places


def period_table(*, table: Table, frame: Frame) -> Table:
    """Return the table of prices by period of use."""
    if not frame.periods:
        table.note("prices", "no_periods", "The document names no periods of use.", "Add the table time_of_use.")
    return table.table("prices")
