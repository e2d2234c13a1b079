"""Generated NEM12 files: what was written is read, and the fast way reads what the slow way reads."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from metering.domain.formats import lines, nem12_days
from metering.domain.formats.faults import FileRefused
from tests.unit.metering.domain.formats.nem import TODAY, all_days, block, day, read, rejections, text

MINUTES = st.sampled_from([15, 30, 60])
UNITS = st.sampled_from([("kWh", 3), ("WH", 0), ("MWh", 6), ("kvarh", 3)])


@st.composite
def decimals_text(draw, most_places=6):
    places = draw(st.integers(0, most_places))
    number = draw(st.integers(0, 2_000 * 10**places))  # so that a day fits into int32 at any mix of places
    whole, part = divmod(number, 10**places)
    return f"{whole}.{part:0{places}d}" if places else str(whole)


@st.composite
def written_blocks(draw):
    """Return blocks as (nmi, minutes, unit, [(date, texts, letter)])."""
    blocks = []
    for at in range(draw(st.integers(1, 4))):
        minutes = draw(MINUTES)
        slots = 24 * 60 // minutes
        pool = draw(st.lists(decimals_text(), min_size=1, max_size=6))
        days = [
            (
                draw(st.dates(date(2000, 1, 1), TODAY)),
                [pool[(slot * step) % len(pool)] for slot in range(slots)],
                draw(st.sampled_from("ASFEN")),
            )
            for step in range(1, draw(st.integers(1, 4)))
        ]
        blocks.append((f"NMI{at}", minutes, draw(UNITS), days))
    return blocks


@settings(max_examples=150, deadline=None)
@given(written_blocks())
def test_what_is_written_is_read_exactly(blocks):
    written = []
    for nmi, minutes, (uom, _), days in blocks:
        written.append(block(nmi, uom=uom, minutes=minutes))
        written += [day(texts, on=f"{on:%Y%m%d}", tail=f"{letter},,,,") for on, texts, letter in days]
    batches = read(text(*written))
    assert rejections(batches) == []
    expected = [
        (nmi, on, [Fraction(value) * 10**places for value in texts], letter * len(texts))
        for nmi, _, (_, places), days in blocks
        for on, texts, letter in days
    ]
    assert [(channel.nmi, on, values, letters) for channel, on, values, letters in all_days(batches)] == expected


ODD = st.sampled_from(
    ["", "NaN", "1E5", "-1", "+1", "7.", ".5", " 3", "１", "1_0", "99999999999", "0.0000000000001", "A"]
)
FIELD = st.one_of(
    decimals_text(9), decimals_text(9), decimals_text(9), st.text("0123456789", min_size=1, max_size=18), ODD
)
DATE = st.one_of(
    st.dates(date(2026, 1, 1), TODAY + timedelta(days=2)).map(lambda on: f"{on:%Y%m%d}"),
    st.sampled_from(["20260229", "20261301", "0", "20260132", "19000101", "20260500"]),
)
TAIL = st.sampled_from(
    ["A,,,,", "S14,76,fault,20260702120000,", "V", "Q,,", ",,,,", "A,,,2026,", "N,,,,20260702120000"]
)


@st.composite
def odd_days(draw):
    pool = draw(st.lists(FIELD, min_size=1, max_size=5))
    values = [pool[at % len(pool)] for at in range(48)]
    return day(values, on=draw(DATE), tail=draw(TAIL))


def outcome(days, indicator):
    """Return what is read of days whose record is written as indicator, or the fault that refuses the file."""
    written = [indicator + line.removeprefix("300") for line in days]
    try:
        batches = read(text(block(), *written))
    except FileRefused as refused:
        return refused.code, refused.line
    found = [replace(rejection, text="") for batch in batches for rejection in batch.rejections]
    columns = [
        (
            batch.days.line.tolist(),
            batch.days.day_date.tolist(),
            batch.days.exponent.tolist(),
            batch.days.values.tolist(),
            list(batch.days.quality),
            list(batch.days.stated),
            batch.days.missing.tolist(),
            batch.days.updated_at.tolist(),
            batch.days.loaded_at.tolist(),
        )
        for batch in batches
    ]
    return found, columns


@settings(max_examples=200, deadline=None)
@given(st.lists(odd_days(), min_size=1, max_size=5))
def test_the_fast_way_reads_and_rejects_as_the_slow_way_does(days):
    # A quoted record number sends a day the slow way.
    assert outcome(days, "300") == outcome(days, '"300"')


def test_regular_days_do_go_the_fast_way():
    """Else the test above would compare the slow way to itself."""
    with mock.patch.object(nem12_days, "_take_slow", side_effect=AssertionError):
        assert len(all_days(read(text(block(), day([".5", "12.25"] * 24), day(["1234567.125"] * 48))))) == 2


def test_where_a_file_is_cut_into_chunks_does_not_matter():
    written = []
    for nmi in range(12):
        written.append(block(f"NMI{nmi}"))
        for on in range(1, 8):
            written.append(day([f"{nmi}.{on}"] * 48, on=f"202607{on:02d}", tail="V,,,,"))
            written += ["400,1,24,A,,", f"400,25,48,F{on}4,{on},", "500,S,RETNSRVCEORD1,20260701120000,1"]
        written.append(day(["NaN"] * 48, on="20260708"))
    data = text(*written)
    whole = read(data)
    assert len(whole) == 1
    for size in (700, 1000, 4096, 20_000):
        with mock.patch.object(lines, "CHUNK_BYTES", size):
            cut = read(data)
        assert len(cut) > 1
        assert all_days(cut) == all_days(whole)
        assert rejections(cut) == rejections(whole)
        assert [event.quality for batch in cut for event in batch.days.events] == [
            event.quality for event in whole[0].days.events
        ]
        assert [line for batch in cut for line in batch.days.line.tolist()] == whole[0].days.line.tolist()
