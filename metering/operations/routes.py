"""Reading routes: made, changed, and the places on them in the order of the walk."""

from collections.abc import Sequence
from dataclasses import dataclass

from cis.kernel.actors import Actor
from cis.kernel.errors import Findings, Refused
from cis.platform import audit, db
from cis.platform.db import opens_transaction
from metering.domain.routes import CODE_MOST, NAME_MOST, NOTE_MOST, STOPS_MOST, RoundState, Schedule, check_schedule
from metering.models.place import ServicePoint
from metering.models.route import ReadingRound, ReadingRoute, RouteStop
from metering.models.work import Crew
from metering.queries.routes import UnknownRoute


class InvalidRoute(Refused):
    """Fields of the route or of a stop are wrong; ``detail["findings"]`` has one entry for each."""

    code = "invalid_route"


class UnknownStop(Refused):
    """The route has no such stop."""

    code = "unknown_stop"


class RouteHasOpenRound(Refused):
    """A round of the route is open."""

    code = "route_has_open_round"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRoute:
    """What a route is to be; ``crew_id`` None: nobody is named to walk it."""

    code: str
    name: str
    crew_id: int | None
    schedule: Schedule


@opens_transaction
def create(*, new: NewRoute, actor: Actor) -> int:
    """
    Make a route without places; return its id.

    :raises InvalidRoute: the code is taken, the crew unknown, or the schedule wrong.
    """
    _check(0, new)
    row = ReadingRoute.objects.create(**_columns(new))
    audit.record(actor, "create", "reading_route", row.id, code=row.code, days=list(new.schedule.days))
    return row.id


@opens_transaction
def change(*, route_id: int, new: NewRoute, is_active: bool, actor: Actor) -> None:
    """
    Change a route; rounds that were opened stay as they are.

    :raises UnknownRoute: there is none.
    :raises InvalidRoute: as ``create``.
    :raises RouteHasOpenRound: it is to be walked no more, and a round of it is open.
    """
    _locked(route_id)
    _check(route_id, new)
    is_open = ReadingRound.objects.filter(route_id=route_id, state=RoundState.OPEN.value).exists()
    if not is_active and is_open:
        raise RouteHasOpenRound("A round of this route is open.", advice="Close it first.")
    ReadingRoute.objects.filter(id=route_id).update(**_columns(new), is_active=is_active)
    audit.record(
        actor, "change", "reading_route", route_id, code=new.code, days=list(new.schedule.days), is_active=is_active
    )


@opens_transaction
def add_stops(*, route_id: int, external_ids: Sequence[str], actor: Actor) -> int:
    """
    Put service points at the end of a route, all or none; return how many came: those that are on it stay in place.

    :param external_ids: numbers of service points, in the order of the walk.
    :raises UnknownRoute: there is none.
    :raises InvalidRoute: a number is unknown, or its place is on another route.
    """
    _locked(route_id)
    wanted = list(dict.fromkeys(one.strip() for one in external_ids if one.strip()))
    known = dict(ServicePoint.objects.filter(external_id__in=wanted).values_list("external_id", "id"))
    taken = dict(
        RouteStop.objects.filter(service_point_id__in=known.values()).values_list("service_point_id", "route__code")
    )
    own = set(RouteStop.objects.filter(route_id=route_id).values_list("service_point_id", flat=True))
    findings = Findings()
    for one in wanted:
        if one not in known:
            findings.add("points", "unknown_service_point", f"There is no service point {one}.")
        elif known[one] in taken and known[one] not in own:
            findings.add("points", "on_other_route", f"{one} is on route {taken[known[one]]}.")
    new = [known[one] for one in wanted if one in known and known[one] not in own]
    if len(own) + len(new) > STOPS_MOST:
        findings.add("points", "too_many_stops", f"A route has up to {STOPS_MOST} places.")
    findings.raise_if_any(InvalidRoute)
    first = len(own) + 1
    RouteStop.objects.bulk_create(
        [RouteStop(route_id=route_id, place=first + n, service_point_id=point) for n, point in enumerate(new)]
    )
    if new:
        audit.record(actor, "add_stops", "reading_route", route_id, service_points=new)
    return len(new)


