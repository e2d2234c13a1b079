"""The text of a tariff version: what is read, what is found, and that nothing is guessed."""

import copy
import random
import tomllib
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cis.kernel.errors import Findings
from tariffs.domain import document
from tariffs.domain.components.basic import Energy, Fixed, Per, Tax, TaxMode, TimeOfUse
from tariffs.domain.components.tiers import Cycle, HouseholdAllowance, TierCycle, TieredEnergy, TieredTimeOfUse
from tariffs.domain.grammar import Table
from tariffs.domain.lines import LedgerClass, price_text
from tariffs.domain.plan import Scope, SplitBy

PACKS = sorted((Path(__file__).parents[4] / "cis" / "packs").glob("*/tariffs/*.toml"))

FULL = """
schema = 1
code = "everything"
name_zh = "样本"
name_en = "Sample"
legal_source = "made for tests"
valid_from = 2025-01-01
valid_to = 2026-01-01
currency = "CNY"
decimals = 2
rounding = "line"

[tier_cycle]
every = "year"
start_month = 7

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
standing = { zh = "基本", en = "Standing" }
words = { zh = "电费", en = "Energy" }
steps = { zh = "阶梯", en = "Steps" }
tou = { zh = "分时", en = "Time of use" }
both = { zh = "阶梯分时", en = "Both" }
vat = { zh = "税", en = "VAT" }
peak = { zh = "峰", en = "Peak" }
valley = { zh = "谷", en = "Valley" }

[[component]]
kind = "fixed"
code = "standing"
unit = "yuan/month"
price = "8.1"

[[component]]
kind = "energy"
code = "fund"
label = "words"
ledger = "fund"
unit = "fen/kWh"
price = "0.196875"

[[component]]
kind = "tiered_energy"
code = "steps"
unit = "CNY/kWh"
limits_kwh = ["100.5", "200"]
prices = ["0.1", "-0.2", "unset"]
household = { from_persons = 5, grow_kwh = ["10", "20"] }

[[component]]
kind = "time_of_use"
code = "tou"
unit = "yuan/kWh"
prices = { peak = "0.6", valley = "0.3" }

[[component]]
kind = "tiered_time_of_use"
code = "both"
unit = "yuan/kWh"
limits_kwh = ["100"]
convention = "proportional"
prices = { peak = ["0.6", "0.7"], valley = ["0.3", "0.4"] }

[[component]]
kind = "tax"
code = "vat"
rate = "0.13"
mode = "on_top"
on = ["*"]
"""

FLAT = """
schema = 1
code = "flat"
name_zh = "单一电价"
name_en = "One price"
legal_source = "made for tests"
valid_from = 2020-01-01
currency = "CNY"
decimals = 2
rounding = "line"
labels.energy = { zh = "电费", en = "Energy" }

[[component]]
kind = "energy"
code = "energy"
unit = "yuan/kWh"
price = "0.617"

[[vector]]
name = "100 kWh"
used_kwh = "100"
total = "61.70"
"""


def found(text):
    read, findings = document.examine(text=text)
    assert (read is None) == bool(findings)
    return [(finding.where, finding.code) for finding in findings]


def changed(old, new, text=FLAT):
    assert old in text
    return found(text.replace(old, new, 1))


def test_every_kind_of_component_is_read_into_integers():
    plan = document.parse(text=FULL).plan
    head = {"label": "steps", "ledger": LedgerClass.ENERGY}
    assert plan.components == (
        Fixed(code="standing", label="standing", ledger=LedgerClass.FIXED, per=Per.MONTH, price_e6=810_000_000),
        Energy(code="fund", label="words", ledger=LedgerClass.FUND, price_e6=196_875),
        TieredEnergy(
            code="steps",
            **head,
            limits_wh=(100_500, 200_000),
            prices_e6=(10_000_000, -20_000_000, None),
            allowances=(HouseholdAllowance(from_persons=5, grow_wh=(10_000, 20_000)),),
        ),
        TimeOfUse(
            code="tou",
            **(head | {"label": "tou"}),
            periods=("peak", "valley"),
            prices_e6=(60_000_000, 30_000_000),
        ),
        TieredTimeOfUse(
            code="both",
            **(head | {"label": "both"}),
            limits_wh=(100_000,),
            periods=("peak", "valley"),
            prices_e6=((60_000_000, 30_000_000), (70_000_000, 40_000_000)),
            convention="proportional",
        ),
        Tax(code="vat", label="vat", ledger=LedgerClass.TAX, rate_e6=130_000, mode=TaxMode.ON_TOP, on=("*",)),
    )


