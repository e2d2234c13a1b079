"""The energy of segments down to what meters told, as it was known when a bill was rated."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

import numpy as np

from accounts.queries import supplier
from billing.domain import evidence
from billing.domain.daily import LocalDays
from billing.domain.evidence import Rest
from billing.domain.pieces import PlanVersion
from billing.queries.proof_rows import SegmentRow, pieces_of
from cis.kernel import fixed
from cis.kernel.calendar import local_clock
from cis.platform import calendars
from metering.domain.places import Direction, Quantity
from metering.domain.usage import UsageColumns
from metering.queries import evidence as metered
from metering.queries.evidence import DayProof, Origin, ReadProof, SpanProof
from tariffs.domain.inputs import Input
from tariffs.domain.telling import Plain

DAY = timedelta(days=1)
KINDS = (
    ("energy_wh", Quantity.ACTIVE, (Direction.IMPORT,), None),
    ("reactive_varh", Quantity.REACTIVE, (Direction.IMPORT, Direction.EXPORT), Input.REACTIVE_VARH),
    ("export_wh", Quantity.ACTIVE, (Direction.EXPORT,), Input.EXPORT_WH),
)
"""What is counted, by which registers; None: by every plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Energy:
    """
    What segments rest on.

    rests  place of a segment -> parts of approved spans
    told   registers, reads, interval days and approved spans, as a proof writes them
    span   first and last day that are looked at
    """

    rests: Mapping[int, list[Plain]]
    told: Plain
    span: tuple[date, date]


def local_days() -> LocalDays:
    """Return the supplier's clock, and the days that calendars treat as holidays or as worked."""
    days = calendars.business_calendar(supplier.country())
    clock = local_clock(supplier.current().time_zone)
    return LocalDays(clock=clock, holidays=days.holidays, makeup_days=days.makeup_days)


def of_segments(
    *, rows: Sequence[SegmentRow], versions: Sequence[PlanVersion], known_at: datetime, with_staff: bool
) -> Energy:
    """
    Return what the rated segments of a bill rest on; three statements.

    rows  all segments; those that take another back rest on nothing of their own
    """
    own = [place for place, row in enumerate(rows) if row.cancels_id is None]
    own.sort(key=lambda place: (rows[place].service_point_id, rows[place].start_date))
    first = min((rows[place].start_date for place in own), default=known_at.date())
    last = max((rows[place].end_date for place in own), default=first)
    spans = metered.spans(
        service_point_ids=sorted({rows[place].service_point_id for place in own}),
        start_date=first,
        end_date=last,
        known_at=known_at,
    )
    found = _rests([rows[place] for place in own], spans, versions)
    used = sorted({at for rest in found for at in (rest[2],)})
    refs = {at: f"u{number}" for number, at in enumerate(used, start=1)}
    rests: dict[int, list[Plain]] = {}
    for piece, name, at, rest in found:
        rests.setdefault(own[piece], []).append(_rest(name, refs[at], rest))
    shown = [spans[at] for at in used]
    return Energy(
        rests=rests,
        told=_told(shown, list(refs.values()), known_at, with_staff=with_staff),
        span=(min([first, *(one.start_date for one in shown)]), max([last, *(one.end_date for one in shown)])),
    )


def _rests(
    rows: Sequence[SegmentRow], spans: Sequence[SpanProof], versions: Sequence[PlanVersion]
) -> list[tuple[int, str, int, Rest]]:
    """Return (piece, what is counted, place of the span, part) for all kinds of energy."""
    pieces = pieces_of(rows=rows, versions=versions)
    needs = {one.version_id: one.plan.needs for one in versions}
    found: list[tuple[int, str, int, Rest]] = []
    for name, quantity, directions, need in KINDS:
        at = [
            place
            for place, one in enumerate(spans)
            if one.quantity == quantity.value and one.direction in {direction.value for direction in directions}
        ]
        usage = _columns([spans[place] for place in at])
        if need is None:
            rests = evidence.energy(pieces=pieces, usage=usage, versions=versions)
        else:
            rests = evidence.counted(pieces=pieces, usage=usage)
        wanted = (one for one in rests if need is None or need in needs[rows[one.piece].version_id])
        found += [(one.piece, name, at[one.row], one) for one in wanted]
    return found


def _columns(spans: Sequence[SpanProof]) -> UsageColumns:
    codes = tuple(sorted({one.period_of_use for one in spans}))

    def column(values: Iterable[int]) -> np.ndarray:
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


def _rest(name: str, usage: str, rest: Rest) -> Plain:
    return {
        "counts_as": name,
        "usage": usage,
        "start_date": date.fromordinal(rest.start_day).isoformat(),
        "end_date": date.fromordinal(rest.end_day).isoformat(),
        "is_cut": rest.is_cut,
    }


