"""Containers: plain, gzip, zip with one or more files; hostile ones are refused."""

import gzip
import io
import zipfile
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.domain.formats.container import Limits
from metering.domain.formats.faults import FileRefused
from metering.domain.formats.files import read_file
from tests.unit.metering.domain.formats.nem import TODAY, all_days, block, flat_day, read, rejections, text

FILE = text(block(), flat_day(), flat_day("2.5", on="20260702"))
SMALL = Limits(unpacked_bytes=100_000, members=3, density=50, free_bytes=10_000)


def zipped(*members, method=zipfile.ZIP_DEFLATED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return stream.getvalue()


def refusal(data, limits=SMALL):
    with pytest.raises(FileRefused) as refused:
        list(read_file(io.BytesIO(data), name="delivery.zip", today=TODAY, limits=limits))
    assert refused.value.advice
    return refused.value.code


@pytest.mark.parametrize(
    "data",
    [
        FILE,
        gzip.compress(FILE),
        gzip.compress(FILE[:200]) + gzip.compress(FILE[200:]),
        zipped(("a.csv", FILE)),
        zipped(("a.csv", FILE), method=zipfile.ZIP_STORED),
    ],
)
def test_a_file_reads_alike_plain_and_packed(data):
    assert all_days(read(data, name="whatever.bin")) == all_days(read(FILE))


def test_the_position_of_the_stream_does_not_matter():
    stream = io.BytesIO(FILE)
    stream.seek(0, io.SEEK_END)
    assert len(all_days(read_file(stream, name="a", today=TODAY))) == 2


def test_files_of_one_zip_are_read_one_after_another_whatever_their_names_and_formats():
    reads = b"meter,read_at,reading\nSN1,2026-07-01,5\nSN1,2026-07-02,x\n"
    data = zipped(
        ("folder/", b""),
        ("folder/NEM12#1#.V01", FILE),
        ("../../etc/passwd", reads),
        ("__MACOSX/._a", b"\x00"),
        ("folder/.DS_Store", b"\x00"),
    )
    batches = read(data)
    assert [batch.member for batch in batches] == ["NEM12#1#.V01", "passwd"]
    assert [len(batch.days) for batch in batches] == [2, 0]
    assert [len(batch.reads) for batch in batches] == [0, 1]
    assert rejections(batches) == [(3, "not_a_number")]
    assert [batch.bytes_read for batch in batches] == [len(FILE), len(FILE) + len(reads)]


def test_one_faulty_file_refuses_the_delivery_and_is_named():
    with pytest.raises(FileRefused) as refused:
        read(zipped(("good.csv", FILE), ("bad\x07.csv", b"")))
    assert (refused.value.member, refused.value.code) == ("bad .csv", "empty_file")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (zipped(), "empty_archive"),
        (zipped(("folder/", b"")), "empty_archive"),
        (zipped(("a.zip", zipped(("a.csv", FILE)))), "nested_archive"),
        (zipped(("a.csv.gz", gzip.compress(FILE))), "nested_archive"),
        (gzip.compress(zipped(("a.csv", FILE))), "nested_archive"),
        (zipped(("[Content_Types].xml", b"<Types/>"), ("xl/workbook.xml", b"<w/>")), "spreadsheet_file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "spreadsheet_file"),
        (zipped(*((f"{at}.csv", FILE) for at in range(4))), "too_many_members"),
        (zipped(("a.csv", FILE), method=zipfile.ZIP_LZMA), "damaged_archive"),
        (b"PK\x03\x04 and nothing more", "damaged_archive"),
        (b"\x1f\x8b and nothing more", "damaged_archive"),
        (gzip.compress(FILE)[:-20], "damaged_archive"),
    ],
)
def test_archives_that_are_not_simply_meter_files_are_refused(data, code):
    assert refusal(data) == code


def test_an_archive_with_a_password_is_refused():
    data = bytearray(zipped(("a.csv", FILE)))
    data[6] |= 1  # the flag in the local header
    data[data.index(b"PK\x01\x02") + 8] |= 1  # and in the directory
    assert refusal(bytes(data)) == "encrypted_archive"


def test_damage_inside_an_archive_is_noticed_even_when_the_text_still_reads():
    data = bytearray(zipped(("a.csv", FILE), method=zipfile.ZIP_STORED))
    data[data.index(b"2.5")] = ord("7")
    assert refusal(bytes(data)) == "damaged_archive"


def bomb(size):
    return text(block(), flat_day("0")) + b"\r\n" * size


def test_an_archive_that_unpacks_to_too_much_is_refused():
    assert refusal(zipped(("a.csv", bomb(200_000))), Limits(unpacked_bytes=100_000)) == "archive_too_large"
    assert refusal(gzip.compress(bomb(200_000)), Limits(unpacked_bytes=100_000)) == "archive_too_large"
    half = zipped(("a.csv", bomb(30_000)), ("b.csv", bomb(30_000)))
    assert refusal(half, Limits(unpacked_bytes=100_000)) == "archive_too_large"


def test_an_archive_that_is_too_dense_is_refused():
    assert refusal(zipped(("a.csv", bomb(40_000)))) == "archive_too_dense"


def test_days_of_zeros_are_dense_but_no_bomb():
    zeros = text(block(), *(flat_day("0", slots=48, on=f"202607{on:02d}") for on in range(1, 31)))
    data = zipped(("a.csv", zeros * 40))
    assert len(zeros * 40) > 20 * len(data)
    assert len(all_days(read(data))) == 30 * 40


@given(st.binary(max_size=200), st.integers(0, 400), st.sampled_from(["zip", "gz"]))
def test_damaged_archives_are_read_or_refused_and_nothing_else(junk, at, kind):
    good = zipped(("a.csv", FILE)) if kind == "zip" else gzip.compress(FILE)
    data = good[:at] + junk + good[at + len(junk) :]
    try:
        found = len(list(read_file(io.BytesIO(data), name="a", today=date(2026, 7, 31))))
    except FileRefused as refused:
        found = len(refused.advice)
    assert found > 0
