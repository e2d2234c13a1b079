"""
Rows in the binary form of PostgreSQL's COPY, built from columns in NumPy without a Python object for each value.

    copying.load(
        table="billing_billline",
        columns={
            "bill_id": copying.int8(bill_ids),
            "step": copying.int2(steps),
            "code": copying.words(places, ("energy", "fixed")),
            "unit": copying.text("kWh"),
        },
    )

[source: PostgreSQL documentation, COPY, "Binary Format"; send functions of the types]
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from cis.kernel.fixed import Int64
from cis.platform import db

Mask = NDArray[np.bool_]
Bytes = NDArray[np.uint8]

BLOCK_BYTES = 512 * 1024  # a block of rows stays inside the processor's cache
PADDED_BYTES_MOST = 8 * BLOCK_BYTES
NULL = -1
BIGINT_TYPE = 20
LIST_HEAD_BYTES = 20
LIST_ITEM_BYTES = 12
DAY_0 = date(2000, 1, 1).toordinal()
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
INSTANT_0_US = (datetime(2000, 1, 1, tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)


class Unfit(ValueError):
    """A column cannot be sent as its type: wrong kind of array, value out of range, lengths differ."""


@dataclass(frozen=True, slots=True)
class Piece:
    """
    Some rows of a column, as a block takes them.

    values   (m,) numbers, or (m, width) bytes; one row stands for all
    wire     type of the numbers as they are sent
    width    room for one value. [B]
    lengths  (m,) bytes of each value, -1 for null; None: all as wide as the room. [B]
    """

    values: NDArray[Any]
    wire: str
    width: int
    lengths: Int64 | None = None


class Column(Protocol):
    """A column of rows; the functions below make one."""

    @property
    def count(self) -> int | None:
        """Return the number of rows; None: as many as there are."""

    @property
    def width(self) -> int:
        """Return the room that a value is likely to need. [B]"""

    def cut(self, rows: slice) -> Piece:
        """Return some of the rows."""


@dataclass(frozen=True, slots=True)
class Constant:
    """The same value in all rows; None: null."""

    value: bytes | None

    @property
    def count(self) -> None:
        """Return None: as many rows as there are."""

    @property
    def width(self) -> int:
        """Return the room for the value. [B]"""
        return len(self.value or b"")

    def cut(self, rows: slice) -> Piece:  # noqa: ARG002 (all are alike)
        """Return the value."""
        values = np.frombuffer(self.value or b"", dtype=np.uint8).reshape(1, -1)
        return Piece(values, "u1", self.width, np.array([NULL]) if self.value is None else None)


@dataclass(frozen=True, slots=True)
class Fixed:
    """Values of one width: numbers (n,), or bytes (n, w)."""

    values: NDArray[Any]
    wire: str
    nulls: Mask | None

    @property
    def count(self) -> int:
        """Return the number of rows."""
        return len(self.values)

    @property
    def width(self) -> int:
        """Return the room for a value. [B]"""
        return np.dtype(self.wire).itemsize if self.values.ndim == 1 else int(self.values.shape[1])

    def cut(self, rows: slice) -> Piece:
        """Return some of the rows."""
        lengths = None if self.nulls is None else np.where(self.nulls[rows], NULL, self.width)
        return Piece(self.values[rows], self.wire, self.width, lengths)


@dataclass(frozen=True, slots=True)
class Words:
    """Texts out of a small set: ``places`` (n,) in a table (k, w) of texts that are ``lengths`` (k,) long."""

    places: NDArray[np.integer]
    table: Bytes
    lengths: Int64
    nulls: Mask | None

    @property
    def count(self) -> int:
        """Return the number of rows."""
        return len(self.places)

    @property
    def width(self) -> int:
        """Return the room for the longest word. [B]"""
        return int(self.table.shape[1])

    def cut(self, rows: slice) -> Piece:
        """Return some of the rows, spelled out."""
        places = self.places[rows]
        lengths = self.lengths[places]
        if self.nulls is not None:
            lengths[self.nulls[rows]] = NULL
        return Piece(self.table[places], "u1", self.width, lengths)


@dataclass(frozen=True, slots=True)
class Blobs:
    """Values of any length, padded block by block; ``lengths`` (n,), -1: null."""

    values: Sequence[bytes]
    lengths: Int64

    @property
    def count(self) -> int:
        """Return the number of rows."""
        return len(self.values)

    @property
    def width(self) -> int:
        """Return twice the mean length, as a guess. [B]"""
        return int(self.lengths.mean()) * 2 + 1 if len(self.values) else 1

    def cut(self, rows: slice) -> Piece:
        """Return some of the rows, padded to the longest of them."""
        lengths = self.lengths[rows]
        widest = max(int(lengths.max()), 1)
        padded = np.array(self.values[rows], dtype=f"S{widest}")
        return Piece(padded.view(np.uint8).reshape(-1, widest), "u1", widest, lengths)


@dataclass(frozen=True, slots=True)
class Lists:
    """Lists of bigint: the first ``lengths`` (n,) numbers of each row of ``values`` (n, w); -1: null."""

    values: Int64
    lengths: Int64

    @property
    def count(self) -> int:
        """Return the number of rows."""
        return len(self.values)

    @property
    def width(self) -> int:
        """Return the room for the longest list. [B]"""
        return LIST_HEAD_BYTES + LIST_ITEM_BYTES * int(self.values.shape[1])

    def cut(self, rows: slice) -> Piece:
        """Return some of the rows, each with its head: axes, nulls, type of the items, their number, first index."""
        values, counts = self.values[rows], self.lengths[rows]
        item = np.dtype([("bytes", ">i4"), ("number", ">i8")])
        cells = np.empty(len(values), dtype=[("head", ">i4", 5), ("items", item, (values.shape[1],))])
        cells["head"] = (1, 0, BIGINT_TYPE, 0, 1)
        cells["head"][:, 3] = counts
        cells["head"][counts == 0, 0] = 0  # a list without items has no axis, and ends there
        cells["items"]["bytes"] = 8
        cells["items"]["number"] = values
        lengths = np.where(counts > 0, LIST_HEAD_BYTES + LIST_ITEM_BYTES * counts, np.where(counts < 0, NULL, 12))
        whole = bool((counts == values.shape[1]).all()) and values.shape[1] > 0
        return Piece(cells.view(np.uint8).reshape(len(values), -1), "u1", self.width, None if whole else lengths)


def int8(values: NDArray[np.integer] | int, *, nulls: Mask | None = None) -> Column:
    """Return a bigint column of integers (n,), or of one number for all rows."""
    return _numbers(values, ">i8", nulls)


def int8_lists(values: Int64, *, lengths: Int64) -> Column:
    """
    Return a bigint[] column: of each row of (n, w) integers as many as ``lengths`` (n,) says; -1: null.

    :raises Unfit: a list is longer than its row.
    """
    if values.dtype != np.int64 or values.ndim != 2 or lengths.shape != values.shape[:1]:  # noqa: PLR2004
        raise Unfit(f"{values.dtype} {values.shape} with lengths {lengths.shape} is no column of lists")
    if len(lengths) and not -1 <= int(lengths.min()) <= int(lengths.max()) <= values.shape[1]:
        raise Unfit(f"lists have -1 to {values.shape[1]} numbers, not {lengths.min()} to {lengths.max()}")
    return Lists(values, lengths)


def int4(values: NDArray[np.integer] | int, *, nulls: Mask | None = None) -> Column:
    """Return an integer column of integers (n,), or of one number for all rows."""
    return _numbers(values, ">i4", nulls)


def int2(values: NDArray[np.integer] | int, *, nulls: Mask | None = None) -> Column:
    """Return a smallint column of integers (n,), or of one number for all rows."""
    return _numbers(values, ">i2", nulls)


def boolean(values: Mask | bool, *, nulls: Mask | None = None) -> Column:
    """Return a boolean column of truths (n,), or of one for all rows."""
    if isinstance(values, bool):
        return Constant(bytes([values]))
    if values.dtype != np.bool_ or values.ndim != 1:
        raise Unfit(f"{values.dtype} {values.shape} is no column of truths")
    return Fixed(values.view(np.uint8), "u1", _checked(nulls, len(values)))


def day(values: NDArray[np.integer] | date, *, nulls: Mask | None = None) -> Column:
    """Return a date column of ``date.toordinal()`` (n,), or of one date for all rows."""
    return _numbers(values.toordinal() if isinstance(values, date) else values, ">i4", nulls, origin=DAY_0)


def instant(values: NDArray[np.integer] | datetime, *, nulls: Mask | None = None) -> Column:
    """Return a timestamptz column of microseconds since 1970 UTC (n,), or of one instant for all rows."""
    since = (values - EPOCH) // timedelta(microseconds=1) if isinstance(values, datetime) else values
    return _numbers(since, ">i8", nulls, origin=INSTANT_0_US)


def text(value: str) -> Column:
    """Return a text column with the same text in all rows."""
    return Constant(value.encode())


def null() -> Column:
    """Return a column of whatever type without a value in any row."""
    return Constant(None)


def words(places: NDArray[np.integer], of: Sequence[str], *, nulls: Mask | None = None) -> Column:
    """Return a text column by places (n,) in a few texts: the fast way for codes, states and units."""
    if places.dtype.kind not in "iu" or (len(places) and not 0 <= places.min() <= places.max() < len(of)):
        raise Unfit(f"not all are places of {len(of)} words")
    encoded = [word.encode() for word in of]
    widest = max(map(len, encoded), default=0)
    table = np.frombuffer(b"".join(word.ljust(widest, b"\0") for word in encoded), dtype=np.uint8)
    lengths = np.array([len(word) for word in encoded], dtype=np.int64)
    return Words(places, table.reshape(len(of), widest), lengths, _checked(nulls, len(places)))


def texts(values: Iterable[str | None]) -> Column:
    """Return a text column of any texts; None is null."""
    return blobs([None if value is None else value.encode() for value in values])


def jsons(values: Iterable[object]) -> Column:
    """Return a jsonb column; None is null."""
    version = b"\x01"
    return blobs([None if v is None else version + json.dumps(v, ensure_ascii=False).encode() for v in values])


def blobs(values: Sequence[bytes | None]) -> Column:
    """Return a bytea column of any bytes; None is null."""
    lengths = np.array([NULL if value is None else len(value) for value in values], dtype=np.int64)
    return Blobs([value or b"" for value in values], lengths)


def bytea(values: Bytes, *, nulls: Mask | None = None) -> Column:
    """Return a bytea column of values of one width, uint8 (n, w)."""
    if values.dtype != np.uint8 or values.ndim != 2:  # noqa: PLR2004 (rows and bytes)
        raise Unfit(f"{values.dtype} {values.shape} is no column of bytes")
    return Fixed(values, "u1", _checked(nulls, len(values)))


def encode(columns: Sequence[Column], *, count: int | None = None) -> Iterator[bytes]:
    """
    Yield the rows in blocks, without COPY's header and trailer.

    :param count: number of rows; needed only where all columns are constants.
    :raises Unfit: the columns differ in length.
    """
    counts = {rows for rows in (count, *(column.count for column in columns)) if rows is not None}
    if len(counts) != 1:
        raise Unfit(f"columns of {sorted(counts)} rows" if counts else "how many rows?")
    rows = counts.pop()
    step = max(BLOCK_BYTES // sum(4 + column.width for column in columns), 1)
    parts = (slice(first, min(first + step, rows)) for first in range(0, rows, step))
    return (_block(columns, small) for part in parts for small in _apart(columns, part))


def load(*, table: str, columns: Mapping[str, Column], count: int | None = None) -> None:
    """Append rows to a table by COPY; the keys are the names of its columns. See ``encode``."""
    db.copy_binary(table=table, columns=list(columns), blocks=encode(list(columns.values()), count=count))


def _numbers(values: Any, wire: str, nulls: Mask | None, *, origin: int = 0) -> Column:
    if isinstance(values, int):
        _check_range(values - origin, values - origin, wire)
        return Constant(np.array(values - origin, dtype=wire).tobytes())
    if values.dtype.kind not in "iu" or values.dtype == np.uint64 or values.ndim != 1:
        raise Unfit(f"{values.dtype} {values.shape} is no column of integers")
    _checked(nulls, len(values))
    if nulls is not None:
        values = np.where(nulls, origin, values)
    if len(values):
        _check_range(int(values.min()) - origin, int(values.max()) - origin, wire)
    return Fixed(values.astype(np.int64) - origin if origin else values, wire, nulls)


def _check_range(low: int, high: int, wire: str) -> None:
    room = np.iinfo(np.dtype(wire))
    if low < room.min or high > room.max:
        raise Unfit(f"{low} to {high} does not fit into {room.bits} bits")


def _checked(nulls: Mask | None, count: int) -> Mask | None:
    if nulls is not None and (nulls.dtype != np.bool_ or nulls.shape != (count,)):
        raise Unfit(f"nulls must be truths ({count},), not {nulls.dtype} {nulls.shape}")
    return nulls


def _apart(columns: Sequence[Column], part: slice) -> Iterator[slice]:
    """Halve a block for as long as a long value would pad its many neighbours to its own length."""
    rows = part.stop - part.start
    widest = sum(int(column.lengths[part].max()) for column in columns if isinstance(column, Blobs))
    if rows == 1 or rows * widest <= PADDED_BYTES_MOST:
        yield part
        return
    middle = part.start + rows // 2
    yield from _apart(columns, slice(part.start, middle))
    yield from _apart(columns, slice(middle, part.stop))


def _block(columns: Sequence[Column], part: slice) -> bytes:
    """Give each value its room in a row; then drop the room that shorter values do not fill."""
    rows = part.stop - part.start
    pieces = [column.cut(part) for column in columns]
    width = 2 + sum(4 + piece.width for piece in pieces)
    cells = np.empty((rows, width), dtype=np.uint8)
    cells[:] = _row_of_lengths(pieces, width)
    kept = np.ones((rows, width), dtype=np.bool_) if any(piece.lengths is not None for piece in pieces) else None
    at = 2
    for piece in pieces:
        body = slice(at + 4, at + 4 + piece.width)
        if piece.lengths is not None and kept is not None:
            _numbers_at(cells, at, ">i4")[:] = piece.lengths
            kept[:, body] = np.arange(piece.width) < piece.lengths[:, None]
        if piece.values.ndim == 1:
            _numbers_at(cells, at + 4, piece.wire)[:] = piece.values
        else:
            cells[:, body] = piece.values
        at = body.stop
    return (cells if kept is None else cells[kept]).tobytes()


def _row_of_lengths(pieces: Sequence[Piece], width: int) -> Bytes:
    row = np.zeros(width, dtype=np.uint8)
    row[:2] = np.frombuffer(len(pieces).to_bytes(2, "big"), dtype=np.uint8)
    at = 2
    for piece in pieces:
        row[at : at + 4] = np.frombuffer(piece.width.to_bytes(4, "big"), dtype=np.uint8)
        at += 4 + piece.width
    return row


def _numbers_at(cells: Bytes, at: int, wire: str) -> NDArray[Any]:
    """Return a view of the numbers that begin at a byte of each row."""
    rows, width = cells.shape
    return np.ndarray((rows,), dtype=wire, buffer=cells, offset=at, strides=(width,))
