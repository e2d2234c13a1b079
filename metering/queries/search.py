"""Search for service points by what stands on the meter or on the door."""

import unicodedata
from dataclasses import dataclass
from datetime import date

from cis.kernel import text as words
from cis.platform import db

LEAST_INFIX = 3
"""Characters of a meter number that are looked for anywhere in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceHit:
    """
    One service point found.

    meter_serial  the meter that was found, else "" for an address
    hangs         False: that meter does not hang there on the date
    matched       "meter", "service_point" or "address"
    """

    service_point_id: int
    external_id: str
    address: str
    meter_serial: str
    hangs: bool
    matched: str


def find(*, text: str, at_date: date, limit: int = 20) -> tuple[PlaceHit, ...]:
    """
    Return service points that fit a text, the surest first; at most one statement.

    A meter fits by its serial number, its first characters, or any part of it (three characters at least); a service
    point by its whole external id; an address by any part, also of two Chinese characters.
    """
    plain = " ".join(unicodedata.normalize("NFKC", text).split())
    grams = words.query_bigrams(plain)
    if not plain or not grams:
        return ()
    squeezed = plain.replace(" ", "")
    branches = [_POINT, _SERIAL, _ADDRESS]
    if len(squeezed) >= LEAST_INFIX and squeezed.isascii():
        branches.append(_SERIAL_PART)
    found = db.fetch(
        _FOUND.format(branches=" UNION ALL ".join(branches)),
        {
            "whole": plain,
            "prefix": f"{_escaped(squeezed)}%",
            "part": f"%{_escaped(squeezed)}%",
            "grams": grams,
            "at": at_date,
            "limit": limit,
        },
    )
    return tuple(PlaceHit(**dict(zip(PlaceHit.__dataclass_fields__, row, strict=True))) for row in found)


def _escaped(text: str) -> str:
    """Return the text without wildcards of its own."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


# Each branch: service point (or NULL), meter (or NULL), premises (or NULL), order of trust, what matched.
_POINT = """
(SELECT id AS point_id, NULL::bigint AS meter_id, NULL::bigint AS premises_id, 0 AS rank, 'service_point' AS matched
 FROM metering_servicepoint WHERE external_id = %(whole)s)"""
_SERIAL = """
(SELECT NULL::bigint, id, NULL::bigint, 1, 'meter' FROM metering_meter
 WHERE serial LIKE %(prefix)s ORDER BY serial LIMIT %(limit)s)"""
_SERIAL_PART = """
(SELECT NULL::bigint, id, NULL::bigint, 2, 'meter' FROM metering_meter
 WHERE serial LIKE %(part)s ORDER BY serial LIMIT %(limit)s)"""
_ADDRESS = """
(SELECT NULL::bigint, NULL::bigint, id, 3, 'address' FROM metering_premises
 WHERE search_grams @> %(grams)s::text[] AND replace(normalize(address, NFKC), ' ', '') ILIKE %(part)s
 ORDER BY id LIMIT %(limit)s)"""
_FOUND = """
WITH found AS ({branches}), hit AS (
    SELECT point_id, NULL::bigint AS meter_id, TRUE AS hangs, rank, matched FROM found WHERE point_id IS NOT NULL
    UNION ALL
    SELECT i.service_point_id, i.meter_id, i.period @> %(at)s::date, f.rank, f.matched
    FROM found f JOIN metering_installation i ON i.meter_id = f.meter_id
    UNION ALL
    SELECT s.id, NULL, TRUE, f.rank, f.matched
    FROM found f JOIN metering_servicepoint s ON s.premises_id = f.premises_id
), best AS (
    SELECT DISTINCT ON (point_id) * FROM hit ORDER BY point_id, rank, hangs DESC, meter_id
)
SELECT b.point_id, s.external_id, p.address, coalesce(m.serial, ''), b.hangs, b.matched
FROM best b
JOIN metering_servicepoint s ON s.id = b.point_id
JOIN metering_premises p ON p.id = s.premises_id
LEFT JOIN metering_meter m ON m.id = b.meter_id
ORDER BY b.rank, b.hangs DESC, m.serial, s.external_id
LIMIT %(limit)s
"""
