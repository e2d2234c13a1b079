"""Reading of capacity, demand, power factor, losses and ratio prices: what is read, and what is found."""

import pytest

from tariffs.domain import document
from tariffs.domain.components.demand import (
    Capacity,
    ContractedDemand,
    Excess,
    MeasuredDemand,
    Ratchet,
    UseCounts,
    UseDiscount,
)
from tariffs.domain.components.losses import AgreedLoss, Deal, LineLoss, LossMethod, LossRates, TransformerLoss
from tariffs.domain.components.power_factor import (
    PowerFactor,
    PowerFactorDemand,
    ReactiveDemand,
    ReactiveEnergy,
    Standard,
    Submeters,
    linear_schedule,
    schedule_of_1983,
)
from tariffs.domain.components.ratios import BasePrice, Ratio, RatioTimeOfUse
from tariffs.domain.components.spans import Proration
from tariffs.domain.inputs import Input
from tariffs.domain.lines import LedgerClass

YUAN = 10**8
FULL = """
schema = 1
code = "commercial"
name_zh = "样本"
name_en = "Sample"
legal_source = "made for tests"
valid_from = 2025-01-01
currency = "CNY"
decimals = 2
rounding = "line"

[time_of_use]
periods = ["sharp", "peak", "valley"]

[demand]
window_minutes = 30
periods = ["busy", "quiet"]
[[demand.season]]
name = "year"
dates = ["01-01..12-31"]
[[demand.season.hours]]
days = ["all"]
busy = ["08:00-20:00"]
quiet = ["20:00-08:00"]

[labels]
any = { zh = "项", en = "Item" }
sharp = { zh = "尖", en = "Sharp" }
peak = { zh = "峰", en = "Peak" }
valley = { zh = "谷", en = "Valley" }
busy = { zh = "忙", en = "Busy" }
quiet = { zh = "闲", en = "Quiet" }

[[component]]
kind = "transformer_loss"
code = "loss"
label = "any"
grain_kwh = "0.01"
deal = "mix"
period = "valley"
active = { iron_w = "570", copper_percent = "2" }
reactive = { load_w = "1500.5", k = "0.6" }

[[component]]
kind = "agreed_loss"
code = "agreed"
label = "any"
kwh = "234"
kvarh = "65"
proration = "thirtieths"
deal = "one_period"
period = "peak"

[[component]]
kind = "ratio_time_of_use"
code = "energy"
label = "any"
unit = "yuan/kWh"
base_prices = { purchase = "0.40", system = "0.03" }
floating = ["purchase"]
ratios = { sharp = "1.25", peak = "1.7", valley = "0.38" }
on_ratio_of = { sharp = "peak" }
price_decimals = 4

[[component]]
kind = "line_loss"
code = "lines"
label = "any"
unit = "yuan/kWh"
price = "0.40"
rate = "0.035"
method = "plain"

[[component]]
kind = "capacity"
code = "capacity"
label = "any"
unit = "yuan/kVA"
price = "25"
proration = "calendar_days"

[[component]]
kind = "contracted_demand"
code = "contract"
label = "any"
unit = "yuan/kW"
price = "40"
proration = "whole"
excess = "contract_plus_double_excess"
tolerance_percent = "110"
floor_percent = "40"
discount = { from_kwh_per_kva = "260", factor = "0.9", counts = "with_submeters" }

[[component]]
kind = "measured_demand"
code = "measured"
label = "any"
unit = "fen/kW"
period = "quiet"
limits_kw = ["50", "100"]
prices = ["0", "1200", "900"]
proration = "days"
billed_before = "deduct"
least_kw = "5"
grain_kw = "0.1"
[[component.ratchet]]
percent = "75"
months = [1, 4, 12]
[[component.ratchet]]
percent = "50"
look_back = 3

[[component]]
kind = "power_factor"
code = "pf"
label = "any"
standard = "0.85"
submeters = "series"
on = ["energy", "contract"]

[[component]]
kind = "power_factor_percent"
code = "points"
label = "any"
target = "0.90"
below_percent = "1"
above_percent = "0.5"
on = ["energy"]

[[component]]
kind = "power_factor_demand"
code = "kw"
label = "any"
unit = "yuan/kW"
price = "13.90"
target = "0.95"
period = "busy"
grain_kw = "0.01"
proration = "whole"

[[component]]
kind = "reactive_energy"
code = "kvarh"
label = "any"
unit = "yuan/kvarh"
price = "0.05"
free_percent = "50"

[[component]]
kind = "reactive_demand"
code = "kvar"
label = "any"
unit = "yuan/kvar"
price = "0.25"
proration = "thirtieths"
"""


