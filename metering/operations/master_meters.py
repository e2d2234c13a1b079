"""Which meter counts what a transformer gives: set, and ended."""

from datetime import date

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit
from cis.platform.db import opens_transaction
from metering.domain.anomalies import DECIDERS
from metering.models.anomaly import MasterMeter
from metering.models.device import Installation, Meter
from metering.models.network import Transformer
from metering.queries.network import UnknownTransformer

SUBJECT = "master_meter"


class NoMasterMeter(Refused):
    """The meter cannot count what the transformer gives."""

    code = "no_master_meter"


class MasterMeterStands(Refused):
    """The transformer has a master meter then, or the meter is one of another transformer."""

    code = "master_meter_stands"


@opens_transaction
def set_master(*, transformer_id: int, serial: str, start_date: date, actor: Actor) -> int:
    """
    Say from which day on a meter counts all that a transformer gives.

    The meter hangs at a service point of its own, which the transformer does not supply: else it would count twice.

    :returns: id of the row.
    :raises UnknownTransformer: there is none.
    :raises NoMasterMeter: there is no such meter, it hangs nowhere on that day, or at a place that is supplied.
    :raises MasterMeterStands: another one counts it then, or this one counts for another.
    :raises NotAllowed: the actor does not look after metering.
    """
    _check(actor)
    if not Transformer.objects.filter(id=transformer_id).exists():
        raise UnknownTransformer(f"There is no transformer {transformer_id}.", transformer_id=transformer_id)
    meter = Meter.objects.filter(serial=serial.strip()).first()
    if meter is None:
        raise NoMasterMeter(f"There is no meter {serial}.", advice="Look at the number on its face.", field="serial")
    hangs = (
        Installation.objects.filter(meter=meter, period__contains=start_date).select_related("service_point").first()
    )
    if hangs is None:
        raise NoMasterMeter("The meter hangs nowhere on that day.", advice="Hang it up first.", field="serial")
    if hangs.service_point.transformer_id == transformer_id:
        raise NoMasterMeter(
            "The meter hangs at a place that the transformer supplies.",
            advice="Give it a service point of its own, on no transformer.", field="serial",
        )  # fmt: skip
    try:
        with transaction.atomic():
            row = MasterMeter.objects.create(
                transformer_id=transformer_id, meter=meter, period=DateRange(start_date, None)
            )
    except IntegrityError as error:
        raise MasterMeterStands("Another master meter stands then.", advice="End it first.", field="serial") from error
    audit.record(actor, "set", SUBJECT, row.id, transformer=transformer_id, meter=meter.serial, start=start_date)
    return row.id


@opens_transaction
def end_master(*, transformer_id: int, end_date: date, actor: Actor) -> None:
    """
    End the master meter of a transformer: it counts up to the day before.

    :raises NoMasterMeter: it has none, or it began later.
    :raises NotAllowed: the actor does not look after metering.
    """
    _check(actor)
    row = MasterMeter.objects.select_for_update().filter(transformer_id=transformer_id, period__endswith=None).first()
    if row is None:
        raise NoMasterMeter("The transformer has no master meter.")
    if end_date <= row.period.lower:
        raise NoMasterMeter("It began later.", advice="Choose a later day.", field="end_date")
    row.period = DateRange(row.period.lower, end_date)
    row.save(update_fields=["period"])
    audit.record(actor, "end", SUBJECT, row.id, transformer=transformer_id, end=end_date)


def _check(actor: Actor) -> None:
    if not actor.is_one_of(DECIDERS):
        raise NotAllowed(f"{actor.name} does not look after metering.", advice="Ask metering or a supervisor.")
