"""Prepaid accounts: what is left of each now, what the nights found, and what waits for a person."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from billing.domain.prepay import Level, RatedDay, balance_minor
from billing.queries.unbilled import NOW, SPAN
from cis.kernel.errors import Refused
from cis.platform.db import fetch


class NotPrepaid(Refused):
    """The account does not pay before it uses."""

    code = "not_prepaid"


# Energy on bills: a bill that was cancelled, and its credit note, count for nothing. Only the last night that counts,
# by itself or by a person, says what is not billed yet; the last night of all says whether a person has to look.
STANDING = """
    SELECT p.id, p.account_id, a.number AS account_number, p.customer_id, held.customer_id AS holder_id,
           coalesce(held.name, '') AS holder_name, p.agreement_reference, p.since_date, p.until_date, p.level,
           p.level_date, p.cut_date, coalesce(l.balance_minor, 0) AS owed_minor, billed.amount AS billed_minor,
           d.day AS night, d.rated_until, d.billed_until, d.cost_minor, d.unbilled_minor, d.unbilled_wh,
           n.id AS last_id, n.day AS last_night, coalesce(n.review, '') AS review,
           coalesce(n.review_text, '') AS review_text
    FROM billing_prepayment p
    JOIN accounts_account a ON a.id = p.account_id
    LEFT JOIN LATERAL (
        SELECT h.customer_id, k.name FROM accounts_accountholder h JOIN accounts_customer k ON k.id = h.customer_id
        WHERE h.account_id = p.account_id AND h.period @> %(today)s::date) held ON true
    LEFT JOIN billing_ledgeraccount l ON l.account_id = p.account_id
    LEFT JOIN LATERAL (
        SELECT coalesce(sum(s.amount_minor), 0)::bigint AS amount
        FROM billing_bill b JOIN billing_billsegment s ON s.bill_id = b.id
        WHERE b.account_id = p.account_id AND b.state = 'issued' AND b.kind <> 'credit') billed ON true
    LEFT JOIN LATERAL (
        SELECT * FROM billing_prepaidday x
        WHERE x.prepayment_id = p.id AND (x.review = '' OR x.accepted_at IS NOT NULL)
        ORDER BY x.day DESC LIMIT 1) d ON true
    LEFT JOIN LATERAL (
        SELECT x.id, x.day, CASE WHEN x.accepted_at IS NULL THEN x.review ELSE '' END AS review, x.review_text
        FROM billing_prepaidday x WHERE x.prepayment_id = p.id ORDER BY x.day DESC LIMIT 1) n ON true
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """
    A prepaid account now. [minor unit, Wh]

    customer_id    who agreed; ``holder_id``: who holds the account now, None: nobody
    owed_minor     what the ledger says is owed, < 0: credit
    billed_minor   energy on bills now
    night          the last night that counts, with what it found; None: none yet
    review         why a person has to look at the last night (``last_id``); "": nobody has to
    """

    id: int
    account_id: int
    account_number: str
    customer_id: int
    holder_id: int | None
    holder_name: str
    agreement_reference: str
    since_date: date
    until_date: date | None
    level: Level
    level_date: date | None
    cut_date: date | None
    owed_minor: int
    billed_minor: int
    night: date | None
    rated_until: date | None
    billed_until: date | None
    cost_minor: int | None
    unbilled_minor: int | None
    unbilled_wh: int | None
    last_id: int | None
    last_night: date | None
    review: str
    review_text: str

    @property
    def open_cost_minor(self) -> int | None:
        """Return the cost of energy that is on no bill, as it is now; None: no night has counted yet."""
        return None if self.cost_minor is None else self.cost_minor - self.billed_minor

    @property
    def balance_minor(self) -> int | None:
        """Return what is left now; None: no night has counted yet, so nobody knows."""
        if self.cost_minor is None:
            return None
        return balance_minor(owed_minor=self.owed_minor, cost_minor=self.cost_minor, billed_minor=self.billed_minor)

    def runs_on(self, day: date) -> bool:
        """Return whether the account is prepaid on a day."""
        return self.since_date <= day and (self.until_date is None or day < self.until_date)


def of_accounts(*, account_ids: Collection[int], today: date) -> dict[int, Standing]:
    """Return the prepaid ones of some accounts, by account; one statement."""
    sql = f"""{STANDING} WHERE p.account_id = ANY(%(accounts)s) AND p.since_date <= %(today)s
              AND (p.until_date IS NULL OR p.until_date > %(today)s)"""
    rows = fetch(sql, {"accounts": list(account_ids), "today": today})
    return {one.account_id: one for one in map(standing_of, rows)}


def of_account(*, account_id: int, today: date) -> Standing:
    """
    Return a prepaid account; one statement.

    :raises NotPrepaid: it is not.
    """
    found = of_accounts(account_ids=[account_id], today=today).get(account_id)
    if found is None:
        raise NotPrepaid("The account is not prepaid.", account_id=account_id)
    return found


def one(*, prepayment_id: int, today: date) -> Standing | None:
    """Return a prepayment, also one that has ended, as its account stands now; None: there is none. One statement."""
    found = some(prepayment_ids=[prepayment_id], today=today)
    return found[0] if found else None


def some(*, prepayment_ids: Collection[int], today: date) -> tuple[Standing, ...]:
    """Return prepayments, also those that have ended, as their accounts stand now, by their ids; one statement."""
    rows = fetch(f"{STANDING} WHERE p.id = ANY(%(ids)s) ORDER BY p.id", {"ids": list(prepayment_ids), "today": today})
    return tuple(map(standing_of, rows))