def head(code, ledger=LedgerClass.FIXED):
    return {"code": code, "label": "any", "ledger": ledger}


ENERGY = LedgerClass.ENERGY
EXPECTED = (
    TransformerLoss(
        **head("loss", ENERGY),
        grain_wh=10,
        period=2,
        active=LossRates(iron_mw=570_000, copper_e6=20_000),
        reactive=LossRates(load_mw=1_500_500, k_e6=600_000),
    ),
    AgreedLoss(
        **head("agreed", ENERGY),
        deal=Deal.ONE_PERIOD,
        period=1,
        wh=234_000,
        varh=65_000,
        proration=Proration.THIRTIETHS,
    ),
    RatioTimeOfUse(
        **head("energy", ENERGY),
        parts=(BasePrice("purchase", 40_000_000, floats=True), BasePrice("system", 3_000_000, floats=False)),
        ratios=(Ratio("sharp", 12_500, on="peak"), Ratio("peak", 17_000), Ratio("valley", 3800)),
        grain_e6=10_000,
    ),
    LineLoss(**head("lines", ENERGY), price_e6=40_000_000, rate_e6=35_000, method=LossMethod.PLAIN),
    Capacity(**head("capacity"), price_e6=25 * YUAN, proration=Proration.CALENDAR_DAYS),
    ContractedDemand(
        **head("contract"),
        price_e6=40 * YUAN,
        proration=Proration.WHOLE,
        excess=Excess.CONTRACT_PLUS_DOUBLE_EXCESS,
        tolerance_e6=1_100_000,
        floor_e6=400_000,
        discount=UseDiscount(from_wh_per_kva=260_000, factor_hundredths=90, counts=UseCounts.WITH_SUBMETERS),
    ),
    MeasuredDemand(
        **head("measured"),
        proration=Proration.DAYS,
        period="quiet",
        place=2,
        limits_w=(50_000, 100_000),
        prices_e6=(0, 12 * YUAN, 9 * YUAN),
        ratchets=(Ratchet(part_e6=750_000, months=frozenset({1, 4, 12})), Ratchet(part_e6=500_000, look_back=3)),
        least_w=5000,
        grain_w=100,
        incremental=True,
    ),
    PowerFactor(
        **head("pf", ENERGY),
        submeters=Submeters.SERIES,
        schedule=schedule_of_1983(standard=Standard.P85),
        on=("energy", "contract"),
    ),
    PowerFactor(**head("points", ENERGY), schedule=linear_schedule(target=90, below=100, above=50), on=("energy",)),
    PowerFactorDemand(
        **head("kw"),
        target=95,
        period="busy",
        place=1,
        price_e6=1390 * 10**6,
        grain_w=10,
        proration=Proration.WHOLE,
    ),
    ReactiveEnergy(**head("kvarh", ENERGY), price_e6=5_000_000, free_e6=500_000),
    ReactiveDemand(**head("kvar"), price_e6=25_000_000, proration=Proration.THIRTIETHS),
)


