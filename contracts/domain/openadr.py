"""
OpenADR 3.1: which objects there are, who sees them, how they are shown, and what an answer of a VEN says.

A VTN (virtual top node: this house) tells VENs (virtual end nodes: homes, chargers, aggregators) of programs and events
by objects that they read, or are called back about. Business logic (BL) is who writes programs and events by the
interface; it has the right ``read_all``. A VEN sees programs and events that have no targets or one that was granted to
it, and else only what is its own. [source: OpenADR 3.1.0 Definition, Object Privacy]
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

READ_ALL: Final = "read_all"
READ_TARGETS: Final = "read_targets"
READ_OWN: Final = "read_ven_objects"
SCOPES: Final[Mapping[str, str]] = {
    READ_ALL: "Read all objects of OpenADR (business logic).",
    READ_TARGETS: "Read programs and events that have no targets, or one that was granted (VEN).",
    READ_OWN: "Read one's own VENs, resources, reports and subscriptions (VEN).",
    "write_programs": "Write programs of OpenADR (business logic).",
    "write_events": "Write events of OpenADR (business logic).",
    "write_reports": "Write one's own reports (VEN).",
    "write_subscriptions": "Write one's own subscriptions.",
    "write_vens": "Write VENs and their resources.",
}
"""Rights by their names in the specification."""
SCOPE_PREFIX: Final = "openadr:"
"""With it, a right is that of a key."""
PAGE_MOST: Final = 50
TOKEN_SECONDS: Final = 3_600
SUBSCRIPTIONS_MOST: Final = 20
"""So many has a client, each with ``openadr_shapes.CALLBACKS_MOST`` callbacks (house rule)."""
OUR_PREFIX: Final = "wattline:"
"""So begin the names of programs that are shown from our own; nobody else gives such names."""
RESERVED: Final = ("enrolment-", "programme-")
"""So begin targets that only this house grants."""


class ObjectKind(StrEnum):
    """What there is."""

    PROGRAM = "program"
    EVENT = "event"
    REPORT = "report"
    SUBSCRIPTION = "subscription"
    VEN = "ven"
    RESOURCE = "resource"

    @property
    def type_name(self) -> str:
        """Return how the specification names it."""
        return self.value.upper()


class Operation(StrEnum):
    """What was done with an object, for those who subscribed."""

    CREATE = "CREATE"
    UPDATE = "UPDATE"
    DELETE = "DELETE"


class Reply(StrEnum):
    """What a VEN answers for a resource that is called."""

    OPTS_OUT = "opts_out"
    TAKES_PART = "takes_part"


SHARED: Final = frozenset({ObjectKind.PROGRAM, ObjectKind.EVENT})
"""Written by business logic, seen by targets; all others belong to one client."""
GRANTED: Final = frozenset({ObjectKind.VEN, ObjectKind.RESOURCE})
"""Their targets are written by business logic only, and say what their client may see."""
NAME_FIELD: Final[Mapping[ObjectKind, str]] = {
    ObjectKind.PROGRAM: "programName", ObjectKind.REPORT: "clientName", ObjectKind.SUBSCRIPTION: "clientName",
    ObjectKind.VEN: "venName", ObjectKind.RESOURCE: "resourceName",
}  # fmt: skip
"""By which name an object is looked for; of reports and subscriptions, how their client names itself."""
PARENT_FIELD: Final[Mapping[ObjectKind, tuple[str, ObjectKind]]] = {
    ObjectKind.EVENT: ("programID", ObjectKind.PROGRAM),
    ObjectKind.REPORT: ("eventID", ObjectKind.EVENT),
    ObjectKind.SUBSCRIPTION: ("programID", ObjectKind.PROGRAM),
    ObjectKind.RESOURCE: ("venID", ObjectKind.VEN),
}
"""By which field an object names another one that has to be there."""
META: Final = ("id", "createdDateTime", "modificationDateTime", "objectType")
"""Written by the VTN alone; what a client writes there is not kept."""
_OPTED_OUT: Final = frozenset({"IDLE_OPTED_OUT", "RUNNING_OPTED_OUT"})
_NO_ANSWER: Final = frozenset({"ERROR", "SGD_ERROR_CONDITION"})


@dataclass(frozen=True, slots=True)
class Reader:
    """
    Who asks.

    client_id  name of its key
    reads_all  it is business logic
    targets    what was granted to its VENs and their resources
    """

    client_id: str
    reads_all: bool = False
    targets: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """
    An object as it is kept, see ``contracts.models.openadr``.

    targets  of a VEN or resource: what was granted to it
    """

    kind: ObjectKind
    object_id: str
    client_id: str
    document: Mapping[str, Any]
    targets: tuple[str, ...]
    created_at: datetime
    modified_at: datetime


def sees(reader: Reader, *, kind: ObjectKind, client_id: str, targets: Collection[str]) -> bool:
    """Return whether a reader sees an object."""
    if reader.reads_all:
        return True
    if kind in SHARED:
        return not targets or not reader.targets.isdisjoint(targets)
    return client_id == reader.client_id


def shown(one: Shown, *, reader: Reader, asked: Collection[str] = ()) -> dict[str, Any]:
    """
    Return an object as a reader sees it: targets that were not granted to a VEN are hidden from it.

    :param asked: targets that the reader asked for, where it did: of a program or event no others are told to a VEN.
    """
    told: dict[str, Any] = {
        "id": one.object_id,
        "createdDateTime": instant(one.created_at),
        "modificationDateTime": instant(one.modified_at),
        "objectType": one.kind.type_name,
    } | {name: value for name, value in one.document.items() if name not in META}
    if one.kind not in SHARED:
        told["clientID"] = one.client_id
    if one.kind is ObjectKind.SUBSCRIPTION and one.client_id != reader.client_id:
        told = without_bearers(told)
    if one.kind in GRANTED and (one.targets or told.get("targets")):
        told["targets"] = list(one.targets)
    if one.kind in SHARED and not reader.reads_all and told.get("targets"):
        known = reader.targets.intersection(asked) if asked else reader.targets
        told["targets"] = [target for target in told["targets"] if target in known]
    return told


def gone(one: Shown) -> dict[str, Any]:
    """
    Return an object for a reader who saw it once and may not know what it is by now: its id, and what has to be there.

    A program has its id in the place of its name.
    """
    told = {
        "id": one.object_id, "createdDateTime": instant(one.created_at),
        "modificationDateTime": instant(one.modified_at), "objectType": one.kind.type_name,
    }  # fmt: skip
    if one.kind is ObjectKind.PROGRAM:
        return told | {"programName": one.object_id}
    if one.kind is ObjectKind.EVENT:
        return told | {"programID": one.document["programID"], "intervals": []}
    return told


def without_bearers(subscription: Mapping[str, Any]) -> dict[str, Any]:
    """Return a subscription without the tokens of its callbacks: they are for its client and these addresses alone."""
    wishes = [
        {name: value for name, value in wish.items() if name != "bearerToken"}
        for wish in subscription.get("objectOperations", ())
    ]
    return {**subscription, "objectOperations": wishes}


def with_bearers(subscription: Mapping[str, Any], *, before: Mapping[str, Any]) -> dict[str, Any]:
    """Return a subscription that somebody else wrote anew, with the tokens that its addresses had before."""
    known = {wish["callbackUrl"]: wish.get("bearerToken") for wish in before["objectOperations"]}
    wishes = [
        {"bearerToken": known[wish["callbackUrl"]], **wish} if known.get(wish["callbackUrl"]) else wish
        for wish in subscription["objectOperations"]
    ]
    return {**subscription, "objectOperations": wishes}


def may_read(scopes: Collection[str], *, kind: ObjectKind) -> bool:
    """Return whether a key with these rights reads objects of a kind."""
    return not {
        f"{SCOPE_PREFIX}{READ_ALL}",
        f"{SCOPE_PREFIX}{READ_TARGETS if kind in SHARED else READ_OWN}",
    }.isdisjoint(scopes)


def kept_fields(document: Mapping[str, Any], *, kind: ObjectKind, is_business: bool) -> dict[str, Any]:
    """Return what is kept of a document: not what the VTN writes itself, and no targets that a VEN grants itself."""
    left_out = set(META)
    if kind not in SHARED:
        left_out.add("clientID")
    if kind in GRANTED and not is_business:
        left_out.add("targets")
    return {name: value for name, value in document.items() if name not in left_out}


def instant(at: datetime) -> str:
    """Return an instant in the form of RFC 3339, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"


