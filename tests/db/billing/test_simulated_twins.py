"""
Simulations against twins: who has the same usage and was really billed at the other prices must come to the same.

So what one month hands to the next, what is measured, and what a place gets of another's meter are simulated as billed.
"""

import re

import pytest

from billing.models.bill import Bill
from billing.models.run import HeldBill
from billing.models.simulation import SimulatedSupply
from billing.operations import simulations
from billing.operations.simulations import Change
from cis.kernel.actors import SYSTEM
from cis.kernel.periods import Period
from contracts.models.agreement import ServiceAgreement
from metering.operations import usage as approval
from tests.db.billing import test_measured as measured
from tests.db.billing import test_usage_rules as rules
from tests.db.billing.night import FEBRUARY, JANUARY, bill
from tests.db.billing.test_sequence import ENERGY, LEAST, NET, RENT, document, month, supplied, used
from tests.factories import accounts, contracts, metering, tariffs

pytestmark = pytest.mark.django_db
DEARER = ENERGY.replace('price = "1"', 'price = "1.5"')


def simulated(home, source, *, period):
    """Return old and new amount of an agreement, asserting that it was simulated."""
    change = Change(tariff_id=home.terms.get().tariff_id, source=source)
    simulation_id = simulations.open(name="twin", period=period, changes=[change], actor=SYSTEM)
    simulations.work(measured.timezone.now())
    row = SimulatedSupply.objects.get(simulation_id=simulation_id, agreement_id=home.id)
    assert row.reason == "", row.message
    return row.old_minor, row.new_minor


def billed(home, *, period):
    rows = Bill.objects.filter(account=home.account, state="issued", start_date__gte=period.start)
    return sum(rows.filter(start_date__lt=period.end).values_list("amount_minor", flat=True))


def twins(old, new, energies):
    """Two homes with the same energy, at old and at new prices, billed month by month."""
    homes = [supplied(old), supplied(new)]
    for number, (drawn, given) in enumerate(energies):
        for home in homes:
            used(home, number, drawn, given)
        bill(month(number))
    assert list(HeldBill.objects.values_list("code", "message")) == []
    return homes


SUNNY = [(100, 300), (150, 0), (100, 0), (80, 20), (90, 130), (200, 10)]
WHOLE = Period(month(0).start, month(5).end)


@pytest.mark.parametrize(
    "new",
    [
        document(NET, RENT, DEARER, code="twin"),
        document(NET.replace('price = "0.2"', 'price = "0.3"'), RENT, ENERGY, code="twin"),
        document(NET.replace("year_starts = 4", "year_starts = 6"), RENT, DEARER, code="twin"),
        document(ENERGY, LEAST, code="twin").replace('"3000"', '"900"'),
    ],
)
def test_what_months_hand_on_is_simulated_as_it_is_billed(new):
    if 'code = "net"' not in new:
        energies = [(drawn, None) for drawn, _ in SUNNY]
        mine, twin = twins(document(ENERGY), new, energies)
    else:
        mine, twin = twins(document(NET, RENT, ENERGY), new, SUNNY)
    assert simulated(mine, new, period=WHOLE) == (billed(mine, period=WHOLE), billed(twin, period=WHOLE))


def test_a_window_begins_with_what_the_bills_before_it_hand_on():
    """Months before the window are billed as they were: their credits are those of the bills."""
    mine, _ = twins(document(NET, RENT, ENERGY), document(NET, RENT, DEARER, code="twin"), SUNNY)
    late = Period(month(1).start, month(5).end)
    old, new = simulated(mine, document(NET, RENT, DEARER), period=late)
    assert old == billed(mine, period=late)
    # February and March are paid out of January's credits but for 50 kWh; April's year ends with nothing left.
    assert new == old + (50 + 60 + 0 + 150) * 50


def factory(source, *, point=None):
    accounts.supplier()
    version = tariffs.version(source=source)
    point = metering.service_point(capacity_w=1_000_000)
    (register,) = metering.metered(is_interval=True, at=point)
    return contracts.agreement(service_point=point, tariff=version.tariff, start_date=JANUARY.start), register


