"""Reading of components without steps: fixed charges, energy, time of use, tax."""

from tariffs.domain.components.basic import Energy, Fixed, Per, Tax, TaxMode, TimeOfUse
from tariffs.domain.components.spans import Proration
from tariffs.domain.grammar import Table
from tariffs.domain.lines import LedgerClass, Unit
from tariffs.domain.parts.frame import (
    RATE_ONE_E6,
    RATE_PLACES,
    Frame,
    energy_places,
    label_of,
    ledger_of,
    period_table,
)
from tariffs.domain.plan import ALL
from tariffs.domain.prices import read_price, read_unit


def read_fixed(*, table: Table, code: str, frame: Frame) -> Fixed:
    """Read a charge per day or month."""
    unit, places = read_unit(table=table, currency=frame.currency, decimals=frame.decimals)
    if unit is Unit.KWH and table.has("unit"):
        table.note("unit", "wrong_unit", "A fixed charge is priced per day or month.")
    return Fixed(
        code=code,
        label=label_of(table=table, code=code),
        ledger=ledger_of(table=table, default=LedgerClass.FIXED),
        per=Per.DAY if unit is Unit.DAY else Per.MONTH,
        price_e6=read_price(table=table, key="price", places=places),
        proration=_read_proration(table, unit),
    )


def _read_proration(table: Table, unit: Unit) -> Proration:
    """Return what a segment pays of the price of a month; a price of a day is paid for each day."""
    if not table.has("proration"):
        return Proration.CALENDAR_DAYS
    proration = table.word("proration", Proration)
    if unit is Unit.DAY or proration is Proration.DAYS:
        table.note("proration", "no_month", "A price of a day is paid for each day.", "Leave the key out.")
    return proration


def read_energy(*, table: Table, code: str, frame: Frame) -> Energy:
    """Read a price for all energy."""
    price_e6 = read_price(table=table, key="price", places=energy_places(table=table, frame=frame))
    ledger = ledger_of(table=table, default=LedgerClass.ENERGY)
    return Energy(code=code, label=label_of(table=table, code=code), ledger=ledger, price_e6=price_e6)


def read_time_of_use(*, table: Table, code: str, frame: Frame) -> TimeOfUse:
    """Read a price per period of use."""
    prices = period_table(table=table, frame=frame)
    places = energy_places(table=table, frame=frame)
    found = tuple(read_price(table=prices, key=period, places=places) for period in frame.periods)
    prices.close()
    ledger = ledger_of(table=table, default=LedgerClass.ENERGY)
    return TimeOfUse(
        code=code, label=label_of(table=table, code=code), ledger=ledger, periods=frame.periods, prices_e6=found
    )


def read_tax(*, table: Table, code: str, frame: Frame) -> Tax:  # noqa: ARG001 - the signature of all readers
    """Read a tax."""
    rate_e6 = table.number("rate", places=RATE_PLACES)
    if not 0 <= rate_e6 <= RATE_ONE_E6:
        table.note("rate", "rate_out_of_range", "A tax rate lies from 0 to 1.", 'Write 13 % as "0.13".')
    on = tuple(str(word) for word in table.entries("on"))
    if not on:
        table.note("on", "no_base", "A tax names what it is charged on.", 'Write on = ["*"] for all lines before it.')
    return Tax(
        code=code,
        label=label_of(table=table, code=code),
        ledger=ledger_of(table=table, default=LedgerClass.TAX),
        rate_e6=rate_e6,
        mode=table.word("mode", TaxMode),
        on=on or (ALL,),
    )
