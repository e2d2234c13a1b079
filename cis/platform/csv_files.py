"""Lists as files that a spreadsheet opens as they are."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote

from django.http import StreamingHttpResponse

FORMULA = re.compile(r"[=+\-@\t\r]")
NUMERIC = re.compile(r"[+-]?[0-9 .,;()-]+")


class CsvAnswer(StreamingHttpResponse):
    """A list as CSV; until it is sent, its rows can be given in another form instead (see ``sheets.SheetAnswers``)."""

    def __init__(self, name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        self.name, self.header, self.rows = name, header, rows
        super().__init__(_lines(header, rows), content_type="text/csv; charset=utf-8")
        self["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"


def csv_file(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> CsvAnswer:
    """
    Return rows as a CSV file that a spreadsheet opens as it is: UTF-8 with BOM, no cell is read as a formula.

    [source: OWASP, CSV injection]
    """
    return CsvAnswer(name, header, rows)


def _lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield "\ufeff" + writer.writerow(header)
    for row in rows:
        yield writer.writerow([_cell(value) for value in row])


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


def _cell(value: object) -> object:
    if isinstance(value, str) and FORMULA.match(value) and not NUMERIC.fullmatch(value):
        return f"'{value}"
    return "" if value is None else value
