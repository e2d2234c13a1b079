"""
Workbooks (XLSX) in and out.

Only values go in: no formula is worked out, no link is followed, no macro or picture is looked at. What a hostile
workbook may unpack to is bounded, and one whose XML has a document type (DTD) is refused, so no entity can be in it.
Only values go out, too: a text that begins with = stays a text. [source: ECMA-376; OWASP, CSV injection]
"""

import csv
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, time
from http import HTTPStatus
from io import SEEK_SET, TextIOWrapper
from itertools import islice
from tempfile import SpooledTemporaryFile
from typing import IO, Any, BinaryIO
from xml.etree import ElementTree as ET

from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _

from cis.kernel.errors import Refused
from cis.platform.csv_files import CsvAnswer

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ASKED, FORM = "as", "xlsx"
"""What an address of a CSV list says to have it as a workbook: ``?as=xlsx``."""

ROWS_MOST = 100_000
UNPACKED_MOST = 128 * 2**20
TREE_MOST = 4 * 2**20
"""Of a part that the library reads as a tree: everything but sheets and strings, which it reads as they come."""
DENSITY_MOST = 300
FREE_BYTES = 16 * 2**20
MEMBERS_MOST = 500
CELLS_MOST = 20_000_000
_SPOOL_BYTES = 8 * 2**20
_BLOCK = 1 << 16
_SIGN = b"PK\x03\x04"
_CONTENTS = "[Content_Types].xml"
_MAIN = "main+xml"
_READ_AS_THEY_COME = ("xl/worksheets/", "xl/sharedStrings.xml")
_MARKUP = (".xml", ".rels", ".vml")
_DOCTYPE = b"<!DOCTYPE"
_BYTE_MARK = b"\xef\xbb\xbf"
_OTHER_MARKUP = (b"\xff\xfe", b"\xfe\xff", b"\x00<", b"\x00\x00\x00<", b"\x4c\x6f\xa7\x94")  # UTF-16, UCS-4, EBCDIC
_ENCODING = re.compile(rb"""<\?xml[^>]*encoding\s*=\s*["'](?!utf-8["']|us-ascii["'])""", re.IGNORECASE)
_DAMAGE = (
    zipfile.BadZipFile,
    KeyError,
    ET.ParseError,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OSError,
)
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,11})\.[0-9]{1,9}")
_CELL_MOST = 32_767
_TITLE = re.compile(r"[\[\]:*?/\\']")
_TITLE_MOST = 31


class SheetRefused(Refused):
    """The workbook is not read; ``code`` says why."""

    code = "damaged_archive"

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class TooManyRows(Refused):
    """The list has more rows than a workbook is made of here."""

    code = "too_many_rows"


def is_workbook(stream: BinaryIO) -> bool:
    """Return whether a file is a workbook, by its content; the stream is left at its start."""
    stream.seek(0, SEEK_SET)
    begins = stream.read(len(_SIGN)) == _SIGN
    stream.seek(0, SEEK_SET)
    if not begins:
        return False
    try:
        with zipfile.ZipFile(stream) as archive:
            return _CONTENTS in archive.namelist()
    except (*_DAMAGE, ValueError):
        return False
    finally:
        stream.seek(0, SEEK_SET)


def as_csv(stream: BinaryIO) -> IO[bytes]:
    """
    Return the first sheet of a workbook as CSV (UTF-8), a line for each row of it; the caller closes it.

    Dates are written as 2026-07-31, or with their time of day; numbers in the digits that the workbook shows; a formula
    as it is written, so whoever wants a number in its place does not find one.

    :raises SheetRefused: damaged, hostile, or without a sheet.
    """
    check(stream)
    out = SpooledTemporaryFile(max_size=_SPOOL_BYTES)  # noqa: SIM115  (the caller closes it)
    text = TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\n")
    try:
        for row in _rows(stream):
            writer.writerow([_text(value) for value in row])
    except BaseException:
        text.detach()
        out.close()
        raise
    text.detach()
    out.seek(0)
    return out


