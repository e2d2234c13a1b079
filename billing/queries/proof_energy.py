"""The energy and demand of segments down to what meters told, as it was known when a bill was rated."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from accounts.queries import supplier
from billing.domain.daily import LocalDays
from billing.domain.evidence import Cut
from billing.domain.pieces import PlanVersion
from billing.domain.streams import DRAWN, LESS, Stream
from billing.queries import proof_meters, proof_parts
from billing.queries.proof_meters import Profile, Told
from billing.queries.proof_parts import DemandPart, Part, Parts
from billing.queries.proof_rows import SegmentRow, pieces_of
from cis.kernel import fixed
from cis.kernel.calendar import local_clock
from cis.platform import calendars
from metering.domain.usage_rules import Rule, RuleBook, RuleKind
from tariffs.domain.telling import Plain

SHARE_PLACES = 6
COUNTS = {DRAWN: "added", LESS: "taken_off"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Energy:
    """
    What segments rest on.

    rests   place of a segment -> parts of approved usage
    demand, reactive  place of a segment -> what its demand, or reactive demand, is read from
    told    registers, reads, interval days, usage, corrections and usage rules, as a proof writes them
    span    first and last day that are looked at
    """

    rests: Mapping[int, list[Plain]]
    demand: Mapping[int, list[Plain]]
    reactive: Mapping[int, list[Plain]]
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
    Return what the rated segments of a bill rest on; statements: those of ``proof_parts`` and ``proof_meters``.

    rows  all segments; those that take another back rest on nothing of their own
    """
    own = [place for place, row in enumerate(rows) if row.cancels_id is None]
    if not own:
        nothing = proof_meters.told(spans=(), used=(), profiles=(), known_at=known_at, with_staff=with_staff)
        day = min((row.start_date for row in rows), default=known_at.date())
        return Energy(rests={}, demand={}, reactive={}, told={**nothing.plain, "rules": []}, span=(day, day))
    own.sort(key=lambda place: (rows[place].service_point_id, rows[place].start_date))
    pieces = pieces_of(rows=[rows[place] for place in own], versions=versions)
    parts = proof_parts.of_pieces(pieces=pieces, versions=versions, known_at=known_at)
    used = parts.used
    told = proof_meters.told(
        spans=parts.spans,
        used=used,
        profiles=[_profile(key, parts) for key in sorted(parts.profiles)],
        known_at=known_at,
        with_staff=with_staff,
    )
    rules = {rule.id: f"s{number}" for number, rule in enumerate(_shown_rules(parts), start=1)}
    rests: dict[int, list[Plain]] = {}
    for part in parts.energy:
        rests.setdefault(own[part.piece], []).append(_rest(part, told, rules, is_ruled=part.piece in parts.ruled))
    demand, reactive = (
        {own[piece]: mine for piece, mine in _by_piece(_demand(found, told)).items()}
        for found in (parts.demand, parts.reactive)
    )
    shown = [parts.spans[at] for at in used]
    first = min(rows[place].start_date for place in own)
    last = max(rows[place].end_date for place in own)
    return Energy(
        rests=rests,
        demand=demand,
        reactive=reactive,
        told={**told.plain, "rules": [_rule(one, rules, parts) for one in _shown_rules(parts)]},
        span=(min([first, *(one.start_date for one in shown)]), max([last, *(one.end_date for one in shown)])),
    )


def _profile(register_id: int, parts: Parts) -> Profile:
    """Return a load profile with the days on which something is dealt by it."""
    mine = [part for part in parts.energy if part.register_id == register_id]
    spans = [parts.spans[part.span] for part in mine if part.span is not None]
    days = [(part.start, part.end) for part in mine] + [(one.start_date, one.end_date) for one in spans]
    return Profile(
        counter=parts.profiles[register_id],
        start_date=min(start for start, _ in days),
        end_date=max(end for _, end in days),
    )


def _shown_rules(parts: Parts) -> tuple[Rule[int], ...]:
    """Return the rules that a proof shows: all that bear on the segments, if one of these is billed by rules."""
    return parts.rules.rules if parts.ruled else ()


