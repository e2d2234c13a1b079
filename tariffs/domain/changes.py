"""Kinds of changes between two versions of a tariff."""

from dataclasses import dataclass

from tariffs.domain.outline import Limit, Part, Price, Span, Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """A season of a calendar: its dates as written, and its hours."""

    dates: str
    hours: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FactChanged:
    """A key of the document outside components and calendars; "" = it is not said."""

    key: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartChanged:
    """A component that is new (before None), no longer there (after None), or of another kind."""

    before: Part | None
    after: Part | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderChanged:
    """The components that stand in both are charged in another order; codes."""

    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceChanged:
    """A price of a component; None = there was, or is, no such step or period."""

    part: Part
    before: Price | None
    after: Price | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitChanged:
    """Where a step of a component ends; ``period`` has words where each period has steps of its own."""

    part: Part
    step: int
    period: Words
    before: Limit
    after: Limit


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChanged:
    """Any other key of a component; "" = it is not said."""

    part: Part
    key: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursChanged:
    """Hours of a season that belong to another period of use; ``which`` calendar: time_of_use or demand."""

    which: str
    season: str
    span: Span
    before: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class SeasonChanged:
    """A season that is new, no longer there, or has other dates."""

    which: str
    name: str
    before: Season | None
    after: Season | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventChanged:
    """An event of a calendar: the keys of it that differ, with their texts; empty = there is no such event."""

    which: str
    code: str
    before: Words
    after: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class WordsChanged:
    """Printed words of a label, by language; empty = none."""

    key: str
    before: Words
    after: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseChanged:
    """A test vector with its expected total; None = there is none of that name."""

    name: str
    before: str | None
    after: str | None


Change = (
    FactChanged
    | PartChanged
    | OrderChanged
    | PriceChanged
    | LimitChanged
    | RuleChanged
    | HoursChanged
    | SeasonChanged
    | EventChanged
    | WordsChanged
    | CaseChanged
)
