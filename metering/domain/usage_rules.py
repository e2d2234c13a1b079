"""
Usage rules: what a place is billed on, where it is not simply what its own meters count.

A place may take a fixed share (定比) or a fixed quantity (定量) of what the meter of another place counts; its meter
may hang behind that of another place, which is then billed without it (main less sub-meter); a check meter may hang
there that is not billed; or it has no meter and is billed on an agreed quantity, by days or by a load profile.
What nobody takes stays with the place whose meter counts it.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as a_field
from datetime import date
from enum import StrEnum
from itertools import pairwise
from typing import Any, Generic, NamedTuple, TypeVar

from cis.kernel import fixed
from cis.kernel.errors import Findings
from cis.kernel.periods import MONTHS_IN_YEAR, month_of
from metering.domain.shares import ONE_E6, Excess

Name = TypeVar("Name", bound=Hashable)
"""What places and meters are called: ids of rows, or external ids and serial numbers in a delivery."""

QUANTITY_MOST_WH = 10**15


class RuleKind(StrEnum):
    """
    What a rule says of its place.

    SHARE      it takes a fixed share of what the source counts (定比)
    QUANTITY   it takes a fixed quantity of what the source counts (定量)
    SUBMETER   its own meters hang behind those of the source, which is billed without what they count
    LEFT_OUT   one of its meters is a check and is not billed
    UNMETERED  it is billed on an agreed quantity, dealt by days, or by the load profile of the source
    """

    SHARE = "share"
    QUANTITY = "quantity"
    SUBMETER = "submeter"
    LEFT_OUT = "left_out"
    UNMETERED = "unmetered"


class Span(StrEnum):
    """What an agreed quantity is for."""

    DAY = "day"
    MONTH = "month"


TAKING = frozenset({RuleKind.SHARE, RuleKind.QUANTITY})
"""Kinds that take energy which the meters of another place count."""
GIVEN = TAKING | {RuleKind.UNMETERED}
"""Kinds that give a place energy without a meter of its own."""
HAS_SOURCE = TAKING | {RuleKind.SUBMETER}
HAS_QUANTITY = frozenset({RuleKind.QUANTITY, RuleKind.UNMETERED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Generic[Name]):
    """
    One rule over [start_date, end_date); end_date None = until further notice.

    service_point  the place that is billed by it
    source         the place whose meters count the energy, or whose interval values are the load profile; None = none
    meter          the check meter; None = none
    share_e6       0.3 = 300_000 [10^-6]
    quantity_wh    a day or a month, as ``per`` says [Wh]
    per            "" unless there is a quantity
    excess         what is done where fixed quantities are more than the meter shows; "" unless it takes one
    where          where it stands in its file ("usage_rules.csv:3"), for findings
    id             of the row; 0 = it is not kept yet
    """

    kind: RuleKind
    service_point: Name
    start_date: date
    end_date: date | None = None
    source: Name | None = None
    meter: Name | None = None
    share_e6: int | None = None
    quantity_wh: int | None = None
    per: str = ""
    excess: str = ""
    where: str = ""
    id: int = 0

    @property
    def days(self) -> tuple[int, int]:
        """Return first and end day, ``date.toordinal``, half-open."""
        return self.start_date.toordinal(), (self.end_date or date.max).toordinal()

    @property
    def places(self) -> frozenset[Name]:
        """Return the places whose energy the rule changes."""
        source = self.source if self.kind in HAS_SOURCE else None
        return frozenset(point for point in (self.service_point, source) if point is not None)

    def holds(self, on: date) -> bool:
        """Return whether the rule holds on a date."""
        return self.start_date <= on and (self.end_date is None or on < self.end_date)

    def overlaps(self, other: "Rule[Name]") -> bool:
        """Return whether both hold on some day."""
        return self.start_date < (other.end_date or date.max) and other.start_date < (self.end_date or date.max)


class HungRegister(NamedTuple):
    """
    A register while its meter hung at a service point.

    is_drawn  it counts active energy that is drawn; days are ``date.toordinal``, half-open
    """

    service_point_id: int
    meter_id: int
    register_id: int
    is_interval: bool
    is_drawn: bool
    start_day: int
    end_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleBook:
    """
    The rules that bear on some places.

    rules      in the order in which they were entered
    registers  what hangs at the places that they name
    names      external id of each place that they name
    """

    rules: tuple[Rule[int], ...] = ()
    registers: tuple[HungRegister, ...] = ()
    names: Mapping[int, str] = a_field(default_factory=dict)

    def left_out_days(self, meter_id: int) -> list[tuple[int, int]]:
        """Return the spans of days in which a meter is a check that is not billed, ``date.toordinal``, half-open."""
        return [rule.days for rule in self.rules if rule.kind is RuleKind.LEFT_OUT and rule.meter == meter_id]

    @property
    def places(self) -> frozenset[int]:
        """Return the service points whose energy the rules change."""
        return frozenset(point for rule in self.rules for point in rule.places)


def check(rule: Rule[Name], *, findings: Findings) -> None:
    """Note what is wrong with a rule, looked at alone."""
    for field, code, message, advice in (*_wrong_columns(rule), *_wrong_values(rule)):
        findings.add(f"{rule.where}: {field}" if rule.where else field, code, message, advice)


def _wrong_columns(rule: Rule[Name]) -> Iterator[tuple[str, str, str, str]]:
    """Yield (field, code, message, advice) of what a rule of its kind lacks, or has too much."""
    kind = rule.kind
    for field, value, is_wanted, is_free in (
        ("source", rule.source, kind in HAS_SOURCE, kind is RuleKind.UNMETERED),
        ("meter", rule.meter, kind is RuleKind.LEFT_OUT, False),
        ("share", rule.share_e6, kind is RuleKind.SHARE, False),
        ("quantity", rule.quantity_wh, kind in HAS_QUANTITY, False),
        ("per", rule.per or None, kind in HAS_QUANTITY, False),
        ("excess", rule.excess or None, kind is RuleKind.QUANTITY, False),
    ):
        if value is None and is_wanted:
            yield field, "rule_incomplete", f"A rule of the kind {kind} needs it.", ""
        elif value is not None and not (is_wanted or is_free):
            yield field, "rule_too_much", f"A rule of the kind {kind} has none.", ""


def _wrong_values(rule: Rule[Name]) -> Iterator[tuple[str, str, str, str]]:
    if rule.end_date is not None and rule.end_date <= rule.start_date:
        message = "The end is the first day on which the rule holds no more; it must be later."
        yield "end_date", "empty_period", message, ""
    if rule.source is not None and rule.source == rule.service_point:
        yield "source", "own_source", "A place takes nothing of itself.", "Name the other place."
    if rule.share_e6 is not None and not 0 < rule.share_e6 <= ONE_E6:
        yield "share", "bad_share", "A share is above 0 and at most 100 %.", ""
    if rule.quantity_wh is not None and not 0 < rule.quantity_wh <= QUANTITY_MOST_WH:
        yield "quantity", "bad_quantity", "A fixed quantity is above 0 kWh.", ""
    if rule.per and rule.per not in set(Span):
        yield "per", "bad_span", "A quantity is for a day or a month.", ""
    if rule.excess and rule.excess not in set(Excess):
        yield "excess", "bad_excess", f"Say one of {', '.join(Excess)}.", ""


def check_together(rules: Sequence[Rule[Name]], *, findings: Findings) -> None:
    """
    Note what is wrong between rules, each finding once, at the rule that begins last.

    Two rules for the same place and source, meter or load at a time; more than 100 % of a meter; a share of a place
    that itself has no more than a share; a place that hangs behind itself; quantities of one meter that differ in
    what is done where they are more than it shows.
    """
    for group in _connected(rules):
        _check_overlaps(group, findings)
        seen: set[tuple[str, Hashable]] = set()
        for holding in _cells(group):
            for clash in _clashes(holding):
                if (clash.code, clash.key) not in seen:
                    seen.add((clash.code, clash.key))
                    last = max(clash.rules, key=lambda rule: rule.start_date)
                    findings.add(
                        f"{last.where}: {clash.field}" if last.where else clash.field,
                        clash.code,
                        clash.message,
                        clash.advice,
                    )


class _Clash(NamedTuple):
    """What is wrong between rules that hold at the same time."""

    code: str
    key: Hashable
    field: str
    rules: Sequence[Rule[Any]]
    message: str
    advice: str


def _connected(rules: Iterable[Rule[Name]]) -> Iterator[list[Rule[Name]]]:
    """Yield the rules in groups that touch no place of each other, in the order in which they begin."""
    parent: dict[Hashable, Hashable] = {}

    def root(point: Hashable) -> Hashable:
        while (above := parent.setdefault(point, point)) != point:
            parent[point] = parent[above]
            point = parent[point]
        return point

    ordered = sorted(rules, key=lambda rule: rule.start_date)
    for rule in ordered:
        if rule.source is not None and rule.kind in HAS_SOURCE:
            parent[root(rule.service_point)] = root(rule.source)
    groups: dict[Hashable, list[Rule[Name]]] = defaultdict(list)
    for rule in ordered:
        groups[root(rule.service_point)].append(rule)
    yield from groups.values()


def _check_overlaps(rules: Sequence[Rule[Name]], findings: Findings) -> None:
    by_key: dict[tuple[Hashable, ...], list[Rule[Name]]] = defaultdict(list)
    for rule in rules:
        by_key[_key_of(rule)].append(rule)
    for same in by_key.values():
        for earlier, later in pairwise(same):
            if earlier.overlaps(later):
                findings.add(
                    f"{later.where}: start_date" if later.where else "start_date",
                    "rules_overlap",
                    f"A rule for the same holds from {earlier.start_date} to {earlier.end_date or 'further notice'}.",
                    "End that rule first, or change it.",
                )


def _key_of(rule: Rule[Name]) -> tuple[Hashable, ...]:
    """Return what only one rule at a time may be about."""
    if rule.kind is RuleKind.LEFT_OUT:
        return ("meter", rule.meter)
    if rule.kind is RuleKind.UNMETERED:
        return ("unmetered", rule.service_point)
    return ("taken", rule.service_point, rule.source)


def _cells(rules: Sequence[Rule[Name]]) -> Iterator[list[Rule[Name]]]:
    """Yield the rules that hold together, for each span of time in which they are the same."""
    for edge in sorted({rule.start_date for rule in rules} | {rule.end_date for rule in rules if rule.end_date}):
        if holding := [rule for rule in rules if rule.holds(edge)]:
            yield holding


def _clashes(holding: Sequence[Rule[Name]]) -> Iterator[_Clash]:
    taken: dict[Name, list[Rule[Name]]] = defaultdict(list)
    for rule in holding:
        if rule.kind in TAKING and rule.source is not None:
            taken[rule.source].append(rule)
    for source, takers in taken.items():
        total_e6 = sum(rule.share_e6 or 0 for rule in takers)
        if total_e6 > ONE_E6:
            percent = fixed.to_text(total_e6, places=4).rstrip("0").rstrip(".")
            message = f"The fixed shares of the meter come to {percent} % together."
            yield _Clash("shares_exceed", source, "share", takers, message, "Lower one of them, or end it.")
        if len({rule.excess for rule in takers if rule.kind is RuleKind.QUANTITY}) > 1:
            message = "Fixed quantities of one meter agree on what is done where they are more than it shows."
            yield _Clash("excess_differs", source, "excess", takers, message, "Choose the same for all of them.")
        has_parts = [rule for rule in holding if rule.service_point == source and rule.kind in GIVEN]
        if has_parts:
            message = "A place that has only a part of another meter cannot be shared again."
            advice = "Name the place whose meter counts the energy."
            yield _Clash("shared_twice", source, "source", (*takers, *has_parts), message, advice)
    yield from _cycles(holding)


def _cycles(holding: Sequence[Rule[Name]]) -> Iterator[_Clash]:
    """Yield places whose energy would come from themselves."""
    sources: dict[Name, set[Name]] = defaultdict(set)
    for rule in holding:
        if rule.kind in HAS_SOURCE and rule.source is not None:
            sources[rule.service_point].add(rule.source)
    for start in list(sources):
        reached: set[Name] = set()
        waiting = list(sources[start])
        while waiting:
            point = waiting.pop()
            if point not in reached:
                reached.add(point)
                waiting.extend(sources.get(point, ()))
        if start in reached:
            loop = [each for each in holding if each.service_point in reached and each.kind in HAS_SOURCE]
            message = "The place would be billed on energy that is taken from itself."
            key = frozenset(each.service_point for each in loop)
            yield _Clash("rules_in_a_circle", key, "source", loop, message, "Look at the rules of both places.")


def agreed_wh(*, quantity_wh: int, per: str, start_day: int, end_day: int) -> int:
    """
    Return the part of an agreed quantity that falls on [start_day, end_day). [Wh]

    A day of a month has its part of that month, cut at whole Wh from the month's first day on: so the parts of a month
    sum to it exactly, however it is cut.

    start_day, end_day  ``date.toordinal``
    """
    if per == Span.DAY:
        return quantity_wh * (end_day - start_day)
    return _since_the_beginning(quantity_wh, end_day) - _since_the_beginning(quantity_wh, start_day)


def _since_the_beginning(quantity_wh: int, day: int) -> int:
    on = date.fromordinal(day)
    return (on.year * MONTHS_IN_YEAR + on.month) * quantity_wh + quantity_wh * (on.day - 1) // month_of(on).days
