"""A prepaid home with a counter that is read each day."""

from datetime import date, timedelta

from billing.operations import prepaid
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from metering.models.device import Register
from metering.models.read import RegisterRead
from tariffs.models.tariff import Tariff
from tests.factories import contracts, metering, tariffs

CLERK = Actor(ActorKind.STAFF, 11, "Li", frozenset({Role.CLERK, Role.BILLING}))
DAY = timedelta(days=1)
CODE = "residential-tiered"


def home(*, switch: str = "on", tariff: Tariff | None = None, **values) -> tuple[contracts.World, Register]:
    """A home at the tariff of Shanghai with yearly steps, with a meter that answers commands."""
    made = contracts.world(**values)
    known = tariff or Tariff.objects.filter(code=CODE).first()
    made.agreement.terms.update(tariff=known or tariffs.from_pack(CODE).tariff)
    meter = metering.meter(switch=switch)
    metering.installation(of=meter, at=made.service_point)
    return made, meter.registers.get()


def switched_on(world: contracts.World, *, since: date, reference: str = "YF-1") -> int:
    """The account pays before it uses from a day on."""
    return prepaid.switch_on(
        account_id=world.account.id, since_date=since, agreement_reference=reference, today=since, actor=CLERK
    )


def read_daily(register: Register, *, since: date, values_kwh: list[int]) -> None:
    """Counter values at the start of each day from a day on."""
    RegisterRead.objects.bulk_create(
        RegisterRead(register=register, read_date=since + place * DAY, reading_wh=kwh * 1_000)
        for place, kwh in enumerate(values_kwh)
    )
