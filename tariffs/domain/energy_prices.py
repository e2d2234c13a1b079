"""What one kWh costs in a period of use: all components that price energy together."""

from tariffs.domain.components.basic import Energy, TimeOfUse
from tariffs.domain.components.blocks import TieredByPeriod, VolumeEnergy
from tariffs.domain.components.losses import LineLoss
from tariffs.domain.components.ratios import RatioTimeOfUse
from tariffs.domain.components.tiers import TieredEnergy, TieredTimeOfUse
from tariffs.domain.lines import Scoped
from tariffs.domain.plan import Plan

PRICING = (
    Energy, TimeOfUse, TieredEnergy, TieredTimeOfUse, TieredByPeriod, VolumeEnergy, RatioTimeOfUse, LineLoss,
)  # fmt: skip


def energy_prices(*, plan: Plan, month: int, period: str) -> tuple[int | None, ...]:
    """
    Return the price of a kWh in a month, one of each step; one price where nothing has steps, () where nothing prices.

    Counted are the components that hold in the month for an agreement without features. Taxes on top, charges by time
    or power, premiums and concessions are not counted. None = not known. [10^-6 minor unit/kWh]
    """
    plain: list[int | None] = []
    steps: list[dict[int, int | None]] = []
    for component, span in zip(plan.components, plan.spans, strict=True):
        if not isinstance(component, PRICING) or not _holds(component.scope, month):
            continue
        slots = [plan.slots[place] for place in span if plan.slots[place].period in {"", period}]
        plain += [slot.price_e6 for slot in slots if not slot.step]
        by_step = {slot.step: slot.price_e6 for slot in slots if slot.step}
        steps += [by_step] if by_step else []
    if not plain and not steps:
        return ()
    most = max((max(by_step) for by_step in steps), default=1)
    return tuple(_sum([*plain, *(one[min(step, max(one))] for one in steps)]) for step in range(1, most + 1))


def _holds(scope: Scoped, month: int) -> bool:
    return (not scope.months or month in scope.months) and not scope.only_for


def _sum(prices_e6: list[int | None]) -> int | None:
    known = [price_e6 for price_e6 in prices_e6 if price_e6 is not None]
    return sum(known) if len(known) == len(prices_e6) else None