@opens_transaction
def move_stop(*, route_id: int, stop_id: int, place: int, actor: Actor) -> None:
    """
    Put a stop at another place of the walk; those between move up or down by one. A place beyond the end is the end.

    :raises UnknownRoute, UnknownStop: there is none.
    """
    _locked(route_id)
    order = _order(route_id, stop_id)
    order.remove(stop_id)
    order.insert(max(place, 1) - 1, stop_id)
    _number(order)
    audit.record(actor, "move_stop", "reading_route", route_id, stop=stop_id, place=order.index(stop_id) + 1)


@opens_transaction
def remove_stop(*, route_id: int, stop_id: int, actor: Actor) -> None:
    """
    Take a place off a route; the others close up.

    :raises UnknownRoute, UnknownStop: there is none.
    """
    _locked(route_id)
    order = _order(route_id, stop_id)
    point_id = RouteStop.objects.get(id=stop_id).service_point_id
    RouteStop.objects.filter(id=stop_id).delete()
    order.remove(stop_id)
    _number(order)
    audit.record(actor, "remove_stop", "reading_route", route_id, service_point=point_id)


@opens_transaction
def note_stop(*, route_id: int, stop_id: int, key_note: str, access_note: str, actor: Actor) -> None:
    """
    Write down how to get to a meter: which key opens, where it hangs.

    :raises UnknownRoute, UnknownStop: there is none.
    :raises InvalidRoute: a note is too long.
    """
    _locked(route_id)
    _order(route_id, stop_id)
    findings = Findings()
    for name, note in (("key_note", key_note), ("access_note", access_note)):
        if len(note.strip()) > NOTE_MOST:
            findings.add(name, "too_long", f"A note has up to {NOTE_MOST} characters.")
    findings.raise_if_any(InvalidRoute)
    RouteStop.objects.filter(id=stop_id).update(key_note=key_note.strip(), access_note=access_note.strip())
    audit.record(actor, "note_stop", "reading_route", route_id, stop=stop_id)


def _locked(route_id: int) -> ReadingRoute:
    row = ReadingRoute.objects.select_for_update().filter(id=route_id).first()
    if row is None:
        raise UnknownRoute(f"There is no reading route {route_id}.", route_id=route_id)
    return row


def _order(route_id: int, stop_id: int) -> list[int]:
    """Return the stops of a route in the order of the walk, one of which must be among them."""
    order = list(RouteStop.objects.filter(route_id=route_id).order_by("place").values_list("id", flat=True))
    if stop_id not in order:
        raise UnknownStop(f"The route has no stop {stop_id}.", stop_id=stop_id)
    return order


def _number(order: Sequence[int]) -> None:
    """Give stops their places from 1 in a given order; one statement."""
    db.fetch(_NUMBER, {"stops": list(order)})


def _columns(new: NewRoute) -> dict[str, object]:
    schedule = new.schedule
    return {
        "code": new.code.strip(), "name": new.name.strip(), "crew_id": new.crew_id, "days": list(schedule.days),
        "every_months": schedule.every_months, "first_month": schedule.first_month.replace(day=1),
        "window_days": schedule.window_days,
    }  # fmt: skip


def _check(route_id: int, new: NewRoute) -> None:
    findings = Findings()
    code = new.code.strip()
    if not 1 <= len(code) <= CODE_MOST:
        findings.add("code", "bad_route_code", f"The code has 1 to {CODE_MOST} characters.")
    elif ReadingRoute.objects.filter(code=code).exclude(id=route_id).exists():
        findings.add("code", "route_taken", f"There is a route {code} already.")
    if not 1 <= len(new.name.strip()) <= NAME_MOST:
        findings.add("name", "bad_route_name", f"The name has 1 to {NAME_MOST} characters.")
    if new.crew_id is not None and not Crew.objects.filter(id=new.crew_id).exists():
        findings.add("crew", "unknown_crew", f"There is no crew {new.crew_id}.")
    check_schedule(new.schedule, findings=findings)
    findings.raise_if_any(InvalidRoute)


_NUMBER = """
UPDATE metering_routestop s SET place = w.place
FROM unnest(%(stops)s::bigint[]) WITH ORDINALITY AS w(id, place)
WHERE s.id = w.id AND s.place <> w.place RETURNING s.id
"""