def check(stream: BinaryIO) -> None:
    """
    Check a workbook before anything of it is parsed: how much it unpacks to, and that no part has a document type.

    :raises SheetRefused: it is damaged, or does.
    """
    try:
        with zipfile.ZipFile(stream) as archive:
            infos = archive.infolist()
            if len(infos) > MEMBERS_MOST:
                raise SheetRefused("The workbook has too many parts.", code="too_many_members")
            unpacked = 0
            for info in infos:
                unpacked = _check_part(archive, info, before=unpacked)
            _check_main(archive)
    except (*_DAMAGE, ValueError) as error:
        raise SheetRefused(f"The workbook is damaged ({error}).", code="damaged_archive") from error


def _check_part(archive: zipfile.ZipFile, info: zipfile.ZipInfo, *, before: int) -> int:
    """Read a part to its end; return the bytes unpacked so far."""
    own, tail = 0, b""
    is_markup = info.filename.lower().endswith(_MARKUP)
    with archive.open(info) as part:
        while block := part.read(_BLOCK):
            if not own:
                is_markup = _is_markup(block) or is_markup
            own += len(block)
            if before + own > UNPACKED_MOST:
                raise SheetRefused("The workbook unpacks to too much.", code="archive_too_large")
            if own > FREE_BYTES and own > DENSITY_MOST * max(info.compress_size, 1):
                raise SheetRefused("The workbook unpacks to far more than its size.", code="archive_too_dense")
            if is_markup and own > TREE_MOST and not info.filename.startswith(_READ_AS_THEY_COME):
                raise SheetRefused("A part of the workbook is too large.", code="archive_too_large")
            if is_markup and (_DOCTYPE in tail + block or b"\x00" in block):
                raise SheetRefused("A part of the workbook has a document type (DOCTYPE).", code="broken_xml")
            tail = block[-len(_DOCTYPE) :]
    return before + own


def _is_markup(block: bytes) -> bool:
    """
    Return whether a part is XML by its beginning, whatever its name: the library goes by what other parts say of it.

    :raises SheetRefused: it is, in an encoding in which a document type would not be seen.
    """
    begin = block.removeprefix(_BYTE_MARK).lstrip()
    if block.startswith(_OTHER_MARKUP) or _ENCODING.match(begin):
        raise SheetRefused("A part of the workbook is not written in UTF-8.", code="broken_xml")
    return begin.startswith(b"<")


def _check_main(archive: zipfile.ZipFile) -> None:
    """
    Check that what the workbook says is its main part may be read as a tree; all parts are known to be harmless XML.

    :raises SheetRefused: it is too large.
    """
    sizes = {info.filename: info.file_size for info in archive.infolist()}
    for override in ET.fromstring(archive.read(_CONTENTS)):  # noqa: S314 (no entities: checked above)
        name = override.get("PartName", "").removeprefix("/")
        if override.get("ContentType", "").endswith(_MAIN) and sizes.get(name, 0) > TREE_MOST:
            raise SheetRefused("A part of the workbook is too large.", code="archive_too_large")


def _rows(stream: BinaryIO) -> Iterator[Sequence[Any]]:
    """
    Yield the rows of the first sheet.

    :raises SheetRefused: the library cannot read it.
    """
    import openpyxl

    stream.seek(0, SEEK_SET)
    try:
        book = openpyxl.load_workbook(stream, read_only=True, keep_links=False, keep_vba=False, rich_text=False)
        for sheet in book.worksheets[:1]:
            sheet.reset_dimensions()  # what the file says of its size is not believed
            yield from _bounded(sheet.iter_rows(values_only=True))
        book.close()
    except Refused:
        raise
    except Exception as error:  # a library that is handed anything raises anything
        raise SheetRefused(f"The workbook cannot be read ({type(error).__name__}).", code="damaged_archive") from error


