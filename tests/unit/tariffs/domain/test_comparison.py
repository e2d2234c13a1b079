"""What changes between two versions: nothing for the same, each kind of change told, none passed over."""

import copy
import itertools
import re
import tomllib
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from tariffs.domain import document, words
from tariffs.domain.changes import (
    CaseChanged,
    EventChanged,
    FactChanged,
    HoursChanged,
    LimitChanged,
    OrderChanged,
    PartChanged,
    PriceChanged,
    RuleChanged,
    SeasonChanged,
    WordsChanged,
)
from tariffs.domain.comparison import compare
from tariffs.domain.outline import rules_of
from tariffs.domain.parts.readers import READERS
from tariffs.domain.wording import say, section_of, sentence_of, value_of
from tests.factories.documents import as_toml
from tests.unit.tariffs.domain.test_places import leaves

PACKS = Path(__file__).parents[4] / "cis" / "packs"
DOCUMENTS = sorted(PACKS.glob("*/tariffs/*.toml"))
NAMES = [f"{path.parts[-3]}/{path.stem}" for path in DOCUMENTS]


def pack(name):
    return (PACKS / name.replace("/", "/tariffs/")).with_suffix(".toml").read_text(encoding="utf-8")


def changes(name, *replaced):
    """Return the changes and their English sentences that some replacements in a document of a pack make."""
    text = changed = pack(name)
    for old, new in replaced:
        assert old in changed
        changed = changed.replace(old, new, 1)
    found = compare(before=document.parse(text=text), after=document.parse(text=changed))
    return [type(one) for one in found], [say(sentence_of(one)) for one in found]


@pytest.mark.parametrize("path", DOCUMENTS, ids=NAMES)
def test_a_version_does_not_differ_from_itself(path):
    text = path.read_text(encoding="utf-8")
    read = document.parse(text=text)
    assert compare(before=read, after=read) == ()
    # However it is written: as one plain list of keys, without comments.
    again = document.parse(text=as_toml(tomllib.loads(text)))
    assert again.text_hash == read.text_hash
    assert compare(before=read, after=again) == ()


NEW_YEAR = date(2000, 1, 1)
OTHERS = {
    "bill": ["line"], "line": ["bill"], "thirtieths": ["whole"], "gross": ["plain"], "inside": ["on_top"], "all": ["weekday"],
    "measured_plus_excess": ["contract_plus_double_excess"], "proportional": ["time_order"], "month": ["day"],
    "energy": ["fund"], "0.90": ["0.85"], "billed": ["with_submeters"],
}  # fmt: skip
MUTATED = ["cn-guangdong/commercial-tou", "cn-guangdong/residential-tiered", "cn-commercial/commercial-contracted-demand",
           "cn-shanghai/residential-tiered-tou", "au-example/home-flat"]  # fmt: skip