def standing_of(row: Sequence[object]) -> Standing:
    """Return a row of ``STANDING`` as what it is."""
    values = dict(zip(Standing.__dataclass_fields__, row, strict=True))
    return Standing(**values | {"level": Level(str(values["level"]))})  # type: ignore[arg-type]


def rated_days(*, prepayment_ids: Collection[int], since: date) -> Mapping[int, tuple[RatedDay, ...]]:
    """Return the nights since a date that count, oldest first, by prepayment; one statement."""
    rows = fetch(_RATED, {"ids": list(prepayment_ids), "since": since})
    found: dict[int, tuple[RatedDay, ...]] = {}
    for prepayment_id, rated_until, cost_minor in rows:
        found[prepayment_id] = (*found.get(prepayment_id, ()), RatedDay(rated_until, cost_minor))
    return found


# Of nights that knew the same days, the last one counts: it knows corrections too.
_RATED = """
    SELECT DISTINCT ON (prepayment_id, rated_until) prepayment_id, rated_until, cost_minor FROM billing_prepaidday
    WHERE prepayment_id = ANY(%(ids)s) AND day >= %(since)s AND (review = '' OR accepted_at IS NOT NULL)
    ORDER BY prepayment_id, rated_until, day DESC
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """
    What is to be rated of a prepaid account.

    billed_until  first day that is on no bill of some supply
    told_until    up to here, exclusive, reads of all its supplies tell what was used; None: a supply has no read
    """

    prepayment_id: int
    account_id: int
    customer_id: int
    holder_id: int | None
    agreement_reference: str
    billed_until: date | None
    told_until: date | None
    service_point_ids: tuple[int, ...]
    billed_minor: int


def waiting(*, day: date, zone_name: str) -> tuple[Span, ...]:
    """
    Return the prepaid accounts that no night of this day, or of a later one, has looked at yet, in the order of what is
    to be rated of them; one statement.
    """
    rows = fetch(_WAITING, {"today": day, "zone": zone_name})
    return tuple(
        Span(
            prepayment_id=row[0], account_id=row[1], customer_id=row[2], holder_id=row[3], agreement_reference=row[4],
            billed_until=row[5], told_until=None if row[7] else row[6], service_point_ids=tuple(row[8] or ()),
            billed_minor=row[9],
        )
        for row in rows
    )  # fmt: skip


_WAITING = f"""
    WITH wanted AS (
        SELECT p.id, p.account_id, p.customer_id, p.agreement_reference FROM billing_prepayment p
        WHERE p.since_date <= %(today)s AND (p.until_date IS NULL OR p.until_date > %(today)s)
          AND NOT EXISTS (SELECT FROM billing_prepaidday d WHERE d.prepayment_id = p.id AND d.day >= %(today)s)
    ), supply AS ({NOW}), span AS ({SPAN})
    SELECT w.id, w.account_id, w.customer_id, held.customer_id, w.agreement_reference, s.billed_until, s.told_until,
           coalesce(s.is_untold, FALSE), s.points, billed.amount
    FROM wanted w
    LEFT JOIN span s ON s.id = w.id
    LEFT JOIN LATERAL (
        SELECT h.customer_id FROM accounts_accountholder h
        WHERE h.account_id = w.account_id AND h.period @> %(today)s::date) held ON true
    LEFT JOIN LATERAL (
        SELECT coalesce(sum(s.amount_minor), 0)::bigint AS amount
        FROM billing_bill b JOIN billing_billsegment s ON s.bill_id = b.id
        WHERE b.account_id = w.account_id AND b.state = 'issued' AND b.kind <> 'credit') billed ON true
    ORDER BY s.billed_until, s.told_until, w.account_id
"""  # noqa: S608 (the words put in are our own)


@dataclass(frozen=True, slots=True, kw_only=True)
class NightRow:
    """What a night found, for pages; see ``PrepaidDay``. [minor unit, Wh]"""

    id: int
    day: date
    billed_until: date | None
    rated_until: date | None
    unbilled_wh: int
    unbilled_minor: int
    balance_minor: int
    review: str
    review_text: str
    accepted_at: datetime | None


def nights(*, prepayment_id: int, most: int = 60) -> tuple[NightRow, ...]:
    """Return the last nights of a prepaid account, the latest first; one statement."""
    sql = f"""SELECT {", ".join(NightRow.__dataclass_fields__)} FROM billing_prepaidday
              WHERE prepayment_id = %s ORDER BY day DESC LIMIT %s"""  # noqa: S608 (names of columns)
    names = NightRow.__dataclass_fields__
    return tuple(NightRow(**dict(zip(names, row, strict=True))) for row in fetch(sql, [prepayment_id, most]))


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveRow:
    """A line that was crossed. [minor unit]"""

    id: int
    level: str
    day: date
    at: datetime
    balance_minor: int
    cut_date: date | None


def moves(*, prepayment_id: int, most: int = 30) -> tuple[MoveRow, ...]:
    """Return the lines that a prepaid account has crossed, the latest first; one statement."""
    sql = f"""SELECT {", ".join(MoveRow.__dataclass_fields__)} FROM billing_prepaidmove
              WHERE prepayment_id = %s ORDER BY id DESC LIMIT %s"""  # noqa: S608 (names of columns)
    names = MoveRow.__dataclass_fields__
    return tuple(MoveRow(**dict(zip(names, row, strict=True))) for row in fetch(sql, [prepayment_id, most]))
