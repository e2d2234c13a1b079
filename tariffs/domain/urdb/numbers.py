"""Numbers of URDB files as exact integers, though some went through binary fractions before."""

import re
from fractions import Fraction

PRICE_PLACES = 8
"""Of dollars, so that a price is kept to 10^-6 cent."""
MINOR_PLACES = 2
KILO_PLACES = 3
SIGNIFICANT = 7
ENDLESS = 10**9
"""No customer takes a TWh a month, or a TW."""
SINGLE = 2**24
"""Numbers of single precision are at most 1 part in 2^24 off."""
NUMBER = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,3})?")


def exact(value: object) -> Fraction | None:
    """Return the number that a value of a file is, None if it is none; texts stand for numbers with decimals."""
    if type(value) is int:
        return Fraction(value)
    return Fraction(value) if isinstance(value, str) and NUMBER.fullmatch(value) else None


def scaled(value: object, *, places: int) -> int | None:
    """
    Return a number times 10^places, None if it is none or has more decimals.

    A number with more decimals that is a short one kept in single precision is that short one: 0.07076899707317352 is
    0.070769. Some files of URDB have passed through such numbers.
    """
    number = exact(value)
    if number is None:
        return None
    found = number * 10**places
    if found.denominator == 1:
        return int(found)
    short = _rounded(number)
    whole = short * 10**places
    return int(whole) if whole.denominator == 1 and abs(number - short) * SINGLE <= abs(short) else None


def _rounded(number: Fraction) -> Fraction:
    """Return a number rounded to 7 significant digits."""
    unit = Fraction(1)
    while abs(number) >= unit * 10:
        unit *= 10
    while abs(number) < unit:
        unit /= 10
    unit /= 10 ** (SIGNIFICANT - 1)
    rounded: Fraction = Fraction(round(number / unit)) * unit
    return rounded


def is_endless(value: object) -> bool:
    """Return whether a limit is none: absent, 0, or beyond what any customer takes, as 1e+38."""
    number = exact(value)
    return value is None or number == 0 or (number is not None and number >= ENDLESS)


def is_nothing(value: object) -> bool:
    """Return whether a value, or all that a list or table of them holds, is 0, empty or a unit without a number."""
    if isinstance(value, dict):
        return all(is_nothing(one) for key, one in value.items() if key != "unit")
    if isinstance(value, list):
        return all(is_nothing(one) for one in value)
    return value is None or value is False or exact(value) == 0
