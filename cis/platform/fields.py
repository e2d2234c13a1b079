"""Column types and constraints that every room shares."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Func, Value
from django.db.models.lookups import Lookup

from cis.platform import sealing


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


class SealedText(models.TextField):
    """
    A text that is encrypted in the database and plain in Python; an empty one stays empty.

    It cannot be looked for but by whether it is empty: each writing looks different. SQL of the data plane reads it
    with ``cis.platform.sealing.unseal_text`` and writes it with ``seal_text``.
    """

    def get_prep_value(self, value: object) -> object:
        """Encrypt what is written."""
        plain = super().get_prep_value(value)
        return sealing.seal_text(plain) if isinstance(plain, str) and not sealing.is_sealed(plain) else plain

    def from_db_value(self, value: str | None, *_context: object) -> str | None:
        """Decrypt what is read."""
        return value if value is None else sealing.unseal_text(value)

    def get_lookup(self, lookup_name: str) -> "type[Lookup[Any]] | None":
        """Allow to ask whether it is empty, and nothing else."""
        return super().get_lookup(lookup_name) if lookup_name in {"exact", "isnull"} else None


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
