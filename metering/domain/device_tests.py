"""Tests of meters: which error a class allows, what a test bench found, and by which error energy is corrected."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from cis.kernel.actors import ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Findings
from cis.kernel.fixed import to_text
from cis.kernel.workflow import Move, Workflow

PPM = 1_000_000
PERCENT_PLACES = 4
"""Errors are typed in percent with as many decimals: so to the ppm."""
ERROR_MOST_PPM = PPM
TEXT_MOST = 200
LOT_MOST = 60
_LOAD = re.compile(r"([a-z]+):([1-9])")


class Accuracy(StrEnum):
    """Class of accuracy of a meter, by IEC 62053 and GB/T 17215 (0.2S to 2) or EN 50470 (A to C)."""

    S02 = "0.2S"
    S05 = "0.5S"
    ONE = "1"
    TWO = "2"
    A = "A"
    B = "B"
    C = "C"


_LIMITS_PPM = {
    Accuracy.S02: 2_000,
    Accuracy.S05: 5_000,
    Accuracy.ONE: 10_000,
    Accuracy.TWO: 20_000,
    Accuracy.A: 20_000,
    Accuracy.B: 10_000,
    Accuracy.C: 5_000,
}


class AskedBy(StrEnum):
    """Who wanted a test: a customer who doubts the meter, the sample of a lot, or the supplier."""

    CUSTOMER = "customer"
    LOT = "lot"
    SUPPLIER = "supplier"


class MeterTestState(StrEnum):
    """How a test stands."""

    ASKED = "asked"
    PASSED = "passed"
    FAILED = "failed"
    DROPPED = "dropped"


class MeterTestAction(StrEnum):
    """What moves a test."""

    PASS = "pass"  # noqa: S105 (no password)
    FAIL = "fail"
    DROP = "drop"


TESTERS: frozenset[Role | ActorKind] = frozenset((Role.METERING, Role.SUPERVISOR))
"""Who enters what a test bench found."""
ASKERS: frozenset[Role | ActorKind] = frozenset((Role.CLERK, Role.METERING, Role.SUPERVISOR))
"""Who takes in that a test is wanted."""
WORKFLOW = Workflow(
    "meter test",
    {
        (MeterTestState.ASKED, MeterTestAction.PASS): Move(MeterTestState.PASSED, TESTERS),
        (MeterTestState.ASKED, MeterTestAction.FAIL): Move(MeterTestState.FAILED, TESTERS),
        (MeterTestState.ASKED, MeterTestAction.DROP): Move(MeterTestState.DROPPED, ASKERS),
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadError:
    """
    The error at one load.

    weight     how often it counts in the mean
    error_ppm  above 0: the meter is fast
    """

    load: str
    weight: int
    error_ppm: int


def limit_ppm(*, accuracy: str) -> int:
    """
    Return the greatest error that a class allows around its rated current, either way. [ppm]

    [source: IEC 62053-21:2020, 62053-22:2020 (1, 2; 0.2 S, 0.5 S), EN 50470-3 (A, B, C), at power factor 1; a
    residential meter of class 2 may be 2 % off, as 供电营业规则 (1996) art 80 is applied]
    :raises ValueError: there is no such class.
    """
    return _LIMITS_PPM[Accuracy(accuracy)]


def loads_of(texts: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """Return the loads of the pack's rule with their weights: "rated:3" is the rated load, three times."""
    found = [match for text in texts if (match := _LOAD.fullmatch(text))]
    return tuple((match.group(1), int(match.group(2))) for match in found)


def mean_ppm(errors: Sequence[LoadError]) -> int:
    """Return the mean of the errors by their weights, rounded half away from zero. [ppm]"""
    weight = sum(one.weight for one in errors)
    mean = Fraction(sum(one.weight * one.error_ppm for one in errors), weight)
    return int(abs(mean) + Fraction(1, 2)) * (1 if mean >= 0 else -1)


def action_of(*, errors: Sequence[LoadError], limit_ppm: int) -> MeterTestAction:
    """Return whether a meter passed: none of its errors is beyond the limit of its class."""
    return MeterTestAction.PASS if all(abs(one.error_ppm) <= limit_ppm for one in errors) else MeterTestAction.FAIL


def percent(ppm: int) -> str:
    """Return an error in percent as plain text without zeros at its end: 40000 ppm is "4"."""
    text = to_text(ppm, places=PERCENT_PLACES)
    return text.rstrip("0").rstrip(".")


def check_report(*, accuracy: str, laboratory: str, errors: Sequence[LoadError], findings: Findings) -> None:
    """Note what a report lacks, and errors that no meter has."""
    if accuracy not in set(Accuracy):
        findings.add("accuracy", "unknown_accuracy", "The class of the meter is missing.")
    if not laboratory.strip() or len(laboratory) > TEXT_MOST:
        findings.add("laboratory", "no_laboratory", "The laboratory is missing, or its name too long.")
    if not errors:
        findings.add("errors", "no_errors", "The errors that were found are missing.")
    for one in errors:
        if abs(one.error_ppm) >= ERROR_MOST_PPM:
            findings.add(f"error_{one.load}", "bad_error", "An error is above -100 % and below 100 %.")
