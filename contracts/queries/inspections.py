"""Safety inspections as pages, the API, and what comes before energizing ask for them."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, Max, Q, QuerySet

from cis.kernel.errors import Refused
from contracts.domain.application_workflow import ApplicationState
from contracts.domain.inspection import InspectionKind
from contracts.domain.inspection_workflow import GOOD, STANDING, UNDER_WAY, InspectionState
from contracts.models.application import ApplicationMove
from contracts.models.inspection import SafetyInspection

UNDER_WAY_FILTER = "under_way"


class UnknownInspection(Refused):
    """There is no such inspection."""

    code = "unknown_inspection"


class UnknownDefect(Refused):
    """There is no such defect."""

    code = "unknown_defect"


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionCard:
    """
    An inspection in a list.

    season        of a special one, as "summer_peak_2026"
    crew          that has it; "" = none yet
    defects       how many it found
    standing      how many of them are neither rectified nor waived
    notice_id     None: no notice is issued
    """

    id: int
    kind: InspectionKind
    state: InspectionState
    season: str
    plan: str
    checklist: str
    due_date: date
    done_date: date | None
    reason: str
    agreement_id: int | None
    account_id: int | None
    account_number: str
    application_id: int | None
    service_point_id: int | None
    customer_name: str
    address: str
    district: str
    follows_id: int | None
    work_order_id: int | None
    crew_id: int | None
    crew: str
    planned_date: date | None
    defects: int
    standing: int
    notice_id: int | None
    notice_number: str

    @property
    def is_under_way(self) -> bool:
        """Return whether it is still to be made."""
        return self.state in UNDER_WAY

    def is_late(self, on: date) -> bool:
        """Return whether it should have been made before a date."""
        return self.is_under_way and self.due_date < on


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """
    Which inspections are listed; "" = all.

    state  one of them, or ``under_way``
    due    "late" before ``today``, "month" the next thirty days with today
    """

    state: str = ""
    kind: str = ""
    area: str = ""
    due: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class DayLoad:
    """How many inspections a crew has on a day; crew "" = planned, and no crew has them; ``late``: past their date."""

    day: date
    crew: str
    count: int
    late: int


def void_until(*, application_id: int) -> datetime | None:
    """
    Return until when acceptance inspections of an application count no more; one statement.

    The application was sent back then, for its meters to be hung anew: what was seen before is not what is switched on.
    """
    back = ApplicationMove.objects.filter(
        application_id=application_id, before=ApplicationState.METERED, after=ApplicationState.CONTRACTED
    )
    last: datetime | None = back.aggregate(last=Max("at"))["last"]
    return last


def has_passed(*, application_id: int) -> bool:
    """
    Return whether the acceptance inspection of a new connection is passed, so that it may be energized; two statements.

    Defects that do not fail an installation may still stand. One that failed has to be cleared, by evidence or by a
    follow-up. What was inspected before meters were hung anew does not count.
    """
    since = void_until(application_id=application_id)
    rows = SafetyInspection.objects.filter(application_id=application_id)
    found = list(rows.values_list("state", "kind", "work_order__done_at"))
    return InspectionState.FAILED not in {state for state, _, _ in found} and any(
        state in GOOD
        and kind == InspectionKind.ACCEPTANCE
        and (since is None or (done_at is not None and done_at > since))
        for state, kind, done_at in found
    )


def is_ordered(*, application_id: int) -> bool:
    """Return whether an acceptance inspection that counts is under way or was made; two statements."""
    rows = SafetyInspection.objects.filter(application_id=application_id).exclude(state=InspectionState.DROPPED)
    since = void_until(application_id=application_id)
    if since is not None:
        rows = rows.filter(Q(done_date=None) | Q(work_order__done_at__gt=since), kind=InspectionKind.ACCEPTANCE)
    return rows.exists()


def listed(*, wanted: Wanted, today: date, offset: int = 0, most: int = 50) -> tuple[InspectionCard, ...]:
    """Return inspections, those to be made first, by date; one statement."""
    rows = selected(wanted=wanted, today=today).annotate(is_open=Q(state__in=UNDER_WAY))
    return _cards(rows.order_by("-is_open", "due_date", "id")[offset : offset + most])


def count(*, wanted: Wanted, today: date) -> int:
    """Return how many inspections a list has."""
    return selected(wanted=wanted, today=today).count()


def one(*, inspection_id: int) -> InspectionCard:
    """
    Return an inspection; one statement.

    :raises UnknownInspection: there is none.
    """
    found = _cards(SafetyInspection.objects.filter(id=inspection_id))
    if not found:
        raise UnknownInspection(f"There is no inspection {inspection_id}.")
    return found[0]


def of_account(*, account_id: int, most: int = 20) -> tuple[InspectionCard, ...]:
    """Return the inspections of an account, also of its applications, latest first; one statement."""
    rows = SafetyInspection.objects.filter(Q(agreement__account=account_id) | Q(application__account=account_id))
    return _cards(rows.order_by("-due_date", "-id")[:most])


def of_service_point(*, service_point_id: int, most: int = 100) -> tuple[InspectionCard, ...]:
    """Return the inspections of a place, latest first; one statement."""
    rows = SafetyInspection.objects.filter(service_point_id=service_point_id)
    return _cards(rows.order_by("-due_date", "-id")[:most])


def follow_ups(*, inspection_id: int) -> tuple[InspectionCard, ...]:
    """Return the inspections that follow one up, latest first; one statement."""
    return _cards(SafetyInspection.objects.filter(follows_id=inspection_id).order_by("-id"))


def of_application(*, application_id: int) -> tuple[InspectionCard, ...]:
    """Return the inspections of an application, latest first; one statement."""
    return _cards(SafetyInspection.objects.filter(application_id=application_id).order_by("-id"))


def work_order_ids(*, application_id: int) -> tuple[int, ...]:
    """Return the work orders of an application's inspections; one statement."""
    rows = SafetyInspection.objects.filter(application_id=application_id, work_order_id__isnull=False)
    return tuple(one for one in rows.values_list("work_order_id", flat=True) if one is not None)


