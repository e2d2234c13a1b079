"""
The doors to the database: who may open a transaction, and bulk transport of columns.

``opens_transaction`` marks a use case: durable, called only from a door (page, endpoint, task, command).
``joins_transaction`` marks a step: it raises if no use case is above it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np
import psycopg
from django.db import connection, transaction
from django.db.models import Model
from numpy.typing import NDArray
from psycopg.pq import Format

from cis.platform.arrays import Params, packed

P = ParamSpec("P")
R = TypeVar("R")
Row = TypeVar("Row", bound=Model)
BIGINT_BYTES = 8


_is_open_at_door: ContextVar[bool] = ContextVar("is_open_at_door", default=False)


_answers: ContextVar[dict[tuple[str, str], Any] | None] = ContextVar("answers", default=None)


class NoTransaction(RuntimeError):
    """A step was called without a use case above it."""


def opens_transaction(use_case: Callable[P, R]) -> Callable[P, R]:
    """
    Run the use case in one durable transaction: when it returns, its rows are committed.

    Below ``door_transaction`` it is that transaction, which the door commits.
    """

    @wraps(use_case)
    def opened(*args: P.args, **kwargs: P.kwargs) -> R:
        if not _is_open_at_door.get():
            with transaction.atomic(durable=True):
                return use_case(*args, **kwargs)
        token = _is_open_at_door.set(False)  # a use case below this one would still be a mistake
        try:
            return use_case(*args, **kwargs)
        finally:
            _is_open_at_door.reset(token)

    return opened


@contextmanager
def door_transaction() -> Iterator[None]:
    """
    Open the transaction already at the door, so that what the door writes commits with the use case or not at all.

    It is for doors that keep the reply they gave; an exception undoes both.
    """
    with transaction.atomic(durable=True):
        token = _is_open_at_door.set(True)
        try:
            yield
        finally:
            _is_open_at_door.reset(token)


def is_open_at_door() -> bool:
    """Return whether a door holds the transaction open around the use case (``door_transaction``)."""
    return _is_open_at_door.get()


@contextmanager
def rolled_back() -> Iterator[None]:
    """
    Open a transaction that leaves nothing: to see what a use case would do, by doing it.

    Its steps run as always, locks included; numbers of sequences that they take are lost.
    """
    with transaction.atomic(durable=True):
        try:
            yield
        finally:
            transaction.set_rollback(True)


@contextmanager
def taken_back() -> Iterator[None]:
    """
    Run steps of a use case and take back all that they wrote: to measure what they would do, and go on.

    :raises NoTransaction: there is no use case above it.
    """
    if not connection.in_atomic_block:
        raise NoTransaction("taken_back is part of a use case; open one")
    with transaction.atomic():
        try:
            yield
        finally:
            transaction.set_rollback(True)


def joins_transaction(step: Callable[P, R]) -> Callable[P, R]:
    """Refuse to run the step outside a transaction, since alone it would leave half a use case."""

    @wraps(step)
    def joined(*args: P.args, **kwargs: P.kwargs) -> R:
        if not connection.in_atomic_block:
            raise NoTransaction(f"{step.__module__}.{step.__qualname__} is a step; call it inside a use case")
        return step(*args, **kwargs)

    return joined


@contextmanager
def asked_once() -> Iterator[None]:
    """
    Answer a query of the data plane that was asked before, with the same parameters, out of memory.

    For reading alone, where one computation is made of the same rows many times: what others write meanwhile is not
    seen. Nothing may be written inside.
    """
    token = _answers.set({})
    try:
        yield
    finally:
        _answers.reset(token)


def _answer(sql: str, params: Params, ask: Callable[[], R]) -> R:
    answers = _answers.get()
    if answers is None:
        return ask()
    key = (sql, repr(params))
    if key not in answers:
        answers[key] = ask()
    found: R = answers[key]
    return found


def session() -> object:
    """Return the session that this process has with the database; locks that outlive transactions belong to it."""
    connection.ensure_connection()
    return connection.connection


def is_lost(held: object) -> bool:
    """
    Return whether a session ended: Django opens another one by itself as soon as a transaction failed with the first.

    What fails then is not the fault of what was done, and others may be doing it by now.
    """
    return connection.connection is not held or not connection.is_usable()


def raw_cursor() -> psycopg.Cursor[tuple[Any, ...]]:
    """Return a psycopg cursor on Django's connection, for COPY; the caller closes it (``with``)."""
    connection.ensure_connection()
    cursor: psycopg.Cursor[tuple[Any, ...]] = connection.connection.cursor()
    return cursor