def test_every_key_is_read_as_it_is_written():
    plan = document.parse(text=FULL).plan
    assert plan.components == EXPECTED
    assert plan.needs == {
        Input.ENERGIZED_MINUTES,
        Input.CAPACITY_VA,
        Input.CONTRACT_W,
        Input.PEAK_W,
        Input.BILLED_PEAK_W,
        Input.PAST_PEAKS_W,
        Input.MONTH,
        Input.REACTIVE_PEAK_VAR,
        Input.REACTIVE_VARH,
        Input.SUBMETER_WH,
    }
    assert len({slot.key for slot in plan.slots}) == len(plan.slots)


def test_what_may_be_left_out_is_as_the_grammar_says():
    short = FULL
    for line in (
        'grain_kwh = "0.01"\n',
        'tolerance_percent = "110"\n',
        'floor_percent = "40"\n',
        'least_kw = "5"\n',
        'grain_kw = "0.1"\n',
        'submeters = "series"\n',
        "price_decimals = 4\n",
        'on_ratio_of = { sharp = "peak" }\n',
        'reactive = { load_w = "1500.5", k = "0.6" }\n',
    ):
        assert short.count(line) == 1
        short = short.replace(line, "")
    loss, _, energy, _, _, contract, measured, factor, *_ = document.parse(text=short).plan.components
    assert (loss.grain_wh, loss.reactive) == (1, LossRates())
    assert (energy.grain_e6, energy.prices_e6[0]) == (1, 53_000_000)
    assert (contract.tolerance_e6, contract.floor_e6) == (1_050_000, 0)
    assert (measured.least_w, measured.grain_w, factor.submeters) == (0, 1, Submeters.PARALLEL)


