"""
Exact integers for energy, prices and money: the only product, the only rounding, the only number grammar.

Wh x price_e6 [10^-6 minor unit/kWh] = amount_e9 [10^-9 minor unit], without a factor and without a rest.
Arrays are int64 while a bound says that nothing can wrap; past it they hold Python ints, as exact and slower.
"""

import re
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cis.kernel.errors import Refused

Int64 = NDArray[np.int64]
"""Column of 64-bit integers."""

Exact = NDArray[Any]
"""Int64, or an object array of Python ints where 64 bits are too narrow."""

Integers = int | Iterable[int] | Exact
"""One integer, a sequence of them, or an array."""

LIMIT: Final = 2**62
"""Magnitudes stay below this on the fast path, so that the sum or difference of two of them fits int64."""

E9: Final = 10**9
HALF_E9: Final = E9 // 2

_INT64_MAX: Final = 2**63 - 1
_FEW_COLUMNS: Final = 4  # up to here a pass per column beats NumPy's inner loop over short rows (measured)
_NUMBER: Final = re.compile(r"([+-]?)([0-9]+)(?:\.([0-9]+))?")
_LONGEST_NUMBER: Final = 40


class Rounding(StrEnum):
    """
    How a half is decided.

    HALF_AWAY  to the nearest, a half away from zero: 0.5 -> 1, -0.5 -> -1
    HALF_EVEN  to the nearest, a half to the even neighbour: 0.5 -> 0, 1.5 -> 2
    DOWN       towards zero: 0.9 -> 0, -0.9 -> 0
    """

    HALF_AWAY = "half_away"
    HALF_EVEN = "half_even"
    DOWN = "down"


class NotANumber(Refused):
    """The text is not a number of the one grammar."""

    code = "not_a_number"


class AmountOverflow(Refused):
    """An amount does not fit 64 bits."""

    code = "amount_overflow"


class UnusableWeights(Refused):
    """Nothing can be shared by these weights."""

    code = "unusable_weights"


def dot(energy_wh: Exact, prices_e6: Integers) -> Exact:
    """
    Return energy times price, summed over the last axis of a table, (n,). [10^-9 minor unit]

    energy_wh  (n,) or (n, k) [Wh]
    prices_e6  [10^-6 minor unit/kWh]  for (n,): one price or (n,), one for each; for (n, k): one price, (k,) or (n, k)

    The result is int64, or an object array of Python ints if one of its values is not below 2^62. It never wraps.

    :raises TypeError: an array or a price is not of integers.
    """
    energy, prices = _integers(energy_wh), _integers(prices_e6)
    if energy.ndim == 1:
        return times(energy, prices)
    rows, columns = energy.shape
    if not _is_safe(energy, prices, columns):
        return _narrow(np.broadcast_to((_wide(energy) * _wide(prices)).sum(axis=1, initial=0), (rows,)))
    if prices.ndim == 1 and len(prices) == columns > _FEW_COLUMNS and not energy.flags.f_contiguous:
        return np.asarray(energy @ prices)
    by_column = prices if prices.ndim == 1 and len(prices) == columns else np.broadcast_to(prices, energy.shape).T
    if not columns:
        return np.zeros(rows, dtype=np.int64)
    total: Int64 = energy[:, 0] * by_column[0]
    product = np.empty_like(total)
    for column in range(1, columns):
        np.multiply(energy[:, column], by_column[column], out=product)
        total += product
    return total


def times(energy_wh: Exact, prices_e6: Integers, *, out: Int64 | None = None) -> Exact:
    """
    Return energy times price, each by each. [10^-9 minor unit]

    energy_wh  (n,) or (n, k) [Wh]
    prices_e6  one price, or whatever broadcasts to the energy: (k,) for (n, k), (n,) for (n,)  [10^-6 minor unit/kWh]
    out        array to write to, if the result fits it

    The result is int64, or an object array of Python ints if one of its values is not below 2^62. It never wraps. It is
    ``out`` only in the first case: use what is returned.

    :raises TypeError: an array or a price is not of integers.
    """
    energy, prices = _integers(energy_wh), _integers(prices_e6)
    if prices.ndim > energy.ndim:
        raise ValueError(f"prices {prices.shape} are more than energy {energy.shape}")
    if not _is_safe(energy, prices, 1):
        wide = np.empty(energy.shape, dtype=object)
        return _narrow(np.multiply(_wide(energy), _wide(prices), out=wide))
    product = np.empty_like(energy) if out is None else out
    if prices.ndim == 1 and energy.shape[-1] == len(prices) <= _FEW_COLUMNS and not energy.flags.f_contiguous:
        for column, price in enumerate(prices):
            np.multiply(energy[..., column], price, out=product[..., column])
        return product
    return np.multiply(energy, prices, out=product)


