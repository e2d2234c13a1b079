"""Words of eight characters against exact fractions."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.domain.formats import decimals

DIGITS = st.text("0123456789", min_size=1, max_size=9)
PLAIN = st.one_of(
    DIGITS,
    st.builds("{}.{}".format, st.text("0123456789", max_size=8), st.text("0123456789", min_size=1, max_size=8)),
)
ANYTHING = (
    st.text("0123456789.+-eEN_ ￼１/:", max_size=18).map(lambda text: text.encode()).filter(lambda t: b"," not in t)
)


def parse(fields):
    text = b"0" * decimals.MARGIN + b",".join(fields) + b"," + b"0" * decimals.MARGIN
    signs = np.frombuffer(text, dtype=np.uint8)
    ends = np.flatnonzero(signs == ord(","))
    starts = np.concatenate(([decimals.MARGIN], ends[:-1] + 1))
    return decimals.parse(views=decimals.windows(signs), starts=starts, ends=ends)


def is_plain(field):
    whole, point, part = field.decode().partition(".")
    digits = set("0123456789")
    return len(field) <= 16 and set(whole) <= digits and set(part) <= digits and bool(part if point else whole)


@given(st.lists(PLAIN, min_size=1, max_size=40))
def test_plain_decimals_are_read_exactly(texts):
    parsed = parse([text.encode() for text in texts])
    for at, text in enumerate(texts):
        if len(text) <= 16:
            assert parsed.exact[at]
            whole = "0" + text if text.startswith(".") else text
            assert Fraction(int(parsed.digits[at]), 10 ** int(parsed.places[at])) == Fraction(whole)
            assert parsed.places[at] == len(text.partition(".")[2])
        else:
            assert not parsed.exact[at]


@given(st.lists(ANYTHING, min_size=1, max_size=40))
def test_what_is_not_a_plain_decimal_is_marked_and_nothing_else(fields):
    assert parse(fields).exact.tolist() == [is_plain(field) for field in fields]


@pytest.mark.parametrize(
    "field",
    ["", ".", "1.", "-1", "+1", " 1", "1 ", "1e5", "1..2", "1.2.3", "NaN", "1,", "0x1", "1_0", "１", "1/2", "1:2"],
)
def test_the_fast_way_leaves_odd_fields_to_the_slow_one(field):
    assert not parse([field.replace(",", "").encode() if field != "1," else b"1;"]).exact[0]


@pytest.mark.parametrize("field", ["12345678", "123456789", "1234567.8", ".12345678", "12345678.9", "1234567890123456"])
def test_words_are_joined_at_the_eighth_character(field):
    parsed = parse([field.encode()])
    assert parsed.exact[0]
    assert parsed.digits[0] == int(field.replace(".", ""))
    assert parsed.places[0] == len(field.partition(".")[2])


def test_characters_of_the_field_before_do_not_leak_in():
    assert parse([b"99999999", b"1", b"9.9", b"22"]).digits.tolist() == [99_999_999, 1, 99, 22]
