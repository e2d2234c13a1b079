"""Validation: which rules are checked for which group of service points, by whom they are set, and what they find."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

import numpy as np

from cis.kernel.columns import Columns
from cis.kernel.fixed import Int64, parse
from metering.domain import vee_history as history
from metering.domain import vee_rules as rules
from metering.domain.intervals import IntervalColumns, Window
from metering.domain.vee_columns import Extremes, Flags, Past, Said, Spans
from metering.domain.vee_days import extremes, none

WH_PLACES = 3


class Code(StrEnum):
    """What is doubtful about energy that could be approved; what cannot be told at all has codes of ``usage_rows``."""

    CONSECUTIVE = "not_consecutive"
    DUPLICATE = "duplicate_values"
    GAP = "long_gap"
    HIGH = "usage_high"
    LOW = "usage_low"
    SPIKE = "interval_spike"
    NEGATIVE = "negative_energy"
    ZERO = "zero_energy"
    UNCHANGED = "unchanged_energy"
    LAST_YEAR = "off_last_year"
    THREE_CYCLES = "off_three_cycles"
    FOURTEEN_MONTHS = "above_14_months"
    PERIODS = "periods_off_total"
    SIBLING = "sibling_missing"
    INTERVALS = "intervals_off_register"
    MULTIPLIER = "multiplier_doubt"
    ROLLOVER = "rolled_over"
    INACTIVE = "inactive_meter"
    WINDOW = "outside_window"
    BREAKER = "above_capacity"
    LONG_ESTIMATED = "long_estimated"


CODES = tuple(Code)


class Severity(StrEnum):
    """
    What a finding does.

    LOOK  energy is approved, and a person looks at it
    STOP  energy is not approved until the cause is gone or a person accepts it
    """

    LOOK = "look"
    STOP = "stop"


class ReadBy(StrEnum):
    """How a register is read."""

    INTERVAL = "interval"
    COUNTER = "counter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """
    Which rules hold for a group of service points; what is 0 or empty is not checked.

    What each number means is said at its rule.

    classes, voltages, reads_by  whom it is for; empty: all
    from_kva, below_kva          agreed capacity, as text [kVA]
    stops                        codes that keep energy from being approved
    """

    classes: tuple[str, ...] = ()
    voltages: tuple[str, ...] = ()
    reads_by: str = ""
    from_kva: str = ""
    below_kva: str = ""
    least_days: int = 1
    entry_days: int = 1
    least_kwh_per_day: str = "0"
    season: tuple[int, ...] = ()
    consecutive: bool = False
    duplicate: bool = False
    most_gap: int = 0
    high_percent: int = 0
    low_percent: int = 0
    spike_percent: int = 0
    spike_kwh: str = "0"
    negative: bool = False
    zero_cycles: int = 0
    unchanged_cycles: int = 0
    year_above_percent: int = 0
    year_below_percent: int = 0
    cycles_above_percent: int = 0
    cycles_below_percent: int = 0
    fourteen_months_percent: int = 0
    fourteen_months_least: int = 4
    periods_slack_kwh: str = ""
    sibling: bool = False
    intervals_slack_kwh: str = ""
    ratios: tuple[int, ...] = ()
    ratio_percent: int = 0
    rollover: bool = False
    inactive: bool = False
    window_days: int = 0
    capacity_percent: int = 0
    most_estimated: int = 0
    stops: tuple[str, ...] = ()

    @property
    def judged(self) -> history.Judged:
        """Return what its comparisons with the past have in common."""
        return history.Judged(
            least_days=self.least_days, least_wh_per_day=_wh(self.least_kwh_per_day), season=self.season
        )

    def fits(self, *, use: str, voltage: str, capacity_w: int, is_interval: bool) -> bool:
        """Return whether a register of a service point belongs to it."""
        how = ReadBy.INTERVAL if is_interval else ReadBy.COUNTER
        return (
            (not self.classes or use in self.classes)
            and (not self.voltages or voltage in self.voltages)
            and self.reads_by in {"", how.value}
            and (not self.from_kva or capacity_w >= _wh(self.from_kva))
            and (not self.below_kva or capacity_w < _wh(self.below_kva))
        )

    def severity(self, code: str) -> Severity:
        """Return what a finding of the group does."""
        return Severity.STOP if code in self.stops else Severity.LOOK


@dataclass(frozen=True, slots=True)
class Found(Columns):
    """
    What rules found, k rows.

    row      (k,) place among the spans
    code     (k,) place in CODES
    measure  (k,) what was found, and
    bound    (k,) what it is held against, both in the unit of the rule (``UNITS``)
    day      (k,) where it is: the day of a spike, else the first day of the span, ``date.toordinal``
    """

    row: Int64
    code: Int64
    measure: Int64
    bound: Int64
    day: Int64


UNITS: Mapping[Code, str] = {
    Code.CONSECUTIVE: "days",
    Code.DUPLICATE: "count",
    Code.GAP: "count",
    Code.ZERO: "count",
    Code.UNCHANGED: "count",
    Code.SIBLING: "count",
    Code.LONG_ESTIMATED: "count",
    Code.WINDOW: "days",
}
"""Units of measure and bound; all others: of the register, in thousandths (Wh, varh, W)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """
    What rules know beside the spans.

    past        what was approved before, the spans themselves among it
    mirror      (n,) series of the other direction of each span, ``vee_history.NO_SERIES`` without
    boundaries  (b,) days on which reads are due, ascending
    blocks      interval days that the spans were summed from
    window      (n,) the instants of each span; of those that are read by counter as well
    """

    past: Past
    mirror: Int64
    boundaries: Int64
    blocks: Sequence[IntervalColumns]
    window: Window


