"""The chart of past use: its months as plain numbers, drawn in the browser and listed for who does not see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from billing.queries.bills import MonthOfUse
from cis.kernel.periods import add_months
from cis.platform.templatetags.local import month as month_words

MONTHS = 13


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One month; ``use`` None: nothing was billed of it."""

    month: date
    use: MonthOfUse | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """The months up to the last one, oldest first."""

    columns: tuple[Column, ...]

    @property
    def data(self) -> dict[str, list[object]]:
        """What the script draws: words and Wh; whole numbers only."""
        return {
            "months": [month_words(column.month) for column in self.columns],
            "short": [f"{column.month:%y-%m}" for column in self.columns],
            "energy_wh": [column.use.energy_wh if column.use else None for column in self.columns],
            "estimated": [bool(column.use and column.use.is_estimated) for column in self.columns],
        }

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return all(column.use is None for column in self.columns)


def chart(*, months: Sequence[MonthOfUse], last: date) -> Chart:
    """Return the chart of the 13 months that end with ``last``; months before the first known are left out."""
    known = {month.month: month for month in months}
    first = min(known, default=last)
    wanted = (add_months(last, n - MONTHS + 1) for n in range(MONTHS))
    return Chart(columns=tuple(Column(month=day, use=known.get(day)) for day in wanted if day >= first))
