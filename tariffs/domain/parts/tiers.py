"""Reading of the tier cycle, and of components with steps."""

from calendar import monthrange
from itertools import pairwise

from tariffs.domain.batch import MAX_ENERGY_WH
from tariffs.domain.components.tiers import (
    OWN_COUNT,
    Convention,
    Counted,
    Cycle,
    HouseholdAllowance,
    LimitsPer,
    Restart,
    TierCycle,
    TieredEnergy,
    TieredTimeOfUse,
)
from tariffs.domain.grammar import Table
from tariffs.domain.lines import Component, LedgerClass
from tariffs.domain.parts.frame import WH_PLACES, Frame, energy_places, label_of, ledger_of, period_table
from tariffs.domain.prices import read_prices

MAX_PERSONS = 99
DECEMBER = 12
COMMON_YEAR = 2001
LONG = (Cycle.SEASON, Cycle.YEAR)


def read_tier_cycle(*, table: Table, components: tuple[Component, ...]) -> TierCycle:
    """Return when the steps begin anew; a tariff whose steps count from the start of a cycle must say it."""
    counts = any(isinstance(component, Counted) and component.is_cyclic for component in components)
    if not table.has("tier_cycle"):
        if counts:
            table.note("tier_cycle", "missing_key", "A tariff with steps names its cycle.", "Add the table tier_cycle.")
        return TierCycle()
    part = table.table("tier_cycle")
    kind = part.word("every", Cycle)
    start_month = part.integer("start_month", low=1, high=DECEMBER, default=1)
    seasons = _read_seasons(part) if kind is Cycle.SEASON else ()
    restarts_at = _read_restarts(part) if kind in LONG and part.has("restarts_at") else OWN_COUNT
    part.close()
    if counts == (kind is Cycle.NONE):
        table.note("tier_cycle", "cycle_without_steps", "A cycle belongs to steps, and steps to a cycle.")
    return TierCycle(kind=kind, start_month=start_month, seasons=seasons, restarts_at=restarts_at)


def _read_seasons(table: Table) -> tuple[tuple[int, int], ...]:
    """Return (month, day) of the start of each season, in the order of the year."""
    found: dict[tuple[int, int], str] = {}
    part = table.table("seasons")
    for name in part.values:
        text = part.text(name)
        month, _, day = text.partition("-")
        is_day = len(text) == len("05-01") and text.isascii() and month.isdigit() and day.isdigit()
        if not is_day or not 1 <= int(month) <= DECEMBER or not 1 <= int(day) <= monthrange(COMMON_YEAR, int(month))[1]:
            part.note(name, "bad_dates", f"{text!r} is not a day of every year.", 'Write it as "05-01".')
        elif (int(month), int(day)) in found:
            part.note(name, "day_claimed_twice", f"Two seasons begin on {text}.")
        else:
            found[int(month), int(day)] = name
    if not found:
        table.note("seasons", "missing_key", "A cycle of seasons names the first day of each.", 'As summer = "05-01".')
    return tuple(sorted(found)) or ((1, 1),)


def _read_restarts(table: Table) -> frozenset[Restart]:
    """Return the events at which the count begins anew."""
    words: list[Restart] = []
    known = {word.value: word for word in Restart}
    for place, value in enumerate(table.entries("restarts_at")):
        if not isinstance(value, str) or value not in known or known[value] in words:
            message = f"{value!r} is no event at which a count begins anew, or stands here twice."
            table.note(f"restarts_at[{place}]", "unknown_word", message, f"Use {', '.join(known)}.")
        else:
            words.append(known[value])
    if not OWN_COUNT.intersection(words):
        message = "One count cannot follow both the customer to the next place and the place to the next customer."
        table.note("restarts_at", "count_of_two", message, f"Name {' or '.join(sorted(OWN_COUNT))}.")
    return frozenset(words)


def read_tiered_energy(*, table: Table, code: str, frame: Frame) -> TieredEnergy:
    """Read a price per step."""
    limits_wh = read_limits(table=table)
    places = energy_places(table=table, frame=frame)
    return TieredEnergy(
        code=code,
        label=label_of(table=table, code=code),
        ledger=ledger_of(table=table, default=LedgerClass.ENERGY),
        limits_wh=limits_wh,
        limits_per=read_limits_per(table=table, limits_wh=limits_wh),
        allowances=read_allowances(table=table, limits_wh=limits_wh),
        prices_e6=read_prices(table=table, key="prices", places=places, count=len(limits_wh) + 1),
    )


