"""Rates of the Utility Rate Database as files of ours: read, converted, written beside each other."""

import gzip
import zlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from cis.kernel.errors import Findings, Refused
from tariffs.domain.urdb import importing
from tariffs.domain.urdb.naming import code_of
from tariffs.domain.urdb.rate import Choices
from tariffs.operations.tariffs import NoFiles, NotText

GZIP = b"\x1f\x8b"
MOST_BYTES = 50_000_000


class UnusableRate(Refused):
    """A URDB file asks for what cannot be billed, or contradicts itself; ``detail["findings"]`` names each field."""

    code = "unusable_rate"


class FileTaken(Refused):
    """A file of that name is there already, and says something else."""

    code = "file_taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """
    What became of a URDB file.

    texts  TOML by file name, one a version in order of time
    notes  what changes no bill, what was decided and what was left out
    """

    texts: dict[str, str]
    notes: Findings


def convert(*, path: Path, choices: Choices, on: date | None = None) -> Converted:
    """
    Return the tariff documents of a URDB file, each with test vectors that hold; nothing is written.

    path  JSON, plain or packed by gzip: one rate, or a list of dated versions of one
    on    the version in force that day alone, None = all

    :raises NoFiles: there is no such file.
    :raises NotText: the file is no UTF-8 text.
    :raises UnusableRate: it asks for what cannot be billed, each field by its name.
    """
    stem = code_of(text=path.name.split(".")[0], default="imported")
    imported = importing.documents(text=_text_of(path), choices=choices, default_code=stem, on=on)
    imported.findings.raise_if_any(UnusableRate)
    is_one = len(imported.documents) == 1
    texts = {
        f"{one.code}.toml" if is_one else f"{one.code}@{one.start_date}.toml": one.text for one in imported.documents
    }
    return Converted(texts=texts, notes=imported.notes)


def write(*, converted: Converted, to: Path) -> list[Path]:
    """
    Write the documents into a folder, or the only one to a file; return where they are.

    :raises FileTaken: there is another file of such a name; nothing is written then.
    """
    is_file = to.suffix == ".toml"
    if is_file and len(converted.texts) > 1:
        raise FileTaken(f"The file has {len(converted.texts)} versions.", advice="Name a folder, or one version: --on.")
    placed = {to if is_file else to / name: text for name, text in converted.texts.items()}
    for path, text in placed.items():
        if path.exists() and path.read_text(encoding="utf-8") != text:
            raise FileTaken(f"{path} is there and says something else.", advice="Move it, or name another place.")
    for path, text in placed.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(placed)


def _text_of(path: Path) -> str:
    """Return the text of a file, unpacked where it is packed, and no larger than any rate."""
    if not path.is_file():
        raise NoFiles(f"There is no file {path}.", path=str(path))
    data = path.read_bytes()
    try:
        if data.startswith(GZIP):
            with gzip.open(path) as packed:
                data = packed.read(MOST_BYTES + 1)
        text = data.decode("utf-8-sig")
    except (UnicodeDecodeError, OSError, EOFError, zlib.error):
        raise NotText(f"{path} is not UTF-8 text.", advice="Save it as UTF-8.", path=str(path)) from None
    if len(data) > MOST_BYTES:
        raise NotText(f"{path} is larger than any rate.", path=str(path))
    return text
