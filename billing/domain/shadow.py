"""
Shadow runs: what a cycle would be billed, compared with what it was billed before.

A shadow bill keeps sums and a fingerprint of a draft, not its lines: the real run rates anew, and what has the
fingerprint that somebody approved is issued.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from billing.domain.charges import DueCharge
from billing.domain.drafts import Draft
from billing.domain.findings import Obstacle
from billing.domain.pieces import Mask
from billing.domain.segments import Existing, Expected
from cis.kernel import fixed
from cis.kernel.columns import Columns
from cis.kernel.errors import Refused
from cis.kernel.fixed import Int64
from cis.kernel.periods import Period, add_months

PERCENT = 100
NEAR_DAYS = 15
"""A bill of last year is compared if its period begins at most so many days from a year before this one."""
OUTLIER_ABOVE = "outlier_above"
OUTLIER_BELOW = "outlier_below"
NOT_ACCEPTED = "outlier_not_accepted"
DIFFERS = "differs_from_shadow"
ADVICE = "Look at the reads and at the lines; accept it, or mend the cause and run the shadow again."


class ShadowState(StrEnum):
    """
    What is known of an account in a shadow run.

    PLAIN: like its bills before. OPEN: an outlier that somebody has to look at. ACCEPTED: looked at.
    BLOCKED: it cannot be billed as things are.
    """

    PLAIN = "plain"
    OPEN = "open"
    ACCEPTED = "accepted"
    BLOCKED = "blocked"


class UnusableShadowRule(Refused):
    """The pack's rule ``shadow`` cannot be read."""

    code = "unusable_shadow_rule"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """
    When a bill is an outlier: its amount a day against that of an earlier bill.

    above_percent, below_percent  of the amount a day of the earlier bill
    least_minor                   smaller differences over the whole period are none [minor unit]
    """

    above_percent: int
    below_percent: int
    least_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Past(Columns):
    """What b accounts were billed for one earlier period: 0 days = nothing. [minor unit, Wh]"""

    amount_minor: Int64
    energy_wh: Int64
    days: Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """
    The run's own period of b accounts beside the period just before it and that of a year ago.

    Corrections of other periods are left out on all sides.
    """

    own: Past
    last: Past
    year: Past


def read_limits(rule: Mapping[str, object], *, decimals: int) -> Limits:
    """
    Return the limits of the pack's rule ``shadow``.

    :param decimals: of the currency's minor unit.
    :raises UnusableShadowRule: a percentage is no whole number on its side of 100, or the amount is no text.
    """
    above, below, least = rule.get("above_percent"), rule.get("below_percent"), rule.get("min_difference")
    if type(above) is not int or above <= PERCENT:
        raise UnusableShadowRule("The rule shadow.above_percent must be a whole number above 100.")
    if type(below) is not int or not 0 <= below < PERCENT:
        raise UnusableShadowRule("The rule shadow.below_percent must be a whole number below 100.")
    if not isinstance(least, str):
        raise UnusableShadowRule("The rule shadow.min_difference must be an amount as text.")
    return Limits(above_percent=above, below_percent=below, least_minor=fixed.parse(least, places=decimals))


def compare(*, accounts: Int64, expected: Expected, existing: Existing, period: Period) -> Comparison:
    """
    Return what accounts are billed for the period beside what they were billed before.

    accounts  (b,) ascending
    existing  segments in force of the last twelve months
    """
    pieces = expected.pieces
    own = pieces.is_own & np.isin(pieces.account_id, accounts)
    a_year_ago = add_months(period.start, -12).toordinal()
    last = existing.period_end_day == period.start.toordinal()
    year = np.abs(existing.period_start_day - a_year_ago) <= NEAR_DAYS
    return Comparison(
        own=_past(
            accounts,
            pieces.account_id[own],
            expected.amount_minor[own],
            expected.used_wh[own],
            pieces.end_day[own] - pieces.start_day[own],
        ),
        last=_past_of(accounts, existing, last),
        year=_past_of(accounts, existing, year & ~last),
    )


def _past_of(accounts: Int64, existing: Existing, rows: Mask) -> Past:
    some = existing.take(rows & np.isin(existing.account_id, accounts))
    return _past(accounts, some.account_id, some.amount_minor, some.used_wh, some.end_day - some.start_day)


