"""The clause library as it is written in packs: read, with every fault named."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from cis.kernel.errors import Findings, Refused
from contracts.domain.terms import BRACE, FIELDS, HOLE, LANGUAGES, Clause, KeyPoint, UseClass

SCHEMA = 1
CODE = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")
KEYS = frozenset(
    {
        "code", "version", "valid_from", "place", "covers", "classes", "source", "source_status",
        "title_zh", "title_en", "body_zh", "body_en",
    }
)  # fmt: skip
OPTIONAL = frozenset({"classes", "source_status"})
STATUSES = ("read", "reported", "choice", "unverified")
"""How sure a source is, as ``cis.platform.packs.SourceStatus`` says it."""


class BadClauses(Refused):
    """A clause library has faults; ``detail["findings"]`` names every one."""

    code = "bad_clauses"


def read(*, document: Mapping[str, Any], where: str) -> tuple[Clause, ...]:
    """
    Return the clauses of one file.

    :raises BadClauses: a key is unknown, missing or of another type; a hole names no field; a version comes twice.
    """
    findings = Findings()
    for key in sorted(document.keys() - {"schema", "clause"}):
        findings.add(f"{where}: {key}", "unknown_key", f"{key} is no key of a clause library.")
    if document.get("schema") != SCHEMA:
        findings.add(f"{where}: schema", "unknown_schema", f"schema must be {SCHEMA}.")
    given = document.get("clause", [])
    if not isinstance(given, list) or not all(isinstance(part, dict) for part in given):
        findings.add(f"{where}: clause", "wrong_type", "Clauses are tables, [[clause]].")
        given = []
    found = [_clause(part, f"{where}: clause {place}", findings) for place, part in enumerate(given, start=1)]
    clauses = [clause for clause in found if clause is not None]
    _check_versions(clauses, where, findings)
    findings.raise_if_any(BadClauses)
    return tuple(clauses)


def merged(*, inherited: Sequence[Clause], own: Sequence[Clause]) -> tuple[Clause, ...]:
    """Return a place's clauses: one that it states itself replaces the inherited one of the same code as a whole."""
    codes = {clause.code for clause in own}
    return (*(clause for clause in inherited if clause.code not in codes), *own)


def _clause(part: Mapping[str, Any], where: str, findings: Findings) -> Clause | None:
    before = len(tuple(findings))
    for key in sorted(part.keys() - KEYS):
        findings.add(f"{where}: {key}", "unknown_key", f"{key} is no key of a clause.")
    for key in sorted(KEYS - OPTIONAL - part.keys()):
        findings.add(f"{where}: {key}", "missing_key", f"{key} is missing.")
    if len(tuple(findings)) > before:
        return None
    _check_types(part, where, findings)
    _check_words(part["covers"], frozenset(KeyPoint), f"{where}: covers", findings)
    _check_words(part.get("classes", []), frozenset(UseClass), f"{where}: classes", findings)
    if len(tuple(findings)) > before:
        return None
    if not CODE.fullmatch(part["code"]):
        findings.add(f"{where}: code", "wrong_form", "code is made of small letters, digits and hyphens.")
    for language in LANGUAGES:
        _check_holes(part[f"body_{language}"], f"{where}: body_{language}", findings)
    return Clause(
        code=part["code"],
        version=part["version"],
        valid_from=part["valid_from"],
        place=part["place"],
        covers=tuple(KeyPoint(word) for word in part["covers"]),
        classes=frozenset(UseClass(word) for word in part.get("classes", [])),
        titles={language: part[f"title_{language}"].strip() for language in LANGUAGES},
        bodies={language: part[f"body_{language}"].strip() for language in LANGUAGES},
        source=part["source"].strip(),
        source_status=part.get("source_status", "unverified"),
    )


def _check_types(part: Mapping[str, Any], where: str, findings: Findings) -> None:
    for key in ("code", "source", "title_zh", "title_en", "body_zh", "body_en"):
        if not isinstance(part[key], str) or not part[key].strip():
            findings.add(f"{where}: {key}", "wrong_type", f"{key} must be a text.")
    if part.get("source_status", "unverified") not in STATUSES:
        findings.add(f"{where}: source_status", "unknown_status", f"Known: {', '.join(STATUSES)}.")
    for key in ("version", "place"):
        if type(part[key]) is not int or part[key] < 1:
            findings.add(f"{where}: {key}", "wrong_type", f"{key} must be a whole number from 1 on.")
    if type(part["valid_from"]) is not date:
        findings.add(f"{where}: valid_from", "wrong_date", "valid_from must be a date.")


def _check_words(given: Any, known: frozenset[Any], where: str, findings: Findings) -> None:
    if not isinstance(given, list):
        findings.add(where, "wrong_type", "This is a list of words.")
        return
    for word in given:
        if word not in known:
            findings.add(where, "unknown_word", f"{word!r} is not known here.", f"Use {', '.join(sorted(known))}.")


def _check_holes(body: str, where: str, findings: Findings) -> None:
    for name in sorted(set(HOLE.findall(body)) - set(FIELDS)):
        findings.add(where, "unknown_field", f"There is no field {{{name}}}.", f"Use {', '.join(FIELDS)}.")
    if BRACE.search(HOLE.sub("", body)):
        findings.add(where, "stray_brace", "A brace stands alone.", "Braces only hold the name of a field.")


def _check_versions(clauses: Sequence[Clause], where: str, findings: Findings) -> None:
    by_code: dict[str, list[Clause]] = {}
    for clause in clauses:
        by_code.setdefault(clause.code, []).append(clause)
    for code, versions in by_code.items():
        ordered = sorted(versions, key=lambda one: one.version)
        dates = [one.valid_from for one in ordered]
        if len({one.version for one in versions}) < len(versions) or dates != sorted(set(dates)):
            findings.add(f"{where}: {code}", "wrong_order", f"Versions of {code} do not follow each other in time.")
