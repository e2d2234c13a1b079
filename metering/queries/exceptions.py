"""Findings about energy, for pages: lists, and one with the past that it is seen in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from accounts.queries import users
from cis.kernel.errors import Refused
from cis.platform.db import fetch
from metering.domain.exception_acts import Act, Doubted
from metering.domain.exceptions import ACCEPTABLE
from metering.domain.places import UNITS, Quantity
from metering.domain.vee import UNITS as RULE_UNITS
from metering.domain.vee import Code
from metering.models.exception import UsageException

PAST_DAYS = 430
AFTER_DAYS = 62


class UnknownException(Refused):
    """There is no such exception."""

    code = "unknown_exception"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionCard:
    """
    An exception in a list.

    register        code on its meter
    measure, bound  in the unit of the rule; None without a number
    fact_date       day on which it shows
    decider         name of who accepted it; ""
    is_waiting      a value that somebody set waits for a second person
    """

    id: int
    code: str
    severity: str
    state: str
    start_date: date
    end_date: date
    fact_date: date
    measure: int | None
    bound: int | None
    opened_at: datetime
    closed_at: datetime | None
    decider: str
    reason: str
    service_point_id: int
    service_point: str
    address: str
    meter_id: int
    serial: str
    register_id: int
    register: str
    quantity: str
    direction: str
    is_interval: bool
    is_waiting: bool

    @property
    def about(self) -> Doubted:
        """Return what it is about, as far as acts depend on it."""
        return Doubted(
            code=self.code, quantity=self.quantity, is_interval=self.is_interval, start_date=self.start_date,
            end_date=self.end_date, fact_date=self.fact_date,
        )  # fmt: skip

    @property
    def acts(self) -> frozenset[Act]:
        """Return what may be done about it now."""
        if self.state != "open":
            return frozenset()
        return self.about.acts() - ({Act.EDIT, Act.ESTIMATE} if self.is_waiting else set())

    @property
    def unit(self) -> str:
        """Return the unit of measure and bound: kWh, kvarh, kW, ``days`` or ``count``."""
        named = RULE_UNITS.get(Code(self.code)) if self.code in set(Code) else None
        return named or UNITS[Quantity(self.quantity)]

    @property
    def is_energy(self) -> bool:
        """Return whether measure and bound are in thousandths of the unit."""
        return self.unit not in {"days", "count"}

    @property
    def is_acceptable(self) -> bool:
        """Return whether somebody may accept it: it is open, and its energy is known."""
        return self.state == "open" and self.code in ACCEPTABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """
    Which exceptions a list shows; what is empty does not filter.

    state  or "waiting": a value that somebody set waits for a second person
    text   meter number, supply or address
    """

    state: str = ""
    severity: str = ""
    code: str = ""
    text: str = ""
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PastSpan:
    """
    Approved energy in the past or the days after, of any meter that hung there.

    energy_wh  multiplier included; None: it is what the exception stops, and not approved [Wh, varh or W]
    method     how most of it was estimated, "" = not by us
    """

    start_date: date
    end_date: date
    serial: str
    start_reading_wh: int | None
    end_reading_wh: int | None
    energy_wh: int | None
    is_estimated: bool
    method: str
    is_meant: bool

    @property
    def wh_per_day(self) -> int | None:
        """Return the energy a day, rounded down. [Wh or varh]"""
        return None if self.energy_wh is None else self.energy_wh // (self.end_date - self.start_date).days


def listed(*, wanted: Wanted, offset: int = 0, most: int = 50) -> tuple[ExceptionCard, ...]:
    """Return exceptions, the latest first; two statements."""
    return _cards(fetch(f"{_SELECT} {_WHERE} {_PAGE}", {**_given(wanted), "most": most, "offset": offset}))


def count(*, wanted: Wanted) -> int:
    """Return how many there are; one statement."""
    ((found,),) = fetch(f"SELECT count(*) {_FROM} {_WHERE}", _given(wanted))
    return int(found)


def one(*, exception_id: int) -> ExceptionCard:
    """
    Return one exception; two statements.

    :raises UnknownException: there is none.
    """
    found = _cards(fetch(f"{_SELECT} WHERE x.id = %(id)s", {"id": exception_id}))
    if not found:
        raise UnknownException(f"There is no exception {exception_id}.", exception_id=exception_id)
    return found[0]


def selected(*, state: str = "", code: str = "", serial: str = "") -> QuerySet[UsageException]:
    """Return the rows of a list, in no order, for pages by cursor."""
    rows = UsageException.objects.all()
    if state:
        rows = rows.filter(state=state)
    if code:
        rows = rows.filter(code=code)
    return rows.filter(register__meter__serial=serial.strip()) if serial.strip() else rows


def some(*, exception_ids: Sequence[int]) -> tuple[ExceptionCard, ...]:
    """Return some exceptions by id, the latest first; two statements."""
    return _cards(fetch(f"{_SELECT} WHERE x.id = ANY(%(ids)s) ORDER BY x.id DESC", {"ids": list(exception_ids)}))


def energy_around(*, exception_id: int) -> tuple[int | None, str]:
    """
    Return the approved energy of an exception's register in the two months around it, and its state; one statement.

    None: none is approved. [Wh, varh or W]
    """
    found = fetch(_AROUND, {"id": exception_id})
    return (found[0][0], found[0][1]) if found else (None, "")


def past(*, card: ExceptionCard) -> tuple[PastSpan, ...]:
    """Return the spans of fourteen months before an exception and two after, of its register's kind; one statement."""
    given = {
        "point": card.service_point_id, "register": card.register_id,
        "since": card.start_date - timedelta(days=PAST_DAYS), "until": card.end_date + timedelta(days=AFTER_DAYS),
    }  # fmt: skip
    names = tuple(PastSpan.__dataclass_fields__)[:-1]
    spans = [
        PastSpan(**dict(zip(names, row[1:], strict=True)), is_meant=_is_meant(card, row[0], row[1]))
        for row in fetch(_PAST, given)
    ]
    if card.start_date < card.end_date and not any(one.is_meant for one in spans):
        stopped = PastSpan(
            start_date=card.start_date, end_date=card.end_date, serial=card.serial, start_reading_wh=None,
            end_reading_wh=None, energy_wh=None, is_estimated=False, method="", is_meant=True,
        )  # fmt: skip
        spans = sorted([*spans, stopped], key=lambda span: span.start_date)
    return tuple(spans)


