"""
Edits of a tariff document that keep its layout and comments: a new version with other prices from a date on.

Only the letters of the values that change are replaced, so that the new text reads beside the old one line by line.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from tariffs.domain import document
from tariffs.domain.places import Place, places
from tariffs.domain.vectors import LineResult, VectorResult, result_of

PRICES = ("price", "prices", "fees", "base_prices", "margin", "amount")
OTHERS = ("rate", "ratios", "limits_kwh", "limits_kw")
EDITED = frozenset((*PRICES, *OTHERS))
STEPS = "steps"
COMPUTED = "  # computed anew; compare it with the order"
ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
BARE = re.compile(r"[A-Za-z0-9_-]+")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """
    A number of a component that a usual edit changes.

    path      where it stands, as "component[0].prices.peak[1]"
    place     of its component
    key       "prices" and the like; ``is_price`` False for rates, ratios and limits
    name      period of use, or name of a base price; "" = none
    step      counted from 1; 0 = none
    unit      as the component writes it, "" where it has none
    """

    path: str
    place: int
    key: str
    name: str
    step: int
    text: str
    unit: str

    @property
    def is_price(self) -> bool:
        """Return whether it is a price."""
        return self.key in PRICES


def fields_of(*, text: str) -> tuple[Field, ...]:
    """Return the prices, rates, ratios and limits of a document's components, in their order."""
    found = []
    for place, values in enumerate(tomllib.loads(text)["component"]):
        where, unit = f"component[{place}]", str(values.get("unit", ""))
        rows = [(key, "", values[key], f"{where}.{key}") for key in (*PRICES, *OTHERS) if key in values]
        for period, steps in values.get(STEPS, {}).items():
            # Each period has prices and limits of its own.
            rows += [(key, period, steps[key], f"{where}.{STEPS}.{period}.{key}") for key in steps if key in EDITED]
        for key, period, value, path in rows:
            for name, step, at, shown in _leaves(value, path, period):
                found.append(Field(path=at, place=place, key=key, name=name, step=step, text=shown, unit=unit))
    return tuple(found)


def _leaves(value: Any, where: str, name: str = "", step: int = 0) -> Iterator[tuple[str, int, str, str]]:
    """Yield (name, step, path, text) of the texts below a value."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, f"{where}.{key}", key, step)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _leaves(item, f"{where}[{number}]", name, number + 1)
    elif isinstance(value, str):
        yield name, step, where, value


def new_version(*, text: str, valid_from: date, values: Mapping[str, str], legal_source: str = "") -> str:
    """
    Return the document of a version that holds from another day on, with other numbers.

    An end of validity that would lie before its start is left out: the new version holds until further notice.

    :param values: path -> new text; a path that the document does not have is a programming error.
    :param legal_source: of the new version; "" = as before.
    """
    written = {"valid_from": valid_from.isoformat(), **{path: literal(value) for path, value in values.items()}}
    if legal_source:
        written["legal_source"] = literal(legal_source)
    changed = put(text=text, values=written)
    valid_to = tomllib.loads(text).get("valid_to")
    if valid_to is not None and date.fromisoformat(str(valid_to)) <= valid_from:
        changed = _without_line(changed, "valid_to")
    return changed


def put(*, text: str, values: Mapping[str, str]) -> str:
    """Return a text with the letters of some values replaced; path -> TOML."""
    found = places(text=text)
    for path, value in sorted(values.items(), key=lambda pair: -found[pair[0]].start):
        text = text[: found[path].start] + value + text[found[path].end :]
    return text


def literal(value: Any) -> str:
    """Return a text, whole number, date, list or table as TOML in one line."""
    if isinstance(value, dict):
        rows = (f"{key if BARE.fullmatch(key) else literal(key)} = {literal(item)}" for key, item in value.items())
        return "{ " + ", ".join(rows) + " }" if value else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(literal(item) for item in value)}]"
    if isinstance(value, int | date):
        return value.isoformat() if isinstance(value, date) else str(value)
    escaped = "".join(ESCAPES.get(letter, letter) for letter in str(value))
    return '"' + CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", escaped) + '"'


def _without_line(text: str, path: str) -> str:
    """Return a text without a key of its top level."""
    place = places(text=text)[path]
    end = text.find("\n", place.end)
    return text[: place.key_start] + (text[end + 1 :] if end >= 0 else "")


# ---- test cases ------------------------------------------------------------------------------------------------------


def renewed(*, text: str) -> str:
    """
    Return a document in which every test case expects what the plan computes now, each marked by a comment.

    Cases that the plan cannot rate, and those whose lines stand in tables of their own and are not complete, stay as
    they are, and are found red.
    """
    read = document.parse(text=text)
    found = places(text=text)
    values, marks = dict[str, str](), dict[int, str]()
    for vector in read.vectors:
        result = result_of(plan=read.plan, vector=vector)
        if result.refusal is not None or result.is_green:
            continue
        values |= _expected(result, found, text)
        line_end = _line_end(text, found[f"{vector.where}.total"].end)
        if "#" not in text[found[f"{vector.where}.total"].end : line_end]:
            marks[line_end] = COMPUTED
    for at, mark in sorted(marks.items(), reverse=True):
        text = text[:at] + mark + text[at:]
    return put(text=text, values=values)


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _expected(result: VectorResult, found: Mapping[str, Place], text: str) -> dict[str, str]:
    """Return what a case is to expect, by path."""
    where = result.vector.where
    values = {f"{where}.total": literal(result.total[1])}
    if not result.vector.lines:
        return values
    lines = [line for line in result.lines if line.slot and line.amount[1] is not None]
    place = found.get(f"{where}.lines")
    if place is not None and text[place.start : place.start + 2] != "[[":
        return {**values, f"{where}.lines": lines_text(lines)}
    for line in lines:
        if line.where in found:
            values[f"{line.where}.amount"] = literal(line.amount[1])
            if line.quantity[0] is not None:
                values[f"{line.where}.quantity"] = literal(line.quantity[1])
    return values


def lines_text(lines: list[LineResult]) -> str:
    """Return computed lines as the list of a test case, one a line."""
    rows = []
    for line in lines:
        # A line that is new in the case has its quantity checked, one that did not check it still does not.
        is_checked = line.quantity[0] is not None or line.amount[0] in (None, "0")
        quantity = {"quantity": _short(line.quantity[1] or "0")} if is_checked else {}
        rows.append(f"  {literal({'line': line.slot, **quantity, 'amount': line.amount[1]})},\n")
    return f"[\n{''.join(rows)}]"


def _short(number: str) -> str:
    return number.rstrip("0").rstrip(".") if "." in number else number
