"""What the pages of staff and of customers share: not found, and refusals in the page's language."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from urllib.parse import quote

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render

from cis.kernel.errors import Refused
from cis.platform.documents import DocumentErased
from cis.platform.phrases import explain


class ErasedDocuments:
    """Answers "gone" wherever a page opens a document that nobody can read any more; the API says it by its problem."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer for the page whose document was erased; other errors are not answered here."""
        if not isinstance(error, DocumentErased):
            return None
        return render(request, "410.html", status=HTTPStatus.GONE)


@contextmanager
def or_404() -> Iterator[None]:
    """Answer "not found" where what the address names does not exist, or is not the customer's."""
    try:
        yield
    except Refused as refusal:
        if refusal.code.startswith("unknown_"):
            raise Http404(refusal.message) from refusal
        raise


def file_of(*, name: str, media_type: str, pieces: Iterator[bytes]) -> StreamingHttpResponse:
    """Return a file to keep, sent piece by piece."""
    answer = StreamingHttpResponse(pieces, content_type=media_type)
    answer["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    return answer


def tell_refusal(request: HttpRequest, refusal: Refused) -> None:
    """Show on the next page why something was not done."""
    words = explain(refusal.code, refusal.message, refusal.advice)
    messages.error(request, f"{words.message} {words.advice}".strip())
