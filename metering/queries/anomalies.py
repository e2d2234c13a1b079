"""Anomalies for pages: lists, and one with the loads that it is seen in."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from accounts.queries import users
from cis.kernel.errors import Refused
from cis.platform.db import fetch


class UnknownAnomaly(Refused):
    """There is no such anomaly."""

    code = "unknown_anomaly"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnomalyCard:
    """
    An anomaly of a place, or of a transformer.

    score_e4       0 to 10,000
    reasons        code and whole numbers of each, see ``metering.domain.anomalies.ReasonCode``
    service_point  "" of a transformer; ``other_point`` the neighbour it was swapped with, or ""
    meter_id       the meter that hangs there now; None: none, or a transformer
    decider        name of who decided; ""
    """

    id: int
    kind: str
    state: str
    score_e4: int
    since_date: date
    seen_date: date
    reasons: list[Mapping[str, Any]]
    opened_at: datetime
    decided_at: datetime | None
    decider: str
    reason: str
    work_order_id: int | None
    service_point_id: int | None
    service_point: str
    address: str
    meter_id: int | None
    serial: str
    transformer_id: int | None
    transformer: str
    other_point_id: int | None
    other_point: str
    other_address: str

    @property
    def score_percent(self) -> int:
        """Return the score, rounded down. [%]"""
        return self.score_e4 // 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which anomalies a list shows; what is empty does not filter. ``text``: meter, supply, address, transformer."""

    state: str = ""
    kind: str = ""
    least_score_e4: int = 0
    text: str = ""
    since: date | None = None
    until: date | None = None


def listed(*, wanted: Wanted, offset: int = 0, most: int = 50) -> tuple[AnomalyCard, ...]:
    """Return anomalies, the most likely first; two statements."""
    return _cards(fetch(f"{_SELECT} {_WHERE} {_PAGE}", {**_given(wanted), "most": most, "offset": offset}))


def count(*, wanted: Wanted) -> int:
    """Return how many there are; one statement."""
    ((found,),) = fetch(f"SELECT count(*) {_FROM} {_WHERE}", _given(wanted))
    return int(found)


def one(*, anomaly_id: int) -> AnomalyCard:
    """
    Return one anomaly; two statements.

    :raises UnknownAnomaly: there is none.
    """
    found = _cards(fetch(f"{_SELECT} WHERE a.id = %(id)s", {"id": anomaly_id}))
    if not found:
        raise UnknownAnomaly(f"There is no anomaly {anomaly_id}.", anomaly_id=anomaly_id)
    return found[0]


def by_ids(*, anomaly_ids: Collection[int]) -> tuple[AnomalyCard, ...]:
    """Return some anomalies; two statements."""
    return _cards(fetch(f"{_SELECT} WHERE a.id = ANY(%(ids)s)", {"ids": list(anomaly_ids)}))


def _given(wanted: Wanted) -> dict[str, Any]:
    text = wanted.text.strip().replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return {
        "state": wanted.state, "kind": wanted.kind, "score": wanted.least_score_e4, "plain": text, "text": f"%{text}%",
        "since": wanted.since, "until": wanted.until,
    }  # fmt: skip


def _cards(rows: list[tuple[Any, ...]]) -> tuple[AnomalyCard, ...]:
    names = users.names({row[_DECIDER] for row in rows if row[_DECIDER] is not None})
    fields = tuple(AnomalyCard.__dataclass_fields__)
    return tuple(
        AnomalyCard(
            **{
                **dict(zip(fields, row, strict=True)),
                "decider": names.get(row[_DECIDER], ""),
                "reasons": json.loads(row[_REASONS]),
            }
        )
        for row in rows
    )


_REASONS, _DECIDER = 6, 9
_FROM = """
FROM metering_anomaly a
LEFT JOIN metering_servicepoint s ON s.id = a.service_point_id
LEFT JOIN metering_premises p ON p.id = s.premises_id
LEFT JOIN metering_transformer t ON t.id = a.transformer_id
LEFT JOIN metering_servicepoint o ON o.id = a.other_point_id
LEFT JOIN metering_premises q ON q.id = o.premises_id
LEFT JOIN LATERAL (
    SELECT m.id, m.serial FROM metering_installation i JOIN metering_meter m ON m.id = i.meter_id
    WHERE i.service_point_id = s.id AND upper_inf(i.period) ORDER BY i.id LIMIT 1
) m ON true
"""
_SELECT = f"""
SELECT a.id, a.kind, a.state, a.score_e4, a.since_date, a.seen_date, a.reasons::text, a.opened_at, a.decided_at,
       a.decider_id, a.reason, a.work_order_id, s.id, coalesce(s.external_id, ''),
       coalesce(p.address, t.address, ''), m.id, coalesce(m.serial, ''), t.id, coalesce(t.name, ''), o.id,
       coalesce(o.external_id, ''), coalesce(q.address, '')
{_FROM}
"""
_WHERE = """
WHERE (%(state)s = '' OR a.state = %(state)s) AND (%(kind)s = '' OR a.kind = %(kind)s) AND a.score_e4 >= %(score)s
  AND (%(since)s::date IS NULL OR a.since_date >= %(since)s) AND (%(until)s::date IS NULL OR a.since_date <= %(until)s)
  AND (%(plain)s = '' OR m.serial LIKE %(plain)s || '%%' OR s.external_id ILIKE %(text)s OR p.address ILIKE %(text)s
       OR t.name ILIKE %(text)s)
"""
_PAGE = "ORDER BY a.score_e4 DESC, a.id DESC LIMIT %(most)s OFFSET %(offset)s"
