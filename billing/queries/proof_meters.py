"""What meters told, as a proof writes it: registers, their values, interval days, approved usage, corrections."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

import numpy as np

from cis.kernel import fixed
from metering.domain.places import Quantity
from metering.domain.resolving import Hanging
from metering.queries import evidence as metered
from metering.queries.evidence import CorrectedPart, CorrectionProof, DayProof, Origin, ReadProof, SpanProof
from tariffs.domain.telling import Plain

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A load profile, and the days [start_date, end_date) on which something is dealt by it."""

    counter: Hanging
    start_date: date
    end_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """
    What meters told.

    plain      registers, reads, interval days, usage and corrections, as a proof writes them
    spans      ref of each span, by its place
    registers  ref of each register, by its id
    """

    plain: Plain
    spans: Mapping[int, str]
    registers: Mapping[int, str]


def told(
    *,
    spans: Sequence[SpanProof],
    used: Sequence[int],
    profiles: Sequence[Profile],
    known_at: datetime,
    with_staff: bool,
) -> Told:
    """
    Return what meters told of some spans; two statements, and one more where usage was corrected.

    used  places of the spans that are shown
    """
    shown = [spans[at] for at in used]
    near = [(one.register_id, one.start_date, one.end_date) for one in shown if one.is_interval]
    near += [(one.counter.register_id, one.start_date, one.end_date) for one in profiles]
    days_of = [
        *((one.start_date, one.end_date) for one in shown),
        *((one.start_date, one.end_date) for one in profiles),
    ]
    first = min((start for start, _ in days_of), default=known_at.date())
    last = max((end for _, end in days_of), default=first)
    counters = sorted({one.register_id for one in shown if not one.is_interval})
    meters = sorted({register_id for register_id, _, _ in near})
    reads = metered.reads(register_ids=counters, start_date=first, end_date=last)
    days = metered.interval_days(register_ids=meters, start_date=first - DAY, end_date=last + DAY, known_at=known_at)
    days = tuple(one for one in days if _is_near(one, near))
    corrections = _corrections(shown, days, known_at)
    ids = {span.register_id for span in shown} | {one.counter.register_id for one in profiles}
    places = {one: f"r{number}" for number, one in enumerate(sorted(ids), start=1)}
    refs = {at: f"u{number}" for number, at in enumerate(used, start=1)}
    chosen = [_reads_of(one, reads) for one in shown]
    rolled = {one.register_id for one, mine in zip(shown, chosen, strict=True) if _fell(one, mine)}
    numbers = {read.id: f"c{place}" for place, read in enumerate(_distinct(chosen), start=1)}
    return Told(
        plain={
            "registers": _registers(shown, profiles, places, rolled),
            "reads": [_read(one, numbers, places, with_staff=with_staff) for one in _distinct(chosen)],
            "interval_days": [_day(one, places[one.register_id]) for one in days],
            "usage": [
                _usage(refs[at], spans[at], places, [numbers[read.id] for read in mine], corrections)
                for at, mine in zip(used, chosen, strict=True)
            ],
            "corrections": [_correction(one, places) for one in corrections],
        },
        spans=refs,
        registers=places,
    )


def _corrections(
    spans: Sequence[SpanProof], days: Sequence[DayProof], known_at: datetime
) -> tuple[CorrectionProof, ...]:
    changed = {one.register_id for one in spans if one.recorded_wh is not None}
    changed |= {one.register_id for one in days if one.correction_id is not None}
    return metered.corrections(register_ids=sorted(changed), known_at=known_at) if changed else ()


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


def _fell(span: SpanProof, reads: Sequence[ReadProof]) -> bool:
    """Return whether a counter passed the end of its dial; a register of demand falls when it is reset."""
    counts = span.quantity != Quantity.DEMAND.value
    return counts and any(after.reading_wh < before.reading_wh for before, after in pairwise(reads))


def _distinct(chosen: Sequence[Sequence[ReadProof]]) -> list[ReadProof]:
    found = {read.id: read for reads in chosen for read in reads}
    return sorted(found.values(), key=lambda read: (read.register_id, read.read_date, read.version))


def _is_near(day: DayProof, near: Sequence[tuple[int, date, date]]) -> bool:
    """Return whether a day of the metering clock may hold an interval of a register between two dates."""
    return any(
        register_id == day.register_id and start - DAY <= day.day_date < end + DAY for register_id, start, end in near
    )


def _registers(
    spans: Sequence[SpanProof], profiles: Sequence[Profile], places: Mapping[int, str], rolled: set[int]
) -> list[Plain]:
    found: dict[int, Plain] = {
        one.counter.register_id: {
            "ref": places[one.counter.register_id],
            "meter": one.counter.serial,
            "register": one.counter.code,
            "quantity": one.counter.quantity,
            "direction": one.counter.direction,
            "period_of_use": "",
        }
        for one in profiles
    }
    for one in spans:
        found[one.register_id] = {
            "ref": places[one.register_id],
            "meter": one.serial,
            "register": one.code,
            "quantity": one.quantity,
            "direction": one.direction,
            "period_of_use": one.period_of_use,
            **({"digits": one.digits} if one.register_id in rolled else {}),
            **({"resets": one.resets} if one.resets else {}),
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
        **({"correction": _name(day.correction_id)} if day.correction_id is not None else {}),
        "source": _source(day.origin, with_staff=False),
    }


def _in_wh(total: int, exponent: int) -> str:
    """Return a sum of values in Wh, exactly."""
    return fixed.to_text(total * 10 ** max(exponent, 0), places=max(-exponent, 0))


def _name(correction_id: int) -> str:
    return f"k{correction_id}"


def _usage(
    ref: str,
    span: SpanProof,
    places: Mapping[int, str],
    reads: Sequence[str],
    corrections: Sequence[CorrectionProof],
) -> Plain:
    told: Plain = {
        "ref": ref,
        "register": places[span.register_id],
        "service_point": span.service_point,
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
    if span.recorded_wh is not None:
        told["recorded_wh"] = span.recorded_wh
        told["corrections"] = [
            _name(one.id)
            for one in corrections
            if any(
                part.register_id == span.register_id and part.start_date == span.start_date and not part.is_interval
                for part in one.parts
            )
        ]
    return told


def _correction(one: CorrectionProof, places: Mapping[int, str]) -> Plain:
    normal = None
    if one.normal_start_date is not None and one.normal_end_date is not None:
        normal = {"start_date": one.normal_start_date.isoformat(), "end_date": one.normal_end_date.isoformat()}
    return {
        "ref": _name(one.id),
        "cause": one.cause,
        "start_date": one.start_date.isoformat(),
        "first_share": one.first_share,
        "end_date": one.end_date.isoformat(),
        "factor": one.factor or None,
        "normal": normal,
        "added_wh": one.added_wh,
        "applied_at": one.applied_at.isoformat(),
        "parts": [_corrected(part, places) for part in one.parts],
    }


def _corrected(part: CorrectedPart, places: Mapping[int, str]) -> Plain:
    return {
        "register": places[part.register_id],
        "basis": "interval" if part.is_interval else "register",
        "start_date": part.start_date.isoformat(),
        "end_date": part.end_date.isoformat(),
        "before_wh": part.before_wh,
        "after_wh": part.after_wh,
    }
