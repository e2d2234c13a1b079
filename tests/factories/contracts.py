"""Agreements and their terms, and one small world around them."""

from dataclasses import dataclass
from datetime import date
from itertools import count

from django.db.backends.postgresql.psycopg_any import DateRange

from accounts.models.account import Account
from accounts.models.customer import Customer
from contracts.models.agreement import AgreementTerm, ServiceAgreement
from metering.models.place import Premises, ServicePoint
from tariffs.models.tariff import Tariff, TariffVersion
from tests.factories import accounts, tariffs

START = date(2023, 1, 1)
_serial = count(1)


def service_point(**values) -> ServicePoint:
    """A place to be supplied, with no meter."""
    serial = next(_serial)
    premises = Premises.objects.create(external_id=f"FP{serial:06d}", address=f"上海市黄浦区南京东路{serial}号")
    return ServicePoint.objects.create(external_id=f"FS{serial:06d}", premises=premises, **values)


def agreement(
    *,
    account: Account | None = None,
    service_point: ServicePoint | None = None,
    tariff: Tariff | None = None,
    household: int = 1,
    start_date: date = START,
    end_date: date | None = None,
    **values,
) -> ServiceAgreement:
    """An agreement with one term over its whole time; what is not given is made."""
    values.setdefault("external_id", f"FG{next(_serial):06d}")
    made = ServiceAgreement.objects.create(
        account=account or accounts.account(),
        service_point=service_point or _service_point(),
        period=DateRange(start_date, end_date),
        **values,
    )
    term(of=made, tariff=tariff, household=household, start_date=start_date, end_date=end_date)
    return made


def term(
    *,
    of: ServiceAgreement,
    tariff: Tariff | None = None,
    household: int = 1,
    start_date: date = START,
    end_date: date | None = None,
) -> AgreementTerm:
    """One more term; the caller keeps terms of an agreement apart in time."""
    return AgreementTerm.objects.create(
        agreement=of,
        tariff=tariff or tariffs.tariff(),
        household=household,
        period=DateRange(start_date, end_date),
    )


@dataclass(frozen=True)
class World:
    """One customer who holds one account with one agreement at one published tariff."""

    customer: Customer
    account: Account
    service_point: ServicePoint
    tariff: Tariff
    version: TariffVersion
    agreement: ServiceAgreement


def world(*, source: str = "", start_date: date = START, end_date: date | None = None, household: int = 1) -> World:
    """
    The smallest world that can be billed, but for its meter and usage.

    :param source: TOML document of the tariff; by default ``tariffs.FLAT``.
    """
    customer = accounts.customer()
    account = accounts.account(holder=customer, opened_date=start_date)
    place = service_point()
    version = tariffs.version(source=source or tariffs.FLAT)
    made = agreement(
        account=account,
        service_point=place,
        tariff=version.tariff,
        household=household,
        start_date=start_date,
        end_date=end_date,
    )
    return World(customer, account, place, version.tariff, version, made)


_service_point = service_point
