"""Fields of NEM files: dates, units, numbers, quality flags."""

import csv
import re
from datetime import date, datetime
from functools import lru_cache

from cis.kernel import fixed
from metering.domain.formats.batches import Quality
from metering.domain.formats.faults import Fault, LineFault

NO_INSTANT = -(2**63)
"""The integer of a datetime64 that is NaT."""

EARLIEST_YEAR = 1970
FINEST_PLACES = 6
"""Decimal places that are kept below a base unit: values are exact down to 10^-6 Wh."""

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  (the file's own clock, no zone)
_DIGITS = re.compile(r"[0-9]+")
_QUALITY = re.compile(r"[ASFENV][0-9]{0,2}", re.IGNORECASE)
_PLAIN_DECIMAL = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_DATE_DIGITS, _MINUTE_DIGITS, _SECOND_DIGITS = 8, 12, 14

_UNITS = {"WH": "Wh", "VARH": "varh", "VAH": "VAh", "W": "W", "VAR": "var", "VA": "VA", "V": "V", "A": "A", "PF": "pf"}
_PREFIXES = {"": 0, "K": 3, "M": 6}
_WHOLE_UNITS = {prefix + unit: (base, places) for unit, base in _UNITS.items() for prefix, places in _PREFIXES.items()}
ENERGY_UNITS = ("Wh", "varh", "VAh")


def split(raw: bytes) -> list[str]:
    """
    Return the fields of a NEM line, outer blanks cut off.

    :raises LineFault: an unclosed quotation mark, or a control character.
    """
    text = _decoded(raw)
    if '"' not in text:
        return [field.strip(" \t") for field in text.split(",")]
    try:
        return [field.strip(" \t") for field in next(csv.reader([text], strict=True))]
    except csv.Error as error:
        raise LineFault(Fault.UNCLOSED_QUOTE, f"Quotation marks do not match ({error}).") from error


def _decoded(raw: bytes) -> str:
    if b"\x00" in raw:
        raise LineFault(Fault.CONTROL_CHARACTER, "The line has a NUL character.")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("gb18030", errors="replace")  # only free text has letters beyond ASCII


def unit_of(uom: str) -> tuple[str, int]:
    """
    Return the base unit and the decimal places from the stated unit to it; kWh gives ("Wh", 3).

    Letter case does not matter; no unit gives ("", 0).

    :raises LineFault: an unknown unit.
    """
    if not uom:
        return "", 0
    known = _WHOLE_UNITS.get(uom.upper())
    if known is None:
        raise LineFault(Fault.UNKNOWN_UNIT, f"The unit {uom!r} is not known.")
    return known


def quality_of(method: str, *, reason_code: str = "", reason: str = "") -> Quality:
    """
    Return a quality method with its reason.

    :raises LineFault: no quality flag, or an unknown one.
    """
    if not method:
        raise LineFault(Fault.MISSING_QUALITY, "The quality flag is missing.")
    if not is_quality(method):
        raise LineFault(Fault.UNKNOWN_QUALITY, f"The quality flag {method!r} is not known.")
    return Quality(method.upper(), reason_code, reason)


def is_quality(text: str) -> bool:
    """Return whether a text is a quality flag, such as A or F14."""
    return _QUALITY.fullmatch(text) is not None


@lru_cache(maxsize=8192)
def instant_of(text: str) -> int:
    """
    Return the seconds since 1970 of Date8, DateTime12 or DateTime14, or NO_INSTANT for no text. [s]

    :raises LineFault: not such a date, or before 1970.
    """
    if not text:
        return NO_INSTANT
    if len(text) not in (_DATE_DIGITS, _MINUTE_DIGITS, _SECOND_DIGITS) or not (text.isascii() and text.isdigit()):
        raise LineFault(Fault.BAD_DATE, f"{text[:40]!r} is not a date.")
    full = text.ljust(_SECOND_DIGITS, "0")
    parts = [int(full[:4]), *(int(full[at : at + 2]) for at in range(4, _SECOND_DIGITS, 2))]
    try:
        moment = datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001
    except ValueError as error:
        raise LineFault(Fault.BAD_DATE, f"{text!r} is not a date ({error}).") from error
    if moment.year < EARLIEST_YEAR:
        raise LineFault(Fault.BAD_DATE, f"{text!r} is before {EARLIEST_YEAR}.")
    return int((moment - _EPOCH).total_seconds())


def day_of(text: str, *, latest: date) -> date:
    """
    Return a Date8.

    :raises LineFault: not a date, or after the latest that may be read.
    """
    if len(text) != _DATE_DIGITS:
        raise LineFault(Fault.BAD_DATE, f"{text[:40]!r} is not a date.")
    day = date.fromordinal(_EPOCH.toordinal() + instant_of(text) // 86_400)
    if day > latest:
        raise LineFault(Fault.DATE_IN_FUTURE, f"The date {day} is in the future.")
    return day


def exact_number(text: str, *, places: int) -> int:
    """
    Return a decimal times 10^places, by the kernel's number grammar; ``.5`` is read as 0.5.

    :raises LineFault: not a number, finer than ``places``, or too large.
    """
    full = text.replace(".", "0.", 1) if text.lstrip("+-").startswith(".") else text
    if _PLAIN_DECIMAL.fullmatch(full) is None:
        raise LineFault(Fault.NOT_A_NUMBER, f"{text[:40]!r} is not a number.")
    if len(full.partition(".")[2].rstrip("0")) > places:
        raise LineFault(Fault.TOO_PRECISE, f"{text[:40]!r} has more than {places} decimals.")
    try:
        return fixed.parse(full, places=places)
    except fixed.NotANumber as error:  # the grammar is checked above, what is left is its size
        raise LineFault(Fault.VALUE_TOO_LARGE, f"{text[:40]!r} is too large.") from error


def whole_digits(text: str) -> int:
    """Return how many digits are written before the point, leading zeros included: the width of a dial."""
    return len(text.lstrip("+-").partition(".")[0])


def counting_number(text: str) -> int | None:
    """Return a whole number written in one to nine ASCII digits, else None."""
    return int(text) if len(text) <= 9 and _DIGITS.fullmatch(text) else None  # noqa: PLR2004
