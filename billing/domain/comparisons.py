"""How the use of one month compares with that of another: by the day, since months differ in length."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """
    Energy used in a month.

    energy_wh  [Wh]
    days       days billed, counted once for each agreement [d]
    """

    month: date
    energy_wh: int
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """
    The use of a month beside that of an earlier one.

    change_percent  by how much use per day rose (+) or fell (-), a half away from zero; None: nothing was used then
    """

    month: date
    energy_wh: int
    change_percent: int | None


def compare(*, now: Use, then: Use) -> Comparison:
    """Return how the use of a month compares with that of an earlier one, per day."""
    change = None
    if then.energy_wh > 0 and then.days > 0 and now.days > 0:
        # (now / days) / (then / days) - 1, in whole percent, without a fraction on the way.
        base = then.energy_wh * now.days
        above = 100 * (now.energy_wh * then.days - base)
        rounded = (2 * abs(above) + base) // (2 * base)
        change = rounded if above >= 0 else -rounded
    return Comparison(month=then.month, energy_wh=then.energy_wh, change_percent=change)
