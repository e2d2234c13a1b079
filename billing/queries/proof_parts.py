"""Which spans of usage the segments of a bill rest on: the same choice as when it was rated, span by span."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from billing.domain import evidence, hourly, prorated, sharing
from billing.domain.evidence import Cut, Rest
from billing.domain.feeds import feeds_of, without_checks
from billing.domain.findings import Obstacles
from billing.domain.pieces import Pieces, PlanVersion
from billing.domain.sharing import Drawn, registers_of
from billing.domain.streams import Stream, Streams, streams_of
from billing.queries import sources
from cis.kernel.fixed import Int64
from metering.domain.places import Direction, Quantity
from metering.domain.resolving import Hanging
from metering.domain.usage import NOTHING_HUNG, UsageColumns
from metering.domain.usage_rules import RuleBook, RuleKind
from metering.queries import evidence as metered
from metering.queries import registers
from metering.queries.evidence import SpanProof
from tariffs.domain.inputs import Input
from tariffs.domain.plan import Plan

ENERGY, REACTIVE, EXPORT = "energy_wh", "reactive_varh", "export_wh"
DRAWN = (Quantity.ACTIVE, (Direction.IMPORT,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """
    A part of the energy of a segment.

    piece       place of the segment
    counts_as   ``ENERGY``, ``REACTIVE`` or ``EXPORT``
    span        place of the approved span; None: an agreed load, which nothing counts
    start, end  its days, half-open
    stream      by which usage rule it comes; None: the meters of the place count it
    agreed_wh   the agreed load [Wh]
    register_id of the load profile by which it is dealt; 0: none
    """

    piece: int
    counts_as: str
    span: int | None
    start: date
    end: date
    cut: Cut
    stream: Stream | None = None
    agreed_wh: int = 0
    register_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandPart:
    """A span from which the demand of a segment is read; ``shows`` is the period that its register shows."""

    piece: int
    lane: int
    feed: int
    span: int
    is_curve: bool
    shows: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """
    What segments rest on.

    spans     approved spans, of whole months where there are rules, and also of places that rules name
    profiles  counters of load profiles by which something is dealt, by the id of their register
    rules   usage rules that bear on the segments
    ruled   places of the segments that are billed by them
    """

    spans: tuple[SpanProof, ...]
    profiles: Mapping[int, Hanging]
    energy: tuple[Part, ...]
    demand: tuple[DemandPart, ...]
    reactive: tuple[DemandPart, ...]
    rules: RuleBook
    ruled: frozenset[int]

    @property
    def used(self) -> list[int]:
        """Return the places of the spans that a proof shows: what segments rest on, and what rules look at."""
        shown = {part.span for part in self.energy if part.span is not None} | {
            part.span for part in (*self.demand, *self.reactive)
        }
        if self.ruled:
            named = self.rules.places
            shown |= {at for at, one in enumerate(self.spans) if one.service_point_id in named and is_of(one, *DRAWN)}
        return sorted(shown)


def of_pieces(*, pieces: Pieces, versions: Sequence[PlanVersion], known_at: datetime) -> Parts:
    """
    Return what pieces rest on; statements: rules, and two more where there are some; usage; meters where demand is
    priced.
    """
    book = sources.rules_of(pieces, known_at)
    first, last = sources.months_of(pieces) if book.rules else sources.days_of(pieces)
    spans = metered.spans(
        service_point_ids=sorted({*pieces.service_point_id.tolist(), *book.places}),
        start_date=first,
        end_date=last,
        known_at=known_at,
    )
    finder = _Finder(pieces, versions, book, spans)
    energy, streams = finder.drawn()
    energy = [*energy, *finder.reactive(), *finder.exported()]
    dealt_by = {part.register_id for part in energy if part.register_id}
    return Parts(
        spans=spans,
        profiles={key: one for key, one in finder.profiles.items() if key in dealt_by},
        energy=tuple(energy),
        demand=tuple(finder.demand(Input.PEAK_W, (Quantity.ACTIVE, Quantity.DEMAND))),
        reactive=tuple(finder.demand(Input.REACTIVE_PEAK_VAR, (Quantity.REACTIVE,))),
        rules=book,
        ruled=frozenset(streams.target[~streams.is_plain].tolist()),
    )


def is_of(span: SpanProof, quantity: Quantity, directions: Sequence[Direction]) -> bool:
    """Return whether a span is of a kind of energy."""
    return span.quantity == quantity.value and span.direction in {one.value for one in directions}


class _Finder:
    """Finds the parts of pieces among spans, kind by kind."""

    def __init__(
        self, pieces: Pieces, versions: Sequence[PlanVersion], book: RuleBook, spans: Sequence[SpanProof]
    ) -> None:
        self.pieces, self.versions, self.book, self.spans = pieces, versions, book, spans
        self.by_register: dict[int, list[int]] = {}
        for at, one in enumerate(spans):
            self.by_register.setdefault(one.register_id, []).append(at)
        names = {one.plan.usage_profile for one in versions} - {""}
        sources_of = [rule.source for rule in book.rules if rule.kind is RuleKind.UNMETERED and rule.source]
        names |= {book.names[one] for one in sources_of}
        self.at_profiles = registers.at_service_points(sorted(names)) if names else {}
        self.profiles = {one.register_id: one for found in self.at_profiles.values() for one in found}

    def _usage(self, quantity: Quantity, directions: Sequence[Direction]) -> UsageColumns:
        return _columns([one for one in self.spans if is_of(one, quantity, directions)])

    def drawn(self) -> tuple[list[Part], Streams]:
        """Return the parts of energy drawn, under the rules, and the streams that they come by."""
        quiet = Obstacles()
        streams = streams_of(pieces=self.pieces, book=self.book, versions=self.versions, obstacles=quiet)
        usage = self._usage(*DRAWN)
        drawn = sharing.deal(usage=usage, book=self.book, streams=streams, pieces=self.pieces, obstacles=quiet)
        drawn = prorated.split(drawn=drawn, pieces=streams.pieces, versions=self.versions, obstacles=quiet)
        rests = evidence.energy(pieces=streams.pieces, usage=drawn.usage, versions=self.versions)
        by_number = {one.number: one for one in streams.streams}
        parts = []
        for one in rests:
            stream = by_number.get(int(drawn.usage.service_point_id[one.row]))
            parts.append(self._part(ENERGY, int(streams.target[one.piece]), one, drawn.usage, stream))
        return parts, streams

    def reactive(self) -> list[Part]:
        """Return the parts of reactive energy of the pieces whose tariffs ask for it."""
        usage = self._usage(Quantity.REACTIVE, (Direction.IMPORT, Direction.EXPORT))
        drawn = self._own(usage)
        drawn = prorated.split(drawn=drawn, pieces=self.pieces, versions=self.versions, obstacles=Obstacles())
        rests = evidence.counted(pieces=self.pieces, usage=drawn.usage)
        return [self._part(REACTIVE, one.piece, one, drawn.usage) for one in self._asked(rests, Input.REACTIVE_VARH)]

    def exported(self) -> list[Part]:
        """Return the parts of energy given to the grid of the pieces whose tariffs ask for it."""
        drawn = self._own(self._usage(Quantity.ACTIVE, (Direction.EXPORT,)))
        drawn = prorated.split(drawn=drawn, pieces=self.pieces, versions=self.versions, obstacles=Obstacles())
        usage = drawn.usage
        rests = evidence.energy(pieces=self.pieces, usage=usage, versions=self.versions)
        return [self._part(EXPORT, one.piece, one, usage) for one in self._asked(rests, Input.EXPORT_WH)]

    def demand(self, need: Input, quantities: Sequence[Quantity]) -> list[DemandPart]:
        """Return what the demand of the pieces whose tariffs ask for it is read from; one statement if any do."""
        wanted = hourly.wants(pieces=self.pieces, versions=self.versions, need=need)
        hung = NOTHING_HUNG
        if wanted.any():
            start, end = sources.days_of(self.pieces)
            points = np.unique(self.pieces.service_point_id[wanted])
            hung = registers.hung(service_point_ids=points, start_date=start, end_date=end, quantities=quantities)
        feeds, shown_by = feeds_of(
            pieces=self.pieces,
            wanted=wanted,
            hung=without_checks(hung=hung, book=self.book),
            versions=self.versions,
            obstacles=Obstacles(),
        )
        drawn = (Direction.IMPORT,)
        places = [at for at, one in enumerate(self.spans) if any(is_of(one, kind, drawn) for kind in quantities)]
        usage = _columns([self.spans[at] for at in places])
        found = evidence.demand(pieces=self.pieces, feeds=feeds, registers=shown_by, usage=usage)
        return [
            DemandPart(
                piece=one.piece,
                lane=one.lane,
                feed=one.feed,
                span=places[one.row],
                is_curve=one.is_curve,
                shows=self._plan(one.piece).demand.periods[one.place],
            )
            for one in found
        ]

    def _plan(self, piece: int) -> Plan:
        return self.versions[int(self.pieces.version[piece])].plan

    def _own(self, usage: UsageColumns) -> Drawn:
        return sharing.as_approved(sharing.without_check_meters(usage=usage, book=self.book))

    def _asked(self, rests: Iterable[Rest], need: Input) -> list[Rest]:
        return [one for one in rests if need in self._plan(one.piece).needs]

    def _part(self, counts_as: str, piece: int, rest: Rest, usage: UsageColumns, stream: Stream | None = None) -> Part:
        register = int(registers_of(usage.register_id[rest.row : rest.row + 1])[0])
        start, end = int(usage.start_day[rest.row]), int(usage.end_day[rest.row])
        is_load = stream is not None and stream.rule is not None and stream.rule.kind is RuleKind.UNMETERED
        span = None if is_load else self._span(register, start, end)
        cut, dealt_by = Cut.INTERVALS if rest.is_cut else Cut.WHOLE, register if is_load else 0
        if span is not None and not self.spans[span].is_interval:
            of = self.spans[span]
            if (of.start_date.toordinal(), of.end_date.toordinal()) != (start, end):
                dealt_by = self._profile(self._plan(piece).usage_profile, of)
                cut = Cut.PROFILE if dealt_by else Cut.DAYS
        return Part(
            piece=piece,
            counts_as=counts_as,
            span=span,
            start=date.fromordinal(rest.start_day),
            end=date.fromordinal(rest.end_day),
            cut=cut,
            stream=stream,
            agreed_wh=int(usage.energy_wh[rest.row]) if is_load else 0,
            register_id=dealt_by,
        )

    def _profile(self, name: str, span: SpanProof) -> int:
        """Return the register of the load profile that deals a span, 0 where days do."""
        start, end = span.start_date.toordinal(), span.end_date.toordinal()
        return next(
            (
                one.register_id
                for one in self.at_profiles.get(name, ())
                if one.is_interval and one.quantity == "active" and one.direction == "import"
                if one.start_day <= start and end <= one.end_day
            ),
            0,
        )

    def _span(self, register: int, start: int, end: int) -> int:
        """Return the approved span of a register that holds some days."""
        return next(
            at
            for at in self.by_register[register]
            if self.spans[at].start_date.toordinal() <= start and end <= self.spans[at].end_date.toordinal()
        )


def _columns(spans: Sequence[SpanProof]) -> UsageColumns:
    codes = tuple(sorted({one.period_of_use for one in spans}))

    def column(values: Iterable[int]) -> Int64:
        return np.fromiter(values, dtype=np.int64, count=len(spans))

    return UsageColumns(
        period_codes=codes,
        service_point_id=column(one.service_point_id for one in spans),
        register_id=column(one.register_id for one in spans),
        period_of_use=column(codes.index(one.period_of_use) for one in spans),
        start_day=column(one.start_date.toordinal() for one in spans),
        end_day=column(one.end_date.toordinal() for one in spans),
        energy_wh=column(one.energy_wh for one in spans),
        is_estimated=np.array([one.is_estimated for one in spans], dtype=np.bool_),
        is_interval=np.array([one.is_interval for one in spans], dtype=np.bool_),
        multiplier=column(one.multiplier for one in spans),
    )
