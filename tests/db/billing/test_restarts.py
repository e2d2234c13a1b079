"""What the count of a tier year carries on, and where it begins anew; limits by household and by real months."""

from datetime import date

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange

from accounts.models.account import AccountHolder
from billing.models.bill import BillLine, BillSegment
from billing.models.run import HeldBill
from cis.kernel.periods import Period
from contracts.models.agreement import AgreementTerm
from tests.db.billing.night import FEBRUARY, JANUARY, bill, prove
from tests.factories import accounts, contracts, metering, tariffs

pytestmark = pytest.mark.django_db
MIDDLE = date(2025, 2, 11)
YEARLY = """
schema = 1
code = "steps"
name_zh = "阶梯"
name_en = "Steps"
legal_source = "none: made for tests"
valid_from = 2020-01-01
currency = "CNY"
decimals = 2
rounding = "line"
[tier_cycle]
every = "{every}"
restarts_at = [{events}]
[labels.energy]
zh = "电费"
en = "Energy"
[[component]]
kind = "tiered_energy"
code = "energy"
unit = "yuan/kWh"
limits_kwh = ["300", "500"]
limits_per = "{per}"
prices = ["0.5", "0.6", "0.9"]
household = {{ from_persons = 5, grow_kwh = ["100", "100"] }}
[[vector]]
name = "none"
used_kwh = "0"
total = "0"
"""


OWN = '"move", "holder_change"'


def source(events=OWN, every="year"):
    return YEARLY.format(every=every, events=events or OWN, per="cycle")


def version(events=OWN):
    return tariffs.version(source=source(events))


def supply(made, *, household=1, account=None, start=JANUARY.start, end=None):
    """An agreement on a plain meter; returns it with its register."""
    accounts.supplier()
    point = metering.service_point()
    (register,) = metering.metered(at=point)
    agreement = contracts.agreement(
        account=account, service_point=point, tariff=made.tariff, household=household, start_date=start, end_date=end
    )
    return agreement, register


def use(register, *spans):
    for start, end, kwh in spans:
        metering.usage(of=register, start_date=start, end_date=end, kwh=kwh)