def _past(accounts: Int64, account: Int64, amount: Int64, energy: Int64, days: Int64) -> Past:
    place = np.searchsorted(accounts, account)
    sums = np.zeros((3, len(accounts)), dtype=np.int64)
    for total, column in zip(sums, (amount, energy, days), strict=True):
        np.add.at(total, place, column)
    return Past(amount_minor=sums[0], energy_wh=sums[1], days=sums[2])


def outliers(*, accounts: Int64, limits: Limits, comparison: Comparison) -> dict[int, Obstacle]:
    """
    Return the bills that are unlike all earlier ones that are known, by account.

    Who uses more in each winter is like last year, and who moved in lately like last month: one earlier bill that is
    alike is enough. An account without an earlier bill is none.
    """
    own = comparison.own
    known = np.zeros(len(own), dtype=np.bool_)
    above, below = np.ones(len(own), dtype=np.bool_), np.ones(len(own), dtype=np.bool_)
    for past in (comparison.last, comparison.year):
        is_above, is_below = _sides(limits, own, past)
        there = past.days > 0
        known |= there
        above &= is_above | ~there
        below &= is_below | ~there
    found = {}
    for code, rows, side in ((OUTLIER_ABOVE, above, "above"), (OUTLIER_BELOW, below, "below")):
        for place in np.flatnonzero(rows & known).tolist():
            message = f"The amount a day is {side} the limit: {_percents(comparison, place)}."
            found[int(accounts[place])] = Obstacle(code=code, message=message, advice=ADVICE)
    return found


def together(*, outliers: Mapping[int, Obstacle], outside: Mapping[int, Obstacle]) -> dict[int, Obstacle]:
    """Return all reasons to look at bills, by account; of two the code is that of the outlier, and both are told."""
    found = {**outside, **outliers}
    for one in outliers.keys() & outside.keys():
        found[one] = replace(outliers[one], message=f"{outliers[one].message} {outside[one].message}")
    return found


def _percents(comparison: Comparison, place: int) -> str:
    """Return the amount a day of one account in percent of those before, in words."""
    own, words = comparison.own, []
    for past, of in ((comparison.last, "the last bill"), (comparison.year, "a year ago")):
        whole = int(past.amount_minor[place]) * int(own.days[place])
        if whole > 0:
            words.append(f"{int(own.amount_minor[place]) * int(past.days[place]) * PERCENT // whole} % of {of}")
    return ", ".join(words) or "there was nothing to pay before"


def _sides(limits: Limits, own: Past, past: Past) -> tuple[Mask, Mask]:
    """Return whose amount a day is above and below that of an earlier bill, by more than small change."""
    # Products of amounts, days and percent stay below 2^63 for bills of less than 2 * 10^14 minor units.
    mine, theirs = own.amount_minor * past.days, past.amount_minor * own.days
    is_large = np.abs(mine - theirs) >= limits.least_minor * np.maximum(past.days, 1)
    above = is_large & (mine * PERCENT > theirs * limits.above_percent)
    below = is_large & (mine * PERCENT < theirs * limits.below_percent)
    return above, below


@dataclass(frozen=True, slots=True, kw_only=True)
class Told(Columns):
    """
    What the bills of a chunk say, one row an account, ascending: those of the draft, and those of charges alone.

    fingerprint  a number for all that a bill says: equal bills have equal ones
    """

    account_id: Int64
    amount_minor: Int64
    energy_wh: Int64
    fingerprint: Int64


def tell(*, draft: Draft, charges: Sequence[DueCharge] = ()) -> Told:
    """Return what the bills of a draft say together with the one-off charges that are put onto them."""
    columns = (
        (one.account_id, one.charge_id, one.amount_minor, one.tax_minor, zlib.crc32(one.ledger_class.encode()),
         one.cancels_id or 0)
        for one in charges
    )  # fmt: skip
    account, *said = np.array(list(columns), dtype=np.int64).reshape(-1, 6).T
    bills = draft.bills
    accounts = np.union1d(bills.account_id, account)
    of_bill, of_charge = np.searchsorted(accounts, bills.account_id), np.searchsorted(accounts, account)
    amount, energy = np.zeros((2, len(accounts)), dtype=np.int64)
    amount[of_bill], energy[of_bill] = bills.amount_minor, bills.energy_wh
    np.add.at(amount, of_charge, said[1])
    total = np.zeros(len(accounts), dtype=np.uint64)
    total[of_bill] = _mark(draft)
    np.add.at(total, of_charge, _mixed(tuple(said)))
    fingerprint = (total >> np.uint64(1)).astype(np.int64)
    return Told(account_id=accounts, amount_minor=amount, energy_wh=energy, fingerprint=fingerprint)


