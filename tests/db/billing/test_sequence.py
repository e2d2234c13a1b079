"""What bills hand on, through the tables: credits, limits of a year, hours, meters; corrected, cancelled, in any chunk."""

from datetime import date

import numpy as np
import psycopg
import pytest
from django.db.backends.postgresql.psycopg_any import DateRange

from billing.models.bill import Bill, BillLine, BillSegment
from billing.models.run import HeldBill
from billing.operations import bills, chunks, runs
from billing.queries import sequence
from cis.kernel.actors import SYSTEM
from cis.kernel.periods import Period, add_months
from contracts.models.agreement import AgreementTerm, ServiceAgreement
from metering.models.usage import Usage
from tests.db.billing.night import bill, issue, prove
from tests.factories import accounts, contracts, metering, tariffs

pytestmark = pytest.mark.django_db

START = date(2024, 1, 1)
HEAD = """
schema = 1
code = "home-solar"
name_zh = "户用光伏"
name_en = "Home with solar panels"
legal_source = "none: made for tests"
valid_from = 2020-01-01
currency = "CNY"
decimals = 2
rounding = "line"
"""
NET = """
[[component]]
kind = "kwh_credits"
code = "net"
unit = "yuan/kWh"
price = "0.2"
year_starts = 4
paid = "credits"
at_end = "pay"
leaving = "pay"
"""
ENERGY = """
[[component]]
kind = "energy"
code = "energy"
unit = "yuan/kWh"
price = "1"
"""


RENT = """
[[component]]
kind = "fixed"
code = "rent"
unit = "yuan/month"
price = "50"
"""
LABELS = {
    "energy": '{ zh = "电度电费", en = "Energy" }',
    "net": '{ zh = "净计量", en = "Net metering" }',
    "least": '{ zh = "年度最低电费", en = "Least of the year" }',
    "rent": '{ zh = "表计费", en = "Meters" }',
    "service": '{ zh = "服务费", en = "Service" }',
    "loss": '{ zh = "变损", en = "Losses" }',
}


def document(*parts, code="home-solar"):
    """A tariff of some components, with the words of their lines."""
    body = "".join(parts)
    labels = [f"labels.{name} = {words}\n" for name, words in LABELS.items() if f'code = "{name}"' in body]
    return HEAD.replace("home-solar", code) + "".join(labels) + body


def month(number):
    """The month so many after January 2024, from 0."""
    start = add_months(START, number)
    return Period(start, add_months(start, 1))


def supplied(source, *, start_date=START, end_date=None, export=True):
    """An account at a tariff, with a meter that counts both ways."""
    accounts.supplier()
    version = tariffs.version(source=source)
    place = metering.service_point(capacity_w=100_000)
    (drawn,) = metering.metered(at=place)
    if export:
        metering.register(of=drawn.meter, code="B1", direction="export")
    return contracts.agreement(service_point=place, tariff=version.tariff, start_date=start_date, end_date=end_date)


def used(agreement, number, drawn, given=None, *, period=None):
    """Approve the energy of a month."""
    span = period or month(number)
    place = agreement.service_point
    registers = {one.direction: one for one in place.installations.get().meter.registers.all()}
    for direction, kwh in (("import", drawn), ("export", given)):
        if kwh is not None:
            metering.usage(of=registers[direction], kwh=kwh, start_date=span.start, end_date=span.end, at=place)


def corrected(agreement, number, drawn=None, given=None):
    for direction, kwh in (("import", drawn), ("export", given)):
        if kwh is not None:
            Usage.objects.filter(
                service_point=agreement.service_point, register__direction=direction, start_date=month(number).start
            ).update(energy_wh=kwh * 1_000)


def in_force(agreement):
    """(month, amount) of the segments that hold, in order."""
    rows = BillSegment.objects.filter(agreement=agreement, cancels=None, cancelled_by=None, bill__state="issued")
    return [(row.start_date.month, row.amount_minor) for row in rows.order_by("start_date")]


def held():
    return [row.code for row in HeldBill.objects.filter(state="open")]


def test_credits_pay_the_months_after_and_a_correction_flows_on():
    home = supplied(document(NET, ENERGY))
    for number, (drawn, given) in enumerate([(100, 300), (150, 0), (100, 0)]):
        used(home, number, drawn, given)
        bill(month(number))
    assert held() == []
    # 200 left over in January; February takes 150, March 50: its other 50 are billed, and the year of credits ends.
    assert in_force(home) == [(1, 0), (2, 0), (3, 5_000)]
    assert [row.handed_on for row in BillSegment.objects.order_by("id")] == [
        [200_000, 200_000],
        [50_000, 50_000],
        [0, 0],
    ]
    corrected(home, 0, given=260)
    bill(month(2))
    # Neither January nor February cost anything before or now, but hand on less.
    assert in_force(home) == [(1, 0), (2, 0), (3, 9_000)]
    assert Bill.objects.count() == 4
    assert BillSegment.objects.filter(bill=Bill.objects.latest("id")).count() == 6
    prove()
    bill(month(2))
    bill(month(0))
    assert Bill.objects.count() == 4


