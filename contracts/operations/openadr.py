"""
What clients do with objects of OpenADR: create, change and delete.

Of a document all is kept that the VTN does not write itself. Objects that are shown from our own programmes and events
are changed where these are, never here.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform import outward
from cis.platform.db import joins_transaction, opens_transaction
from contracts.domain.openadr import (
    GRANTED,
    OUR_PREFIX,
    PARENT_FIELD,
    RESERVED,
    SHARED,
    SUBSCRIPTIONS_MOST,
    ObjectKind,
    Reader,
    kept_fields,
    with_bearers,
)
from contracts.domain.openadr_shapes import BadObject, check
from contracts.domain.openadr_text import kept
from contracts.models.openadr import OpenAdrObject
from contracts.operations import openadr_bridge, openadr_reports
from contracts.operations.openadr_rows import bury_step, write_step
from contracts.queries import openadr as queries


class NoSuchParent(Refused):
    """A document names an object that is not there, or that the client does not see."""

    code = "no_such_parent"


class TooMany(Refused):
    """The client has as many subscriptions as it may."""

    code = "too_many_subscriptions"


class NotYours(Refused):
    """The object is shown from our own, and changed there."""

    code = "kept_by_the_house"


@opens_transaction
def create(
    *, kind: ObjectKind, document: Mapping[str, Any], reader: Reader, at: datetime, actor: Actor
) -> OpenAdrObject:  # fmt: skip
    """
    Make an object; it is its client's, except what business logic makes for others.

    :raises BadObject: the document does not look as the specification says, or takes names or targets that are ours.
    :raises BadAddress: nobody is called back there. :raises NoSuchParent: it names an object that is not there.
    :raises NameTaken: another object has its name. :raises TooMany: the client has enough subscriptions.
    :raises TooLate, IllegalMove: a report opts out of one of our events when nobody does any more.
    """
    return _write(OpenAdrObject(kind=kind.value), document, reader, at, actor)


@opens_transaction
def replace(
    *,
    kind: ObjectKind,
    object_id: str,
    document: Mapping[str, Any],
    reader: Reader,
    at: datetime,
    actor: Actor,
) -> OpenAdrObject:
    """
    Put another document in the place of an object's.

    :raises UnknownObject: there is none that the client sees. :raises NotYours: it is ours.
    :raises BadObject, BadAddress, NoSuchParent, NameTaken, TooLate, IllegalMove: see ``create``.
    """
    return _write(_lock(kind, object_id, reader), document, reader, at, actor)


@opens_transaction
def delete(
    *, kind: ObjectKind, object_id: str, reader: Reader, at: datetime, actor: Actor
) -> OpenAdrObject:  # fmt: skip
    """
    Delete an object with what hangs on it, and return it as it was.

    :raises UnknownObject: there is none that the client sees. :raises NotYours: it is ours.
    """
    row = _lock(kind, object_id, reader)
    if kind in GRANTED:  # resources are locked before events are shown anew, as who links them does
        rows = OpenAdrObject.objects.filter(queries.LIVE, kind=ObjectKind.RESOURCE.value).order_by("id")
        going = list(rows.filter(queries.Q(id=row.id) | queries.Q(ven=row)).select_for_update())
        freed = [one.enrollment_id for one in going if one.enrollment_id is not None]
        openadr_bridge.show_enrolments_step(enrollment_ids=freed, at=at, is_leaving=True)
    bury_step(row, at=at, actor=actor)
    return row


@joins_transaction
def _write(
    row: OpenAdrObject, document: Mapping[str, Any], reader: Reader, at: datetime, actor: Actor
) -> OpenAdrObject:  # fmt: skip
    kind = ObjectKind(row.kind)
    check(document, kind=kind)
    targets = _targets(row, document, reader)
    _bind(row, document, reader)
    if kind is ObjectKind.SUBSCRIPTION:
        document = _callbacks(row, document, reader)
    if kind is ObjectKind.REPORT:
        openadr_reports.hear_step(row, document, reader=reader, at=at, actor=actor)
    fields = kept_fields(document, kind=kind, is_business=reader.reads_all)
    return write_step(row, fields, targets=targets, at=at, actor=actor)


def _callbacks(row: OpenAdrObject, document: Mapping[str, Any], reader: Reader) -> Mapping[str, Any]:
    """
    Return a subscription whose callbacks may be made; its tokens stay where another than its client changes it.

    :raises BadAddress: nobody is called back there. :raises TooMany: its client has enough.
    """
    for wish in document["objectOperations"]:
        outward.checked(wish["callbackUrl"])
    own = OpenAdrObject.objects.filter(queries.LIVE, kind=ObjectKind.SUBSCRIPTION.value, client_id=row.client_id)
    if row.pk is None and own.count() >= SUBSCRIPTIONS_MOST:
        raise TooMany(f"A client has at most {SUBSCRIPTIONS_MOST} subscriptions.")
    if row.pk is not None and row.client_id != reader.client_id:
        return with_bearers(document, before=kept(row.document))
    return document


def _bind(row: OpenAdrObject, document: Mapping[str, Any], reader: Reader) -> None:
    """Say whose a row is and on what it hangs."""
    kind = ObjectKind(row.kind)
    if row.pk is None:
        is_named = kind is ObjectKind.VEN and reader.reads_all
        row.client_id = document.get("clientID", reader.client_id) if is_named else reader.client_id
    parent = _parent(kind, document, reader)
    if kind is ObjectKind.RESOURCE and parent is not None:
        if row.enrollment_id is not None and parent.client_id != row.client_id:
            raise NotYours("It answers for a customer: whose it is, is decided on the desk.")
        row.ven, row.client_id = parent, parent.client_id
    elif kind is ObjectKind.REPORT and parent is not None:
        row.event, row.program_id = parent, parent.program_id
    elif kind in {ObjectKind.EVENT, ObjectKind.SUBSCRIPTION}:
        if parent is not None and parent.demand_program_id is not None and kind is ObjectKind.EVENT:
            raise NotYours("Events of this program are planned on the desk.")
        row.program = parent


def _parent(kind: ObjectKind, document: Mapping[str, Any], reader: Reader) -> OpenAdrObject | None:
    field, of = PARENT_FIELD.get(kind, ("", kind))
    object_id = document.get(field)
    if object_id is None:
        return None
    if kind is ObjectKind.REPORT:
        found = openadr_reports.event_of(object_id=object_id, reader=reader)
    else:
        found = queries.visible(of, reader).filter(object_id=object_id).first()
    if found is None:
        raise NoSuchParent(f"There is no {of.value} {object_id}.", field=field)
    return found


def _targets(row: OpenAdrObject, document: Mapping[str, Any], reader: Reader) -> tuple[str, ...] | None:
    """
    Return the targets that a document gives; None: those stay that were granted, or of whom a report speaks.

    Those that a resource has by its enrolment are shown with it, and may come back.

    :raises BadObject: some are ours to grant, or its name is.
    """
    kind = ObjectKind(row.kind)
    ours = set(queries.granted_by(row)) - set(row.targets)
    given = tuple(one for one in dict.fromkeys(document.get("targets") or ()) if one not in ours)
    if kind is ObjectKind.SUBSCRIPTION:
        return given
    if kind in GRANTED and not reader.reads_all:
        return None
    if any(one.startswith(RESERVED) for one in given):
        raise BadObject(f"Targets that begin with {' or '.join(RESERVED)} are given by this VTN alone.")
    if kind is ObjectKind.PROGRAM and document["programName"].startswith(OUR_PREFIX):
        raise BadObject(f"Names that begin with {OUR_PREFIX} are given by this VTN alone.")
    return given if kind in SHARED | GRANTED else None


def _lock(kind: ObjectKind, object_id: str, reader: Reader) -> OpenAdrObject:
    found = queries.one(kind=kind, object_id=object_id, reader=reader)
    row = OpenAdrObject.objects.select_for_update(of=("self",)).select_related("enrollment").get(id=found.id)
    if row.deleted_at is not None:
        raise queries.UnknownObject(f"There is no such {kind.value}.")
    if row.demand_program_id is not None or row.demand_event_id is not None:
        raise NotYours("This is changed on the desk.")
    return row
