"""
All that it takes so that somebody can be billed, in one transaction: customer, account, place, meter, first reads,
agreement, cycle.

It lives in billing, the lowest room that sees them all.
"""

from dataclasses import dataclass
from datetime import date

from accounts.domain.customer import NewCustomer
from accounts.operations import customers
from accounts.operations.customers import Created
from billing.operations import cycles
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform.db import joins_transaction, opens_transaction
from contracts.domain.agreements import NOTHING, Agreed
from contracts.operations import agreements
from metering.domain.places import NewPlace, NewRegister
from metering.operations import meters, places, reads
from metering.queries import places as place_queries
from metering.queries.places import UnknownServicePoint


class NoMeterThere(Refused):
    """No meter hangs at the service point on the first day of supply."""

    code = "no_meter_there"


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstRead:
    """What a counter shows when the supply starts. [Wh, before the multiplier]"""

    register: str
    reading_wh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterToHang:
    """A new meter with its counters and what they show."""

    serial: str
    registers: tuple[NewRegister, ...]
    multiplier: int
    model: str
    first_reads: tuple[FirstRead, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """
    A supply to begin.

    service_point  external id of a service point that exists; "" = ``place`` is new
    meter          None: the meter that hangs there stays
    cycle_code     "" = the account stays where it is
    """

    start_date: date
    tariff_id: int
    household: int
    service_point: str = ""
    place: NewPlace | None = None
    meter: MeterToHang | None = None
    cycle_code: str = ""
    agreed: Agreed = NOTHING


@opens_transaction
def take_on(
    *,
    customer: NewCustomer,
    opened_date: date,
    paper_bill: bool,
    supply: Supply | None,
    today: date,
    actor: Actor,
) -> Created:
    """
    Create a customer with an account, and begin its supply unless that is left for later.

    :raises Refused: whatever one of the steps refuses; then nothing is written.
    """
    made = customers.add(customer=customer, opened_date=opened_date, paper_bill=paper_bill, actor=actor)
    if supply is not None:
        connect(account_id=made.account_id, supply=supply, today=today, actor=actor)
    return made


@opens_transaction
def begin_supply(*, account_id: int, supply: Supply, today: date, actor: Actor) -> int:
    """
    Begin one more supply of an account that exists.

    :returns: id of the agreement.
    :raises Refused: whatever one of the steps refuses; then nothing is written.
    """
    return connect(account_id=account_id, supply=supply, today=today, actor=actor)


@joins_transaction
def connect(*, account_id: int, supply: Supply, today: date, actor: Actor) -> int:
    """
    Begin a supply: place, meter, first reads, agreement and cycle, as far as they are missing.

    :raises NoMeterThere: a place that exists has no meter, and none is given.
    """
    point_id = _place(supply, actor)
    if supply.meter is not None:
        _hang(supply.meter, point_id, from_date=supply.start_date, today=today, actor=actor)
    elif not place_queries.cards(service_point_ids=[point_id], at_date=supply.start_date)[point_id].meter_serials:
        raise NoMeterThere(
            f"No meter hangs at {supply.service_point} on {supply.start_date}.",
            advice="Give the meter that is hung up there.",
            field="serial",
        )
    agreement_id = agreements.begin(
        account_id=account_id,
        service_point_id=point_id,
        tariff_id=supply.tariff_id,
        start_date=supply.start_date,
        household=supply.household,
        agreed=supply.agreed,
        actor=actor,
    )
    if supply.cycle_code:
        cycles.put(account_id=account_id, cycle_code=supply.cycle_code, actor=actor)
    return agreement_id


def _place(supply: Supply, actor: Actor) -> int:
    if supply.place is not None:
        return places.add(place=supply.place, actor=actor).service_point_id
    found = place_queries.ids_by_external_id([supply.service_point])
    if supply.service_point not in found:
        raise UnknownServicePoint(
            f"There is no service point {supply.service_point}.", advice="Check the number.", field="service_point"
        )
    return found[supply.service_point]


def _hang(meter: MeterToHang, point_id: int, *, from_date: date, today: date, actor: Actor) -> None:
    meter_id = meters.add(serial=meter.serial, registers=meter.registers, model=meter.model, actor=actor)
    meters.hang(
        meter_id=meter_id,
        service_point_id=point_id,
        from_date=from_date,
        multiplier=meter.multiplier,
        actor=actor,
    )
    for read in meter.first_reads:
        reads.keep(
            serial=meter.serial,
            register=read.register,
            read_date=from_date,
            reading_wh=read.reading_wh,
            kind="initial",
            today=today,
            actor=actor,
        )
