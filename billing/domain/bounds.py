"""Which bills a person must look at before they are issued."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from billing.domain.findings import Obstacle
from billing.domain.pieces import Mask, Pieces
from billing.domain.segments import Difference, Existing, Expected
from cis.kernel import fixed
from cis.kernel.columns import Columns
from cis.kernel.errors import Refused
from cis.kernel.fixed import Int64
from cis.kernel.periods import Period
from tariffs.domain.inputs import Input

WH_PLACES = 3
YEAR_DAYS = 366
PERCENT = 100
HOURS = 24
ADVICE = "Look at the reads and at the lines of the bill; release it, drop it, or mend the reads and retry."


class UnusableBounds(Refused):
    """The pack's rule ``bounds`` cannot be read."""

    code = "unusable_bounds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """
    What a bill may be without being looked at; None = no such bound.

    zero_bills       held from this many bills in a row without use
    above_percent    of the mean daily use of the last twelve months
    below_percent    of the same
    max_wh_per_day   of one agreement [Wh]
    max_total_minor  of a bill, or of a credit [minor unit]
    negative_total   hold a credit that nothing explains: neither energy given to the grid nor a correction
    max_load_percent  of what the agreed capacity could carry all the time
    larger           bounds of accounts from an agreed capacity on, by ascending size; the last one reached holds
    """

    zero_bills: int | None = None
    above_percent: int | None = None
    below_percent: int | None = None
    max_wh_per_day: int | None = None
    max_total_minor: int | None = None
    negative_total: bool = False
    max_load_percent: int | None = None
    larger: tuple["Larger", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Larger:
    """Bounds of accounts with an agreed capacity of at least so much [VA]."""

    from_va: int
    bounds: Bounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts(Columns):
    """
    What bounds are checked on, one row for each bill.

    has_own                (b,) the bill has a segment of the run's own period, so its use is checked
    own_wh, own_days       (b,) energy and days, summed over agreements
    least_wh               (b,) the least energy of a segment
    most_wh_per_day        (b,) the largest mean daily use of a segment
    past_wh, past_days     (b,) of the bills of the twelve months before
    zero_bills             (b,) bills in a row before this one without use
    capacity_va            (b,) agreed capacity of all agreements, 0 = none [VA]
    is_overloaded_at       (b,) percentage of what the agreed capacity could carry, of the segment with the highest
    may_be_credit          (b,) a tariff of the account pays for energy given to the grid, or it is billed anew for a
                           correction that somebody decided on
    """

    amount_minor: Int64
    has_own: Mask
    own_wh: Int64
    own_days: Int64
    least_wh: Int64
    most_wh_per_day: Int64
    past_wh: Int64
    past_days: Int64
    zero_bills: Int64
    capacity_va: Int64
    is_overloaded_at: Int64
    may_be_credit: Mask


def read_bounds(rule: Mapping[str, object], *, decimals: int) -> Bounds:
    """
    Return the bounds of a pack's rule.

    :param decimals: of the currency's minor unit.
    :raises UnusableBounds: a key is unknown, or a value is not of its kind.
    """
    plain, larger = _plain(rule, decimals, {"larger"}), rule.get("larger")
    if larger is None:
        return plain
    if not isinstance(larger, Mapping):
        raise UnusableBounds("The rule bounds.larger must be a table.")
    from_va = _number(larger, "from_kva", WH_PLACES) or 0
    if from_va <= 0:
        raise UnusableBounds("The rule bounds.larger.from_kva must be above 0.")
    return replace(plain, larger=(Larger(from_va=from_va, bounds=_plain(larger, decimals, {"from_kva"})),))


KEYS = frozenset(
    {
        "zero_kwh_bills", "above_percent", "below_percent", "max_kwh_per_day", "max_total", "negative_total",
        "max_load_percent",
    }
)  # fmt: skip


def _plain(rule: Mapping[str, object], decimals: int, more: set[str]) -> Bounds:
    if unknown := set(rule) - KEYS - more:
        raise UnusableBounds(f"The rule bounds has unknown keys: {', '.join(sorted(unknown))}.")
    return Bounds(
        zero_bills=_whole(rule, "zero_kwh_bills"),
        above_percent=_whole(rule, "above_percent"),
        below_percent=_whole(rule, "below_percent"),
        max_wh_per_day=_number(rule, "max_kwh_per_day", WH_PLACES),
        max_total_minor=_number(rule, "max_total", decimals),
        negative_total=rule.get("negative_total", False) is True,
        max_load_percent=_whole(rule, "max_load_percent"),
    )


def _whole(rule: Mapping[str, object], key: str) -> int | None:
    value = rule.get(key)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise UnusableBounds(f"The rule bounds.{key} must be a whole number.")
    return value


def _number(rule: Mapping[str, object], key: str, places: int) -> int | None:
    value = rule.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        raise UnusableBounds(f"The rule bounds.{key} must be a number as text.")
    return fixed.parse(value, places=places)


def facts_of(
    *,
    accounts: Int64,
    amount_minor: Int64,
    expected: Expected,
    existing: Existing,
    difference: Difference,
    corrected: Int64,
    period: Period,
) -> Facts:
    """
    Return the facts of each bill.

    accounts, amount_minor  (b,) of the bills, accounts ascending
    corrected               accounts that are billed anew for a correction
    existing                segments in force of the last twelve months, those of the window included
    """
    own = _own(accounts, expected.pieces, difference)
    place = np.searchsorted(accounts, expected.pieces.account_id[own])
    used = expected.used_wh[own]
    days = expected.pieces.end_day[own] - expected.pieces.start_day[own]
    past = _past(accounts, expected, existing, difference, period)
    bills = len(accounts)
    least = np.full(bills, fixed.LIMIT, dtype=np.int64)
    most = np.zeros(bills, dtype=np.int64)
    np.minimum.at(least, place, used)
    np.maximum.at(most, place, used // days)
    return Facts(
        amount_minor=amount_minor,
        has_own=np.bincount(place, minlength=bills) > 0,
        own_wh=_sum(place, used, bills),
        own_days=_sum(place, days, bills),
        least_wh=least,
        most_wh_per_day=most,
        past_wh=_sum(past.bill, past.used_wh, bills),
        past_days=_sum(past.bill, past.days, bills),
        zero_bills=_zeros_before(past, bills),
        capacity_va=_capacity(expected.pieces, own, place, bills),
        is_overloaded_at=_load(np.maximum(expected.pieces.capacity_va[own], 0), used, days, place, bills),
        may_be_credit=np.isin(accounts, corrected) | np.isin(accounts, _paid_for_energy(expected)),
    )


def _paid_for_energy(expected: Expected) -> Int64:
    """Return the accounts whose tariffs look at energy given to the grid, or hand on credits of it."""
    rows = [
        group.rows
        for group in expected.groups
        if group.plan.needs & {Input.EXPORT_WH, Input.CARRIED} and len(group.rows)
    ]
    places = np.concatenate(rows) if rows else np.zeros(0, dtype=np.int64)
    return np.unique(expected.pieces.account_id[places])


def _capacity(pieces: Pieces, own: Int64, place: Int64, bills: int) -> Int64:
    """Return the agreed capacity of each bill, of each agreement the largest, (b,). [VA]"""
    keys = np.stack((place, pieces.agreement_id[own]))
    distinct, of = np.unique(keys, axis=1, return_inverse=True)
    largest = np.zeros(distinct.shape[1], dtype=np.int64)
    np.maximum.at(largest, of.reshape(-1), np.maximum(pieces.capacity_va[own], 0))
    return _sum(distinct[0], largest, bills)


def _load(capacity_va: Int64, used_wh: Int64, days: Int64, place: Int64, bills: int) -> Int64:
    """Return how much of what its capacity could carry a segment used, rounded up, the highest of a bill, (b,). [%]"""
    most = np.zeros(bills, dtype=np.int64)
    carried_wh = np.maximum(capacity_va * HOURS * days, 1)
    load = np.where(capacity_va > 0, -(-used_wh * PERCENT // carried_wh), 0)
    np.maximum.at(most, place, load)
    return most


@dataclass(frozen=True, slots=True, kw_only=True)
class _Past(Columns):
    """Segments of the twelve months before, as they stand after this run's corrections; ``bill`` is the place."""

    bill: Int64
    used_wh: Int64
    days: Int64
    period_end_day: Int64


