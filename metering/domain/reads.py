"""Whether counter values fit between those before and after, and which local date a read belongs to."""

from bisect import bisect_left, insort
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from cis.kernel.columns import Columns
from cis.kernel.fixed import LIMIT, Int64
from metering.domain.registers import SpanCode, usage_between

Flags = NDArray[np.bool_]

DAY_SECONDS = 86_400
DAY_END_SECONDS = 15 * 60
"""A read this short before midnight is the value at the end of the day: counters are frozen then. [s]"""

OVERLOAD = 2
"""Times the agreed capacity that a supply may carry over a span; beyond it a reading is not believed."""

FITS = 0


class ReadFault(StrEnum):
    """Why a counter value is not taken, though it is well written."""

    UNKNOWN_METER = "unknown_meter"
    UNKNOWN_SERVICE_POINT = "unknown_service_point"
    UNKNOWN_REGISTER = "unknown_register"
    REGISTER_NOT_NAMED = "register_not_named"
    AMBIGUOUS_REGISTER = "ambiguous_register"
    NOT_INSTALLED = "not_installed"
    WRONG_UNIT = "wrong_unit"
    NOT_ENERGY = "not_energy"
    NOT_INTERVAL_REGISTER = "not_interval_register"
    OUTDATED_DAY = "outdated_day"
    CORRECTED_DAY = "corrected_day"
    OFF_CLOCK = "off_clock"
    OTHER_LENGTH = "other_interval_length"
    TOO_LARGE = "value_too_large"
    OUT_OF_ORDER = "out_of_order"
    OFF_DIAL = "off_dial"
    DATE_IN_FUTURE = "date_in_future"
    NOT_FROZEN = "not_frozen"


ADVICE = {
    ReadFault.UNKNOWN_METER: "Check the serial number, or create the meter; then import the file again.",
    ReadFault.UNKNOWN_SERVICE_POINT: "Check the NMI, or create the service point; then import the file again.",
    ReadFault.UNKNOWN_REGISTER: "Check the register code, or add the register to the meter.",
    ReadFault.REGISTER_NOT_NAMED: "The meter has several registers: name the one that was read.",
    ReadFault.AMBIGUOUS_REGISTER: "Several meters with this register hang there: state the meter's serial number.",
    ReadFault.NOT_INSTALLED: "Check the date, and when the meter was hung up and taken down.",
    ReadFault.WRONG_UNIT: "Active energy is in kWh, reactive in kvarh, demand in kW; check the unit or the register.",
    ReadFault.NOT_ENERGY: "Only energy and demand are kept: kWh, Wh, MWh, kvarh, varh, Mvarh, kW, W, MW.",
    ReadFault.NOT_INTERVAL_REGISTER: "The register is read as a counter; mark it as an interval register first.",
    ReadFault.OUTDATED_DAY: "A newer delivery of this day is kept; nothing is to be done.",
    ReadFault.CORRECTED_DAY: "Undo the correction, import the file again, and correct again what is still wrong.",
    ReadFault.OFF_CLOCK: "Intervals begin at whole multiples of their length on the clock that the register is on.",
    ReadFault.OTHER_LENGTH: "Deliver the whole day in its new interval length, or the values in the old one.",
    ReadFault.TOO_LARGE: "Check the unit, or deliver fewer decimals: the day does not fit at this precision.",
    ReadFault.OUT_OF_ORDER: "Compare with the reads before and after; if they are wrong, correct those first.",
    ReadFault.OFF_DIAL: "Check the reading and how many digits the register has.",
    ReadFault.DATE_IN_FUTURE: "Check the date.",
    ReadFault.NOT_FROZEN: "Send the value that the counter froze at midnight, or interval values.",
}

_FAULT_OF = {
    SpanCode.DECREASED: ReadFault.OUT_OF_ORDER,
    SpanCode.OFF_DIAL: ReadFault.OFF_DIAL,
}
_MISFITS = np.array([int(code) for code in _FAULT_OF], dtype=np.int64)


def fault_of(code: int) -> ReadFault:
    """Return the fault that a code of ``fit`` means."""
    return _FAULT_OF[SpanCode(code)]


def day_of(local_seconds: Int64) -> Int64:
    """
    Return the local date whose 00:00 a read stands for, as days since 1970; (n,).

    Rule: a read counts at the start of its date, whatever the hour; only in the last quarter of an hour of a day it
    counts at the start of the next one, since meters freeze their counters at the end of the day.

    local_seconds  (n,) local time of the read since 1970 [s]
    """
    return (local_seconds + DAY_END_SECONDS) // DAY_SECONDS


def most_wh(*, capacity_w: Int64, days: Int64) -> Int64:
    """Return the energy that supplies may carry over spans of some days, (n,). [Wh]"""
    return np.minimum(capacity_w * (24 * OVERLOAD) * np.maximum(days, 1), LIMIT - 1)


