"""Numbers as they are written, and the few ways in which they are rounded."""

import re
from fractions import Fraction
from itertools import accumulate
from typing import Any

Rational = Fraction | int

WRITTEN = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?", re.ASCII)


class CannotTell(Exception):
    """The proof, or its tariff, asks for something that this program does not know."""


def number(text: Any) -> Fraction:
    """Return the number in a text, exactly."""
    if not isinstance(text, str) or not WRITTEN.fullmatch(text):
        raise CannotTell(f"{text!r} is no number")
    return Fraction(text)


def times(text: Any, factor: int) -> int:
    """Return a written number times a factor as a whole number."""
    found = number(text) * factor
    if found.denominator != 1:
        raise CannotTell(f"{text} times {factor} is no whole number")
    return found.numerator


def rounded(value: Rational) -> int:
    """Return the nearest whole number, a half away from zero."""
    size = abs(Fraction(value))
    whole = (2 * size.numerator + size.denominator) // (2 * size.denominator)
    return -whole if value < 0 else whole


def to_grain(value: Rational, grain: int) -> int:
    """Return the nearest multiple of a grain, a half away from zero."""
    return rounded(Fraction(value) / grain) * grain


def cut(value: Rational, places: int = 9) -> Fraction:
    """Return a number without what it has beyond so many decimals."""
    scaled = abs(Fraction(value)) * 10**places
    whole = Fraction(scaled.numerator // scaled.denominator, 10**places)
    return -whole if value < 0 else whole


def written(value: Rational, places: int) -> str:
    """Return a number with exactly so many decimals."""
    scaled = Fraction(value) * 10**places
    if scaled.denominator != 1:
        raise CannotTell(f"{value} has more than {places} decimals")
    digits = str(abs(scaled.numerator)).rjust(places + 1, "0")
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else sign + digits


def shared(total: int, weights: list[int]) -> list[int]:
    """
    Return a whole number in parts that follow weights and sum to it.

    The first parts together are the total times the weights of these over all weights, rounded half away from zero.
    """
    if not any(weights):
        if total:
            raise CannotTell(f"{total} has no weights to go by")
        return [0] * len(weights)
    until = [rounded(Fraction(total * part, sum(weights))) for part in accumulate(weights)]
    return [after - before for before, after in zip([0, *until], until, strict=False)]


def laid(rooms: list[int], total: int) -> list[int]:
    """Return a total laid into rooms one after another; what finds no room is left out."""
    found = []
    for room in rooms:
        found.append(min(room, total))
        total -= found[-1]
    return found
