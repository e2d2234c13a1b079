"""
Two customers whose bills hang together: a home with solar panels over 14 months, whose credits lapse in spring, and a
workshop that pays all year for the peak of its August, which turns out to have been read wrong.
"""

from datetime import date

import pytest

from billing.models.bill import Bill, BillSegment
from billing.models.run import HeldBill
from billing.operations import held, proof, runs
from cis.kernel.actors import SYSTEM
from cis.kernel.periods import Period, add_months
from metering.operations import usage as approval
from tests.factories import accounts, contracts, metering, tariffs

pytestmark = pytest.mark.django_db(transaction=True)
START = date(2024, 1, 1)
HEAD = """
schema = 1
code = "{code}"
name_zh = "示例"
name_en = "Example"
legal_source = "none: made for tests"
valid_from = 2020-01-01
currency = "CNY"
decimals = 2
rounding = "line"
labels.energy = {{ zh = "电度电费", en = "Energy" }}
labels.rent = {{ zh = "基本费", en = "Standing charge" }}
"""
ENERGY = """
[[component]]
kind = "energy"
code = "energy"
unit = "yuan/kWh"
price = "0.6"
[[component]]
kind = "fixed"
code = "rent"
unit = "yuan/month"
price = "20"
"""
SOLAR = """
labels.net = { zh = "净计量", en = "Net metering" }
[[component]]
kind = "kwh_credits"
code = "net"
unit = "yuan/kWh"
price = "0"
paid = "credits"
year_starts = 4
at_end = "forfeit"
leaving = "forfeit"
"""
WORKSHOP = """
labels.demand = { zh = "需量电费", en = "Demand" }
[demand]
window_minutes = 15
several_feeds = "added"
[[component]]
kind = "measured_demand"
code = "demand"
unit = "yuan/kW"
price = "40"
proration = "whole"
billed_before = "ignore"
[[component.ratchet]]
percent = "80"
months = [7, 8]
look_back = 11
"""


def month(number):
    """The month so many after January 2024."""
    return Period(add_months(START, number), add_months(START, number + 1))


def customer(code, *parts):
    """An account with a meter; returns its agreement and the register of what it draws."""
    accounts.supplier()
    version = tariffs.version(source=HEAD.format(code=code) + "".join(parts))
    place = metering.service_point(capacity_w=500_000)
    (drawn,) = metering.metered(at=place)
    agreement = contracts.agreement(service_point=place, tariff=version.tariff, start_date=START)
    return agreement, drawn


def night(number):
    """What a night does at the start of a month: reads are approved, the month is rated and issued."""
    approval.approve(start_date=START, end_date=month(number).end)
    run_id = runs.open(period=month(number), as_of_date=month(number).end, actor=SYSTEM)
    while runs.rate_chunk(run_id=run_id):
        pass
    # A bill that gives money back, or much less use than before, waits for a clerk, who looks at it and lets it go.
    for waits in HeldBill.objects.filter(state="open"):
        assert waits.code in {"negative_total", "usage_above", "usage_below"}, waits.message
        held.release(held_id=waits.id, today=month(number).end, actor=SYSTEM)
    runs.approve(run_id=run_id, actor=SYSTEM)
    while runs.issue_chunk(run_id=run_id):
        pass
    assert proof.verify() == ()


def charged(agreement):
    """What each month costs by the segments that hold, in order. [fen]"""
    rows = BillSegment.objects.filter(agreement=agreement, cancels=None, cancelled_by=None, bill__state="issued")
    return [row.amount_minor for row in rows.order_by("start_date")]


def owed():
    """The sum of all bills. [fen]"""
    return sum(Bill.objects.filter(state="issued").values_list("amount_minor", flat=True))


DRAWN = [300, 280, 260, 220, 200, 210, 240, 230, 220, 240, 270, 310, 300, 280]
GIVEN = [60, 90, 200, 320, 420, 430, 410, 380, 260, 150, 70, 50, 60, 90]


def of_a_home(drawn, given):
    """What each month costs by hand: 0.60 for what neither sun nor credits cover, and 20 for the connection. [fen]"""
    credit, found = 0, []
    for number, (used, sent) in enumerate(zip(drawn, given, strict=True)):
        net = used - sent - credit
        found.append(max(net, 0) * 60 + 2_000)
        credit = 0 if month(number).start.month == 3 else max(-net, 0)
    return found


