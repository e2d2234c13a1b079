"""Column types and constraints that every room shares."""

from collections.abc import Iterable
from enum import StrEnum

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Func, Value


class _OneId(Func):
    """A range that holds just one id, so that GiST compares ids without the btree_gist extension."""

    function = "int8range"
    template = "%(function)s(%(expressions)s)"
    output_field = models.BigIntegerField()


def no_overlap(
    *, name: str, owner: str | tuple[str, ...], period: str = "period", condition: models.Q | None = None
) -> ExclusionConstraint:
    """
    Return the constraint that no two rows of one owner overlap in time.

    :param owner: column, or columns, that say whose history it is, e.g. ``"meter_id"``.
    :param condition: rows that count; all by default.
    """
    columns = (owner,) if isinstance(owner, str) else owner
    same = [(_OneId(F(column), F(column), Value("[]")), RangeOperators.OVERLAPS) for column in columns]
    return ExclusionConstraint(
        name=name,
        expressions=[*same, (period, RangeOperators.OVERLAPS)],
        condition=condition,
    )


def one_of(*, name: str, column: str, values: Iterable[StrEnum]) -> models.CheckConstraint:
    """Return the constraint that the database knows the same states as the code."""
    return models.CheckConstraint(name=name, condition=models.Q(**{f"{column}__in": [str(v) for v in values]}))


def choices_of(values: Iterable[StrEnum]) -> list[tuple[str, str]]:
    """Return Django choices of an enumeration; pages translate the value, not the label."""
    return [(str(value), str(value)) for value in values]


class Code(models.CharField):
    """A short machine word: a state, a kind, a reason."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        kwargs.setdefault("max_length", 40)
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]


class ExternalId(models.CharField):
    """The name by which the supplier's other systems know this row."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        kwargs.setdefault("max_length", 64)
        kwargs.setdefault("unique", True)
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]


class SearchGrams(ArrayField):
    """The two-character pieces of a row's words (cis.kernel.text.bigrams): an infix search for Chinese too."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        kwargs.setdefault("base_field", models.TextField())
        kwargs.setdefault("default", list)
        kwargs.setdefault("blank", True)
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]


def search_index(name: str) -> GinIndex:
    """Return the index for a column ``search_grams``."""
    return GinIndex(name=name, fields=["search_grams"])