def enrolment_target(enrollment_id: int) -> str:
    """Return the target that a resource has by its link to an enrolment."""
    return f"{RESERVED[0]}{enrollment_id}"


def program_target(program_id: int) -> str:
    """Return the target that a resource has by its link to an enrolment in a programme."""
    return f"{RESERVED[1]}{program_id}"


def program_document(*, program_id: int, code: str, name: str) -> dict[str, Any]:
    """Return our own programme of demand response as a program. [source: OpenADR 3.1.0 program attributes]"""
    return {
        "programName": f"{OUR_PREFIX}{code}",
        "attributes": [{"type": "PROGRAM_LONG_NAME", "values": [name]}],
        "payloadDescriptors": _descriptors(limit_w=1),
        "targets": [program_target(program_id)],
    }


def event_document(
    *, program_id: str, event_id: int, start_at: datetime, end_at: datetime, limit_w: int, targets: Iterable[str]
) -> dict[str, Any]:
    """
    Return our own event as an event: a moderate shed (SIMPLE 1), with the limit of power where the programme has one.

    :param program_id: object id of its program. :param limit_w: 0: the customer saves by hand [W]
    """
    seconds = int((end_at - start_at).total_seconds())
    payloads: list[dict[str, Any]] = [{"type": "SIMPLE", "values": [1]}]
    if limit_w:
        payloads.append({"type": "IMPORT_CAPACITY_LIMIT", "values": [limit_w / 1_000]})
    return {
        "programID": program_id,
        "eventName": f"{OUR_PREFIX}{event_id}",
        "targets": sorted(targets),
        "payloadDescriptors": _descriptors(limit_w=limit_w),
        "reportDescriptors": [{"payloadType": "OPERATING_STATE"}],
        "intervalPeriod": {"start": instant(start_at), "duration": f"PT{seconds // 3_600}H"},
        "intervals": [{"id": 0, "payloads": payloads}],
    }


