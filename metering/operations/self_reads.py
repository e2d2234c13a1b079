"""Customers read their meters themselves: values are kept as theirs, with a photo where they took one."""

from collections.abc import Mapping
from datetime import date
from typing import BinaryIO

from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform import audit, photos
from cis.platform.db import opens_transaction
from metering.models.device import Register
from metering.models.read import ReadKind, RegisterRead
from metering.models.store import ReadPhoto
from metering.operations import reads, resolver
from metering.operations.reads import Entered

REPLACED = (ReadKind.CUSTOMER, ReadKind.ESTIMATED)
"""Kinds of values of a date that a customer's value takes the place of."""


class ReadByUs(Refused):
    """The counter was read by the supplier on this date, which a customer's value does not replace."""

    code = "read_by_us"


@opens_transaction
def enter(
    *, serial: str, readings: Mapping[str, int], photo: BinaryIO | None = None, actor: Actor, today: date
) -> tuple[Entered, ...]:
    """
    Keep what a customer reads off a meter today, all of it or nothing; the same values again change nothing.

    Who sends it twice is counted once, photo included; another value of the same day is a correction of the first.

    :param serial: of the meter, one that hangs where the customer is supplied: who calls this has made sure.
    :param readings: counter values by the code of their register, before the multiplier. [Wh]
    :param photo: of the display, JPEG, PNG or WebP.
    :raises ReadByUs: the supplier's own value of today is there.
    :raises ReadRefused: as ``reads.enter``; ``detail["register"]`` names the register.
    :raises FileTooLarge, NotAPhoto: as ``photos.keep``.
    """
    resolver.lock_meters([serial])
    ids = dict(Register.objects.filter(meter__serial=serial, code__in=list(readings)).values_list("code", "id"))
    _check(ids, today)
    entered = tuple(
        reads.keep(
            serial=serial, register=code, read_date=today, reading_wh=readings[code], kind=ReadKind.CUSTOMER.value,
            actor=actor, today=today,
        )
        for code in sorted(readings)
    )  # fmt: skip
    if photo is not None:
        _keep_photo(photo, entered, serial=serial, actor=actor, today=today)
    return entered


def _check(ids: Mapping[str, int], today: date) -> None:
    """Refuse where the value of the date that holds is the supplier's own; one statement."""
    codes = {register_id: code for code, register_id in ids.items()}
    held = RegisterRead.objects.filter(register_id__in=list(codes), read_date=today).order_by("version")
    for register_id, kind in dict(held.values_list("register_id", "kind")).items():
        if kind not in REPLACED:
            raise ReadByUs(
                f"Register {codes[register_id]} was read by the supplier today.",
                advice="Nothing is to be done.", register=codes[register_id],
            )  # fmt: skip


def _keep_photo(photo: BinaryIO, entered: tuple[Entered, ...], *, serial: str, actor: Actor, today: date) -> None:
    kept = photos.keep(photo, name=f"meter-{serial}", actor=actor)
    ReadPhoto.objects.bulk_create(
        [
            ReadPhoto(
                register_id=one.register_id, read_date=today, document_id=kept.document_id, taken_at=kept.taken_at,
                actor_id=actor.id,
            )
            for one in entered
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    audit.record(actor, "add_photo", "register_read", entered[0].read_id, serial=serial, read_date=today)
