"""Planned outages as pages, the API and their own steps read them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone

from cis.kernel.errors import Refused
from cis.platform import packs
from cis.platform.db import fetch
from cis.platform.packs import MissingRule
from metering.domain.network import Asset
from metering.domain.outage_people import Supplied
from metering.domain.planned_outages import NoticeRule
from metering.models.outage import PlannedOutageMove
from metering.queries import outage_places
from metering.queries.outage_places import OutagesNotOffered

FLAGS = ("important", "life_support", "vulnerable")


class UnknownPlan(Refused):
    """There is no such planned outage."""

    code = "unknown_planned_outage"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCard:
    """
    A planned outage.

    name       of the transformer or feeder
    told       customers whom its notice goes to; ``mailing_state`` how far that is, "" without one
    outage_id  the outage that it became; None: it is not on yet
    """

    id: int
    asset: str
    asset_id: int
    name: str
    district: str
    state: str
    notice: str
    start_at: datetime
    end_at: datetime
    work: str
    reason: str
    supplies: int
    mailing_id: int | None
    told_id: int | None
    mailing_state: str
    told: int
    outage_id: int | None
    made_at: datetime
    actor_name: str
    announced_at: datetime | None

    def is_late(self, at: datetime) -> bool:
        """Return whether it should be over, or should have been announced, and is not."""
        return (self.state == "on" and self.end_at <= at) or (self.state == "proposed" and self.start_at <= at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which planned outages a list shows; "" = all; ``state`` "coming": those that are not over."""

    state: str = "coming"
    district: str = ""
    text: str = ""
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRow:
    """What was done with a planned outage, and the time that it then had."""

    at: datetime
    action: str
    start_at: datetime
    end_at: datetime
    note: str
    actor_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """
    Whom an outage would leave in the dark.

    supplies   that hang there; ``customers`` who are told, each once
    important  of important users; ``life_support`` and ``vulnerable`` of those to be spared
    people     some of them, those to be spared first, with what is to be known of them
    """

    supplies: int
    customers: int
    important: int
    life_support: int
    vulnerable: int
    people: tuple[tuple[Supplied, tuple[str, ...]], ...]


def rule(*, at: date) -> NoticeRule:
    """
    Return the rule on notice.

    :raises OutagesNotOffered: the pack has none.
    """
    try:
        return NoticeRule(**packs.rule("planned_outages", at=at))
    except MissingRule as missing:
        raise OutagesNotOffered("The rules of this place have nothing on planned outages.") from missing


_CARD = """
    SELECT l.id, l.asset, coalesce(l.transformer_id, l.feeder_id), coalesce(t.name, f.name), coalesce(t.district, ''),
           l.state, l.notice, l.start_at, l.end_at, l.work, l.reason, l.supplies, l.mailing_id, l.told_id,
           coalesce(m.state, ''), coalesce(m.count, 0),
           (SELECT max(o.id) FROM metering_outage o WHERE o.plan_id = l.id), l.made_at, l.actor_name, l.announced_at
    FROM metering_plannedoutage l
    LEFT JOIN metering_transformer t ON t.id = l.transformer_id LEFT JOIN metering_feeder f ON f.id = l.feeder_id
    LEFT JOIN accounts_mailing m ON m.id = l.mailing_id
"""
_FILTER = """
    WHERE (%(state)s = '' OR l.state = %(state)s
           OR %(state)s = 'coming' AND l.state IN ('proposed', 'announced', 'on'))
      AND (%(district)s = '' OR t.district = %(district)s)
      AND (%(since)s::date IS NULL OR l.end_at >= %(since)s::timestamp AT TIME ZONE %(zone)s)
      AND (%(until)s::date IS NULL OR l.start_at < %(until)s::timestamp AT TIME ZONE %(zone)s)
      AND (%(text)s = '' OR coalesce(t.name, f.name) ILIKE %(text)s OR l.work ILIKE %(text)s)
    ORDER BY l.state IN ('done', 'cancelled'), l.start_at, l.id LIMIT %(most)s OFFSET %(offset)s
"""


