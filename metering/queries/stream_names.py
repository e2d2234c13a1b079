"""Names of foreign streams, with the registers that they mean."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import F

from cis.kernel.errors import Refused
from metering.models.stream import StreamName


class UnknownStreamName(Refused):
    """There is no such name of a stream."""

    code = "unknown_stream_name"


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamNameCard:
    """What a format calls a stream, and the register that is meant."""

    id: int
    format: str
    place: str
    code: str
    serial: str
    register_code: str
    created_at: datetime


def listed(*, text: str = "", offset: int = 0, most: int = 50) -> tuple[StreamNameCard, ...]:
    """Return names, by format and place, those that begin with a text or mean a meter; one statement."""
    rows = StreamName.objects.order_by("format", "place", "code")
    if text:
        rows = rows.filter(place__startswith=text) | rows.filter(register__meter__serial=text)
    return tuple(StreamNameCard(**row) for row in rows.values(*_PLAIN, **_NAMES)[offset : offset + most])


def one(*, name_id: int) -> StreamNameCard:
    """
    Return one; one statement.

    :raises UnknownStreamName: there is none.
    """
    row = StreamName.objects.filter(id=name_id).values(*_PLAIN, **_NAMES).first()
    if row is None:
        raise UnknownStreamName(f"There is no name {name_id} of a stream.", name_id=name_id)
    return StreamNameCard(**row)


_PLAIN = ("id", "format", "place", "code", "created_at")
_NAMES = {"serial": F("register__meter__serial"), "register_code": F("register__code")}
