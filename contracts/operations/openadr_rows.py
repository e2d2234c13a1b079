"""Rows of objects of OpenADR: written, changed and buried by steps, and told to those who subscribed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db import IntegrityError, transaction

from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform import audit
from cis.platform.db import joins_transaction
from contracts.domain.openadr import NAME_FIELD, ObjectKind
from contracts.domain.openadr_text import written
from contracts.domain.openadr_times import ends_at
from contracts.models.openadr import OpenAdrObject
from contracts.operations import openadr_callbacks

CHILD = {ObjectKind.PROGRAM: "program", ObjectKind.EVENT: "event", ObjectKind.VEN: "ven"}
"""By which column others hang on an object: they go with it."""


class NameTaken(Refused):
    """Another object has this name."""

    code = "name_taken"


@joins_transaction
def write_step(
    row: OpenAdrObject,
    document: Mapping[str, Any],
    *,
    targets: tuple[str, ...] | None,
    at: datetime,
    actor: Actor,
) -> OpenAdrObject:
    """
    Write a row with its document, new or again, and tell who subscribed.

    :param targets: None: they stay as they are.
    :raises NameTaken: another object has its name.
    """
    kind, is_new = ObjectKind(row.kind), row.pk is None
    before = None if is_new or row.deleted_at is not None else tuple(row.targets)
    if is_new:
        row.object_id, row.created_at = str(uuid4()), at
    else:
        row.version += 1
    row.document, row.modified_at, row.deleted_at = written(document), at, None
    row.name = document[NAME_FIELD[kind]] if kind in NAME_FIELD else ""
    row.ends_at = ends_at(document) if kind is ObjectKind.EVENT else None
    row.targets = list(row.targets if targets is None else targets)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise NameTaken(f"Another {kind.value} has this name.") from error
    audit.record(actor, "create" if before is None else "change", _subject(kind), row.id)
    openadr_callbacks.tell_step(row, before=before, after=tuple(row.targets))
    return row


@joins_transaction
def bury_step(
    row: OpenAdrObject, *, at: datetime, actor: Actor, is_alone: bool = False
) -> list[OpenAdrObject]:  # fmt: skip
    """
    Delete a row with what hangs on it, and tell who subscribed; return all that are gone.

    :param is_alone: what hangs on it stays.
    """
    gone, kind = [], ObjectKind(row.kind)
    if kind in CHILD and not is_alone:
        children = OpenAdrObject.objects.filter(**{CHILD[kind]: row}, deleted_at=None).order_by("id")
        if kind is ObjectKind.PROGRAM:  # reports go with their events
            children = children.exclude(kind=ObjectKind.REPORT.value)
        for child in children:
            gone += bury_step(child, at=at, actor=actor)
    row.deleted_at, row.modified_at, row.version = at, at, row.version + 1
    row.save(update_fields=["deleted_at", "modified_at", "version"])
    audit.record(actor, "delete", _subject(kind), row.id)
    openadr_callbacks.tell_step(row, before=tuple(row.targets), after=None)
    return [*gone, row]


def _subject(kind: ObjectKind) -> str:
    return f"openadr_{kind.value}"
