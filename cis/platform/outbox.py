"""
Messages to the world outside: mail, SMS, webhooks, papers, meter commands.

A message is a row written with the use case that causes it, and is sent after the commit. Promise: none is missing,
and a crash between sending and writing that down repeats at most that one; receivers can tell by its Message-ID. What
fails is tried again, later each time, and is dead with a visible reason after that.

Kinds that have a sender of many go together for their first attempt, in a constant number of statements for all of
them; what fails of them, or was with a worker that died, goes alone from then on. But where the receiver was down, what
it did not take goes together again when its wait is over: a day of messages is not sent one by one.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.utils import timezone

from cis.platform import db, jobs
from cis.platform.models import OutboxMessage, OutboxState

DELIVER_TASK = "cis.platform.tasks.deliver"
ATTEMPTS_MOST = 10
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)
BATCH = 200
TOGETHER = 50
"""So many messages of a kind go together."""
ERROR_MOST = 1_000
log = structlog.get_logger(__name__)


class NoSender(RuntimeError):
    """No sender for this kind of message is registered in ``cis.wiring``."""


@dataclass(frozen=True, slots=True)
class Message:
    """What a sender gets; ``attempt`` counts from 1."""

    id: int
    kind: str
    key: str
    payload: dict[str, Any]
    attempt: int

    @property
    def message_id(self) -> str:
        """Return the name by which receivers know a repeated message."""
        domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">") or "localhost"
        return f"<outbox.{self.id}@{domain}>"


Sender = Callable[[Message], object]
ManySender = Callable[[Sequence[Message]], Mapping[int, Exception]]
SENDERS: dict[str, Sender] = {}
MANY: dict[str, ManySender] = {}
DOWN: dict[str, str] = {}
"""Of a kind, how an error begins that says that the receiver was down and nothing wrong with the message."""


def send_by(kind: str, sender: Sender) -> None:
    """Bind a kind of message to its sender, which raises if it could not send. For ``cis.wiring`` only."""
    SENDERS[kind] = sender


def send_many_by(kind: str, sender: ManySender, *, down: type[Exception] | None = None) -> None:
    """
    Bind a kind to what sends many of it at once, and returns what failed by id. For ``cis.wiring`` only.

    :param down: what it says of messages that were not taken because the receiver is down: they go together again.
    """
    MANY[kind] = sender
    if down is not None:
        DOWN[kind] = _told(down())


@db.joins_transaction
def queue(*, kind: str, key: str, payload: Mapping[str, Any], due_at: datetime | None = None) -> bool:
    """
    Queue one message, to be sent after the commit and not before ``due_at``; return False if the key was queued before.

    :param payload: ids and texts; never prices or money.
    """
    return queue_many(kind=kind, payloads={key: payload}, due_at=due_at) == 1


@db.joins_transaction
def queue_many(*, kind: str, payloads: Mapping[str, Mapping[str, Any]], due_at: datetime | None = None) -> int:
    """
    Queue messages by their keys in one statement; return how many are new, since the same key is queued once.

    :param payloads: of each key its payload, see ``queue``.
    """
    if not payloads:
        return 0
    made = db.execute(
        """
        INSERT INTO platform_outboxmessage (kind, key, payload, state, attempts, last_error, due_at, created_at)
        SELECT %s, one.key, one.payload::jsonb, 'waiting', 0, '', coalesce(%s, now()), now()
        FROM unnest(%s::text[], %s::text[]) AS one (key, payload)
        ON CONFLICT (kind, key) DO NOTHING
        """,
        [kind, due_at, list(payloads), [json.dumps(payload, ensure_ascii=False) for payload in payloads.values()]],
    )
    if made:
        wake()
    return made


def insert_from(rows: str) -> str:
    """
    Return the part of a larger statement that queues what its other parts wrote; ``wake`` follows it.

    :param rows: name of the part with one row a message: ``kind``, ``key``, ``payload`` (jsonb), ``due_at`` or null.
    """
    return f"""
        INSERT INTO platform_outboxmessage (kind, key, payload, state, attempts, last_error, due_at, created_at)
        SELECT one.kind, one.key, one.payload, 'waiting', 0, '', coalesce(one.due_at, now()), now() FROM {rows} AS one
        ON CONFLICT (kind, key) DO NOTHING RETURNING id
    """  # noqa: S608 (a name of the caller)


def wake() -> None:
    """Wake a worker for what was queued, after the commit."""
    jobs.send(DELIVER_TASK)


def deliver_due(*, most: int = BATCH) -> int:
    """Send what is due, the earliest first, until nothing is due or ``most`` were tried; return how many."""
    tried = 0
    while tried < most and (messages := _claim(min(most - tried, TOGETHER))):
        tried += len(messages)
        if len(messages) > 1:
            _send_together(messages)
        elif messages[0].attempt > ATTEMPTS_MOST:
            _bury(messages[0])
        else:
            _send(messages[0])
    return tried


def put_off(*, kind: str, until: datetime) -> int:
    """
    Let what waits of a kind be due at another instant, which may be now; return how many do.

    What was tried keeps its own time: a worker may be sending it.
    """
    waiting = OutboxMessage.objects.filter(kind=kind, state=OutboxState.WAITING.value, attempts=0)
    return waiting.update(due_at=until)


def revive(message_id: int) -> bool:
    """Try a dead message again from the start; return False if it is not dead."""
    changed = OutboxMessage.objects.filter(id=message_id, state=OutboxState.DEAD.value).update(
        state=OutboxState.WAITING.value, attempts=0, due_at=timezone.now()
    )
    return bool(changed)


def dead(*, kind: str, since: datetime, most: int = 10_000) -> list[dict[str, Any]]:
    """Return the payloads of dead messages of a kind that were queued since an instant, the latest first."""
    rows = OutboxMessage.objects.filter(kind=kind, state=OutboxState.DEAD.value, created_at__gte=since)
    return list(rows.order_by("-id").values_list("payload", flat=True)[:most])


def wait_after(attempt: int) -> timedelta:
    """Return how long to wait after a failed attempt, counted from 1: twice as long each time, up to six hours."""
    doubled: int = 2 ** (min(attempt, 30) - 1)
    return min(FIRST_WAIT * doubled, LONGEST_WAIT)


@db.opens_transaction
def _claim(most: int) -> list[Message]:
    """
    Take the next message, count the attempt and put the next one off, before anything is sent.

    So a message that kills its worker comes after the others, and is dead in the end like any that fails. With one that
    was never tried go others of its kind, where they have a sender of many; so do those that were tried as often when
    the receiver was down, until their last attempt. Their error is forgotten now: a worker that dies leaves none.
    """
    rows = db.fetch(f"{_DUE} ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED")
    if not rows:
        return []
    kind, attempt, error = rows[0][1], rows[0][4] + 1, rows[0][5]
    down = DOWN.get(kind)
    if kind in MANY and (attempt == 1 or (down and error.startswith(down) and attempt < ATTEMPTS_MOST)):
        rows = db.fetch(
            f"{_DUE} AND kind = %s AND attempts = %s AND (attempts = 0 OR starts_with(last_error, %s)) "
            "ORDER BY due_at, id LIMIT %s FOR UPDATE SKIP LOCKED",
            [kind, attempt - 1, down or "-", most],
        )
    OutboxMessage.objects.filter(id__in=[row[0] for row in rows]).update(
        attempts=attempt, due_at=timezone.now() + wait_after(attempt), **({"last_error": ""} if down else {})
    )
    return [
        Message(row_id, kind, key, json.loads(payload) if isinstance(payload, str) else payload, attempt)
        for row_id, kind, key, payload, _attempts, _error in rows
    ]


_DUE = """
    SELECT id, kind, key, payload, attempts, last_error FROM platform_outboxmessage
    WHERE state = 'waiting' AND due_at <= now()
