"""Documents with credits, limits, premiums and concessions: what is read, and the slips that are found."""

import pytest

from tariffs.domain import document
from tariffs.domain.components.basic import Per
from tariffs.domain.components.billed_demand import PartOfMonth
from tariffs.domain.components.charge_limits import Leaving, Negative
from tariffs.domain.components.demand import Ratchet
from tariffs.domain.components.export import Applied, CreditYear, Ending, Paid
from tariffs.domain.components.standing import BeyondUse, CapSpan, ConcessionOf

YUAN = 10**8

TEXT = """
schema = 1
code = "solar"
name_zh = "样本"
name_en = "Sample"
legal_source = "made for tests"
valid_from = 2025-01-01
currency = "CNY"
decimals = 2
rounding = "line"

[time_of_use]
periods = ["peak", "flat", "valley"]

[labels]
x = { zh = "样", en = "X" }
peak = { zh = "峰", en = "Peak" }
flat = { zh = "平", en = "Flat" }
valley = { zh = "谷", en = "Valley" }

[[component]]
kind = "kwh_credits"
code = "bank"
label = "x"
pools = [["valley"], ["flat", "peak"]]
moves = [{ month = 5, from = "valley", to = "flat" }]
year_starts = 4
at_end = "forfeit"
leaving = "pay"
paid = "credits"
unit = "yuan/kWh"
price = "0.3"

[[component]]
kind = "netting"
code = "net"
label = "x"
pools = [["peak", "flat", "valley"]]

[[component]]
kind = "time_of_use"
code = "energy"
label = "x"
unit = "yuan/kWh"
prices = { peak = "1", flat = "0.7", valley = "0.3" }

[[component]]
kind = "export_credit"
code = "sold"
label = "x"
unit = "yuan/kWh"
prices = { peak = "0.5", flat = "0.4", valley = "unset" }

[[component]]
kind = "tiered_export"
code = "steps"
label = "x"
limits_kwh = ["100"]
unit = "yuan/kWh"
prices = ["0.5", "0.4"]

[[component]]
kind = "money_credits"
code = "account"
label = "x"
on = ["energy"]
applied = "same_month"
leaving = "forfeit"
unit = "yuan/kWh"
price = "0.2"

[[component]]
kind = "minimum_charge"
code = "least"
label = "x"
on = ["energy"]
unit = "yuan/month"
price = "10"
negative = "as_zero"

[[component]]
kind = "maximum_charge"
code = "most"
label = "x"
on = ["*"]
unit = "yuan/day"
price = "2.5"

[[component]]
kind = "yearly_minimum"
code = "year"
label = "x"
on = ["energy"]
amount = "120"
year_starts = 7
negative = "as_is"
leaving = "waive"

[[component]]
kind = "yearly_maximum"
code = "top"
label = "x"
on = ["energy"]
amount = "9000.50"
year_starts = 7
negative = "as_is"

[[component]]
kind = "meter_charge"
code = "rent"
label = "x"
unit = "yuan/day"
price = "0.1"

[[component]]
kind = "unmetered"
code = "lamps"
label = "x"
hours = ["400", "350", "330", "290", "250", "230", "240", "270", "300", "350", "380", "410.5"]
percent = { peak = "10", flat = "15", valley = "75" }

[[component]]
kind = "green_premium"
code = "green"
label = "x"
unit = "fen/kWh"
price = "2"
block_kwh = "100"
beyond_use = "leave_out"

[[component]]
kind = "green_premium"
code = "leaf"
label = "x"
unit = "fen/kWh"
price = "3"
percent = "50"

[[component]]
kind = "concession"
code = "relief"
label = "x"
on = ["energy"]
percent = "17.5"
cap = "300"
cap_per = "year"
year_starts = 10

[[component]]
kind = "concession"
code = "daily"
label = "x"
on = ["energy"]
unit = "yuan/day"
price = "0.25"

[[component]]
kind = "billed_demand"
code = "demand"
label = "x"
least_kw = "100"
own = [{ months = [1, 2], percent = "60" }]
ratchet = [{ percent = "95", months = [7], look_back = 11 }]
"""


