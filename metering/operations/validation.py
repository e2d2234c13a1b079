"""Rules of validation are asked about energy that is about to be approved, and what they find is kept."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache

import numpy as np
from django.utils import timezone

from cis.kernel.actors import SYSTEM
from cis.kernel.fixed import Int64
from cis.kernel.periods import Period
from cis.platform import db
from metering.domain.exceptions import Key, Noted, Standing, Steps, compare
from metering.domain.intervals import IntervalColumns, Window
from metering.domain.usage import Cuts, required_days
from metering.domain.vee import CODES, Facts, Group, Severity, check, group_of
from metering.domain.vee_columns import NO_READING, Counted, Flags, Past, Spans
from metering.domain.vee_series import Sides, number
from metering.models.exception import UsageException
from metering.operations import waiting_changes
from metering.operations.usage_rows import Hung, UsageFinding
from metering.queries import vee_facts
from metering.queries.usage_rows import Expected
from metering.queries.vee_facts import PastColumns


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """
    Energy of some service points that is about to be approved.

    instants  gives the instant at which each of some local days begins, (n,) to (n,) [microseconds since 1970 UTC]
    blocks    interval days that spans were summed from
    """

    points: list[int]
    hung: Hung
    period: Period
    cuts: Cuts
    expected: list[Expected]
    blocks: Sequence[IntervalColumns]
    instants: Callable[[Int64], Int64]


def looked_at(chunk: Chunk) -> list[Noted]:
    """Return what the rules of the pack find about the energy of a chunk; two statements, none where none is asked."""
    groups = vee_facts.groups(at=chunk.period.start)
    if not groups or not chunk.expected:
        return []
    uses = {}
    if any(group.classes for group in groups):
        uses = dict(vee_facts.classes(service_point_ids=chunk.points, on=chunk.period.start))
    before = vee_facts.past(service_point_ids=chunk.points, codes=chunk.hung.codes, before=chunk.period.start)
    spans, facts = _columns(chunk, before)
    place = _groups(chunk, groups, uses)
    found: list[Noted] = []
    for at, group in enumerate(groups):
        rows = place == at
        if rows.any():
            found += _noted(chunk, spans, facts, group, rows)
    return found


def of_findings(findings: Iterable[UsageFinding]) -> list[Noted]:
    """Return what keeps energy from being known at all, as it is kept: it always stops."""
    return [
        Noted(
            key=Key(one.service_point_id, one.register_id, one.code, one.day.toordinal()),
            end_day=one.day.toordinal(),
            fact_day=one.day.toordinal(),
            severity=Severity.STOP.value,
        )
        for one in findings
    ]


def keep(*, found: Iterable[Noted], standing: Collection[Standing], period: Period) -> None:
    """Open what is new, bring up to date what stands, and let go what is gone; five statements at most."""
    first, end = period.start.toordinal(), period.end.toordinal()
    steps = compare(found=found, standing=standing, start_day=first, end_day=end)
    if steps.gone:
        UsageException.objects.filter(id__in=steps.gone).update(state="gone", closed_at=timezone.now())
        waiting_changes.drop_step(exception_ids=steps.gone, actor=SYSTEM)
    if steps.updated:
        _update(steps)
    if steps.opened:
        UsageException.objects.bulk_create([_row(noted) for noted in steps.opened])


def _update(steps: Steps) -> None:
    ids, notes = zip(*steps.updated, strict=True)
    db.fetch(
        _UPDATE,
        {
            "ids": list(ids), "severities": [one.severity for one in notes], "measures": [one.measure for one in notes],
            "bounds": [one.bound for one in notes], "ends": [date.fromordinal(one.end_day) for one in notes],
            "facts": [date.fromordinal(one.fact_day) for one in notes],
        },
    )  # fmt: skip


_UPDATE = """
UPDATE metering_usageexception x
SET severity = n.severity, measure = n.measure, bound = n.bound, end_date = n.end_date, fact_date = n.fact_date
FROM unnest(%(ids)s::bigint[], %(severities)s::text[], %(measures)s::bigint[], %(bounds)s::bigint[], %(ends)s::date[],
            %(facts)s::date[]) AS n (id, severity, measure, bound, end_date, fact_date)
