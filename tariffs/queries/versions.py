"""Versions of tariffs in every state, for those who deal with the price book."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache

from tariffs.domain import document
from tariffs.domain.document import TariffDocument
from tariffs.domain.time_of_use import PriceEventRule
from tariffs.domain.workflow import VersionState
from tariffs.models.tariff import TariffVersion
from tariffs.queries.plans import PLANS_KEPT, UnknownVersion, text_of


class Standing(StrEnum):
    """How a version stands on a date: a draft, one that was turned away, or published and coming, in force, ended."""

    DRAFT = "draft"
    IN_FORCE = "in_force"
    COMING = "coming"
    ENDED = "ended"
    REJECTED = "rejected"
    REPLACED = "replaced"


ALIVE = (Standing.DRAFT, Standing.IN_FORCE, Standing.COMING)


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRow:
    """
    A version with its tariff.

    end_date                first day without its prices, None = until further notice
    actor_id, approver_id   who wrote it, who published or rejected it; None = the system, or nobody yet
    reason                  why it was rejected
    """

    id: int
    tariff_id: int
    code: str
    name_zh: str
    name_en: str
    state: VersionState
    start_date: date
    end_date: date | None
    legal_source: str
    customer_class: str
    area: str
    actor_id: int | None
    approver_id: int | None
    created_at: datetime
    published_at: datetime | None
    reason: str

    def standing(self, today: date) -> Standing:
        """Return how it stands on a date."""
        if self.state is not VersionState.PUBLISHED:
            return Standing(self.state.value)
        if today < self.start_date:
            return Standing.COMING
        return Standing.IN_FORCE if self.end_date is None or today < self.end_date else Standing.ENDED


def listed() -> tuple[VersionRow, ...]:
    """Return all versions, by code of the tariff, latest first; one statement."""
    return _rows(TariffVersion.objects.order_by("tariff__code", "-period", "-id"))


def of_tariff(*, tariff_id: int) -> tuple[VersionRow, ...]:
    """Return the versions of one tariff, latest first; one statement."""
    return _rows(TariffVersion.objects.filter(tariff_id=tariff_id).order_by("-period", "-id"))


def one(*, version_id: int) -> VersionRow:
    """
    Return one version; one statement.

    :raises UnknownVersion: there is none.
    """
    found = _rows(TariffVersion.objects.filter(id=version_id))
    if not found:
        raise UnknownVersion(f"There is no tariff version {version_id}.", version_id=version_id)
    return found[0]


def before(*, version: VersionRow) -> VersionRow | None:
    """Return the published version that one follows: the last that begins before it; one statement."""
    rows = TariffVersion.objects.filter(
        tariff_id=version.tariff_id, state=VersionState.PUBLISHED, period__startswith__lt=version.start_date
    ).exclude(id=version.id)
    return next(iter(_rows(rows.order_by("-period")[:1])), None)


def with_events() -> tuple[tuple[VersionRow, tuple[PriceEventRule, ...]], ...]:
    """Return the published versions whose calendar has events, with these, by code, latest first; two statements."""
    # Every event names who announces it.
    rows = TariffVersion.objects.filter(state=VersionState.PUBLISHED, source__contains="announced_by")
    texts = dict(rows.values_list("id", "source"))
    found = []
    for card in _rows(rows.order_by("tariff__code", "-period", "-id")):
        calendar = document.parse(text=texts[card.id]).plan.calendar
        if calendar is not None and calendar.events:
            found.append((card, calendar.events))
    return tuple(found)


@lru_cache(maxsize=PLANS_KEPT)
def document_of(version_id: int) -> TariffDocument:
    """
    Return the document of a version in whatever state; read once per process, since no state changes a text.

    :raises UnknownVersion: there is none.
    """
    return document.parse(text=text_of(version_id))


def classes(*, tariff_ids: Collection[int]) -> dict[int, str]:
    """Return the class of customers of each tariff, as its latest published version names it; one statement."""
    rows = TariffVersion.objects.filter(tariff_id__in=tariff_ids, state=VersionState.PUBLISHED)
    return dict(rows.order_by("period", "id").values_list("tariff_id", "customer_class"))


def _rows(rows: Iterable[TariffVersion]) -> tuple[VersionRow, ...]:
    return tuple(
        VersionRow(
            id=row.id,
            tariff_id=row.tariff_id,
            code=row.tariff.code,
            name_zh=row.tariff.name_zh,
            name_en=row.tariff.name_en,
            state=VersionState(row.state),
            start_date=row.period.lower,
            end_date=row.period.upper,
            legal_source=row.legal_source,
            customer_class=row.customer_class,
            area=row.area,
            actor_id=row.actor_id,
            approver_id=row.approver_id,
            created_at=row.created_at,
            published_at=row.published_at,
            reason=row.reason,
        )
        for row in rows.select_related("tariff").defer("source")  # type: ignore[attr-defined]
    )
