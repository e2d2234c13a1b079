"""
ESPI feeds as a walk through their XML: entries with their links, the leaves of their resources, and their readings.

The XML is read as it comes, no tree is kept, nothing outside it is asked for, and a file with a document type (DTD) is
refused, so no entity can be in it. Which namespace and prefix a resource has does not matter: its name does, since
feeds of ESPI 1.x and 4.0 differ in that. [source: NAESB REQ.21 ESPI; RFC 4287, Atom]
"""

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit
from xml.parsers import expat

from metering.domain.formats.faults import Fault, FileRefused

ATOM = "http://www.w3.org/2005/Atom"
BLOCK = "IntervalBlock"
READING = "IntervalReading"
READINGS_MOST = 500_000
"""Readings that are held at once: those of an entry, or of streams whose kind is not said yet."""

_ROOTS = (f"{ATOM} feed", f"{ATOM} entry")
_DEEPEST = 40
_LONGEST_TEXT = 256
_LEAVES_MOST = 500
_OF_READING_MOST = 20
_LINKS_MOST, _RESOURCES_MOST = 100, 10_000
_QUALITY = "ReadingQuality/quality"


@dataclass(slots=True)
class Reading:
    """
    A reading of a block as it was written, "" where something is missing.

    line    of its beginning
    block   number of its block in the file
    leaves  texts by path: ``timePeriod/start``, ``timePeriod/duration``, ``value``, ``cost``
    """

    line: int
    block: int
    leaves: dict[str, str] = field(default_factory=dict)
    qualities: list[str] = field(default_factory=list)

    def note(self, path: str, text: str) -> None:
        """Keep a text of it; readings have few, and what is beyond is left out."""
        if path == _QUALITY:
            self.qualities += [text][: _OF_READING_MOST - len(self.qualities)]
        elif len(self.leaves) < _OF_READING_MOST:
            self.leaves.setdefault(path, text)

    @property
    def start(self) -> str:
        """Seconds since 1970 UTC."""
        return self.leaves.get("timePeriod/start", "")

    @property
    def duration(self) -> str:
        """Of its interval. [s]"""
        return self.leaves.get("timePeriod/duration", "")

    @property
    def value(self) -> str:
        """In the unit of its reading type."""
        return self.leaves.get("value", "")


@dataclass(slots=True)
class Entry:
    """
    One entry of a feed.

    links      (rel, path): the path without host and outer slashes
    resources  names of the resources in it, one for each
    leaves     first text of each path, as ``ReadingType/uom``
    """

    line: int
    links: list[tuple[str, str]] = field(default_factory=list)
    resources: list[str] = field(default_factory=list)
    leaves: dict[str, str] = field(default_factory=dict)
    readings: list[Reading] = field(default_factory=list)

    def link(self, rel: str) -> str:
        """Return the path of the first link of a kind, "" when there is none."""
        return next((path for kind, path in self.links if kind == rel), "")


