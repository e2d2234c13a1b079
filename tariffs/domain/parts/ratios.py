"""Reading of prices that are ratios of base prices."""

from tariffs.domain.components.ratios import RATIO_PLACES, BasePrice, Ratio, RatioTimeOfUse
from tariffs.domain.grammar import CODE, Table
from tariffs.domain.lines import LedgerClass
from tariffs.domain.parts.frame import Frame, energy_places, label_of, ledger_of
from tariffs.domain.prices import read_price

MOST_RATIO = 100 * 10**RATIO_PLACES


def read_ratio_time_of_use(*, table: Table, code: str, frame: Frame) -> RatioTimeOfUse:
    """Read base prices, which of them float, and the ratio of each period."""
    if not frame.periods:
        table.note("ratios", "no_periods", "The document names no periods of use.", "Add the table time_of_use.")
    places = energy_places(table=table, frame=frame)
    component = RatioTimeOfUse(
        code=code,
        label=label_of(table=table, code=code),
        ledger=ledger_of(table=table, default=LedgerClass.ENERGY),
        parts=_read_parts(table, places),
        ratios=_read_ratios(table, frame.periods),
        grain_e6=_read_grain(table, places),
    )
    if not table.has("price_decimals") and not component.is_exact():
        table.note("ratios", "price_not_exact", "A price has more decimals than prices are kept with.", ADVICE)
    return component


ADVICE = "Say with price_decimals to how many decimals of the unit they are rounded."


def _read_parts(table: Table, places: int) -> tuple[BasePrice, ...]:
    """Return the base prices in the order of the document."""
    prices = table.table("base_prices")
    names = [name for name in prices.values if CODE.fullmatch(name)]
    floating = table.entries("floating")
    for place, name in enumerate(floating):
        if name not in names or name in floating[:place]:
            table.note(f"floating[{place}]", "unknown_word", f"{name!r} is no base price, or stands here twice.")
    if not names:
        table.note("base_prices", "missing_key", "Ratios have base prices.", 'As { purchase = "0.40" }.')
    parts = tuple(
        BasePrice(name, read_price(table=prices, key=name, places=places), floats=name in floating) for name in names
    )
    prices.close()
    return parts


def _read_ratios(table: Table, periods: tuple[str, ...]) -> tuple[Ratio, ...]:
    """Return the ratio of each period, some of them on top of the ratio of another."""
    ratios, on = table.table("ratios"), table.table("on_ratio_of", required=False)
    found = tuple(Ratio(period, _read_ratio(ratios, period), _read_other(on, period, periods)) for period in periods)
    for ratio in found:
        if any(other.period == ratio.on and other.on for other in found):
            on.note(ratio.period, "unknown_word", f"The ratio of {ratio.on} is itself one on top of another.")
    ratios.close()
    on.close()
    return found


def _read_ratio(table: Table, period: str) -> int:
    """Return one ratio. [10^-4]"""
    ratio = table.number(period, places=RATIO_PLACES)
    if not 0 <= ratio <= MOST_RATIO:
        table.note(period, "out_of_range", "A ratio lies from 0 to 100.")
        return 0
    return ratio


def _read_other(table: Table, period: str, periods: tuple[str, ...]) -> str:
    """Return the period whose ratio is multiplied too, "" if none is."""
    if not table.has(period):
        return ""
    other = table.code(period)
    if other not in periods or other == period:
        table.note(period, "unknown_word", f"{other!r} is no other period of use.")
        return ""
    return other


def _read_grain(table: Table, places: int) -> int:
    """Return to multiples of what prices are rounded, as decimals of the unit of price. [10^-6 minor unit/kWh]"""
    decimals = table.integer("price_decimals", low=0, high=places, default=places)
    return int(10 ** (places - decimals))
