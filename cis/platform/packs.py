"""
Jurisdiction packs: the rules of a place as data, each with its legal source and the date from which it holds.

The format is described in cis/packs/README.md. ``pack_rules.Rules`` names every rule there is, with the type of its
value: a rule that nobody can read is as bad as a rule that is missing. There is no default: what a pack does not say is
an error that names it.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args, get_origin, get_type_hints

from django.conf import settings

from cis.kernel.calendar import LocalClock, UnknownZone
from cis.kernel.errors import Findings, Refused
from cis.kernel.fixed import NotANumber, parse
from cis.platform.pack_rules import Rules

SCHEMA = 1
HEAD = frozenset({"schema", "code", "name_zh", "name_en", "inherits", "rule"})
TEXT_KEYS = frozenset({"value", "source", "valid_from"})
RULE_KEYS = TEXT_KEYS | {"source_status", "note", "earlier", "test"}
CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
Kind = tuple[Any, Mapping[str, Any]]
"""The type of a value and its limits."""


class SourceStatus(StrEnum):
    """
    How sure the source of a text is.

    READ        the text named was read, and says so
    REPORTED    somebody who read it says so: to be compared with the text itself
    CHOICE      no text binds here: the supplier's choice
    UNVERIFIED  written from general knowledge: to be checked before it is relied on
    """

    READ = "read"
    REPORTED = "reported"
    CHOICE = "choice"
    UNVERIFIED = "unverified"


class BadPack(Refused):
    """A pack's file cannot be used; ``detail["findings"]`` names every fault."""

    code = "bad_pack"


class MissingRule(Refused):
    """The pack has no rule of this key in force on the date."""

    code = "missing_rule"


@dataclass(frozen=True, slots=True)
class RuleText:
    """One text of a rule, from its date on."""

    value: Any
    source: str
    valid_from: date
    status: SourceStatus = SourceStatus.UNVERIFIED


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack with what it inherits; ``rules`` holds the texts of each key, latest first."""

    code: str
    name_zh: str
    name_en: str
    rules: Mapping[str, tuple[RuleText, ...]]

    def text(self, key: str, *, at: date) -> RuleText:
        """
        Return the text of a rule that is in force on a date.

        :raises MissingRule: there is none.
        """
        for text in self.rules.get(key, ()):
            if text.valid_from <= at:
                return text
        raise MissingRule(
            f"The pack {self.code} has no rule {key} in force on {at}.",
            advice=f"Add [rule.{key}] with its legal source to cis/packs/{self.code}/pack.toml.",
            key=key,
            at=at.isoformat(),
        )


def rule(key: str, *, at: date) -> Any:
    """
    Return the value of a rule of this installation's pack on a date: int, bool, str, or a mapping of such.

    :raises MissingRule: there is none; nothing is assumed in its place.
    """
    return text_of(key, at=at).value


def text_of(key: str, *, at: date) -> RuleText:
    """
    Return the text of a rule of this installation's pack on a date, with its legal source.

    :raises MissingRule: there is none.
    """
    return load(settings.PACK).text(key, at=at)


def in_use() -> str:
    """Return the code of this installation's pack."""
    return str(settings.PACK)


@cache
def load(name: str) -> Pack:
    """
    Return a pack, read once per process.

    :raises BadPack: the file is missing or has faults.
    """
    return read(folder(name) / "pack.toml")


def folder(name: str) -> Path:
    """Return where a pack lies."""
    return Path(settings.BASE_DIR) / "cis" / "packs" / name


def rules_in_force(*, at: date) -> Mapping[str, RuleText]:
    """Return the texts of this installation's pack that are in force on a date, by key."""
    pack = load(settings.PACK)
    found = {key: next((one for one in texts if one.valid_from <= at), None) for key, texts in pack.rules.items()}
    return {key: text for key, text in sorted(found.items()) if text is not None}


@cache
def line_of(name: str) -> tuple[str, ...]:
    """Return a pack with those that it inherits from, nearest first: where its files are looked for."""
    load(name)
    parent = tomllib.loads((folder(name) / "pack.toml").read_text(encoding="utf-8")).get("inherits")
    return (name, *(line_of(parent) if parent else ()))