def _mark(draft: Draft) -> NDArray[np.uint64]:
    """
    Return a word for all that each bill of a draft says, (b,).

    Sums of mixed 64-bit words, so that the order of segments and lines does not matter; ids that the database gives
    and chances of a chunk's neighbours are left out.
    """
    total = np.zeros(len(draft.bills), dtype=np.uint64)
    segments, lines = draft.segments, draft.lines
    columns = (
        segments.agreement_id, segments.version_id, segments.start_day, segments.end_day, segments.used_wh,
        segments.amount_minor, segments.cancels,
    )  # fmt: skip
    np.add.at(total, segments.bill, _mixed(columns))
    for which, lists in enumerate((draft.inputs, draft.handed_on)):
        # Place by place, for those that have it: how wide the lists are padded depends on the neighbours.
        for place in range(lists.values.shape[1]):
            rows = np.flatnonzero(lists.lengths > place)
            name = np.full(len(rows), 2 * place + which, dtype=np.int64)
            parts = (segments.start_day[rows], name, lists.values[rows, place])
            np.add.at(total, segments.bill[rows], _mixed(parts))
    words = [f"{slot.key}|{slot.unit}|{slot.price_e6}|{slot.ledger}" for slot in draft.kinds]
    kinds = np.array([zlib.crc32(word.encode()) for word in words], dtype=np.int64)
    if len(lines):
        printed = (kinds[lines.kind], segments.start_day[lines.segment], lines.quantity, lines.amount_minor)
        np.add.at(total, lines.bill, _mixed((*printed, lines.tax_minor)))
    return total


def _mixed(columns: tuple[Int64, ...]) -> NDArray[np.uint64]:
    """Return one word for each row, by the finalizer of SplitMix64 over its columns in order."""
    word = np.full(len(columns[0]), 0x9E3779B97F4A7C15, dtype=np.uint64)
    for column in columns:
        word = word ^ column.astype(np.uint64)
        word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        word = word ^ (word >> np.uint64(31))
    return word


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved(Columns):
    """What a shadow run came to for a accounts, ascending, with what was said of it; state as place in the states."""

    account_id: Int64
    amount_minor: Int64
    fingerprint: Int64
    state: Int64


STATES = tuple(ShadowState)


def promote(
    *, told: Told, outside: Mapping[int, Obstacle], approved: Approved, decimals: int, shadow_date: date
) -> dict[int, Obstacle]:
    """
    Return why bills of the real run are held, by account: all that is not just as it was approved.

    outside      what the bounds of the run hold, by account; waived where somebody accepted the very same bill
    shadow_date  local date of the shadow run, for the message
    """
    accounts = told.account_id
    if not len(approved):
        nobody = np.zeros(1, dtype=np.int64)
        approved = Approved(account_id=nobody, amount_minor=nobody, fingerprint=nobody, state=nobody)
    row = np.minimum(np.searchsorted(approved.account_id, accounts), len(approved) - 1)
    state = np.where(approved.account_id[row] == accounts, approved.state[row], STATES.index(ShadowState.BLOCKED))
    is_known = state != STATES.index(ShadowState.BLOCKED)
    is_same = is_known & (approved.fingerprint[row] == told.fingerprint)
    held: dict[int, Obstacle] = {}
    for place in np.flatnonzero(~is_same).tolist():
        then_minor = int(approved.amount_minor[row[place]]) if is_known[place] else None
        now_minor = int(told.amount_minor[place])
        held[int(accounts[place])] = _differing(now_minor, then_minor, decimals, shadow_date)
    for account in accounts[is_same & (state == STATES.index(ShadowState.OPEN))].tolist():
        held[account] = outside.get(account) or Obstacle(
            code=NOT_ACCEPTED,
            message="The shadow run called this bill an outlier; nobody accepted it.",
            advice="Look at the reads and at the lines of the bill; release it, or drop it.",
        )
    return held


def _differing(now_minor: int, then_minor: int | None, decimals: int, shadow_date: date) -> Obstacle:
    now = fixed.to_text(now_minor, places=decimals)
    then = "could not be billed" if then_minor is None else f"came to {fixed.to_text(then_minor, places=decimals)}"
    return Obstacle(
        code=DIFFERS,
        message=f"The account {then} in the shadow run of {shadow_date} and comes to {now} now.",
        advice="See what came in since, as a corrected read, a new price or a one-off charge; release it, or drop it.",
    )
