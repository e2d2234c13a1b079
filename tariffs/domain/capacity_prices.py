"""What a tariff asks for each kVA, or kW, and month: the capacity fee of a two-part tariff."""

from collections.abc import Collection
from dataclasses import dataclass

from tariffs.domain.components.demand import Capacity, ContractedDemand, MeasuredDemand
from tariffs.domain.components.spans import Proration
from tariffs.domain.lines import Scoped, Unit
from tariffs.domain.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityPrice:
    """
    A price of capacity.

    label     key of its words in ``Plan.labels``
    unit      what it is a price of: kVA or kW
    price_e6  for a month [10^-6 minor unit]; None: not known, by steps, or not for a month
    """

    label: str
    unit: Unit
    price_e6: int | None


def capacity_price(*, plan: Plan, month: int, features: Collection[str]) -> CapacityPrice | None:
    """
    Return the price of capacity that holds in a month for an agreement with these features; None: it has no such part.

    Where the tariff bills both capacity and demand, the one that comes first counts.
    """
    for component, span in zip(plan.components, plan.spans, strict=True):
        if not isinstance(component, Capacity | ContractedDemand | MeasuredDemand):
            continue
        if not _holds(component.scope, month, features):
            continue
        priced = [slot for place in span if (slot := plan.slots[place]).in_total]
        is_known = len(priced) == 1 and component.proration is not Proration.DAYS
        return CapacityPrice(
            label=priced[0].label, unit=priced[0].unit, price_e6=priced[0].price_e6 if is_known else None
        )
    return None


def _holds(scope: Scoped, month: int, features: Collection[str]) -> bool:
    if scope.months and month not in scope.months:
        return False
    return (not scope.only_for or any(one in features for one in scope.only_for)) and not any(
        one in features for one in scope.not_for
    )
