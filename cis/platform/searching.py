"""
Lists that are searched by pieces of two characters (``cis.kernel.text``).

The index finds rows that have all pieces of a text, in whatever order; what a row says itself is compared after that.
"""

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import TypeVar

from django.db.models import Func, Model, Q, QuerySet, TextField, Value
from django.db.models.functions import StrIndex
from django.db.models.lookups import GreaterThan

from cis.kernel.text import query_bigrams

AnyModel = TypeVar("AnyModel", bound=Model)


class Squeezed(Func):
    """A text as it is compared: letters and digits alone, without width and case."""

    template = "regexp_replace(lower(normalize(%(expressions)s, NFKC)), '[^[:alnum:]]+', '', 'g')"
    arity = 1
    output_field = TextField()


def found(rows: QuerySet[AnyModel], text: str, *, columns: Sequence[str]) -> QuerySet[AnyModel]:
    """
    Return the rows that have each word of a text in one of their columns, by their ``search_grams``; "": all rows.

    Blanks, punctuation, width and case do not count. A text without a piece to search by fits no row.
    """
    if not text.strip():
        return rows
    pieces = query_bigrams(text)
    if not pieces:
        return rows.none()
    rows = rows.filter(search_grams__contains=pieces)
    for word in text.split():
        rows = rows.filter(reduce(or_, (Q(_stands_in(column, word)) for column in columns)))
    return rows


def _stands_in(column: str, word: str) -> GreaterThan:
    return GreaterThan(StrIndex(Squeezed(column), Squeezed(Value(word))), 0)
