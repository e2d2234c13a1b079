"""
Plain decimals out of text, millions a second: eight characters are one 64-bit word, and all words are worked at once.

A field such as ``119.425`` is loaded as the 64-bit word that ends at its last character (little-endian, so the last
character is the highest byte). Characters of the field before are shifted out, the point is found and closed up, each
byte is checked to be a digit, and three multiplications turn eight digit bytes into their number. Fields of 9 to 16
characters take two words. Everything is integer arithmetic: nothing is rounded, and what is not a plain decimal
(signs, blanks, letters, exponents, a second point, 17 characters or more) is marked as not exact, never guessed.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cis.kernel.fixed import Int64

Bytes = NDArray[np.uint8]
Words = NDArray[np.uint64]
Flags = NDArray[np.bool_]

MARGIN = 16
"""Bytes that a text must have before its first field, since words are loaded backward. [bytes]"""

_WORD = 8
_LONGEST = 2 * _WORD


def _u64(value: int) -> np.uint64:
    return np.uint64(value)


_ZEROS = _u64(0x3030303030303030)
_POINTS = _u64(0x1E1E1E1E1E1E1E1E)  # ord(".") ^ ord("0") in each byte
_ONES = _u64(0x0101010101010101)
_HIGHS = _u64(0x8080808080808080)
_OVER_NINE = _u64(0x7676767676767676)  # a byte above 9 carries into its high bit
_PLACE_OF_BYTE = _u64(0x0706050403020100)
_PAIRS = _u64(0x00FF00FF00FF00FF)
_FOURS = _u64(0x0000FFFF0000FFFF)
_TEN_AND_ONE = _u64(10 * 2**8 + 1)
_HUNDRED_AND_ONE = _u64(100 * 2**16 + 1)
_MYRIAD_AND_ONE = _u64(10_000 * 2**32 + 1)


@dataclass(frozen=True, slots=True)
class Decimals:
    """
    Parsed fields, arrays of one shape.

    digits  the number with its point left out (``119.425`` is 119425)
    places  digits after the point (3)
    exact   whether the field is a plain decimal; where not, digits and places mean nothing
    """

    digits: Int64
    places: Int64
    exact: Flags


def windows(text: Bytes) -> NDArray[np.void]:
    """Return the eight bytes from each position of a text on, (len - 7,) items that overlap in memory."""
    return np.ndarray(max(text.size - _WORD + 1, 0), dtype="V8", buffer=text.data, strides=(1,))


def words_at(*, views: NDArray[np.void], positions: Int64) -> Words:
    """Return the 64-bit words that begin at positions, in the shape of positions."""
    return views[positions].view("<u8")


def parse(*, views: NDArray[np.void], starts: Int64, ends: Int64) -> Decimals:
    """
    Parse the fields [starts, ends) of a text; ends point at the separators.

    views   ``windows`` of the text, which has MARGIN bytes before its first field
    starts  position of the first character of each field, any shape
    ends    position after the last character, same shape
    """
    length = ends - starts
    digits, places, point, plain = _word_values(
        words_at(views=views, positions=ends - _WORD), np.clip(length, 1, _WORD)
    )
    # A point needs a digit behind it; before it a zero may be left out (.02 is written by real meters).
    exact = plain & (length >= 1) & (length <= _WORD) & ~(point & (places == 0))
    if int(length.max(initial=0)) > _WORD:
        long = plain & (length > _WORD) & (length <= _LONGEST)
        head_digits, head_places, head_point, head_plain = _word_values(
            words_at(views=views, positions=ends[long] - _LONGEST), np.clip(length[long] - _WORD, 1, _WORD)
        )
        tail_places, tail_point = places[long], point[long]
        # The tail holds seven digits when the point is in it, else eight.
        digits[long] += head_digits * np.where(tail_point, 10 ** (_WORD - 1), 10**_WORD)
        places[long] = np.where(head_point, head_places + _WORD, tail_places)
        exact[long] = head_plain & ~(head_point & tail_point) & ~(tail_point & (tail_places == 0))
    return Decimals(digits=digits, places=places, exact=exact)


def _word_values(words: Words, length: Int64) -> tuple[Int64, Int64, Flags, Flags]:
    """Return digits, places, has-a-point and is-plain of the last ``length`` (1 to 8) characters of each word."""
    shift = ((_WORD - length) * 8).view(np.uint64)
    digit = ((words ^ _ZEROS) >> shift) << shift
    apart = digit ^ _POINTS
    # The lowest zero byte of ``apart`` is the first point; borrow makes false ones only above a true one.
    found = (apart - _ONES) & ~apart & _HIGHS
    first = found & (~found + _u64(1))
    point = first != 0
    unit = first >> _u64(7)
    closed = (digit & ~((first << _u64(1)) - _u64(1))) | ((digit & (unit - _u64(1))) << _u64(8))
    closed = np.where(point, closed, digit)
    places = ((unit * _PLACE_OF_BYTE) >> _u64(56)).view(np.int64)
    plain = (((closed + _OVER_NINE) | closed) & _HIGHS) == 0
    return _number_of(closed), places, point, plain


def _number_of(digit: Words) -> Int64:
    """Return the number written by eight digit bytes, the first in the lowest byte."""
    pairs = (digit * _TEN_AND_ONE) >> _u64(8)
    fours = ((pairs & _PAIRS) * _HUNDRED_AND_ONE) >> _u64(16)
    return (((fours & _FOURS) * _MYRIAD_AND_ONE) >> _u64(32)).view(np.int64)
