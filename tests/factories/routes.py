"""A reading route past some meters that were read a month ago."""

from dataclasses import dataclass
from datetime import date

from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from metering.domain.routes import Schedule
from metering.models.device import Register
from metering.models.place import ServicePoint
from metering.operations import routes
from metering.operations.routes import NewRoute
from tests.factories import metering

WALKER = Actor(ActorKind.STAFF, 21, "Zhou", frozenset({Role.FIELD}))
PLANNED = date(2026, 3, 10)


@dataclass(frozen=True)
class Route:
    """A route with its places and their counters, in the order of the walk."""

    id: int
    places: list[ServicePoint]
    registers: list[Register]


def new(*, code="R1", name="Nanjing Road", days=(10,), every=1, window_days=3, crew_id=None) -> NewRoute:
    schedule = Schedule(days=tuple(days), every_months=every, first_month=date(2026, 1, 1), window_days=window_days)
    return NewRoute(code=code, name=name, crew_id=crew_id, schedule=schedule)


def route(*, count: int = 3, code: str = "R1", **values) -> Route:
    """Places with one counter each, at 1,000 kWh on the 10th of February."""
    route_id = routes.create(new=new(code=code, **values), actor=WALKER)
    places = [metering.service_point() for _ in range(count)]
    registers = [metering.metered(at=place)[0] for place in places]
    for register in registers:
        metering.read(of=register, on=date(2026, 2, 10), kwh=1_000)
    routes.add_stops(route_id=route_id, external_ids=[one.external_id for one in places], actor=WALKER)
    return Route(route_id, places, registers)
