"""
The network behind the service points: feeders, transformers, and how much capacity of them is spoken for.

What a service point counts on a transformer is its agreed capacity times a percentage by voltage, since homes do not
take theirs at the same time; a transformer may be loaded up to a percentage of its rating. Both are the pack's rule
``network_load``. 1 W of agreed capacity counts as 1 VA: capacity is agreed in kVA, and kW where that is what is agreed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from cis.kernel.errors import Findings
from metering.domain.places import CAPACITY_MOST_W, DISTRICT_MOST, EXTERNAL_ID_MOST, Voltage

NAME_MOST = 100
PERCENT = 100


class PointState(StrEnum):
    """
    States of a service point.

    PLANNED    made by a survey; what it needs is reserved, nothing flows
    CONNECTED  supplied, or ready to be
    REMOVED    taken down
    """

    PLANNED = "planned"
    CONNECTED = "connected"
    REMOVED = "removed"


class ReservationState(StrEnum):
    """
    States of reserved capacity.

    HELD      counts, until its last day
    USED      the supply is connected, which counts in its place
    RELEASED  the case ended otherwise
    EXPIRED   its last day passed
    """

    HELD = "held"
    USED = "used"
    RELEASED = "released"
    EXPIRED = "expired"


class Asset(StrEnum):
    """What a service point hangs on: a transformer, or a feeder directly at its own voltage."""

    TRANSFORMER = "transformer"
    FEEDER = "feeder"


class SupplyMode(StrEnum):
    """
    How a place is supplied and metered (供电方式, 计量方式).

    LOW_LOW    at low voltage, metered there (低供低计)
    HIGH_LOW   at high voltage, metered on the low side of the customer's transformer (高供低计)
    HIGH_HIGH  at high voltage, metered there (高供高计)
    """

    LOW_LOW = "low_low"
    HIGH_LOW = "high_low"
    HIGH_HIGH = "high_high"


MODES: Mapping[Voltage, tuple[SupplyMode, ...]] = {
    Voltage.V220: (SupplyMode.LOW_LOW,),
    Voltage.V380: (SupplyMode.LOW_LOW,),
    Voltage.KV10: (SupplyMode.HIGH_HIGH, SupplyMode.HIGH_LOW),
    Voltage.KV35: (SupplyMode.HIGH_HIGH,),
}
"""Modes that go with a voltage, the usual one first."""

LOW = frozenset({Voltage.V220, Voltage.V380})


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadRule:
    """
    The pack's rule ``network_load``.

    usable_percent   of its rating, up to which an asset is loaded
    percent          by voltage: what of its agreed capacity a service point counts
    reserved_days    for which a reservation holds
    """

    usable_percent: int
    percent: Mapping[str, int]
    reserved_days: int

    def counted_va(self, *, capacity_w: int, voltage: str) -> int:
        """Return what a service point counts, rounded up to whole VA."""
        return -(-capacity_w * self.percent[voltage] // PERCENT)

    def usable_va(self, capacity_va: int) -> int:
        """Return up to where an asset of a rating is loaded, rounded down."""
        return capacity_va * self.usable_percent // PERCENT


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFeeder:
    """A feeder to be; ``where`` it stands in its file."""

    feeder: str
    name: str
    substation: str = ""
    voltage: str = Voltage.KV10.value
    capacity_va: int
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTransformer:
    """
    A transformer to be.

    feeder    external id of what it hangs on
    voltage   highest one that it supplies: 380V also serves 220V
    district  where it stands, for proposals
    """

    transformer: str
    name: str
    feeder: str
    district: str = ""
    address: str = ""
    voltage: str = Voltage.V380.value
    capacity_va: int
    where: str = ""


def serves(*, transformer_voltage: str, voltage: str) -> bool:
    """Return whether a transformer can supply a service point at a voltage: one of 380 V also serves 220 V."""
    return transformer_voltage == voltage or (transformer_voltage == Voltage.V380 and voltage == Voltage.V220)


def voltages_serving(voltage: str) -> tuple[str, ...]:
    """Return the voltages of transformers that can supply a service point at a voltage."""
    return tuple(str(one) for one in Voltage if serves(transformer_voltage=one, voltage=voltage))


def check_feeder(new: NewFeeder, *, findings: Findings) -> None:
    """Note what is wrong with a feeder, looked at alone."""
    _check_asset(new.where, "feeder", new.feeder, new.name, new.capacity_va, findings)
    if new.voltage not in set(Voltage):
        _note(findings, new.where, "voltage", "unknown_voltage", f"{new.voltage!r} is no voltage level.")


def check_transformer(new: NewTransformer, *, findings: Findings) -> None:
    """Note what is wrong with a transformer, looked at alone."""
    _check_asset(new.where, "transformer", new.transformer, new.name, new.capacity_va, findings)
    if new.voltage not in LOW:
        message = "A transformer of the network supplies at low voltage; a customer's own is metered at its feeder."
        _note(findings, new.where, "voltage", "unknown_voltage", message)
    if len(new.district) > DISTRICT_MOST:
        _note(findings, new.where, "district", "bad_district", f"It has at most {DISTRICT_MOST} characters.")


def _check_asset(where: str, column: str, code: str, name: str, capacity_va: int, findings: Findings) -> None:
    if not 1 <= len(code.strip()) <= EXTERNAL_ID_MOST:
        _note(findings, where, column, "bad_asset", f"It has 1 to {EXTERNAL_ID_MOST} characters.")
    if not 1 <= len(name.strip()) <= NAME_MOST:
        _note(findings, where, "name", "bad_name", f"The name has 1 to {NAME_MOST} characters.")
    if not 0 < capacity_va <= CAPACITY_MOST_W:
        _note(findings, where, "capacity_kva", "bad_capacity", "The capacity is above 0.")


def _note(findings: Findings, where: str, field: str, code: str, message: str) -> None:
    findings.add(f"{where}: {field}" if where else field, code, message)
