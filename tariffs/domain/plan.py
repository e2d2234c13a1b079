"""The compiled value of a tariff version: what rating needs, frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from itertools import combinations, count

from cis.kernel.errors import Refused
from cis.kernel.fixed import Rounding
from tariffs.domain.choice import Choice
from tariffs.domain.components.charge_limits import YearlyLimit
from tariffs.domain.components.demand import MeasuredDemand
from tariffs.domain.components.dynamic import DynamicEnergy
from tariffs.domain.components.tiers import Stepped, TierCycle
from tariffs.domain.inputs import PAST_MONTHS, Axis, Input
from tariffs.domain.lines import Adjusting, Component, LineSlot, Unit
from tariffs.domain.time_of_use import Calendar

ALL = "*"
WHOLE_TIME = "any"
"""The first demand period of every plan: the largest demand at whatever time."""
TOTAL = ("total",)
"""The single period of use of a plan without periods."""
NO_STEPS = TierCycle()
DECEMBER = 12


class UnknownBase(Refused):
    """A component is charged on a component that does not come before it."""

    code = "unknown_base"


class YearlyLimitsDiffer(UnknownBase):
    """Two yearly limits of a plan count different amounts, but a segment brings one amount of the year."""

    code = "yearly_limits_differ"


class DemandsDiffer(UnknownBase):
    """Two components that leave out demand charged before share a period of demand, but not what they charge there."""

    code = "demands_differ"


class SplitBy(StrEnum):
    """
    How usage of a register between two reads is split where price, agreement or period changes in between.

    READ     it is not: a read of that day is needed
    DAYS     each day has an equal part
    PROFILE  each day has the part that it has in a load profile
    """

    READ = "read"
    DAYS = "days"
    PROFILE = "profile"


class Scope(StrEnum):
    """What is rounded to minor units: each line, or the bill, whose lines then carry the remainder on."""

    LINE = "line"
    BILL = "bill"


class SeveralFeeds(StrEnum):
    """
    How the demand of a place with several feeds (多路进线) is counted; a tariff that meets such a place declares it.

    ADDED     each feed has its largest demand, and these are added [source: provincial notices on the basic fee]
    TOGETHER  what all feeds take in a window is added, and the largest sum counts
    """

    ADDED = "added"
    TOGETHER = "together"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DemandMetering:
    """
    How demand is measured under a plan.

    window_minutes  span over which demand is averaged
    periods         (q,) codes; the first is ``WHOLE_TIME``
    calendar        when the others hold, with their codes as its periods; None if there are no others
    several_feeds   what holds for a place with several feeds; None = such a place cannot be billed
    """

    window_minutes: int = 15
    periods: tuple[str, ...] = (WHOLE_TIME,)
    calendar: Calendar | None = None
    several_feeds: SeveralFeeds | None = None


PLAIN_DEMAND = DemandMetering()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Plan:
    """
    A tariff version, compiled; equal only to itself, so that rows can be grouped by it.

    code, name_zh, name_en, legal_source, valid_from, valid_to  as in the document; valid_to is the first day without
    customer_class, area  whom and where it is for, in words of the document; "" = it does not say
    choice              to whom it is open; None = nobody may choose it
    currency, decimals  ISO 4217 code, decimals of its minor unit
    components          in the order in which they are charged
    periods             (p,) periods of use in the order of ``RatingBatch.used_wh``; ("total",) without any
    calendar            when they hold; None if the plan has none, or is billed on registers alone
    tier_cycle          when the steps begin anew
    usage_split         how usage of registers is split at an edge
    usage_profile       external id of the service point whose interval values are the load profile; "" = none
    demand              how demand is measured
    suspended_least_days  capacity that is suspended for fewer days is paid for; None = nothing is said of it
    rounding            rule by which amounts are rounded to minor units
    rounding_scope      whether each line is rounded, or the bill
    labels              words of line labels and periods: key -> language -> text
    text_hash           SHA-256 of the canonical text of the document
    slots               (l,) line slots, the static half of every bill line
    spans               for each component the range of its slots
    bases               for each component the slots that it is charged on
    needs               inputs that its components read
    features            (f,) codes of the features of an agreement that they ask for, sorted
    season_starts       months, 1 to 12, on whose first day a segment must be cut: other components hold from there, or
                        the year of a component begins anew
    """

    code: str
    name_zh: str
    name_en: str
    legal_source: str
    valid_from: date
    valid_to: date | None
    customer_class: str
    area: str
    choice: Choice | None
    currency: str
    decimals: int
    components: tuple[Component, ...]
    periods: tuple[str, ...]
    calendar: Calendar | None
    tier_cycle: TierCycle
    usage_split: SplitBy
    usage_profile: str
    demand: DemandMetering
    suspended_least_days: int | None
    rounding: Rounding
    rounding_scope: Scope
    labels: Mapping[str, Mapping[str, str]]
    text_hash: str
    slots: tuple[LineSlot, ...]
    spans: tuple[range, ...]
    bases: tuple[tuple[int, ...], ...]
    needs: frozenset[Input]
    features: tuple[str, ...]
    season_starts: tuple[int, ...]

    @property
    def carried(self) -> tuple[LineSlot, ...]:
        """Return the (c,) slots whose quantity is handed to the next bill."""
        return tuple(slot for slot in self.slots if slot.carries)

    @property
    def carried_places(self) -> tuple[int, ...]:
        """Return the (c,) places of the carried slots among all."""
        return tuple(place for place, slot in enumerate(self.slots) if slot.carries)

    @property
    def priced_by_hour(self) -> tuple[DynamicEnergy, ...]:
        """Return the (r,) components that charge the prices of a series, in the order of ``Input.SERIES_E9``."""
        return tuple(component for component in self.components if isinstance(component, DynamicEnergy))

    @property
    def steps_in_order(self) -> int:
        """Return the (k,) steps that fill in order of time, 0 where none do; ``Input.ORDERED_WH`` has as many."""
        ordered = (one for one in self.components if isinstance(one, Stepped) and Input.ORDERED_WH in one.needs)
        return max((len(one.limits_wh) + 1 for one in ordered), default=0)

    @property
    def adjusting(self) -> tuple[Adjusting, ...]:
        """Return the components that change what is billed before anything is priced."""
        return tuple(component for component in self.components if isinstance(component, Adjusting))

    def length_of(self, axis: Axis) -> int | None:
        """Return the length of an axis of an input; None = it depends on the component that asks."""
        lengths = {
            Axis.PERIOD: len(self.periods),
            Axis.DEMAND_PERIOD: len(self.demand.periods),
            Axis.PAST_MONTH: PAST_MONTHS,
            Axis.FEATURE: len(self.features),
            Axis.CARRIED: len(self.carried),
            Axis.SERIES: len(self.priced_by_hour),
        }
        return lengths.get(axis)

    @property
    def missing_prices(self) -> tuple[str, ...]:
        """Return the keys of the slots whose price is not known yet; the plan cannot rate until there are none."""
        return tuple(slot.key for slot in self.slots if slot.price_e6 is None)


def compile_plan(
    *,
    components: tuple[Component, ...],
    code: str = "",
    name_zh: str = "",
    name_en: str = "",
    legal_source: str = "",
    valid_from: date = date.min,
    valid_to: date | None = None,
    customer_class: str = "",
    area: str = "",
    choice: Choice | None = None,
    currency: str = "CNY",
    decimals: int = 2,
    periods: tuple[str, ...] = TOTAL,
    calendar: Calendar | None = None,
    tier_cycle: TierCycle = NO_STEPS,
    usage_split: SplitBy = SplitBy.READ,
    usage_profile: str = "",
    demand: DemandMetering = PLAIN_DEMAND,
    suspended_least_days: int | None = None,
    rounding: Rounding = Rounding.HALF_AWAY,
    rounding_scope: Scope = Scope.LINE,
    labels: Mapping[str, Mapping[str, str]] | None = None,
    text_hash: str = "",
) -> Plan:
    """
    Return the plan of the components, with their slots laid out one after another.

    :raises UnknownBase: a component is charged on one that does not come before it.
    :raises YearlyLimitsDiffer: two yearly limits do not count the same amounts from the same month.
    """
    components = _with_places(components)
    slots: list[LineSlot] = []
    spans: list[range] = []
    bases: list[tuple[int, ...]] = []
    for component in components:
        bases.append(_base_slots(component=component, earlier=slots))
        filled = component.slots()
        spans.append(range(len(slots), len(slots) + len(filled)))
        slots.extend(replace(slot, quantity_places=decimals) if slot.unit is Unit.MONEY else slot for slot in filled)
    _check_years(components, bases)
    _check_demands(components)
    return Plan(
        code=code,
        name_zh=name_zh,
        name_en=name_en,
        legal_source=legal_source,
        valid_from=valid_from,
        valid_to=valid_to,
        customer_class=customer_class,
        area=area,
        choice=choice,
        currency=currency,
        decimals=decimals,
        components=components,
        periods=periods,
        calendar=calendar,
        tier_cycle=tier_cycle,
        usage_split=usage_split,
        usage_profile=usage_profile,
        demand=demand,
        suspended_least_days=suspended_least_days,
        rounding=rounding,
        rounding_scope=rounding_scope,
        labels=labels or {},
        text_hash=text_hash,
        slots=tuple(slots),
        spans=tuple(spans),
        bases=tuple(bases),
        needs=_needs_of(components, slots),
        features=tuple(sorted({code for one in components for code in (*one.scope.only_for, *one.scope.not_for)})),
        season_starts=_season_starts(components),
    )


def _with_places(components: tuple[Component, ...]) -> tuple[Component, ...]:
    """Return the components, those that charge a price series with its column each."""
    column = count()
    return tuple(
        replace(component, place=next(column)) if isinstance(component, DynamicEnergy) else component
        for component in components
    )


def _needs_of(components: tuple[Component, ...], slots: list[LineSlot]) -> frozenset[Input]:
    """Return the inputs that the components read, their scopes included."""
    needs = {need for component in components for need in component.needs}
    if any(one.scope.months for one in components):
        needs.add(Input.MONTH)
    if any(one.scope.only_for or one.scope.not_for for one in components):
        needs.add(Input.FEATURES)
    if any(slot.carries for slot in slots):
        needs.add(Input.CARRIED)
    return frozenset(needs)


def _season_starts(components: tuple[Component, ...]) -> tuple[int, ...]:
    """Return the months from which on other components hold than in the month before, or a year begins."""
    seasonal = [component.scope.months for component in components if component.scope.months]
    years = {component.year_starts for component in components}
    return tuple(
        month
        for month in range(1, DECEMBER + 1)
        if month in years or any((month in months) != ((month - 1 or DECEMBER) in months) for months in seasonal)
    )


def _check_years(components: tuple[Component, ...], bases: list[tuple[int, ...]]) -> None:
    """Refuse yearly limits that look at different amounts of the year."""
    years = {
        (component.first_month, component.negative, base)
        for component, base in zip(components, bases, strict=True)
        if isinstance(component, YearlyLimit)
    }
    if len(years) > 1:
        raise YearlyLimitsDiffer("The yearly limits do not count the same components from the same month.")


def _check_demands(components: tuple[Component, ...]) -> None:
    """
    Refuse two components that deduct different demand of one period in one month: one number of a period is handed on.

    Those that charge the same demand share it, and those of different months never meet.
    """
    mine = [one for one in components if isinstance(one, MeasuredDemand) and one.incremental]
    for one, other in combinations(mine, 2):
        months = one.scope.months, other.scope.months
        apart = all(months) and not months[0] & months[1]
        if one.place == other.place and not apart and _deducted(one) != _deducted(other):
            raise DemandsDiffer(
                f"{one.code} and {other.code} leave out what was charged before of the same period of demand, and"
                " charge different demand there.",
                advice="Let them have the same ratchets, least_kw, grain_kw and scope, or periods of their own.",
            )


def _deducted(component: MeasuredDemand) -> tuple[object, ...]:
    """Return what decides on the demand that a component has charged of a month."""
    return (component.ratchets, component.least_w, component.grain_w, component.scope)


def _base_slots(*, component: Component, earlier: list[LineSlot]) -> tuple[int, ...]:
    """Return the places of the slots, among those laid out so far, that a component is charged on."""
    if component.base == (ALL,):
        return tuple(place for place, slot in enumerate(earlier) if slot.in_total)
    unknown = set(component.base) - {slot.code for slot in earlier}
    if unknown:
        raise UnknownBase(
            f"{component.code} is charged on {', '.join(sorted(unknown))}, which does not come before it."
        )
    return tuple(place for place, slot in enumerate(earlier) if slot.code in component.base and slot.in_total)
