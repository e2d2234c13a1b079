"""
Where the energy of each piece comes from, where usage rules say more than that its own meters count it.

A piece is billed on the sum of streams: what its own meters count, its part of another meter, an agreed load; less
what sub-meters count that are billed apart. Each stream is a piece of its own, at a place of its own, so that all of
them are located, cut by day and split by period of use just as pieces are that know no rules. Streams have numbers
below 0 in place of service points and accounts: what is missing in one is told with the name of where it is missing.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from billing.domain.findings import Obstacle, Obstacles
from billing.domain.measured import MISSING_READ
from billing.domain.pieces import Mask, Pieces, PlanVersion
from cis.kernel.errors import Refused
from cis.kernel.fixed import Int64
from metering.domain.shares import less_submeters
from metering.domain.usage_rules import GIVEN, TAKING, Rule, RuleBook, RuleKind
from tariffs.domain.inputs import Input

REGISTER_BITS = 40
"""Ids of registers stay below 2^40, so that the number of a stream fits above them."""
REGISTERS = (1 << REGISTER_BITS) - 1
FAR = date.max.toordinal()
Span = tuple[int, int]
DRAWN, LESS, TOLD = 1, -1, 0
"""How a stream counts: it adds energy, takes energy off, or only tells what is billed apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """
    Energy that reaches, or leaves, the pieces at one service point over [start_day, end_day).

    number            below 0: stands in place of the service point of what it counts
    service_point_id  whose pieces it is counted into
    rule              by which it does; None = it only tells what is billed apart
    behind            the rule of the sub-meter that is taken off; None = none
    sign              DRAWN, LESS or TOLD
    is_apart          what it counts is billed apart from the meter of the place
    name              what it is, for a message
    """

    number: int
    service_point_id: int
    rule: Rule[int] | None
    behind: Rule[int] | None
    sign: int
    is_apart: bool
    start_day: int
    end_day: int
    name: str


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Streams:
    """
    The streams of m pieces, as v pieces of their own; equal only to itself.

    pieces    (v,) sorted by place and start; places and accounts of streams are numbers below 0
    target    (v,) place of the piece that it is counted into
    sign      (v,) DRAWN, LESS or TOLD
    is_apart  (v,) what it counts is billed apart
    is_plain  (v,) the place is billed on just what its own meters count
    streams   those that rules make, by their number
    accounts  for each v account number below 0 the account and the stream that it stands for
    """

    pieces: Pieces
    target: Int64
    sign: Int64
    is_apart: Mask
    is_plain: Mask
    streams: tuple[Stream, ...]
    accounts: tuple[tuple[int, Stream], ...]
    count: int

    @property
    def has_rules(self) -> bool:
        """Return whether there is a piece that is not billed on just what its own meters count."""
        return not bool(self.is_plain.all())

    def fold(self, values: Int64) -> Int64:
        """Return sums for the m pieces of numbers of their streams, (v,) or (v, k), each with its sign."""
        if not self.has_rules:
            return values
        folded = np.zeros((self.count, *values.shape[1:]), dtype=np.int64)
        sign = self.sign if values.ndim == 1 else self.sign[:, None]
        np.add.at(folded, self.target, values * sign)
        return folded

    def spread(self, flags: Mask) -> Mask:
        """Return for the m pieces whether one of their streams is marked, (m,)."""
        if not self.has_rules:
            return flags
        marked = np.zeros(self.count, dtype=np.bool_)
        marked[self.target[flags]] = True
        return marked

    def sums(self, values: Int64) -> Int64:
        """Return sums for the m pieces of numbers of all their streams, whatever their sign, (m,)."""
        if not self.has_rules:
            return values
        folded = np.zeros(self.count, dtype=np.int64)
        np.add.at(folded, self.target, values)
        return folded

    def apart(self, energy_wh: Int64) -> Int64:
        """Return what is billed apart from the meters of each of the m pieces, (m, k). [Wh]"""
        rows = np.flatnonzero(self.is_apart)
        apart_wh = np.zeros((self.count, energy_wh.shape[1]), dtype=np.int64)
        np.add.at(apart_wh, self.target[rows], energy_wh[rows])
        return apart_wh

    def tell(self, found: Obstacles, *, into: Obstacles) -> None:
        """Tell what was found in streams of the accounts that they are streams of, naming the stream."""
        for account, obstacle in found.of_account.items():
            if account >= 0:
                into.add(account, obstacle)
            else:
                real, stream = self.accounts[-account - 1]
                into.add(real, replace(obstacle, message=f"{stream.name}: {obstacle.message}"))

    def note_below_nothing(self, *, energy_wh: Int64, pieces: Pieces, obstacles: Obstacles) -> None:
        """
        Note the accounts whose sub-meters count more than their main meter, over all periods of use.

        energy_wh  (v, k) of the streams [Wh]
        """
        for place in np.unique(self.target[self.sign == LESS]).tolist():
            mine = self.target == place
            main = energy_wh[mine & (self.sign == DRAWN)].sum(axis=0)
            less = energy_wh[mine & (self.sign == LESS)].sum(axis=0)
            try:
                less_submeters(energy_wh=main[None, :], submeters_wh=less[None, :])
            except Refused as refusal:
                start = date.fromordinal(int(pieces.start_day[place]))
                message = f"{refusal.message} (from {start})"
                obstacle = Obstacle(code=refusal.code, message=message, advice=refusal.advice)
                obstacles.add(int(pieces.account_id[place]), obstacle)


