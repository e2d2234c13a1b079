"""Places and meters as they are delivered or typed in, checked before they are kept."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise

from cis.kernel.errors import Findings

EXTERNAL_ID_MOST = 64
ADDRESS_MOST = 300
DISTRICT_MOST = 100
POSTCODE_MOST = 12
SERIAL_MOST = 40
MODEL_MOST = 60
CODE_MOST = 20
DIGITS_LEAST, DIGITS_MOST = 3, 12
MULTIPLIER_MOST = 1_000_000
CAPACITY_MOST_W = 10**12
POSITION_MOST = 200


class Voltage(StrEnum):
    """Supply voltage level."""

    V220 = "220V"
    V380 = "380V"
    KV10 = "10kV"
    KV35 = "35kV"


class Direction(StrEnum):
    """Which way the counted energy flows, seen from the customer."""

    IMPORT = "import"
    EXPORT = "export"


class Quantity(StrEnum):
    """What a register counts; one of demand shows the largest mean power since it was reset (最大需量)."""

    ACTIVE = "active"
    REACTIVE = "reactive"
    DEMAND = "demand"


UNITS = {Quantity.ACTIVE: "kWh", Quantity.REACTIVE: "kvarh", Quantity.DEMAND: "kW"}
"""In which a register is read."""


class Reset(StrEnum):
    """
    When a register of demand begins anew at 0.

    MONTH  by itself, with each calendar month; a read at the start of a month is what it showed just before
    READ   by whoever reads it, with each read
    NEVER  unless somebody does so by hand
    """

    MONTH = "month"
    READ = "read"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPlace:
    """
    A service point to be, at its premises.

    service_point, premises  external ids; several service points may name the same premises
    capacity_w               agreed capacity [W]
    transformer, feeder      external id of what it hangs on; at most one of them
    where                    where it stands in its file ("premises.csv:3"), for findings
    """

    service_point: str
    premises: str
    address: str
    district: str = ""
    postcode: str = ""
    voltage: str = Voltage.V220.value
    capacity_w: int = 8_000
    transformer: str = ""
    feeder: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRegister:
    """
    A counter of a meter to be.

    code           names it in files: total, peak, valley; NEM12 suffix E1
    period_of_use  sharp, peak, flat, valley; "" = counts at all hours
    digits         before the decimal point
    is_interval    delivered as interval days, not as counter values
    resets         when a register of demand begins anew, a ``Reset``; "" = a counter of energy
    """

    code: str
    quantity: str = Quantity.ACTIVE.value
    direction: str = Direction.IMPORT.value
    period_of_use: str = ""
    digits: int = 6
    is_interval: bool = False
    resets: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMeter:
    """
    A meter with one of its registers, and where it hangs: a line of a file; a meter has a line for each register.

    external_id     names the meter in the supplier's other systems
    installed_date  first local date at the service point
    removed_date    first local date without it; None = until further notice
    multiplier      ratio of its transformers
    where           where it stands in its file ("meters.csv:3"), for findings
    """

    external_id: str
    serial: str
    service_point: str
    installed_date: date
    register: NewRegister
    removed_date: date | None = None
    multiplier: int = 1
    model: str = ""
    where: str = ""


def check_place(new: NewPlace, *, findings: Findings) -> None:
    """Note what is wrong with a place, looked at alone."""

    def note(field: str, code: str, message: str, advice: str = "") -> None:
        findings.add(f"{new.where}: {field}" if new.where else field, code, message, advice)

    for field, value, most in (
        ("service_point", new.service_point, EXTERNAL_ID_MOST),
        ("premises", new.premises, EXTERNAL_ID_MOST),
        ("address", new.address, ADDRESS_MOST),
    ):
        if not 1 <= len(value.strip()) <= most:
            note(field, f"bad_{field}", f"It has 1 to {most} characters.")
    for field, value, most in (("district", new.district, DISTRICT_MOST), ("postcode", new.postcode, POSTCODE_MOST)):
        if len(value) > most:
            note(field, f"bad_{field}", f"It has at most {most} characters.")
    if new.voltage not in set(Voltage):
        note("voltage", "unknown_voltage", f"{new.voltage!r} is no voltage level.", f"Use one of {', '.join(Voltage)}.")
    if not 0 < new.capacity_w <= CAPACITY_MOST_W:
        note("capacity_w", "bad_capacity", "The capacity is above 0.", "Give it in watts.")
    if new.transformer and new.feeder:
        note("feeder", "two_assets", "It hangs on a transformer or on a feeder, not on both.")


def check_register(new: NewRegister, *, where: str, findings: Findings) -> None:
    """Note what is wrong with a register, looked at alone."""
    prefix = f"{where}: " if where else ""
    if not 1 <= len(new.code) <= CODE_MOST:
        findings.add(f"{prefix}register", "bad_register", f"The code has 1 to {CODE_MOST} characters.")
    if len(new.period_of_use) > CODE_MOST:
        findings.add(f"{prefix}period_of_use", "bad_period_of_use", f"It has at most {CODE_MOST} characters.")
    if new.quantity not in set(Quantity):
        advice = f"Use one of {', '.join(Quantity)}."
        findings.add(f"{prefix}quantity", "unknown_quantity", f"{new.quantity!r} is no quantity.", advice)
    if new.direction not in set(Direction):
        advice = f"Use one of {', '.join(Direction)}."
        findings.add(f"{prefix}direction", "unknown_direction", f"{new.direction!r} is no direction.", advice)
    _check_resets(new, prefix=prefix, findings=findings)
    if not DIGITS_LEAST <= new.digits <= DIGITS_MOST:
        message = f"A dial has {DIGITS_LEAST} to {DIGITS_MOST} digits before the point."
        findings.add(f"{prefix}digits", "bad_digits", message)


def _check_resets(new: NewRegister, *, prefix: str, findings: Findings) -> None:
    """Note a register of demand that does not say when it begins anew, or is read in intervals."""
    if new.quantity == Quantity.DEMAND and new.resets not in set(Reset):
        message = f"{new.resets!r} does not say when a register of demand begins anew."
        findings.add(f"{prefix}resets", "unknown_reset", message, f"Use one of {', '.join(Reset)}.")
    if new.quantity != Quantity.DEMAND and new.resets:
        findings.add(f"{prefix}resets", "counter_resets", "Only a register of demand begins anew.", "Leave it empty.")
    if new.quantity == Quantity.DEMAND and new.is_interval:
        message = "A register of demand is read as a counter."
        findings.add(f"{prefix}is_interval", "demand_in_intervals", message, "Demand of intervals follows from energy.")


def check_serial(*, serial: str, model: str, where: str, findings: Findings) -> None:
    """Note what is wrong with a meter's own names."""
    prefix = f"{where}: " if where else ""
    if not 1 <= len(serial.strip()) <= SERIAL_MOST:
        findings.add(f"{prefix}serial", "bad_serial", f"The serial number has 1 to {SERIAL_MOST} characters.")
    if len(model) > MODEL_MOST:
        findings.add(f"{prefix}model", "bad_model", f"It has at most {MODEL_MOST} characters.")


