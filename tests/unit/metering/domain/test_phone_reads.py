"""What a phone sends: entries that can be read, positions that are coarse, values of others that came meanwhile."""

import contextlib
import json
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metering.domain.phone_reads import BadEntries, PhoneEntry, Position, came_meanwhile, coarse, parse

KEY = "0123456789abcdef0123456789abcdef"
VALUE = {"key": KEY, "register": 7, "date": "2026-03-10", "reading": "1100.5"}
MISS = {"key": KEY, "register": 7, "date": "2026-03-10", "reason": "dog", "note": "barks"}


def entry(**values):
    return parse(json.dumps([{**VALUE, **values}]))[0]


def test_values_and_misses_are_read():
    place = {"north": "31.23456", "east": "-0.0004"}
    found = parse(json.dumps([{**VALUE, "seen": "1099", "sure": True, "position": place, "extra": 1}, MISS]))
    day = date(2026, 3, 10)
    assert found[0] == PhoneEntry(
        request_key=KEY, register_id=7, read_date=day, reading_wh=1_100_500, seen_wh=1_099_000, is_sure=True,
        position=Position(latitude_e3=31_235, longitude_e3=0),
    )  # fmt: skip
    assert found[1] == PhoneEntry(
        request_key=KEY, register_id=7, read_date=day, reading_wh=None, reason="dog", note="barks"
    )
    assert entry(seen=None, sure="yes").is_sure is False


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": "short"}, {"key": None}, {"key": KEY + "'"}, {"register": "7"}, {"register": True}, {"register": 0},
        {"register": 2**63}, {"date": "10.3.2026"}, {"date": None}, {"reading": "-1"}, {"reading": 1100},
        {"reading": "1e9"}, {"reading": None}, {"reading": "1.2345"}, {"reason": 3}, {"seen": "x"},
        {"position": {"north": "91", "east": "0"}}, {"position": {"north": "1e9", "east": "0"}}, {"position": "here"},
        {"position": {"north": "31"}}, {"date": ""}, {"note": "a\0b"}, {"note": "\ud800"},
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(wrong):
    with pytest.raises(BadEntries):
        entry(**wrong)


@pytest.mark.parametrize("text", ["", "{}", "[1]", "null", "[" * 5_000, json.dumps([VALUE] * 51)])
def test_what_is_no_message_is_refused(text):
    with pytest.raises(BadEntries):
        parse(text)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60) | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(BadEntries):
        parse(text)


@pytest.mark.parametrize(("typed", "kept"), [("31.2344", 31_234), ("31.2346", 31_235), ("-0.0004", 0), ("90", 90_000)])
def test_a_position_is_kept_to_about_a_hundred_metres(typed, kept):
    assert coarse(north=typed, east=typed) == Position(latitude_e3=kept, longitude_e3=kept)


@pytest.mark.parametrize(
    ("held", "seen", "own", "told"),
    [
        (None, None, None, False),  # nobody has read it
        (1_100_000, None, None, False),  # the same value came from elsewhere
        (1_090_000, None, None, True),
        (1_090_000, "1090", None, False),  # the page showed it, so it is a correction
        (1_090_000, "1080", None, True),
        (1_090_000, None, 1_090_000, False),  # own value, whose answer was lost
        (1_090_000, None, 1_080_000, True),  # own value, corrected by the desk since
    ],
)
def test_a_value_of_others_is_told_if_the_phone_did_not_know_it(held, seen, own, told):
    assert came_meanwhile(entry=entry(reading="1100", seen=seen), held_wh=held, own_wh=own) is told