WHERE x.id = n.id RETURNING x.id
"""


def _row(noted: Noted) -> UsageException:
    return UsageException(
        service_point_id=noted.key.service_point_id,
        register_id=noted.key.register_id,
        code=noted.key.code,
        severity=noted.severity,
        start_date=date.fromordinal(noted.key.start_day),
        end_date=date.fromordinal(noted.end_day),
        fact_date=date.fromordinal(noted.fact_day),
        measure=noted.measure,
        bound=noted.bound,
    )


def _noted(chunk: Chunk, spans: Spans, facts: Facts, group: Group, rows: Flags) -> list[Noted]:
    """Return what the rules of one group find, as it is kept."""
    found = check(spans=spans, facts=facts, group=group, rows=rows)
    notes = []
    for row, place, measure, bound, day in zip(
        found.row.tolist(), found.code.tolist(), found.measure.tolist(), found.bound.tolist(), found.day.tolist(),
        strict=True,
    ):  # fmt: skip
        span, code = chunk.expected[row], CODES[place]
        notes.append(
            Noted(
                key=Key(span.service_point_id, span.register_id, code.value, span.start_day),
                end_day=span.end_day,
                fact_day=day,
                severity=group.severity(code).value,
                measure=measure,
                bound=bound,
            )
        )
    return notes


def _groups(chunk: Chunk, groups: Sequence[Group], uses: dict[int, str]) -> Int64:
    """Return the place of the group of each span, -1 where nothing is checked, (n,)."""

    @cache
    def place_of(use: str, voltage: str, capacity_w: int, is_interval: bool) -> int:
        group = group_of(groups=groups, use=use, voltage=voltage, capacity_w=capacity_w, is_interval=is_interval)
        return -1 if group is None else groups.index(group)

    places = []
    for span in chunk.expected:
        facts = chunk.hung.facts[span.key[:2]]
        use = uses.get(span.service_point_id, "")
        places.append(place_of(use, facts.voltage, facts.capacity_w, facts.is_interval))
    return np.array(places, dtype=np.int64)


def _columns(chunk: Chunk, before: PastColumns) -> tuple[Spans, Facts]:
    """Return the spans of a chunk as rules look at them, and what they know beside."""
    rows = chunk.expected
    told = [chunk.hung.facts[row.key[:2]] for row in rows]
    bare = Spans(
        service_point_id=_whole(row.service_point_id for row in rows),
        meter_id=_whole(one.meter_id for one in told),
        register_id=_whole(row.register_id for row in rows),
        series=np.zeros(len(rows), dtype=np.int64),
        start_day=_whole(row.start_day for row in rows),
        end_day=_whole(row.end_day for row in rows),
        energy_wh=_whole(row.energy_wh for row in rows),
        multiplier=_whole(row.multiplier for row in rows),
        start_reading_wh=_whole(row.start_reading_wh for row in rows),
        end_reading_wh=_whole(row.end_reading_wh for row in rows),
        capacity_w=_whole(one.capacity_w for one in told),
        counted=_whole(int(one.counted) for one in told),
        is_export=_flags(one.is_export for one in told),
        is_total=_flags(row.period_of_use == "" for row in rows),
        is_estimated=_flags(row.is_estimated for row in rows),
        is_interval=_flags(row.is_interval for row in rows),
        is_connected=_flags(one.is_connected for one in told),
        is_due=_due(chunk),
    )
    place = {code: at for at, code in enumerate(chunk.hung.codes)}
    side = _side(_whole(place[row.period_of_use] for row in rows), bare.counted, bare.is_export.astype(np.int64))
    series, mirror, past = _past(bare, side, before)
    facts = Facts(
        past=past,
        mirror=mirror,
        boundaries=chunk.cuts.boundaries,
        blocks=chunk.blocks,
        window=Window(bare.register_id, chunk.instants(bare.start_day), chunk.instants(bare.end_day)),
    )
    return replace(bare, series=series), facts


def _past(spans: Spans, side: Int64, before: PastColumns) -> tuple[Int64, Int64, Past]:
    """Return the series of each span, that of its other direction, and all spans of the past with them."""
    count = len(before)
    sides = Sides(
        service_point_id=np.concatenate((before.service_point_id, spans.service_point_id)),
        side=np.concatenate((_side(before.period, before.counted, before.is_export), side)),
        register_id=np.concatenate((before.register_id, spans.register_id)),
        start_day=np.concatenate((before.start_day, spans.start_day)),
        end_day=np.concatenate((before.end_day, spans.end_day)),
    )
    series, mirror = number(sides=sides)
    order = np.lexsort((sides.start_day, series))
    past = Past(
        series=series[order],
        start_day=sides.start_day[order],
        end_day=sides.end_day[order],
        energy_wh=np.concatenate((before.energy_wh, spans.energy_wh))[order],
        is_estimated=np.concatenate((before.is_estimated == 1, spans.is_estimated))[order],
    )
    return series[count:], mirror[count:], past


def _whole(values: Iterable[int | None]) -> Int64:
    return np.array([NO_READING if value is None else value for value in values], dtype=np.int64)


def _flags(values: Iterable[bool]) -> Flags:
    return np.array(list(values), dtype=np.bool_)


def _side(period: Int64, counted: Int64, export: Int64) -> Int64:
    """Return quantity, period of use and direction as one number; that of the other direction differs in the last."""
    return np.asarray((period * len(Counted) + counted) * 2 + export)


def _due(chunk: Chunk) -> Flags:
    """Return which spans end where they must, (n,)."""
    hangings = chunk.hung.counters
    place, day = required_days(hangings=hangings, cuts=chunk.cuts)
    required = set(
        zip(hangings.service_point_id[place].tolist(), hangings.register_id[place].tolist(), day.tolist(), strict=True)
    )
    return np.array(
        [(row.service_point_id, row.register_id, row.end_day) in required for row in chunk.expected], dtype=np.bool_
    )
