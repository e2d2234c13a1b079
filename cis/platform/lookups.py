"""
How the ORM says "one of these": by one array, as our own SQL does.

Django writes ``IN (%s, %s, ...)``: a text for each length of the list, which the driver reads anew and PostgreSQL plans
anew each time. ``= ANY(%s::bigint[])`` is one text for all lengths. See docs/decisions/0069.
"""

from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.models import Field, ForeignObject, IntegerField
from django.db.models.fields.related_lookups import RelatedIn
from django.db.models.lookups import In

ARRAYS = {
    "bigint": "bigint[]",
    "integer": "bigint[]",
    "smallint": "bigint[]",
    "varchar": "text[]",
    "text": "text[]",
    "date": "date[]",
    "uuid": "uuid[]",
}
"""What a column's values are cast to, by the word of its type; a column of another type is asked as Django does."""


class _AnyOf(In):
    """``= ANY(array)`` where the right side is plain values."""

    def get_prep_lookup(self) -> Any:
        # Of thousands of ids each would be asked three times whether it is one.
        if _are_numbers(self.lhs.output_field, self.rhs):
            return list(self.rhs)
        return super().get_prep_lookup()

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        kind = ARRAYS.get(_word(self.lhs.output_field.db_type(connection)))
        # Constraints and indexes are written with literals; their texts must not change.
        if kind is None or not self.rhs_is_direct_value() or not compiler.query.alias_cols:
            return super().as_sql(compiler, connection)
        if any(hasattr(value, "resolve_expression") for value in self.rhs):
            return super().as_sql(compiler, connection)
        values = dict.fromkeys(value for value in self.rhs if value is not None)
        if not values:
            raise EmptyResultSet
        left, params = self.process_lhs(compiler, connection)
        return f"{left} = ANY(%s::{kind})", [*params, list(values)]


class _RelatedAnyOf(_AnyOf, RelatedIn):
    """The same for a foreign key, whose values may be objects: ``RelatedIn`` turns them into their ids."""


def register() -> None:
    """Let every ``__in`` of the house be asked by an array; called once when the platform is ready."""
    Field.register_lookup(_AnyOf)
    ForeignObject.register_lookup(_RelatedAnyOf)


def _are_numbers(field: Any, values: object) -> bool:
    if not isinstance(getattr(field, "target_field", field), IntegerField):
        return False
    return isinstance(values, list | tuple | set | frozenset) and all(type(value) is int for value in values)


def _word(kind: str | None) -> str:
    return (kind or "").partition("(")[0].partition(" ")[0]
