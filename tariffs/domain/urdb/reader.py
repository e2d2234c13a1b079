"""The fields of one URDB rate, read one by one with every finding noted at its field."""

from dataclasses import dataclass, field
from typing import Any

from cis.kernel.errors import Findings
from tariffs.domain.urdb.numbers import PRICE_PLACES, exact, scaled


@dataclass(slots=True)
class Reader:
    """
    The fields of one rate, by their names in small letters.

    where     place of the rate in the file, "" where it is the only one
    findings  what cannot be billed
    notes     what changes no bill, or was decided by whoever imports
    told      those of the notes that say what is knowingly not billed
    """

    where: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    findings: Findings = field(default_factory=Findings)
    notes: Findings = field(default_factory=Findings)
    told: list[str] = field(default_factory=list)

    def refuse(self, key: str, code: str, message: str, advice: str = "") -> None:
        """Note what cannot be billed, at its field."""
        self.findings.add(f"{self.where}{key}", code, message, advice)

    def note(self, key: str, code: str, message: str) -> None:
        """Note what changes no bill, or was decided."""
        self.notes.add(f"{self.where}{key}", code, message)

    def leave_out(self, key: str, code: str, message: str) -> None:
        """Note what has a price and is knowingly not billed."""
        self.note(key, code, message)
        self.told.append(message)

    def flags(self, key: str, count: int) -> frozenset[int]:
        """Return the places, from 1, at which a list of as many values is not 0; none if it is absent or wrong."""
        values = self.values.get(key)
        if values is None:
            return frozenset()
        found = [whole(value) for value in values] if isinstance(values, list) else []
        if len(found) != count or None in found:
            self.refuse(key, "bad_list", f"{key} is no list of {count} whole numbers.")
            return frozenset()
        return frozenset(place for place, value in enumerate(found, start=1) if value)

    def scaled(self, key: str, value: object, places: int) -> int:
        """Return a number times 10^places; 0 with a finding if it is none, or has more decimals."""
        found = scaled(value, places=places)
        if found is None:
            self.refuse(key, "bad_number", f"{value!r} is no number with at most {places} decimals.")
            return 0
        return found

    def price(self, key: str) -> int:
        """Return the price at a field, 0 if it is absent. [10^-6 cent]"""
        return self.scaled(key, self.values.get(key, 0), PRICE_PLACES)

    def text(self, *keys: str) -> str:
        """Return the first text that one of the fields has, "" if none has."""
        found = (self.values.get(key) for key in keys)
        return next((" ".join(text.split()) for text in found if isinstance(text, str) and text.strip()), "")

    def texts(self, key: str) -> list[str]:
        """Return a list of names, [] if there is none."""
        values = self.values.get(key)
        return [" ".join(str(one or "").split()) for one in values] if isinstance(values, list) else []


def whole(value: object) -> int | None:
    """Return a whole number, true and false as 1 and 0; None if the value is none."""
    if isinstance(value, bool):
        return int(value)
    number = exact(value)
    return int(number) if number is not None and number.denominator == 1 else None
