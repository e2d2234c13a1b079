"""
Green Button out: a feed of ESPI 4.0 with the usage points, streams and interval values of a customer or place.

A block is a local day. Names of service points and registers stand in the paths, as the reader takes them. Of whom the
place is supplied to, nothing is said. House rule: an estimate is written as quality 8, a substitute as 11, since the
methods are not kept. [source: NAESB REQ.21 ESPI, espi.xsd 4.0; RFC 4287, Atom]
"""

import calendar
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from cis.kernel.calendar import LocalClock
from metering.domain.formats.espi import ATOM
from metering.domain.intervals import MINUTE_US
from metering.domain.writing.series import Series, letters

NAMESPACE = "http://naesb.org/espi"
ROOT = "/espi/1_1/resource"
_UOMS = {"Wh": 72, "varh": 73}
_FORWARD, _REVERSE = 1, 19
_QUALITIES = {"A": 0, "S": 11, "F": 7, "E": 8}
_CLOCK_PATH = f"{ROOT}/LocalTimeParameters/1"
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SECOND_US = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NTH_MOST, _LAST = 3, 7


def write_feed(*, title: str, series: Sequence[Series], clock: LocalClock, created_at: datetime) -> Iterator[bytes]:
    """
    Yield a feed piece by piece.

    Each place is a UsagePoint, each register and interval length a MeterReading with its ReadingType, each local day of
    it an IntervalBlock. The same values give the same ids.

    title       of the feed
    created_at  aware; when the entries were written
    """
    at = f"{created_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="{ATOM}">\n'.encode()
    names = ";".join(sorted({one.names.place for one in series}))
    yield f"{_id(names)}<title>{_text(title)}</title><updated>{at}</updated>\n".encode()
    year = clock.local_date(created_at).year
    yield _entry(_CLOCK_PATH, (), "Local time", local_time(clock, year=year), at)
    for place in dict.fromkeys(one.names.place for one in series):
        point = f"{ROOT}/UsagePoint/{quote(place, safe='')}"
        related = (f"{point}/MeterReading", _CLOCK_PATH)
        yield _entry(point, related, place, "<ServiceCategory><kind>0</kind></ServiceCategory>", at, of="UsagePoint")
        known: set[str] = set()
        for number, one in enumerate(found for found in series if found.names.place == place):
            # A register that counted in two lengths has two streams; what is behind ? is not part of its name.
            tail = f"?minutes={one.minutes}" if one.names.code in known else ""
            known.add(one.names.code)
            yield from _stream(one, point, f"{number}", tail, clock, at)
    yield b"</feed>\n"


def local_time(clock: LocalClock, *, year: int) -> str:
    """
    Return LocalTimeParameters of a time zone, as it changes its clocks in a year.

    The rules are bit fields: month (4), which weekday of it (3; 2 first, 3 second, 4 third, 7 last), day (5, not used),
    weekday (3, Monday 1), hour (5), seconds (12). [source: espi.xsd, DstRuleType]
    """
    changes = _changes(clock, year)
    offsets = {_offset(clock, datetime(year, month, 1, tzinfo=UTC)) for month in range(1, 13)}
    standard = min(offsets)
    start = next((rule for rule, is_later in changes if is_later), 0)
    end = next((rule for rule, is_later in changes if not is_later), 0)
    return (
        f'<LocalTimeParameters xmlns="{NAMESPACE}"><dstEndRule>{end:08X}</dstEndRule>'
        f"<dstOffset>{max(offsets) - standard}</dstOffset><dstStartRule>{start:08X}</dstStartRule>"
        f"<tzOffset>{standard}</tzOffset></LocalTimeParameters>"
    )


def _changes(clock: LocalClock, year: int) -> list[tuple[int, bool]]:
    """Return the rules by which clocks change in a year, each with whether they are set on."""
    found = []
    for month in range(1, 13):
        for day in range(1, calendar.monthrange(year, month)[1] + 1):
            midnight = clock.day_start_utc(date(year, month, day))
            before, after = _offset(clock, midnight), _offset(clock, midnight + timedelta(hours=24))
            if before == after:
                continue
            hour = next(n for n in range(25) if _offset(clock, midnight + timedelta(hours=n)) != before)
            found.append((_rule(date(year, month, day), hour), after > before))
    return found


