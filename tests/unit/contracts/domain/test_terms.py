"""Key points, clauses and what is filled into them; the libraries that are shipped."""

import tomllib
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.domain import clauses, terms
from contracts.domain.clauses import BadClauses
from contracts.domain.terms import Facts, IncompleteContract, KeyPoint, MeteringSide, SupplyMode, UseClass

PACKS = Path(__file__).parents[4] / "cis" / "packs"
LIBRARIES = sorted(PACKS.glob("*/clauses.toml"))
TODAY = date(2026, 7, 1)
BOTH = {"zh": "文", "en": "text"}
FACTS = Facts(
    supplier={"zh": "示范供电公司", "en": "Demo Electricity"}, supplier_number="9131", supplier_address="示范路1号",
    customer="张三", customer_kind={"zh": "居民", "en": "a person"}, id_number="**1234", address="南京东路1号",
    use_class=UseClass.RESIDENTIAL, capacity_va=None, voltage="220V", supply_mode=SupplyMode.LOW_SINGLE_PHASE,
    metering_side=MeteringSide.LOW_LOW, quality=BOTH, tariff=BOTH, price_source="order 1", cycle_months=1,
    payment_days=15, boundary=BOTH, start_date=TODAY, end_date=None, renew_months=0, notice_days=30,
)  # fmt: skip


def library(path=LIBRARIES[0]):
    return clauses.read(document=tomllib.loads(path.read_text(encoding="utf-8")), where="x")


def clause(**values):
    base = {
        "code": "a", "version": 1, "valid_from": date(2026, 1, 1), "place": 1, "covers": ["place"], "source": "law",
        "title_zh": "一", "title_en": "one", "body_zh": "{customer}", "body_en": "{customer}",
    }  # fmt: skip
    return base | values


def read(*given):
    return clauses.read(document={"schema": 1, "clause": list(given)}, where="x")


@pytest.mark.parametrize("path", LIBRARIES, ids=lambda path: path.parent.name)
@pytest.mark.parametrize("use_class", list(UseClass))
def test_each_library_covers_every_key_point_for_every_use(path, use_class):
    used = terms.in_force(clauses=library(path), use_class=use_class, at=TODAY)
    facts = replace(FACTS, use_class=use_class)
    assert not terms.check(clauses=used, facts=facts)
    filled = terms.fill(clauses=used, facts=facts)
    assert [one.number for one in filled] == list(range(1, len(filled) + 1))
    assert all("{" not in body for one in filled for body in one.bodies.values())
    assert set(KeyPoint) == {point for one in filled for point in one.covers}


def test_what_is_missing_is_named():
    used = [one for one in library() if "boundary" not in one.covers]
    found = {(one.where, one.code) for one in terms.check(clauses=used, facts=replace(FACTS, address=" "))}
    assert found == {("boundary", "key_point_missing"), ("address", "term_missing")}
    with pytest.raises(IncompleteContract):
        terms.fill(clauses=used, facts=FACTS)


@pytest.mark.parametrize("field", ["customer", "voltage", "supply_mode", "quality", "tariff", "boundary", "start_date"])
def test_each_term_that_a_clause_names_must_be_known(field):
    empty = {"quality": {"zh": "", "en": "x"}, "tariff": {}, "boundary": {"zh": "x", "en": " "}}
    used = terms.in_force(clauses=library(), use_class=UseClass.RESIDENTIAL, at=TODAY)
    facts = replace(FACTS, **{field: empty.get(field, None if field in {"supply_mode", "start_date"} else "")})
    assert [one.where for one in terms.check(clauses=used, facts=facts)] == [field]


@given(st.text(max_size=60))
def test_what_is_filled_in_is_not_read_again(name):
    """A customer may be called {address}: the clause says just that."""
    (filled,) = [
        one
        for one in terms.fill(clauses=[*library(), *read(clause(code="x"))], facts=replace(FACTS, customer=f"x{name}"))
        if one.code == "x"
    ]
    assert filled.bodies["en"] == f"x{name}"


@given(st.text(max_size=20), st.text(max_size=20))
def test_the_hash_tells_any_two_texts_apart(first, second):
    def hashed(title, body):
        one = terms.FilledClause(
            number=1, code="a", version=1, covers=(), titles={"zh": title, "en": ""}, bodies={"zh": body, "en": ""},
            source="",
        )  # fmt: skip
        return terms.content_sha256(head=("1",), clauses=[one])

    assert (hashed(first, second) == hashed(second, first)) is (first == second)
    assert hashed(first + "a", second) != hashed(first, "a" + second)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"body_en": "{who}"}, "unknown_field"),
        ({"body_zh": "a { b"}, "stray_brace"),
        ({"body_zh": "{0.__class__}"}, "stray_brace"),
        ({"covers": ["weather"]}, "unknown_word"),
        ({"covers": "place"}, "wrong_type"),
        ({"classes": ["palace"]}, "unknown_word"),
        ({"version": "1"}, "wrong_type"),
        ({"version": True}, "wrong_type"),
        ({"place": 0}, "wrong_type"),
        ({"valid_from": "2026-01-01"}, "wrong_date"),
        ({"title_zh": " "}, "wrong_type"),
        ({"code": "A b"}, "wrong_form"),
        ({"colour": "red"}, "unknown_key"),
    ],
)
def test_faults_of_a_library_are_named(wrong, code):
    with pytest.raises(BadClauses) as caught:
        read(clause(**wrong))
    assert code in {one.code for one in caught.value.detail["findings"]}


def test_a_missing_key_and_a_version_that_comes_twice_are_named():
    short = clause()
    del short["source"]
    for written, code in (([short], "missing_key"), ([clause(), clause()], "wrong_order")):
        with pytest.raises(BadClauses) as caught:
            read(*written)
        assert code in {one.code for one in caught.value.detail["findings"]}


def test_the_version_of_the_day_holds_and_a_place_replaces_what_it_inherits():
    later = clause(version=2, valid_from=date(2026, 6, 1), title_en="two")
    both = read(clause(), later)
    for at, title in ((date(2026, 5, 31), "one"), (date(2026, 6, 1), "two")):
        (one,) = terms.in_force(clauses=both, use_class=UseClass.COMMERCIAL, at=at)
        assert one.titles["en"] == title
    assert terms.in_force(clauses=both, use_class=UseClass.COMMERCIAL, at=date(2025, 1, 1)) == ()
    own = read(clause(title_en="own"))
    assert [one.titles["en"] for one in clauses.merged(inherited=both, own=own)] == ["own"]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"voltage": "10kV"}, "mode_and_voltage"),
        ({"supply_mode": SupplyMode.HIGH_DUAL_SOURCE}, "mode_and_voltage"),
        ({"metering_side": MeteringSide.HIGH_HIGH}, "side_and_voltage"),
        ({"capacity_va": 0}, "out_of_range"),
        ({"end_date": TODAY}, "end_before_start"),
        ({"renew_months": 12}, "nothing_to_renew"),
    ],
)
def test_terms_that_contradict_each_other_are_named(values, code):
    assert code in {one.code for one in terms.check_terms(facts=replace(FACTS, **values))}
    assert not terms.check_terms(facts=FACTS)


def test_a_capacity_is_written_without_zeros_at_its_end():
    assert [terms.capacity_text(capacity_va=one) for one in (630_000, 1_250_500, 8)] == [
        "630 kVA",
        "1,250.5 kVA",
        "0.008 kVA",
    ]
