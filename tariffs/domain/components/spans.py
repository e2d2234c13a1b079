"""How much of a monthly price a segment pays that is no whole month."""

from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cis.kernel import fixed
from cis.kernel.fixed import Int64
from tariffs.domain.batch import E9, RatingBatch
from tariffs.domain.inputs import Input

DAYS_OF_MONTH = 30


class Proration(StrEnum):
    """
    What a segment pays of the price of a month; texts differ, so each tariff says it.

    WHOLE              the whole price, once a segment, however long it is
    CALENDAR_DAYS      each day by the days of its own month
    THIRTIETHS         whole months by their number, any other segment 1/30 a day
                       [source: 供电营业规则 (1996) 第八十四条: 每日按全月基本电费三十分之一计算]
    THIRTY_DAY_MONTHS  1/30 a day of months that all have 30 days, so that each month is one (30/360)
    CYCLE_DAYS         each day by the days of the billed period, so that each cycle is its number of months
    DAYS               the price is that of a day
    """

    WHOLE = "whole"
    CALENDAR_DAYS = "calendar_days"
    THIRTIETHS = "thirtieths"
    THIRTY_DAY_MONTHS = "thirty_day_months"
    CYCLE_DAYS = "cycle_days"
    DAYS = "days"


def needs_of(proration: Proration) -> tuple[Input, ...]:
    """Return the inputs by which a segment is counted."""
    needs = {Proration.THIRTY_DAY_MONTHS: Input.EVEN_DAYS, Proration.CYCLE_DAYS: Input.CYCLE_MONTHS_E9}
    return (needs[proration],) if proration in needs else ()


def span_of(*, batch: RatingBatch, proration: Proration) -> tuple[Int64, int]:
    """Return how many times each segment pays the price, as (n,) over one number below it."""
    if proration is Proration.WHOLE:
        return np.ones(len(batch), dtype=np.int64), 1
    if proration is Proration.CALENDAR_DAYS:
        return batch.month_share_e9, E9
    if proration is Proration.DAYS:
        return batch.days, 1
    if proration is Proration.THIRTY_DAY_MONTHS:
        return batch.inputs[Input.EVEN_DAYS], DAYS_OF_MONTH
    if proration is Proration.CYCLE_DAYS:
        return batch.inputs[Input.CYCLE_MONTHS_E9], E9
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
