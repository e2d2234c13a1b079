"""
What changes of use take of the network: held when they are agreed to, counted when they hold, given back by who goes.

What is suspended, or reduced for a time, stays the customer's: it is counted on. What is given up for good is free for
others. [source: 供电营业规则 (1996) 第二十三条: 减容期限内供电企业应保留用户减少容量的使用权]
"""

from datetime import date

from cis.kernel.actors import Actor
from cis.platform.db import joins_transaction
from contracts.domain.change_effects import taken
from contracts.domain.change_facts import Facts
from contracts.domain.changes import Wanted
from contracts.models.agreement import ServiceAgreement
from contracts.models.change import ChangeSet
from contracts.queries import agreements, change_facts
from metering.operations import capacity
from metering.operations.capacity import Need
from metering.queries import network
from metering.queries.network import HangingPoint

SUBJECT = "change"


@joins_transaction
def follow_step(*, agreement_id: int, on: date, today: date, actor: Actor) -> int | None:
    """
    Let the network count for a service point what is agreed there now; nothing is done where no capacity is agreed.

    :param on: date from which the agreement was changed; a term that begins after both this and today counts later.
    :returns: what was counted before [W]; None: nothing is agreed.
    :raises CapacityTaken: the transformer or feeder has no room for it.
    """
    card = agreements.card(agreement_id=agreement_id)
    term = card.term_on(max(on, today)) or card.terms[-1]
    if term.agreed.capacity_va is None:
        return None
    (place,) = network.hanging(service_point_ids=[card.service_point_id])
    capacity.change_step(
        service_point_id=card.service_point_id, capacity_w=term.agreed.capacity_va, today=today, actor=actor
    )
    return place.capacity_w


@joins_transaction
def hold_step(*, change: ChangeSet, wanted: Wanted, facts: Facts, today: date, actor: Actor) -> None:
    """
    Hold what a change that is to come will take of the network, so that nobody else takes it meanwhile.

    :raises CapacityTaken: there is no room for it.
    """
    wishes = dict(taken(wanted=wanted, facts=facts))
    places = network.hanging(service_point_ids=list(wishes)) if wishes else ()
    needs = [
        Need(
            asset=place.asset, asset_id=place.asset_id, capacity_w=wishes[place.id] - _counted(place),
            voltage=place.voltage, service_point_id=place.id,
        )
        for place in places
        if place.asset is not None and wishes[place.id] > _counted(place)
    ]  # fmt: skip
    if needs:
        until = wanted.effective_date + change_facts.kept_after(at=today)
        capacity.reserve_all_step(
            needs=needs, subject=SUBJECT, subject_id=change.id, today=today, actor=actor, until_date=until
        )


@joins_transaction
def drop_step(*, change_id: int, actor: Actor) -> None:
    """Give back what a change held that will not hold any more."""
    capacity.release_step(subject=SUBJECT, subject_id=change_id, actor=actor)


@joins_transaction
def give_back_step(*, change: ChangeSet, actor: Actor) -> None:
    """Count a place no more that was supplied for a time, unless somebody is supplied there again."""
    assert change.service_point_id is not None
    assert change.until_date is not None
    later = ServiceAgreement.objects.filter(
        service_point_id=change.service_point_id, period__overlap=(change.until_date, None)
    )
    if not later.exists():
        capacity.remove_step(service_point_id=change.service_point_id, actor=actor)


def _counted(place: HangingPoint) -> int:
    return place.capacity_w if place.is_connected else 0
