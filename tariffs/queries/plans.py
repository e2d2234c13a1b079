"""The price book: which version holds when, and its compiled plan."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from django.db.models import Exists, OuterRef
from django.utils import timezone

from cis.kernel.errors import Refused
from tariffs.domain import document
from tariffs.domain.inputs import Input
from tariffs.domain.lines import price_text
from tariffs.domain.plan import Plan
from tariffs.domain.workflow import VersionState
from tariffs.models.tariff import Tariff, TariffVersion

PLANS_KEPT = 1_000
"""Compiled plans a process keeps; a supplier has tens to hundreds in force."""


class UnknownVersion(Refused):
    """There is no such published version."""

    code = "unknown_tariff_version"


class UnknownTariff(Refused):
    """The price book has no such tariff."""

    code = "unknown_tariff"


class NoPrice(Refused):
    """No published version of the tariff holds on that date."""

    code = "no_price"


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionInForce:
    """A published version and its local dates of validity; ``end_date`` None = until further notice."""

    version_id: int
    tariff_id: int
    tariff_code: str
    start_date: date
    end_date: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffCard:
    """One entry of the price book with its versions, latest first."""

    id: int
    code: str
    name_zh: str
    name_en: str
    versions: tuple["VersionCard", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionCard:
    """One version as a page shows it."""

    id: int
    state: str
    start_date: date
    end_date: date | None
    legal_source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceLine:
    """
    One price of a tariff, as printed.

    key     place in the plan, as "energy/2/peak"
    labels  language -> words
    price   major units per unit, as "0.617"; percent for a tax; None = not known yet
    """

    key: str
    labels: dict[str, str]
    step: int
    period: str
    unit: str
    price: str | None


def versions(*, start_date: date, end_date: date) -> tuple[VersionInForce, ...]:
    """Return the published versions that hold on some day of [start_date, end_date), by tariff; one statement."""
    rows = TariffVersion.objects.filter(state=VersionState.PUBLISHED, period__overlap=(start_date, end_date))
    return tuple(_in_force(row) for row in rows.order_by("tariff__code", "period").values_list(*_FIELDS))


def version_on(*, tariff_id: int, day: date) -> VersionInForce:
    """
    Return the published version of a tariff that holds on a local date.

    :raises NoPrice: none does.
    """
    rows = TariffVersion.objects.filter(state=VersionState.PUBLISHED, tariff_id=tariff_id, period__contains=day)
    found = rows.values_list(*_FIELDS).first()
    if found is None:
        raise NoPrice(
            f"The tariff has no price on {day}.",
            advice="Choose another date, or publish a version for it.",
            tariff_id=tariff_id,
            day=day,
        )
    return _in_force(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedCard:
    """
    What a tariff asks an agreement for.

    needs     inputs that are agreed: capacity, contracted demand, blocks of green energy
    features  codes that its components are only for, or not for
    """

    tariff_id: int
    name_zh: str
    name_en: str
    needs: tuple[Input, ...]
    features: tuple[str, ...]


AGREED = (Input.CAPACITY_VA, Input.CONTRACT_W, Input.GREEN_BLOCKS)
"""Inputs that somebody agrees on, in the order in which a page shows them."""


def asked(*, day: date) -> tuple[AskedCard, ...]:
    """Return the tariffs with a price on a date that ask for agreed facts; one statement once plans are compiled."""
    held = TariffVersion.objects.filter(state=VersionState.PUBLISHED, period__contains=day)
    cards = []
    for version_id, tariff_id, name_zh, name_en in held.order_by("tariff__code").values_list(
        "id", "tariff_id", "tariff__name_zh", "tariff__name_en"
    ):
        plan = compiled(version_id)
        needs = tuple(need for need in AGREED if need in plan.needs)
        if needs or plan.features:
            card = AskedCard(tariff_id=tariff_id, name_zh=name_zh, name_en=name_en, needs=needs, features=plan.features)
            cards.append(card)
    return tuple(cards)


def text_of(version_id: int) -> str:
    """
    Return the document of a version, published or not; one statement.

    :raises UnknownVersion: there is none.
    """
    source = TariffVersion.objects.filter(id=version_id).values_list("source", flat=True).first()
    if source is None:
        raise UnknownVersion(f"There is no tariff version {version_id}.", version_id=version_id)
    return str(source)


@lru_cache(maxsize=PLANS_KEPT)
def compiled(version_id: int) -> Plan:
    """
    Return the plan of a published version; compiled once per process, since a published version is frozen.

    :raises UnknownVersion: there is none, or it is a draft.
    """
    rows = TariffVersion.objects.filter(id=version_id, state=VersionState.PUBLISHED)
    source = rows.values_list("source", flat=True).first()
    if source is None:
        raise UnknownVersion(f"There is no published tariff version {version_id}.", version_id=version_id)
    return document.parse(text=source).plan


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionText:
    """A version as it was published: its document, the hash of what it says, and its local dates of validity."""

    tariff_id: int
    code: str
    legal_source: str
    start_date: date
    end_date: date | None
    sha256: str
    text: str


def texts(*, version_ids: Iterable[int], known_at: datetime | None = None) -> dict[int, VersionText]:
    """
    Return the documents of some versions, by version id; one statement.

    :param known_at: an end that came by a version published later is left out: then it is that of the text, if any.
    """
    following = TariffVersion.objects.filter(
        tariff_id=OuterRef("tariff_id"),
        state=VersionState.PUBLISHED,
        period__startswith=OuterRef("period__endswith"),
        published_at__gt=known_at or timezone.now(),
    )
    rows = TariffVersion.objects.filter(id__in=list(version_ids)).select_related("tariff")
    return {
        row.id: VersionText(
            tariff_id=row.tariff_id,
            code=row.tariff.code,
            legal_source=row.legal_source,
            start_date=row.period.lower,
            end_date=compiled(row.id).valid_to if row.is_ended_since else row.period.upper,
            sha256=row.sha256,
            text=row.source,
        )
        for row in rows.annotate(is_ended_since=Exists(following))
    }


def prices_on(*, tariff_id: int, day: date) -> tuple[PriceLine, ...]:
    """
    Return the prices of a tariff that hold on a local date, in the order of the bill.

    :raises NoPrice: no published version holds then.
    """
    plan = compiled(version_on(tariff_id=tariff_id, day=day).version_id)
    return tuple(
        PriceLine(
            key=slot.key,
            labels=dict(plan.labels[slot.label]),
            step=slot.step,
            period=slot.period,
            unit=str(slot.unit),
            price=None if slot.price_e6 is None else price_text(slot=slot, decimals=plan.decimals),
        )
        for slot in plan.slots
    )


def tariff_ids(codes: Iterable[str]) -> dict[str, int]:
    """Return the ids of those tariffs that exist, by code; one statement."""
    return dict(Tariff.objects.filter(code__in=list(codes)).values_list("code", "id"))


def tariff_id(code: str) -> int:
    """
    Return the id of a tariff.

    :raises UnknownTariff: the price book has none of that code.
    """
    found = tariff_ids([code])
    if not found:
        raise UnknownTariff(f"The price book has no tariff {code}.", code=code)
    return found[code]


def price_book() -> tuple[TariffCard, ...]:
    """Return all tariffs with their versions, by code; two statements."""
    tariffs = list(Tariff.objects.order_by("code"))
    cards: dict[int, list[VersionCard]] = {tariff.id: [] for tariff in tariffs}
    for row in TariffVersion.objects.defer("source").order_by("-period", "-id"):
        cards[row.tariff_id].append(
            VersionCard(
                id=row.id,
                state=row.state,
                start_date=row.period.lower,
                end_date=row.period.upper,
                legal_source=row.legal_source,
            )
        )
    return tuple(
        TariffCard(
            id=tariff.id,
            code=tariff.code,
            name_zh=tariff.name_zh,
            name_en=tariff.name_en,
            versions=tuple(cards[tariff.id]),
        )
        for tariff in tariffs
    )


_FIELDS = ("id", "tariff_id", "tariff__code", "period")


def _in_force(row: tuple) -> VersionInForce:
    version_id, tariff, code, period = row
    return VersionInForce(
        version_id=version_id,
        tariff_id=tariff,
        tariff_code=code,
        start_date=period.lower,
        end_date=period.upper,
    )
