"""Working days of a country: its holidays, and the weekend days that it works to make up for them."""

from datetime import date
from functools import cache

from cis.kernel.calendar import BusinessCalendar

FIRST_YEAR = 2015
YEARS_AHEAD = 2


@cache
def business_calendar(country: str) -> BusinessCalendar:
    """
    Return the working days of a country, from 2015 on.

    :param country: ISO 3166 code in any case, as ``cn``.
    Holidays of years that the government has not announced yet are those that follow from the law alone.
    """
    import holidays

    years = range(FIRST_YEAR, date.today().year + YEARS_AHEAD + 1)  # noqa: DTZ011 (a horizon, not a business date)
    known = holidays.country_holidays(country.upper(), years=years, observed=True)
    return BusinessCalendar(holidays=frozenset(known), makeup_days=frozenset(known.weekend_workdays))


@cache
def holiday_starts(country: str, name: str) -> tuple[date, ...]:
    """
    Return the first day of a holiday in each year, for holidays that move.

    :param name: as the calendar calls it in English, as ``Chinese New Year (Spring Festival)``.
    An unknown name has no days: who names one checks it.
    """
    import holidays

    years = range(FIRST_YEAR, date.today().year + YEARS_AHEAD + 1)  # noqa: DTZ011 (a horizon, not a business date)
    known = holidays.country_holidays(country.upper(), years=years, observed=True, language="en_US")
    firsts: dict[int, date] = {}
    for day in sorted(day for day, names in known.items() if name in names.split("; ")):
        firsts.setdefault(day.year, day)
    return tuple(firsts.values())
