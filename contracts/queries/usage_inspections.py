"""Usage inspections for pages and the API, and what came of alarms of meters."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform import concealed
from cis.platform.db import fetch
from contracts.domain.usage_inspection import OPEN, Source, UsageFinding, UsageState
from contracts.models.usage_inspection import UsageInspection, UsageSuspicion
from metering.domain.anomalies import SUBJECT as ANOMALY_SUBJECT

OPEN_FILTER = "open"


class UnknownUsageInspection(Refused):
    """There is no such usage inspection."""

    code = "unknown_usage_inspection"


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageCard:
    """
    A usage inspection in a list.

    sources     where its suspicions come from, each once
    account_id  of who was supplied there; None: nobody
    """

    id: int
    state: UsageState
    finding: UsageFinding | None
    sources: tuple[Source, ...]
    service_point_id: int
    agreement_id: int | None
    account_id: int | None
    account_number: str
    address: str
    district: str
    work_order_id: int | None
    visited_date: date | None
    breach_id: int | None
    correction_id: int | None
    dispute: str
    reason: str
    opened_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspicionRow:
    """
    A reason to inspect.

    kind     what the meter said, of an alarm; "" else
    case_id  the case of who told, where the one who looks may know of it; None: there is none, or it is kept from them
    """

    source: Source
    words: str
    kind: str
    alarm_id: int | None
    case_id: int | None
    at: datetime
    actor_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which are listed; "" = all. state: one of them, or ``open``; text: beginning of an account number, or address."""

    state: str = ""
    source: str = ""
    text: str = ""


def listed(*, wanted: Wanted, offset: int = 0, most: int = 50) -> tuple[UsageCard, ...]:
    """Return usage inspections, the latest first; one statement."""
    return _cards(wanted, None, offset, most)


def count(*, wanted: Wanted) -> int:
    """Return how many there are; one statement."""
    return int(fetch(f"SELECT count(*) {_FROM}", _given(wanted, None))[0][0])


def one(*, inspection_id: int) -> UsageCard:
    """
    Return a usage inspection; one statement.

    :raises UnknownUsageInspection: there is none.
    """
    found = _cards(Wanted(), [inspection_id], 0, 1)
    if not found:
        raise UnknownUsageInspection(f"There is no usage inspection {inspection_id}.", inspection_id=inspection_id)
    return found[0]


def by_ids(*, inspection_ids: Collection[int]) -> dict[int, UsageCard]:
    """Return some usage inspections, by id; one statement."""
    return {card.id: card for card in _cards(Wanted(), list(inspection_ids), 0, len(inspection_ids))}


def suspicions(*, inspection_id: int, actor: Actor) -> tuple[SuspicionRow, ...]:
    """Return why a place is inspected, the first reason first, without cases kept from the actor; two statements."""
    hidden = concealed.hidden_from(actor).get("case", ())
    rows = UsageSuspicion.objects.filter(inspection_id=inspection_id).select_related("alarm").order_by("id")
    return tuple(
        SuspicionRow(
            source=Source(row.source), words=row.words, kind=row.alarm.kind if row.alarm else "",
            alarm_id=row.alarm_id, case_id=_case_of(row.reference, hidden), at=row.at, actor_name=row.actor_name,
        )
        for row in rows
    )  # fmt: skip


def of_alarms(*, alarm_ids: Iterable[int]) -> dict[int, int]:
    """Return the usage inspection that came of alarms, by alarm; one statement."""
    rows = UsageSuspicion.objects.filter(alarm_id__in=list(alarm_ids)).values_list("alarm_id", "inspection_id")
    return {alarm_id: inspection_id for alarm_id, inspection_id in rows if alarm_id is not None}


def of_anomaly(*, anomaly_id: int) -> int | None:
    """Return the usage inspection that an anomaly was a reason of; None: of none. One statement."""
    rows = UsageSuspicion.objects.filter(source=Source.ANOMALY.value, reference=f"{ANOMALY_SUBJECT}:{anomaly_id}")
    return rows.values_list("inspection_id", flat=True).first()


def of_breach(*, case_id: int) -> int | None:
    """Return the usage inspection that found a breach; None: none did. One statement."""
    return UsageInspection.objects.filter(breach_id=case_id).values_list("id", flat=True).first()


def _case_of(reference: str, hidden: Collection[int]) -> int | None:
    kind, number, *_place = [*reference.split(":"), ""]
    if kind != "case" or not number.isdigit() or int(number) in hidden:
        return None
    return int(number)


def _cards(wanted: Wanted, ids: list[int] | None, offset: int, most: int) -> tuple[UsageCard, ...]:
    rows = fetch(
        f"{_SELECT} {_FROM} ORDER BY i.id DESC LIMIT %(most)s OFFSET %(offset)s",
        {**_given(wanted, ids), "most": most, "offset": offset},
    )
    return tuple(
        UsageCard(
            **{
                **dict(zip(UsageCard.__dataclass_fields__, row, strict=True)),
                "state": UsageState(row[1]), "finding": UsageFinding(row[2]) if row[2] else None,
                "sources": tuple(Source(one) for one in row[3]),
            }
        )
        for row in rows
    )  # fmt: skip


def _given(wanted: Wanted, ids: list[int] | None) -> dict[str, object]:
    states = [wanted.state] if wanted.state else None
    if wanted.state == OPEN_FILTER:
        states = [state.value for state in OPEN]
    text = wanted.text.strip().replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return {"ids": ids, "states": states, "source": wanted.source, "text": text, "like": f"%{text}%"}


_SELECT = """
    SELECT i.id, i.state, i.finding,
           ARRAY(SELECT DISTINCT u.source FROM contracts_usagesuspicion u WHERE u.inspection_id = i.id ORDER BY 1),
           i.service_point_id, i.agreement_id, g.account_id, coalesce(c.number, ''), p.address, p.district,
           i.work_order_id, i.visited_date, i.breach_id, i.correction_id, i.dispute, i.reason, i.opened_at, i.ended_at
"""
_FROM = """
    FROM contracts_usageinspection i
    JOIN metering_servicepoint s ON s.id = i.service_point_id
    JOIN metering_premises p ON p.id = s.premises_id
    LEFT JOIN contracts_serviceagreement g ON g.id = i.agreement_id
    LEFT JOIN accounts_account c ON c.id = g.account_id
    WHERE (%(ids)s::bigint[] IS NULL OR i.id = ANY(%(ids)s::bigint[]))
      AND (%(states)s::text[] IS NULL OR i.state = ANY(%(states)s::text[]))
      AND (%(source)s = '' OR EXISTS (SELECT FROM contracts_usagesuspicion u
                                      WHERE u.inspection_id = i.id AND u.source = %(source)s))
      AND (%(text)s = '' OR c.number LIKE %(text)s || '%%' OR p.address ILIKE %(like)s)
"""