def copy_rows(*, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Load rows by COPY in text form: for thousands of rows whose types psycopg adapts."""
    names = ", ".join(f'"{name}"' for name in columns)
    with raw_cursor() as cursor, cursor.copy(f'COPY "{table}" ({names}) FROM STDIN') as copy:
        for row in rows:
            copy.write_row(row)


def copy_binary(*, table: str, columns: Sequence[str], blocks: Iterable[bytes]) -> None:
    """
    Load rows by COPY in PostgreSQL's binary form.

    :param blocks: encoded rows without file header and trailer (see ``cis.platform.copying``).
    :raises django.db.IntegrityError: a row breaks a constraint; none is loaded.
    """
    names = ", ".join(f'"{name}"' for name in columns)
    statement = f'COPY "{table}" ({names}) FROM STDIN (FORMAT BINARY)'
    with connection.wrap_database_errors, raw_cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(b"PGCOPY\n\xff\r\n\x00" + bytes(8))
        for block in blocks:
            copy.write(block)
        copy.write(b"\xff\xff")


def read_columns(sql: str, params: Params = (), *, columns: int) -> NDArray[np.int64]:
    """
    Return the result of a query of bigint columns, none of them null, as columns, int64 (columns, n).

    The rows come by COPY in PostgreSQL's binary form and are never Python objects: tenfold faster than fetching them.
    """

    def ask() -> bytes:
        with raw_cursor() as cursor, cursor.copy(f"COPY ({sql}) TO STDOUT (FORMAT BINARY)", packed(params)) as copy:
            return b"".join(copy)

    answer = _answer(sql, params, ask)
    row = np.dtype([("fields", ">i2"), ("values", [("length", ">i4"), ("value", ">i8")], (columns,))])
    # 19 bytes of header before the rows, 2 of trailer behind them.
    rows = np.frombuffer(answer, dtype=row, offset=19, count=(len(answer) - 21) // row.itemsize)
    if len(answer) - 21 != rows.nbytes or (rows["values"]["length"] != BIGINT_BYTES).any():
        raise TypeError("the query must return bigint columns without nulls")
    return np.ascontiguousarray(rows["values"]["value"].T.astype(np.int64))


def take_ids(table: str, count: int) -> list[int]:
    """Return ids for rows that are loaded by COPY together with their children."""
    taken = fetch("SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [table, count])
    return [row_id for (row_id,) in taken]


def execute(sql: str, params: Params = ()) -> int:
    """Run one statement of the data plane; return the number of rows that it touched."""
    if _answers.get() is not None:
        raise RuntimeError("nothing is written while answers are kept")
    with connection.cursor() as cursor:
        cursor.execute(sql, packed(params))
        touched: int = cursor.rowcount
        return touched


def analyze(*tables: str) -> None:
    """Tell the planner at once how much these tables hold, after a use case has filled them."""
    execute(f"ANALYZE {', '.join(tables)}")


def fetch(sql: str, params: Params = ()) -> list[tuple[Any, ...]]:
    """Run one query of the data plane and return its rows."""

    def ask() -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(sql, packed(params))
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            return rows

    return _answer(sql, params, ask)


def fetch_binary(sql: str, params: Params = ()) -> list[tuple[Any, ...]]:
    """Run one query of the data plane whose rows hold long bytea: they come as they are, not as text twice as long."""

    def ask() -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.cursor.format = Format.BINARY
            cursor.execute(sql, packed(params))
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            return rows

    return _answer(sql, params, ask)


def locked_row(model: type[Row], row_id: int, *, after: str = "") -> Row | None:
    """
    Return a row by its id, locked until the use case ends; None if there is none. One statement.

    It is read without the query builder, whose work costs several times what the statement does.

    :param after: SELECT that locks what others lock before this row, with the row's id as parameter; its one column
        has a name that the model has not.
    """
    sql, names, converted = _reading(model)
    if after:
        table = f'"{model._meta.db_table}"'  # noqa: SLF001 (Django's own name of it)
        both = f"WITH earlier AS MATERIALIZED ({after}) {sql} LEFT JOIN earlier ON TRUE"
        found = fetch(f"{both} WHERE id = %s FOR UPDATE OF {table}", [row_id, row_id])
    else:
        found = fetch(f"{sql} WHERE id = %s FOR UPDATE", [row_id])
    if not found:
        return None
    values = list(found[0])
    for place, column, converters in converted:
        for convert in converters:
            values[place] = convert(values[place], column, connection)
    return model.from_db(connection.alias, names, values)


@cache
def _reading(model: type[Row]) -> tuple[str, list[str], list[tuple[int, Any, list[Any]]]]:
    """Return the SELECT of all columns of a model, its attributes, and the columns that Django converts."""
    own = model._meta.concrete_fields  # noqa: SLF001 (Django's own name of what a model is)
    columns = ", ".join(f'"{field.column}"' for field in own)
    converted = [
        (place, field.cached_col, converters)
        for place, field in enumerate(own)
        if (converters := [*connection.ops.get_db_converters(field.cached_col), *field.get_db_converters(connection)])
    ]
    sql = f'SELECT {columns} FROM "{model._meta.db_table}"'  # noqa: S608, SLF001 (names of the model)
    return sql, [field.attname for field in own], converted


def stream(sql: str, params: Sequence[Any] = (), *, size: int = 2_000) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the rows of a long query in lists of ``size``, from a server-side cursor, with memory flat."""
    connection.ensure_connection()
    with connection.connection.cursor(name="wattline_stream") as cursor:
        cursor.execute(sql, params)
        while rows := cursor.fetchmany(size):
            yield rows
