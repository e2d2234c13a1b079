"""Rounds that a crew has to walk, and what phones sent of one."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Q

from cis.kernel.actors import Actor
from cis.kernel.enums import Role
from cis.kernel.fixed import to_text
from cis.platform.db import fetch
from metering.domain.routes import RoundState
from metering.models.route import ReadingRound
from metering.queries import crews
from metering.queries.routes import RouteCard, UnknownRound

SHOWN_MOST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundToWalk:
    """An open round of a route that a crew walks, or that nobody is named for."""

    id: int
    code: str
    name: str
    planned_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class SentRow:
    """
    What a phone sent of a counter.

    reading_wh   before the multiplier [Wh or varh]; None: missed, ``reason`` says why
    north, east  where somebody stood [degrees]; "" = not said, or forgotten since
    document_id  of the photo beside it; None: there is none
    """

    meter_id: int
    serial: str
    code: str
    read_date: date
    reading_wh: int | None
    reason: str
    north: str
    east: str
    received_at: datetime
    document_id: int | None


def to_walk(*, crew_id: int | None) -> tuple[RoundToWalk, ...]:
    """Return the open rounds of a crew, and those of routes without one, by day; one statement."""
    mine = Q(route__crew_id=None) if crew_id is None else Q(route__crew_id=None) | Q(route__crew_id=crew_id)
    rows = ReadingRound.objects.filter(mine, state=RoundState.OPEN.value).select_related("route")
    return tuple(
        RoundToWalk(id=row.id, code=row.route.code, name=row.route.name, planned_date=row.planned_date)
        for row in rows.order_by("planned_date", "route__code")
    )


def check_visible(*, round_id: int, route: RouteCard, actor: Actor) -> None:
    """
    Do nothing where somebody may walk a round: the desk all, a crew its own and those that nobody is named for.

    :raises UnknownRound: to a crew, the rounds of another one do not exist.
    """
    if route.crew_id is None or actor.roles & {Role.METERING, Role.SUPERVISOR}:
        return
    if crews.of_user(user_id=actor.id) != route.crew_id:
        raise UnknownRound(f"There is no round {round_id} of your crew.", round_id=round_id)


def of_round(*, round_id: int) -> tuple[SentRow, ...]:
    """Return what phones sent of a round, the latest first, at most 500; one statement."""
    return tuple(_row(*row) for row in fetch(_SENT, {"round": round_id, "most": SHOWN_MOST}))


def _row(latitude_e3: int | None, longitude_e3: int | None, *rest: Any) -> SentRow:
    north, east = ("" if one is None else to_text(one, places=3) for one in (latitude_e3, longitude_e3))
    return SentRow(**dict(zip(_NAMES, rest, strict=True)), north=north, east=east)


_NAMES = ("meter_id", "serial", "code", "read_date", "reading_wh", "reason", "received_at", "document_id")
_SENT = """
SELECT p.latitude_e3, p.longitude_e3, t.id, t.serial, x.code, p.read_date, p.reading_wh, p.reason, p.received_at,
       (SELECT max(f.document_id) FROM metering_readphoto f
        WHERE f.register_id = p.register_id AND f.read_date = p.read_date)
FROM metering_phoneread p
JOIN metering_register x ON x.id = p.register_id
JOIN metering_meter t ON t.id = x.meter_id
WHERE p.round_id = %(round)s ORDER BY p.received_at DESC, p.id DESC LIMIT %(most)s
"""
