"""A stream of bytes as chunks of whole lines, so that memory stays flat however long the file is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cis.kernel.fixed import Int64
from metering.domain.formats import decimals

CHUNK_BYTES = 1 << 20
"""Bytes worked on at once, up to twice as many; a line longer than that is a fault. [bytes]"""

UTF8_MARK = b"\xef\xbb\xbf"

_LINE_END = ord("\n")
_COMMA = ord(",")


class Source(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """Return at most ``size`` bytes; none at the end."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """
    Whole lines of a file.

    data          the lines, each ended by a line feed (a carriage return may stand before it)
    first_line    number of the first line, from 1
    line_count    count of lines
    unterminated  the last line had no line end: it is the end of the file, perhaps cut off
    too_long      data is only the beginning of one line that is far too long; the rest of it was skipped
    """

    data: bytes
    first_line: int
    line_count: int
    unterminated: bool = False
    too_long: bool = False

    @property
    def last_line(self) -> int:
        """Number of the last line."""
        return self.first_line + self.line_count - 1

    def numbered(self) -> Iterator[tuple[int, bytes]]:
        """Yield line numbers with their lines, without line ends."""
        lines = [self.data] if self.too_long else self.data.split(b"\n")[:-1]
        for number, line in enumerate(lines, start=self.first_line):
            yield number, line.rstrip(b"\r")


def after_last_line(data: bytes) -> int:
    """Return the position behind the last whole line, 0 when there is none."""
    return data.rfind(b"\n") + 1


def chunks(source: Source, *, boundary: Callable[[bytes], int] = after_last_line) -> Iterator[Chunk]:
    """
    Yield a stream as chunks of whole lines.

    A UTF-8 mark at the start is dropped; lone carriage returns count as line ends where the file has no line feed.

    boundary  returns where data may be cut (a line start, 0 = not yet), so that records that belong together stay
              together; after CHUNK_BYTES any line start is taken
    """
    rest, line, end = b"", 1, None
    while block := _read_full(source):
        if end is None:
            block = block.removeprefix(UTF8_MARK)
            end = b"\r" if b"\n" not in block and b"\r" in block[:-1] else b"\n"
        data = rest + block.replace(end, b"\n")
        if len(data) < CHUNK_BYTES:
            rest = data
            continue
        cut = boundary(data)
        if not cut and len(data) > CHUNK_BYTES:
            cut = after_last_line(data)
            if not cut:
                yield Chunk(data[:CHUNK_BYTES], line, 1, too_long=True)
                rest, line = _skip_line(source, end).replace(end, b"\n"), line + 1
                continue
        if cut:
            count = data.count(b"\n", 0, cut)
            yield Chunk(data[:cut], line, count)
            line += count
        rest = data[cut:]
    if rest:
        cut_off = not rest.endswith(b"\n")
        yield Chunk(rest + b"\n" if cut_off else rest, line, rest.count(b"\n") + cut_off, unterminated=cut_off)


def _read_full(source: Source) -> bytes:
    """Read CHUNK_BYTES, or what is left; a source may give less than is asked for at a time."""
    pieces, missing = [], CHUNK_BYTES
    while missing and (piece := source.read(missing)):
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)


def _skip_line(source: Source, end: bytes) -> bytes:
    """Read on to the end of the line; return what was read behind it."""
    while block := _read_full(source):
        _, found, rest = block.partition(end)
        if found:
            return rest
    return b""


@dataclass(frozen=True, slots=True)
class Table:
    """
    Where lines and fields of a chunk begin and end, found for all at once; positions count in ``data``.

    data        the chunk with decimals.MARGIN bytes before it
    views       decimals.windows of data
    separators  (f,) position of each comma and line end
    starts      (l,) position of each line's first character
    ends        (l,) position of each line's end
    first       (l,) index into separators of each line's first one
    fields      (l,) count of fields of each line
    """

    data: bytes
    views: NDArray[np.void]
    separators: Int64
    starts: Int64
    ends: Int64
    first: Int64
    fields: Int64

    def line(self, index: int) -> bytes:
        """Return a line without its end."""
        return self.data[int(self.starts[index]) : int(self.ends[index])].rstrip(b"\r")


def table_of(data: bytes) -> Table:
    """Find the lines and fields of a chunk's data."""
    padded = b"0" * decimals.MARGIN + data + b"0" * decimals.MARGIN
    signs = np.frombuffer(padded, dtype=np.uint8)
    separators = np.flatnonzero((signs == _COMMA) | (signs == _LINE_END))
    last = np.flatnonzero(signs[separators] == _LINE_END)
    ends = separators[last]
    first = np.concatenate((np.zeros(1, dtype=np.int64), last[:-1] + 1))
    starts = np.concatenate((np.full(1, decimals.MARGIN, dtype=np.int64), ends[:-1] + 1))
    return Table(padded, decimals.windows(signs), separators, starts, ends, first, last - first + 1)
