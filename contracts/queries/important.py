"""The register of important customers, for pages and for those who ask before they cut."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q, QuerySet

from accounts.queries import users
from cis.kernel.errors import Refused
from contracts.domain.important import Backup, backup_suffices
from contracts.domain.inspection import Grade
from contracts.models.agreement import ServiceAgreement
from contracts.models.inspection import ImportantCustomer


class UnknownEntry(Refused):
    """The register has no such entry."""

    code = "unknown_important_customer"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryCard:
    """
    An entry of the register; power in VA.

    account_id, customer_name  who is supplied there on the day; None and "" where nobody is
    is_backup_enough           None: the load that must not fail is not known
    """

    id: int
    service_point_id: int
    place: str
    address: str
    account_id: int | None
    account_number: str
    customer_name: str
    grade: Grade
    reason: str
    backup: Backup
    backup_va: int
    security_va: int
    is_backup_enough: bool | None
    start_date: date
    end_date: date | None
    reviewed_date: date
    review_due_date: date
    created_at: datetime
    entered_by: str

    def is_in_force(self, on: date) -> bool:
        """Return whether it holds on a date."""
        return self.start_date <= on and (self.end_date is None or on < self.end_date)

    def is_review_late(self, on: date) -> bool:
        """Return whether it should have been looked at before a date."""
        return self.is_in_force(on) and self.review_due_date < on


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which entries are listed; "" = all. ``state``: "in_force", "ended", "late" (to be looked at again)."""

    grade: str = ""
    state: str = "in_force"
    text: str = ""


def grades(*, service_point_ids: Collection[int], on: date) -> Mapping[int, Grade]:
    """
    Return how important the supplies of places are on a date, of those that are; one statement.

    Asked before a supply is cut: an important one is not cut without the authority knowing.

    [source: 电力供应与使用条例, 供电营业规则: 重要用户的停电通知报送电力管理部门]
    """
    rows = ImportantCustomer.objects.filter(service_point_id__in=list(service_point_ids), period__contains=on)
    return {place: Grade(grade) for place, grade in rows.values_list("service_point_id", "grade")}


def listed(*, wanted: Wanted, on: date, percent: int, offset: int = 0, most: int = 50) -> tuple[EntryCard, ...]:
    """Return entries, those to be looked at first; three statements. ``percent``: see ``backup_suffices``."""
    rows = _filtered(wanted, on).order_by("review_due_date", "id")
    return _cards(rows[offset : offset + most], on, percent)


def count(*, wanted: Wanted, on: date) -> int:
    """Return how many entries a list has."""
    return _filtered(wanted, on).count()


def one(*, entry_id: int, on: date, percent: int) -> EntryCard:
    """
    Return an entry; three statements.

    :raises UnknownEntry: there is none.
    """
    found = _cards(ImportantCustomer.objects.filter(id=entry_id), on, percent)
    if not found:
        raise UnknownEntry(f"The register has no entry {entry_id}.")
    return found[0]


def of_place(*, service_point_id: int, on: date, percent: int) -> tuple[EntryCard, ...]:
    """Return all entries of a place, latest first; three statements."""
    return _cards(ImportantCustomer.objects.filter(service_point_id=service_point_id).order_by("-id"), on, percent)


def _filtered(wanted: Wanted, on: date) -> QuerySet[ImportantCustomer]:
    rows = ImportantCustomer.objects.all()
    if wanted.grade:
        rows = rows.filter(grade=wanted.grade)
    if wanted.state == "in_force":
        rows = rows.filter(period__contains=on)
    elif wanted.state == "ended":
        rows = rows.filter(period__endswith__lte=on)
    elif wanted.state == "late":
        rows = rows.filter(period__contains=on, review_due_date__lt=on)
    if wanted.text:
        rows = rows.filter(
            Q(service_point__premises__address__icontains=wanted.text)
            | Q(service_point__external_id__startswith=wanted.text)
        )
    return rows


def _cards(rows: QuerySet[ImportantCustomer], on: date, percent: int) -> tuple[EntryCard, ...]:
    found = list(rows.select_related("service_point__premises"))
    supplied = {
        place: (account_id, number, name)
        for place, account_id, number, name in ServiceAgreement.objects.filter(
            service_point_id__in=[row.service_point_id for row in found], period__contains=on,
            account__holders__period__contains=on,
        ).values_list("service_point_id", "account_id", "account__number", "account__holders__customer__name")
    }  # fmt: skip
    people = {row.actor_id for row in found if row.actor_id is not None}
    names = users.names(people) if people else {}
    return tuple(_card(row, supplied.get(row.service_point_id, (None, "", "")), names, percent) for row in found)


def _card(
    row: ImportantCustomer, supplied: tuple[int | None, str, str], names: Mapping[int, str], percent: int
) -> EntryCard:
    return EntryCard(
        id=row.id, service_point_id=row.service_point_id, place=row.service_point.external_id,
        address=row.service_point.premises.address, account_id=supplied[0], account_number=supplied[1],
        customer_name=supplied[2], grade=Grade(row.grade), reason=row.reason, backup=Backup(row.backup),
        backup_va=row.backup_va, security_va=row.security_va,
        is_backup_enough=backup_suffices(backup_va=row.backup_va, security_va=row.security_va, percent=percent),
        start_date=row.period.lower, end_date=row.period.upper, reviewed_date=row.reviewed_date,
        review_due_date=row.review_due_date, created_at=row.created_at,
        entered_by=names.get(row.actor_id or 0, ""),
    )  # fmt: skip