def _rule(day: date, hour: int) -> int:
    nth = (day.day - 1) // 7 + 1
    which = nth + 1 if nth <= _NTH_MOST else _LAST
    return day.month << 28 | which << 25 | day.isoweekday() << 17 | hour << 12


def _offset(clock: LocalClock, at: datetime) -> int:
    offset = at.astimezone(clock.zone).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


def _stream(one: Series, point: str, number: str, tail: str, clock: LocalClock, at: str) -> Iterator[bytes]:
    stream = f"{point}/MeterReading/{quote(one.names.code, safe='')}"
    kind = f"{ROOT}/ReadingType/{quote(one.names.place, safe='')}-{number}"
    blocks = f"{stream}/IntervalBlock"
    yield _entry(f"{stream}{tail}", (blocks, kind), one.names.code, "", at, of="MeterReading")
    yield _entry(kind, (), "Reading type", _kind(one), at, of="ReadingType")
    for day, rows in _local_days(one, clock):
        block = _block(one, rows)
        yield _entry(f"{blocks}/{day}-{one.minutes}", (), "", block, at, of="IntervalBlock", up=blocks)


def _kind(one: Series) -> str:
    leaves = {
        "accumulationBehaviour": 4, "commodity": 1, "dataQualifier": 12,
        "flowDirection": _REVERSE if one.names.is_export else _FORWARD, "intervalLength": one.minutes * 60,
        "kind": 12, "powerOfTenMultiplier": one.exponent, "timeAttribute": 0, "uom": _UOMS[one.names.unit],
    }  # fmt: skip
    return "".join(f"<{name}>{value}</{name}>" for name, value in leaves.items())


def _local_days(one: Series, clock: LocalClock) -> Iterator[tuple[date, slice]]:
    at = 0
    while at < len(one):
        day = clock.local_date(_EPOCH + timedelta(microseconds=int(one.start_us[at])))
        end = int(np.searchsorted(one.start_us, clock.day_start_us(day + timedelta(days=1))))
        yield day, slice(at, end)
        at = end


def _block(one: Series, rows: slice) -> str:
    seconds = one.minutes * MINUTE_US // _SECOND_US
    starts = (one.start_us[rows] // _SECOND_US).tolist()
    qualities = [_QUALITIES[letter] for letter in list(letters(one))[rows]]
    body = "".join(
        f"<IntervalReading><ReadingQuality><quality>{quality}</quality></ReadingQuality><timePeriod>"
        f"<duration>{seconds}</duration><start>{start}</start></timePeriod><value>{value}</value></IntervalReading>\n"
        for start, value, quality in zip(starts, one.values[rows].tolist(), qualities, strict=True)
    )
    whole = starts[-1] + seconds - starts[0]
    return f"<interval><duration>{whole}</duration><start>{starts[0]}</start></interval>\n{body}"


def _entry(
    path: str, related: Sequence[str], title: str, content: str, at: str, *, of: str = "", up: str = ""
) -> bytes:
    """Return an entry; ``of`` is the resource that ``content`` is inside of, none: it is whole."""
    links = "".join(f'<link rel="related" href={quoteattr(one)}/>' for one in related)
    up = up or path.rpartition("/")[0]
    resource = f'<{of} xmlns="{NAMESPACE}">{content}</{of}>' if of else content
    return (
        f'<entry>{_id(path)}<link rel="self" href={quoteattr(path)}/><link rel="up" href={quoteattr(up)}/>{links}'
        f"<title>{_text(title)}</title><content>{resource}</content><published>{at}</published><updated>{at}</updated>"
        "</entry>\n"
    ).encode()


def _id(key: str) -> str:
    return f"<id>urn:uuid:{str(uuid5(NAMESPACE_URL, key)).upper()}</id>"


def _text(text: str) -> str:
    return escape(_NOT_XML.sub(" ", text))