def read_groups(rule: Mapping[str, Mapping[str, Any]]) -> tuple[Group, ...]:
    """Return the groups of a pack's rule ``vee``, in its order: the first that fits is taken."""
    names = {one.name for one in fields(Group)}
    return tuple(Group(**{key: value for key, value in one.items() if key in names}) for one in rule.values())


def group_of(*, groups: Sequence[Group], use: str, voltage: str, capacity_w: int, is_interval: bool) -> Group | None:
    """Return the first group that a register of a service point belongs to; None: nothing is checked."""
    return next(
        (one for one in groups if one.fits(use=use, voltage=voltage, capacity_w=capacity_w, is_interval=is_interval)),
        None,
    )


def check(*, spans: Spans, facts: Facts, group: Group, rows: Flags) -> Found:
    """
    Return what the rules of one group find among the spans that a chunk approves.

    rows  (n,) which spans belong to the group; the others are only what those are held against
    """
    sticking = _extremes(spans, facts, group, rows)
    asked = _Asked(spans, facts, group, sticking)
    parts = []
    for code, said in ((code, ask(asked)) for code, field, ask in _CHECKS if getattr(group, field)):
        at = np.flatnonzero(said.is_failed() & rows).astype(np.int64)
        day = sticking.peak_day[at] if code is Code.SPIKE else spans.start_day[at]
        place = np.full(len(at), CODES.index(code), dtype=np.int64)
        parts.append(Found(row=at, code=place, measure=said.measure[at], bound=said.bound[at], day=day))
    return Found.concat(parts) if parts else Found(*(np.zeros(0, dtype=np.int64) for _ in range(5)))


def _extremes(spans: Spans, facts: Facts, group: Group, rows: Flags) -> Extremes:
    """Return what sticks out of the intervals of the group's own spans; the most expensive part."""
    nothing = none(count=len(spans))
    at = np.flatnonzero(rows & spans.is_interval)
    if not facts.blocks or not at.size:
        return nothing
    found = extremes(
        blocks=facts.blocks,
        window=facts.window.take(at),
        percent=group.spike_percent,
        least_wh=_wh(group.spike_kwh),
    )
    for name in Extremes.__dataclass_fields__:
        getattr(nothing, name)[at] = getattr(found, name)
    return nothing


@dataclass(frozen=True, slots=True)
class _Asked:
    """All that a rule may be asked with."""

    spans: Spans
    facts: Facts
    group: Group
    extremes: Extremes

    @property
    def past(self) -> dict[str, Any]:
        """Return what rules that compare with the past share."""
        return {"spans": self.spans, "past": self.facts.past}

    @property
    def cycles(self) -> dict[str, Any]:
        """Return what rules that count cycles share."""
        return {**self.past, "least_days": self.group.least_days}

    @property
    def means(self) -> dict[str, Any]:
        """Return what rules that compare with a mean share."""
        return {**self.past, "judged": self.group.judged}

    @property
    def inside(self) -> dict[str, Any]:
        """Return what rules that look into spans share."""
        return {"spans": self.spans, "extremes": self.extremes}


