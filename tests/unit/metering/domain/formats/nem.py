"""Short ways to write NEM12 files and to read anything."""

import io
from datetime import date
from fractions import Fraction

from metering.domain.formats.files import read_file

TODAY = date(2026, 7, 31)
HEADER = "100,NEM12,202607310000,MDP,RETAILER"


def block(nmi="NMI0000001", suffix="E1", *, uom="kWh", minutes=30, serial="SERIAL1"):
    return f"200,{nmi},{suffix},1,{suffix},N1,{serial},{uom},{minutes},"


def day(values, *, on="20260701", tail="A,,,20260702120000,"):
    return f"300,{on},{','.join(str(value) for value in values)},{tail}"


def flat_day(value="1.5", slots=48, **kwargs):
    return day([value] * slots, **kwargs)


def text(*lines, header=HEADER, end="900"):
    kept = [line for line in (header, *lines, end) if line is not None]
    return ("\r\n".join(kept) + "\r\n").encode()


def read(data, *, today=TODAY, name="file.csv"):
    return list(read_file(io.BytesIO(data), name=name, today=today))


def rejections(batches):
    return [(rejection.line, rejection.code) for batch in batches for rejection in batch.rejections]


def remarks(batches):
    return [remark.code for batch in batches for remark in batch.remarks]


def values_of(days, at):
    """Return the values of a day in base units, as fractions."""
    first, end = days.offsets()[at : at + 2]
    unit = Fraction(10) ** int(days.exponent[at])
    return [int(value) * unit for value in days.values[first:end]]


def letters_of(days, at):
    letters = days.quality[at]
    return letters * int(days.slots[at]) if len(letters) == 1 else letters


def all_days(batches):
    """Return (channel, date, values in base units, letters) of each day."""
    return [
        (
            batch.days.channels[batch.days.channel[at]],
            batch.days.day_date[at].item(),
            values_of(batch.days, at),
            letters_of(batch.days, at),
        )
        for batch in batches
        for at in range(len(batch.days))
    ]
