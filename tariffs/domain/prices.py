"""Prices as written in a tariff document: an amount per unit, named as the trade names it."""

from tariffs.domain.grammar import UNSET, Table
from tariffs.domain.lines import PRICE_PLACES, Unit

MAX_PRICE_E6 = 10**12
"""A million minor units per kWh or day: beyond it a price is a slip of the pen."""

PLAIN_UNITS = (Unit.KWH, Unit.DAY, Unit.MONTH)

MAJOR = {
    "AUD": "dollar",
    "CAD": "dollar",
    "CNY": "yuan",
    "EUR": "euro",
    "GBP": "pound",
    "INR": "rupee",
    "JPY": "yen",
    "NZD": "dollar",
    "USD": "dollar",
}
MINOR = {
    "AUD": "cent",
    "CAD": "cent",
    "CNY": "fen",
    "EUR": "cent",
    "GBP": "penny",
    "INR": "paisa",
    "NZD": "cent",
    "USD": "cent",
}


def read_unit(
    *, table: Table, currency: str, decimals: int, units: tuple[Unit, ...] = PLAIN_UNITS, key: str = "unit"
) -> tuple[Unit, int]:
    """
    Read the key ``unit``, as "yuan/kWh", "fen/kWh" or "CNY/day"; the first of ``units`` stands in for a wrong one.

    :returns: the unit priced, and the decimals at which a price text becomes price_e6.
    """
    text = table.text(key)
    money, _, unit = text.partition("/")
    known = {word.value: word for word in units}
    major, minor = {currency, MAJOR.get(currency, currency)}, {MINOR.get(currency, "minor")}
    if text and (money not in major | minor or unit not in known):
        names = " or ".join(sorted(major | minor))
        table.note(key, "unknown_unit", f"{text!r} is not a unit of price.", f"Use {names} per {' or '.join(known)}.")
    return known.get(unit, units[0]), PRICE_PLACES + (0 if money in minor else decimals)


def price(*, table: Table, key: str, value: object, places: int) -> int | None:
    """Return one price in price_e6; None where the document says that it is not known yet."""
    if value == UNSET:
        return None
    price_e6 = table.parsed(key, value, places)
    if abs(price_e6) > MAX_PRICE_E6:
        table.note(key, "price_out_of_range", f"{value} is beyond any price.", "Check the unit.")
        return 0
    return price_e6


def read_price(*, table: Table, key: str, places: int) -> int | None:
    """Return the price at a key."""
    value = table.raw(key, required=True)
    return None if value is None else price(table=table, key=key, value=value, places=places)


def read_prices(*, table: Table, key: str, places: int, count: int) -> tuple[int | None, ...]:
    """Return the prices in a list of a known length."""
    values = table.entries(key)
    if len(values) != count and table.has(key):
        table.note(key, "wrong_count", f"{len(values)} prices stand here, {count} are needed.")
    found = [
        price(table=table, key=f"{key}[{place}]", value=value, places=places) for place, value in enumerate(values)
    ]
    return tuple((found + [0] * count)[:count])
