"""
Wrong wiring: how much of the real power each element of a meter measures, from the voltages and currents it is given.

An element multiplies one voltage with one current. Both are sums of the phases a, b, c, 120 degrees apart, and the
load is alike in all phases; then phase x of the voltage and phase y of the current make cos(angle of x to y + phi).
With cos(d + phi) = cos d cos phi - sin d sin phi the power is

    U I cos phi x (A + B x sqrt(3) x tan phi)          A, B fractions, since cos 120 = -1/2 and sin 120 = sqrt(3)/2

and right wiring makes A = 3, B = 0, whatever the meter. So the factor of a fault is 3 / (A + B sqrt(3) tan phi): an
exact fraction where B is 0, else one that depends on the power factor and is rounded to six decimals.
[source: 电能计量 textbooks, 更正系数 K = right power / measured power]
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt
from types import MappingProxyType

from metering.domain.correction_factors import BadCorrection, NoReactiveFactor

Phases = tuple[int | Fraction, int | Fraction, int | Fraction]
FACTOR_PLACES = 6
_ROOT_PLACES = 15
_HALF = Fraction(1, 2)
A, B, C = (1, 0, 0), (0, 1, 0), (0, 0, 1)
AB, CB = (1, -1, 0), (0, -1, 1)
NONE = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class Element:
    """
    What one element of a meter is given.

    voltage, current  parts of the phases a, b, c; (1, -1, 0) is the voltage between a and b, (-1, 0, 0) a current
                      that runs backward through the element
    """

    voltage: Phases
    current: Phases


Wiring = tuple[Element, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of wiring; ``connection`` is that of the meter: 3p4w with three elements, 3p3w with two."""

    connection: str
    wiring: Wiring


def _reversed(phases: Phases) -> Phases:
    return -phases[0], -phases[1], -phases[2]


def _halved(phases: Phases) -> Phases:
    return phases[0] * _HALF, phases[1] * _HALF, phases[2] * _HALF


def _four_wires(*currents: Phases, voltages: tuple[Phases, ...] = (A, B, C)) -> Fault:
    return Fault("3p4w", tuple(Element(u, i) for u, i in zip(voltages, currents, strict=True)))


def _three_wires(first: Phases, second: Phases, voltages: tuple[Phases, Phases] = (AB, CB)) -> Fault:
    return Fault("3p3w", (Element(voltages[0], first), Element(voltages[1], second)))


RIGHT: Mapping[str, Wiring] = MappingProxyType({"3p4w": _four_wires(A, B, C).wiring, "3p3w": _three_wires(A, C).wiring})

# Where both elements of a three-wire meter lose the lead of phase b, they lie in series between a and c, and each has
# half of that voltage.
_AC_HALVED = _halved((1, 0, -1))

FAULTS: Mapping[str, Fault] = MappingProxyType(
    {
        "3p4w_one_current_reversed": _four_wires(_reversed(A), B, C),
        "3p4w_two_currents_reversed": _four_wires(_reversed(A), _reversed(B), C),
        "3p4w_all_currents_reversed": _four_wires(_reversed(A), _reversed(B), _reversed(C)),
        "3p4w_one_current_missing": _four_wires(NONE, B, C),
        "3p4w_two_currents_missing": _four_wires(NONE, NONE, C),
        "3p4w_one_voltage_missing": _four_wires(A, B, C, voltages=(NONE, B, C)),
        "3p4w_two_voltages_missing": _four_wires(A, B, C, voltages=(NONE, NONE, C)),
        "3p4w_two_currents_swapped": _four_wires(B, A, C),
        "3p4w_currents_rotated": _four_wires(B, C, A),
        "3p4w_currents_rotated_back": _four_wires(C, A, B),
        "3p3w_current_a_reversed": _three_wires(_reversed(A), C),
        "3p3w_current_c_reversed": _three_wires(A, _reversed(C)),
        "3p3w_both_currents_reversed": _three_wires(_reversed(A), _reversed(C)),
        "3p3w_current_a_missing": _three_wires(NONE, C),
        "3p3w_current_c_missing": _three_wires(A, NONE),
        "3p3w_currents_swapped": _three_wires(C, A),
        "3p3w_voltage_a_missing": _three_wires(A, C, voltages=(NONE, CB)),
        "3p3w_voltage_b_missing": _three_wires(A, C, voltages=(_AC_HALVED, _reversed(_AC_HALVED))),
        "3p3w_voltage_c_missing": _three_wires(A, C, voltages=(AB, NONE)),
        "3p3w_voltages_rotated": _three_wires(A, C, voltages=((0, 1, -1), (1, 0, -1))),
        "3p3w_voltages_rotated_back": _three_wires(A, C, voltages=((-1, 0, 1), (-1, 1, 0))),
    }
)
"""Faults that are met, by name. A wiring that is not here is corrected by its measured powers."""


