"""Whatever columns hold, PostgreSQL reads back the same values."""

import json
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from cis.platform import copying, db

pytestmark = pytest.mark.django_db
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SETS = {
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "integer": st.integers(-(2**31), 2**31 - 1),
    "smallint": st.integers(-(2**15), 2**15 - 1),
    "boolean": st.booleans(),
    "date": st.dates(date(1, 1, 1), date(9999, 12, 31)),
    "timestamptz": st.timedeltas(timedelta(-700_000), timedelta(2_900_000)).map(lambda since: EPOCH + since),
    "text": st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40),
    "word": st.sampled_from(("", "平", "peak", "a longer word than the others")),
    "jsonb": st.dictionaries(st.sampled_from("abc"), st.one_of(st.integers(-99, 99), st.booleans(), st.just("谷"))),
    "bytea": st.binary(max_size=30),
}
WORDS = ("", "平", "peak", "a longer word than the others")
TYPES = {**{name: name for name in SETS}, "word": "text", "bigint[]": "bigint[]"}


def column(kind, values):
    """Encode Python values, None for null, by the function for their type."""
    nulls = np.array([value is None for value in values], dtype=bool)
    if kind in {"text", "jsonb", "bytea"}:
        return {"text": copying.texts, "jsonb": copying.jsons, "bytea": copying.blobs}[kind](values)
    given_nulls = {"nulls": nulls} if nulls.any() else {}
    if kind == "word":
        places = np.array([0 if value is None else WORDS.index(value) for value in values], dtype=np.int64)
        return copying.words(places, WORDS, **given_nulls)
    if kind == "boolean":
        return copying.boolean(np.array([bool(value) for value in values], dtype=bool), **given_nulls)
    numbers = [value if isinstance(value, int) else number(value) for value in values]
    make = {
        "bigint": copying.int8,
        "integer": copying.int4,
        "smallint": copying.int2,
        "date": copying.day,
        "timestamptz": copying.instant,
    }
    return make[kind](np.array(numbers, dtype=np.int64), **given_nulls)


def number(value):
    if isinstance(value, datetime):
        return (value - EPOCH) // timedelta(microseconds=1)
    return value.toordinal() if isinstance(value, date) else 2**62  # nonsense under a null does no harm


def round_trip(kinds, columns, count=None):
    names = [f"c{place}" for place in range(len(kinds))]
    with connection.cursor() as cursor:
        spelled = ", ".join(f"{name} {TYPES[kind]}" for name, kind in zip(names, kinds, strict=True))
        cursor.execute(f"DROP TABLE IF EXISTS copied; CREATE TEMP TABLE copied ({spelled}, seq serial)")
    copying.load(table="copied", columns=dict(zip(names, columns, strict=True)), count=count)
    rows = db.fetch(f"SELECT {', '.join(names)} FROM copied ORDER BY seq")
    return [tuple(bytes(v) if isinstance(v, memoryview) else v for v in row) for row in rows]


@st.composite
def tables(draw):
    kinds = draw(st.lists(st.sampled_from(sorted(SETS)), min_size=1, max_size=6))
    count = draw(st.integers(0, 12))
    optional = [st.one_of(SETS[kind], st.none()) if draw(st.booleans()) else SETS[kind] for kind in kinds]
    return kinds, [draw(st.lists(one, min_size=count, max_size=count)) for one in optional]


@given(table=tables(), block_bytes=st.sampled_from([1, 200, 1 << 19]))
def test_every_type_comes_back_as_it_went(table, block_bytes):
    kinds, values = table
    before, copying.BLOCK_BYTES = copying.BLOCK_BYTES, block_bytes
    try:
        back = round_trip(kinds, [column(kind, given) for kind, given in zip(kinds, values, strict=True)])
    finally:
        copying.BLOCK_BYTES = before
    assert [tuple(plain(*cell) for cell in zip(kinds, row, strict=True)) for row in back] == list(
        zip(*values, strict=True)
    )


def plain(kind, value):
    return json.loads(value) if kind == "jsonb" and value is not None else value  # Django reads jsonb as text


@settings(max_examples=10)
@given(count=st.integers(0, 40_000))
def test_constants_stand_in_every_row(count):
    at = datetime(2026, 3, 1, 7, 30, 0, 5, tzinfo=UTC)
    columns = [
        copying.int8(-5),
        copying.int2(3),
        copying.boolean(True),
        copying.day(date(1999, 12, 31)),
        copying.instant(at),
        copying.text("元"),
        copying.null(),
    ]
    kinds = ["bigint", "smallint", "boolean", "date", "timestamptz", "text", "bytea"]
    back = round_trip(kinds, columns, count)
    assert len(back) == count
    assert set(back) <= {(-5, 3, True, date(1999, 12, 31), at, "元", None)}


def test_bytes_of_one_width_come_as_a_matrix():
    matrix = np.arange(12, dtype=np.uint8).reshape(3, 4)
    nulls = np.array([False, True, False])
    back = round_trip(["bytea", "bytea"], [copying.bytea(matrix), copying.bytea(matrix, nulls=nulls)])
    assert back == [(bytes(range(4)),) * 2, (bytes(range(4, 8)), None), (bytes(range(8, 12)),) * 2]


@given(
    lists=st.lists(st.one_of(st.none(), st.lists(st.integers(-(2**63), 2**63 - 1), max_size=5)), max_size=12),
    spare=st.integers(0, 2),
)
def test_lists_of_any_length_come_back(lists, spare):
    widest = max((len(one) for one in lists if one), default=0) + spare
    values = np.full((len(lists), widest), 7, dtype=np.int64)
    for row, one in zip(values, lists, strict=True):
        row[: len(one or [])] = one or []
    lengths = np.array([-1 if one is None else len(one) for one in lists], dtype=np.int64)
    columns = [
        copying.int8_lists(values, lengths=lengths),
        copying.int8(5),
        copying.int8_lists(values, lengths=lengths),
    ]
    assert round_trip(["bigint[]", "bigint", "bigint[]"], columns) == [(one, 5, one) for one in lists]


def test_one_long_text_among_many_short_ones_comes_back():
    values = ["x"] * 5_000
    values[2_500] = "长" * 300_000
    assert [text for (text,) in round_trip(["text"], [copying.texts(values)])] == values
