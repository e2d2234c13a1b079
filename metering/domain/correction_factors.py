"""
By which factor energy is corrected that was counted wrongly: what should have been counted over what was counted.

A factor is an exact fraction. Energy to be collected is (factor - 1) x what was counted; below 0 it is paid back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from cis.kernel.errors import Refused

WH_PER_KWH = 1_000
SECONDS_PER_HOUR = 3_600
MOST = 10**6
NO_LIMIT = Fraction(0)


class BadCorrection(Refused):
    """The facts of a correction cannot be right, or do not say by how much to correct."""

    code = "bad_correction"


class NoReactiveFactor(Refused):
    """What the counter of reactive energy shows leads to the real reactive energy by no factor."""

    code = "no_reactive_factor"


class WithinLimit(Refused):
    """The verified error is one that the meter may have: nothing is to be corrected."""

    code = "within_limit"


def of_error(*, error: Fraction, limit: Fraction) -> Fraction:
    """
    Return the factor of a meter or transformer whose verified error is beyond its limit.

    Base is an error of zero, not the limit: true = counted / (1 + error). A meter that is 4 % fast counted 6,000 kWh:
    6,000 / 1.04, so 230.77 kWh are paid back.

    error  as a share of the true energy, above 0: the meter is fast
    limit  the greatest error that its class allows, as a share

    [source: 供电营业规则 (1996) art 80 (1)]
    :raises WithinLimit: the error is not beyond the limit.
    :raises BadCorrection: the meter would have counted nothing, or backward.
    """
    if limit < 0:
        raise BadCorrection("The limit of error is not below 0.", advice="Give the class of the meter: 2.0 is 2 %.")
    if abs(error) <= limit:
        raise WithinLimit(
            f"An error of {_percent(error)} % is within the limit of {_percent(limit)} %.",
            advice="Nothing is corrected. The fee of the test is kept or given back as the rules of the place say.",
        )
    if error <= -1:
        raise BadCorrection("A meter that is 100 % slow counts nothing.", advice="Correct by a normal month.")
    return 1 / (1 + _small(error))


def of_drop(*, actual: Fraction, allowed: Fraction) -> Fraction:
    """
    Return the factor of voltage lost in the leads to the meter: the loss that is allowed stays.

    actual, allowed  share of the voltage that is lost; the meter counts 1 - share of what it should

    [source: 供电营业规则 (1996) art 80 (2)]
    :raises WithinLimit: no more is lost than is allowed.
    :raises BadCorrection: a share is below 0, or all is lost.
    """
    if not 0 <= allowed < 1 or not 0 <= actual < 1:
        raise BadCorrection("A loss of voltage is at least 0 % and below 100 %.", advice="Check the test report.")
    if actual <= allowed:
        raise WithinLimit(f"A loss of {_percent(actual)} % is allowed.", advice="Nothing is corrected.")
    return (1 - _small(allowed)) / (1 - _small(actual))


def of_multiplier(*, right: Fraction, wrong: Fraction) -> Fraction:
    """
    Return the factor of a multiplier that was not that of the transformers.

    [source: 供电营业规则 (1996) art 81 (3)]
    :raises BadCorrection: one of them is not above 0, or they are the same.
    """
    _positive(right, wrong)
    if right == wrong:
        raise BadCorrection("Both multipliers are the same.", advice="Give the one that was used, and the real one.")
    return right / wrong


def of_ratios(ratios: Sequence[tuple[Fraction, Fraction]]) -> Fraction:
    """
    Return the factor of current transformers some of which have another ratio than the bill was made with.

    Each element counts (ratio used / real ratio) of its part, and all parts are alike. Three of 200/5, one replaced by
    300/5: 3 / (1 + 1 + 2/3) = 9/8.

    ratios  for each element the real ratio and the one that was used, as 300/5 and 200/5, or 60 and 40

    [source: 供电营业规则 (1996) art 81 (3), with the parts of a balanced load]
    :raises BadCorrection: there is no element, a ratio is not above 0, or all of them are right.
    """
    for real, used in ratios:
        _positive(real, used)
    return _of_shares([used / real for real, used in ratios])


def of_transformer_errors(errors: Sequence[Fraction], *, limit: Fraction = NO_LIMIT) -> Fraction:
    """
    Return the factor of current transformers with verified errors of ratio, one an element.

    Errors of 0, -40 and +10 %: 3 / (1 + 0.6 + 1.1) = 10/9. Base is an error of zero, also of those within the limit.

    limit  the greatest error that their class allows, as a share

    [source: 供电营业规则 (1996) art 80 (1), with the parts of a balanced load]
    :raises WithinLimit: none of the errors is beyond the limit.
    :raises BadCorrection: the limit is below 0; there is no element, one counts backward, all count nothing, or none
        has an error.
    """
    if limit < 0:
        raise BadCorrection("The limit of error is not below 0.", advice="Give the class: 0.5 is 0.5 %.")
    greatest = max((abs(error) for error in errors), default=limit + 1)
    if limit and greatest <= limit:
        raise WithinLimit(
            f"An error of {_percent(greatest)} % is within the limit of {_percent(limit)} %.",
            advice="Nothing is corrected. The fee of the test is kept or given back as the rules of the place say.",
        )
    return _of_shares([1 + _small(error) for error in errors])


def of_elements(*, working: int, elements: int) -> Fraction:
    """
    Return the factor of a meter some of whose elements stood still: a fuse blown, a lead broken, a current bridged.

    Holds for elements that carry like parts whatever the power factor: one to each phase. For two elements (three
    phases, three wires) the part of one depends on it: see ``wiring.factor``.

    [source: 供电营业规则 (1996) art 81 (1) and (2)]
    :raises BadCorrection: none or all of the elements work.
    """
    if not 0 < working < elements:
        raise BadCorrection(
            f"Of {elements} elements, 1 to {elements - 1} work where there is something to correct by a factor.",
            advice="If none worked, correct by a normal month.",
        )
    return Fraction(elements, working)


def of_powers(*, right_w: Fraction, measured_w: Fraction) -> Fraction:
    """
    Return the factor of wrong wiring whose power was measured beside the real one, both at the same time.

    [source: 供电营业规则 (1996) art 81 (1): the rate between the energy of right and wrong wiring]
    :raises BadCorrection: a power is not above 0, or they are the same.
    """
    _positive(right_w, measured_w)
    if right_w == measured_w:
        raise BadCorrection("Both powers are the same: nothing is wrong.", advice="Check the measured powers.")
    return right_w / measured_w


def error_by_lamp(*, constant: Fraction, load_w: Fraction, turns: Fraction, seconds: Fraction) -> Fraction:
    """
    Return the error of a meter out of the time that some turns (or blinks) take at a known load.

    Rule: time that the turns should take, less the time they took, over the latter. A meter of 3,600 turns a kWh at
    60 W should take 100 s for 6 turns; it took 60 s: it is 66.7 % fast.

    constant  turns (blinks) for each kWh

    [source: 电能计量 textbooks, 瓦秒法]
    :raises BadCorrection: one of them is not above 0.
    """
    _positive(constant, load_w, turns, seconds)
    should_take = turns * SECONDS_PER_HOUR * WH_PER_KWH / (constant * load_w)
    return (should_take - seconds) / seconds


def error_by_dial(*, counted: Fraction, real: Fraction) -> Fraction:
    """
    Return the error of a meter out of what its dial went on by, beside the energy that really flowed meanwhile.

    counted  what the dial went on by, without the multiplier
    real     of a reference meter on the same load, or a steady load times its time; in the same unit

    [source: 电能计量 textbooks, 走字试验]
    :raises BadCorrection: one of them is not above 0.
    """
    _positive(counted, real)
    return counted / real - 1


@dataclass(frozen=True, slots=True)
class Shown:
    """A factor as a person reads it: the fraction itself where it is short, and so many decimals."""

    fraction: str
    decimals: str


def shown(factor: Fraction, *, places: int = 4) -> Shown:
    """Return a factor in words: 9/8 and 1.1250."""
    unit = 10**places
    rounded = (abs(factor.numerator) * unit * 2 + factor.denominator) // (2 * factor.denominator)
    sign = "-" if factor < 0 and rounded else ""
    whole = f"{sign}{rounded // unit}.{rounded % unit:0{places}d}"
    is_short = factor.denominator < unit and abs(factor.numerator) < unit
    return Shown(fraction=str(factor) if is_short else "", decimals=whole)


def _of_shares(shares: Sequence[Fraction]) -> Fraction:
    counted = sum(shares, Fraction(0))
    if not shares or min(shares) < 0 or counted == 0:
        raise BadCorrection("The elements count nothing, or one counts backward.", advice="Correct by a normal month.")
    factor = len(shares) / counted
    if factor == 1:
        raise BadCorrection("Together the elements count right.", advice="Check what was found at each element.")
    return factor


def _positive(*values: Fraction) -> None:
    for value in values:
        if not 0 < value <= MOST:
            raise BadCorrection(f"{value} is not above 0 and up to {MOST}.", advice="Check the numbers.")


def _small(share: Fraction) -> Fraction:
    if abs(share) > MOST:
        raise BadCorrection(f"An error of {_percent(share)} % cannot be.", advice="Give it in percent.")
    return share


def _percent(share: Fraction) -> str:
    return shown(share * 100, places=2).decimals
