"""Alarms of meters as the desk lists them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone

from cis.platform.db import fetch


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRow:
    """
    An alarm in a list.

    outage_id      where it belongs now
    work_order_id  what was ordered because of it, or of the one of its kind before
    first_id       the alarm of its kind of which something came: itself, or the one before; None: nothing came
    """

    id: int
    kind: str
    answer: str
    serial: str
    meter_id: int
    address: str
    transformer: str
    outage_id: int | None
    occurred_at: datetime
    received_at: datetime
    work_order_id: int | None
    first_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedAlarms:
    """Which alarms a list shows; what is empty does not filter. ``text``: serial number, address or transformer."""

    kind: str = ""
    answer: str = ""
    text: str = ""
    outage_id: int | None = None
    since: date | None = None
    until: date | None = None


_LISTED = """
    SELECT a.id, a.kind, a.answer, m.serial, m.id, coalesce(p.address, ''), coalesce(t.name, ''), a.outage_id,
           a.occurred_at, a.received_at, coalesce(a.work_order_id, f.work_order_id),
           CASE WHEN a.answer IN ('work', 'case', 'suspicion') THEN a.id ELSE a.first_id END
    FROM metering_meteralarm a
    LEFT JOIN metering_meteralarm f ON f.id = a.first_id
    JOIN metering_meter m ON m.id = a.meter_id
    LEFT JOIN metering_servicepoint s ON s.id = a.service_point_id
    LEFT JOIN metering_premises p ON p.id = s.premises_id
    LEFT JOIN metering_transformer t ON t.id = s.transformer_id
    WHERE (%(kind)s = '' OR a.kind = %(kind)s) AND (%(answer)s = '' OR a.answer = %(answer)s)
      AND (%(outage)s::bigint IS NULL OR a.outage_id = %(outage)s)
      AND (%(since)s::date IS NULL OR a.occurred_at >= %(since)s::timestamp AT TIME ZONE %(zone)s)
      AND (%(until)s::date IS NULL OR a.occurred_at < %(until)s::timestamp AT TIME ZONE %(zone)s)
      AND (%(plain)s = '' OR m.serial LIKE %(plain)s || '%%' OR p.address ILIKE %(text)s OR t.name ILIKE %(text)s)
    ORDER BY a.id DESC LIMIT %(most)s OFFSET %(offset)s
"""


def listed(*, wanted: WantedAlarms, offset: int = 0, most: int = 50) -> tuple[AlarmRow, ...]:
    """Return alarms, those that were heard last first; one statement."""
    text = wanted.text.strip()
    escaped = text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    given = {
        "kind": wanted.kind, "answer": wanted.answer, "outage": wanted.outage_id, "plain": escaped,
        "text": f"%{escaped}%", "since": wanted.since,
        "until": wanted.until + timedelta(days=1) if wanted.until else None,
        "zone": timezone.get_default_timezone_name(), "most": most, "offset": offset,
    }  # fmt: skip
    rows = fetch(_LISTED, given)
    return tuple(AlarmRow(**dict(zip(AlarmRow.__dataclass_fields__, row, strict=True))) for row in rows)