def _past(accounts: Int64, expected: Expected, existing: Existing, difference: Difference, period: Period) -> _Past:
    start = period.start.toordinal()
    stays = np.ones(len(existing), dtype=np.bool_)
    stays[difference.gone] = False
    old, pieces = existing.take(stays), expected.pieces
    new = difference.new[~pieces.is_own[difference.new]]

    def joined(theirs: Int64, mine: Int64) -> Int64:
        return np.concatenate((theirs, mine[new]))

    account = joined(old.account_id, pieces.account_id)
    first, last = (
        joined(old.period_start_day, pieces.period_start_day),
        joined(old.period_end_day, pieces.period_end_day),
    )
    recent = (last <= start) & (first >= start - YEAR_DAYS) & np.isin(account, accounts)
    return _Past(
        bill=np.searchsorted(accounts, account[recent]).astype(np.int64, copy=False),
        used_wh=joined(old.used_wh, expected.used_wh)[recent],
        days=joined(old.end_day - old.start_day, pieces.end_day - pieces.start_day)[recent],
        period_end_day=last[recent],
    )


def _own(accounts: Int64, pieces: Pieces, difference: Difference) -> Int64:
    """Return the places of the pieces of the run's period, of accounts where at least one of them is new."""
    fresh = difference.new[pieces.is_own[difference.new]]
    return np.flatnonzero(
        pieces.is_own & np.isin(pieces.account_id, pieces.account_id[fresh]) & np.isin(pieces.account_id, accounts)
    )


