"""What planning must know of supplies: voltage, use, importance, and when they were inspected last."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import F, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from contracts.domain.inspection import InspectionKind, Supply
from contracts.domain.inspection_workflow import InspectionState
from contracts.models.agreement import AgreementTerm, ServiceAgreement
from contracts.models.inspection import ImportantCustomer, SafetyInspection
from contracts.queries.agreements import UnknownAgreement

USES_OF_HOLDERS = {"resident": "residential", "company": "commercial", "agency": "commercial"}
"""Use of a supply whose tariff names no class: by who holds the account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an agreement is supplied, and who holds its account."""

    account_id: int
    customer_name: str
    address: str
    district: str


def supplies(*, on: date, after_id: int, most: int) -> tuple[Supply, ...]:
    """Return supplies in force on a date by id of agreement, the next so many after one; one statement."""
    return tuple(supply for supply, _ in _found(ServiceAgreement.objects.filter(id__gt=after_id), on, most))


def of_agreement(*, agreement_id: int, on: date) -> tuple[Supply, Place]:
    """
    Return one supply with its place; one statement.

    :raises UnknownAgreement: there is none, or it is not in force.
    """
    found = _found(ServiceAgreement.objects.filter(id=agreement_id), on, 1)
    if not found:
        raise UnknownAgreement(f"There is no agreement {agreement_id} in force.")
    return found[0]


def places(*, agreement_ids: Iterable[int], on: date) -> dict[int, Place]:
    """Return the places of agreements; one statement."""
    ids = list(agreement_ids)
    rows = _found(ServiceAgreement.objects.filter(id__in=ids), on, len(ids))
    return {supply.agreement_id: place for supply, place in rows}


def _found(rows: QuerySet[ServiceAgreement], on: date, most: int) -> list[tuple[Supply, Place]]:
    term = AgreementTerm.objects.filter(agreement=OuterRef("pk"), period__contains=on).filter(
        tariff__versions__state="published", tariff__versions__period__contains=on
    )
    entry = ImportantCustomer.objects.filter(service_point=OuterRef("service_point"), period__contains=on)
    made = Q(done_date__isnull=False) | Q(state=InspectionState.DROPPED.value, kind=InspectionKind.PERIODIC.value)
    last = SafetyInspection.objects.filter(made, service_point=OuterRef("service_point")).order_by()
    holder = Q(account__holders__period__contains=on)
    found = (
        rows.filter(holder, period__contains=on)
        .annotate(
            use=Subquery(term.values("tariff__versions__customer_class")[:1]),
            grade=Subquery(entry.values("grade")[:1]),
            last=Subquery(
                last.values("service_point").annotate(day=Max(Coalesce("done_date", "due_date"))).values("day")
            ),
            voltage=F("service_point__voltage"),
            kind=F("account__holders__customer__kind"),
            customer=F("account__holders__customer__name"),
            address=F("service_point__premises__address"),
            district=F("service_point__premises__district"),
        )
        .order_by("id")[:most]
    )
    return [(_supply(row), _place(row)) for row in found.values(*_COLUMNS)]


_COLUMNS = (
    "id", "account_id", "service_point_id", "period", "use", "grade", "last", "voltage", "kind", "customer", "address",
    "district",
)  # fmt: skip


def _supply(row: dict[str, Any]) -> Supply:
    period = row["period"]
    return Supply(
        agreement_id=row["id"], service_point_id=row["service_point_id"], voltage=row["voltage"],
        use=row["use"] or USES_OF_HOLDERS[str(row["kind"])], grade=row["grade"] or "",
        since_date=period.lower, last_date=row["last"],
    )  # fmt: skip


def _place(row: dict[str, Any]) -> Place:
    return Place(
        account_id=row["account_id"], customer_name=row["customer"], address=row["address"], district=row["district"]
    )