def read(path: Path, *, heirs: tuple[str, ...] = ()) -> Pack:
    """
    Read a pack file with what it inherits.

    :param heirs: codes of the packs that inherit from it, down to the one asked for.
    :raises BadPack: every fault at once.
    """
    findings = Findings()
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        findings.add(f"{path.parent.name}/{path.name}", "unreadable", str(error), advice="Correct the file.")
        raise BadPack(str(next(iter(findings))), findings=tuple(findings)) from error
    _check_head(document, heirs=(*heirs, path.parent.name), findings=findings)
    kinds = _kinds_of(Rules)
    stated = document.get("rule", {})
    rules = {key: _texts(key, table, kinds, findings) for key, table in stated.items()}
    findings.raise_if_any(BadPack)
    parent = document.get("inherits")
    inherited: Mapping[str, tuple[RuleText, ...]] = {}
    if parent is not None:
        inherited = read(path.parent.parent / parent / "pack.toml", heirs=(*heirs, path.parent.name)).rules
    rules = {**inherited, **rules}
    return Pack(document["code"], document["name_zh"], document["name_en"], MappingProxyType(rules))


def _kinds_of(schema: Any) -> dict[str, Kind]:
    hints = get_type_hints(schema)
    return {one.name: (hints[one.name], one.metadata) for one in fields(schema)}


def _check_head(document: Mapping[str, Any], *, heirs: tuple[str, ...], findings: Findings) -> None:
    for key in sorted(document.keys() - HEAD):
        findings.add(key, "unknown_key", f"{key} is no key of a pack.", advice=f"Known: {', '.join(sorted(HEAD))}.")
    if document.get("schema") != SCHEMA:
        findings.add("schema", "unknown_schema", f"schema must be {SCHEMA}.")
    if document.get("code") != heirs[-1]:
        findings.add("code", "wrong_code", f"code must be the folder's name, {heirs[-1]}.")
    for key in ("name_zh", "name_en"):
        if not isinstance(document.get(key), str) or not document[key].strip():
            findings.add(key, "missing_key", f"{key} must be a text.")
    if not isinstance(document.get("rule", {}), dict):
        findings.add("rule", "wrong_type", "Rules are tables, [rule.<key>].")
        findings.raise_if_any(BadPack)
    parent = document.get("inherits")
    if parent is not None and not (isinstance(parent, str) and CODE.fullmatch(parent)):
        findings.add("inherits", "wrong_code", "inherits must be the code of a pack.")
    elif parent in heirs:
        findings.add("inherits", "cycle", f"{parent} would inherit from itself.")


def _texts(key: str, table: Any, kinds: Mapping[str, Kind], findings: Findings) -> tuple[RuleText, ...]:
    """Return the texts of a rule, latest first."""
    where = f"rule.{key}"
    if key not in kinds:
        findings.add(where, "unknown_rule", f"{key} is no known rule.", advice="Name it in cis/platform/pack_rules.py.")
        return ()
    earlier = table.get("earlier", []) if isinstance(table, dict) else None
    if not isinstance(earlier, list) or not all(isinstance(part, dict) for part in earlier):
        findings.add(where, "wrong_type", "A rule is a table, its earlier texts are tables in a list.")
        return ()
    for extra in sorted(table.keys() - RULE_KEYS):
        findings.add(f"{where}.{extra}", "unknown_key", f"{extra} is no key of a rule.")
    stated = TEXT_KEYS | {"source_status"}
    parts = [(where, {name: one for name, one in table.items() if name in stated})]
    parts += [(f"{where}.earlier[{place}]", part) for place, part in enumerate(earlier)]
    texts = [_text(place, part, kinds[key], findings) for place, part in parts]
    dates = [text.valid_from for text in texts if text is not None]
    if len(set(dates)) < len(dates) or any(day > dates[0] for day in dates):
        findings.add(where, "wrong_order", "An earlier text holds from the same date as another one, or a later one.")
    return tuple(sorted((text for text in texts if text is not None), key=lambda text: text.valid_from, reverse=True))


