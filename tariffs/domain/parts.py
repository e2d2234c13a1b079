"""Reading of the component tables of a tariff document."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tariffs.domain.components import Energy, Fixed, Per, Tax, TaxMode, TimeOfUse
from tariffs.domain.grammar import Table
from tariffs.domain.lines import Component, LedgerClass, Unit
from tariffs.domain.plan import ALL
from tariffs.domain.prices import read_price, read_prices, read_unit
from tariffs.domain.tiers import Convention, HouseholdAllowance, TieredEnergy, TieredTimeOfUse

WH_PLACES = 3
RATE_PLACES = 6
RATE_ONE_E6 = 10**6
MAX_PERSONS = 99


@dataclass(frozen=True, slots=True)
class Frame:
    """What the components of one document share: its money and its periods of use."""

    currency: str
    decimals: int
    periods: tuple[str, ...]


def read_components(*, table: Table, frame: Frame) -> tuple[Component, ...]:
    """Return the components in the order of the document; noting every finding."""
    components = []
    codes: set[str] = set()
    for part in table.tables("component"):
        kind = part.text("kind")
        code = part.code("code")
        if code in codes:
            part.note("code", "code_taken", f"Two components are called {code}.")
        codes.add(code)
        if kind in READERS:
            components.append(READERS[kind](part, code, frame))
            part.close()
        elif kind:
            part.note("kind", "unknown_kind", f"{kind!r} is no component.", f"Use one of {', '.join(READERS)}.")
    return tuple(components)


def _label_of(table: Table, code: str) -> str:
    """Return the key of the printed words, by default the code."""
    return table.code("label", default=code or "line")


def _ledger_of(table: Table, default: LedgerClass) -> LedgerClass:
    """Return the class under which the component is posted."""
    return table.word("ledger", LedgerClass, default=default)


def _places_of(table: Table, frame: Frame) -> int:
    """Read the unit of an energy price; return the decimals of its texts."""
    unit, places = read_unit(table=table, currency=frame.currency, decimals=frame.decimals)
    if unit is not Unit.KWH:
        table.note("unit", "wrong_unit", "Energy is priced per kWh.")
    return places


def _read_fixed(table: Table, code: str, frame: Frame) -> Fixed:
    """Read a charge per day or month."""
    unit, places = read_unit(table=table, currency=frame.currency, decimals=frame.decimals)
    if unit is Unit.KWH and table.has("unit"):
        table.note("unit", "wrong_unit", "A fixed charge is priced per day or month.")
    return Fixed(
        code=code,
        label=_label_of(table, code),
        ledger=_ledger_of(table, LedgerClass.FIXED),
        per=Per.DAY if unit is Unit.DAY else Per.MONTH,
        price_e6=read_price(table=table, key="price", places=places),
    )


def _read_energy(table: Table, code: str, frame: Frame) -> Energy:
    """Read a price for all energy."""
    price_e6 = read_price(table=table, key="price", places=_places_of(table, frame))
    ledger = _ledger_of(table, LedgerClass.ENERGY)
    return Energy(code=code, label=_label_of(table, code), ledger=ledger, price_e6=price_e6)


def _read_time_of_use(table: Table, code: str, frame: Frame) -> TimeOfUse:
    """Read a price per period of use."""
    prices = _period_table(table, frame)
    places = _places_of(table, frame)
    found = tuple(read_price(table=prices, key=period, places=places) for period in frame.periods)
    prices.close()
    ledger = _ledger_of(table, LedgerClass.ENERGY)
    return TimeOfUse(code=code, label=_label_of(table, code), ledger=ledger, periods=frame.periods, prices_e6=found)


def _period_table(table: Table, frame: Frame) -> Table:
    """Return the table of prices by period of use."""
    if not frame.periods:
        table.note("prices", "no_periods", "The document names no periods of use.", "Add the table time_of_use.")
    return table.table("prices")


def _read_tiered_energy(table: Table, code: str, frame: Frame) -> TieredEnergy:
    """Read a price per step."""
    limits_wh = _read_limits(table)
    places = _places_of(table, frame)
    return TieredEnergy(
        code=code,
        label=_label_of(table, code),
        ledger=_ledger_of(table, LedgerClass.ENERGY),
        limits_wh=limits_wh,
        allowance=_read_allowance(table, limits_wh),
        prices_e6=read_prices(table=table, key="prices", places=places, count=len(limits_wh) + 1),
    )


def _read_tiered_time_of_use(table: Table, code: str, frame: Frame) -> TieredTimeOfUse:
    """Read a price per step and period of use."""
    limits_wh = _read_limits(table)
    places = _places_of(table, frame)
    prices, count = _period_table(table, frame), len(limits_wh) + 1
    columns = [read_prices(table=prices, key=period, places=places, count=count) for period in frame.periods]
    prices.close()
    return TieredTimeOfUse(
        code=code,
        label=_label_of(table, code),
        ledger=_ledger_of(table, LedgerClass.ENERGY),
        limits_wh=limits_wh,
        allowance=_read_allowance(table, limits_wh),
        periods=frame.periods,
        prices_e6=tuple(zip(*columns, strict=True)),
        convention=table.word("convention", Convention),
    )


def _read_limits(table: Table) -> tuple[int, ...]:
    """Return the limits of the steps, which must ascend from above 0. [Wh]"""
    limits_wh = table.numbers("limits_kwh", places=WH_PLACES)
    if any(low >= high for low, high in zip((0, *limits_wh), limits_wh, strict=False)):
        table.note(
            "limits_kwh", "limits_not_ascending", "Each limit must be larger than the one before it, and than 0."
        )
    return limits_wh


def _read_allowance(table: Table, limits_wh: tuple[int, ...]) -> HouseholdAllowance | None:
    """Return the wider limits of large households, None if there are none."""
    if not table.has("household"):
        return None
    part = table.table("household")
    persons = part.integer("from_persons", low=1, high=MAX_PERSONS)
    grow_wh = part.numbers("grow_kwh", places=WH_PLACES)
    part.close()
    if len(grow_wh) != len(limits_wh):
        part.note("grow_kwh", "wrong_count", f"{len(limits_wh)} limits need as many entries here.")
        return None
    wide = [limit_wh + grow for limit_wh, grow in zip(limits_wh, grow_wh, strict=True)]
    if min(grow_wh, default=0) < 0 or wide != sorted(set(wide)):
        part.note("grow_kwh", "limits_not_ascending", "Limits must grow, and still ascend.")
    return HouseholdAllowance(from_persons=persons, grow_wh=grow_wh)


def _read_tax(table: Table, code: str, frame: Frame) -> Tax:  # noqa: ARG001 - the signature of all readers
    """Read a tax."""
    rate_e6 = table.number("rate", places=RATE_PLACES)
    if not 0 <= rate_e6 <= RATE_ONE_E6:
        table.note("rate", "rate_out_of_range", "A tax rate lies from 0 to 1.", 'Write 13 % as "0.13".')
    on = tuple(str(word) for word in table.entries("on"))
    if not on:
        table.note("on", "no_base", "A tax names what it is charged on.", 'Write on = ["*"] for all lines before it.')
    return Tax(
        code=code,
        label=_label_of(table, code),
        ledger=_ledger_of(table, LedgerClass.TAX),
        rate_e6=rate_e6,
        mode=table.word("mode", TaxMode),
        on=on or (ALL,),
    )


Reader = Callable[[Table, str, Frame], Component]
READERS: Mapping[str, Reader] = {
    "fixed": _read_fixed,
    "energy": _read_energy,
    "time_of_use": _read_time_of_use,
    "tiered_energy": _read_tiered_energy,
    "tiered_time_of_use": _read_tiered_time_of_use,
    "tax": _read_tax,
}