def _sibling(at: _Asked) -> Said:
    used = history.used_before(spans=at.spans, past=at.facts.past, mirror=at.facts.mirror)
    return rules.sibling(spans=at.spans, used_before=used)


def _spike(at: _Asked) -> Said:
    return rules.spike(**at.inside, percent=at.group.spike_percent, least_wh=_wh(at.group.spike_kwh))


def _last_year(at: _Asked) -> Said:
    return history.last_year(**at.means, above=at.group.year_above_percent, below=at.group.year_below_percent)


def _three_cycles(at: _Asked) -> Said:
    return history.three_cycles(**at.means, above=at.group.cycles_above_percent, below=at.group.cycles_below_percent)


def _fourteen_months(at: _Asked) -> Said:
    percent, least = at.group.fourteen_months_percent, at.group.fourteen_months_least
    return history.most_of_14_months(**at.means, percent=percent, least=least)


def _multiplier(at: _Asked) -> Said:
    return history.multiplier(**at.means, ratios=at.group.ratios, percent=at.group.ratio_percent)


def _window(at: _Asked) -> Said:
    group = at.group
    return rules.outside_window(
        spans=at.spans, boundaries=at.facts.boundaries, days=group.window_days, least_days=group.least_days
    )


def _intervals(at: _Asked) -> Said:
    return rules.interval_against_register(spans=at.spans, slack_wh=_wh(at.group.intervals_slack_kwh))


def _periods(at: _Asked) -> Said:
    return rules.periods_against_total(spans=at.spans, slack_wh=_wh(at.group.periods_slack_kwh))


_CHECKS: tuple[tuple[Code, str, Callable[[_Asked], Said]], ...] = (
    (Code.NEGATIVE, "negative", lambda at: rules.negative(**at.inside)),
    (Code.BREAKER, "capacity_percent", lambda at: rules.breaker(**at.inside, percent=at.group.capacity_percent)),
    (Code.ROLLOVER, "rollover", lambda at: rules.rollover(spans=at.spans)),
    (Code.INACTIVE, "inactive", lambda at: rules.inactive(spans=at.spans)),
    (Code.DUPLICATE, "duplicate", lambda at: rules.duplicate(spans=at.spans)),
    (Code.CONSECUTIVE, "consecutive", lambda at: history.consecutive(**at.past)),
    (Code.GAP, "most_gap", lambda at: rules.gap(**at.inside, most=at.group.most_gap)),
    (Code.SPIKE, "spike_percent", _spike),
    (Code.PERIODS, "periods_slack_kwh", _periods),
    (Code.SIBLING, "sibling", _sibling),
    (Code.INTERVALS, "intervals_slack_kwh", _intervals),
    (Code.MULTIPLIER, "ratio_percent", _multiplier),
    (Code.WINDOW, "window_days", _window),
    (Code.ZERO, "zero_cycles", lambda at: history.zero(**at.cycles, cycles=at.group.zero_cycles)),
    (Code.UNCHANGED, "unchanged_cycles", lambda at: history.unchanged(**at.cycles, cycles=at.group.unchanged_cycles)),
    (Code.HIGH, "high_percent", lambda at: history.high(**at.means, percent=at.group.high_percent)),
    (Code.LOW, "low_percent", lambda at: history.low(**at.means, percent=at.group.low_percent)),
    (Code.LAST_YEAR, "year_above_percent", _last_year),
    (Code.THREE_CYCLES, "cycles_above_percent", _three_cycles),
    (Code.FOURTEEN_MONTHS, "fourteen_months_percent", _fourteen_months),
    (
        Code.LONG_ESTIMATED,
        "most_estimated",
        lambda at: history.long_estimated(**at.cycles, most=at.group.most_estimated),
    ),
)
"""Each rule with the field of the group that asks for it, the gravest first."""


def _wh(text: str) -> int:
    """Return a number of thousands as text, in units: kWh as Wh, kVA as VA."""
    return parse(text, places=WH_PLACES)