def to_minor(amount_e9: Exact, rule: Rounding = Rounding.HALF_AWAY, *, out: Int64 | None = None) -> Int64:
    """
    Return amounts rounded to whole minor units, of the same shape: the only rounding of money. [minor unit]

    amount_e9  int64 or an object array of Python ints [10^-9 minor unit]
    rule       how a half is decided; another than the default only where law or contract names it
    out        array to write to; may be ``amount_e9`` itself

    :raises AmountOverflow: a rounded amount does not fit 64 bits; ``detail["place"]`` is its place, counted from 0.
    """
    amount = _integers(amount_e9)
    if _is_wide(amount) or int(amount.max(initial=0)) > _INT64_MAX - HALF_E9:
        return _to_minor_exactly(amount, rule, out)
    # Floor division by a constant is the one division that NumPy does in SIMD; the sign is folded into the dividend:
    # a >> 63 is -1 for a negative number and 0 for others.
    if rule is Rounding.HALF_EVEN:
        raised = np.add(amount, HALF_E9)
        rounded = np.floor_divide(raised, E9, out=out)
        # A half was raised to a whole number of units: where that number is odd, the even one is below.
        rounded -= (rounded * E9 == raised) & (rounded & 1 == 1)
        return rounded
    offset = np.right_shift(amount, 63)
    if rule is Rounding.DOWN:
        offset &= E9 - 1
        offset += amount
    else:
        offset += amount
        offset += HALF_E9
    return np.asarray(np.floor_divide(offset, E9, out=offset if out is None else out))