"""


def _send(message: Message) -> None:
    """
    Call the sender, outside a transaction: it is a door that may call use cases, and may take its time.

    The lock on the message lasts as long as that; if this process dies it is free at once.
    """
    held = db.session()
    with jobs.alone(f"outbox {message.id}") as is_ours:
        still = OutboxMessage.objects.filter(id=message.id, state=OutboxState.WAITING.value)
        if not is_ours or not still.exists():
            return  # it took so long to come here that another worker took it up
        try:
            _sender_of(message.kind)(message)
        except Exception as error:
            if db.is_lost(held):
                raise  # the database went away, not the receiver
            _note_failed(message, error)
        else:
            _note_sent([message.id])


def _send_together(messages: Sequence[Message]) -> None:
    """Call the sender of many, as ``_send`` calls that of one; who fails is known by id, or all do."""
    kind, session = messages[0].kind, db.session()
    with jobs.alone_each([f"outbox {message.id}" for message in messages]) as ours:
        held = [message for message, is_ours in zip(messages, ours, strict=True) if is_ours]
        still = OutboxMessage.objects.filter(
            id__in=[message.id for message in held], state=OutboxState.WAITING.value, attempts=messages[0].attempt
        )
        waiting = set(still.values_list("id", flat=True))
        mine = [message for message in held if message.id in waiting]
        failed: Mapping[int, Exception] = {}
        try:
            if mine:
                failed = MANY[kind](mine)
        except Exception as error:
            if db.is_lost(session):
                raise
            failed = {message.id: error for message in mine}
        _note_sent([message.id for message in mine if message.id not in failed])
        for message in mine:
            if message.id in failed:
                _note_failed(message, failed[message.id])


def _note_sent(message_ids: Collection[int]) -> None:
    OutboxMessage.objects.filter(id__in=message_ids).update(
        state=OutboxState.SENT.value, last_error="", sent_at=timezone.now()
    )


def _note_failed(message: Message, error: Exception) -> None:
    is_last = message.attempt >= ATTEMPTS_MOST
    log.warning("message_not_sent", id=message.id, kind=message.kind, attempt=message.attempt, error=str(error))
    _write(message, OutboxState.DEAD if is_last else OutboxState.WAITING, _told(error))


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _sender_of(kind: str) -> Sender:
    if kind not in SENDERS:
        raise NoSender(f"nobody sends messages of the kind {kind!r}")
    return SENDERS[kind]


def _bury(message: Message) -> None:
    _write(message, OutboxState.DEAD, f"its worker died {ATTEMPTS_MOST} times while sending it")


def _write(message: Message, state: OutboxState, error: str) -> None:
    OutboxMessage.objects.filter(id=message.id).update(state=state.value, last_error=error[:ERROR_MOST])
