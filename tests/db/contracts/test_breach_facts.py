"""What is known when a case is entered: capacity, home or not, prices, what meters counted, times by the rule."""

from datetime import date

import pytest

from contracts.domain.breaches import BadBreach, BreachKind, Equipment
from contracts.models.agreement import AgreementTerm
from contracts.queries import breach_facts
from metering.models.place import ServicePoint
from tests.factories import accounts, contracts, metering, tariffs

pytestmark = pytest.mark.django_db
AT = date(2026, 3, 9)


@pytest.fixture
def world():
    accounts.supplier()
    return contracts.world()


def known(world, at=AT):
    return breach_facts.known(agreement_id=world.agreement.id, at=at)


def test_agreed_capacity_counts_before_that_which_is_connected(world):
    ServicePoint.objects.update(capacity_w=8_000)
    assert (known(world).capacity_va, known(world).is_agreed) == (8_000, False)
    AgreementTerm.objects.update(capacity_va=315_000)
    assert (known(world).capacity_va, known(world).is_agreed) == (315_000, True)


def test_a_home_is_one_by_its_tariff_else_by_who_lives_there(world):
    assert known(world).is_home
    shop = tariffs.version(source=tariffs.FLAT.replace("schema = 1", 'schema = 1\ncustomer_class = "commercial"'))
    AgreementTerm.objects.update(tariff=shop.tariff)
    assert not known(world).is_home


def test_a_day_before_the_supply_is_refused_and_one_after_its_end_is_not(world):
    with pytest.raises(BadBreach, match="2023-01-01"):
        known(world, at=date(2022, 12, 31))
    ended = contracts.world(end_date=date(2026, 1, 1))
    assert known(ended).term.id == ended.agreement.terms.get().id


@pytest.mark.parametrize(
    ("kind", "equipment", "days", "hours", "text"),
    [
        (BreachKind.CATEGORY, Equipment.POWER, None, None, "5 kW × 12 h × 90 d = 5,400 kWh"),
        (BreachKind.CATEGORY, Equipment.LIGHT, 10, None, "5 kW × 6 h × 10 d = 300 kWh"),
        (BreachKind.THEFT, Equipment.POWER, None, None, "5 kW × 12 h × 180 d = 10,800 kWh"),
        (BreachKind.THEFT, Equipment.LIGHT, None, 3, "5 kW × 3 h × 180 d = 2,700 kWh"),
    ],
)
def test_what_nobody_knows_the_rule_says(world, kind, equipment, days, hours, text):
    energy_wh, found_days, step = breach_facts.energy_of_use(
        kind=kind, at=AT, power_w=5_000, equipment=equipment, days=days, hours=hours
    )
    assert step.text(2) == text
    assert step.result.number == energy_wh
    assert found_days == (days or (180 if kind is BreachKind.THEFT else 90))


def test_prices_are_those_of_the_day_by_period_and_step(world):
    tariffs.version(source=tariffs.FLAT + "# not yet\n", start_date=date(2027, 1, 1))
    (one,) = breach_facts.prices(at=AT)
    assert (one.price_e6, one.step, one.labels, one.tariff_id) == (61_700_000, 0, {}, world.tariff.id)


def test_registers_of_all_hours_and_of_periods_are_not_both_counted(world):
    point = world.service_point
    for register in metering.metered(at=point, start_date=date(2025, 1, 1)):
        metering.usage(of=register, start_date=date(2026, 1, 1), end_date=date(2026, 2, 1), kwh=100, at=point)
        metering.usage(of=register, start_date=date(2026, 2, 1), end_date=date(2026, 3, 1), kwh=50, at=point)

    def counted(start, end):
        return breach_facts.counted(service_point_id=point.id, start_date=start, end_date=end)[0]

    assert counted(date(2026, 1, 1), date(2026, 3, 1)) == 150_000
    assert counted(date(2026, 2, 1), date(2026, 3, 1)) == 50_000
    for start, end in [((2026, 1, 15), (2026, 3, 1)), ((2026, 1, 1), (2026, 3, 2)), ((2025, 12, 1), (2026, 2, 1))]:
        with pytest.raises(BadBreach):
            counted(date(*start), date(*end))