def parts():
    found, findings = document.examine(text=TEXT)
    assert [str(finding) for finding in findings] == []
    return {component.code: component for component in found.plan.components}


def test_credits_are_read():
    bank, account = parts()["bank"], parts()["account"]
    assert (bank.pools, bank.moves, bank.price_e6) == (((2,), (0, 1)), ((5, 0, 1),), 30_000_000)
    assert (bank.year, bank.paid) == (
        CreditYear(first_month=4, at_end=Ending.FORFEIT, leaving=Ending.PAY),
        Paid.CREDITS,
    )
    assert parts()["net"].pools == ((0, 1, 2),)
    assert parts()["sold"].prices_e6 == (50_000_000, 40_000_000, None)
    assert (parts()["steps"].limits_wh, parts()["steps"].prices_e6) == ((100_000,), (50_000_000, 40_000_000))
    assert (account.on, account.applied) == (("energy",), Applied.SAME_MONTH)
    assert account.year == CreditYear(first_month=None, at_end=Ending.PAY, leaving=Ending.FORFEIT)
    assert account.prices_e6 == (20_000_000,) * 3


def test_limits_are_read():
    least, most, year, top = (parts()[code] for code in ("least", "most", "year", "top"))
    assert (least.per, least.price_e6, least.negative, least.on) == (
        Per.MONTH,
        10 * YUAN,
        Negative.AS_ZERO,
        ("energy",),
    )
    assert (most.per, most.price_e6, most.on) == (Per.DAY, 250_000_000, ("*",))
    assert (year.limit_minor, year.first_month, year.negative, year.leaving) == (
        12_000,
        7,
        Negative.AS_IS,
        Leaving.WAIVE,
    )
    assert (top.limit_minor, top.first_month) == (900_050, 7)


def test_premiums_concessions_and_profiles_are_read():
    rent, lamps, green, leaf = (parts()[code] for code in ("rent", "lamps", "green", "leaf"))
    assert (rent.per, rent.price_e6) == (Per.DAY, 10_000_000)
    assert (lamps.hours_e3[0], lamps.hours_e3[-1], lamps.weights) == (400_000, 410_500, (100_000, 150_000, 750_000))
    assert (green.price_e6, green.part_e6, green.block_wh, green.beyond) == (
        2_000_000,
        None,
        100_000,
        BeyondUse.LEAVE_OUT,
    )
    assert (leaf.price_e6, leaf.part_e6) == (3_000_000, 500_000)
    relief, daily = parts()["relief"], parts()["daily"]
    assert (relief.rate, relief.rate_e6, relief.cap_minor) == (ConcessionOf.PERCENT, 175_000, 30_000)
    assert (relief.cap_span, relief.first_month) == (CapSpan.YEAR, 10)
    assert (daily.rate, daily.rate_e6, daily.cap_minor) == (ConcessionOf.DAY, 25_000_000, None)


