"""
Which tariff would have been cheapest: the same use, at the same hours, at the prices of today.

What cannot be computed is listed with the reason, never guessed. Whether somebody would use energy at other hours
under other prices is not known, and not assumed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from billing.domain.findings import Obstacle
from cis.kernel.periods import Period, add_months, month_of, months_between

MONTHS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """
    A tariff that somebody has or may choose.

    cost_minor  of all months that were looked at; None = it cannot be computed [minor unit]
    used_wh     energy of these months [Wh]
    obstacle    why not
    """

    tariff_id: int
    version_id: int
    code: str
    name_zh: str
    name_en: str
    is_current: bool
    cost_minor: int | None
    used_wh: int = 0
    obstacle: Obstacle | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """
    The whole months of use that are known, the last of up to ``MONTHS``.

    period    None = not one month
    ready_on  from when there will be enough, if use goes on to be read; None = there is enough
    """

    period: Period | None
    months: int
    ready_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """
    An option beside the present tariff.

    saving_minor  how much less it costs; below 0 it costs more; None = one of both is not known [minor unit]
    percent       of the dearest option, 0 to 100: the length of a bar
    """

    option: Option
    saving_minor: int | None
    percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """
    What one supply would have cost.

    options  cheapest first, the present tariff before others of the same cost; then those that cannot be computed
    """

    period: Period
    months: int
    options: tuple[Option, ...]

    @property
    def current(self) -> Option:
        """Return the tariff that the supply has."""
        return next(option for option in self.options if option.is_current)

    @property
    def cheapest(self) -> Option | None:
        """Return the cheapest tariff, None if nothing could be computed."""
        first = self.options[0]
        return first if first.cost_minor is not None else None

    @property
    def is_year(self) -> bool:
        """Return whether the months are a whole year, so that savings are those of a year."""
        return self.months == MONTHS

    @property
    def is_whole(self) -> bool:
        """Return whether every option could be computed, so that the cheapest is the cheapest of all."""
        return all(option.cost_minor is not None for option in self.options)

    def saving_minor(self, option: Option) -> int | None:
        """Return how much less an option costs than the present tariff; below 0 it costs more. [minor unit]"""
        if option.cost_minor is None or self.current.cost_minor is None:
            return None
        return self.current.cost_minor - option.cost_minor

    @property
    def rows(self) -> tuple[Row, ...]:
        """Return the options in order, each beside the present tariff."""
        dearest = max((option.cost_minor or 0 for option in self.options), default=0)
        return tuple(
            Row(
                option=option,
                saving_minor=None if option.is_current else self.saving_minor(option),
                percent=max(option.cost_minor or 0, 0) * 100 // dearest if dearest > 0 else 0,
            )
            for option in self.options
        )

    @property
    def used_wh(self) -> int:
        """Return the energy of the months, 0 if nothing could be computed. [Wh]"""
        return self.options[0].used_wh

    @property
    def best_saving_minor(self) -> int:
        """Return how much the cheapest tariff saves; 0 if the present one is the cheapest, or cannot be compared."""
        return 0 if self.cheapest is None else max(self.saving_minor(self.cheapest) or 0, 0)


def advise(*, period: Period, options: Iterable[Option]) -> Advice:
    """Return the options in order."""
    ordered = sorted(
        options,
        key=lambda one: (one.cost_minor is None, one.cost_minor or 0, not one.is_current, one.code),
    )
    return Advice(period=period, months=months_between(period.start, period.end), options=tuple(ordered))


def months_known(*, since: date, until: date, today: date, least: int) -> Span:
    """
    Return the last whole months, up to ``MONTHS``, in [since, until) that have ended by today.

    since, until  use is known from and up to here, of the same customer at the same place
    least         months that advice needs
    """
    first = since if since.day == 1 else month_of(since).end
    last = min(until, today).replace(day=1)
    ready = add_months(first, least)
    if last <= first:
        return Span(period=None, months=0, ready_on=ready)
    start = max(first, add_months(last, -MONTHS))
    months = months_between(start, last)
    return Span(period=Period(start, last), months=months, ready_on=None if months >= least else ready)
