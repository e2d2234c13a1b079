"""Plans for tests of billing: flat, steps, periods of use, with round prices."""

from tariffs.domain.components.basic import Energy, Fixed, Per, Tax, TaxMode, TimeOfUse
from tariffs.domain.components.tiers import (
    Convention,
    Cycle,
    HouseholdAllowance,
    TierCycle,
    TieredEnergy,
    TieredTimeOfUse,
)
from tariffs.domain.lines import LedgerClass
from tariffs.domain.plan import compile_plan

YEARLY = TierCycle(Cycle.YEAR, 1)
ENERGY = {"code": "energy", "label": "energy", "ledger": LedgerClass.ENERGY}
VAT = Tax(code="vat", label="vat", ledger=LedgerClass.TAX, rate_e6=130_000, mode=TaxMode.INSIDE, on=("energy",))


def flat(price_e6=60_000_000):
    return compile_plan(components=(Energy(**ENERGY, price_e6=price_e6),))


def standing(price_e6=1_000_000_000):
    fixed = Fixed(code="fixed", label="fixed", ledger=LedgerClass.FIXED, per=Per.MONTH, price_e6=price_e6)
    return compile_plan(components=(fixed, Energy(**ENERGY, price_e6=50_000_000)))


def steps(limits_kwh=(3120, 4800), prices_e6=(61_700_000, 66_700_000, 91_700_000), grow_kwh=1200, tax=False):
    tiers = TieredEnergy(
        **ENERGY,
        limits_wh=tuple(limit * 1000 for limit in limits_kwh),
        allowances=(HouseholdAllowance(from_persons=5, grow_wh=(grow_kwh * 1000,) * len(limits_kwh)),),
        prices_e6=tuple(prices_e6),
    )
    return compile_plan(components=(tiers, VAT) if tax else (tiers,), tier_cycle=YEARLY)


def periods(peak_e6=60_000_000, valley_e6=30_000_000):
    part = TimeOfUse(**ENERGY, periods=("peak", "valley"), prices_e6=(peak_e6, valley_e6))
    return compile_plan(components=(part,), periods=("peak", "valley"))


def steps_by_period():
    part = TieredTimeOfUse(
        **ENERGY,
        limits_wh=(3_120_000, 4_800_000),
        periods=("peak", "valley"),
        prices_e6=((61_700_000, 30_700_000), (67_700_000, 33_700_000), (97_700_000, 48_700_000)),
        convention=Convention.PROPORTIONAL,
    )
    return compile_plan(components=(part, VAT), periods=("peak", "valley"), tier_cycle=YEARLY)
