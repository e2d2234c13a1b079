"""The options of ``manage.py tariffs import-urdb``, and how its notes are told."""

from argparse import ArgumentParser
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

from cis.kernel.errors import Findings
from tariffs.domain.components.blocks import Fills
from tariffs.domain.components.charge_limits import Leaving
from tariffs.domain.components.spans import Proration
from tariffs.domain.components.tiers import Convention
from tariffs.domain.urdb import importing, reading
from tariffs.domain.urdb.charges import WINDOWS
from tariffs.domain.urdb.rate import Choices, Holidays, Reactive

NOT_SAID = Choices()
WORDS: tuple[tuple[str, type[StrEnum], str | None, str], ...] = (
    ("convention", Convention, NOT_SAID.convention, "How tiers and periods of use meet in a month."),
    ("tiers", Fills, None, "What fills the tiers of periods that have different ones."),
    ("holidays", Holidays, NOT_SAID.holidays, "Whose hours a holiday has."),
    ("proration", Proration, NOT_SAID.proration, "What a part of a month pays of a price per kW."),
    ("leaving", Leaving, NOT_SAID.leaving, "Whether who leaves within a year owes its least charge."),
    ("reactive", Reactive, None, "What a charge per kvar is for."),
)


def add_arguments(parser: ArgumentParser) -> None:
    """Add what whoever imports a rate decides, because the file does not say it."""
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--out", type=Path, metavar="PATH", help="A folder, or a file *.toml; without it: printed.")
    parser.add_argument("--without", nargs="+", action="extend", default=[], metavar="FIELD", help="Not to be billed.")
    parser.add_argument("--on", type=date.fromisoformat, metavar="YYYY-MM-DD", help="Only the version of that day.")
    parser.add_argument("--code", default="", help="Code of the tariff; by default of the names of utility and rate.")
    parser.add_argument("--valid-from", type=date.fromisoformat, metavar="YYYY-MM-DD", help="Where the file says none.")
    window = parser.add_argument("--window", type=int, choices=WINDOWS, help="Minutes over which demand is averaged.")
    window.default = NOT_SAID.window_minutes
    for name, kind, default, text in WORDS:
        parser.add_argument(f"--{name}", choices=[word.value for word in kind], default=default, help=text)


def choices_of(options: Mapping[str, Any]) -> Choices:
    """Return what was decided on the command line."""
    words: dict[str, Any] = {name: kind(options[name]) if options[name] else None for name, kind, _, _ in WORDS}
    return Choices(
        code=options["code"],
        valid_from=options["valid_from"],
        window_minutes=options["window"],
        leave_out=frozenset(options["without"]),
        fills=words.pop("tiers"),
        **words,
    )


def told(notes: Findings) -> list[str]:
    """Return notes as lines, those of several versions once; remarks as names alone."""
    remarks = dict.fromkeys(note.where.rpartition(".")[2] for note in notes if note.code == reading.REMARK)
    lines: dict[tuple[str, str], str] = {}
    for note in notes:
        if note.code != reading.REMARK:
            field = note.where.rpartition("].")[2]
            key = note.message if note.code == importing.DECIDED else note.code
            lines.setdefault((field, key), f"{field or 'bill'}: {note.message}")
    return [*lines.values(), *([f"without a price: {', '.join(remarks)}"] if remarks else [])]
