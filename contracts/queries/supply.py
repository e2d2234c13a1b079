"""Which account is supplied at which place: the bridge between a socket and who pays for it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from cis.platform import db


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyRow:
    """
    An account and one place where it is supplied.

    is_latest  False: somebody else is supplied there since
    """

    account_id: int
    service_point_id: int
    address: str
    is_latest: bool


def at_places(*, service_point_ids: Iterable[int]) -> tuple[SupplyRow, ...]:
    """Return the accounts that are or were supplied at some service points, the latest of each first; one statement."""
    return _rows("g.service_point_id = ANY(%(wanted)s)", service_point_ids)


def on_day(*, service_point_id: int, on: date) -> SupplyRow | None:
    """Return the account that is supplied at a service point on a local date; None: none is; one statement."""
    found = _rows("g.service_point_id = ANY(%(wanted)s) AND g.period @> %(on)s::date", [service_point_id], on)
    return found[0] if found else None


def until_day(*, service_point_id: int, on: date) -> SupplyRow | None:
    """Return the account supplied at a service point on a date, else the last one before; None: none; one statement."""
    found = _rows("g.service_point_id = ANY(%(wanted)s) AND lower(g.period) <= %(on)s::date", [service_point_id], on)
    return found[0] if found else None


def of_accounts(*, account_ids: Iterable[int]) -> dict[int, SupplyRow]:
    """Return the latest place of each account, by account id; one statement. An account without supply is left out."""
    found: dict[int, SupplyRow] = {}
    for row in _rows("g.account_id = ANY(%(wanted)s)", account_ids):
        found.setdefault(row.account_id, row)
    return found


def _rows(condition: str, wanted: Iterable[int], on: date | None = None) -> tuple[SupplyRow, ...]:
    rows = db.fetch(_SUPPLY.format(condition=condition), {"wanted": list(wanted), "on": on})
    return tuple(SupplyRow(**dict(zip(SupplyRow.__dataclass_fields__, row, strict=True))) for row in rows)


_SUPPLY = """
SELECT g.account_id, g.service_point_id, p.address,
       NOT EXISTS (SELECT 1 FROM contracts_serviceagreement later
                   WHERE later.service_point_id = g.service_point_id AND later.period >> g.period)
FROM contracts_serviceagreement g
JOIN metering_servicepoint s ON s.id = g.service_point_id
JOIN metering_premises p ON p.id = s.premises_id
WHERE {condition}
ORDER BY lower(g.period) DESC, g.id
"""
