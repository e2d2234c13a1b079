"""
What a head end says of its own is taken in: interval values, counter values, events, voltages; pushed or pulled.

All of it may be said again, in any order: values are put in order by when they were written, the same counter value
again is unchanged, an event counts once. So each message is kept by itself, and a batch that broke off is sent again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import numpy as np
from django.utils import timezone

from accounts.queries import supplier
from cis.kernel.actors import Actor
from cis.kernel.calendar import LocalClock
from cis.kernel.errors import Refused
from cis.kernel.fixed import Int64
from cis.platform import db
from cis.platform.db import opens_transaction
from metering.domain.day_merging import onto_clock
from metering.domain.formats.batches import Batch, CounterReads, Format, Header, IntervalRuns
from metering.domain.formats.faults import Rejection
from metering.domain.head_end_messages import MESSAGES_MOST, Counter, Event, Messages, frozen_day, read
from metering.domain.meter_alarms import NewAlarm
from metering.domain.reads import ADVICE, ReadFault
from metering.operations import head_end_files, live_values, meter_alarms, resolver, voltages
from metering.operations.deliveries import Delivery, Tally
from metering.operations.reads import LOCK

_TOMORROW = timedelta(days=1)


class TooManyMessages(Refused):
    """More messages than are taken at once."""

    code = "too_many_messages"


class Outcome(StrEnum):
    """What became of a message; TAKEN also where it said nothing new."""

    TAKEN = "taken"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of a message: its name at the head end, and why it was refused."""

    message_id: str
    outcome: Outcome
    code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """
    What came of a batch of messages.

    results  one a message, in order
    days     register days of which something new is known
    reads    counter values that are new
    alarms   events that are new
    """

    results: tuple[Result, ...]
    days: int
    reads: int
    alarms: int


class _Heard(Delivery):
    """
    Messages on their way into the tables: values into days that are not over, refusals to who sent them.

    written_us  when each message was written [microseconds since 1970 UTC]
    """

    def __init__(self, *, read_file_id: int, actor_id: int | None, received_at: datetime, written_us: Int64) -> None:
        super().__init__(
            read_file_id=read_file_id, actor_id=actor_id, received_at=received_at,
            zone_name=supplier.current().time_zone,
        )  # fmt: skip
        self.refused: list[Rejection] = []
        self._written_us = written_us
        self._heard_at = received_at

    def without_locks(self) -> "_Heard":
        """Look names up without keeping others from writing reads: nothing of a register itself is changed."""
        self._names = resolver.NamesByFormat(locks=False)
        return self

    def _write_rejections(self) -> None:
        self.refused += [rejection for rejection, _member in self._rejections]
        self._rejections = []

    def _lay_runs(
        self, runs: IntervalRuns, minutes: int, *, register_id: Int64, utc_offset_minutes: Int64, member: str
    ) -> None:
        """Lay runs on days as they were written, the later ones over the earlier ones, and keep those."""
        del member
        order = np.argsort(self._written_us[runs.line], kind="stable")
        some = runs.take(order)
        where = {
            "register_id": register_id[order], "start_us": some.start_us, "count": some.count, "minutes": minutes,
            "quality": some.quality, "utc_offset_minutes": utc_offset_minutes[order],
        }  # fmt: skip
        laid = onto_clock(values=some.values, **where)  # type: ignore[arg-type]
        written = onto_clock(values=np.repeat(self._written_us[some.line], some.count), **where)  # type: ignore[arg-type]
        if len(laid):
            self.tally.interval_days += live_values.keep_step(laid, written=written.values, heard_at=self._heard_at)
            self.tally.interval_values += int(laid.given.sum())


def take(
    *, messages: Sequence[Any], actor: Actor, at: datetime | None = None, heard_at: datetime | None = None
) -> Taken:
    """
    Take messages of a head end, as ``domain.head_end_messages`` describes them; each is taken or refused by itself.

    Several use cases, one for each kind, so that values wait for nobody. A counter value is kept where it stands for a
    midnight; of any other hour it is refused, since bills are made of days. Interval values are kept as they come, and
    become an interval day when their day is over (``live_closing``).

    :param messages: as ``domain.head_end_messages.parsed`` gives them.
    :param heard_at: when they were heard first, where they were sent again: what does not say when it was written
        counts as written then. None: at ``at``.
    :raises TooManyMessages: more than MESSAGES_MOST.
    :raises NoSupplier: the installation has no supplier, hence no time zone.
    """
    if len(messages) > MESSAGES_MOST:
        raise TooManyMessages(f"{MESSAGES_MOST} messages are taken at once.", count=len(messages))
    now = at or timezone.now()
    today = timezone.localdate(now)
    said = read(messages, now=now, today=today + _TOMORROW, heard_at=heard_at)
    refused = list(said.refused)
    days = _keep_values(said, now, refused) if len(said.runs) else 0
    reads = _keep_counters(said, actor, now, refused) if said.counters else 0
    alarms = _keep_events(said.events, actor, refused) if said.events else 0
    if said.voltages:
        refused += voltages.take(said=said.voltages)
    if refused:
        _note(refused, now)
    return Taken(results=_results(said, refused), days=days, reads=reads, alarms=alarms)


