"""How much of a monthly price a segment pays that is no whole month."""

from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cis.kernel import fixed
from cis.kernel.fixed import Int64
from tariffs.domain.batch import E9, RatingBatch

DAYS_OF_MONTH = 30


class Proration(StrEnum):
    """
    What a segment pays of the price of a month; texts differ, so each tariff says it.

    WHOLE          the whole price, once a segment, however long it is
    CALENDAR_DAYS  each day by the days of its own month
    THIRTIETHS     whole months by their number, any other segment 1/30 a day
                   [source: 供电营业规则 (1996) 第八十四条: 每日按全月基本电费三十分之一计算]
    DAYS           the price is that of a day
    """

    WHOLE = "whole"
    CALENDAR_DAYS = "calendar_days"
    THIRTIETHS = "thirtieths"
    DAYS = "days"


def span_of(*, batch: RatingBatch, proration: Proration) -> tuple[Int64, int]:
    """Return how many times each segment pays the price, as (n,) over one number below it."""
    if proration is Proration.WHOLE:
        return np.ones(len(batch), dtype=np.int64), 1
    if proration is Proration.CALENDAR_DAYS:
        return batch.month_share_e9, E9
    if proration is Proration.DAYS:
        return batch.days, 1
    months = batch.month_share_e9 // E9
    is_whole = (months * E9 == batch.month_share_e9) & (months > 0)
    return np.where(is_whole, months * DAYS_OF_MONTH, batch.days), DAYS_OF_MONTH


def part_of(amounts: NDArray[Any], *, over: Int64, under: int) -> NDArray[Any]:
    """
    Return amounts x over / under, cut towards 0, in the shape of the amounts and as exact.

    amounts  (n,) or (n, l), int64 or Python ints
    over     (n,), none negative
    """
    if amounts.ndim > 1:
        over = over[:, None]
    size = np.abs(amounts)
    whole = size // under
    rest = size - whole * under
    part: NDArray[Any] = fixed.times(rest, over) // under
    product = fixed.times(whole, over)
    if int(product.max(initial=0)) + int(part.max(initial=0)) >= fixed.LIMIT:
        product = product.astype(object)
    total: NDArray[Any] = product + part
    return np.where(amounts < 0, -total, total)
