"""What this room and those below it know of supplies that are dark: answers to the ports of ``metering``."""

from collections.abc import Collection, Mapping
from datetime import date, datetime

from arrears.domain.cut_facts import HoldKind
from cis.platform.db import fetch
from contracts.queries import important
from metering.domain.outage_people import Supplied
from metering.domain.outages import Answer

SPARED = (HoldKind.LIFE_SUPPORT, HoldKind.VULNERABLE)
_PEOPLE = """
    SELECT g.service_point_id, p.address, a.id, a.number, k.id, k.name
    FROM contracts_serviceagreement g
    JOIN metering_servicepoint s ON s.id = g.service_point_id JOIN metering_premises p ON p.id = s.premises_id
    JOIN accounts_account a ON a.id = g.account_id
    JOIN accounts_accountholder h ON h.account_id = a.id AND h.period @> %(on)s::date
    JOIN accounts_customer k ON k.id = h.customer_id
    WHERE g.service_point_id = ANY(%(points)s) AND g.period @> %(on)s::date
    ORDER BY g.service_point_id, g.id
"""
_SPARED = """
    SELECT DISTINCT g.service_point_id, d.kind
    FROM contracts_serviceagreement g
    JOIN arrears_hold d ON d.service_point_id = g.service_point_id
                           OR d.service_point_id IS NULL AND d.account_id = g.account_id
    WHERE g.service_point_id = ANY(%(points)s) AND g.period @> %(on)s::date AND d.kind = ANY(%(kinds)s)
      AND d.since_at < %(on)s::date + 1 AND (d.until_at IS NULL OR d.until_at > now())
    ORDER BY 1, 2
"""
_CUT = """
    SELECT service_point_id, bool_or(prepayment_id IS NOT NULL)
    FROM arrears_disconnectionorder
    WHERE service_point_id = ANY(%(points)s) AND state IN ('cut', 'restoring') GROUP BY service_point_id
"""


def people(*, service_point_ids: Collection[int], on: date) -> tuple[Supplied, ...]:
    """Return who is supplied at places on a date, by place; one statement."""
    rows = fetch(_PEOPLE, {"points": list(service_point_ids), "on": on})
    return tuple(Supplied(**dict(zip(Supplied.__dataclass_fields__, row, strict=True))) for row in rows)


def flags(*, service_point_ids: Collection[int], on: date) -> Mapping[int, tuple[str, ...]]:
    """Return which places are of important users, of life support, of vulnerable people; two statements."""
    found: dict[int, list[str]] = {
        point_id: ["important"] for point_id in important.grades(service_point_ids=service_point_ids, on=on)
    }
    kinds = [kind.value for kind in SPARED]
    for point_id, kind in fetch(_SPARED, {"points": list(service_point_ids), "on": on, "kinds": kinds}):
        found.setdefault(point_id, []).append(kind)
    return {point_id: tuple(names) for point_id, names in found.items()}


def cut_off(*, service_point_ids: Collection[int], at: datetime) -> Mapping[int, Answer]:  # noqa: ARG001 (of the port)
    """Return of places that are cut off now why; one statement."""
    rows = fetch(_CUT, {"points": list(service_point_ids)})
    return {point_id: Answer.PREPAID if is_prepaid else Answer.CUT for point_id, is_prepaid in rows}