def calendar(*, start_date: date, end_date: date, today: date) -> tuple[DayLoad, ...]:
    """
    Return how many inspections fall on each day of [start_date, end_date), by crew; one statement.

    One that a crew has falls on the day of its work, any other on the day on which it is due.
    """
    found: dict[tuple[date, str], list[int]] = {}
    rows = SafetyInspection.objects.filter(state__in=UNDER_WAY).filter(
        Q(work_order__planned_date__gte=start_date, work_order__planned_date__lt=end_date)
        | Q(work_order__planned_date=None, due_date__gte=start_date, due_date__lt=end_date)
    )
    values = rows.values_list("work_order__planned_date", "due_date", "work_order__crew__name").annotate(n=Count("id"))
    for planned, due, crew, n in values.order_by():
        sums = found.setdefault((planned or due, crew or ""), [0, 0])
        sums[0] += n
        sums[1] += n if due < today else 0
    return tuple(DayLoad(day, crew, total, late) for (day, crew), (total, late) in sorted(found.items()))


def areas() -> tuple[str, ...]:
    """Return the areas in which there are inspections, by name; one statement."""
    rows = SafetyInspection.objects.exclude(district="").values_list("district", flat=True)
    return tuple(rows.distinct().order_by("district"))


def state_counts() -> dict[str, int]:
    """Return how many inspections there are in each state; one statement."""
    return dict(SafetyInspection.objects.values_list("state").annotate(n=Count("id")).order_by())


def ids_of_work(*, work_order_ids: Collection[int]) -> dict[int, int]:
    """Return the inspections of work orders, by work order; one statement."""
    rows = SafetyInspection.objects.filter(work_order_id__in=list(work_order_ids))
    return dict(rows.values_list("work_order_id", "id"))


def by_ids(*, inspection_ids: Iterable[int]) -> dict[int, InspectionCard]:
    """Return some inspections by id; one statement."""
    return {card.id: card for card in _cards(SafetyInspection.objects.filter(id__in=list(inspection_ids)))}


def selected(*, wanted: Wanted, today: date) -> QuerySet[SafetyInspection]:
    """Return the rows of a list, in no order, for pages by cursor."""
    rows = SafetyInspection.objects.all()
    if wanted.state == UNDER_WAY_FILTER:
        rows = rows.filter(state__in=UNDER_WAY)
    elif wanted.state:
        rows = rows.filter(state=wanted.state)
    if wanted.kind:
        rows = rows.filter(kind=wanted.kind)
    if wanted.area:
        rows = rows.filter(district=wanted.area)
    if wanted.due == "late":
        rows = rows.filter(state__in=UNDER_WAY, due_date__lt=today)
    elif wanted.due == "month":
        rows = rows.filter(due_date__gte=today, due_date__lt=date.fromordinal(today.toordinal() + 30))
    if wanted.text:
        rows = rows.filter(
            Q(address__icontains=wanted.text)
            | Q(customer_name__icontains=wanted.text)
            | Q(agreement__account__number__startswith=wanted.text)
            | Q(application__number=wanted.text)
        )
    return rows


def _cards(rows: QuerySet[SafetyInspection]) -> tuple[InspectionCard, ...]:
    found: Sequence[SafetyInspection] = list(
        rows.select_related("agreement__account", "application__account", "work_order__crew", "notice").annotate(
            found=Count("defects"), standing=Count("defects", filter=Q(defects__state__in=STANDING))
        )
    )  # fmt: skip
    return tuple(_card(row) for row in found)


def _card(row: SafetyInspection) -> InspectionCard:
    of, work, notice = row.agreement or row.application, row.work_order, getattr(row, "notice", None)
    account = of.account if of else None
    return InspectionCard(
        id=row.id, kind=InspectionKind(row.kind), state=InspectionState(row.state), season=row.season, plan=row.plan,
        checklist=row.checklist, due_date=row.due_date, done_date=row.done_date, reason=row.reason,
        agreement_id=row.agreement_id, account_id=account.id if account else None,
        account_number=account.number if account else "", application_id=row.application_id,
        service_point_id=row.service_point_id, customer_name=row.customer_name, address=row.address,
        district=row.district, follows_id=row.follows_id, work_order_id=row.work_order_id,
        crew_id=work.crew_id if work else None, crew=work.crew.name if work and work.crew else "",
        planned_date=work.planned_date if work else None,
        defects=row.found, standing=row.standing,  # type: ignore[attr-defined]
        notice_id=notice.id if notice else None, notice_number=notice.number if notice else "",
    )  # fmt: skip
