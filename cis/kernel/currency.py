"""Amounts of money as people read them."""

from typing import Final

SYMBOLS: Final = {"CNY": "¥", "AUD": "A$", "USD": "$", "EUR": "€", "GBP": "£"}


def written(amount_minor: int, *, currency: str, decimals: int = 2) -> str:
    """Return an amount of minor units as "¥1,234.56"; a minus sign stands before the symbol."""
    whole, rest = divmod(abs(amount_minor), 10**decimals)
    cents = f".{rest:0{decimals}d}" if decimals else ""
    return f"{'−' if amount_minor < 0 else ''}{SYMBOLS.get(currency, currency + ' ')}{whole:,}{cents}"