def _is_meant(card: ExceptionCard, register_id: int, start_date: date) -> bool:
    return register_id == card.register_id and start_date == card.start_date


def _given(wanted: Wanted) -> dict[str, Any]:
    text = wanted.text.strip().replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return {
        "state": wanted.state, "severity": wanted.severity, "code": wanted.code, "plain": text, "text": f"%{text}%",
        "since": wanted.since, "until": wanted.until,
    }  # fmt: skip


def _cards(rows: list[tuple[Any, ...]]) -> tuple[ExceptionCard, ...]:
    names = users.names({row[_DECIDER] for row in rows if row[_DECIDER] is not None})
    fields = tuple(ExceptionCard.__dataclass_fields__)
    return tuple(
        ExceptionCard(**{**dict(zip(fields, row, strict=True)), "decider": names.get(row[_DECIDER], "")})
        for row in rows
    )


_DECIDER = 11
_FROM = """
FROM metering_usageexception x
JOIN metering_servicepoint s ON s.id = x.service_point_id
JOIN metering_premises p ON p.id = s.premises_id
JOIN metering_register g ON g.id = x.register_id
JOIN metering_meter m ON m.id = g.meter_id
"""
_WAITS = "EXISTS (SELECT FROM metering_readchange c WHERE c.exception_id = x.id AND c.state = 'proposed')"
_SELECT = f"""
SELECT x.id, x.code, x.severity, x.state, x.start_date, x.end_date, x.fact_date, x.measure, x.bound, x.opened_at,
       x.closed_at, x.decider_id, x.reason, s.id, s.external_id, p.address, m.id, m.serial, g.id, g.code, g.quantity,
       g.direction, g.is_interval, x.state = 'open' AND {_WAITS}
{_FROM}
"""
_WHERE = f"""
WHERE (%(state)s = '' OR x.state = %(state)s OR (%(state)s = 'waiting' AND x.state = 'open' AND {_WAITS}))
  AND (%(severity)s = '' OR x.severity = %(severity)s)
  AND (%(code)s = '' OR x.code = %(code)s)
  AND (%(since)s::date IS NULL OR x.end_date >= %(since)s) AND (%(until)s::date IS NULL OR x.start_date <= %(until)s)
  AND (%(plain)s = '' OR m.serial LIKE %(plain)s || '%%' OR s.external_id ILIKE %(text)s OR p.address ILIKE %(text)s)
"""
_AROUND = """
SELECT (SELECT sum(u.energy_wh)::bigint FROM metering_usage u
        WHERE u.service_point_id = x.service_point_id AND u.register_id = x.register_id AND u.is_current
          AND u.start_date < x.end_date + 62 AND u.end_date > x.start_date - 62), x.state
FROM metering_usageexception x WHERE x.id = %(id)s
"""
_PAGE = "ORDER BY x.id DESC LIMIT %(most)s OFFSET %(offset)s"
_PAST = """
SELECT u.register_id, u.start_date, u.end_date, m.serial, u.start_reading_wh, u.end_reading_wh, u.energy_wh,
       u.is_estimated, u.method
FROM metering_register mine
JOIN metering_usage u ON u.service_point_id = %(point)s AND u.is_current
  AND u.start_date >= %(since)s AND u.end_date <= %(until)s
JOIN metering_register g ON g.id = u.register_id AND g.quantity = mine.quantity AND g.direction = mine.direction
  AND g.period_of_use = mine.period_of_use
JOIN metering_meter m ON m.id = g.meter_id
WHERE mine.id = %(register)s
ORDER BY u.start_date, m.serial
"""