def machines(at):
    """Much in January, little in February. [Wh]"""
    return measured.value_of(at) // (1 if measured.local(at).month == 1 else 4)


def demanding(code, demand, *, minutes=15):
    head = f'[demand]\nwindow_minutes = {minutes}\nseveral_feeds = "added"\n'
    labels = ("energy", "demand")
    return measured.document(code, measured.ENERGY, head, demand, labels=labels, inputs='inputs = { peak_kw = "0" }')


BOTH = Period(JANUARY.start, FEBRUARY.end)
RATCHET = measured.DEMAND + 'ratchet = [{ percent = "80", look_back = 11 }]\n'


def both_billed(old, new):
    """Two factories of the same curve, at old and at new prices, billed for two months; return their agreements."""
    (mine, one), (twin, two) = factory(old), factory(new)
    for register in (one, two):
        metering.curve(of=register, start_date=JANUARY.start, end_date=FEBRUARY.end, value_of=machines)
    for span in (JANUARY, FEBRUARY):
        assert approval.approve(start_date=span.start, end_date=span.end).findings == []
        bill(span)
    assert list(HeldBill.objects.values_list("code", "message")) == []
    return mine, twin


@pytest.mark.parametrize(
    ("demand", "minutes"),
    [(measured.DEMAND.replace('"30"', '"42"'), 15), (measured.DEMAND, 30), (RATCHET, 15)],
)
def test_demand_is_simulated_as_it_is_billed(demand, minutes):
    new = demanding("twin", demand, minutes=minutes)
    mine, twin = both_billed(measured.DEMAND_TARIFF, new)
    old, other = simulated(mine, new, period=BOTH)
    assert (old, other) == (billed(mine, period=BOTH), billed(twin, period=BOTH))
    assert old != other
    # January's peak, before these months, is looked back at.
    assert simulated(mine, new, period=FEBRUARY) == (billed(mine, period=FEBRUARY), billed(twin, period=FEBRUARY))


@pytest.mark.parametrize(
    "change",
    [('margin = "0.02"', 'margin = "0.05"'), ('cap = "0.60"', 'cap = "0.40"'), ('floor = "-0.05"', 'floor = "0"')],
)
def test_hourly_prices_are_simulated_as_they_are_billed(change):
    new = measured.DYNAMIC_TARIFF.replace(*change).replace('code = "dynamic"', 'code = "twin"')
    accounts.supplier()
    measured.load(BOTH)
    mine, twin = both_billed(measured.DYNAMIC_TARIFF, new)
    assert simulated(mine, new, period=BOTH) == (billed(mine, period=BOTH), billed(twin, period=BOTH))


@pytest.mark.parametrize(
    "source", [tariffs.FLAT, rules.TWO_PRICES.replace('peak = "1"', 'peak = "2"').replace('"80.00"', '"140.00"')]
)
def test_a_share_of_another_meter_is_simulated_as_it_is_billed(source):
    """The main meter has registers of hours; the home takes a third of each."""
    accounts.supplier()
    old = tariffs.version(source=rules.TWO_PRICES).tariff
    new = tariffs.version(source=re.sub('code = "(flat|by-hours)"', 'code = "twin"', source)).tariff
    homes = []
    for tariff in (old, new):
        main = rules.supplied(tariff, kwh=(600, 300), registers=("peak", "valley"), months=(JANUARY, FEBRUARY))
        home = rules.supplied(tariff)
        rules.begin("share", home, main, share_e6=333_333)
        homes.append([ServiceAgreement.objects.get(service_point=point) for point in (main, home)])
    for span in (JANUARY, FEBRUARY):
        bill(span)
    for mine, twin in zip(*homes, strict=True):
        source_of = new.versions.get().source
        assert simulated(mine, source_of, period=BOTH) == (billed(mine, period=BOTH), billed(twin, period=BOTH))