def _sum(place: Int64, values: Int64, groups: int) -> Int64:
    total = np.zeros(groups, dtype=np.int64)
    np.add.at(total, place, values)
    return total


def _zeros_before(past: _Past, bills: int) -> Int64:
    """Return how many of the latest billed periods of each account had no use, until one that had."""
    order = np.lexsort((-past.period_end_day, past.bill))
    place, ends, used = past.bill[order], past.period_end_day[order], past.used_wh[order]
    fresh = np.ones(len(place), dtype=np.bool_)
    fresh[1:] = (place[1:] != place[:-1]) | (ends[1:] != ends[:-1])
    period = np.cumsum(fresh) - 1
    energy = _sum(period, used, int(period[-1]) + 1 if len(period) else 0)
    account = place[fresh]
    first = np.searchsorted(account, np.arange(bills))
    count = np.searchsorted(account, np.arange(bills), side="right") - first
    rank = np.arange(len(account)) - first[account]
    zeros = count.astype(np.int64)
    busy = np.flatnonzero(energy != 0)
    np.minimum.at(zeros, account[busy], rank[busy])
    return zeros


def check(*, bounds: Bounds, facts: Facts) -> dict[int, Obstacle]:
    """Return why bills are held, by place of the bill; of several reasons the code is that of the first."""
    found: dict[int, Obstacle] = {}
    tops = [*(one.from_va for one in bounds.larger), fixed.LIMIT]
    for low, high, mine in zip([0, *tops], tops, [bounds, *(one.bounds for one in bounds.larger)], strict=False):
        size = (facts.capacity_va >= low) & (facts.capacity_va < high)
        _note(found, [(code, message, outside & size) for code, message, outside in _checks(mine, facts)])
    return found


def _note(found: dict[int, Obstacle], checks: list[tuple[str, str, Mask]]) -> None:
    """Add what was found outside of bounds."""
    for code, message, outside in checks:
        for place in np.flatnonzero(outside).tolist():
            earlier = found.get(place)
            found[place] = Obstacle(
                code=earlier.code if earlier else code,
                message=f"{earlier.message} {message}" if earlier else message,
                advice=ADVICE,
            )


def _checks(bounds: Bounds, facts: Facts) -> list[tuple[str, str, Mask]]:
    """Return code, words and rows of each bound."""
    own = facts.has_own
    checks: list[tuple[str, str, Mask]] = [
        ("negative_usage", "A segment has negative use.", own & (facts.least_wh < 0))
    ]
    daily = facts.own_wh // np.maximum(facts.own_days, 1)
    past = facts.past_wh // np.maximum(facts.past_days, 1)
    known = own & (facts.past_wh > 0)
    if bounds.zero_bills is not None:
        zero = own & (facts.own_wh == 0) & (facts.zero_bills + 1 >= bounds.zero_bills)
        checks.append(("zero_usage", f"No use in {bounds.zero_bills} bills in a row or more.", zero))
    if bounds.above_percent is not None:
        text = f"Daily use is above {bounds.above_percent} % of the mean of the last twelve months."
        checks.append(("usage_above", text, known & (daily * PERCENT > past * bounds.above_percent)))
    if bounds.below_percent is not None:
        text = f"Daily use is below {bounds.below_percent} % of the mean of the last twelve months."
        below = known & (facts.own_wh != 0) & (daily * PERCENT < past * bounds.below_percent)
        checks.append(("usage_below", text, below))
    if bounds.max_wh_per_day is not None:
        limit = fixed.to_text(bounds.max_wh_per_day, places=WH_PLACES)
        text = f"Daily use is above {limit} kWh."
        checks.append(("usage_very_high", text, own & (facts.most_wh_per_day > bounds.max_wh_per_day)))
    if bounds.max_load_percent is not None:
        text = f"Use is above {bounds.max_load_percent} % of what the agreed capacity carries."
        checks.append(("usage_very_high", text, own & (facts.is_overloaded_at > bounds.max_load_percent)))
    if bounds.max_total_minor is not None:
        text = "The amount is above the absolute limit."
        checks.append(("amount_too_large", text, np.abs(facts.amount_minor) > bounds.max_total_minor))
    if bounds.negative_total:
        unexpected = (facts.amount_minor < 0) & ~facts.may_be_credit
        text = "The bill is a credit, and neither energy given to the grid nor a correction explains it."
        checks.append(("negative_total", text, unexpected))
    return checks