def test_the_year_of_credits_pays_out_in_march_and_the_last_bill_of_the_agreement_too():
    home = supplied(document(NET, ENERGY, RENT))
    for number in range(4):
        used(home, number, 10, 20)
    for number in range(3):
        bill(month(number))
    # 30 kWh are left at the end of March, at 0.20.
    assert in_force(home) == [(1, 5_000), (2, 5_000), (3, 5_000 - 600)]
    ServiceAgreement.objects.update(period=DateRange(START, month(3).end))
    AgreementTerm.objects.update(period=DateRange(START, month(3).end))
    bill(month(3))
    assert held() == []
    assert in_force(home)[-1] == (4, 5_000 - 200)
    prove()


def test_a_month_that_waits_for_its_read_is_known_to_the_months_after_it():
    home = supplied(document(NET, ENERGY))
    for number in range(3):
        used(home, number, 100, 300 if number == 0 else 0)
    Usage.objects.filter(start_date=month(1).start, register__direction="import").update(is_current=False)
    bill(month(0))
    bill(month(1))
    bill(month(2))
    assert held() == ["missing_read", "missing_read"]
    assert in_force(home) == [(1, 0)]
    Usage.objects.update(is_current=True)
    # March is billed first, and knows what February takes of the credits.
    bill(month(2))
    bill(month(1))
    assert in_force(home) == [(1, 0), (2, 0), (3, 0)]
    assert BillSegment.objects.filter(cancels__isnull=False).count() == 0
    prove()


def test_months_before_the_window_that_are_not_billed_hold_the_account_by_name():
    home = supplied(document(NET, ENERGY, RENT))
    for number in range(15):
        used(home, number, 100, 110)
    for number in (*range(11), 12):
        bill(month(number))
    assert held() == []
    # From March 2025 on the window begins in January: December is out of reach, and not billed.
    bill(month(14))
    assert held() == ["not_billed_before"]
    assert "2024-12-01 to 2025-01-01" in HeldBill.objects.get(state="open").message
    bill(month(11))
    bill(month(14))
    assert len(in_force(home)) == 14
    prove()


def test_a_tariff_that_does_not_take_the_credits_over_holds_the_account():
    home = supplied(document(NET, ENERGY))
    for number in range(2):
        used(home, number, 100, 300)
    other = tariffs.version(source=document(ENERGY, code="plain"))
    AgreementTerm.objects.update(period=DateRange(START, month(0).end))
    contracts.term(of=home, tariff=other.tariff, start_date=month(1).start)
    bill(month(0))
    bill(month(1))
    assert held() == ["credits_left"]
    corrected(home, 0, given=100)
    bill(month(1))
    assert in_force(home) == [(1, 0), (2, 10_000)]


LEAST = """
[[component]]
kind = "yearly_minimum"
code = "least"
on = ["energy"]
amount = "3000"
year_starts = 1
negative = "as_zero"
leaving = "charge"
"""


def test_a_least_amount_of_the_year_is_topped_up_in_december_over_all_its_bills():
    shop = supplied(document(ENERGY, LEAST), export=False)
    for number in range(12):
        used(shop, number, 200)
        bill(month(number))
    assert [amount for _, amount in in_force(shop)] == [20_000] * 11 + [20_000 + 60_000]
    corrected(shop, 3, drawn=500)
    bill(month(11))
    assert [amount for _, amount in in_force(shop)] == [*[20_000] * 3, 50_000, *[20_000] * 7, 20_000 + 30_000]
    prove()


LOSS_AND_METERS = """
tier_cycle = { every = "year", start_month = 1 }
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
[[component]]
kind = "meter_charge"
code = "rent"
unit = "yuan/month"
price = "3"
"""


ACCOUNT = """
[[component]]
kind = "account_charge"
code = "service"
unit = "yuan/month"
price = "30"
"""


def test_an_account_with_two_supplies_pays_its_charge_once_and_goes_on_when_the_first_ends():
    one = supplied(document(ACCOUNT, ENERGY, code="served"), export=False)
    place = metering.service_point()
    metering.metered(at=place)
    other = contracts.agreement(
        service_point=place, tariff=one.terms.get().tariff, start_date=START, account=one.account
    )
    for home in (one, other):
        used(home, 0, 100)
    bill(month(0))
    assert [in_force(home) for home in (one, other)] == [[(1, 13_000)], [(1, 10_000)]]
    middle = date(2024, 2, 11)
    ServiceAgreement.objects.filter(id=one.id).update(period=DateRange(START, middle))
    AgreementTerm.objects.filter(agreement=one).update(period=DateRange(START, middle))
    used(one, 1, 100, period=Period(month(1).start, middle))
    used(other, 1, 100)
    bill(month(1))
    assert held() == []
    # 10 of the 29 days are paid at the first supply, 19 at the other.
    assert [in_force(home)[-1] for home in (one, other)] == [(2, 10_000 + 1_034), (2, 10_000 + 1_966)]
    prove()


