"""What the pages of staff and of customers share: not found, and refusals in the page's language."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib import messages
from django.http import Http404, HttpRequest

from cis.kernel.errors import Refused
from cis.platform.phrases import explain


@contextmanager
def or_404() -> Iterator[None]:
    """Answer "not found" where what the address names does not exist, or is not the customer's."""
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
