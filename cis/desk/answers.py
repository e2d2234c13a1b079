"""What the desk's pages share: today, not found, files, and refusals in the page's language."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from urllib.parse import quote

from django.contrib import messages
from django.http import Http404, HttpRequest, QueryDict, StreamingHttpResponse
from django.utils import timezone

from cis.kernel.errors import Refused
from cis.platform.phrases import explain

FILE_ROWS_MOST = 200_000
FINDINGS_MOST = 8
FORMULA = re.compile(r"[=+\-@\t\r]")
NUMERIC = re.compile(r"[+-]?[0-9 .,;()-]+")


def today() -> date:
    """Return the local date of the supplier."""
    return timezone.localdate()


def posted(request: HttpRequest) -> QueryDict | None:
    """Return what a form was sent with, None before it was sent; an empty form that was sent is not "not sent"."""
    return request.POST if request.method == "POST" else None


def asks_for(request: HttpRequest, target: str) -> bool:
    """Return whether only a piece of the page is asked for, the one with this id."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-Target") == target


@contextmanager
def or_404() -> Iterator[None]:
    """Answer "not found" where the thing that the address names does not exist."""
    try:
        yield
    except Refused as refusal:
        if refusal.code.startswith("unknown_"):
            raise Http404(refusal.message) from refusal
        raise


def tell_refusal(request: HttpRequest, refusal: Refused) -> None:
    """Show on the next page why something was not done."""
    words = explain(refusal.code, refusal.message, refusal.advice)
    messages.error(request, f"{words.message} {words.advice}".strip())


def tell_findings(request: HttpRequest, refusal: Refused) -> None:
    """Show on the next page why something was not done, and the first faults that were found, one line each."""
    tell_refusal(request, refusal)
    for finding in refusal.detail.get("findings", ())[:FINDINGS_MOST]:
        messages.warning(request, str(finding))


def csv_file(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> StreamingHttpResponse:
    """
    Return rows as a CSV file that a spreadsheet opens as it is: UTF-8 with BOM, no cell is read as a formula.

    [source: OWASP, CSV injection]
    """
    writer = csv.writer(_Echo())

    def lines() -> Iterator[str]:
        yield "\ufeff" + writer.writerow(header)
        for row in rows:
            yield writer.writerow([_cell(value) for value in row])

    answer = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    return answer


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


def _cell(value: object) -> object:
    if isinstance(value, str) and FORMULA.match(value) and not NUMERIC.fullmatch(value):
        return f"'{value}"
    return "" if value is None else value
