"""What a person asks for when usage is corrected: where, why, for which days, by what."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from metering.domain.correction_factors import BadCorrection
from metering.domain.corrections import Cause

EVIDENCE_MOST = 4_000
FACTOR_MOST = 1_000
FRACTION_MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """
    What was counted, times a factor.

    reactive_factor  for the registers of reactive energy; None: as the cause says, by the same factor or not at all
    """

    factor: Fraction
    reactive_factor: Fraction | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalUse:
    """In place of what was counted, what was used a day from one local date to another, when all was right."""

    start_date: date
    end_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedEnergy:
    """Energy that no register saw. [Wh]"""

    energy_wh: int


Amount = Scale | NormalUse | AddedEnergy


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """
    A correction to be made of one meter at one place.

    since_date  first day that may be wrong: of the last test, of the installation, of the first wrong record
    until_date  day on which it was mended: the first one that is right again
    given       what was typed in, by name, as text: kept for whoever asks why
    evidence    what shows it: report, photo, order
    """

    service_point_id: int
    meter_id: int
    cause: Cause
    since_date: date
    until_date: date
    amount: Amount
    evidence: str
    given: Mapping[str, str] = field(default_factory=dict)
    is_customer_fault: bool = False


def check(order: Order, *, today: date) -> None:
    """
    Refuse an order that cannot be right, whatever was counted.

    :raises BadCorrection: days, factor or energy are impossible, it is not mended yet, or nothing shows it.
    """
    if order.until_date > today:
        raise BadCorrection(f"{order.until_date} has not come yet.", advice="Correct once it is mended.")
    if order.since_date >= order.until_date:
        raise BadCorrection("It was mended before it was wrong.", advice="Check both days.")
    if not order.evidence.strip():
        raise BadCorrection("Nothing shows it.", advice="Name the report, photo or order that shows what was wrong.")
    if len(order.evidence) > EVIDENCE_MOST:
        raise BadCorrection(f"The text is longer than {EVIDENCE_MOST} characters.", advice="Keep it short.")
    match order.amount:
        case Scale() as scale:
            _check_factors(scale)
        case NormalUse(start_date=start, end_date=end) if start >= end:
            raise BadCorrection("The normal time has no day.", advice="Check its days.")
        case NormalUse(start_date=start, end_date=end) if start < order.until_date and order.since_date < end:
            raise BadCorrection("The normal time lies in the time that is corrected.", advice="Choose another.")
        case AddedEnergy(energy_wh=energy) if energy <= 0:
            raise BadCorrection("Energy that was not counted is above 0.", advice="Check power, days and hours.")


def _check_factors(scale: Scale) -> None:
    if not 0 < scale.factor <= FACTOR_MOST or scale.factor == 1:
        raise BadCorrection(f"A factor is above 0, up to {FACTOR_MOST}, and not 1.", advice="Check the facts.")
    if scale.reactive_factor is not None and not 0 < scale.reactive_factor <= FACTOR_MOST:
        raise BadCorrection(
            f"A factor of reactive energy is above 0, up to {FACTOR_MOST}.", advice="Correct active energy alone."
        )
    for factor in (scale.factor, scale.reactive_factor):
        if len(str(factor)) > FRACTION_MOST:
            raise BadCorrection("The factor has too many digits.", advice="Give the numbers with fewer decimals.")
