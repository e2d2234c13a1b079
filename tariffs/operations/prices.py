"""Prices day by day: take in files of a price series, announce events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone

from accounts.queries import supplier
from cis.kernel.actors import Actor
from cis.kernel.calendar import local_clock
from cis.kernel.errors import Refused
from cis.platform import audit, packs
from cis.platform.db import opens_transaction
from tariffs.domain import price_series
from tariffs.domain.price_series import PriceDay
from tariffs.domain.time_of_use import PriceEventRule
from tariffs.models.price import PriceEvent, PriceSeries, PriceSeriesDay
from tariffs.models.tariff import Tariff
from tariffs.queries import plans


class PriceChanged(Refused):
    """A day of the series has other prices already."""

    code = "price_changed"


class UnknownEvent(Refused):
    """The tariff has no such event on that date."""

    code = "unknown_event"


class AnnouncedTooLate(Refused):
    """The customer was to know of the event on the day before."""

    code = "announced_too_late"


class EventTaken(Refused):
    """Another event is announced for that date."""

    code = "event_taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedPrices:
    """What became of the days of a file."""

    new: int
    unchanged: int
    corrected: int


@opens_transaction
def load_prices(*, series: str, text: str, unit: str, source: str, corrects: bool, actor: Actor) -> LoadedPrices:
    """
    Take in a file of a price series, all of it or nothing; the series is made by its first file.

    :param unit: of the prices, as "CNY/kWh" or "CNY/MWh".
    :param source: who published the prices.
    :param corrects: days with other prices than before get a new version; otherwise they are refused.
    :raises BadPriceFile: the file has findings.
    :raises UnknownPriceUnit: the unit is not per kWh or MWh of the supplier's currency.
    :raises PriceChanged: a day has other prices already.
    """
    card = supplier.current()
    decimals = packs.rule("decimals", at=timezone.now().date())
    places = price_series.places_of_unit(unit=unit, currency=card.currency, decimals=decimals)
    days = price_series.read_csv(text=text, places=places, clock=local_clock(card.time_zone))
    row, _ = PriceSeries.objects.get_or_create(code=series, defaults={"source": source})
    # One file at a time: two would give a day the same version.
    PriceSeries.objects.select_for_update().get(id=row.id)
    known = _known(row.id, days)
    fresh = [one for one in days if known.get(one.day, (0, b""))[1] != price_series.pack(prices_e6=one.prices_e6)]
    changed = [one.day for one in fresh if one.day in known]
    if changed and not corrects:
        raise PriceChanged(
            f"The series {series} has other prices on {changed[0]}.",
            advice="Load the file as a correction if the publisher corrected them.",
            series=series,
            days=changed,
        )
    PriceSeriesDay.objects.bulk_create([_row(row.id, one, known, actor) for one in fresh])
    if fresh:
        audit.record(
            actor, "load_prices", "price_series", row.id, series=series, source=source, corrected=len(changed),
            start_date=fresh[0].day.isoformat(), end_date=fresh[-1].day.isoformat(),
        )  # fmt: skip
    return LoadedPrices(new=len(fresh) - len(changed), unchanged=len(days) - len(fresh), corrected=len(changed))


def _known(series_id: int, days: Sequence[PriceDay]) -> dict[date, tuple[int, bytes]]:
    """Return version and prices of the days that are there already."""
    rows = PriceSeriesDay.objects.filter(series_id=series_id, day_date__gte=days[0].day, day_date__lte=days[-1].day)
    found = rows.order_by("day_date", "version").values_list("day_date", "version", "prices_e6")
    return {day: (version, bytes(packed)) for day, version, packed in found}


def _row(series_id: int, day: PriceDay, known: dict[date, tuple[int, bytes]], actor: Actor) -> PriceSeriesDay:
    return PriceSeriesDay(
        series_id=series_id,
        day_date=day.day,
        version=known.get(day.day, (0, b""))[0] + 1,
        start_at=day.start_at,
        interval_minutes=day.interval_minutes,
        prices_e6=price_series.pack(prices_e6=day.prices_e6),
        actor_id=actor.id,
    )


@opens_transaction
def announce(*, tariffs: Sequence[str], code: str, event_date: date, source: str, actor: Actor) -> tuple[int, ...]:
    """
    Announce an event for a local date, for some tariffs at once; the same announcement again changes nothing.

    :param tariffs: codes of the price book.
    :param source: what brings it about, as the forecast or the notice.
    :returns: ids of the events, a tariff each.
    :raises UnknownTariff: the price book has no such tariff.
    :raises NoPrice: a tariff has no published version on the date.
    :raises UnknownEvent: the calendar of that version has no such event.
    :raises AnnouncedTooLate: the date has come, or the day before it is past the deadline of the tariff.
    :raises EventTaken: another event is announced for the date.
    """
    now = timezone.now()
    return tuple(_announce(tariff, code, event_date, source, now, actor) for tariff in sorted(set(tariffs)))


@opens_transaction
def announce_together(
    *, tariffs_by_event: Mapping[str, Sequence[str]], event_date: date, source: str, actor: Actor
) -> tuple[int, ...]:
    """
    Announce several events for a local date, all of them or none; see ``announce``.

    :param tariffs_by_event: codes of the price book by code of the event.
    """
    now = timezone.now()
    pairs = sorted({(tariff, code) for code, tariffs in tariffs_by_event.items() for tariff in tariffs})
    return tuple(_announce(tariff, code, event_date, source, now, actor) for tariff, code in pairs)


def _announce(tariff: str, code: str, event_date: date, source: str, now: datetime, actor: Actor) -> int:
    tariff_id = plans.tariff_id(tariff)
    # One at a time per tariff: two announcements must see each other.
    Tariff.objects.select_for_update().get(id=tariff_id)
    known = PriceEvent.objects.filter(tariff_id=tariff_id, event_date=event_date).first()
    if known is not None and known.code == code:
        return known.id
    if known is not None:
        raise EventTaken(f"The event {known.code} is announced for {tariff} on {event_date}.", tariff=tariff)
    _check_deadline(_rule(tariff, tariff_id, code, event_date), event_date, now)
    event = PriceEvent.objects.create(
        tariff_id=tariff_id, event_date=event_date, code=code, source=source, announced_at=now, actor_id=actor.id
    )
    audit.record(
        actor, "announce", "price_event", event.id, tariff=tariff, code=code, event_date=event_date.isoformat()
    )
    return event.id


def _rule(tariff: str, tariff_id: int, code: str, event_date: date) -> PriceEventRule:
    """Return what the tariff says of the event on that date."""
    plan = plans.compiled(plans.version_on(tariff_id=tariff_id, day=event_date).version_id)
    rules = {rule.code: rule for rule in plan.calendar.events} if plan.calendar else {}
    if code not in rules:
        known = ", ".join(rules) or "none"
        raise UnknownEvent(
            f"The tariff {tariff} has no event {code} on {event_date}.", advice=f"Its events: {known}.", tariff=tariff
        )
    return rules[code]


def _check_deadline(rule: PriceEventRule, event_date: date, now: datetime) -> None:
    """Refuse an event that the customer could not know of on the day before."""
    clock = local_clock(supplier.current().time_zone)
    until_at = clock.day_start_utc(event_date - timedelta(days=1)) + timedelta(minutes=rule.until_minute)
    until_at = min(until_at, clock.day_start_utc(event_date))
    if now >= until_at:
        raise AnnouncedTooLate(
            f"The event {rule.code} for {event_date} was to be announced before {until_at.astimezone(clock.zone)}.",
            advice="An event holds on days that are announced in time.",
            event_date=event_date,
        )
