"""Instrument transformers at a place: put there, changed, taken away; the multiplier of its meters is their product."""

from collections.abc import Sequence
from datetime import date

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit
from cis.platform.db import joins_transaction, opens_transaction
from metering.domain.instrument_transformers import NewTransformer, multiplier_of
from metering.domain.meter_store import KEEPERS
from metering.models.device import InstrumentTransformer, TransformerPlace
from metering.models.place import ServicePoint
from metering.queries import instrument_transformers as queries
from metering.queries.places import UnknownServicePoint

SUBJECT = "service_point"


class OtherMultiplier(Refused):
    """A meter hangs there with a multiplier that is not the product of the transformers."""

    code = "other_multiplier"


class OtherRatio(Refused):
    """A transformer of this number is known with another ratio."""

    code = "other_ratio"


class TransformerTaken(Refused):
    """A transformer stands somewhere else then, or there from a later day on."""

    code = "transformer_taken"


@opens_transaction
def put(
    *, service_point_id: int, transformers: Sequence[NewTransformer], from_date: date, today: date, actor: Actor
) -> int:
    """
    Let some transformers stand at a place from a local date on, in the place of those that stood there; none: none do.

    A meter that hangs there then or later must have their product as its multiplier. Where another is to come, the
    meter is taken down first, or they are entered before that day: then the meter that is hung up is held to it.

    :returns: the multiplier.
    :raises NotAllowed: the actor may not.
    :raises UnknownServicePoint: there is none.
    :raises BadTransformers: their ratios are unlike, or give no multiplier.
    :raises OtherMultiplier: a meter hangs there with another one, from that day or later.
    :raises OtherRatio: one is known with another ratio.
    :raises TransformerTaken: one stands somewhere else then, or changes there on a later day.
    """
    if not actor.is_one_of(KEEPERS):
        raise NotAllowed(f"{actor.name} may not change transformers.", advice="Ask metering.")
    product = multiplier_of(transformers)
    if ServicePoint.objects.select_for_update(no_key=True).filter(id=service_point_id).first() is None:
        raise UnknownServicePoint(f"There is no service point {service_point_id}.", service_point_id=service_point_id)
    found = queries.multipliers_from(service_point_id=service_point_id, from_date=from_date, today=today)
    wrong = found - {product}
    if transformers and wrong:
        raise OtherMultiplier(
            f"The meter there has the multiplier {min(wrong)}, these transformers make {product}.",
            advice="Check the ratios, or take the meter down and hang it up with the right multiplier.",
            field="transformers",
        )  # fmt: skip
    there = TransformerPlace.objects.filter(service_point_id=service_point_id)
    if there.filter(period__startswith__gt=from_date).exists():
        raise TransformerTaken("Other transformers come there on a later day.", field="from_date")
    # What begins that day is replaced, what stood before ends; so the same again is the same.
    there.filter(period__startswith=from_date).delete()
    for row in there.filter(period__contains=from_date):
        row.period = DateRange(row.period.lower, from_date)
        row.save(update_fields=["period"])
    ids = [_id_of(one) for one in transformers]
    try:
        with transaction.atomic():
            TransformerPlace.objects.bulk_create(
                TransformerPlace(
                    service_point_id=service_point_id, transformer_id=one, period=DateRange(from_date, None)
                )
                for one in ids
            )  # fmt: skip
    except IntegrityError as error:
        raise TransformerTaken("A transformer stands somewhere else then.", field="transformers") from error
    audit.record(
        actor, "put_transformers", SUBJECT, service_point_id, from_date=from_date, multiplier=product,
        serials=[one.serial for one in transformers],
    )  # fmt: skip
    return product


@joins_transaction
def check_multiplier(*, service_point_id: int, on: date, multiplier: int) -> None:
    """
    Refuse a multiplier that is not the product of the transformers that stand at a place; one statement. Who asks has
    locked the place, as ``put`` does.

    :raises OtherMultiplier: it is not; where none stand, none is refused.
    """
    standing = queries.at_place(service_point_id=service_point_id, on=on)
    product = multiplier_of([one.as_new() for one in standing])
    if standing and product != multiplier:
        raise OtherMultiplier(
            f"The transformers there make {product}, not {multiplier}.", advice="Check ratios and multiplier.",
            field="multiplier",
        )  # fmt: skip


def _id_of(new: NewTransformer) -> int:
    """Return the id of a transformer, which is made where its number is new."""
    row, is_new = InstrumentTransformer.objects.get_or_create(
        kind=new.kind.value, serial=new.serial,
        defaults={"primary": new.primary, "secondary": new.secondary, "accuracy": new.accuracy},
    )  # fmt: skip
    if not is_new and (row.primary, row.secondary) != (new.primary, new.secondary):
        raise OtherRatio(
            f"{new.serial} is known as {row.primary}/{row.secondary}.", advice="Check the number and the ratio.",
            field="transformers",
        )  # fmt: skip
    return row.id