def measured(wiring: Wiring) -> tuple[Fraction, Fraction]:
    """Return A and B of the power that a wiring measures: U I cos phi x (A + B x sqrt(3) x tan phi)."""
    in_phase, across = Fraction(0), Fraction(0)
    for element in wiring:
        for x, voltage in enumerate(element.voltage):
            for y, current in enumerate(element.current):
                part = Fraction(voltage) * Fraction(current)
                # Phase b lags a by 120 degrees, so the angle from voltage x to current y is (y - x) x 120 degrees.
                turn = (y - x) % 3
                in_phase += part if turn == 0 else -part / 2
                across -= 0 if turn == 0 else part / 2 if turn == 1 else -part / 2
    return in_phase, across


def needs_power_factor(name: str) -> bool:
    """
    Return whether the factor of a fault depends on the power factor.

    :raises BadCorrection: there is no such fault.
    """
    return measured(_fault(name).wiring)[1] != 0


def factor(*, name: str, power_factor: Fraction | None = None, is_leading: bool = False) -> Fraction:
    """
    Return right power over measured power of a fault.

    power_factor  of the load, above 0 and up to 1; needed where the factor depends on it
    is_leading    the load gives reactive energy

    :raises BadCorrection: there is no such fault; the power factor is missing or impossible; the meter stood still or
        ran backward, or it measured right.
    """
    in_phase, across = measured(_fault(name).wiring)
    share = in_phase
    if across:
        share += across * _root3_tangent(power_factor, is_leading=is_leading)
    if share <= 0:
        raise BadCorrection(
            "With this wiring the meter stood still or ran backward: no factor leads to the real energy.",
            advice="Correct by a normal month.",
        )
    found = _over(share, is_exact=not across)
    if found == 1:
        raise BadCorrection("With this power factor the wiring measures right.", advice="Check the power factor.")
    return found


def reactive_factor(*, name: str, power_factor: Fraction | None = None, is_leading: bool = False) -> Fraction:
    """
    Return right reactive power over measured reactive power of a fault; 1 where it is measured right.

    For meters that count reactive energy by the same elements, each with its voltage turned by 90 degrees, as
    electronic ones do: element by element sin(d + phi) stands for cos(d + phi), so the reactive power is
    U I sin phi x (A - B x sqrt(3) / tan phi), with the A and B of the active power. Meters of the older kind, which
    take the voltages of other phases (90 degrees crossed, 60 degrees), measure something else under the same fault.

    power_factor, is_leading  as in ``factor``

    [source: 电能计量 textbooks, 无功更正系数 = right / measured reactive power, from the phasors of the active one]
    :raises BadCorrection: there is no such fault; the power factor is missing or impossible.
    :raises NoReactiveFactor: the load has no reactive energy; or the meter stood still, or counted it in the other
        direction.
    """
    in_phase, across = measured(_fault(name).wiring)
    share = in_phase
    if across:
        tangent = _root3_tangent(power_factor, is_leading=is_leading)
        if tangent == 0:
            raise NoReactiveFactor(
                "A load of power factor 1 has no reactive energy, so what was counted says nothing of it.",
                advice="Check the power factor, or correct active energy alone.",
            )
        share -= 3 * across / tangent
    if share <= 0:
        raise NoReactiveFactor(
            "With this wiring the counter of reactive energy stood still or ran the other way: no factor leads to it.",
            advice="Correct active energy alone, and reactive energy by measured powers or a normal month.",
        )
    return _over(share, is_exact=not across)


def _over(share: Fraction, *, is_exact: bool) -> Fraction:
    """Return right power over measured power; rounded to six decimals where a root is in it."""
    found = 3 / share
    if is_exact:
        return found
    unit = 10**FACTOR_PLACES
    return Fraction((2 * found.numerator * unit + found.denominator) // (2 * found.denominator), unit)


def _fault(name: str) -> Fault:
    if name not in FAULTS:
        raise BadCorrection(f"There is no fault of wiring {name}.", advice="Correct by measured powers.")
    return FAULTS[name]


def _root3_tangent(power_factor: Fraction | None, *, is_leading: bool) -> Fraction:
    """Return sqrt(3) x tan phi, to 15 decimals: sqrt(3 (q^2 - p^2)) / p of a power factor p/q; leading: below 0."""
    if power_factor is None or not 0 < power_factor <= 1:
        raise BadCorrection(
            "The factor of this wiring depends on the power factor.", advice="Give it: above 0 and up to 1, as 0.86."
        )
    p, q = power_factor.numerator, power_factor.denominator
    unit = 10**_ROOT_PLACES
    tangent = Fraction(isqrt(3 * (q * q - p * p) * unit * unit), p * unit)
    return -tangent if is_leading else tangent
