"""Published cases of steps, volume prices, packages and fees."""

import csv
from datetime import date
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from cis.kernel import fixed
from tariffs.domain.batch import RatingBatch
from tariffs.domain.components.basic import Fixed, Per
from tariffs.domain.components.blocks import FeeOf, PackageEnergy, StepFee, VolumeEnergy
from tariffs.domain.components.tiers import LimitsPer, TieredEnergy
from tariffs.domain.lines import LedgerClass
from tariffs.domain.plan import compile_plan
from tariffs.domain.rating import rate

HERE = Path(__file__).parent / "tariffs"
MONTHLY = {"limits_per": (LimitsPer.MONTH,)}
ONE_MONTH = np.array([10**9])


def rows_of(name):
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def head(code):
    return {"code": code, "label": code, "ledger": LedgerClass.ENERGY}


def prices(text, places=8):
    return tuple(fixed.parse(word, places=places) for word in text.split())


def total_of(components, used_wh, days=30):
    batch = RatingBatch.of(used_wh=np.array([[used_wh]]), month_share_e9=ONE_MONTH, days=np.array([days]))
    return Fraction(int(rate(plan=compile_plan(components=tuple(components)), batch=batch).total_minor[0]), 100)


def graduated(row):
    steps = {"limits_wh": prices(row["limits"], 3), **MONTHLY}
    fees = StepFee(**head("fee"), **steps, fees_e6=prices(row["fees"]), per=Per.MONTH, fee_of=FeeOf.ENTERED)
    return TieredEnergy(**head("energy"), **steps, prices_e6=prices(row["prices"])), fees


def volume(row):
    steps = {"limits_wh": prices(row["limits"], 3), **MONTHLY}
    fees = StepFee(**head("fee"), **steps, fees_e6=prices(row["fees"]), per=Per.MONTH, fee_of=FeeOf.REACHED)
    return VolumeEnergy(**head("energy"), **steps, prices_e6=prices(row["prices"])), fees


def package(row):
    (size,), (price,), (free,) = prices(row["limits"], 3), prices(row["prices"]), prices(row["fees"], 3)
    sold = PackageEnergy(**head("package"), package_wh=size, free_wh=free, counted_per=LimitsPer.MONTH, price_e6=price)
    return (sold,)


def prorated(row):
    """
    Seats for parts of a month: the full units choose the step, the part of the month is what is paid.

    Energy is never prorated; the case shows that steps dealt one event after another are those of the whole.
    """
    energy, fees = graduated(row)
    count, paid = 0, Fraction(0)
    for word in row["units"].split():
        units, _, part = word.partition(":")
        used_wh, share = fixed.parse(units, places=3), Fraction(part) / Fraction(units)
        batch = RatingBatch.of(used_wh=np.array([[used_wh]]), before_wh=np.array([count]), month_share_e9=ONE_MONTH)
        cyclic = TieredEnergy(**head("energy"), limits_wh=energy.limits_wh, prices_e6=energy.prices_e6)
        paid += share * Fraction(int(cyclic.charge(batch, batch.household).amounts_e9.sum()), 10**11)
        count = max(count + used_wh, 0)
    highest = max(np.cumsum([0, *(fixed.parse(word.partition(":")[0], places=3) for word in row["units"].split())]))
    return paid + total_of([fees], int(highest))


def period(row):
    """A price of a quarter by the days of that quarter, as a price a day."""
    first, last, since, until = (date.fromisoformat(word) for word in row["units"].split())
    quarter, active = (last - first).days + 1, (until - since).days + 1
    daily = Fraction(row["prices"]) / quarter
    assert daily == 10
    charge = Fixed(**head("standing"), per=Per.DAY, price_e6=int(daily * 10**8))
    return total_of([charge], 0, days=active)


MODELS = {row["id"]: row for row in rows_of("usage_models.csv")}


@pytest.mark.parametrize("row", MODELS.values(), ids=MODELS)
def test_published_models_of_usage_billing(row):
    if row["model"] in {"prorated_graduated", "period"}:
        found = {"prorated_graduated": prorated, "period": period}[row["model"]](row)
    else:
        made = {"graduated": graduated, "volume": volume, "package": package}[row["model"]](row)
        found = total_of(made, fixed.parse(row["units"], places=3))
    cent = Fraction(1, 100)
    assert abs(found - Fraction(row["expected"])) < cent / 2