def _told(spans: Sequence[SpanProof], refs: Sequence[str], known_at: datetime, *, with_staff: bool) -> Plain:
    """Return registers, counter values, interval days and spans."""
    first = min((one.start_date for one in spans), default=known_at.date())
    last = max((one.end_date for one in spans), default=first)
    counters = sorted({one.register_id for one in spans if not one.is_interval})
    meters = sorted({one.register_id for one in spans if one.is_interval})
    reads = metered.reads(register_ids=counters, start_date=first, end_date=last)
    days = metered.interval_days(register_ids=meters, start_date=first - DAY, end_date=last + DAY, known_at=known_at)
    places = {one: f"r{number}" for number, one in enumerate(sorted({span.register_id for span in spans}), start=1)}
    chosen = [_reads_of(one, reads) for one in spans]
    rolled = {one.register_id for one, mine in zip(spans, chosen, strict=True) if _fell(mine)}
    numbers = {read.id: f"c{place}" for place, read in enumerate(_distinct(chosen), start=1)}
    return {
        "registers": _registers(spans, places, rolled),
        "reads": [_read(one, numbers, places, with_staff=with_staff) for one in _distinct(chosen)],
        "interval_days": [_day(one, places[one.register_id]) for one in days if _is_near(one, spans)],
        "usage": [
            _usage(ref, one, places[one.register_id], [numbers[read.id] for read in mine])
            for ref, one, mine in zip(refs, spans, chosen, strict=True)
        ],
    }


def _reads_of(span: SpanProof, reads: Sequence[ReadProof]) -> list[ReadProof]:
    """Return the counter values that a span was computed from: of each date the last known when it was approved."""
    if span.is_interval:
        return []
    found: dict[date, ReadProof] = {}
    for read in reads:
        inside = read.register_id == span.register_id and span.start_date <= read.read_date <= span.end_date
        if inside and read.received_at <= span.approved_at:
            found[read.read_date] = read
    return [found[day] for day in sorted(found)]


def _fell(reads: Sequence[ReadProof]) -> bool:
    return any(after.reading_wh < before.reading_wh for before, after in pairwise(reads))


def _distinct(chosen: Sequence[Sequence[ReadProof]]) -> list[ReadProof]:
    found = {read.id: read for reads in chosen for read in reads}
    return sorted(found.values(), key=lambda read: (read.register_id, read.read_date, read.version))


def _is_near(day: DayProof, spans: Sequence[SpanProof]) -> bool:
    """Return whether a day of the metering clock may hold an interval of a span."""
    return any(
        one.register_id == day.register_id and one.start_date - DAY <= day.day_date < one.end_date + DAY
        for one in spans
    )


def _registers(spans: Sequence[SpanProof], places: Mapping[int, str], rolled: set[int]) -> list[Plain]:
    found: dict[int, Plain] = {}
    for one in spans:
        found[one.register_id] = {
            "ref": places[one.register_id],
            "meter": one.serial,
            "register": one.code,
            "quantity": one.quantity,
            "direction": one.direction,
            "period_of_use": one.period_of_use,
            **({"digits": one.digits} if one.register_id in rolled else {}),
        }
    return [found[register_id] for register_id in sorted(found)]


def _read(read: ReadProof, numbers: Mapping[int, str], places: Mapping[int, str], *, with_staff: bool) -> Plain:
    return {
        "ref": numbers[read.id],
        "register": places[read.register_id],
        "date": read.read_date.isoformat(),
        "reading_wh": read.reading_wh,
        "kind": read.kind,
        "version": str(read.version),
        "received_at": read.received_at.isoformat(),
        "source": _source(read.origin, with_staff=with_staff),
    }


def _source(origin: Origin, *, with_staff: bool) -> Plain:
    """Return the delivered file, or that there is none: then the value was typed in."""
    told: Plain = {"file": origin.file or None, "sha256": origin.sha256 or None}
    typed = with_staff and not origin.file and origin.actor_id is not None
    return {**told, "typed_in_by": str(origin.actor_id)} if typed else told


def _day(day: DayProof, register: str) -> Plain:
    values = np.frombuffer(day.values, dtype="<i4").tolist()
    return {
        "register": register,
        "date": day.day_date.isoformat(),
        "version": str(day.version),
        "start_at": day.start_at.isoformat(),
        "interval_minutes": day.interval_minutes,
        "exponent": day.exponent,
        "values": values,
        "sum_wh": _in_wh(sum(values), day.exponent),
        "quality": day.quality,
        "source": _source(day.origin, with_staff=False),
    }


def _in_wh(total: int, exponent: int) -> str:
    """Return a sum of values in Wh, exactly."""
    return fixed.to_text(total * 10 ** max(exponent, 0), places=max(-exponent, 0))


def _usage(ref: str, span: SpanProof, register: str, reads: Sequence[str]) -> Plain:
    return {
        "ref": ref,
        "register": register,
        "start_date": span.start_date.isoformat(),
        "end_date": span.end_date.isoformat(),
        "basis": "interval" if span.is_interval else "register",
        "multiplier": span.multiplier,
        "energy_wh": span.energy_wh,
        "is_estimated": span.is_estimated,
        "version": str(span.version),
        "approved_at": span.approved_at.isoformat(),
        "reads": list(reads),
    }
