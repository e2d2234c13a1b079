"""What the desk's pages share: today, not found, files, and refusals in the page's language."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from django.contrib import messages
from django.http import Http404, HttpRequest, QueryDict
from django.utils import timezone

from cis.kernel.errors import Refused
from cis.platform import csv_files
from cis.platform.phrases import explain

FILE_ROWS_MOST = 200_000
FINDINGS_MOST = 8
csv_file = csv_files.csv_file
"""For all lists of the desk."""


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
