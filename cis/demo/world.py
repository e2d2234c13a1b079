"""The made-up supplier: who its customers are, what hangs at their places, and what their meters counted."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from cis.demo import names, shapes
from cis.kernel.periods import Period

PEAK_SLOTS = slice(12, 44)  # 06:00 to 22:00
NIGHT_SLOTS, UNUSUAL_DAYS = slice(0, 12), 36
FLAT, SPLIT, INTERVAL, WORKS = "flat", "split", "interval", "works"
TARIFF_FLAT = "residential-tiered"
TARIFF_TOU = "residential-tiered-tou"
TARIFF_COLLECTIVE = "residential-non-household"
TARIFF_WORKS = "commercial-measured-demand"
DIGITS = 6
FULL_TURN_WH: int = 10**DIGITS * 1_000
COMPANY_MULTIPLIER = 20
WORKS_MULTIPLIER = 120  # 600 A / 5 A
WORKS_CAPACITY_KVA = 400
FIRST_NUMBER = 1
CHAIN_EVERY, CHAIN_FIRST, CHAIN_ACCOUNTS = 990, 34, 8
"""Of so many accounts in a row, these are places of one company."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How big the made-up supplier is."""

    accounts: int
    months: tuple[Period, ...]
    seed: int

    @property
    def start(self) -> date:
        """First day with energy."""
        return self.months[0].start

    @property
    def end(self) -> date:
        """First day without energy."""
        return self.months[-1].end


@dataclass(frozen=True, slots=True)
class Household:
    """One account with its place and meter."""

    number: int
    customer: int
    """Number of the first account of its customer."""
    person: names.Person
    is_company: bool
    address: str
    district: str
    postcode: str
    metering: str
    tariff: str
    persons: int
    start: date
    multiplier: int
    first_reading_wh: int
    exchange_date: date | None
    skips_last_read: bool
    half_hours_wh: shapes.Wh = field(repr=False)
    """Use of local days from one day before the first to one after the last, (days, 48). [Wh]"""

    @property
    def meter_serials(self) -> tuple[str, ...]:
        """The serial number of the meter, and of the one that replaced it."""
        first = f"SH{self.number:08d}"
        return (first,) if self.exchange_date is None else (first, f"SX{self.number:08d}")


def households(scale: Scale) -> Iterator[Household]:
    """Yield the accounts one by one; each depends on the seed and its number only."""
    for number in range(FIRST_NUMBER, FIRST_NUMBER + scale.accounts):
        yield _household(np.random.default_rng((scale.seed, number)), scale=scale, number=number)


def chain_of(number: int) -> int | None:
    """Return the first account of the company with many places that an account belongs to; None: to none."""
    place = number % CHAIN_EVERY - CHAIN_FIRST
    return number - place if 0 <= place < CHAIN_ACCOUNTS else None


def _person(
    rng: np.random.Generator, *, scale: Scale, number: int, is_company: bool, is_works: bool
) -> names.Person:  # fmt: skip
    head = chain_of(number)
    if head is not None:  # the same for each of its places
        return names.firm(np.random.default_rng((scale.seed, head)), number=head, is_works=False)
    return names.firm(rng, number=number, is_works=is_works) if is_company else names.person(rng, number=number)


def _household(rng: np.random.Generator, *, scale: Scale, number: int) -> Household:
    head = chain_of(number)
    is_company = number % 33 == 0 or head is not None
    is_works = number % 198 == 33
    if is_company:
        metering = WORKS if is_works else FLAT
    else:
        metering = str(rng.choice((FLAT, SPLIT, INTERVAL), p=(0.55, 0.30, 0.15)))
    year_kwh = rng.uniform(12_000, 40_000) if is_company else float(np.clip(rng.lognormal(7.95, 0.45), 400, 9_500))
    if is_works:
        year_kwh *= 20
    address, district, postcode = names.address(rng)
    used = shapes.half_hours(
        rng,
        profile=str(rng.choice(shapes.names_of("shop" if is_company else "home"))),
        year_kwh=year_kwh,
        start=scale.start - timedelta(days=1),
        end=scale.end + timedelta(days=1),
    )
    if number % 271 == 0:  # a fault or a new boiler: the last month is far out of the usual
        used[-scale.months[-1].days - 1 :] *= 14
    if metering == INTERVAL and number % 14 == 1:  # somebody takes past the meter: at night, or half of all
        past = used[-UNUSUAL_DAYS:, NIGHT_SLOTS if number % 28 == 1 else slice(None)]
        past //= 20 if number % 28 == 1 else 2
    is_tou = metering == SPLIT or (metering == INTERVAL and rng.random() < 0.6)
    moves_in = number % 97 == 0 and len(scale.months) > 2
    return Household(
        number=number,
        customer=number if head is None else head,
        person=_person(rng, scale=scale, number=number, is_company=is_company, is_works=is_works),
        is_company=is_company,
        address=address,
        district=district,
        postcode=postcode,
        metering=metering,
        tariff=_tariff(metering, is_company=is_company, is_tou=is_tou),
        persons=int(rng.integers(5, 8)) if rng.random() < 0.04 else int(rng.integers(1, 5)),
        start=scale.months[1].start + timedelta(days=11) if moves_in else scale.start,
        multiplier=WORKS_MULTIPLIER if is_works else COMPANY_MULTIPLIER if is_company else 1,
        first_reading_wh=_first_reading(rng, number=number),
        exchange_date=_exchange_date(scale, number=number, metering=metering),
        skips_last_read=number % 311 == 0,
        half_hours_wh=used,
    )


def _tariff(metering: str, *, is_company: bool, is_tou: bool) -> str:
    if is_company:
        return TARIFF_WORKS if metering == WORKS else TARIFF_COLLECTIVE
    return TARIFF_TOU if is_tou else TARIFF_FLAT


def _first_reading(rng: np.random.Generator, *, number: int) -> int:
    """Return the counter value at the start; some counters are about to roll over. [Wh]"""
    if number % 181 == 0:
        return FULL_TURN_WH - int(rng.integers(50, 900)) * 1_000
    return int(rng.integers(0, 60_000)) * 1_000


def _exchange_date(scale: Scale, *, number: int, metering: str) -> date | None:
    if number % 113 or metering in {INTERVAL, WORKS} or len(scale.months) < 3:
        return None
    return scale.months[-2].start + timedelta(days=14)
