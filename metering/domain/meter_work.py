"""What a crew reports that hung a meter up, exchanged or took one down; what is checked of it before it is kept."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cis.kernel.errors import Findings
from metering.domain.places import MULTIPLIER_MOST
from metering.domain.work_orders import WorkKind

HANGS = frozenset({WorkKind.METER_INSTALL, WorkKind.METER_EXCHANGE})
"""Kinds of work that hang a meter up."""
TAKES_DOWN = frozenset({WorkKind.METER_EXCHANGE, WorkKind.METER_REMOVE})
"""Kinds of work that take a meter down."""
METER_WORK = HANGS | TAKES_DOWN
REGISTER_PHOTO = re.compile(r"(new|old)_[A-Za-z0-9_-]{1,20}", re.ASCII)
"""Names of photos of registers: "new_total" of the meter that is hung up, "old_total" of the one taken down."""
READ_PHOTO = re.compile(r"now_[0-9]{1,18}", re.ASCII)
"""Names of photos of registers that are read again: "now_17" of the register 17."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedMeter:
    """
    A meter that was hung up or taken down.

    seals     numbers: put on the one that was hung up, taken off the other one
    readings  what each register shows that is read as a counter, by its code. [Wh, before the multiplier]
    photos    documents of the photos of the registers, by code
    """

    serial: str
    multiplier: int = 1
    seals: tuple[str, ...] = ()
    readings: Mapping[str, int] = field(default_factory=dict)
    photos: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterReport:
    """What was done with meters at a place; a part is None where the kind of work has none."""

    hung: ReportedMeter | None = None
    taken_down: ReportedMeter | None = None


def check_report(*, kind: WorkKind, report: MeterReport, findings: Findings) -> None:
    """Note parts that the kind of work needs or does not have, and what is wrong with them by themselves."""
    for name, part, belongs in (
        ("new", report.hung, kind in HANGS),
        ("old", report.taken_down, kind in TAKES_DOWN),
    ):
        if (part is not None) != belongs:
            what = "is missing" if belongs else "has no place here"
            findings.add(f"{name}_serial", "wrong_meter_work", f"The {name} meter {what}.")
    if report.hung is not None:
        if not 1 <= report.hung.multiplier <= MULTIPLIER_MOST:
            findings.add("multiplier", "bad_multiplier", f"A multiplier is a number from 1 to {MULTIPLIER_MOST}.")
        if not report.hung.seals:
            findings.add("seals", "no_seals", "A meter is sealed when it is hung up.", "Give the numbers of the seals.")
        if len(set(report.hung.seals)) < len(report.hung.seals):
            findings.add("seals", "seal_twice", "A seal stands twice.")


def check_registers(*, part: ReportedMeter, codes: Sequence[str], name: str, findings: Findings) -> None:
    """
    Note registers without a reading or a photo, and readings of registers that the meter does not have.

    codes  registers that are read as counters
    """
    for code in codes:
        if code not in part.readings:
            findings.add(f"{name}_{code}", "reading_missing", f"The reading of register {code} is missing.")
        if code not in part.photos:
            findings.add(f"{name}_photo_{code}", "photo_missing", f"The photo of register {code} is missing.")
    for code in sorted(part.readings.keys() - set(codes)):
        findings.add(f"{name}_{code}", "unknown_register", f"Meter {part.serial} has no register {code} to read.")


def takes_photo(*, kind: WorkKind, name: str) -> bool:
    """Return whether work of a kind has photos of registers by this name."""
    if kind is WorkKind.RE_READ:
        return READ_PHOTO.fullmatch(name) is not None
    return kind in METER_WORK and REGISTER_PHOTO.fullmatch(name) is not None
