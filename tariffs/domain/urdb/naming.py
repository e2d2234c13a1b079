"""Codes and words of an imported rate: its own, and those of its periods."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tariffs.domain.components.demand import TELLING
from tariffs.domain.plan import WHOLE_TIME
from tariffs.domain.urdb.rate import Rate, Schedule

LONGEST = 60
NOT_IN_CODES = re.compile(r"[^a-z0-9]+")
KEYS = ("days",)
"""Keys beside the periods in a table of hours."""
WORDS = {
    "billed-demand": ("计费需量", "Billed demand"),
    "energy": ("电度电费", "Energy"),
    "demand": ("需量电费", "Demand"),
    "demand-by-period": ("分时需量电费", "Demand by period"),
    "reactive": ("无功需量电费", "Reactive demand"),
    "fixed": ("固定电费", "Standing charge"),
    "minimum": ("月最低收费", "Minimum charge"),
    "yearly-minimum": ("年最低收费", "Yearly minimum"),
}
"""Label of each component, in the languages of the bill."""


@dataclass(frozen=True, slots=True)
class Period:
    """
    A period of use or of demand, as the document names it.

    number  place in the file
    """

    number: int
    code: str
    zh: str
    en: str


def code_of(*, text: str, default: str) -> str:
    """Return a text as a code: small letters, digits, and hyphens for all else."""
    code = NOT_IN_CODES.sub("-", text.lower()).strip("-")[:LONGEST].strip("-")
    return code or default


def tariff_code(*, rate: Rate, default: str) -> str:
    """Return the code of a tariff, made of the names of utility and rate; the default where the file has neither."""
    return code_of(text=f"{rate.utility} {rate.name}", default=default)


def periods_of(*, schedule: Schedule | None, letter: str, taken: Iterable[str] = ()) -> tuple[Period, ...]:
    """
    Return the periods that any hour has, each with a code of its own.

    letter  begins the code of a period that the file has no name for
    taken   codes that stand for something else
    """
    if schedule is None:
        return ()
    used = {*WORDS, *TELLING, *KEYS, WHOLE_TIME, *taken}
    found = []
    for number in schedule.used():
        name = schedule.labels[number]
        plain = f"{letter}{number}"
        code = code_of(text=name, default=plain)
        code = f"{code}-{plain}" if code in used else code
        used.add(code)
        zh, en = (name, name) if name else (f"时段 {number}", f"Period {number}")
        found.append(Period(number, code, zh, en))
    return tuple(found)
