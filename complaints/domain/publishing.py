"""
Figures of a month for everybody: what is shown, and what is left out since it would be about somebody.

A count below the least of the place is left out. Where one alone is left out of a table, or all of them together are
still fewer than the least, the next smallest goes with them, so that nobody finds them by subtraction. What is left out
is None; nothing at all, 0, is about nobody.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cis.kernel.errors import Refused

_HUNDRED: Final = 100


class MonthNotOver(Refused):
    """The month is not over."""

    code = "month_not_over"


class NoCasesThen(Refused):
    """No cases were taken in here in that month."""

    code = "no_cases_then"


class BadPublication(Refused):
    """The month was published before: a correction says why."""

    code = "bad_publication"


class UnknownPublication(Refused):
    """There are no published figures of this month."""

    code = "unknown_publication"


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureRules:
    """The rule ``case_figures`` of the pack: see there."""

    least: int = 5
    price_days: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """How many answers of a kind fell due or were given, and how many of them in time."""

    answered: int = 0
    in_time: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """
    What happened in a month, whole counts.

    kinds        cases taken in, by kind; classes: the same by class
    answers      by kind
    called, content  callers who said whether the answer is good, and those who said it is
    nps          answers to how likely customers recommend us, its score and the ends of its 95 percent; None: nobody's
    saidi, saifi  minutes, interruptions a supply, as text; "": nothing is known of outages here
    """

    kinds: Mapping[str, int]
    classes: Mapping[str, int]
    answers: Mapping[str, Answered] = field(default_factory=dict)
    called: int = 0
    content: int = 0
    nps: tuple[int, int, tuple[int, int] | None] | None = None
    saidi: str = ""
    saifi: str = ""


def covered(*, counts: Mapping[str, int], least: int) -> dict[str, int | None]:
    """Return counts with the small ones left out, so that none of them follows from the others and their sum."""
    small = {code for code, count in counts.items() if 0 < count < least}
    for _count, code in sorted((count, code) for code, count in counts.items() if count >= least) if small else ():
        if len(small) > 1 and sum(counts[one] for one in small) >= least:
            break
        small.add(code)
    return {code: None if code in small else count for code, count in counts.items()}


def figures(*, month: Month, least: int) -> dict[str, Any]:
    """Return what everybody may read of a month, as it is kept and given to programs."""
    kinds = covered(counts=month.kinds, least=least)
    classes = covered(counts=month.classes, least=least)
    return {
        "least": least,
        "kinds": [
            {"kind": kind, "taken": count, **_answered(month.answers.get(kind, Answered()), least)}
            for kind, count in kinds.items()
        ],
        "classes": [{"class": code, "taken": count} for code, count in classes.items()],
        "satisfaction": {"asked": month.called, "content_percent": percent(part=month.content, whole=month.called)}
        if month.called >= least
        else None,
        "nps": _nps(month, least),
        "reliability": {"saidi_minutes": month.saidi, "saifi": month.saifi} if month.saidi else None,
    }


def percent(*, part: int, whole: int) -> int | None:
    """Return a share in whole percent, half a percent up; None: of nothing."""
    return (2 * _HUNDRED * part + whole) // (2 * whole) if whole else None


def _answered(one: Answered, least: int) -> dict[str, int | None]:
    return {"in_time_percent": percent(part=one.in_time, whole=one.answered) if one.answered >= least else None}


def _nps(month: Month, least: int) -> dict[str, int | None] | None:
    if month.nps is None or month.nps[0] < least:
        return None
    answers, score, span = month.nps
    low, high = span or (None, None)
    return {"answers": answers, "score": score, "low": low, "high": high}


def class_rows(*, figures: Mapping[str, Any], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the classes of figures with their names, the most frequent first, what is left out last."""
    rows = [{**one, "name": names.get(one["class"], one["class"])} for one in figures["classes"]]
    return sorted(rows, key=lambda one: -(one["taken"] or 0))
