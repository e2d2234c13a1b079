"""
EDIFACT: a stream of bytes as segments, whatever signs part them.

``UNA`` may say which signs part components, elements and segments, and which one releases them (``?'`` is a quotation
mark in a text). Line breaks between segments mean nothing. [source: ISO 9735, UN/EDIFACT syntax rules]
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from metering.domain.formats.faults import Fault, FileRefused

SIGNS = (b"UNA", b"UNB")
_UNA_BYTES = 9
_LONGEST = 1 << 16
"""Bytes of a segment; a longer one is not EDIFACT. [bytes]"""
_UTF8_SETS = ("UNOW", "UNOY")
_TAG = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class Segment:
    """
    One segment.

    number    place in the file, from 1; ``UNA`` is not counted
    tag       three letters; "" where there are none: the segment is broken
    elements  its elements, each a list of components
    raw       as it was written
    """

    number: int
    tag: str
    elements: tuple[tuple[str, ...], ...]
    raw: bytes

    def text(self, element: int, component: int = 0) -> str:
        """Return a component, "" when it is not there."""
        found = self.elements[element] if len(self.elements) > element else ()
        return found[component].strip() if len(found) > component else ""


class Segments:
    """Cuts the chunks of one member into segments, in order; what a chunk breaks off waits for the next."""

    def __init__(self, *, member: str) -> None:
        self._member = member
        self._component, self._element, self._release, self._end = b":", b"+", b"?", b"'"
        self._encoding = "latin-1"
        self._rest = b""
        self._has_begun = False
        self.count = 0

    def feed(self, data: bytes) -> Iterator[Segment]:
        """
        Yield the segments that end in some bytes.

        :raises FileRefused: a segment that does not end.
        """
        data = self._rest + data
        if not self._has_begun:
            data = self._begin(data.lstrip())
        pieces = _parted(data, self._end, self._release)
        if max(map(len, pieces)) > _LONGEST:
            raise self._refused(Fault.LINE_TOO_LONG, "A segment is too long, or does not end.")
        self._rest = pieces.pop()
        for piece in pieces:
            raw = piece.strip(b"\r\n \t")
            if raw:
                self.count += 1
                yield self._segment(raw)

    def finish(self) -> None:
        """
        Check that nothing is left.

        :raises FileRefused: the last segment breaks off.
        """
        if self._rest.strip(b"\r\n \t\x00\x1a"):
            raise self._refused(Fault.TRUNCATED_FILE, "The file breaks off in a segment.")

    def _begin(self, data: bytes) -> bytes:
        self._has_begun = True
        if not data.startswith(b"UNA"):
            return data
        signs = [data[at : at + 1] for at in range(len(b"UNA"), _UNA_BYTES)]
        if len(set(signs) - {b" "}) < len(signs) - 1 or b"" in signs:
            raise self._refused(Fault.BROKEN_SEGMENT, "The signs of the UNA segment are not told apart.")
        self._component, self._element, _, self._release, _, self._end = signs
        return data[_UNA_BYTES:]

    def _segment(self, raw: bytes) -> Segment:
        elements = tuple(
            tuple(self._plain(part) for part in _parted(element, self._component, self._release))
            for element in _parted(raw, self._element, self._release)
        )
        tag = elements[0][0]
        if tag == "UNB" and len(elements) > 1 and elements[1][0] in _UTF8_SETS:
            self._encoding = "utf-8"
        return Segment(self.count, tag if _TAG.fullmatch(tag) else "", elements[1:], raw)

    def _plain(self, part: bytes) -> str:
        if self._release in part:
            release = re.escape(self._release)
            part = re.sub(release + rb"(.)", rb"\1", part, flags=re.DOTALL)
        return part.decode(self._encoding, errors="replace")

    def _refused(self, fault: Fault, message: str) -> FileRefused:
        return FileRefused(message, fault=fault, member=self._member, line=self.count + 1)


def _parted(data: bytes, sign: bytes, release: bytes) -> list[bytes]:
    """Return the parts of some bytes between the signs that are not released."""
    parts = data.split(sign)
    if release.strip() == b"" or release not in data:
        return parts
    joined: list[bytes] = []
    is_open = False
    for part in parts:
        if is_open:
            joined[-1] += sign + part
        else:
            joined.append(part)
        last = joined[-1]
        is_open = (len(last) - len(last.rstrip(release))) % 2 == 1
    return joined
