"""
How old debts are on a day, from the ledger alone.

An account owes what its transfers say that occurred until the day and belong to its month or one before. So a day of a
closed month keeps its figures for good, and those of a month's last day come to what all customers owe in its trial
balance. What is owed is of the youngest debts: money pays the oldest first. A debt is as old as its bill's due date.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from billing.domain.ageing import DEBTS, STARTS, Band
from billing.queries.account_classes import CLASS, OF_ACCOUNT
from cis.kernel.periods import month_of
from cis.platform.db import fetch

_AS_OF = "t.occurred_date <= %(day)s AND t.period <= %(month)s"
_STARTS = ", ".join(str(one) for one in STARTS)
_OPEN = ", ".join(f"coalesce(sum(a.open) FILTER (WHERE a.band = {at}), 0) AS b{at}" for at in range(len(DEBTS)))
# A reversal belongs to the bill that it takes back. What is owed beside bills is as old as the last movement that
# raised it; it is laid first, for whatever came in has paid bills.
_ACCOUNTS = f"""
    WITH side AS (
        SELECT l.account_id, t.kind, coalesce(r.source_id, t.source_id) AS source_id, t.occurred_date,
               t.amount_minor AS owed
        FROM billing_transfer t JOIN billing_ledgeraccount l ON l.id = t.debit_id AND l.account_id IS NOT NULL
        LEFT JOIN billing_transfer r ON r.id = t.reverses_id
        WHERE {_AS_OF}
        UNION ALL
        SELECT l.account_id, t.kind, coalesce(r.source_id, t.source_id), t.occurred_date, -t.amount_minor
        FROM billing_transfer t JOIN billing_ledgeraccount l ON l.id = t.credit_id AND l.account_id IS NOT NULL
        LEFT JOIN billing_transfer r ON r.id = t.reverses_id
        WHERE {_AS_OF}
    ), item AS (
        SELECT account_id, CASE kind WHEN 'bill' THEN source_id END AS bill_id, sum(owed) AS owed,
               max(occurred_date) FILTER (WHERE owed > 0) AS last_date
        FROM side GROUP BY 1, 2
    ), total AS (
        SELECT account_id, sum(owed) AS balance, max(last_date) FILTER (WHERE bill_id IS NULL) AS last_date,
               coalesce(sum(owed) FILTER (WHERE bill_id IS NOT NULL AND owed > 0), 0) AS billed
        FROM item GROUP BY 1 HAVING sum(owed) <> 0
    ), laid AS (
        SELECT i.account_id, coalesce(b.due_date, i.last_date) AS due,
               least(i.owed, greatest(0, t.balance - (sum(i.owed) OVER w - i.owed))) AS open
        FROM item i JOIN total t ON t.account_id = i.account_id JOIN billing_bill b ON b.id = i.bill_id
        WHERE i.owed > 0
        WINDOW w AS (PARTITION BY i.account_id ORDER BY coalesce(b.due_date, i.last_date) DESC, i.bill_id DESC)
        UNION ALL
        SELECT account_id, last_date, balance - billed FROM total WHERE balance > billed
    ), aged AS (
        SELECT account_id, width_bucket(%(day)s - due, ARRAY[{_STARTS}]) AS band, due, open FROM laid WHERE open > 0
    ), account AS (
        SELECT t.account_id, t.balance, min(a.due) AS due,
               {_OPEN}
        FROM total t LEFT JOIN aged a ON a.account_id = t.account_id GROUP BY 1, 2
    ), classed AS (
        SELECT account.*, greatest(-balance, 0) AS b{len(DEBTS)}, {CLASS} AS class
        FROM account {OF_ACCOUNT.format(account="account.account_id", day="%(day)s::date")}
    )
"""  # noqa: S608 (no value of anybody's is in it)
_BANDS = ", ".join(f"b{at}" for at in range(len(Band)))
_SUMMARY = f"""{_ACCOUNTS}
    SELECT class, {", ".join(f"sum(b{at})::bigint, count(*) FILTER (WHERE b{at} > 0)" for at in range(len(Band)))}
    FROM classed GROUP BY class ORDER BY class
"""  # noqa: S608 (no value of anybody's is in it)
_LIST = f"""{_ACCOUNTS}
    SELECT x.account_id, n.number, coalesce(c.name, ''), x.class, x.due, x.balance::bigint, ARRAY[{_BANDS}]::bigint[]
    FROM classed x JOIN accounts_account n ON n.id = x.account_id
    LEFT JOIN accounts_accountholder h ON h.account_id = n.id AND h.period @> %(day)s::date
    LEFT JOIN accounts_customer c ON c.id = h.customer_id
    WHERE (%(class)s::text IS NULL OR x.class = %(class)s)
      AND (%(band)s = 0 OR (ARRAY[{_BANDS}])[%(band)s] > 0)
      AND n.number > %(after)s
    ORDER BY n.number LIMIT %(most)s
"""  # noqa: S608 (no value of anybody's is in it)


@dataclass(frozen=True, slots=True)
class Amounts:
    """What accounts owe by age, and how many accounts owe it. [minor unit]"""

    amount_minor: Mapping[Band, int]
    accounts: Mapping[Band, int]

    @property
    def owed_minor(self) -> int:
        """Return all debts together. [minor unit]"""
        return sum(self.amount_minor[band] for band in DEBTS)

    @property
    def balance_minor(self) -> int:
        """Return debts less credit: what the ledger says that customers owe. [minor unit]"""
        return self.owed_minor - self.amount_minor[Band.CREDIT]


@dataclass(frozen=True, slots=True)
class Ageing:
    """The debts of all accounts as of a day, by class of use and in all."""

    day: date
    classes: Mapping[str, Amounts]
    total: Amounts


@dataclass(frozen=True, slots=True)
class AgedAccount:
    """
    One account that owes or has credit.

    due_date       of its oldest open debt; None: it has none
    balance_minor  below 0: credit [minor unit]
    """

    account_id: int
    number: str
    holder: str
    customer_class: str
    due_date: date | None
    balance_minor: int
    amount_minor: Mapping[Band, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedAccounts:
    """
    Which accounts are listed.

    customer_class  None: all; "": those of which nobody knows a class
    band            None: all
    """

    customer_class: str | None = None
    band: Band | None = None


def of_day(*, day: date) -> Ageing:
    """Return what customers owe as of the end of a day, by age and class of use; one statement."""
    classes = {}
    for name, *numbers in fetch(_SUMMARY, _values(day)):
        classes[name] = Amounts(dict(zip(Band, numbers[::2], strict=True)), dict(zip(Band, numbers[1::2], strict=True)))
    return Ageing(day, classes, _sum_of(list(classes.values())))


def listed(*, day: date, wanted: WantedAccounts, after: str = "", most: int = 50) -> tuple[AgedAccount, ...]:
    """Return accounts as of the end of a day in the order of their numbers, after one of them; one statement."""
    values = {
        **_values(day),
        "class": wanted.customer_class,
        "band": 0 if wanted.band is None else list(Band).index(wanted.band) + 1,
        "after": after,
        "most": most,
    }
    return tuple(
        AgedAccount(account_id, number, holder, name, due, balance, dict(zip(Band, bands, strict=True)))
        for account_id, number, holder, name, due, balance, bands in fetch(_LIST, values)
    )


def _values(day: date) -> dict[str, object]:
    return {"day": day, "month": month_of(day).start}


def _sum_of(rows: Sequence[Amounts]) -> Amounts:
    return Amounts(
        {band: sum(row.amount_minor[band] for row in rows) for band in Band},
        {band: sum(row.accounts[band] for row in rows) for band in Band},
    )
