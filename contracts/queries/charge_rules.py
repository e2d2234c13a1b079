"""What the rules of the place say about a one-off charge: its tax, its bounds, and the text that it rests on."""

from dataclasses import dataclass
from datetime import date

from cis.kernel import fixed
from cis.platform import packs
from contracts.domain import breaches
from contracts.domain.charge_kinds import ChargeKind
from tariffs.domain.components.basic import TaxMode

INSIDE = "inside"
RATE_PLACES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Taxed:
    """
    An amount with its tax. [minor unit]

    amount_minor  what is owed, tax included
    tax_minor     contained in it
    source        text that it rests on
    """

    amount_minor: int
    tax_minor: int
    source: str


def taxed(*, kind: ChargeKind, amount_minor: int, at: date) -> Taxed:
    """
    Return what is owed for an amount of a kind on a day, with the tax of the pack rule ``charge_<kind>``.

    :raises MissingRule: the pack of the place has no rule for it: nothing is assumed in its place.
    """
    text = packs.text_of(f"charge_{kind}", at=at)
    mode = TaxMode.INSIDE if text.value["vat_mode"] == INSIDE else TaxMode.ON_TOP
    rate_e6 = fixed.parse(text.value["vat_rate"], places=RATE_PLACES)
    tax = breaches.tax_of(amount_minor=amount_minor, rate_e6=rate_e6, mode=mode) if rate_e6 else 0
    return Taxed(amount_minor=amount_minor + (tax if mode is TaxMode.ON_TOP else 0), tax_minor=tax, source=text.source)


@dataclass(frozen=True, slots=True, kw_only=True)
class ByHand:
    """
    What staff may agree by hand. [minor unit]

    kinds       that may be charged so
    most        largest amount, tax included
    alone_most  largest amount that one person agrees alone, together with what was agreed so on the account within
                ``within_days``; above it a second person decides
    """

    kinds: tuple[ChargeKind, ...]
    most_minor: int
    alone_most_minor: int
    within_days: int


def by_hand(*, at: date) -> ByHand:
    """
    Return which charges staff may agree by hand on a day: the pack rule ``charges_by_hand``.

    :raises MissingRule: the pack of the place has no such rule: nothing is agreed by hand there.
    """
    rule, decimals = packs.rule("charges_by_hand", at=at), packs.rule("decimals", at=at)
    return ByHand(
        kinds=tuple(ChargeKind(kind) for kind in rule["kinds"]),
        most_minor=fixed.parse(rule["most"], places=decimals),
        alone_most_minor=fixed.parse(rule["alone_most"], places=decimals),
        within_days=rule["within_days"],
    )
