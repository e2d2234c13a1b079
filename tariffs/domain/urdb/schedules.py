"""Reading of structures and schedules: tiers by period, and periods by month and hour."""

from collections.abc import Mapping
from typing import Any

from tariffs.domain.components.tiers import PER_KW, LimitsPer
from tariffs.domain.urdb.numbers import KILO_PLACES, PRICE_PLACES, exact, is_endless, scaled
from tariffs.domain.urdb.rate import HOURS, MONTHS, Choices, Hours, Schedule, Tier, Tiers
from tariffs.domain.urdb.reader import Reader, whole

Units = Mapping[str, LimitsPer]

ENERGY_UNITS = {
    "kWh": LimitsPer.MONTH,
    "kWh daily": LimitsPer.DAY,
    "kWh/kW": LimitsPer.KW,
    "kWh/kW daily": LimitsPer.KW_DAY,
}
POWER_UNITS = {"kW": LimitsPer.MONTH}
TIER_KEYS = frozenset({"adj", "max", "rate", "sell", "unit"})
SELL = "sell"


class ScheduleReader:
    """Reads the fields of prices by period."""

    def __init__(self, reader: Reader, choices: Choices) -> None:
        self.reader = reader
        self.choices = choices

    def flat(self) -> tuple[Tiers, ...] | None:
        """Return the tiers of the demand at whatever hour by month, None if there is none."""
        key = "flatdemandmonths"
        rows = self._rows("flatdemandstructure")
        if rows is None:
            return None
        months = self.reader.values.get(key, [0] * MONTHS if len(rows) == 1 else None)
        row = self._row(key, months, MONTHS, len(rows))
        if row is None:
            return None
        structure = self._structure("flatdemandstructure", rows, POWER_UNITS, set(row))
        return tuple(structure[period] for period in row)

    def schedule(self, kind: str, units: Units) -> Schedule | None:
        """Return structure and hours of energy or demand, None if there is none."""
        key = f"{kind}ratestructure"
        rows = self._rows(key)
        keys = (f"{kind}weekdayschedule", f"{kind}weekendschedule")
        if rows is None:
            for schedule in keys:
                if schedule in self.reader.values and key not in self.reader.values:
                    self.reader.refuse(schedule, "schedule_without_rates", f"{schedule} has no rates to tell apart.")
            return None
        weekday, weekend = (self._hours(schedule, len(rows)) for schedule in keys)
        if weekday is None or weekend is None:
            return None
        used = {period for row in (*weekday, *weekend) for period in row}
        structure = self._structure(key, rows, units, used)
        names = [*self.reader.texts(f"{kind}toulabels"), *[""] * len(structure)][: len(structure)]
        return Schedule(structure=structure, weekday=weekday, weekend=weekend, labels=tuple(names))

    def _hours(self, key: str, periods: int) -> Hours | None:
        """Return the period of each hour of each month, (12, 24); with a single period no schedule is needed."""
        rows = self.reader.values.get(key, [[0] * HOURS] * MONTHS if periods == 1 else None)
        if not isinstance(rows, list) or len(rows) != MONTHS:
            self.reader.refuse(key, "bad_schedule", f"{key} is no table of 12 months.")
            return None
        found = []
        for month, values in enumerate(rows):
            row = self._row(f"{key}[{month}]", values, HOURS, periods)
            if row is None:
                # Months mostly are wrong in the same way: the first one tells it.
                return None
            found.append(tuple(row))
        return tuple(found)

    def _row(self, key: str, row: object, count: int, periods: int) -> list[int] | None:
        """Return a row of periods, each of which the structure has."""
        numbers = [whole(value) for value in row] if isinstance(row, list) else []
        places = [number for number in numbers if number is not None]
        if len(numbers) != count or len(places) != count:
            self.reader.refuse(key, "bad_schedule", f"{key} is no list of {count} numbers of periods.")
            return None
        strange = sorted({place for place in places if not 0 <= place < periods})
        if strange:
            message = f"{key} has period {strange[0]}, and the rates are those of periods 0 to {periods - 1}."
            self.reader.refuse(key, "period_without_rate", message, "Add its rate, or correct the schedule.")
            return None
        return places

    def _rows(self, key: str) -> list[list[Any]] | None:
        """Return the rows of tiers of each period, None if the field is absent, empty or no structure."""
        periods = self.reader.values.get(key)
        if periods is None or periods == []:
            return None
        # The dump of the whole database has a table with a list of tiers in place of each list.
        unpacked = [_only_list(one) for one in periods] if isinstance(periods, list) else []
        if not unpacked or not all(isinstance(tiers, list) for tiers in unpacked):
            self.reader.refuse(key, "bad_structure", f"{key} is no list of tiers by period.")
            return None
        return unpacked

    def _structure(self, key: str, rows: list[list[Any]], units: Units, used: set[int]) -> tuple[Tiers, ...]:
        """Return the tiers of each period that any hour has; others are not billed, and have none."""
        found: list[Tiers] = []
        for place, tiers in enumerate(rows):
            where = f"{key}[{place}]"
            if place in used and not tiers:
                message = f"Hours have period {place}, and it has no rate."
                self.reader.refuse(where, "period_without_rate", message, "Add its rate, or correct the schedule.")
            found.append(self._tiers(where, tiers, units) if place in used else ())
        return tuple(found)

    def _tiers(self, where: str, rows: list[Any], units: Units) -> Tiers:
        """Return the tiers of one period; their limits must ascend and the last one must have none."""
        tables = [row for row in rows if isinstance(row, dict)]
        if len(tables) != len(rows):
            self.reader.refuse(where, "bad_structure", f"{where} has entries that are no tiers.")
        found: list[Tier] = []
        block: Tier | None = None
        for place, row in enumerate(tables):
            after = tables[place + 1] if place + 1 < len(tables) else None
            tier = self._tier(f"{where}[{place}]", row, units, block=block, is_last=after is None)
            if tier.per in PER_KW and after is not None and self._unit(after, units) is LimitsPer.MONTH:
                block = self._opened(f"{where}[{place}]", tier, found)
            else:
                found.append(tier)
        self._check_ascending(where, found)
        return tuple(found)

    def _opened(self, where: str, block: Tier, before: list[Tier]) -> Tier:
        """
        Return a block of kWh per kW that tiers in kWh divide further; it is they that are priced.

        [source: NREL ssc, test Test_Commercial_kWh_per_kW_charges: the price of the block itself is not billed]
        """
        if before:
            message = "Tiers in kWh inside a block of kWh per kW that is not the first count from where is not said."
            self.reader.refuse(where, "undefined_block", message)
        if block.price_e6:
            message = f"The price at {where} is not billed: the tiers in kWh that divide this block have prices."
            self.reader.leave_out(where, "block_price", message)
        return block

    def _check_ascending(self, where: str, found: list[Tier]) -> None:
        for per in LimitsPer:
            limits = [tier.limit for tier in found if tier.limit is not None and tier.per is per]
            if any(low >= high for low, high in zip((0, *limits), limits, strict=False)):
                self.reader.refuse(where, "limits_not_ascending", f"The limits of {where} do not ascend from above 0.")

    def _unit(self, row: Mapping[str, Any], units: Units) -> LimitsPer | None:
        return units.get(str(row.get("unit", next(iter(units)))))

    def _tier(self, at: str, row: dict[str, Any], units: Units, *, block: Tier | None, is_last: bool) -> Tier:
        """Return one tier; the last of those that divide a block ends with it."""
        for key in sorted(row.keys() - TIER_KEYS):
            self.reader.refuse(f"{at}.{key}", "unknown_field", f"{key} is nothing that a tier is known to have.")
        if exact(row.get(SELL) or 0) != 0 and SELL not in self.choices.leave_out:
            message = f"A price of {row[SELL]} for what is sold does not say by which rule import and export meet."
            self.reader.refuse(f"{at}.{SELL}", "unbillable_field", message, "Leave it out knowingly: --without sell.")
        per = self._unit(row, units)
        if per is None:
            self.reader.refuse(f"{at}.unit", "unbillable_field", f"A tier in {row.get('unit')} is not billed here.")
        if row.get("rate") is None and row.get("adj") is None:
            self.reader.refuse(at, "period_without_rate", f"{at} has neither rate nor adjustment.", "Add its rate.")
        price_e6 = sum(self._number(f"{at}.{key}", row.get(key) or 0, PRICE_PLACES) for key in ("rate", "adj"))
        ends_with_block = block is not None and not is_last and per is LimitsPer.MONTH and is_endless(row.get("max"))
        if ends_with_block and block is not None:
            return Tier(price_e6=price_e6, limit=block.limit, per=block.per)
        limit = self._limit(at, row, is_last=is_last)
        return Tier(price_e6=price_e6, limit=limit, per=per or LimitsPer.MONTH)

    def _limit(self, at: str, row: dict[str, Any], *, is_last: bool) -> int | None:
        """Return the upper bound of a tier, None for the last one. [Wh per unit, W]"""
        value = row.get("max")
        endless = is_endless(value)
        if not is_last and endless:
            self.reader.refuse(f"{at}.max", "tier_without_end", "A tier that others follow has an upper limit.")
        if is_last and not endless:
            message = f"What is above {value} {row.get('unit', '')}".rstrip() + " has no price."
            self.reader.refuse(f"{at}.max", "last_tier_closed", message, "Add the tier above it, or drop its max.")
        return None if is_last or endless else self._number(f"{at}.max", value, KILO_PLACES)

    def _number(self, at: str, value: object, places: int) -> int:
        """Return a number times 10^places, 0 with a finding if it is none or has more decimals."""
        found = scaled(value, places=places)
        if found is None:
            self.reader.refuse(at, "bad_number", f"{value!r} is no number with at most {places} decimals.")
            return 0
        return found


def _only_list(value: Any) -> Any:
    """Return the one list that a table holds, or the value as it is."""
    lists = [one for one in value.values() if isinstance(one, list)] if isinstance(value, dict) else []
    return lists[0] if len(lists) == 1 and len(value) == 1 else value


def check_tiers(*, reader: Reader, kind: str, schedule: Schedule, choices: Choices) -> None:
    """Refuse periods of one month whose tiers end at different limits, unless the importer says what fills them."""
    if choices.fills is not None:
        return
    for month in range(MONTHS):
        limits = schedule.month_limits(month)
        if len(limits) > 1:
            message = f"In month {month + 1} periods have tiers that end at different limits, so they contradict."
            advice = "If each period fills tiers of its own: --tiers own."
            advice += "" if kind == "demand" else " If the energy of all periods does: --tiers all."
            reader.refuse(f"{kind}ratestructure", "tiers_contradict", message, advice)
            return
