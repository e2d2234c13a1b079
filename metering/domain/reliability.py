"""
How reliable the supply is: SAIFI, SAIDI and CAIDI over interruptions of customers.

All sums are whole numbers; a quotient is made once, of exact fractions.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Interruption:
    """So many supplies were dark for so long; those of one outage that came back together are one row."""

    supplies: int
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Indices:
    """
    Indices of a time and an area.

    served         supplies there
    interruptions  supplies that were interrupted, each as often as it was
    seconds        for how long, summed over them
    momentary      interruptions that were too short to count
    """

    served: int
    interruptions: int
    seconds: int
    momentary: int

    @property
    def saifi(self) -> Fraction | None:
        """Return interruptions a supply; None: nobody is served."""
        return Fraction(self.interruptions, self.served) if self.served else None

    @property
    def saidi(self) -> Fraction | None:
        """Return minutes a supply; None: nobody is served. [min]"""
        return Fraction(self.seconds, self.served * SECONDS) if self.served else None

    @property
    def caidi(self) -> Fraction | None:
        """Return minutes an interruption; None: there was none. [min]"""
        return Fraction(self.seconds, self.interruptions * SECONDS) if self.interruptions else None


def indices(interruptions: Iterable[Interruption], *, served: int, momentary_minutes: int) -> Indices:
    """
    Return the indices of some interruptions.

    SAIFI = interrupted customers / customers served; SAIDI = their minutes / customers served; CAIDI = SAIDI / SAIFI.
    An interruption of at most ``momentary_minutes`` is momentary and stands in none of them.

    :param served: supplies in the area, interrupted or not.
    [source: IEEE Std 1366-2012, 3.2 (SAIFI, SAIDI, CAIDI) and the definition of a sustained interruption: any that is
    not momentary, that is, of more than five minutes]
    """
    count = seconds = momentary = 0
    for one in interruptions:
        if one.supplies < 0 or one.seconds < 0:
            raise ValueError(f"an interruption of {one.supplies} supplies for {one.seconds} s")
        if one.seconds <= momentary_minutes * SECONDS:
            momentary += one.supplies
            continue
        count += one.supplies
        seconds += one.supplies * one.seconds
    return Indices(served=served, interruptions=count, seconds=seconds, momentary=momentary)


def text(value: Fraction | None, *, places: int) -> str:
    """Return an index as a decimal text, rounded half away from zero; "" where there is none."""
    if value is None:
        return ""
    scaled = (abs(value.numerator) * 10**places * 2 + value.denominator) // (2 * value.denominator)
    digits = f"{scaled:0{places + 1}d}"
    sign = "-" if value < 0 and scaled else ""
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"
