"""Filters of printed documents, which speak two languages at once: numbers and dates in one form for both."""

from datetime import date, timedelta

from django import template

from cis.kernel.fixed import to_text

register = template.Library()
MINUS = "−"
WH_PLACES = 3
HALF_KWH_WH = 500
WH_PER_KWH = 1_000


@register.filter
def amount(amount_minor: int) -> str:
    """Return an amount of minor units as "1,234.56", without a symbol."""
    return _grouped(amount_minor, places=2, keep=2)


@register.filter
def quantity(value: int, places: int) -> str:
    """Return a stored quantity with that many decimals; zeros at the end are left out."""
    return _grouped(value, places=places, keep=0)


@register.filter
def whole_kwh(energy_wh: int) -> str:
    """Return energy in whole kWh, a half away from zero: for a chart, where decimals are noise."""
    rounded = (abs(energy_wh) + HALF_KWH_WH) // WH_PER_KWH
    return f"{MINUS if energy_wh < 0 and rounded else ''}{rounded:,}"


@register.filter
def without_sign(value: int) -> int:
    """Return a number without its sign, where the words around it say whether it is more or less."""
    return abs(value)


@register.filter
def iso_date(value: date | None) -> str:
    """Return a date as 2026-10-31; "—" for none."""
    return "—" if value is None else value.isoformat()


@register.filter
def day_before(value: date) -> date:
    """Return the day before: the last day of a period whose end is not part of it."""
    return value - timedelta(days=1)


def _grouped(value: int, *, places: int, keep: int) -> str:
    whole, _, decimals = to_text(abs(value), places=places).partition(".")
    decimals = decimals.rstrip("0").ljust(keep, "0")
    sign = MINUS if value < 0 else ""
    return f"{sign}{int(whole):,}.{decimals}" if decimals else f"{sign}{int(whole):,}"