@pytest.mark.parametrize(
    ("old", "new", "where", "code"),
    [
        ('unit = "yuan/kVA"', 'unit = "yuan/kW"', "component[4].unit", "unknown_unit"),
        ('unit = "yuan/kvarh"', 'unit = "yuan/kWh"', "component[10].unit", "unknown_unit"),
        ('unit = "fen/kW"', 'unit = "fen/kWh"', "component[6].unit", "unknown_unit"),
        ('proration = "calendar_days"\n', "", "component[4].proration", "missing_key"),
        ('excess = "contract_plus_double_excess"\n', "", "component[5].excess", "missing_key"),
        ('billed_before = "deduct"\n', "", "component[6].billed_before", "missing_key"),
        ('method = "plain"\n', "", "component[3].method", "missing_key"),
        ('deal = "mix"\n', "", "component[0].deal", "missing_key"),
        (', counts = "with_submeters"', "", "component[5].discount.counts", "missing_key"),
        ('tolerance_percent = "110"', 'tolerance_percent = "99"', "component[5].tolerance_percent", "out_of_range"),
        ('floor_percent = "40"', 'floor_percent = "101"', "component[5].floor_percent", "out_of_range"),
        ('floor_percent = "40"', 'floor_percent = "-1"', "component[5].floor_percent", "out_of_range"),
        ('factor = "0.9"', 'factor = "1.1"', "component[5].discount.factor", "out_of_range"),
        ('price = "40"', 'price = "40.00000001"', "component[5].discount.factor", "price_not_exact"),
        (
            'from_kwh_per_kva = "260"',
            'from_kwh_per_kva = "-1"',
            "component[5].discount.from_kwh_per_kva",
            "out_of_range",
        ),
        ('period = "quiet"', 'period = "noon"', "component[6].period", "unknown_word"),
        ('limits_kw = ["50", "100"]', 'limits_kw = ["50", "50"]', "component[6].limits_kw", "limits_not_ascending"),
        ('limits_kw = ["50", "100"]', "limits_kw = []", "component[6].limits_kw", "limits_not_ascending"),
        ('limits_kw = ["50", "100"]', 'limits_kw = ["50"]', "component[6].prices", "wrong_count"),
        ('least_kw = "5"', 'least_kw = "-5"', "component[6].least_kw", "out_of_range"),
        ('grain_kw = "0.1"', 'grain_kw = "0.2"', "component[6].grain_kw", "out_of_range"),
        ("months = [1, 4, 12]", "months = [1, 13]", "component[6].ratchet[0].months[1]", "bad_month"),
        ("months = [1, 4, 12]", "months = [1, 1]", "component[6].ratchet[0].months[1]", "bad_month"),
        ("look_back = 3", "look_back = 13", "component[6].ratchet[1].look_back", "not_an_integer"),
        ("look_back = 3", "look_ahead = 3", "component[6].ratchet[1].look_ahead", "unknown_key"),
        ('standard = "0.85"', 'standard = "0.87"', "component[7].standard", "unknown_word"),
        ('on = ["energy", "contract"]', "on = []", "component[7].on", "no_base"),
        ('target = "0.90"', 'target = "0"', "component[8].target", "out_of_range"),
        ('target = "0.95"', 'target = "1.01"', "component[9].target", "out_of_range"),
        ('below_percent = "1"', 'below_percent = "-1"', "component[8].below_percent", "out_of_range"),
        ('free_percent = "50"', 'free_percent = "-1"', "component[10].free_percent", "out_of_range"),
        ('rate = "0.035"', 'rate = "1"', "component[3].rate", "rate_out_of_range"),
        ('iron_w = "570"', 'iron_w = "-1"', "component[0].active.iron_w", "out_of_range"),
        (', k = "0.6"', "", "component[0].reactive.k", "missing_key"),
        ('iron_w = "570", copper_percent = "2"', "", "component[0].active.iron_w", "missing_key"),
        ('grain_kwh = "0.01"', 'grain_kwh = "5"', "component[0].grain_kwh", "out_of_range"),
        ('period = "valley"', 'period = "noon"', "component[0].period", "unknown_word"),
        ('floating = ["purchase"]', 'floating = ["sun"]', "component[2].floating[0]", "unknown_word"),
        ('floating = ["purchase"]', 'floating = ["purchase", "purchase"]', "component[2].floating[1]", "unknown_word"),
        ('valley = "0.38"', 'valley = "101"', "component[2].ratios.valley", "out_of_range"),
        (', valley = "0.38"', "", "component[2].ratios.valley", "missing_key"),
        ('sharp = "peak"', 'sharp = "sharp"', "component[2].on_ratio_of.sharp", "unknown_word"),
        ('sharp = "peak"', 'sharp = "peak", peak = "valley"', "component[2].on_ratio_of.sharp", "unknown_word"),
        ("price_decimals = 4", "price_decimals = 9", "component[2].price_decimals", "not_an_integer"),
        (
            'purchase = "0.40", system = "0.03" }',
            'purchase = "0.40000001", system = "0.03" }\n#',
            "component[2].ratios",
            "price_not_exact",
        ),
        (
            'base_prices = { purchase = "0.40", system = "0.03" }',
            "base_prices = {}",
            "component[2].base_prices",
            "missing_key",
        ),
    ],
)
def test_what_is_wrong_is_found_where_it_stands(old, new, where, code):
    assert FULL.count(old) == 1
    text = FULL.replace(old, new)
    if code == "price_not_exact" and "ratios" in where:
        text = text.replace("price_decimals = 4\n", "")
    read, findings = document.examine(text=text)
    assert read is None
    assert (where, code) in {(finding.where, finding.code) for finding in findings}


def test_a_period_of_demand_may_not_have_the_name_of_a_line_that_tells():
    text = FULL.replace('"busy", "quiet"', '"busy", "measured"').replace('"quiet"', '"measured"')
    _, findings = document.examine(text=text.replace("quiet =", "measured ="))
    assert ("component[6].period", "unknown_word") in {(finding.where, finding.code) for finding in findings}


def test_ratios_without_periods_of_use_are_found():
    text = FULL.replace('[time_of_use]\nperiods = ["sharp", "peak", "valley"]\n', "")
    _, findings = document.examine(text=text)
    assert ("component[2].ratios", "no_periods") in {(finding.where, finding.code) for finding in findings}