def _rest(part: Part, told: Told, rules: Mapping[int, str], *, is_ruled: bool) -> Plain:
    found: Plain = {
        "counts_as": part.counts_as,
        "usage": None if part.span is None else told.spans[part.span],
        "start_date": part.start.isoformat(),
        "end_date": part.end.isoformat(),
        "cut": str(part.cut),
    }
    if part.cut is Cut.PROFILE:
        found["profile"] = told.registers[part.register_id]
    if not is_ruled or part.counts_as != proof_parts.ENERGY:
        return found
    found |= _by_rule(part.stream, rules)
    if part.span is None:
        found["agreed_wh"] = part.agreed_wh
        found["cut"] = str(Cut.INTERVALS if part.register_id else Cut.WHOLE)
        found["profile"] = told.registers.get(part.register_id)
    return found


def _by_rule(stream: Stream | None, rules: Mapping[int, str]) -> Plain:
    """Return by which rule a part comes, behind which sub-meter's rule, and how it counts."""
    if stream is None:
        return {"rule": None, "behind": None, "counts": COUNTS[DRAWN]}
    return {
        "rule": rules[stream.rule.id] if stream.rule else None,
        "behind": rules[stream.behind.id] if stream.behind else None,
        "counts": COUNTS.get(stream.sign, "told"),
    }


def _demand(parts: Sequence[DemandPart], told: Told) -> Iterator[tuple[int, Plain]]:
    """Yield (place of the piece, what its demand is read from): one for each register of a feed."""
    found: dict[tuple[int, int, int, str, str, bool], list[str]] = {}
    usage = {row["ref"]: row for row in told.plain["usage"]}
    for part in parts:
        ref = told.spans[part.span]
        key = (part.piece, part.lane, part.feed, usage[ref]["register"], part.shows, part.is_curve)
        found.setdefault(key, []).append(ref)
    lanes: dict[tuple[int, int], str] = {}
    feeds: dict[tuple[int, int], str] = {}
    for (piece, lane, feed, register, shows, is_curve), refs in found.items():
        yield (
            piece,
            {
                "lane": lanes.setdefault((piece, lane), f"l{sum(one == piece for one, _ in lanes) + 1}"),
                "feed": feeds.setdefault((piece, feed), f"f{sum(one == piece for one, _ in feeds) + 1}"),
                "register": register,
                "by": "intervals" if is_curve else "register",
                **({} if is_curve else {"shows": shows}),
                "usage": refs,
            },
        )


def _by_piece(found: Iterator[tuple[int, Plain]]) -> dict[int, list[Plain]]:
    by_piece: dict[int, list[Plain]] = {}
    for piece, mine in found:
        by_piece.setdefault(piece, []).append(mine)
    return by_piece


def _rule(rule: Rule[int], refs: Mapping[int, str], parts: Parts) -> Plain:
    names = parts.rules.names
    told: Plain = {
        "ref": refs[rule.id],
        "kind": str(rule.kind),
        "service_point": names.get(rule.service_point, ""),
        "source": None if rule.source is None else names.get(rule.source) or _external(rule.source, parts),
        "start_date": rule.start_date.isoformat(),
        "end_date": rule.end_date.isoformat() if rule.end_date else None,
    }
    if rule.share_e6 is not None:
        told["share"] = fixed.to_text(rule.share_e6, places=SHARE_PLACES)
    if rule.quantity_wh is not None:
        told |= {"quantity_wh": rule.quantity_wh, "per": rule.per}
    if rule.excess:
        told["excess"] = rule.excess
    if rule.kind is RuleKind.LEFT_OUT:
        told["meter"] = _serial(rule, parts.rules, parts)
    return told


def _external(service_point_id: int, parts: Parts) -> str:
    return next((one.service_point for one in parts.spans if one.service_point_id == service_point_id), "")


def _serial(rule: Rule[int], book: RuleBook, parts: Parts) -> str:
    """Return the serial number of a check meter; "" where it has no usage that could be left out."""
    mine = {one.register_id for one in book.registers if one.meter_id == rule.meter}
    return next((one.serial for one in parts.spans if one.register_id in mine), "")