def test_billed_demand_is_read():
    demand = parts()["demand"]
    assert demand.own == (PartOfMonth(frozenset({1, 2}), 600_000),)
    assert demand.ratchets == (Ratchet(part_e6=950_000, months=frozenset({7}), look_back=11),)
    assert demand.least_w == 100_000


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ('[["valley"], ["flat", "peak"]]', '[["valley"], ["flat"]]', "component[0].pools"),
        ('[["valley"], ["flat", "peak"]]', '[["valley", "peak"], ["flat", "peak"]]', "component[0].pools"),
        ('[["valley"], ["flat", "peak"]]', '[[], ["valley", "flat", "peak"]]', "component[0].pools"),
        ('[["valley"], ["flat", "peak"]]', '["valley", "flat", "peak"]', "component[0].pools"),
        ('pools = [["valley"], ["flat", "peak"]]\n', "", "component[0].pools"),
        ('from = "valley"', 'from = "night"', "component[0].moves[0].from"),
        ("month = 5", "month = 13", "component[0].moves[0].month"),
        ('at_end = "forfeit"\n', "", "component[0].at_end"),
        ("year_starts = 4\n", "", "component[0].at_end"),
        ('paid = "credits"\n', "", "component[0].paid"),
        ('leaving = "pay"', 'leaving = "stay"', "component[0].leaving"),
        ('price = "0.2"\n', "", "component[5].price"),
        ('applied = "same_month"\n', "", "component[5].applied"),
        ('on = ["energy"]\napplied', "on = []\napplied", "component[5].on"),
        ('negative = "as_zero"\n', "", "component[6].negative"),
        ('unit = "yuan/month"', 'unit = "yuan/kWh"', "component[6].unit"),
        ('amount = "120"', 'amount = "-120"', "component[8].amount"),
        ('amount = "9000.50"', 'amount = "9000.505"', "component[9].amount"),
        ('"400", "350",', '"400",', "component[11].hours"),
        ('"400", "350",', '"400", "744.1",', "component[11].hours"),
        ('valley = "75"', 'valley = "74"', "component[11].percent"),
        ('block_kwh = "100"', 'block_kwh = "0"', "component[12].block_kwh"),
        ('percent = "50"\n', "", "component[13].percent"),
        ('percent = "17.5"', 'percent = "117.5"', "component[14].percent"),
        ('cap_per = "year"\n', "", "component[14].cap_per"),
        ('price = "0.25"', 'price = "-0.25"', "component[15].price"),
        ('least_kw = "100"', 'least_kw = "-100"', "component[16].least_kw"),
        ("months = [1, 2]", "months = []", "component[16].own[0].months"),
        ("months = [1, 2]", "months = [1, 13]", "component[16].own[0].months"),
    ],
)
def test_a_slip_is_found_where_it_stands(old, new, where):
    assert TEXT.count(old) == 1
    _, findings = document.examine(text=TEXT.replace(old, new))
    assert where in [finding.where.rstrip(".") for finding in findings]


def test_yearly_limits_that_differ_are_a_finding():
    slip = TEXT.replace('amount = "9000.50"\nyear_starts = 7', 'amount = "9000.50"\nyear_starts = 8')
    _, findings = document.examine(text=slip)
    assert "yearly_limits_differ" in [finding.code for finding in findings]


ONE = """
schema = 1
code = "account"
name_zh = "样本"
name_en = "Sample"
legal_source = "made for tests"
valid_from = 2025-01-01
currency = "USD"
decimals = 2
rounding = "line"

[labels]
energy = { zh = "电费", en = "Energy" }
account = { zh = "上网", en = "Credits" }
year = { zh = "最低", en = "Minimum" }

[[component]]
kind = "energy"
code = "energy"
unit = "dollar/kWh"
price = "0.1"

[[component]]
kind = "money_credits"
code = "account"
on = ["energy"]
applied = "next_month"
year_starts = 1
at_end = "pay"
leaving = "forfeit"
unit = "dollar/kWh"
price = "0.05"

[[component]]
kind = "yearly_minimum"
code = "year"
on = ["energy", "account"]
amount = "100"
year_starts = 1
negative = "as_zero"
leaving = "charge"

[[vector]]
name = "December"
used_kwh = "400"
inputs = { export_kwh = "30", month_end = 12, carried = "12.34", year_amount = "61.25" }
total = "37.25"
lines = [
  { line = "energy", amount = "40.00" },
  { line = "account", quantity = "12.34", amount = "-12.34" },
  { line = "account-paid", amount = "-1.50" },
  { line = "account-earned", quantity = "30", amount = "1.50" },
  { line = "year", quantity = "88.91", amount = "11.09" },
]
"""


def test_a_vector_tells_credits_and_the_amount_of_the_year_in_money():
    read = document.parse(text=ONE)
    assert [str(finding) for finding in document.check(document=read)] == []