def check_meter(new: NewMeter, *, findings: Findings) -> None:
    """Note what is wrong with a delivered line of a meter, looked at alone."""
    check_serial(serial=new.serial, model=new.model, where=new.where, findings=findings)
    check_register(new.register, where=new.where, findings=findings)
    if not 1 <= len(new.external_id.strip()) <= EXTERNAL_ID_MOST:
        findings.add(f"{new.where}: meter", "bad_meter", f"The external id has 1 to {EXTERNAL_ID_MOST} characters.")
    if new.removed_date is not None and new.removed_date <= new.installed_date:
        message = "The removal is the first day without the meter and must be after the installation."
        findings.add(f"{new.where}: removed_date", "empty_period", message)
    if not 1 <= new.multiplier <= MULTIPLIER_MOST:
        findings.add(f"{new.where}: multiplier", "bad_multiplier", f"It is a number from 1 to {MULTIPLIER_MOST}.")


def check_meters_together(rows: Iterable[NewMeter], *, findings: Findings) -> None:
    """
    Note what is wrong between the lines of a delivery: registers twice, a meter that says two things of itself.

    A meter may hang at several places one after the other; then each register has a line for each place.
    """
    by_meter: dict[str, list[NewMeter]] = defaultdict(list)
    names: dict[str, str] = {}
    for row in rows:
        by_meter[row.external_id].append(row)
        other = names.setdefault(row.serial, row.external_id)
        if other != row.external_id:
            message = f"The serial number {row.serial} stands at meter {other} too."
            findings.add(f"{row.where}: serial", "serial_twice", message)
    for lines in by_meter.values():
        _check_one_meter(lines, findings)


def _check_one_meter(lines: list[NewMeter], findings: Findings) -> None:
    first = lines[0]
    registers: dict[str, NewRegister] = {}
    hangings: dict[date, NewMeter] = {}
    seen: set[tuple[str, date]] = set()
    for row in lines:
        if (row.serial, row.model) != (first.serial, first.model):
            message = f"Meter {row.external_id} has another serial number or model at {first.where}."
            findings.add(f"{row.where}: serial", "meter_contradicts", message)
        if registers.setdefault(row.register.code, row.register) != row.register:
            message = f"Register {row.register.code} of meter {row.external_id} is described in two ways."
            findings.add(f"{row.where}: register", "register_contradicts", message)
        if (row.register.code, row.installed_date) in seen:
            message = f"Register {row.register.code} of meter {row.external_id} stands twice."
            findings.add(f"{row.where}: register", "register_twice", message)
        seen.add((row.register.code, row.installed_date))
        hung = hangings.setdefault(row.installed_date, row)
        if _hanging(hung) != _hanging(row):
            message = f"Meter {row.external_id} hangs otherwise at {hung.where}."
            findings.add(f"{row.where}: service_point", "meter_contradicts", message)
    ordered = [hangings[day] for day in sorted(hangings)]
    for earlier, later in pairwise(ordered):
        if earlier.removed_date is None or earlier.removed_date > later.installed_date:
            message = f"Meter {later.external_id} still hangs at {earlier.service_point} then ({earlier.where})."
            findings.add(f"{later.where}: installed_date", "meter_taken", message, "Give its removal date there.")


def _hanging(row: NewMeter) -> tuple[str, date | None, int]:
    return row.service_point, row.removed_date, row.multiplier
