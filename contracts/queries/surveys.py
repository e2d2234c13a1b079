"""Surveys: what is asked for at a place, where it could hang, and the reports that were made."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from cis.kernel.errors import Refused
from contracts.domain.application_workflow import SUBJECT
from contracts.domain.survey import Supply
from contracts.models.application import ApplicationItem, ServiceApplication
from contracts.models.survey import SurveyPlacement, SurveyReport
from metering.domain.network import Asset
from metering.queries import network, work_orders
from metering.queries.network import AssetCard

ASSETS_SHOWN = 6
PLACEMENTS_SHOWN = 200


class NoSurvey(Refused):
    """The work order is no survey of an application."""

    code = "unknown_survey"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What an application asks for, as the surveyor sees it."""

    application_id: int
    number: str
    name: str
    phone: str
    premises_id: int | None
    premises: str
    address: str
    district: str
    postcode: str
    supplies: tuple[Supply, ...]

    @property
    def voltages(self) -> tuple[str, ...]:
        """Return the voltages that are asked for."""
        return tuple(sorted({one.voltage for one in self.supplies}))

    @property
    def capacity_w(self) -> int:
        """Return all that is asked for. [W]"""
        return sum(one.capacity_w for one in self.supplies)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """
    Where supplies could hang.

    needed_va  what they count together
    assets     those with room, the best first
    chosen     how many of the first are proposed: enough for all, if they suffice
    """

    needed_va: int
    assets: tuple[AssetCard, ...]
    chosen: int

    @property
    def is_enough(self) -> bool:
        """Return whether the proposed assets have room for all."""
        return self.needed_va <= sum(card.free_va for card in self.assets[: self.chosen])


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementRow:
    """Where a supply hangs by a report."""

    seq: int
    unit: str
    service_point: str
    asset: Asset
    asset_id: int
    asset_name: str
    voltage: str
    phases: int
    mode: str
    capacity_w: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportCard:
    """A report with where supplies hang by it."""

    id: int
    work_order_id: int
    verdict: str
    reasons: tuple[str, ...]
    works: str
    note: str
    made_at: datetime
    actor: str
    placements: tuple[PlacementRow, ...]


def wish_of_order(*, work_order_id: int) -> Wish:
    """
    Return what is asked for at the place of a survey; four statements.

    :raises NoSurvey: the work order is no survey of an application.
    """
    card = work_orders.one(work_order_id=work_order_id)
    row = ServiceApplication.objects.select_related("premises").filter(id=card.subject_id).first()
    if card.kind != "survey" or card.subject != SUBJECT or row is None:
        raise NoSurvey(f"Work order {work_order_id} is no survey of an application.")
    items = ApplicationItem.objects.filter(application=row).select_related("service_point").order_by("seq")
    return Wish(
        application_id=row.id, number=row.number, name=row.name, phone=row.agent_phone or row.phone,
        premises_id=row.premises_id, premises=row.premises.external_id if row.premises else "",
        address=row.address, district=row.district, postcode=row.postcode,
        supplies=tuple(_supply(item) for item in items),
    )  # fmt: skip


def supplies_of(*, application_id: int) -> tuple[Supply, ...]:
    """Return the supplies that an application asks for; one statement."""
    items = ApplicationItem.objects.filter(application_id=application_id).select_related("service_point")
    return tuple(_supply(item) for item in items.order_by("seq"))


def proposal(*, wish: Wish, voltage: str, at: date) -> Proposal:
    """
    Return where the supplies of a wish could hang, those in its district first.

    :param voltage: at which they would be supplied; "" = as each was asked for.
    """
    rule = network.rule_at(at)
    needed: dict[str, list[int]] = {}
    for one in wish.supplies:
        level = voltage or one.voltage
        needed.setdefault(level, []).append(rule.counted_va(capacity_w=one.more_w, voltage=level))
    assets: list[AssetCard] = []
    for level, counted in needed.items():
        found = network.with_room(
            least_va=min(counted), voltage=level, district=wish.district, at=at, most=ASSETS_SHOWN
        )
        whole = [card for card in found if card.free_va >= sum(counted)]
        for card in (*whole, *(one for one in found if one not in whole)):
            if (card.asset, card.id) not in {(one.asset, one.id) for one in assets}:
                assets.append(card)
    total, chosen, free = sum(sum(counted) for counted in needed.values()), 0, 0
    while chosen < len(assets) and (free < total or len(needed) > chosen):
        free += assets[chosen].free_va
        chosen += 1
    return Proposal(needed_va=total, assets=tuple(assets), chosen=chosen)


def points_of(*, application_id: int) -> tuple[int, ...]:
    """Return the service points of an application's supplies; one statement."""
    rows = ApplicationItem.objects.filter(application_id=application_id, service_point__isnull=False)
    return tuple(point for point in rows.values_list("service_point_id", flat=True) if point is not None)


def of_application(*, application_id: int) -> tuple[ReportCard, ...]:
    """Return the reports of an application, latest first; two statements."""
    return _cards(list(SurveyReport.objects.filter(application_id=application_id).order_by("-id")))


def of_work_order(*, work_order_id: int) -> ReportCard | None:
    """Return the report of a work order; None: there is none."""
    found = _cards(list(SurveyReport.objects.filter(work_order_id=work_order_id)))
    return found[0] if found else None


def _supply(item: ApplicationItem) -> Supply:
    point = item.service_point
    is_connected = point is not None and point.state == "connected"
    asset, asset_id = (None, 0) if point is None else network.asset_of(point)
    return Supply(
        item_id=item.id, seq=item.seq, unit=item.unit, voltage=item.voltage, capacity_w=item.capacity_w,
        service_point_id=item.service_point_id,
        present_w=point.capacity_w if point is not None and is_connected else 0, asset=asset, asset_id=asset_id,
    )  # fmt: skip


def _cards(reports: Sequence[SurveyReport]) -> tuple[ReportCard, ...]:
    rows = (
        SurveyPlacement.objects.filter(report__in=reports)
        .select_related("item", "service_point", "transformer", "feeder")
        .order_by("report_id", "item__seq")[: PLACEMENTS_SHOWN * max(1, len(reports))]
    )
    placed: dict[int, list[PlacementRow]] = {}
    for row in rows:
        placed.setdefault(row.report_id, []).append(_placement(row))
    return tuple(
        ReportCard(
            id=report.id, work_order_id=report.work_order_id, verdict=report.verdict, reasons=tuple(report.reasons),
            works=report.works, note=report.note, made_at=report.made_at, actor=report.actor_name,
            placements=tuple(placed.get(report.id, ())),
        )
        for report in reports
    )  # fmt: skip


def _placement(row: SurveyPlacement) -> PlacementRow:
    asset = row.transformer or row.feeder
    return PlacementRow(
        seq=row.item.seq + 1, unit=row.item.unit, service_point=row.service_point.external_id,
        asset=Asset.TRANSFORMER if row.transformer else Asset.FEEDER, asset_id=asset.id if asset else 0,
        asset_name=asset.name if asset else "", voltage=row.voltage, phases=row.phases, mode=row.mode,
        capacity_w=row.item.capacity_w,
    )  # fmt: skip
