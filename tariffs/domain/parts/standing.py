"""Reading of charges by meters, unmetered supply, premiums for green energy, and concessions."""

from typing import Any

from tariffs.domain.components.basic import Per
from tariffs.domain.components.standing import (
    DECEMBER,
    AccountCharge,
    BeyondUse,
    CapSpan,
    Concession,
    ConcessionOf,
    GreenPremium,
    MeterCharge,
    Unmetered,
)
from tariffs.domain.grammar import Table
from tariffs.domain.lines import LedgerClass, Unit
from tariffs.domain.parts.charge_limits import TIMES, read_money, read_on
from tariffs.domain.parts.demand import read_percent
from tariffs.domain.parts.frame import RATE_ONE_E6, WH_PLACES, Frame, energy_places, label_of, ledger_of
from tariffs.domain.prices import read_price, read_unit

HOUR_PLACES = 3
MOST_HOURS_E3 = 744_000
GRANTED_PER = (Unit.DAY, Unit.MONTH, Unit.KWH)


def read_meter_charge(*, table: Table, code: str, frame: Frame) -> MeterCharge:
    """Read a price per meter and day or month."""
    return MeterCharge(**_by_time(table, code, frame))


def read_account_charge(*, table: Table, code: str, frame: Frame) -> AccountCharge:
    """Read a price per day or month that an account pays once."""
    return AccountCharge(**_by_time(table, code, frame))


def _by_time(table: Table, code: str, frame: Frame) -> dict[str, Any]:
    """Return the fields of a charge by days or months."""
    unit, places = read_unit(table=table, currency=frame.currency, decimals=frame.decimals, units=TIMES)
    return {
        "code": code,
        "label": label_of(table=table, code=code),
        "ledger": ledger_of(table=table, default=LedgerClass.FIXED),
        "per": Per(unit.value),
        "price_e6": read_price(table=table, key="price", places=places),
    }


def read_unmetered(*, table: Table, code: str, frame: Frame) -> Unmetered:
    """Read the burning hours of each month, and how they lie in the periods of use."""
    hours_e3 = table.numbers("hours", places=HOUR_PLACES)
    if len(hours_e3) != DECEMBER or any(not 0 <= hours <= MOST_HOURS_E3 for hours in hours_e3):
        table.note("hours", "wrong_count", "Twelve months have a number of hours each, from 0 to 744.")
        hours_e3 = (0,) * DECEMBER
    weights: tuple[int, ...] = (1,)
    if frame.periods:
        part = table.table("percent")
        weights = tuple(read_percent(table=part, key=period) for period in frame.periods)
        part.close()
        if sum(weights) != RATE_ONE_E6:
            part.note("", "not_all", "The periods of use make up 100 % together.")
            weights = (1,) * len(weights)
    return Unmetered(
        code=code,
        label=label_of(table=table, code=code),
        ledger=ledger_of(table=table, default=LedgerClass.ENERGY),
        hours_e3=hours_e3,
        weights=weights,
    )


def read_green_premium(*, table: Table, code: str, frame: Frame) -> GreenPremium:
    """Read a premium per kWh, for a part of the use or for blocks."""
    by_blocks = table.has("block_kwh")
    block_wh = table.number("block_kwh", places=WH_PLACES) if by_blocks else 0
    if by_blocks and block_wh <= 0:
        table.note("block_kwh", "out_of_range", "A block holds energy.")
    return GreenPremium(
        code=code,
        label=label_of(table=table, code=code),
        ledger=ledger_of(table=table, default=LedgerClass.ENERGY),
        price_e6=read_price(table=table, key="price", places=energy_places(table=table, frame=frame)),
        part_e6=None if by_blocks else read_percent(table=table, key="percent"),
        block_wh=block_wh,
        beyond=table.word("beyond_use", BeyondUse) if by_blocks else BeyondUse.CHARGE,
    )


def read_concession(*, table: Table, code: str, frame: Frame) -> Concession:
    """Read what is taken off: a percentage, or a price per day, month or kWh; and its cap."""
    rate: ConcessionOf = ConcessionOf.PERCENT
    rate_e6: int | None = None
    if table.has("percent"):
        rate_e6 = read_percent(table=table, key="percent")
    else:
        unit, places = read_unit(table=table, currency=frame.currency, decimals=frame.decimals, units=GRANTED_PER)
        rate, rate_e6 = ConcessionOf(unit.value), read_price(table=table, key="price", places=places)
        if rate_e6 is not None and rate_e6 < 0:
            table.note("price", "negative_amount", "What is taken off is written as an amount above 0.")
    capped, span = table.has("cap"), CapSpan.MONTH
    if capped:
        span = table.word("cap_per", CapSpan)
    return Concession(
        code=code,
        label=label_of(table=table, code=code),
        ledger=ledger_of(table=table, default=LedgerClass.FUND),
        on=read_on(table=table),
        rate=rate,
        rate_e6=rate_e6,
        cap_minor=read_money(table=table, key="cap", frame=frame) if capped else None,
        cap_span=span,
        first_month=table.integer("year_starts", low=1, high=DECEMBER) if span is CapSpan.YEAR else 1,
    )
