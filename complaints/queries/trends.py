"""Trends that were told of, for pages; no case that names somebody of ours is counted in any."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from complaints.domain.trends import Trend, TrendState
from complaints.models.evaluation import CaseTrend


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendCard:
    """A trend that was told of; ``team``: that knows the matter there, "" none; ``owner``: who looks at it."""

    id: int
    trend: Trend
    state: str
    until_date: date
    team: str
    at: datetime
    owner: str
    note: str
    closed_at: datetime | None


def listed(*, state: str = "", offset: int = 0, most: int = 50) -> Sequence[TrendCard]:
    """Return trends, the latest first; ``state``: "" those that are not closed, "all", or a state; one statement."""
    rows = CaseTrend.objects.select_related("team")
    if state == "":
        rows = rows.exclude(state=TrendState.CLOSED.value)
    elif state != "all":
        rows = rows.filter(state=state)
    return _cards(rows.order_by("-at", "-id")[offset : offset + most])


def by_ids(*, trend_ids: Sequence[int]) -> Sequence[TrendCard]:
    """Return trends by id; one statement."""
    return _cards(CaseTrend.objects.select_related("team").filter(id__in=list(trend_ids)))


def _cards(rows: Iterable[CaseTrend]) -> tuple[TrendCard, ...]:
    return tuple(
        TrendCard(
            id=row.id,
            trend=Trend(
                class_code=row.class_code, area=row.area, count=row.count, window_days=row.window_days,
                before=row.before, baseline_days=row.baseline_days, tail_ppm=row.tail_ppm,
            ),
            state=row.state, until_date=row.until_date, team="" if row.team is None else row.team.name, at=row.at,
            owner=row.owner_name, note=row.note, closed_at=row.closed_at,
        )
        for row in rows
    )  # fmt: skip
