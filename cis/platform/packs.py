"""
Jurisdiction packs: the rules of a place as data, each with its legal source and the date from which it holds.

The format is described in cis/packs/README.md. A key must be known here, with its type: a rule that nobody can read
is as bad as a rule that is missing. There is no default: what a pack does not say is an error that names it.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

from cis.kernel.errors import Findings, Refused

SCHEMA = 1
HEAD = frozenset({"schema", "code", "name_zh", "name_en", "inherits", "rule"})
TEXT_KEYS = frozenset({"value", "source", "valid_from"})
RULE_KEYS = TEXT_KEYS | {"note", "earlier", "test"}
TYPES: Mapping[str, type] = {
    "currency": str,
    "decimals": int,
    "time_zone": str,
    "holiday_country": str,
    "vat_rate": str,
    "vat_mode": str,
    "bill_due_days": int,
    "bounds": dict,
}
"""Known keys and the type of their values; a number with decimals is a text."""


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
        )


def rule(key: str, *, at: date) -> Any:
    """
    Return the value of a rule of this installation's pack on a date.

    :raises MissingRule: there is none; nothing is assumed in its place.
    """
    return load(settings.PACK).text(key, at=at).value


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


def read(path: Path) -> Pack:
    """
    Read a pack file with what it inherits.

    :raises BadPack: every fault at once.
    """
    findings = Findings()
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        findings.add(str(path.name), "unreadable", str(error), advice="Correct the file.")
        findings.raise_if_any(BadPack)
        raise
    _check_head(document, code=path.parent.name, findings=findings)
    rules = {key: _texts(key, table, findings=findings) for key, table in document.get("rule", {}).items()}
    findings.raise_if_any(BadPack)
    parent = document.get("inherits")
    inherited = read(path.parent.parent / parent / "pack.toml").rules if parent else {}
    return Pack(
        code=document["code"], name_zh=document["name_zh"], name_en=document["name_en"], rules={**inherited, **rules}
    )


def _check_head(document: Mapping[str, Any], *, code: str, findings: Findings) -> None:
    for key in sorted(document.keys() - HEAD):
        findings.add(key, "unknown_key", f"{key} is no key of a pack.", advice=f"Known: {', '.join(sorted(HEAD))}.")
    for key in sorted(HEAD - {"inherits", "rule"} - document.keys()):
        findings.add(key, "missing_key", f"{key} is missing.")
    if document.get("schema") != SCHEMA:
        findings.add("schema", "unknown_schema", f"schema must be {SCHEMA}.")
    if document.get("code") != code:
        findings.add("code", "wrong_code", f"code must be the folder's name, {code}.")
    if document.get("inherits") == code:
        findings.add("inherits", "cycle", "A pack cannot inherit itself.")


def _texts(key: str, table: Mapping[str, Any], *, findings: Findings) -> tuple[RuleText, ...]:
    """Return the texts of a rule, latest first."""
    where = f"rule.{key}"
    if key not in TYPES:
        findings.add(where, "unknown_rule", f"{key} is no known rule.", advice="Name it in cis/platform/packs.py.")
        return ()
    for extra in sorted(table.keys() - RULE_KEYS):
        findings.add(where, "unknown_key", f"{extra} is no key of a rule.")
    texts = [_text(where, part, TYPES[key], findings) for part in (table, *table.get("earlier", ()))]
    found = [text for text in texts if text is not None]
    return tuple(sorted(found, key=lambda text: text.valid_from, reverse=True))


def _text(where: str, table: Mapping[str, Any], kind: type, findings: Findings) -> RuleText | None:
    missing = sorted(TEXT_KEYS - table.keys())
    for key in missing:
        findings.add(where, "missing_key", f"{key} is missing.", advice="Each rule says its value, source and date.")
    if missing:
        return None
    value, source, valid_from = table["value"], table["source"], table["valid_from"]
    if type(value) is not kind:
        findings.add(where, "wrong_type", f"value must be of type {kind.__name__}.")
    if not isinstance(source, str) or not source.strip():
        findings.add(where, "no_source", "source must name the legal text.")
    if type(valid_from) is not date:
        findings.add(where, "wrong_date", "valid_from must be a date.")
        return None
    return RuleText(value=value, source=str(source), valid_from=valid_from)
