"""A difference as steps from one amount to another, in whole numbers of a drawing; a picture, not a computation."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

WIDTH = 1000
LEAST = 6
"""What moves little is still seen."""


class Fall(NamedTuple):
    """
    One step; x runs from left (least) to right (most) over ``WIDTH``.

    start  x of its left edge
    width  of what it moves
    """

    start: int
    width: int


def falls(*, first: int, moves: Sequence[int]) -> tuple[Fall, ...]:
    """
    Return a bar from 0 to the first amount, a step for each move, and a bar from 0 to where they lead.

    first  amount that the moves start from, of any sign
    """
    levels = [first]
    for move in moves:
        levels.append(levels[-1] + move)
    low, high = min(0, *levels), max(0, *levels)
    spans = [(0, levels[0]), *pairwise(levels), (0, levels[-1])]
    return tuple(_fall(min(span), max(span), low, max(high - low, 1)) for span in spans)


def _fall(left: int, right: int, low: int, whole: int) -> Fall:
    start = (left - low) * WIDTH // whole
    width = max((right - low) * WIDTH // whole - start, LEAST)
    return Fall(min(start, WIDTH - width), width)