def test_a_home_with_solar_panels_over_fourteen_months():
    home, drawn = customer("home-solar", SOLAR, ENERGY)
    given = metering.register(of=drawn.meter, code="B1", direction="export")
    counters = {drawn: DRAWN, given: GIVEN}
    # On the first of each month somebody reads both counters.
    for register in counters:
        metering.read(of=register, on=START)
    for number in range(14):
        for register, months in counters.items():
            metering.read(of=register, on=month(number).end, kwh=sum(months[: number + 1]))
        night(number)
    assert charged(home) == of_a_home(DRAWN, GIVEN)
    # Summer pays for autumn: from May to October nothing but the connection is owed.
    assert charged(home)[3:10] == [2_000] * 7
    assert owed() == sum(charged(home))

    # On 1 February the export counter was read 60 kWh too high. January gave less and February more: no month costs
    # anything else, but January hands on less, so it is corrected, by a bill of 0.
    bills = Bill.objects.count()
    metering.read(of=given, on=date(2025, 2, 1), kwh=sum(GIVEN[:13]) - 60, version=2)
    night(13)
    sent = [*GIVEN[:12], GIVEN[12] - 60, GIVEN[13] + 60]
    assert charged(home) == of_a_home(DRAWN, sent) == of_a_home(DRAWN, GIVEN)
    assert (Bill.objects.count(), Bill.objects.latest("id").amount_minor) == (bills + 1, 0)
    january = BillSegment.objects.get(start_date=date(2025, 1, 1), cancels=None, cancelled_by=None)
    assert january.handed_on[-1] == 50_000

    # That of 1 March was 30 kWh too high: so much more is owed for February.
    metering.read(of=given, on=date(2025, 3, 1), kwh=sum(GIVEN) - 30, version=2)
    night(13)
    assert Bill.objects.latest("id").amount_minor == 30 * 60
    assert charged(home) == of_a_home(DRAWN, [*sent[:13], sent[13] - 30])
    assert owed() == sum(charged(home))

    # Nothing is left to be billed, whichever month is run again.
    for number in (13, 6):
        night(number)
    assert Bill.objects.count() == bills + 2


PEAKS = [50, 52, 55, 60, 70, 85, 95, 120, 80, 60, 55, 50]
KWH = 1_000


def of_a_workshop(peaks):
    """What each month costs by hand: 40 per kW of its peak, or of 80 % of that of July and August before. [fen]"""
    found = []
    for number, peak in enumerate(peaks):
        summer = [peaks[back] for back in range(max(number - 11, 0), number) if month(back).start.month in (7, 8)]
        billed = max(peak, max(summer, default=0) * 8 / 10)
        found.append(int(billed * 4_000) + KWH * 60 + 2_000)
    return found


def test_a_workshop_whose_peak_of_august_was_read_wrong():
    shop, drawn = customer("workshop", WORKSHOP, ENERGY)
    shown = metering.register(of=drawn.meter, code="demand", quantity="demand", resets="month")
    metering.read(of=drawn, on=START)
    metering.read(of=shown, on=START, reading_wh=0)
    for number, peak in enumerate(PEAKS):
        metering.read(of=drawn, on=month(number).end, kwh=KWH * (number + 1))
        metering.read(of=shown, on=month(number).end, reading_wh=peak * 1_000)
        night(number)
    assert charged(shop) == of_a_workshop(PEAKS)
    # 120 kW in August: from September on 96 kW are paid at the least.
    assert charged(shop)[8:] == [96 * 4_000 + 62_000] * 4

    # A photo shows that the meter said 102.0, not 120.0. The correction brings all months since August down.
    metering.read(of=shown, on=month(7).end, reading_wh=102_000, version=2)
    bills = Bill.objects.count()
    night(11)
    peaks = [*PEAKS[:7], 102, *PEAKS[8:]]
    assert charged(shop) == of_a_workshop(peaks)
    correction = Bill.objects.latest("id")
    assert Bill.objects.count() == bills + 1
    assert correction.amount_minor == sum(of_a_workshop(peaks)) - sum(of_a_workshop(PEAKS))
    assert sorted(correction.segments.filter(cancels=None).values_list("start_date", flat=True)) == [
        month(number).start for number in range(7, 12)
    ]
    night(11)
    assert Bill.objects.count() == bills + 1
    assert owed() == sum(charged(shop))
