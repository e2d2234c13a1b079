"""Tables as columns: frozen dataclasses of arrays of one length, the form in which mass data travels."""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any, Self, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from cis.kernel.fixed import Int64

Rows = Int64 | NDArray[np.bool_] | slice
"""Places of rows, a mask of rows, or a slice."""


class Columns:
    """
    Base of frozen dataclasses whose array fields are columns of one length n.

    A field annotated as an array (``Int64``, or ``NDArray`` of another type) must be an array of exactly that type with
    the length of the others as its first dimension. Other fields belong to the table as a whole.

    :raises TypeError: a column is not an array of its declared type.
    :raises ValueError: the columns differ in length.
    """

    __slots__ = ()

    def __post_init__(self) -> None:
        kind = type(self).__name__
        length = -1
        for name, dtype in _columns_of(type(self)).items():
            column = getattr(self, name)
            if not isinstance(column, np.ndarray) or column.dtype != dtype:
                given = column.dtype if isinstance(column, np.ndarray) else type(column).__name__
                raise TypeError(f"{kind}.{name} must be an array of {dtype}, not {given}")
            if column.ndim == 0:
                raise ValueError(f"{kind}.{name} has no rows")
            if length not in (-1, len(column)):
                raise ValueError(f"{kind}.{name} has {len(column)} rows, the columns before it {length}")
            length = len(column)

    def __len__(self) -> int:
        return next(len(getattr(self, name)) for name in _columns_of(type(self)))

    def take(self, rows: Rows) -> Self:
        """Return the table of some rows; a slice gives views, places or a mask give copies."""
        names = _columns_of(type(self))
        return type(self)(
            **{
                field.name: getattr(self, field.name)[rows] if field.name in names else getattr(self, field.name)
                for field in fields(self)  # type: ignore[arg-type]
            }
        )

    @classmethod
    def concat(cls, parts: Sequence[Self]) -> Self:
        """
        Return the rows of all parts, in order.

        :raises ValueError: there are no parts, or they differ in a field that belongs to the table as a whole.
        """
        if not parts:
            raise ValueError(f"no {cls.__name__} to concatenate")
        names = _columns_of(cls)
        joined: dict[str, Any] = {}
        for field in fields(cls):  # type: ignore[arg-type]
            values = [getattr(part, field.name) for part in parts]
            if field.name in names:
                joined[field.name] = np.concatenate(values)
            elif any(value != values[0] for value in values):
                raise ValueError(f"{cls.__name__}.{field.name} differs between the parts")
            else:
                joined[field.name] = values[0]
        return cls(**joined)


def group_rows(keys: Int64) -> Iterator[tuple[int, Int64]]:
    """Yield each key, ascending, with the places of its rows, ascending; keys (n,)."""
    if not len(keys):
        return
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    for start, rows in zip(starts, np.split(order, starts[1:]), strict=True):
        yield int(ordered[start]), rows


_known: dict[type[Columns], dict[str, np.dtype[Any]]] = {}


def _columns_of(kind: type[Columns]) -> dict[str, np.dtype[Any]]:
    """Return the array fields of a table with their types; looked up once for each class."""
    if kind not in _known:
        _known[kind] = _read_columns(kind)
    return _known[kind]


def _read_columns(kind: type[Columns]) -> dict[str, np.dtype[Any]]:
    hints = get_type_hints(kind)
    found = {}
    for field in fields(kind):  # type: ignore[arg-type]
        if get_origin(hints[field.name]) is np.ndarray:
            _, dtype = get_args(hints[field.name])
            found[field.name] = np.dtype(*get_args(dtype))
    if not found:
        raise TypeError(f"{kind.__name__} has no columns")
    return found
