"""Names of foreign streams: given to a register, and ended."""

from cis.kernel.actors import Actor
from cis.kernel.errors import Findings, Refused
from cis.platform import audit
from cis.platform.db import opens_transaction
from metering.domain.stream_names import NAME_MOST, NAMED_FORMATS
from metering.models.stream import StreamName
from metering.queries import registers
from metering.queries.stream_names import UnknownStreamName


class InvalidStreamName(Refused):
    """Fields of the name are wrong; ``detail["findings"]`` has one entry for each."""

    code = "invalid_stream_name"


class StreamIsNamed(Refused):
    """The stream means another register already."""

    code = "stream_is_named"


@opens_transaction
def give(*, file_format: str, place: str, code: str = "", serial: str, register: str = "", actor: Actor) -> int:
    """
    Say which register a stream of a format means; what was rejected before comes in when its file is imported again.

    The same once more changes nothing.

    :param place: what the format calls the service point, or the meter where it names none.
    :param code: what it calls the register; empty: it says none.
    :param serial: serial number of the meter here, ``register`` its register; empty: its only one.
    :returns: id of the name.
    :raises InvalidStreamName: an unknown format, an empty or too long name, no such meter or register.
    :raises StreamIsNamed: the stream means another register.
    """
    place, code = place.strip(), code.strip()
    register_id = _checked(file_format, place, code, serial, register)
    row, is_new = StreamName.objects.select_for_update().get_or_create(
        format=file_format, place=place, code=code, defaults={"register_id": register_id, "actor_id": actor.id}
    )
    if row.register_id != register_id:
        raise StreamIsNamed(
            f"{place} {code} means another register.".replace("  ", " "), advice="End that name first.", name_id=row.id
        )
    if is_new:
        audit.record(actor, "give", "stream_name", row.id, **_facts(row))
    return row.id


@opens_transaction
def end(*, name_id: int, actor: Actor) -> None:
    """
    End a name: files that come from now on do not mean the register by it; what came by it stays.

    :raises UnknownStreamName: there is none.
    """
    row = StreamName.objects.select_for_update().filter(id=name_id).first()
    if row is None:
        raise UnknownStreamName(f"There is no name {name_id} of a stream.", name_id=name_id)
    audit.record(actor, "end", "stream_name", row.id, **_facts(row))
    row.delete()


def _checked(file_format: str, place: str, code: str, serial: str, register: str) -> int:
    findings = Findings()
    if file_format not in NAMED_FORMATS:
        findings.add("format", "bad_format", f"{file_format!r} is no format of files.", "Choose one of the list.")
    if not place or max(len(place), len(code)) > NAME_MOST:
        message = f"The name is empty or longer than {NAME_MOST} characters."
        findings.add("place", "bad_stream_name", message, "Write it as it stands in the file.")
    register_id = registers.id_on_meter(serial=serial, code=register)
    if register_id is None:
        message = f"There is no meter {serial}, or it has no register {register or 'that is its only one'}."
        findings.add("serial", "unknown_register", message, "Check the serial number, and name the register.")
    findings.raise_if_any(InvalidStreamName)
    assert register_id is not None  # else it is one of the findings
    return register_id


def _facts(row: StreamName) -> dict[str, object]:
    return {"format": row.format, "place": row.place, "code": row.code, "register_id": row.register_id}