def before():
    """Energy since the steps began, by agreement and start. [kWh]"""
    rows = BillSegment.objects.filter(cancels=None).order_by("agreement_id", "start_date")
    return [(row.start_date, row.before_wh // 1000) for row in rows]


def steps(segment=None):
    rows = BillLine.objects.filter(code="energy", **({"segment": segment} if segment else {}))
    return {row.step: row.quantity // 1000 for row in rows if row.quantity}


@pytest.mark.parametrize(("household", "wanted"), [(4, {1: 300, 2: 150}), (5, {1: 400, 2: 50})])
def test_a_large_household_has_wider_steps(household, wanted):
    _, register = supply(version(), household=household)
    use(register, (JANUARY.start, JANUARY.end, 450))
    bill()
    assert steps() == wanted
    prove()


def test_a_bridging_period_of_eighty_days_has_the_limits_of_its_real_months():
    """Chongqing 2022: reading moved from the 9th to the end of the month, in one period up to 31 March."""
    bridge = Period(date(2025, 1, 9), date(2025, 4, 1))
    cycle = f'[tier_cycle]\nevery = "year"\nrestarts_at = [{OWN}]\n'
    monthly = source().replace(cycle, "").replace('limits_per = "cycle"', 'limits_per = "month"')
    _, register = supply(tariffs.version(source=monthly), start=bridge.start)
    use(register, (bridge.start, bridge.end, 1_000))
    bill(bridge)
    # 23/31 of January, and two whole months.
    first, second = (round(limit * (23 / 31 + 2), 3) for limit in (300, 500))
    found = {row.step: row.quantity for row in BillLine.objects.filter(code="energy")}
    assert bridge.days == 82
    assert found == {1: 822_581, 2: 1_000_000 - 822_581}
    assert abs(first - 822.581) < 0.001 < second
    prove()


def two_months(register, cut=None):
    use(register, (JANUARY.start, JANUARY.end, 250))
    spans = (
        [(FEBRUARY.start, FEBRUARY.end, 100)] if cut is None else [(FEBRUARY.start, cut, 40), (cut, FEBRUARY.end, 60)]
    )
    use(register, *spans)
    bill()
    bill(FEBRUARY)


@pytest.mark.parametrize(
    ("events", "wanted"),
    [
        ('"move", "holder_change"', [(JANUARY.start, 0), (FEBRUARY.start, 250)]),
        ('"move", "holder_change", "meter_exchange"', [(JANUARY.start, 0), (FEBRUARY.start, 250), (MIDDLE, 0)]),
    ],
)
def test_a_meter_exchange_restarts_the_count_where_the_tariff_says_so(events, wanted):
    agreement, register = supply(version(events))
    hung = register.meter.installations.get()
    hung.period = DateRange(hung.period.lower, MIDDLE)
    hung.save()
    new = metering.meter()
    metering.installation(of=new, at=agreement.service_point, start_date=MIDDLE)
    use(register, (JANUARY.start, JANUARY.end, 250), (FEBRUARY.start, MIDDLE, 40))
    use(new.registers.get(), (MIDDLE, FEBRUARY.end, 60))
    bill()
    bill(FEBRUARY)
    assert not HeldBill.objects.exists()
    assert before() == wanted
    prove()


@pytest.mark.parametrize(
    ("events", "wanted"),
    [
        ('"move", "holder_change"', [(JANUARY.start, 0), (MIDDLE, 0)]),
        ('"holder_change"', [(JANUARY.start, 0), (MIDDLE, 290)]),
    ],
)
def test_the_count_goes_along_with_a_customer_who_moves_unless_the_tariff_restarts_it(events, wanted):
    made = version(events)
    old, register = supply(made, end=MIDDLE)
    use(register, (JANUARY.start, JANUARY.end, 250), (FEBRUARY.start, MIDDLE, 40))
    _, new = supply(made, account=old.account, start=MIDDLE)
    use(new, (MIDDLE, FEBRUARY.end, 60))
    bill()
    bill(FEBRUARY)
    assert not HeldBill.objects.exists()
    assert [row for row in before() if row[0] in (JANUARY.start, MIDDLE)] == wanted
    moved = BillSegment.objects.get(start_date=MIDDLE)
    assert steps(moved) == ({1: 60} if wanted[1][1] == 0 else {1: 10, 2: 50})
    prove()


def test_two_homes_of_an_account_are_counted_apart():
    made = version('"holder_change"')
    first, register = supply(made)
    _, other = supply(made, account=first.account)
    use(register, (JANUARY.start, JANUARY.end, 250), (FEBRUARY.start, FEBRUARY.end, 100))
    use(other, (JANUARY.start, JANUARY.end, 80), (FEBRUARY.start, FEBRUARY.end, 30))
    bill()
    bill(FEBRUARY)
    assert before() == [(JANUARY.start, 0), (FEBRUARY.start, 250), (JANUARY.start, 0), (FEBRUARY.start, 80)]


def test_another_holder_of_the_account_begins_at_nothing():
    agreement, register = supply(version())
    held = AccountHolder.objects.get(account=agreement.account)
    held.period = DateRange(held.period.lower, MIDDLE)
    held.save()
    AccountHolder.objects.create(
        account=agreement.account, customer=accounts.customer(), period=DateRange(MIDDLE, None)
    )
    two_months(register, cut=MIDDLE)
    assert not HeldBill.objects.exists()
    assert before() == [(JANUARY.start, 0), (FEBRUARY.start, 250), (MIDDLE, 0)]
    prove()


@pytest.mark.parametrize(("events", "carried"), [("", 290), ('"move", "holder_change", "household_change"', 0)])
def test_a_change_of_household_restarts_the_count_where_the_tariff_says_so(events, carried):
    agreement, register = supply(version(events))
    term = AgreementTerm.objects.get()
    AgreementTerm.objects.filter(id=term.id).update(period=DateRange(JANUARY.start, MIDDLE))
    contracts.term(of=agreement, tariff=term.tariff, household=6, start_date=MIDDLE)
    two_months(register, cut=MIDDLE)
    assert before() == [(JANUARY.start, 0), (FEBRUARY.start, 250), (MIDDLE, carried)]


@pytest.mark.parametrize(("events", "carried"), [("", 290), ('"move", "holder_change", "tariff_change"', 0)])
def test_a_change_of_tariff_restarts_the_count_where_the_new_one_says_so(events, carried):
    agreement, register = supply(version())
    term = AgreementTerm.objects.get()
    AgreementTerm.objects.filter(id=term.id).update(period=DateRange(JANUARY.start, MIDDLE))
    contracts.term(of=agreement, tariff=version(events).tariff, start_date=MIDDLE)
    two_months(register, cut=MIDDLE)
    assert before() == [(JANUARY.start, 0), (FEBRUARY.start, 250), (MIDDLE, carried)]


@pytest.mark.parametrize(("events", "carried"), [("", 250), ('"move", "holder_change", "cycle_change"', 0)])
def test_a_change_of_the_cycle_restarts_the_count_where_the_tariff_says_so(events, carried):
    """From a version with seasons to one with years: the new year counts from January on, or from its own first day."""
    seasons = 'every = "season"\nseasons = { winter = "01-01", summer = "07-01" }'
    made = tariffs.version(source=source().replace('every = "year"', seasons), end_date=FEBRUARY.start)
    tariffs.version(of=made.tariff, source=source(events), start_date=FEBRUARY.start)
    _, register = supply(made)
    two_months(register)
    assert not HeldBill.objects.exists()
    assert before() == [(JANUARY.start, 0), (FEBRUARY.start, carried)]


def test_a_count_of_the_place_that_billing_cannot_see_holds_the_account():
    _, register = supply(version('"move"'))
    use(register, (JANUARY.start, JANUARY.end, 250))
    bill()
    assert [row.code for row in HeldBill.objects.all()] == ["not_billable_yet"]
