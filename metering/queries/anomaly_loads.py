"""What detectors of anomalies look at: hourly loads of places and of transformers, and what is known beside them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import numpy as np

from cis.kernel.fixed import Int64
from cis.platform import db
from metering.domain import hourly
from metering.domain.anomaly_detectors import Known
from metering.domain.anomaly_features import Loads, loads_of
from metering.domain.network_days import NetworkDays
from metering.queries import hourly_loads
from metering.queries.hourly_loads import EXPORT, MASTER, POINT, SUPPLIED

DAYS = 84
"""How many local days are looked at: twelve weeks."""
CHUNK = 500
HOUR_MINUTES = hourly.HOUR_MINUTES


class Vacancies(Protocol):
    """Say since when nobody has an agreement at places."""

    def __call__(self, *, service_point_ids: Collection[int], on: date) -> Mapping[int, date]:
        """Return of places without agreement on a date since when; ``date.min``: never one. One statement."""


class _Ports:
    """Who knows agreements; bound once by ``cis.wiring``."""

    vacancies: Vacancies | None = None


def ask(*, vacancies: Vacancies) -> None:
    """Bind who is asked since when places are vacant. To be called from ``cis.wiring`` only."""
    _Ports.vacancies = vacancies


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """
    Places that are looked at together; those of a transformer are in one part.

    service_point_ids  (n,)
    transformer_id     (n,) -1: on none that is known
    group              (n,) peers: places of one voltage
    """

    service_point_ids: Int64
    transformer_id: Int64
    group: Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """
    What is known of a part.

    days             the local days, (d,)
    transformer_ids  (t,) behind which its places hang
    transformers     their days, by the network as it was on each of them
    """

    loads: Loads
    known: Known
    days: tuple[date, ...]
    transformer_ids: Int64
    transformers: NetworkDays


def parts(*, chunk: int = CHUNK) -> Iterator[Part]:
    """Yield all connected places that are supplied, transformer by transformer; one statement."""
    rows = db.fetch(_PLACES)
    first = 0
    while first < len(rows):
        end = min(first + chunk, len(rows))
        while end < len(rows) and rows[end][1] is not None and rows[end][1] == rows[end - 1][1]:
            end += 1
        table = np.array(
            [(row[0], -1 if row[1] is None else row[1], row[2]) for row in rows[first:end]], dtype=np.int64
        )
        yield Part(service_point_ids=table[:, 0], transformer_id=table[:, 1], group=table[:, 2])
        first = end


def look(*, part: Part, last: date, zone_name: str) -> Looked:
    """Return the loads of a part over twelve weeks up to a local date; four statements."""
    over = hourly_loads.span(last=last, count=DAYS, zone_name=zone_name)
    points = part.service_point_ids.tolist()
    transformers = np.unique(part.transformer_id[part.transformer_id >= 0])
    hangs = hourly_loads.members(assets=transformers.tolist(), over=over)
    more = sorted({point for _, point, _, _ in hangs} - set(points))
    found = hourly_loads.feeds(points=[*points, *more], masters=transformers.tolist(), over=over)
    rows_of = {
        POINT: {point: at for at, point in enumerate((*points, *more))},
        MASTER: {one: at for at, one in enumerate(transformers.tolist())},
    }
    sides = hourly_loads.lay(found=found, rows_of=rows_of, over=over)
    n = len(points)
    drawn = sides[POINT].drawn
    back = {one.owner for one in found if (one.role, one.direction) == (POINT, EXPORT)}
    return Looked(
        loads=loads_of(energy_wh=drawn.energy_wh[:n], minutes=drawn.minutes[:n], group=part.group), days=over.days,
        transformer_ids=transformers,
        transformers=hourly_loads.days_of(sides=sides, hangs=hangs, rows_of=rows_of, over=over),
        known=Known(
            vacant_from=_vacant(points, over.days),
            may_feed_back=np.array([point in back for point in points], dtype=np.bool_),
        ),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceLoad:
    """
    The load of a place over some local days.

    days_wh        (d,) energy of each day; None: not wholly known [Wh]
    before, after  24 means of an hour before a day and from it on; None: nothing is known [Wh]
    """

    days: tuple[date, ...]
    days_wh: tuple[int | None, ...]
    before: tuple[int | None, ...]
    after: tuple[int | None, ...]


def of_place(*, service_point_id: int, since: date, last: date, zone_name: str) -> PlaceLoad:
    """Return the load of a place over twelve weeks up to a local date, before and from a day on; two statements."""
    over = hourly_loads.span(last=last, count=DAYS, zone_name=zone_name)
    found = hourly_loads.feeds(points=[service_point_id], masters=[], over=over)
    drawn = hourly_loads.lay(found=found, rows_of={POINT: {service_point_id: 0}}, over=over)[POINT].drawn
    hours, is_known = drawn.energy_wh[0], drawn.is_whole[0]
    is_after = np.array([day >= since for day in over.days])
    return PlaceLoad(
        days=over.days,
        days_wh=tuple(
            total if known else None for total, known in zip(drawn.day_wh[0].tolist(), is_known.tolist(), strict=True)
        ),
        before=_means(hours[is_known & ~is_after]),
        after=_means(hours[is_known & is_after]),
    )


def hours_of(*, service_point_ids: Sequence[int], days: Sequence[date], zone_name: str) -> tuple[Int64, Int64]:
    """
    Return what some places drew in each hour of local days that follow each other, and how many minutes are known.

    (n, d, 24) both, in the order of the places; see ``metering.domain.hourly.lay``. Two statements. [Wh], [min]
    """
    rows_of = {POINT: {point: at for at, point in enumerate(service_point_ids)}}
    over = hourly_loads.Span(days=tuple(days), zone_name=zone_name)
    found = hourly_loads.feeds(points=service_point_ids, masters=[], over=over)
    drawn = hourly_loads.lay(found=found, rows_of=rows_of, over=over)[POINT].drawn
    return drawn.energy_wh, drawn.minutes


def _means(hours: Int64) -> tuple[int | None, ...]:
    """Return the mean of each hour of the day over days (d, 24), rounded down."""
    if not len(hours):
        return (None,) * hourly.HOURS
    return tuple((hours.sum(axis=0) // len(hours)).tolist())


def vacant(*, service_point_ids: Collection[int], on: date) -> Mapping[int, date]:
    """Return of places without agreement on a date since when, see ``Vacancies``; one statement."""
    assert _Ports.vacancies is not None, "nobody says which places are vacant; see cis/wiring_metering.py"
    return _Ports.vacancies(service_point_ids=service_point_ids, on=on)


def _vacant(points: Sequence[int], days: Sequence[date]) -> Int64:
    since = vacant(service_point_ids=points, on=days[-1])
    return np.array([max(0, (since[one] - days[0]).days) if one in since else -1 for one in points], dtype=np.int64)


_PLACES = f"""
SELECT s.id, s.transformer_id, array_position(ARRAY['220V', '380V', '10kV', '35kV'], s.voltage::text)
FROM metering_servicepoint s WHERE s.state = 'connected' AND {SUPPLIED}
ORDER BY s.transformer_id NULLS LAST, s.id
"""  # noqa: S608 (constants only)
