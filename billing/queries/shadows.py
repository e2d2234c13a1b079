"""What shadow runs came to: sums beside those of earlier bills, the spread of changes, and account by account."""

from dataclasses import dataclass

from billing.domain.shadow import ShadowState
from billing.models.run import BillRun
from billing.models.shadow import ShadowBill
from billing.queries.runs import UnknownRun
from cis.platform.db import fetch

EDGES = (-50, -30, -10, 10, 30, 50, 100)
"""Edges of the spread, change against the last bill in percent: a step below the first, one above the last."""
LARGEST, NUMBER = "largest", "number"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """Sums of one period over the accounts that were billed in it, beside this run's for the same accounts."""

    accounts: int
    then_minor: int
    then_wh: int
    now_minor: int
    now_wh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """
    What a shadow run came to.

    by_state    accounts by ``ShadowState``
    last, year  beside the period just before, and beside that of a year ago
    spread      accounts by change of the amount a day against the last bill, one number more than ``EDGES``
    fresh       accounts that were not billed for the period before
    """

    amount_minor: int
    energy_wh: int
    by_state: dict[str, int]
    last: Side
    year: Side
    spread: tuple[int, ...]
    fresh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowCard:
    """One account in a shadow run; ``change_minor`` is against the last bill, brought to the same number of days."""

    account_id: int
    account_number: str
    state: str
    code: str
    message: str
    advice: str
    amount_minor: int
    energy_wh: int
    own_minor: int
    last_minor: int | None
    year_minor: int | None
    last_wh: int | None
    year_wh: int | None
    change_minor: int | None


_SUMS = """
    SELECT coalesce(sum(amount_minor), 0)::bigint, coalesce(sum(energy_wh), 0)::bigint,
           count(*) FILTER (WHERE last_days > 0),
           coalesce(sum(last_minor), 0)::bigint, coalesce(sum(last_wh), 0)::bigint,
           coalesce(sum(own_minor) FILTER (WHERE last_days > 0), 0)::bigint,
           coalesce(sum(own_wh) FILTER (WHERE last_days > 0), 0)::bigint,
           count(*) FILTER (WHERE year_days > 0),
           coalesce(sum(year_minor), 0)::bigint, coalesce(sum(year_wh), 0)::bigint,
           coalesce(sum(own_minor) FILTER (WHERE year_days > 0), 0)::bigint,
           coalesce(sum(own_wh) FILTER (WHERE year_days > 0), 0)::bigint
    FROM billing_shadowbill WHERE run_id = %(run)s AND state <> 'blocked'
"""
# The amount a day of both bills, in whole percent: own / own_days against last / last_days.
_SPREAD = """
    SELECT state,
           CASE WHEN state = 'blocked' OR last_days = 0 OR last_minor <= 0 THEN -1
                ELSE width_bucket(
                    100.0 * own_minor * last_days / (last_minor::numeric * greatest(own_days, 1)) - 100, %(edges)s)
           END AS step, count(*)
    FROM billing_shadowbill WHERE run_id = %(run)s GROUP BY 1, 2
"""
_BILLS = """
    SELECT s.account_id, a.number, s.state, s.code, s.message, s.advice, s.amount_minor, s.energy_wh, s.own_minor,
           CASE WHEN s.last_days > 0 THEN s.last_minor END, CASE WHEN s.year_days > 0 THEN s.year_minor END,
           CASE WHEN s.last_days > 0 THEN s.last_wh END, CASE WHEN s.year_days > 0 THEN s.year_wh END,
           CASE WHEN s.last_days > 0 THEN s.own_minor - s.last_minor * s.own_days / s.last_days END AS change
    FROM billing_shadowbill s JOIN accounts_account a ON a.id = s.account_id
    WHERE s.run_id = %(run)s AND (%(state)s = '' OR s.state = %(state)s)
    ORDER BY {order} LIMIT %(most)s OFFSET %(offset)s
"""
_ORDERS = {
    LARGEST: "abs(s.own_minor - coalesce(s.last_minor * s.own_days / nullif(s.last_days, 0), 0)) DESC, s.account_id",
    NUMBER: "a.number",
}


def summary(*, run_id: int) -> Summary:
    """
    Return what a shadow run came to; three statements.

    :raises UnknownRun: there is no such shadow run.
    """
    if not BillRun.objects.filter(id=run_id, is_shadow=True).exists():
        raise UnknownRun(f"There is no shadow run {run_id}.")
    [(amount, energy, *sides)] = fetch(_SUMS, {"run": run_id})
    states = dict.fromkeys(map(str, ShadowState), 0)
    spread, fresh = [0] * (len(EDGES) + 1), 0
    for state, step, count in fetch(_SPREAD, {"run": run_id, "edges": list(EDGES)}):
        states[state] += count
        if step >= 0:
            spread[step] += count
        elif state != ShadowState.BLOCKED:
            fresh += count
    names = tuple(Side.__dataclass_fields__)
    return Summary(
        amount_minor=amount,
        energy_wh=energy,
        by_state=states,
        last=Side(**dict(zip(names, sides[: len(names)], strict=True))),
        year=Side(**dict(zip(names, sides[len(names) :], strict=True))),
        spread=tuple(spread),
        fresh=fresh,
    )


def bills(
    *, run_id: int, state: str = "", order: str = LARGEST, offset: int = 0, most: int = 50
) -> tuple[ShadowCard, ...]:
    """Return accounts of a shadow run, the largest changes first or by number; one statement."""
    asked = {"run": run_id, "state": state, "most": most, "offset": offset}
    rows = fetch(_BILLS.format(order=_ORDERS[order]), asked)
    return tuple(ShadowCard(**dict(zip(ShadowCard.__dataclass_fields__, row, strict=True))) for row in rows)


def open_ids(*, run_id: int) -> tuple[int, ...]:
    """Return the accounts whose outliers wait to be looked at; one statement."""
    rows = ShadowBill.objects.filter(run_id=run_id, state=ShadowState.OPEN.value)
    return tuple(rows.order_by("account_id").values_list("account_id", flat=True))