def replies(report: Mapping[str, Any]) -> dict[str, Reply]:
    """
    Return what a report says for each resource by its name, where it says anything: the last interval counts.

    OPERATING_STATE IDLE_OPTED_OUT or RUNNING_OPTED_OUT opt out; another state that is no error, and a SIMPLE_LEVEL
    above 0, say that the resource heard of it and takes part. Level 0 is how it runs anyway, before an event and after
    it, and says neither. [source: OpenADR 3.1.0 report payloads]
    """
    found: dict[str, Reply] = {}
    for resource in report.get("resources", ()):
        for interval in resource.get("intervals", ()):
            for payload in interval.get("payloads", ()):
                reply = _reply(payload)
                if reply is not None:
                    found[resource["resourceName"]] = reply
    return found


def _reply(payload: Mapping[str, Any]) -> Reply | None:
    value = payload["values"][0] if payload["values"] else None
    if payload["type"] == "OPERATING_STATE" and isinstance(value, str) and value not in _NO_ANSWER:
        return Reply.OPTS_OUT if value in _OPTED_OUT else Reply.TAKES_PART
    if payload["type"] == "SIMPLE_LEVEL" and isinstance(value, int | float) and not isinstance(value, bool):
        return Reply.TAKES_PART if value > 0 else None
    return None


def _descriptors(*, limit_w: int) -> list[dict[str, Any]]:
    found = [{"objectType": "EVENT_PAYLOAD_DESCRIPTOR", "payloadType": "SIMPLE"}]
    if limit_w:
        found.append(
            {"objectType": "EVENT_PAYLOAD_DESCRIPTOR", "payloadType": "IMPORT_CAPACITY_LIMIT", "units": "KW"}
        )  # fmt: skip
    return found