def read_tiered_time_of_use(*, table: Table, code: str, frame: Frame) -> TieredTimeOfUse:
    """Read a price per step and period of use."""
    limits_wh = read_limits(table=table)
    places = energy_places(table=table, frame=frame)
    prices, count = period_table(table=table, frame=frame), len(limits_wh) + 1
    columns = [read_prices(table=prices, key=period, places=places, count=count) for period in frame.periods]
    prices.close()
    return TieredTimeOfUse(
        code=code,
        label=label_of(table=table, code=code),
        ledger=ledger_of(table=table, default=LedgerClass.ENERGY),
        limits_wh=limits_wh,
        limits_per=read_limits_per(table=table, limits_wh=limits_wh),
        allowances=read_allowances(table=table, limits_wh=limits_wh),
        periods=frame.periods,
        prices_e6=tuple(zip(*columns, strict=True)),
        convention=table.word("convention", Convention),
    )


def read_limits(*, table: Table) -> tuple[int, ...]:
    """Return the limits of the steps, above 0 and no larger than any segment. [Wh per what limits_per says]"""
    limits_wh = table.numbers("limits_kwh", places=WH_PLACES)
    if any(not 0 < limit_wh <= MAX_ENERGY_WH for limit_wh in limits_wh):
        table.note("limits_kwh", "limits_not_ascending", "A limit is above 0, and no segment is above 1,000 TWh.")
    return limits_wh


def read_limits_per(*, table: Table, limits_wh: tuple[int, ...]) -> tuple[LimitsPer, ...]:
    """Return what the limits are per, one word for all or one each; those per the same must ascend."""
    if not isinstance(table.raw("limits_per", required=False), list):
        per: tuple[LimitsPer, ...] = (table.word("limits_per", LimitsPer, default=LimitsPer.CYCLE),)
        groups = [limits_wh]
    else:
        per = _each_per(table, len(limits_wh))
        groups = [tuple(wh for wh, one in zip(limits_wh, per, strict=True) if one is kind) for kind in LimitsPer]
    if any(low >= high for group in groups for low, high in pairwise(group)):
        table.note("limits_kwh", "limits_not_ascending", "Each limit must be larger than the one before it.")
    return per


def _each_per(table: Table, count: int) -> tuple[LimitsPer, ...]:
    """Return one word a limit."""
    known = {word.value: word for word in LimitsPer}
    values = table.entries("limits_per")
    if len(values) != count:
        table.note("limits_per", "wrong_count", f"{count} limits need as many words here, or one for all.")
    for place, value in enumerate(values):
        if value not in known:
            message = f"{value!r} is not known here."
            table.note(f"limits_per[{place}]", "unknown_word", message, f"Use one of {', '.join(known)}.")
    per = tuple(known.get(str(value), LimitsPer.CYCLE) for value in (*values, *["month"] * count))[:count]
    if LimitsPer.CYCLE in per and len(set(per)) > 1:
        message = "Limits of the cycle do not go together with limits of the segment."
        table.note("limits_per", "mixed_limits", message, "Write month, day, kw or kw_day for each.")
    return per


def read_allowances(*, table: Table, limits_wh: tuple[int, ...]) -> tuple[HouseholdAllowance, ...]:
    """Return the wider limits of large households, by size; one table, or a list of them."""
    if not table.has("household"):
        return ()
    is_list = isinstance(table.raw("household", required=True), list)
    parts = table.tables("household") if is_list else [table.table("household")]
    found = [_read_allowance(part, limits_wh) for part in parts]
    sizes = [allowance.from_persons for allowance in found]
    if sizes != sorted(set(sizes)):
        table.note("household", "limits_not_ascending", "Larger households come after smaller ones.")
    return tuple(found)


def _read_allowance(part: Table, limits_wh: tuple[int, ...]) -> HouseholdAllowance:
    """Return by how much limits grow from one size of household on."""
    persons = part.integer("from_persons", low=1, high=MAX_PERSONS)
    grow_wh = part.numbers("grow_kwh", places=WH_PLACES)
    part.close()
    if len(grow_wh) != len(limits_wh):
        part.note("grow_kwh", "wrong_count", f"{len(limits_wh)} limits need as many entries here.")
        return HouseholdAllowance(from_persons=persons, grow_wh=(0,) * len(limits_wh))
    wide = [limit_wh + grow for limit_wh, grow in zip(limits_wh, grow_wh, strict=True)]
    if min(grow_wh, default=0) < 0 or wide != sorted(set(wide)):
        part.note("grow_kwh", "limits_not_ascending", "Limits must grow, and still ascend.")
    return HouseholdAllowance(from_persons=persons, grow_wh=grow_wh)