def _text(where: str, table: Mapping[str, Any], kind: Kind, findings: Findings) -> RuleText | None:
    missing = sorted(TEXT_KEYS - table.keys())
    for key in missing:
        findings.add(f"{where}.{key}", "missing_key", "Each text says its value, source and date.")
    for extra in sorted(table.keys() - TEXT_KEYS - {"source_status"}):
        findings.add(f"{where}.{extra}", "unknown_key", f"{extra} is no key of an earlier text.")
    status = table.get("source_status", SourceStatus.UNVERIFIED.value)
    if status not in set(SourceStatus):
        findings.add(
            f"{where}.source_status", "unknown_status", f"{status!r} is no status of a source.",
            f"Known: {', '.join(SourceStatus)}.",
        )  # fmt: skip
        return None
    if missing:
        return None
    source, valid_from = table["source"], table["valid_from"]
    if not isinstance(source, str) or not source.strip():
        findings.add(f"{where}.source", "no_source", "source must name the law, order or notice.")
    if type(valid_from) is not date:
        findings.add(f"{where}.valid_from", "wrong_date", "valid_from must be a date.")
        return None
    value = _checked(f"{where}.value", table["value"], kind, findings)
    return RuleText(value=value, source=str(source), valid_from=valid_from, status=SourceStatus(status))


def _checked(where: str, value: Any, kind: Kind, findings: Findings) -> Any:
    """Note what is wrong with a value; return it, a table as a read-only mapping."""
    wanted, limits = kind
    if is_dataclass(wanted):
        return _checked_table(where, value, wanted, findings)
    if get_origin(wanted) is list:
        return _checked_list(where, value, kind, findings)
    if get_origin(wanted) is dict:
        return _checked_names(where, value, kind, findings)
    is_right = type(value) is wanted  # a truth is no integer here
    if not is_right:
        findings.add(where, "wrong_type", f"The value must be of type {wanted.__name__}.")
        return value
    if ("least" in limits and value < limits["least"]) or ("most" in limits and value > limits["most"]):
        findings.add(where, "out_of_range", f"{value} is out of range.")
    if "pattern" in limits and not limits["pattern"].fullmatch(value):
        findings.add(where, "wrong_form", f"{value!r} is not of the form {limits['pattern'].pattern}.")
    try:
        if "decimals" in limits:
            parse(value, places=limits["decimals"])
        if "zone" in limits:
            LocalClock(value)
    except (NotANumber, UnknownZone) as error:
        findings.add(where, error.code, error.message)
    return value


def _checked_list(where: str, value: Any, kind: Kind, findings: Findings) -> Any:
    """Check each member of a list; return it as a tuple."""
    wanted, limits = kind
    if not isinstance(value, list):
        findings.add(where, "wrong_type", "The value must be a list.")
        return value
    if "count" in limits and len(value) != limits["count"]:
        findings.add(where, "wrong_count", f"The list has {limits['count']} members.")
    (member,) = get_args(wanted)
    return tuple(_checked(f"{where}[{place}]", one, (member, limits), findings) for place, one in enumerate(value))


def _checked_names(where: str, value: Any, kind: Kind, findings: Findings) -> Any:
    """Check a table whose names the pack chooses, in the form that the rule gives for them."""
    wanted, limits = kind
    if not isinstance(value, dict):
        findings.add(where, "wrong_type", "The value must be a table.")
        return value
    for name in value:
        if not limits["names"].fullmatch(name):
            findings.add(f"{where}.{name}", "wrong_form", f"{name!r} is not of the form {limits['names'].pattern}.")
    _, member = get_args(wanted)
    known = {name: _checked(f"{where}.{name}", one, (member, {}), findings) for name, one in value.items()}
    return MappingProxyType(known)


def _checked_table(where: str, value: Any, schema: Any, findings: Findings) -> Any:
    if not isinstance(value, dict):
        findings.add(where, "wrong_type", "The value must be a table.")
        return value
    kinds = _kinds_of(schema)
    for key in sorted(value.keys() - kinds.keys()):
        findings.add(f"{where}.{key}", "unknown_key", f"There is no key {key}.", advice=f"Known: {', '.join(kinds)}.")
    for key in sorted({one.name for one in fields(schema) if one.default is MISSING} - value.keys()):
        findings.add(f"{where}.{key}", "missing_key", f"{key} is missing.")
    known = {key: one for key, one in value.items() if key in kinds}
    return MappingProxyType({key: _checked(f"{where}.{key}", one, kinds[key], findings) for key, one in known.items()})
