"""
NEM12 out: interval values as days of market time (UTC+10), as market participants of Australia exchange them.

    100 header, 200 a stream, 300 a day, 400 the quality of parts of a day, 900 the end

Energy is written in KWH or KVARH. A value that is missing inside a day is 0 with quality N. House rule: the method of a
substitute or estimate is not kept here, so 16 (agreed) stands in its place. [source: AEMO MDFF specification]
"""

import csv
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

import numpy as np

from cis.kernel.errors import Refused
from cis.kernel.fixed import to_text
from metering.domain.day_merging import is_on_clock, onto_clock
from metering.domain.formats.batches import MARKET_UTC_OFFSET_MINUTES
from metering.domain.writing.series import Series

_EPOCH = date(1970, 1, 1)
_UNITS = {"Wh": "KWH", "varh": "KVARH"}
_KILO = 3
_METHOD = "16"
_PLAIN = ("A", "N")


class OffMarketClock(Refused):
    """Values begin at no whole interval of market time, so that NEM12 cannot hold them."""

    code = "off_market_clock"


def write_days(*, series: Sequence[Series], sender: str, recipient: str = "", created_at: datetime) -> Iterator[bytes]:
    """
    Return a NEM12 file piece by piece: header, each stream with its days, end.

    created_at  aware; stands in the header and as the time at which each day was written

    :raises OffMarketClock: values begin at no multiple of their interval on the clock of market time.
    """
    for one in series:
        _check(one)
    return _lines(series, sender, recipient, created_at)


def _lines(series: Sequence[Series], sender: str, recipient: str, created_at: datetime) -> Iterator[bytes]:
    written = created_at.astimezone(UTC) + timedelta(minutes=MARKET_UTC_OFFSET_MINUTES)
    yield _line("100", "NEM12", f"{written:%Y%m%d%H%M}", sender, recipient)
    codes: dict[str, list[str]] = {}
    for one in series:
        of_place = codes.setdefault(one.names.place, [])
        of_place += [one.names.code] if one.names.code not in of_place else []
    for one in series:
        names = one.names
        yield _line(
            "200", names.place, "".join(codes[names.place]), names.code, names.code, "", names.serial,
            _UNITS[names.unit], one.minutes, "",
        )  # fmt: skip
        yield from _days(one, f"{written:%Y%m%d%H%M%S}")
    yield _line("900")


def _check(series: Series) -> None:
    offset = np.full(len(series), MARKET_UTC_OFFSET_MINUTES, dtype=np.int64)
    on_clock = is_on_clock(start_us=series.start_us, minutes=series.minutes, utc_offset_minutes=offset)
    if not on_clock.all():
        message = f"Values of {series.names.serial} begin at no multiple of {series.minutes} minutes in market time."
        raise OffMarketClock(message, advice="Take another form.")


def _days(series: Series, written: str) -> Iterator[bytes]:
    ones = np.ones(len(series), dtype=np.int64)
    laid = onto_clock(
        register_id=ones,
        start_us=series.start_us,
        count=ones,
        minutes=series.minutes,
        values=series.values,
        quality=series.quality,
        utc_offset_minutes=ones * MARKET_UTC_OFFSET_MINUTES,
    )
    places = _KILO - series.exponent
    for at, day in enumerate(laid.day.tolist()):
        letters = laid.quality[at].tobytes().decode("ascii")
        is_uniform = letters.count(letters[0]) == len(letters)
        values = [_number(value, places) for value in laid.values[at].tolist()]
        method = _method(letters[0]) if is_uniform else "V"
        yield _line("300", f"{_EPOCH + timedelta(days=day):%Y%m%d}", *values, method, "", "", written, "")
        if not is_uniform:
            yield from _parts(letters)


def _parts(letters: str) -> Iterator[bytes]:
    first = 1
    for letter, group in groupby(letters):
        count = len(list(group))
        yield _line("400", first, first + count - 1, _method(letter), "", "")
        first += count


def _method(letter: str) -> str:
    return letter if letter in _PLAIN else f"{letter}{_METHOD}"


def _number(value: int, places: int) -> str:
    text = to_text(value, places=places)
    return text.rstrip("0").rstrip(".") if "." in text else text


class _Echo:
    def write(self, text: str) -> str:
        return text


_WRITER = csv.writer(_Echo(), lineterminator="\r\n")


def _line(*fields: object) -> bytes:
    return str(_WRITER.writerow(fields)).encode()