def test_the_head_of_the_document_is_read():
    plan = document.parse(text=FULL).plan
    assert (plan.code, plan.name_zh, plan.name_en, plan.legal_source) == (
        "everything",
        "样本",
        "Sample",
        "made for tests",
    )
    assert (plan.valid_from, plan.valid_to) == (date(2025, 1, 1), date(2026, 1, 1))
    assert (plan.currency, plan.decimals, plan.rounding_scope) == ("CNY", 2, Scope.LINE)
    assert plan.tier_cycle == TierCycle(Cycle.YEAR, 7)
    assert plan.periods == ("peak", "valley")
    assert plan.labels["valley"] == {"zh": "谷", "en": "Valley"}
    assert plan.missing_prices == ("steps/3",)


@pytest.mark.parametrize(
    ("text", "split", "profile"),
    [
        ('usage = "read"', SplitBy.READ, ""),
        ('usage = "days"', SplitBy.DAYS, ""),
        ('usage = "profile"\nprofile = "HOMES"', SplitBy.PROFILE, "HOMES"),
    ],
)
def test_a_tariff_says_how_usage_of_registers_is_split(text, split, profile):
    made = document.parse(text=FULL.replace("[labels]", f'[proration]\n{text}\nsource = "law"\n[labels]'))
    assert (made.plan.usage_split, made.plan.usage_profile) == (split, profile)


@pytest.mark.parametrize("text", ['usage = "profile"', 'usage = "days"\nprofile = "HOMES"'])
def test_a_profile_stands_where_usage_is_split_by_one_and_nowhere_else(text):
    _, findings = document.examine(text=FULL.replace("[labels]", f'[proration]\n{text}\nsource = "law"\n[labels]'))
    assert [finding.where for finding in findings] == ["proration.profile"]


def test_lines_are_named_and_priced_as_printed():
    plan = document.parse(text=FULL).plan
    shown = {slot.key: price_text(slot=slot, decimals=2) for slot in plan.slots if slot.price_e6 is not None}
    assert shown == {
        "standing": "8.10",
        "fund": "0.00196875",
        "steps/1": "0.10",
        "steps/2": "-0.20",
        "tou/peak": "0.60",
        "tou/valley": "0.30",
        "both/1/peak": "0.60",
        "both/1/valley": "0.30",
        "both/2/peak": "0.70",
        "both/2/valley": "0.40",
        "vat": "13",
    }


