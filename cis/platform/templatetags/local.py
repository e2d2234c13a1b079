"""Filters that write money, energy and dates as people read them, in the language of the page."""

import re
from datetime import date, datetime, timedelta
from typing import Any

from django import template
from django.utils import timezone
from django.utils.translation import get_language

from cis.kernel.currency import SYMBOLS, written
from cis.platform.phrases import explain

register = template.Library()
NOTHING = "–"
CHINESE = re.compile("[\u3400-\u9fff]")
WH_PER_KWH = 1_000
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _is_chinese() -> bool:
    return (get_language() or "").startswith("zh")


@register.filter
def money(amount_minor: int | None, currency: str = "CNY") -> str:
    """Return an amount of minor units as "¥1,234.56"; a minus sign stands before the symbol."""
    if amount_minor is None:
        return NOTHING
    return written(amount_minor, currency=currency)


@register.filter
def signed_money(amount_minor: int, currency: str = "CNY") -> str:
    """Return an amount that is added or taken off, with its sign."""
    return f"+{money(amount_minor, currency)}" if amount_minor > 0 else money(amount_minor, currency)


@register.filter
def priced(price: str, currency: str = "CNY") -> str:
    """Return a price text in major units with the symbol of its currency: "¥0.617"."""
    sign = "−" if price.startswith("-") else ""
    return f"{sign}{SYMBOLS.get(currency, currency + ' ')}{price.removeprefix('-')}"


@register.filter
def plain_money(amount_minor: int) -> str:
    """Return an amount of minor units as "1234.56", as a form or a file takes it."""
    whole, rest = divmod(abs(amount_minor), 100)
    return f"{'-' if amount_minor < 0 else ''}{whole}.{rest:02d}"


@register.filter
def kwh(energy_wh: int | None) -> str:
    """Return energy as "1,234.5": at most three decimals, none that are zero."""
    if energy_wh is None:
        return NOTHING
    whole, rest = divmod(abs(energy_wh), WH_PER_KWH)
    decimals = f".{rest:03d}".rstrip("0") if rest else ""
    return f"{'−' if energy_wh < 0 else ''}{whole:,}{decimals}"


@register.filter
def whole_kwh(energy_wh: int | None) -> str:
    """Return energy as whole kilowatt-hours, for sums over many."""
    return NOTHING if energy_wh is None else number((energy_wh + WH_PER_KWH // 2) // WH_PER_KWH)


@register.filter
def number(value: int | None) -> str:
    """Return a whole number with its thousands apart."""
    return NOTHING if value is None else f"{value:,}"


@register.filter
def scaled(value: int | None, places: int) -> str:
    """Return a stored integer with that many decimals, without zeros at the end."""
    if value is None:
        return NOTHING
    whole, rest = divmod(abs(value), 10**places)
    decimals = f".{rest:0{places}d}".rstrip("0") if rest else ""
    return f"{'−' if value < 0 else ''}{whole:,}{decimals}"


@register.filter
def tenths(value: int | None, places: int) -> str:
    """Return a stored integer with that many decimals, to the nearest tenth: "12.3"."""
    if value is None:
        return NOTHING
    step = 10 ** (places - 1)
    return scaled((2 * abs(value) + step) // (2 * step) * (-1 if value < 0 else 1), 1)


@register.filter
def day(value: date | None) -> str:
    """Return a date: 2026-11-23, in English 23 Nov 2026."""
    if value is None:
        return NOTHING
    if _is_chinese():
        return value.isoformat()[:10]
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


@register.filter
def month(value: date | None) -> str:
    """Return the month of a date: 2026年11月, in English Nov 2026."""
    if value is None:
        return NOTHING
    return f"{value.year}年{value.month}月" if _is_chinese() else f"{MONTHS[value.month - 1]} {value.year}"


@register.filter
def until(start: date, end: date | None) -> str:
    """Return a half-open period by its last day: a month by its name, one day alone, without end "from ... on"."""
    if end is None:
        return f"{day(start)} 起" if _is_chinese() else f"from {day(start)} on"
    if start.day == 1 and end == (start + timedelta(days=31)).replace(day=1):
        return month(start)
    if end == start + timedelta(days=1):
        return day(start)
    return f"{day(start)} – {day(end - timedelta(days=1))}"


@register.filter
def instant(value: datetime | None) -> str:
    """Return an instant in the supplier's time, to the minute."""
    if value is None:
        return NOTHING
    local = timezone.localtime(value)
    return f"{day(local.date())} {local:%H:%M}"


@register.filter
def in_language(words: dict[str, str]) -> str:
    """Return the text of the page's language out of {"zh": ..., "en": ...}; else the first there is."""
    first = next(iter(words.values()), "")
    return words.get("zh" if _is_chinese() else "en", first)


@register.filter
def language_of(text: str) -> str:
    """Return the language in which a text is written that is shown as it stands, for its lang attribute."""
    return "zh-Hans" if CHINESE.search(text) else "en"


@register.filter
def reason(obstacle: Any) -> str:
    """Return why something cannot be done, of whatever has a code and an English message, in the page's language."""
    return explain(obstacle.code, obstacle.message).message


@register.filter
def name_of(thing: Any) -> str:
    """Return the name of the page's language of whatever has ``name_zh`` and ``name_en``."""
    return in_language({"zh": thing.name_zh, "en": thing.name_en})


@register.filter
def signed(value: int) -> str:
    """Return a whole number with its sign."""
    return f"{value:+,}".replace("-", "−")
