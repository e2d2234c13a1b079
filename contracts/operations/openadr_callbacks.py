"""
Calling back: what happened to an object is told to each client that subscribed to it and sees it.

A message is a row of the outbox with ids alone; what is told is read when it is sent, and whether the client may see it
is asked then again. So an update that was overtaken by another is not told, and nobody learns what was taken from them.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

from django.utils import timezone

from cis.platform import outbox, outward
from cis.platform.db import joins_transaction, opens_transaction
from cis.platform.outbox import Message
from contracts.domain.openadr import GRANTED, SHARED, ObjectKind, Operation, Reader, gone, sees, shown, without_bearers
from contracts.domain.openadr_text import kept, written
from contracts.models.openadr import OpenAdrObject
from contracts.queries import openadr as queries

SEND: Final = "openadr_callback"
"""Kind of the message."""
ERROR_MOST: Final = 200


@joins_transaction
def tell_step(
    row: OpenAdrObject, *, before: Collection[str] | None, after: Collection[str] | None
) -> None:  # fmt: skip
    """
    Queue a message for each subscription to what happened to an object; four statements.

    Who did not see it before is told that it is there, who does not see it any more that it is gone.

    :param before: its targets before; None: it was not there. :param after: its targets now; None: it is gone.
    """
    kind = ObjectKind(row.kind)
    programs = [row.id] if kind is ObjectKind.PROGRAM else [row.program_id]
    subscriptions = OpenAdrObject.objects.filter(
        queries.LIVE, queries.Q(program=None) | queries.Q(program_id__in=programs),
        kind=ObjectKind.SUBSCRIPTION.value,
    )  # fmt: skip
    found = list(subscriptions.order_by("id"))
    readers = queries.readers(client_ids={one.client_id for one in found}, kind=kind) if found else {}
    payloads: dict[str, Mapping[str, Any]] = {}
    for one in found:
        reader = readers.get(one.client_id)
        happened = _happened(row, one, reader, before=before, after=after) if reader else None
        if happened is None:
            continue
        for place, wish in enumerate(kept(one.document)["objectOperations"]):
            if kind.type_name in wish["objects"] and happened.value in wish["operations"]:
                key = f"{one.id}:{place}:{row.id}:{row.version}:{happened.value}"
                payloads[key] = {
                    "subscription": one.id, "place": place, "object": row.id, "operation": happened.value,
                    "version": row.version,
                }  # fmt: skip
    outbox.queue_many(kind=SEND, payloads=payloads)


def send(message: Message) -> None:
    """
    Call back for one message; do nothing where it is not true any more, or its client may not know.

    :raises BadAddress, NotTaken: it was not taken; the outbox tries again.
    """
    given = message.payload
    subscription = OpenAdrObject.objects.filter(queries.LIVE, id=given["subscription"]).first()
    row = OpenAdrObject.objects.select_related("enrollment").filter(id=given["object"]).first()
    if subscription is None or row is None:
        return
    readers = queries.readers(client_ids=[subscription.client_id], kind=ObjectKind(row.kind))
    reader = readers.get(subscription.client_id)
    wishes = kept(subscription.document)["objectOperations"]
    if reader is None or given["place"] >= len(wishes):
        return
    operation = Operation(given["operation"])
    is_seen = row.deleted_at is None and _sees(reader, row, row.targets, subscription.targets)
    is_overtaken = operation is Operation.UPDATE and row.version != given["version"]
    if is_overtaken or is_seen == (operation is Operation.DELETE):
        return
    try:
        _call(wishes[given["place"]], row, operation, reader, message)
    except (outward.BadAddress, outward.NotTaken) as error:
        _note(subscription.id, error=str(error), at=timezone.now())
        raise
    _note(subscription.id, error="", at=timezone.now())


def _call(
    wish: Mapping[str, Any], row: OpenAdrObject, operation: Operation, reader: Reader, message: Message
) -> None:  # fmt: skip
    """Send what a reader may know: of what was hidden from it no more than that it is gone; tokens are told nobody."""
    kind, one = ObjectKind(row.kind), queries.as_shown(row)
    knows = sees(reader, kind=kind, client_id=row.client_id, targets=row.targets)
    about = shown(one, reader=reader) if knows else gone(one)
    told = {
        "objectType": kind.type_name,
        "operation": operation.value,
        "object": without_bearers(about) if kind is ObjectKind.SUBSCRIPTION else about,
    }
    headers = {"Content-Type": "application/json", "Webhook-Id": message.message_id.strip("<>")}
    if wish.get("bearerToken"):
        headers["Authorization"] = f"Bearer {wish['bearerToken']}"
    outward.post(wish["callbackUrl"], body=written(told).encode(), headers=headers)


def _happened(
    row: OpenAdrObject,
    subscription: OpenAdrObject,
    reader: Reader,
    *,
    before: Collection[str] | None,
    after: Collection[str] | None,
) -> Operation | None:
    """Return what happened in the eyes of a client; None: nothing that it sees."""
    saw = before is not None and _sees(reader, row, before, subscription.targets)
    sees_it = after is not None and _sees(reader, row, after, subscription.targets)
    if saw and sees_it:
        return Operation.UPDATE
    if saw:
        return Operation.DELETE
    return Operation.CREATE if sees_it else None


def _sees(reader: Reader, row: OpenAdrObject, targets: Collection[str], wanted: Collection[str]) -> bool:
    """Return whether a reader sees a row with these targets, and wants to: targets of a subscription filter."""
    kind = ObjectKind(row.kind)
    is_wanted = not wanted or kind not in SHARED | GRANTED or not set(wanted).isdisjoint(targets)
    return is_wanted and sees(reader, kind=kind, client_id=row.client_id, targets=targets)


@opens_transaction
def _note(subscription_id: int, *, error: str, at: datetime) -> None:
    OpenAdrObject.objects.filter(id=subscription_id).update(called_at=at, call_error=error[:ERROR_MOST])
