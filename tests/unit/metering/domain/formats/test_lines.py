"""Chunks of lines, and memory that does not grow with the file."""

import io
import tracemalloc
from unittest import mock

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from metering.domain.formats import lines
from metering.domain.formats.files import read_file
from tests.unit.metering.domain.formats.nem import TODAY, block, day, text


class Dribble:
    """A source that gives fewer bytes than are asked for."""

    def __init__(self, data, most):
        self._stream = io.BytesIO(data)
        self._most = most

    def read(self, size, /):
        return self._stream.read(min(size, self._most))


@example(written=[b"aa", b""], end=b"\r\n", has_last_end=False, most=3)  # the two signs of a line end come apart
@given(
    st.lists(st.text("ab,\x00", max_size=30).map(str.encode), min_size=1, max_size=40),
    st.sampled_from([b"\n", b"\r\n"]),
    st.booleans(),
    st.integers(1, 70),
)
@settings(max_examples=300)
def test_chunks_give_all_lines_with_their_numbers(written, end, has_last_end, most):
    data = end.join(written) + (end if has_last_end else b"")
    with mock.patch.object(lines, "CHUNK_BYTES", 64):
        chunks = list(lines.chunks(Dribble(data, most)))
    numbered = [item for chunk in chunks for item in chunk.numbered()]
    expected = data.split(b"\n")[: None if data and not data.endswith(b"\n") else -1]
    assert numbered == [(at, line.rstrip(b"\r")) for at, line in enumerate(expected, start=1)]
    assert sum(chunk.line_count for chunk in chunks) == len(expected)
    assert all(not chunk.unterminated for chunk in chunks[:-1])


def test_only_a_last_line_without_end_is_unterminated():
    assert [chunk.unterminated for chunk in lines.chunks(io.BytesIO(b"a\nb"))] == [True]
    assert [chunk.unterminated for chunk in lines.chunks(io.BytesIO(b"a\nb\n"))] == [False]


def test_a_table_finds_each_line_and_field():
    table = lines.table_of(b"100,a\r\n\r\n300,1,,2\n")
    assert [table.line(at) for at in range(3)] == [b"100,a", b"", b"300,1,,2"]
    assert table.fields.tolist() == [2, 1, 4]


class Endless(io.RawIOBase):
    """A seekable stream of a valid file that is made while it is read, so that it takes no memory itself."""

    HEAD = text(end=None)
    DAYS = "\r\n".join(
        day([f"{(on * 48 + slot) % 977 / 1000:.3f}" for slot in range(48)], on=f"202607{on:02d}") for on in range(1, 32)
    )

    def __init__(self, megabytes):
        self._size = megabytes * 2**20
        self.seek(0)

    def seekable(self):
        return True

    def readable(self):
        return True

    def seek(self, offset, whence=0):
        assert (offset, whence) == (0, 0)
        self._given, self._meter, self._rest = 0, 0, self.HEAD
        return 0

    def read(self, size=-1):
        while len(self._rest) < size and self._given < self._size:
            self._meter += 1
            block_text = f"{block(f'NMI{self._meter:07d}')}\r\n{self.DAYS}\r\n".encode()
            self._rest += block_text
            self._given += len(block_text)
            if self._given >= self._size:
                self._rest += b"900\r\n"
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece


def peak_bytes(megabytes):
    tracemalloc.start()
    try:
        count = sum(len(batch.days) for batch in read_file(Endless(megabytes), name="a", today=TODAY))
        return count, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_memory_stays_flat_for_a_file_of_50_megabytes():
    _, small = peak_bytes(4)
    count, large = peak_bytes(50)
    assert count > 150_000
    assert large < 24 * 2**20
    assert large < 1.25 * small
