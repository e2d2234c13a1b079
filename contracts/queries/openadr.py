"""Objects of OpenADR: who may see what, and what there is."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import JSONField, Q, QuerySet
from django.db.models.functions import Cast

from cis.kernel.errors import Refused
from cis.platform import keys
from contracts.domain.openadr import (
    GRANTED,
    READ_ALL,
    RESERVED,
    SCOPE_PREFIX,
    SHARED,
    ObjectKind,
    Reader,
    Shown,
    enrolment_target,
    may_read,
    program_target,
)
from contracts.domain.openadr_text import is_kept, kept
from contracts.models.openadr import OpenAdrObject

ID_DIGITS = 18
LIVE = Q(deleted_at=None)


class UnknownObject(Refused):
    """There is no such object, or none that the client may see: the answer does not tell which."""

    code = "unknown_object"


class Blocked(Refused):
    """The client's VEN was blocked on the desk."""

    code = "ven_blocked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which objects are listed; "", (), None and False = all. ``active_at``: leave out events that were over then."""

    name: str = ""
    program_id: str = ""
    event_id: str = ""
    ven_id: str = ""
    targets: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    active_at: datetime | None = None


def reader(*, client_id: str, reads_all: bool) -> Reader:
    """
    Return a client as one who reads; one statement.

    :raises Blocked: its VEN is blocked.
    """
    granted = _granted([client_id])
    if client_id in granted and granted[client_id] is None:
        raise Blocked("This client was blocked. Ask the supplier.")
    return Reader(client_id, reads_all, granted.get(client_id) or frozenset())


def readers(*, client_ids: Collection[str], kind: ObjectKind) -> dict[str, Reader]:
    """
    Return those of some clients who may read objects of a kind still; two statements.

    Their key holds and has the right to, and their VEN is not blocked.
    """
    scopes, granted = keys.scopes_of(names=client_ids), _granted(client_ids)
    return {
        name: Reader(name, f"{SCOPE_PREFIX}{READ_ALL}" in held, granted.get(name) or frozenset())
        for name, held in scopes.items()
        if granted.get(name, frozenset()) is not None and may_read(held, kind=kind)
    }


def visible(kind: ObjectKind, reader: Reader) -> QuerySet[OpenAdrObject]:
    """Return the objects of a kind that a reader sees; see ``contracts.domain.openadr.sees``."""
    rows = OpenAdrObject.objects.filter(LIVE, kind=kind.value).select_related("enrollment")
    if reader.reads_all:
        return rows
    if kind in SHARED:
        return rows.filter(Q(targets=[]) | Q(targets__overlap=sorted(reader.targets)))
    return rows.filter(client_id=reader.client_id)


def one(*, kind: ObjectKind, object_id: str, reader: Reader) -> OpenAdrObject:
    """
    Return an object; one statement.

    :raises UnknownObject: there is none that the reader sees.
    """
    row = visible(kind, reader).filter(object_id=object_id).first() if is_kept(object_id) else None
    if row is None:
        raise UnknownObject(f"There is no such {kind.value}.")
    return row


def listed(*, kind: ObjectKind, reader: Reader, wanted: Wanted, skip: int, most: int) -> list[OpenAdrObject]:
    """Return some objects that fit all that is wanted, the oldest first; one statement."""
    rows = visible(kind, reader)
    if wanted.name:
        rows = rows.filter(name=wanted.name)
    for column, object_id in (("program", wanted.program_id), ("event", wanted.event_id), ("ven", wanted.ven_id)):
        if object_id:
            rows = rows.filter(**{f"{column}__object_id": object_id})
    if wanted.targets:
        asked = set(wanted.targets)
        if kind in SHARED and not reader.reads_all:
            asked &= reader.targets
        rows = rows.filter(_bearing(kind, asked))
    if wanted.objects:
        said: Any = rows.annotate(said=Cast("document", JSONField()))
        for name in wanted.objects:
            said = said.filter(said__objectOperations__contains=[{"objects": [name]}])
        rows = said
    if wanted.active_at is not None:
        rows = rows.filter(Q(ends_at=None) | Q(ends_at__gt=wanted.active_at))
    return list(rows.order_by("id")[skip : skip + most])


def as_shown(row: OpenAdrObject) -> Shown:
    """Return a row as an object that can be shown; a resource comes with its enrolment."""
    kind = ObjectKind(row.kind)
    return Shown(
        kind=kind, object_id=row.object_id, client_id=row.client_id, document=kept(row.document),
        targets=granted_by(row) if kind in GRANTED else tuple(row.targets), created_at=row.created_at,
        modified_at=row.modified_at,
    )  # fmt: skip


def granted_by(row: OpenAdrObject) -> tuple[str, ...]:
    """Return the targets that a VEN or resource has: those that were written, and those of its enrolment."""
    joined = row.enrollment if row.kind == ObjectKind.RESOURCE else None
    own = (enrolment_target(joined.id), program_target(joined.program_id)) if joined is not None else ()
    return (*row.targets, *own)


def linked(*, enrollment_ids: Iterable[int]) -> set[int]:
    """Return those enrolments for which a resource of a VEN answers that is not blocked; one statement."""
    rows = OpenAdrObject.objects.filter(
        LIVE, kind=ObjectKind.RESOURCE.value, enrollment_id__in=list(enrollment_ids), ven__blocked_at=None,
        ven__deleted_at=None,
    )  # fmt: skip
    return {int(one) for one in rows.values_list("enrollment_id", flat=True) if one is not None}


def _bearing(kind: ObjectKind, asked: Collection[str]) -> Q:
    found = Q(targets__overlap=sorted(asked))
    if kind is not ObjectKind.RESOURCE:
        return found
    ids = {prefix: _numbers(asked, prefix) for prefix in RESERVED}
    of_enrolment, of_program = (ids[prefix] for prefix in RESERVED)
    return found | Q(enrollment_id__in=of_enrolment) | Q(enrollment__program_id__in=of_program)


def _numbers(asked: Collection[str], prefix: str) -> list[int]:
    """Return the ids of targets that we grant; none is longer than a row's id can be."""
    rests = [name.removeprefix(prefix) for name in asked if name.startswith(prefix)]
    return [int(rest) for rest in rests if rest.isdecimal() and len(rest) <= ID_DIGITS]


def _granted(client_ids: Collection[str]) -> dict[str, frozenset[str] | None]:
    """Return what was granted to clients by their names; None: one of its VENs is blocked. One statement."""
    rows = OpenAdrObject.objects.filter(LIVE, kind__in=[kind.value for kind in GRANTED], client_id__in=list(client_ids))
    found: dict[str, frozenset[str] | None] = {}
    for row in rows.select_related("enrollment"):
        known = found.get(row.client_id, frozenset())
        is_blocked = known is None or row.blocked_at is not None
        found[row.client_id] = None if is_blocked else (known or frozenset()) | frozenset(granted_by(row))
    return found
