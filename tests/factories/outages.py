"""A street in the dark: transformers with supplies, and who lives there."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.utils import timezone

from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from metering.domain.meter_alarms import AlarmKind, NewAlarm
from metering.domain.outages import FaultChannel, FaultKind, NewReport
from metering.models.network import Feeder, Transformer
from metering.models.place import ServicePoint
from metering.operations import meter_alarms
from tests.factories import accounts, contracts, metering, tariffs

CLERK = Actor(kind=ActorKind.STAFF, id=7, name="Clerk", roles=frozenset({Role.CLERK}))
PLANNER = Actor(kind=ActorKind.STAFF, id=8, name="Planner", roles=frozenset({Role.METERING, Role.CLERK}))


@dataclass
class Street:
    """A feeder with transformers, each with supplies whose accounts have a customer with a mobile."""

    feeder: Feeder
    transformers: list[Transformer]
    points: list[list[ServicePoint]]

    @property
    def all_points(self) -> list[ServicePoint]:
        return [point for points in self.points for point in points]


def street(*, transformers: int = 2, supplies: int = 3, district: str = "黄浦区", lived_in: bool = True) -> Street:
    feeder = metering.feeder()
    banks = [metering.transformer(at=feeder, district=district) for _ in range(transformers)]
    points = [
        [metering.service_point(at=metering.premises(district=district), transformer=bank) for _ in range(supplies)]
        for bank in banks
    ]
    made = Street(feeder, banks, points)
    if lived_in:
        tariff = tariffs.tariff()
        for point in made.all_points:
            who = accounts.customer()
            accounts.contact_point(of=who)
            account = accounts.account(holder=who)
            contracts.agreement(account=account, service_point=point, tariff=tariff, start_date=date(2024, 1, 1))
    return made


def hung(made: Street) -> dict[int, str]:
    """A meter at each supply of a street; the serial number by supply."""
    return {point.id: metering.installation(at=point).meter.serial for point in made.all_points}


def send(*said: tuple[str, str, float], actor: Actor = SYSTEM) -> meter_alarms.Taken:
    """Send alarms at once: serial, "off" or "on", minutes from now."""
    now = timezone.now()
    alarms = [
        NewAlarm(serial=serial, kind=AlarmKind(f"power_{kind}"), occurred_at=now + timedelta(minutes=minutes))
        for serial, kind, minutes in said
    ]
    return meter_alarms.take(alarms=alarms, actor=actor)


def new(point: ServicePoint | None = None, **values) -> NewReport:
    given = {"kind": FaultKind.NO_POWER, "channel": FaultChannel.PHONE, **values}
    return NewReport(service_point_id=point.id if point else None, **given)
