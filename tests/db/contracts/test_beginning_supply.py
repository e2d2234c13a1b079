"""Where supply begins by a change, the tariff is for the customer, the place and its meter; that is looked at before."""

from datetime import date

import pytest

from contracts.domain import change_checks
from contracts.queries import change_facts
from tests.db.billing.test_bills_of_changes import BY_MEASURED, TOU
from tests.factories import accounts, contracts, metering, tariffs
from tests.factories.changes import wanted

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 10)
HIGH = '[choice]\nkinds = ["company"]\nvoltages = ["10kV"]\nfrom_kva = "315"\n\n[labels.energy]'


@pytest.fixture(autouse=True)
def _supplier():
    accounts.supplier()


def place(*registers, **values):
    """A place where nobody is supplied, with a meter of such registers."""
    point = metering.service_point()
    metering.installation(of=metering.meter(registers=registers, **values), at=point)
    return point


def begins(kind, point, source, **values):
    """Codes of what keeps supply from beginning so for a resident."""
    account = accounts.account(holder=accounts.customer())
    given = {"service_point_id": point.id, "tariff_id": tariffs.version(source=source).tariff.id, **values}
    if kind == "move_in":
        given["customer_id"] = account.holders.get().customer_id
    else:
        given |= {"account_id": account.id, "until_date": date(2027, 1, 1)}
    one = wanted(kind, None, TODAY, **given)
    facts = change_facts.of_wanted(one, asked_date=TODAY, today=TODAY)
    return {finding.code for finding in change_checks.check(wanted=one, facts=facts)}


@pytest.mark.parametrize("kind", ["move_in", "temporary"])
def test_a_tariff_for_works_at_high_voltage_is_not_for_a_home(kind):
    source = tariffs.FLAT.replace("[labels.energy]", HIGH, 1)
    found = begins(kind, place("total"), source)
    assert found == {"tariff_not_for_kind", "tariff_not_for_voltage", "needed_here"}
    found = begins(kind, place("total"), source.replace('"flat"', '"again"'), capacity_va=100_000)
    assert found == {"tariff_not_for_kind", "tariff_not_for_voltage", "tariff_not_for_capacity"}
    assert begins(kind, place("total"), tariffs.FLAT.replace('"flat"', '"plain"')) == set()


@pytest.mark.parametrize("kind", ["move_in", "temporary"])
@pytest.mark.parametrize(
    ("registers", "is_interval", "fits"),
    [
        (("total",), False, False),
        (("peak",), False, False),
        (("peak", "valley"), False, True),
        (("total",), True, True),
    ],
)
def test_a_meter_tells_what_the_tariff_charges(kind, registers, is_interval, fits):
    found = begins(kind, place(*registers, is_interval=is_interval), TOU)
    assert found == (set() if fits else {"tariff_not_for_meter"})


def test_demand_is_told_by_a_register_of_demand_or_by_intervals():
    assert begins("move_in", place("total"), BY_MEASURED) == {"tariff_not_for_meter"}
    point = place("total")
    metering.register(
        of=point.installations.get().meter, code="demand", quantity="demand", resets="month"
    )  # fmt: skip
    assert begins("move_in", point, BY_MEASURED.replace('"by-peak"', '"by-peak-2"')) == set()


def test_who_moves_in_goes_on_with_the_use_of_the_place():
    shop = tariffs.FLAT.replace("currency", 'customer_class = "commercial"\ncurrency', 1)
    old = contracts.world(source=shop, end_date=date(2026, 1, 1))
    home = tariffs.FLAT.replace("currency", 'customer_class = "residential"\ncurrency', 1).replace('"flat"', '"home"')
    assert begins("move_in", old.service_point, home) == {"other_class"}
    assert begins("move_in", old.service_point, shop.replace('"flat"', '"shop"')) == set()


def test_where_no_meter_hangs_yet_none_is_asked_about():
    assert begins("move_in", metering.service_point(), TOU) == set()
