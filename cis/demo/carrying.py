"""Master meters of three made-up transformers: what they carried by the hour, one of them too much tomorrow."""

import csv
from datetime import date, datetime, timedelta
from io import BytesIO, StringIO

import numpy as np

from accounts.queries import supplier
from cis.demo.head_end.meters import unit
from cis.demo.shapes import SEASON
from cis.kernel import fixed
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from metering.domain.network import Asset
from metering.domain.places import NewPlace, NewRegister
from metering.operations import master_meters, meters, network_loads, places, reads
from metering.queries import network
from metering.queries.network import AssetCard, Wanted

DESK = Actor(ActorKind.STAFF, None, "demo", frozenset({Role.METERING}))
PEAKS = (92, 61, 34)
"""Highest hour of a usual day, in percent of the rating."""
DAYS = 56
SHAPE = (34, 31, 29, 28, 28, 31, 42, 55, 60, 58, 57, 60, 66, 63, 58, 57, 60, 70, 88, 100, 96, 82, 61, 44)
"""A transformer of homes by the hour, in percent of its highest; made up."""
_DAY = timedelta(days=1)


def build(*, today: date) -> int:
    """Name the meters by the real doors, and work out what the night does; return how many forecasts there are."""
    cards = network.transformers(wanted=Wanted(), at=today, most=len(PEAKS))
    lines = StringIO()
    writer = csv.writer(lines)
    writer.writerow(("meter", "register", "start_at", "minutes", "value", "quality"))
    for card, peak in zip(cards, PEAKS, strict=False):
        serial = _named(card, today - DAYS * _DAY)
        writer.writerows(_values(card, serial, peak, today))
    reads.import_file(
        source=BytesIO(lines.getvalue().encode()), name="master-meters.csv", actor=DESK, today=today
    )  # fmt: skip
    zone_name = supplier.current().time_zone
    network_loads.catch_up(last=today - _DAY, zone_name=zone_name)
    return network_loads.run(last=today - _DAY, zone_name=zone_name)


def _named(card: AssetCard, since: date) -> str:
    """Hang a meter up behind a transformer, and say that it counts what that gives; return its serial number."""
    place = NewPlace(
        service_point=f"{card.external_id}-MASTER", premises=f"{card.external_id}-MASTER", address=card.name,
        district=card.district, voltage="380V", capacity_w=card.capacity_va,
    )  # fmt: skip
    made = places.create(place=place, actor=DESK)
    serial = f"MM{card.external_id}"
    meter_id = meters.create(serial=serial, registers=[NewRegister(code="E1", is_interval=True)], actor=DESK)
    meters.install(meter_id=meter_id, service_point_id=made.service_point_id, from_date=since, actor=DESK)
    master_meters.set_master(asset=Asset.TRANSFORMER, asset_id=card.id, serial=serial, start_date=since, actor=DESK)
    return serial


def _values(card: AssetCard, serial: str, peak: int, today: date) -> list[tuple[object, ...]]:
    """Return an hourly value a line, of all days up to yesterday."""
    shape = np.array(SHAPE) * card.capacity_va * peak // 10_000
    found: list[tuple[object, ...]] = []
    for n in range(DAYS):
        day = today - (DAYS - n) * _DAY
        level = (0.92 if day.weekday() < 5 else 1.0) * SEASON[day.month - 1] / SEASON[today.month - 1]
        for hour in range(24):
            wh = int(shape[hour] * level * (0.95 + 0.1 * unit(serial, day, hour)))
            start = datetime(day.year, day.month, day.day, hour).isoformat()  # noqa: DTZ001 (its offset stands beside it)
            found.append((serial, "E1", f"{start}+08:00", 60, fixed.to_text(wh, places=3), "A"))
    return found
