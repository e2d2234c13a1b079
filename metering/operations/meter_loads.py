"""Many meters at once: a supplier's meters with their registers and places, checked as a whole."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.backends.postgresql.psycopg_any import DateRange

from cis.kernel.actors import Actor
from cis.kernel.errors import Findings
from cis.platform import audit
from cis.platform.db import copy_rows, joins_transaction, take_ids
from metering.domain import places as rules
from metering.domain.meter_store import MeterState
from metering.domain.places import NewMeter, NewRegister
from metering.models.device import Meter
from metering.operations.places import InvalidLoad


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedMeters:
    """A checked delivery with everything found in it; only one without findings can be loaded."""

    meters: tuple[NewMeter, ...]
    findings: Findings


def prepare(*, meters: Sequence[NewMeter], service_points: Collection[str]) -> PreparedMeters:
    """
    Check a whole delivery of meters, a row for each register; one statement, nothing is written.

    :param service_points: external ids of all service points that exist or are loaded with it.
    """
    findings = Findings()
    serials = {row.serial for row in meters}
    names = {row.external_id for row in meters}
    kept = Meter.objects.filter(serial__in=serials) | Meter.objects.filter(external_id__in=names)
    kept_serials, kept_names = set(), set()
    for name, serial in kept.values_list("external_id", "serial"):
        kept_names.add(name)
        kept_serials.add(serial)
    for row in meters:
        rules.check_meter(row, findings=findings)
        if row.external_id in kept_names:
            findings.add(f"{row.where}: meter", "external_id_taken", f"There is a meter {row.external_id} already.")
        elif row.serial in kept_serials:
            findings.add(f"{row.where}: serial", "serial_taken", f"There is a meter {row.serial} already.")
        if row.service_point not in service_points:
            message = f"There is no service point {row.service_point}."
            findings.add(f"{row.where}: service_point", "unknown_service_point", message, "Deliver it too.")
    rules.check_meters_together(meters, findings=findings)
    return PreparedMeters(meters=tuple(meters), findings=findings)


@joins_transaction
def load(*, prepared: PreparedMeters, service_point_ids: Mapping[str, int], actor: Actor) -> dict[str, int]:
    """
    Write a prepared delivery by COPY; the use case that loads all rooms' data stands above it.

    :param service_point_ids: ids by external id.
    :returns: ids of the meters by external id.
    :raises InvalidLoad: the delivery has findings; nothing is written.
    """
    prepared.findings.raise_if_any(InvalidLoad)
    first: dict[str, NewMeter] = {}
    registers: dict[tuple[str, str], NewRegister] = {}
    hangings: dict[tuple[str, date], NewMeter] = {}
    for row in prepared.meters:
        first.setdefault(row.external_id, row)
        registers.setdefault((row.external_id, row.register.code), row.register)
        hangings.setdefault((row.external_id, row.installed_date), row)
    states = {
        name: (MeterState.INSTALLED if row.removed_date is None else MeterState.RETIRED).value
        for (name, _day), row in sorted(hangings.items(), key=lambda item: item[0])
    }
    ids = dict(zip(first, take_ids("metering_meter", len(first)), strict=True))
    copy_rows(
        table="metering_meter",
        columns=("id", "external_id", "serial", "model", "state"),
        rows=((ids[name], name, row.serial, row.model, states[name]) for name, row in first.items()),
    )
    fields = tuple(NewRegister.__dataclass_fields__)
    copy_rows(
        table="metering_register",
        columns=("meter_id", *fields),
        rows=((ids[name], *(getattr(made, field) for field in fields)) for (name, _), made in registers.items()),
    )
    copy_rows(
        table="metering_installation",
        columns=("meter_id", "service_point_id", "multiplier", "period"),
        rows=(
            (ids[name], service_point_ids[row.service_point], row.multiplier, DateRange(day, row.removed_date))
            for (name, day), row in hangings.items()
        ),
    )
    audit.record(actor, "load", "meter", None, meters=len(ids), registers=len(registers))
    return ids
