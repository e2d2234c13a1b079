"""Accruals of revenue: the list, one with its sums, its accounts, and what was billed later for the same days."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import QuerySet

from billing.domain.accruals import GoneLine, percent_e2
from billing.models.accrual import RevenueAccrual
from billing.queries.unbilled import AT_END, SPAN
from cis.kernel.errors import Refused
from cis.platform.db import fetch


class UnknownAccrual(Refused):
    """There is no such accrual."""

    code = "unknown_accrual"


LISTING = f"""
    WITH wanted AS (SELECT a.id, a.id AS account_id FROM accounts_account a), supply AS ({AT_END}), span AS ({SPAN})
    INSERT INTO billing_accrualaccount
        (accrual_id, account_id, billed_until, told_until, is_whole, outcome, reason, text, used_wh)
    SELECT %(accrual)s, s.id, s.billed_until, CASE WHEN NOT s.is_untold THEN s.told_until END,
           s.is_whole, o.outcome, o.reason, o.text, 0
    FROM span s
    JOIN (VALUES (TRUE, 'not_rated', 'no_usage', 'Since the last bill no usage is known.'), (FALSE, 'waiting', '', ''))
         AS o(is_unknown, outcome, reason, text) ON o.is_unknown = (s.is_untold OR s.told_until <= s.billed_until)
    WHERE s.billed_until < %(today)s ORDER BY s.id
"""  # noqa: S608 (the words put in are our own)
"""Write down the accounts of an accrual; parameters accrual, today (first day after the month), zone."""
_POINTS = """
    SELECT DISTINCT service_point_id FROM contracts_serviceagreement
    WHERE account_id = ANY(%(accounts)s) AND period && daterange(%(start)s, %(end)s) ORDER BY 1
"""
_GONE = """
    SELECT b.account_id, s.tariff_version_id, l.ledger_class, sum(l.amount_minor)::bigint, sum(l.tax_minor)::bigint
    FROM billing_billline l
    JOIN billing_billsegment s ON s.id = l.segment_id JOIN billing_bill b ON b.id = l.bill_id
    WHERE l.bill_id = ANY(%(bills)s) AND l.segment_id = ANY(%(segments)s) GROUP BY 1, 2, 3
"""
_CARDS = """
    SELECT r.id, r.month, r.state, r.job_id, r.net_minor, r.opener_id, r.created_at, r.poster_id, r.posted_at,
           r.replaced_by_id, r.error, coalesce(p.state = 'closed', FALSE), w.proposer_id
    FROM billing_revenueaccrual r LEFT JOIN billing_accountingperiod p ON p.month = r.month
    LEFT JOIN billing_accrualposting w ON w.accrual_id = r.id AND w.state = 'proposed'
"""
_COVERAGE = """
    SELECT outcome, reason, count(*), sum(used_wh)::bigint FROM billing_accrualaccount
    WHERE accrual_id = %(id)s GROUP BY 1, 2 ORDER BY 1, 3 DESC, 2
"""
_TOTALS = """
    SELECT t.code, t.name_zh, t.name_en, l.ledger_class, count(DISTINCT l.account_id),
           sum(l.amount_minor - l.tax_minor)::bigint, sum(l.tax_minor)::bigint
    FROM billing_accrualline l JOIN tariffs_tariffversion v ON v.id = l.tariff_version_id
    JOIN tariffs_tariff t ON t.id = v.tariff_id
    WHERE l.accrual_id = %(id)s GROUP BY 1, 2, 3, 4 ORDER BY 1, 4
