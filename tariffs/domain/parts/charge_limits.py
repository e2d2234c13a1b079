"""Reading of minimum and maximum charges."""

from typing import TypedDict

from tariffs.domain.components.basic import Per
from tariffs.domain.components.charge_limits import (
    DECEMBER,
    Leaving,
    MaximumCharge,
    MinimumCharge,
    Negative,
    YearlyMaximum,
    YearlyMinimum,
)
from tariffs.domain.grammar import Table
from tariffs.domain.lines import LedgerClass, Unit
from tariffs.domain.parts.frame import Frame, label_of, ledger_of
from tariffs.domain.plan import ALL
from tariffs.domain.prices import read_price, read_unit

TIMES = (Unit.MONTH, Unit.DAY)


class Head(TypedDict):
    """What every limit has."""

    code: str
    label: str
    ledger: LedgerClass
    on: tuple[str, ...]


class Year(TypedDict):
    """What every yearly limit has besides."""

    limit_minor: int
    first_month: int
    negative: Negative


def read_minimum_charge(*, table: Table, code: str, frame: Frame) -> MinimumCharge:
    """Read a least amount per month or day."""
    per, price_e6 = _read_limit(table, frame)
    negative = table.word("negative", Negative)
    return MinimumCharge(**_read_head(table, code), per=per, price_e6=price_e6, negative=negative)


def read_maximum_charge(*, table: Table, code: str, frame: Frame) -> MaximumCharge:
    """Read a largest amount per month or day."""
    per, price_e6 = _read_limit(table, frame)
    return MaximumCharge(**_read_head(table, code), per=per, price_e6=price_e6)


def read_yearly_minimum(*, table: Table, code: str, frame: Frame) -> YearlyMinimum:
    """Read a least amount per year."""
    leaving = table.word("leaving", Leaving)
    return YearlyMinimum(**_read_head(table, code), **_read_year(table, frame), leaving=leaving)


def read_yearly_maximum(*, table: Table, code: str, frame: Frame) -> YearlyMaximum:
    """Read a largest amount per year."""
    return YearlyMaximum(**_read_head(table, code), **_read_year(table, frame))


def read_on(*, table: Table, required: bool = True) -> tuple[str, ...]:
    """Return the codes of the components whose lines count."""
    on = tuple(str(word) for word in table.entries("on", required=required))
    if not on and required:
        table.note("on", "no_base", "It names what it counts.", 'Write on = ["*"] for all lines before it.')
    return on or (ALL,)


def read_money(*, table: Table, key: str, frame: Frame) -> int:
    """Return an amount of at least 0, given in major units. [minor unit]"""
    minor = table.number(key, places=frame.decimals)
    if minor < 0:
        table.note(key, "negative_amount", f"{key} is an amount of at least 0.")
    return minor


def _read_head(table: Table, code: str) -> Head:
    """Return what every limit has."""
    return Head(
        code=code,
        label=label_of(table=table, code=code),
        ledger=ledger_of(table=table, default=LedgerClass.FIXED),
        on=read_on(table=table),
    )


def _read_limit(table: Table, frame: Frame) -> tuple[Per, int | None]:
    """Return the limit of a day or month."""
    unit, places = read_unit(table=table, currency=frame.currency, decimals=frame.decimals, units=TIMES)
    return Per(unit.value), read_price(table=table, key="price", places=places)


def _read_year(table: Table, frame: Frame) -> Year:
    """Return the limit of a year, and how it is counted."""
    return Year(
        limit_minor=read_money(table=table, key="amount", frame=frame),
        first_month=table.integer("year_starts", low=1, high=DECEMBER),
        negative=table.word("negative", Negative),
    )
