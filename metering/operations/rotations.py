"""Meters whose verification falls due are exchanged: many orders at once, one a place."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import db
from cis.platform.db import opens_transaction
from metering.domain.work_orders import DISPATCHERS, WorkKind
from metering.operations import work_in_bulk
from metering.operations.work_orders import AT_PLACE
from metering.queries import device_tests as queries
from metering.queries.device_tests import DueMeter

EXCHANGES_MOST = 500


class BadDueDate(Refused):
    """The exchanges would have to be done before today."""

    code = "bad_due_date"


class TooManyExchanges(Refused):
    """More meters than are ordered at a time."""

    code = "too_many_exchanges"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchanges:
    """What is ordered, or would be: places that get an order, and those where one is under way and none is made."""

    ordered: tuple[DueMeter, ...]
    under_way: tuple[DueMeter, ...]

    @property
    def orders(self) -> int:
        """Return how many orders that are: one for each place, however many of its meters are due."""
        return len({one.service_point_id for one in self.ordered})


def preview(*, meter_ids: Sequence[int], until: date, today: date) -> Exchanges:
    """
    Return what ``order`` would do with some meters; one statement. Those that are not due any more are left out.

    :param until: their certificate ends by then.
    :raises TooManyExchanges: more than 500.
    """
    if len(meter_ids) > EXCHANGES_MOST:
        raise TooManyExchanges(f"Up to {EXCHANGES_MOST} exchanges are ordered at a time.", advice="Choose fewer.")
    found = queries.due(today=today, until=until, meter_ids=meter_ids, most=EXCHANGES_MOST)
    return Exchanges(
        ordered=tuple(one for one in found if not one.is_ordered),
        under_way=tuple(one for one in found if one.is_ordered),
    )


@opens_transaction
def order(*, meter_ids: Sequence[int], until: date, due_date: date, today: date, actor: Actor) -> Exchanges:
    """
    Order the exchange of meters; a place with one under way gets no other, so the same again orders nothing.

    Crews and hours are given afterwards, by the appointments that there are. A constant number of statements.

    :raises NotAllowed: the actor may not send crews.
    :raises BadDueDate: it lies before today.
    :raises TooManyExchanges: more than 500.
    """
    if not actor.is_one_of(DISPATCHERS):
        raise NotAllowed(f"{actor.name} may not order work.", advice="Ask the desk.")
    if due_date < today:
        raise BadDueDate("Choose today or a later day.", field="due_date")
    # Of two who order for one place, the second waits here and then sees the order of the first.
    db.fetch(_LOCK_PLACES, [list(meter_ids)])
    made = preview(meter_ids=meter_ids, until=until, today=today)
    here: dict[int, list[DueMeter]] = {}
    for one in made.ordered:
        here.setdefault(one.service_point_id, []).append(one)
    if here:
        work_in_bulk.create_step(
            kind=WorkKind.METER_EXCHANGE, subject=AT_PLACE, places={point: point for point in here},
            facts={
                point: {
                    "meter": ", ".join(one.serial for one in meters),
                    "certified_until": min(one.certified_until for one in meters),
                }
                for point, meters in here.items()
            },
            due_date=due_date, actor=actor,
        )  # fmt: skip
    return made


_LOCK_PLACES = """
SELECT id FROM metering_servicepoint
WHERE id IN (SELECT service_point_id FROM metering_installation WHERE meter_id = ANY(%s))
ORDER BY id FOR NO KEY UPDATE
"""
