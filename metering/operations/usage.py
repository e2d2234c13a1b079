"""Usage is approved: energy of spans between reads, or out of interval days, compared with what was approved before."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial

import numpy as np
from django.utils import timezone

from accounts.queries import supplier
from cis.kernel.calendar import LocalClock, local_clock
from cis.kernel.periods import Period
from cis.platform import copying, db, events
from cis.platform.db import joins_transaction, opens_transaction
from metering.domain.announcements import UsageCorrected
from metering.domain.exceptions import Noted, stops
from metering.domain.usage import Cuts
from metering.operations import validation
from metering.operations.usage_rows import (
    MISSING,
    Expected,
    UsageFinding,
    from_demands,
    from_intervals,
    from_reads,
    hangings,
    instants,
    interval_days,
    is_due,
)
from metering.queries import usage_rules, vee_facts
from metering.queries.usage_rows import Kept, kept_rows

CHUNK = 1_000
"""Service points worked at once: a month of their interval values stays below 100 MB."""


@dataclass(slots=True)
class Approved:
    """
    What came of it.

    approved    spans that are new
    unchanged   spans that were approved before with the same energy
    superseded  spans approved before that hold no more
    findings    what keeps energy from being approved: each names service point, register, date and advice
    """

    approved: int = 0
    unchanged: int = 0
    superseded: int = 0
    findings: list[UsageFinding] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Scope:
    """Window and cuts of one approval."""

    period: Period
    cuts: Cuts
    clock: LocalClock


@opens_transaction
def approve(
    *,
    start_date: date,
    end_date: date,
    service_point_ids: Sequence[int] | None = None,
    boundaries: Sequence[date] | None = None,
    cuts: Sequence[tuple[int, date]] = (),
    every_read: bool = True,
) -> Approved:
    """
    Approve what registers counted in [start_date, end_date): one use case around ``approve_step``.

    :raises NoSupplier: the installation has no supplier, hence no time zone.
    """
    return approve_step(
        start_date=start_date,
        end_date=end_date,
        service_point_ids=service_point_ids,
        boundaries=boundaries,
        cuts=cuts,
        every_read=every_read,
    )


@joins_transaction
def approve_step(
    *,
    start_date: date,
    end_date: date,
    service_point_ids: Sequence[int] | None = None,
    boundaries: Sequence[date] | None = None,
    cuts: Sequence[tuple[int, date]] = (),
    every_read: bool = True,
) -> Approved:
    """
    Approve what registers counted in [start_date, end_date), a constant number of statements a chunk.

    Energy drawn and energy given to the grid, active and reactive, and the largest demand of registers that show it:
    each is billed by those tariffs that price it.

    Registers read as counters: a span between each two reads. Interval registers: a span between each two boundaries,
    whole local days. No span passes over a boundary, and the ends of an installation are boundaries too: an exchange
    gives two spans. What cannot be told is not guessed but found: a missing read or day, a doubtful counter.
    Approving again changes nothing, unless reads were corrected: then the old span holds no more and the new one is a
    further version, announced by UsageCorrected.

    :param service_point_ids: None: all.
    :param boundaries: dates on which every span ends; None: the starts of months.
    :param cuts: further (service point, date) on which spans end, as the change of an agreement.
    :param every_read: False: reads on other dates than those above end no span; for meters that are read daily.
    :raises NoSupplier: the installation has no supplier, hence no time zone.
    """
    period = Period(start_date, end_date)
    inner = [month.start for month in period.months()] if boundaries is None else boundaries
    days = sorted({day.toordinal() for day in (start_date, *inner, end_date) if start_date <= day <= end_date})
    own = np.array([(place, day.toordinal()) for place, day in cuts], dtype=np.int64).reshape(-1, 2)
    scope = Scope(
        period=period,
        cuts=Cuts(np.array(days, dtype=np.int64), own[:, 0].copy(), own[:, 1].copy(), every_read),
        clock=local_clock(supplier.current().time_zone),
    )
    result = Approved()
    for chunk in _chunks(service_point_ids):
        _approve_chunk(chunk, scope, result)
    return result


def _chunks(service_point_ids: Sequence[int] | None) -> Iterator[list[int]]:
    if service_point_ids is None:
        ids = [found for (found,) in db.fetch("SELECT id FROM metering_servicepoint ORDER BY id")]
    else:
        ids = sorted({int(each) for each in service_point_ids})
    for first in range(0, len(ids), CHUNK):
        yield ids[first : first + CHUNK]


def _approve_chunk(points: list[int], scope: Scope, result: Approved) -> None:
    # Two who approve the same places at once would both write version 1.
    db.fetch("SELECT id FROM metering_servicepoint WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [points])
    scope = _with_split_days(scope, points)
    hung = hangings(points, scope.period)
    blocks = interval_days(hung, scope.period)
    findings: list[UsageFinding] = []
    expected = [
        *from_reads(hung, scope.period, scope.cuts, findings),
        *from_demands(hung, scope.period, scope.cuts, findings),
        *from_intervals(hung, blocks, scope.cuts, scope.clock, findings),
    ]
    before = len(result.findings)
    result.findings += [one for one in findings if one.register_id in hung.drawn or one.code not in MISSING]
    kept = kept_rows(service_point_ids=points, start_date=scope.period.start, end_date=scope.period.end)
    doubts = _Doubts(points, scope)
    chunk = validation.Chunk(
        points=points, hung=hung, period=scope.period, cuts=scope.cuts, expected=expected, blocks=blocks,
        instants=partial(instants, clock=scope.clock),
    )  # fmt: skip
    expected = doubts.without_stopped(chunk, kept)
    new, stale = _compare(expected, kept, scope.period, result)
    if stale:
        db.fetch(
            "UPDATE metering_usage SET is_current = FALSE WHERE id = ANY(%s) RETURNING id", [[row.id for row in stale]]
        )
        events.announce(
            UsageCorrected(
                service_point_ids=tuple(sorted({row.span.service_point_id for row in stale})),
                from_date=date.fromordinal(min(row.span.start_day for row in stale)),
            )
        )
    for is_interval in (False, True):
        _write([(row, version) for row, version in new if row.is_interval == is_interval])
    if any(row.is_estimated for row, _version in new):
        db.execute(_NAME_METHODS, {"points": points, "start": scope.period.start, "end": scope.period.end})
    result.approved += len(new)
    result.superseded += len(stale)
    doubts.keep(result.findings[before:])


class _Doubts:
    """What is doubtful about the energy of a chunk: found, asked whether it stops, and kept in the end."""

    def __init__(self, points: list[int], scope: Scope) -> None:
        self.scope = scope
        self.standing = vee_facts.standing(
            service_point_ids=points, start_date=scope.period.start, end_date=scope.period.end
        )
        self.found: list[Noted] = []

    def without_stopped(self, chunk: validation.Chunk, kept: list[Kept]) -> list[Expected]:
        """Ask the rules of the pack, and return the spans without those that something stops."""
        # Two persons looked at what holds a correction.
        corrected = {row.key for row in kept if row.is_current and row.recorded_wh is not None}
        self.found = [one for one in validation.looked_at(chunk) if _span_of(one) not in corrected]
        stopped = {_span_of(one) for one in self.found if stops(noted=one, standing=self.standing)}
        return [span for span in chunk.expected if span.key not in stopped] if stopped else chunk.expected

    def keep(self, findings: list[UsageFinding]) -> None:
        """Keep what was found, and what cannot be told at all and should be there by now."""
        today = self.scope.clock.local_date(timezone.now())
        due = [one for one in findings if is_due(one, today=today)]
        noted = [*validation.of_findings(due), *self.found]
        validation.keep(found=noted, standing=self.standing, period=self.scope.period)


def _span_of(noted: Noted) -> tuple[int, int, int]:
    """Return the key of the span that a finding is about."""
    return noted.key.service_point_id, noted.key.register_id, noted.key.start_day


def _with_split_days(scope: Scope, points: list[int]) -> Scope:
    """Return the scope in which spans also end where usage rules give other parts of a meter to others."""
    own = usage_rules.split_days(service_point_ids=points)
    if not own:
        return scope
    found = np.array([(place, day.toordinal()) for place, day in own], dtype=np.int64)
    cuts = scope.cuts
    places, days = np.concatenate((cuts.places, found[:, 0])), np.concatenate((cuts.days, found[:, 1]))
    return replace(scope, cuts=replace(cuts, places=places, days=days))


def _compare(
    expected: list[Expected], kept: list[Kept], period: Period, result: Approved
) -> tuple[list[tuple[Expected, int]], list[Kept]]:
    """Return the spans to write with their versions, and the rows that hold no more."""
    if not kept:
        return [(row, 1) for row in expected], []
    first, end = period.start.toordinal(), period.end.toordinal()
    current = {row.key: row for row in kept if row.is_current}
    outside = [row for row in current.values() if row.span.start_day < first or row.span.end_day > end]
    expected = _without_overlaps(expected, outside, result)
    corrected = [row for row in current.values() if row.recorded_wh is not None and row not in outside]
    expected = _without_corrected(expected, corrected, result)
    versions: dict[tuple[int, int, int], int] = {}
    for row in kept:
        versions[row.key] = max(row.version, versions.get(row.key, 0))
    for row in (*outside, *corrected):
        current.pop(row.key)
    new = []
    for span in expected:
        before = current.get(span.key)
        if before is not None and before.span == span:
            result.unchanged += 1
            current.pop(span.key)
        else:
            new.append((span, versions.get(span.key, 0) + 1))
    return new, list(current.values())


def _without_overlaps(expected: list[Expected], outside: list[Kept], result: Approved) -> list[Expected]:
    """Leave out spans that a row covers which reaches out of the window: replacing it would lose the rest of it."""
    by_register: dict[tuple[int, int], list[Expected]] = {}
    for row in outside:
        by_register.setdefault(row.key[:2], []).append(row.span)
    if not by_register:
        return expected
    kept = []
    for span in expected:
        others = by_register.get(span.key[:2], ())
        clash = next((o for o in others if o.start_day < span.end_day and span.start_day < o.end_day), None)
        if clash is None:
            kept.append(span)
        else:
            result.findings.append(UsageFinding.overlap(span, clash))
    return kept


def _without_corrected(expected: list[Expected], corrected: list[Kept], result: Approved) -> list[Expected]:
    """
    Leave out spans whose energy holds a correction: two persons settled it, and no later read may change it unseen.

    Where the counter values say what they said when it was corrected, nothing is to be done; else it is a finding.
    """
    held = {row.key: row for row in corrected}
    by_register: dict[tuple[int, int], list[Kept]] = {}
    for row in corrected:
        by_register.setdefault(row.key[:2], []).append(row)
    kept = []
    for span in expected:
        same = held.get(span.key)
        if same is not None and _says_the_same(span, same):
            result.unchanged += 1
            continue
        others = by_register.get(span.key[:2], ())
        clash = next((o for o in others if o.span.start_day < span.end_day and span.start_day < o.span.end_day), None)
        if clash is None:
            kept.append(span)
        else:
            result.findings.append(UsageFinding.corrected(span, clash))
    return kept


def _says_the_same(span: Expected, row: Kept) -> bool:
    """Return whether reads give what a corrected row was corrected from."""
    was = row.span._replace(energy_wh=row.recorded_wh or 0, is_estimated=span.is_estimated)
    return span == was


def _write(rows: list[tuple[Expected, int]]) -> None:
    """Append rows of one basis by COPY."""
    if not rows:
        return
    spans = [span for span, _ in rows]
    codes = sorted({span.period_of_use for span in spans})
    place = {code: at for at, code in enumerate(codes)}

    def column(name: str) -> np.ndarray:
        return np.array([getattr(span, name) for span in spans], dtype=np.int64)

    is_interval = spans[0].is_interval
    copying.load(
        table="metering_usage",
        columns={
            "service_point_id": copying.int8(column("service_point_id")),
            "register_id": copying.int8(column("register_id")),
            "period_of_use": copying.words(np.array([place[span.period_of_use] for span in spans]), codes),
            "start_date": copying.day(column("start_day")),
            "end_date": copying.day(column("end_day")),
            "basis": copying.text("interval" if is_interval else "register"),
            "start_reading_wh": copying.null() if is_interval else copying.int8(column("start_reading_wh")),
            "end_reading_wh": copying.null() if is_interval else copying.int8(column("end_reading_wh")),
            "multiplier": copying.int4(column("multiplier")),
            "energy_wh": copying.int8(column("energy_wh")),
            "is_estimated": copying.boolean(column("is_estimated").astype(np.bool_)),
            "method": copying.text(""),
            "version": copying.int2(np.array([version for _, version in rows], dtype=np.int64)),
            "is_current": copying.boolean(True),
            "approved_at": copying.instant(timezone.now()),
        },
    )


# What a span rests on: the value at its end, else at its start; of interval days the method of most.
_NAME_METHODS = """
UPDATE metering_usage u SET method = n.method
FROM (
    SELECT s.id, CASE WHEN s.basis = 'interval' THEN (
               SELECT mode() WITHIN GROUP (ORDER BY d.method) FROM (
                   SELECT DISTINCT ON (day_date) method FROM metering_intervalday
                   WHERE register_id = s.register_id AND day_date BETWEEN s.start_date - 1 AND s.end_date
                   ORDER BY day_date, version DESC) d
               WHERE d.method <> '')
           ELSE (
               SELECT r.method FROM (
                   SELECT DISTINCT ON (read_date) read_date, method FROM metering_registerread
                   WHERE register_id = s.register_id AND read_date IN (s.start_date, s.end_date)
                   ORDER BY read_date, version DESC) r
               WHERE r.method <> '' ORDER BY r.read_date DESC LIMIT 1)
           END AS method
    FROM metering_usage s
    WHERE s.service_point_id = ANY(%(points)s) AND s.is_current AND s.is_estimated AND s.method = ''
      AND s.start_date >= %(start)s AND s.end_date <= %(end)s
) n WHERE u.id = n.id AND n.method IS NOT NULL
"""
