"""The made-up supplier's bills at other prices: the same ones cost the same, other hours what the half hours say."""

from datetime import timedelta
from fractions import Fraction

import pytest
from django.conf import settings as django_settings
from django.utils import timezone

from billing.domain import simulation
from billing.models.bill import Bill, BillSegment
from billing.models.simulation import SimulatedSupply
from billing.operations import simulations
from billing.operations.simulations import Change
from billing.queries import simulations as found
from cis.demo import world
from cis.kernel.actors import SYSTEM
from cis.kernel.periods import Period
from contracts.models.agreement import ServiceAgreement
from tariffs.queries import plans
from tests.journeys.test_made_up_supplier import ACCOUNTS, MONTHS, _cost, _rounded, billed

__all__ = ["billed"]
pytestmark = pytest.mark.django_db(transaction=True)
PACKS = django_settings.BASE_DIR / "cis" / "packs"
TARIFFS = (world.TARIFF_FLAT, world.TARIFF_TOU, world.TARIFF_COLLECTIVE, world.TARIFF_WORKS)
PERIOD = Period(MONTHS[0].start, MONTHS[-1].end)
LATE_PEAK = slice(16, 44)  # 08:00 to 22:00


def text(code):
    pack = "cn-commercial" if code == world.TARIFF_WORKS else "cn-shanghai"
    return (PACKS / pack / "tariffs" / f"{code}.toml").read_text(encoding="utf-8")


def simulate(*texts):
    changes = [Change(tariff_id=plans.tariff_id(found.plan_of(one).code), source=one) for one in texts]
    simulation_id = simulations.open(name="journey", period=PERIOD, changes=changes, actor=SYSTEM)
    simulations.work(timezone.now())
    assert found.one(simulation_id=simulation_id).state == "done"
    return SimulatedSupply.objects.filter(simulation_id=simulation_id)


@pytest.mark.parametrize("is_measured", [False, True])
def test_the_same_prices_cost_what_was_billed(billed, monkeypatch, is_measured):
    if is_measured:  # as if nothing that is kept would do
        monkeypatch.setattr(simulation, "is_told", lambda **_: False)
    rows = simulate(*map(text, TARIFFS))
    assert rows.count() == ACCOUNTS
    assert set(rows.values_list("reason", flat=True)) == {""}
    for row in rows:
        segments = BillSegment.objects.filter(agreement_id=row.agreement_id, bill__state="issued")
        amounts = list(segments.values_list("amount_minor", flat=True))
        assert row.old_minor == row.new_minor == sum(amounts) != 0
    assert sum(row.old_minor for row in rows) == sum(Bill.objects.values_list("amount_minor", flat=True))
    simulated = found.groups(simulation_id=rows[0].simulation_id)
    assert {card.key: card.supplies for card in simulated["class"]} == {"residential": ACCOUNTS - 1, "industrial": 1}


def test_other_hours_cost_what_the_half_hours_say(billed):
    scale, _ = billed
    later = text(world.TARIFF_TOU).replace("06:00-22:00", "08:00-22:00").replace("22:00-06:00", "22:00-08:00")
    rows = {row.agreement_id: row for row in simulate(later)}
    points = dict(ServiceAgreement.objects.values_list("service_point__external_id", "id"))
    of_number = {int(point[-5:]): agreement for point, agreement in points.items()}
    homes = [home for home in world.households(scale) if home.tariff == world.TARIFF_TOU]
    assert {of_number[home.number] for home in homes} == set(rows)
    simulated = 0
    for home in homes:
        row = rows[of_number[home.number]]
        if home.metering != world.INTERVAL:
            assert (row.reason, row.new_minor) == ("no_intervals", 0)
            continue
        # The proportional split of steps and periods is made to the Wh, so a line may differ by a fen.
        assert abs(row.new_minor - _at_later_hours(home, scale)) <= 3 * len(MONTHS)
        assert row.reason == ""
        simulated += 1
    assert simulated >= 3
    assert simulated < len(homes)


def _at_later_hours(home, scale):
    origin = scale.start - timedelta(days=1)
    total, before = 0, Fraction(0)
    for month in scale.months:
        days = home.half_hours_wh[(max(month.start, home.start) - origin).days : (month.end - origin).days]
        peak, used = (_kwh(values.sum()) for values in (days[:, LATE_PEAK], days))
        total += _rounded(_cost(home, before, peak, used - peak))
        before += used
    return total


def _kwh(energy_wh):
    return Fraction(int(energy_wh), 1000)
