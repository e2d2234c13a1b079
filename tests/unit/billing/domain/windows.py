"""Terms, billed periods and plans for tests of pieces of time."""

from datetime import date

import numpy as np

from billing.domain.pieces import FACTS, BilledPeriods, Pieces, cut
from cis.kernel.periods import Period
from contracts.domain.agreements import AgreementColumns
from tariffs.domain.components.basic import Energy
from tariffs.domain.components.tiers import Cycle, TierCycle, TieredEnergy
from tariffs.domain.lines import LedgerClass, Scoped
from tariffs.domain.plan import compile_plan
from tests.unit.billing.domain import books, plans
from tests.unit.billing.domain.books import column

ENERGY = {"code": "energy", "label": "energy", "ledger": LedgerClass.ENERGY}
TIERS = TieredEnergy(**ENERGY, limits_wh=(1000,), prices_e6=(1, 2))
FLAT = plans.flat()
YEARLY = compile_plan(components=(TIERS,), tier_cycle=TierCycle(Cycle.YEAR, 1))
MONTHLY = compile_plan(components=(TIERS,), tier_cycle=TierCycle(Cycle.MONTH))
SEASONS = compile_plan(components=(TIERS,), tier_cycle=TierCycle(Cycle.SEASON, seasons=((5, 1), (11, 16))))
WINTER = compile_plan(components=(Energy(**ENERGY, price_e6=1, scope=Scoped(months=frozenset({1, 2, 12}))),))
JANUARY = Period(date(2025, 1, 1), date(2025, 2, 1))


def terms(*rows):
    """Rows as (account, agreement, service point, tariff, start, end), and facts by name after them."""
    made = books.agreements(*((*row[:4], 1, *row[4:6]) for row in rows))
    changed = {name: getattr(made, name).copy() for name in ("household", *FACTS)}
    order = sorted(range(len(rows)), key=lambda at: (rows[at][0], rows[at][1], rows[at][4]))
    for place, at in enumerate(order):
        for name, value in (rows[at][6] if len(rows[at]) > 6 else {}).items():
            changed[name][place] = value
    columns = {name: getattr(made, name) for name in AgreementColumns.__dataclass_fields__}
    return AgreementColumns(**columns | changed | {"feature_sets": ((), ("relief",))})


def billed(*rows):
    """Rows as (agreement, period), True after it if it stays as it is."""
    return BilledPeriods(
        agreement_id=column(row[0] for row in rows),
        start_day=column(row[1].start.toordinal() for row in rows),
        end_day=column(row[1].end.toordinal() for row in rows),
        frozen=column((len(row) > 2 for row in rows), np.bool_),
    )


def made(agreements, versions, *was_billed, period=JANUARY, **more):
    found = cut(agreements=agreements, versions=versions, billed=billed(*was_billed), period=period, **more)
    for name in Pieces.__dataclass_fields__:
        if name != "feature_sets":
            values = getattr(found, name)
            assert values.dtype == (np.bool_ if name.startswith("is_") else np.int64), name
            assert len(values) == len(found)
    assert found.feature_sets == agreements.feature_sets
    return found