def _bounded(rows: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    """Yield rows; those that are left out in the workbook are empty ones, and a cell far away makes many."""
    cells = 0
    for row in rows:
        cells += len(row) + 1
        if cells > CELLS_MOST:
            raise SheetRefused("The sheet has too many rows or columns.", code="too_many_values")
        yield row


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case datetime():
            return f"{value:%Y-%m-%d}" if value.time() == time() else f"{value:%Y-%m-%d %H:%M:%S}"
        case date():
            return value.isoformat()
        case float():
            return f"{value:.0f}" if value.is_integer() else _plain(repr(value))
        case _:
            return re.sub(r"[\r\n]+", " ", str(value))


def _plain(shown: str) -> str:
    """Return a number without an exponent."""
    digits, _mark, exponent = shown.partition("e")
    if not exponent:
        return shown
    sign, digits = ("-", digits[1:]) if digits.startswith("-") else ("", digits)
    whole, _point, below = digits.partition(".")
    shift = int(exponent)
    if shift < 0:
        return f"{sign}0.{'0' * (-shift - 1)}{whole}{below}"
    return f"{sign}{whole}{below.ljust(shift, '0')}"


def write(
    *, title: str, header: Sequence[str], rows: Iterable[Sequence[object]], rows_most: int = ROWS_MOST
) -> IO[bytes]:
    """
    Return a workbook with one sheet: a header that stays in sight, and rows; the caller closes it.

    Texts stay texts; a text of digits with a point is a number there; instants are written in local time.

    :raises TooManyRows: there are more than ``rows_most``.
    """
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(_TITLE.sub(" ", title)[:_TITLE_MOST] or "1")
    sheet.freeze_panes = "A2"
    sheet.append([_cell(sheet, name) for name in header])
    waiting = iter(rows)
    for row in islice(waiting, rows_most):
        sheet.append([_cell(sheet, value) for value in row])
    out = SpooledTemporaryFile(max_size=_SPOOL_BYTES)  # noqa: SIM115  (the caller closes it)
    book.save(out)
    if next(waiting, None) is not None:
        out.close()
        raise TooManyRows(f"The list has more than {rows_most} rows.", advice="Take it as CSV, or fewer of it.")
    out.seek(0)
    return out


def _cell(sheet: Any, value: object) -> Any:
    from openpyxl.cell import WriteOnlyCell

    match value:
        case datetime():
            local = timezone.localtime(value).replace(tzinfo=None) if timezone.is_aware(value) else value
            return WriteOnlyCell(sheet, value=local)
        case None | bool() | int() | date():
            return WriteOnlyCell(sheet, value=value)
    text = _UNWRITABLE.sub(" ", str(value))[:_CELL_MOST]
    if _DECIMAL.fullmatch(text):
        return WriteOnlyCell(sheet, value=float(text))
    cell = WriteOnlyCell(sheet, value=text)
    cell.data_type = "s"  # else a text that begins with = is a formula
    return cell


def file_answer(name: str, book: IO[bytes]) -> FileResponse:
    """Return a workbook as a file to keep."""
    return FileResponse(book, as_attachment=True, filename=name, content_type=MEDIA_TYPE)


class SheetAnswers:
    """Gives every list that can be had as CSV as a workbook where the address asks for it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass the request on."""
        answer = self.get_response(request)
        if not isinstance(answer, CsvAnswer) or request.GET.get(ASKED) != FORM:
            return answer
        name = answer.name.removesuffix(".csv")
        try:
            book = write(title=name, header=answer.header, rows=answer.rows)
        except TooManyRows:
            words = _("The list has more than %(n)s rows: take it as CSV, or fewer of it.") % {"n": ROWS_MOST}
            return HttpResponse(
                words, status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE, content_type="text/plain; charset=utf-8"
            )
        return file_answer(f"{name}.xlsx", book)
