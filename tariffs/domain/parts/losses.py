"""Reading of losses."""

from dataclasses import asdict
from typing import Any

from tariffs.domain.components.losses import AgreedLoss, Deal, LineLoss, LossMethod, LossRates, TransformerLoss
from tariffs.domain.components.spans import Proration
from tariffs.domain.grammar import Table
from tariffs.domain.lines import LedgerClass
from tariffs.domain.parts.demand import PERCENT_PLACES
from tariffs.domain.parts.frame import RATE_ONE_E6, RATE_PLACES, WH_PLACES, Frame, energy_places, label_of, ledger_of
from tariffs.domain.prices import read_price

W_PLACES = 3
K_PLACES = 6
MOST_MW = 10**12
"""A million kW: no transformer loses more."""
MOST_PART_E6 = 10**7
GRAINS_WH = (1, 10, 100, 1000)


def read_transformer_loss(*, table: Table, code: str, frame: Frame) -> TransformerLoss:
    """Read losses by hours and by energy."""
    active = _read_rates(table, "active")
    reactive = _read_rates(table, "reactive") if table.has("reactive") else LossRates()
    return TransformerLoss(**_head(table, code, frame), active=active, reactive=reactive)


def read_agreed_loss(*, table: Table, code: str, frame: Frame) -> AgreedLoss:
    """Read losses agreed for a month."""
    return AgreedLoss(
        **_head(table, code, frame),
        wh=_bounded(table, "kwh", places=WH_PLACES, most=MOST_MW, required=True),
        varh=_bounded(table, "kvarh", places=WH_PLACES, most=MOST_MW),
        proration=table.word("proration", Proration),
    )


def read_line_loss(*, table: Table, code: str, frame: Frame) -> LineLoss:
    """Read the price of losses of the grid."""
    places = energy_places(table=table, frame=frame)
    rate_e6 = table.number("rate", places=RATE_PLACES)
    if not 0 <= rate_e6 < RATE_ONE_E6:
        table.note("rate", "rate_out_of_range", "A loss rate lies from 0 to below 1.", 'Write 3.5 % as "0.035".')
        rate_e6 = 0
    return LineLoss(
        code=code,
        label=label_of(table=table, code=code),
        ledger=ledger_of(table=table, default=LedgerClass.ENERGY),
        price_e6=read_price(table=table, key="price", places=places),
        rate_e6=rate_e6,
        method=table.word("method", LossMethod),
    )


def _head(table: Table, code: str, frame: Frame) -> dict[str, Any]:
    """Return what all losses of a transformer have."""
    grain_wh = table.number("grain_kwh", places=WH_PLACES, required=False, default=1)
    if grain_wh not in GRAINS_WH:
        table.note("grain_kwh", "out_of_range", "Losses are rounded to 0.001, 0.01, 0.1 or 1 kWh.")
        grain_wh = 1
    deal, place = Deal.MIX, 0
    if frame.periods:
        deal, period = table.word("deal", Deal), table.code("period")
        if period in frame.periods:
            place = frame.periods.index(period)
        elif period:
            known = ", ".join(frame.periods)
            table.note("period", "unknown_word", f"{period!r} is no period of use.", f"Use one of {known}.")
    return {
        "code": code,
        "label": label_of(table=table, code=code),
        "ledger": ledger_of(table=table, default=LedgerClass.ENERGY),
        "grain_wh": grain_wh,
        "deal": deal,
        "period": place,
    }


def _read_rates(table: Table, key: str) -> LossRates:
    """Return how much is lost of one kind of energy; at least one key says so."""
    part = table.table(key)
    rates = LossRates(
        iron_mw=_bounded(part, "iron_w", places=W_PLACES, most=MOST_MW),
        copper_e6=_bounded(part, "copper_percent", places=PERCENT_PLACES, most=MOST_PART_E6),
        load_mw=_bounded(part, "load_w", places=W_PLACES, most=MOST_MW),
        k_e6=_bounded(part, "k", places=K_PLACES, most=MOST_PART_E6),
    )
    if part.has("load_w") != part.has("k"):
        part.note("k", "missing_key", "A load loss has its factor K, and K its load loss.", "Give load_w and k.")
    if not any(asdict(rates).values()):
        part.note("iron_w", "missing_key", "A transformer loses something.", "Give iron_w, copper_percent or load_w.")
    part.close()
    return rates


def _bounded(table: Table, key: str, *, places: int, most: int, required: bool = False) -> int:
    """Return a quantity from 0 to a bound, by default 0."""
    value = table.number(key, places=places, required=required)
    if not 0 <= value <= most:
        table.note(key, "out_of_range", "This is negative, or larger than any transformer has it.")
        return 0
    return value