def test_layout_comments_and_order_of_keys_do_not_change_the_hash_and_any_other_change_does():
    plain = document.parse(text=FLAT)
    moved = FLAT.replace("schema = 1\n", "", 1).replace('currency = "CNY"', 'schema  =  1 # first\ncurrency = "CNY"')
    assert document.parse(text=moved).text_hash == plain.text_hash == plain.plan.text_hash
    for old, new in (("0.617", "0.618"), ("单一电价", "单一"), ("2020-01-01", "2020-01-02"), ("61.70", "61.7")):
        assert document.parse(text=FLAT.replace(old, new)).text_hash != plain.text_hash


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("schema = 1", "schema = 2", ("schema", "not_an_integer")),
        ('code = "flat"', 'code = "Flat rate"', ("code", "bad_code")),
        ('code = "flat"\n', "", ("code", "missing_key")),
        ('legal_source = "made for tests"', 'legal_source = " "', ("legal_source", "not_text")),
        ('legal_source = "made for tests"\n', "", ("legal_source", "missing_key")),
        ("valid_from = 2020-01-01\n", "", ("valid_from", "missing_key")),
        ("valid_from = 2020-01-01", 'valid_from = "soon"', ("valid_from", "not_a_date")),
        ("valid_from = 2020-01-01", "valid_from = 2020-01-01T00:00:00Z", ("valid_from", "not_a_date")),
        ('currency = "CNY"', 'currency = "cny"', ("currency", "bad_currency")),
        ('rounding = "line"', 'rounding = "page"', ("rounding", "unknown_word")),
        ("decimals = 2", 'decimals = "2"', ("decimals", "not_an_integer")),
        ("decimals = 2", "decimals = true", ("decimals", "not_an_integer")),
        ('en = "Energy" }', 'en = "Energy", fr = "Energie" }', ("labels.energy.fr", "unknown_key")),
        (', en = "Energy"', "", ("labels.energy.en", "missing_key")),
        ('kind = "energy"', 'kind = "magic"', ("component[0].kind", "unknown_kind")),
        ('unit = "yuan/kWh"', 'unit = "yuan/MWh"', ("component[0].unit", "unknown_unit")),
        ('unit = "yuan/kWh"', 'unit = "dollar/kWh"', ("component[0].unit", "unknown_unit")),
        ('unit = "yuan/kWh"', 'unit = "yuan/day"', ("component[0].unit", "wrong_unit")),
        ('price = "0.617"', "price = 0.617", ("component[0].price", "not_text")),
        ('price = "0.617"', 'price = "0.6170000001"', ("component[0].price", "not_a_number")),
        ('price = "0.617"', 'price = "６"', ("component[0].price", "not_a_number")),
        ('price = "0.617"', 'price = "NaN"', ("component[0].price", "not_a_number")),
        ('price = "0.617"', 'price = "10000.1"', ("component[0].price", "price_out_of_range")),
        ('price = "0.617"\n', "", ("component[0].price", "missing_key")),
        ('price = "0.617"', 'price = "0.617"\nprices = []', ("component[0].prices", "unknown_key")),
        ("[[vector]]", "[vector]", ("vector", "not_a_list")),
        ('currency = "CNY"', 'currency = "CNY"\ncustomer_class = "homes"', ("customer_class", "unknown_word")),
        ('currency = "CNY"', 'currency = "CNY"\narea = 3', ("area", "not_text")),
        ('used_kwh = "100"', 'used_kwh = { peak = "1" }', ("vector[0].used_kwh", "not_text")),
        ('used_kwh = "100"', 'used_kwh = "1000000000001"', ("vector[0].used_kwh", "energy_out_of_range")),
        ('total = "61.70"\n', "", ("vector[0].total", "missing_key")),
        ("schema = 1", "schema = 1\nnote = 1", ("note", "unknown_key")),
        ("schema = 1", 'schema = 1\ntier_cycle = { every = "year" }', ("tier_cycle", "cycle_without_steps")),
        ("schema = 1", "schema = 1\nvalid_to = 2020-01-01", ("valid_to", "empty_validity")),
    ],
)
def test_a_slip_is_found_where_it_stands(old, new, finding):
    assert finding in changed(old, new)


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        (
            'limits_kwh = ["100.5", "200"]',
            'limits_kwh = ["200", "100"]',
            ("component[2].limits_kwh", "limits_not_ascending"),
        ),
        (
            'limits_kwh = ["100.5", "200"]',
            'limits_kwh = ["0", "100"]',
            ("component[2].limits_kwh", "limits_not_ascending"),
        ),
        ('limits_kwh = ["100.5", "200"]', 'limits_kwh = ["100"]', ("component[2].prices", "wrong_count")),
        ('grow_kwh = ["10", "20"]', 'grow_kwh = ["10"]', ("component[2].household.grow_kwh", "wrong_count")),
        (
            'grow_kwh = ["10", "20"]',
            'grow_kwh = ["99.5", "0"]',
            ("component[2].household.grow_kwh", "limits_not_ascending"),
        ),
        (
            'grow_kwh = ["10", "20"]',
            'grow_kwh = ["-1", "0"]',
            ("component[2].household.grow_kwh", "limits_not_ascending"),
        ),
        ('{ peak = "0.6", valley = "0.3" }', '{ peak = "0.6" }', ("component[3].prices.valley", "missing_key")),
        ('valley = "0.3" }', 'valley = "0.3", noon = "1" }', ("component[3].prices.noon", "unknown_key")),
        ('"proportional"', '"whatever"', ("component[4].convention", "unknown_word")),
        ('valley = ["0.3", "0.4"]', 'valley = ["0.3"]', ("component[4].prices.valley", "wrong_count")),
        ('code = "tou"', 'code = "steps"', ("component[3].code", "code_taken")),
        ('rate = "0.13"', 'rate = "13"', ("component[5].rate", "rate_out_of_range")),
        ('on = ["*"]', "on = []", ("component[5].on", "no_base")),
        ('on = ["*"]', 'on = ["energy"]', ("component", "unknown_base")),
        ('unit = "yuan/month"', 'unit = "yuan/kWh"', ("component[0].unit", "wrong_unit")),
        ('kind = "fixed"', 'kind = "account_charge"\nmonths = [1]', ("component[0].kind", "account_scope")),
        ('[tier_cycle]\nevery = "year"\nstart_month = 7\n', "", ("tier_cycle", "missing_key")),
        ("start_month = 7", "start_month = 13", ("tier_cycle.start_month", "not_an_integer")),
        ('every = "year"', 'every = "none"', ("tier_cycle", "cycle_without_steps")),
        ('periods = ["peak", "valley"]', 'periods = ["peak", "peak"]', ("time_of_use.periods[1]", "bad_code")),
        ('"01-01..12-31"', '"01-01..12-30"', ("time_of_use.season", "day_without_season")),
        ('"01-01..12-31"', '"01-01..02-30"', ("time_of_use.season[0].dates[0]", "bad_dates")),
        ('"01-01..12-31"]', '"01-01..12-31", "05-01..05-02"]', ("time_of_use.season[0].dates[1]", "day_claimed_twice")),
        ('["06:00-22:00"]', '["06:00-21:30"]', ("time_of_use.season[0].hours", "hour_without_period")),
        ('["06:00-22:00"]', '["06:00-22:30"]', ("time_of_use.season[0].hours[0].valley[0]", "hour_claimed_twice")),
        ('["06:00-22:00"]', '["06:00-22:15"]', ("time_of_use.season[0].hours[0].peak[0]", "bad_hours")),
        ('["06:00-22:00"]', '["06:00-24:30"]', ("time_of_use.season[0].hours[0].peak[0]", "bad_hours")),
        ('days = ["all"]', 'days = ["weekday"]', ("time_of_use.season[0].hours", "hour_without_period")),
        ('days = ["all"]', 'days = ["monday"]', ("time_of_use.season[0].hours[0].days[0]", "unknown_word")),
        ('peak = { zh = "峰", en = "Peak" }\n', "", ("labels.peak", "missing_key")),
    ],
)
def test_a_slip_in_a_component_or_calendar_is_found_where_it_stands(old, new, finding):
    assert finding in changed(old, new, FULL)


