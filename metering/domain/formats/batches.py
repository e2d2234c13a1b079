"""What a meter file becomes: batches of columns, with what was rejected and remarked."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cis.kernel.fixed import Int64
from metering.domain.formats.faults import Rejection, Remark

Dates = NDArray[np.datetime64]
"""Local dates, datetime64[D]."""
Instants = NDArray[np.datetime64]
"""Wall-clock seconds of the file's own clock, datetime64[s]; NaT where the file says nothing."""

Letters = NDArray[np.uint8]
"""Quality letters, one byte each."""

MARKET_UTC_OFFSET_MINUTES = 600
"""NEM12 and NEM13 files keep market time, UTC+10 all year. [source: AEMO MDFF specification NEM12 & NEM13]"""

SUPPLIERS_CLOCK = -(1 << 15)
"""In the place of an offset from UTC: times are those that the supplier's clock on the wall shows."""


class Format(StrEnum):
    """Ways in which values come in: formats of files, readings typed in, and what a head-end sends."""

    NEM12 = "nem12"
    NEM13 = "nem13"
    CSV = "csv"
    ENTRY = "entry"
    INTERVAL_CSV = "interval_csv"
    NDJSON = "ndjson"
    GREEN_BUTTON = "green_button"
    DSMR = "dsmr"
    MSCONS = "mscons"
    D0010 = "d0010"
    XLSX = "xlsx"
    HEAD_END = "head_end"


@dataclass(frozen=True, slots=True)
class Header:
    """
    The 100 record of a NEM file, or an assumed one.

    created_at  when the file was written, market time; None where the file does not say
    assumed     the record was missing and is inferred from the first data record
    """

    format: Format
    created_at: datetime | None = None
    sender: str = ""
    recipient: str = ""
    assumed: bool = False


class Channel(NamedTuple):
    """
    A 200 record: one stream of interval values of a service point.

    nmi               national metering identifier: the service point (external id); empty: the meter alone is named
    suffix            register code: E1 import, B1 export, Q1 reactive import, K1 reactive export ...
    serial            meter serial number, may be empty where the service point is named
    uom               unit as written; ``unit`` is its base unit: Wh, varh, VAh, W, var, VA, V, A, pf, or ""
    unit_places       decimal places from uom to unit: kWh is 3 places above Wh
    interval_minutes  length of an interval; a day has 1440 / interval_minutes values and never a DST hour [min]
    """

    nmi: str
    suffix: str
    serial: str
    uom: str
    unit: str
    unit_places: int
    interval_minutes: int
    register_id: str = ""
    configuration: str = ""
    data_stream: str = ""

    @property
    def slots(self) -> int:
        """Count of values a day."""
        return 24 * 60 // self.interval_minutes


@dataclass(frozen=True, slots=True)
class Quality:
    """
    Quality method with its reason, as delivered.

    method  letter and method number, ``A``, ``F14``, ``S52`` ...: A actual, S substituted, F final substituted,
            E estimated, N null, V varies inside the day
    """

    method: str
    reason_code: str = ""
    reason: str = ""

    @property
    def letter(self) -> str:
        """The letter alone."""
        return self.method[:1]


@dataclass(frozen=True, slots=True)
class QualityEvent:
    """A 400 record: the quality of slots [first, end), counted from 0, of day ``row`` of its batch."""

    row: int
    first: int
    end: int
    quality: Quality


def _ints(count: int = 0) -> Int64:
    return np.zeros(count, dtype=np.int64)


def _dates() -> Dates:
    return np.zeros(0, dtype="datetime64[D]")


def _instants() -> Instants:
    return np.zeros(0, dtype="datetime64[s]")


def _int32s() -> NDArray[np.int32]:
    return np.zeros(0, dtype="<i4")


