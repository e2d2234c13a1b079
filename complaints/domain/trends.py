"""
Whether something is brought to us more often than before: one exact test, in whole numbers.

A class in an area is counted in the last days and in the weeks before. If nothing has changed, and cases come one by
one, then of all that came so many fall into the last days as of draws with the share of those days: the conditional
test of two Poisson rates, which needs no estimate of the rate.
[source: Przyborowski and Wilenski, Biometrika 31 (1940) 313-323]
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

from cis.kernel.errors import Refused

SUBJECT = "case_trend"
STANDARD = "case_trend"
"""Service standard: how long a trend may wait until somebody looks at it."""
MILLION = 1_000_000


class TrendOver(Refused):
    """The trend was closed, or somebody looks at it already."""

    code = "trend_over"


class BadTrendNote(Refused):
    """A trend is closed with words that say what came of it."""

    code = "bad_trend_note"


class TrendState(StrEnum):
    """OPEN: nobody has looked yet; ACKNOWLEDGED: somebody is at it; CLOSED: with what came of it."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendRules:
    """
    The rule ``case_trends`` of the pack.

    windows         last days that are compared, each for itself
    baseline_weeks  so many weeks before the window
    alpha_ppm       how often a class in an area that has not changed may be told of a night and window, in a million
    least           fewer cases in a window are no trend
    again_days      so long after one was closed the same is not told again
    """

    windows: tuple[int, ...]
    baseline_weeks: int
    alpha_ppm: int
    least: int
    again_days: int

    @property
    def days(self) -> int:
        """Return how many days are looked at in all."""
        return max(self.windows) + 7 * self.baseline_weeks


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """
    A class in an area is more often than before.

    count, window_days     cases in the last days
    before, baseline_days  cases in the days before those
    tail_ppm               how likely so many are if nothing changed, in a million, rounded up
    """

    class_code: str
    area: str
    count: int
    window_days: int
    before: int
    baseline_days: int
    tail_ppm: int

    @property
    def expected_hundredths(self) -> int:
        """Return how many cases the window would have at the rate of the days before it, in hundredths."""
        return self.before * self.window_days * 100 // self.baseline_days


def tail(*, count: int, before: int, window_days: int, baseline_days: int) -> Fraction:
    """Return how likely at least ``count`` of all cases fall into the window, if nothing changed."""
    total = count + before
    # The sum over the shorter side of C(total, k) window^k baseline^(total - k).
    low = count > total // 2
    span = range(count, total + 1) if low else range(count)
    term = _term(total, span.start, window_days, baseline_days)
    reached = 0
    for place in span:
        reached += term
        term = term * (total - place) * window_days // ((place + 1) * baseline_days)
    share = Fraction(reached, (window_days + baseline_days) ** total)
    return share if low else 1 - share


def found(*, counts: Mapping[tuple[str, str], Sequence[int]], rules: TrendRules) -> tuple[Trend, ...]:
    """
    Return the classes and areas that are more often than before, what is least likely first; one window of each.

    :param counts: cases a day by class and area, ``rules.days`` of them, the last one last.
    """
    return tuple(
        sorted(
            (one for key, days in counts.items() if (one := _trend(key, days, rules)) is not None),
            key=lambda one: (one.tail_ppm, one.class_code, one.area),
        )
    )


def by_day(
    *, cases: Mapping[tuple[str, str, date], int], last: date, days: int
) -> dict[tuple[str, str], list[int]]:  # fmt: skip
    """Return counts a day, the last one last, of cases by class, area and day."""
    found: dict[tuple[str, str], list[int]] = {}
    for (class_code, area, day), count in cases.items():
        place = days - 1 - (last - day).days
        if 0 <= place < days:
            found.setdefault((class_code, area), [0] * days)[place] += count
    return found


def _trend(key: tuple[str, str], days: Sequence[int], rules: TrendRules) -> Trend | None:
    told: list[Trend] = []
    for window in rules.windows:
        baseline = 7 * rules.baseline_weeks
        count, before = sum(days[-window:]), sum(days[-window - baseline : -window])
        if count < rules.least:
            continue
        chance = tail(count=count, before=before, window_days=window, baseline_days=baseline)
        if chance * MILLION <= rules.alpha_ppm:
            told.append(
                Trend(
                    class_code=key[0], area=key[1], count=count, window_days=window, before=before,
                    baseline_days=baseline, tail_ppm=-(-chance.numerator * MILLION // chance.denominator),
                )
            )  # fmt: skip
    return min(told, key=lambda one: (one.tail_ppm, one.window_days), default=None)


def _term(total: int, place: int, window: int, baseline: int) -> int:
    combinations = 1
    for step in range(place):
        combinations = combinations * (total - step) // (step + 1)
    term: int = combinations * window**place * baseline ** (total - place)
    return term
