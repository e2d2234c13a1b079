"""What the desk's pages share: today, not found, files, and refusals in the page's language."""

from datetime import date

from django.contrib import messages
from django.http import HttpRequest, QueryDict
from django.utils import timezone

from cis.kernel.errors import Refused
from cis.platform import answers, csv_files

FILE_ROWS_MOST = 200_000
FINDINGS_MOST = 8
csv_file = csv_files.csv_file
"""For all lists of the desk."""
or_404, tell_refusal, file_of = answers.or_404, answers.tell_refusal, answers.file_of
"""For all pages of the desk."""


def today() -> date:
    """Return the local date of the supplier."""
    return timezone.localdate()


def posted(request: HttpRequest) -> QueryDict | None:
    """Return what a form was sent with, None before it was sent; an empty form that was sent is not "not sent"."""
    return request.POST if request.method == "POST" else None


def asks_for(request: HttpRequest, target: str) -> bool:
    """Return whether only a piece of the page is asked for, the one with this id."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-Target") == target


def tell_findings(request: HttpRequest, refusal: Refused) -> None:
    """Show on the next page why something was not done, and the first faults that were found, one line each."""
    tell_refusal(request, refusal)
    for finding in refusal.detail.get("findings", ())[:FINDINGS_MOST]:
        messages.warning(request, str(finding))
