"""Where a fault is: supplies found by account, name, phone, address or meter, each with what is known of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from accounts.queries import search as account_search
from contracts.queries import supply
from metering.domain.outage_people import Supplied
from metering.queries import outage_places
from metering.queries import search as place_search
from metering.queries.outage_places import Known, Position


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultPlace:
    """A supply, who is supplied there (None: nobody), and what is known of it being dark."""

    position: Position
    who: Supplied | None
    known: Known
    flags: tuple[str, ...]


def find(*, text: str, today: date, at: datetime, most: int = 8) -> tuple[FaultPlace, ...]:
    """Return supplies that fit a text, the surest first; nine statements at most, however many are found."""
    if not text:
        return ()
    places = [hit.service_point_id for hit in place_search.find(text=text, at_date=today, limit=most) if hit.hangs]
    hits = account_search.find(text=text, at_date=today, limit=most)
    by_account = supply.of_accounts(account_ids=[hit.account_id for hit in hits]) if hits else {}
    own = [by_account[hit.account_id].service_point_id for hit in hits if hit.account_id in by_account]
    return of_points(service_point_ids=list(dict.fromkeys([*own, *places]))[:most], today=today, at=at)


def of_points(*, service_point_ids: Iterable[int], today: date, at: datetime) -> tuple[FaultPlace, ...]:
    """Return supplies with what is known of them, in the order given; a constant number of statements."""
    wanted = list(service_point_ids)
    if not wanted:
        return ()
    positions = outage_places.positions(service_point_ids=wanted)
    people = {one.service_point_id: one for one in outage_places.people(service_point_ids=wanted, on=today)}
    known = outage_places.known(service_point_ids=wanted, at=at)
    flags = outage_places.flags(service_point_ids=wanted, on=today)
    return tuple(
        FaultPlace(position=positions[one], who=people.get(one), known=known[one], flags=flags.get(one, ()))
        for one in wanted
        if one in positions
    )