def plain(pieces: Pieces) -> Streams:
    """Return the streams of pieces without rules: they are the pieces."""
    count = len(pieces)
    return Streams(
        pieces=pieces,
        target=np.arange(count, dtype=np.int64),
        sign=np.full(count, DRAWN, dtype=np.int64),
        is_apart=np.zeros(count, dtype=np.bool_),
        is_plain=np.ones(count, dtype=np.bool_),
        streams=(),
        accounts=(),
        count=count,
    )


def streams_of(*, pieces: Pieces, book: RuleBook, versions: Sequence[PlanVersion], obstacles: Obstacles) -> Streams:
    """
    Return the streams of pieces under the rules of a book, noting accounts with days that nothing counts.

    Days on which a place has neither a meter nor a rule that gives it energy are a gap, as missing reads are.
    """
    if not book.rules:
        return plain(pieces)
    streams = tuple(_streams(book, _telling(pieces, versions)))
    parts: list[tuple[int, int, int, Stream | None]] = []
    places = _places_of(pieces)
    for stream in streams:
        for place in places.get(stream.service_point_id, ()):
            start, end = _clip(pieces, place, (stream.start_day, stream.end_day))
            if start < end:
                parts.append((place, start, end, stream))
    given, hanging = _given_days(parts), _hanging(book)
    for place, point in enumerate(pieces.service_point_id.tolist()):
        own = [_clip(pieces, place, (0, FAR))]
        if place in given:
            own = [_clip(pieces, place, span) for span in hanging.get(point, ())]
            own = [span for span in own if span[0] < span[1]]
            _note_uncounted(pieces, place, union([*own, *given[place]]), obstacles)
        parts += [(place, start, end, None) for start, end in own]
    ruled = _ruled(pieces, places, book)
    ruled[[part[0] for part in parts if part[3] is not None]] = True
    return _laid_out(pieces, streams, parts, ruled)


def _telling(pieces: Pieces, versions: Sequence[PlanVersion]) -> frozenset[int]:
    """Return the service points whose tariffs ask for what is billed apart."""
    asks = np.array([Input.SUBMETER_WH in one.plan.needs for one in versions] + [False], dtype=np.bool_)
    return frozenset(np.unique(pieces.service_point_id[asks[pieces.version]]).tolist())


def _streams(book: RuleBook, telling: frozenset[int]) -> Iterator[Stream]:
    """Yield the streams that rules make, numbered from -1 downward."""
    number = 0
    behind = [rule for rule in book.rules if rule.kind is RuleKind.SUBMETER]

    def stream(point: int, rule: Rule[int] | None, sub: Rule[int] | None, sign: int, name: str) -> Stream:
        nonlocal number
        number -= 1
        held = [one for one in (rule, sub) if one is not None]
        return Stream(
            number=number,
            service_point_id=point,
            rule=rule,
            behind=sub,
            sign=sign,
            is_apart=sign == TOLD or (sub is not None and rule is None),
            start_day=max((one.days[0] for one in held), default=1),
            end_day=min((one.days[1] for one in held), default=FAR),
            name=name,
        )

    for rule in book.rules:
        source = book.names.get(rule.source or 0, "")
        if rule.kind in TAKING:
            yield stream(rule.service_point, rule, None, DRAWN, f"Part of the meter at {source}")
            # Fixed quantities are full quantities; a share is of what sub-meters leave.
            for sub in behind:
                if sub.source == rule.source and rule.kind is RuleKind.SHARE:
                    name = f"Sub-meter at {book.names[sub.service_point]}, behind the meter at {source}"
                    yield stream(rule.service_point, rule, sub, LESS, name)
        elif rule.kind is RuleKind.UNMETERED:
            name = f"Unmetered load, by the profile {source}" if source else "Unmetered load"
            yield stream(rule.service_point, rule, None, DRAWN, name)
    for sub in behind:
        assert sub.source is not None
        yield stream(sub.source, None, sub, LESS, f"Sub-meter at {book.names[sub.service_point]}")
    for point in sorted(telling & {rule.source for rule in book.rules if rule.kind in TAKING}):
        yield stream(point, None, None, TOLD, "What is billed apart")