"""
# A bill that runs over the end of the accrued days counts by its share of days. Nothing is billed before all of the
# days of an account are.
_LATER = """
    SELECT x.account_id, coalesce(n.amount, 0)::bigint AS accrued, l.amount AS billed,
           coalesce(l.until >= x.told_until, FALSE) AS is_billed
    FROM billing_accrualaccount x
    JOIN billing_revenueaccrual r ON r.id = x.accrual_id
    LEFT JOIN LATERAL (
        SELECT sum(amount_minor - tax_minor) AS amount FROM billing_accrualline
        WHERE accrual_id = x.accrual_id AND account_id = x.account_id) n ON true
    LEFT JOIN LATERAL (
        SELECT sum(CASE WHEN s.end_date <= x.told_until THEN y.net
                        ELSE round(y.net * (x.told_until - s.start_date)::numeric / (s.end_date - s.start_date)) END
               )::bigint AS amount,
               max(s.end_date) FILTER (WHERE s.cancels_id IS NULL) AS until
        FROM billing_bill b JOIN billing_billsegment s ON s.bill_id = b.id
        CROSS JOIN LATERAL (SELECT coalesce(sum(amount_minor - tax_minor), 0) AS net FROM billing_billline
                            WHERE bill_id = b.id AND segment_id = s.id) y
        WHERE b.account_id = x.account_id AND b.state = 'issued' AND b.kind <> 'credit'
          AND b.issue_date >= (r.month + interval '1 month')::date AND s.start_date < x.told_until) l ON true
    WHERE x.accrual_id = %(id)s AND x.outcome IN ('accrued', 'partly') {more}
"""
_BACK_TEST = f"""
    SELECT count(*), count(*) FILTER (WHERE is_billed), coalesce(sum(accrued) FILTER (WHERE is_billed), 0)::bigint,
           coalesce(sum(billed) FILTER (WHERE is_billed), 0)::bigint
    FROM ({_LATER.format(more="")}) z
"""  # noqa: S608 (the words put in are our own)
_ACCOUNTS = f"""
    WITH page AS (
        SELECT x.id FROM billing_accrualaccount x
        WHERE x.accrual_id = %(id)s AND (%(outcome)s = '' OR x.outcome = %(outcome)s)
          AND (%(reason)s = '' OR x.reason = %(reason)s) AND x.account_id > %(after)s
        ORDER BY x.account_id LIMIT %(most)s OFFSET %(offset)s
    ), later AS ({_LATER.format(more="AND x.id IN (SELECT id FROM page)")})
    SELECT x.account_id, a.number, x.outcome, x.reason, x.text, x.billed_until, x.told_until, x.used_wh, z.accrued,
           CASE WHEN z.is_billed THEN z.billed END
    FROM page JOIN billing_accrualaccount x ON x.id = page.id JOIN accounts_account a ON a.id = x.account_id
    LEFT JOIN later z ON z.account_id = x.account_id ORDER BY x.account_id