@opens_transaction
def _keep_values(said: Messages, now: datetime, refused: list[Rejection]) -> int:
    live_values.lock()
    heard = _Heard(read_file_id=0, actor_id=None, received_at=now, written_us=said.written_us).without_locks()
    heard.add(Batch(member="", header=Header(Format.HEAD_END), last_line=0, runs=said.runs))
    refused += heard.refused
    return heard.tally.interval_days


@opens_transaction
def _keep_counters(said: Messages, actor: Actor, now: datetime, refused: list[Rejection]) -> int:
    """Keep the counter values that stand for a midnight, under the lock of deliveries."""
    frozen = _frozen(said.counters, refused)
    if not frozen:
        return 0
    db.fetch("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    file = head_end_files.file_of_hour(at=now)
    heard = _Heard(read_file_id=file.id, actor_id=actor.id, received_at=now, written_us=said.written_us)
    reads = CounterReads(
        meter=[one.serial for one, _ in frozen],
        register=[one.register for one, _ in frozen],
        line=np.array([one.line for one, _ in frozen], dtype=np.int64),
        read_at=np.array([day for _, day in frozen], dtype="datetime64[s]"),
        reading_wh=np.array([one.reading_wh for one, _ in frozen], dtype=np.int64),
        unit=[one.unit for one, _ in frozen],
        kind=["actual"] * len(frozen),
    )
    heard.add(Batch(member="", header=Header(Format.HEAD_END), last_line=0, reads=reads))
    refused += heard.refused
    tally: Tally = heard.tally
    head_end_files.count_step(file, reads=tally.reads, unchanged=tally.unchanged)
    return tally.reads


def _frozen(counters: Sequence[Counter], refused: list[Rejection]) -> list[tuple[Counter, np.datetime64]]:
    """Return the counter values that stand for a midnight, with its date; the others are refused."""
    clock = LocalClock(supplier.current().time_zone)
    found: list[tuple[Counter, np.datetime64]] = []
    for one in counters:
        day = frozen_day(one.at.astimezone(clock.zone).replace(tzinfo=None))
        if day is None:
            message = "The value is not of midnight, and bills are made of days."
            text = f"{one.serial},{one.register}"
            refused.append(Rejection(one.line, str(ReadFault.NOT_FROZEN), message, ADVICE[ReadFault.NOT_FROZEN], text))
        else:
            found.append((one, np.datetime64(day)))
    return found


def _keep_events(events: Sequence[Event], actor: Actor, refused: list[Rejection]) -> int:
    alarms = [NewAlarm(serial=one.serial, kind=one.kind, occurred_at=one.at) for one in events]
    try:
        taken = meter_alarms.take(alarms=alarms, actor=actor)
    except Refused as refusal:
        refused += [Rejection(one.line, refusal.code, refusal.message, refusal.advice, one.serial) for one in events]
        return 0
    _note_drift(events)
    unknown = set(taken.unknown)
    refused += [
        Rejection(
            one.line, str(ReadFault.UNKNOWN_METER), f"There is no meter {one.serial}.",
            ADVICE[ReadFault.UNKNOWN_METER], one.serial,
        )
        for one in events
        if one.serial in unknown
    ]  # fmt: skip
    return taken.kept


@opens_transaction
def _note_drift(events: Sequence[Event]) -> None:
    """Note how wrong the clocks of meters are, where it is later than what is known; one statement."""
    said = {one.serial: one for one in sorted(events, key=lambda one: one.at) if one.drift_s is not None}
    if said:
        last = said.values()
        db.execute(_DRIFT, [list(said), [one.drift_s for one in last], [one.at for one in last]])


@opens_transaction
def _note(refused: Sequence[Rejection], now: datetime) -> None:
    head_end_files.refuse_step(head_end_files.file_of_hour(at=now), refused)


def _results(said: Messages, refused: Sequence[Rejection]) -> tuple[Result, ...]:
    why = {one.line: one for one in refused}
    return tuple(
        Result(message_id=name, outcome=Outcome.REFUSED, code=why[place].code, message=why[place].message)
        if place in why
        else Result(message_id=name, outcome=Outcome.TAKEN)
        for place, name in enumerate(said.ids)
    )


_DRIFT = """
    UPDATE metering_meter m SET clock_drift_s = one.drift, clock_drift_at = one.at
    FROM unnest(%s::text[], %s::int[], %s::timestamptz[]) AS one (serial, drift, at)
    WHERE m.serial = one.serial AND (m.clock_drift_at IS NULL OR m.clock_drift_at < one.at)
"""