def test_losses_count_in_the_tier_year_and_a_meter_that_was_exchanged_counts_once():
    mill = supplied(document(LOSS_AND_METERS), export=False)
    old = mill.service_point.installations.get()
    # The old meter goes on 10 January, and a new one comes.
    old.period = DateRange(old.period.lower, date(2024, 1, 10))
    for number in range(2):
        used(mill, number, 400)
    old.save()
    metering.installation(of=metering.meter(), at=mill.service_point, start_date=date(2024, 1, 10))
    bill(month(0))
    bill(month(1))
    assert held() == []
    # 744 h x 0.5 kW in January, 696 h in February: 772 kWh, and 748 of which 228 lie below 1,000.
    assert in_force(mill) == [(1, 77_200 + 300), (2, 22_800 + 2 * 52_000 + 300)]
    first, second = BillSegment.objects.order_by("start_date")
    assert (first.inputs, first.handed_on) == ([400_000, 44_640, 1], [772_000])
    assert (second.before_wh, second.inputs) == (772_000, [400_000, 41_760, 1])
    corrected(mill, 0, drawn=500)
    bill(month(1))
    assert in_force(mill)[-1] == (2, 12_800 + 2 * 62_000 + 300)
    prove()


def test_a_charge_by_meters_without_a_meter_holds_the_account():
    mill = supplied(document(LOSS_AND_METERS), export=False)
    used(mill, 0, 400)
    mill.service_point.installations.all().delete()
    bill(month(0))
    assert held() == ["not_measured"]
    assert "none hangs" in HeldBill.objects.get().message


def test_a_part_of_a_month_that_was_billed_stays_its_own_part():
    home = supplied(document(NET, ENERGY))
    first, second = Period(START, date(2024, 1, 16)), Period(date(2024, 1, 16), date(2024, 2, 1))
    used(home, 0, 100, 150, period=first)
    used(home, 0, 100, 0, period=second)
    bill(first)
    bill(month(0))
    used(home, 1, 100, 0)
    bill(month(1))
    assert in_force(home) == [(1, 0), (1, 5_000), (2, 10_000)]
    bill(month(0))
    bill(month(1))
    assert Bill.objects.count() == 3
    prove()


def test_a_cancelled_month_is_billed_anew_with_what_hangs_on_it():
    home = supplied(document(NET, ENERGY))
    for number in range(3):
        used(home, number, 100, 250 if number == 0 else 0)
        bill(month(number))
    wrong = Bill.objects.get(start_date=START)
    corrected(home, 0, given=150)
    bills.cancel(bill_id=wrong.id, reason="wrong meter", as_of_date=month(2).end, actor=SYSTEM)
    bill(month(2))
    assert in_force(home) == [(1, 0), (2, 5_000), (3, 10_000)]
    prove()


@pytest.fixture
def statements(monkeypatch):
    """Every statement that goes over the wire, COPY included."""
    sent = []
    for name in ("execute", "copy"):
        real = getattr(psycopg.Cursor, name)

        def count(self, query, *args, _real=real, **kwargs):
            sent.append(str(query))
            return _real(self, query, *args, **kwargs)

        monkeypatch.setattr(psycopg.Cursor, name, count)
    return sent


def test_the_number_of_statements_does_not_grow_with_the_agreements(statements):
    one = supplied(document(NET, ENERGY))
    tariff = one.terms.get().tariff
    homes = [one]
    for _ in range(4):
        place = metering.service_point(capacity_w=100_000)
        (drawn,) = metering.metered(at=place)
        metering.register(of=drawn.meter, code="B1", direction="export")
        homes.append(contracts.agreement(service_point=place, tariff=tariff, start_date=START))
    for home in homes:
        for number in range(3):
            used(home, number, 100, 250)
    ids = [home.account_id for home in homes]

    def count(accounts_of, number):
        run_id = runs.open(period=month(number), as_of_date=month(number).end, actor=SYSTEM, account_ids=accounts_of)
        statements.clear()
        chunks.rate_chunk(run_id=run_id)
        sent = len(statements)
        runs.finish_rating(run_id=run_id)
        issue(run_id)
        return sent

    count(ids, 0)
    few, many = count(ids[:1], 1), count(ids[1:], 1)
    assert few == many <= 24
    corrected(one, 0, given=300)
    few = count(ids[:1], 2)
    for home in homes[1:]:
        corrected(home, 0, given=300)
    assert few == count(ids[1:], 2)
    prove()


def test_what_segments_hand_on_is_read_in_the_order_asked_for():
    home = supplied(document(NET, ENERGY))
    for number in range(2):
        used(home, number, 100, 250)
        bill(month(number))
    ids = np.array(BillSegment.objects.order_by("-start_date").values_list("id", flat=True))
    unknown = ids.max(initial=0) + 9
    found = sequence.handed_on(segment_ids=np.append(ids, unknown))
    assert found.lengths.tolist() == [2, 2, -1]
    assert found.values.tolist() == [[300_000, 300_000], [150_000, 150_000], [0, 0]]


def test_lines_that_only_inform_are_not_printed():
    home = supplied(document(NET, ENERGY))
    used(home, 0, 300, 100)
    bill(month(0))
    assert list(BillLine.objects.values_list("code", "quantity")) == [("energy", 200_000)]
