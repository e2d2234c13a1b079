"""Which meter counts what a transformer or a feeder gives: set, and ended."""

from collections.abc import Mapping
from datetime import date

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit
from cis.platform.db import opens_transaction
from metering.domain.anomalies import DECIDERS
from metering.domain.network import Asset
from metering.models.anomaly import MasterMeter, TransformerDay
from metering.models.device import Installation, Meter
from metering.models.load import LoadDay
from metering.models.network import Feeder, Transformer
from metering.models.place import ServicePoint
from metering.queries import anomaly_loads
from metering.queries.network import UnknownFeeder, UnknownTransformer

SUBJECT = "master_meter"
_ASSETS: Mapping[Asset, tuple[type[Transformer] | type[Feeder], type[Refused]]] = {
    Asset.TRANSFORMER: (Transformer, UnknownTransformer),
    Asset.FEEDER: (Feeder, UnknownFeeder),
}


class NoMasterMeter(Refused):
    """The meter cannot count what the transformer or feeder gives."""

    code = "no_master_meter"


class MasterMeterStands(Refused):
    """The transformer or feeder has a master meter then, or the meter is one of another."""

    code = "master_meter_stands"


@opens_transaction
def set_master(
    *, asset: Asset, asset_id: int, serial: str, start_date: date, actor: Actor, is_high_side: bool = False
) -> int:
    """
    Say from which day on a meter counts all that a transformer or a feeder gives.

    The meter hangs at a service point of its own, which nobody is supplied at: else it would count twice.

    :param is_high_side: it counts before the transformer; of a feeder it says nothing.
    :returns: id of the row.
    :raises UnknownTransformer, UnknownFeeder: there is none.
    :raises NoMasterMeter: there is no such meter, it hangs nowhere on that day, or at a place that is supplied: that
        hangs on a transformer or feeder, or has an agreement then.
    :raises MasterMeterStands: another one counts it then, or this one counts for another.
    :raises NotAllowed: the actor does not look after metering.
    """
    _check(actor)
    model, unknown = _ASSETS[asset]
    if not model.objects.filter(id=asset_id).exists():
        raise unknown(f"There is no {asset} {asset_id}.")
    meter = Meter.objects.filter(serial=serial.strip()).first()
    if meter is None:
        raise NoMasterMeter(f"There is no meter {serial}.", advice="Look at the number on its face.", field="serial")
    hangs = (
        Installation.objects.filter(meter=meter, period__contains=start_date).select_related("service_point").first()
    )
    if hangs is None:
        raise NoMasterMeter("The meter hangs nowhere on that day.", advice="Hang it up first.", field="serial")
    _check_stand(hangs.service_point, start_date)
    try:
        with transaction.atomic():
            row = MasterMeter.objects.create(
                **{f"{asset}_id": asset_id},
                meter=meter,
                period=DateRange(start_date, None),
                is_high_side=is_high_side and asset is Asset.TRANSFORMER,
            )
    except IntegrityError as error:
        raise MasterMeterStands("Another master meter stands then.", advice="End it first.", field="serial") from error
    audit.record(
        actor, "set", SUBJECT, row.id, asset=asset, asset_id=asset_id, meter=meter.serial, start=start_date,
        is_high_side=row.is_high_side,
    )  # fmt: skip
    return row.id


@opens_transaction
def end_master(*, asset: Asset, asset_id: int, end_date: date, actor: Actor) -> None:
    """
    End the master meter of a transformer or feeder: it counts up to the day before.

    One that ends on the day on which it began never counted, and goes.

    Days that it is said of no more lose their balance and their load; the night works out anew what can be told.

    :raises NoMasterMeter: it has none, or it began later.
    :raises NotAllowed: the actor does not look after metering.
    """
    _check(actor)
    of = {f"{asset}_id": asset_id}
    row = MasterMeter.objects.select_for_update().filter(**of, period__endswith=None).first()
    if row is None:
        raise NoMasterMeter("It has no master meter.")
    if end_date < row.period.lower:
        raise NoMasterMeter("It began later.", advice="Choose a later day.", field="end_date")
    if asset is Asset.TRANSFORMER:
        TransformerDay.objects.filter(**of, day_date__gte=end_date).delete()
    LoadDay.objects.filter(**of, day_date__gte=end_date, is_measured=True).delete()
    audit.record(actor, "end", SUBJECT, row.id, asset=asset, asset_id=asset_id, end=end_date)
    if end_date == row.period.lower:
        row.delete()
        return
    row.period = DateRange(row.period.lower, end_date)
    row.save(update_fields=["period"])


def _check_stand(point: ServicePoint, on: date) -> None:
    """Refuse a service point that somebody is, or may be, supplied at."""
    if point.transformer_id is not None or point.feeder_id is not None:
        raise NoMasterMeter(
            "The meter hangs at a place that the network supplies.",
            advice="Give it a service point of its own, on no transformer.", field="serial",
        )  # fmt: skip
    if point.id not in anomaly_loads.vacant(service_point_ids=[point.id], on=on):
        raise NoMasterMeter(
            "The meter hangs where somebody has an agreement.", advice="Look at its number.", field="serial"
        )


def _check(actor: Actor) -> None:
    if not actor.is_one_of(DECIDERS):
        raise NotAllowed(f"{actor.name} does not look after metering.", advice="Ask metering or a supervisor.")
