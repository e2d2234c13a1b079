"""
What breach of the supply contract and theft of energy cost.

Breach is a matter of the contract, so its rules live here; prices are given by whoever knows them. Amounts are exact
until each is rounded once, last: a penalty of twice the difference is twice the exact difference, not twice what was
printed. All factors and amounts come from the pack of the place.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from cis.kernel import fixed
from cis.kernel.errors import Refused
from contracts.domain.breach_steps import Step, StepCode, StepUnit, Term
from contracts.domain.charge_kinds import ChargeKind
from tariffs.domain.components.basic import Tax, TaxMode
from tariffs.domain.lines import LedgerClass

THOUSAND = 1_000
E9_PLACES = 9
ONE_E6 = 1_000_000
POWER_MOST_W = 10**12
DAYS_MOST = 3_660
HOURS_MOST = 24


class BreachKind(StrEnum):
    """
    What was done.

    CATEGORY    supply at a low price used for what has a higher one
    CAPACITY    equipment above what was agreed
    SUSPENDED   equipment used that was suspended or sealed
    TAMPERING   meter, seal or leads touched
    OWN_SUPPLY  a source connected, or energy passed on, without leave
    THEFT       energy drawn past the meter
    """

    CATEGORY = "category"
    CAPACITY = "capacity"
    SUSPENDED = "suspended"
    TAMPERING = "tampering"
    OWN_SUPPLY = "own_supply"
    THEFT = "theft"


class Equipment(StrEnum):
    """What drew the energy, by which hours a day are taken where nobody knows them."""

    POWER = "power"
    LIGHT = "light"


class BadBreach(Refused):
    """The facts of a case cannot be right."""

    code = "bad_breach"


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One amount that is due, and how it came about. [minor unit]"""

    kind: ChargeKind
    amount_minor: int
    steps: tuple[Step, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Misuse:
    """
    Energy at a price that was too low.

    energy_wh          [Wh]
    paid_e6, right_e6  price that was paid, price that it has [10^-6 minor unit/kWh]
    """

    energy_wh: int
    paid_e6: int
    right_e6: int


def energy_by_use(*, power_w: int, days: int, hours: int) -> int:
    """
    Return the energy that equipment uses in so many hours of so many days. [Wh]

    [source: 供电营业规则 (1996) art 103: rated capacity times the time of use]
    :raises BadBreach: power, days or hours are impossible.
    """
    _check_range("The power", power_w, 1, POWER_MOST_W)
    _check_range("The number of days", days, 1, DAYS_MOST)
    _check_range("The hours a day", hours, 1, HOURS_MOST)
    return power_w * days * hours


def step_of_use(*, power_w: int, days: int, hours: int) -> Step:
    """Return how ``energy_by_use`` comes to its energy; refuses what that refuses."""
    energy_wh = energy_by_use(power_w=power_w, days=days, hours=hours)
    terms = (Term.power(power_w), Term(hours, StepUnit.HOURS), Term(days, StepUnit.DAYS))
    return Step.product(StepCode.ENERGY_OF_USE, terms, Term.energy(energy_wh))


def of_category(*, uses: Sequence[Misuse], times: int) -> tuple[Due, ...]:
    """
    Return the difference of prices, and so many times the difference.

    [source: 供电营业规则 (1996) art 100 (1)]
    :raises BadBreach: there is no energy, or a price that it has is not above the one that was paid.
    """
    if not uses:
        raise BadBreach("No energy was used wrongly.", advice="Give the energy of each use.")
    for use in uses:
        _check_range("The energy", use.energy_wh, 1, fixed.LIMIT)
        if not 0 <= use.paid_e6 < use.right_e6:
            raise BadBreach("The price that was paid is not the lower one.", advice="Check both prices.")
    costs = [_e9(use.energy_wh, use.right_e6 - use.paid_e6) for use in uses]
    difference, exact = sum(costs), Term.money(sum(costs), E9_PLACES)
    shown = [step for use, cost in zip(uses, costs, strict=True) for step in _steps_of(use, cost)]
    if len(costs) > 1:
        shown.append(Step.total(StepCode.SUM, [Term.money(cost, E9_PLACES) for cost in costs], exact))
    amount = _minor(difference)
    if amount == 0:
        raise BadBreach("The difference of prices comes to nothing.", advice="Check the energy and both prices.")
    if amount * fixed.E9 != difference:
        shown.append(Step.one(StepCode.ROUNDED, exact, Term.money(amount)))
    return (
        Due(kind=ChargeKind.PRICE_DIFFERENCE, amount_minor=amount, steps=tuple(shown)),
        *_penalty(times * difference, (exact, Term.times(times))),
    )


def of_capacity_fee(*, capacity_va: int, months_e3: int, price_e6: int, times: int) -> tuple[Due, ...]:
    """
    Return the capacity fee of equipment of a two-part customer that was not agreed, and so many times the fee.

    capacity_va  capacity, or power [VA or W]
    months_e3    months of use [10^-3 months]
    price_e6     capacity fee [10^-6 minor unit for each kVA, or kW, and month]

    [source: 供电营业规则 (1996) art 100 (2) and (4)]
    :raises BadBreach: one of them is not above 0, or the product is finer than can be told.
    """
    _check_range("The capacity", capacity_va, 1, POWER_MOST_W)
    _check_range("The months", months_e3, 1, 1_200 * THOUSAND)
    _check_range("The price", price_e6, 1, fixed.LIMIT)
    fee, rest = divmod(_e9(capacity_va, price_e6) * months_e3, THOUSAND)
    if rest:
        raise BadBreach("Capacity, price and months have too many decimals.", advice="Give fewer decimals.")
    amount = _minor(fee)
    terms = (Term.capacity(capacity_va), Term.price(price_e6), Term(months_e3, StepUnit.MONTHS, 3))
    step = Step.product(StepCode.FEE, terms, Term.money(amount))
    return (
        Due(kind=ChargeKind.CAPACITY_FEE, amount_minor=amount, steps=(step,)),
        *_penalty(times * fee, (Term.money(fee, E9_PLACES), Term.times(times))),
    )


def of_capacity(*, capacity_va: int, per_kw_e6: int, count: int = 1) -> tuple[Due, ...]:
    """
    Return an amount for each kW (kVA), as often as it was done.

    [source: 供电营业规则 (1996) art 100 (2), (4) and (6)]
    :raises BadBreach: one of them is not above 0.
    """
    _check_range("The capacity", capacity_va, 1, POWER_MOST_W)
    _check_range("The amount for each kW", per_kw_e6, 1, fixed.LIMIT)
    _check_range("The number of times", count, 1, THOUSAND)
    terms = (Term.power(capacity_va), Term.price(per_kw_e6), Term.times(count))
    return _penalty(count * _e9(capacity_va, per_kw_e6), terms)


def of_tampering(*, amount_minor: int, count: int = 1) -> tuple[Due, ...]:
    """
    Return an amount for each time that a meter was touched.

    [source: 供电营业规则 (1996) art 100 (5)]
    :raises BadBreach: one of them is not above 0.
    """
    _check_range("The amount", amount_minor, 1, fixed.LIMIT)
    _check_range("The number of times", count, 1, THOUSAND)
    return _penalty(amount_minor * count * fixed.E9, (Term.money(amount_minor), Term.times(count)))


def theft_penalty(*, owed_minor: int, times: int) -> tuple[Due, ...]:
    """
    Return so many times what the stolen energy costs as it is billed.

    [source: 供电营业规则 (1996) art 102]
    :raises BadBreach: it costs nothing.
    """
    _check_range("What is owed for the energy", owed_minor, 1, fixed.LIMIT)
    return _penalty(times * owed_minor * fixed.E9, (Term.money(owed_minor), Term.times(times)))


def theft_at_price(*, energy_wh: int, price_e6: int, times: int, is_exact: bool) -> tuple[int, tuple[Due, ...]]:
    """
    Return what stolen energy costs at one price, and the penalty. [minor unit]

    is_exact  the penalty is that many times the exact amount; else of the rounded one

    [source: 供电营业规则 (1996) art 102 and 103]
    :raises BadBreach: energy or price are not above 0.
    """
    _check_range("The energy", energy_wh, 1, fixed.LIMIT)
    _check_range("The price", price_e6, 1, fixed.LIMIT)
    exact = _e9(energy_wh, price_e6)
    owed = _minor(exact)
    base = exact if is_exact else owed * fixed.E9
    return owed, _penalty(times * base, (Term.money(base, E9_PLACES), Term.times(times)))


def tax_of(*, amount_minor: int, rate_e6: int, mode: TaxMode) -> int:
    """
    Return the tax on one amount: contained in it, or on top of it. [minor unit]

    rate_e6  0.13 = 130_000 [10^-6]
    """
    tax = Tax(code="tax", label="tax", ledger=LedgerClass.TAX, rate_e6=rate_e6, mode=mode, on=("*",))
    return int(fixed.to_minor(tax.of(np.array([amount_minor], dtype=np.int64)))[0])


def step_of_tax(*, amount_minor: int, rate_e6: int, mode: TaxMode, tax_minor: int) -> Step:
    """Return how ``tax_of`` comes to its tax."""
    amount, rate, tax = Term.money(amount_minor), Term(rate_e6, places=6), Term.money(tax_minor)
    if mode is TaxMode.ON_TOP:
        return Step.product(StepCode.TAX, (amount, rate), tax)
    return Step(StepCode.TAX, (amount, rate, Term(ONE_E6 + rate_e6, places=6)), ("×", "÷"), tax)


def _e9(energy_wh: int, price_e6: int) -> int:
    """Return an exact amount, however large. [10^-9 minor unit]"""
    return energy_wh * price_e6


def _minor(amount_e9: int) -> int:
    return int(fixed.to_minor(np.array([amount_e9], dtype=object))[0])


def _penalty(amount_e9: int, terms: Sequence[Term]) -> tuple[Due, ...]:
    amount = _minor(amount_e9)
    step = Step.product(StepCode.PENALTY, terms, Term.money(amount))
    return (Due(kind=ChargeKind.PENALTY, amount_minor=amount, steps=(step,)),) if amount else ()


def _steps_of(use: Misuse, cost_e9: int) -> tuple[Step, Step]:
    gap = Term.price(use.right_e6 - use.paid_e6)
    return (
        Step.difference(StepCode.PRICE_GAP, Term.price(use.right_e6), Term.price(use.paid_e6), gap),
        Step.product(StepCode.COST_OF_USE, (Term.energy(use.energy_wh), gap), Term.money(cost_e9, E9_PLACES)),
    )


def _check_range(what: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise BadBreach(f"{what} is not between {least} and {most}.", advice="Check the numbers.")
