"""What a phone sends of a round that was walked without net: values and misses, each with a key of its own."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Any

from cis.kernel import fixed
from cis.kernel.errors import Refused
from metering.domain.routes import NOTE_MOST

ENTRIES_MOST = 50
KEY = re.compile(r"[A-Za-z0-9-]{16,64}")
_ID_MOST = 2**63
_DEGREES = re.compile(r"-?[0-9]{1,3}(\.[0-9]{1,15})?")
_PARTS = 1_000
_NORTH, _EAST = 90, 180


class Said(StrEnum):
    """
    What a phone hears of an entry.

    KEPT     the value is kept, now or when it was sent before
    MISSED   that it could not be read is kept
    ASKED    nothing is kept until somebody says that it is right
    REFUSED  it cannot be kept
    """

    KEPT = "kept"
    MISSED = "missed"
    ASKED = "asked"
    REFUSED = "refused"


class BadEntries(Refused):
    """What the phone sent is no list of entries."""

    code = "bad_phone_entries"


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where somebody stood, to a thousandth of a degree: about 100 m. [10^-3 degrees, north and east]"""

    latitude_e3: int
    longitude_e3: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneEntry:
    """
    What was typed in for one counter.

    request_key  made by the phone: the same one twice is one entry
    reading_wh   before the multiplier [Wh or varh]; None: it could not be read
    reason       why not, "" = it was read
    seen_wh      value of this round that the phone knew of; None: none [Wh or varh]
    is_sure      whoever typed it was asked whether it is right, and said so
    position     only with consent
    """

    request_key: str
    register_id: int
    read_date: date
    reading_wh: int | None
    reason: str = ""
    note: str = ""
    seen_wh: int | None = None
    is_sure: bool = False
    position: Position | None = None


def parse(text: str) -> tuple[PhoneEntry, ...]:
    """
    Return the entries of a message: a JSON list of objects with ``key, register, date, reading | reason, note, seen,
    sure, position {north, east}``; numbers are texts in kWh and degrees.

    :raises BadEntries: it is none, or has more than 50.
    """
    try:
        found = json.loads(text)
        if not isinstance(found, list) or len(found) > ENTRIES_MOST:
            raise BadEntries(f"A message is a list of at most {ENTRIES_MOST} entries.")
        return tuple(_entry(one) for one in found)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, fixed.NotANumber) as error:
        raise BadEntries("What the phone sent cannot be read.", advice="Load the page anew.") from error


def coarse(*, north: str, east: str) -> Position:
    """
    Return a position as it is kept, rounded to a thousandth of a degree.

    House rule: enough to see that somebody stood before the house, too little to follow a person through it.
    [source: 个人信息保护法 第六条: no more personal data than the purpose needs]
    :raises ValueError: these are no degrees.
    """
    if not _DEGREES.fullmatch(north) or not _DEGREES.fullmatch(east):
        raise ValueError("these are no degrees")
    latitude, longitude = Fraction(north), Fraction(east)
    if abs(latitude) > _NORTH or abs(longitude) > _EAST:
        raise ValueError("there is no such place")
    return Position(latitude_e3=round(latitude * _PARTS), longitude_e3=round(longitude * _PARTS))


def came_meanwhile(*, entry: PhoneEntry, held_wh: int | None, own_wh: int | None) -> bool:
    """
    Return whether the counter was read by others after the phone had loaded its page, with another value.

    :param held_wh: value of the round that holds; None: none. [Wh or varh]
    :param own_wh: what the same person sent of it last, which they may correct; None: nothing. [Wh or varh]
    """
    return held_wh is not None and held_wh not in (entry.reading_wh, entry.seen_wh, own_wh)


def _entry(one: Mapping[str, Any]) -> PhoneEntry:
    key, register, reason = one["key"], one["register"], one.get("reason") or ""
    reading = None if reason else _wh(one["reading"])
    note = str(one.get("note") or "")[:NOTE_MOST]
    if "\0" in note or note.encode("utf-8", "ignore").decode() != note:
        raise ValueError("a note is text")  # else no column would take it
    if not KEY.fullmatch(key) or not isinstance(reason, str):
        raise ValueError("an entry has a key and a value or a reason")
    if isinstance(register, bool) or not isinstance(register, int) or not 0 < register < _ID_MOST:
        raise ValueError("there is no such register")
    seen, place = one.get("seen"), one.get("position")
    return PhoneEntry(
        request_key=key, register_id=register, read_date=date.fromisoformat(one["date"]), reading_wh=reading,
        reason=reason, note=note, seen_wh=_wh(seen) if seen else None,
        is_sure=one.get("sure") is True, position=coarse(north=place["north"], east=place["east"]) if place else None,
    )  # fmt: skip


def _wh(text: str) -> int:
    value = fixed.parse(text, places=3)
    if value < 0:
        raise ValueError("a counter is never below 0")
    return value
