"""Which of several billed periods a day belongs to, where a part of a month was billed and then the month."""

import numpy as np

from cis.kernel.fixed import Int64


def covers(*, agreement_id: Int64, start_day: Int64, end_day: Int64) -> tuple[Int64, Int64, Int64]:
    """
    Return (row, first day, end day) of spans that do not overlap, by agreement and start.

    Days that lie in several periods of an agreement belong to that whose row stands first.

    agreement_id, start_day, end_day  (n,) periods, half-open
    """
    order = np.lexsort((start_day, agreement_id))
    agreement, start, end = agreement_id[order], start_day[order], end_day[order]
    overlaps = (agreement[1:] == agreement[:-1]) & (start[1:] < end[:-1])
    if not overlaps.any():
        return order.astype(np.int64, copy=False), start, end
    odd = np.isin(agreement_id, agreement[1:][overlaps])
    plain = np.flatnonzero(~odd)
    parts = [np.stack((plain, start_day[plain], end_day[plain]))]
    for one in np.unique(agreement_id[odd]).tolist():
        rows = np.flatnonzero(agreement_id == one)
        edges = np.unique(np.concatenate((start_day[rows], end_day[rows])))
        inside = (start_day[rows] <= edges[:-1, None]) & (edges[:-1, None] < end_day[rows])
        taken = inside.any(axis=1)
        parts.append(np.stack((rows[inside.argmax(axis=1)], edges[:-1], edges[1:]))[:, taken])
    row, first, last = np.concatenate(parts, axis=1)
    order = np.lexsort((first, agreement_id[row]))
    return row[order], first[order], last[order]
