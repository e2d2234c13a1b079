"""
Where the count of a tier cycle begins anew, beside the first day of the cycle; and where it goes along with a customer.

Which events matter is declared by each tariff (``tier_cycle.restarts_at``). An event cuts the piece in which it lies.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cis.kernel.columns import Columns
from cis.kernel.fixed import Int64
from contracts.domain.agreements import AgreementColumns
from tariffs.domain.components.tiers import CountOf, Cycle, Restart
from tariffs.domain.plan import Plan

KINDS = tuple(Restart)
"""Kinds of events, as they are counted in columns."""
DAY_BITS = 22


@dataclass(frozen=True, slots=True, kw_only=True)
class Restarts(Columns):
    """
    What happened to agreements, e rows in any order.

    day   (e,) first day of the new state, ``date.toordinal``
    kind  (e,) place in ``KINDS``
    """

    agreement_id: Int64
    day: Int64
    kind: Int64


_NONE = np.zeros(0, dtype=np.int64)
NO_RESTARTS = Restarts(agreement_id=_NONE, day=_NONE, kind=_NONE)


def counts(plan: Plan) -> bool:
    """Return whether a plan counts energy over a cycle."""
    return plan.tier_cycle.kind is not Cycle.NONE


def asked_for(*, plans: Sequence[Plan]) -> frozenset[Restart]:
    """Return the events at which the count of some plan begins anew."""
    return frozenset(event for plan in plans if counts(plan) for event in plan.tier_cycle.restarts_at)


def of_terms(*, terms: AgreementColumns) -> Restarts:
    """Return the changes of household and tariff inside agreements; terms sorted by agreement and start."""
    if len(terms) < 2:  # noqa: PLR2004 (one term has none before it)
        return NO_RESTARTS
    goes_on = (terms.agreement_id[1:] == terms.agreement_id[:-1]) & (terms.start_day[1:] == terms.end_day[:-1])
    parts = []
    for kind, column in ((Restart.HOUSEHOLD_CHANGE, terms.household), (Restart.TARIFF_CHANGE, terms.tariff_id)):
        at = np.flatnonzero(goes_on & (column[1:] != column[:-1])) + 1
        parts.append((terms.agreement_id[at], terms.start_day[at], np.full(len(at), KINDS.index(kind))))
    return _joined(parts)


def of_cycles(*, agreement_id: Int64, start_day: Int64, version: Int64, plans: Sequence[Plan]) -> Restarts:
    """
    Return where another tier cycle comes into force inside an agreement, as months in place of the year.

    agreement_id, start_day, version  (n,) sorted by agreement and start; version is a place in plans, below 0 = none
    """
    cycles = [(plan.tier_cycle.kind, plan.tier_cycle.starts) for plan in plans]
    number = np.array([cycles.index(cycle) for cycle in cycles] + [-1], dtype=np.int64)[version]
    at = np.flatnonzero((agreement_id[1:] == agreement_id[:-1]) & (number[1:] != number[:-1])) + 1
    at = at[(number[at] >= 0) & (number[at - 1] >= 0)]
    return _joined([(agreement_id[at], start_day[at], np.full(len(at), KINDS.index(Restart.CYCLE_CHANGE)))])


def joined(*parts: Restarts) -> Restarts:
    """Return the events of all parts."""
    return Restarts.concat(parts)


def _joined(parts: Sequence[tuple[Int64, Int64, Int64]]) -> Restarts:
    columns = [np.concatenate(column).astype(np.int64) for column in zip(*parts, strict=True)]
    return Restarts(agreement_id=columns[0], day=columns[1], kind=columns[2])


def restart_days(
    *, agreement_id: Int64, start_day: Int64, version: Int64, plans: Sequence[Plan], restarts: Restarts
) -> Int64:
    """
    Return the day of the last event at or before the start of each row at which its count begins anew, (n,); 0 = none.

    version  (n,) place in plans, below 0 = none
    """
    days = np.zeros(len(agreement_id), dtype=np.int64)
    if not len(restarts):
        return days
    agreements = np.unique(restarts.agreement_id)
    for place, plan in enumerate(plans):
        kinds = [KINDS.index(event) for event in plan.tier_cycle.restarts_at] if counts(plan) else []
        mine = restarts.take(np.isin(restarts.kind, kinds))
        rows = np.flatnonzero(version == place)
        if not len(mine) or not len(rows):
            continue
        keys = np.sort((np.searchsorted(agreements, mine.agreement_id) << DAY_BITS) | mine.day)
        asked = np.searchsorted(agreements, agreement_id[rows])
        found = keys[np.maximum(np.searchsorted(keys, (asked << DAY_BITS) | start_day[rows], side="right") - 1, 0)]
        inside = (found >> DAY_BITS == asked) & (
            agreements[np.minimum(asked, len(agreements) - 1)] == agreement_id[rows]
        )
        inside &= (found & ((1 << DAY_BITS) - 1)) <= start_day[rows]
        days[rows] = np.where(inside, found & ((1 << DAY_BITS) - 1), 0)
    return days


@dataclass(frozen=True, slots=True, kw_only=True)
class GoesOn(Columns):
    """
    With what pieces are counted, n rows.

    count_of  (n,) the agreement itself, or the first of those from which its count goes on
    begun     (n,) first day that may count where it does not go on, 0 = any
    """

    count_of: Int64
    begun: Int64


def counted_with(*, terms: AgreementColumns, agreement_id: Int64, version: Int64, plans: Sequence[Plan]) -> GoesOn:
    """
    Return with which agreement pieces are counted; version (n,) is a place in plans, below 0 = none.

    A customer who moves ends one agreement of his account and begins another, on the same day or later. Where he has
    both at a time, or begins two at once, no more than one goes on from the one that ended.
    """
    count_of, begun = agreement_id.copy(), np.zeros(len(agreement_id), dtype=np.int64)
    follows = np.array(
        [counts(plan) and plan.tier_cycle.count_of is CountOf.CUSTOMER for plan in plans] + [False], dtype=np.bool_
    )
    if follows.any():
        for agreement, first in _firsts(terms).items():
            mine = agreement_id == agreement
            count_of[mine] = first
            start = terms.start_day[terms.agreement_id == agreement].min()
            begun[mine] = np.where(follows[version[mine]], 0, start)
    return GoesOn(count_of=count_of, begun=begun)


def _firsts(terms: AgreementColumns) -> dict[int, int]:
    """Return for each agreement that follows an earlier one of its account the first of them."""
    spans: dict[tuple[int, int], tuple[int, int]] = {}
    columns = (terms.account_id, terms.agreement_id, terms.start_day, terms.end_day)
    for account, agreement, start, end in zip(*(column.tolist() for column in columns), strict=True):
        low, high = spans.get((account, agreement), (start, end))
        spans[account, agreement] = min(low, start), max(high, end)
    first: dict[int, int] = {}
    ended: dict[int, list[tuple[int, int]]] = {}
    for (account, agreement), (start, end) in sorted(spans.items(), key=lambda item: (item[0][0], item[1], item[0][1])):
        before = [one for one in ended.get(account, []) if one[0] <= start]
        if before:
            last = max(before)
            ended[account].remove(last)
            first[agreement] = first.get(last[1], last[1])
        ended.setdefault(account, []).append((end, agreement))
    return first


def since(*, agreement_id: Int64, start_day: Int64, version: Int64, plans: Sequence[Plan], events: Restarts) -> Int64:
    """Return ``restart_days`` of all events, those where another cycle comes into force included, (n,)."""
    cycles = of_cycles(agreement_id=agreement_id, start_day=start_day, version=version, plans=plans)
    return restart_days(
        agreement_id=agreement_id, start_day=start_day, version=version, plans=plans, restarts=joined(events, cycles)
    )
