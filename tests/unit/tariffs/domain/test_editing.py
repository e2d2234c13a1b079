"""Edits keep a document valid and its layout: other numbers from another day, cases computed anew."""

import tomllib
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tariffs.domain import document, editing
from tariffs.domain.changes import CaseChanged, FactChanged, PriceChanged
from tariffs.domain.comparison import compare
from tests.unit.tariffs.domain.test_places import leaves

PACKS = Path(__file__).parents[4] / "cis" / "packs"
DOCUMENTS = sorted(PACKS.glob("*/tariffs/*.toml"))
NAMES = [f"{path.parts[-3]}/{path.stem}" for path in DOCUMENTS]
NEXT = date(2027, 1, 1)


def pack(name):
    return (PACKS / name.replace("/", "/tariffs/")).with_suffix(".toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", DOCUMENTS, ids=NAMES)
def test_fields_are_the_numbers_of_the_components(path):
    text = path.read_text(encoding="utf-8")
    fields = editing.fields_of(text=text)
    found = dict(leaves(tomllib.loads(text)))
    assert fields
    assert all(found[field.path] == field.text for field in fields)
    assert len({field.path for field in fields}) == len(fields)
    priced = {field.path for field in fields if field.is_price}
    # No number under a key of prices is left out.
    for where, value in found.items():
        keys = set(where.replace("[", ".").split("."))
        if where.startswith("component") and isinstance(value, str) and keys & {"price", "prices", "base_prices"}:
            assert where in priced


def test_fields_know_their_period_step_and_unit():
    fields = {field.path: field for field in editing.fields_of(text=pack("cn-shanghai/residential-tiered-tou"))}
    one = fields["component[0].prices.valley[2]"]
    assert (one.key, one.name, one.step, one.text, one.unit) == ("prices", "valley", 3, "0.487", "yuan/kWh")
    limit = fields["component[0].limits_kwh[0]"]
    assert (limit.is_price, limit.step, limit.text) == (False, 1, "3120")
    ratios = {field.path: field for field in editing.fields_of(text=pack("cn-guangdong/commercial-tou"))}
    assert ratios["component[0].base_prices.purchase"].name == "purchase"
    assert ratios["component[0].ratios.peak"].is_price is False


def test_steps_of_each_period_are_fields_too():
    text = (
        "component = [{ kind = 'tiered_by_period', steps = { peak = { limits_kwh = ['100'], prices = ['1', '2'] } } }]"
    )
    found = [(one.path, one.name, one.step, one.text) for one in editing.fields_of(text=text)]
    assert found == [
        ("component[0].steps.peak.limits_kwh[0]", "peak", 1, "100"),
        ("component[0].steps.peak.prices[0]", "peak", 1, "1"),
        ("component[0].steps.peak.prices[1]", "peak", 2, "2"),
    ]


@pytest.mark.parametrize("path", DOCUMENTS, ids=NAMES)
def test_a_new_version_differs_in_what_was_asked_for_and_reads_line_by_line(path):
    text = path.read_text(encoding="utf-8")
    prices = [field for field in editing.fields_of(text=text) if field.is_price]
    changed = editing.new_version(
        text=text, valid_from=NEXT, values={prices[0].path: "0.123"}, legal_source='An "order" \\ 1'
    )
    before, after = document.parse(text=text), document.parse(text=changed)
    kinds = {type(change) for change in compare(before=before, after=after)}
    assert FactChanged in kinds
    assert PriceChanged in kinds
    assert after.plan.valid_from == NEXT
    assert after.plan.legal_source == 'An "order" \\ 1'
    assert changed.count("\n") == text.count("\n")
    assert sum(one != other for one, other in zip(text.splitlines(), changed.splitlines(), strict=True)) == 3


def test_an_end_before_the_new_start_is_left_out():
    text = pack("cn-shanghai/residential-tiered")
    for end, kept in (("2027-01-01", False), ("2027-01-02", True)):
        dated = text.replace("valid_from = 2020-01-01\n", f"valid_from = 2020-01-01\nvalid_to = {end} # the end\n")
        changed = editing.new_version(text=dated, valid_from=NEXT, values={})
        assert (document.parse(text=changed).plan.valid_to is not None) == kept
        assert ("the end" in changed) == kept


@given(st.text(max_size=12))
def test_any_text_is_written_so_that_it_is_read_back(text):
    # TOML has no way to write a lone surrogate, and no text from a form holds one.
    if not any("\ud800" <= letter <= "\udfff" for letter in text):
        assert tomllib.loads(f"x = {editing.literal(text)}")["x"] == text


def test_values_of_other_kinds_are_written_as_toml():
    value = {"a": ["1", {"b": 2}], "c": {}, "d": [], "e": date(2026, 1, 2)}
    assert tomllib.loads(f"x = {editing.literal(value)}")["x"] == value


@pytest.mark.parametrize("path", DOCUMENTS, ids=NAMES)
def test_cases_computed_anew_are_green_and_marked(path):
    text = path.read_text(encoding="utf-8")
    fields = [field for field in editing.fields_of(text=text) if field.is_price and field.key != "base_prices"]
    fields = fields or [field for field in editing.fields_of(text=text) if field.is_price]
    values = {field.path: "1" + field.text for field in fields}
    changed = editing.new_version(text=text, valid_from=NEXT, values=values)
    assert document.check(document=document.parse(text=changed))
    renewed = editing.renewed(text=changed)
    read = document.parse(text=renewed)
    assert not document.check(document=read)
    assert renewed.count(editing.COMPUTED) >= 1
    told = [one for one in compare(before=document.parse(text=text), after=read) if isinstance(one, CaseChanged)]
    assert told
    assert editing.renewed(text=renewed) == renewed


def test_a_line_that_is_new_is_added_and_lines_in_tables_of_their_own_are_kept():
    text = pack("cn-shanghai/residential-non-household")
    fund = '[[component]]\nkind = "energy"\ncode = "fund"\nlabel = "energy"\nledger = "fund"\nunit = "fen/kWh"\nprice = "2"\n\n[[vector]]'
    longer = text.replace("[[vector]]", fund, 1)
    renewed = editing.renewed(text=longer)
    assert not document.check(document=document.parse(text=renewed))
    assert '{ line = "fund", quantity = "12345.678", amount = "246.91" }' in renewed
    assert '{ line = "vat", quantity = "7913.58", amount = "910.41" }' in renewed

    apart = (
        text[: text.index("lines = [")]
        + '[[vector.lines]]\nline = "energy"\namount = "1"\n[[vector.lines]]\nline = "vat"\namount = "2"\n'
    )
    renewed = editing.renewed(text=apart.replace('"0.641"', '"0.642"'))
    assert 'line = "energy"\namount = "7925.93"\n' in renewed
    assert not document.check(document=document.parse(text=renewed))


def test_a_case_that_cannot_be_rated_stays_as_it_is():
    text = pack("cn-shanghai/residential-tiered").replace('"0.667"', '"unset"', 1)
    assert editing.renewed(text=text) == text
