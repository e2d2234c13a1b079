"""Published prices day by day, and announced events."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Max, Min

from tariffs.domain.price_series import PriceDay, PricesMissing, unpack
from tariffs.domain.time_of_use import Events
from tariffs.models.price import PriceEvent, PriceSeries, PriceSeriesDay


@dataclass(frozen=True, slots=True, kw_only=True)
class EventCard:
    """An announced event, as a page shows it."""

    tariff_id: int
    tariff_code: str
    code: str
    event_date: date
    source: str
    announced_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesCard:
    """
    A price series, as a page shows it.

    first_day, last_day  None = it has no prices yet
    missing              days between them without prices
    """

    code: str
    source: str
    first_day: date | None
    last_day: date | None
    days: int

    @property
    def missing(self) -> int:
        """Return how many days between the first and the last have no prices."""
        if self.first_day is None or self.last_day is None:
            return 0
        return (self.last_day - self.first_day).days + 1 - self.days


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceDayCard:
    """The prices of a series on a local day, as a proof tells them: who published them, and which version it is."""

    series: str
    source: str
    version: int
    day: PriceDay


def all_series() -> tuple[SeriesCard, ...]:
    """Return all price series by code; one statement."""
    rows = PriceSeries.objects.annotate(
        first_day=Min("days__day_date"), last_day=Max("days__day_date"), count=Count("days__day_date", distinct=True)
    )
    return tuple(
        SeriesCard(code=row.code, source=row.source, first_day=row.first_day, last_day=row.last_day, days=row.count)
        for row in rows.order_by("code")
    )


def price_days(*, codes: Sequence[str], start_date: date, end_date: date) -> Mapping[str, tuple[PriceDay, ...]]:
    """
    Return the prices of some series on the local days of [start_date, end_date), in order of time; one statement.

    :raises PricesMissing: a series has no prices on one of the days; the message names the first.
    """
    found = known_days(codes=codes, start_date=start_date, end_date=end_date)
    for code, days in found.items():
        wanted = (start_date + timedelta(days=offset) for offset in range((end_date - start_date).days))
        missing = next((day for day in wanted if day not in days), None)
        if missing is not None:
            raise PricesMissing(
                f"The price series {code} has no prices on {missing}.",
                advice="Load the file of that day, then bill again.",
                series=code,
                day=missing,
            )
    return {code: tuple(days.values()) for code, days in found.items()}


def known_days(*, codes: Collection[str], start_date: date, end_date: date) -> Mapping[str, Mapping[date, PriceDay]]:
    """Return the prices that some series have in [start_date, end_date), by series and day, in order; one statement."""
    rows = (
        PriceSeriesDay.objects.filter(series__code__in=list(codes), day_date__gte=start_date, day_date__lt=end_date)
        .order_by("series__code", "day_date", "-version")
        .distinct("series__code", "day_date")
        .values_list("series__code", "day_date", "start_at", "interval_minutes", "prices_e6")
    )
    found: dict[str, dict[date, PriceDay]] = {code: {} for code in codes}
    for code, day, start_at, minutes, packed in rows:
        prices_e6 = unpack(packed=bytes(packed))
        found[code][day] = PriceDay(day=day, start_at=start_at, interval_minutes=minutes, prices_e6=prices_e6)
    return found


def days_of_proof(
    *, codes: Collection[str], start_date: date, end_date: date, known_at: datetime
) -> list[PriceDayCard]:
    """
    Return the prices of some series in [start_date, end_date) as they were known at an instant; one statement.

    In the order of series and day.
    """
    rows = (
        PriceSeriesDay.objects.filter(
            series__code__in=list(codes), day_date__gte=start_date, day_date__lt=end_date, loaded_at__lte=known_at
        )
        .order_by("series__code", "day_date", "-version")
        .distinct("series__code", "day_date")
        .values_list(
            "series__code", "series__source", "version", "day_date", "start_at", "interval_minutes", "prices_e6"
        )
    )
    return [
        PriceDayCard(
            series=code,
            source=source,
            version=version,
            day=PriceDay(day=day, start_at=start_at, interval_minutes=minutes, prices_e6=unpack(packed=bytes(packed))),
        )
        for code, source, version, day, start_at, minutes, packed in rows
    ]


def corrected_days(*, codes: Collection[str], start_date: date, end_date: date) -> Sequence[tuple[str, date]]:
    """Return series and day of each further version of prices in [start_date, end_date); one statement."""
    rows = PriceSeriesDay.objects.filter(
        series__code__in=list(codes), day_date__gte=start_date, day_date__lt=end_date, version__gt=1
    )
    return list(rows.order_by("series__code", "day_date", "version").values_list("series__code", "day_date"))


def events(*, start_date: date, end_date: date) -> Mapping[int, Events]:
    """Return what is announced for the dates of [start_date, end_date), by tariff; one statement."""
    rows = PriceEvent.objects.filter(event_date__gte=start_date, event_date__lt=end_date)
    found: dict[int, dict[date, set[str]]] = {}
    for tariff_id, day, code in rows.values_list("tariff_id", "event_date", "code"):
        found.setdefault(tariff_id, {}).setdefault(day, set()).add(code)
    return found


def announced(*, start_date: date, end_date: date, known_at: datetime | None = None) -> tuple[EventCard, ...]:
    """
    Return the events announced for the dates of [start_date, end_date), by date and tariff; one statement.

    :param known_at: only those that were announced by then.
    """
    rows = PriceEvent.objects.filter(event_date__gte=start_date, event_date__lt=end_date).select_related("tariff")
    if known_at is not None:
        rows = rows.filter(announced_at__lte=known_at)
    return tuple(
        EventCard(
            tariff_id=row.tariff_id,
            tariff_code=row.tariff.code,
            code=row.code,
            event_date=row.event_date,
            source=row.source,
            announced_at=row.announced_at,
        )
        for row in rows.order_by("event_date", "tariff__code")
    )
