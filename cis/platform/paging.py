"""Lists by the page: which one is asked for, and what the links to the next and the last one carry."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from django.http import HttpRequest

ROWS = 50
PAGES_MOST = 10_000
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Pager:
    """
    One page of a list.

    query     the other filters, as they stand in the address
    has_more  rows follow after this page
    """

    number: int
    has_more: bool
    query: str
    rows: int = ROWS

    @property
    def offset(self) -> int:
        """Return the number of rows before this page."""
        return (self.number - 1) * self.rows


class Asked(Protocol):
    """A query that gives a part of a list."""

    def __call__(self, *, offset: int, most: int) -> Sequence[Any]:
        """Return so many rows behind the first ones."""


def page_context(request: HttpRequest, ask: Asked) -> dict[str, Any]:
    """Return what the template of a list needs: ``rows`` of the page asked for, and the ``pager``."""
    number = page_number(request)
    found = ask(offset=(number - 1) * ROWS, most=ROWS + 1)
    return {"rows": found[:ROWS], "pager": Pager(number, len(found) > ROWS, query_of(request))}


def page_number(request: HttpRequest) -> int:
    """Return the page asked for; 1 where none or nonsense is."""
    given = request.GET.get("page", "1")
    return min(max(int(given), 1), PAGES_MOST) if given.isascii() and given.isdigit() and len(given) < 7 else 1  # noqa: PLR2004


def query_of(request: HttpRequest) -> str:
    """Return the filters of the address without the page."""
    kept = request.GET.copy()
    kept.pop("page", None)
    return kept.urlencode()


def page_of(request: HttpRequest, found: Sequence[Row], *, rows: int = ROWS) -> tuple[Sequence[Row], Pager]:
    """Return the page asked for of a list that is at hand as a whole."""
    number = page_number(request)
    last = number * rows
    return found[last - rows : last], Pager(number, len(found) > last, query_of(request), rows)
