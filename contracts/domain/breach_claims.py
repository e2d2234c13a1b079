"""What a person says was done, as the rules of breach take it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from contracts.domain.breach_steps import Step
from contracts.domain.breaches import BadBreach, BreachKind, Misuse

EVIDENCE_MOST = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """Supply at a low price, used for what has a higher one."""

    uses: tuple[Misuse, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """
    Equipment that was not agreed, or suspended; or a source without leave.

    capacity_va        capacity, or power [VA or W]
    price_e6           capacity fee of a two-part tariff [10^-6 minor unit for each kVA (kW) and month]; None: no such
    months_e3          months of use, with such a fee [10^-3 months]
    count              how many times, without such a fee
    """

    capacity_va: int
    price_e6: int | None = None
    months_e3: int = 0
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Tampering:
    """A meter, its seal or its leads touched, so many times."""

    is_home: bool
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Theft:
    """
    Energy that was drawn past the meter.

    computed_minor  what it costs as it is billed: bills with it less bills without it; None: nobody can say
                    [minor unit]
    given_minor     what a person takes in its place for the penalty; None: what was computed [minor unit]
    reason          why
    tampering       what was done to the meter besides
    """

    computed_minor: int | None
    given_minor: int | None = None
    reason: str = ""
    tampering: Tampering | None = None

    @property
    def owed_minor(self) -> int:
        """
        Return what the penalty is a multiple of. [minor unit]

        :raises BadBreach: nobody says what it costs, or somebody does without a reason.
        """
        if self.given_minor is not None:
            if not self.reason.strip():
                raise BadBreach("Another cost than what the bills say needs a reason.", advice="Say why.")
            return self.given_minor
        if self.computed_minor is None:
            raise BadBreach(
                "What the stolen energy costs is not known.", advice="Mend what keeps it from being billed."
            )
        return self.computed_minor


Fact = Category | Capacity | Tampering | Theft


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """
    A case to be made of one agreement.

    given     what was typed in, by name, as text: kept for whoever asks why
    evidence  what shows it: report, photo, order
    steps     how the facts came about: energy by power and hours, capacity found less capacity agreed
    """

    agreement_id: int
    kind: BreachKind
    found_date: date
    fact: Fact
    evidence: str
    given: Mapping[str, str] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()


_FACTS: Mapping[BreachKind, type] = {
    BreachKind.CATEGORY: Category,
    BreachKind.CAPACITY: Capacity,
    BreachKind.SUSPENDED: Capacity,
    BreachKind.OWN_SUPPLY: Capacity,
    BreachKind.TAMPERING: Tampering,
    BreachKind.THEFT: Theft,
}


def check(claim: Claim, *, today: date) -> None:
    """
    Refuse a claim that cannot be right, whatever it costs.

    :raises BadBreach: it was found in the future, nothing shows it, or its facts are those of another kind.
    """
    if claim.found_date > today:
        raise BadBreach(f"{claim.found_date} has not come yet.", advice="Check the day on which it was found.")
    if not claim.evidence.strip():
        raise BadBreach("Nothing shows it.", advice="Name the report, photo or order that shows what was done.")
    if len(claim.evidence) > EVIDENCE_MOST:
        raise BadBreach(f"The text is longer than {EVIDENCE_MOST} characters.", advice="Keep it short.")
    if not isinstance(claim.fact, _FACTS[claim.kind]):
        raise BadBreach(f"These are not the facts of a case of {claim.kind}.")
    if claim.kind is BreachKind.OWN_SUPPLY and isinstance(claim.fact, Capacity) and claim.fact.price_e6 is not None:
        raise BadBreach("A source without leave has no capacity fee.")
