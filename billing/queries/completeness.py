"""Completeness for pages: months with their equation, places with something to look at, days of one account."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Any

from billing.domain.completeness import DayState, Hole, classify
from billing.models.completeness import CompletenessMonth
from billing.queries import completeness_facts, rebill_changes, segments
from billing.queries.completeness_facts import NextRuns
from cis.kernel.periods import Period, add_months, month_of
from cis.platform import db

MONTHS_SHOWN = 13
_ROWS = """
    SELECT x.id, x.completeness_id, x.service_point_id, s.external_id, p.address, x.account_id, coalesce(a.number, ''),
           x.idle_used_days, x.missing_days, x.held_days, x.to_bill_days, x.billed_days,
           x.measured_wh, x.billed_wh, x.changed_wh, x.to_bill_wh, x.held_wh, x.idle_wh, x.holes
    FROM billing_completenessplace x
    JOIN metering_servicepoint s ON s.id = x.service_point_id JOIN metering_premises p ON p.id = s.premises_id
    LEFT JOIN accounts_account a ON a.id = x.account_id
"""
_WHERE = """
    WHERE (%(month)s::date IS NULL OR x.completeness_id = %(month)s)
      AND (%(hole)s = '' OR %(hole)s = ANY(x.holes) OR (%(hole)s = 'any' AND x.holes <> '{}'))
      AND CASE %(state)s WHEN 'missing' THEN x.missing_days > 0 WHEN 'held' THEN x.held_days > 0
                         WHEN 'to_bill' THEN x.to_bill_days > 0 WHEN 'idle_used' THEN x.idle_used_days > 0
                         ELSE TRUE END
      AND (%(text)s = '' OR starts_with(a.number, %(text)s) OR s.external_id = %(text)s)
"""
_PAGE = "ORDER BY (x.holes <> '{}') DESC, x.completeness_id DESC, x.service_point_id LIMIT %(most)s OFFSET %(offset)s"
_COUNT = f"""
    SELECT count(*) FROM billing_completenessplace x
    JOIN metering_servicepoint s ON s.id = x.service_point_id LEFT JOIN accounts_account a ON a.id = x.account_id
    {_WHERE}
"""  # noqa: S608 - put together of constants
_ACCOUNTS = """
    SELECT DISTINCT ON (g.service_point_id) g.service_point_id, g.account_id FROM contracts_serviceagreement g
    WHERE g.service_point_id = ANY(%(points)s) AND g.period && daterange(%(start)s, %(end)s)
    ORDER BY g.service_point_id, lower(g.period) DESC
"""
_SUPPLIED = """
    SELECT s.id, s.external_id, p.address FROM metering_servicepoint s
    JOIN metering_premises p ON p.id = s.premises_id
    WHERE s.id IN (SELECT g.service_point_id FROM contracts_serviceagreement g
                   WHERE g.account_id = %(account)s AND g.period && daterange(%(start)s, %(end)s))
    ORDER BY s.id LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """
    Which places.

    month  first day; None = of all months
    state  of days: idle_used, missing, held, to_bill; "" = any
    hole   by its code; "any" = with some; "" = with or without
    text   beginning of an account number, or the whole id of a place
    """

    month: date | None = None
    state: str = ""
    hole: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceRow:
    """A place in a month with something to look at; account_id None = nobody is supplied. [days, Wh]"""

    id: int
    month: date
    service_point_id: int
    service_point: str
    address: str
    account_id: int | None
    account_number: str
    idle_used_days: int
    missing_days: int
    held_days: int
    to_bill_days: int
    billed_days: int
    measured_wh: int
    billed_wh: int
    changed_wh: int
    to_bill_wh: int
    held_wh: int
    idle_wh: int
    holes: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day of a place; holes by code. [Wh]"""

    date: date
    state: DayState
    measured_wh: int
    billed_wh: int
    holes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceDays:
    """The days of a place, oldest month first."""

    service_point_id: int
    service_point: str
    address: str
    months: tuple[tuple[date, tuple[Day, ...]], ...]


def months() -> tuple[CompletenessMonth, ...]:
    """Return the months that the last night looked at, the latest first; one statement."""
    return tuple(CompletenessMonth.objects.order_by("-month"))


def listed(*, wanted: Wanted = Wanted(), offset: int = 0, most: int = 50) -> tuple[PlaceRow, ...]:
    """Return places with something to look at, holes first, then the latest month; one statement."""
    names = [one.name for one in fields(PlaceRow)]
    found = db.fetch(f"{_ROWS} {_WHERE} {_PAGE}", _given(wanted) | {"offset": offset, "most": most})
    return tuple(PlaceRow(**dict(zip(names, row, strict=True))) for row in found)


def count(*, wanted: Wanted = Wanted()) -> int:
    """Return how many there are; one statement."""
    ((found,),) = db.fetch(_COUNT, _given(wanted))
    return int(found)


def of_account(*, account_id: int, today: date, most: int = 20) -> tuple[PlaceDays, ...]:
    """
    Return the days of the places that an account was supplied at, of the months that are over, as they are now.

    A constant number of statements.
    """
    end = month_of(today).start
    period = Period(add_months(end, -MONTHS_SHOWN), end)
    asked = {"account": account_id, "start": period.start, "end": period.end, "most": most}
    places = db.fetch(_SUPPLIED, asked)
    if not places:
        return ()
    ids = [place for place, *_names in places]
    facts = completeness_facts.find(service_point_ids=ids, period=period, runs=next_runs(today=today))
    found = classify(facts)
    return tuple(
        PlaceDays(service_point_id=place, service_point=name, address=address, months=_months(found, row, period))
        for row, (place, name, address) in enumerate(places)
    )


def next_runs(*, today: date) -> NextRuns:
    """Return what the next runs look at; two statements at most."""
    first = add_months(month_of(today).start, -1)
    since = add_months(first, -MONTHS_SHOWN)
    versions = segments.versions_of(rebill_changes.scope_of(month_of(today)), since=since)
    return NextRuns(versions=versions, first=first)


def accounts_at(service_point_ids: Sequence[int], *, month: date) -> dict[int, int]:
    """Return whom places were supplied to last in a month; one statement, none for no places."""
    if not service_point_ids:
        return {}
    asked = {"points": list(service_point_ids), "start": month, "end": month_of(month).end}
    return dict(db.fetch(_ACCOUNTS, asked))


def _given(wanted: Wanted) -> dict[str, Any]:
    return {"month": wanted.month, "state": wanted.state, "hole": wanted.hole, "text": wanted.text.strip()}


def _months(found: Any, row: int, period: Period) -> tuple[tuple[date, tuple[Day, ...]], ...]:
    by_month: dict[date, list[Day]] = {}
    for at, state in enumerate(found.states[row].tolist()):
        day = period.start + timedelta(days=at)
        by_month.setdefault(day.replace(day=1), []).append(
            Day(
                date=day,
                state=DayState(state),
                measured_wh=int(found.measured_wh[row, at]),
                billed_wh=int(found.billed_wh[row, at]),
                holes=tuple(hole.value for hole in Hole if found.holes[hole][row, at]),
            )
        )
    return tuple((month, tuple(days)) for month, days in by_month.items())
