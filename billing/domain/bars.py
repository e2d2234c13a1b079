"""The bars of past use on a printed bill, as whole numbers of a drawing; a picture, not a computation of money."""

from dataclasses import dataclass
from datetime import date

from cis.kernel.periods import add_months

MONTHS = 13
BAR = 30
GAP = 8
HEIGHT = 100


@dataclass(frozen=True, slots=True)
class Bar:
    """
    One month's bar; the drawing's unit is arbitrary, y runs downwards.

    top        y of the upper edge
    height     0 for a month without use
    is_billed  False: nothing was billed of this month, so there is no bar
    is_now     the month that the bill is for
    """

    month: date
    x: int
    top: int
    height: int
    energy_wh: int
    is_billed: bool
    is_now: bool

    @property
    def middle(self) -> int:
        """Return x of the middle, for the words under the bar."""
        return self.x + BAR // 2


def width() -> int:
    """Return the width of the drawing."""
    return MONTHS * (BAR + GAP) - GAP


def of_months(*, energy_by_month: dict[date, int], last_month: date) -> tuple[Bar, ...]:
    """
    Return the bars of the 13 months that end with last_month, oldest first.

    :param energy_by_month: first day of the month -> energy; months may be missing. [Wh]
    :param last_month: first day of the month that the bill is for.
    """
    months = [add_months(last_month, n - MONTHS + 1) for n in range(MONTHS)]
    most = max((energy_by_month.get(month, 0) for month in months), default=0)
    bars = []
    for place, month in enumerate(months):
        energy = energy_by_month.get(month, 0)
        height = max(0, energy) * HEIGHT // most if most > 0 else 0
        bars.append(
            Bar(
                month=month,
                x=place * (BAR + GAP),
                top=HEIGHT - height,
                height=height,
                energy_wh=energy,
                is_billed=month in energy_by_month,
                is_now=month == last_month,
            )
        )
    return tuple(bars)
