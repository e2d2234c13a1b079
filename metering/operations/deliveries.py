"""One delivery on its way into the tables: batches of a file, resolved, judged and loaded."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import islice

import numpy as np

from cis.kernel.calendar import LocalClock
from cis.kernel.columns import group_rows
from cis.kernel.fixed import Int64
from cis.platform.db import copy_rows, joins_transaction
from metering.domain.day_merging import ClockDays, is_on_clock, onto_clock
from metering.domain.formats.batches import (
    MARKET_UTC_OFFSET_MINUTES,
    SUPPLIERS_CLOCK,
    Batch,
    Channel,
    CounterReads,
    Instants,
    IntervalDays,
    IntervalRuns,
    RegisterSpans,
)
from metering.domain.formats.faults import Rejection, Remark
from metering.domain.reads import ADVICE, ReadFault, day_of
from metering.domain.resolving import SEVERAL, Hanging, LocalDays, Missed, choose, choose_read, named
from metering.operations import resolver
from metering.operations.counter_reads import Given, StoredReads, store
from metering.operations.interval_days import UNIX_DAY, Resolved, Store
from metering.operations.run_days import (
    Clocks,
    dates_of,
    interval_registers,
    market_us,
    resolved,
    runs_of,
    sole_registers,
    standard_offset,
    wall_seconds,
)

REMARKS_KEPT = 200
MEASURED_LETTER = "A"
_SECOND_US = 1_000_000
_DAY_US = 86_400 * _SECOND_US
_MARKET_OFFSET_S = MARKET_UTC_OFFSET_MINUTES * 60
_NOT_FOUND = 0
_DAY_SAID = {
    ReadFault.OUTDATED_DAY: "The values of {day} were written before those that are kept.",
    ReadFault.CORRECTED_DAY: "The values of {day} were corrected, and these are not those they were made from.",
    ReadFault.OTHER_LENGTH: "The values of {day} are kept in another interval length, and these are not the whole day.",
    ReadFault.TOO_LARGE: "The values of {day} are too large for one unit.",
}


@dataclass(slots=True)
class Tally:
    """Counts of a delivery; ``remarks`` are the first REMARKS_KEPT."""

    reads: int = 0
    interval_days: int = 0
    interval_values: int = 0
    rejected: int = 0
    unchanged: int = 0
    remarks: list[Remark] = field(default_factory=list)


class Delivery:
    """Takes the batches of one file, in order, inside one use case; memory does not grow with the file."""

    def __init__(
        self,
        *,
        read_file_id: int,
        actor_id: int | None,
        received_at: datetime,
        zone_name: str,
        is_first: bool = True,
    ) -> None:
        self.tally = Tally()
        self.read_file_id = read_file_id
        self._actor_id = actor_id
        self._received_at = received_at
        self._clock = LocalClock(zone_name)
        self._local_days = LocalDays(clock=self._clock, utc_offset_minutes=MARKET_UTC_OFFSET_MINUTES)
        self._names = resolver.NamesByFormat()
        self._days = Store(read_file_id=read_file_id, is_first=is_first)
        self._day_clocks = Clocks(utc_offset_minutes=standard_offset(self._clock, year=received_at.year))
        self._rejections: list[tuple[Rejection, str]] = []
        self._first_member = ""

    @joins_transaction
    def add(self, batch: Batch) -> None:
        """Load what can be loaded of a batch, note the lines that cannot; a constant number of statements."""
        self._first_member = self._first_member or batch.member
        self._points, self._meters = self._names.of(batch.header.format)
        self._day_clocks.trim()
        member = "" if batch.member == self._first_member else batch.member
        self._rejections = [(rejection, member) for rejection in batch.rejections]
        self.tally.remarks += islice(batch.remarks, REMARKS_KEPT - len(self.tally.remarks))
        if len(batch.days):
            self._add_days(batch, member)
        if len(batch.runs):
            self._add_runs(batch.runs, member)
        if len(batch.spans):
            self._add_reads(self._of_spans(batch.spans, member), member)
        if len(batch.reads):
            self._add_reads(self._of_counters(batch, member), member)
        self._write_rejections()

    def _reject(self, line: int, fault: ReadFault, message: str, *, member: str, text: str = "") -> None:
        rejection = Rejection(line=line, code=str(fault), message=message, advice=ADVICE[fault], text=text)
        self._rejections.append((rejection, member))

    def _write_rejections(self) -> None:
        self.tally.rejected += len(self._rejections)
        copy_rows(
            table="metering_readrejection",
            columns=("read_file_id", "line_no", "code", "message", "advice", "text"),
            rows=(
                (self.read_file_id, r.line, r.code, f"{member}: {r.message}" if member else r.message, r.advice, r.text)
                for r, member in sorted(self._rejections, key=lambda noted: noted[0].line)
            ),
        )
        self._rejections = []

    def _add_days(self, batch: Batch, member: str) -> None:
        days = batch.days
        self._points.learn(channel.nmi for channel in days.channels)
        register = np.zeros(len(days), dtype=np.int64)
        for place, rows in group_rows(days.channel):
            register[rows] = self._registers_of(days.channels[place], days, rows, member)
        known = np.flatnonzero(register != _NOT_FOUND)
        is_market = self._day_clocks.is_market(register[known])
        if not is_market.all():
            self._lay_elsewhere(days, known[~is_market], register[known[~is_market]], member)
            known = known[is_market]
        updated = days.updated_at
        if batch.header.created_at is not None:
            created = np.datetime64(batch.header.created_at, "s")
            updated = np.where(np.isnat(updated), created, updated)
        self._store_days(
            Resolved(
                days=days,
                rows=known,
                register_id=register[known],
                start_us=days.day_date[known].astype(np.int64) * _DAY_US - _MARKET_OFFSET_S * _SECOND_US,
                updated_us=market_us(updated[known]),
                given=days.slots[known],
            ),
            labels=[channel.nmi for channel in days.channels],
            member=member,
        )

    def _lay_elsewhere(self, days: IntervalDays, rows: Int64, register: Int64, member: str) -> None:
        """Lay days of market time on the clocks of registers that keep another one."""
        runs, too_large = runs_of(days, rows=rows)
        for row in too_large.tolist():
            self._reject_day(days, row, ReadFault.TOO_LARGE, [channel.nmi for channel in days.channels], member)
        self._lay(runs, register[~np.isin(rows, too_large)], member)

    def _add_runs(self, runs: IntervalRuns, member: str) -> None:
        self._points.learn(channel.nmi for channel in runs.channels if channel.nmi)
        self._meters.learn(channel.serial for channel in runs.channels if not channel.nmi)
        hung = [self._hung(channel) for channel in runs.channels]
        minutes = np.array([channel.interval_minutes for channel in runs.channels], dtype=np.int64)
        first = dates_of(self._clock, runs.start_us)
        last = dates_of(self._clock, runs.start_us + (runs.count - 1) * minutes[runs.channel] * 60 * _SECOND_US)
        register = sole_registers(hung, channel=runs.channel, first=first, last=last)
        rest = np.flatnonzero(register == _NOT_FOUND)
        for place, of_rest in group_rows(runs.channel[rest]):
            rows = rest[of_rest]
            register[rows] = self._chosen(
                hung[place],
                runs.channels[place],
                line=runs.line[rows],
                day=first[rows],
                first=first[rows],
                last=last[rows],
                member=member,
            )
        self._lay(runs, register, member)

    def _lay(self, runs: IntervalRuns, register: Int64, member: str) -> None:
        """Lay runs on the days of their registers' clocks, those of one interval length together, most runs first."""
        offset = np.zeros(len(runs), dtype=np.int64)
        found = register != _NOT_FOUND
        offset[found] = self._day_clocks.of(register[found])
        minutes = np.array([channel.interval_minutes for channel in runs.channels], dtype=np.int64)[runs.channel]
        groups = group_rows(np.where(found, minutes, _NOT_FOUND))
        for length, of_length in sorted(groups, key=lambda group: -len(group[1])):
            if length == _NOT_FOUND:
                continue
            fits = is_on_clock(start_us=runs.start_us[of_length], minutes=length, utc_offset_minutes=offset[of_length])
            rows = of_length[fits]
            for line in np.unique(runs.line[of_length[~fits]]).tolist():
                message = f"The values begin at no multiple of {length} minutes on the clock of the register."
                self._reject(line, ReadFault.OFF_CLOCK, message, member=member)
            some = runs.take(rows)
            self._lay_runs(some, length, register_id=register[rows], utc_offset_minutes=offset[rows], member=member)

    def _lay_runs(
        self, runs: IntervalRuns, minutes: int, *, register_id: Int64, utc_offset_minutes: Int64, member: str
    ) -> None:
        """Lay runs of one interval length on days, and store those."""
        laid = onto_clock(
            register_id=register_id,
            start_us=runs.start_us,
            count=runs.count,
            minutes=minutes,
            values=runs.values,
            quality=runs.quality,
            utc_offset_minutes=utc_offset_minutes,
        )
        if len(laid):
            self._store_laid(laid, runs, member)

    def _store_laid(self, laid: ClockDays, runs: IntervalRuns, member: str) -> None:
        given, too_large = resolved(laid, line=runs.line)
        names = [channel.nmi or channel.serial for channel in runs.channels]
        channel = runs.channel[laid.run]
        days = replace(given.days, channels=runs.channels, channel=channel)
        for row in too_large.tolist():
            self._reject_day(days, row, ReadFault.TOO_LARGE, names, member)
        self._store_days(replace(given, days=days), labels=names, member=member)

    def _store_days(self, given: Resolved, *, labels: Sequence[str], member: str) -> None:
        stored = self._days.add(given)
        self.tally.interval_days += stored.days
        self.tally.interval_values += stored.values
        self.tally.unchanged += stored.unchanged
        for row, fault in stored.rejected:
            self._reject_day(given.days, row, fault, labels, member)

    def _reject_day(self, days: IntervalDays, row: int, fault: ReadFault, labels: Sequence[str], member: str) -> None:
        day = days.day_date[row]
        text = f"{labels[int(days.channel[row])]},{day}"
        self._reject(int(days.line[row]), fault, _DAY_SAID[fault].format(day=day), member=member, text=text)

    def _registers_of(self, channel: Channel, days: IntervalDays, rows: Int64, member: str) -> Int64:
        """Return the register of each of some days of a stream, _NOT_FOUND where the line is rejected."""
        day = days.day_date[rows].astype(np.int64)
        first, last = self._local_days.touched(day)
        return self._chosen(
            self._hung(channel),
            channel,
            line=days.line[rows],
            day=day + UNIX_DAY,
            first=first,
            last=last,
            member=member,
        )

    def _hung(self, channel: Channel) -> Sequence[Hanging] | Missed:
        """Return the interval registers that a stream may mean; their clocks are noted."""
        known = self._points.get(channel.nmi) if channel.nmi else self._meters.get(channel.serial)
        found = interval_registers(known, channel)
        if not isinstance(found, Missed):
            for hanging in found:
                if hanging.utc_offset_minutes is not None:
                    self._day_clocks.note(
                        register_id=hanging.register_id, utc_offset_minutes=hanging.utc_offset_minutes
                    )
        return found

    def _chosen(
        self,
        found: Sequence[Hanging] | Missed,
        channel: Channel,
        *,
        line: Int64,
        day: Int64,
        first: Int64,
        last: Int64,
        member: str,
    ) -> Int64:
        """Return the register of a stream on each of some days, see ``resolving.choose``."""
        label = f"{channel.nmi or channel.serial},{channel.suffix}"
        if isinstance(found, Missed):
            for each in np.unique(line).tolist():
                self._reject(each, found.fault, found.message, member=member, text=label)
            return np.zeros(len(line), dtype=np.int64)
        place = choose(hung=found, serial=channel.serial, day=day, first=first, last=last)
        for at in np.flatnonzero(place < 0).tolist():
            self._reject_place(int(line[at]), int(place[at]), label, date.fromordinal(int(day[at])), member)
        ids = np.array([*(hanging.register_id for hanging in found), _NOT_FOUND], dtype=np.int64)
        return np.asarray(ids[np.where(place < 0, len(found), place)])

    def _reject_place(self, line: int, place: int, label: str, day: object, member: str) -> None:
        if place == SEVERAL:
            message = f"On {day} several meters at {label} have this register."
            self._reject(line, ReadFault.AMBIGUOUS_REGISTER, message, member=member, text=f"{label},{day}")
            return
        message = f"On {day} no meter with the register {label} hung there."
        self._reject(line, ReadFault.NOT_INSTALLED, message, member=member, text=f"{label},{day}")

    def _of_counters(self, batch: Batch, member: str) -> list[Given]:
        reads = batch.reads
        self._meters.learn(reads.meter if not len(reads.place) else ())
        self._points.learn(reads.place)
        days = self._days_of(reads)
        given = []
        for place, (serial, code) in enumerate(zip(reads.meter, reads.register, strict=True)):
            found = self._named(reads, place)
            line, day, kind = int(reads.line[place]), int(days[place]), reads.kind[place]
            label = f"{serial},{code}"
            is_end, value = kind == "final", int(reads.reading_wh[place])
            hanging = self._hanging(found, serial=serial, day=day, is_end=is_end, line=line, label=label, member=member)
            if hanging is not None:
                given.append(Given(hanging=hanging, day=day, reading_wh=value, kind=kind, line=line))
        return given

    def _named(self, reads: CounterReads, place: int) -> Sequence[Hanging] | Missed:
        """Return what a read may mean: of its meter, and where the format names the service point, at that one."""
        serial, code, unit = reads.meter[place], reads.register[place], reads.unit[place] or None
        if not len(reads.place):
            known = self._meters.get(serial)
            return named(known=known, name=serial, code=code, unit=unit, fault=ReadFault.UNKNOWN_METER)
        point = reads.place[place]
        known = self._points.get(point)
        if known is None:
            return named(known=None, name=point, code=code, unit=unit, fault=ReadFault.UNKNOWN_SERVICE_POINT)
        here = [hung for hung in known if hung.serial == serial]
        if not here:
            return Missed(ReadFault.UNKNOWN_METER, f"The meter {serial} never hung at {point}.")
        return named(known=here, name=serial, code=code, unit=unit, fault=ReadFault.UNKNOWN_METER)

    def _days_of(self, reads: CounterReads) -> Int64:
        """Return the local dates at whose start reads count, ``date.toordinal``, (n,)."""
        local = reads.read_at.astype(np.int64)
        offsets = reads.utc_offset_minutes
        if len(offsets):
            for place in np.flatnonzero(offsets != SUPPLIERS_CLOCK).tolist():
                local[place] = wall_seconds(self._clock, int(local[place]) - int(offsets[place]) * 60)
        return day_of(local) + UNIX_DAY

    def _of_spans(self, spans: RegisterSpans, member: str) -> list[Given]:
        """Return two counter values for each span: where it begins and where it ends."""
        self._points.learn(spans.nmi)
        begins, ends = self._local_day(spans.previous_at), self._local_day(spans.current_at)
        given = []
        for place, (nmi, code, serial) in enumerate(zip(spans.nmi, spans.suffix, spans.serial, strict=True)):
            known = self._points.get(nmi)
            fault = ReadFault.UNKNOWN_SERVICE_POINT
            found = named(known=known, name=nmi, code=code, unit=spans.unit[place], fault=fault)
            line, label = int(spans.line[place]), f"{nmi},{code}"
            both = []
            for day, reading, quality, is_end in (
                (begins[place], spans.previous_wh[place], spans.previous_quality[place], False),
                (ends[place], spans.current_wh[place], spans.current_quality[place], True),
            ):
                hanging = self._hanging(
                    found, serial=serial, day=int(day), is_end=is_end, line=line, label=label, member=member
                )
                if hanging is None:
                    break  # one rejection for the line says enough
                kind = "actual" if quality.letter == MEASURED_LETTER else "estimated"
                both.append(Given(hanging=hanging, day=int(day), reading_wh=int(reading), kind=kind, line=line))
            else:
                given += both
        return given

    def _hanging(
        self,
        found: Sequence[Hanging] | Missed,
        *,
        serial: str,
        day: int,
        is_end: bool,
        line: int,
        label: str,
        member: str,
    ) -> Hanging | None:
        if isinstance(found, Missed):
            self._reject(line, found.fault, found.message, member=member, text=label)
            return None
        place = choose_read(hung=found, serial=serial, day=day, is_end=is_end)
        if place < 0:
            self._reject_place(line, place, label, date.fromordinal(day), member)
            return None
        return found[place]

    def _local_day(self, market_at: Instants) -> list[int]:
        """Return the local dates of instants in market time, ``date.toordinal``."""
        local = [wall_seconds(self._clock, at - _MARKET_OFFSET_S) for at in market_at.astype(np.int64).tolist()]
        days: list[int] = (day_of(np.array(local, dtype=np.int64)) + UNIX_DAY).tolist()
        return days

    def _add_reads(self, given: list[Given], member: str) -> None:
        stored: StoredReads = store(
            given, read_file_id=self.read_file_id, actor_id=self._actor_id, received_at=self._received_at
        )
        self.tally.reads += stored.reads
        self.tally.unchanged += stored.unchanged
        for misfit in stored.misfits:
            read = given[misfit.place]
            text = f"{read.hanging.serial},{read.hanging.code},{date.fromordinal(read.day)}"
            self._reject(read.line, misfit.fault, misfit.message, member=member, text=text)