"""  # noqa: S608 (the words put in are our own)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccrualCard:
    """One accrual; see ``RevenueAccrual``; asker_id: who proposed to post it, where that waits. [minor unit]"""

    id: int
    month: date
    state: str
    job_id: int | None
    net_minor: int
    opener_id: int | None
    created_at: datetime
    poster_id: int | None
    posted_at: datetime | None
    replaced_by_id: int | None
    error: str
    is_closed: bool
    asker_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How many accounts came out alike, and their energy. [Wh]"""

    outcome: str
    reason: str
    accounts: int
    used_wh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalRow:
    """What is unbilled under a tariff and ledger class, its tax apart. [minor unit]"""

    tariff_code: str
    name_zh: str
    name_en: str
    ledger_class: str
    accounts: int
    net_minor: int
    tax_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BackTest:
    """
    An accrual against what was billed later for the same days, both without tax. [minor unit]

    accounts, billed_accounts  all that were accrued, and those of them whose days are all on bills by now: only they
                               are in the amounts
    """

    accounts: int
    billed_accounts: int
    accrued_minor: int
    billed_minor: int

    @property
    def difference_minor(self) -> int:
        """Return how much too much was accrued. [minor unit]"""
        return self.accrued_minor - self.billed_minor

    @property
    def percent_e2(self) -> int | None:
        """Return the same of what was billed [10^-2 percent]; None: nothing was."""
        return percent_e2(accrued_minor=self.accrued_minor, billed_minor=self.billed_minor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which accounts of an accrual; "": of every outcome, for whatever reason."""

    outcome: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """
    An account of an accrual; see ``AccrualAccount``. [minor unit, tax apart]

    accrued_minor  None: it is not accrued
    billed_minor   what was billed later for the same days; None: not all of them are on bills yet
    """

    account_id: int
    number: str
    outcome: str
    reason: str
    text: str
    billed_until: date
    told_until: date | None
    used_wh: int
    accrued_minor: int | None
    billed_minor: int | None


def listed(*, offset: int = 0, most: int) -> tuple[AccrualCard, ...]:
    """Return the accruals, the latest month first; one statement."""
    rows = fetch(f"{_CARDS} ORDER BY r.month DESC, r.id DESC LIMIT %s OFFSET %s", [most, offset])
    return tuple(_card(row) for row in rows)


def selected(*, month: date | None = None, state: str = "") -> QuerySet[RevenueAccrual]:
    """Return the rows of a list; None and "": of every month, in every state."""
    wanted = {"month": month, "state": state}
    return RevenueAccrual.objects.filter(**{name: value for name, value in wanted.items() if value}).only("id")


def cards(*, accrual_ids: Collection[int]) -> tuple[AccrualCard, ...]:
    """Return accruals by their ids, in any order; one statement."""
    return tuple(_card(row) for row in fetch(f"{_CARDS} WHERE r.id = ANY(%s)", [list(accrual_ids)]))


def one(*, accrual_id: int) -> AccrualCard:
    """
    Return one accrual; one statement.

    :raises UnknownAccrual: there is none.
    """
    found = cards(accrual_ids=[accrual_id])
    if not found:
        raise UnknownAccrual(f"There is no accrual {accrual_id}.", accrual_id=accrual_id)
    return found[0]


def of_month(*, month: date) -> AccrualCard | None:
    """Return the accrual of a month that is posted; None: there is none. One statement."""
    rows = fetch(f"{_CARDS} WHERE r.month = %s AND r.state = 'posted'", [month])
    return _card(rows[0]) if rows else None


def coverage(*, accrual_id: int) -> tuple[Coverage, ...]:
    """Return how many accounts came out how; one statement."""
    return tuple(
        Coverage(outcome=outcome, reason=reason, accounts=accounts, used_wh=used_wh)
        for outcome, reason, accounts, used_wh in fetch(_COVERAGE, {"id": accrual_id})
    )


def totals(*, accrual_id: int) -> tuple[TotalRow, ...]:
    """Return the sums by tariff and ledger class; one statement."""
    names = TotalRow.__dataclass_fields__
    return tuple(TotalRow(**dict(zip(names, row, strict=True))) for row in fetch(_TOTALS, {"id": accrual_id}))


def back_test(*, accrual_id: int) -> BackTest:
    """Return an accrual beside what was billed later; one statement."""
    ((accounts, billed_accounts, accrued, billed),) = fetch(_BACK_TEST, {"id": accrual_id})
    return BackTest(accounts=accounts, billed_accounts=billed_accounts, accrued_minor=accrued, billed_minor=billed)


def accounts(
    *, accrual_id: int, wanted: Wanted = Wanted(), after: int = 0, offset: int = 0, most: int
) -> tuple[AccountRow, ...]:
    """Return accounts of an accrual by their ids, those after one of them; one statement."""
    asked = {
        "id": accrual_id, "outcome": wanted.outcome, "reason": wanted.reason, "after": after, "offset": offset,
        "most": most,
    }  # fmt: skip
    names = AccountRow.__dataclass_fields__
    return tuple(AccountRow(**dict(zip(names, row, strict=True))) for row in fetch(_ACCOUNTS, asked))


def points(*, account_ids: Collection[int], start: date, end: date) -> tuple[int, ...]:
    """Return the service points of accounts in [start, end); one statement."""
    rows = fetch(_POINTS, {"accounts": list(account_ids), "start": start, "end": end})
    return tuple(point for (point,) in rows)


def gone_lines(*, bill_ids: Sequence[int], segment_ids: Sequence[int]) -> tuple[GoneLine, ...]:
    """Return the lines of segments that are to be taken back, summed; one statement, none for no segments."""
    if not segment_ids:
        return ()
    rows = fetch(_GONE, {"bills": list(bill_ids), "segments": list(segment_ids)})
    return tuple(GoneLine(*row) for row in rows)


def _card(row: Sequence[object]) -> AccrualCard:
    return AccrualCard(**dict(zip(AccrualCard.__dataclass_fields__, row, strict=True)))  # type: ignore[arg-type]
