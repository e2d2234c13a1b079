"""The clause library of the place."""

import tomllib
from functools import cache
from pathlib import Path

from django.conf import settings

from cis.platform import packs
from contracts.domain import clauses
from contracts.domain.clauses import BadClauses
from contracts.domain.terms import Clause

FILE = "clauses.toml"


def library() -> tuple[Clause, ...]:
    """
    Return every clause of this installation's pack, with those that it inherits; read once per process.

    A place without a library has none, and no contract can be issued there: each key point is named as missing.

    :raises BadClauses: a file has faults.
    """
    return _of_pack(settings.PACK)


@cache
def _of_pack(name: str) -> tuple[Clause, ...]:
    found: tuple[Clause, ...] = ()
    for code in reversed(packs.line_of(name)):
        found = clauses.merged(inherited=found, own=read(packs.folder(code) / FILE))
    return found


def read(path: Path) -> tuple[Clause, ...]:
    """
    Return the clauses of one file; none where there is no file.

    :raises BadClauses: it has faults.
    """
    return clauses.read(document=_document(path), where=f"{path.parent.name}/{path.name}") if path.is_file() else ()


def _document(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadClauses(f"{path.parent.name}/{path.name}: {error}", advice="Correct the file.") from error