def mutated(value):
    """Yield other values near a value."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value - 1)
    elif isinstance(value, date):
        yield value + timedelta(days=1)
    elif isinstance(value, str):
        yield from (
            (value + "0", value + "1") if re.fullmatch(r"-?[\d.]+", value) else (f"{value}-x", *OTHERS.get(value, ()))
        )
        if "-" in value and ":" in value:
            yield value.replace("00-", "30-", 1)
    elif isinstance(value, list) and value:
        yield from (value[:-1], [*value, value[-1]], value[::-1])


def variants(values):
    """Yield documents that differ in one place: a value changed, or a key left out."""
    for path, value in leaves(values):
        if "vector[" in path and ("[0]" not in path or ("lines[" in path and "lines[0]" not in path)):
            continue  # one case and line stand for all
        if path.startswith("labels.") and not path.startswith("labels.energy"):
            continue
        steps = [int(step) if step.isdigit() else step for step in path.replace("[", ".").replace("]", "").split(".")]
        for other in itertools.chain(mutated(value), [None]):
            changed = copy.deepcopy(values)
            at = changed
            for step in steps[:-1]:
                at = at[step]
            if other is None:
                del at[steps[-1]]
            else:
                at[steps[-1]] = other
            yield path, changed


def rest_of(values, plan):
    """Return what a document says besides its components: each hour of the year, cases in any order, numbers as such."""
    values = {**values, "component": 0, "vector": sorted(values.get("vector", []), key=str)}
    for key, calendar in (("time_of_use", plan.calendar), ("demand", plan.demand.calendar)):
        if calendar is not None:
            hours = {name: calendar.slots[place].tolist() for place, name in enumerate(calendar.seasons)}
            days = [calendar.seasons[calendar.season_of(on=NEW_YEAR + timedelta(days=day))] for day in range(366)]
            values[key] = {**values[key], "season": (hours, days)}
    return plain(values)


def plain(value):
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    is_number = isinstance(value, str) and re.fullmatch(r"-?\d+\.\d+", value)
    return Fraction(value) if is_number else value


def is_same(values, read, changed, other):
    return read.plan.components == other.plan.components and rest_of(values, read.plan) == rest_of(changed, other.plan)


@pytest.mark.parametrize("name", MUTATED)
def test_nothing_that_differs_is_passed_over(name):
    """Any change of any key that the reader takes is told, unless it compiles to the very same components."""
    text = pack(name)
    values, read = tomllib.loads(text), document.parse(text=text)
    tried = 0
    for place, changed in variants(values):
        other, findings = document.examine(text=as_toml(changed))
        if findings or other is None:
            continue
        tried += 1
        for before, after in ((read, other), (other, read)):
            found = compare(before=before, after=after)
            assert found or is_same(values, read, changed, other), place
            for change in found:
                assert say(sentence_of(change))
                assert section_of(change)
    assert tried > 20


def test_a_price_reads_like_a_change_of_law():
    kinds, texts = changes("cn-shanghai/residential-tiered", ('"0.667"', '"0.677"'), ("2020-01-01", "2026-01-01"))
    assert kinds == [FactChanged, PriceChanged]
    assert texts == [
        "Holds from: 2020-01-01 → 2026-01-01",
        "Energy by step, step 2 above 3,120 up to 4,800 kWh a year: 0.667 → 0.677 CNY/kWh (+1.5 %)",
    ]


def test_the_last_step_and_a_fall_and_a_price_that_becomes_unknown():
    _, texts = changes("cn-shanghai/residential-tiered", ('"0.917"', '"0.8"'), ('"0.617"', '"unset"'))
    assert texts == [
        "Energy by step, step 1 up to 3,120 kWh a year: 0.617 CNY/kWh → not known",
        "Energy by step, step 3 above 4,800 kWh a year: 0.917 → 0.80 CNY/kWh (-12.8 %)",
    ]


def test_a_limit_that_moves_and_the_allowance_beside_it():
    kinds, texts = changes(
        "cn-shanghai/residential-tiered-tou",
        ('["3120", "4800"]', '["3240.5", "4800"]'),
        ("from_persons = 5", "from_persons = 6"),
    )
    assert kinds == [LimitChanged, RuleChanged]
    assert texts == [
        "Energy by step and period: step 1 ends at 3,240.5 kWh a year (before: 3,120 kWh a year)",
        "Energy by step and period, allowance of large households, from so many persons on: 5 → 6",
    ]


@pytest.mark.parametrize(
    ("key", "text", "said"),
    [
        ("household", "from_persons 5, grow_kwh 1200, 1200", "from 5 persons on, limits grow by 1,200 kWh"),
        ("household", "from_persons 5, grow_kwh 1200, 0", "from 5 persons on, limits grow by 1,200 / 0 kWh"),
        (
            "household", "from_persons 5, grow_kwh 100.5, from_persons 7, grow_kwh 200",
            "from 5 persons on, limits grow by 100.5 kWh; from 7 persons on, limits grow by 200 kWh",
        ),
        ("household", "", ""),
        ("household", "from_persons 5", "from_persons 5"),
        (
            "discount", "from_kwh_per_kva 260, factor 0.9, counts billed",
            "from 260 kWh a month for each kVA on, the price times 0.9",
        ),
    ],
)  # fmt: skip
def test_tables_of_a_document_are_told_as_sentences(key, text, said):
    assert say(value_of(key=key, text=text)) == said


def test_no_pack_shows_names_of_keys_to_people():
    for path in sorted(PACKS.glob("*/tariffs/*.toml")):
        for values in tomllib.loads(path.read_text(encoding="utf-8"))["component"]:
            for key, text in rules_of(values, told={"kind", "code", "label", "price", "prices", "fees", "steps"}):
                if key != "only_for":
                    assert not re.search(r"[a-z]_[a-z]", say(value_of(key=key, text=text))), (path.name, key)


def test_a_step_more_and_a_step_less():
    more = [
        ('["3120", "4800"]', '["3120", "4800", "9000"]'),
        ('"0.917"]', '"0.917", "1.2"]'),
        ('"1200"]', '"1200", "1200"]'),
    ]
    kinds, texts = changes("cn-shanghai/residential-tiered", *more)
    assert kinds == [PriceChanged, RuleChanged]
    assert texts[0] == "Energy by step, step 4 above 9,000 kWh a year: 1.20 CNY/kWh (new)"
    old = document.parse(text=pack("cn-shanghai/residential-tiered"))
    text = pack("cn-shanghai/residential-tiered")
    for before, after in more:
        text = text.replace(before, after, 1)
    (change, _) = compare(before=document.parse(text=text), after=old)
    assert say(sentence_of(change)) == (
        "Energy by step, step 4 above 9,000 kWh a year: no longer (before: 1.20 CNY/kWh)"
    )


def test_components_come_and_go_and_change_their_kind():
    fund = '[[component]]\nkind = "energy"\ncode = "fund"\nlabel = "energy"\nunit = "fen/kWh"\nprice = "2"\n\n'
    kinds, texts = changes("cn-shanghai/residential-non-household", ("[[component]]", f"{fund}[[component]]"))
    assert (kinds, texts) == ([PartChanged], ["New: Energy (price per kWh): 0.02 CNY/kWh"])

    text = pack("cn-shanghai/residential-non-household")
    longer = document.parse(text=text.replace("[[component]]", f"{fund}[[component]]", 1))
    (gone,) = compare(before=longer, after=document.parse(text=text))
    assert say(sentence_of(gone)) == "No longer charged: Energy (price per kWh): 0.02 CNY/kWh"

    kinds, texts = changes(
        "cn-shanghai/residential-non-household",
        ('kind = "energy"\ncode = "energy"\nunit = "yuan/kWh"', 'kind = "fixed"\ncode = "energy"\nunit = "yuan/day"'),
    )
    assert kinds == [PartChanged, PriceChanged]
    assert texts == [
        "Energy: price per kWh → standing charge",
        "Energy: 0.641 CNY/kWh → 0.641 CNY/day",
    ]


def test_another_order_of_charging():
    text = pack("cn-commercial/commercial-capacity")
    head, *parts = text.split("[[component]]")
    parts[2], parts[3] = parts[3], parts[2]
    swapped = "[[component]]".join([head, *parts])
    (change,) = compare(before=document.parse(text=text), after=document.parse(text=swapped))
    assert isinstance(change, OrderChanged)
    assert say(sentence_of(change)).startswith("Order of the components: energy, line-loss, system, capacity")


def test_hours_that_change_their_period_also_over_midnight():
    kinds, texts = changes(
        "cn-shanghai/residential-tiered-tou", ('"06:00-22:00"', '"05:30-21:00"'), ('"22:00-06:00"', '"21:00-05:30"')
    )
    assert kinds == [HoursChanged, HoursChanged]
    assert texts == [
        "Season year, all days, 05:30-06:00: Valley → Peak",
        "Season year, all days, 21:00-22:00: Peak → Valley",
    ]
    _, texts = changes(
        "cn-shanghai/residential-tiered-tou",
        ('days = ["all"]', 'days = ["weekday", "holiday"]'),
        (
            'valley = ["22:00-06:00"]',
            'valley = ["22:00-06:00"]\n\n[[time_of_use.season.hours]]\ndays = ["weekend"]\nvalley = ["00:00-24:00"]\n',
        ),
    )
    assert texts == ["Season year, weekends, 06:00-22:00: Peak → Valley"]


def test_seasons_and_events():
    kinds, texts = changes(
        "cn-guangdong/commercial-tou",
        ("07-01..09-30", "07-01..08-31"),
        ("10-01..06-30", "09-01..06-30"),
        ('seasons = ["other"]\ncritical = ["11:00-12:00", "15:00-17:00"]', 'critical = ["11:00-13:00"]'),
    )
    assert kinds == [SeasonChanged, SeasonChanged, EventChanged]
    assert texts == [
        "Season summer: 07-01..09-30 → 07-01..08-31",
        "Season other: 10-01..06-30 → 09-01..06-30",
        "Event heat: seasons other; critical 11:00-12:00, 15:00-17:00 → critical 11:00-13:00",
    ]
    text = pack("cn-shanghai/residential-tiered-tou")
    summer = '[[time_of_use.season]]\nname = "summer"\ndates = ["07-01..08-31"]\n\n[[time_of_use.season.hours]]\ndays = ["all"]\n'
    summer += 'peak = ["06:00-23:00"]\nvalley = ["23:00-06:00"]\n\n[labels.energy]'
    longer = text.replace('"01-01..12-31"', '"09-01..06-30"').replace("[labels.energy]", summer, 1)
    old, new = document.parse(text=text), document.parse(text=longer)
    assert [say(sentence_of(one)) for one in compare(before=old, after=new)] == [
        "Season year: 01-01..12-31 → 09-01..06-30",
        "Season summer: 07-01..08-31; all days 23:00-06:00 Valley; all days 06:00-23:00 Peak (new)",
    ]
    assert say(sentence_of(compare(before=new, after=old)[1])).startswith(
        "Season summer: no longer (before: 07-01..08-31;"
    )


def test_words_and_cases():
    kinds, texts = changes(
        "cn-shanghai/residential-non-household",
        ('en = "Energy"', 'en = "Power"'),
        ('"a school\'s month"', '"a hospital\'s month"'),
    )
    assert kinds == [WordsChanged, CaseChanged, CaseChanged]
    assert texts == [
        "Words of energy: 电度电费 / Energy → 电度电费 / Power",
        "Case “a hospital's month” expects: 7913.58 (new)",
        "Case “a school's month” expects: no longer (before: 7913.58)",
    ]
    kinds, texts = changes("cn-shanghai/residential-non-household", ('quantity = "7913.58"', 'quantity = "7913.59"'))
    assert (kinds, texts) == ([CaseChanged], ["Case “a school's month” has other inputs or lines"])


def test_rules_of_demand_and_of_what_floats():
    kinds, texts = changes(
        "cn-commercial/commercial-contracted-demand",
        ('from_kwh_per_kva = "260"', 'from_kwh_per_kva = "250"'),
        ('excess = "measured_plus_excess"', 'excess = "contract_plus_double_excess"'),
        ('valley = "0.38"', 'valley = "0.40"'),
        ("window_minutes = 15", "window_minutes = 30"),
    )
    assert kinds == [FactChanged, PriceChanged, RuleChanged, RuleChanged, RuleChanged]
    assert texts[0] == "Minutes over which demand is averaged: 15 → 30"
    assert texts[1] == "Energy, Valley: 0.209 → 0.22 CNY/kWh (+5.3 %)"
    assert texts[2] == "Energy, ratio (valley): 0.38 → 0.40"
    excess = "what was measured, and the excess once more → the contract, and the excess twice"
    assert f"Demand, demand beyond the contract: {excess}" in texts
    assert "Demand, lower price for good use, from so many kWh per kVA on: 260 → 250" in texts


def test_sentences_are_told_in_the_language_of_the_door():
    (change,) = compare(
        before=document.parse(text=pack("cn-shanghai/residential-tiered-tou")),
        after=document.parse(text=pack("cn-shanghai/residential-tiered-tou").replace('"0.337"', '"0.347"', 1)),
    )
    chinese = {"step %(step)s above %(low)s up to %(high)s": "第%(step)s档%(low)s至%(high)s", "a year": "每年"}
    said = say(sentence_of(change), language="zh", translate=lambda text: chinese.get(text, text))
    assert said == "阶梯分时电度电费, 第2档3,120至4,800 kWh 每年, 谷: 0.337 → 0.347 CNY/kWh (+3.0 %)"


def test_every_kind_of_component_has_its_word():
    assert set(words.KINDS) == set(READERS)
