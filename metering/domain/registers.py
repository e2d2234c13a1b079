"""
Energy between two values of a register: rollover, multiplier, dials that run backward, meter exchange.

A dial of d digits shows its count modulo 10^d kWh. So two readings say the energy only up to a multiple of that, and
the plain difference is one of several answers. An answer is taken when it is plausible, that is not above the energy
that the supply could have carried in the span; when none is, or two are, the span is flagged and nothing is guessed.
A whole turn of the dial beyond that is never assumed: a dial is chosen wide enough for its reading cycle.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from cis.kernel.columns import Columns
from cis.kernel.fixed import LIMIT, Int64, Integers

Flags = NDArray[np.bool_]

WH_PER_KWH = 1_000
MOST_DIGITS = 12
MOST_WH = LIMIT // 2
"""Energy of a span is held below this, so that the two spans of an exchange can be added. [Wh]"""


class SpanCode(IntEnum):
    """
    How the energy of a span was found; from ``ABOVE_MAXIMUM`` on it must be looked at before it is billed.

    FORWARD        the end reading less the start reading
    ROLLED_OVER    the dial passed its last value: the difference modulo 10^digits
    RAN_BACKWARD   a dial that may run backward (a net meter) did: negative energy
    ABOVE_MAXIMUM  plain difference, more than the supply could carry; usage_wh is that difference
    DECREASED      the reading fell, and a rollover would be implausible; usage_wh is 0
    AMBIGUOUS      forward over the rollover and backward are both plausible; usage_wh is 0
    OFF_DIAL       a reading is negative or has more digits than the dial; usage_wh is 0
    """

    FORWARD = 0
    ROLLED_OVER = 1
    RAN_BACKWARD = 2
    ABOVE_MAXIMUM = 10
    DECREASED = 11
    AMBIGUOUS = 12
    OFF_DIAL = 13


FIRST_DOUBTFUL = SpanCode.ABOVE_MAXIMUM


@dataclass(frozen=True, slots=True)
class SpanUsage(Columns):
    """
    Energy of n spans.

    usage_wh  (n,) multiplier included, negative only where a dial ran backward [Wh or varh]
    code      (n,) SpanCode
    """

    usage_wh: Int64
    code: Int64

    def is_doubtful(self) -> Flags:
        """Return which spans must be looked at before they are billed, bool (n,)."""
        return np.asarray(self.code >= FIRST_DOUBTFUL)


def usage_between(
    *,
    start_wh: Int64,
    end_wh: Int64,
    digits: Integers,
    max_wh: Integers,
    multiplier: Integers = 1,
    may_run_backward: bool | Flags = False,
) -> SpanUsage:
    """
    Return the energy between two readings of each register.

    Rule: usage = (end - start) x multiplier; where the end is lower, the difference modulo 10^digits kWh is taken if
    it is not above max_wh. A dial of five digits that goes from 99950 to 00120 counted 170 kWh.

    start_wh, end_wh  (n,) readings as the dial shows them [Wh or varh]
    digits            digits of the dial before the point, 1 to 12; one number or (n,)
    max_wh            energy that the supply could have carried in the span, multiplier included; one or (n,) [Wh]
    multiplier        ratio of the current and voltage transformers, 1 or more; one or (n,)
    may_run_backward  net meters whose dial falls while energy flows back; one or (n,)

    :raises ValueError: digits, max_wh or multiplier out of range.
    """
    shape = start_wh.shape
    dial = np.broadcast_to(np.asarray(digits, dtype=np.int64), shape)
    most = np.broadcast_to(np.asarray(max_wh, dtype=np.int64), shape)
    ratio = np.broadcast_to(np.asarray(multiplier, dtype=np.int64), shape)
    backward = np.broadcast_to(np.asarray(may_run_backward, dtype=np.bool_), shape)
    _check_ranges(dial, most, ratio)
    modulus = 10**dial * WH_PER_KWH
    off_dial = (start_wh < 0) | (end_wh < 0) | (start_wh >= modulus) | (end_wh >= modulus)
    plain = np.where(off_dial, 0, end_wh - start_wh)
    other = np.where(plain < 0, plain + modulus, plain - modulus)  # over the dial's end, the other way round
    code = _codes(plain, other, off_dial=off_dial, backward=backward, most=most // ratio)
    takes_other = (code == SpanCode.ROLLED_OVER) | ((code == SpanCode.RAN_BACKWARD) & (plain > 0))
    counted = np.where(takes_other, other, np.where(code <= SpanCode.ABOVE_MAXIMUM, plain, 0))
    return SpanUsage(usage_wh=_times(counted, ratio), code=code)


def _codes(plain: Int64, other: Int64, *, off_dial: Flags, backward: Flags, most: Int64) -> Int64:
    """Return the code of each span; ``most`` is the maximum on the dial, before the multiplier. [Wh]"""
    fell = plain < 0
    plain_fits = np.abs(plain) <= most
    other_fits = np.abs(other) <= most
    first_that_holds: list[tuple[Flags, SpanCode]] = [
        (off_dial, SpanCode.OFF_DIAL),
        (backward & (plain != 0) & plain_fits & other_fits, SpanCode.AMBIGUOUS),
        (~fell & plain_fits, SpanCode.FORWARD),
        (fell & backward & plain_fits, SpanCode.RAN_BACKWARD),
        (fell & other_fits, SpanCode.ROLLED_OVER),
        (~fell & backward & other_fits, SpanCode.RAN_BACKWARD),
        (fell, SpanCode.DECREASED),
    ]
    return np.select(
        [mask for mask, _ in first_that_holds],
        [np.int64(code) for _, code in first_that_holds],
        default=np.int64(SpanCode.ABOVE_MAXIMUM),
    )


def usage_over_exchange(*, before: SpanUsage, after: SpanUsage) -> SpanUsage:
    """
    Return the energy of spans in which the meter was exchanged.

    Rule: the old meter's last span (to its final reading) plus the new meter's first (from its initial reading), each
    with its own dial and multiplier. The code is that of the more doubtful part.

    before, after  (n,) as ``usage_between`` gives them
    """
    return SpanUsage(usage_wh=before.usage_wh + after.usage_wh, code=np.maximum(before.code, after.code))


def _check_ranges(digits: Int64, max_wh: Int64, multiplier: Int64) -> None:
    if ((digits < 1) | (digits > MOST_DIGITS)).any():
        raise ValueError(f"a dial has 1 to {MOST_DIGITS} digits")
    if (max_wh < 0).any() or (max_wh > MOST_WH).any():
        raise ValueError("the maximum energy must be between 0 and 2^61 Wh")
    if (multiplier < 1).any():
        raise ValueError("the multiplier must be 1 or more")


def _times(counted_wh: Int64, multiplier: Int64) -> Int64:
    """Multiply; only what is above the maximum can pass MOST_WH, and that is held there."""
    bound = MOST_WH // multiplier
    return np.clip(counted_wh, -bound, bound) * multiplier
