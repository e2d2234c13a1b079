"""Loyalty points, for pages: the balance of a customer, what earned what, and what all of them are worth by month."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from accounts.domain.loyalty import Lot, LoyaltyRule
from cis.kernel import fixed
from cis.platform import packs
from cis.platform.db import fetch

_LEFT = "e.points + coalesce((SELECT sum(w.points) FROM accounts_pointsentry w WHERE w.lot_id = e.id), 0)"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRow:
    """An entry as a page shows it; ``amount_minor`` of a redemption, else 0. [minor unit]"""

    id: int
    day: date
    kind: str
    source: str
    source_id: int
    points: int
    short_points: int
    account_id: int
    account_number: str
    expires_date: date | None
    amount_minor: int
    note_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """
    How the points of a customer stand.

    short     are taken of what is earned next
    expiring  go within 60 days, ``expiring_date``: the first of them
    """

    balance: int
    short: int
    expiring: int
    expiring_date: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthRow:
    """Points of all customers in a month; ``closing`` at its end."""

    month: date
    earned: int
    redeemed: int
    expired: int
    taken_back: int
    closing: int
    redeemed_minor: int


def rule(*, at: date) -> LoyaltyRule:
    """
    Return what the place says about points.

    :raises MissingRule: it gives none.
    """
    value: Any = packs.rule("loyalty", at=at)
    return LoyaltyRule(
        points=dict(value["points"]),
        expires_months=value["expires_months"],
        unit_points=value["unit_points"],
        unit_minor=fixed.parse(value["unit_worth"], places=packs.rule("decimals", at=at)),
        least_points=value["least_points"],
    )


def rule_or_none(*, at: date) -> LoyaltyRule | None:
    """Return what the place says about points; None: it gives none."""
    try:
        return rule(at=at)
    except packs.MissingRule:
        return None


def standing(*, customer_id: int, today: date) -> Standing:
    """Return how the points of a customer stand; one statement."""
    ((balance, short, expiring, first),) = fetch(
        f"""SELECT coalesce(sum(points), 0), coalesce(sum(short_points), 0),
                   coalesce(sum(soon) FILTER (WHERE soon > 0), 0), min(expires_date) FILTER (WHERE soon > 0)
            FROM (SELECT e.points, e.short_points, e.expires_date,
                         CASE WHEN e.kind = 'earn' AND e.expires_date > %(today)s
                              AND e.expires_date <= %(today)s::date + 60 THEN {_LEFT} ELSE 0 END AS soon
                  FROM accounts_pointsentry e WHERE e.customer_id = %(customer)s) x""",  # noqa: S608 (our own words)
        {"customer": customer_id, "today": today},
    )
    return Standing(balance=int(balance), short=int(short), expiring=int(expiring), expiring_date=first)


def lots(*, customer_id: int) -> list[Lot]:
    """Return the points of a customer that are left, by the lots in which they were earned; one statement."""
    rows = fetch(
        f"""SELECT id, left_points, expires_date FROM (
                SELECT e.id, e.expires_date, {_LEFT} AS left_points FROM accounts_pointsentry e
                WHERE e.customer_id = %s AND e.kind = 'earn') x
            WHERE left_points > 0 ORDER BY expires_date, id""",  # noqa: S608 (our own words)
        [customer_id],
    )
    return [Lot(row_id, int(left), expires_date) for row_id, left, expires_date in rows]


def entries(*, customer_id: int, offset: int = 0, most: int = 50) -> tuple[EntryRow, ...]:
    """Return what a customer earned and what went, the latest first; parts of one redemption are one; one statement."""
    rows = fetch(
        """SELECT min(e.id), e.day, e.kind, e.source, e.source_id, sum(e.points), sum(e.short_points), e.account_id,
                  a.number, max(e.expires_date), coalesce(max(r.amount_minor), 0), max(r.note_id)
           FROM accounts_pointsentry e JOIN accounts_account a ON a.id = e.account_id
           LEFT JOIN accounts_pointsredemption r ON r.id = e.redemption_id
           WHERE e.customer_id = %s
           GROUP BY coalesce('r' || e.redemption_id, 'e' || e.id), e.day, e.kind, e.source, e.source_id, e.account_id,
                    a.number
           ORDER BY e.day DESC, min(e.id) DESC LIMIT %s OFFSET %s""",
        [customer_id, most, offset],
    )
    return tuple(_entry(row) for row in rows)


def months(*, until: date, most: int) -> tuple[MonthRow, ...]:
    """Return the points of all customers by month up to a day, the latest first; one statement."""
    rows = fetch(
        """WITH moved AS (
               SELECT date_trunc('month', day)::date AS month, sum(points) AS total,
                      coalesce(sum(points) FILTER (WHERE kind = 'earn'), 0) AS earned,
                      coalesce(-sum(points) FILTER (WHERE kind = 'redeem'), 0) AS redeemed,
                      coalesce(-sum(points) FILTER (WHERE kind = 'expire'), 0) AS expired,
                      coalesce(-sum(points) FILTER (WHERE kind IN ('reverse', 'offset')), 0) AS back
               FROM accounts_pointsentry WHERE day <= %(until)s GROUP BY 1
           ), credited AS (
               SELECT date_trunc('month', day)::date AS month, sum(amount_minor) AS amount
               FROM accounts_pointsredemption WHERE day <= %(until)s GROUP BY 1
           )
           SELECT m.month, earned, redeemed, expired, back, sum(total) OVER (ORDER BY m.month), coalesce(c.amount, 0)
           FROM moved m LEFT JOIN credited c ON c.month = m.month ORDER BY m.month DESC LIMIT %(most)s""",
        {"until": until, "most": most},
    )
    return tuple(
        MonthRow(
            month=month, earned=int(earned), redeemed=int(redeemed), expired=int(expired), taken_back=int(back),
            closing=int(closing), redeemed_minor=int(credited),
        )
        for month, earned, redeemed, expired, back, closing, credited in rows
    )  # fmt: skip


def _entry(row: Sequence[Any]) -> EntryRow:
    return EntryRow(**dict(zip(EntryRow.__dataclass_fields__, row, strict=True)))