class Walk:
    """Walks through the chunks of one feed."""

    def __init__(self, *, member: str) -> None:
        self._member = member
        self._path: list[str] = []
        self._text = ""
        self._entry: Entry | None = None
        self._content_depth = 0
        self._reading: Reading | None = None
        self._reading_depth = 0
        self._blocks = 0
        self._done: list[Entry] = []
        self.is_whole = False
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._begin
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._add_text
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype

    def feed(self, data: bytes) -> list[Entry]:
        """
        Return the entries that end in some bytes.

        :raises FileRefused: it is no feed, broken XML, with a document type, or too deep.
        """
        self._parse(data, is_end=False)
        done, self._done = self._done, []
        return done

    def finish(self) -> None:
        """
        Say that there is no more.

        :raises FileRefused: the XML breaks off.
        """
        self._parse(b"", is_end=True)

    def _parse(self, data: bytes, *, is_end: bool) -> None:
        try:
            self._parser.Parse(data, is_end)
        except expat.ExpatError as error:
            raise self._refused(Fault.BROKEN_XML, f"The XML is broken ({expat.ErrorString(error.code)}).") from error
        except (LookupError, ValueError) as error:
            raise self._refused(Fault.BROKEN_XML, f"The XML says an encoding that is not read ({error}).") from error

    def _refused(self, fault: Fault, message: str) -> FileRefused:
        return FileRefused(message, fault=fault, member=self._member, line=self._parser.CurrentLineNumber)

    def _refuse_doctype(self, *_: object) -> None:
        raise self._refused(Fault.BROKEN_XML, "The XML has a document type (DOCTYPE); no feed needs one.")

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        if not self._path and name not in _ROOTS:
            raise self._refused(Fault.UNKNOWN_FORMAT, "The XML is not a feed of Green Button (ESPI).")
        if len(self._path) >= _DEEPEST:
            raise self._refused(Fault.BROKEN_XML, f"The XML is more than {_DEEPEST} elements deep.")
        local = name.rpartition(" ")[2]
        self._path.append(local)
        self._text = ""
        if local == "entry" and self._entry is None:
            self._entry = Entry(self._parser.CurrentLineNumber)
        elif self._entry is not None:
            self._begin_inside(self._entry, local, attributes)

    def _begin_inside(self, entry: Entry, local: str, attributes: dict[str, str]) -> None:
        depth = len(self._path)
        if local == "link" and not self._content_depth:
            if len(entry.links) < _LINKS_MOST:
                entry.links.append((attributes.get("rel", "")[:_LONGEST_TEXT], path_of(attributes.get("href", ""))))
        elif local == "content" and not self._content_depth:
            self._content_depth = depth
        elif self._content_depth and depth == self._content_depth + 1:
            if len(entry.resources) < _RESOURCES_MOST:
                entry.resources.append(local)
            self._blocks += local == BLOCK
        elif local == READING and self._content_depth and self._path[self._content_depth] == BLOCK:
            if len(entry.readings) >= READINGS_MOST:
                raise self._refused(Fault.TOO_MANY_VALUES, "An entry has too many readings.")
            self._reading = Reading(self._parser.CurrentLineNumber, self._blocks)
            self._reading_depth = depth

    def _add_text(self, text: str) -> None:
        if len(self._text) < _LONGEST_TEXT:
            self._text = (self._text + text)[:_LONGEST_TEXT]

    def _end(self, _: str) -> None:
        depth = len(self._path)
        text, self._text = self._text.strip(), ""
        if self._entry is not None:
            self._note(self._entry, text, depth)
        local = self._path.pop()
        if not self._path:
            self.is_whole = True
        if depth == self._content_depth:
            self._content_depth = 0
        if local == "entry" and self._entry is not None and not self._content_depth:
            self._done.append(self._entry)
            self._entry = None

    def _note(self, entry: Entry, text: str, depth: int) -> None:
        if self._reading is not None:
            if depth == self._reading_depth:
                entry.readings.append(self._reading)
                self._reading = None
            elif text:
                path = "/".join(self._path[self._reading_depth :])
                self._reading.note(path, text)
        elif text and self._content_depth and depth > self._content_depth + 1 and len(entry.leaves) < _LEAVES_MOST:
            entry.leaves.setdefault("/".join(self._path[self._content_depth :]), text)


def path_of(href: str) -> str:
    """Return the path of an address, without host and outer slashes."""
    try:
        return urlsplit(href.strip()).path.strip("/")
    except ValueError:
        return ""


def names_of(meter_reading: str) -> tuple[str, str]:
    """
    Return what the path of a meter reading calls its service point and its stream.

    ``.../RetailCustomer/9b/UsagePoint/01/MeterReading/7`` gives ("9b/01", "7"), and without the customer ("01", "7").
    """
    parts = [unquote(part) for part in meter_reading.split("/")]
    place, code = _after(parts, "UsagePoint"), _after(parts, "MeterReading")
    customer = _after(parts, "RetailCustomer")
    if not place:
        return unquote(meter_reading), code
    return f"{customer}/{place}" if customer else place, code


def _after(parts: list[str], name: str) -> str:
    at = parts.index(name) + 1 if name in parts else len(parts)
    return parts[at] if at < len(parts) else ""
