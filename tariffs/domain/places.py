"""
Where each value of a TOML text stands: the line of a finding, and the letters that an edit replaces.

The standard reader tells values without their places. This one tells places without values: of a text that the
standard reader takes, by the same paths as findings name them ("component[1].prices[0]").
"""

import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass

from cis.kernel.errors import Finding

BLANKS = " \t\r\n"
SCALAR = re.compile(r"[^,\]}#\r\n]+")
BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
AT_LINE = re.compile(r"\(at line (\d+), column \d+\)")
LAST_PART = re.compile(r"(\.[^.\[\]]+|\[\d+\])$")


@dataclass(frozen=True, slots=True)
class Place:
    """
    Where a value stands.

    line        counted from 1
    key_start   offset of its key, or of its value in a list
    start, end  offsets of the value's own letters; of a table with a header, those of the header
    """

    line: int
    key_start: int
    start: int
    end: int


def places(*, text: str) -> Mapping[str, Place]:
    """Return the place of each value and table of a valid TOML text, by path."""
    return _Scanner(text).scan()


def line_of(*, text: str, finding: Finding) -> int:
    """Return the line, from 1, of a finding in a TOML text: that of its value, else of the table around it."""
    if finding.code == "not_toml":
        match = AT_LINE.search(finding.message)
        return int(match[1]) if match else text.count("\n") + 1
    found, path = places(text=text), finding.where
    while path and path not in found:
        path = LAST_PART.sub("", path) if LAST_PART.search(path) else ""
    return found[path].line if path else 1


class _Scanner:
    """One pass over a text; ``at`` is the offset of the next letter."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[str, Place] = {}
        self.counts: dict[str, int] = {}
        self.starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def scan(self) -> dict[str, Place]:
        """Return all places."""
        table = ""
        self.skip()
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self.header()
            else:
                self.pair(table)
            self.skip()
        return self.found

    def skip(self, also: str = "") -> None:
        """Pass over blanks, line ends and comments."""
        while self.at < len(self.text):
            letter = self.text[self.at]
            if letter == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            elif letter in BLANKS or letter in also:
                self.at += 1
            else:
                return

    def note(self, path: str, key_start: int, start: int) -> None:
        """Keep the place of a value that ends here."""
        line = bisect_right(self.starts, key_start)
        self.found.setdefault(path, Place(line=line, key_start=key_start, start=start, end=self.at))

    def header(self) -> str:
        """Read [table] or [[table]]; return its path."""
        start = self.at
        is_list = self.text.startswith("[[", start)
        self.at += 2 if is_list else 1
        parts = self.dotted()
        self.at = self.text.index("]", self.at) + (2 if is_list else 1)
        path = ""
        for part in parts[:-1]:
            path = self.last_of(_join(path, part))
        path = _join(path, parts[-1])
        if is_list:
            self.counts[path] = self.counts.get(path, -1) + 1
            self.found.setdefault(path, Place(bisect_right(self.starts, start), start, start, self.at))
        path = self.last_of(path)
        self.note(path, start, start)
        return path

    def last_of(self, path: str) -> str:
        """Return the last table of an array of tables, the path itself for what is none."""
        return f"{path}[{self.counts[path]}]" if path in self.counts else path

    def dotted(self) -> list[str]:
        """Read a key with its dots; return its parts."""
        parts = []
        while True:
            self.skip()
            parts.append(self.key())
            self.skip()
            if not self.text.startswith(".", self.at):
                return parts
            self.at += 1

    def key(self) -> str:
        """Read one part of a key."""
        if self.text[self.at] in "\"'":
            start = self.at
            self.quoted()
            return self.text[start + 1 : self.at - 1]
        match = BARE_KEY.match(self.text, self.at)
        if match is None:
            raise ValueError(f"no key at {self.at}: the text is not TOML")
        self.at = match.end()
        return match[0]

    def pair(self, table: str) -> None:
        """Read key = value."""
        start, path = self.at, table
        for part in self.dotted():
            path = _join(path, part)
        self.at = self.text.index("=", self.at) + 1
        self.value(path, start)

    def value(self, path: str, key_start: int | None = None) -> None:
        """Read a value and those inside it."""
        self.skip()
        start = self.at
        key_start = start if key_start is None else key_start
        letter = self.text[start]
        if letter in "\"'":
            self.quoted()
        elif letter == "[":
            self.inside("]", path)
        elif letter == "{":
            self.inside("}", path)
        else:
            match = SCALAR.match(self.text, start)
            self.at = start + len(match[0].rstrip()) if match else start + 1
        self.note(path, key_start, start)

    def inside(self, closing: str, path: str) -> None:
        """Read the values of a list or of a table in one line."""
        self.at += 1
        count = 0
        self.skip(",")
        while self.text[self.at] != closing:
            if closing == "]":
                self.value(f"{path}[{count}]")
            else:
                self.pair(path)
            count += 1
            self.skip(",")
        self.at += 1

    def quoted(self) -> None:
        """Read a text in quotes of any kind."""
        quote = self.text[self.at]
        mark = quote * 3 if self.text.startswith(quote * 3, self.at) else quote
        self.at += len(mark)
        while not self.text.startswith(mark, self.at):
            self.at += 2 if self.text[self.at] == "\\" and quote == '"' else 1
        self.at += len(mark)
        # A long text may end with quotes of its own.
        while len(mark) > 1 and self.text.startswith(quote, self.at):
            self.at += 1


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
