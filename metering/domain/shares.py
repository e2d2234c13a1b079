"""
One meter for several classes of use: how its energy is split before each class is priced.

Where a customer's classes are not metered apart, the contract fixes for each class either a share of the meter's energy
(定比) or a quantity a month (定量); what has neither is the rest. Sub-meters that are billed apart are subtracted.
[source: 供电营业规则 (1996), art. 71, not yet verified: a share or a quantity where classes cannot be metered apart,
reviewed each year. What is done where the quantities are more than the meter shows, no text seen says: it is declared]
"""

from enum import StrEnum

import numpy as np

from cis.kernel import fixed
from cis.kernel.errors import Refused
from cis.kernel.fixed import Int64

ONE_E6 = 10**6


class SharesDoNotFit(Refused):
    """The fixed shares of a meter are negative, or more than all of it."""

    code = "shares_do_not_fit"


class QuantitiesDoNotFit(Refused):
    """The fixed quantities, or the sub-meters, are more than the meter shows."""

    code = "quantities_do_not_fit"


class Excess(StrEnum):
    """
    What is done where fixed quantities are more than the meter shows.

    IN_PROPORTION  all of them are cut in the same proportion, and the rest has nothing
    IN_ORDER       they are filled one after another, as long as there is energy
    REFUSE         it is refused, for someone to look at
    """

    IN_PROPORTION = "in_proportion"
    IN_ORDER = "in_order"
    REFUSE = "refuse"


def split_by_share(*, energy_wh: Int64, shares_e6: Int64) -> Int64:
    """
    Return energy split by fixed shares (定比), (n, k + 1): each class, and last the rest. Rows sum exactly. [Wh]

    energy_wh  (n,) may be negative, as a true-up is [Wh]
    shares_e6  (n, k) or (k,) share of each class, 0.3 = 300_000 [10^-6]

    :raises SharesDoNotFit: a share is negative, or they sum to more than 1.
    """
    shares = np.broadcast_to(shares_e6, (len(energy_wh), shares_e6.shape[-1]))
    rest = ONE_E6 - shares.sum(axis=1)
    if min(int(shares.min(initial=0)), int(rest.min(initial=0))) < 0:
        raise SharesDoNotFit("The fixed shares of a meter are from 0 to 100 %, and no more than 100 % together.")
    return fixed.share(energy_wh, np.column_stack([shares, rest]))


def split_by_quantity(*, energy_wh: Int64, fixed_wh: Int64, excess: Excess) -> Int64:
    """
    Return energy split by fixed quantities (定量), (n, k + 1): each class, and last the rest. Rows sum exactly. [Wh]

    energy_wh  (n,) [Wh]
    fixed_wh   (n, k) quantity of each class in the segment, not negative [Wh]
    excess     where the quantities are more than the energy; a true-up below 0 is all of the rest

    :raises QuantitiesDoNotFit: ``excess`` is REFUSE, and they are more; ``detail["place"]`` is the row.
    """
    if fixed_wh.min(initial=0) < 0:
        raise QuantitiesDoNotFit("A fixed quantity is at least 0.")
    room_wh = np.maximum(energy_wh, 0)
    over = np.flatnonzero(fixed_wh.sum(axis=1) > room_wh)
    if over.size and excess is Excess.REFUSE:
        raise QuantitiesDoNotFit(
            "The fixed quantities are more than the meter shows.",
            advice="Check the read, and the quantities agreed.",
            place=int(over[0]),
        )
    until = np.minimum(np.cumsum(fixed_wh, axis=1), room_wh[:, None])
    split_wh = np.diff(until, axis=1, prepend=0)
    if excess is Excess.IN_PROPORTION and over.size:
        split_wh[over] = fixed.share(room_wh[over], fixed_wh[over])
    return np.column_stack([split_wh, energy_wh - split_wh.sum(axis=1)])


def over_rows(*, taken: Int64, weights: Int64) -> Int64:
    """
    Return quantities dealt to rows in proportion to their energy, (n, q); no row gives more than it has. [Wh]

    taken    (q,) no more than the weights together [Wh]
    weights  (n,) energy of each row, not negative [Wh]
    """
    left = fixed.share(taken.sum(keepdims=True), weights)[0]
    dealt = np.zeros((len(weights), len(taken)), dtype=np.int64)
    for column in range(len(taken)):
        dealt[:, column] = fixed.share(taken[column : column + 1], left)[0]
        left = left - dealt[:, column]
    return dealt


def less_submeters(*, energy_wh: Int64, submeters_wh: Int64) -> Int64:
    """
    Return the energy of a main meter less that of sub-meters billed apart, (n, p). [Wh]

    energy_wh     (n, p) by period of use [Wh]
    submeters_wh  (n, p) sum of the sub-meters [Wh]

    A period below 0 is kept: sub-meters read on another day may run ahead, and the next bill takes it back.

    :raises QuantitiesDoNotFit: over all periods the sub-meters are more than the main meter; ``detail["place"]``.
    """
    left_wh = energy_wh - submeters_wh
    below = np.flatnonzero((left_wh.sum(axis=1) < 0) & (energy_wh.sum(axis=1) >= 0))
    if below.size:
        raise QuantitiesDoNotFit(
            "The sub-meters are more than the main meter.",
            advice="Check the reads, their dates and the multipliers.",
            place=int(below[0]),
        )
    return left_wh