def listed(*, wanted: Wanted, offset: int = 0, most: int = 50) -> tuple[PlanCard, ...]:
    """Return planned outages, those that are not over first, the soonest first; one statement."""
    text = wanted.text.strip().replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    params = {
        "state": wanted.state, "district": wanted.district, "text": f"%{text}%" if text else "", "since": wanted.since,
        "until": wanted.until + timedelta(days=1) if wanted.until else None, "most": most, "offset": offset,
        "zone": timezone.get_default_timezone_name(),
    }  # fmt: skip
    return _cards(fetch(f"{_CARD} {_FILTER}", params))


def one(*, plan_id: int) -> PlanCard:
    """
    Return a planned outage; one statement.

    :raises UnknownPlan: there is none.
    """
    found = _cards(fetch(f"{_CARD} WHERE l.id = %s", [plan_id]))
    if not found:
        raise UnknownPlan(f"There is no planned outage {plan_id}.", plan_id=plan_id)
    return found[0]


def coming_to(*, service_point_ids: Collection[int], at: datetime) -> tuple[PlanCard, ...]:
    """Return the planned outages that supplies are told of and that are not over, the soonest first; one statement."""
    where = """WHERE l.state IN ('announced', 'on') AND l.end_at > %(at)s AND EXISTS (
                   SELECT FROM metering_servicepoint s LEFT JOIN metering_transformer n ON n.id = s.transformer_id
                   WHERE s.id = ANY(%(points)s) AND (s.transformer_id = l.transformer_id
                         OR coalesce(n.feeder_id, s.feeder_id) = l.feeder_id)) ORDER BY l.start_at, l.id"""
    return _cards(fetch(f"{_CARD} {where}", {"at": at, "points": list(service_point_ids)}))


def steps(*, plan_id: int) -> tuple[StepRow, ...]:
    """Return what was done with a planned outage, the earliest first; one statement."""
    rows = PlannedOutageMove.objects.filter(plan_id=plan_id).order_by("id")
    return tuple(StepRow(**row) for row in rows.values(*StepRow.__dataclass_fields__))


def hanging(*, asset: str, asset_id: int) -> tuple[int, ...]:
    """Return the connected supplies that hang on a transformer or a feeder, behind its transformers too."""
    rows = fetch(
        """SELECT s.id FROM metering_servicepoint s LEFT JOIN metering_transformer t ON t.id = s.transformer_id
           WHERE s.state = 'connected'
             AND CASE WHEN %(asset)s = 'transformer' THEN s.transformer_id = %(id)s
                      ELSE coalesce(t.feeder_id, s.feeder_id) = %(id)s END
           ORDER BY s.id""",
        {"asset": asset, "id": asset_id},
    )
    return tuple(point_id for (point_id,) in rows)


def preview(*, asset: str, asset_id: int, on: date, most: int = 50) -> Preview:
    """Return whom a planned outage would leave in the dark, as of the network today; four statements."""
    points = hanging(asset=asset, asset_id=asset_id)
    people = outage_places.people(service_point_ids=points, on=on)
    flags = outage_places.flags(service_point_ids=points, on=on)
    counts = {name: sum(name in found for found in flags.values()) for name in FLAGS}
    first = sorted(people, key=lambda one: (one.service_point_id not in flags, one.service_point_id))
    return Preview(
        supplies=len(points),
        customers=len({one.customer_id for one in people}),
        people=tuple((one, flags.get(one.service_point_id, ())) for one in first[:most]),
        **counts,
    )


def asset_name(asset: str, transformer_id: int | None, feeder_id: int | None) -> str:
    """Return the name of a transformer or feeder; one statement."""
    table = "metering_transformer" if asset == Asset.TRANSFORMER else "metering_feeder"
    rows = fetch(f"SELECT name FROM {table} WHERE id = %s", [transformer_id or feeder_id])  # noqa: S608 (two names)
    return str(rows[0][0]) if rows else ""


def _cards(rows: Sequence[Sequence[object]]) -> tuple[PlanCard, ...]:
    return tuple(PlanCard(**dict(zip(PlanCard.__dataclass_fields__, row, strict=True))) for row in rows)  # type: ignore[arg-type]