@dataclass(frozen=True, slots=True)
class GivenReads(Columns):
    """
    Counter values that came in, n rows in the order in which they came.

    day               (n,) local date, ``date.toordinal``
    reading_wh        (n,) before the multiplier [Wh or varh]
    digits            (n,) of the dial
    capacity_w        (n,) of the supply [W]
    multiplier        (n,)
    may_run_backward  (n,) the dial of a net or export register may fall
    """

    register_id: Int64
    day: Int64
    reading_wh: Int64
    digits: Int64
    capacity_w: Int64
    multiplier: Int64
    may_run_backward: Flags


@dataclass(frozen=True, slots=True)
class HeldReads(Columns):
    """Counter values that are kept and hold, m rows, one for each register and day; columns as in GivenReads."""

    register_id: Int64
    day: Int64
    reading_wh: Int64


def fit(*, given: GivenReads, held: HeldReads) -> Int64:
    """
    Return for each given read FITS, or the SpanCode that says why it does not fit, (n,); see ``fault_of``.

    A read fits when it is not below the read before, nor above the read after, other than by a rollover that the supply
    could have brought about. Whether the energy between them is plausible is asked when usage is approved. A value of a
    day that is held is a correction: it is compared with its neighbours only. Of several values for a day the last
    one counts. Where reads of a register do not fit, they are taken one by one in the order of their dates, so that
    the first of two that contradict each other stays.
    """
    codes = np.zeros(len(given), dtype=np.int64)
    for register in _registers_in_doubt(given, held).tolist():
        rows = np.flatnonzero(given.register_id == register)
        mine = held.take(held.register_id == register)
        codes[rows] = _fit_one_by_one(
            given.take(rows), dict(zip(mine.day.tolist(), mine.reading_wh.tolist(), strict=True))
        )
    return codes


def _registers_in_doubt(given: GivenReads, held: HeldReads) -> Int64:
    """Return the registers of which some pair of neighbours does not fit, if all given reads are taken."""
    count = len(held)
    register = np.concatenate((held.register_id, given.register_id))
    day = np.concatenate((held.day, given.day))
    source = np.arange(-count, len(given))  # below 0: held
    order = np.lexsort((source, day, register))
    register, day, source = register[order], day[order], source[order]
    is_last = np.ones(len(order), dtype=np.bool_)
    is_last[:-1] = (register[1:] != register[:-1]) | (day[1:] != day[:-1])
    register, day, source = register[is_last], day[is_last], source[is_last]
    reading = np.concatenate((held.reading_wh, given.reading_wh))[source + count]
    pair = np.flatnonzero((register[1:] == register[:-1]) & ((source[1:] >= 0) | (source[:-1] >= 0)))
    facts = np.where(source[pair + 1] >= 0, source[pair + 1], source[pair])
    code = _codes(given.take(facts), reading[pair], reading[pair + 1], day[pair + 1] - day[pair])
    # A read without neighbours still has to be one that its dial can show.
    alone = _codes(given, given.reading_wh, given.reading_wh, np.ones(len(given), dtype=np.int64))
    doubtful = np.concatenate((register[pair][np.isin(code, _MISFITS)], given.register_id[np.isin(alone, _MISFITS)]))
    return np.unique(doubtful)


def _codes(facts: GivenReads, start_wh: Int64, end_wh: Int64, days: Int64) -> Int64:
    return usage_between(
        start_wh=start_wh,
        end_wh=end_wh,
        digits=facts.digits,
        max_wh=most_wh(capacity_w=facts.capacity_w, days=days),
        multiplier=facts.multiplier,
        may_run_backward=facts.may_run_backward,
    ).code


def _fit_one_by_one(given: GivenReads, held: dict[int, int]) -> Int64:
    codes = np.zeros(len(given), dtype=np.int64)
    days = sorted(held)
    for row in np.argsort(given.day, kind="stable").tolist():
        day, reading = int(given.day[row]), int(given.reading_wh[row])
        facts = given.take(slice(row, row + 1))
        place = bisect_left(days, day)
        after = place + (place < len(days) and days[place] == day)
        pairs = [(reading, reading, 1)]
        if place:
            pairs.append((held[days[place - 1]], reading, day - days[place - 1]))
        if after < len(days):
            pairs.append((reading, held[days[after]], days[after] - day))
        found = [_codes(facts, *(np.array([fact], dtype=np.int64) for fact in pair)) for pair in pairs]
        wrong = [int(code[0]) for code in found if code[0] in _MISFITS]
        if wrong:
            codes[row] = wrong[0]
            continue
        if day not in held:
            insort(days, day)
        held[day] = reading
    return codes
