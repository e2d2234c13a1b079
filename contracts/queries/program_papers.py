"""What stands on the paper of a programme that a customer signs: terms, schedule, what ending it early costs."""

from dataclasses import dataclass
from datetime import date

from django.utils import timezone

from accounts.queries import accounts, supplier
from accounts.queries.accounts import Addressee
from accounts.queries.supplier import SupplierCard
from cis.platform import packs
from contracts.domain.lease import Rebate, Row, Settlement
from contracts.domain.programs import Terms
from contracts.models.program import Enrollment
from contracts.queries.enrollments import RELATED, UnknownEnrollment
from contracts.queries.programs import ProgramCard, card_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramPaper:
    """
    All that stands on the paper.

    end_date      first day after it
    rows          what is owed when, from the first day on
    exits         what ending it at the end of each month would cost
    cooling_days  so many days it may be taken back without a reason, ``is_working``: working days
    from_receipt  they count from the receipt of the equipment, where there is some
    document_id   the kept paper; None: not rendered yet
    """

    id: int
    supplier: SupplierCard
    program: ProgramCard
    addressee: Addressee | None
    customer_name: str
    account_number: str
    address: str
    offered_date: date
    start_date: date
    end_date: date
    rows: tuple[Row, ...]
    exits: tuple[Settlement, ...]
    cooling_days: int
    is_working: bool
    from_receipt: bool
    document_id: int | None

    @property
    def file_name(self) -> str:
        """Return how the paper is called as a file."""
        return f"programme-{self.id}.pdf"

    @property
    def total_minor(self) -> int:
        """Return what all rows come to. [minor unit]"""
        return sum(row.amount_minor for row in self.rows)


def of_enrollment(*, enrollment_id: int) -> ProgramPaper:
    """
    Return what stands on the paper of an enrolment; a constant number of statements.

    :raises UnknownEnrollment: there is none.
    :raises MissingRule: the pack of the place says nothing about cooling-off days or rebates.
    """
    row = Enrollment.objects.select_related(*RELATED).filter(id=enrollment_id).first()
    if row is None:
        raise UnknownEnrollment(f"There is no enrolment {enrollment_id}.", enrollment_id=enrollment_id)
    program, day = card_of(row.program), timezone.localdate(row.offered_at)
    start: date = row.period.lower
    cooling = packs.rule("program_cooling_off", at=day)
    found = accounts.addressees(account_ids=[row.account_id], at_date=day)
    return ProgramPaper(
        id=row.id, supplier=supplier.current(), program=program, addressee=found.get(row.account_id),
        customer_name=row.customer.name, account_number=row.account.number,
        address=row.agreement.service_point.premises.address if row.agreement else "", offered_date=day,
        start_date=start, end_date=program.terms.end_of(start), rows=program.terms.rows(start),
        exits=exits(program.terms, start=start, on=day), cooling_days=cooling["days"],
        is_working=cooling["count"] == "working",
        from_receipt=cooling["since"] == "receipt" and bool(program.device_zh),
        document_id=row.paper_id,
    )  # fmt: skip


def exits(terms: Terms, *, start: date, on: date) -> tuple[Settlement, ...]:
    """
    Return what ending it at the end of each month would cost, by the rebate of the pack; no statement.

    :raises MissingRule: the pack of the place says nothing about rebates.
    """
    return terms.exits(start=start, rebate=Rebate(packs.rule("program_rebate", at=on)))
