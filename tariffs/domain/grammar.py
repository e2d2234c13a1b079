"""
Typed reading of a TOML document that notes every finding instead of stopping at the first.

Each ``Table`` knows where it stands in the document; ``close`` reports the keys that nobody asked for.
"""

import re
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from cis.kernel import fixed
from cis.kernel.errors import Findings, Refused

CODE = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
UNSET = "unset"
"""Written in place of a price that is not known yet."""

Word = TypeVar("Word", bound=StrEnum)


class Table:
    """One table of the document. Every reader returns a usable value, and notes a finding if it had to invent it."""

    def __init__(self, *, values: Mapping[str, Any], where: str, findings: Findings) -> None:
        self.values = values
        self.where = where
        self.findings = findings
        self.asked: set[str] = set()

    def at(self, key: str) -> str:
        """Return where a key of this table stands."""
        return f"{self.where}.{key}" if self.where else key

    def note(self, key: str, code: str, message: str, advice: str = "") -> None:
        """Note a finding at a key."""
        self.findings.add(self.at(key), code, message, advice)

    def has(self, key: str) -> bool:
        """Return whether the key is given."""
        return key in self.values

    def raw(self, key: str, *, required: bool) -> Any | None:
        """Return the value of a key, None if it is absent; an absent required key is a finding."""
        self.asked.add(key)
        if required and key not in self.values:
            self.note(key, "missing_key", f"The key {key} is missing.", "Add it.")
        return self.values.get(key)

    def text(self, key: str, *, required: bool = True) -> str:
        """Return a text that is not blank; "" if it is absent."""
        value = self.raw(key, required=required)
        if value is None:
            return ""
        # No column of the database holds the letter 0.
        if not isinstance(value, str) or not value.strip() or "\0" in value:
            self.note(key, "not_text", f"{key} must be a text that is not blank.", 'Write it in quotes, as "...".')
            return ""
        return value.strip()

    def code(self, key: str, *, default: str = "") -> str:
        """Return a short name of small letters, digits and hyphens."""
        value = self.text(key, required=not default) or default
        if value and not CODE.fullmatch(value):
            self.note(key, "bad_code", f"{value!r} is not a code.", "Use small letters, digits and hyphens.")
        return value

    def day(self, key: str, *, required: bool = True) -> date | None:
        """Return a date, given as a TOML date or as text YYYY-MM-DD."""
        value = self.raw(key, required=required)
        if value is None:
            return None
        if type(value) is date:
            return value
        if isinstance(value, str):
            try:
                return date.fromisoformat(value)
            except ValueError:
                pass
        self.note(key, "not_a_date", f"{value!r} is not a date.", "Write it as 2020-07-01.")
        return None

    def integer(self, key: str, *, low: int, high: int, default: int | None = None) -> int:
        """Return an integer within [low, high]."""
        value = self.raw(key, required=default is None)
        if value is None:
            return low if default is None else default
        if type(value) is not int or not low <= value <= high:
            self.note(key, "not_an_integer", f"{key} must be an integer from {low} to {high}.")
            return low
        return value

    def number(self, key: str, *, places: int, required: bool = True, default: int = 0) -> int:
        """Return a decimal number, given as text, times 10 to the places."""
        value = self.raw(key, required=required)
        return default if value is None else self.parsed(key, value, places)

    def numbers(self, key: str, *, places: int) -> tuple[int, ...]:
        """Return a list of decimal numbers, each given as text."""
        return tuple(self.parsed(f"{key}[{place}]", value, places) for place, value in enumerate(self.entries(key)))

    def entries(self, key: str, *, required: bool = True) -> list[Any]:
        """Return a list, [] if it is absent."""
        value = self.raw(key, required=required)
        if value is not None and not isinstance(value, list):
            self.note(key, "not_a_list", f"{key} must be a list.", "Write it in brackets, as [...].")
        return value if isinstance(value, list) else []

    def parsed(self, key: str, value: Any, places: int) -> int:
        """Return one decimal number given as text."""
        if not isinstance(value, str):
            advice = "A binary fraction cannot hold a price exactly." if isinstance(value, float) else ""
            self.note(key, "not_text", "A number is given as text.", f'Write it as "{value}". {advice}'.strip())
            return 0
        try:
            return fixed.parse(value, places=places)
        except Refused as refusal:
            self.note(key, refusal.code, refusal.message, refusal.advice)
            return 0

    def word(self, key: str, kind: type[Word], *, default: Word | None = None) -> Word:
        """Return one of the words of an enumeration."""
        value = self.raw(key, required=default is None)
        if value is not None and not (isinstance(value, str) and value in {word.value for word in kind}):
            self.note(key, "unknown_word", f"{value!r} is not known here.", f"Use one of {', '.join(kind)}.")
            value = None
        return kind(value) if value is not None else default or next(iter(kind))

    def table(self, key: str, *, required: bool = True) -> "Table":
        """Return a table below this one; an empty one if it is absent."""
        value = self.raw(key, required=required)
        if value is not None and not isinstance(value, dict):
            self.note(key, "not_a_table", f"{key} must be a table.")
        return Table(values=value if isinstance(value, dict) else {}, where=self.at(key), findings=self.findings)

    def tables(self, key: str, *, required: bool = True) -> list["Table"]:
        """Return an array of tables, [] if it is absent."""
        found = []
        for place, value in enumerate(self.entries(key, required=required)):
            if isinstance(value, dict):
                found.append(Table(values=value, where=self.at(f"{key}[{place}]"), findings=self.findings))
            else:
                self.note(f"{key}[{place}]", "not_a_table", "A table is expected here.")
        return found

    def close(self) -> None:
        """Note every key that nobody asked for."""
        for key in self.values:
            if key not in self.asked:
                known = ", ".join(sorted(self.asked))
                self.note(key, "unknown_key", f"The key {key} is not known here.", f"Known keys: {known}.")
