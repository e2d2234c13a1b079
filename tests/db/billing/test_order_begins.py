"""Bills that hand on beside bills that do not: another version of the tariff, days that wait, the release before."""

from datetime import date

import pytest

from billing.models.bill import Bill, BillSegment
from billing.models.run import HeldBill
from metering.operations import usage as approval
from tests.db.billing.night import FEBRUARY, JANUARY, MARCH, bill, prove
from tests.db.billing.test_measured import DEMAND_TARIFF, customer
from tests.db.billing.test_sequence import ENERGY, LABELS, NET, RENT, month, supplied, used
from tests.db.billing.test_sequence import document as handing_on
from tests.factories import accounts, contracts, metering, tariffs

pytestmark = pytest.mark.django_db
BY_HOURS = """
schema = 1
code = "by-hours"
name_zh = "分时"
name_en = "By hours"
legal_source = "none: made for tests"
valid_from = 2020-01-01
currency = "CNY"
decimals = 2
rounding = "line"
[time_of_use]
periods = ["peak", "valley"]
[[time_of_use.season]]
name = "year"
dates = ["01-01..12-31"]
[[time_of_use.season.hours]]
days = ["all"]
peak = ["06:00-22:00"]
valley = ["22:00-06:00"]
[labels]
peak = { zh = "峰", en = "Peak" }
valley = { zh = "谷", en = "Valley" }
energy = { zh = "电费", en = "Energy" }
"""
LEAST = f"least = {LABELS['least']}"
BY_HOURS_ENERGY = """
[[component]]
kind = "time_of_use"
code = "energy"
unit = "yuan/kWh"
prices = { peak = "1", valley = "0.5" }
"""
LEAST_OF_YEAR = """
[[component]]
kind = "yearly_minimum"
code = "least"
on = ["energy"]
amount = "12"
year_starts = 1
negative = "as_zero"
leaving = "charge"
"""


def held():
    return [(row.code, row.message) for row in HeldBill.objects.filter(state="open")]


def in_force(agreement):
    rows = BillSegment.objects.filter(agreement=agreement, cancels=None, cancelled_by=None, bill__state="issued")
    return [(row.start_date.month, row.amount_minor) for row in rows.order_by("start_date")]


def test_a_version_that_hands_on_follows_months_of_intervals_that_were_billed_without():
    accounts.supplier()
    old = tariffs.version(source=BY_HOURS + BY_HOURS_ENERGY, end_date=MARCH.start)
    tariffs.version(of=old.tariff, source=BY_HOURS + LEAST + BY_HOURS_ENERGY + LEAST_OF_YEAR, start_date=MARCH.start)
    point = metering.service_point()
    (register,) = metering.metered(is_interval=True, at=point)
    home = contracts.agreement(service_point=point, tariff=old.tariff, start_date=JANUARY.start)
    metering.curve(of=register, start_date=JANUARY.start, end_date=MARCH.end, value_of=lambda _: 100, minutes=60)
    approval.approve(start_date=JANUARY.start, end_date=MARCH.end)
    for period in (JANUARY, FEBRUARY, MARCH):
        bill(period)
    assert held() == []
    # 31 and 28 days of 1.6 kWh at 1.00 and 0.8 at 0.50.
    assert in_force(home) == [(1, 31 * 200), (2, 28 * 200), (3, 31 * 200)]
    bill(MARCH)
    bill(FEBRUARY)
    assert Bill.objects.count() == 3
    prove()


def test_days_that_wait_count_by_the_days_of_the_period_in_which_they_will_be_billed():
    rent = RENT + 'proration = "cycle_days"\n'
    home = supplied(handing_on(NET, ENERGY, rent))
    for number in range(3):
        used(home, number, 100, 300 if number == 0 else 0)
    bill(month(0))
    bill(month(2))
    assert held() == []
    bill(month(1))
    assert in_force(home) == [(1, 5_000), (2, 5_000), (3, 5_000)]
    prove()


LOSSES = """
tier_cycle = { every = "year", start_month = 1, restarts_at = ["holder_change"] }
[[component]]
kind = "transformer_loss"
code = "loss"
active = { iron_w = "500" }
[[component]]
kind = "tiered_energy"
code = "energy"
unit = "yuan/kWh"
limits_kwh = ["1000"]
prices = ["1", "2"]
"""


def test_steps_that_count_losses_go_along_with_who_moves():
    old = supplied(handing_on(LOSSES), export=False, end_date=month(0).end)
    used(old, 0, 400)
    place = metering.service_point(capacity_w=100_000)
    metering.metered(at=place)
    new = contracts.agreement(
        account=old.account, service_point=place, tariff=old.terms.get().tariff, start_date=month(1).start
    )
    used(new, 1, 400)
    bill(month(0))
    bill(month(1))
    assert held() == []
    # 400 kWh and losses of 372 in January, 400 and 348 in February: of these 228 are left at the first price.
    assert [in_force(home) for home in (old, new)] == [[(1, 77_200)], [(2, 22_800 + 2 * 52_000)]]
    prove()


def test_a_bill_that_kept_nothing_holds_its_account_whoever_stands_beside_it():
    home = supplied(handing_on(NET, ENERGY, RENT))
    other = metering.service_point(capacity_w=100_000)
    (drawn,) = metering.metered(at=other)
    metering.register(of=drawn.meter, code="B1", direction="export")
    beside = contracts.agreement(service_point=other, tariff=home.terms.get().tariff, start_date=month(0).start)
    for one in (home, beside):
        for number in range(14):
            used(one, number, 100, 110)
    for number in range(13):
        bill(month(number))
    # As a release did that kept nothing yet.
    BillSegment.objects.filter(agreement=home).update(handed_on=None)
    bill(month(13))
    assert [row.account_id for row in HeldBill.objects.filter(state="open")] == [home.account_id]
    assert len(in_force(beside)) == 14
    assert len(in_force(home)) == 13


def test_a_peak_that_was_corrected_is_handed_on_though_it_cost_nothing():
    registers = customer(source=DEMAND_TARIFF.replace('price = "30"', 'price = "0"'))
    metering.curve(of=registers["E1"], start_date=JANUARY.start, end_date=JANUARY.end, value_of=lambda _: 100)
    approval.approve(start_date=JANUARY.start, end_date=JANUARY.end)
    bill()
    (peak,) = BillSegment.objects.get().handed_on
    assert peak == 400
    metering.interval_day(of=registers["E1"], on=date(2025, 1, 10), version=2, values_wh=[0] * 95 + [9_600])
    approval.approve(start_date=JANUARY.start, end_date=JANUARY.end)
    bill()
    row = BillSegment.objects.get(cancels=None, cancelled_by=None)
    assert row.handed_on == [38_400]
    prove()
