"""Workbooks: what goes in and out, and what hostile ones try."""

import io
import zipfile
from datetime import UTC, date, datetime

import openpyxl
import pytest

from cis.platform import sheets


def book(*rows, change=None):
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    if change:
        change(made)
    out = io.BytesIO()
    made.save(out)
    return out


def lines(stream):
    with sheets.as_csv(stream) as text:
        return text.read().decode().splitlines()


def repacked(stream, **parts):
    """Return a workbook with some parts in the place of its own, or besides."""
    out = io.BytesIO()
    with zipfile.ZipFile(stream) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            new.writestr(info.filename, parts.pop(info.filename, None) or old.read(info))
        for name, data in parts.items():
            new.writestr(name, data)
    return out


SHEET = "xl/worksheets/sheet1.xml"


def test_values_are_written_as_they_are_meant():
    stream = book(
        ["meter", "read_at", "reading"],
        ["表1,a", date(2026, 7, 1), 1234.5],
        [],
        ["00417", datetime(2026, 7, 1, 9, 30), 0.1],  # noqa: DTZ001
        [12, None, 1e-7],
        [True, 3e15, 1.5e22],
        ["=1+1", "two\nlines", -0.5],
    )
    assert sheets.is_workbook(stream)
    assert lines(stream) == [
        "meter,read_at,reading",
        '"表1,a",2026-07-01,1234.5',
        "",
        "00417,2026-07-01 09:30:00,0.1",
        "12,,0.0000001",
        "true,3000000000000000,15000000000000000000000",
        "=1+1,two lines,-0.5",
    ]


def test_text_files_and_other_archives_are_no_workbooks():
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("a.csv", "meter,reading\n")
    assert not sheets.is_workbook(other)
    assert not sheets.is_workbook(io.BytesIO(b"PK\x03\x04 broken"))
    assert not sheets.is_workbook(io.BytesIO(b"meter,reading"))


BOMB = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><worksheet>&b;</worksheet>'


MAIN = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
MAIN_IS_A_SHEET = f'<Types><Override PartName="/{SHEET}" ContentType="{MAIN}"/></Types>'.encode()


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ({SHEET: BOMB}, "broken_xml"),
        ({"docProps/custom.xml": b" " * 65_530 + b"<!DOCTYPE x>"}, "broken_xml"),
        ({SHEET: "<!DOCTYPE worksheet>".encode("utf-16")}, "broken_xml"),
        ({"xl/media/big.bin": bytes(40 * 2**20)}, "archive_too_dense"),
        ({SHEET: b"<worksheet><sheetData><row"}, "damaged_archive"),
        ({"xl/workbook.xml": b"nothing"}, "damaged_archive"),
        ({f"a{at}.bin": b"" for at in range(600)}, "too_many_members"),
        ({"xl/worksheets/sheet9.bin": BOMB}, "broken_xml"),
        ({"xl/worksheets/sheet9.bin": "<!DOCTYPE worksheet>".encode("utf-16")}, "broken_xml"),
        ({SHEET: b"<?xml version='1.0' encoding='cp037'?>" + "<!DOCTYPE a>".encode("cp037")}, "broken_xml"),
        ({"xl/styles.xml": b"<styleSheet>" + b"<a/>" * 2**20 + b"</styleSheet>"}, "archive_too_large"),
        (
            {"[Content_Types].xml": MAIN_IS_A_SHEET, SHEET: b"<workbook>" + b"<a/>" * 2**20 + b"</workbook>"},
            "archive_too_large",
        ),
    ],
)
def test_hostile_and_damaged_workbooks_are_refused(parts, code):
    with pytest.raises(sheets.SheetRefused) as refused:
        sheets.as_csv(repacked(book(["a", 1]), **parts)).close()
    assert refused.value.code == code


def test_a_cell_far_away_is_refused_before_it_fills_the_memory(monkeypatch):
    monkeypatch.setattr(sheets, "CELLS_MOST", 10_000)
    row = '<row r="4000000000"><c r="A4000000000"><v>1</v></c></row>'
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    far = f'<worksheet xmlns="{space}"><sheetData>{row}</sheetData></worksheet>'.encode()
    with pytest.raises(sheets.SheetRefused) as refused:
        sheets.as_csv(repacked(book(["a", 1]), **{SHEET: far})).close()
    assert refused.value.code == "too_many_values"


def test_links_to_other_files_are_not_followed(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("something was asked for")

    monkeypatch.setattr("socket.socket.connect", refuse)
    stream = book(['=HYPERLINK("http://127.0.0.1/x")', "='http://127.0.0.1/[a.xlsx]S'!A1", 7])
    assert lines(stream)[0].endswith(",7")


def test_what_is_written_holds_values_and_no_formulas():
    rows = [
        ["=1+1", "12.50", 7, None, "007", datetime(2026, 7, 1, 1, tzinfo=UTC)],
        ["@x\x0b", "1,234.50", date(2026, 7, 1), True, "-0.5", "汉字"],
    ]
    with sheets.write(title="a/b:[c]", header=["=h", "sum", "n", "x", "no", "at"], rows=rows) as out:
        found = openpyxl.load_workbook(out)
        sheet = found.active
        assert sheet.title == "a b  c "
        assert sheet.freeze_panes == "A2"
        assert [cell.data_type for cell in sheet[2]] == ["s", "n", "n", "n", "s", "d"]
        assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [
            ["=h", "sum", "n", "x", "no", "at"],
            ["=1+1", 12.5, 7, None, "007", datetime(2026, 7, 1, 9)],  # noqa: DTZ001
            ["@x ", "1,234.50", datetime(2026, 7, 1), True, -0.5, "汉字"],  # noqa: DTZ001
        ]
    with sheets.write(title="", header=["a"], rows=[["=1"]]) as out:
        assert lines(out) == ["a", "=1"]


def test_a_list_that_is_too_long_is_refused():
    with pytest.raises(sheets.TooManyRows):
        sheets.write(title="x", header=["a"], rows=([n] for n in range(5)), rows_most=4)
