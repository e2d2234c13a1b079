"""Reading of what has no schedule: standing and least charges, look-backs, the window of demand, days of validity."""

from collections.abc import Callable
from datetime import date

from tariffs.domain.components.basic import Per
from tariffs.domain.inputs import PAST_MONTHS
from tariffs.domain.urdb.dates import day_after, first_day
from tariffs.domain.urdb.numbers import MINOR_PLACES, is_nothing
from tariffs.domain.urdb.rate import MONTHS, Amount, Choices, LookBack
from tariffs.domain.urdb.reader import Reader, whole

ONE_E6 = 10**6
HUNDRED = 100
PERS = {"$/month": Per.MONTH, "$/day": Per.DAY}
YEARLY = "$/year"
WINDOWS = (5, 10, 15, 30, 60)
RATCHET = "demandratchetpercentage"


def read_validity(*, reader: Reader) -> tuple[date | None, date | None]:
    """Return the first day of a rate and the first day without it, None where the file names none."""
    start, end = _day(reader, "startdate", first_day), _day(reader, "enddate", day_after)
    if start and end and end <= start:
        reader.refuse("enddate", "empty_validity", f"The rate ends on {end}, before it begins on {start}.")
    return start, end


def _day(reader: Reader, key: str, read: Callable[[object], date | None]) -> date | None:
    value = reader.values.get(key)
    if value is None:
        return None
    found = read(value)
    if found is None:
        reader.refuse(key, "bad_date", f"{value!r} is no number of seconds since 1970, and no date.")
    return found


def read_window(*, reader: Reader) -> int | None:
    """Return the minutes over which demand is averaged, None if the file does not say it."""
    if "demandwindow" not in reader.values:
        return None
    window = whole(reader.values["demandwindow"])
    if window not in WINDOWS:
        reader.refuse("demandwindow", "bad_window", f"Demand is not averaged over {window} minutes here.")
        return None
    return window


def read_fixed(*, reader: Reader) -> tuple[Amount, ...]:
    """Return the standing charges."""
    if reader.price("fixedchargeeaaddl"):
        reader.refuse(
            "fixedchargeeaaddl",
            "unbillable_field",
            "A charge for each further meter needs a rule of what is one service.",
            "Price it by hand, or leave it out knowingly: --without fixedchargeeaaddl.",
        )
    first = _amount(reader, "fixedchargefirstmeter", "fixedchargeunits")
    monthly = _monthly(reader, "fixedmonthlycharge")
    if first and monthly:
        reader.refuse("fixedmonthlycharge", "field_twice", "The file has two standing charges.")
    return tuple(one for one in (first, monthly) if one is not None)


def read_minimum(*, reader: Reader) -> tuple[tuple[Amount, ...], int]:
    """Return the least charges of a month or day, and that of a year. [cent]"""
    yearly_cents = reader.scaled("annualmincharge", reader.values.get("annualmincharge", 0), MINOR_PLACES)
    new = None
    if reader.text("minchargeunits") == YEARLY:
        if yearly_cents:
            reader.refuse("annualmincharge", "field_twice", "The file has two least charges of a year.")
        yearly_cents = reader.scaled("mincharge", reader.values.get("mincharge", 0), MINOR_PLACES)
    else:
        new = _amount(reader, "mincharge", "minchargeunits")
    monthly = _monthly(reader, "minmonthlycharge")
    if new and monthly:
        reader.refuse("minmonthlycharge", "field_twice", "The file has two least charges of a month.")
    if yearly_cents < 0 or any(one.price_e6 < 0 for one in (new, monthly) if one):
        reader.refuse("mincharge", "negative_amount", "A least charge is at least 0.")
    return tuple(one for one in (new, monthly) if one is not None), yearly_cents


def _monthly(reader: Reader, key: str) -> Amount | None:
    price_e6 = reader.price(key)
    return Amount(per=Per.MONTH, price_e6=price_e6) if price_e6 else None


def _amount(reader: Reader, key: str, units_key: str) -> Amount | None:
    """Return a charge by time with its unit in another field, None if it is absent or 0."""
    price_e6 = reader.price(key)
    if not price_e6:
        return None
    unit = reader.text(units_key)
    if not unit:
        reader.refuse(units_key, "missing_unit", f"{key} does not say what it is per.")
    elif unit == YEARLY and not price_e6 % MONTHS:
        return Amount(per=Per.MONTH, price_e6=price_e6 // MONTHS)
    elif unit not in PERS:
        reader.refuse(units_key, "unbillable_field", f"A charge of {reader.values[key]} in {unit} is not billed here.")
    return Amount(per=PERS.get(unit, Per.MONTH), price_e6=price_e6)


def read_reactive(*, reader: Reader, choices: Choices) -> int:
    """Return the price of a kvar, 0 if there is none. [10^-6 cent]"""
    key = "demandreactivepowercharge"
    price_e6 = reader.price(key)
    if price_e6 and choices.reactive is None:
        reader.refuse(
            key,
            "undefined_reactive",
            f"The file does not say which reactive power costs {reader.values[key]} a kvar.",
            f"If it is the largest reactive demand of a month: --reactive largest. Or leave it out: --without {key}.",
        )
    return price_e6


def read_look_back(*, reader: Reader, is_billed: bool) -> LookBack | None:
    """
    Return what demand of the past is billed at the least, None if there is nothing of it.

    is_billed  whether the file prices anything by the demand at whatever hour
    """
    by_month = reader.values.get(RATCHET)
    if not is_nothing(by_month):
        message = f"{by_month} does not say whether a percentage is of the month billed or of the month looked back at."
        reader.refuse(RATCHET, "undefined_ratchet", message, f"Leave it out knowingly: --without {RATCHET}.")
    part_e6 = reader.scaled("lookbackpercent", reader.values.get("lookbackpercent", 0), 6)
    months = reader.flags("lookbackmonths", MONTHS)
    back = whole(reader.values.get("lookbackrange", 0))
    if not part_e6:
        return None
    # 0.9 and 90 both stand for 90 % in files.
    part_e6 = part_e6 if part_e6 <= ONE_E6 else part_e6 // HUNDRED
    if not 0 < part_e6 <= ONE_E6:
        reader.refuse("lookbackpercent", "out_of_range", "A percentage from 0 to 100 is expected here.")
    if back is None or not 0 <= back <= PAST_MONTHS:
        reader.refuse("lookbackrange", "out_of_range", f"From 0 to {PAST_MONTHS} months are looked back at.")
    elif bool(months) == bool(back):
        message = "A look-back names its months, or how many months it goes back."
        reader.refuse("lookbackmonths", "undefined_ratchet", message)
    if not is_billed:
        message = "A look-back belongs to the demand at whatever hour, for which the file has no price."
        reader.refuse("lookbackpercent", "undefined_ratchet", message, "Leave it out: --without lookbackpercent.")
    return LookBack(part_e6=part_e6, months=months, look_back=back or PAST_MONTHS)


def check_power_units(*, reader: Reader) -> None:
    """Refuse demand that is priced by anything but kW."""
    flat, by_period = "flatdemandstructure", "demandratestructure"
    units = {"demandunits": (flat, by_period), "demandrateunit": (by_period,), "flatdemandunit": (flat,)}
    for key, priced in units.items():
        unit = reader.text(key)
        if unit not in {"", "kW"} and not all(is_nothing(reader.values.get(one)) for one in priced):
            reader.refuse(key, "unbillable_field", f"Demand in {unit} is not billed here.", "Price it by hand.")