@dataclass(frozen=True, slots=True)
class IntervalDays:
    """
    Days of interval values as columns, d days in the order of the file.

    A day may come twice in one file; the one with the later ``updated_at`` (else the later line) is the newer.

    channels      the channels of this batch, one for each 200 record in it
    channel       (d,) index into channels
    line          (d,) line of the 300 record
    day_date      (d,) date on the metering clock, see MARKET_UTC_OFFSET_MINUTES
    slots         (d,) count of values
    exponent      (d,) values are multiples of 10^exponent of the channel's base unit; 0 wherever that is exact
    values        (sum of slots,) little-endian int32, day after day; a value without data is 0, its letter is N
    quality       d texts: one letter for the whole day, or one letter a value
    stated        d Quality: the 300 record's own method and reason
    events        the 400 records, in order
    missing       (d,) count of values without data (letter N)
    updated_at    (d,) when the provider wrote this version, market time; NaT where not said
    loaded_at     (d,) when the market system loaded it, market time; NaT where not said
    """

    channels: tuple[Channel, ...] = ()
    channel: Int64 = field(default_factory=_ints)
    line: Int64 = field(default_factory=_ints)
    day_date: Dates = field(default_factory=_dates)
    slots: Int64 = field(default_factory=_ints)
    exponent: Int64 = field(default_factory=_ints)
    values: NDArray[np.int32] = field(default_factory=_int32s)
    quality: Sequence[str] = ()
    stated: Sequence[Quality] = ()
    events: tuple[QualityEvent, ...] = ()
    missing: Int64 = field(default_factory=_ints)
    updated_at: Instants = field(default_factory=_instants)
    loaded_at: Instants = field(default_factory=_instants)

    def __len__(self) -> int:
        return len(self.line)

    def offsets(self) -> Int64:
        """Return where each day begins in ``values``, with the end as last item, int64 (d + 1,)."""
        return np.concatenate((_ints(1), np.cumsum(self.slots)))

    def packed(self) -> list[bytes]:
        """Return each day's values as little-endian int32 bytes, d items: the form of ``IntervalDay.values``."""
        cut = (self.offsets() * self.values.itemsize).tolist()
        whole = self.values.tobytes()
        return [whole[start:stop] for start, stop in pairwise(cut)]

    def totals(self) -> Int64:
        """Return each day's sum, rounded half away from zero to the base unit, int64 (d,). [Wh, varh ...]"""
        if not len(self):
            return _ints()
        sums = np.add.reduceat(self.values.astype(np.int64), self.offsets()[:-1])
        larger = sums * 10 ** np.maximum(self.exponent, 0)
        unit = 10 ** np.maximum(-self.exponent, 0)
        rounded: Int64 = np.sign(larger) * ((2 * np.abs(larger) + unit) // (2 * unit))
        return rounded


def _letters() -> Letters:
    return np.zeros(0, dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class IntervalRuns:
    """
    Interval values that start at instants, of any clock: n runs, each of values that follow each other.

    A run is no longer than a local day, 25 hours, so that it belongs to one meter.

    channels         their streams, each with its interval length
    channel          (n,) index into channels
    line             (n,) line of the run
    start_us         (n,) instant of its first value [microseconds since 1970 UTC]
    count            (n,) of its values
    values           (sum of count,) [10^-6 of the channel's base unit]; where nothing was measured 0
    quality          (sum of count,) letter of each value, N where nothing was measured
    """

    channels: tuple[Channel, ...] = ()
    channel: Int64 = field(default_factory=_ints)
    line: Int64 = field(default_factory=_ints)
    start_us: Int64 = field(default_factory=_ints)
    count: Int64 = field(default_factory=_ints)
    values: Int64 = field(default_factory=_ints)
    quality: Letters = field(default_factory=_letters)

    def __len__(self) -> int:
        return len(self.line)

    def take(self, rows: Int64) -> "IntervalRuns":
        """Return some runs, with their values."""
        if len(rows) == len(self) and bool((rows == np.arange(len(self))).all()):
            return self
        count = self.count[rows]
        begins = np.cumsum(self.count)[rows] - count
        pick = np.repeat(begins - (np.cumsum(count) - count), count) + np.arange(int(count.sum()))
        return IntervalRuns(
            channels=self.channels,
            channel=self.channel[rows],
            line=self.line[rows],
            start_us=self.start_us[rows],
            count=count,
            values=self.values[pick],
            quality=self.quality[pick],
        )


@dataclass(frozen=True, slots=True)
class RegisterSpans:
    """
    NEM13: energy of registers between two reads as columns, n spans in the order of the file.

    ``quantity_wh`` is the provider's statement, multiplier included; it need not be the difference of the reads.
    Texts are sequences of n items; readings and quantities are in the base unit ``unit`` (Wh, varh ...).

    nmi, suffix, serial, register_id, direction (E to the customer, I from the customer), uom, unit
    line                             (n,) line of the 250 record
    previous_wh, current_wh          (n,) counter values as the dial showed them
    previous_digits, current_digits  (n,) digits written before the point, leading zeros included: the dial's width
    previous_at, current_at          (n,) instants of the reads, market time
    quantity_wh                      (n,) energy of the span, negative for some providers' export
    previous_quality, current_quality  n Quality
    next_read_date                   (n,) NaT where not said
    updated_at, loaded_at            (n,) as in IntervalDays
    """

    nmi: Sequence[str] = ()
    suffix: Sequence[str] = ()
    serial: Sequence[str] = ()
    register_id: Sequence[str] = ()
    direction: Sequence[str] = ()
    uom: Sequence[str] = ()
    unit: Sequence[str] = ()
    line: Int64 = field(default_factory=_ints)
    previous_wh: Int64 = field(default_factory=_ints)
    previous_digits: Int64 = field(default_factory=_ints)
    previous_at: Instants = field(default_factory=_instants)
    previous_quality: Sequence[Quality] = ()
    current_wh: Int64 = field(default_factory=_ints)
    current_digits: Int64 = field(default_factory=_ints)
    current_at: Instants = field(default_factory=_instants)
    current_quality: Sequence[Quality] = ()
    quantity_wh: Int64 = field(default_factory=_ints)
    next_read_date: Dates = field(default_factory=_dates)
    updated_at: Instants = field(default_factory=_instants)
    loaded_at: Instants = field(default_factory=_instants)

    def __len__(self) -> int:
        return len(self.line)


@dataclass(frozen=True, slots=True)
class CounterReads:
    """
    Counter values as columns, n reads in the order of the file.

    meter        n serial numbers
    register     n register codes (``total``, ``peak`` ...); empty: the meter's only register
    line         (n,)
    read_at      (n,) time of the read on its clock; a date alone is its midnight, the start of that day
    reading_wh   (n,) counter value before the multiplier [Wh, varh or W]
    digits       (n,) digits written before the point
    unit         n base units, as Wh, varh or W; "" where the line has none
    kind         n of ``actual``, ``estimated``, ``customer``, ``initial``, ``final``
    note         n texts
    place        n external ids of the service points where the meters hang; none: the format does not name them
    utc_offset_minutes  (n,) how far the clock of read_at is ahead of UTC, or SUPPLIERS_CLOCK; none: all are that
    """

    meter: Sequence[str] = ()
    register: Sequence[str] = ()
    line: Int64 = field(default_factory=_ints)
    read_at: Instants = field(default_factory=_instants)
    reading_wh: Int64 = field(default_factory=_ints)
    digits: Int64 = field(default_factory=_ints)
    unit: Sequence[str] = ()
    kind: Sequence[str] = ()
    note: Sequence[str] = ()
    place: Sequence[str] = ()
    utc_offset_minutes: Int64 = field(default_factory=_ints)

    def __len__(self) -> int:
        return len(self.line)


@dataclass(frozen=True, slots=True)
class Batch:
    """
    A piece of a file, read: at most one of the four kinds of columns has rows.

    member      name of the file inside a zip, else the file's own name
    header      the header in force; its format says which columns may have rows
    last_line   last line of the member that is dealt with
    bytes_read  unpacked bytes of the delivery that are dealt with, for progress
    """

    member: str
    header: Header
    last_line: int
    bytes_read: int = 0
    days: IntervalDays = field(default_factory=IntervalDays)
    runs: IntervalRuns = field(default_factory=IntervalRuns)
    spans: RegisterSpans = field(default_factory=RegisterSpans)
    reads: CounterReads = field(default_factory=CounterReads)
    rejections: tuple[Rejection, ...] = ()
    remarks: tuple[Remark, ...] = ()