def share(total_wh: Exact, weights: Exact) -> Int64:
    """
    Return totals split in proportion to weights, (n, k); each row sums to its total exactly. [Wh]

    Rule: the sum of the first j shares is the total times the sum of the first j weights over the sum of all, rounded
    half away from zero. So no share is off by 1 or more, none has another sign than the total, a weight of 0 gets 0.

    total_wh  (n,) may be negative [Wh]
    weights   (n, k) or (k,), none negative, any unit; a row whose weights are all 0 can share only a total of 0

    :raises UnusableWeights: a weight is negative, or a total other than 0 has none; ``detail["place"]`` is the row.
    """
    total = _integers(total_wh)
    weight = _integers(weights)
    if weight.ndim == 1:
        weight = np.broadcast_to(weight, (len(total), len(weight)))
    if weight.shape[0] != len(total):
        raise ValueError(f"{len(total)} totals and weights {weight.shape}")
    greatest = _greatest(weight) * max(weight.shape[1], 1)
    if max((_greatest(total) + 1) * greatest, greatest) >= LIMIT or _is_wide(total) or _is_wide(weight):
        total, weight = _wide(total), _wide(weight)
    _check_weights(total, weight)
    until = np.cumsum(weight, axis=1)
    whole = until[:, -1:] if weight.shape[1] else np.zeros((len(total), 1), dtype=np.int64)
    divisor = np.where(whole == 0, 1, whole)
    sign = np.where(total < 0, -1, 1)[:, None]
    rounded = (abs(total)[:, None] * until + divisor // 2) // divisor
    return _fit(sign * np.diff(rounded, axis=1, prepend=0))


def parse(text: str, *, places: int) -> int:
    """
    Return the number in a text, times 10^places.

    Grammar: a sign or none, ASCII digits, and, if there is a point, digits after it. Nothing else: no blanks, no
    exponent, no NaN or Infinity, no underscore, no comma, no full-width digits, no point without digits on both sides.
    Decimals beyond ``places`` may only be zeros. The result is below 2^62 in magnitude, so that it fits a column.

    :raises NotANumber: the text is not such a number.
    """
    found = _NUMBER.fullmatch(text) if len(text) <= _LONGEST_NUMBER else None
    if found is None:
        raise NotANumber(f"{_shown(text)} is not a number.", advice="Write digits, with a point for decimals: -12.5")
    sign, whole, decimals = found.group(1), found.group(2), found.group(3) or ""
    if decimals[places:].strip("0"):
        raise NotANumber(f"{_shown(text)} has more than {places} decimals.", advice=f"Give at most {places} decimals.")
    value = int(whole + decimals[:places].ljust(places, "0"))
    if value >= LIMIT:
        raise NotANumber(f"{_shown(text)} is too large.", advice="Check the unit and the number of digits.")
    return -value if sign == "-" else value


def to_text(value: int, *, places: int) -> str:
    """Return a number kept as an integer times 10^places as plain text with exactly that many decimals."""
    digits = str(abs(int(value))).rjust(places + 1, "0")
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else sign + digits


def _integers(values: Integers) -> Exact:
    """Return an int64 array, or an object array of Python ints if int64 cannot hold the values."""
    if isinstance(values, np.ndarray):
        if values.dtype == np.int64:
            return values
        if values.dtype.kind == "i":
            return values.astype(np.int64)
        if values.dtype.kind not in "uO":
            raise TypeError(f"integers are wanted, not {values.dtype}")
    elif isinstance(values, tuple) and all(type(value) is int and abs(value) <= _INT64_MAX for value in values):
        return np.array(values, dtype=np.int64)  # prices of a plan, block after block: worth a way of their own
    exact = np.asarray(values if isinstance(values, (int, np.integer, np.ndarray)) else list(values), dtype=object)
    for value in exact.flat:
        if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
            raise TypeError(f"integers are wanted, not {value!r}")
    if _greatest(exact) <= _INT64_MAX:
        return exact.astype(np.int64)
    return _wide(exact)


def _is_wide(values: Exact) -> bool:
    return values.dtype == np.object_


def _wide(values: Exact) -> Exact:
    """Return the values as Python ints."""
    wide = np.empty(values.shape, dtype=object)
    wide.ravel()[:] = [int(value) for value in values.flat]
    return wide


def _narrow(values: Exact) -> Exact:
    """Return exact values as int64 if all are below the limit, else as they are."""
    return values.astype(np.int64) if _greatest(values) < LIMIT else values


def _greatest(values: Exact) -> int:
    """Return the greatest magnitude, as a Python int since -2^63 has no positive int64; 0 for no values."""
    return max(int(values.max()), -int(values.min())) if values.size else 0


def _is_safe(energy: Exact, prices: Exact, terms: int) -> bool:
    if _is_wide(energy) or _is_wide(prices):
        return False
    return _greatest(energy) * _greatest(prices) * max(terms, 1) < LIMIT


def _fit(values: Exact) -> Int64:
    if _is_wide(values):
        for place, value in enumerate(values.flat):
            if not -_INT64_MAX - 1 <= value <= _INT64_MAX:
                raise AmountOverflow(f"{value} does not fit 64 bits.", place=place)
    return np.asarray(values.astype(np.int64, copy=False))


def _to_minor_exactly(amount: Exact, rule: Rounding, out: Int64 | None) -> Int64:
    exact = np.empty(amount.shape, dtype=object)
    exact.ravel()[:] = [_ROUNDED[rule](int(value)) for value in amount.flat]
    rounded = _fit(exact)
    if out is None:
        return rounded
    out[...] = rounded
    return out


def _half_away(amount_e9: int) -> int:
    rounded = (abs(amount_e9) + HALF_E9) // E9
    return -rounded if amount_e9 < 0 else rounded


def _half_even(amount_e9: int) -> int:
    rounded, rest = divmod(amount_e9 + HALF_E9, E9)
    return rounded - 1 if rest == 0 and rounded % 2 else rounded


def _down(amount_e9: int) -> int:
    return -(-amount_e9 // E9) if amount_e9 < 0 else amount_e9 // E9


_ROUNDED: Final[dict[Rounding, Callable[[int], int]]] = {
    Rounding.HALF_AWAY: _half_away,
    Rounding.HALF_EVEN: _half_even,
    Rounding.DOWN: _down,
}


def _check_weights(total: Exact, weight: Exact) -> None:
    negative = np.asarray(weight < 0, dtype=bool).any(axis=1)
    if negative.any():
        place = int(negative.argmax())
        raise UnusableWeights(f"Weight of row {place} is negative.", place=place)
    lost = ~np.asarray(weight != 0, dtype=bool).any(axis=1) & np.asarray(total != 0, dtype=bool)
    if lost.any():
        place = int(lost.argmax())
        raise UnusableWeights(f"Total {total[place]} of row {place} has no weight to go to.", place=place)


def _shown(text: str) -> str:
    """Return the text in quotes, cut to a length that can be read, with unprintable characters escaped."""
    return ascii(text) if len(text) <= _LONGEST_NUMBER else ascii(text[:_LONGEST_NUMBER]) + "..."