def test_all_findings_are_reported_at_once_and_parse_raises_them():
    text = FLAT.replace("schema = 1", "schema = 9").replace("decimals = 2", "decimals = 9").replace("0.617", "x")
    assert {where for where, _ in found(text)} == {"schema", "decimals", "component[0].price"}
    with pytest.raises(document.InvalidTariff) as refusal:
        document.parse(text=text)
    assert len(refusal.value.detail["findings"]) == 3


def test_a_text_that_is_not_toml_is_one_finding():
    assert found("code = ") == [("", "not_toml")]


@pytest.mark.parametrize(
    "text",
    [
        ".".join("a" * 100_000) + " = 1",
        "[" + ".".join([r'"\""'] * 50_000) + "]",
        "x = {" + " . ".join(["'a'"] * 50_000) + " = 1}",
        "x = " + "[" * 100_000,
        "x = " + "[" * 100 + "]" * 100,
        "x = " + "{a = " * 100_000,
        "x = " + "9" * 100_000,
        "x = 0x" + "f" * 100_000,
    ],
    ids=["key", "quoted", "inline", "lists", "few lists", "tables", "digits", "hexadecimal"],
)
def test_a_text_that_only_costs_time_and_memory_is_one_finding(text):
    assert found(text + "\n" + FLAT) == [("", "not_toml")]


def test_a_name_that_no_database_holds_is_found():
    assert changed('name_en = "', 'name_en = "\\u0000', FLAT) == [("name_en", "not_text")]


def test_check_finds_no_vector_and_failing_vectors():
    assert not document.check(document=document.parse(text=FLAT))
    bare = FLAT[: FLAT.index("[[vector]]")]
    assert [f.code for f in document.check(document=document.parse(text=bare))] == ["no_vector"]
    wrong = document.parse(text=FLAT.replace("61.70", "61.71"))
    (finding,) = document.check(document=wrong)
    assert (finding.where, finding.code) == ("vector[0].total", "vector_differs")
    assert "61.70" in finding.message


@pytest.mark.parametrize("path", PACKS, ids=lambda path: path.stem)
def test_the_tariffs_of_the_packs_pass_their_own_vectors(path):
    read = document.parse(text=path.read_text(encoding="utf-8"))
    assert not list(document.check(document=read))
    assert read.plan.code == path.stem.partition("@")[0]


def test_there_are_packs():
    assert PACKS


def _places(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _places(inner, (*path, key))


JUNK = st.sampled_from([None, "", "unset", "x", "-1", 0, -1, 10**30, 1.5, True, [], [[]], {}, {"a": 1}, [{}], date.min])


@given(st.randoms(use_true_random=False), JUNK)
def test_a_document_damaged_anywhere_gives_findings_and_never_an_exception(chance: random.Random, junk):
    values = copy.deepcopy(tomllib.loads(FULL))
    *path, key = chance.choice([path for path in _places(values) if path])
    holder = values
    for step in path:
        holder = holder[step]
    if junk is None:
        del holder[key]
    else:
        holder[key] = junk
    findings = Findings()
    plan, _ = document._read_plan(Table(values=values, where="", findings=findings), "hash")
    assert plan is not None or findings