def _places_of(pieces: Pieces) -> dict[int, list[int]]:
    places: dict[int, list[int]] = {}
    for place, point in enumerate(pieces.service_point_id.tolist()):
        places.setdefault(point, []).append(place)
    return places


def _ruled(pieces: Pieces, places: dict[int, list[int]], book: RuleBook) -> Mask:
    """Return the pieces with days on which a rule changes the energy of their place, (m,)."""
    ruled = np.zeros(len(pieces), dtype=np.bool_)
    for rule in book.rules:
        for point in rule.places:
            for place in places.get(point, ()):
                start, end = _clip(pieces, place, rule.days)
                ruled[place] |= start < end
    return ruled


def _clip(pieces: Pieces, place: int, span: Span) -> Span:
    return max(int(pieces.start_day[place]), span[0]), min(int(pieces.end_day[place]), span[1])


def _given_days(parts: Iterable[tuple[int, int, int, Stream | None]]) -> dict[int, list[Span]]:
    """Return for each piece that rules give energy the days on which they do."""
    given: dict[int, list[Span]] = {}
    for place, start, end, stream in parts:
        if stream is not None and stream.sign == DRAWN and stream.rule is not None and stream.rule.kind in GIVEN:
            given.setdefault(place, []).append((start, end))
    return given


def _hanging(book: RuleBook) -> dict[int, list[Span]]:
    """Return for each service point the days on which a meter that is billed hangs there."""
    hung: dict[int, list[Span]] = {}
    for register in book.registers:
        if register.is_drawn:
            span = (register.start_day, register.end_day)
            hung.setdefault(register.service_point_id, []).extend(
                less(span=span, holes=book.left_out_days(register.meter_id))
            )
    return {point: union(spans) for point, spans in hung.items()}


def less(*, span: Span, holes: Iterable[Span]) -> list[Span]:
    """Return what is left of a span without some others."""
    spans = [span]
    for start, end in holes:
        spans = [part for low, high in spans for part in ((low, min(high, start)), (max(low, end), high))]
        spans = [part for part in spans if part[0] < part[1]]
    return spans


def union(spans: Iterable[Span]) -> list[Span]:
    """Return the days of some spans as spans that do not touch each other, ascending."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _note_uncounted(pieces: Pieces, place: int, counted: list[Span], obstacles: Obstacles) -> None:
    """Note a piece with days on which no meter hangs and no rule gives it energy."""
    day, end = int(pieces.start_day[place]), int(pieces.end_day[place])
    for span in counted:
        if span[0] > day:
            break
        day = max(day, span[1])
    if day < end:
        on = date.fromordinal(day)
        obstacles.add(
            int(pieces.account_id[place]),
            Obstacle(
                code=MISSING_READ,
                message=f"On {on} no meter hangs there, and no usage rule says what the place is billed on.",
                advice="Look at the usage rules of the place: let one hold from that day on, or hang up a meter.",
            ),
        )


def _laid_out(
    pieces: Pieces, streams: tuple[Stream, ...], parts: list[tuple[int, int, int, Stream | None]], ruled: Mask
) -> Streams:
    """
    Return the parts as pieces, sorted by place and start.

    ruled  (m,) pieces that are not billed on just what their own meters count
    """
    target = np.array([part[0] for part in parts], dtype=np.int64)
    accounts = tuple((int(pieces.account_id[place]), stream) for place, _, _, stream in parts if stream is not None)
    number = 0
    account, point = pieces.account_id[target], pieces.service_point_id[target]
    for row, (_, _, _, stream) in enumerate(parts):
        if stream is not None:
            number -= 1
            account[row], point[row] = number, stream.number
    start = np.array([part[1] for part in parts], dtype=np.int64)
    order = np.lexsort((start, point))
    laid = replace(
        pieces.take(target),
        account_id=account,
        service_point_id=point,
        start_day=start,
        end_day=np.array([part[2] for part in parts], dtype=np.int64),
    )
    return Streams(
        pieces=laid.take(order),
        target=target[order],
        sign=np.array([DRAWN if part[3] is None else part[3].sign for part in parts], dtype=np.int64)[order],
        is_apart=np.array([part[3] is not None and part[3].is_apart for part in parts], dtype=np.bool_)[order],
        is_plain=~ruled[target][order],
        streams=streams,
        accounts=accounts,
        count=len(pieces),
    )
